"""Medians of all elements: NumPy's, of the one or two elements in the middle, which are selected."""

from typing import Any

import numpy as np

from ..arrays.buckets import HAVE_KEYS
from ..arrays.errstate import as_the_user
from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.refusal import Refusal
from ..arrays.selection import Selection
from ..tasks.pool import Pool
from .face import Prepared

__all__ = ["median", "nanmedian"]

_OTHERS = Refusal("the operand is no plain array of one dimension of real numbers that have keys")
_NOT_IN_A_ROW = Refusal("the operand is no contiguous array of float32 or float64")
_JUDGED = Refusal("its arguments are for NumPy to judge")

# NumPy's own, also where ours are put in their place.
_numpys_median, _numpys_nanmedian = np.median, np.nanmedian


def median(
    pool: Pool, a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = False
) -> Prepared:
    if not is_plain(a) or a.ndim != 1 or a.dtype.char not in HAVE_KEYS - {"?"} or not a.size:
        return _OTHERS
    if not (axis is None or (type(axis) is int and -1 <= axis <= 0)) or overwrite_input:
        return _JUDGED

    def run() -> Any:
        selection = Selection(pool, a, _middles(a.size))
        if selection.numbers < a.size:
            return as_the_user(_numpys_median, a, axis, out, overwrite_input, keepdims)
        # Of zeros it may be another one than NumPy's: the mean of zeros of either sign is 0.0.
        middles = selection.at(_middles(a.size), signs=False)
        if isinstance(middles, Refusal):
            return middles
        return as_the_user(_numpys_median, middles, axis, out, False, keepdims)

    return run


def nanmedian(
    pool: Pool,
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = NO_VALUE,
) -> Prepared:
    """Of all elements, whatever the axes."""
    if not is_plain(a) or a.dtype.char not in "fd" or not a.flags.forc or not a.size:
        return _NOT_IN_A_ROW
    if axis is not None and (a.ndim > 1 or type(axis) is not int or not -1 <= axis <= 0):
        return _JUDGED
    if out is not None or overwrite_input or keepdims not in (NO_VALUE, False):
        return _JUDGED

    def run() -> Any:
        elements = a.ravel("K")
        counted = Selection(pool, elements, [])
        if not counted.numbers:
            return as_the_user(_numpys_nanmedian, a, axis, out, overwrite_input, keepdims)
        middles = _middles(counted.numbers)
        selection = Selection(pool, elements, [place + counted.negative_nans for place in middles])
        found = selection.at(middles, signs=False)
        return found if isinstance(found, Refusal) else as_the_user(_numpys_nanmedian, found)

    return run


def _middles(count: int) -> list[int]:
    """The one or two places in the middle, the mean of whose elements is the median."""
    return [count // 2] if count % 2 else [count // 2 - 1, count // 2]
