"""How long a call waits at most."""

import math
import time

__all__ = ["Deadline", "deadline_or_now", "seconds_to_wait"]


def seconds_to_wait(block: bool, timeout: float | None) -> float | None:
    """How long a call waits by its arguments, which are those of queue.Queue.get; None for any time."""
    if not block:
        return 0.0
    return timeout if timeout is None else _checked(timeout)


def _checked(seconds: float) -> float:
    if not seconds >= 0:  # nor NaN, with which a wait would not end
        raise ValueError("'timeout' must be a non-negative number")
    return seconds


class Deadline:
    """The end of a wait of so many seconds; None for one without an end.

    Raises
    ------
    ValueError
        `seconds` is negative or NaN.
    """

    __slots__ = ("_at", "seconds")

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._at = math.inf if seconds is None else time.monotonic() + _checked(seconds)

    def left(self) -> float | None:
        """How many seconds are left, 0.0 when none is; None for any number."""
        return None if self.seconds is None else max(0.0, self._at - time.monotonic())

    def left_or_raise(self, failure: type[Exception]) -> float | None:
        """As `left`, but raises `failure` when no time is left."""
        left = self.left()
        if left == 0.0:
            raise failure
        return left

    def expired(self) -> bool:
        return self.left() == 0.0


def deadline_or_now(timeout: float | None) -> Deadline:
    """A deadline for waits like those of the standard library's futures, where a negative timeout is 0."""
    return Deadline(None if timeout is None else max(timeout, 0))
