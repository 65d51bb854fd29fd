"""How an array lies in memory, as far as the kernels have to know; NumPy only, no C."""

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.fresh import empty_like
from .._types import Array

if TYPE_CHECKING:
    from typing import TypeGuard

__all__ = [
    "ALIGNED",
    "C_CONTIGUOUS",
    "F_CONTIGUOUS",
    "NO_VALUE",
    "NUMERIC",
    "WARNS_OF_WRITES",
    "WRITEABLE",
    "as_element",
    "dense_views",
    "dtype_of",
    "empty_result",
    "exact_total",
    "has_no_gaps",
    "is_plain",
    "is_target",
    "iterated_result",
    "native_chunks",
]

# dtype.char of everything whose loops need no Python: numbers, datetimes and timedeltas.
NUMERIC = frozenset("?bBhHiIlLqQefdgFDGMm")

NO_VALUE: Any = np._NoValue  # what `initial` is in NumPy's reductions unless it is given

# Elements that are checked for overflow at a time: 8 MiB at most, in which a call's own cost vanishes.
CHUNK = 1 << 20


def is_plain(x: object) -> "TypeGuard[Array]":
    """Whether x is an ndarray, of no subclass, of aligned native numbers whose dtype says no more than that.

    What a library keeps in a dtype's metadata is NumPy's to hand on, or not.
    """
    if type(x) is not np.ndarray:
        return False
    dtype = x.dtype
    return dtype.char in NUMERIC and dtype.isnative and dtype.metadata is None and x.flags.aligned


def is_target(x: object) -> "TypeGuard[Array]":
    """Whether results can be written to x without NumPy having a word in it."""
    return is_plain(x) and x.flags.num & (WRITEABLE | WARNS_OF_WRITES) == WRITEABLE


# Bits of ndarray.flags.num. The last is set where np.broadcast_arrays made the array.
C_CONTIGUOUS, F_CONTIGUOUS, ALIGNED, WRITEABLE, WARNS_OF_WRITES = 0x1, 0x2, 0x100, 0x400, -0x80000000


def dense_views(x: Array, out: Array) -> tuple[Array, Array] | None:
    """Both arrays as C-contiguous views that list the elements in one order; None where that can't be."""
    if x.flags.c_contiguous and out.flags.c_contiguous:
        return x, out
    outermost_first = sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True)
    x, out = x.transpose(outermost_first), out.transpose(outermost_first)
    return (x, out) if x.flags.c_contiguous and out.flags.c_contiguous else None


def has_no_gaps(x: Array) -> bool:
    """Whether the elements lie side by side in some order of the axes, none of which is turned around."""
    return x.flags.forc or max(map(operator.mul, x.strides, x.shape)) == x.nbytes


def empty_result(x: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """A new array for an element-wise result, of x's dtype by default, laid out as a ufunc lays it out."""
    dtype = dtype or x.dtype
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return empty_like(x, dtype)
    return iterated_result(x, dtype)


def iterated_result(x: Array, dtype: np.dtype[Any]) -> Array:
    """A new array as NumPy's iterator lays it out, unlike empty_like where axes have length 1."""
    allocated = np.nditer(
        [x, None],
        flags=["zerosize_ok"],
        op_flags=[["readonly"], ["writeonly", "allocate"]],
        op_dtypes=[None, dtype],
    )
    return allocated.operands[1]


def native_chunks(x: Array) -> Iterator[Array]:
    """The elements of any array, in any order, as native contiguous arrays of at most CHUNK elements.

    A chunk is a copy where it has to be, and holds only until the next one is asked for.
    """
    # NumPy's stub misspells "contig".
    chunks = np.nditer(  # type: ignore[call-overload]
        x,
        flags=["buffered", "external_loop", "zerosize_ok"],
        op_flags=[["readonly", "contig", "aligned", "nbo"]],
        op_dtypes=[x.dtype.newbyteorder("=")],
        casting="equiv",
        order="K",
        buffersize=CHUNK,
    )
    with chunks:
        for chunk in chunks:
            yield np.asarray(chunk)


def exact_total(x: Array) -> int:
    """The sum of an integer or bool array of any layout, without a bound."""
    total = 0
    for chunk in native_chunks(x):
        if chunk.itemsize < 8:
            total += int(chunk.sum())
        else:  # Halves of 32 bits: CHUNK of them can't leave 64 bits.
            total += (int((chunk >> 32).sum()) << 32) + int((chunk & 0xFFFFFFFF).sum())
    return total


def as_element(k: object, dtype: np.dtype[Any]) -> Array | None:
    """The scalar k as one element of a numeric dtype, converted as a ufunc does; None where it complains.

    The ufunc itself converts it, adding k to that zero which changes no number: -0.0.
    """
    if dtype.kind not in "iufc" or getattr(k, "dtype", dtype).kind not in "biufc":
        return None
    if type(k) is dtype.type or (type(k) is float and dtype.char == "d"):  # the same without the 2 us
        return np.array([k], dtype)
    zero = np.negative(np.zeros(1, dtype))
    try:
        with np.errstate(all="raise"):
            return np.add(zero, k, dtype=dtype.type)  # type: ignore[call-overload, no-any-return]
    except (ArithmeticError, TypeError, ValueError):
        return None


def dtype_of(x: Any) -> Any:
    """What numpy.multiply's dtype= needs for a result in x's own dtype (byte order is not part of it)."""
    if hasattr(x, "dtype"):
        return x.dtype.type
    return None if hasattr(x, "__array_ufunc__") else np.asarray(x).dtype.type
