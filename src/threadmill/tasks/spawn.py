"""Python tasks without a future, which `Pool.spawn` queues, and the ledger that `Pool.join` looks at."""

import os
import sys
from typing import TYPE_CHECKING

from .._deadline import Deadline, deadline_or_now
from .._locks import Condition, RLock
from .._native import pools
from ..errors import DeadlockError
from .item import Call, is_ctrl_c

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

__all__ = ["Ledger", "join", "spawn"]

# How many failures are kept: a traceback holds all that the call's frames hold. The others are counted.
_MOST_FAILURES = 16

# Stands for the outcome of a task that has none yet.
_UNKNOWN = RuntimeError()


class Failures:
    """What spawned tasks raised since the last join: the first of them, and the number of all."""

    def __init__(self) -> None:
        self.first: list[BaseException] = []
        self.count = 0

    def add(self, failure: BaseException) -> None:
        if len(self.first) < _MOST_FAILURES:
            self.first.append(failure)
        self.count += 1

    def raise_all(self) -> None:
        """Raises the failure, if there is one; several as a group, on Python 3.10 the first with notes.

        Keeps none: a traceback holds the frames that it was raised through, and so what they hold.
        """
        if self.count > 1:
            self.first = [self._together()]
        if self.first:
            raise self.first.pop()

    def _together(self) -> BaseException:
        if sys.version_info >= (3, 11):
            kept = f"; the first {len(self.first)}" if len(self.first) < self.count else ""
            return BaseExceptionGroup(f"{self.count} spawned tasks failed{kept}", self.first)
        else:  # noqa: RET505  # for mypy, which reads one version at a time
            first, *others = self.first
            first.__notes__ = [f"then failed: {other!r}" for other in others]
            return first


class Ledger:
    """How many spawned tasks are under way, and what has failed. A forked child opens one of its own."""

    def __init__(self, lock: "RLock") -> None:
        self._entering = lock  # guards _entered
        self.lock = RLock()  # guards the rest: see Future why it is not the same lock
        self._quiet = Condition(self.lock)  # _open() == 0
        self._entered = 0
        self._struck = 0
        self._failures = Failures()
        self._process = os.getpid()

    def _open(self) -> int:
        return self._entered - self._struck

    def enter(self, item: "Spawned") -> None:
        with self._entering:
            self._entered += 1
            item.ledger = self

    def strike(self, item: "Spawned") -> None:
        """The item has ended; it counts once. A call that fails on the way can be repeated."""
        with self.lock:
            if item.ledger is None:
                return
            if item.failure is not None:
                self._failures.add(item.failure)
                item.failure = None
            if self._open() == 1:
                self._quiet.notify_all()  # who get the lock when this is done
            item.ledger = None
            self._struck += 1

    def wait(self, deadline: Deadline) -> None:
        """Waits until nothing is under way; TimeoutError at the deadline."""
        with self.lock:
            while left_over := self._open():
                if deadline.expired():
                    raise TimeoutError(
                        f"join: {left_over} tasks were left after {deadline.seconds} s: call it again"
                    )
                self._quiet.wait(deadline.left())

    def take_failures(self) -> Failures | None:
        """What failed since the last time; None if something is under way again."""
        with self.lock:
            if self._open():
                return None
            failures, self._failures = self._failures, Failures()
            return failures

    def report(self) -> None:
        """Raises what no join has told of, for Python to print: at the end of the pool or of the program."""
        if self._process != os.getpid() or not self._failures.count:
            return
        count, first = self._failures.count, self._failures.first.pop(0)
        if not isinstance(first, SystemExit):  # which ends a thread, and here a task, without a word
            told = f"{count} spawned tasks have failed, the first as told above, and no join() came"
            raise RuntimeError(told) from first


class Spawned:
    """An item of the deque."""

    __slots__ = ("_call", "_tasks", "failure", "ledger")

    def __init__(self, tasks: "Dispatcher", call: Call) -> None:
        self._tasks = tasks
        self._call: Call | None = call
        self.failure: BaseException | None = _UNKNOWN  # that is not in the ledger yet
        self.ledger: Ledger | None = None  # that it is in

    def __call__(self) -> None:
        if (call := self._claim()) is None:
            return
        context, fn, args = call
        try:
            self._tasks.run(context, fn, *args)
        except BaseException as error:
            self._end(error)
            if is_ctrl_c(error):
                raise
        else:
            self._end(None)

    def _claim(self) -> Call | None:
        """The call, for the one who is to run it or to end the item; None for all others."""
        if (ledger := self.ledger) is None:
            return None
        with ledger.lock:
            call, self._call = self._call, None
            return call

    def done(self) -> bool:
        return self._call is None

    def _end(self, failure: BaseException | None) -> None:
        self.failure = failure
        self._strike()

    def _strike(self) -> None:
        if (ledger := self.ledger) is not None:
            ledger.strike(self)

    def cancel(self) -> None:
        """Ends the item without a failure, if nobody has begun it."""
        if self._claim() is not None:
            self._end(None)

    def fail(self, error: BaseException) -> None:
        if self._claim() is not None:
            self._end(error)

    def rescue(self, error: BaseException) -> None:
        if self.failure is _UNKNOWN:
            self.failure = error
        self._strike()

    def lose(self) -> None:
        """Nobody counts on it in the child."""


def spawn(dispatcher: "Dispatcher", call: Call) -> None:
    """Queues a call without a future; `join` waits for it and reports its failure."""
    item = Spawned(dispatcher, call)
    try:
        dispatcher.ledger.enter(item)
        dispatcher.put(item)
    except BaseException:
        item.cancel()
        raise


def join(dispatcher: "Dispatcher", timeout: float | None) -> Failures:
    """Waits until no spawned task is left; returns what failed since the last join."""
    if dispatcher.is_worker():
        raise DeadlockError(
            "join() from a task of the pool would wait for that task itself: call it outside the pool"
        )
    deadline = deadline_or_now(timeout)
    while True:
        dispatcher.ledger.wait(deadline)
        pools.join_pool(
            dispatcher.handle, deadline.left()
        )  # native tasks may spawn Python ones, and these others
        failures = dispatcher.ledger.take_failures()
        if failures is not None:
            return failures
