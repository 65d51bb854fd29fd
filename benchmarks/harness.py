"""How everything here is measured: contenders take turns in rounds, and a row compares two of them.

In each round every contender has one turn: a pause in which whoever spins goes to sleep, some calls to get
warm, then the calls that are timed. A row shows the medians over the rounds, the number made of them (as a
rule a ratio) and the quartiles of that same number within each round. Times are in seconds per unit of work.
"""

import itertools
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = [
    "Call",
    "Measure",
    "Plan",
    "Row",
    "Summary",
    "compare",
    "in_turn",
    "mean_of",
    "measure",
    "row",
    "summary",
]

Call = Callable[[], Any]

MOST_REPEATS = 20_000


@dataclass(frozen=True)
class Plan:
    """How long to measure, on how many threads."""

    threads: int
    question: str = ""
    smoke: bool = False  # whether it all runs, and no more
    judged: bool = True  # whether targets are held against the numbers
    first: bool = True  # whether rows that do not depend on `threads` are due
    brief: bool = False  # one of many cases of which only the mean is told

    @property
    def rounds(self) -> tuple[int, int]:
        """At least and at most so many, as `seconds` allow."""
        return (3, 3) if self.smoke else (5, 5) if self.brief else (9, 50)

    @property
    def seconds(self) -> float:
        return 0.0 if self.smoke else 4.0

    @property
    def turn(self) -> float:
        """Seconds that the timed calls of a turn last, unless a single one takes longer.

        As long goes before to get warm: after a pause it takes some ten calls until the last-level cache
        holds a megabyte array again.
        """
        return 2e-4 if self.smoke else 1e-2

    @property
    def pause(self) -> float:
        """Seconds before a turn: OpenMP's threads, numba's too, spin for several ms after their last loop."""
        return 0.0 if self.smoke else 0.02


class Measure(Enum):
    """The number that a row judges, made of our seconds and the peer's."""

    SPEEDUP = "peer / ours"
    SHARE = "ours / peer"
    EXCESS = "ours - peer"
    RATE = "1 / ours"
    SECONDS = "ours"
    COUNT = "ours, a count"

    @property
    def more_is_better(self) -> bool:
        return self in (Measure.SPEEDUP, Measure.RATE)

    def of(self, ours: float, peer: float = math.nan) -> float:
        match self:
            case Measure.SPEEDUP:
                return peer / ours
            case Measure.SHARE:
                return ours / peer
            case Measure.EXCESS:
                return ours - peer
            case Measure.RATE:
                return 1 / ours
            case _:
                return ours

    def is_met(self, result: float, target: float) -> bool:
        return result >= target if self.more_is_better else result <= target


@dataclass(frozen=True)
class Summary:
    """Samples in three numbers."""

    median: float
    p10: float
    p90: float


@dataclass(frozen=True)
class Row:
    """One comparison, in types that JSON has."""

    question: str
    what: str
    threads: int
    ours: Summary
    peer: str  # "" where there is none
    theirs: Summary | None
    measure: Measure
    result: float
    quartiles: tuple[float, float]
    target: float | None = None
    met: bool | None = None
    bytes_per_second: float | None = None  # of ours
    note: str = ""


def in_turn(names: Sequence[str], number: int) -> list[str]:
    """The order of a round: every other one is reversed, so that nobody always follows the same one."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def measure(plan: Plan, calls: Mapping[str, Call], per: int = 1) -> dict[str, list[float]]:
    """Seconds that each call takes, divided by `per`, the units of work in it; one sample a round."""
    repeats = {name: _repeats(call, plan.turn) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + plan.seconds
    least, most = plan.rounds
    for number in range(most):
        if number >= least and time.perf_counter() > end:
            break
        for name in in_turn(list(calls), number):
            time.sleep(plan.pause)
            timed(calls[name], repeats[name])
            samples[name].append(timed(calls[name], repeats[name]) / repeats[name] / per)
    return samples


def timed(call: Call, times: int) -> float:
    """Seconds that so many calls take."""
    steps = itertools.repeat(None, times)
    start = time.perf_counter()
    for _ in steps:
        call()
    return time.perf_counter() - start


def _repeats(call: Call, seconds: float) -> int:
    """How many calls fill that time; the first call, which may compile something, does not count."""
    call()
    quickest = min(timed(call, 1) for _ in range(3))
    return max(1, min(MOST_REPEATS, int(seconds / max(quickest, 1e-9))))


def summary(samples: Sequence[float]) -> Summary:
    if len(samples) < 2:
        return Summary(samples[0], samples[0], samples[0])
    tenths = statistics.quantiles(samples, n=10, method="inclusive")
    return Summary(statistics.median(samples), tenths[0], tenths[-1])


def row(
    plan: Plan,
    what: str,
    ours: Sequence[float],
    measure: Measure,
    *,
    peer: str = "",
    theirs: Sequence[float] | None = None,
    target: float | None = None,
    nbytes: int = 0,
    note: str = "",
) -> Row:
    """Our samples beside the peer's of the same rounds. `nbytes`: what the work moves."""
    pairs = zip(ours, theirs, strict=True) if theirs is not None else ((one, math.nan) for one in ours)
    by_round = [measure.of(*pair) for pair in pairs]
    center, peers = summary(ours), summary(theirs) if theirs is not None else None
    result = measure.of(center.median, peers.median if peers else math.nan)
    return Row(
        question=plan.question,
        what=what,
        threads=plan.threads,
        ours=center,
        peer=peer,
        theirs=peers,
        measure=measure,
        result=result,
        quartiles=_quartiles(by_round),
        target=target,
        met=measure.is_met(result, target) if target is not None and plan.judged else None,
        bytes_per_second=nbytes / center.median if nbytes else None,
        note=note,
    )


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def compare(
    plan: Plan,
    what: str,
    calls: Mapping[str, Call],
    *,
    how: Measure = Measure.SPEEDUP,
    targets: Mapping[str, float] | None = None,
    per: int = 1,
    nbytes: int = 0,
) -> list[Row]:
    """Measures the calls in turn: the first is ours, and each other one is a peer and a row."""
    samples = measure(plan, calls, per)
    (_, ours), *others = samples.items()
    return [
        row(plan, what, ours, how, peer=peer, theirs=theirs, target=(targets or {}).get(peer), nbytes=nbytes)
        for peer, theirs in others
    ]


def mean_of(plan: Plan, what: str, rows: Sequence[Row], peer: str, target: float) -> list[Row]:
    """The geometric mean of the ratios to that peer; none where the peer was not there."""
    ratios = [each.result for each in rows if each.peer == peer]
    if not ratios:
        return []
    mean = statistics.geometric_mean(ratios)
    what = f"{what}, geometric mean of {len(ratios)}"
    return [row(plan, what, [1.0, 1.0], Measure.SPEEDUP, peer=peer, theirs=[mean] * 2, target=target)]
