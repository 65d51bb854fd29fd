"""NumPy's functions that look for the values at some places of sorted rows: medians, quantiles, percentiles.

A block of rows is NumPy's own function's. With nan left out that function goes through the rows one by one,
in Python. Its code is bound here to loops over many rows. For a median the rows are sorted, which leaves nan
at the end. For quantiles, rows with equally many numbers are taken together, by the function that knows of
no nan.
"""

import contextvars
import math
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from .rows import TOLD, Rows, gathered, pieces_of, raising, rows_of, run_blocks

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_WAY = "Rows are shared out, each block taken by NumPy's own function."
_NAN_WAY = "Rows are shared out; those with equally many numbers are taken together."
_NANMEDIAN_WAY = "Rows are shared out; those of float32 and float64 are sorted, which leaves nan at the end."

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

# A row of so many bytes is worth a thread although Python takes it by itself.
_ALONE = 1 << 16


@dataclass(slots=True)
class _Call:
    """What goes through rows, and how many of them had nothing but nan."""

    pool: Pool
    all_nan: int = 0


# The call, or the block of one, that runs in this context.
_running: contextvars.ContextVar[_Call] = contextvars.ContextVar("running")


def _warn(message: str, *_: Any, **__: Any) -> None:
    if message != "All-NaN slice encountered":
        raise RuntimeWarning(message)  # NumPy is to tell
    call = _running.get(None)
    if call is not None:
        call.all_nan += 1


def _apply_along_axis(fn: Callable[..., Any], axis: int, x: Any, *args: Any) -> Any:
    """np.apply_along_axis of one of the functions in _OF_MANY."""
    rows = np.moveaxis(x, axis, -1)
    outer = rows.shape[:-1]
    call = _running.get()
    if fn is _own._nanmedian1d and rows.dtype.char in _QUICKLY_SORTED:
        results = _nanmedians(call, rows.reshape(-1, rows.shape[-1]))
    else:
        results = _in_groups(call, fn, rows, *args)
    results = results.reshape(outer + results.shape[1:])
    places = [*range(results.ndim)]
    permuted = [*places[:axis], *places[len(outer) :], *places[axis : len(outer)]]
    return results.transpose(permuted)


def _nanmedians(call: _Call, rows: Array) -> Array:
    """The median of each row's numbers. One that is zero is 0.0, whatever zeros the row has."""
    ordered, counts = _ordered(call, rows)
    results = rows[:, -1].copy()  # nan, where there is nothing else
    for middles in 1, 2:
        alike = np.flatnonzero((counts > 0) & (counts % 2 == middles % 2))
        first = (counts[alike] - 1) // 2
        found = ordered[alike[:, np.newaxis], first[:, np.newaxis] + range(middles)]
        results[alike] = np.mean(found, axis=1)
    return results


