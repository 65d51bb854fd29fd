"""Element-wise calls that don't go the quick way of dense.py: which of them are too small to gain.

Each is planned anew. Where its arrays don't make one long row, C runs the loop row by row, as NumPy does.
That gains nothing where rows are so short that most of the time goes in getting from one to the next.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._types import Array
from . import thresholds
from .refusal import Refusal, fewer_than

__all__ = ["scattered"]

# A row has at least such a share of the bytes from which on a call is worth threads; the larger share where
# it is looked at for NaNs as well, which takes 10 ns for a row.
_ROW, _LOOKED_AT = 2048, 512

_SHORT = Refusal("its rows are too short to gain", by_size=True)
_BUFFERED = Refusal("NumPy lays its operands side by side, and is quicker so", by_size=True)


def scattered(
    ufunc: np.ufunc, worth: dict[int, int], args: tuple[Any, ...], out: Any = None
) -> Refusal | None:
    """Why such a call is NumPy's, if its arrays or their rows are too small. `worth` is by dtype.num."""
    if ufunc is np.ldexp:  # on one thread its loop takes 1.5 times as long where operands lie apart
        return _BUFFERED
    arrays = [x for x in (*args, out) if type(x) is np.ndarray]
    least = 0
    for x in arrays:
        enough = worth.get(x.dtype.num, thresholds.MOST)
        is_counted = x.dtype.char in thresholds.DATES and x.dtype.num in worth
        least = enough if is_counted else thresholds.SCATTERED * enough
        if x.nbytes >= least:
            share = _LOOKED_AT if _may_have_nans(args) else _ROW
            return _SHORT if _row(arrays) * x.itemsize < enough // share else None
    return fewer_than(least)


def _may_have_nans(args: tuple[Any, ...]) -> bool:
    """Whether NaNs may meet: in two arrays, of which none is small, and looked into before."""
    sizes = [x.size for x in args if type(x) is np.ndarray and x.dtype.kind == "f"]
    return len(sizes) > 1 and min(sizes) > max(sizes) // 16


def _row(arrays: Sequence[Array]) -> int:
    """Elements of a row that NumPy's iterator makes of these, at most: of the axes over which each array goes
    on as it does within a row."""
    first = max(arrays, key=lambda x: (x.size, all(x.strides)))
    shape = first.shape
    axes = [k for k in reversed(range(first.ndim)) if shape[k] > 1]
    strides = [_strides(x, shape) for x in arrays]
    if not any(_goes_on_otherwise(each, first.strides) for each in strides):
        axes.sort(
            key=lambda k: abs(first.strides[k]) or first.nbytes
        )  # those that are broadcast are outermost
    row = 1
    for k in axes:
        if row > 1 and any(each[k] != row * each[axes[0]] for each in strides):
            break
        row *= shape[k]
    return row


def _goes_on_otherwise(strides: tuple[int, ...], first: tuple[int, ...]) -> bool:
    """Whether an array's axes are in another order than the first one's: NumPy walks in C order then."""
    pairs = itertools.combinations(range(len(first)), 2)
    return any((abs(first[j]) - abs(first[k])) * (abs(strides[j]) - abs(strides[k])) < 0 for j, k in pairs)


def _strides(x: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array that is broadcast to a shape."""
    if x.shape == shape:
        return x.strides
    missing = len(shape) - x.ndim
    own = [0 if length == 1 else step for length, step in zip(x.shape, x.strides, strict=True)]
    return (*(0,) * missing, *own[-len(shape) :])
