"""NumPy's functions that count elements by value.

Counts are exact in any order, so that each chunk has counts of its own.
"""

import operator
from typing import Any

import numpy as np

from .._native.status import FAILED, check
from .._types import Array
from ..arrays import picks
from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..arrays.ufunc import parallel
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores

__all__ = ["bincount", "histogram"]

_OTHER = Refusal("it does not count a plain array of numbers")
_WEIGHTS = Refusal("weights are added up in NumPy's order")
_MANY = Refusal("the counts of each thread would take as much memory as the array")
_UNDERFLOW = Refusal("NumPy divides differences from the first edge, and is to tell of what underflows")
_CHANGED = Refusal("an element is out of the range that was found before")

# Every chunk has counts of its own, so that there are few chunks, and all counts together are a small part of
# the array.
_CHUNKS, _PART = 16, 4

# The greatest integer up to which all are doubles.
_EXACT = 1 << 53


@on_all_cores(np.bincount, "Each thread counts its part.", 1 << 19)
def bincount(pool: Pool, x: Any, /, weights: Any = None, minlength: Any = 0) -> Prepared:
    if weights is not None:
        return _WEIGHTS
    if not is_plain(x) or x.ndim != 1 or not np.can_cast(x.dtype, np.intp) or x.dtype.kind == "b":
        return _OTHER
    minlength = operator.index(minlength)
    if minlength < 0 or not x.size:
        return _OTHER

    if not _is_little(int(x[:: -(-x.size // 64)].max()), x):  # found out with less than a look at all
        return _MANY

    def call() -> Any:
        least, most = _ends(pool, x)
        bins = max(int(most) + 1, minlength)
        if least < 0:
            return _CHANGED
        if not _is_little(bins, x):
            return _MANY
        counts = np.zeros((_CHUNKS, bins), np.intp)
        return _total(picks.bincount(pool._handle, x, counts), counts)

    return call


@on_all_cores(np.histogram, "Each thread counts its part.")
def histogram(
    pool: Pool, a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Prepared:
    if weights is not None:
        return _WEIGHTS
    if not is_plain(a) or not a.size or a.dtype.char not in "bBhHiIlLqQfd" or density not in (None, False):
        return _OTHER
    if type(bins) is not int or not 0 < bins <= 1 << 16 or not _is_little(bins, a):
        return _OTHER
    if range is not None and not (
        a.dtype.char != "f"
        and type(range) in (tuple, list)
        and len(range) == 2
        and all(type(end) in (int, float) and abs(end) < _EXACT for end in range)
    ):
        return _OTHER
    if a.dtype.kind == "f" and np.geterr()["under"] != "ignore":
        return _UNDERFLOW
    if a.ndim > 1 and not a.flags.c_contiguous:
        return Refusal("the array is flattened first")
    x = a.reshape(-1)

    def call() -> Any:
        ends = _ends(pool, x)
        if x.dtype.kind in "iu" and not -_EXACT < ends[0] <= ends[1] < _EXACT:
            return _OTHER
        # Edges depend on an array's ends alone.
        edges = np.histogram_bin_edges(np.array(ends, x.dtype), bins, range)
        if not _are_apart(edges):
            return Refusal("the bins are nearly as small as the numbers' own distance")
        counts = np.zeros((_CHUNKS, bins), np.intp)
        status = picks.histogram(pool._handle, x, edges.astype(float), counts)
        total = _total(status, counts)
        return total if isinstance(total, Refusal) else (total, edges)

    return call


def _ends(pool: Pool, x: Array) -> tuple[Any, Any]:
    return parallel(np.minimum).reduce(x, pool=pool), parallel(np.maximum).reduce(x, pool=pool)


def _is_little(bins: int, x: Array) -> bool:
    return bins * _CHUNKS * _PART <= max(x.size, 1 << 14)


def _are_apart(edges: Array) -> bool:
    """Whether edges are so far from each other that NumPy's way finds the bin in which an element is.

    It reckons a place, in the dtype of the edges, and then looks at the bins beside it, so that the place
    must not be wrong by more than one.
    """
    width = (float(edges[-1]) - float(edges[0])) / (edges.size - 1)
    largest = max(abs(float(edges[0])), abs(float(edges[-1])))
    numbers = np.finfo(edges.dtype)
    return float(numbers.eps) * 64 * largest < width < np.inf and width > float(numbers.tiny / numbers.eps)


def _total(status: int, counts: Array) -> Any:
    if status == FAILED:
        return _CHANGED
    check(status)
    return counts.sum(axis=0)
