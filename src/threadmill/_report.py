"""What `python -m threadmill` tells: the environment, and times and bits of the main job beside NumPy's."""

import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from ._native.machine import read_machine, simd_level
from ._types import Array
from .arrays.functions import scale, square, sum
from .tasks.workers import default_workers

__all__ = ["describe", "environment", "run_main_job"]

SIZES = (10**4, 10**6, 3 * 10**7)
DTYPES = (np.int32, np.float64)

# Each row is timed in rounds, ours and NumPy's in turn, for about this long.
SECONDS = 0.3
ROUNDS = range(3, 200)

HEADER = f"{'':<9}{'':<9}{'elements':>11}{'threadmill':>15}{'NumPy':>13}{'speed-up':>11}  bits"

Call = Callable[[], Any]


def environment() -> dict[str, Any]:
    """Facts about this machine and process, in types that JSON has."""
    return {
        "threadmill": version("threadmill"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        **read_machine(),
        "default_workers": default_workers(),
        "simd": simd_level(),
    }


def describe(facts: dict[str, Any]) -> str:
    """The environment as aligned lines."""
    quota = f"{facts['quota']:g}" if facts["quota"] else "none"
    lines = {
        "threadmill": f"{facts['threadmill']} on Python {facts['python']}, NumPy {facts['numpy']}",
        "platform": facts["platform"],
        "cores": f"{facts['usable']} usable ({facts['online']} online, "
        f"{facts['affinity']} in the affinity mask, CPU quota {quota})",
        "threads": f"{facts['default_workers']} in the default pool",
        "SIMD": facts["simd"],
        "cache": f"{facts['last_level_cache'] / 2**20:g} MiB in the last level",
    }
    return "\n".join(f"{name:<12}{text}" for name, text in lines.items())


def run_main_job() -> bool:
    """Squares, sums and scales arrays, prints a row for each, and tells whether all bits were NumPy's."""
    print(HEADER, flush=True)
    same = [
        _row(f"{name:<9}{x.dtype!s:<9}{x.size:>11,}", ours, theirs)
        for size in SIZES
        for x in (_integers(size), _reals(size))
        for name, ours, theirs in _calls(x)
    ]
    print()
    print(f"{same.count(True)} of {len(same)} results have NumPy's bits.")
    return all(same)


def _integers(size: int) -> Array:
    return np.random.default_rng(size).integers(-(2**31), 2**31, size, dtype=np.int32)


def _reals(size: int) -> Array:
    return np.random.default_rng(size).random(size)


def _calls(x: Array) -> list[tuple[str, Call, Call]]:
    """The three jobs of the recipe on x, ours and NumPy's, each with memory of its own for the result."""
    ours, theirs = np.empty_like(x), np.empty_like(x)
    return [
        ("square", lambda: square(x, out=ours), lambda: np.square(x, out=theirs)),
        ("sum", lambda: sum(x), lambda: np.sum(x)),
        ("scale", lambda: scale(x, 3, out=ours), lambda: np.multiply(x, 3, out=theirs)),
    ]


def _row(label: str, ours: Call, theirs: Call) -> bool:
    """Compares the results, then times both, and prints one row."""
    same = _same_bits(ours(), theirs())
    our_time, their_time = _medians(ours, theirs)
    times = f"{our_time * 1e6:>12,.1f} us{their_time * 1e6:>10,.1f} us{their_time / our_time:>9.2f} x"
    print(f"{label}{times}  {'same' if same else 'DIFFER'}", flush=True)
    return same


def _same_bits(ours: Any, theirs: Any) -> bool:
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    as_bytes = f"u{ours.dtype.itemsize}"
    return np.array_equal(ours.view(as_bytes), theirs.view(as_bytes))


def _medians(ours: Call, theirs: Call) -> tuple[float, float]:
    """Seconds of each call: medians of rounds in which both take their turn."""
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + SECONDS
    while len(times[0]) < ROUNDS.start or (time.perf_counter() < end and len(times[0]) < ROUNDS.stop):
        for call, seconds in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])
