"""The kernels: square, scale and sum over whole arrays.

The caller has checked that the arrays are C-contiguous, native and aligned, and `out` is writable. What
comes back is floating-point flags or a failure.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .library import lib

if TYPE_CHECKING:
    from ._threadmill import CData

CHECKED = lib.TM_CHECKED
FRESH_OUT = lib.TM_FRESH_OUT


# (pool, tm_dtype, n, x, out, options), with `factor` after x for scale; addresses are those of `start_of`.
square: "Callable[[CData, int, int, CData, CData, int], int]" = lib.tm_square
scale: "Callable[[CData, int, int, CData, CData, CData, int], int]" = lib.tm_scale
sum: "Callable[[CData, int, int, CData, CData, int], int]" = lib.tm_sum
# (pool, tm_dtype, n, x, mask, total), the total being what the sum begins with.
sum_where: "Callable[[CData, int, int, CData, CData, CData], int]" = lib.tm_sum_where

set_sum_block: "Callable[[int], None]" = lib.tm_set_sum_block
