"""NumPy's functions that look for the values at some places of sorted rows: medians, quantiles, percentiles.

A block of rows is NumPy's own function's. With nan left out that function goes through the rows one by one,
in Python. Its code is bound here to loops over many rows. For a median the rows are sorted, which leaves nan
at the end. For quantiles, rows with equally many numbers are taken together, by the function that knows of
no nan. Rows with zeros of both signs where that comes to zero are taken one by one all the same: their order
decides which zero is found.
"""

import contextvars
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.ma  # which NumPy imports for the first nanmedian of short rows
from numpy.lib import _function_base_impl as _code
from numpy.lib import _nanfunctions_impl

from .._types import Array
from ..arrays.errstate import as_the_user
from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.rebound import rebound
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from . import sort_1d
from .face import NUMBERS, Prepared, on_all_cores
from .rows import Rows, gathered, rows_of

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_WAY = "Rows are shared out, each block taken by NumPy's own function."
_NAN_WAY = "Rows are shared out; in a block those with equally many numbers are taken together."
_NANMEDIAN_WAY = (
    "Rows are shared out; long ones of float32 and float64 are sorted, which leaves nan at the end."
)

# Bytes in a block at least: NumPy's functions take up to 100 us besides their work.
_BLOCK = 1 << 19

_NOT_PLAIN = Refusal("the operand is no plain aligned native array of numbers")


def _rows(a: Any, axis: Any, out: Any, keepdims: Any) -> tuple[Rows, int] | Refusal:
    """The rows of the axes that are kept, and how many axes of the result are before the one that is cut."""
    if not is_plain(a):
        return _NOT_PLAIN
    if out is not None or (keepdims is not NO_VALUE and type(keepdims) is not bool):
        return Refusal("out or keepdims is given")
    axes = axis if type(axis) is tuple else (axis,)
    if not all(type(each) is int and -a.ndim <= each < a.ndim for each in axes):
        return Refusal("the axis is none, or is no axis")
    whole = {each % a.ndim for each in axes}
    if len(whole) < len(axes):
        return Refusal("an axis is given twice")
    rows = rows_of(a, [*whole], least=_BLOCK)
    if isinstance(rows, Refusal):
        return rows
    dropped = 0 if keepdims is True else sum(each < rows.axis for each in whole)
    return rows, rows.axis - dropped


_MEDIAN_1D = "In one dimension a copy, made on the threads, is parted at its middle alone by NumPy."


@on_all_cores(np.median, f"{_WAY} {_MEDIAN_1D}", 2 * _BLOCK, quiet=NUMBERS)
def median(
    pool: Pool, a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = False
) -> Prepared:
    if type(a) is np.ndarray and a.ndim == 1:
        return sort_1d.median(pool, a, axis, out, overwrite_input, keepdims)
    found = _rows(a, axis, out, keepdims)
    if isinstance(found, Refusal):
        return found
    if overwrite_input is not False:
        return Refusal("it overwrites its input")
    rows, at = found
    return lambda: gathered(
        pool, rows, lambda piece: np.median(a[rows.block(piece)], axis, keepdims=keepdims), at
    )


def _quantile(numpys: Any) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool,
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: Any = False,
        method: Any = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Prepared:
        found = _rows(a, axis, out, keepdims)
        if isinstance(found, Refusal):
            return found
        if overwrite_input is not False or weights is not None or not _is_quantile(q):
            return Refusal("it overwrites its input, has weights, or q is no number or array of numbers")
        rows, at = found
        return lambda: gathered(
            pool,
            rows,
            lambda piece: numpys(a[rows.block(piece)], q, axis, method=method, keepdims=keepdims),
            at + np.ndim(q),
        )

    return prepare


def _is_quantile(q: Any) -> bool:
    if type(q) in (list, tuple):
        return all(type(each) in (int, float) for each in q)
    return type(q) in (int, float) or isinstance(q, np.floating) or is_plain(q)


quantile = on_all_cores(np.quantile, _WAY, 2 * _BLOCK, quiet=NUMBERS)(_quantile(np.quantile))
percentile = on_all_cores(np.percentile, _WAY, 2 * _BLOCK, quiet=NUMBERS)(_quantile(np.percentile))


# ---- without nan ------------------------------------------------------------------------------------------

_function_base: Any = _code

# From this length on NumPy goes through the rows one by one for a nanmedian, and sorts shorter ones at once.
_LONG = 600

# What NumPy sorts on vectors; of float16, which it sorts so as well, it misplaces some on some processors.
_QUICKLY_SORTED = "fd"

# So many rows are taken at once sooner than one by one.
_MANY = 3

# The rows that had nothing but nan, in the blocks that this context takes.
_all_nan: contextvars.ContextVar[int] = contextvars.ContextVar("all_nan")


def _warn(message: str, *_: Any, **__: Any) -> None:
    if message != "All-NaN slice encountered":
        raise RuntimeWarning(message)  # NumPy is to tell
    _all_nan.set(_all_nan.get() + 1)


def _apply_along_axis(fn: Callable[..., Any], axis: int, x: Any, *args: Any) -> Any:
    """np.apply_along_axis of one of the functions in _OF_MANY."""
    rows = np.moveaxis(x, axis, -1)
    outer = rows.shape[:-1]
    rows = rows.reshape(-1, rows.shape[-1])
    is_median = fn is _own._nanmedian1d and rows.dtype.char in _QUICKLY_SORTED
    results = _nanmedians(rows) if is_median else _in_groups(fn, rows, *args)
    results = results.reshape(outer + results.shape[1:])
    places = [*range(results.ndim)]
    permuted = [*places[:axis], *places[len(outer) :], *places[axis : len(outer)]]
    return results.transpose(permuted)


