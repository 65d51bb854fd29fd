"""NumPy's functions that add up or multiply along an axis and keep each step: cumsum and its kin."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import _nanfunctions_impl as _code

from ..arrays import accumulations, thresholds
from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..arrays.ufunc import ParallelUfunc, parallel
from ..tasks.pool import Pool
from .face import NEVER, Prepared, on_all_cores

__all__ = ["cumprod", "cumsum", "nancumprod", "nancumsum"]
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    __all__ += ["cumulative_prod", "cumulative_sum"]

_WAY = "Rows along the axis are shared out, each in NumPy's order."

_nanfunctions: Any = _code

_, _WORTH = accumulations.accumulated(np.add)  # products take as long

# A copy without nan costs threads as much as NumPy.
_COPIED = 2


def _along(a: Any, axis: Any = None, *_: Any, **__: Any) -> int:
    """Bytes of an array whose rows are accumulated; 0 for few of them."""
    if type(a) is not np.ndarray or axis is None or a.ndim == 1:
        return 0
    return 0 if accumulations.few(a, axis) is not None else a.nbytes


def _sharing_rows(numpys: Any, times: int = 1) -> Callable[[Callable[..., Prepared]], Any]:
    """Shares out rows of arrays from so many times the worth of accumulations on."""
    worth = {num: times * least for num, least in _WORTH.items()}
    return on_all_cores(numpys, _WAY, thresholds.ACCUMULATED, _along, worth=worth, whole=NEVER)


def _by(ufunc: ParallelUfunc, pool: Pool, a: Any, axis: Any, dtype: Any, out: Any) -> Prepared:
    if axis is None:
        return Refusal("without an axis each element needs the one before")
    call = ufunc._accumulation((a, axis, dtype, out), {}, pool)
    return call if isinstance(call, Refusal) else lambda: call.run(pool._handle)


@_sharing_rows(np.cumsum)
def cumsum(pool: Pool, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Prepared:
    return _by(parallel(np.add), pool, a, axis, dtype, out)


@_sharing_rows(np.cumprod)
def cumprod(pool: Pool, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Prepared:
    return _by(parallel(np.multiply), pool, a, axis, dtype, out)


def _without_nan(
    ufunc: ParallelUfunc, nothing: int, pool: Pool, a: Any, axis: Any, dtype: Any, out: Any
) -> Prepared:
    if not is_plain(a) or a.dtype.kind not in "biufc":
        return Refusal("the operand is no plain aligned native array of numbers")
    if a.dtype.kind == "c" and nothing == 1:
        return Refusal("products of complex numbers are as quick in NumPy, copied without nan")
    call = _by(ufunc, pool, a, axis, dtype, out)  # whether it runs is the same with nan
    if isinstance(call, Refusal):
        return call

    def run() -> Any:
        numbers, _ = _nanfunctions._replace_nan(a, nothing)
        call = _by(ufunc, pool, numbers, axis, dtype, out)
        return call if isinstance(call, Refusal) else call()

    return run


@_sharing_rows(np.nancumsum, _COPIED)
def nancumsum(pool: Pool, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Prepared:
    return _without_nan(parallel(np.add), 0, pool, a, axis, dtype, out)


@_sharing_rows(np.nancumprod, _COPIED)
def nancumprod(pool: Pool, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Prepared:
    return _without_nan(parallel(np.multiply), 1, pool, a, axis, dtype, out)


if "cumulative_sum" in __all__:

    @_sharing_rows(np.cumulative_sum)
    def cumulative_sum(
        pool: Pool, x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None
    ) -> Prepared:
        return _by(parallel(np.add), pool, x, axis, dtype, out)

    @_sharing_rows(np.cumulative_prod)
    def cumulative_prod(
        pool: Pool, x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None
    ) -> Prepared:
        return _by(parallel(np.multiply), pool, x, axis, dtype, out)
