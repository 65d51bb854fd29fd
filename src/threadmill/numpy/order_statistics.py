"""NumPy's functions that look for the values at some places of sorted rows: medians, quantiles, percentiles.

A block of rows is NumPy's own function's; what is done where nan is left out, nan_rows.py tells.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .._types import Array
from ..arrays.errstate import as_the_user
from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from . import medians_1d, quantiles_1d
from .face import LEAST, Prepared, on_all_cores
from .nan_rows import BLOCK, LONG, OWN, QUICKLY_SORTED, as_a_whole, counted, nanmedian_by_sorting
from .quantiles_1d import is_quantile
from .rows import Rows, gathered, rows_of
from .sorted_rows import EARLIER, LATER, are_parted_once, are_sorted_first, by_sorting

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_WAY = (
    "Rows are sorted, for NumPy's own function, where they have no nan and no -0.0 and vectors sort them; "
    "others are shared out, each block taken by it."
)
_NAN_WAY = (
    "Rows are shared out; those with equally many numbers are taken together. Without nan they are sorted."
)
_NANMEDIAN_WAY = "Rows are shared out; those of float32 and float64 are sorted, which leaves nan at the end."

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
    rows = rows_of(a, [*whole], least=BLOCK)
    if isinstance(rows, Refusal):
        return rows
    dropped = 0 if keepdims is True else sum(each < rows.axis for each in whole)
    return rows, rows.axis - dropped


_MEDIAN_1D = "In one dimension the elements in the middle are selected, by keys from a sample."


def _rows_of_median(a: Any, axis: Any = None, *_: Any, **__: Any) -> int:
    """The bytes of an array, as many times as they gain earlier, or later."""
    if are_parted_once(a, axis):
        return int(a.nbytes) // LATER
    return int(a.nbytes) * (EARLIER if are_sorted_first(a, axis, has_one_axis=True) else 1)


@on_all_cores(np.median, f"{_WAY} {_MEDIAN_1D}", 2 * BLOCK, _rows_of_median, times=EARLIER)
def median(
    pool: Pool, a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = False
) -> Prepared:
    if type(a) is np.ndarray and a.ndim == 1:
        return medians_1d.median(pool, a, axis, out, overwrite_input, keepdims)
    found = _rows(a, axis, out, keepdims)
    if isinstance(found, Refusal):
        return found
    if overwrite_input is not False:
        return Refusal("it overwrites its input")
    rows, at = found

    def call() -> Any:
        is_sorted = keepdims is False and not are_parted_once(a, axis)
        if is_sorted and are_sorted_first(a, axis, has_one_axis=True):
            result = by_sorting(pool, np.median, a, axis)
            if not isinstance(result, Refusal):
                return result
        return gathered(
            pool, rows, lambda piece: np.median(a[rows.block(piece)], axis, keepdims=keepdims), at
        )

    return call


_OF_ALL = "Of all elements: those that NumPy's own code looks at are selected, by keys from a sample."

# Bytes from which on quantiles of all elements gain, and how many times more are needed for rows to.
_OF_ALL_LEAST = 1 << 19
_ROWS_SIZE = 2 * BLOCK // _OF_ALL_LEAST


def _elements(a: Any, _q: Any = None, axis: Any = None, *_: Any, **__: Any) -> int:
    """Bytes of an array, in the measure of one of which all elements are taken."""
    if type(a) is not np.ndarray:
        return 0
    if _is_of_all(a, axis):
        return int(a.nbytes)
    return int(a.nbytes) * (EARLIER if are_sorted_first(a, axis) else 1) // _ROWS_SIZE


def _is_of_all(a: Any, axis: Any) -> bool:
    return a.ndim == 1 or axis is None


def _quantile(numpys: Any, of_all: Callable[..., Prepared]) -> Callable[..., Prepared]:
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
        if type(a) is np.ndarray and _is_of_all(a, axis):
            return of_all(pool, a, q, axis, out, overwrite_input, method, keepdims, weights=weights)
        found = _rows(a, axis, out, keepdims)
        if isinstance(found, Refusal):
            return found
        if overwrite_input is not False or weights is not None or not is_quantile(q):
            return Refusal("it overwrites its input, has weights, or q is no number or array of numbers")
        rows, at = found

        def call() -> Any:
            if are_sorted_first(a, axis) and keepdims is False:
                result = by_sorting(pool, numpys, a, axis, q, method=method)
                if not isinstance(result, Refusal):
                    return result
            return gathered(
                pool,
                rows,
                lambda piece: numpys(a[rows.block(piece)], q, axis, method=method, keepdims=keepdims),
                at + np.ndim(q),
            )

        return call

    return prepare


_QUANTILE_WAY = f"{_WAY} {_OF_ALL}"

quantile = on_all_cores(np.quantile, _QUANTILE_WAY, _OF_ALL_LEAST, _elements, times=EARLIER)(
    _quantile(np.quantile, quantiles_1d.quantile)
)
percentile = on_all_cores(np.percentile, _QUANTILE_WAY, _OF_ALL_LEAST, _elements, times=EARLIER)(
    _quantile(np.percentile, quantiles_1d.percentile)
)


_NANMEDIAN_1D = "Of all elements those in the middle of the numbers are selected, by keys from a sample."


@on_all_cores(np.nanmedian, f"{_NANMEDIAN_WAY} {_NANMEDIAN_1D}", 2 * BLOCK)
def nanmedian(
    pool: Pool,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = NO_VALUE,
) -> Prepared:
    if type(a) is np.ndarray and (a.ndim == 1 or axis is None):
        return medians_1d.nanmedian(pool, a, axis, out, overwrite_input, keepdims)
    if not is_plain(a):
        return _NOT_PLAIN
    if a.dtype.kind != "f" or overwrite_input is not False:
        return Refusal("it overwrites its input, or the operand's dtype has no nan")
    found = _rows(a, axis, out, keepdims)
    if isinstance(found, Refusal):
        return found
    rows, at = found
    axes = axis if type(axis) is tuple else (axis,)
    length = math.prod(a.shape[each] for each in axes)

    def told(all_nan: int) -> None:
        if all_nan:
            nothing = np.broadcast_to(a.dtype.type(np.nan), (all_nan, min(length, LONG)))
            as_the_user(np.nanmedian, nothing, 1)

    if length >= LONG and a.dtype.char not in QUICKLY_SORTED:
        return lambda: as_a_whole(pool, lambda: OWN.nanmedian(a, axis, keepdims=keepdims), told)

    own = nanmedian_by_sorting if a.dtype.char in QUICKLY_SORTED else OWN.nanmedian

    def run() -> Any:
        without = _without_any_nan(pool, np.median, a, axis, keepdims)
        if without is not None and not (length < LONG and length % 2 and _overflow_twice(without)):
            return without
        all_nan: dict[int, int] = {}

        def one(piece: slice, own: Any = own) -> Any:
            block = a[rows.block(piece)]
            result, all_nan[piece.start] = counted(pool, lambda: own(block, axis, keepdims=keepdims))
            return result

        result = gathered(pool, rows, one, at, lambda: one(slice(0, 2), OWN.nanmedian))
        if isinstance(result, Refusal):
            return result
        told(sum(all_nan.values()))
        is_copied = length < LONG and keepdims is not True and any(all_nan.values())  # as NumPy's is
        return result.copy("K") if is_copied and result.base is not None else result

    return run


def _nan_quantile(
    numpys: Any, without: Any, own: Any, of_all: Callable[..., Prepared]
) -> Callable[..., Prepared]:
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
        if type(a) is np.ndarray and _is_of_all(a, axis):
            return of_all(pool, a, q, axis, out, overwrite_input, method, keepdims, weights=weights)
        found = _rows(a, axis, out, keepdims)
        if isinstance(found, Refusal):
            return found
        if a.dtype.kind != "f" or overwrite_input is not False or weights is not None or not is_quantile(q):
            return Refusal("it overwrites its input, has weights, has no nan, or q is no number or array")
        if _are_long(a, axis) and np.ndim(q) < 2:
            return lambda: _row_by_row(partial(of_all, pool, method=method), a, q, axis, keepdims is True)

        def told(all_nan: int) -> None:
            if all_nan:
                nothing = np.broadcast_to(a.dtype.type(np.nan), (all_nan, 1))
                as_the_user(numpys, nothing, q, 1, method=method)

        def call() -> Any:
            result = _without_any_nan(pool, without, a, axis, keepdims, q, method=method)
            if result is not None:
                return result
            return as_a_whole(pool, lambda: own(a, q, axis, method=method, keepdims=keepdims), told)

        return call

    return prepare


def _without_any_nan(
    pool: Pool, numpys: Callable[..., Any], a: Any, axis: Any, keepdims: Any, *args: Any, **options: Any
) -> Any:
    """What NumPy's function that minds NaNs comes to, where there is none; None where there may be one.

    It is a view, as NumPy's is.
    """
    if keepdims is True or any(map(np.ndim, args)) or not are_sorted_first(a, axis):
        return None
    result = by_sorting(pool, numpys, a, axis, *args, **options)
    return None if isinstance(result, Refusal) else result[...]


def _overflow_twice(medians: Any) -> bool:
    """Whether one is too large to be added to itself, as NumPy's nanmedian does with that in the middle."""
    with np.errstate(over="ignore"):
        return bool(np.any(np.isinf(medians + medians) & ~np.isinf(medians)))


