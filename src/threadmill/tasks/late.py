"""Ends of items that could not be told at once: memory or stack was short, or a callback raised."""

import contextlib
import threading
import time
from collections.abc import Callable

from .item import Item

__all__ = ["Late", "insist"]

# A failure to tell of an end is as a rule a lack of memory: worth trying again for ten seconds.
_ATTEMPTS, _PAUSE_S = 1000, 0.01


class Late:
    """Items that a worker ran because it waited for them, and whose end it then failed to tell.

    It did so with little stack left. The same worker tells of them when its own item is done, or when it asks
    again for one of them.
    """

    def __init__(self) -> None:
        self._items: dict[int, list[tuple[Item, BaseException]]] = {}  # by thread; each its own

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Item, error: BaseException) -> None:
        self._items.setdefault(threading.get_ident(), []).append((item, error))

    def finish(self) -> None:
        """Tells of the calling thread's; may be called again if it raises."""
        me = threading.get_ident()
        items = self._items.get(me)
        while items:
            item, error = items[-1]
            item.rescue(error)
            items.pop()
        self._items.pop(me, None)


def insist(step: Callable[[], object]) -> None:
    """Calls `step` until it does not raise."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(BaseException):
            step()
            return
        with contextlib.suppress(BaseException):
            time.sleep(_PAUSE_S)
