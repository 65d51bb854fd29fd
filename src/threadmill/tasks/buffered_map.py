"""pool.map with a future for each call: where only so many may be ahead, or where `submit` is overridden."""

import functools
import itertools
import sys
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from .._deadline import Deadline, deadline_or_now
from .progress import Progress, shown
from .results import Results

__all__ = ["map_buffered"]

T = TypeVar("T")


def map_buffered(
    submit: Callable[..., Future[T]],
    fn: Callable[..., T],
    iterables: tuple[Iterable[Any], ...],
    timeout: float | None,
    buffersize: int | None,
    progress: Progress,
) -> Results[T]:
    """Each call as a future, at most `buffersize` of them ahead."""
    deadline = deadline_or_now(timeout)
    work = BufferedMap(submit, fn, iterables, buffersize)
    results = work.results(deadline)
    return shown(Results.of((results,), work, results), progress, work.size)


class BufferedMap(Generic[T]):
    """At most `buffersize` calls are ahead of the results that were taken, or all; inputs are read as calls
    are submitted."""

    def __init__(
        self,
        submit: Callable[..., Future[T]],
        fn: Callable[..., T],
        iterables: tuple[Iterable[Any], ...],
        buffersize: int | None,
    ) -> None:
        # Each call is submitted in the caller's context as it is now.
        submit_call = functools.partial(copy_context().run, submit, fn)
        self._calls = itertools.starmap(submit_call, zip(*iterables, strict=False))
        self._futures: deque[Future[T]] = deque(itertools.islice(self._calls, buffersize))
        self.unbegun: weakref.ref[Results[T]] | None = None
        self.size = len(self._futures) if buffersize is None else None

    def results(self, deadline: Deadline) -> Generator[T, None, None]:
        self.unbegun = None
        is_finalizing = sys.is_finalizing  # when it is true, the pool has ended, and names may be gone
        try:
            while self._futures:
                result = [_result_or_cancel(self._futures.popleft(), deadline)]
                self._futures.extend(itertools.islice(self._calls, 1))
                yield result.pop()  # and nothing here holds it
        finally:
            if not is_finalizing():
                self.give_up()

    def give_up(self) -> None:
        for future in self._futures:
            future.cancel()
        self._futures.clear()


def _result_or_cancel(future: Future[T], deadline: Deadline) -> T:
    try:
        return future.result(deadline.left())
    except BaseException:
        future.cancel()
        raise
    finally:
        del future  # the error's traceback holds this frame: no cycle
