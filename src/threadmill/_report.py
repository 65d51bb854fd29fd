"""What `python -m threadmill` tells: the environment, the main job, and what threads give."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from ._bench.arithmetic import threads_give
from ._bench.terminal import paint
from ._bench.timing import Call, in_turn
from ._native.machine import read_machine, simd_level
from ._types import Array
from .arrays.functions import scale, square, sum
from .fusion.fuse import fuse
from .tasks.workers import default_workers, usable_cores

__all__ = ["MainJob", "arithmetic", "describe", "describe_arithmetic", "environment"]

SIZES = (10**4, 10**6, 3 * 10**7)
DTYPES = (np.int32, np.float64)

SECONDS = 0.3  # that a row takes

# Less than this share of a core for each thread, and the machine is said to be the reason.
A_CORE = 0.8

HEADER = f"{'':<9}{'':<9}{'elements':>11}{'threadmill':>15}{'NumPy':>13}{'speed-up':>11}  bits"


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


class MainJob(NamedTuple):
    """One result of the main job, in types that JSON has."""

    what: str
    dtype: str
    elements: int
    seconds: float
    numpy_seconds: float
    same_bits: bool

    @staticmethod
    def run() -> "Iterator[MainJob]":
        """Squares, sums and scales arrays, and runs a fused function."""
        for size in SIZES:
            for x in (_integers(size), _reals(size)):
                for name, ours, theirs in _calls(x):
                    same = _same_bits(ours(), theirs())
                    times = in_turn({"ours": ours, "NumPy": theirs}, SECONDS)
                    yield MainJob(
                        name, str(x.dtype), size, times["ours"].seconds, times["NumPy"].seconds, same
                    )

    def __str__(self) -> str:
        times = f"{self.seconds * 1e6:>12,.1f} us{self.numpy_seconds * 1e6:>10,.1f} us"
        ratio = self.numpy_seconds / self.seconds
        colour = "green" if ratio > 1.1 else "magenta" if ratio < 0.9 else ""
        bits = paint("same", "green") if self.same_bits else paint("DIFFER", "red")
        return (
            f"{self.what:<9}{self.dtype:<9}{self.elements:>11,}{times}"
            f"{paint(f'{ratio:>9.2f} x', colour)}  {bits}"
        )


def _integers(size: int) -> Array:
    return np.random.default_rng(size).integers(-(2**31), 2**31, size, dtype=np.int32)


def _reals(size: int) -> Array:
    return np.random.default_rng(size).random(size)


def _calls(x: Array) -> list[tuple[str, Call, Call]]:
    """The three jobs of the recipe and a fused function of x, ours and NumPy's.

    Each has memory of its own for the result.
    """
    ours, theirs = np.empty_like(x), np.empty_like(x)
    calls: list[tuple[str, Call, Call]] = [
        ("square", lambda: square(x, out=ours), lambda: np.square(x, out=theirs)),
        ("sum", lambda: sum(x), lambda: np.sum(x)),
        ("scale", lambda: scale(x, 3, out=ours), lambda: np.multiply(x, 3, out=theirs)),
    ]
    if x.dtype == np.float64:
        calls.append(("fuse", lambda: _fused(x), lambda: _logistic(x)))
    return calls


def _logistic(x: Array) -> Any:
    return 1 / (1 + np.exp(-x))


_fused = fuse(_logistic)


def _same_bits(ours: Any, theirs: Any) -> bool:
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    as_bytes = f"u{ours.dtype.itemsize}"
    return np.array_equal(ours.view(as_bytes), theirs.view(as_bytes))


def arithmetic() -> dict[str, float]:
    """How many times one thread's pure arithmetic two threads do, and one for every usable core."""
    counts = sorted({2, usable_cores()} - {1}) if usable_cores() > 1 else []
    return {str(threads): threads_give(threads) for threads in counts}


def describe_arithmetic(gives: dict[str, float]) -> str:
    """That in a line, and in a second one whose fault it is if that is little."""
    if not gives:
        return "This process may use one core: threads can't make anything here quicker."
    told = ", ".join(f"{count} threads give {factor:.2f} x" for count, factor in gives.items())
    lines = [f"Pure arithmetic: {told} what one thread does."]
    if any(factor < A_CORE * int(count) for count, factor in gives.items()):
        lines.append("No library can give more: cores share a core's units, or others use them.")
    return "\n".join(paint(line, "bold") for line in lines)
