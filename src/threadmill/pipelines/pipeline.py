"""Pipeline: stages that work at the same time, with bounded queues between them."""

import _thread
import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from .. import _process
from .._arguments import integer
from .._locks import Lock
from ..tasks.pool import Pool
from .run import Run
from .stages import Stage, as_stages

__all__ = ["Pipeline"]


class Pipeline:
    """Stages that are connected by bounded queues. Each works on threads of its own.

    Parameters
    ----------
    stages : iterable of callable or Stage
        A callable stands for ``stage(callable)``: one thread.
    maxsize : int
        How many items each queue between two stages holds at most. It bounds the memory of a run, however
        slow a stage is: `maxsize` items for each queue, and two items or blocks for each thread.
    ordered : bool
        Whether results keep the order of the source. It matters for stages with several workers.

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of its range; two native stages do not fit.

    Notes
    -----
    The threads belong to the pipeline: one for the source, and one for each worker of each stage. They start
    with the first run, and end when the pipeline is closed, by `with` or `close`.

    A forked child does not have a run that is under way. It may start one of its own.

    Examples
    --------
    >>> import threadmill as tm
    >>> with tm.Pipeline([str.split, len]) as pipe:
    ...     for words in pipe.run(["a b", "c", "d e f"]):
    ...         print(words)
    2
    1
    3
    """

    def __init__(
        self, stages: Iterable[Stage | Callable[[Any], Any]], *, maxsize: int = 64, ordered: bool = True
    ) -> None:
        self._stages = as_stages(stages)
        if not self._stages:
            raise ValueError("a pipeline needs at least one stage, got none")
        self._maxsize = integer("maxsize", maxsize, 1)
        self._ordered = ordered
        self._pool = Pool(1 + sum(each.workers for each in self._stages), "pipeline")
        self._run: Run | None = None  # _lock: the latest
        self._renew_locks()
        _process.renew_in_child(self)

    def _renew_locks(self) -> None:
        self._lock = Lock()

    def run(self, source: Iterable[Any]) -> Iterator[Any]:
        """Starts a run. The iterator gives the results of the last stage as they come.

        Parameters
        ----------
        source : iterable
            Read by a thread of the pipeline, no faster than the first stage takes its items.

        Returns
        -------
        iterator
            The first exception of a stage or of the source ends the run and is raised here. If the iterator
            is left early (``break``, an exception, its ``close()``), all stages and the source are stopped
            and waited for, and a source that is a generator is closed. The first failure that the iterator
            then leaves behind goes to threading.excepthook.

        Raises
        ------
        TypeError
            `source` is not iterable.
        RuntimeError
            The pipeline is closed, or another run is under way.
        """
        items = iter(source)
        run = Run(self._stages, self._maxsize, self._ordered)
        with self._lock:
            before = self._run
            if before is not None and before.is_live():
                raise RuntimeError(
                    "the pipeline has a run under way: take its results, or close its iterator"
                )
            self._run = run
        try:
            if before is not None:
                before.wait()
            run.start(self._pool, items)
        except BaseException:
            run.leave()
            raise
        return _Results(run)

    def close(self) -> None:
        """Ends the threads. The iterator of a run that is under way raises RuntimeError.

        Raises
        ------
        DeadlockError
            A stage closes its own pipeline.
        """
        with self._lock:
            run = self._run
        if run is not None:
            run.stop(RuntimeError("the pipeline was closed during the run: take all results first"))
        self._pool.shutdown()

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


class _Results:
    """The consumer's end of a run. The threads know only the run, so they don't keep this alive."""

    def __init__(self, run: "Run") -> None:
        self._run = run

    def __iter__(self) -> "_Results":
        return self

    def __next__(self) -> Any:
        return self._run.next()

    def close(self) -> None:
        self._run.abandon()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # when the run has been stopped, and names may be gone
            try:
                self._run.drop()
            except KeyboardInterrupt:
                _again = _Interrupt()  # goes with this frame


class _Interrupt:
    """Has Ctrl-C come again when it goes: what a destructor raises nobody gets."""

    __del__ = _thread.interrupt_main  # in C: no handler runs in it
