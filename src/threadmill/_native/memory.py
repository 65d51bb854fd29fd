"""Memory that arrays share: how two of them lie to each other, and whether one overlaps itself."""

import functools
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._types import Array
from .library import ffi, lib

# Of two arrays: no byte is in both; they are the same elements of one dtype in the same places; or neither.
APART, SAME, OVERLAPPING = lib.TM_APART, lib.TM_SAME, lib.TM_OVERLAPPING


def relate(x: Array, y: Array) -> int:
    """APART, SAME or OVERLAPPING, by the first and the last byte of each array."""
    if x is y:
        return SAME
    one, other = owner_of(x), owner_of(y)
    if one is not other and one is not None and other is not None:
        return APART  # the same answer without the 3 us
    if _begin_alike(x, y):
        return SAME  # as well
    ours, theirs = _told(x), _told(y)
    return lib.tm_relate(ours, len(ours), theirs, len(theirs))


def _begin_alike(x: Array, y: Array) -> bool:
    """Whether they are the same elements, as far as is quickly seen."""
    if x.dtype is not y.dtype or x.strides != y.strides or x.shape != y.shape or not x.size:
        return False
    if type(x) is not np.ndarray or type(y) is not np.ndarray:
        return False
    first: tuple[Any, ...] = (*(0,) * x.ndim, ...)
    return bool(ffi.from_buffer(x[first]) == ffi.from_buffer(y[first]))


def are_apart(x: Array, y: Array) -> bool:
    return relate(x, y) == APART


def any_shared(inputs: Iterable[Array], outs: Iterable[Array]) -> bool:
    """Whether an output may share memory with an operand."""
    return not all(itertools.starmap(are_apart, itertools.product(inputs, outs)))


def overlaps_itself(x: Array) -> bool:
    """Whether two elements of x may share memory, as in a broadcast or a sliding window."""
    return not x.flags.forc and _overlap(x.itemsize, x.shape, x.strides)


@functools.lru_cache
def _overlap(itemsize: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    told = [0, 0, itemsize, *shape, *strides]
    return bool(lib.tm_overlaps_itself(told, len(told)))


def owner_of(x: Array) -> Array | None:
    """The array that allocated x's memory; None where that was not an array, or is not to be seen."""
    owner = x if x.base is None else x.base
    return owner if type(owner) is np.ndarray and owner.flags.owndata else None


def _told(x: Array) -> list[int]:
    """As C is told of an array: numbers in the other byte order are of another dtype."""
    number = x.dtype.num if x.dtype.isnative else ~x.dtype.num
    return [x.__array_interface__["data"][0], number, x.itemsize, *x.shape, *x.strides]
