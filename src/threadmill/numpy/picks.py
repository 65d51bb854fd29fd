"""NumPy's functions that pick elements: by a condition, by a mask, by their indices."""

import math
from typing import Any

import numpy as np

from .._native.fresh import empty, made
from .._native.memory import any_shared, overlaps_itself
from .._native.moves import MODES
from .._native.status import FAILED, check
from .._types import Array
from ..arrays import moves
from ..arrays import picks as masks
from ..arrays.layout import is_plain, is_target
from ..arrays.operands import PYTHON_NUMBERS, as_loop_number, operand
from ..arrays.refusal import Refusal
from ..arrays.thresholds import SCATTERED
from ..tasks.pool import Pool
from .face import LEAST, Prepared, on_all_cores

__all__ = [
    "argwhere",
    "compress",
    "count_nonzero",
    "extract",
    "flatnonzero",
    "nonzero",
    "select",
    "take",
    "where",
]

# Bytes of a result from which on threads choose faster than one; of indices; and of a mask, of which NumPy
# passes by eight elements at a time where few are true.
_CHOSE, _INDICES, _MASK = 1 << 19, 1 << 20, 1 << 19

# So many bytes of numbers are worth a byte of a mask: NumPy asks each of them what it is as a bool.
_NUMBER = 4

_CHOSEN = "Pieces of the result are chosen by all threads."
_COUNTED_FIRST = "All threads count what is true, and then copy it."
_TAKEN = "Pieces of the result are gathered by all threads."

_OTHER = Refusal("an argument is no plain array, or of another kind than those that C reads")
_ORDER = Refusal("the array is not contiguous in C order, and NumPy copies it first")
_INDEX = Refusal("an index is none of the array's")
_SHARED = Refusal("what is written shares memory with what is read")


# ---- choices between arrays ----


def _mask_room(a: Any, *_: Any, **__: Any) -> int:
    """Bytes of a mask that takes NumPy as long as an array."""
    if type(a) is not np.ndarray:
        return 0
    return a.nbytes if a.dtype.char == "?" and a.ndim == 1 else _NUMBER * a.nbytes


def _room(*args: Any) -> int:
    """Bytes of the largest array; of a condition alone as those of a mask."""
    most = 0
    for x in args:
        if type(x) is np.ndarray:
            nbytes = x.nbytes if x.flags.forc else x.nbytes // SCATTERED
            most = max(most, nbytes)
    return most if len(args) > 1 else _mask_room(*args)


