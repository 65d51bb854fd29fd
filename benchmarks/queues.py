"""How fast do items pass through a queue, and native tasks through a pool?"""

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from . import native
from .harness import Measure, Plan, Row, compare, measure, row

__all__ = ["run"]

BLOCK = 4096
BLOCKS_INSIDE = 16  # half a megabyte: the ring stays in L2
MAXSIZES = (0, 1000)


def run(plan: Plan) -> Iterator[Row | str]:
    if plan.first:
        yield from _objects(plan)
        yield _typed(plan)
    yield from _tasks(plan)


def _objects(plan: Plan) -> Iterator[Row]:
    items = 2_000 if plan.smoke else 100_000
    for maxsize in MAXSIZES:
        calls = {
            "threadmill": partial(_pass_objects, partial(tm.Queue, maxsize), items),
            "queue.Queue": partial(_pass_objects, partial(queue.Queue, maxsize), items),
        }
        if not maxsize:
            calls["queue.SimpleQueue"] = partial(_pass_objects, queue.SimpleQueue, items)
        what = f"an object, maxsize={maxsize}"
        yield from compare(plan, what, calls, targets={"queue.Queue": 3.0}, per=items)


def _pass_objects(make: Callable[[], Any], items: int) -> None:
    """One thread puts, this one gets."""
    line = make()

    def produce() -> None:
        for number in range(items):
            line.put(number)

    producer = threading.Thread(target=produce)
    producer.start()
    for _ in range(items):
        line.get()
    producer.join()


def _typed(plan: Plan) -> Row:
    blocks = 100 if plan.smoke else 10_000
    samples = measure(plan, {"threadmill": partial(_pass_blocks, blocks)}, per=blocks * BLOCK)
    what = f"int64 in blocks of {BLOCK:,}, each"
    return row(plan, what, samples["threadmill"], Measure.RATE, target=100e6, nbytes=8)


def _pass_blocks(blocks: int) -> None:
    line: Any = tm.Queue(BLOCKS_INSIDE * BLOCK, dtype=np.int64)
    block = np.arange(BLOCK)

    def produce() -> None:
        for _ in range(blocks):
            line.put_many(block)

    producer = threading.Thread(target=produce)
    producer.start()
    left = blocks * BLOCK
    while left:
        left -= len(line.get_many(min(left, BLOCK)))
    producer.join()


def _tasks(plan: Plan) -> Iterator[Row]:
    """Native tasks that do nothing, from their spawning to the end of tm_join."""
    rounds, tasks = (3, 10_000) if plan.smoke else (30, 1_000_000)
    samples = native.run("tasks.c", plan.threads, rounds, tasks, plan.pause)
    yield row(plan, "tm_spawn, each", samples["single"], Measure.RATE, target=3e6)
    yield row(plan, "tm_spawn_many, each", samples["batches"], Measure.RATE, target=10e6)
