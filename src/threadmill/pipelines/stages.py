"""The stages of a Pipeline: Python callables, and native functions over blocks of a typed queue."""

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .._arguments import integer, require_callable
from .._native import pointers
from ..queues.queue import Queue, TypedQueue
from ..tasks.native_function import context_pointer, require_native

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Stage", "as_stages", "stage"]


class Stage:
    """What one stage does, and on how many threads; made by `stage`."""

    def __init__(self, workers: int) -> None:
        self.workers = integer("workers", workers, 1)

    def queue(self, maxsize: int) -> Queue[Any]:
        """A queue for what comes into the stage."""
        return Queue(maxsize)

    def take(self, source: Queue[Any]) -> Any:
        """The next item, or block of items, of the stage's queue."""
        return source.get()

    def work(self, item: Any) -> Any:
        """What the stage makes of it."""
        raise NotImplementedError

    def give(self, target: Queue[Any], result: Any) -> None:
        """Puts the result, or the block's results, into the next stage's queue."""
        target.put(result)


class _PythonStage(Stage):
    def __init__(self, fn: Callable[[Any], Any], workers: int) -> None:
        super().__init__(workers)
        self.work = fn  # type: ignore[assignment,method-assign]  # one call less


class NativeStage(Stage):
    """Calls a native function for blocks of a typed queue's items."""

    def __init__(self, fn: Any, workers: int, dtype: Any, out_dtype: Any, chunksize: int, ctx: Any) -> None:
        super().__init__(workers)
        self._fn = fn  # which the address points into
        self._address = require_native(fn)
        self._ctx = context_pointer(ctx, fn)
        self.dtype = np.dtype(dtype)
        self.out_dtype = self.dtype if out_dtype is None else np.dtype(out_dtype)
        self._chunksize = integer("chunksize", chunksize, 1)
        for each in self.dtype, self.out_dtype:
            if each.hasobject or each.itemsize == 0:
                raise TypeError(
                    f"a native stage's items must have a fixed size and no Python objects, got {each}"
                )

    def queue(self, maxsize: int) -> TypedQueue[Any]:
        return TypedQueue(maxsize, self.dtype)

    def take(self, source: Queue[Any]) -> Any:
        assert isinstance(source, TypedQueue)
        return source.get_many(self._chunksize)

    def work(self, item: Any) -> Any:
        result = np.empty(len(item), self.out_dtype)
        pointers.run_block(self._address, self._ctx, item.view(np.uint8), result.view(np.uint8), len(item))
        return result

    def give(self, target: Queue[Any], result: Any) -> None:
        if isinstance(target, TypedQueue):
            target.put_many(result)
        else:
            for item in result:
                target.put(item)


@overload
def stage(fn: Callable[[Any], object], *, workers: int = 1) -> Stage: ...
@overload
def stage(
    fn: Any,
    *,
    workers: int = 1,
    dtype: "npt.DTypeLike",
    out_dtype: "npt.DTypeLike | None" = None,
    chunksize: int = 4096,
    ctx: Any = None,
) -> Stage: ...
def stage(
    fn: Any,
    *,
    workers: int = 1,
    dtype: "npt.DTypeLike | None" = None,
    out_dtype: "npt.DTypeLike | None" = None,
    chunksize: int = 4096,
    ctx: Any = None,
) -> Stage:
    """A stage of a `Pipeline`.

    Parameters
    ----------
    fn : callable or native function
        Without `dtype`: called as fn(item), and returns the result for the next stage. With `dtype`: a native
        function ``void (*)(void *ctx, const void *in, void *out, size_t n)`` in any form that
        `Pool.parallel_for` takes. It runs without the GIL on blocks of items.
    workers : int
        The number of threads that work in this stage.
    dtype, out_dtype : dtype_like, optional
        The dtypes of a native stage's items and results; `out_dtype` is `dtype` if not given.
    chunksize : int
        How many items a native stage takes at a time, at most. The size of its queue is a limit as well.
    ctx : object, optional
        What a native function gets as its first argument, as in `Pool.parallel_for`.

    Returns
    -------
    Stage

    Raises
    ------
    TypeError, ValueError
        An argument is of the wrong kind or out of its range.

    Examples
    --------
    >>> import threadmill as tm
    >>> with tm.Pipeline([str.strip, tm.stage(len, workers=2)]) as pipe:
    ...     list(pipe.run([" a ", "bcd", ""]))
    [1, 3, 0]
    """
    if dtype is not None:
        return NativeStage(fn, workers, dtype, out_dtype, chunksize, ctx)
    require_callable("a stage", fn)
    if out_dtype is not None or ctx is not None:
        raise TypeError(
            "out_dtype and ctx are for a native function, which also needs dtype: give it, or leave them out"
        )
    return _PythonStage(fn, workers)


def as_stages(stages: Any) -> list[Stage]:
    """Stages that fit one to the next; a callable stands for a stage of one thread."""
    if not isinstance(stages, Iterable):
        raise TypeError(f"stages must be an iterable of callables, got {type(stages).__name__}")
    made = [each if isinstance(each, Stage) else stage(each) for each in stages]
    for before, after in itertools.pairwise(made):
        if not (isinstance(before, NativeStage) and isinstance(after, NativeStage)):
            continue
        if not np.can_cast(before.out_dtype, after.dtype, "safe"):
            raise TypeError(
                f"a stage gives {before.out_dtype}, but the next one takes {after.dtype}: make them one dtype"
            )
    return made
