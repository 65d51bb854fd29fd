"""Few cores, many threads, cores that go away. Counts CPU time, to which waiting adds nothing."""

import contextlib
import os
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from kit import commands

import threadmill as tm

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")

X = np.random.default_rng(5).normal(size=400_000)


def cpu_seconds(call: Callable[[], object]) -> float:
    """The least of several runs: what the call needs, not what disturbs it."""
    spent = []
    for _ in range(7):
        begin = time.process_time()
        call()
        spent.append(time.process_time() - begin)
    return min(spent)


def loops(pool: tm.Pool) -> None:
    for _ in range(30):
        tm.sum(X, pool=pool)


def allow(cores: set[int]) -> None:
    """Moves all threads of this process."""
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread), cores)


def run_on_one_core(script: str) -> str:
    head = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    head += "import numpy as np, threadmill as tm\n"
    command = [sys.executable, "-c", head + script]
    run = commands.run(*command, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_four_threads_for_each_core_cost_little_more_than_one() -> None:
    with tm.Pool(1) as one, tm.Pool(4 * tm.usable_cores()) as many:
        loops(one), loops(many)
        alone, together = cpu_seconds(lambda: loops(one)), cpu_seconds(lambda: loops(many))
    assert together < 2 * alone + 0.02  # threads that spin would make it as much as there are cores


def test_idle_pools_take_no_time() -> None:
    """Several at once, after work of each kind, for a second: they all sleep."""
    pools = [tm.Pool(n) for n in (1, 2, 3, 7)]
    for pool in pools:
        assert pool.submit(pow, 2, 3).result() == 8
        assert tm.sum(X, pool=pool) == np.sum(X)
    begin = time.process_time()
    time.sleep(1)
    spent = time.process_time() - begin
    for pool in pools:
        pool.shutdown()
    assert spent < 0.05


@needs_affinity
def test_affinity_may_change_while_a_pool_works() -> None:
    cores = os.sched_getaffinity(0)
    with tm.Pool(3) as pool:
        assert tm.sum(X, pool=pool) == np.sum(X)
        try:
            for _ in range(20):
                for allowed in {min(cores)}, cores, {max(cores)}:
                    allow(allowed)
                    assert tm.sum(X, pool=pool) == np.sum(X)
                    assert list(pool.map(abs, range(-20, 0))) == list(range(20, 0, -1))
        finally:
            allow(cores)
        assert pool.submit(pow, 2, 3).result() == 8


@needs_affinity
def test_one_core() -> None:
    """Nobody spins there: whoever waits would keep the one that it waits for from running."""
    script = """
x = np.arange(300_000.0)
assert tm.usable_cores() == 1 and tm.recommended_workers() == 1
for threads in 1, 2, 7:
    with tm.Pool(threads) as pool:
        for _ in range(100):
            assert tm.sum(x, pool=pool) == np.sum(x)
            assert pool.submit(lambda: pool.submit(pow, 2, 3).result()).result() == 8
        assert list(pool.map(abs, range(-100, 0))) == list(range(100, 0, -1))
        pool.spawn(int)
        pool.join()
print(tm.sum(x) == np.sum(x))
"""
    assert run_on_one_core(script) == "True\n"