def _nanmedians_of_short(x: Any, axis: int, *_: Any) -> Any:
    """As NumPy's function of masked arrays, which takes one in the middle twice."""
    rows = np.moveaxis(x, axis, -1)
    outer = rows.shape[:-1]
    rows = rows.reshape(-1, rows.shape[-1])
    ordered, counts = _ordered(_running.get(), rows)
    results = np.full(len(rows), np.nan, rows.dtype)
    some = np.flatnonzero(counts)
    middles = np.stack([(counts[some] - 1) // 2, counts[some] // 2], axis=1)
    results[some] = ordered[some[:, np.newaxis], middles].sum(axis=1) / 2
    return results.reshape(outer)


def _ordered(call: _Call, rows: Array) -> tuple[Array, Array]:
    """Each row's numbers, sorted, before its nan; how many they are."""
    ordered = rows.copy("C")
    ordered.sort(-1)
    counts = rows.shape[1] - np.count_nonzero(np.isnan(ordered), axis=1)
    call.all_nan += int(np.count_nonzero(counts == 0))
    return ordered, counts


def _in_groups(call: _Call, fn: Callable[..., Any], rows: Array, *args: Any) -> Array:
    """fn(row, *args) of each row along the last axis, on the pool's threads."""
    outer, length = rows.shape[:-1], rows.shape[-1]

    def at(places: Any) -> Any:
        return rows[np.unravel_index(places, outer)]

    def count(piece: slice) -> None:
        counts[piece] = length - np.count_nonzero(np.isnan(at(np.arange(piece.start, piece.stop))), axis=1)

    def one_by_one(places: Array) -> None:
        for place in places:
            results[place] = fn(at(place), *args)

    def together(alike: Array) -> None:
        numbers, count = at(alike), counts[alike[0]]
        # The last numbers take the places of nan, as in NumPy: order decides which of unlike zeros is found.
        numbers, rest = numbers[:, :count], numbers[:, count:]
        numbers[np.isnan(numbers)] = rest[~np.isnan(rest)]
        results[alike] = np.moveaxis(_OF_MANY[fn](numbers, *args), -1, 0)

    counts = np.empty(math.prod(outer), np.intp)
    bytes_in_row = length * rows.itemsize
    _run(call.pool, count, pieces_of(len(counts), bytes_in_row, least=_BLOCK))

    # NumPy has the first result's dtype.
    sample = np.asanyarray(fn(np.ones(1, rows.dtype) if counts[0] else at(0)[-1:], *args))
    results = np.zeros((len(counts), *sample.shape), sample.dtype)
    order = np.argsort(counts, kind="stable")
    groups = np.split(order, 1 + np.flatnonzero(np.diff(counts[order])))
    if not counts[order[0]]:
        nothing, *groups = groups
        results[nothing] = [fn(at(place)[-1:], *args) for place in nothing]
        call.all_nan = len(nothing)
    grain = max(_BLOCK // bytes_in_row, 1)
    many = [group for group in groups if len(group) >= _MANY]
    few = [group for group in groups if len(group) < _MANY]
    if few and bytes_in_row < _ALONE:
        few = [np.concatenate(few)]  # they keep Python busy
    _run(call.pool, one_by_one, few)
    _run(call.pool, together, [group[k : k + grain] for group in many for k in range(0, len(group), grain)])
    return results


def _run(pool: Pool, work: Callable[[Any], object], blocks: Sequence[Any]) -> None:
    refusal = run_blocks(pool, work, blocks)
    if refusal is not None:
        raise RuntimeError(refusal.reason)


class _NumPy(types.ModuleType):
    apply_along_axis = staticmethod(_apply_along_axis)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


_bound = {"np": _NumPy("numpy"), "warnings": types.SimpleNamespace(warn=_warn)}
_own = rebound(_nanfunctions_impl, **_bound)
_nanmedian_by_sorting = rebound(
    _nanfunctions_impl, **_bound, _nanmedian_small=_nanmedians_of_short, _nanmedian1d=_own._nanmedian1d
).nanmedian

_OF_MANY: dict[Any, Callable[..., Any]] = {
    _own._nanmedian1d: lambda x, _: np.median(x, -1),
    _own._nanquantile_1d: lambda x, q, _, method, weights, *weak: _function_base._quantile_unchecked(
        x, q, -1, None, False, method, False, weights, *weak
    ),
}


def _without_nan(pool: Pool, one: Callable[[], Any]) -> tuple[Any, int]:
    """one(), and how many rows had nothing but nan."""
    call = _Call(pool)
    token = _running.set(call)
    try:
        result = one()
    finally:
        _running.reset(token)
    return result, call.all_nan


def _as_a_whole(pool: Pool, one: Callable[[], Any], told: Callable[[int], None]) -> Any:
    """The result of one(), whose rows are shared out; told(n) warns as NumPy does of n rows of nan alone."""
    try:
        with np.errstate(**raising()):
            result, all_nan = _without_nan(pool, one)
    except Exception:
        return TOLD
    told(all_nan)
    return result


_NANMEDIAN_1D = (
    "All elements: a copy with infinity in place of nan is parted at the middle of the numbers alone."
)


@on_all_cores(np.nanmedian, f"{_NANMEDIAN_WAY} {_NANMEDIAN_1D}", 2 * _BLOCK)
def nanmedian(
    pool: Pool,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = NO_VALUE,
) -> Prepared:
    if type(a) is np.ndarray and (a.ndim == 1 or axis is None):
        return sort_1d.nanmedian(pool, a, axis, out, overwrite_input, keepdims)
    found = _rows(a, axis, out, keepdims)
    if isinstance(found, Refusal):
        return found
    if a.dtype.kind != "f" or overwrite_input is not False:
        return Refusal("it overwrites its input, or the operand's dtype has no nan")
    rows, at = found
    axes = axis if type(axis) is tuple else (axis,)
    length = math.prod(a.shape[each] for each in axes)

    def told(all_nan: int) -> None:
        if all_nan:
            nothing = np.broadcast_to(a.dtype.type(np.nan), (all_nan, min(length, _LONG)))
            as_the_user(np.nanmedian, nothing, 1)

    if length >= _LONG and a.dtype.char not in _QUICKLY_SORTED:
        return lambda: _as_a_whole(pool, lambda: _own.nanmedian(a, axis, keepdims=keepdims), told)

    own = _nanmedian_by_sorting if a.dtype.char in _QUICKLY_SORTED else _own.nanmedian

    def run() -> Any:
        all_nan: dict[int, int] = {}

        def one(piece: slice, own: Any = own) -> Any:
            block = a[rows.block(piece)]
            result, all_nan[piece.start] = _without_nan(pool, lambda: own(block, axis, keepdims=keepdims))
            return result

        result = gathered(pool, rows, one, at, lambda: one(slice(0, 2), _own.nanmedian))
        if isinstance(result, Refusal):
            return result
        told(sum(all_nan.values()))
        is_copied = length < _LONG and keepdims is not True and any(all_nan.values())  # as NumPy's is
        return result.copy("K") if is_copied and result.base is not None else result

    return run


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

        def told(all_nan: int) -> None:
            if all_nan:
                nothing = np.broadcast_to(a.dtype.type(np.nan), (all_nan, 1))
                as_the_user(numpys, nothing, q, 1, method=method)

        return lambda: _as_a_whole(pool, lambda: own(a, q, axis, method=method, keepdims=keepdims), told)

    return prepare


# Fewer rows have hardly two with equally many numbers, and Python takes them one by one.
_ROWS = 256


def _of_many_rows(a: Any, q: Any = None, axis: Any = None, *_: Any, **__: Any) -> int:
    """Bytes of an array of many rows; 0 for few."""
    if type(a) is not np.ndarray or axis is None:
        return 0
    axes = axis if type(axis) is tuple else (axis,)
    length = math.prod(a.shape[each] for each in axes)
    return a.nbytes if a.size >= _ROWS * length else 0


def _shared(numpys: Any, own: Any) -> Any:
    return on_all_cores(numpys, _NAN_WAY, size=_of_many_rows)(_nan_quantile(numpys, own))


nanquantile = _shared(np.nanquantile, _own.nanquantile)
nanpercentile = _shared(np.nanpercentile, _own.nanpercentile)
