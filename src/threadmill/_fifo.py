"""The first-in-first-out queue of Python objects, made of two `queue.SimpleQueue`s, which live in C.

One holds the items, the other a permit for each free place of a bounded queue; both block, time out and heed
signals by themselves. A mark at the end of both tells of the shutdown: whoever meets it puts it back.
"""

import itertools
import threading
from contextlib import suppress
from queue import Empty, Full, SimpleQueue
from typing import Any

from .errors import ShutDown

__all__ = ["MOST_PERMITS", "Fifo"]

# A queue with more places than this is not worth the permits.
MOST_PERMITS = 1 << 16

_END = object()


def _get(items: SimpleQueue[Any], block: bool, timeout: float | None) -> Any:
    """items.get(block, timeout). In CPython 3.11 that may come to its wait with its time over, and then waits
    for ever: where a `put` has left its lock open. A look without a wait closes it."""
    if block and timeout is not None and timeout >= 0:
        with suppress(Empty):
            return items.get_nowait()
    return items.get(block, timeout)


class Fifo:
    """What `Queue` is for objects in their order of arrival."""

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.is_shutdown = False
        self._items: SimpleQueue[Any] = SimpleQueue()
        self._permits: SimpleQueue[Any] | None = SimpleQueue() if maxsize > 0 else None
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
        self._items.put(item)

    @staticmethod
    def _take_permit(permits: SimpleQueue[Any], block: bool, timeout: float | None) -> None:
        try:
            permit = _get(permits, block, timeout)
        except Empty:
            raise Full from None
        if permit is _END:
            permits.put(_END)
            raise ShutDown

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        item = _get(self._items, block, timeout)
        if item is _END:
            item = self._get_after_end()
        if self._permits is not None:
            self._permits.put(None)
        return item

    def _get_after_end(self) -> Any:
        """An item that came in beside the shutdown and stands behind the mark; ShutDown if there is none."""
        while True:
            self._items.put(_END)
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
            self._items.put(_END)
            if self._permits is not None:
                self._permits.put(_END)
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
                self._items.put(_END)
            else:
                dropped += 1
        with self._lock:
            self._end(min(dropped, self._count_unfinished()))
