"""The private attributes of ThreadPoolExecutor that other programs read, for a pool that is one by name."""

import threading
from collections.abc import Callable, Set
from concurrent.futures.thread import ThreadPoolExecutor
from typing import Any

from .dispatcher import Dispatcher

__all__ = ["StandardFace"]


class StandardFace(ThreadPoolExecutor):
    """A ThreadPoolExecutor to `isinstance`, with nothing of its machinery.

    asyncio's `set_default_executor` takes no other class; monitoring programs count `_threads` and ask
    `_work_queue` for its length.
    """

    _tasks: Dispatcher
    _max_workers: int
    _thread_name_prefix: str
    _initializer: Callable[..., object] | None  # type: ignore[assignment]
    _initargs: tuple[Any, ...]

    @property
    def _threads(self) -> Set[threading.Thread]:  # type: ignore[override]
        """The workers that have run a Python task."""
        return set(self._tasks.workers.threads.values())

    @property
    def _work_queue(self) -> "_WorkQueue":  # type: ignore[override]
        return _WorkQueue(self._tasks)

    @property
    def _shutdown(self) -> bool:  # type: ignore[override]
        return self._tasks.closed

    @property
    def _broken(self) -> str | bool:  # type: ignore[override]
        return self._tasks.broken() or False


class _WorkQueue:
    """How many tasks wait."""

    def __init__(self, tasks: Dispatcher) -> None:
        self._tasks = tasks

    def qsize(self) -> int:
        return self._tasks.waiting()

    def empty(self) -> bool:
        return self.qsize() == 0
