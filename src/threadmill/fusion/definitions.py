"""What NumPy's functions and methods are on lazy arrays: NumPy's own Python code, or steps."""

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core import _methods, fromnumeric, numeric
from numpy.lib import (
    _function_base_impl,
    _nanfunctions_impl,
    _shape_base_impl,
    _twodim_base_impl,
    _type_check_impl,
    _ufunclike_impl,
)
from numpy.linalg import _linalg

from ..arrays.errstate import as_the_user
from .lazy import LazyArray, wrapped
from .numpys_code import copied, is_numpys
from .reduce_all import folded
from .reduce_columns import extremes_of_columns
from .reduce_evaluated import extreme_evaluated
from .reduce_rows import extremes_of_rows
from .steps import astype, copy_into, filled, is_equal_to, is_not_zero, where

__all__ = ["FUNCTIONS", "METHODS"]

_own_methods = copied(_methods)
_own_functions = copied(fromnumeric, _methods=_own_methods)
_own_numeric = copied(numeric)
_own_ufunclike = copied(_ufunclike_impl)

# Functions that are array code in NumPy, by module, as far as this NumPy has them.
_ARRAY_CODE: list[tuple[types.ModuleType, types.SimpleNamespace, str]] = [
    (
        np,
        _own_functions,
        "sum prod min max any all mean var std clip ptp amin amax"
        " shape ndim size transpose swapaxes reshape squeeze",
    ),
    (np, _own_numeric, "isclose allclose array_equal array_equiv cross moveaxis rollaxis astype"),
    (np, copied(_type_check_impl), "nan_to_num real imag isrealobj iscomplexobj"),
    (np, _own_ufunclike, "fix"),
    (np, copied(_nanfunctions_impl), "nansum nanprod nanmin nanmax nanmean nanvar nanstd"),
    (np, copied(_function_base_impl), "average diff gradient cov corrcoef trapezoid angle sinc copy flip"),
    (np, copied(_shape_base_impl), "expand_dims"),
    (np, copied(_twodim_base_impl), "fliplr flipud"),
    (np.linalg, copied(_linalg), "norm vector_norm matrix_norm"),
]


# ---- methods that C defines ----


def _copy(x: LazyArray, order: str = "C") -> Any:
    return astype(x, x.dtype, order)


def _conjugate(x: LazyArray, *args: Any) -> Any:
    if args or x.dtype.kind not in "biufc":
        return NotImplemented
    return np.conjugate(x) if x.dtype.kind == "c" else x


def _round(x: LazyArray, decimals: Any = 0, out: Any = None) -> Any:
    """ndarray.round of floats, as PyArray_Round in numpy/_core/src/multiarray/calculation.c."""
    if type(decimals) is not int or abs(decimals) > 8 or out is not None or x.dtype.char not in "efdg":
        return NotImplemented
    if not x._value.is_plain or (x._value.array is not None and not x._value.array.flags.forc):
        return NotImplemented  # whose result has C's order
    if decimals == 0:
        return np.rint(x)
    there, back = (np.multiply, np.true_divide) if decimals > 0 else (np.true_divide, np.multiply)
    factor = float(10 ** abs(decimals))
    result = there(x, factor)
    result = np.rint(result, out=result)
    return back(result, factor, out=result)


def _dot(a: Any, b: Any, *args: Any, **options: Any) -> Any:
    """np.dot of two vectors of integers, whose sum is the same in any order; BLAS has its own for floats."""
    if args or options or type(a) is not LazyArray or type(b) is not LazyArray:
        return NotImplemented
    if a.ndim != 1 or a.shape != b.shape or a.dtype.kind not in "iu" or a.dtype.num != b.dtype.num:
        return NotImplemented
    return np.add.reduce(np.multiply(a, b), dtype=a.dtype.newbyteorder("="))


