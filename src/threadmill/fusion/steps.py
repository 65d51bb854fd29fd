"""Steps of a pass that are no ufuncs: conversions, copies, choices by a condition, writes under a mask."""

from typing import Any
from weakref import ref

import numpy as np

from .._native.programs import need_cast_loop
from ..arrays.operands import PYTHON_NUMBERS, as_loop_number, plain_dtype
from ..arrays.refusal import Refusal
from .calls import assign
from .explanation import MAY_CHANGE
from .lazy import LazyArray, evaluated_alone, shown
from .loops import find_loop, number_in, plain_loop, select_loop_of
from .node_plans import plan_conversion
from .nodes import KNOWN, Conversion, Value, is_plain
from .recording import put_off
from .stores import store

__all__ = ["astype", "copy_into", "filled", "is_equal_to", "is_not_zero", "put_where", "where"]

# ---- conversions and copies ----

_conversions: dict[tuple[int, int], Conversion | None] = {}


def astype(
    x: LazyArray,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    """ndarray.astype."""
    value = x._value
    if not value.is_plain or subok not in (True, False) or copy not in (True, False):
        return NotImplemented
    if order != "K" and (order not in ("C", "A") or value.turned):
        return NotImplemented
    try:
        target = np.dtype(dtype)
        if casting != "unsafe" and not np.can_cast(value.dtype, target, casting):  # type: ignore[arg-type]
            return NotImplemented
    except (TypeError, ValueError):
        return NotImplemented
    is_same = target == value.dtype and target.metadata is None  # long is long long
    if is_same and not copy and (order == "K" or value.array is None or value.array.flags.c_contiguous):
        return x
    if order == "K" and value.kind is not None and value.kind[3]:
        return NotImplemented
    if target.metadata is not None or not target.isnative:
        return NotImplemented
    loop = _conversion(value.dtype, target)
    if loop is None:
        return NotImplemented
    made = put_off(loop, 0, x)
    if made is not None:
        return made
    plan_conversion(loop, value)
    node = x._record.add(loop, loop.name, (value,), value.shape, loop.reports)
    return NotImplemented if node is None else shown(x._record, node)


def _conversion(source: "np.dtype[Any]", target: "np.dtype[Any]") -> Conversion | None:
    key = source.num, target.num
    if key not in _conversions:
        _conversions[key] = _copy_loop(target) if source.num == target.num else plain_loop(source, target)
    return _conversions[key]


# What copies elements of so many bytes; those of long doubles have bytes that no conversion copies.
_COPIES = {1: "B", 2: "H", 4: "I", 8: "L"}


def _copy_loop(dtype: "np.dtype[Any]") -> Conversion | None:
    if dtype.char in "gG":
        return None
    char = dtype.char if dtype.kind == "c" else _COPIES[dtype.itemsize]
    return Conversion("copy", need_cast_loop(char, char), (dtype, dtype), False)


def filled(x: LazyArray, number: Any, dtype: Any = None) -> Any:
    """An array like x of a number that converts without a word."""
    value = x._value
    target = value.dtype if dtype is None else plain_dtype(dtype)
    if target is None or target.char not in KNOWN or value.kind is None or value.turned or value.kind[3]:
        return NotImplemented
    made, loop = _number_in(number, target), _conversion(target, target)
    if made is None or loop is None:
        return NotImplemented
    node = x._record.add(loop, "fill", (made,), value.shape, False)
    return NotImplemented if node is None else shown(x._record, node)


def is_not_zero(x: LazyArray) -> Any:
    """Where x is not zero, of which NumPy reports no errors, whatever the NaN."""
    value = x._value
    if value.dtype.char == "?":
        return x
    loop = plain_loop(value.dtype, np.dtype(bool)) if value.is_plain else None
    node = None if loop is None else x._record.add(loop, "cast", (value,), value.shape, False)
    return NotImplemented if node is None else shown(x._record, node)


def is_equal_to(x: LazyArray, number: float) -> Any:
    """Where x, of floats, is a number, of which NumPy reports no errors, whatever the NaN."""
    value = x._value
    if value.dtype.char not in "efd" or not value.is_plain or not value.shape:
        return NotImplemented
    operands = value, Value.of(np.asarray(number, value.dtype))
    loop = find_loop(np.equal, operands, (np.equal, value.dtype.num, value.dtype.num))
    node = None if isinstance(loop, Refusal) else x._record.add(loop, "equal", operands, value.shape, False)
    return NotImplemented if node is None else shown(x._record, node)


# ---- choices by a condition ----


def where(condition: Any, *choices: Any) -> Any:
    """np.where with both choices."""
    asked = (condition, *choices)
    record = next((x._record for x in asked if type(x) is LazyArray), None)
    if len(choices) != 2 or record is None:
        return NotImplemented
    values = [_operand(record, x) for x in asked]
    if any(value is None for value in values) or type(values[0]) is not Value or values[0].dtype.char != "?":
        return NotImplemented
    try:
        dtype = np.result_type(*[x.dtype if type(x) is Value else x for x in values[1:]])
        given = [x if type(x) is Value else number_in(dtype, x) or _in_loop(x, dtype) for x in values]
        operands = [x for x in given if x is not None]
        if len(operands) < len(given):
            return NotImplemented
        shape = np.broadcast_shapes(*(x.shape for x in operands))
    except (TypeError, ValueError, OverflowError):
        return NotImplemented
    if dtype.metadata is not None:
        return NotImplemented
    for k, x in enumerate(operands[1:], 1):
        if x.dtype.num != dtype.num and plain_loop(x.dtype, dtype) is None:
            return NotImplemented
        if x is values[k] and not x.shape and x.array is not None:
            operands[k] = Value.of(x.array.astype(dtype))
    node = record.add(select_loop_of(dtype), "where", tuple(operands), shape, False)
    return NotImplemented if node is None else shown(record, node)


def _in_loop(number: Any, dtype: "np.dtype[Any]") -> Value | None:
    """A number of Python's in this dtype; None where NumPy has something to tell of the conversion."""
    made = as_loop_number(number, dtype)
    return None if made is None else Value.of(made)


def _operand(record: Any, x: Any) -> Any:
    """A value, a number of Python's, or None for what NumPy has to look at."""
    if type(x) is LazyArray:
        return x._value if x._value.is_plain and x._record is record else None
    if type(x) in PYTHON_NUMBERS:
        return x
    if isinstance(x, np.generic) or type(x) is bool:
        array = np.asarray(x)
        return Value.of(array) if is_plain(array) else None
    return None


# ---- writes under a mask ----


def put_where(x: LazyArray, mask: LazyArray, new: Any) -> bool:
    """``x[mask] = new``, a number or an array of x's shape; False: NumPy has to."""
    record, value, condition = x._record, x._value, mask._value
    if not value.is_plain or not condition.is_plain or mask._record is not record:
        return False
    if condition.dtype.char != "?" or condition.shape != value.shape:
        return False
    chosen = _in_dtype(record, new, value)
    if chosen is None:
        return False
    array = value.array
    if array is not None and (value.borrowed or not array.flags.writeable):
        return False
    operands = condition, chosen, _uncopied(value)
    node = record.add(select_loop_of(value.dtype), "where", operands, value.shape, False)
    if node is None:
        return False
    made = node.outs[0]
    if array is None:  # nobody else can see it
        if made.turned == value.turned:
            x._value = made
            made.owner = ref(x)
            if record.is_urgent:
                record.flush(MAY_CHANGE)
            return True
    elif store(record, array, made):
        return True
    record.take_out(node)
    return False


def _uncopied(value: Value) -> Value:
    """What a value is a copy of, where the copy is put off still."""
    node = value.node
    if value.array is not None or node is None or node.name != "copy" or node.inputs[0].shape != value.shape:
        return value
    return node.inputs[0]


def _in_dtype(record: Any, new: Any, value: Value) -> Value | None:
    """What is written, in the dtype of what it is written to; None where that is NumPy's to make of it."""
    if type(new) is LazyArray:
        own = new._value
        is_alike = own.dtype.num == value.dtype.num and own.shape == value.shape and own.is_plain
        return own if is_alike and new._record is record else None
    return _number_in(new, value.dtype)


def _number_in(number: Any, dtype: "np.dtype[Any]") -> Value | None:
    if isinstance(number, np.generic):
        array = np.asarray(number)
        return Value.of(array) if array.dtype == dtype and is_plain(array) else None
    if type(number) not in (int, float) or (type(number) is float and dtype.kind not in "fc"):
        return None
    return number_in(dtype, number) or _in_loop(number, dtype)


def copy_into(target: Any, source: Any, casting: str = "same_kind", where: Any = True) -> Any:
    """np.copyto."""
    if type(target) is not LazyArray or casting not in ("same_kind", "unsafe"):
        return NotImplemented
    if type(where) is LazyArray:
        if type(source) is int and target.dtype.kind == "b":  # no cast of the same kind
            return NotImplemented
        return None if put_where(target, where, source) else NotImplemented
    if where is not True or type(source) is not LazyArray or source._record is not target._record:
        return NotImplemented
    if source.shape != target.shape or not np.can_cast(source.dtype, target.dtype, casting):  # type: ignore[arg-type]
        return NotImplemented
    array = evaluated_alone(target)
    if not array.flags.writeable:
        return NotImplemented
    assign(target._record, array, source._value)
    return None
