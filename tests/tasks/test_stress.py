"""Many callers, nested loops, random gaps: nothing hangs, nothing is lost, every result is right."""

import ctypes
import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import numpy as np
import pytest

import threadmill as tm

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)

X = np.arange(200_000, dtype=np.float64)
SUM, SQUARE = float(np.sum(X)), np.square(X).tobytes()


def gap(rng: random.Random) -> None:
    """Now and then long enough for the threads to go to sleep, now and then none."""
    time.sleep(rng.choice([0, 0, 0, 1e-5, 1e-4, 2e-3]))


def loops(pool: tm.Pool, _rng: random.Random) -> None:
    assert tm.sum(X, pool=pool) == SUM
    assert tm.square(X, pool=pool).tobytes() == SQUARE


def tasks(pool: tm.Pool, rng: random.Random) -> None:
    n = rng.choice([1, 2, 10, 100])
    assert [future.result() for future in [pool.submit(pow, 2, i) for i in range(n)]] == [
        2**i for i in range(n)
    ]


def failing_tasks(pool: tm.Pool, rng: random.Random) -> None:
    made = [pool.submit(divmod, i, rng.choice([0, 1])) for i in range(10)]
    done, not_done = futures.wait(made)
    assert (len(done), len(not_done)) == (10, 0)
    assert all(f.exception() is None or isinstance(f.exception(), ZeroDivisionError) for f in made)


def maps(pool: tm.Pool, rng: random.Random) -> None:
    how: Any = rng.choice([{}, {"chunksize": 3}, {"buffersize": 4}])
    results = pool.map(lambda i: i * 3, range(200), **how)
    assert list(itertools.islice(results, 50)) == list(range(0, 150, 3))
    if rng.random() < 0.5:
        assert list(results) == list(range(150, 600, 3))


def nested_loops(pool: tm.Pool, _rng: random.Random) -> None:
    seen: list[int] = []

    def inner(_ctx: Any, begin: int, end: int) -> None:
        seen.extend(range(begin, end))

    def outer(_ctx: Any, begin: int, end: int) -> None:
        for _ in range(begin, end):
            pool.parallel_for(10, KERNEL(inner), chunksize=3)

    pool.parallel_for(5, KERNEL(outer), chunksize=1)
    assert sorted(seen) == sorted(list(range(10)) * 5)


def loops_in_tasks(pool: tm.Pool, _rng: random.Random) -> None:
    assert list(pool.map(lambda _: float(tm.sum(X, pool=pool)), range(4))) == [SUM] * 4


def tasks_in_tasks(pool: tm.Pool, _rng: random.Random) -> None:
    def tree(depth: int) -> int:
        if depth == 0:
            return 1
        return sum(each.result() for each in [pool.submit(tree, depth - 1) for _ in range(3)])

    assert pool.submit(tree, 3).result() == 27


def spawned(pool: tm.Pool, rng: random.Random) -> None:
    ended, native = threading.Event(), threading.Event()
    pool.spawn(ended.set)
    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: native.set())
    pool.spawn(task)
    if rng.random() < 0.3:
        pool.join()
    assert ended.wait(60)
    assert native.wait(60)
    pool.join()  # the task's code must outlive its run


def cancelled(pool: tm.Pool, rng: random.Random) -> None:
    made = [pool.submit(int) for _ in range(20)]
    for future in rng.sample(made, 10):
        future.cancel()
    done, _ = futures.wait(made, timeout=60)
    assert done == set(made)


def streams(pool: tm.Pool, _rng: random.Random) -> None:
    queue = tm.Queue(7, dtype="i8")
    consumer = pool.submit(lambda: sum(int(item) for item in queue)) if pool._max_workers > 8 else None
    thread = threading.Thread(target=lambda: (queue.put_many(np.arange(500)), queue.shutdown()))
    thread.start()
    total = consumer.result() if consumer is not None else sum(int(item) for item in queue)
    thread.join()
    assert total == 499 * 250


def own_pools(_pool: tm.Pool, rng: random.Random) -> None:
    own = tm.Pool(rng.choice([1, 2, 3]))
    future = own.submit(pow, 2, 3)
    if rng.random() < 0.5:
        own.shutdown(wait=rng.random() < 0.5)
    del own
    assert future.result() == 8


ACTS: list[Callable[[tm.Pool, random.Random], None]] = [
    *(loops, tasks, failing_tasks, maps, nested_loops, loops_in_tasks, tasks_in_tasks, spawned),
    *(cancelled, streams, own_pools),
]


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("callers", [2, 8])
def test_many_callers(threads: int, callers: int) -> None:
    errors: list[BaseException] = []

    def call(pool: tm.Pool, seed: int) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(200 // callers):
                rng.choice(ACTS)(pool, rng)
                gap(rng)
        except BaseException as error:
            errors.append(error)

    with tm.Pool(threads) as pool:
        running = [threading.Thread(target=call, args=(pool, seed)) for seed in range(callers)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    assert errors == []


@pytest.mark.parametrize("when_full", ["block", "run"])
def test_many_callers_of_a_bounded_pool(when_full: Any) -> None:
    errors: list[BaseException] = []
    acts = [tasks, failing_tasks, maps, tasks_in_tasks, cancelled]

    def call(pool: tm.Pool, seed: int) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(40):
                rng.choice(acts)(pool, rng)
                gap(rng)
        except BaseException as error:
            errors.append(error)

    with tm.Pool(2, max_queue=3, when_full=when_full) as pool:
        running = [threading.Thread(target=call, args=(pool, seed)) for seed in range(5)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    assert errors == []


def test_every_chunk_runs_once_whatever_the_gaps() -> None:
    rng = random.Random(1)
    with tm.Pool(3) as pool:
        for _ in range(300):
            n, grain = rng.randrange(1, 100), rng.randrange(1, 20)
            seen: list[int] = []
            pool.parallel_for(n, KERNEL(lambda _, b, e, seen=seen: seen.extend(range(b, e))), chunksize=grain)
            assert sorted(seen) == list(range(n))
            gap(rng)


def test_one_task_at_a_time_with_gaps() -> None:
    """Each submit meets threads that spin, go to sleep or sleep: none may miss it."""
    rng = random.Random(2)
    with tm.Pool(2) as pool:
        for i in range(1000):
            assert pool.submit(pow, i, 2).result(timeout=60) == i * i
            time.sleep(rng.choice([0, 1e-5, 5e-5, 1e-4, 1e-3]))


def test_pools_come_and_go_while_others_work() -> None:
    stop = threading.Event()
    with tm.Pool(2) as pool:

        def work() -> int:
            count = 0
            while not stop.is_set():
                assert pool.submit(pow, 2, 3).result() == 8
                count += 1
            return count

        with futures.ThreadPoolExecutor(2) as standard:
            working = [standard.submit(work) for _ in range(2)]
            for _ in range(100):
                with tm.Pool(3) as other:
                    assert sum(other.map(abs, range(10))) == 45
            stop.set()
            assert all(future.result() > 0 for future in working)
