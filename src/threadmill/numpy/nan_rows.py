"""Rows of which nan is left out: the loops under NumPy's nanmedian, nanquantile and nanpercentile.

NumPy goes through such rows one by one, in Python. Its code is bound here to loops over many rows. For a
median the rows are sorted, which leaves nan at the end. For quantiles, rows with equally many numbers are
taken together, by the function that knows of no nan.
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
from ..arrays.rebound import rebound
from ..tasks.pool import Pool
from .rows import TOLD, pieces_of, raising, run_blocks

__all__ = ["BLOCK", "LONG", "OWN", "QUICKLY_SORTED", "as_a_whole", "counted", "nanmedian_by_sorting"]

# Bytes in a block at least: NumPy's functions take up to 100 us besides their work.
BLOCK = 1 << 19

_function_base: Any = _code

# From this length on NumPy goes through the rows one by one for a nanmedian, and sorts shorter ones at once.
LONG = 600

# What NumPy sorts on vectors; of float16, which it sorts so as well, it misplaces some on some processors.
QUICKLY_SORTED = "fd"

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
    if fn is OWN._nanmedian1d and rows.dtype.char in QUICKLY_SORTED:
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
    _run(call.pool, count, pieces_of(len(counts), bytes_in_row, least=BLOCK))

    # NumPy has the first result's dtype.
    sample = np.asanyarray(fn(np.ones(1, rows.dtype) if counts[0] else at(0)[-1:], *args))
    results = np.zeros((len(counts), *sample.shape), sample.dtype)
    order = np.argsort(counts, kind="stable")
    groups = np.split(order, 1 + np.flatnonzero(np.diff(counts[order])))
    if not counts[order[0]]:
        nothing, *groups = groups
        results[nothing] = [fn(at(place)[-1:], *args) for place in nothing]
        call.all_nan = len(nothing)
    grain = max(BLOCK // bytes_in_row, 1)
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
OWN = rebound(_nanfunctions_impl, **_bound)
nanmedian_by_sorting = rebound(
    _nanfunctions_impl, **_bound, _nanmedian_small=_nanmedians_of_short, _nanmedian1d=OWN._nanmedian1d
).nanmedian

_OF_MANY: dict[Any, Callable[..., Any]] = {
    OWN._nanmedian1d: lambda x, _: np.median(x, -1),
    OWN._nanquantile_1d: lambda x, q, _, method, weights, *weak: _function_base._quantile_unchecked(
        x, q, -1, None, False, method, False, weights, *weak
    ),
}


def counted(pool: Pool, one: Callable[[], Any]) -> tuple[Any, int]:
    """one(), and how many rows had nothing but nan."""
    call = _Call(pool)
    token = _running.set(call)
    try:
        result = one()
    finally:
        _running.reset(token)
    return result, call.all_nan


def as_a_whole(pool: Pool, one: Callable[[], Any], told: Callable[[int], None]) -> Any:
    """The result of one(), whose rows are shared out; told(n) warns as NumPy does of n rows of nan alone."""
    try:
        with np.errstate(**raising()):
            result, all_nan = counted(pool, one)
    except Exception:
        return TOLD
    told(all_nan)
    return result