def _extreme(function: Any) -> Callable[..., Any]:
    """np.argmax or np.argmin, or the method, over all or over one axis."""

    def extreme(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        if type(a) is not LazyArray or out is not None or type(keepdims) is not bool:
            return NotImplemented
        record, value = a._record, a._value
        if axis is not None and type(axis) is not int:
            return NotImplemented
        if axis is not None and (a.ndim > 1 or axis not in (0, -1)):
            result = extremes_of_rows(record, value, function, axis, keepdims)
            if result is NotImplemented:
                result = extremes_of_columns(record, value, function, axis, keepdims)
            return result
        if value.array is not None:
            total = extreme_evaluated(record, a, function)
        else:
            total = folded(record, value, function)
        if total is NotImplemented or not keepdims:
            return total
        return wrapped(record, np.full((1,) * a.ndim, total))

    return extreme


METHODS: dict[str, Callable[..., Any]] = {
    "astype": astype,
    "copy": _copy,
    "conj": _conjugate,
    "conjugate": _conjugate,
    "round": _round,
    "dot": _dot,
    "argmax": _extreme(np.argmax),
    "argmin": _extreme(np.argmin),
    **{
        name: getattr(_own_methods, own)
        for name, own in {"min": "_amin", "max": "_amax"}.items()
        | {each: f"_{each}" for each in ("sum", "prod", "any", "all", "mean", "var", "std", "clip")}.items()
    },
}


# ---- functions ----


def _rounding(function: Callable[..., Any]) -> Callable[..., Any]:
    """np.round of a lazy array; C's method of an ndarray takes none, nor one as an output."""

    def rounding(a: Any, decimals: Any = 0, out: Any = None) -> Any:
        return function(a, decimals) if type(a) is LazyArray and out is None else NotImplemented

    return rounding


_COUNT = type(np.count_nonzero(np.ones(1)))  # NumPy 2.3 and older: int


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    if type(a) is not LazyArray or type(keepdims) is not bool or a.dtype.kind not in "biufc":
        return NotImplemented
    if axis is not None or keepdims:
        return _own_numeric.count_nonzero(a, axis, keepdims=keepdims)
    if a._value.array is not None:
        return NotImplemented  # NumPy has a quicker way
    found = is_not_zero(a)
    return found if found is NotImplemented else _COUNT(found.sum(dtype=np.intp))


def _is_infinity(function: Callable[..., Any], infinity: float) -> Callable[..., Any]:
    """np.isposinf or np.isneginf; NumPy asks for the sign as well, which of a NaN may show its place."""

    def is_infinity(x: Any, out: Any = None) -> Any:
        found = is_equal_to(x, infinity) if type(x) is LazyArray and out is None else NotImplemented
        return function(x, out) if found is NotImplemented else found

    return is_infinity


def _dtype_alone(function: Any) -> Callable[..., Any]:
    """A function that asks its operands for nothing but their dtypes."""

    def of_dtypes(*args: Any, **options: Any) -> Any:
        # errors tell of arrays before dtypes
        arrays = [np.empty(0, x.dtype) if type(x) is LazyArray else x for x in args]
        if any(type(x) is LazyArray for x in options.values()):
            return NotImplemented
        return as_the_user(function, *arrays, **options)

    return of_dtypes


def _empty_like(prototype: Any, *args: Any, **options: Any) -> Any:
    """An array of no values yet, which nothing has to run for."""
    if type(prototype) is not LazyArray or any(type(x) is LazyArray for x in (*args, *options.values())):
        return NotImplemented
    value = prototype._value
    model = value.array
    is_new = model is None
    if model is None:
        model = np.empty(value.shape, value.dtype, "F" if value.turned else "C")
    if args or options:
        made = as_the_user(np.empty_like, model, *args, **options)
    else:  # NumPy has nothing to warn of
        made = model if is_new else np.empty_like(model)
    return wrapped(prototype._record, made)


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """np.broadcast_to of what has that shape, for NumPy's own code, which does not write to it."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__package__") == __package__ and frame.f_back is not None:
        frame = frame.f_back
    is_same = type(array) is LazyArray and shape == array.shape
    return array if is_same and not subok and is_numpys(frame) else NotImplemented


def _zeros_like(a: Any, dtype: Any = None, **options: Any) -> Any:
    return NotImplemented if options or type(a) is not LazyArray else filled(a, 0, dtype)


def _ones_like(a: Any, dtype: Any = None, **options: Any) -> Any:
    return NotImplemented if options or type(a) is not LazyArray else filled(a, 1, dtype)


def _full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    return NotImplemented if options or type(a) is not LazyArray else filled(a, fill_value, dtype)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{
        getattr(room, name): getattr(own, name)
        for room, own, names in _ARRAY_CODE
        for name in names.split()
        if hasattr(room, name)
    },
    **{function: _dtype_alone(function) for function in (np.result_type, np.can_cast)},
    **dict.fromkeys((np.dot, np.vdot, np.inner), _dot),
    np.isposinf: _is_infinity(_own_ufunclike.isposinf, np.inf),
    np.isneginf: _is_infinity(_own_ufunclike.isneginf, -np.inf),
    np.round: _rounding(_own_functions.round),
    np.around: _rounding(_own_functions.around),
    np.broadcast_to: _broadcast_to,
    np.empty_like: _empty_like,
    np.zeros_like: _zeros_like,
    np.ones_like: _ones_like,
    np.full_like: _full_like,
    np.argmax: _extreme(np.argmax),
    np.argmin: _extreme(np.argmin),
    np.copyto: copy_into,
    np.count_nonzero: _count_nonzero,
    np.where: where,
}
