"""python -m benchmarks scan: calls of threadmill.numpy that are slower than NumPy's.

Each function of the namespace, and some methods of ufuncs, over dtypes, sizes, shapes, layouts and axes. The
calls are taken in an order that `--seed` shuffles, as many as `--seconds` allow, in turn with NumPy's. What
is below LEAST times NumPy's speed, and more than DOOR slower than NumPy, is measured three times again,
longer, and is told if it is each time. `--small` asks for calls of up to 100 elements alone, and tells what
each function costs above NumPy; `--large` for those from 10,000 on.
"""

import argparse
import functools
import gc
import itertools
import json
import math
import random
import statistics
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import threadmill as tm

from . import machine, report
from .harness import Call, in_turn, timed
from .scan_calls import arguments, named, names

__all__ = ["Case", "Found", "cases", "main", "measured"]

LEAST, DOOR = 0.95, 0.5e-6

DTYPES = ("?", "i1", "i4", "i8", "f4", "f8", "c16")
SMALL = (1, 10, 100)
SIZES = (*SMALL, 1_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)

# Bytes of an array in shares of a function's own threshold.
AT_THE_THRESHOLD = (0.9, 1.1, 2.0)

SHAPES = ("row", "tall", "wide", "cube")
LAYOUTS = ("contiguous", "strided", "transposed")
AXES: tuple[Any, ...] = ("", 0, -1, None)

# A call of NumPy's that takes longer is left out.
LONGEST = 0.05

# Rounds, and seconds that the calls of a turn last; where it is measured again.
ROUNDS, TURN = 5, 2e-4
AGAIN, LONGER = 7, 1e-3

# Calls before; the first ones of a ufunc are NumPy's, and timed.
WARM = 7


@dataclass(frozen=True)
class Case:
    """A call of a function; `size` is a number of elements, or a share of the function's own threshold."""

    name: str
    dtype: str
    size: float
    shape: str
    layout: str
    axis: Any

    def __str__(self) -> str:
        axis = "" if self.axis == "" else f" axis={self.axis}"
        size = f"{self.size:,}" if self.size >= 1 and type(self.size) is int else f"{self.size} x least"
        return f"{self.name}{axis}  {self.dtype} {size} {self.shape} {self.layout}"


@dataclass(frozen=True)
class Found:
    """Seconds that a call takes."""

    case: Case
    n: int
    ours: float
    numpys: float

    @property
    def ratio(self) -> float:
        return self.numpys / self.ours

    @property
    def is_loss(self) -> bool:
        return self.ratio < LEAST and self.ours - self.numpys > DOOR


def cases(seed: int, only: Sequence[str] = (), small: bool = False, large: bool = False) -> Iterator[Case]:
    """All cases, those that have an array in common by eights."""
    rng = random.Random(seed)
    sizes: tuple[float, ...] = SMALL if small else (*SIZES[4 if large else 0 :], *AT_THE_THRESHOLD)
    shapes, layouts = (SHAPES[:2], LAYOUTS[:1]) if small else (SHAPES, LAYOUTS)
    calls = list(itertools.product(only or names(), AXES))
    left = []
    for dtype, shape in itertools.product(DTYPES, shapes):
        x = array(dtype, 27, shape, LAYOUTS[0])
        known = [call for call in calls if _is_known(*call, x)]
        for size, layout in itertools.product(sizes, layouts):
            shuffled = rng.sample(known, len(known))
            groups = [shuffled[k : k + 8] for k in range(0, len(shuffled), 8)]
            left.append(((dtype, size, shape, layout), groups))
    while left:
        rng.shuffle(left)
        for (dtype, size, shape, layout), groups in left:
            for name, axis in groups.pop():
                yield Case(name, dtype, size, shape, layout, axis)
        left = [each for each in left if each[1]]


def _is_known(name: str, axis: Any, x: Any) -> bool:
    """Whether there may be such a call of arrays like x."""
    try:
        return arguments(name, x, axis) is not None
    except (TypeError, ValueError, IndexError):
        return False


