"""One kernel call: which arrays C can take, what its result means. None says that NumPy must do it.

C takes exact ndarrays that are native, aligned, and dense: they fill one piece of memory in some order of
their axes, and `out` has the same order. All others are NumPy's.
"""

import contextvars
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native import kernels
from .._native.dtypes import DTYPES
from .._native.status import OVERFLOW, OVERLAP, check
from .._types import Array
from .errstate import report
from .layout import (
    ALIGNED,
    C_CONTIGUOUS,
    dense_views,
    empty_result,
    exact_total,
    is_plain,
    is_target,
)
from .nans import settle

if TYPE_CHECKING:
    from typing import TypeGuard

    from .._native._threadmill import CData

__all__ = ["exact_sum", "scale", "square", "sum", "sum_block", "sum_dtype"]

_USUAL_BUFFER = 8192  # np.getbufsize(), unless the user has set another

# tm_dtype by dtype, which tells the byte order as well.
_REAL_CODES = {np.dtype(char): code for char, code in DTYPES.items() if np.dtype(char).kind in "iuf"}

_DENSE = C_CONTIGUOUS | ALIGNED

_SUM_DTYPES: dict[str, np.dtype[Any]] = {char: np.sum(np.empty(0, char)).dtype for char in DTYPES}


def square(pool: "CData", x: Array, out: Array | None, options: int) -> Array | None:
    """np.square(x, out); OverflowError where checked and an integer wraps."""
    operands = _operands(x, out)
    if operands is None:
        return None
    code, source, target, result = operands
    status = kernels.square(pool, code, source, target, options | (out is None and kernels.FRESH_OUT))
    return _settle("square", "square", status, result) if status else result


def scale(pool: "CData", x: Array, k: Array, out: Array | None, options: int) -> Array | None:
    """np.multiply(x, k, out) with k one element of x's dtype; OverflowError as square."""
    if k[0] != k[0]:  # a NaN that may meet those of x
        return None
    operands = _operands(x, out)
    if operands is None:
        return None
    code, source, target, result = operands
    status = kernels.scale(pool, code, source, k, target, options | (out is None and kernels.FRESH_OUT))
    return _settle("scale", "multiply", status, result) if status else result


def sum_dtype(x: Array) -> np.dtype[Any] | None:
    """The dtype of `sum`'s result; None if it has no kernel with NumPy's bits for this array."""
    return None if _summand(x) is None else _SUM_DTYPES[x.dtype.char]


def sum(pool: "CData", x: Array, options: int) -> Any | None:
    """np.sum(x) as a NumPy scalar, None without a kernel; OverflowError where checked and the true total
    doesn't fit."""
    summand = _summand(x)
    if summand is None:
        return None
    char = x.dtype.char
    total = np.empty((), _SUM_DTYPES[char])
    status = kernels.sum(pool, DTYPES[char], summand, total, options)
    if status == OVERFLOW:
        raise OverflowError(f"sum: the total does not fit {total.dtype}")
    if status:
        report(check(status), "reduce")
    result = total[()]
    return result if result == result else settle(pool, x, result, status, lambda: np.add.reduce(x, None))


@functools.cache
def sum_block() -> int:
    """How many numbers NumPy adds pairwise before it begins anew, 0 for all; C is told to do the same.

    Before 2.3 NumPy had a tree for each buffer full. Of 1, 8191 zeros and then 16384 times 2**-66, one tree
    makes 1 + 2**-52; two buffers full of 2**-66 are 2**-53 each, which is lost when it is added to 1.
    """
    numbers = np.full(3 * _USUAL_BUFFER, 2.0**-66)
    numbers[:_USUAL_BUFFER] = 0
    numbers[0] = 1
    # A context of its own has the usual buffer size, whatever the caller has set.
    block = 0 if contextvars.Context().run(np.add.reduce, numbers) > 1 else _USUAL_BUFFER
    kernels.set_sum_block(block)
    return block


def exact_sum(x: Array) -> Any:
    """sum, checked, for integers of any layout; without C and on one thread."""
    total, dtype = exact_total(x), _SUM_DTYPES[x.dtype.char]
    bounds = np.iinfo(dtype)
    if not bounds.min <= total <= bounds.max:
        raise OverflowError(f"sum: the total does not fit {dtype}")
    return dtype.type(total)


def _summand(x: Array) -> Array | None:
    """x as a C-contiguous view, if there is a kernel with NumPy's bits for its sum."""
    if _code(x) is None:
        return None
    if x.dtype.kind in "fc" and (block := sum_block()) and block != np.getbufsize():
        return None
    if x.flags.c_contiguous:
        return x
    views = dense_views(x, x)
    return views and views[0]


def _operands(x: Array, out: Array | None) -> tuple[int, Array, Array, Array] | None:
    """The tm_dtype, x and out as dense views, and the array to return."""
    # The usual call first: after megabytes have gone by, Python's code comes from far, and 3 us become 60.
    code = _REAL_CODES.get(x.dtype)
    if code is not None and x.flags.num & _DENSE == _DENSE and x.ndim and x.dtype.metadata is None:
        if out is None:
            out = np.empty_like(x)
            return code, x, out, out
        if _is_target(out, x) and out.flags.c_contiguous:
            return code, x, out, out
    code = _code(x)
    if code is None or x.dtype.kind in "bc":  # NumPy squares booleans as int8
        return None
    if out is None:
        out = empty_result(x)
    elif not _is_target(out, x):
        return None
    views = dense_views(x, out)
    return views and (code, *views, out)


def _code(x: Array) -> int | None:
    """The tm_dtype, if C can read x's elements where they are and has kernels with NumPy's bits for them."""
    return DTYPES.get(x.dtype.char) if x.ndim and is_plain(x) else None


def _is_target(out: object, x: Array) -> "TypeGuard[Array]":
    """Whether C can write results of x's dtype and shape to where `out` has them."""
    return is_target(out) and out.dtype == x.dtype and out.shape == x.shape


def _settle(name: str, ufunc: str, status: int, out: Array) -> Array | None:
    """What an element-wise call returns or raises that came to another status than 0."""
    if status == OVERLAP:
        return None
    if status == OVERFLOW:
        raise OverflowError(f"{name}: a result does not fit {out.dtype}")
    report(check(status), ufunc)
    return out
