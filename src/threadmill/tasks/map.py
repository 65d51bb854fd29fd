"""pool.map: ordered results of many calls, in batches that grow while the calls are quick.

Workers claim runs of the inputs and work each off in C (`list.extend(map(...))`), a batch at a time; a batch
takes about a millisecond. Its list of results is on view from the start, so that the consumer can have the
first results of a batch that turns out slow.
"""

import functools
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, TimeoutError
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ..errors import is_ctrl_c, lost

if TYPE_CHECKING:
    from .dispatcher import Tasks

__all__ = ["Map", "in_order", "map_buffered"]

# The time that a batch should take: long beside what claiming one costs (2 us), short for a person.
_BATCH_S = 0.001

# The last batches may take this part of the time, still long beside claiming one.
_LAST_BATCH = 16

# How long a consumer waits for a whole batch before it takes what there is of it.
_PATIENCE_S = 0.002


class _Raised:
    """Stands where a call raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Batch:
    def __init__(self, start: int, stop: int) -> None:
        self.size = stop - start
        self.start = start
        self.stop = stop
        self.results: list[Any] = []
        self.failed = False
        self.ended = False  # the worker looks at `results` no more

    def take(self, at: int) -> list[Any]:
        """The results from input `at` on, as many as there are; the batch lets go of them."""
        begin = at - self.start
        if self.ended and begin == 0:
            return self.results
        ready = self.results[begin:]
        self.results[begin : begin + len(ready)] = [None] * len(ready)
        return ready


class Map:
    """One map call; as an item of the deque it is put there once for each worker that may take part."""

    def __init__(
        self,
        tasks: "Tasks",
        mapped: Callable[[Sequence[Any]], Iterator[Any]],
        inputs: Sequence[Any],
        chunksize: int | None,
    ) -> None:
        self._tasks = tasks
        self._mapped = mapped
        self._inputs = inputs
        self._chunksize = chunksize
        self._size = chunksize or 1  # of the next batch
        self._next = 0  # the first input that nobody has claimed
        self._batches: dict[int, _Batch] = {}  # claimed and not yet consumed, by start
        # A batch is claimed or ended; its lock guards all above.
        self._changed = threading.Condition(tasks.lock)
        self._abandoned = False  # set without the lock: the collector may end the consumer anywhere
        self._error: BaseException | None = None  # what the consumer meets where nobody has claimed
        self._lost: BaseException | None = None  # the same for what was claimed, in a forked child
        self._forks = tasks.forks
        self._context = copy_context()

    # ---- the workers' side ----

    def __call__(self) -> None:
        self._tasks.run(self._context.copy(), self._run_all)

    def _run_all(self) -> None:
        while self.run_batch():
            if self._tasks.native_work_waits() and self._tasks.put_back(self):
                return

    def run_batch(self) -> bool:
        """Works off a batch; False if there is none left."""
        batch = self._claim()
        if batch is None:
            return False
        begin = time.perf_counter()
        self._work_off(batch)
        took = time.perf_counter() - begin
        with self._tasks.lock:
            batch.ended = True
            if self._chunksize is None and took < _BATCH_S / 2:
                self._size = max(self._size, min(4 * batch.size, 1 << 20))
            elif self._chunksize is None:
                self._size = max(1, int(batch.size * _BATCH_S / took))
            self._changed.notify_all()
        return True

    def _claim(self) -> _Batch | None:
        with self._tasks.lock:
            left = len(self._inputs) - self._next
            if left <= 0 or self._abandoned:
                return None
            size = self._size
            if self._chunksize is None:
                # What is left is shared so that the last batches are small, but not tiny, and end together.
                # Nobody takes more than a fair share: the calls that are left may be slow.
                threads = self._tasks.threads
                least = min(size // _LAST_BATCH, -(-left // threads))
                size = min(size, max(-(-left // (2 * threads)), least))
            batch = _Batch(self._next, self._next + min(size, left))
            self._next = batch.stop
            self._batches[batch.start] = batch
            self._changed.notify_all()
            return batch

    def _work_off(self, batch: _Batch) -> None:
        results = batch.results
        while (done := len(results)) < batch.size:
            try:
                results.extend(self._mapped(self._inputs[batch.start + done : batch.stop]))
                if len(results) < batch.size:  # extend took a StopIteration for the end
                    raise StopIteration
            except BaseException as error:
                batch.failed = True
                results.append(_Raised(error))
                if is_ctrl_c(error):
                    raise

    def done(self) -> bool:
        return self._abandoned or self._next >= len(self._inputs)

    def cancel(self) -> None:
        self.fail(CancelledError())

    def fail(self, error: BaseException) -> None:
        """Nobody claims what is left; the consumer meets `error` when it comes there."""
        with self._tasks.lock:
            if self._next < len(self._inputs):
                self._next = len(self._inputs)
                self._error = error
            self._changed.notify_all()

    def lose(self) -> None:
        self._forks = self._tasks.forks
        self._changed = threading.Condition(self._tasks.lock)
        self._batches.clear()
        self._next = 0
        self._lost = lost()
        self.fail(self._lost)

    # ---- the consumer's side ----

    def results(self, timeout: float | None) -> Generator[list[Any], None, None]:
        """The results in order, as lists; raises where a call raised. Ending it cancels what is left."""
        return self._results(None if timeout is None else time.monotonic() + timeout)

    def _results(self, deadline: float | None) -> Generator[list[Any], None, None]:
        at = 0
        try:
            while at < len(self._inputs):
                batch = self._wait_for_batch(at, deadline)
                while at < batch.stop:
                    self._wait_for_result(batch, at, deadline)
                    ready = batch.take(at)
                    at += len(ready)
                    if batch.failed:
                        yield from _up_to_failure(ready)
                    else:
                        yield ready
        finally:
            self._abandoned = True

    def _wait_for_batch(self, at: int, deadline: float | None) -> _Batch:
        """Takes the batch that begins with input `at`, as soon as somebody has claimed it."""
        if self._tasks.is_worker():
            while self._next <= at and self.run_batch():  # a worker would else wait for itself
                pass
        with self._tasks.lock:
            while at not in self._batches:
                if self._tasks.has_lost(self, self._forks):
                    self.lose()  # as after a fork between the queue and the worker
                if self._error is not None:
                    raise self._error
                self._changed.wait(_left(deadline))
            return self._batches.pop(at)

    def _wait_for_result(self, batch: _Batch, at: int, deadline: float | None) -> None:
        """Waits for the whole batch, or after a while for the result of input `at`."""
        with self._tasks.lock:
            if len(batch.results) < batch.size:
                self._changed.wait(min(_PATIENCE_S, _left(deadline) or _PATIENCE_S))
            while len(batch.results) <= at - batch.start:
                if self._lost is not None:
                    raise self._lost
                _left(deadline)
                self._changed.wait(_PATIENCE_S)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _up_to_failure(ready: list[Any]) -> Iterator[list[Any]]:
    """The results before the first failure, which is then raised."""
    failure = next((i for i, result in enumerate(ready) if type(result) is _Raised), len(ready))
    if failure > 0:
        yield ready[:failure]
    if failure < len(ready):
        raise ready[failure].error


class _Results(itertools.chain[Any]):
    """An iterator at the speed of C, with the `close` that a generator has."""

    _lists: Generator[list[Any], None, None]

    def close(self) -> None:
        self._lists.close()
        deque(self, maxlen=0)  # what it holds of the last list


def in_order(lists: Generator[list[Any], None, None]) -> Iterator[Any]:
    """The lists' items, one by one, each let go of as it is given."""
    results: _Results = _Results.from_iterable(map(_pops, lists))  # type: ignore[assignment]
    results._lists = lists
    return results


def _pops(items: list[Any]) -> Iterator[Any]:
    items.reverse()
    return itertools.starmap(items.pop, itertools.repeat((), len(items)))


def map_buffered(
    submit: Callable[..., Future[Any]],
    fn: Callable[..., Any],
    iterables: tuple[Iterable[Any], ...],
    timeout: float | None,
    buffersize: int,
) -> Iterator[Any]:
    """Results in order with at most `buffersize` calls ahead; the inputs are read as results are taken."""
    deadline = None if timeout is None else time.monotonic() + timeout
    inputs = zip(*iterables, strict=False)
    submit = functools.partial(copy_context().run, submit)  # each call in the caller's context as it is now
    futures = deque(submit(fn, *args) for args in itertools.islice(inputs, buffersize))

    def results() -> Iterator[Any]:
        try:
            while futures:
                result = [futures[0].result(_left(deadline))]
                futures.popleft()
                futures.extend(submit(fn, *args) for args in itertools.islice(inputs, 1))
                yield result.pop()  # and nothing here holds it
        finally:
            for future in futures:
                future.cancel()

    return results()
