"""Sums of what is no NaN, and of squared deviations from means, by loops of our own in NumPy's order.

Each is one pass over memory and makes no copy; NumPy copies arrays to replace NaNs, and to keep deviations.
"""

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._native.programs import (
    ELEMENTS,
    NUMBER_SQUARES,
    NUMBERS,
    SQUARES,
    moment_nodes_loop,
    moment_rows_loop,
    new_program,
)
from .._types import Array, Reduced
from .layout import dense_views, is_plain
from .refusal import Refusal
from .spaces import Space, chunk_elements, cut

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["ELEMENTS", "NUMBERS", "NUMBER_SQUARES", "SQUARES", "Summands", "is_transposed_table", "summands"]

# Bytes in a node of NumPy's tree whose elements are summed by a thread at a time, and the nodes at most.
_NODE, _NODES = 1 << 16, 1 << 10

# Bytes in a piece of a row where rows are added up, unless they are very long, or very short.
_ROW_PIECE, _LINE = 1024, 64

_OTHERS = Refusal("its elements are no float32 or float64 without gaps")
_AXES = Refusal("it is over some of several axes")
_LONG = Refusal("32 bits hold no count of its rows")


class Summands(NamedTuple):
    """A contiguous array of floats, and over which of its elements sums are: axes of three lengths."""

    x: Array
    axis: int | None
    keepdims: bool
    outer: int
    summed: int
    inner: int
    shape: tuple[int, ...]  # of the sums

    def sum(self, pool: "CData", value: int, means: Reduced | None = None) -> tuple[Reduced, Reduced, int]:
        """The sums of `value`s, how many NUMBERS they are of, and floating-point flags or a failure.

        Squares are those of deviations from `means`, which lie as the sums. One sum of all is a scalar.
        """
        if value == NUMBERS:  # rows are added up with counts beside them, in vectors of the same width
            counted = np.dtype(f"i{self.x.itemsize}" if self.inner > 1 else np.intp)
            third = np.zeros(self.shape, counted)
        else:
            third = np.zeros(self.shape, self.x.dtype) if means is None else np.asarray(means)
        if self.inner > 1:
            return self._of_columns(pool, value, third)
        return self._of_rows(pool, value, third) if self.outer > 1 else self._of_all(pool, value, third)

    def _of_columns(self, pool: "CData", value: int, third: Array) -> tuple[Reduced, Reduced, int]:
        sums = np.zeros(self.shape, self.x.dtype)
        status = self.run_columns(pool, _rows_program(self.x.dtype.char, value), sums, third)
        return sums, third.astype(np.intp) if value == NUMBERS else third, status

    def _of_rows(self, pool: "CData", value: int, third: Array) -> tuple[Reduced, Reduced, int]:
        sums = np.empty(self.shape, self.x.dtype)
        status = self.run_rows(pool, _nodes_program(self.x.dtype.char, value), sums, third)
        return np.add(sums, 0, out=sums), third, status  # NumPy begins with 0, so that -0.0 sums up to 0.0

    def _of_all(self, pool: "CData", value: int, third: Array) -> tuple[Reduced, Reduced, int]:
        nodes = self.nodes()
        sums = np.empty(len(nodes), self.x.dtype)
        if value == NUMBERS:
            third = np.empty(len(nodes), np.intp)
        status = self.run_nodes(pool, _nodes_program(self.x.dtype.char, value), nodes, sums, third)
        while len(sums) > 1:
            sums = sums[::2] + sums[1::2]
        count = third.sum() if value == NUMBERS else third
        total = sums[0] + self.x.dtype.type(0)
        if not self.shape:
            return total, count, status
        return np.full(self.shape, total), np.full(self.shape, count), status

    def nodes(self) -> Array:
        return _nodes(self.x.size, self.x.itemsize)

    def run_columns(self, pool: "CData", program: "CData", results: Array, third: Array) -> int:
        """Runs a loop that takes rows one after the other, over columns."""
        x, item = self.x, self.x.itemsize
        row = self.inner * item
        strides = [(row, item), (row * self.summed, item), (row, item)]
        split, grain = cut((self.outer, self.inner), range(2), self.summed)
        if split:
            piece = max(row // 64, min(row // 8, _ROW_PIECE), 1)
            grain = -(-piece // _LINE) * _LINE // item
        space = Space((self.outer, self.inner), strides, (), (self.summed, row))
        return space.run(pool, program, (results, x, third), split, grain)

    def run_rows(self, pool: "CData", program: "CData", results: Array, third: Array) -> int:
        """Runs a loop over nodes for which each row is one."""
        x, item = self.x, self.x.itemsize
        node = np.array([0, self.summed], np.intp)
        strides = [(0,), (self.summed * item,), (item,), (third.itemsize,)]
        grain = max(1, chunk_elements(x.size) // self.summed)
        return Space((self.outer,), strides).run(pool, program, (node, x, results, third), 0, grain)

    def run_nodes(self, pool: "CData", program: "CData", nodes: Array, results: Array, third: Array) -> int:
        """Runs such a loop over the nodes of the whole array."""
        of_third = third.strides[0] if third.ndim and third.size == len(nodes) else 0
        strides = [(nodes.strides[0],), (0,), (self.x.itemsize,), (of_third,)]
        return Space((len(nodes),), strides).run(pool, program, (nodes, self.x, results, third), 0, 1)


def summands(x: Array, axis: int | None, keepdims: bool) -> Summands | Refusal:
    """How the elements lie that are summed along an axis, or all of them."""
    if not is_plain(x) or x.dtype.char not in "fd" or not x.size:
        return _OTHERS
    if axis is None:
        views = dense_views(x, x)
        if views is None:
            return _OTHERS
        return Summands(views[0], None, keepdims, 1, x.size, 1, (1,) * x.ndim * keepdims)
    if type(axis) is not int or not -x.ndim <= axis < x.ndim:
        return _AXES
    axis %= x.ndim
    if is_transposed_table(x) and not keepdims:
        x, axis = x.T, 1 - axis
    if not x.flags.c_contiguous:
        return _OTHERS
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    kept = (*before, *(1,) * keepdims, *after)
    if x.shape[axis] >> 31 and math.prod(after) > 1:
        return _LONG
    return Summands(x, axis, keepdims, math.prod(before), x.shape[axis], math.prod(after), kept)


def is_transposed_table(x: Array) -> bool:
    """Whether x has two axes in Fortran order: sums over one are those of its transpose over the other."""
    return x.ndim == 2 and x.flags.f_contiguous


@functools.lru_cache(maxsize=64)
def _nodes(n: int, itemsize: int) -> Array:
    """The nodes of n numbers at one depth of NumPy's tree: where each begins, and its length."""
    depth = 0
    while 1 << depth < _NODES and n * itemsize >> depth > _NODE:
        depth += 1
    lengths = np.array([n], np.intp)
    for _ in range(depth):
        left = lengths // 2 - lengths // 2 % 8
        lengths = np.stack((left, lengths - left), axis=1).reshape(-1)
    nodes = np.stack((lengths.cumsum() - lengths, lengths), axis=1)
    nodes.flags.writeable = False
    return nodes


# Programs by what they depend on. They keep loops alive, and no array.


@functools.cache
def _nodes_program(char: str, value: int) -> "CData":
    written = 0b1100 if value == NUMBERS else 0b0100
    return new_program(4, [], [(moment_nodes_loop(char, value), (0, 1, 2, 3))], written=written, name="sum")


@functools.cache
def _rows_program(char: str, value: int) -> "CData":
    written = 0b101 if value == NUMBERS else 0b001
    return new_program(
        3, [], [(moment_rows_loop(char, value), (0, 1, 2))], core=(1, 1), written=written, name="sum"
    )
