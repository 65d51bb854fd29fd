"""What the functions that copy share: a result made of pieces, each of them copied from an array."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._types import Array
from ..arrays import moves
from ..arrays.errstate import report_flags
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .face import Prepared

__all__ = ["CASTINGS", "COPIED", "LEAST", "OTHER", "SHARED", "copied", "written_like"]

# Bytes that are written below which a copy does not gain: one thread writes 20 to 40 of them in a nanosecond,
# and to prepare a call takes 10 us. From 8 MB on two threads took 0.65 of NumPy's time, at 4 MB 0.8 to 1.2.
LEAST = 1 << 23

# What NumPy calls the ways in which dtypes may be converted.
CASTINGS: dict[Any, Any] = {each: each for each in ("no", "equiv", "safe", "same_kind", "unsafe")}

COPIED = "Pieces of the result are copied by all threads."

OTHER = Refusal("an argument is no plain array, or of another kind than those that C copies")
_EMPTY = Refusal("there is nothing to share", by_size=True)
SHARED = Refusal("what is written shares memory with what is read")


def copied(pool: Pool, pieces: Iterable[tuple[Array, Array]], result: Array) -> Prepared:
    """The call that copies each source to its target, and returns the result."""
    pieces = list(pieces)
    if not result.size:
        return _EMPTY
    if not all(moves.can_convert(source.dtype, target.dtype) for source, target in pieces):
        return OTHER

    def call() -> Array:
        for source, target in pieces:
            report_flags(moves.copy(pool._handle, source, target), "cast")
        return result

    return call


def written_like(a: Any, *_: Any, **__: Any) -> int:
    """Bytes of a result of an array's size."""
    return a.nbytes if type(a) is np.ndarray else 0
