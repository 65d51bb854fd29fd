"""What threads give on pure arithmetic, which no library can exceed.

Each thread works on its own 32 KiB, in one call of NumPy's that lets go of the GIL for its whole length.
Cores that share one core's units, and cores that others use, show here.
"""

import statistics
import threading
import time

import numpy as np

from ..tasks.pool import Pool

__all__ = ["threads_give"]

ROUNDS = 7
SECONDS = 0.02  # that a turn takes


def threads_give(threads: int) -> float:
    """How many times the work of one thread so many threads do in the same time."""
    with Pool(threads) as pool:
        count = max(1, int(SECONDS / _span(pool, 1, 10) * 10))
        rounds = [(_span(pool, 1, count), _span(pool, threads, count)) for _ in range(ROUNDS)]
    alone = statistics.median(span for span, _ in rounds)
    return threads * alone / statistics.median(span for _, span in rounds)


def _span(pool: Pool, threads: int, count: int) -> float:
    """Seconds from the first thread's start to the last one's end."""
    gate = threading.Barrier(threads)
    futures = [pool.submit(_work, gate, count) for _ in range(threads)]
    spans = [future.result() for future in futures]
    return max(end for _, end in spans) - min(start for start, _ in spans)


def _work(gate: threading.Barrier, count: int) -> tuple[float, float]:
    rows = np.broadcast_to(np.linspace(0.0, 1.0, 4096), (count, 4096))  # `count` times the same memory
    gate.wait()
    start = time.perf_counter()
    np.hypot.reduce(rows, axis=0)
    return start, time.perf_counter()
