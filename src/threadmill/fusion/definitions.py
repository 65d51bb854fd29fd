"""NumPy's functions and methods on lazy arrays: as its own Python code defines them, or a step of a pass."""

import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import _methods
from numpy._core import fromnumeric as _fromnumeric

from .._native.fused import select_loop
from ..arrays.operands import as_loop_number
from .lazy import LazyArray, shown
from .loops import plain_loop
from .nodes import Conversion, Value, is_plain

__all__ = ["FUNCTIONS", "METHODS", "power", "put_where"]


# ---- NumPy's own Python code, in which a lazy array passes where it asks for an ndarray ----


def _as_it_is(x: Any, *args: Any, **options: Any) -> Any:
    return x if type(x) is LazyArray and not args and not options else np.asanyarray(x, *args, **options)


def _warn(message: Any, category: Any = None, stacklevel: int = 1, **options: Any) -> None:
    """warnings.warn that does not see this room: above their Python code NumPy's methods have no frames."""
    frame, level = sys._getframe(stacklevel), stacklevel + 1
    while frame.f_globals.get("__package__") == __package__ and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, level, **options)


def _type(x: Any) -> Any:
    return np.ndarray if type(x) is LazyArray else type(x)


def _copied(module: Any, **more: Any) -> types.SimpleNamespace:
    """A module's functions, bound to these names besides its own."""
    names = {**vars(module), "asanyarray": _as_it_is, "asarray": _as_it_is, "type": _type, **more}
    if "warnings" in names:
        names["warnings"] = types.SimpleNamespace(**{**vars(warnings), "warn": _warn})
    for name, own in vars(module).items():
        function = getattr(own, "_implementation", own)  # below the dispatch of __array_function__
        if isinstance(function, types.FunctionType) and function.__globals__ is vars(module):
            copy = types.FunctionType(
                function.__code__, names, name, function.__defaults__, function.__closure__
            )
            copy.__kwdefaults__ = function.__kwdefaults__
            names[name] = copy
    return types.SimpleNamespace(**names)


_own_methods = _copied(_methods)
_own_functions = _copied(_fromnumeric, _methods=_own_methods)


# ---- powers: NumPy takes a short way for some exponents; which, it is asked ----


class _Asked(np.ndarray[Any, Any]):
    """Tells which ufunc an operator calls, with how many operands."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        return ufunc, len(args)


_powers: dict[tuple[Any, ...], tuple[np.ufunc, int]] = {}


def power(x: Any, exponent: Any) -> tuple[np.ufunc, tuple[Any, ...]]:
    """The ufunc and the operands of ``x ** exponent``."""
    if type(exponent) not in (int, float) or exponent not in (-1, 0, 0.5, 1, 2):
        return np.power, (x, exponent)
    key = x.dtype.num, type(exponent), exponent
    found = _powers.get(key)
    if found is None:
        asked: Any = np.ones(2, x.dtype).view(_Asked)
        found = _powers[key] = asked**exponent
    ufunc, count = found
    return ufunc, (x, exponent)[:count]


# ---- steps that are no ufuncs ----

_selects: dict[int, Conversion] = {}


def where(condition: Any, *choices: Any) -> Any:
    """np.where with both choices, as a step."""
    given = (condition, *choices)
    record = next((x._record for x in given if type(x) is LazyArray), None)
    if len(choices) != 2 or record is None:
        return NotImplemented
    values = [_operand(record, x) for x in given]
    if any(value is None for value in values) or type(values[0]) is not Value or values[0].dtype.char != "?":
        return NotImplemented
    try:
        dtype = np.result_type(*[x.dtype if type(x) is Value else x for x in values[1:]])
        operands = [x if type(x) is Value else Value.of(np.asarray(x, dtype)) for x in values]
        shape = np.broadcast_shapes(*(x.shape for x in operands))
    except (TypeError, ValueError, OverflowError):
        return NotImplemented
    if dtype.metadata is not None:
        return NotImplemented
    for k, x in enumerate(operands[1:], 1):
        if x.dtype.num != dtype.num and plain_loop(x.dtype, dtype) is None:
            return NotImplemented
        if not x.shape and x.array is not None:
            operands[k] = Value.of(x.array.astype(dtype))
    node = record.add(_select(dtype), "where", tuple(operands), shape, False)
    return NotImplemented if node is None else shown(record, node)


def _select(dtype: Any) -> Conversion:
    loop = _selects.get(dtype.num)
    if loop is None:
        dtypes = np.dtype(bool), dtype, dtype, dtype
        loop = _selects[dtype.num] = Conversion("where", select_loop(dtype.itemsize), dtypes, False)
    return loop


def put_where(x: LazyArray, mask: LazyArray, new: Any) -> bool:
    """``x[mask] = number`` as a step that writes x where it is; False: NumPy has to."""
    record, value, condition = x._record, x._value, mask._value
    array = value.array
    if array is None or value.borrowed or not value.is_plain or not condition.is_plain:
        return False
    if condition.dtype.char != "?" or condition.shape != value.shape or value.dtype.char not in "fd":
        return False
    number = as_loop_number(new, value.dtype)
    if number is None:
        return False
    operands = condition, Value.of(number), value
    node = record.add(_select(value.dtype), "where", operands, value.shape, False)
    if node is None:
        return False
    if record.store(array, node.outs[0]):
        return True
    record.pending.pop()
    return False


def _operand(record: Any, x: Any) -> Any:
    """A value, a number of Python's, or None for what NumPy has to look at."""
    if type(x) is LazyArray:
        return x._value if x._value.is_plain and x._record is record else None
    if type(x) in (int, float, complex):
        return x
    if isinstance(x, np.generic) or type(x) is bool:
        array = np.asarray(x)
        return Value.of(array) if is_plain(array) else None
    return None


_conversions: dict[tuple[int, int], Conversion] = {}


def astype(
    x: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """ndarray.astype, as a step."""
    if order != "K" or casting != "unsafe" or subok is not True or copy is not True:
        return NotImplemented
    try:
        target = np.dtype(dtype)
    except TypeError:
        return NotImplemented
    value = x._value
    if value.array is not None and 0 in value.array.strides:  # whose order NumPy chooses in another way
        return NotImplemented
    if target.metadata is not None or not target.isnative or not value.is_plain:
        return NotImplemented
    key = value.dtype.num, target.num
    if target.num == value.dtype.num:
        return NotImplemented
    loop = _conversions.get(key)
    if loop is None:
        loop = plain_loop(value.dtype, target)
        if loop is None:
            return NotImplemented
        _conversions[key] = loop
    node = x._record.add(loop, "cast", (value,), value.shape, loop.reports)
    return NotImplemented if node is None else shown(x._record, node)


# ndarray's methods that are Python code in NumPy, and those that are steps.
METHODS: dict[str, Callable[..., Any]] = {
    "astype": astype,
    "sum": _own_methods._sum,
    "prod": _own_methods._prod,
    "min": _own_methods._amin,
    "max": _own_methods._amax,
    "any": _own_methods._any,
    "all": _own_methods._all,
    "mean": _own_methods._mean,
    "var": _own_methods._var,
    "std": _own_methods._std,
    "clip": _own_methods._clip,
}

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    **{
        getattr(np, name): getattr(_own_functions, name)
        for name in ("sum", "prod", "min", "max", "any", "all", "mean", "var", "std", "clip", "ptp")
    },
}
