"""NumPy's functions that copy an array: each element is moved once, or converted on its way."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.fresh import empty, empty_like
from .._native.memory import any_shared, overlaps_itself
from .._native.status import check
from .._types import Array
from ..arrays import moves
from ..arrays.errstate import report_flags
from ..arrays.layout import is_plain, is_target
from ..arrays.operands import PYTHON_NUMBERS, as_loop_number, plain_dtype
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores
from .pieces import CASTINGS, COPIED, LEAST, OTHER, SHARED, copied, written_like

__all__ = ["ascontiguousarray", "asfortranarray", "astype", "copy", "copyto"]

_NO_COPY = Refusal("nothing is copied")


@on_all_cores(np.astype, COPIED, LEAST)
def astype(pool: Pool, x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Prepared:
    to = plain_dtype(dtype)
    if not is_plain(x) or to is None or copy is not True or device is not None:
        return OTHER
    result = empty_like(x, to)
    return copied(pool, [(x, result)], result)


@on_all_cores(np.copy, COPIED, LEAST, written_like)
def copy(pool: Pool, a: Any, order: Any = "K", subok: Any = False) -> Prepared:
    if not is_plain(a) or order not in ("K", "A", "C", "F") or type(subok) is not bool:
        return OTHER
    result = empty_like(a, order=order)
    return copied(pool, [(a, result)], result)


def _copied_to(order: str) -> Callable[..., int]:
    """Bytes of what is laid out in another order."""

    def size(a: Any, dtype: Any = None, **_: Any) -> int:
        if type(a) is not np.ndarray or (dtype is None and getattr(a.flags, order)):
            return 0
        return a.nbytes

    return size


@on_all_cores(np.ascontiguousarray, COPIED, LEAST, _copied_to("c_contiguous"))
def ascontiguousarray(pool: Pool, a: Any, dtype: Any = None, *, like: Any = None) -> Prepared:
    return _laid_out(pool, a, dtype, "C", like)


@on_all_cores(np.asfortranarray, COPIED, LEAST, _copied_to("f_contiguous"))
def asfortranarray(pool: Pool, a: Any, dtype: Any = None, *, like: Any = None) -> Prepared:
    return _laid_out(pool, a, dtype, "F", like)


def _laid_out(pool: Pool, a: Any, dtype: Any, order: Any, like: Any) -> Prepared:
    if not is_plain(a) or not a.ndim or like is not None:  # NumPy gives a number an axis
        return OTHER
    to = a.dtype if dtype is None else plain_dtype(dtype)
    if to is None or (to == a.dtype and to.char != a.dtype.char):
        return OTHER
    if to == a.dtype and (a.flags.c_contiguous if order == "C" else a.flags.f_contiguous):
        return _NO_COPY
    result = empty(a.shape, to, order)
    return copied(pool, [(a, result)], result)


# To copy where a mask is true takes so many times as long.
_MASKED = 16


def _written(dst: Any, _: Any, __: Any = None, where: Any = True, **___: Any) -> int:
    """Bytes of the target; of one with a mask as many as take NumPy the same time."""
    written: int = dst.nbytes if where is True else _MASKED * dst.nbytes
    return written


@on_all_cores(np.copyto, COPIED, LEAST, _written, times=_MASKED, alone=_MASKED * LEAST, arguments=2)
def copyto(pool: Pool, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> Prepared:
    if not is_target(dst) or casting not in CASTINGS or not dst.size:
        return OTHER
    if type(src) in PYTHON_NUMBERS:
        if (
            casting in ("no", "equiv")
            or dst.dtype.kind not in {int: "iufc", float: "fc", complex: "c"}[type(src)]
        ):
            return OTHER
        src = as_loop_number(src, dst.dtype)
    elif not is_plain(src) or not np.can_cast(src.dtype, dst.dtype, CASTINGS[casting]):
        return OTHER
    if src is None or not moves.can_convert(src.dtype, dst.dtype):
        return OTHER
    np.broadcast_to(src, dst.shape)  # or the error is NumPy's
    if overlaps_itself(dst) or any_shared([src], [dst]):
        return SHARED
    if where is not True:
        return _masked(pool, dst, src, where)

    def call() -> None:
        report_flags(moves.copy(pool._handle, src, dst), "cast")

    return call


def _masked(pool: Pool, dst: Array, src: Array, where: Any) -> Prepared:
    if not is_plain(where) or where.dtype.char != "?" or src.dtype != dst.dtype:
        return OTHER
    np.broadcast_to(where, dst.shape)
    if any_shared([where], [dst]):
        return SHARED

    def call() -> None:
        check(moves.copy_where(pool._handle, where, src, dst))

    return call
