"""NumPy's functions that join arrays, repeat and shift them: one or several copies into one result."""

import functools
import itertools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._native.fresh import LARGE, empty, empty_like
from .._native.memory import any_shared, overlaps_itself
from .._types import Array
from ..arrays.layout import is_plain, is_target
from ..arrays.operands import plain_dtype
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from ..tasks.workers import usable_cores
from .face import NEVER, Prepared, on_all_cores
from .pieces import CASTINGS, COPIED, LEAST, OTHER, SHARED, copied, written_like

__all__ = [
    "column_stack",
    "concat",
    "concatenate",
    "dstack",
    "hstack",
    "repeat",
    "roll",
    "stack",
    "tile",
    "vstack",
]

# Bytes of an array below which joining it to others is not worth a loop of its own.
_PIECE = 1 << 20

# ---- arrays joined: where the result's memory begins at a huge page; malloc's two threads get no sooner ----


# Bytes of a result from which on it varied too much whether two threads gain: 80 MB took 0.73 to 1.35 of
# NumPy's time, 40 MB 0.72 to 0.95. A copy of 40 MB takes 16 cores a tenth of NumPy's time.
_MOST_OF_FEW, _FEW = 1 << 26, 3


def _room_of_all(arrays: Any, *_: Any, **__: Any) -> int:
    """Bytes of the arrays to be joined; 0 where they are not worth a loop each."""
    total = 0
    if type(arrays) in (tuple, list):
        for x in arrays:
            total += x.nbytes
    if total < LEAST or total < _PIECE * len(arrays):
        return 0
    return total if total < _MOST_OF_FEW or usable_cores() > _FEW else 0


def _plain(arrays: Any) -> Sequence[Array]:
    """The arrays to be joined."""
    if type(arrays) not in (tuple, list) or not all(map(is_plain, arrays)):
        raise TypeError  # for NumPy to judge
    given: Sequence[Array] = arrays
    return given


