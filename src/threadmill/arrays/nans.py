"""NaNs in the result of a reduction: which of several comes out depends on how NumPy's own loops are cut."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .._native.programs import chunk_elements, nan_pairs_loop, new_program, run_program, start_of
from .._native.status import INVALID_FLAG
from .._types import Array, Reduced

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["settle"]


def settle(pool: "CData", x: Array, result: Reduced, flags: int, by_numpy: Callable[[], Reduced]) -> Reduced:
    """`result`, a reduction of x, or what NumPy makes of x where NaNs leave it open what the result is.

    It is settled where it has no NaN, and where every NaN there was is np.nan itself: none of x's is another
    one, and no operation has made one, which `flags` would tell. The caller has reported what there is to
    report.
    """
    if result.dtype.kind not in "fc" or not np.isnan(result).any():
        return result
    if not flags & INVALID_FLAG and x.flags.c_contiguous and _all_usual(pool, x):
        return result
    with np.errstate(all="ignore"):
        return by_numpy()


def _all_usual(pool: "CData", x: Array) -> bool:
    """Whether every NaN in x, a contiguous array, is np.nan itself."""
    if x.dtype.char not in "efdFD":
        return False
    numbers = x.reshape(-1).view(x.real.dtype) if x.dtype.kind == "c" else x.reshape(-1)
    usual = np.full(1, np.nan, numbers.dtype)
    layout = [numbers.size, numbers.itemsize, 0, 0, 0]
    data = [start_of(numbers), start_of(usual)]
    grain = chunk_elements(numbers.size)
    return run_program(pool, _looking(numbers.itemsize), 1, layout, data, 0, grain) == 0


@functools.cache
def _looking(itemsize: int) -> "CData":
    return new_program(2, [], [(nan_pairs_loop(itemsize), (0, 1))], name="look for NaNs")
