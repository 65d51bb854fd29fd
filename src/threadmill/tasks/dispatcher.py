"""The Python tasks of a pool: who waits, who runs them, who is told of the end.

Tasks wait in a deque; a worker is sent to it by a token in the pool's native queue, enters Python once, and
runs tasks until the deque is empty. So a stream of small tasks costs no native call and no change of hands of
the GIL for each. A token is sent whenever more tasks wait than tokens are on the way, up to one per thread.
A worker that native work waits for sends a token in its own place and goes, so that neither kind starves.
"""

import contextlib
import functools
import itertools
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures._base import LOGGER
from typing import Any, Literal, Protocol

from .. import _process
from .._native import pools
from ..errors import DeadlockError
from .item import Call
from .spawn import Ledger, Spawned, seconds_left

__all__ = ["Item", "Tasks", "WhenFull"]

WhenFull = Literal["block", "raise", "run"]

# How long a thread that waits for a result looks before it sleeps: what waking it would cost.
_LOOK_NS = 50_000

# How long a worker runs Python tasks before it looks for native work: long beside going and coming (10 us).
_TURN_S = 0.005

# Enough that two threads seldom meet at one.
_FUTURE_LOCKS = 16

_names = itertools.count()
_tokens = itertools.count()


class Item(Protocol):
    """What waits in the deque. One of these is called, once; it raises nothing but Ctrl-C."""

    def __call__(self) -> None: ...
    def done(self) -> bool:
        """Whether a call would do nothing any more."""

    def cancel(self) -> object: ...
    def fail(self, error: BaseException) -> None: ...
    def lose(self) -> None:
        """As fail, in a forked child: a lock of the item may be held by a thread that is not there."""


