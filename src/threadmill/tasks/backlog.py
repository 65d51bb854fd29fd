"""The Python tasks of a pool that wait, and the tokens that send its workers to them."""

import contextlib
import functools
import queue
import sys
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures.thread import BrokenThreadPool
from typing import TYPE_CHECKING, Literal

from .. import _process
from .._locks import Condition, RLock
from .._native import pools
from .item import Item
from .late import insist
from .thread import Workers

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Backlog", "WhenFull"]

WhenFull = Literal["block", "raise", "run"]

# How long a submitter that waits for room sleeps before it checks for itself: telling it may have failed.
_ROOM_S = 1.0


class Backlog(ABC):
    """What waits to be run, and which workers come for it; what they do there is the subclass's.

    Tasks wait in a deque. A token in the pool's native queue sends a worker there, which enters Python once
    and runs tasks until the deque is empty. So a stream of small tasks costs no native call and no handover
    of the GIL for each task. A token is sent whenever more tasks wait than tokens are on the way, up to one
    for each thread.
    """

    def __init__(
        self, handle: "CData", workers: Workers, threads: int, max_queue: int | None, when_full: WhenFull
    ) -> None:
        # Set once.
        self.handle = handle
        self.workers = workers
        self.threads = threads
        self._max_queue = sys.maxsize if max_queue is None else max_queue
        self._when_full = when_full
        self.lock = RLock()  # guards all below
        self._clear()

    def _clear(self) -> None:
        self._room = Condition(self.lock)  # len(_waiting) < _max_queue or closed
        self._waiting: deque[Item] = deque()  # workers pop without the lock: popleft is atomic
        self._coming: set[object] = set()  # tokens on the way
        self._here: set[int] = set()  # workers at the deque
        self.closed = False  # read without the lock where that shows in time; set without it by `abandon`
        self._broken: str | None = None  # read without the lock

    # ---- the submitters' side ----

    def put(self, item: Item) -> None:
        """Queues an item. If the queue is full, `when_full` says: wait, refuse the item, or run it here."""
        with self.lock:
            self._check_open()
            if len(self._waiting) < self._max_queue or self._wait_for_room():
                self._append(item)
                return
        try:
            item()
        except BaseException as error:
            with contextlib.suppress(BaseException):
                item.rescue(error)
            raise

    def offer(self, item: Item) -> bool:
        """Queues an item if there is room; returns whether there was."""
        with self.lock:
            self._check_open()
            has_room = len(self._waiting) < self._max_queue
            if has_room:
                self._append(item)
            return has_room

    def put_back(self, item: Item) -> bool:
        """Queues, as the next one, an item that stops amid its call; returns whether a worker comes."""
        with self.lock:
            try:
                self._append(item, first=True)
            except Exception:
                return False
            return True

    def _append(self, item: Item, first: bool = False) -> None:
        """Puts an item into the deque, and sends for a worker if one more is needed. All or nothing."""
        token = None
        try:
            (self._waiting.appendleft if first else self._waiting.append)(item)
            if len(self._waiting) > len(self._coming) and len(self._coming) + len(self._here) < self.threads:
                token = object()
                self._send(token)
        except BaseException as error:  # Ctrl-C may come at any point, also when the token has gone
            self._coming.discard(token)
            if isinstance(error, Exception) and (self._coming or self._here):
                return  # other workers will take the item
            with contextlib.suppress(ValueError):  # one who is here already may have taken it
                self._waiting.remove(item)
            raise

    def _send(self, token: object) -> None:
        self.workers.expect()
        self._coming.add(token)
        pools.post(self.handle, functools.partial(self.work_off, token))

    def _check_open(self) -> None:
        if self._broken is not None:
            raise BrokenThreadPool(self._broken)
        if self.closed or _process.exiting:
            moment = "interpreter shutdown" if _process.exiting else "shutdown"
            raise RuntimeError(f"cannot schedule new futures after {moment}")

    def _wait_for_room(self) -> bool:
        """Whether there is room now; if not, the caller runs its item itself."""
        for over in [item for item in self._snapshot() if item.done()]:
            with contextlib.suppress(ValueError):  # a worker was quicker
                self._waiting.remove(over)
        if len(self._waiting) < self._max_queue:
            return True
        if self._when_full == "raise":
            raise queue.Full(
                f"{self._max_queue} tasks wait already (max_queue): submit later, or use when_full='block'"
            )
        if self._when_full == "run" or self.is_worker():
            return False
        try:
            while len(self._waiting) >= self._max_queue:
                self._room.wait(_ROOM_S)
                self._check_open()
        except BaseException:
            self._room.notify()  # the room that this thread was told of is somebody else's
            raise
        return True

    def _snapshot(self) -> list[Item]:
        """The items that wait. Workers pop without the lock; what is read meanwhile is read again."""
        while True:
            with contextlib.suppress(RuntimeError):  # "deque mutated during iteration", without the GIL
                return list(self._waiting)

    def waiting(self) -> int:
        """How many items wait, those included that have been cancelled."""
        return len(self._waiting)

    def broken(self) -> str | None:
        """Why no task can run any more; None if tasks can."""
        return self._broken

    def is_worker(self) -> bool:
        """Whether the calling thread is one of the pool's."""
        return pools.pool_worker(self.handle) >= 0

    # ---- the workers' side ----

    @abstractmethod
    def work_off(self, token: object) -> None:
        """What a worker does that a token has sent."""

    def _arrive(self, token: object, me: int) -> None:
        with self.lock:
            self._coming.discard(token)
            self._here.add(me)

    def _leave(self, me: int) -> bool:
        """Whether the worker may go: nothing came since, and whoever puts from now on sends a token."""
        with self.lock:
            if self._waiting:
                return False
            self._here.discard(me)
            return True

    def native_work_waits(self) -> bool:
        return bool(pools.pool_needs_worker(self.handle))

    def _give_way(self, me: int) -> bool:
        """Sends for a worker in the place of this one, which then leaves; returns whether one comes."""
        token = object()
        with self.lock:
            try:
                self._send(token)
            except Exception:  # the pool is closed: its workers end when they have run all tasks
                self._coming.discard(token)
                return False
            self._here.discard(me)
            return True

    def _break(self, reason: str) -> None:
        with self.lock:
            self._broken = reason
            self._room.notify_all()
        for item in self._snapshot():  # they stay there, and do nothing when a worker comes to them
            insist(functools.partial(item.fail, BrokenThreadPool(reason)))
