"""The sum of a whole array by the kernel that adds in NumPy's order, and its exact sum."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._native import kernels
from .._native.dtypes import DTYPES
from .._native.programs import start_of
from .._native.status import OVERFLOW
from .._types import Array, Reduced
from .errstate import report_flags
from .layout import ALIGNED, C_CONTIGUOUS, dense_views, exact_total, is_plain
from .nans import settle
from .probes import sum_block

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["exact_sum", "sum", "sum_dtype", "sum_where", "sums_where"]

# tm_dtype of the dtypes that NumPy itself holds, which live as long as the process, by id.
_CODES = {id(np.dtype(char)): code for char, code in DTYPES.items()}

_DENSE = C_CONTIGUOUS | ALIGNED

_SUM_DTYPES: dict[str, np.dtype[Any]] = {char: np.sum(np.empty(0, char)).dtype for char in DTYPES}


def sum_dtype(x: Array) -> np.dtype[Any] | None:
    """The dtype of `sum`'s result; None if it has no kernel with NumPy's bits for this array."""
    if x.dtype.kind in "fc" and (block := sum_block()) and block != np.getbufsize():
        return None
    return None if _summand(x) is None else _SUM_DTYPES[x.dtype.char]


def sum(pool: "CData", x: Array, options: int) -> Reduced | None:
    """np.sum(x) as a NumPy scalar, None without a kernel; OverflowError where checked and the true total
    doesn't fit."""
    if x.dtype.kind in "fc" and (block := sum_block()) and block != np.getbufsize():
        return None
    code, summand = _CODES.get(id(x.dtype)), x  # the usual case
    if code is None or x.flags.num & _DENSE != _DENSE or not x.ndim:
        found = _summand(x)
        if found is None:
            return None
        code, summand = DTYPES[x.dtype.char], found
    total = np.empty((), _SUM_DTYPES[x.dtype.char])
    status = kernels.sum(pool, code, x.size, start_of(summand), start_of(total), options)
    if status == OVERFLOW:
        raise OverflowError(f"sum: the total does not fit {total.dtype}: convert x to floats, or let it wrap")
    if status:
        report_flags(status, "reduce")
    result = total[()]
    return result if result == result else settle(pool, x, result, status, lambda: np.add.reduce(x, None))


def sums_where(x: Array, mask: Array) -> bool:
    """Whether there is a kernel with NumPy's bits for the sum of x where a mask of its shape is true."""
    if x.dtype.char not in "fd" or sum_block() or not is_plain(x):
        return False
    return bool(x.ndim and mask.dtype.char == "?" and x.flags.c_contiguous and mask.flags.c_contiguous)


def sum_where(pool: "CData", x: Array, mask: Array, initial: Array | None) -> Reduced:
    """np.sum(x, where=mask, initial=initial) as a NumPy scalar, where `sums_where` says so."""
    total = np.zeros((), x.dtype) if initial is None else np.array(initial, x.dtype)
    code = DTYPES[x.dtype.char]
    status = kernels.sum_where(pool, code, x.size, start_of(x), start_of(mask), start_of(total))
    if status:
        report_flags(status, "reduce")
    result = total[()]
    more: dict[str, Any] = {} if initial is None else {"initial": initial}
    if result == result:
        return result
    return settle(pool, x, result, status, lambda: np.add.reduce(x, None, where=mask, **more))


def exact_sum(x: Array) -> Any:
    """sum, checked, for integers of any layout; without C and on one thread."""
    total, dtype = exact_total(x), _SUM_DTYPES[x.dtype.char]
    bounds = np.iinfo(dtype)
    if not bounds.min <= total <= bounds.max:
        raise OverflowError(f"sum: the total does not fit {dtype}: convert x to floats, or let it wrap")
    return dtype.type(total)


def _summand(x: Array) -> Array | None:
    """x as a C-contiguous view, if there is a kernel with NumPy's bits for its sum."""
    if x.ndim == 0 or x.dtype.char not in DTYPES or not is_plain(x):
        return None
    if x.flags.c_contiguous:
        return x
    views = dense_views(x, x)
    return views and views[0]
