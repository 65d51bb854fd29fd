"""What the examples share: their options, both ways timed in turn, their bits compared, their pictures."""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Options", "compare", "figure", "options", "same_bits", "save"]

BLUE, ORANGE, GREY = "#2b6cb0", "#c2571a", "#606060"


class Options(NamedTuple):
    small: bool
    picture: Path | None


def options(about: str | None) -> Options:
    """The command line of an example."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--small", action="store_true", help="small data, a second at most, as in the tests")
    parser.add_argument("--picture", type=Path, metavar="PATH", help="draw the picture (needs matplotlib)")
    return Options(**vars(parser.parse_args()))


def compare(what: str, plain: Callable[[], Any], ours: Callable[[], Any], rounds: int = 5) -> Any:
    """Calls both in turn, holds their results against each other, prints median times; returns the result.

    Where there are several rounds, one before them is not timed: it warms caches and threads for both.
    """
    times: tuple[list[float], list[float]] = ([], [])
    warm_up = rounds > 1
    for number in range(rounds + warm_up):
        results = []
        for call, taken in zip((plain, ours), times, strict=True):
            begin = time.perf_counter()
            results.append(call())
            if number >= warm_up:
                taken.append(time.perf_counter() - begin)
        assert same_bits(*results), f"{what}: the results differ"
    before, now = map(statistics.median, times)
    ratio = f"{before / now:.2f} times as fast"
    print(f"{what}: {before:.3g} s before, {now:.3g} s with threadmill, {ratio}; same bits")
    return results[1]


def same_bits(one: Any, other: Any) -> bool:
    """Whether both are equal in type, shape and every bit; tuples and lists item by item."""
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same_bits, one, other))
    one, other = np.asarray(one), np.asarray(other)
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def figure(width: float = 8, height: float = 3.2) -> Any:
    """An empty figure of matplotlib, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def save(drawn: Any, path: Path) -> None:
    """The same figure makes the same file: no date, and no names by chance."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "threadmill", "svg.fonttype": "none"}):
        drawn.savefig(path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else {})
