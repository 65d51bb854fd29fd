"""The Python tasks of a pool: their queue, and the loop in which workers run them.

Tasks wait in a deque. A token in the pool's native queue sends a worker there; the worker enters Python once
and runs tasks until the deque is empty. So a stream of small tasks costs no native call and no handover of
the GIL for each task. A token is sent whenever more tasks wait than tokens are on the way, up to one for each
thread. A worker that finds native work waiting sends a token in its place and leaves, so that neither kind
of work starves.
"""

import contextlib
import functools
import itertools
import queue
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures.thread import BrokenThreadPool
from typing import Any, Literal

from .. import _process
from .._locks import Condition, RLock
from .._native import pools
from ..errors import DeadlockError
from .fork import Lineage, renew
from .item import Item
from .late import Late, insist
from .spawn import Ledger
from .thread import Workers, log

__all__ = ["Dispatcher", "WhenFull"]

WhenFull = Literal["block", "raise", "run"]

# How long a thread that waits for a result spins before it sleeps: about what waking it costs.
_SPIN_NS = 50_000

# How long a worker runs Python tasks, at least, before it checks for native work: long compared with leaving
# and coming back, which takes 10 us.
_TURN_S = 0.005

# Enough that two threads seldom need the same one.
_FUTURE_LOCKS = 16

_names = itertools.count()
_tokens = itertools.count()

# How long a submitter that waits for room sleeps before it checks for itself: telling it may have failed.
_ROOM_S = 1.0

# After so many failures in a row that are no item's the pool is broken.
_MOST_FAILURES = 20


def _turn() -> float:
    """Seconds until a worker's next check, which lets go of the GIL for a moment, too short to be taken.

    A thread that waits for the GIL asks for it after one switch interval, counted anew from each such moment.
    """
    return max(_TURN_S, 4 * sys.getswitchinterval())


