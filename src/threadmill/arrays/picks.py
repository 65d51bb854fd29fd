"""Elements counted, by value or as true, and the true ones copied out one after the other.

To copy them, or to tell their coordinates, takes two passes: the first tells each chunk where its results
begin.
"""

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.fresh import empty
from .._native.moves import BINCOUNT, HISTOGRAM, compress_loop, count_loop, nonzero_loop
from .._native.programs import Step, cast_loop, new_program
from .._native.status import FAILED, check
from .._types import Array
from .iterate import flat
from .moves import cut_flat, read_as
from .refusal import Refusal
from .spaces import Space

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["bincount", "compress", "count", "histogram", "is_mask", "nonzero"]

_CHANGED = Refusal("the array changed while it was read")


def is_mask(dtype: np.dtype[Any]) -> bool:
    """Whether it is known of an element of this dtype what it is as a bool."""
    return dtype.char == "?" or cast_loop(dtype.char, "?") is not None


def count(pool: "CData", x: Array) -> int:
    """How many elements are true."""
    (x,) = flat(x, [])
    if not x.size:
        return 0
    split = max(range(x.ndim), key=x.shape.__getitem__)
    grain = max(1, cut_flat(x.size)[0] * x.shape[split] // x.size)
    return int(_counts(pool, x, split, grain).sum())


def compress(pool: "CData", mask: Array, x: Array) -> Array | Refusal:
    """The elements of x, or what it has along its first axis, where the mask is true, which has one axis.

    Along all other axes x is contiguous.
    """
    grain, cursors, total = _cursors(pool, mask)
    out = empty((total, *x.shape[1:]), x.dtype)
    if not total:
        return out
    program = _compress(mask.dtype.char, math.prod(x.shape[1:]) * x.itemsize)
    space = Space(mask.shape, [mask.strides, x.strides[:1], (0,), (0,)], (0, 0, 0, cursors.strides[0]))
    return _written(space.run(pool, program, (mask, x, out, cursors), 0, grain), cursors, out)


def nonzero(pool: "CData", mask: Array, shape: tuple[int, ...]) -> Array | Refusal:
    """The coordinates in an array of this shape where the mask is true: a row for each; it has one axis."""
    grain, cursors, total = _cursors(pool, mask)
    out = empty((total, len(shape)), np.intp)
    if not total:
        return out
    program = _nonzero(mask.dtype.char, len(shape))
    space = Space(mask.shape, [mask.strides, (0,), (0,)], (0, 0, cursors.strides[0]), shape)
    return _written(space.run(pool, program, (mask, out, cursors), 0, grain), cursors, out)


def bincount(pool: "CData", x: Array, counts: Array) -> int:
    """Counts the integers of x, which has one axis, by value; returns a failure where there is no such value.

    Each row of `counts` is for a chunk.
    """
    return _by_value(pool, _bincount(x.dtype.char), [x], counts)


def histogram(pool: "CData", x: Array, edges: Array, counts: Array) -> int:
    """The same for the bins between edges, which are doubles."""
    return _by_value(pool, _histogram(x.dtype.char), [x, edges], counts)


def _by_value(pool: "CData", program: "CData", read: list[Array], counts: Array) -> int:
    x = read[0]
    strides = [x.strides, *[(0,)] * len(read)]
    hops = (*[0] * len(read), counts.strides[0])
    grain = -(-x.size // len(counts))
    return Space(x.shape, strides, hops, counts.shape[1:]).run(pool, program, [*read, counts], 0, grain)


def _counts(pool: "CData", x: Array, split: int, grain: int) -> Array:
    """How many elements of each chunk are true."""
    counts = np.zeros(-(-x.shape[split] // grain), np.intp)
    space = Space(x.shape, [x.strides, (0,) * x.ndim], (0, counts.itemsize))
    check(space.run(pool, _count(x.dtype.char), (x, counts), split, grain))
    return counts


def _cursors(pool: "CData", mask: Array) -> tuple[int, Array, int]:
    """The elements in a chunk, each chunk's tm_cursor, and how many elements are true."""
    grain, chunks = cut_flat(mask.size)
    counts = _counts(pool, mask, 0, grain)
    ends = counts.cumsum()
    cursors = np.stack((ends - counts, ends, np.arange(chunks) * grain), axis=1)
    return grain, cursors, int(ends[-1])


def _written(status: int, cursors: Array, out: Array) -> Array | Refusal:
    """What a second pass has written, if it has found what the first one had."""
    if status != FAILED:
        check(status)
    return _CHANGED if (cursors[:, 0] != cursors[:, 1]).any() else out


# Programs by what they depend on. They keep loops alive, and no array.
_programs = functools.lru_cache(maxsize=512)


@_programs
def _count(char: str) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    mask = read_as(char, "?", 0, buffers, 2, steps)
    return new_program(2, buffers, [*steps, (count_loop(), (mask, 1))], written=2, name="count_nonzero")


@_programs
def _compress(char: str, itemsize: int) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    mask = read_as(char, "?", 0, buffers, 4, steps)
    return new_program(
        4, buffers, [*steps, (compress_loop(itemsize), (mask, 1, 2, 3))], written=8, name="compress"
    )


@_programs
def _nonzero(char: str, axes: int) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    mask = read_as(char, "?", 0, buffers, 3, steps)
    return new_program(
        3, buffers, [*steps, (nonzero_loop(axes), (mask, 1, 2))], core=(axes, 0), written=4, name="nonzero"
    )


@_programs
def _bincount(char: str) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    value = read_as(char, np.dtype(np.intp).char, 0, buffers, 2, steps)
    return new_program(2, buffers, [*steps, (BINCOUNT, (value, 1))], core=(1, 0), written=2, name="bincount")


@_programs
def _histogram(char: str) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    value = read_as(char, "d", 0, buffers, 3, steps)
    return new_program(
        3, buffers, [*steps, (HISTOGRAM, (value, 1, 2))], core=(1, 0), written=4, name="histogram"
    )