@on_all_cores(np.where, _CHOSEN, _CHOSE, _room, alone=_CHOSE // _NUMBER)
def where(pool: Pool, condition: Any, *choices: Any) -> Prepared:
    if not choices:
        return _coordinates(pool, condition)
    x, y = choices
    if not is_plain(condition) or not masks.is_mask(condition.dtype):
        return _OTHER
    dtype = np.result_type(*(each if type(each) in PYTHON_NUMBERS else operand(each) for each in (x, y)))
    values = [_choice(each, dtype) for each in (x, y)]
    if any(each is None for each in values):
        return _OTHER
    arrays: list[Any] = [condition, *values]
    flags: Any = [["writeonly", "allocate", "no_subtype"], *[["readonly"]] * 3]
    dtypes: Any = [dtype, None, None, None]
    iterator: Any = made(np.nditer, [None, *arrays], ["zerosize_ok", "external_loop"], flags, dtypes)
    if not iterator.itersize or not iterator.itviews[0].ndim:
        return _OTHER
    result = iterator.operands[0]
    out, condition, *values = iterator.itviews

    def call() -> Array:
        check(moves.select(pool._handle, [condition], values, out))
        return result  # type: ignore[no-any-return]

    return call


def _choice(x: Any, dtype: np.dtype[Any]) -> Array | None:
    """What `where` chooses, as an array whose elements C can convert to the result's dtype."""
    array = as_loop_number(x, dtype) if type(x) in PYTHON_NUMBERS else operand(x)
    if array is None or not moves.can_convert(array.dtype, dtype):
        return None
    if array.dtype.kind in "fc" and array.dtype != dtype and not np.can_cast(array.dtype, dtype):
        return None
    return array


# np.intp from NumPy 2.4 on, int before.
_count_type: Any = type(np.count_nonzero(np.zeros(1)))

# Conditions of a select: its arrays and what is made on the way fit in the slots of a program.
_CONDITIONS = 5


def _is_turned(x: Array) -> bool:
    return x.flags.f_contiguous and not x.flags.c_contiguous


def _room_of_choices(condlist: Any, choicelist: Any, *_: Any, **__: Any) -> int:
    """Bytes of the largest array; 0 for single bytes out of C order, of which NumPy chooses as quickly."""
    given = (*condlist, *choicelist) if len(condlist) <= _CONDITIONS else ()
    if any(type(x) is np.ndarray and x.itemsize == 1 and _is_turned(x) for x in choicelist):
        return 0
    return max((_weighed(x) for x in given if type(x) is np.ndarray), default=0)


def _weighed(x: Array) -> int:
    """Bytes of an array; in C order an element counts as four at least: smaller ones take NumPy as long."""
    return x.size * (max(x.itemsize, 4) if x.flags.c_contiguous else x.itemsize)


# Of complex numbers 480 KB took 1.4 times as long as NumPy's.
@on_all_cores(np.select, _CHOSEN, 4 * LEAST, _room_of_choices, times=4)
def select(pool: Pool, condlist: Any, choicelist: Any, default: Any = 0) -> Prepared:
    if type(condlist) not in (list, tuple) or type(choicelist) not in (list, tuple):
        return _OTHER
    if not 0 < len(condlist) == len(choicelist) <= _CONDITIONS or not all(map(is_plain, condlist)):
        return _OTHER
    given = [*choicelist, default]
    dtype = np.result_type(*(each if type(each) in PYTHON_NUMBERS else operand(each) for each in given))
    choices = [_choice(each, dtype) for each in given]
    if any(each is None for each in choices) or any(x.dtype.char != "?" for x in condlist):
        return _OTHER
    numbers = [each for each in choicelist if type(each) in PYTHON_NUMBERS]
    if not all(np.can_cast(np.asarray(each).dtype, dtype, "same_kind") for each in numbers):
        return _OTHER  # NumPy copies them as arrays, and raises
    arrays: list[Any] = [*condlist, *choices]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    if not math.prod(shape) or any(x.shape not in ((), shape) for x in arrays):
        return _OTHER
    result = empty(shape, dtype)

    def call() -> Array:
        check(moves.select(pool._handle, list(condlist), choices, result))  # type: ignore[arg-type]
        return result

    return call


# ---- what is true ----


def _coordinates(pool: Pool, a: Any) -> Prepared:
    """Of each element that is true, as np.nonzero tells them."""
    mask = _as_mask(a)
    if isinstance(mask, Refusal):
        return mask

    def call() -> Any:
        found = masks.nonzero(pool._handle, mask, a.shape)
        if isinstance(found, Refusal):
            return found
        if not len(found):
            return np.nonzero(np.zeros((1,) * a.ndim))  # whose strides are of NumPy's making
        return tuple(found[:, k] for k in range(a.ndim))

    return call


def _as_mask(a: Any) -> Array | Refusal:
    """An array with one axis of which C knows what is true; its elements in C order."""
    if not is_plain(a) or not masks.is_mask(a.dtype) or not a.size or not 0 < a.ndim <= 16:
        return _OTHER
    if a.ndim == 1:
        return a
    return a.reshape(-1) if a.flags.c_contiguous else _ORDER


@on_all_cores(np.nonzero, _COUNTED_FIRST, _MASK, _mask_room, times=_NUMBER)
def nonzero(pool: Pool, a: Any) -> Prepared:
    return _coordinates(pool, a)


@on_all_cores(np.argwhere, _COUNTED_FIRST, _MASK, _mask_room, times=_NUMBER)
def argwhere(pool: Pool, a: Any) -> Prepared:
    prepared = _coordinates(pool, a)
    if isinstance(prepared, Refusal):
        return prepared

    def call() -> Any:
        found = prepared()
        return found if isinstance(found, Refusal) else np.transpose(found)

    return call


@on_all_cores(np.flatnonzero, _COUNTED_FIRST, _MASK, _mask_room, times=_NUMBER)
def flatnonzero(pool: Pool, a: Any) -> Prepared:
    mask = _as_mask(a)
    if isinstance(mask, Refusal):
        return mask

    def call() -> Any:
        found = masks.nonzero(pool._handle, mask, mask.shape)
        return found if isinstance(found, Refusal) else found.reshape(-1)

    return call


def _count_room(a: Any, *_: Any, **__: Any) -> int:
    """Bytes of bools that NumPy counts in the time that an array takes; of other single bytes fewer."""
    if type(a) is not np.ndarray:
        return 0
    if a.itemsize == 1:
        return a.nbytes if a.dtype.char == "?" else a.nbytes // 2
    return _NUMBER * a.nbytes


@on_all_cores(np.count_nonzero, "All threads count.", 1 << 21, _count_room, times=_NUMBER)
def count_nonzero(pool: Pool, a: Any, axis: Any = None, *, keepdims: Any = False) -> Prepared:
    if axis is not None or keepdims is not False or not is_plain(a) or not masks.is_mask(a.dtype):
        return _OTHER
    return lambda: _count_type(masks.count(pool._handle, a))


def _condition_room(condition: Any, *_: Any, **__: Any) -> int:
    return condition.nbytes if type(condition) is np.ndarray else 0


@on_all_cores(np.extract, _COUNTED_FIRST, _MASK, _condition_room, only=0, takes_lists=False)
def extract(pool: Pool, condition: Any, arr: Any) -> Prepared:
    return _compressed(pool, _as_mask(condition), arr)


@on_all_cores(np.compress, _COUNTED_FIRST, _MASK, _condition_room, only=0, takes_lists=False)
def compress(pool: Pool, condition: Any, a: Any, axis: Any = None, out: Any = None) -> Prepared:
    mask = _as_mask(condition)
    if isinstance(mask, Refusal) or out is not None or not is_plain(a) or condition.ndim != 1:
        return mask if isinstance(mask, Refusal) else _OTHER
    if axis is None or (a.ndim == 1 and axis in (0, -1)):
        return _compressed(pool, mask, a)
    if type(axis) is not int or not -a.ndim <= axis < a.ndim or mask.size > a.shape[axis]:
        return _OTHER
    if axis % a.ndim == 0:
        return _compressed(pool, mask, a, a.shape[1:])
    if not a.flags.c_contiguous:
        return _ORDER
    axis %= a.ndim

    def call() -> Any:
        found = masks.nonzero(pool._handle, mask, mask.shape)
        if isinstance(found, Refusal):
            return found
        result = empty((*a.shape[:axis], len(found), *a.shape[axis + 1 :]), a.dtype)
        if result.size:
            check(moves.take(pool._handle, a, found[:, 0], result, axis, MODES["clip"]))
        return result

    return call


def _compressed(pool: Pool, mask: Array | Refusal, a: Any, row: tuple[int, ...] = ()) -> Prepared:
    """The call that copies the elements, or the rows of this shape, of which the mask is true."""
    if isinstance(mask, Refusal):
        return mask
    if not is_plain(a) or not a.ndim:
        return _OTHER
    if not a.flags.c_contiguous and (a.ndim > 1 or row):
        return _ORDER
    if not a.size or mask.size * math.prod(row) > a.size:
        return _OTHER
    x = a if a.ndim == 1 else a.reshape(-1, *row)

    def call() -> Any:
        return masks.compress(pool._handle, mask, x)

    return call


# ---- by index ----


def _room_taken(_: Any, indices: Any, *__: Any, **___: Any) -> int:
    return indices.nbytes if type(indices) is np.ndarray else 0


@on_all_cores(np.take, _TAKEN, _INDICES, _room_taken, only=1, takes_lists=False)
def take(
    pool: Pool, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise"
) -> Prepared:
    if not is_plain(a) or not is_plain(indices) or mode not in MODES:
        return _OTHER
    if indices.dtype.kind not in "iu" or not np.can_cast(indices.dtype, np.intp):  # releases differ
        return _OTHER
    if not indices.ndim or not indices.size or type(axis) not in (int, type(None)):
        return _OTHER
    if not a.flags.c_contiguous and a.ndim > 1:
        return _ORDER
    if axis is None:
        a, axis = a.reshape(-1), 0
    if not -a.ndim <= axis < a.ndim:
        return _OTHER
    axis %= a.ndim
    shape = (*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :])
    if not math.prod(shape):
        return _OTHER
    if out is None:
        result = empty(shape, a.dtype)
    elif mode == "raise":
        return Refusal("an error is to leave out as it was")
    elif not is_target(out) or out.shape != shape or out.dtype != a.dtype or not out.flags.c_contiguous:
        return _OTHER
    elif any_shared([a, indices], [out]) or overlaps_itself(out):
        return _SHARED
    else:
        result = out
    flat = indices.reshape(-1)

    def call() -> Any:
        status = moves.take(pool._handle, a, flat, result, axis, MODES[mode])
        if status == FAILED:
            return _INDEX
        check(status)
        return result

    return call
