"""A dask array larger than memory: its blocks go through a fused function on one pool."""

import resource
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
from example import BLUE, GREY, ORANGE, compare, figure, options, save

import threadmill as tm

CHUNK = 1_000_000  # numbers in a block, 8 MB
MEMORY = 10**9  # bytes that the process may hold


def call_price(spot: Any) -> Any:
    """What a call option is worth: strike 100, one year, 2 % interest, 25 % volatility (logistic normal)."""
    d1 = (np.log(spot / 100) + (0.02 + 0.25**2 / 2)) / 0.25
    d2 = d1 - 0.25
    n1 = 1 / (1 + np.exp(-1.5976 * d1 - 0.070565992 * d1 * d1 * d1))
    n2 = 1 / (1 + np.exp(-1.5976 * d2 - 0.070565992 * d2 * d2 * d2))
    return spot * n1 - 100 * np.exp(-0.02) * n2


def worth(spots: da.Array, function: Any, pool: Executor) -> Any:
    """Mean and deviation of all prices; blocks are made, priced, added up and dropped, two at a time."""
    prices = spots.map_blocks(function, dtype=spots.dtype)
    with dask.config.set(pool=pool):
        return dask.compute(prices.mean(), prices.std())


def spot_prices(n: int) -> da.Array:
    """n prices that are not there yet: a block is made when it is needed."""
    return 60 + 80 * da.random.default_rng(0).random(n, chunks=CHUNK)


@contextmanager
def watched_memory(samples: list[tuple[float, float]]) -> Iterator[None]:
    """Notes the seconds since the beginning and the megabytes that the process holds, 50 times a second."""
    begin, end = time.perf_counter(), threading.Event()

    def watch() -> None:
        while not end.wait(0.02):
            status = Path("/proc/self/status").read_text()
            kilobytes = int(status.partition("VmRSS:")[2].split()[0])
            samples.append((time.perf_counter() - begin, kilobytes / 1e3))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        end.set()
        watcher.join()


def draw(path: Any, spots: da.Array) -> None:
    samples: list[tuple[float, float]] = []
    with tm.Pool() as pool, watched_memory(samples):
        worth(spots, tm.fuse(call_price), pool)
    seconds, megabytes = zip(*samples, strict=True)
    drawn = figure(8, 2.6)
    axes = drawn.subplots()
    axes.plot(seconds, megabytes, color=BLUE, label="what the process holds")
    axes.axhline(spots.nbytes / 1e6, color=ORANGE, linestyle="--", label="the array")
    axes.axhline(MEMORY / 1e6, color=GREY, linestyle=":", label="what it may hold")
    axes.set(xlabel="seconds", ylabel="MB", xlim=(0, None), ylim=(0, None))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", color=GREY, alpha=0.2)
    axes.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.6))
    axes.spines[["top", "right"]].set_visible(False)
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    if sys.platform == "linux" and not small:  # an allocation beyond it is a MemoryError
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    spots = spot_prices((3 if small else 400) * CHUNK)
    fused = tm.fuse(call_price)
    with tm.Pool() as pool, ThreadPoolExecutor(pool.max_workers) as executor:
        compare(
            f"{spots.size:,} prices, {spots.nbytes / 1e9:.3g} GB in blocks of {CHUNK:,}",
            lambda: worth(spots, call_price, executor),
            lambda: worth(spots, fused, pool),
            rounds=1,
        )
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
    print(f"the process has held {most:.2f} GB at most")
    if picture:
        draw(picture, spots)


if __name__ == "__main__":
    main()
