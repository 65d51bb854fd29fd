"""What `bench` runs: one job after the other, ours and the peer's, for any size."""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import numpy as tnp
from .._types import Array
from ..arrays.random import random
from ..fusion.fuse import fuse
from ..queues.queue import Queue
from ..tasks.default_pool import default_pool
from ..tasks.pool import Pool
from ..tasks.workers import default_workers
from .timing import Call

__all__ = ["BYTES", "CASES", "Case", "Things", "free_memory"]

# What an element takes in all cases together: three operands, two results, and NumPy's temporaries.
BYTES = 80

ROW = 100  # elements in a row that is sorted


class Things:
    """What the cases work on: operands of the greatest size, results, and two executors."""

    def __init__(self, most: int) -> None:
        self.a, self.b, self.c = (random(np.random.default_rng(seed), most) for seed in range(3))
        self.b += 10  # so that the quadratic has real roots
        self.out, self.peers_out = np.empty(most), np.empty(most)
        self.pool = Pool()
        self.executor = ThreadPoolExecutor(default_workers())

    def busy_ns(self) -> int:
        """Nanoseconds that the pools' threads and their callers have spent in chunks and tasks."""
        return int(self.pool.stats()["busy_ns"]) + int(default_pool().stats()["busy_ns"])

    def close(self) -> None:
        self.pool.shutdown()
        self.executor.shutdown()


class Case(NamedTuple):
    """One job of any size."""

    name: str
    peer: str
    calls: Callable[[Things, int], tuple[Call, Call]]  # ours and the peer's
    moved: int = 0  # bytes that each element costs, read and written
    most: int = 10**8
    each_a_call: bool = False  # whether the size is a number of calls


def _roots(a: Any, b: Any, c: Any) -> Any:
    return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)


_fused_roots = fuse(_roots)


def _fuse(things: Things, n: int) -> tuple[Call, Call]:
    a, b, c = things.a[:n], things.b[:n], things.c[:n]
    return lambda: _fused_roots(a, b, c), lambda: _roots(a, b, c)


def _ufunc(name: str, operands: int) -> Callable[[Things, int], tuple[Call, Call]]:
    ours, theirs = getattr(tnp, name), getattr(np, name)

    def calls(things: Things, n: int) -> tuple[Call, Call]:
        given = [things.a[:n], things.b[:n]][:operands]
        out, peers_out = things.out[:n], things.peers_out[:n]
        return lambda: ours(*given, out=out), lambda: theirs(*given, out=peers_out)

    return calls


def _reduction(name: str) -> Callable[[Things, int], tuple[Call, Call]]:
    ours, theirs = getattr(tnp, name), getattr(np, name)
    return lambda things, n: (lambda: ours(things.a[:n]), lambda: theirs(things.a[:n]))


def _sort(things: Things, n: int) -> tuple[Call, Call]:
    length = min(n, ROW)
    rows: Array = things.a[: n // length * length].reshape(-1, length)
    return lambda: tnp.sort(rows), lambda: np.sort(rows)


def _submit(things: Things, n: int) -> tuple[Call, Call]:
    def by(executor: Executor) -> None:
        for future in [executor.submit(abs, k) for k in range(n)]:
            future.result()

    return lambda: by(things.pool), lambda: by(things.executor)


def _map(things: Things, n: int) -> tuple[Call, Call]:
    def by(executor: Executor) -> None:
        for _ in executor.map(abs, range(n)):
            pass

    return lambda: by(things.pool), lambda: by(things.executor)


def _queue(_: Things, n: int) -> tuple[Call, Call]:
    """A producer and a consumer."""

    def through(items: Any) -> None:
        def produce() -> None:
            for item in range(n):
                items.put(item)

        producer = threading.Thread(target=produce)
        producer.start()
        for _ in range(n):
            items.get()
        producer.join()

    return lambda: through(Queue(1000)), lambda: through(queue.Queue(1000))


CASES = (
    Case("fuse", "NumPy", _fuse, moved=32),
    Case("add", "NumPy", _ufunc("add", 2), moved=24),
    Case("exp", "NumPy", _ufunc("exp", 1), moved=16),
    Case("arctan2", "NumPy", _ufunc("arctan2", 2), moved=24),
    Case("sum", "NumPy", _reduction("sum"), moved=8),
    Case("max", "NumPy", _reduction("max"), moved=8),
    Case("sort", "NumPy", _sort, moved=16),
    Case("submit", "ThreadPoolExecutor", _submit, most=10**5, each_a_call=True),
    Case("map", "ThreadPoolExecutor", _map, most=10**5, each_a_call=True),
    Case("queue", "queue.Queue", _queue, most=10**5, each_a_call=True),
)


def free_memory() -> int:
    """Bytes that this process may still take, as far as the system and the control group tell."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        limit, used = ((group / name).read_text("ascii") for name in ("memory.max", "memory.current"))
        free = min(free, int(limit) - int(used))
    except (OSError, StopIteration, ValueError):  # not Linux, or no limit
        pass
    return free
