"""What this build of NumPy does, asked once. self_test.py asks whether it is the one we know."""

import contextvars
import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .._native import kernels

__all__ = ["associates", "sorts_quickly", "sum_block", "times_may_raise", "zero_by_place"]

_USUAL_BUFFER = 8192  # np.getbufsize(), unless the user has set another


@functools.cache
def zero_by_place(name: str, kind: str) -> bool:
    """Whether which of 0 and -0 is the greater changes from a loop's vectors to its end, as with SSE."""
    zero, ufunc = np.zeros(67, kind), getattr(np, name)
    return any(np.unique(np.signbit(ufunc(*pair))).size > 1 for pair in ((zero, -zero), (-zero, zero)))


@functools.cache
def associates(name: str, char: str) -> bool:
    """Whether it shows in no bit that rows are reduced apart and their outcomes then.

    Which of 0 and -0 is the greater, and which of two NaNs is handed on, is the processor's choice: it has to
    be the first or the last of them wherever they stand in a row.
    """
    ufunc = getattr(np, name)
    specials = np.array([0.0, -0.0, 1.0, np.nan, -np.nan], char)
    rows = specials[np.indices((5, 5, 5, 5)).reshape(4, -1)]
    with np.errstate(all="ignore"):
        for width in (1, 7, 67, rows.shape[1]):  # which end in all kinds of places of a vector
            for begin in range(0, rows.shape[1] - width + 1, width):
                a, b, c, d = rows[:, begin : begin + width].copy()
                apart = ufunc(ufunc(a, b), ufunc(c, d))
                if apart.tobytes() != ufunc(ufunc(ufunc(a, b), c), d).tobytes():
                    return False
    return True


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


def times_may_raise(ufunc: np.ufunc, dtypes: tuple[np.dtype[Any], ...]) -> bool:
    """Whether a loop over dates or times, which say nothing of it, raises: from NumPy 2.5 on some do."""
    most = np.iinfo(np.int64).max
    extremes = np.array([0, 1, most, -most, -most - 1], np.int64)
    operands = [
        extremes.view(dtype) if dtype.kind in "mM" else extremes.astype(dtype)
        for dtype in dtypes[: ufunc.nin]
    ]
    try:
        with np.errstate(all="ignore"):
            ufunc(*np.meshgrid(*operands))
    except (ArithmeticError, ValueError):
        return True
    return False


@functools.cache
def sorts_quickly(char: str) -> bool:
    """Whether NumPy sorts a row much sooner than it parts it at three places: on vectors, as a rule."""
    rows = np.random.default_rng(0).integers(0, 1 << 20, (8, 1000)).astype(char)

    def least(change: Callable[["np.ndarray[Any, Any]"], None]) -> int:
        took = []
        for row in rows.copy():  # each another one: of one that it has met the processor foresees the steps
            begin = time.perf_counter_ns()
            change(row)
            took.append(time.perf_counter_ns() - begin)
        return min(took)

    return 2 * least(lambda row: row.sort()) < least(lambda row: row.partition([499, 500, 999]))
