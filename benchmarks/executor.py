"""What does a Python call on the pool cost, beside the standard library's pools?"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import ThreadPool

import threadmill as tm

from .harness import Call, Measure, Plan, Row, compare

__all__ = ["run"]

STANDARD = "ThreadPoolExecutor"
MULTIPROCESSING = "mp.pool.ThreadPool"


def run(plan: Plan) -> Iterator[Row | str]:
    tasks = 500 if plan.smoke else 50_000
    with (
        tm.Pool(plan.threads) as ours,
        ThreadPoolExecutor(plan.threads) as standard,
        ThreadPool(plan.threads) as multi,
    ):
        calls: dict[str, Call] = {
            "threadmill": partial(_submit_all, ours, tasks),
            STANDARD: partial(_submit_all, standard, tasks),
        }
        what = f"submit + result, {tasks:,} tasks, each"
        yield from compare(plan, what, calls, targets={STANDARD: 3.0}, per=tasks)

        calls = {"threadmill": partial(_round_trip, ours), STANDARD: partial(_round_trip, standard)}
        yield from compare(plan, "one submit().result()", calls, how=Measure.SHARE, targets={STANDARD: 0.5})

        calls = {
            "threadmill": lambda: list(ours.map(identity, range(tasks))),
            MULTIPROCESSING: lambda: multi.map(identity, range(tasks)),
            STANDARD: lambda: list(standard.map(identity, range(tasks))),
            "plain loop": lambda: list(map(identity, range(tasks))),
        }
        targets = {MULTIPROCESSING: 0.7, STANDARD: 30.0}
        yield from compare(plan, f"map, {tasks:,} calls, each", calls, targets=targets, per=tasks)


def identity(value: int) -> int:
    return value


def _submit_all(pool: Executor, tasks: int) -> None:
    for future in [pool.submit(identity, number) for number in range(tasks)]:
        future.result()


def _round_trip(pool: Executor) -> None:
    pool.submit(identity, 1).result()
