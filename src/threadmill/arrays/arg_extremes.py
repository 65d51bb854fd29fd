"""The places of the first of the greatest or least elements in rows, by a loop of our own: NaN is either."""

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from .._native.fused import ROW
from .._native.programs import arg_extreme_loop, new_program
from .._native.status import check
from .._types import Array
from .spaces import Space, chunk_elements

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["arg_extremes", "can_seek"]

# dtype.char of what the loop knows. A bool may be any byte, of which all but 0 are equal.
_KNOWN = frozenset("bBhHiIlLqQfd")


def can_seek(x: Array) -> bool:
    """Whether its rows along the last axis, contiguous and not empty, can be looked through."""
    return x.dtype.char in _KNOWN and x.ndim > 1 and x.size > 0 and x.flags.c_contiguous


def arg_extremes(pool: "CData", x: Array, least: bool) -> Array:
    """As np.argmin or np.argmax along the last axis."""
    length = x.shape[-1]
    rows = math.prod(x.shape[:-1])
    found = np.empty(x.shape[:-1], np.intp)
    strides = [(found.itemsize, 0), (length * x.itemsize, x.itemsize), (found.itemsize, 0)]
    grain = max(1, chunk_elements(x.size) // length)
    program = _program(x.dtype.char, least)
    check(Space((rows, length), strides).run(pool, program, (found, x, found), 0, grain))
    return found


@functools.cache
def _program(char: str, least: bool) -> "CData":
    loop = arg_extreme_loop(char, least, ROW)
    assert loop is not None
    return new_program(3, [], [(loop, (0, 1, 2))], written=0b101, name="extreme")
