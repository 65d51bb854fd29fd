"""How the workers of a stage share its items and keep the order of the results."""

from collections.abc import Callable
from typing import Any

from .._locks import Condition, Lock
from ..errors import ShutDown

__all__ = ["Turnstile"]


class Turnstile:
    """Numbers the items that a stage's workers take, and lets the results out in that order.

    A result that is ready before its turn is left here, and whoever lets out the one before it lets it out
    too. A worker waits only when two items for each worker have been taken and not let out.
    """

    def __init__(self, workers: int, ordered: bool) -> None:
        # Set once.
        self._ordered = ordered and workers > 1
        self._window = 2 * workers  # with one each they wait for one another all the time
        # Held while an item is numbered and taken, so that the numbers are the items' order.
        self.entry = Lock()
        # Guards all below; before it comes `entry`. Taken by itself, as only so Ctrl-C can't keep it.
        self._lock = Lock()
        self._moved = Condition(self._lock)  # room in the window or _stopped
        self._waits = False  # somebody, with `entry` held
        self._tickets = 0  # given out
        self._turn = 0  # the ticket whose result is next
        self._ready: dict[int, Any] = {}  # results by ticket
        self._gives = False  # somebody, who looks here again before he stops
        self._workers = workers  # that have not left
        self._stopped = False

    def ticket(self) -> int:
        """The number of the item that is taken next, with `entry` held; waits until the item may be taken."""
        if not self._ordered:
            return 0
        with self._lock:
            while self._tickets >= self._turn + self._window and not self._stopped:
                self._waits = True
                self._moved.wait()
            self._waits = False
            if self._stopped:
                raise ShutDown
            self._tickets += 1
            return self._tickets - 1

    def give(self, ticket: int, result: Any, give: Callable[[Any], None]) -> None:
        """Has give(result) called in its turn, by this thread or by another."""
        if not self._ordered:
            give(result)
            return
        with self._lock:
            if self._stopped:
                raise ShutDown
            if self._gives or ticket != self._turn:
                self._ready[ticket] = result
                return
            self._gives = True
        while True:
            give(result)
            del result
            with self._lock:
                self._turn += 1
                if self._waits:
                    self._moved.notify()
                if self._turn not in self._ready:
                    self._gives = False
                    return
                result = self._ready.pop(self._turn)

    def stop(self) -> None:
        """Has whoever waits or comes for a ticket get ShutDown, and lets go of the results."""
        with self._lock:
            self._stopped = True
            self._ready.clear()
            self._moved.notify_all()

    def leave(self) -> bool:
        """Whether the calling worker was the last."""
        with self._lock:
            self._workers -= 1
            return self._workers == 0
