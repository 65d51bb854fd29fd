"""Pool.map: ordered results of many calls, in batches that grow while the calls are quick.

The caller reads the inputs, and workers claim runs of them meanwhile and work each off in C
(`list.extend(map(...))`), a batch at a time; a batch takes about a millisecond. A worker that finds no input
left goes; the caller sends for one again when it has read another input. A batch's list of results is on view
from the start, so that the consumer can have the first results of a batch that turns out slow.
"""

import functools
import itertools
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, TimeoutError
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._deadline import Deadline, deadline_or_now
from .._locks import Condition
from .batch import Batch, Raised, up_to_failure
from .item import is_ctrl_c, lost
from .late import insist
from .progress import Progress, shown
from .results import Results

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

__all__ = ["map_in_batches"]

T = TypeVar("T")

# The time that a batch should take: long beside what claiming one costs (2 us), short for a person.
_BATCH_S = 0.001

# The last batches may take this part of the time, still long beside claiming one.
_LAST_BATCH = 16

# How long a consumer waits for a whole batch before it takes what there is of it.
_PATIENCE_S = 0.002

# Reading an iterable of these types neither waits for anything nor runs anybody's code.
_IN_MEMORY = {list, tuple, range, str, bytes, dict, set, frozenset, deque}
_IN_MEMORY |= {type({}.keys()), type({}.values()), type({}.items())}
_UNCHANGING = (range, tuple)


def map_in_batches(
    tasks: "Dispatcher",
    fn: Callable[..., T],
    iterables: tuple[Iterable[Any], ...],
    timeout: float | None,
    chunksize: int | None,
    progress: Progress,
) -> Results[T]:
    """The calls in batches, of chunksize calls or of as many as suit their time."""
    deadline = deadline_or_now(timeout)
    inputs: Any = iterables[0] if len(iterables) == 1 else zip(*iterables, strict=False)
    each: Any = map if len(iterables) == 1 else itertools.starmap
    work: Map[T] = Map(tasks, functools.partial(each, fn), chunksize)
    work.called = fn
    if not all(type(iterable) in _IN_MEMORY for iterable in iterables):
        work.begin_while_reading(inputs)
    else:
        work.begin(inputs if type(inputs) in _UNCHANGING else list(inputs))
    lists = work.results(deadline)
    results = Results.of(map(_pops, lists), work, lists)
    return shown(results, progress, work.size)


def _pops(items: list[T]) -> Iterator[T]:
    """The items, each let go of as it is given."""
    items.reverse()
    return itertools.starmap(items.pop, itertools.repeat((), len(items)))


