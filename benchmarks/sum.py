"""How fast is sum, and how near is it to the bandwidth of memory?"""

from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm

from . import native, peers
from .arrays import DTYPES, arrays, default_pool_of
from .harness import Call, Plan, Row, compare

__all__ = ["run"]

TARGETS = {
    ("float64", 10**6): {"NumPy": 3.5},
    ("float64", 10**8): {"C read loop": 0.95},
    ("int32", 10**6): {"NumPy": 7.0},
    ("int32", 10**8): {"NumPy": 4.0},
}

# Doubles that a chunk of the read loop has at least: below, calls would show.
LEAST_GRAIN = 1 << 14


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads) as pool:
        for dtype in DTYPES:
            for x in arrays(plan, dtype):
                yield from [x] if isinstance(x, str) else _rows(plan, x, pool)


def _rows(plan: Plan, x: np.ndarray, pool: tm.Pool) -> list[Row]:
    calls: dict[str, Call] = {"threadmill": partial(tm.sum, x), "NumPy": partial(np.sum, x)}
    if loops := peers.numba_loops(plan.threads):
        calls["numba"] = partial(loops.sum, x)
    if x.dtype == np.float64 and native.find_compiler():
        calls["C read loop"] = _read_loop(x, pool)
    targets = TARGETS.get((x.dtype.name, x.size))
    return compare(plan, f"{x.size:,} {x.dtype}", calls, targets=targets, nbytes=x.nbytes)


def _read_loop(x: np.ndarray, pool: tm.Pool) -> Call:
    """Reads x on the threads of the pool, as fast as the memory lets it."""
    ffi, library = native.kernels()
    grain = max(LEAST_GRAIN, x.size // 256)
    return partial(pool.parallel_for, x.size, ffi.addressof(library, "read_doubles"), ctx=x, chunksize=grain)
