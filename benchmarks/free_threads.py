"""What do Python calls gain from several threads without the GIL, beside the standard library's pools?"""

import functools
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .harness import Call, Measure, Plan, Row, compare

__all__ = ["run"]

STANDARD = "ThreadPoolExecutor"
INTERPRETERS = "InterpreterPoolExecutor"  # CPython 3.14 has it, and a GIL for each
SERIAL = "serial"


def run(plan: Plan) -> Iterator[Row | str]:
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        yield "free_threads: this Python has the GIL, rows left out"
        return
    plan = replace(plan, brief=True)
    with ExitStack() as stack:
        ours = stack.enter_context(tm.Pool(plan.threads))
        pools: dict[str, Executor] = {"threadmill": ours}
        pools[STANDARD] = stack.enter_context(ThreadPoolExecutor(plan.threads))
        if (interpreters := getattr(futures, INTERPRETERS, None)) is not None:
            pools[INTERPRETERS] = stack.enter_context(interpreters(plan.threads))
        yield from _maps(plan, pools)
        yield from _tasks(plan, pools)
        yield from _others(plan, ours, pools[STANDARD])


def _maps(plan: Plan, pools: dict[str, Executor]) -> Iterator[Row | str]:
    for what, fn, calls, target in (
        ("abs", abs, 50_000, None),
        ("a call of 1 us", _steps_40, 50_000, 1.8),
        ("a call of 10 us", _steps_400, 5_000, 1.8),
        ("a loop of 2,000 steps", _steps_2000, 500, 1.8),
    ):
        n = 20 if plan.smoke else calls
        contenders: dict[str, Call] = {
            name: partial(_all_of_map, pool, fn, n)
            for name, pool in pools.items()
            if name != INTERPRETERS or n <= 5_000  # every call of which travels by pickle
        }
        contenders[SERIAL] = partial(_serial, fn, n)
        targets = {} if target is None else {SERIAL: target}
        yield from compare(plan, f"map, {n:,} x {what}", contenders, targets=targets, per=n)


def _tasks(plan: Plan, pools: dict[str, Executor]) -> Iterator[Row | str]:
    n = 20 if plan.smoke else 5_000
    calls = {name: partial(_submit_all, pool, n) for name, pool in pools.items() if name != INTERPRETERS}
    yield from compare(plan, f"submit + result, {n:,} tasks, each", calls, per=n)
    calls = {name: partial(_round_trip, pool) for name, pool in pools.items()}
    yield from compare(plan, "one submit().result()", calls, how=Measure.SHARE)


def _others(plan: Plan, ours: tm.Pool, standard: Executor) -> Iterator[Row | str]:
    n = 200 if plan.smoke else 40_000
    numbers = list(range(n))
    array = np.arange(float(n))
    halves = [array[: n // 2], array[n // 2 :]]
    calls: dict[str, Call] = {
        "threadmill": lambda: tm.map_chunks(_python_of, array, chunksize=max(1, n // 8), pool=ours),
        STANDARD: lambda: np.concatenate(list(standard.map(_python_of, halves))),
        SERIAL: lambda: _python_of(array),
    }
    yield from compare(plan, f"map_chunks, {n:,} in Python", calls, targets={SERIAL: 1.8}, per=n)
    calls = {
        "threadmill": lambda: tm.reduce(_longer, numbers, pool=ours),
        SERIAL: lambda: functools.reduce(_longer, numbers),
    }
    yield from compare(plan, f"reduce, {n:,} x a call of 1 us", calls, targets={SERIAL: 1.8}, per=n)
    items = 20 if plan.smoke else 2_000
    with tm.Pipeline([_steps_2000, _steps_2000]) as pipe:
        calls = {
            "threadmill": lambda: list(pipe.run(range(items))),
            STANDARD: lambda: list(standard.map(_twice, range(items))),
            SERIAL: lambda: list(map(_twice, range(items))),
        }
        yield from compare(plan, f"Pipeline, {items:,} x two stages of 2,000 steps", calls, per=items)


def _steps(count: int, number: int) -> int:
    for step in range(count):
        number += step
    return number


def _steps_40(number: int) -> int:
    return _steps(40, number)


def _steps_400(number: int) -> int:
    return _steps(400, number)


def _steps_2000(number: int) -> int:
    return _steps(2000, number)


def _twice(number: int) -> int:
    return _steps_2000(_steps_2000(number))


def _longer(a: int, b: int) -> int:
    return _steps_40(a) if a > b else _steps_40(b)


def _python_of(x: Any) -> Any:
    return np.array([_steps_40(int(each)) for each in x.tolist()])


def _serial(fn: Callable[[int], int], n: int) -> None:
    list(map(fn, range(n)))


def _all_of_map(pool: Executor, fn: Callable[[int], int], n: int) -> None:
    list(pool.map(fn, range(n)))


def _submit_all(pool: Executor, n: int) -> None:
    for future in [pool.submit(abs, number) for number in range(n)]:
        future.result()


def _round_trip(pool: Executor) -> None:
    pool.submit(abs, 1).result()