# Fewer rows have hardly two with equally many numbers, and Python takes them one by one. Each long one gains.
_ROWS = 256


def _are_long(a: Array, axis: Any) -> bool:
    """Whether each row gains by itself, as an array of one axis."""
    is_row = type(axis) is int and -a.ndim <= axis < a.ndim and a.strides[axis] == a.itemsize
    return a.dtype.char in QUICKLY_SORTED and is_row and a.shape[axis] * a.itemsize >= _OF_ALL_LEAST


def _row_by_row(of_all: Callable[..., Prepared], a: Array, q: Any, axis: int, keepdims: bool) -> Any:
    """The quantiles of long rows along an axis; a Refusal where one of them is NumPy's."""
    rows = np.moveaxis(a, axis, -1)
    found = []
    for place in np.ndindex(rows.shape[:-1]):
        call = of_all(rows[place], q)
        one = call if isinstance(call, Refusal) else call()
        if isinstance(one, Refusal):
            return one
        found.append(one)
    result = np.array(found).reshape(rows.shape[:-1] + np.shape(q))
    if np.ndim(q):
        result = np.moveaxis(result, -1, 0)
    at = (slice(None),) * (axis % a.ndim + np.ndim(q))
    return result[(*at, np.newaxis)] if keepdims else result


def _of_many_rows(a: Any, _q: Any = None, axis: Any = None, *_: Any, **__: Any) -> int:
    """Bytes of an array of many rows, or of which all elements are taken; 0 for few rows."""
    if type(a) is not np.ndarray:
        return 0
    if _is_of_all(a, axis):
        return a.nbytes * LEAST // _OF_ALL_LEAST
    axes = axis if type(axis) is tuple else (axis,)
    length = math.prod(a.shape[each] for each in axes)
    return a.nbytes if a.size >= _ROWS * length or _are_long(a, axis) else 0


def _shared(numpys: Any, without: Any, own: Any, of_all: Callable[..., Prepared]) -> Any:
    way = f"{_NAN_WAY} {_OF_ALL}"
    return on_all_cores(numpys, way, size=_of_many_rows)(_nan_quantile(numpys, without, own, of_all))


nanquantile = _shared(np.nanquantile, np.quantile, OWN.nanquantile, quantiles_1d.nanquantile)
nanpercentile = _shared(np.nanpercentile, np.percentile, OWN.nanpercentile, quantiles_1d.nanpercentile)
