"""Squares and products of integers that raise where a result does not fit.

C takes arrays that are dense: they fill one piece of memory in some order of their axes, and `out` has the
same order.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._native import kernels
from .._native.dtypes import DTYPES
from .._native.memory import are_apart
from .._native.programs import start_of
from .._native.status import OVERFLOW, OVERLAP, check
from .._types import Array
from .layout import dense_views, empty_result, is_plain, is_target, native_chunks

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Kernel", "checked", "scale_kernel", "square_kernel"]

# (pool, tm_dtype, x, out, options) -> status, for C-contiguous arrays.
Kernel: TypeAlias = "Callable[[CData, int, Array, Array, int], int]"


def square_kernel(pool: "CData", code: int, x: Array, out: Array, options: int) -> int:
    return kernels.square(pool, code, x.size, start_of(x), start_of(out), options)


def scale_kernel(k: Array) -> Kernel:
    """The kernel that multiplies by k, one element of x's dtype."""

    def scale(pool: "CData", code: int, x: Array, out: Array, options: int) -> int:
        return kernels.scale(pool, code, x.size, start_of(x), start_of(k), start_of(out), options)

    return scale


def checked(name: str, kernel: Kernel, pool: "CData", x: Array, out: Array | None) -> Array | None:
    """The results, checked; None where only all elements have been checked, and nothing is written yet.

    OverflowError where a result does not fit x's dtype.
    """
    if not isinstance(out, np.ndarray) or are_apart(x, out):
        result = _run(name, kernel, pool, x, out)
        if result is not None:
            return result
    for chunk in native_chunks(x):
        _run(name, kernel, pool, chunk, None)
    return None


def _run(name: str, kernel: Kernel, pool: "CData", x: Array, out: Array | None) -> Array | None:
    """The results where C can take the arrays; else None."""
    if x.ndim == 0 or not is_plain(x):
        return None
    fresh = kernels.FRESH_OUT if out is None else 0
    if out is None:
        out = empty_result(x)
    elif not is_target(out) or out.dtype != x.dtype or out.shape != x.shape:
        return None
    views = dense_views(x, out)
    if views is None:
        return None
    status = kernel(pool, DTYPES[x.dtype.char], *views, kernels.CHECKED | fresh)
    if status == OVERLAP:
        return None
    if status == OVERFLOW:
        raise OverflowError(f"{name}: a result does not fit {out.dtype}: convert x to a wider dtype")
    check(status)
    return out
