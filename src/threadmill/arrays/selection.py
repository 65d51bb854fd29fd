"""The elements at some places of an array, were it sorted: looked for among few, without a copy of all.

A sample tells between which keys each of them is, but for a small chance. One pass counts the elements below
these keys, and another one copies those between them. Where the sample has misled, the keys in between are
halved four times by each further pass.
"""

from typing import TYPE_CHECKING

import numpy as np

from .._types import Array
from .bucket_sort import OPEN, sorted_copy
from .buckets import Counted, Floats, elements_of, key_dtype, keys_of, sample_of
from .refusal import Refusal

if TYPE_CHECKING:
    from ..tasks.pool import Pool

__all__ = ["Selection"]

# Of a bucket with more than one in so many elements, and a few, keys are halved before it is copied.
_SHARE, _FEW = 8, 64

# How many splitters cut it then.
_CUTS = 15

# A place differs from that of the sample by so many standard deviations at most, hardly ever by more.
_DEVIATIONS = 4

# More places are looked up in a sorted copy: each takes a pass over the array otherwise.
_SEVERAL = 16


class Selection:
    """The elements of x, which has one axis, by their places in sorted order, where NaNs come last.

    `places` are those that will be asked for, as a rule. `numbers`: how many elements are
    not NaN; `negative_nans`: how many NaNs have a sign, and keys below those of all numbers.
    """

    def __init__(self, pool: "Pool", x: Array, places: list[int]) -> None:
        self._pool, self._x = pool, x
        self._found: dict[int, int] = {}  # keys by places among all keys
        self._kind = Floats(x.dtype) if x.dtype.kind == "f" else None
        self._sorted: Array | None = None
        splitters: set[int] = set()
        if len(places) > _SEVERAL:
            self._sorted = _in_order(pool, x)
        else:
            sample = sample_of(x)
            splitters.update(*(_around(sample, place, x.size) for place in places))
        if self._kind is not None:
            splitters |= {self._kind.least, self._kind.above}
        self._counted = self._count(splitters)
        self.negative_nans = 0 if self._kind is None else self._counted.below(self._kind.least)
        above = x.size if self._kind is None else self._counted.below(self._kind.above)
        self.numbers = above - self.negative_nans

    def has_other_nans(self) -> bool:
        """Whether some NaN is another one than np.nan."""
        kind, nans = self._kind, self._x.size - self.numbers
        if kind is None or not nans:
            return False
        counted = self._count({kind.nan, kind.nan + 1})
        return counted.below(kind.nan + 1) - counted.below(kind.nan) != nans

    def at(self, places: list[int], signs: bool = True) -> Array | Refusal:
        """The numbers at these places. Unless the signs of zeros matter, a zero may be another one."""
        refusal = self.find(places)
        if refusal is not None:
            return refusal
        keys = [place + self.negative_nans for place in places]
        words = np.array([self._found[key] for key in keys], self._counted.splitters.dtype)
        if signs and self._has_zero(words) and self._has_both_zeros():
            return OPEN
        return elements_of(words, self._x.dtype)

    def find(self, places: list[int]) -> Refusal | None:
        """Looks for the numbers at these places at once, so that they are there when they are asked for."""
        wanted = sorted({place + self.negative_nans for place in places} - self._found.keys())
        if self._sorted is None:
            return self._look(self._counted, wanted)
        self._found.update(zip(wanted, keys_of(self._sorted[wanted]).tolist(), strict=True))
        return None

    def _count(self, splitters: set[int]) -> Counted:
        most = np.iinfo(key_dtype(self._x.dtype)).max
        return Counted(self._pool._handle, self._x, sorted(each for each in splitters if each <= most))

    def _look(self, counted: Counted, places: list[int]) -> Refusal | None:
        """Finds the elements at places, bucket by bucket."""
        buckets = np.searchsorted(counted.ends, places, side="right")
        for bucket in np.unique(buckets).tolist():
            inside = [place for place, own in zip(places, buckets, strict=True) if own == bucket]
            least, most = counted.bounds(bucket)
            begin = int(counted.ends[bucket - 1]) if bucket else 0
            count = int(counted.ends[bucket]) - begin
            if least == most:
                self._found.update(dict.fromkeys(inside, least))
                continue
            if count > self._x.size // _SHARE + _FEW:
                refusal = self._look(self._count(_cuts(least, most)), inside)
                if refusal is not None:
                    return refusal
                continue
            part = counted.elements(bucket)
            if isinstance(part, Refusal):
                return part
            self._found.update(_picked(keys_of(part), begin, inside))
        return None

    def _has_zero(self, keys: Array) -> bool:
        return self._kind is not None and bool(((keys == -1) | (keys == 0)).any())

    def _has_both_zeros(self) -> bool:
        counted = self._count({-1, 0, 1})
        return counted.below(-1) < counted.below(0) < counted.below(1)


def _in_order(pool: "Pool", x: Array) -> Array:
    """The elements sorted, NaNs with a sign first."""
    found = sorted_copy(pool, x)
    return elements_of(np.sort(keys_of(np.array(x))), x.dtype) if isinstance(found, Refusal) else found


def _around(sample: Array, place: int, size: int) -> list[int]:
    """Keys between which this place is."""
    middle = place * sample.size / size
    spread = _DEVIATIONS * (middle * (1 - place / size)) ** 0.5 + 1
    low, high = int(middle - spread), int(middle + spread) + 1
    ends = [int(sample[low])] if middle >= spread else []
    if high < sample.size:
        ends.append(int(sample[high]))
    # Of equal elements, of which a sample has several, none is copied.
    most = int(np.iinfo(sample.dtype).max)
    several = [end for end in ends if np.count_nonzero(sample == end) > 2 and end < most]
    return ends + [end + 1 for end in several]


def _cuts(least: int, most: int) -> set[int]:
    """Splitters that cut a bucket, and its ends."""
    inner = {least + (most - least + 1) * k // (_CUTS + 1) for k in range(_CUTS + 1)}
    return inner | {most + 1}


def _picked(keys: Array, begin: int, places: list[int]) -> dict[int, int]:
    """The keys at these places, the first of them being at place `begin`."""
    inside = [place - begin for place in places]
    first, last = inside[0], inside[-1]
    if last - first > 1:
        keys.sort()
        found = [int(keys[at]) for at in inside]
    else:  # for one place NumPy has a partition on vectors
        keys.partition(first)
        found = [int(keys[first])] + ([int(keys[last:].min())] if last > first else [])
    return dict(zip(places, found, strict=True))
