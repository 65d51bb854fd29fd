"""Reductions of rows to one row, the innermost axis being the only one that is kept.

Rows are often too short to be shared out as they are: either several are read at once, or each thread reduces
some of the rows.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.status import FAILED
from .._types import Array, Reduced
from . import programs
from .any_order import ANY_ORDER, LEAST_OR_GREATEST, identity
from .errstate import report_flags
from .loops import Loop
from .nans import settle
from .plan import Reduction
from .probes import associates
from .spaces import Space, Walk, cut

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["by_pieces", "by_rows", "may_share_rows", "settled"]

# Bytes in a piece of a row where rows are added up, unless they are very long, or very short: eight streams
# of 1 KiB take 120 us where those of 4 KiB take 100, of 64 bytes 135 (1,000 rows of 8 KB, two threads).
_ROW_PIECE, _LINE = 1024, 64

# Outcomes of chunks of rows, at most: each is a row to write, to read and to reduce.
_ROW_CHUNKS = 16


def settled(
    pool: "CData", loop: Loop, x: Array, result: Reduced, status: int, by_numpy: Callable[[Array], Reduced]
) -> Reduced:
    """The result of a run, with its errors reported; NumPy's own where NaNs leave it open what it is."""
    if status == FAILED:  # a signalling NaN
        return by_numpy(x)
    # A loop for booleans reports nothing, and the conversion of a signalling NaN to one does.
    report_flags(status, "reduce", loop.strided.reports or x.dtype.kind == "f")
    return settle(pool, x, result, status, lambda: by_numpy(x))


def by_pieces(
    loop: Loop,
    space: Space,
    shape: tuple[int, ...],
    begin: Array,
    adding: "CData",
    by_numpy: Callable[[Array], Reduced],
) -> Reduction:
    """Where rows are added up: by a loop that adds several at once, over pieces of them."""
    dtype, rows = loop.dtypes[0], space.shape[-2]
    row = space.shape[-1] * dtype.itemsize
    strides = [(*each[:-2], each[-1]) for each in space.strides]
    left = (*space.shape[:-2], space.shape[-1])
    kept = Space(left, strides, core=[rows, space.strides[1][-2]])
    outer = [axis for axis, stride in enumerate(strides[0]) if stride and kept.shape[axis] > 1]
    split, grain = cut(kept.shape, outer, rows)
    if split == len(kept.shape) - 1:
        piece = max(row // 64, min(row // 8, _ROW_PIECE), 1)
        grain = -(-piece // _LINE) * _LINE // dtype.itemsize

    def run(pool: "CData", x: Array) -> Reduced:
        out = np.empty(shape, dtype)
        out[...] = begin
        status = kept.run(pool, adding, (out, x), split, grain)
        return settled(pool, loop, x, out, status, by_numpy)

    return Reduction(None, kept.shape, split, grain, run, True)


def may_share_rows(loop: Loop, space: Space, begin: Array | None) -> bool:
    """Whether the outcomes of chunks of rows make the bits that rows one by one make."""
    dtype = loop.dtypes[0]
    if dtype.kind in "iub":
        return dtype.kind in ANY_ORDER.get(loop.name, "")
    if dtype.char not in "efd" or loop.name not in LEAST_OR_GREATEST or begin is not None:
        return False
    return _is_table(space) and associates(loop.name, dtype.char)


def _is_table(space: Space) -> bool:
    """Whether its rows are all reduced to one, so that the first row of a chunk is easily found."""
    return len(space.shape) == 2 and space.strides[0][0] == 0


def by_rows(
    loop: Loop,
    walk: Walk,
    shape: tuple[int, ...],
    begin: Array | None,
    first: Any,
    rest: Any,
    by_numpy: Callable[[Array], Reduced],
) -> Reduction:
    """Where only the innermost axis is kept: an outcome for each chunk of rows, as short rows are slow."""
    space = walk.space
    split, grain = cut(space.shape, range(len(space.shape) - 1))
    grain = max(grain, -(-space.shape[split] // _ROW_CHUNKS))
    dtype = loop.dtypes[0]
    outcomes = (-(-space.shape[split] // grain), *shape)
    rows = Space(space.shape, space.strides, hops=[math.prod(shape) * dtype.itemsize, 0])
    program = programs.reduction(loop, walk.arrays[1], space.strides[0][-1], False, None)
    neutral = identity(loop)
    height = space.shape[0] + 1 if begin is None and _is_table(space) else 0

    def run(pool: "CData", x: Array) -> Reduced:
        partial = np.empty(outcomes, dtype)
        if height:  # each with its own first row, which may come twice
            table = x.reshape(height, -1)
            partial.reshape(len(partial), -1)[1:] = table[1 + grain :: grain]
        else:
            partial[...] = x[first] if begin is None else neutral if neutral is not None else begin
        partial[0] = x[first] if begin is None else begin
        status = rows.run(pool, program, (partial, x[rest]), split, grain)
        outcome = partial[0] if status == FAILED else loop.ufunc.reduce(partial, 0)
        return settled(pool, loop, x, outcome, status, by_numpy)

    return Reduction(loop, space.shape, split, grain, run, True)
