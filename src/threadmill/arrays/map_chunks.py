"""map_chunks: NumPy code over pieces of arrays."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from .._arguments import integer, is_dask_array, require_callable
from .._locks import Lock
from .._native.memory import OVERLAPPING, overlaps_itself, relate
from ..tasks.crew import run_indices
from ..tasks.default_pool import pool_or_default
from ..tasks.pool import Pool

__all__ = ["map_chunks"]

Array = npt.NDArray[Any]
OutArray = TypeVar("OutArray", bound=Array)

# Bytes of all arrays together in a chunk by default: they fit in a core's second-level cache, and take NumPy
# long enough (tens of microseconds) to be worth a task.
_CHUNK_BYTES = 1 << 20


@overload
def map_chunks(
    fn: Callable[..., None],
    *arrays: npt.ArrayLike,
    out: Array | None = None,
    chunksize: int | None = None,
    pool: Pool | None = None,
) -> None: ...
@overload
def map_chunks(
    fn: Callable[..., npt.ArrayLike],
    *arrays: npt.ArrayLike,
    out: OutArray,
    chunksize: int | None = None,
    pool: Pool | None = None,
) -> OutArray: ...
@overload
def map_chunks(
    fn: Callable[..., npt.ArrayLike],
    *arrays: npt.ArrayLike,
    out: None = None,
    chunksize: int | None = None,
    pool: Pool | None = None,
) -> Array: ...
def map_chunks(
    fn: Callable[..., npt.ArrayLike | None],
    *arrays: npt.ArrayLike,
    out: Array | None = None,
    chunksize: int | None = None,
    pool: Pool | None = None,
) -> Array | None:
    """fn over equal chunks of arrays along their first axis, on all threads of a pool.

    Parameters
    ----------
    fn : callable
        Called as ``fn(*views)``, once for each chunk (once with empty views for arrays of length 0), with a
        view of each array; several calls run at once. It returns an array of the chunk's length along the
        first axis, or None for every chunk (having worked in place).
    *arrays : array_like
        One or more, of the same length along the first axis, with at least one axis.
    out : ndarray, optional
        Where the results go, of their shape; cast as by NumPy's ``out=`` ("same_kind"). By default a new
        array of the first chunk's dtype. It may overlap the arrays, as NumPy's may.
    chunksize : int, optional
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
        The arrays do not match, or the results don't, or `chunksize` is no integer of 1 or more.
    RuntimeError
        The pool is shut down.
    Exception
        What fn raised for the first chunk in which it did. No call runs any more then; `out` may hold some
        results.

    Notes
    -----
    The arrays are not copied. The caller is one of the threads. Python code in fn shares the GIL; what NumPy
    does in it without the GIL runs on all cores.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> signals = np.ones((1000, 8))
    >>> tm.map_chunks(np.fft.rfft, signals, chunksize=100).shape
    (1000, 5)
    >>> tm.map_chunks(np.linalg.norm, signals)
    Traceback (most recent call last):
        ...
    ValueError: fn must return 1000 rows for a chunk, got shape ()
    """
    require_callable("fn", fn)
    pool = pool_or_default(pool)
    if not arrays:
        raise TypeError("map_chunks needs at least one array, got none")
    if any(map(is_dask_array, arrays)):
        raise TypeError(
            "map_chunks takes arrays in memory, got a dask array: its map_blocks(fn) has fn run on each block"
        )
    sources = [np.asarray(array) for array in arrays]
    for source in sources:
        if source.ndim == 0:
            raise ValueError("map_chunks needs arrays with at least one axis, got a 0-d one")
        if len(source) != len(sources[0]):
            raise ValueError(f"arrays must have the same length, got {[len(source) for source in sources]}")
    if out is not None and not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, got {type(out).__name__}")
    if out is not None and not out.flags.writeable:
        raise ValueError("out must be writable, got a read-only array")
    if out is not None and out.shape[:1] != sources[0].shape[:1]:
        raise ValueError(f"out must have length {len(sources[0])}, got shape {out.shape}")
    slices = _slices(sources, chunksize)
    results = _Results(len(sources[0]), out, sources)

    def run(at: int) -> None:
        piece = slices[at]
        results.put(piece, fn(*(source[piece] for source in sources)))

    run_indices(pool, run, len(slices), fn)
    return results.whole()


def _slices(sources: list[Array], chunksize: int | None) -> list[slice]:
    length = len(sources[0])
    if chunksize is None:
        row = sum(source[:1].nbytes for source in sources)
        chunksize = max(1, _CHUNK_BYTES // max(1, row))
    else:
        chunksize = integer("chunksize", chunksize, 1)
    starts = range(0, length, chunksize) if length else range(1)
    return [slice(start, min(start + chunksize, length)) for start in starts]


class _Results:
    """Puts the chunks' results where they belong. The first chunk's tells what all are to be like, so those
    that are ready before it are kept until then."""

    def __init__(self, length: int, out: Array | None, sources: list[Array]) -> None:
        self._length = length
        self._out = out
        # Written to instead of an `out` that other chunks may still have to read, or write.
        shared = out is not None and (
            overlaps_itself(out) or any(relate(out, source) == OVERLAPPING for source in sources)
        )
        self._target = np.empty_like(out) if shared else out
        self._first: Array | None = None
        self._lock = Lock()  # guards _early
        # None from the first chunk's result on.
        self._early: list[tuple[slice, npt.ArrayLike | None]] | None = []

    def put(self, piece: slice, result: npt.ArrayLike | None) -> None:
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

    def _begin(self, piece: slice, result: npt.ArrayLike | None) -> None:
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

    def _store(self, piece: slice, result: npt.ArrayLike | None) -> None:
        first = self._first
        if (result is None) != (first is None):
            given, before = (type(each).__name__ for each in (result, first))
            raise TypeError(f"fn must return rows for all chunks or None for all, got {given} after {before}")
        if result is None or first is None or self._target is None:
            return
        rows = _rows(result, piece)
        if (rows.dtype, rows.shape[1:]) != (first.dtype, first.shape[1:]):
            raise ValueError(
                f"fn must return the same kind of rows for each chunk, got {rows.shape[1:]} {rows.dtype} "
                f"after {first.shape[1:]} {first.dtype}"
            )
        np.copyto(self._target[piece], rows, casting="same_kind")

    def whole(self) -> Array | None:
        if self._first is None:
            return None
        if self._out is not None and self._target is not self._out:
            self._out[...] = self._target
        return self._target if self._out is None else self._out


def _rows(result: npt.ArrayLike, piece: slice) -> Array:
    rows = np.asarray(result)
    if rows.ndim == 0 or len(rows) != piece.stop - piece.start:
        raise ValueError(
            f"fn must return {piece.stop - piece.start} rows for a chunk, got shape {rows.shape}"
        )
    return rows