class Tasks:
    """The state of a pool; outlives the Pool while tasks wait or futures are held."""

    def __init__(
        self,
        threads: int,
        prefix: str = "",
        initializer: Callable[[], object] | None = None,
        max_queue: int | None = None,
        when_full: WhenFull = "block",
    ) -> None:
        self.threads = threads
        self.prefix = prefix or f"threadmill-{next(_names)}"
        self.handle = pools.new_pool(threads, self.prefix)
        self.workers: dict[int, threading.Thread] = {}  # by ident; those that have entered Python
        self.native_references: list[Any] = []  # what spawned native tasks point to, until the next join
        self._initializer = initializer
        self._max_queue = sys.maxsize if max_queue is None else max_queue
        self._when_full = when_full
        self.forks = 0  # that this process has come out of as the child
        # What a thread may be sent that runs Python code: its own mask lets nothing through. See `_send`.
        self._signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._kept: set[tuple[int, Item]] = set()  # what was under way in the thread that forked
        self.future_locks = tuple(threading.RLock() for _ in range(_FUTURE_LOCKS))  # see Future
        self.lock = threading.RLock()  # guards all below
        self._reset()
        _process.watch(self)

    def _reset(self) -> None:
        self._room = threading.Condition(self.lock)  # len(_waiting) < _max_queue or closed
        self._waiting: deque[Item] = deque()  # popleft is atomic, and done without the lock
        self._current: dict[int, Item] = {}  # by thread; each writes its own
        self._helped: set[tuple[int, Item]] = set()  # the same, run by a worker that waits for them
        self._coming: set[int | None] = set()  # tokens on the way
        self._here = 0  # workers at the deque
        self._ledger = Ledger(self.lock)
        self.closed = False  # read without the lock where that shows in time
        self._broken: str | None = None

    # ---- giving work ----

    def put(self, item: Item) -> None:
        """Queues an item, or has it run or refused by the rule for a full queue."""
        with self.lock:
            self._check_open()
            if len(self._waiting) < self._max_queue or self._wait_for_room():
                self._append(item)
                return
        item()

    def offer(self, item: Item) -> bool:
        """Queues an item that may also be left undone, if there is room."""
        with self.lock:
            self._check_open()
            has_room = len(self._waiting) < self._max_queue
            if has_room:
                self._append(item)
            return has_room

    def put_back(self, item: Item) -> bool:
        """Queues an item that stops in the middle of its call, as the next one; False if none would come."""
        with self.lock:
            try:
                self._append(item, first=True)
            except Exception:
                return False
            return True

    def _append(self, item: Item, first: bool = False) -> None:
        """Puts an item into the deque and has one more worker come if need be; all or nothing."""
        token = None
        try:
            (self._waiting.appendleft if first else self._waiting.append)(item)
            if len(self._waiting) > len(self._coming) and len(self._coming) + self._here < self.threads:
                token = next(_tokens)
                self._send(token)
        except BaseException as error:  # Ctrl-C may come at any point, also when the token has gone
            self._coming.discard(token)
            if isinstance(error, Exception) and (self._coming or self._here):
                return  # others will come to the item
            with contextlib.suppress(ValueError):  # one who is here already may have taken it
                self._waiting.remove(item)
            raise

    def _send(self, token: int) -> None:
        if len(self.workers) < self.threads:
            # A thread that enters Python now has the signal mask of the one who called it, as in the standard
            # library, where it would start now: a program may have blocked signals since it made the pool.
            self._signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._coming.add(token)
        pools.post(self.handle, functools.partial(self.drain, token))

    def _check_open(self) -> None:
        if self._broken is not None:
            raise _broken_pool(self._broken)
        if self.closed or _process.exiting:
            moment = "interpreter shutdown" if _process.exiting else "shutdown"
            raise RuntimeError(f"cannot schedule new futures after {moment}")

    def _wait_for_room(self) -> bool:
        """Whether there is room now; if not, the caller runs its item itself."""
        for over in [item for item in list(self._waiting) if item.done()]:
            with contextlib.suppress(ValueError):  # a worker was quicker
                self._waiting.remove(over)
        if len(self._waiting) < self._max_queue:
            return True
        if self._when_full == "raise":
            raise queue.Full(f"{self._max_queue} tasks wait already (max_queue)")
        if self._when_full == "run" or self.is_worker():
            return False
        try:
            while len(self._waiting) >= self._max_queue:
                self._room.wait()
                self._check_open()
        except BaseException:
            self._room.notify()  # the room that this thread was told of is somebody else's
            raise
        return True

    def is_worker(self) -> bool:
        """Whether the calling thread is one of the pool's."""
        return pools.pool_worker(self.handle) >= 0

    # ---- running it ----

    def drain(self, token: int) -> None:
        """What a worker does in Python: runs items until none waits."""
        me, forks = threading.get_ident(), self.forks
        with self.lock:
            self._coming.discard(token)
            self._here += 1
        if me not in self.workers:
            self._begin_thread(me)
        bounded = self._max_queue != sys.maxsize
        turn_ends = time.monotonic() + _TURN_S
        while True:
            if (now := time.monotonic()) > turn_ends:
                if self.native_work_waits() and self._give_way():
                    return
                turn_ends = now + _TURN_S
            try:
                item = self._waiting.popleft()
            except IndexError:
                with self.lock:
                    if not self._waiting:  # nothing came since: whoever puts from now on sends a token
                        self._here -= 1
                        return
                continue
            self._current[me] = item
            if bounded:
                with self.lock:
                    self._room.notify()
            try:
                item()
            except BaseException:  # only a callback can: SystemExit and the like
                LOGGER.critical("Exception in worker", exc_info=True)
            if forks != self.forks:
                return  # the task forked, and this is the child: nothing here is this thread's any more
            del self._current[me], item

    def native_work_waits(self) -> bool:
        return bool(pools.pool_needs_worker(self.handle))

    def _give_way(self) -> bool:
        """Has a worker come to the deque in the place of this one, which is to go; False if none can."""
        token = next(_tokens)
        with self.lock:
            try:
                self._send(token)
            except Exception:  # the pool is closed: its workers end when they have run all tasks
                self._coming.discard(token)
                return False
            self._here -= 1
            return True

    def _begin_thread(self, me: int) -> None:
        # Processes that a task starts inherit the mask: they must be as easy to stop as any.
        signal.pthread_sigmask(signal.SIG_SETMASK, self._signal_mask)
        thread = self.workers[me] = threading.current_thread()
        thread.name = f"{self.prefix}_{pools.pool_worker(self.handle)}"
        if self._initializer is None:
            return
        try:
            self._initializer()
        except BaseException:
            LOGGER.critical("Exception in initializer:", exc_info=True)
            self._break("A thread initializer failed, the thread pool is not usable anymore")

    def _break(self, reason: str) -> None:
        with self.lock:
            self._broken = reason
            self._room.notify_all()
        for item in self._take_all():
            item.fail(_broken_pool(reason))

    def _take_all(self) -> Iterator[Item]:
        """Empties the deque; each item is taken by this thread or by a worker, never by both."""
        with contextlib.suppress(IndexError):
            while True:
                yield self._waiting.popleft()

    # ---- waiting for it ----

    def wait_briefly(self, item: Any, timeout: float | None) -> None:
        """Brings an item that somebody waits for forward: a worker runs it, others look a while."""
        if self.is_worker():
            helped = threading.get_ident(), item
            self._helped.add(helped)
            try:
                item()
            finally:
                self._helped.discard(helped)
            return
        look = _LOOK_NS if timeout is None else min(_LOOK_NS, int(timeout * 1e9))
        if look > 0 and not item.done():
            pools.pool_watch(self.handle, look)

    def spawn(self, call: Call) -> None:
        """Queues a call without a future; `join` waits for it and reports its failure."""
        item = Spawned(call)
        try:
            self._ledger.enter(item)
            self.put(item)
        except BaseException:
            item.end(None)
            raise

    def join(self, timeout: float | None) -> list[BaseException]:
        """Waits until no spawned task is left; what failed since the last join."""
        if self.is_worker():
            raise DeadlockError("join() from a task of the pool would wait for that task itself")
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self._ledger.wait(timeout, deadline)
            pools.join_pool(self.handle, seconds_left(deadline))  # these may spawn in turn
            failures = self._ledger.take_failures()
            if failures is not None:
                return failures

    # ---- ending ----

    def close(self, cancel: bool = False) -> None:
        """Takes no more work; what waits still runs unless it is to be cancelled."""
        with self.lock:
            self.closed = True
            self._room.notify_all()
        for item in self._take_all() if cancel else ():
            item.cancel()
        pools.close_pool(self.handle)

    def abandon(self) -> None:
        """Closes, for a pool that nobody has any more. Takes no lock: the collector calls it anywhere."""
        self.closed = True
        pools.close_pool(self.handle)
        if self.native_references:
            _process.keep(self)  # nobody will know when the last native task is done

    def shutdown(self, wait: bool, cancel: bool = False) -> None:
        """Closes; then, if asked, waits until all work is done and the threads have ended."""
        if wait and self.is_worker():
            raise DeadlockError("shutdown(wait=True) from a task of the pool would wait for that task itself")
        self.close(cancel)
        if wait:
            pools.shutdown_pool(self.handle)
            _process.forget_threads(self.workers.values())

    def has_lost(self, item: Item, forks: int) -> bool:
        """Whether an item made so many forks ago that this process has not the thread that would run it."""
        return forks != self.forks and all(item is not kept for _, kept in self._kept)

    def lose_all(self) -> None:
        """In a forked child: the parent's workers don't exist here, so what they had to do is lost."""
        me = threading.get_ident()
        running = {*self._current.items(), *self._helped, *self._kept}
        lost = [*self._waiting, *(item for ident, item in running if ident != me)]
        self._kept = {(ident, item) for ident, item in running if ident == me}
        closed = self.closed
        self.forks += 1
        for lock in (self.lock, *self.future_locks):
            lock._at_fork_reinit()  # type: ignore[attr-defined]  # as the standard library does with its own
        self.workers.clear()
        self._reset()
        self.closed = closed
        for item in lost:
            item.lose()


def _broken_pool(reason: str) -> Exception:
    """The standard library's exception; its module can't be imported any more when the interpreter ends."""
    from concurrent.futures.thread import BrokenThreadPool

    return BrokenThreadPool(reason)
