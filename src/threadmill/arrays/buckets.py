"""Elements by their keys: counted below splitters, and copied bucket by bucket.

Keys are integers in the order of the elements; csrc/bindings.h tells what they are. Of equal floats with
different bits, zeros and NaNs, each has a key of its own: any number of threads comes to the same result.
"""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.moves import between_loop, ranks_loop, scatter_loop
from .._native.programs import new_program
from .._native.status import FAILED, check
from .._types import Array
from .moves import cut_flat
from .refusal import Refusal
from .spaces import Space

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["HAVE_KEYS", "Counted", "Floats", "elements_of", "key_dtype", "keys_of", "sample_of"]

# dtype.char of the elements that have keys.
HAVE_KEYS = frozenset("?bBhHiIlLqQfd")

_CHANGED = Refusal("the array changed while it was read")


def key_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"{'u' if dtype.kind in 'bu' else 'i'}{dtype.itemsize}")


def keys_of(x: Array) -> Array:
    """The keys of contiguous elements."""
    words = x.view(key_dtype(x.dtype))
    return words if x.dtype.kind != "f" else _turned(words)


def elements_of(keys: Array, dtype: np.dtype[Any]) -> Array:
    """The elements that have these keys."""
    return keys.view(dtype) if dtype.kind != "f" else _turned(keys).view(dtype)


def _turned(words: Array) -> Array:
    turned: Array = (words >> (8 * words.itemsize - 1)) & words.dtype.type(np.iinfo(words.dtype).max)
    turned ^= words
    return turned


class Floats:
    """The keys at which kinds of floats begin and end."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.least = int(keys_of(np.full(1, -np.inf, dtype))[0])
        self.above = int(keys_of(np.full(1, np.inf, dtype))[0]) + 1
        self.nan = int(keys_of(np.full(1, np.nan, dtype))[0])


# Elements of which one is in a sample, and how many a sample has at least and at most: of the most, sorted
# in 0.2 ms, a place is known to a hundredth of all elements.
_SPARSE, _FEW, _MANY = 32, 1 << 11, 1 << 15


def sample_of(x: Array, most: int = _MANY) -> Array:
    """The sorted keys of some elements, one of each of as many parts, at a place that follows no period."""
    count = min(max(x.size // _SPARSE, min(_FEW, x.size)), most)
    step = x.size // count
    places = np.arange(count, dtype=np.uint64)
    jitter = ((places * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) % np.uint64(step)
    keys = keys_of(x[(places * np.uint64(step) + jitter).view(np.int64)])
    keys.sort()
    return keys


class Counted:
    """How many elements of x, which has one axis, are below each of some splitters, chunk by chunk.

    Bucket k has the elements from splitter k - 1 to just below splitter k. Splitters rise.
    """

    def __init__(self, pool: "CData", x: Array, splitters: list[int]) -> None:
        self.pool, self.x = pool, x
        self.splitters = np.array(splitters, key_dtype(x.dtype))
        self.grain, chunks = cut_flat(x.size)
        below = np.zeros((chunks, len(splitters)), np.intp)
        if splitters:
            space = Space(x.shape, [x.strides, (0,), (0,)], (0, 0, below.strides[0]), (len(splitters),))
            check(space.run(pool, _ranks(x.dtype.char), (x, self.splitters, below), 0, self.grain))
        lengths = np.full((chunks, 1), self.grain)
        lengths[-1] = x.size - self.grain * (chunks - 1)
        self._below = np.concatenate((np.zeros_like(lengths), below, lengths), axis=1)
        self.ends = self._below[:, 1:].sum(axis=0)  # of buckets

    def below(self, splitter: int) -> int:
        """How many elements are below one of the splitters."""
        return int(self.ends[np.searchsorted(self.splitters, splitter)])

    def bounds(self, bucket: int) -> tuple[int, int]:
        """The least and the greatest key in a bucket."""
        limits = np.iinfo(self.splitters.dtype)
        least = int(self.splitters[bucket - 1]) if bucket else int(limits.min)
        return least, int(self.splitters[bucket]) - 1 if bucket < len(self.splitters) else int(limits.max)

    def elements(self, bucket: int) -> Array | Refusal:
        """A bucket's elements."""
        counts = self._below[:, bucket + 1] - self._below[:, bucket]
        ends = counts.cumsum()
        cursors = np.ascontiguousarray(np.stack((ends - counts, ends, ends), axis=1))
        out = np.empty(int(ends[-1]), self.x.dtype)
        bounds = np.array(self.bounds(bucket), self.splitters.dtype)
        space = Space(self.x.shape, [self.x.strides, (0,), (0,), (0,)], (0, 0, 0, cursors.strides[0]))
        program = _between(self.x.dtype.char)
        status = space.run(self.pool, program, (self.x, bounds, out, cursors), 0, self.grain)
        if status != FAILED:
            check(status)
        return _CHANGED if (cursors[:, 0] != cursors[:, 1]).any() else out

    def part(self, out: Array, kept: list[int]) -> list[int] | Refusal:
        """Copies x bucket by bucket, as the splitters `kept` make them; returns where the buckets begin."""
        columns = [0, *(1 + np.searchsorted(self.splitters, kept)), self._below.shape[1] - 1]
        counts = np.diff(self._below[:, columns], axis=1)
        ends = counts.T.cumsum().reshape(counts.shape[::-1]).T  # bucket by bucket, in each chunk by chunk
        places = np.ascontiguousarray(np.stack((ends - counts, ends), axis=2))
        begins = places[0, :, 0].tolist()
        splitters = np.array(kept, self.splitters.dtype)
        strides = [self.x.strides, (0,), (0,), (0,)]
        space = Space(self.x.shape, strides, (0, 0, 0, places.strides[0]), splitters.shape)
        program = _scatter(self.x.dtype.char)
        status = space.run(self.pool, program, (self.x, splitters, out, places), 0, self.grain)
        if status != FAILED:
            check(status)
        return _CHANGED if (places[..., 0] != places[..., 1]).any() else begins


# Programs by what they depend on. They keep loops alive, and no array.


@functools.cache
def _ranks(char: str) -> "CData":
    return new_program(3, [], [(ranks_loop(char), (0, 1, 2))], core=(1, 0), written=4, name="ranks")


@functools.cache
def _scatter(char: str) -> "CData":
    return new_program(4, [], [(scatter_loop(char), (0, 1, 2, 3))], core=(1, 0), written=8, name="part")


@functools.cache
def _between(char: str) -> "CData":
    return new_program(4, [], [(between_loop(char), (0, 1, 2, 3))], written=8, name="select")
