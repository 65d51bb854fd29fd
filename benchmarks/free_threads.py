"""What do Python calls gain from several threads without the GIL, beside others' pools and interpreters?"""

import functools
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

import threadmill as tm

from . import interpreters
from .harness import Call, Measure, Plan, Row, compare
from .interpreters import Interpreters
from .python_calls import array_of, longer, reduce_of, steps_40, steps_400, steps_2000, twice

__all__ = ["run"]

STANDARD = "ThreadPoolExecutor"
POOLED = "InterpreterPoolExecutor"  # CPython 3.14 has it
SERIAL = "serial"

Pools: TypeAlias = dict[str, Executor]


def run(plan: Plan) -> Iterator[Row | str]:
    """Beside the GIL only interpreters gain: targets are for Pythons without it."""
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    if not interpreters.ARE_THERE:
        yield "free_threads: this Python has the GIL and no interpreters with their own, rows left out"
        return
    plan = replace(plan, brief=True, judged=plan.judged and not has_gil)
    with ExitStack() as stack:
        apart = stack.enter_context(Interpreters(plan.threads))
        ours = stack.enter_context(tm.Pool(plan.threads))
        pools: Pools = {"threadmill": ours}
        pools[STANDARD] = stack.enter_context(ThreadPoolExecutor(plan.threads))
        if (pooled := getattr(futures, POOLED, None)) is not None:
            pools[POOLED] = stack.enter_context(pooled(plan.threads))
        yield from _maps(plan, pools, apart)
        yield from _tasks(plan, pools)
        yield from _chunks(plan, ours, pools, apart)
        yield from _reductions(plan, ours, pools, apart)
        yield from _pipelines(plan, pools, apart)


def _maps(plan: Plan, pools: Pools, apart: Interpreters) -> Iterator[Row | str]:
    for what, fn, calls, target in (
        ("abs", abs, 50_000, None),
        ("a call of 1 us", steps_40, 50_000, 1.8),
        ("a call of 10 us", steps_400, 5_000, 1.8),
        ("a loop of 2,000 steps", steps_2000, 500, 1.8),
    ):
        n = 20 if plan.smoke else calls
        contenders: dict[str, Call] = {
            name: partial(_all_of_map, pool, fn, n)
            for name, pool in pools.items()
            if name != POOLED or n <= 5_000  # every call of which travels by pickle
        }
        contenders[interpreters.NAME] = partial(apart.run, f"map_of({fn.__name__}, part)", _ranges(plan, n))
        contenders[SERIAL] = partial(_serial, fn, n)
        targets = {} if target is None else {SERIAL: target}
        yield from compare(plan, f"map, {n:,} x {what}", contenders, targets=targets, per=n)


def _tasks(plan: Plan, pools: Pools) -> Iterator[Row | str]:
    n = 20 if plan.smoke else 5_000
    calls = {name: partial(_submit_all, pool, n) for name, pool in pools.items() if name != POOLED}
    yield from compare(plan, f"submit + result, {n:,} tasks, each", calls, per=n)
    calls = {name: partial(_round_trip, pool) for name, pool in pools.items()}
    yield from compare(plan, "one submit().result()", calls, how=Measure.SHARE)


def _chunks(plan: Plan, ours: tm.Pool, pools: Pools, apart: Interpreters) -> Iterator[Row | str]:
    n = 200 if plan.smoke else 40_000
    doubles = np.arange(float(n))
    contenders: dict[str, Call] = {
        "threadmill": lambda: tm.map_chunks(_python_of, doubles, chunksize=max(1, n // 8), pool=ours),
        STANDARD: lambda: np.concatenate(list(pools[STANDARD].map(_python_of, _parts(plan, doubles)))),
        interpreters.NAME: lambda: _joined(apart.run("array_of(part)", _parts(plan, memoryview(doubles)))),
        SERIAL: lambda: _python_of(doubles),
    }
    if POOLED in pools:  # NumPy cannot be imported in another interpreter
        contenders[POOLED] = lambda: _joined(
            list(pools[POOLED].map(array_of, [array("d", part) for part in _parts(plan, doubles)]))
        )
    yield from compare(plan, f"map_chunks, {n:,} in Python", contenders, targets={SERIAL: 1.8}, per=n)


def _reductions(plan: Plan, ours: tm.Pool, pools: Pools, apart: Interpreters) -> Iterator[Row | str]:
    n = 200 if plan.smoke else 40_000
    numbers = tuple(range(n))
    contenders: dict[str, Call] = {"threadmill": lambda: tm.reduce(longer, numbers, pool=ours)}
    for name, pool in pools.items():
        if name != "threadmill":
            contenders[name] = partial(_reduced_by, partial(pool.map, reduce_of), plan, numbers)
    contenders[interpreters.NAME] = partial(_reduced_by, partial(apart.run, "reduce_of(part)"), plan, numbers)
    contenders[SERIAL] = lambda: functools.reduce(longer, numbers)
    yield from compare(plan, f"reduce, {n:,} x a call of 1 us", contenders, targets={SERIAL: 1.8}, per=n)


def _pipelines(plan: Plan, pools: Pools, apart: Interpreters) -> Iterator[Row | str]:
    """Beside the pipeline, others run both stages as one call."""
    n = 20 if plan.smoke else 2_000
    with tm.Pipeline([steps_2000, steps_2000]) as pipe:
        contenders: dict[str, Call] = {"threadmill": lambda: list(pipe.run(range(n)))}
        for name, pool in pools.items():
            if name != "threadmill":
                contenders[name] = partial(_all_of_map, pool, twice, n)
        contenders[interpreters.NAME] = partial(apart.run, "map_of(twice, part)", _ranges(plan, n))
        contenders[SERIAL] = partial(_serial, twice, n)
        yield from compare(plan, f"Pipeline, {n:,} x two stages of 2,000 steps", contenders, per=n)


def _ranges(plan: Plan, n: int) -> list[tuple[int, int]]:
    """Start and end of as many parts of `range(n)` as there are threads."""
    ends = [n * k // plan.threads for k in range(plan.threads + 1)]
    return list(pairwise(ends))


def _parts(plan: Plan, whole: Any) -> list[Any]:
    return [whole[start:end] for start, end in _ranges(plan, len(whole))]


def _joined(parts: list[bytes]) -> Any:
    return np.concatenate([np.frombuffer(part, np.int64) for part in parts])


def _reduced_by(each_of: Callable[[list[Any]], Iterable[int]], plan: Plan, numbers: tuple[int, ...]) -> int:
    return functools.reduce(longer, each_of(_parts(plan, numbers)))


def _python_of(x: Any) -> Any:
    return np.array([steps_40(int(each)) for each in x.tolist()])


def _serial(fn: Callable[[int], int], n: int) -> None:
    list(map(fn, range(n)))


def _all_of_map(pool: Executor, fn: Callable[[int], int], n: int) -> None:
    list(pool.map(fn, range(n)))


def _submit_all(pool: Executor, n: int) -> None:
    for future in [pool.submit(abs, number) for number in range(n)]:
        future.result()


def _round_trip(pool: Executor) -> None:
    pool.submit(abs, 1).result()