def _joined(
    pool: Pool,
    arrays: Sequence[Array],
    axis: Any,
    out: Any = None,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Prepared:
    if out is not None and (dtype is not None or not is_target(out) or overlaps_itself(out)):
        return OTHER
    axis, ndim = operator.index(axis), arrays[0].ndim
    if not -ndim <= axis < ndim or any(x.ndim != ndim for x in arrays) or casting not in CASTINGS:
        return OTHER
    axis %= ndim
    shape = list(arrays[0].shape)
    shape[axis] = sum(x.shape[axis] for x in arrays)
    if any(x.shape[:axis] + x.shape[axis + 1 :] != (*shape[:axis], *shape[axis + 1 :]) for x in arrays):
        return OTHER
    to = np.result_type(*(x.dtype for x in arrays)) if dtype is None else plain_dtype(dtype)
    if out is not None:
        to = out.dtype
    if to is None or not all(np.can_cast(x.dtype, to, CASTINGS[casting]) for x in arrays):
        return OTHER
    order = _common_order(arrays)
    if out is None and order is None:
        return Refusal("the arrays lie in memory in several orders")
    if out is not None and (out.shape != tuple(shape) or any_shared(arrays, [out])):
        return SHARED
    result = empty(shape, to, order) if out is None else out
    pieces, begin = [], 0
    for x in arrays:
        end = begin + x.shape[axis]
        if begin < end:
            pieces.append((x, result[(slice(None),) * axis + (slice(begin, end),)]))
        begin = end
    return copied(pool, pieces, result)


def _common_order(arrays: Sequence[Array]) -> Any:
    """The memory order in which NumPy joins arrays, where they have one order and no other."""
    if all(x.flags.c_contiguous for x in arrays):
        return "C"
    if all(x.flags.f_contiguous and 1 not in x.shape for x in arrays):
        return "F"
    return None


# A list that is looked into has eight arrays at most.
_joins = functools.partial(on_all_cores, way=COPIED, least=LARGE, size=_room_of_all, times=8)


@_joins(np.concatenate)
def concatenate(
    pool: Pool,
    arrays: Any,
    /,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Prepared:
    if type(axis) is bool:  # an error of this function's alone
        return OTHER
    return _joined(pool, _plain(arrays), axis, out, dtype, casting)


concat = concatenate


@_joins(np.stack)
def stack(
    pool: Pool,
    arrays: Any,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Prepared:
    arrays = _plain(arrays)
    axis, ndim = operator.index(axis), arrays[0].ndim + 1
    if not -ndim <= axis < ndim or any(x.shape != arrays[0].shape for x in arrays):
        return OTHER
    axis %= ndim
    return _joined(pool, [np.expand_dims(x, axis) for x in arrays], axis, out, dtype, casting)


@_joins(np.vstack)
def vstack(pool: Pool, tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Prepared:
    return _joined(pool, [np.atleast_2d(x) for x in _plain(tup)], 0, None, dtype, casting)


@_joins(np.hstack)
def hstack(pool: Pool, tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Prepared:
    arrays = [np.atleast_1d(x) for x in _plain(tup)]
    return _joined(pool, arrays, min(arrays[0].ndim - 1, 1), None, dtype, casting)


@_joins(np.dstack)
def dstack(pool: Pool, tup: Any) -> Prepared:
    return _joined(pool, [np.atleast_3d(x) for x in _plain(tup)], 2)


@_joins(np.column_stack)
def column_stack(pool: Pool, tup: Any) -> Prepared:
    return _joined(pool, [x if x.ndim > 1 else x.reshape(-1, 1) for x in _plain(tup)], 1)


# ---- arrays repeated and shifted ----

# Larger elements gained 0.8 to 1.0 when they were repeated one by one, smaller ones 1.1 to 1.4, and rows of
# eight 0.1 to 0.5.
_REPEATED = 8

_ORDER = Refusal("the array is not contiguous in C order, and is read as quickly once it is copied")


# So few rows that are turned round along themselves are copied as quickly by one thread: 8 rows took 1.1 to
# 1.3 times NumPy's time, rows of 8 elements a third.
_FEW_ROWS = 64


def _room_rolled(a: Any, _: Any = 0, axis: Any = None) -> int:
    if type(a) is not np.ndarray or axis is None or a.ndim < 2:
        return written_like(a)
    is_along_rows = a.strides[axis] == min(a.strides)
    return 0 if is_along_rows and a.size < _FEW_ROWS * a.shape[axis] else a.nbytes


@on_all_cores(np.roll, COPIED, LEAST, _room_rolled)
def roll(pool: Pool, a: Any, shift: Any, axis: Any = None) -> Prepared:
    if not is_plain(a) or not a.ndim or type(shift) is not int or type(axis) not in (int, type(None)):
        return OTHER
    if axis is None and not a.flags.c_contiguous:
        return Refusal("the array is flattened first")
    source = a.reshape(-1) if axis is None else a
    result = empty_like(source)
    axis = 0 if axis is None else axis
    before = (slice(None),) * (axis % source.ndim)
    at = shift % (source.shape[axis] or 1)
    halves = (
        [(slice(None, -at), slice(at, None)), (slice(-at, None), slice(None, at))] if at else [(..., ...)]
    )
    pieces = [(source[(*before, part)], result[(*before, place)]) for part, place in halves]
    return copied(pool, pieces, result if source is a else result.reshape(a.shape))


def _room_repeated(a: Any, repeats: Any, *_: Any, **__: Any) -> int:
    return a.nbytes * repeats if type(a) is np.ndarray and type(repeats) is int else 0


@on_all_cores(np.repeat, COPIED, LEAST, _room_repeated, times=0)
def repeat(pool: Pool, a: Any, repeats: Any, axis: Any = None) -> Prepared:
    if not is_plain(a) or type(repeats) is not int or type(axis) not in (int, type(None)):
        return OTHER
    if not a.flags.c_contiguous:
        return _ORDER
    if axis is None:
        a, axis = a.reshape(-1), 0
    if not -a.ndim <= axis < a.ndim or repeats < 0:
        return OTHER
    if axis % a.ndim < a.ndim - 1 or a.itemsize > _REPEATED:
        return Refusal("NumPy copies rows of elements, and large ones, as quickly")
    before, after = a.shape[: axis % a.ndim], a.shape[axis % a.ndim :]
    result = empty((*before, after[0] * repeats, *after[1:]), a.dtype)
    target = result.reshape(*before, after[0], repeats, *after[1:])
    return copied(pool, [(np.expand_dims(a, len(before) + 1), target)], result)


def _room_tiled(A: Any, reps: Any) -> int:
    return A.nbytes * math.prod((reps,) if type(reps) is int else reps) if type(A) is np.ndarray else 0


# Two threads gained in no size: 0.5 to 1.0 times NumPy's speed from 1 to 8 MB of an array.
@on_all_cores(np.tile, COPIED, NEVER, _room_tiled)
def tile(pool: Pool, A: Any, reps: Any) -> Prepared:
    if not is_plain(A) or type(reps) not in (int, tuple, list):
        return OTHER
    if not A.flags.c_contiguous:
        return _ORDER
    times = [reps] if type(reps) is int else list(reps)
    if not all(type(n) is int and n >= 0 for n in times) or all(n == 1 for n in times):
        return OTHER
    ndim = max(A.ndim, len(times))
    times = [1] * (ndim - len(times)) + times
    shape = (1,) * (ndim - A.ndim) + A.shape
    result = empty(math.prod(shape) * math.prod(times), A.dtype)
    pairs = list(zip(times, shape, strict=True))
    target = result.reshape(tuple(itertools.chain(*pairs)))
    source = A.reshape(tuple(itertools.chain(*((1, n) for n in shape))))
    return copied(pool, [(source, target)], result.reshape([n * many for many, n in pairs]))
