"""NumPy's functions and methods on lazy arrays: as its own Python code defines them, or as a step of a pass."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import _methods
from numpy._core import fromnumeric as _fromnumeric

from .._native.fused import select_loop
from .nodes import Conversion, Value, is_plain
from .record import Record, plain_loop

__all__ = ["FUNCTIONS", "METHODS", "power"]

_NO_VALUE: Any = np._NoValue


# NumPy's own Python code, in which a lazy array passes where it asks for an ndarray.


def _as_it_is(x: Any, *args: Any, **options: Any) -> Any:
    return x if _is_lazy(x) and not args and not options else np.asanyarray(x, *args, **options)


def _is_lazy(x: Any) -> bool:
    return hasattr(type(x), "_record")


def _type(x: Any) -> Any:
    return np.ndarray if _is_lazy(x) else type(x)


def _copied(module: Any, **more: Any) -> types.SimpleNamespace:
    """A module's functions, bound to these names besides its own."""
    names = {**vars(module), "asanyarray": _as_it_is, "asarray": _as_it_is, "type": _type, **more}
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
    """Tells which ufunc an operator calls, with which operands."""

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
        asked = np.ones(2, x.dtype).view(_Asked)
        found = _powers[key] = asked**exponent  # type: ignore[assignment]
    ufunc, count = found  # type: ignore[misc]
    return ufunc, (x, exponent)[:count]


# ---- functions ----


def where(record: Record, condition: Any, *choices: Any) -> Any:
    """np.where with both choices, as a step."""
    if len(choices) != 2:
        return NotImplemented
    values = [_operand(x) for x in (condition, *choices)]
    if any(value is None for value in values) or type(values[0]) is not Value or values[0].dtype.char != "?":
        return NotImplemented
    dtypes = [x.dtype if type(x) is Value else x for x in values[1:]]
    try:
        dtype = np.result_type(*dtypes)
        operands = [x if type(x) is Value else Value.of(np.asarray(x, dtype)) for x in values]
        shape = np.broadcast_shapes(*(x.shape for x in operands))  # type: ignore[union-attr]
    except (TypeError, ValueError, OverflowError):
        return NotImplemented
    if dtype.metadata is not None:
        return NotImplemented
    for k, x in enumerate(operands[1:], 1):
        if x.dtype.num != dtype.num and not _can_convert(x, dtype):  # type: ignore[union-attr, arg-type]
            return NotImplemented
        if not x.shape and x.array is not None:  # type: ignore[union-attr]
            operands[k] = Value.of(x.array.astype(dtype))  # type: ignore[union-attr]
    loop = _selects.get(dtype.num)
    if loop is None:
        boolean = np.dtype(bool)
        loop = Conversion("where", select_loop(dtype.itemsize), (boolean, dtype, dtype, dtype), False)
        _selects[dtype.num] = loop
    node = record.add(loop, "where", tuple(operands), shape, False)  # type: ignore[arg-type]
    return NotImplemented if node is None else _lazy(record, node.outs[0])


_selects: dict[int, Conversion] = {}


def _can_convert(x: Value, dtype: np.dtype[Any]) -> bool:
    return plain_loop(x.dtype, dtype) is not None


def _operand(x: Any) -> Any:
    """A value, a number of Python's, or None for what NumPy has to look at."""
    if hasattr(type(x), "_record"):
        value = x._value
        return value if value.is_plain else None
    if type(x) in (int, float, complex):
        return x
    if isinstance(x, np.generic) or type(x) is bool:
        array = np.asarray(x)
        return Value.of(array) if is_plain(array) else None
    return None


def _lazy(record: Record, value: Value) -> Any:
    from .lazy import LazyArray

    return LazyArray(record, value)


def astype(
    record: Record,
    x: Any,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
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
    node = record.add(loop, "cast", (value,), value.shape, loop.reports)
    return NotImplemented if node is None else _lazy(record, node.outs[0])


_conversions: dict[tuple[int, int], Conversion] = {}


def _method(name: str) -> Callable[..., Any]:
    own = getattr(_own_methods, name)

    def method(record: Record, x: Any, *args: Any, **options: Any) -> Any:
        return own(x, *args, **options)

    return method


# ndarray's methods that are Python code in NumPy.
METHODS: dict[str, Callable[..., Any]] = {
    "astype": astype,
    "sum": _method("_sum"),
    "prod": _method("_prod"),
    "min": _method("_amin"),
    "max": _method("_amax"),
    "any": _method("_any"),
    "all": _method("_all"),
    "mean": _method("_mean"),
    "var": _method("_var"),
    "std": _method("_std"),
    "clip": _method("_clip"),
}


def _function(name: str) -> Callable[..., Any]:
    own = getattr(_own_functions, name)

    def function(record: Record, *args: Any, **options: Any) -> Any:
        return own(*args, **options)

    return function


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    **{
        getattr(np, name): _function(name)
        for name in ("sum", "prod", "min", "max", "any", "all", "mean", "var", "std", "clip", "ptp")
    },
}