def array(dtype: str, n: int, shape: str, layout: str) -> Any:
    """Random numbers, none of which is 0 but for bools."""
    match shape:
        case "row":
            sides = [n]
        case "tall":
            sides = [-(-n // 8), min(n, 8)]
        case "wide":
            sides = [min(n, 8), -(-n // 8)]
        case _:
            side = max(1, round(n ** (1 / 3)))
            sides = [side] * 3
    if layout == "strided":
        sides[-1] *= 2
    x = np.resize(_numbers(dtype), sides)
    if layout == "strided":
        return x[..., ::2]
    return x.T if layout == "transposed" else x


@functools.cache
def _numbers(dtype: str) -> Any:
    """So many that they are as good as more."""
    rng, many = np.random.default_rng(0), 300_007
    match np.dtype(dtype).kind:
        case "b":
            return rng.integers(0, 2, many).astype(dtype)
        case "i":
            return rng.integers(1, 100, many).astype(dtype)
        case "c":
            return rng.uniform(0.1, 0.9, many) + 1j * rng.uniform(0.1, 0.9, many)
    return rng.uniform(0.1, 0.9, many).astype(dtype)


def elements(case: Case) -> int:
    """The number of elements of a case."""
    if type(case.size) is int:
        return case.size
    ours = named(tm.numpy, case.name)
    least = getattr(ours, "least", None)
    if least is None:
        worth = getattr(ours, "_worth", None) or {}
        least = worth.get(np.dtype(case.dtype).num, 1 << 20)
    return int(case.size * min(least, 1 << 26) / np.dtype(case.dtype).itemsize)


def measured(case: Case, x: Any, rounds: int = ROUNDS, turn: float = TURN) -> Found | None:
    """A case beside NumPy; None where it has no such call, or takes too long."""
    try:
        given = arguments(case.name, x, case.axis)
        if given is None:
            return None
        args, options = given
        numpys: Call = partial(named(np, case.name), *args, **options)
        numpys()  # makes memory ready
        took = timed(numpys, 1)
    except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
        return None
    if took > LONGEST:
        return None
    ours: Call = partial(named(tm.numpy, case.name), *args, **options)
    calls = {"ours": ours, "numpys": numpys}
    is_long = took > 10 * turn
    for _ in range(2 if is_long else WARM):
        ours()
    repeats = max(1, int(turn / max(min(timed(numpys, 1), took), 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(3 if is_long and rounds == ROUNDS else rounds):
        for name in in_turn(list(calls), number):
            calls[name]()
            samples[name].append(timed(calls[name], repeats) / repeats)
    return Found(case, x.size, *(statistics.median(samples[name]) for name in calls))


def confirmed(found: Found, x: Any) -> Found | None:
    """The best of three longer looks, if each is a loss."""
    best = found
    for k in range(3):
        again = measured(found.case, x, AGAIN, LONGER)
        if again is None or not again.is_loss:
            return None
        if not k or again.ratio > best.ratio:
            best = again
    return best


def main(arguments: list[str]) -> int:
    """Runs the command line. Losses are printed; they are no failure."""
    options = _parse(arguments)
    facts = machine.facts()
    print(machine.describe(facts) + "\n")
    warnings.simplefilter("ignore")
    everything, losses = _scan(options)
    for found in sorted(losses, key=lambda found: found.ratio):
        print(_line(found))
    print("\n" + "\n".join(_summary(everything, losses, options.small)))
    if options.save:
        told = {"machine": facts, "measured": [asdict(each) for each in everything]}
        told["losses"] = [asdict(each) for each in losses]
        options.save.write_text(json.dumps(told, indent=0) + "\n", encoding="utf-8")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scan", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure")
    parser.add_argument("--seed", type=int, default=0, help="which calls come first")
    parser.add_argument("--only", metavar="NAME", action="append", choices=names(), default=[])
    parser.add_argument("--small", action="store_true", help="calls of up to 100 elements alone")
    parser.add_argument("--large", action="store_true", help="calls from 10,000 elements on alone")
    parser.add_argument("--save", metavar="FILE", type=Path, help="write all numbers there, as JSON")
    return parser.parse_args(arguments)


def _scan(options: argparse.Namespace) -> tuple[list[Found], list[Found]]:
    end = time.perf_counter() + options.seconds
    everything, losses = [], []
    kept, x = None, None
    gc.collect()
    gc.freeze()
    gc.disable()
    for case in cases(options.seed, options.only, options.small, options.large):
        if time.perf_counter() > end:
            break
        n = elements(case)
        key = case.dtype, n, case.shape, case.layout
        if n < 1 or n * np.dtype(case.dtype).itemsize > 1 << 28:
            continue
        if key != kept:
            kept, x = key, array(*key)
            gc.collect()
        found = measured(case, x)
        if found is None:
            continue
        if found.is_loss:
            again = confirmed(found, x)
            found = again or Found(case, found.n, found.numpys, found.numpys)
            if again is not None:
                losses.append(again)
        everything.append(found)
    gc.enable()
    return everything, losses


def _line(found: Found) -> str:
    ours, numpys = report.time(found.ours), report.time(found.numpys)
    return f"{found.ratio:5.2f} x  {ours:>8} instead of {numpys:>8}  {found.case}, {found.n:,} elements"


def _summary(everything: list[Found], losses: list[Found], small: bool) -> Iterator[str]:
    yield f"{len(everything)} calls measured, {len(losses)} below {LEAST} x and {DOOR * 1e6} us slower."
    if not everything:
        return
    logs = [math.log(found.ratio) for found in everything]
    yield f"geometric mean {math.exp(statistics.fmean(logs)):.2f} x"
    tiny = [found for found in everything if found.n <= SMALL[-1]]
    if len(tiny) > 1:
        above = [1e9 * (found.ours - found.numpys) for found in tiny]
        tenths = statistics.quantiles(above, n=10, method="inclusive")
        told = ", ".join(f"{each:.0f}" for each in (min(above), *tenths, max(above)))
        yield f"up to {SMALL[-1]} elements, ns above NumPy, by tenths of {len(tiny)} calls: {told}"
    if small:
        by_name: dict[str, list[float]] = {}
        for found in tiny:
            by_name.setdefault(found.case.name, []).append(1e9 * (found.ours - found.numpys))
        for name, each in sorted(by_name.items(), key=lambda item: -statistics.median(item[1])):
            yield f"{statistics.median(each):6.0f} ns above NumPy, at most {max(each):6.0f}: {name}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
