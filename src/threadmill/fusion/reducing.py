"""A ufunc's reduction of a lazy array: at the end of a pass, within one, or at once."""

from typing import Any

import numpy as np

from ..arrays.operands import plain_dtype
from .calls import by_numpy, on_all_cores
from .lazy import LazyArray, shown, wrapped
from .loops import MASKED, plain_loop, select_loop_of
from .nodes import Value
from .record import Record
from .reduce_all import Given, given_number, is_quiet, reduce_all
from .reduce_columns import reduce_columns
from .reduce_evaluated import reduce_evaluated
from .reduce_rows import masked_rows, reduce_rows

__all__ = ["reduce"]

_NAMES = ("axis", "dtype", "out", "keepdims", "initial", "where")
_ALL_WAYS: tuple[Any, ...] = (reduce_all, reduce_rows, reduce_columns)


def reduce(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's reduction: at the end of a pass if it is one of all elements, within one if it is of rows or
    columns, else at once."""
    x = args[0]
    if type(x) is LazyArray and x._record is record:
        given = _given(args[1:], options)
        result = NotImplemented if given is None else _in_pass(record, x, ufunc, given)
        if result is NotImplemented and given is not None:
            result = reduce_evaluated(record, x, ufunc, given, lambda: _at_once(record, ufunc, args, options))
        if result is not NotImplemented:
            return wrapped(record, result)
    return _at_once(record, ufunc, args, options)


def _at_once(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    return by_numpy(record, on_all_cores(ufunc).reduce, args, options, writes="out" in options)


def _given(args: tuple[Any, ...], options: dict[str, Any]) -> Given | None:
    """The arguments, which NumPy has looked at, if there is no output among them."""
    named = dict(zip(_NAMES, args, strict=False)) | options
    if named.pop("out", None) is not None or type(named.get("keepdims", False)) is not bool:
        return None
    return Given(**named)


def _in_pass(record: Record, x: LazyArray, ufunc: np.ufunc, given: Given) -> Any:
    if _is_exact(x, ufunc, given):
        return _exact_sum(record, x, given)
    value, ways = x._value, _ALL_WAYS
    if value.array is None:
        value = _widened(record, value, ufunc, given)
    if given.where is not True:
        result = masked_rows(record, value, ufunc, given)
        if result is not NotImplemented:
            return result
        value, ways = _masked(record, value, ufunc, given)
    for way in ways:
        result = way(record, value, ufunc, given)
        if result is not NotImplemented:
            return result
    return NotImplemented


# ---- dtypes ----


def _widened(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> Value:
    """A value in the dtype in which NumPy reduces it, where that is the same in any order."""
    asked = None if given.dtype is None else plain_dtype(given.dtype)
    if given.dtype is not None and asked is None:
        return value
    if ufunc in (np.logical_and, np.logical_or):
        if value.dtype.char == "?" or (asked is not None and asked.char != "?") or not is_quiet(value):
            return value
        return _cast(record, value, np.dtype(bool))
    if value.dtype.kind not in "biu" or ufunc not in (np.add, np.multiply):
        return value
    target = ufunc.reduce(np.ones(1, value.dtype), dtype=asked).dtype
    if target.num == value.dtype.num or target.kind not in "iu":
        return value
    return _cast(record, value, target)


def _cast(record: Record, value: Value, target: np.dtype[Any]) -> Value:
    """The value in another dtype, of which nothing is told."""
    loop = plain_loop(value.dtype, target)
    node = None if loop is None else record.add(loop, "cast", (value,), value.shape, False)
    return value if node is None else node.outs[0]


def _is_exact(x: LazyArray, ufunc: np.ufunc, given: Given) -> bool:
    """Whether it is a sum in float64 of integers so small that no partial sum is rounded. NumPy's buffer has
    a part in that of others."""
    value, dtype = x._value, given.dtype
    if ufunc is not np.add or value.array is not None or value.dtype.kind not in "biu":
        return False
    if not isinstance(dtype, type | np.dtype) or np.dtype(dtype) != np.float64 or not given.is_plain():
        return False
    bits = 1 if value.dtype.kind == "b" else 8 * value.dtype.itemsize
    return bits + x.size.bit_length() <= np.finfo(float).nmant


def _exact_sum(record: Record, x: LazyArray, given: Given) -> Any:
    total = reduce(record, np.add, (x,), {**given._asdict(), "dtype": np.int64})
    if type(total) is not LazyArray:
        return np.float64(total)
    if total._value.array is not None:
        return total._value.array.astype(float)
    loop = plain_loop(total.dtype, np.dtype(float))
    node = None if loop is None else record.add(loop, "cast", (total._value,), total.shape, False)
    return NotImplemented if node is None else shown(record, node)


# ---- masks ----

# What changes nothing, by ufunc; no sum, even one that begins with -0.0.
_NEUTRAL = {np.add: -0.0, np.multiply: 1, np.logical_or: False, np.logical_and: True}


def _masked(record: Record, value: Value, ufunc: np.ufunc, given: Given) -> tuple[Value, tuple[Any, ...]]:
    """The value with what changes nothing where the mask leaves it out, and the ways that make NumPy's bits
    of that; it adds up floats from one gap of the mask to the next."""
    mask = given.where
    if type(mask) is not LazyArray or mask._record is not record or not mask._value.is_plain:
        return value, ()
    if mask.dtype.char != "?" or mask.shape != value.shape or not value.is_plain or not value.shape:
        return value, ()
    dtype, ways = value.dtype, _ALL_WAYS
    if ufunc in _NEUTRAL:
        neutral = np.asarray(_NEUTRAL[ufunc]).astype(dtype)
        if dtype.kind == "c" and ufunc is np.add:
            neutral = np.asarray(complex(-0.0, -0.0), dtype)
        if dtype.kind in "fc":
            ways = (reduce_columns,)
    elif ufunc in (np.minimum, np.maximum) and dtype.kind in "iuf":
        initial = given_number(given.initial, dtype)
        if initial is None:
            return value, ()
        neutral, ways = initial, (reduce_all,) if dtype.kind == "f" else ways
    else:
        return value, ()
    inputs = mask._value, value, Value.of(neutral)
    node = record.add(select_loop_of(dtype, MASKED), "where", inputs, value.shape, False)
    return (value, ()) if node is None else (node.outs[0], ways)
