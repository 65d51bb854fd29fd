"""The inner loops that move and count elements; what their operands are, csrc/inner_loops.h tells."""

from .dtypes import DTYPES
from .library import lib
from .programs import InnerLoop

# What becomes of an index that is not there, by NumPy's name.
MODES: dict[str, int] = {"raise": lib.TM_TAKE_RAISE, "wrap": lib.TM_TAKE_WRAP, "clip": lib.TM_TAKE_CLIP}

BINCOUNT: InnerLoop = lib.tm_bincount_loop, 0, 0
HISTOGRAM: InnerLoop = lib.tm_histogram_loop, 0, 0


def select_loop(itemsize: int) -> InnerLoop:
    return lib.tm_select_loop, itemsize, 0


def copy_loop(itemsize: int) -> InnerLoop:
    return lib.tm_copy_loop(itemsize), itemsize, 0


def copy_blocks_loop(itemsize: int) -> InnerLoop:
    return lib.tm_copy_blocks_loop(itemsize), itemsize, 0


def copy_where_loop(itemsize: int) -> InnerLoop:
    return lib.tm_copy_where_loop(itemsize), itemsize, 0


def take_loop(itemsize: int, mode: int) -> InnerLoop:
    return lib.tm_take_loop(itemsize), itemsize, mode


def compress_loop(itemsize: int) -> InnerLoop:
    return lib.tm_compress_loop(itemsize), itemsize, 0


def nonzero_loop(axes: int) -> InnerLoop:
    return lib.tm_nonzero_loop, axes, 0


def count_loop() -> InnerLoop:
    return lib.tm_count_loop(), 0, 0


def ranks_loop(char: str) -> InnerLoop:
    return lib.tm_ranks_loop(DTYPES[char]), 0, 0


def scatter_loop(char: str) -> InnerLoop:
    return lib.tm_scatter_loop(DTYPES[char]), 0, 0


def between_loop(char: str) -> InnerLoop:
    return lib.tm_between_loop(DTYPES[char]), 0, 0
