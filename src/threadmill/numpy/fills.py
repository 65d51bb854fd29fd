"""NumPy's functions that fill a new array with one value."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.fresh import empty, empty_like
from .._types import Array
from ..arrays.layout import is_plain
from ..arrays.operands import NUMBERS, PYTHON_NUMBERS, as_loop_number, plain_dtype
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores
from .pieces import LEAST, OTHER, copied, written_like

__all__ = ["full", "full_like", "ones", "ones_like", "zeros_like"]

_FILLED = "Pieces of the result are filled by all threads."


_FEW = LEAST // 16

# NumPy fills 16 MB of bytes in half the time that one of our threads takes, and in 0.8 of that of two.
_BYTES = Refusal("NumPy fills bytes as quickly", by_size=True)


def _room(shape: Any, fill_value: Any = 1.0, dtype: Any = None, *_: Any, **__: Any) -> int:
    """Bytes of an array of this shape; so few elements are small, whatever they are."""
    count = shape if type(shape) is int else math.prod(shape)
    if count <= _FEW:
        return count
    return count * np.dtype(type(fill_value) if dtype is None else dtype).itemsize


def _room_of_ones(shape: Any, dtype: Any = None, *_: Any, **__: Any) -> int:
    return _room(shape, 1.0, dtype)


def _filled(pool: Pool, result: Array, fill_value: Any) -> Prepared:
    if not is_plain(result):
        return OTHER
    if result.itemsize == 1:
        return _BYTES
    if type(fill_value) in NUMBERS and result.dtype.kind in "biufc":
        if type(fill_value) in PYTHON_NUMBERS:
            value = as_loop_number(fill_value, result.dtype)
        else:
            value = np.asarray(fill_value)
            value = value.astype(result.dtype) if np.can_cast(value.dtype, result.dtype) else None
        if value is not None:
            return copied(pool, [(value, result)], result)
    return OTHER


def _new(shape: Any, dtype: Any, order: Any, device: Any, like: Any) -> Array | Refusal:
    if like is not None or device not in (None, "cpu") or order not in ("C", "F"):
        return OTHER
    if type(shape) is not int and not (type(shape) in (tuple, list) and all(type(n) is int for n in shape)):
        return OTHER
    to = plain_dtype(dtype)
    return OTHER if to is None else empty(shape, to, order)


@on_all_cores(np.full, _FILLED, LEAST, _room, times=0)
def full(
    pool: Pool,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Prepared:
    if type(fill_value) not in NUMBERS:
        return OTHER
    result = _new(shape, np.asarray(fill_value).dtype if dtype is None else dtype, order, device, like)
    return result if isinstance(result, Refusal) else _filled(pool, result, fill_value)


@on_all_cores(np.ones, _FILLED, LEAST, _room_of_ones, times=0)
def ones(
    pool: Pool, shape: Any, dtype: Any = None, order: Any = "C", *, device: Any = None, like: Any = None
) -> Prepared:
    result = _new(shape, float if dtype is None else dtype, order, device, like)
    return result if isinstance(result, Refusal) else _filled(pool, result, 1)


def _like(a: Any, dtype: Any, order: Any, subok: Any, shape: Any, device: Any) -> Array | Refusal:
    if not is_plain(a) or order not in ("K", "A", "C", "F") or device not in (None, "cpu"):
        return OTHER
    if type(subok) is not bool or shape is not None:
        return OTHER
    to = a.dtype if dtype is None else plain_dtype(dtype)
    return OTHER if to is None else empty_like(a, to, order)


@on_all_cores(np.full_like, _FILLED, LEAST, written_like)
def full_like(
    pool: Pool,
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Prepared:
    result = _like(a, dtype, order, subok, shape, device)
    return result if isinstance(result, Refusal) else _filled(pool, result, fill_value)


def _filled_like(value: int) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool,
        a: Any,
        dtype: Any = None,
        order: Any = "K",
        subok: Any = True,
        shape: Any = None,
        *,
        device: Any = None,
    ) -> Prepared:
        result = _like(a, dtype, order, subok, shape, device)
        return result if isinstance(result, Refusal) else _filled(pool, result, value)

    return prepare


ones_like = on_all_cores(np.ones_like, _FILLED, LEAST, written_like)(_filled_like(1))
zeros_like = on_all_cores(np.zeros_like, _FILLED, LEAST, written_like)(_filled_like(0))
