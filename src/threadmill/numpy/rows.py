"""Rows shared out: NumPy's own function on blocks of rows, on the pool's threads, into one result.

A function that works along some axes does the same thing for each index along the others. One of these is
cut into blocks. They do not depend on the number of threads, and each index's result has the bits that NumPy
gives it in a call of its own. A block that has something to tell, be it an exception or a floating-point
error, ends the attempt: NumPy then makes the whole call, and tells it at the user's line.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays.refusal import Refusal
from ..tasks.crew import run_indices
from ..tasks.pool import Pool

__all__ = [
    "CLOSE",
    "LEAST",
    "TOLD",
    "Block",
    "Rows",
    "are_close",
    "filled",
    "gathered",
    "pieces_of",
    "raising",
    "rows_of",
    "run_blocks",
]

# One index along each axis of an array: where a block is.
Block = tuple[slice, ...]

# A block has at most so many bytes, which a core's second-level cache holds, and at least so many, which take
# NumPy longer than Python takes for a block. In between an array is cut into BLOCKS.
_MOST, LEAST, _BLOCKS = 1 << 19, 1 << 14, 16

# An axis this long is worth cutting.
_LONG = 64

# Neighbours along an axis are left together, as far as they share a line of the caches.
_LINE = 64

# So many columns at least are shared out where each is read alone: two threads that read the same lines took
# twice NumPy's time of 8.
_NARROW = 64

CLOSE = Refusal("its columns lie too close together")
TOLD = Refusal("a block of rows has an error or a warning to tell")


@dataclass(frozen=True, slots=True)
class Rows:
    """An axis, its length, and the pieces into which it is cut."""

    axis: int
    length: int
    pieces: list[slice]

    def block(self, piece: slice, axis: int | None = None) -> Block:
        """Where the rows of a piece are, in an array where they lie along `axis`."""
        return (*(slice(None),) * (self.axis if axis is None else axis), piece)


def rows_of(
    x: "np.ndarray[Any, Any]", whole: Sequence[int], weight: int = 1, least: int = LEAST, together: int = 1
) -> Rows | Refusal:
    """How an array is cut along an axis that is none of `whole`: the outermost in memory that is long enough.

    An element of it stands for `weight` elements; a block has at least `least` bytes, and a multiple of
    `together` rows.
    """
    axes = [axis for axis in range(x.ndim) if axis not in whole and x.shape[axis] > 1]
    if not axes or not x.size:
        return Refusal("there are no rows to share")
    longest = max(x.shape[axis] for axis in axes)
    long = [axis for axis in axes if x.shape[axis] >= min(longest, _LONG)]
    axis = max(long, key=lambda axis: abs(x.strides[axis]))
    length = x.shape[axis]
    line = _LINE // math.gcd(_LINE, x.itemsize) if abs(x.strides[axis]) == x.itemsize else 1
    return Rows(axis, length, pieces_of(length, x.nbytes * weight // length, max(line, together), least))


def are_close(x: "np.ndarray[Any, Any]", rows: Rows) -> bool:
    """Whether the rows that are cut are columns in memory, and too few."""
    nearest = min(abs(step) for step, length in zip(x.strides, x.shape, strict=True) if length > 1)
    return rows.length < _NARROW and abs(x.strides[rows.axis]) == nearest


def pieces_of(length: int, each: int, line: int = 1, least: int = LEAST) -> list[slice]:
    """Pieces of so many indices, each of which stands for `each` bytes; `line` of them are left together."""
    grain, half = _grain(length, max(each, 1), least), -(-length // 2)
    if length >= 2 * line:
        grain, half = (-(-n // line) * line for n in (grain, half))
    grain = min(grain, half)
    return [slice(at, min(at + grain, length)) for at in range(0, length, grain)]


def _grain(length: int, each: int, least: int) -> int:
    """The indices in a piece: one BLOCKS-th of all, but for what a block has at most and at least."""
    return max(max(min(length * each // _BLOCKS, _MOST), least) // each, 1)


class _Told(Exception):
    pass


def run_blocks(pool: Pool, work: Callable[[Any], object], blocks: Sequence[Any]) -> Refusal | None:
    """work(block) for each of the blocks, on the pool's threads, under the caller's np.errstate."""

    def run(at: int) -> None:
        try:
            work(blocks[at])
        except Exception as error:
            raise _Told from error

    try:
        with np.errstate(**raising()):
            run_indices(pool, run, len(blocks))
    except _Told:
        return TOLD
    return None


def raising() -> dict[str, Any]:
    """The caller's handling of floating-point errors, with an exception for what it does not ignore."""
    return {key: "ignore" if mode == "ignore" else "raise" for key, mode in np.geterr().items()}


def filled(pool: Pool, rows: Rows, result: Any, one: Callable[[Block], Any]) -> Any:
    """The result, with one(block) in each block."""

    def put(piece: slice) -> None:
        block = rows.block(piece)
        result[block] = one(block)

    refusal = run_blocks(pool, put, rows.pieces)
    return result if refusal is None else refusal


def gathered(
    pool: Pool,
    rows: Rows,
    one: Callable[[slice], Any],
    axis: int | None = None,
    sample: Callable[[], Any] | None = None,
) -> Any:
    """one(piece) of all pieces, put together along an axis of the result, or of each of several results.

    The axis is by default the one that is cut. Two rows are looked at first, for the dtype of the result and
    the order of its axes in memory: those of `sample`, which by default is `one` of them.
    """
    at = rows.axis if axis is None else axis
    told: list[Any] = []
    first = sample or (lambda: one(slice(0, 2)))
    refusal = run_blocks(pool, lambda _: told.append(first()), [0])
    if refusal is not None:
        return refusal
    samples = _as_tuple(told[0])
    if not all(type(sample) is np.ndarray and sample.ndim > at for sample in samples):
        return Refusal("its result has no rows")
    results = tuple(_longer(sample, at, rows.length) for sample in samples)

    def put(piece: slice) -> None:
        where = rows.block(piece, at)
        for result, part in zip(results, _as_tuple(one(piece)), strict=True):
            if part.dtype != result.dtype:
                raise TypeError(f"{part.dtype} rows after {result.dtype} ones")
            result[where] = part

    refusal = run_blocks(pool, put, rows.pieces)
    if refusal is not None:
        return refusal
    whole = [*map(_like_numpys, results, samples)]
    return tuple(whole) if isinstance(told[0], tuple) else whole[0]


def _longer(sample: Any, axis: int, length: int) -> Any:
    """A new array like a sample, but longer along an axis, with its axes in the same order in memory.

    An axis of length 1 has the stride of an axis beside it, or of the whole.
    """
    shape = (*sample.shape[:axis], length, *sample.shape[axis + 1 :])
    stride, longer = sample.itemsize, {}
    for k in sorted(range(len(shape)), key=sample.strides.__getitem__):
        if shape[k] > 1:
            longer[sample.strides[k]] = stride
            stride *= shape[k]
    longer[sample.nbytes] = stride
    strides = [longer.get(old, old) for old in sample.strides]
    return np.ndarray(shape, sample.dtype, strides=strides)


def _like_numpys(result: Any, sample: Any) -> Any:
    """The result, a view where NumPy returns one, with the axes that NumPy has inserted."""
    if sample.base is None:
        return result
    inserted = [n == 1 and not stride for n, stride in zip(sample.shape, sample.strides, strict=True)]
    kept = result[tuple(0 if new else slice(None) for new in inserted)]
    return kept[tuple(None if new else slice(None) for new in inserted)]


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)
