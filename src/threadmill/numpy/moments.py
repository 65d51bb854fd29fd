"""Means, variances and sums without NaN by loops that read memory once for each sum, and write only sums.

What NumPy's Python code does with sums is done with these. Calls that have a floating-point error to tell are
NumPy's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import _nanfunctions_impl

from .._native.status import check
from ..arrays.errstate import ERRORS, as_the_user
from ..arrays.layout import NO_VALUE
from ..arrays.moments import ELEMENTS, NUMBER_SQUARES, NUMBERS, SQUARES, Summands, summands
from ..arrays.nans import settle
from ..arrays.probes import sum_block
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import Prepared
from .rows import TOLD, raising

__all__ = ["WAY", "by_moments"]

WAY = "Loops of our own add up float32 and float64 along an axis, or all of them, and make no copies."

_GIVEN = Refusal("NumPy's definition is needed for one of its arguments")
_BLOCKS = Refusal("this NumPy has a tree of sums for each buffer full")

_code: Any = _nanfunctions_impl

Function = Callable[..., Any]


def by_moments(pool: Pool, numpys: Function, given: dict[str, Any]) -> Prepared:
    """A call of one of the functions below, given its arguments by name; or why its sums are none of ours."""
    axis, keepdims, ddof = given.get("axis"), given.get("keepdims", False), given.get("ddof", 0)
    if type(axis) is tuple and len(axis) == 1:
        axis = axis[0]
    if (keepdims is not NO_VALUE and type(keepdims) is not bool) or type(ddof) not in (int, float):
        return _GIVEN
    if any(x is not _NONE.get(key, NO_VALUE) for key, x in given.items() if key not in _KNOWN):
        return _GIVEN
    if sum_block():
        return _BLOCKS
    over = summands(given["a"], axis, keepdims is True)
    if isinstance(over, Refusal):
        return over
    if numpys in (np.var, np.std) and not ddof < over.summed:
        return Refusal("it warns of the degrees of freedom")
    function = _FUNCTIONS[numpys]

    def call() -> Any:
        try:
            with np.errstate(**raising()):
                return function(pool, over, ddof)
        except FloatingPointError:
            return TOLD

    return call


# The arguments that are looked at, and what others are where they say nothing.
_KNOWN = frozenset({"a", "axis", "keepdims", "ddof"})
_NONE = {"dtype": None, "out": None}


def _sums(pool: Pool, over: Summands, value: int, means: Any = None) -> tuple[Any, Any, int]:
    sums, third, status = over.sum(pool._handle, value, means)
    modes: Any = np.geterr()
    if check(status) and any(status & bit and modes[key] != "ignore" for bit, key, _ in ERRORS):
        raise FloatingPointError
    return sums, third, status


def _nansum(pool: Pool, over: Summands, _: Any) -> Any:
    return _sums(pool, over, NUMBERS)[0]


def _nanmean(pool: Pool, over: Summands, _: Any) -> Any:
    total, count, _ = _sums(pool, over, NUMBERS)
    mean = _code._divide_by_count(total, count)
    if not np.all(count):
        as_the_user(np.nanmean, _nothing(over))  # which warns
    return mean


def _nanvar(pool: Pool, over: Summands, ddof: Any, numpys: Function = np.nanvar) -> Any:
    total, count, _ = _sums(pool, over, NUMBERS)
    squares = _sums(pool, over, NUMBER_SQUARES, _code._divide_by_count(total, count))[0]
    freedom = count - ddof
    var = _code._divide_by_count(squares, freedom)
    bad = freedom <= 0
    if np.any(bad):
        as_the_user(numpys, _nothing(over))  # which warns
        var = _code._copyto(var, np.nan, bad)
    return var


def _nanstd(pool: Pool, over: Summands, ddof: Any) -> Any:
    return _root(_nanvar(pool, over, ddof, np.nanstd))


def _nothing(over: Summands) -> Any:
    return np.full(1, np.nan, over.x.dtype)


def _var(pool: Pool, over: Summands, ddof: Any) -> Any:
    count = np.intp(over.summed)
    total, _, summing = _sums(pool, over, ELEMENTS)
    squares, _, squaring = _sums(pool, over, SQUARES, _divided(total, count))
    var = _divided(squares, np.maximum(count - ddof, 0))

    def by_numpy() -> Any:
        return np.var(over.x, over.axis, ddof=ddof, keepdims=over.keepdims)

    return settle(pool._handle, over.x, var, summing | squaring, by_numpy)


def _divided(total: Any, count: Any) -> Any:
    if isinstance(total, np.ndarray):
        return np.true_divide(total, count, out=total, casting="unsafe")
    return total.dtype.type(total / count)


def _std(pool: Pool, over: Summands, ddof: Any) -> Any:
    return _root(_var(pool, over, ddof))


def _root(x: Any) -> Any:
    return np.sqrt(x, out=x) if isinstance(x, np.ndarray) else x.dtype.type(np.sqrt(x))


_FUNCTIONS: dict[Function, Function] = {
    np.nansum: _nansum,
    np.nanmean: _nanmean,
    np.nanvar: _nanvar,
    np.nanstd: _nanstd,
    np.var: _var,
    np.std: _std,
}
