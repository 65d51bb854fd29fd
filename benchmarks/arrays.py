"""What the throughput questions share: arrays for each level of the memory, and the pool as users meet it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import threadmill as tm

from .harness import Plan

__all__ = ["DTYPES", "arrays", "default_pool_of"]

DTYPES = (np.int32, np.float64)
SIZES = (1_000, 30_000, 10**6, 10**8)  # in L1, in L2, in L3 and in none, on most machines
SMOKE_SIZES = (1_000, 300_000)


def arrays(plan: Plan, dtype: Any) -> Iterator[np.ndarray | str]:
    """Arrays of small numbers, or a remark in place of one that does not fit twice into half the memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for size in SMOKE_SIZES if plan.smoke else SIZES:
        if 2 * size * np.dtype(dtype).itemsize > memory / 2:
            yield f"{size:,} {np.dtype(dtype)}: left out, memory is short"
        else:
            yield (np.arange(size) % 1000).astype(dtype)


@contextmanager
def default_pool_of(threads: int) -> Iterator[tm.Pool]:
    """Meanwhile the pool of calls that name none has so many threads."""
    before = os.environ.get("THREADMILL_NUM_THREADS")
    os.environ["THREADMILL_NUM_THREADS"] = str(threads)
    tm.default_pool().shutdown()
    try:
        yield tm.default_pool()
    finally:
        tm.default_pool().shutdown()
        if before is None:
            del os.environ["THREADMILL_NUM_THREADS"]
        else:
            os.environ["THREADMILL_NUM_THREADS"] = before
