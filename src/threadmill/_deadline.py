"""How long a call waits at most."""

import time

__all__ = ["Deadline", "seconds_to_wait"]


def seconds_to_wait(block: bool, timeout: float | None) -> float | None:
    """How long a call waits by its arguments, which are those of queue.Queue.get; None for any time."""
    if not block:
        return 0.0
    if timeout is not None and not timeout >= 0:  # nor NaN, with which a wait would not end
        raise ValueError("'timeout' must be a non-negative number")
    return timeout


class Deadline:
    """The end of a wait of so many seconds; None for one without an end."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float | None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    def left(self, failure: type[Exception]) -> float | None:
        """How many seconds are left, None for any number; raises `failure` when none is."""
        if self._at is None:
            return None
        left = self._at - time.monotonic()
        if left <= 0:
            raise failure
        return left