class Map(Generic[T]):
    """One map call; as an item of the deque it is put there once for each worker that may take part."""

    def __init__(
        self,
        tasks: "Dispatcher",
        mapped: Callable[[Sequence[Any]], Iterator[T]],
        chunksize: int | None,
    ) -> None:
        self._tasks = tasks
        self._mapped = mapped
        self._inputs: Sequence[Any] = ()  # appended to without the lock while they are read
        self._all_read = False
        self._chunksize = chunksize
        self._size = chunksize or 1  # of the next batch
        self._next = 0  # the first input that nobody has claimed
        self._hands = 0  # places in the deque and workers at work, together
        self._batches: dict[int, Batch] = {}  # claimed and not yet consumed, by start
        # A batch is claimed or ended; its lock guards all above.
        self._changed = Condition(tasks.lock)
        self._abandoned = False  # set without the lock: the collector may end the consumer anywhere
        self._error: BaseException | None = None  # what the consumer meets where nobody has claimed
        self._lost: BaseException | None = None  # the same for what was claimed, in a forked child
        self._forks = tasks.forks
        self._context = copy_context()
        self.called: Callable[..., T] | None = None  # the user's function: a trace tells its name
        self.unbegun: weakref.ref[Results[Any]] | None = None
        self.size: int | None = None

    # ---- the reader's side ----

    def begin(self, inputs: Sequence[Any]) -> None:
        self._inputs = inputs
        self._all_read = True
        self.size = len(inputs)
        for _ in range(min(len(inputs), self._tasks.threads)):
            self._send_for_worker()

    def begin_while_reading(self, inputs: Iterable[Any]) -> None:
        """What was read before an input raised is worked off, as it is by Executor.map."""
        read: list[Any] = []
        self._inputs = read
        append, tasks, threads = read.append, self._tasks, self._tasks.threads
        try:
            for item in inputs:
                append(item)
                if self._hands < threads or tasks.closed:
                    self._send_for_worker()
        finally:
            self._all_read = True
        self.size = len(read)

    def _send_for_worker(self) -> None:
        """Has one more worker come, if anything is left to claim. The first must come, others may."""
        try:
            with self._tasks.lock:
                if self._left() <= 0 and not self._tasks.closed:
                    return
                first = self._hands <= 0
                self._hands += 1
            if first:
                self._tasks.put(self)
            elif not self._tasks.offer(self):
                with self._tasks.lock:
                    self._hands -= 1
        except BaseException:
            self.give_up()
            raise

    # ---- the workers' side ----

    def __call__(self) -> None:
        self._tasks.run(self._context.copy(), self._run_all)

    def _run_all(self) -> None:
        while self.run_batch() or not self._leave():
            if self._tasks.native_work_waits() and self._tasks.put_back(self):
                return

    def _leave(self) -> bool:
        """Whether the worker may go. The reader takes no lock: it appends and looks at the hands then, so
        here the hand is withdrawn, and looked for inputs then."""
        with self._tasks.lock:
            self._hands -= 1
            if self._left() <= 0:
                return True
            self._hands += 1
            return False

    def run_batch(self) -> bool:
        """Works off a batch; False if there is none left."""
        batch = self._claim()
        if batch is None:
            return False
        try:
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
        except BaseException as error:
            insist(functools.partial(batch.break_off, error))
            raise
        finally:
            del batch  # a traceback in its results holds this frame: no cycle
        return True

    def _left(self) -> int:
        """How many inputs there are to claim."""
        if self._abandoned or self._error is not None:
            return 0
        return len(self._inputs) - self._next

    def _claim(self) -> Batch | None:
        with self._tasks.lock:
            inputs, left = self._inputs, self._left()
            if left <= 0:
                return None
            size = self._size
            if self._chunksize is None:
                # What is left is shared so that the last batches are small, but not tiny, and end together.
                # Nobody takes more than a fair share: the calls that are left may be slow.
                threads = self._tasks.threads
                least = min(size // _LAST_BATCH, -(-left // threads))
                size = min(size, max(-(-left // (2 * threads)), least))
            batch = Batch(inputs, self._next, self._next + min(size, left))
            self._changed.notify_all()  # who see the batch when this thread gives up the lock
            self._batches[batch.start] = batch
            self._next = batch.stop
            return batch

    def _work_off(self, batch: Batch) -> None:
        results = batch.results
        try:
            while (done := len(results)) < batch.size:
                try:
                    results.extend(self._mapped(batch.inputs_from(done)))
                    if len(results) < batch.size:  # extend took a StopIteration for the end
                        raise StopIteration
                except BaseException as error:
                    batch.failed = True
                    results.append(Raised(error))
                    if is_ctrl_c(error):
                        raise
        finally:
            del batch, results  # a traceback in the results holds this frame: no cycle

    def done(self) -> bool:
        return self._all_read and self._left() <= 0

    def cancel(self) -> None:
        self.fail(CancelledError())

    def fail(self, error: BaseException) -> None:
        """Nobody claims what is left; the consumer meets `error` when it comes there."""
        with self._tasks.lock:
            self._hands -= 1
            if not self.done():
                self._error = error
            self._changed.notify_all()

    def rescue(self, error: BaseException) -> None:
        self.fail(error)

    def lose(self) -> None:
        self._forks = self._tasks.forks
        self._changed = Condition(self._tasks.lock)
        self._batches.clear()
        self._hands = self._next = 0
        self._error = self._lost = lost()

    # ---- the consumer's side ----

    def results(self, deadline: Deadline) -> Generator[list[T], None, None]:
        """The results in order, as lists; raises where a call raised."""
        self.unbegun = None
        at, size = 0, len(self._inputs)
        try:
            while at < size:
                batch = self._wait_for_batch(at, deadline)
                while at < batch.stop:
                    self._wait_for_result(batch, at, deadline)
                    ready = batch.take(at)
                    at += len(ready)
                    if batch.failed:
                        yield from up_to_failure(ready)
                    else:
                        yield ready
        finally:
            batch = ready = None  # type: ignore[assignment]  # an error's traceback holds this frame
            self.give_up()

    def give_up(self) -> None:
        self._abandoned = True
        self._inputs = ()
        self._batches.clear()
        self._error = self._lost = None

    def _wait_for_batch(self, at: int, deadline: Deadline) -> Batch:
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
                self._changed.wait(deadline.left_or_raise(TimeoutError))
            return self._batches.pop(at)

    def _wait_for_result(self, batch: Batch, at: int, deadline: Deadline) -> None:
        """Waits for the whole batch a while, and then for the result of input `at`."""
        with self._tasks.lock:
            if len(batch.results) < batch.size and not deadline.expired():
                self._changed.wait(min(_PATIENCE_S, deadline.left() or _PATIENCE_S))
            while len(batch.results) <= at - batch.start:
                if self._lost is not None:
                    raise self._lost
                deadline.left_or_raise(TimeoutError)
                self._changed.wait(_PATIENCE_S)
