"""Medians and quantiles of rows: NumPy's own code, which finds rows sorted where it would part them.

On vectors a row is sorted in a tenth of the time in which NumPy parts it at two or three places. What NumPy's
code looks at are elements by their places in order, and these are the same: but for which of two NaNs, and
which of two zeros. Arrays with a NaN or a -0.0 are not sorted.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.layout import is_plain
from ..arrays.moves import copy
from ..arrays.probes import sorts_quickly
from ..arrays.refusal import Refusal
from ..arrays.row_functions import KINDS, UNKNOWN, sort_rows
from ..tasks.pool import Pool
from . import reductions
from .rows import TOLD, raising

if TYPE_CHECKING:
    from .._types import Array

__all__ = ["EARLIER", "LATER", "are_parted_once", "are_sorted_first", "by_sorting", "has_minus_zero"]

# Of these so many times fewer bytes gain than of others.
EARLIER = 4

# Rows that are parted once gain from so many times the bytes on.
LATER = 8

# The most elements of a row.
_LONG = 1 << 17

_OPEN = Refusal("there is a nan, or a zero with a sign")


class _InOrder(np.ndarray[Any, Any]):
    """An array that is sorted along the axis along which NumPy's code will part it."""

    def partition(self, *_: Any, **__: Any) -> None:
        """Leaves it as it is."""


def are_parted_once(a: Any, axis: Any) -> bool:
    """Whether NumPy finds medians of rows by parting each at one place, on vectors: in 1 ns an element."""
    if type(axis) is not int or not is_plain(a) or not -a.ndim <= axis < a.ndim or not a.shape[axis] % 2:
        return False  # at two places, and one more to look for NaNs
    return a.dtype.char in "hHiIlLqQ" and sorts_quickly(a.dtype.char)


def are_sorted_first(a: Any, axis: Any, has_one_axis: bool = False) -> bool:
    """Whether rows along an axis are sorted sooner than parted, and results lie in C's order.

    `has_one_axis`: of a table the result is a row.
    """
    if type(axis) is not int or not is_plain(a) or a.ndim < 2 or not a.size:
        return False
    if not a.flags.c_contiguous and not (has_one_axis and a.ndim == 2):
        return False
    if not -a.ndim <= axis < a.ndim or a.shape[axis] > _LONG:
        return False
    return a.dtype.char in "fdiIlLqQ" and sorts_quickly(a.dtype.char)


def by_sorting(pool: Pool, numpys: Callable[..., Any], a: Any, axis: int, *args: Any, **options: Any) -> Any:
    """numpys(a, *args, axis=axis, **options), which is np.median or np.quantile or their like."""
    if a.dtype.kind == "f" and _has_open_order(pool, a):
        return _OPEN
    turned = np.moveaxis(a, axis, -1)
    rows: Array = np.empty(turned.shape, a.dtype)
    if turned.strides[-1] != a.itemsize:
        copy(pool._handle, turned, rows)
        turned = rows
    if sort_rows(pool._handle, turned, rows, KINDS[None]) is not None:
        return UNKNOWN
    ordered = np.moveaxis(rows, -1, axis).view(_InOrder)
    try:
        with np.errstate(**raising()):
            result = numpys(ordered, *args, axis=axis, overwrite_input=True, **options)
    except Exception:
        return TOLD
    return np.array(result, copy=True)


def _has_open_order(pool: Pool, x: Any) -> bool:
    """Whether it has a NaN, or a -0.0."""
    return bool(np.isnan(reductions.max(x, pool=pool))) or has_minus_zero(pool, x)


def has_minus_zero(pool: Pool, x: Any) -> bool:
    """Whether it has the one float that is, read as an integer, the least of all."""
    integers = x.view(f"i{x.itemsize}")
    return bool(reductions.min(integers, pool=pool) == np.iinfo(integers.dtype).min)
