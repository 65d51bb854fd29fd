"""The first-in-first-out queue of Python objects, made of two `queue.SimpleQueue`s, which live in C.

One holds the items, the other a permit for each free place of a bounded queue; both block and heed signals by
themselves. A mark at the end of both tells of the shutdown: whoever meets it puts it back.
"""

# Not queue.SimpleQueue: that name is gevent's and eventlet's where they patch.
from _queue import SimpleQueue
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, Full
from typing import Any, Generic, TypeVar

from .. import _process
from .._arguments import integer
from .._deadline import Deadline, seconds_to_wait
from .._locks import Lock
from ..errors import ShutDown
from .locked import Order
from .unfinished import HAS_GIL, Unfinished

__all__ = ["MOST_PERMITS", "Fifo"]

T = TypeVar("T")

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

    __slots__ = ("sleepers",)

    def __init__(self, items: Iterable[Any] = (), ended: bool = False) -> None:
        self.sleepers: deque[Lock] = deque()  # one each, locked; append and popleft are atomic
        for item in items:
            self.put(item)
        if ended:
            self.put(_END)

    def add(self, item: Any) -> None:
        """Puts, and wakes a sleeper. `Fifo` has it written out where a call would be a third of its time."""
        self.put(item)
        if self.sleepers:
            self.wake()

    def take(self, timeout: float) -> Any:
        """As get(timeout=timeout)."""
        deadline = Deadline(seconds_to_wait(True, timeout))
        try:
            return self.get_nowait()
        except Empty:
            return self._take_until(deadline)

    def _take_until(self, deadline: Deadline) -> Any:
        bell = Lock()
        bell.acquire()
        try:
            self.sleepers.append(bell)
            while True:
                with suppress(Empty):
                    return self.get_nowait()
                if bell.acquire(timeout=min(deadline.left_or_raise(Empty) or 0, _LOOK_AGAIN_S)):
                    self.sleepers.append(bell)
        finally:
            try:
                self.sleepers.remove(bell)
            except ValueError:  # woken for an item that, for all this thread knows, is there for another
                self.wake()

    def wake(self) -> None:
        with suppress(IndexError):
            self.sleepers.popleft().release()

    def take_all(self) -> list[Any]:
        """All that is inside but the mark."""
        items: list[Any] = []
        with suppress(Empty):
            while True:
                items.append(self.get_nowait())
        return [item for item in items if item is not _END]


class Fifo(Unfinished, Generic[T]):
    """What `Queue` is for objects in their order of arrival."""

    def __init__(self, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> None:  # noqa: ARG002
        self.maxsize = integer("maxsize", maxsize)  # set once
        self.is_shutdown = False  # mutex; read without
        self._dropping = False  # mutex
        # Any thread; a forked child has new ones.
        self._items = _Line()
        self._permits = _Line([None] * maxsize) if maxsize > 0 else None
        self._start_count()
        _process.renew_in_child(self)

    def _renew_locks(self) -> None:
        self._renew_count()
        # A SimpleQueue has a lock inside. A thread that only the parent has may hold it or wait for it, or
        # have a permit or the mark in hand. All items are inside, as they come and go in one step.
        items = self._items.take_all()
        self._items = _Line(items, self.is_shutdown)
        if self._permits is not None:
            self._permits = _Line([None] * max(0, self.maxsize - len(items)), self.is_shutdown)
        if self._dropping:
            self._drop()

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        if self.is_shutdown:
            raise ShutDown
        if self._permits is not None:
            self._take_permit(self._permits, block, timeout)
        if HAS_GIL:
            next(self._numbers)
        else:
            with self.mutex:
                self._rest += 1
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

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        items, permits = self._items, self._permits
        item = items.take(timeout) if block and timeout is not None else items.get(block)
        if item is _END:
            item = self._get_after_end()
        if permits is not None:
            permits.put(None)
            if permits.sleepers:
                permits.wake()
        return item  # type: ignore[no-any-return]

    def _get_after_end(self) -> Any:
        """An item that came in beside the shutdown and stands behind the mark; ShutDown if there is none."""
        try:
            for _ in range(0 if self._dropping else self._items.qsize()):
                item = self._items.get_nowait()
                if item is not _END:
                    return item
        except Empty:  # others were quicker
            pass
        finally:
            self._items.add(_END)
        if self._dropping:
            self._drop()
        raise ShutDown

    def qsize(self) -> int:
        return max(0, self._items.qsize() - self.is_shutdown)

    def shutdown(self, immediate: bool = False) -> None:
        with self.mutex:
            first, self.is_shutdown = not self.is_shutdown, True
            self._dropping = self._dropping or immediate
        if immediate:
            self._drop()
        for line in self._items, self._permits:
            # A mark that an exception has cost is made up for by the next shutdown. Two marks do no harm.
            if line is not None and (first or line.qsize() == 0):
                line.add(_END)

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
        with self.mutex:
            self._finish(min(dropped, self.unfinished_tasks))
