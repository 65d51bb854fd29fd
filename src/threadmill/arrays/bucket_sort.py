"""A sorted copy: the elements parted into buckets by all threads, and each bucket sorted by NumPy.

The splitters come from a sample, so that buckets are of much the same length. An element is moved once, to
where its bucket is in the result; nothing is merged.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .._types import Array
from ..tasks.crew import run_indices
from .buckets import Counted, Floats, key_dtype, sample_of
from .refusal import Refusal

if TYPE_CHECKING:
    from ..tasks.pool import Pool

__all__ = ["OPEN", "sorted_copy", "sorted_copy_of_alike"]

OPEN = Refusal("the order of equal elements is NumPy's own: zeros of both signs, or NaNs that are not np.nan")

# Bytes in a bucket, about, and how many buckets there are at most: to find an element's takes a comparison
# with each splitter.
BUCKET, _MOST = 1 << 19, 16

# Elements of a sample for each of them.
_OVER = 64


def sorted_copy_of_alike(pool: "Pool", x: Array) -> Array | Refusal:
    """A sorted copy of an array whose equal elements have equal bits, so that it has one sorted form."""
    return _sorted(pool, x, _refusal)


def sorted_copy(pool: "Pool", x: Array) -> Array | Refusal:
    """A sorted copy, NaNs with a sign first; zeros are in any order, and so are NaNs."""
    return _sorted(pool, x, lambda *_: None)


def _refusal(counted: Counted, kind: Floats) -> Refusal | None:
    has_both_zeros = counted.below(-1) < counted.below(0) < counted.below(1)
    nans = counted.x.size - counted.below(kind.above) + counted.below(kind.least)
    alike = counted.below(kind.nan + 1) - counted.below(kind.nan)
    return OPEN if has_both_zeros or nans != alike else None


def _sorted(pool: "Pool", x: Array, judge: Callable[[Counted, Floats], Refusal | None]) -> Array | Refusal:
    kept = _splitters(x)
    asked = set(kept)
    kind = Floats(x.dtype) if x.dtype.kind == "f" else None
    if kind is not None:
        asked |= {kind.least, -1, 0, 1, kind.above, kind.nan, kind.nan + 1}
    counted = Counted(pool._handle, x, sorted(asked))
    if kind is not None:
        refusal = judge(counted, kind)
        if refusal is not None:
            return refusal
        # NumPy would put NaNs with a sign behind the numbers of their bucket.
        kept |= {kind.least} if counted.below(kind.least) else set()
    splitters = sorted(kept)
    out = np.empty(x.size, x.dtype)
    begins = counted.part(out, splitters)
    if isinstance(begins, Refusal):
        return begins
    ends = [*begins[1:], x.size]
    pieces: list[tuple[int, int, int]] = []
    for k, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        is_one_key = 0 < k < len(splitters) and splitters[k] == splitters[k - 1] + 1
        if end - begin > 1 and not is_one_key:
            pieces.append((end - begin, begin, end))
    pieces.sort(reverse=True)  # the longest first

    def sort(k: int) -> None:
        _, begin, end = pieces[k]
        out[begin:end].sort()

    run_indices(pool, sort, len(pieces))
    return out


def _splitters(x: Array) -> set[int]:
    """Keys between buckets. One that many elements have is a bucket of its own, which is sorted as it is."""
    buckets = min(max(x.nbytes // BUCKET, 2), _MOST)
    sample = sample_of(x, _OVER * buckets)
    chosen = sample[np.arange(1, buckets) * sample.size // buckets]
    keys, times = np.unique(chosen, return_counts=True)
    most = np.iinfo(key_dtype(x.dtype)).max
    return {*keys.tolist(), *(int(key) + 1 for key in keys[(times > 1) & (keys < most)])}
