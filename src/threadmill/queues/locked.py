"""A queue of Python objects in any order: one lock, and conditions touched only while somebody waits.

It is laid out as queue.Queue: a subclass may replace how the items are kept by `_init`, `_put`, `_get` and
`_qsize`, which are called with `mutex` held.
"""

import heapq
from collections import deque
from contextlib import suppress
from functools import partial
from queue import Empty, Full
from typing import Any, Generic, Literal, TypeVar

from .. import _process
from .._arguments import integer
from .._deadline import Deadline, seconds_to_wait
from .._locks import Condition
from ..errors import ShutDown
from .unfinished import Unfinished

__all__ = ["Locked", "Order", "check_order"]

T = TypeVar("T")
Order = Literal["fifo", "lifo", "priority"]

_HOOKS = "_init", "_put", "_get", "_qsize"


class Locked(Unfinished, Generic[T]):
    """What `Queue` is for objects in an order of their own, and in a subclass."""

    def __init__(self, maxsize: int = 0, dtype: None = None, order: Order = "fifo") -> None:
        if dtype is not None:
            raise TypeError(
                f"with a dtype {type(self)} must derive from threadmill.TypedQueue, got {dtype!r}"
            )
        check_order(order)
        self.maxsize = integer("maxsize", maxsize)
        self.is_shutdown = False  # mutex
        self._order = order  # set once
        self._start_count()
        self._make_conditions()
        self._init(maxsize)
        if all(getattr(type(self), hook) is getattr(Locked, hook) for hook in _HOOKS):
            self._use_c()
        _process.renew_in_child(self)

    def _make_conditions(self) -> None:
        self.not_empty = Condition(self.mutex)  # items or shut down
        self.not_full = Condition(self.mutex)  # room or shut down
        self._getting = 0  # mutex: threads in not_empty
        self._putting = 0  # mutex: threads in not_full

    def _renew_locks(self) -> None:
        torn = self.mutex.locked() and self._order == "priority"
        self._renew_count()
        self._make_conditions()
        if torn:  # a thread that only the parent has was moving items, all of which are in the list
            with suppress(Exception):  # of the items' comparison
                heapq.heapify(self.queue)

    # ---- how items are kept; `mutex` is held ----

    def _init(self, maxsize: int) -> None:  # noqa: ARG002
        """Makes an empty container."""
        self.queue: Any = deque() if self._order == "fifo" else []  # mutex

    def _qsize(self) -> int:
        """The number of items inside."""
        return len(self.queue)

    def _put(self, item: T) -> None:
        """Adds an item."""
        if self._order == "priority":
            heapq.heappush(self.queue, item)
        else:
            self.queue.append(item)

    def _get(self) -> T:
        """Takes the next item out; there is one."""
        if self._order == "priority":
            return heapq.heappop(self.queue)  # type: ignore[no-any-return]
        return self.queue.popleft() if self._order == "fifo" else self.queue.pop()  # type: ignore[no-any-return]

    def _use_c(self) -> None:
        """Makes the three of them functions in C for this queue, which costs no Python frame."""
        items = self.queue
        put, get = items.append, items.popleft if self._order == "fifo" else items.pop
        if self._order == "priority":
            put, get = partial(heapq.heappush, items), partial(heapq.heappop, items)
        self._put, self._get, self._qsize = put, get, items.__len__  # type: ignore[method-assign]

    # ---- the queue ----

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Puts an item in, waiting for room; as queue.Queue.put.

        Parameters
        ----------
        item : object
        block : bool
            Whether to wait for room.
        timeout : float, optional
            How many seconds to wait at most; None for any time.

        Raises
        ------
        queue.Full
            There was no room in time.
        ShutDown
            The queue is shut down.
        """
        with self.mutex:
            if self.is_shutdown:
                raise ShutDown
            if self.maxsize > 0:
                seconds = seconds_to_wait(block, timeout)
                if self._qsize() >= self.maxsize:
                    self._wait_for_room(seconds)
            self._rest += 1
            try:
                self._put(item)
            except BaseException:
                self._rest -= 1
                raise
            if self._getting:
                self.not_empty.notify()

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Takes the next item, waiting for one; as queue.Queue.get.

        Parameters
        ----------
        block : bool
            Whether to wait for an item.
        timeout : float, optional
            How many seconds to wait at most; None for any time.

        Returns
        -------
        object

        Raises
        ------
        queue.Empty
            There was no item in time.
        ShutDown
            The queue is shut down, and no item is left.
        """
        with self.mutex:
            if not self._qsize():
                if self.is_shutdown:
                    raise ShutDown
                self._wait_for_item(seconds_to_wait(block, timeout))
            elif timeout is not None:
                seconds_to_wait(block, timeout)
            item = self._get()
            if self._putting:
                self.not_full.notify()
            return item

    def _wait_for_room(self, seconds: float | None) -> None:
        deadline = Deadline(seconds)
        self._putting += 1
        try:
            while self._qsize() >= self.maxsize:
                self.not_full.wait(deadline.left_or_raise(Full))
                if self.is_shutdown:
                    raise ShutDown
        except BaseException:
            self.not_full.notify()  # the room that this thread was told of is somebody else's
            raise
        finally:
            self._putting -= 1

    def _wait_for_item(self, seconds: float | None) -> None:
        deadline = Deadline(seconds)
        self._getting += 1
        try:
            while not self._qsize():
                if self.is_shutdown:
                    raise ShutDown
                self.not_empty.wait(deadline.left_or_raise(Empty))
        except BaseException:
            self.not_empty.notify()  # the item that this thread was told of is somebody else's
            raise
        finally:
            self._getting -= 1

    def qsize(self) -> int:
        """The number of items inside, as of a moment ago."""
        with self.mutex:
            return self._qsize()

    def shutdown(self, immediate: bool = False) -> None:
        """Lets no item in any more; as queue.Queue.shutdown of Python 3.13.

        Whoever waits to put gets ShutDown at once, whoever gets when the queue is empty. With `immediate`
        the items inside are dropped and counted as done.
        """
        with self.mutex:
            self.is_shutdown = True
            if immediate:
                dropped = 0
                while self._qsize():
                    self._get()
                    dropped += 1
                self._finish(min(dropped, self.unfinished_tasks))
            self.not_empty.notify_all()
            self.not_full.notify_all()


def check_order(order: object) -> None:
    if order not in ("fifo", "lifo", "priority"):
        raise ValueError(f"order must be 'fifo', 'lifo' or 'priority', got {order!r}")
