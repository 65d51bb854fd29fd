"""The kernels: square, scale and sum over whole arrays.

The caller has checked that the arrays are C-contiguous, native and aligned, and `out` is writable. What
comes back is floating-point flags or a failure.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._types import Array
from .library import ffi, lib

if TYPE_CHECKING:
    from ._threadmill import CData

CHECKED = lib.TM_CHECKED
FRESH_OUT = lib.TM_FRESH_OUT


def square(pool: "CData", code: int, x: Array, out: Array, options: int) -> int:
    return lib.tm_square(pool, code, x.size, ffi.from_buffer(x), ffi.from_buffer(out), options)


def scale(pool: "CData", code: int, x: Array, k: Array, out: Array, options: int) -> int:
    source, factor, target = ffi.from_buffer(x), ffi.from_buffer(k), ffi.from_buffer(out)
    return lib.tm_scale(pool, code, x.size, source, factor, target, options)


def sum(pool: "CData", code: int, x: Array, total: Array, options: int) -> int:
    return lib.tm_sum(pool, code, x.size, ffi.from_buffer(x), ffi.from_buffer(total), options)


set_sum_block: "Callable[[int], None]" = lib.tm_set_sum_block
