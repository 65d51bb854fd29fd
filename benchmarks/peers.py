"""numba and numexpr on as many threads as we have; None where they are not installed."""

import functools
import os
import sys
from dataclasses import dataclass
from typing import Any

__all__ = ["NumbaLoops", "allow", "numba_layer", "numba_loops", "numexpr"]


@dataclass(frozen=True)
class NumbaLoops:
    """Loops over `prange`, compiled at their first call for each dtype."""

    square: Any
    scale: Any
    sum: Any


def allow(threads: int) -> None:
    """Has the peers start as many threads as will be asked for; before they are imported."""
    os.environ["NUMBA_NUM_THREADS"] = os.environ["NUMEXPR_MAX_THREADS"] = str(threads)


def numba_loops(threads: int) -> NumbaLoops | None:
    try:
        import numba
    except ImportError:
        return None
    loops = _compiled(numba)
    numba.set_num_threads(threads)
    return loops


def numba_layer() -> str | None:
    """What numba's threads are made with, once it has run a loop."""
    numba = sys.modules.get("numba")
    try:
        return str(numba.threading_layer()) if numba else None
    except ValueError:
        return None


@functools.cache
def _compiled(numba: Any) -> NumbaLoops:
    @numba.njit(parallel=True)
    def square(x: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            out[i] = x[i] * x[i]

    @numba.njit(parallel=True)
    def scale(x: Any, k: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            out[i] = x[i] * k

    # fastmath: a float sum in any order, without NumPy's bits, or it would not use vectors at all.
    @numba.njit(parallel=True, fastmath=True)
    def sum(x: Any) -> Any:
        total = 0
        for i in numba.prange(x.size):
            total += x[i]
        return total

    return NumbaLoops(square, scale, sum)


def numexpr(threads: int) -> Any:
    try:
        import numexpr
    except ImportError:
        return None
    numexpr.set_num_threads(threads)
    return numexpr
