"""Is a fused program ever slower than NumPy's, at any size from 1 to 10**8?

The formulas and kernels of `programs`, each at fourteen sizes. Two rows for each: the largest excess where
NumPy takes less than 20 us, which is the price of the call, and the least speed-up from there on. The worst
sizes of brief measurements are measured at length, and the worse of them is told.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Measure, Plan, Row, measure, row, summary
from .programs import FORMULAS, KERNELS, uniform

__all__ = ["run"]

SIZES = (1, 10, 100, *(k * 10**n for n in range(3, 8) for k in (1, 3)), 10**8)
LARGE = 10**7  # from here on a call takes so long that three rounds tell
BRIEF = 20e-6  # seconds
AGAIN = 2  # of the worst sizes that are measured at length

Program = Callable[..., Any]
Maker = Callable[..., tuple[Any, ...]]


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads):
        for function, (make, axes) in _programs().items():
            yield from _program(plan, function, make, axes)


def _programs() -> dict[Program, tuple[Maker, int]]:
    """Each with what makes its arguments, and how many axes these have."""
    programs: dict[Program, tuple[Maker, int]] = {}
    for function in FORMULAS:
        programs[function] = partial(_with_out, function.__code__.co_argcount - 1), 1
    for kernel, make, shape, _ in KERNELS:
        programs[kernel] = make, len(shape)
    return programs


def _with_out(count: int, size: int) -> tuple[Any, ...]:
    return *uniform(count)(size), np.empty(size)


def _program(plan: Plan, function: Program, make: Maker, axes: int) -> Iterator[Row]:
    excess: list[tuple[Row, int]] = []
    ratios: list[tuple[Row, int]] = []
    for size in SIZES[2:8:2] if plan.smoke else SIZES:
        side = max(1, round(size ** (1 / axes)))
        brief = replace(plan, smoke=plan.smoke or size >= LARGE, brief=True)
        found = _row(brief, function, make, axes, side)
        (excess if found.measure is Measure.EXCESS else ratios).append((found, side))
    excess.sort(key=lambda each: -each[0].result)
    ratios.sort(key=lambda each: each[0].result)
    for worst in excess[:AGAIN], ratios[:AGAIN]:
        # One of many brief measurements is the worst by what has happened beside it, as a rule.
        again = [_row(plan, function, make, axes, side) for _, side in worst]
        if again:
            yield max(again, key=lambda row: row.result if row.measure is Measure.EXCESS else -row.result)


def _row(plan: Plan, function: Program, make: Maker, axes: int, side: int) -> Row:
    arguments = make(*[side] * axes)
    calls = {
        "threadmill": partial(tm.fuse(function), *arguments),
        "NumPy": partial(function, *arguments),
    }
    ours, numpys = measure(plan, calls).values()
    is_brief = summary(numpys).median < BRIEF
    how, target = (Measure.EXCESS, 1e-6) if is_brief else (Measure.SPEEDUP, 0.95)
    what = f"{function.__name__}, {side**axes:,}"
    return row(plan, what, ours, how, peer="NumPy", theirs=numpys, target=target)
