"""NumPy's functions that sort along an axis: sort, argsort, partition, argpartition.

Rows whose elements lie side by side are sorted without the GIL, each by NumPy's function for a row. Others
are shared out in blocks, which are turned around while they are copied.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.fresh import empty, empty_like
from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..arrays.row_functions import KINDS, order_rows, sort_rows
from ..tasks.pool import Pool
from . import sort_1d
from .columns import are_turned, by_columns
from .face import Prepared, on_all_cores
from .rows import Block, Rows, filled, rows_of, run_blocks

__all__ = ["argpartition", "argsort", "partition", "sort"]

_NOT_PLAIN = Refusal("the operand is no plain aligned native array of numbers")

_WAY = "Rows along the axis are shared out, each sorted by NumPy's own function."

_SORT_1D = (
    "In one dimension elements of 4 and 8 bytes are parted into buckets, each sorted by NumPy; a stable sort "
    "is NumPy's quickest one, where that gives the same; dates are sorted as integers, bytes by radices."
)
_ARGSORT_1D = "In one dimension a stable order comes of keys and indices, packed on the threads and sorted."

# Bytes from which on it gains, and in a block at least: NumPy sorts up to 9 KB in a microsecond, and finds
# the order of 3.
_SORTED, _ORDERED, _BLOCK = 1 << 21, 1 << 20, 1 << 16

# Of rows that lie side by side in a copy so many times fewer bytes gain.
_EARLIER = 16


def _rows(a: Any, axis: Any) -> Rows | Refusal:
    """The rows along an axis, cut along another one."""
    if not is_plain(a):
        return _NOT_PLAIN
    if type(axis) is not int or not -a.ndim <= axis < a.ndim:
        return Refusal("the axis is none, or is no axis")
    return rows_of(a, [axis % a.ndim], least=_BLOCK)


def _has_one_axis(a: Any) -> bool:
    return type(a) is np.ndarray and a.ndim == 1


def _size_in_words(a: Any, *_: Any, **__: Any) -> int:
    """The bytes of an array, of which an element counts as four at most."""
    return int(a.size * min(a.itemsize, 4))


def _size(a: Any, axis: Any = -1, *_: Any, **__: Any) -> int:
    """The same, as many times as they gain earlier."""
    return _size_in_words(a) * (_EARLIER if a.ndim > 1 and 0 < a.strides[axis] == min(a.strides) else 1)


def _size_of_order(a: Any, axis: Any = -1, *_: Any, **__: Any) -> int:
    """The same where elements and indices of a row lie side by side: along the last axis alone."""
    is_early = a.strides[axis] == a.itemsize and axis in (-1, a.ndim - 1)
    return _size(a, axis) if is_early else _size_in_words(a)


def _number_of(kind: Any, order: Any, stable: Any) -> int | None:
    """Which of NumPy's ways to sort is asked for; None: one that NumPy has to look at."""
    if order is not None or (kind is not None and stable is not None):
        return None
    if type(stable) is bool:
        return KINDS["stable" if stable else "quicksort"]
    return KINDS.get(kind) if stable is None and (kind is None or type(kind) is str) else None


def _in_place(
    pool: Pool, a: Any, result: Any, axis: int, rows: Rows, change: Callable[[Any, int], object]
) -> Any:
    """A copy of an array, changed block by block as soon as each is copied."""
    if are_turned(a, axis, rows):
        return by_columns(pool, a, result, axis, lambda row: change(row, -1))

    def work(piece: slice) -> None:
        block = rows.block(piece)
        if abs(result.strides[axis]) == result.itemsize:
            part = result[block]
            part[...] = a[block]
            change(part, axis)
        else:
            part = _turned(a[block], axis)
            change(part, -1)
            result[block] = np.moveaxis(part, -1, axis)

    refusal = run_blocks(pool, work, rows.pieces)
    return result if refusal is None else refusal