class Dispatcher:
    """The state of a pool; outlives the Pool while tasks wait or futures are held."""

    def __init__(
        self,
        threads: int,
        prefix: str = "",
        initializer: Callable[[], object] | None = None,
        max_queue: int | None = None,
        when_full: WhenFull = "block",
    ) -> None:
        # Set once.
        self.threads = threads
        self.prefix = prefix or f"threadmill-{next(_names)}"
        self.handle = pools.new_pool(threads, self.prefix)
        self.workers = Workers(self.handle, threads, self.prefix, initializer)
        self.run = self.workers.run
        self.future_locks = tuple(RLock() for _ in range(_FUTURE_LOCKS))  # see Future
        self._max_queue = sys.maxsize if max_queue is None else max_queue
        self._when_full = when_full
        # Each thread touches what is its own there.
        self._lineage = Lineage()
        self._late = Late()
        # What spawned native tasks point to. Any thread appends; a join takes the whole list.
        self.native_references: list[Any] = []
        # How many forks this process has come out of as the child. Written while the child has one thread.
        self.forks = 0
        self.lock = RLock()  # guards all below
        self._reset()
        _process.watch(self)

    def _reset(self) -> None:
        self._room = Condition(self.lock)  # len(_waiting) < _max_queue or closed
        self._waiting: deque[Item] = deque()  # workers pop without the lock: popleft is atomic
        self._coming: set[int | None] = set()  # tokens on the way
        self._here: set[int] = set()  # workers at the deque
        self.closed = False  # read without the lock where that shows in time; set without it by `abandon`
        self._broken: str | None = None  # read without the lock
        self.ledger = Ledger(self.lock)
        weakref.finalize(self, self.ledger.report)

    # ---- giving work ----

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
                token = next(_tokens)
                self._send(token)
        except BaseException as error:  # Ctrl-C may come at any point, also when the token has gone
            self._coming.discard(token)
            if isinstance(error, Exception) and (self._coming or self._here):
                return  # other workers will take the item
            with contextlib.suppress(ValueError):  # one who is here already may have taken it
                self._waiting.remove(item)
            raise

    def _send(self, token: int) -> None:
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
                self._room.wait(_ROOM_S)
                self._check_open()
        except BaseException:
            self._room.notify()  # the room that this thread was told of is somebody else's
            raise
        return True

    def waiting(self) -> int:
        """How many items wait, those included that have been cancelled."""
        return len(self._waiting)

    def broken(self) -> str | None:
        """Why no task can run any more; None if tasks can."""
        return self._broken

    def is_worker(self) -> bool:
        """Whether the calling thread is one of the pool's."""
        return pools.pool_worker(self.handle) >= 0

    # ---- running it ----

    def work_off(self, token: int) -> None:
        """A worker's stay in Python: runs items until none waits."""
        me, forks = threading.get_ident(), self.forks
        failures = 0  # in a row
        while True:
            try:
                with self.lock:
                    self._coming.discard(token)
                    self._here.add(me)
                self._run_items(me, forks)
                return
            except BaseException as error:
                if forks != self.forks:
                    return
                failures = 0 if self._lineage.slot(me)[0] is not None else failures + 1
                insist(functools.partial(self._recover, me, error))
                if failures > _MOST_FAILURES:
                    self._break(f"The pool's workers can't run tasks: {error!r}")
                    self._here.discard(me)
                    return

    def _run_items(self, me: int, forks: int) -> None:
        slot = self._lineage.slot(me)
        bounded = self._max_queue != sys.maxsize
        turn_ends = time.monotonic() + _turn()
        begun = False
        while True:
            if (now := time.monotonic()) > turn_ends:
                if self.native_work_waits() and self._give_way(me):
                    return
                turn_ends = now + _turn()
            try:
                slot[0] = item = self._waiting.popleft()
            except IndexError:
                with self.lock:
                    if not self._waiting:  # nothing came since: whoever puts from now on sends a token
                        self._here.discard(me)
                        return
                continue
            if bounded:
                with self.lock:
                    self._room.notify()
            if not begun:  # only now: a worker that comes too late for any item never becomes a Python thread
                begun = True
                if failure := self.workers.begin(me):
                    self._break(failure)
                    item.fail(BrokenThreadPool(failure))
            item()
            if forks != self.forks:
                return  # the task forked, and this is the child: nothing here is this thread's any more
            slot[0] = None
            del item
            if self._late:
                self._late.finish()

    def _recover(self, me: int, error: BaseException) -> None:
        """Handles an error that is no task's, such as a lack of memory or a callback's SystemExit.

        The item at hand ends, and those who wait for it are told.
        """
        log("Exception in worker")
        slot = self._lineage.slot(me)
        if slot[0] is not None:
            insist(functools.partial(slot[0].fail, error))
            insist(functools.partial(slot[0].rescue, error))
            slot[0] = None
        insist(self._late.finish)

    def native_work_waits(self) -> bool:
        return bool(pools.pool_needs_worker(self.handle))

    def _give_way(self, me: int) -> bool:
        """Sends for a worker in the place of this one, which then leaves; returns whether one comes."""
        token = next(_tokens)
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
        for item in self._waiting.copy():  # they stay there, and do nothing when a worker comes to them
            insist(functools.partial(item.fail, BrokenThreadPool(reason)))

    # ---- waiting for it ----

    def bring_forward(self, item: Any, timeout: float | None) -> None:
        """Before a thread sleeps until an item ends: a worker runs the item, other threads spin a while."""
        if self.is_worker():
            self.help(item)
            return
        spin = _SPIN_NS if timeout is None else min(_SPIN_NS, int(timeout * 1e9))
        if spin > 0 and not item.done():
            pools.pool_watch(self.handle, spin)

    def help(self, item: Item) -> None:
        """Runs an item, if nobody has begun it, in the worker that waits for it."""
        self._late.finish()
        helped = threading.get_ident(), item
        if self._lineage.is_at(*helped):
            return  # the item waits for itself
        self._lineage.helped.add(helped)
        try:
            item()
        except BaseException as error:
            try:
                item.rescue(error)
            except BaseException:
                self._late.add(item, error)
            raise
        finally:
            self._lineage.helped.discard(helped)

    # ---- ending ----

    def close(self, cancel: bool = False) -> None:
        """Takes no more work; what waits still runs unless it is to be cancelled."""
        # Cancelled items stay in the deque: no interrupt can lose one that has been taken out and not told.
        with self.lock:
            self.closed = True
            self._room.notify_all()
        for item in self._waiting.copy() if cancel else ():
            item.cancel()
        pools.close_pool(self.handle)

    def abandon(self) -> None:
        """Closes a pool that nobody has a reference to. Takes no lock: the collector may call it anywhere."""
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

    def has_lost(self, item: Item, forks: int) -> bool:
        """Whether an item, made after `forks` forks, was to be run by a thread that this process lacks."""
        return forks != self.forks and not self._lineage.is_kept(item)

    def lose_all(self) -> None:
        """Ends, in a forked child, the items of the parent's workers, which do not exist here."""
        lost = [*self._waiting, *self._lineage.fork()]
        self.forks += 1
        closed = self.closed
        renew((self.lock, self.ledger.lock, *self.future_locks))
        self.workers.lose_all()
        self._reset()
        self.closed = closed
        for item in lost:
            item.lose()
