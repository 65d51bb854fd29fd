"""Reductions over axes before the last one in the pass that makes what they reduce.

NumPy adds row by row to a row of results, and so does the pass: each thread takes a piece of all rows, and
goes down them in their order. The results are there when the pass is over.
"""

import functools
from math import prod
from typing import Any

import numpy as np

from .._native.fused import COLUMN
from .._types import Array
from ..arrays.any_order import identity
from ..arrays.cache import Cache
from ..arrays.layout import NO_VALUE
from ..arrays.loops import Loop, resolve
from ..arrays.probes import sum_block, zero_by_place
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS
from .arg_extremes import has_any_byte, index_of_columns
from .lazy import shown
from .nodes import Conversion, Value
from .record import Record
from .reduce_all import Given, given_number, is_own, is_quiet

__all__ = ["extremes_of_columns", "reduce_columns"]

# Elements in a row, and rows. Each step is called for a piece of each row: in narrower ones the calls cost
# more than the pass saves.
_NARROWEST, _FEWEST = 256, 8

# Loops that add element by element to what stands there, by dtype.
_KNOWN = {
    **{"add": "lLqQfdFD", "multiply": "lLqQfd", "logical_and": "?", "logical_or": "?"},
    **dict.fromkeys(("minimum", "maximum"), "bBhHiIlLqQfd"),
}

# Loops by ufunc and dtype; or that NumPy reduces. Any thread may write.
_loops: Cache[tuple[Any, ...], Conversion | Refusal] = Cache()

_LEFT_TO_NUMPY = Refusal("NumPy reduces")


def reduce_columns(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> Any:
    """ufunc.reduce over axes before the last one, put off; NotImplemented: another way is needed."""
    if value.array is not None or not is_own(given.dtype, value):  # `parallel` reduces it
        return NotImplemented
    axes = _columns(value, given.axis)
    if axes is None:
        return NotImplemented
    key = ufunc, value.dtype.num
    loop = _loops.get(key)
    if loop is None:
        loop = _loops.put(key, _loop_for(ufunc, value.dtype))
    if isinstance(loop, Refusal) or (ufunc in _FURTHEST and not is_quiet(value)):
        return NotImplemented
    inputs: tuple[Value, ...] = (value,)
    if given.initial is not NO_VALUE:
        initial = given_number(given.initial, value.dtype)
        if initial is None:
            return NotImplemented
        loop, inputs = _begun(loop), (value, Value.of(initial))
    shape = _left(value.shape, axes, given.keepdims)
    node = record.add(loop, "reduce", inputs, shape, loop.reports, COLUMN, value.shape, axes)
    return NotImplemented if node is None else shown(record, node)


@functools.cache
def _begun(loop: Conversion) -> Conversion:
    """The loop with something that results begin with."""
    made = Conversion(loop.name, loop.strided, loop.dtypes[:1] * 3, loop.reports, loop.of)
    made.contiguous = loop.contiguous
    return made


def extremes_of_columns(record: Record, value: Value, function: Any, axis: Any, keepdims: bool) -> Any:
    """np.argmax or np.argmin over an axis before the last, put off; NotImplemented: another way is needed."""
    axes = _columns(value, axis)
    loop = None if axes is None or has_any_byte(value) else index_of_columns(value.dtype, function)
    if axes is None or loop is None:
        return NotImplemented
    length, others = value.shape[axes[0]], len(value.shape) - 1 - axes[0]
    numbers = Value.of(np.arange(length, dtype=np.intp).reshape(length, *[1] * others))
    shape = _left(value.shape, axes, keepdims)
    node = record.add(loop, "reduce", (value, numbers), shape, False, COLUMN, value.shape, axes)
    return NotImplemented if node is None else shown(record, node)[1]


def _left(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """The shape of what is left when these axes are reduced."""
    if keepdims:
        return tuple([1 if k in axes else length for k, length in enumerate(shape)])
    return tuple([length for k, length in enumerate(shape) if k not in axes])


def _columns(value: Value, axis: Any) -> tuple[int, ...] | None:
    """The axes, if the last one is not among them and the rows are wide and many."""
    if value.turned or (value.array is not None and not (value.is_plain and value.array.flags.c_contiguous)):
        return None
    shape = value.shape
    ndim = len(shape)
    given = axis if type(axis) is tuple else (axis,)
    if ndim < 2 or not given or any(type(each) is not int or not -ndim <= each < ndim for each in given):
        return None
    axes = tuple(sorted({each % ndim for each in given}))
    if len(axes) < len(given) or axes[-1] == ndim - 1:
        return None
    if shape[-1] < _NARROWEST or prod([shape[each] for each in axes]) < _FEWEST:
        return None
    return axes


# NumPy begins with the first row, which is what comes of it and of what is as far off as can be.
_FURTHEST: dict[Any, float] = {np.minimum: np.inf, np.maximum: -np.inf}


def _furthest(ufunc: np.ufunc, dtype: np.dtype[Any]) -> Array | None:
    if dtype.kind == "f":
        return None if zero_by_place(ufunc.__name__, dtype.char) else np.asarray(_FURTHEST[ufunc], dtype)
    bounds = np.iinfo(dtype)
    return np.asarray(bounds.max if ufunc is np.minimum else bounds.min, dtype)


def _loop_for(ufunc: np.ufunc, dtype: np.dtype[Any]) -> Conversion | Refusal:
    if ufunc not in NUMPYS or dtype.char not in _KNOWN.get(ufunc.__name__, ""):
        return _LEFT_TO_NUMPY
    if ufunc is np.add and dtype.kind in "fc" and sum_block():
        return _LEFT_TO_NUMPY
    loop = resolve(ufunc, (None, dtype, None), reduction=True)
    if not isinstance(loop, Loop) or any(each.num != dtype.num for each in loop.dtypes):
        return _LEFT_TO_NUMPY
    first = _furthest(ufunc, dtype) if ufunc in _FURTHEST else identity(loop)
    if first is None:
        return _LEFT_TO_NUMPY
    made = Conversion(
        f"{ufunc.__name__}.reduce", loop.strided.address, (dtype, dtype), loop.strided.reports, loop, (first,)
    )
    made.contiguous = loop.contiguous.address
    return made
