"""The dispatcher of a pool: its workers run the Python tasks that wait, until the pool ends."""

import functools
import itertools
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

from .. import _process
from .._locks import RLock
from .._native import pools
from ..errors import DeadlockError
from .backlog import Backlog, WhenFull
from .fork import Lineage, renew
from .item import Item
from .late import Late, insist
from .recorder import Recorder
from .spawn import Ledger
from .thread import Workers, log

__all__ = ["Dispatcher"]

# How long a thread that waits for a result spins before it sleeps: about what waking it costs.
_SPIN_NS = 50_000

# How long a worker runs Python tasks, at least, before it checks for native work: long compared with leaving
# and coming back, which takes 10 us.
_TURN_S = 0.005

# Enough that two threads seldom need the same one.
_FUTURE_LOCKS = 16

# For names; under a lock, as without the GIL two threads may be given one number.
_numbers = itertools.count()

# After so many failures in a row that are no item's the pool is broken.
_MOST_FAILURES = 20


def _next_number() -> int:
    with _process.lock_of_process("names"):
        return next(_numbers)


def _turn() -> float:
    """Seconds until a worker's next check, which lets go of the GIL for a moment, too short to be taken.

    A thread that waits for the GIL asks for it after one switch interval, counted anew from each such moment.
    """
    return max(_TURN_S, 4 * sys.getswitchinterval())


class Dispatcher(Backlog):
    """The state of a pool; outlives the Pool while tasks wait or futures are held."""

    def __init__(
        self,
        threads: int,
        prefix: str = "",
        initializer: Callable[[], object] | None = None,
        max_queue: int | None = None,
        when_full: WhenFull = "block",
        pin: bool = False,
    ) -> None:
        # Set once.
        self.prefix = prefix or f"threadmill-{_next_number()}"
        handle = pools.new_pool(threads, self.prefix, pin)
        workers = Workers(handle, threads, self.prefix, initializer)
        super().__init__(handle, workers, threads, max_queue, when_full)
        # Runs a call in its context: run(context, fn, *args). Set, as `recorder`, by a trace.
        self.run = workers.run
        self.recorder: Recorder | None = None
        self.future_locks = tuple(RLock() for _ in range(_FUTURE_LOCKS))  # see Future
        # Each thread touches what is its own there.
        self._lineage = Lineage()
        self._late = Late()
        # What spawned native tasks point to. Any thread appends; a join takes the whole list.
        self.native_references: list[Any] = []
        # How many forks this process has come out of as the child. Written while the child has one thread.
        self.forks = 0
        self._open_ledger()
        _process.register(self)

    def _open_ledger(self) -> None:
        self.ledger = Ledger(self.lock)
        weakref.finalize(self, self.ledger.report)

    # ---- a trace ----

    def record(self, recorder: Recorder | None) -> None:
        """Has Python tasks and calls recorded; None: no more."""
        self.recorder = recorder
        self.run = self.workers.run if recorder is None else recorder.run

    def call(self, called: Any, fn: Callable[..., Any], *args: Any) -> Any:
        """fn(*args); in a trace it is a call of `called`."""
        recorder = self.recorder
        return fn(*args) if recorder is None else recorder.call(called, fn, *args)

    # ---- running tasks ----

    def work_off(self, token: object) -> None:
        """A worker's stay in Python: runs items until none waits.

        A worker that finds native work waiting sends a token in its place and leaves, so that neither kind of
        work starves.
        """
        me, forks = threading.get_ident(), self.forks
        failures = 0  # in a row
        while True:
            try:
                self._arrive(token, me)
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
                if self._leave(me):
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

    # ---- waiting for them ----

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
        for item in self._snapshot() if cancel else ():
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
            raise DeadlockError(
                "shutdown(wait=True) from a task of the pool would wait for that task itself: use wait=False"
            )
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
        self.record(None)
        self._clear()
        self._open_ledger()
        self.closed = closed
        for item in lost:
            item.lose()
