"""Python tasks without a future, which `Pool.spawn` queues, and the ledger that `Pool.join` looks at."""

import threading
import time

from ..errors import is_ctrl_c
from .item import Call

__all__ = ["Ledger", "Spawned", "seconds_left"]


class Ledger:
    """How many spawned tasks are under way, and what has failed. A forked child opens one of its own."""

    def __init__(self, lock: "threading.RLock") -> None:
        self._entering = lock  # guards _entered
        self._lock = threading.RLock()  # guards the rest: see Future why it is not the same lock
        self._quiet = threading.Condition(self._lock)  # _open() == 0
        self._entered = 0
        self._struck = 0
        self._failures: list[BaseException] = []

    def _open(self) -> int:
        return self._entered - self._struck

    def enter(self, item: "Spawned") -> None:
        with self._entering:
            self._entered += 1
            item.ledger = self

    def strike(self, item: "Spawned", failure: BaseException | None) -> None:
        """The item has ended; it counts once."""
        with self._lock:
            if item.ledger is None:
                return
            item.ledger = None
            self._struck += 1
            if failure is not None:
                self._failures.append(failure)
            if self._open() == 0:
                self._quiet.notify_all()

    def wait(self, timeout: float | None, deadline: float | None) -> None:
        """Waits until nothing is under way; TimeoutError at the deadline, which was `timeout` away."""
        with self._lock:
            while left_over := self._open():
                left = seconds_left(deadline)
                if left == 0.0:
                    raise TimeoutError(f"join: {left_over} tasks were left after {timeout} s")
                self._quiet.wait(left)

    def take_failures(self) -> list[BaseException] | None:
        """What failed since the last time; None if something is under way again."""
        with self._lock:
            if self._open():
                return None
            failures, self._failures = self._failures, []
            return failures


class Spawned:
    """An item of the deque."""

    __slots__ = ("_call", "ledger")

    def __init__(self, call: Call) -> None:
        self._call = call
        self.ledger: Ledger | None = None  # that it is in

    def __call__(self) -> None:
        context, fn, args = self._call
        try:
            context.run(fn, *args)
        except BaseException as error:
            self.end(error)
            if is_ctrl_c(error):
                raise
        else:
            self.end(None)

    def done(self) -> bool:
        return False

    def end(self, failure: BaseException | None) -> None:
        if (ledger := self.ledger) is not None:
            ledger.strike(self, failure)

    def cancel(self) -> None:
        self.end(None)

    def fail(self, error: BaseException) -> None:
        self.end(error)

    def lose(self) -> None:
        """Nobody counts on it in the child."""


def seconds_left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