def _turned(x: Any, axis: int) -> Any:
    """A copy with an axis as the innermost one."""
    return np.moveaxis(x, axis, -1).copy("C")


def _ordered(pool: Pool, a: Any, result: Any, axis: int, rows: Rows, order: Callable[[Any, int], Any]) -> Any:
    """The indices that order(block, axis) gives, in C order as NumPy gives them."""
    if are_turned(result, axis, rows) and abs(a.strides[axis]) != a.itemsize:
        return by_columns(pool, a, result, axis, lambda row: order(row, -1), is_order=True)

    def one(block: Block) -> Any:
        if abs(a.strides[axis]) == a.itemsize:
            return order(a[block], axis)
        return np.moveaxis(order(_turned(a[block], axis), -1), -1, axis)

    return filled(pool, rows, result, one)


@on_all_cores(np.sort, f"{_WAY} {_SORT_1D}", _SORTED, _size, times=_EARLIER)
def sort(
    pool: Pool, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Prepared:
    if _has_one_axis(a):
        return sort_1d.sort(pool, a, axis, kind, order, stable=stable)
    rows = _rows(a, axis)
    if isinstance(rows, Refusal):
        return rows
    way = _number_of(kind, order, stable)

    def call() -> Any:
        result = empty_like(a)
        if way is not None and result.strides[axis] == result.itemsize:
            turned = np.moveaxis(a, axis, -1), np.moveaxis(result, axis, -1)
            if sort_rows(pool._handle, *turned, way) is None:
                return result
        return _in_place(
            pool, a, result, axis, rows, lambda x, axis: x.sort(axis, kind, order, stable=stable)
        )

    return call


@on_all_cores(np.partition, _WAY, _SORTED)
def partition(
    pool: Pool, a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Prepared:
    if _has_one_axis(a):
        return _SIDES
    rows = _rows(a, axis)
    if isinstance(rows, Refusal):
        return rows
    if not _are_integers(kth):
        return _NO_INTEGERS
    return lambda: _in_place(
        pool, a, empty_like(a), axis, rows, lambda x, axis: x.partition(kth, axis, kind, order)
    )


@on_all_cores(np.argsort, f"{_WAY} {_ARGSORT_1D}", _ORDERED, _size_of_order, times=_EARLIER)
def argsort(
    pool: Pool, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Prepared:
    if _has_one_axis(a):
        return sort_1d.argsort(pool, a, axis, kind, order, stable=stable)
    rows = _rows(a, axis)
    if isinstance(rows, Refusal):
        return rows
    way = _number_of(kind, order, stable)

    def call() -> Any:
        result = empty(a.shape, np.intp)
        if way is not None and a.strides[axis] == a.itemsize and result.strides[axis] == result.itemsize:
            turned = np.moveaxis(a, axis, -1), np.moveaxis(result, axis, -1)
            if order_rows(pool._handle, *turned, way) is None:
                return result
        return _ordered(
            pool, a, result, axis, rows, lambda x, axis: x.argsort(axis, kind, order, stable=stable)
        )

    return call


@on_all_cores(np.argpartition, _WAY, _ORDERED, _size_in_words)
def argpartition(
    pool: Pool, a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Prepared:
    if _has_one_axis(a):
        return _SIDES
    rows = _rows(a, axis)
    if isinstance(rows, Refusal):
        return rows
    if not _are_integers(kth):
        return _NO_INTEGERS
    return lambda: _ordered(
        pool,
        a,
        empty(a.shape, np.intp),
        axis,
        rows,
        lambda x, axis: x.argpartition(kth, axis, kind, order),
    )


# It is another one for each instruction set, and for each list of places.
_SIDES = Refusal("the order within the two sides is that of NumPy's own steps")

_NO_INTEGERS = Refusal("kth is no integer, and no list of integers")


def _are_integers(kth: Any) -> bool:
    each = kth if type(kth) in (list, tuple) else [kth]
    return all(type(k) is int or isinstance(k, np.integer) for k in each)
