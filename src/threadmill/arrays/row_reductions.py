"""Reductions of rows to one row, the innermost axis being the only one that is kept.

Rows are often too short to be shared out as they are: either several are read at once, or each thread reduces
some of the rows.
"""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.status import FAILED
from .._types import Array
from . import programs
from .loops import Loop
from .nans import settle
from .reduction import ANY_ORDER, LEAST_OR_GREATEST, Reduction, finish, identity
from .spaces import Space, cut

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["by_pieces", "by_rows", "may_share_rows"]

# Bytes in a piece of a row where rows are added up, unless they are very long, or very short: eight streams
# of 1 KiB take 120 us where those of 4 KiB take 100, of 64 bytes 135 (1,000 rows of 8 KB, two threads).
_ROW_PIECE, _LINE = 1024, 64

# Outcomes of chunks of rows, at most: each is a row to write, to read and to reduce.
_ROW_CHUNKS = 16


def by_pieces(
    loop: Loop, space: Space, shape: tuple[int, ...], begin: Array, adding: "CData", axes: Any, keepdims: Any
) -> Reduction:
    """Where rows are added up: by a loop that adds several at once, over pieces of them."""
    ufunc, dtype, rows = loop.ufunc, loop.dtypes[0], space.shape[-2]
    row = space.shape[-1] * dtype.itemsize
    strides = [(*each[:-2], each[-1]) for each in space.strides]
    left = (*space.shape[:-2], space.shape[-1])
    kept = Space(left, space.arrays, strides, core=[rows, space.strides[1][-2]])
    outer = [axis for axis, stride in enumerate(strides[0]) if stride and kept.shape[axis] > 1]
    split, grain = cut(kept.shape, outer, rows)
    if split == len(kept.shape) - 1:
        piece = max(row // 64, min(row // 8, _ROW_PIECE), 1)
        grain = -(-piece // _LINE) * _LINE // dtype.itemsize
    kept.arrays = ()  # a plan keeps no array alive
    over, keep = axes if len(axes) > 1 else axes[0], bool(keepdims)

    def run(pool: "CData", x: Array) -> Array:
        out = np.empty(shape, dtype)
        out[...] = begin
        status = kept.run(pool, adding, split, grain, (out, x))
        finish(loop, status)
        settled: Array = settle(pool, x, out, status, lambda: ufunc.reduce(x, over, keepdims=keep))
        return settled

    return Reduction(None, kept.shape, split, grain, run, True)


def may_share_rows(loop: Loop, space: Space, begin: Array | None) -> bool:
    """Whether the outcomes of chunks of rows make the bits that rows one by one make."""
    ufunc, dtype = loop.ufunc, loop.dtypes[0]
    if dtype.kind in "iub":
        return dtype.kind in ANY_ORDER.get(ufunc.__name__, "")
    if dtype.char not in "efd" or ufunc.__name__ not in LEAST_OR_GREATEST or begin is not None:
        return False
    return _is_table(space) and _associates(ufunc, dtype.char)


def _is_table(space: Space) -> bool:
    """Whether its rows are all reduced to one, so that the first row of a chunk is easily found."""
    return len(space.shape) == 2 and space.strides[0][0] == 0


@functools.cache
def _associates(ufunc: np.ufunc, char: str) -> bool:
    """Whether it shows in no bit that rows are reduced apart and their outcomes then.

    Which of 0 and -0 is the greater, and which of two NaNs is handed on, is the processor's choice: it has to
    be the first or the last of them wherever they stand in a row.
    """
    specials = np.array([0.0, -0.0, 1.0, np.nan, -np.nan], char)
    rows = specials[np.indices((5, 5, 5, 5)).reshape(4, -1)]
    with np.errstate(all="ignore"):
        for width in (1, 7, 67, rows.shape[1]):  # which end in all kinds of places of a vector
            for begin in range(0, rows.shape[1] - width + 1, width):
                a, b, c, d = rows[:, begin : begin + width].copy()
                apart = ufunc(ufunc(a, b), ufunc(c, d))
                if apart.tobytes() != ufunc(ufunc(ufunc(a, b), c), d).tobytes():
                    return False
    return True


def by_rows(
    loop: Loop,
    space: Space,
    shape: tuple[int, ...],
    begin: Array | None,
    first: Any,
    rest: Any,
    by_numpy: Callable[[Array], Any],
) -> Reduction:
    """Where only the innermost axis is kept: an outcome for each chunk of rows, as short rows are slow."""
    split, grain = cut(space.shape, range(len(space.shape) - 1))
    grain = max(grain, -(-space.shape[split] // _ROW_CHUNKS))
    dtype = loop.dtypes[0]
    outcomes = (-(-space.shape[split] // grain), *shape)
    rows = Space(space.shape, space.arrays, space.strides, hops=[math.prod(shape) * dtype.itemsize, 0])
    program = programs.reduction(loop, space.arrays[1], space.strides[0][-1], False, None)
    rows.arrays = ()  # a plan keeps no array alive
    neutral = identity(loop)
    height = space.shape[0] + 1 if begin is None and _is_table(space) else 0

    def run(pool: "CData", x: Array) -> Array:
        partial = np.empty(outcomes, dtype)
        if height:  # each with its own first row, which may come twice
            table = x.reshape(height, -1)
            partial.reshape(len(partial), -1)[1:] = table[1 + grain :: grain]
        else:
            partial[...] = x[first] if begin is None else neutral if neutral is not None else begin
        partial[0] = x[first] if begin is None else begin
        status = rows.run(pool, program, split, grain, (partial, x[rest]))
        if status == FAILED:  # a signalling NaN
            return by_numpy(x)  # type: ignore[no-any-return]
        finish(loop, status)
        settled: Array = settle(pool, x, loop.ufunc.reduce(partial, 0), status, lambda: by_numpy(x))
        return settled

    return Reduction(loop, space.shape, split, grain, run, True)
