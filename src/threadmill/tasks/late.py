"""Ends of items that could not be told at once: memory or stack was short, or a callback raised."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

__all__ = ["Late", "Unfinished", "insist"]

# A failure to tell of an end is as a rule a lack of memory: worth trying again for ten seconds.
_ATTEMPTS, _PAUSE_S = 1000, 0.01


class Unfinished(Protocol):
    """An item that has ended and has not told everybody."""

    def finish(self) -> None:
        """Tells those who have not been told; may be called again if it raises."""


class Late:
    """The unfinished items of a pool. Each thread adds and takes; the deque's steps are atomic."""

    def __init__(self) -> None:
        self._items: deque[Unfinished] = deque()

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Unfinished) -> None:
        """Has the item's `finish` called again, by a thread that has more stack or memory."""
        self._items.append(item)

    def finish(self) -> None:
        while self._items:
            with contextlib.suppress(IndexError):  # another thread was quicker
                item = self._items.popleft()
                try:
                    item.finish()
                except BaseException:
                    self._items.append(item)
                    raise


def insist(step: Callable[[], object]) -> None:
    """Calls `step` until it does not raise."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(BaseException):
            step()
            return
        with contextlib.suppress(BaseException):
            time.sleep(_PAUSE_S)
