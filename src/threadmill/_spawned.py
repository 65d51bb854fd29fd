"""A Python task without a future: what `Pool.spawn` queues, counted by `Tasks` until it has ended."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._tasks import Tasks

__all__ = ["Spawned"]


class Spawned:
    """An item without a future."""

    __slots__ = ("_call", "_tasks", "forks")

    def __init__(self, tasks: "Tasks", call: Callable[[], object]) -> None:
        self._tasks = tasks
        self._call = call
        self.forks = -1  # guarded by the lock; the process that counts it, as _tasks._forks

    def __call__(self) -> None:
        try:
            self._call()
        except BaseException as error:
            self.end(error)
        else:
            self.end(None)

    def done(self) -> bool:
        return False

    def end(self, failure: BaseException | None) -> None:
        self._tasks.end_spawned(self, failure)

    def cancel(self) -> None:
        self.end(None)

    def fail(self, error: BaseException) -> None:
        self.end(error)

    def lose(self, error: BaseException) -> None:
        """Nobody counts on it in the child."""
