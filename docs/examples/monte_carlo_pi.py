"""Pi by random points: a C kernel of one's own on all cores, without the GIL."""

import ctypes
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from example import BLUE, GREY, ORANGE, compare, figure, options, save

import threadmill as tm

BLOCK = 1 << 16  # points

CODE = """
#include <stddef.h>
#include <stdint.h>

/* The k-th of a stream of random numbers (splitmix64): no state, so that any thread may begin anywhere. */
static uint64_t draw(uint64_t k)
{
    uint64_t z = (k + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* hits[i] = the points of block i in the quarter circle */
void count(void *hits, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        uint64_t inside = 0;
        for (uint64_t k = (uint64_t)i << 16; k < (uint64_t)(i + 1) << 16; k++) {
            uint64_t z = draw(k), x = z >> 33, y = z & 0x7fffffff;
            inside += x * x + y * y < (uint64_t)1 << 62;
        }
        ((uint64_t *)hits)[i] = inside;
    }
}
"""


def compiled(folder: Path) -> Any:
    """The C function."""
    library = folder / "count.so"
    command = ["cc", "-O3", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=CODE.encode(), check=True)
    return ctypes.CDLL(str(library)).count


def hits_in_c(count: Any, blocks: int) -> Any:
    """The hits of each block."""
    hits = np.zeros(blocks, np.uint64)
    tm.default_pool().parallel_for(blocks, count, ctx=hits, chunksize=1)
    return hits


def points(block: int) -> tuple[Any, Any]:
    """The same points as in C."""
    z = np.arange(block * BLOCK + 1, (block + 1) * BLOCK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> 27)) * np.uint64(0x94D049BB133111EB)
    z ^= z >> 31
    return z >> 33, z & 0x7FFFFFFF


def hits_in_numpy(blocks: int) -> Any:
    """A block at a time, so that it stays in the cache."""
    hits = np.zeros(blocks, np.uint64)
    for block in range(blocks):
        x, y = points(block)
        hits[block] = np.count_nonzero(x * x + y * y < 1 << 62)
    return hits


def draw(path: Path, hits: Any) -> None:
    x, y = (each[:3000] / 2**31 for each in points(0))
    inside = x * x + y * y < 1
    drawn = figure(8, 3.4)
    left, right = drawn.subplots(1, 2, width_ratios=[1, 1.7])
    left.scatter(x[inside], y[inside], s=1.5, color=BLUE)
    left.scatter(x[~inside], y[~inside], s=1.5, color=ORANGE)
    left.set(aspect="equal", xlim=(0, 1), ylim=(0, 1), title="3,000 of the points")
    made = np.arange(1, len(hits) + 1) * BLOCK
    error = abs(4 * np.cumsum(hits) / made - np.pi)
    right.loglog(made, error, color=BLUE, linewidth=1, label="this run")
    right.loglog(made, 1.64 / np.sqrt(made), color=GREY, linestyle="--", label="standard error")
    right.set(xlabel="points", title="distance from π")
    right.legend(frameon=False)
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    blocks = 20 if small else 1000
    with tempfile.TemporaryDirectory() as folder:
        count = compiled(Path(folder))
        hits = compare(
            f"{blocks * BLOCK:,} points",
            lambda: hits_in_numpy(blocks),
            lambda: hits_in_c(count, blocks),
            rounds=3,
        )
    print(f"pi is about {4 * hits.sum() / (blocks * BLOCK):.6f}")
    if picture:
        draw(picture, hits)


if __name__ == "__main__":
    main()
