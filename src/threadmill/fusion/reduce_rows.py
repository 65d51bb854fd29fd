"""Reductions of rows in the pass that makes them, whose later steps may read what they come to.

A row is what the last axis goes over. NumPy reduces each by one call of its loop, and so does the pass, whose
tiles are whole rows then.
"""

import functools
from math import prod
from typing import Any

import numpy as np

from .._native.fused import ROW
from .._native.programs import sum_where_loop
from ..arrays.any_order import identity
from ..arrays.cache import Cache
from ..arrays.layout import NO_VALUE
from ..arrays.loops import resolve
from ..arrays.probes import sum_block
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS
from .arg_extremes import has_any_byte, index_of_rows
from .lazy import LazyArray, shown
from .nodes import Conversion, Value
from .record import Record
from .reduce_all import Given, given_number, is_own

__all__ = ["extremes_of_rows", "masked_rows", "reduce_rows", "widest"]

# Bytes in a row. Shorter ones cost more in calls of steps than a pass saves: softmax of 10**6 float32 gains
# from 1,024 in a row on, of float64 from 512. The buffers of longer ones would leave the second-level cache.
_SHORTEST, _LONGEST = 1 << 12, 1 << 16

# Loops that depend on nothing but the row.
_KNOWN = frozenset({"add", "multiply", "minimum", "maximum", "logical_and", "logical_or"})

# Loops, and what stands before a row's first element, by ufunc and dtype; or that NumPy reduces. Any thread
# may write.
_loops: Cache[tuple[Any, ...], tuple[Conversion, tuple[Value, ...]] | Refusal] = Cache()

_LEFT_TO_NUMPY = Refusal("NumPy reduces")


def reduce_rows(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> Any:
    """ufunc.reduce over the last axis, put off; NotImplemented: another way is needed."""
    if not is_own(given.dtype, value) or not _are_rows(value, given.axis):
        return NotImplemented
    key = ufunc, value.dtype.num
    found = _loops.get(key)
    if found is None:
        found = _loops.put(key, _loop_for(ufunc, value.dtype))
    if isinstance(found, Refusal):
        return NotImplemented
    if given.initial is not NO_VALUE:
        initial = given_number(given.initial, value.dtype)
        if initial is None:
            return NotImplemented
        found = _begun(found[0]), (Value.of(initial),)
    return _reduced(record, value, found, given.keepdims)


@functools.cache
def _begun(loop: Conversion) -> Conversion:
    """The loop with something that stands before a row's first element."""
    dtypes = loop.dtypes[:1] * 3
    return Conversion(loop.name, loop.strided, dtypes, loop.reports, loop.of)


# Sums under a mask by dtype, and what their loops refer to; or that NumPy reduces. Any thread may write.
_masked: dict[str, tuple[Conversion, Any] | Refusal] = {}


def masked_rows(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> Any:
    """np.add.reduce of floats over the last axis under a mask, put off; else NotImplemented."""
    mask = given.where
    if ufunc is not np.add or value.dtype.char not in "fd" or not is_own(given.dtype, value):
        return NotImplemented
    if type(mask) is not LazyArray or mask._record is not record or mask.dtype.char != "?":
        return NotImplemented
    if mask.shape != value.shape or not _are_rows(value, given.axis) or not _lies_in_rows(mask._value):
        return NotImplemented
    initial = np.zeros((), value.dtype)
    if given.initial is not NO_VALUE:
        begin = given_number(given.initial, value.dtype)
        if begin is None:
            return NotImplemented
        initial = begin
    found = _masked.get(value.dtype.char)
    if found is None:
        found = _masked[value.dtype.char] = _masked_loop(value.dtype)
    if isinstance(found, Refusal):
        return NotImplemented
    return _reduced(record, value, (found[0], (mask._value, Value.of(initial))), given.keepdims)


def _masked_loop(dtype: np.dtype[Any]) -> tuple[Conversion, Any] | Refusal:
    usual = _loop_for(np.add, dtype)
    if isinstance(usual, Refusal):
        return usual
    own = usual[0]
    loop, kept = sum_where_loop(dtype.char, own.strided)
    return Conversion(own.name, loop, (dtype, np.dtype(bool), dtype, dtype), own.reports, own.of), kept


def extremes_of_rows(record: Record, value: Value, function: Any, axis: Any, keepdims: bool) -> Any:
    """np.argmax or np.argmin over the last axis, put off; NotImplemented: another way is needed."""
    shortest = _SHORTEST // 16 if value.dtype.char == "e" else _SHORTEST  # NumPy takes 10 ns for each half
    if not _are_rows(value, axis, shortest) or has_any_byte(value):
        return NotImplemented
    found = index_of_rows(value.dtype, function)
    return NotImplemented if found is None else _reduced(record, value, found, keepdims)


def _reduced(
    record: Record, value: Value, found: tuple[Conversion, tuple[Value, ...]], keepdims: bool
) -> Any:
    loop, beginning = found
    shape = (*value.shape[:-1], 1) if keepdims else value.shape[:-1]
    node = record.add(loop, "reduce", (value, *beginning), shape, loop.reports, ROW, value.shape)
    return NotImplemented if node is None else shown(record, node)


def _are_rows(value: Value, axis: Any, shortest: int | None = None) -> bool:
    """Whether the axis is the last one, and what it goes over can be the tiles of a pass."""
    shape, least = value.shape, _SHORTEST if shortest is None else shortest
    if type(axis) is tuple and len(axis) == 1:
        axis = axis[0]
    if type(axis) is not int or len(shape) < 2 or axis not in (-1, len(shape) - 1):
        return False
    if shape[-1] < 3 or shape[-1] * value.dtype.itemsize > _LONGEST or shape[-1] * widest(value) < least:
        return False
    return prod(shape[:-1]) >= 2 and _lies_in_rows(value)


def _lies_in_rows(value: Value) -> bool:
    if value.turned:
        return False
    return value.array is None or (value.is_plain and value.array.flags.c_contiguous)


def widest(value: Value) -> int:
    """The size of an element, or of the operands' of which truth values are made."""
    node = value.node
    if node is None or value.dtype.kind != "b":
        return value.dtype.itemsize
    return max(each.dtype.itemsize for each in (value, *node.inputs))


def _loop_for(ufunc: np.ufunc, dtype: np.dtype[Any]) -> tuple[Conversion, tuple[Value, ...]] | Refusal:
    if ufunc not in NUMPYS or ufunc.__name__ not in _KNOWN or dtype.char == "e":
        return _LEFT_TO_NUMPY
    if ufunc is np.add and dtype.char in "fdFD" and sum_block():
        return _LEFT_TO_NUMPY
    loop = resolve(ufunc, (None, dtype, None), reduction=True)
    if isinstance(loop, Refusal) or any(each.num != dtype.num for each in loop.dtypes):
        return _LEFT_TO_NUMPY
    first = identity(loop)
    beginning = () if first is None else (Value.of(first),)
    dtypes = (dtype,) * (len(beginning) + 2)
    entry = loop.strided
    return Conversion(f"{ufunc.__name__}.reduce", entry.address, dtypes, entry.reports, loop), beginning
