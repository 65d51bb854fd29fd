"""Python tasks without a future, which `Pool.spawn` queues, and the ledger that `Pool.join` looks at."""

import os
import time
from typing import TYPE_CHECKING

from .._locks import Condition, RLock
from ..errors import is_ctrl_c
from .item import Call

if TYPE_CHECKING:
    from .dispatcher import Tasks

__all__ = ["Failures", "Ledger", "Spawned", "seconds_left"]

# How many failures are kept: a traceback holds all that the call's frames hold. The others are counted.
_MOST_FAILURES = 16


class Failures:
    """What spawned tasks raised since the last join: the first of them, and the number of all."""

    def __init__(self) -> None:
        self.first: list[BaseException] = []
        self.count = 0

    def add(self, failure: BaseException) -> None:
        if len(self.first) < _MOST_FAILURES:
            self.first.append(failure)
        self.count += 1

    def take(self) -> list[BaseException]:
        """The first of them, which from then on are the caller's alone."""
        first, self.first = self.first, []
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

    def wait(self, timeout: float | None, deadline: float | None) -> None:
        """Waits until nothing is under way; TimeoutError at the deadline, which was `timeout` away."""
        with self.lock:
            while left_over := self._open():
                left = seconds_left(deadline)
                if left == 0.0:
                    raise TimeoutError(f"join: {left_over} tasks were left after {timeout} s")
                self._quiet.wait(left)

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
        count, first = self._failures.count, self._failures.take()[0]
        if not isinstance(first, SystemExit):  # which ends a thread, and here a task, without a word
            told = f"{count} spawned tasks have failed, the first as told above, and no join() came"
            raise RuntimeError(told) from first


class Spawned:
    """An item of the deque."""

    __slots__ = ("_call", "_has_ended", "_tasks", "failure", "ledger")

    def __init__(self, tasks: "Tasks", call: Call) -> None:
        self._tasks = tasks
        self._call: Call | None = call
        self._has_ended = False
        self.failure: BaseException | None = None  # not yet in the ledger
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
        self.failure, self._has_ended = failure, True
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
        if not self._has_ended:
            self.failure, self._has_ended = error, True
        self._strike()

    def lose(self) -> None:
        """Nobody counts on it in the child."""


def seconds_left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