def _nanmedians(rows: Array) -> Array:
    """The median of each row's numbers. One that is zero is 0.0, whatever zeros the row has."""
    ordered = rows.copy("C")
    ordered.sort(-1)
    length = rows.shape[1]
    counts = length - np.count_nonzero(np.isnan(ordered), axis=1)
    results = rows[:, -1].copy()  # nan, where there is nothing else
    _all_nan.set(_all_nan.get() + int(np.count_nonzero(counts == 0)))
    for middles in 1, 2:
        alike = np.flatnonzero((counts > 0) & (counts % 2 == middles % 2))
        first = (counts[alike] - 1) // 2
        found = ordered[alike[:, np.newaxis], first[:, np.newaxis] + range(middles)]
        results[alike] = np.mean(found, axis=1)
    return results


def _in_groups(fn: Callable[..., Any], rows: Array, *args: Any) -> Array:
    """fn(row, *args) of each row."""
    length = rows.shape[1]
    nans = np.isnan(rows)
    counts = length - np.count_nonzero(nans, axis=1)
    first = np.asanyarray(fn(rows[0], *args))
    results = np.zeros((len(rows), *first.shape), first.dtype)
    results[0] = first
    for count in np.unique(counts[1:]):
        alike = 1 + np.flatnonzero(counts[1:] == count)
        if count and len(alike) >= _MANY:
            numbers = rows[alike] if count == length else rows[alike][~nans[alike]]
            numbers = numbers.reshape(len(alike), count)
            found = _OF_MANY[fn](numbers, *args)
            results[alike] = found = np.moveaxis(found, -1, 0)
            is_zero = (found == 0).reshape(len(alike), -1).any(axis=1)
            alike = alike[is_zero][_has_both_zeros(numbers[is_zero])] if count < length else alike[:0]
        for at in alike:
            results[at] = fn(rows[at], *args)
    return results


def _has_both_zeros(rows: Array) -> Any:
    """Of each row, whether it has zeros of both signs."""
    is_zero, is_minus = rows == 0, np.signbit(rows)
    return (is_zero & is_minus).any(axis=1) & (is_zero & ~is_minus).any(axis=1)


class _NumPy(types.ModuleType):
    apply_along_axis = staticmethod(_apply_along_axis)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


_own = rebound(_nanfunctions_impl, np=_NumPy("numpy"), warnings=types.SimpleNamespace(warn=_warn))

_OF_MANY: dict[Any, Callable[..., Any]] = {
    _own._nanmedian1d: lambda x, _: np.median(x, -1),
    _own._nanquantile_1d: lambda x, q, _, method, weights, *weak: _function_base._quantile_unchecked(
        x, q, -1, None, False, method, False, weights, *weak
    ),
}


def _without_nan(
    pool: Pool,
    rows: Rows,
    at: int,
    one: Callable[[Any], Any],
    warning: Callable[[], Any],
    copies: bool = False,
) -> Any:
    """The result of blocks; `warning` warns as NumPy does of a row that has nothing but nan.

    `copies`: whether NumPy returns a copy where there is such a row.
    """
    told: dict[int, int] = {}

    def counted(piece: slice) -> Any:
        token = _all_nan.set(0)
        try:
            result = one(rows.block(piece))
            told[piece.start] = _all_nan.get()
        finally:
            _all_nan.reset(token)
        return result

    result = gathered(pool, rows, counted, at)
    if isinstance(result, Refusal):
        return result
    for _ in range(sum(told.values())):
        warning()
    return result.copy("K") if copies and any(told.values()) and result.base is not None else result


@on_all_cores(np.nanmedian, _NANMEDIAN_WAY, 2 * _BLOCK)
def nanmedian(
    pool: Pool,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = NO_VALUE,
) -> Prepared:
    found = _rows(a, axis, out, keepdims)
    if isinstance(found, Refusal):
        return found
    if a.dtype.kind != "f" or overwrite_input is not False:
        return Refusal("it overwrites its input, or the operand's dtype has no nan")
    rows, at = found
    axes = axis if type(axis) is tuple else (axis,)
    length = math.prod(a.shape[each] for each in axes)
    nothing = np.full((1, 1 if length < _LONG else _LONG), np.nan, a.dtype)
    return lambda: _without_nan(
        pool,
        rows,
        at,
        lambda block: _own.nanmedian(a[block], axis, keepdims=keepdims),
        lambda: as_the_user(np.nanmedian, nothing, 1),
        length < _LONG and keepdims is not True,
    )


def _nan_quantile(numpys: Any, own: Any) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool,
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: Any = False,
        method: Any = "linear",
        keepdims: Any = NO_VALUE,
        *,
        weights: Any = None,
    ) -> Prepared:
        found = _rows(a, axis, out, keepdims)
        if isinstance(found, Refusal):
            return found
        if a.dtype.kind != "f" or overwrite_input is not False or weights is not None or not _is_quantile(q):
            return Refusal("it overwrites its input, has weights, has no nan, or q is no number or array")
        rows, at = found
        nothing = np.full((1, 1), np.nan, a.dtype)
        return lambda: _without_nan(
            pool,
            rows,
            at + np.ndim(q),
            lambda block: own(a[block], q, axis, method=method, keepdims=keepdims),
            lambda: as_the_user(numpys, nothing, q, 1, method=method),
        )

    return prepare


nanquantile = on_all_cores(np.nanquantile, _NAN_WAY)(_nan_quantile(np.nanquantile, _own.nanquantile))
nanpercentile = on_all_cores(np.nanpercentile, _NAN_WAY)(_nan_quantile(np.nanpercentile, _own.nanpercentile))
