"""The one way to say until when a call waits."""

import math
import time

__all__ = ["Deadline", "deadline_or_now"]


class Deadline:
    """A moment `timeout` seconds from now; None for no such moment.

    Raises
    ------
    ValueError
        `timeout` is negative, or NaN, with which a wait would not end.
    """

    __slots__ = ("_end", "timeout")

    def __init__(self, timeout: float | None) -> None:
        if timeout is not None and not timeout >= 0:
            raise ValueError("'timeout' must be a non-negative number")
        self.timeout = timeout
        self._end = math.inf if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """The seconds left, 0.0 once the moment is past; None for ever."""
        if self.timeout is None:
            return None
        return max(0.0, self._end - time.monotonic())

    def expired(self) -> bool:
        return time.monotonic() >= self._end


def deadline_or_now(timeout: float | None) -> Deadline:
    """A deadline for what waits as the standard library's futures and threads do: a negative timeout is 0."""
    return Deadline(None if timeout is None else max(timeout, 0))
