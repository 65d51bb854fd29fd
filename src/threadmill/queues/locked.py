"""A queue of Python objects in any order: one lock, and conditions touched only while somebody waits."""

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, Full
from typing import Any

from ..errors import ShutDown

__all__ = ["Ordered", "seconds_to_wait"]


class Ordered:
    """What `Queue` is for objects in an order of their own."""

    def __init__(self, maxsize: int, order: str) -> None:
        self.maxsize = maxsize
        self._lock = threading.Lock()  # guards all below
        self._not_empty = threading.Condition(self._lock)  # items or closed
        self._not_full = threading.Condition(self._lock)  # room or closed
        self._all_done = threading.Condition(self._lock)  # unfinished_tasks == 0
        self._getting = 0  # threads in _not_empty
        self._putting = 0  # threads in _not_full
        self.unfinished_tasks = 0
        self.is_shutdown = False
        self._items, self._push, self._pop = _container(order)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        with self._lock:
            if self.is_shutdown:
                raise ShutDown
            if self.maxsize > 0:
                seconds = seconds_to_wait(block, timeout)
                if len(self._items) >= self.maxsize:
                    self._wait_for_room(seconds)
            self._push(item)
            self.unfinished_tasks += 1
            if self._getting:
                self._not_empty.notify()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        with self._lock:
            if not self._items and self.is_shutdown:
                raise ShutDown
            seconds = seconds_to_wait(block, timeout)
            if not self._items:
                self._wait_for_item(seconds)
            item = self._pop()
            if self._putting:
                self._not_full.notify()
            return item

    def _wait_for_room(self, seconds: float | None) -> None:
        deadline = _deadline(seconds)
        self._putting += 1
        try:
            while len(self._items) >= self.maxsize:
                self._not_full.wait(_left(deadline, Full))
                if self.is_shutdown:
                    raise ShutDown
        except BaseException:
            self._not_full.notify()  # the room that this thread was told of is somebody else's
            raise
        finally:
            self._putting -= 1

    def _wait_for_item(self, seconds: float | None) -> None:
        deadline = _deadline(seconds)
        self._getting += 1
        try:
            while not self._items:
                if self.is_shutdown:
                    raise ShutDown
                self._not_empty.wait(_left(deadline, Empty))
        except BaseException:
            self._not_empty.notify()  # the item that this thread was told of is somebody else's
            raise
        finally:
            self._getting -= 1

    def qsize(self) -> int:
        with self._lock:
            return len(self._items)

    def task_done(self) -> None:
        with self._lock:
            self._end(1)

    def _end(self, items: int) -> None:
        if items > self.unfinished_tasks:
            raise ValueError("task_done() called too many times")
        self.unfinished_tasks -= items
        if self.unfinished_tasks == 0:
            self._all_done.notify_all()

    def join(self) -> None:
        with self._lock:
            while self.unfinished_tasks:
                self._all_done.wait()

    def shutdown(self, immediate: bool = False) -> None:
        with self._lock:
            self.is_shutdown = True
            if immediate:
                dropped = len(self._items)
                self._items.clear()
                self._end(min(dropped, self.unfinished_tasks))
            self._not_empty.notify_all()
            self._not_full.notify_all()


def _container(order: str) -> tuple[Any, Callable[[Any], None], Callable[[], Any]]:
    """The items, and how one goes in and comes out."""
    if order == "fifo":
        line: deque[Any] = deque()
        return line, line.append, line.popleft
    items: list[Any] = []
    if order == "lifo":
        return items, items.append, items.pop
    return items, lambda item: heapq.heappush(items, item), lambda: heapq.heappop(items)


def seconds_to_wait(block: bool, timeout: float | None) -> float | None:
    """How long to wait; None for ever."""
    if not block:
        return 0.0
    if timeout is not None and not timeout >= 0:  # nor nan, with which a wait would not end
        raise ValueError("'timeout' must be a non-negative number")
    return timeout


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _left(deadline: float | None, failure: type[Exception]) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise failure
    return left
