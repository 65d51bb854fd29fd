"""The first-in-first-out queue of Python objects, made of two `queue.SimpleQueue`s, which live in C.

One holds the items, the other a permit for each free place of a bounded queue; both block and heed signals by
themselves. A mark at the end of both tells of the shutdown: whoever meets it puts it back.
"""

import itertools
import threading
import time
from collections import deque
from contextlib import suppress
from queue import Empty, Full, SimpleQueue
from typing import Any

from .. import _process
from ..errors import ShutDown

__all__ = ["MOST_PERMITS", "Fifo"]

# A queue with more places than this is not worth the permits.
MOST_PERMITS = 1 << 16

# How long a timed wait sleeps before it looks again: where a signal handler raises in who adds, between the
# item and the wake, the wake does not come.
_LOOK_AGAIN_S = 0.1

_END = object()


class _Line(SimpleQueue[Any]):
    """A SimpleQueue with a timed wait of its own.

    Before CPython 3.13 SimpleQueue's waits for ever where it begins anew with its time over: another thread
    was quicker, or a signal handler took long. Here who waits announces it and looks again; who adds looks
    for sleepers after that.
    """

    __slots__ = ("_in_child", "sleepers")

    def __init__(self) -> None:
        self.sleepers: deque[threading.Lock] = deque()  # one each, locked; append and popleft are atomic
        self._in_child = False  # a forked child is to forget the sleepers, which it does not have

    def add(self, item: Any) -> None:
        """Puts, and wakes a sleeper. `Fifo` has it written out where a call would be a third of its time."""
        self.put(item)
        if self.sleepers:
            self.wake()

    def take(self, timeout: float) -> Any:
        """As get(timeout=timeout)."""
        if not timeout >= 0:  # nor NaN
            raise ValueError("'timeout' must be a non-negative number")
        deadline = time.monotonic() + timeout
        try:
            return self.get_nowait()
        except Empty:
            if not self._in_child:
                _process.renew_in_child(self)
                self._in_child = True
        return self._take_until(deadline)

    def _take_until(self, deadline: float) -> Any:
        bell = threading.Lock()
        bell.acquire()
        try:
            self.sleepers.append(bell)
            while True:
                with suppress(Empty):
                    return self.get_nowait()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Empty
                if bell.acquire(timeout=min(left, _LOOK_AGAIN_S)):
                    self.sleepers.append(bell)
        finally:
            try:
                self.sleepers.remove(bell)
            except ValueError:  # woken for an item that, for all this thread knows, is there for another
                self.wake()

    def wake(self) -> None:
        with suppress(IndexError):
            self.sleepers.popleft().release()

    def _renew_locks(self) -> None:
        self.sleepers.clear()


class Fifo:
    """What `Queue` is for objects in their order of arrival."""

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.is_shutdown = False
        self._items = _Line()
        self._permits = _Line() if maxsize > 0 else None
        for _ in range(maxsize):
            self._permits.put(None)  # type: ignore[union-attr]
        self._puts = itertools.count()  # counts without a lock; reading it counts too
        self._lock = threading.Lock()  # guards all below, and the change of is_shutdown
        self._all_done = threading.Condition(self._lock)  # everything put is done
        self._reads = 0  # of _puts
        self._dones = 0
        self._dropping = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.is_shutdown:
            raise ShutDown
        if self._permits is not None:
            self._take_permit(self._permits, block, timeout)
        next(self._puts)
        items = self._items
        items.put(item)
        if items.sleepers:
            items.wake()

    @staticmethod
    def _take_permit(permits: _Line, block: bool, timeout: float | None) -> None:
        try:
            permit = permits.take(timeout) if block and timeout is not None else permits.get(block)
        except Empty:
            raise Full from None
        if permit is _END:
            permits.add(_END)
            raise ShutDown

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        items, permits = self._items, self._permits
        item = items.take(timeout) if block and timeout is not None else items.get(block)
        if item is _END:
            item = self._get_after_end()
        if permits is not None:
            permits.put(None)
            if permits.sleepers:
                permits.wake()
        return item

    def _get_after_end(self) -> Any:
        """An item that came in beside the shutdown and stands behind the mark; ShutDown if there is none."""
        while True:
            self._items.add(_END)
            if self._items.qsize() <= 1 and not self._dropping:
                raise ShutDown
            if self._dropping:
                self._drop()
                raise ShutDown
            item = self._items.get()
            if item is not _END:
                return item

    def qsize(self) -> int:
        return max(0, self._items.qsize() - self.is_shutdown)

    @property
    def unfinished_tasks(self) -> int:
        """The number of items put in and not yet told done."""
        with self._lock:
            return self._count_unfinished()

    def _count_unfinished(self) -> int:
        puts = next(self._puts) - self._reads
        self._reads += 1
        return puts - self._dones

    def _end(self, items: int) -> None:
        left = self._count_unfinished() - items
        if left < 0:
            raise ValueError("task_done() called too many times")
        self._dones += items
        if left == 0:
            self._all_done.notify_all()

    def task_done(self) -> None:
        with self._lock:
            self._end(1)

    def join(self) -> None:
        with self._lock:
            while self._count_unfinished():
                self._all_done.wait()

    def shutdown(self, immediate: bool = False) -> None:
        with self._lock:
            first, self.is_shutdown = not self.is_shutdown, True
            self._dropping = self._dropping or immediate
        if first:
            self._items.add(_END)
            if self._permits is not None:
                self._permits.add(_END)
        if immediate:
            self._drop()

    def _drop(self) -> None:
        """Takes out all items and counts them as done; the mark stays."""
        dropped = 0
        for _ in range(self._items.qsize()):
            try:
                item = self._items.get_nowait()
            except Empty:
                break
            if item is _END:
                self._items.add(_END)
            else:
                dropped += 1
        with self._lock:
            self._end(min(dropped, self._count_unfinished()))
