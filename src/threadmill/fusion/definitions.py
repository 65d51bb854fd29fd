"""NumPy's functions and methods on lazy arrays: as its own Python code defines them, or as a step of a pass."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import _methods

from .._native.fused import select_loop
from ..arrays.probes import _numpys as numpys
from .nodes import Conversion, Value
from .record import Record, is_plain, plain_loop

__all__ = ["FUNCTIONS", "METHODS", "numpys", "power"]

_NO_VALUE: Any = np._NoValue


def _rebound(function: Any) -> Any:
    """NumPy's own function, which lets a lazy array through where it would make an array of it."""
    names = dict(function.__globals__)
    names["asanyarray"] = names["asarray"] = _as_it_is
    for name, each in list(names.items()):
        if name in _REBOUND:
            names[name] = types.FunctionType(each.__code__, names, each.__name__, each.__defaults__, each.__closure__)
            names[name].__kwdefaults__ = each.__kwdefaults__
    return names[function.__name__]


def _as_it_is(x: Any, *args: Any, **options: Any) -> Any:
    return x if hasattr(type(x), "_record") and not args and not options else np.asanyarray(x, *args, **options)


_REBOUND = frozenset({"_mean", "_var", "_std", "_clip", "_ptp"})

_mean, _var, _std = (_rebound(getattr(_methods, name)) for name in ("_mean", "_var", "_std"))
_any, _all = (_rebound(getattr(_methods, name)) for name in ("_any", "_all"))
_clip, _ptp = (_rebound(getattr(_methods, name)) for name in ("_clip", "_ptp"))


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
        return value if value.array is None or is_plain(value.array) else None
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
    record: Record, x: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """ndarray.astype, as a step."""
    if order != "K" or casting != "unsafe" or subok is not True or copy is not True:
        return NotImplemented
    try:
        target = np.dtype(dtype)
    except TypeError:
        return NotImplemented
    value = x._value
    if target.metadata is not None or not target.isnative or (value.array is not None and not is_plain(value.array)):
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


def _method(function: Any) -> Callable[..., Any]:
    """A definition of NumPy's own, for all elements alone; over some axes NumPy's loops do better."""

    def method(record: Record, x: Any, *args: Any, **options: Any) -> Any:
        return function(x, *args, **options)

    return method


def clip(record: Record, x: Any, *args: Any, **options: Any) -> Any:
    return _clip(x, *args, **options) if len(args) <= 2 else NotImplemented


def _of_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    def method(record: Record, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, *args: Any, **options: Any) -> Any:
        if args or options.keys() - {"keepdims"}:
            return NotImplemented
        more = {name: each for name, each in options.items() if each is not _NO_VALUE}
        if dtype is not None:
            more["dtype"] = dtype
        if out is not None:
            more["out"] = out
        return ufunc.reduce(x, axis=axis, **more)

    return method


def _least(ufunc: np.ufunc) -> Callable[..., Any]:
    total = _of_ufunc(ufunc)

    def method(record: Record, x: Any, axis: Any = None, out: Any = None, *args: Any, **options: Any) -> Any:
        return NotImplemented if args else total(record, x, axis, None, out, **options)

    return method


METHODS: dict[str, Callable[..., Any]] = {
    "astype": astype,
    "clip": clip,
    "any": _method(_any),
    "all": _method(_all),
    "mean": _method(_mean),
    "var": _method(_var),
    "std": _method(_std),
    "sum": _of_ufunc(np.add),
    "prod": _of_ufunc(np.multiply),
    "min": _least(np.minimum),
    "max": _least(np.maximum),
}


def _function(name: str) -> Callable[..., Any]:
    """np.<name>(x, ...) as x.<name>(...), which is what NumPy's function calls."""

    def function(record: Record, x: Any, *args: Any, **options: Any) -> Any:
        if not hasattr(type(x), "_record"):
            return NotImplemented
        more = {key: each for key, each in options.items() if each is not _NO_VALUE}
        return getattr(x, name)(*args, **more)

    return function


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    np.clip: _function("clip"),
    np.any: _function("any"),
    np.all: _function("all"),
    np.mean: _function("mean"),
    np.var: _function("var"),
    np.std: _function("std"),
    np.sum: _function("sum"),
    np.prod: _function("prod"),
    np.min: _function("min"),
    np.max: _function("max"),
    np.amin: _function("min"),
    np.amax: _function("max"),
}
