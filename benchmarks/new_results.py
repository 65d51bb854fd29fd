"""What binds a large result: the pages of its memory, or the computation?

    python -m benchmarks.new_results [MB ...]

Each call makes a new array of so many MB, by NumPy and by threadmill, in NumPy's memory and in memory that
begins at a huge page, or writes to an array that is there already. Medians of 25 rounds, in
milliseconds, and the first quartile; faults are those of NumPy's call and of ours.
"""

import mmap
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import threadmill as tm
from threadmill._native import fresh
from threadmill.numpy import concatenate, copy

ROUNDS = 25
OURS = fresh._handler

Function = Callable[..., Any]


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def cases(mb: int) -> dict[str, tuple[Function, Function, tuple[Any, ...]]]:
    """NumPy's function, ours and the arguments."""
    pool, n = tm.Pool(2), mb * 125_000
    x = np.random.default_rng(0).normal(size=n)
    y = x + 1
    subtract, clip = tm.parallel(np.subtract), np.clip
    return {
        "square": (np.square, tm.parallel(np.square), (x,)),
        "add": (np.add, tm.parallel(np.add), (x, y)),
        "clip": (clip, tm.fuse(lambda *args, out=None: np.clip(*args, out=out)), (x, -1, 1)),
        "diff": (np.subtract, subtract, (x[1:], x[:-1])),
        "concatenate": (
            np.concatenate,
            lambda *args, **options: concatenate(*args, pool=pool, **options),
            ((x[: n // 2], y[: n // 2]),),
        ),
        "copy": (np.copy, lambda *args: copy(*args, pool=pool), (x,)),
    }


def in_our_memory(function: Function) -> Function:
    def call(*args: Any) -> Any:
        return fresh.made(function, *args)

    return call


def measured(numpys: Function, ours: Function, args: tuple[Any, ...]) -> str:
    out = np.zeros_like(numpys(*args))
    into = {} if numpys is np.copy else {"out": out}
    ways: dict[str, tuple[Any, Callable[[], Any]]] = {
        "NumPy": (None, lambda: numpys(*args)),
        "aligned": (OURS, lambda: in_our_memory(numpys)(*args)),
        "ours": (None, lambda: ours(*args)),
        "ours, aligned": (OURS, lambda: ours(*args)),
        "NumPy, out": (None, lambda: numpys(*args, **into)),
        "ours, out": (None, lambda: ours(*args, **into)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    counts: dict[str, list[int]] = {name: [] for name in ways}
    for name, (fresh._handler, call) in ways.items():
        pads = []
        for _ in range(ROUNDS):
            # malloc maps the next one elsewhere
            pads.append(mmap.mmap(-1, random.randrange(1, 512) * mmap.PAGESIZE))
            before, begin = faults(), time.perf_counter()
            call()
            times[name].append((time.perf_counter() - begin) * 1e3)
            counts[name].append(faults() - before)
    fresh._handler = OURS
    told = [f"{statistics.median(each):.2f} ({statistics.quantiles(each)[0]:.2f})" for each in times.values()]
    gain = statistics.median(times["NumPy"]) / statistics.median(times["ours, aligned"])
    return " | ".join(
        [
            *told,
            f"{statistics.median(counts['NumPy']):.0f} / {statistics.median(counts['ours, aligned']):.0f}",
            f"{gain:.2f}",
        ]
    )


def main() -> None:
    print("| what | NumPy | aligned | ours | ours, aligned | NumPy, out | ours, out | faults | x |")
    for mb in map(int, sys.argv[1:] or ["4", "8", "40", "240"]):
        for name, (numpys, ours, args) in cases(mb).items():
            print(f"| {name} {mb} MB | {measured(numpys, ours, args)} |", flush=True)


if __name__ == "__main__":
    main()
