"""map_chunks and reduce: NumPy code over pieces of arrays, and an associative function over anything."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import integer, require_callable
from .._locks import Lock
from .._native.pools import get_thread_limit
from ..tasks.crew import together
from ..tasks.pool import Pool
from ..tasks.which_pool import pool_or_default
from .layout import overlaps_itself

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["map_chunks", "reduce"]

# Bytes of all arrays together in a chunk by default: they fit in a core's second-level cache, and take NumPy
# long enough (tens of microseconds) to be worth a task.
_CHUNK_BYTES = 1 << 20

# Parts into which `reduce` cuts its items: enough for 16 threads to share evenly.
_PARTS = 64

_MISSING: Any = object()


def map_chunks(
    fn: Callable[..., Any],
    *arrays: "npt.ArrayLike",
    out: Any | None = None,
    chunk: int | None = None,
    pool: Pool | None = None,
) -> Any:
    """fn over equal chunks of arrays along their first axis, on all threads of a pool.

    Parameters
    ----------
    fn : callable
        Called as fn(*views), once for each chunk (once with empty views for arrays of length 0), with a view
        of each array; several calls run at once. It returns an array of the chunk's length along the first
        axis, or None for every chunk (having worked in place).
    *arrays : array_like
        One or more, of the same length along the first axis, with at least one axis.
    out : ndarray, optional
        Where the results go, of their shape; cast as by NumPy's ``out=`` ("same_kind"). By default a new
        array of the first chunk's dtype. It may overlap the arrays, as NumPy's may.
    chunk : int, optional
        The length of a chunk (the last may be shorter). By default as many as fit in 1 MiB of all the arrays
        together; it never depends on the number of threads.
    pool : Pool, optional
        The default pool if None.

    Returns
    -------
    ndarray or None
        The results along the first axis; None where fn returned None.

    Raises
    ------
    TypeError, ValueError
        The arrays do not match, or the results don't, or `chunk` is no integer of 1 or more.
    RuntimeError
        The pool is shut down.
    Exception
        What fn raised for the first chunk in which it did. No call runs any more then; `out` may hold some
        results.

    Notes
    -----
    The arrays are not copied. The caller is one of the threads. Python code in fn shares the GIL; what NumPy
    does in it without the GIL runs on all cores.
    """
    require_callable("fn", fn)
    pool = pool_or_default(pool)
    if not arrays:
        raise TypeError("map_chunks needs at least one array")
    sources = [np.asarray(array) for array in arrays]
    for source in sources:
        if source.ndim == 0:
            raise ValueError("map_chunks needs arrays with at least one axis, got a 0-d one")
        if len(source) != len(sources[0]):
            raise ValueError(f"arrays must have the same length, got {[len(source) for source in sources]}")
    if out is not None and not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, got {type(out).__name__}")
    if out is not None and not out.flags.writeable:
        raise ValueError("out is read-only")
    if out is not None and out.shape[:1] != sources[0].shape[:1]:
        raise ValueError(f"out must have length {len(sources[0])}, got shape {out.shape}")
    slices = _slices(sources, chunk)
    results = _Results(len(sources[0]), out, sources)

    def run(at: int) -> None:
        piece = slices[at]
        results.put(piece, fn(*(source[piece] for source in sources)))

    _run_all(pool, run, len(slices))
    return results.whole()


def _slices(sources: list[Any], chunk: int | None) -> list[slice]:
    length = len(sources[0])
    if chunk is None:
        row = sum(source[:1].nbytes for source in sources)
        chunk = max(1, _CHUNK_BYTES // max(1, row))
    else:
        chunk = integer("chunk", chunk, 1)
    starts = range(0, length, chunk) if length else range(1)
    return [slice(start, min(start + chunk, length)) for start in starts]


class _Results:
    """Puts the chunks' results where they belong. The first chunk's tells what all are to be like, so those
    that are ready before it are kept until then."""

    def __init__(self, length: int, out: Any | None, sources: list[Any]) -> None:
        self._length = length
        self._out = out
        # Written to in place of an `out` that other chunks may still have to read, or write.
        shared = out is not None and (
            overlaps_itself(out) or any(_shifted(out, source) for source in sources)
        )
        self._target: Any = np.empty_like(out) if shared else out
        self._first: Any = None
        self._lock = Lock()  # guards _early
        self._early: list[tuple[slice, Any]] | None = []  # None from the first chunk's result on

    def put(self, piece: slice, result: Any) -> None:
        ready = [(piece, result)]
        with self._lock:
            if self._early is not None:
                if piece.start > 0:
                    self._early.append((piece, result))
                    return
                self._begin(piece, result)
                ready += self._early
                self._early = None
        for each in ready:
            self._store(*each)

    def _begin(self, piece: slice, result: Any) -> None:
        if result is None:
            return
        self._first = first = _rows(result, piece)
        if self._target is None:
            self._target = np.empty((self._length, *first.shape[1:]), first.dtype)
        elif self._target.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"out must have the shape of the results, {(self._length, *first.shape[1:])}, "
                f"got {self._target.shape}"
            )

    def _store(self, piece: slice, result: Any) -> None:
        first = self._first
        if (result is None) != (first is None):
            given, before = (type(each).__name__ for each in (result, first))
            raise TypeError(f"fn returned {given} for a chunk after {before} for the first one")
        if first is None:
            return
        rows = _rows(result, piece)
        if (rows.dtype, rows.shape[1:]) != (first.dtype, first.shape[1:]):
            raise ValueError(
                f"fn must return the same kind of rows for each chunk, got {rows.shape[1:]} {rows.dtype} "
                f"after {first.shape[1:]} {first.dtype}"
            )
        np.copyto(self._target[piece], rows, casting="same_kind")

    def whole(self) -> Any:
        if self._first is None:
            return None
        if self._out is not None and self._target is not self._out:
            self._out[...] = self._target
        return self._target if self._out is None else self._out


def _rows(result: Any, piece: slice) -> Any:
    rows = np.asarray(result)
    if rows.ndim == 0 or len(rows) != piece.stop - piece.start:
        raise ValueError(
            f"fn must return {piece.stop - piece.start} rows for a chunk, got shape {rows.shape}"
        )
    return rows


def _shifted(out: Any, source: Any) -> bool:
    """Whether a chunk of `out` may share memory with another chunk of `source`."""
    if not np.may_share_memory(out, source):
        return False
    ours, theirs = (
        (array.__array_interface__["data"], array.shape, array.strides, array.itemsize)
        for array in (out, source)
    )
    return ours != theirs


def reduce(
    fn: Callable[[Any, Any], Any],
    iterable: Iterable[Any],
    initial: Any = _MISSING,
    *,
    pool: Pool | None = None,
) -> Any:
    """An associative function over the items, in their order; as functools.reduce, on all threads.

    Parameters
    ----------
    fn : callable
        fn(fn(a, b), c) must mean the same as fn(a, fn(b, c)); fn(a, b) may differ from fn(b, a).
    iterable : iterable
        The items; read at once.
    initial : object, optional
        Stands before the items; the result where there are none.
    pool : Pool, optional
        The default pool if None.

    Returns
    -------
    object
        The items are cut into at most 64 runs of equal length; each run is reduced from left to right by
        some thread, and the results of the runs from left to right by the caller. So the result is the same
        for any number of threads, also where fn is only nearly associative, as the sum of floats.

    Raises
    ------
    TypeError
        There is no item and no `initial`.
    RuntimeError
        The pool is shut down.
    Exception
        What fn raised, in the first run in which it did. No call runs any more then.

    Notes
    -----
    The caller is one of the threads.
    """
    require_callable("fn", fn)
    pool = pool_or_default(pool)
    whole = list(iterable)
    length = -(-len(whole) // _PARTS) or 1
    runs = [whole[start : start + length] for start in range(0, len(whole), length)]
    partials: list[Any] = [None] * len(runs)

    def run(at: int) -> None:
        try:
            partials[at] = functools.reduce(fn, runs[at])
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: the other threads find their runs at an end
                for items in runs:
                    items.clear()
            raise

    _run_all(pool, run, len(runs))
    if initial is _MISSING:
        return functools.reduce(fn, partials)
    return functools.reduce(fn, partials, initial)


class _Loop:
    """fn(0), fn(1) ... fn(n - 1), claimed in this order by the threads that take part.

    When one fails no more are claimed, but all before it have been: so the first failure in order is always
    among those that happen.
    """

    def __init__(self, fn: Callable[[int], None], n: int) -> None:
        self._fn = fn
        self._lock = Lock()  # guards _left
        self._left: Iterator[int] = iter(range(n))
        self.failures: dict[int, BaseException] = {}

    def __call__(self) -> None:
        while (at := self._claim()) is not None:
            try:
                self._fn(at)
            except BaseException as error:
                self.stop()
                self.failures[at if isinstance(error, Exception) else -1] = error  # Ctrl-C first

    def _claim(self) -> int | None:
        with self._lock:
            return next(self._left, None)

    def stop(self) -> None:
        with self._lock:
            self._left = iter(())


def _run_all(pool: Pool, fn: Callable[[int], None], n: int) -> None:
    """Runs fn(0) ... fn(n - 1) to their end on all threads, or as many as this thread is limited to.

    Raises what the first in order raised.
    """
    loop = _Loop(fn, n)
    threads = min(n, pool._max_workers, get_thread_limit() or n)
    together(pool.submit, threads, loop, loop.stop, caller=True)
    if loop.failures:
        failures, loop.failures = loop.failures, {}
        try:
            raise failures[min(failures)]
        finally:
            del failures  # the error's traceback holds this frame: no cycle
