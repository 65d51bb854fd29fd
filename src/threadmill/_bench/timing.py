"""Contenders take turns in rounds; what counts is the median over the rounds."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["Call", "Timing", "in_turn"]

Call = Callable[[], Any]

# A turn lasts about so long, unless one call takes longer: calls of a microsecond are timed by the thousand.
TURN = 5e-3
ROUNDS = range(3, 200)


class Timing(NamedTuple):
    """What one call takes."""

    seconds: float
    cores: float  # that were busy meanwhile, 1 at least


def in_turn(
    calls: Mapping[str, Call], seconds: float, busy_ns: Callable[[], int] = lambda: 0
) -> dict[str, Timing]:
    """Measures calls for about so many seconds, in at least three rounds; every other one is reversed.

    `busy_ns` counts what threads have computed, as the system learns of other cores' time by ticks only, and
    may have known nothing of them when a short turn ends.
    """
    repeats = {name: _repeats(call) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    cores: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    for number in range(ROUNDS.stop):
        if number >= ROUNDS.start and time.perf_counter() > end:
            break
        for name in list(calls) if number % 2 == 0 else reversed(list(calls)):
            if repeats[name] > 1:
                calls[name]()  # brings back what the other contender has driven from the caches
            before, cpu = busy_ns(), time.process_time()
            passed = _timed(calls[name], repeats[name])
            times[name].append(passed / repeats[name])
            busy = max((busy_ns() - before) / 1e9, time.process_time() - cpu)
            cores[name].append(max(1.0, busy / passed))
    return {name: Timing(statistics.median(times[name]), statistics.median(cores[name])) for name in calls}


def _timed(call: Call, times: int) -> float:
    """Seconds that so many calls take."""
    start = time.perf_counter()
    for _ in itertools.repeat(None, times):
        call()
    return time.perf_counter() - start


def _repeats(call: Call) -> int:
    """How many calls fill a turn."""
    call()
    return max(1, int(TURN / max(_timed(call, 1), 1e-7)))
