"""The pool itself: its arguments, its threads, its end, and what it refuses after that."""

import gc
import os
import threading
import time
import weakref
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.threads import native_threads, needs_proc, soon

import threadmill as tm
from threadmill._native import pools


def start_all(pool: tm.Pool) -> None:
    """Has the pool start its threads."""
    pool.submit(int).result()


@pytest.mark.smoke
def test_is_an_executor() -> None:
    with tm.Pool(2) as pool:
        assert isinstance(pool, Executor)
        assert pool._max_workers == 2  # dask reads it
        assert pool.submit(pow, 2, 8).result() == 256


# ---- arguments ----

BAD_ARGUMENTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"max_workers": 0}, ValueError, "max_workers must be greater than 0 and less than 32768, got 0"),
    ({"max_workers": -1}, ValueError, "max_workers must be greater than 0 and less than 32768, got -1"),
    (
        {"max_workers": 1 << 15},
        ValueError,
        "max_workers must be greater than 0 and less than 32768, got 32768",
    ),
    (
        {"max_workers": 10**30},
        ValueError,
        f"max_workers must be greater than 0 and less than 32768, got {10**30}",
    ),
    ({"max_workers": 2.0}, TypeError, "max_workers must be an integer, got float"),
    ({"max_workers": "2"}, TypeError, "max_workers must be an integer, got str"),
    ({"workload": "gpu"}, ValueError, "workload must be 'cpu', 'io' or 'memory', got 'gpu'"),
    ({"workload": None}, ValueError, "workload must be 'cpu', 'io' or 'memory', got None"),
    ({"when_full": "drop"}, ValueError, "when_full must be 'block', 'raise' or 'run', got 'drop'"),
    ({"max_queue": 0}, ValueError, "max_queue must be 1 or more, got 0"),
    ({"max_queue": -5}, ValueError, "max_queue must be 1 or more, got -5"),
    ({"max_queue": 1.5}, TypeError, "max_queue must be an integer, got float"),
    ({"initializer": 5}, TypeError, "initializer must be a callable, got int"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD_ARGUMENTS)
def test_bad_arguments(arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as raised:
        tm.Pool(**arguments)
    assert str(raised.value) == message


def test_positional_arguments_are_those_of_the_standard_executor() -> None:
    seen = []
    with tm.Pool(1, "named", seen.append, (5,)) as pool:
        assert pool.submit(lambda: threading.current_thread().name).result() == "named_0"
    assert seen == [5]


def test_integers_of_any_kind() -> None:
    with tm.Pool(np.int8(3), max_queue=np.int64(7)) as pool:
        assert pool.stats()["threads"] == 3


def test_size_by_workload() -> None:
    assert tm.Pool(workload="io")._max_workers == tm.recommended_workers("io")
    assert tm.Pool(workload="memory")._max_workers == tm.recommended_workers("memory")
    assert tm.Pool()._max_workers == tm.recommended_workers("cpu")


def test_the_environment_sets_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "3")
    assert tm.Pool()._max_workers == 3
    assert tm.Pool(2)._max_workers == 2
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "none")
    with pytest.raises(
        ValueError, match=r"^THREADMILL_NUM_THREADS must be an integer of 1 or more, got 'none'$"
    ):
        tm.Pool()


def test_repr_names_size_and_prefix() -> None:
    with tm.Pool(3, "mill") as pool:
        assert repr(pool) == "<threadmill.Pool 'mill': 3 threads>"


# ---- threads ----


@needs_proc
def test_threads_start_at_first_need_all_at_once() -> None:
    before = native_threads()
    with tm.Pool(3) as pool:
        assert native_threads() <= before
        start_all(pool)
        assert len(native_threads() - before) == 3
    assert soon(lambda: native_threads() <= before)


@needs_proc
def test_a_collected_pool_stops_its_threads() -> None:
    before = native_threads()
    pool = tm.Pool(3)
    start_all(pool)
    gone = weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    assert soon(lambda: native_threads() <= before)


@needs_proc
def test_a_collected_pool_does_its_work_first() -> None:
    before = native_threads()
    release = threading.Event()
    pool = tm.Pool(1)
    first = pool.submit(release.wait)
    second = pool.submit(pow, 2, 8)
    del pool
    gc.collect()
    release.set()
    assert first.result() is True
    assert second.result() == 256
    assert soon(lambda: native_threads() <= before)


@needs_proc
def test_a_pool_collected_in_its_own_task_stops_its_threads() -> None:
    before = native_threads()
    holder = [tm.Pool(2)]
    release = threading.Event()

    def drop_the_pool() -> None:
        release.wait()
        holder.clear()
        gc.collect()

    future = holder[0].submit(drop_the_pool)
    release.set()
    future.result()
    del future
    assert soon(lambda: native_threads() <= before)


def test_an_ended_pool_leaves_no_thread_in_threading() -> None:
    with tm.Pool(3, "leaving") as pool:
        start_all(pool)
        list(pool.map(str, range(100)))
        assert any(thread.name.startswith("leaving") for thread in threading.enumerate())
    assert soon(lambda: not any(thread.name.startswith("leaving") for thread in threading.enumerate()))


def test_idle_threads_burn_no_time() -> None:
    with tm.Pool(4) as pool:
        start_all(pool)
        begin = time.process_time()
        threading.Event().wait(0.5)
        assert time.process_time() - begin < 0.25  # four that spin on two cores would take a second


def test_no_thread_can_be_started() -> None:
    script = """
import resource, threadmill as tm
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
pool = tm.Pool(5000)
for submit in pool.submit, pool.spawn:
    try:
        submit(print, "ran")
    except RuntimeError as error:
        print(error)
pool.join()
pool.shutdown()
"""
    run = commands.run_python(script)
    assert run.stdout.splitlines() == ["can't start new thread"] * 2, run.stderr


# ---- statistics ----


def test_stats_count_what_was_done() -> None:
    with tm.Pool(2) as pool:
        for _ in range(10):
            pool.submit(int).result()
        stats = pool.stats()
        assert stats["threads"] == len(stats["workers"]) == 2
        assert 1 <= stats["tasks"] <= 10
        assert stats["busy_ns"] > 0
        for name in stats["callers"]:
            assert stats[name] == sum(row[name] for row in (*stats["workers"], stats["callers"]))


def test_stats_never_go_down() -> None:
    with tm.Pool(2) as pool:
        for _ in range(1000):
            pool.submit(int).result()
        seen = [pool.stats()["busy_ns"] for _ in range(500)]
    assert seen == sorted(seen)


def test_stats_of_an_untouched_pool_are_zero() -> None:
    stats = tm.Pool(3).stats()
    assert stats["threads"] == 3
    assert {stats[name] for name in stats["callers"]} == {0}


# ---- the end ----


def test_shutdown_twice() -> None:
    pool = tm.Pool(2)
    start_all(pool)
    pool.shutdown()
    pool.shutdown()
    pool.shutdown(wait=False, cancel_futures=True)


def test_shutdown_of_a_pool_that_never_worked() -> None:
    tm.Pool(2).shutdown()


def test_shutdown_without_waiting_then_with() -> None:
    release = threading.Event()
    pool = tm.Pool(1)
    futures = [pool.submit(release.wait), pool.submit(pow, 2, 3)]
    pool.shutdown(wait=False)
    assert not any(future.done() for future in futures)
    release.set()
    pool.shutdown(wait=True)
    assert [future.result() for future in futures] == [True, 8]


def test_shutdown_from_many_threads_at_once() -> None:
    pool = tm.Pool(3)
    start_all(pool)
    threads = [threading.Thread(target=pool.shutdown) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(RuntimeError):
        pool.submit(int)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("started", [True, False])
def test_use_after_shutdown(wait: bool, started: bool) -> None:
    pool = tm.Pool(2)
    if started:
        start_all(pool)
    pool.shutdown(wait=wait)
    scheduling = r"^cannot schedule new futures after shutdown$"
    running = r"^cannot schedule new futures after shutdown$"
    with pytest.raises(RuntimeError, match=scheduling):
        pool.submit(int)
    with pytest.raises(RuntimeError, match=scheduling):
        pool.spawn(int)
    with pytest.raises(RuntimeError, match=scheduling):
        pool.map(int, [1])
    with pytest.raises(RuntimeError, match=scheduling):
        pool.map(int, [1], buffersize=1)
    with pytest.raises(RuntimeError, match=running):
        pool.parallel_for(10, 1 << 12)
    for size in 3, 300_000:
        x = np.arange(size, dtype=np.float64)
        for call in tm.square, tm.sum:
            with pytest.raises(RuntimeError, match=running):
                call(x, pool=pool)
        with pytest.raises(RuntimeError, match=running):
            tm.scale(x, 2.0, pool=pool)
    pool.join()  # nothing to wait for, nothing to report
    assert pool.stats()["threads"] == 2


def test_shutdown_from_a_worker() -> None:
    with tm.Pool(2) as pool:
        for shutdown in pool.shutdown, pool.__exit__:
            future = pool.submit(shutdown, *([None] * 3 if shutdown != pool.shutdown else []))
            with pytest.raises(
                tm.DeadlockError,
                match=r"^shutdown\(wait=True\) from a task of the pool would wait for that task itself: use ",
            ):
                future.result()
        assert pool.submit(pow, 2, 8).result() == 256


def test_shutdown_from_a_worker_without_waiting() -> None:
    pool = tm.Pool(1)
    release = threading.Event()

    def end() -> str:
        release.wait()
        pool.shutdown(wait=False)
        return "ended"

    first, second = pool.submit(end), pool.submit(pow, 2, 3)
    release.set()
    assert first.result() == "ended"
    assert second.result() == 8
    with pytest.raises(RuntimeError):
        pool.submit(int)
    pool.shutdown()


def test_a_worker_may_shut_another_pool_down() -> None:
    with tm.Pool(1) as pool:
        other = tm.Pool(1)
        inside = other.submit(pow, 2, 3)
        pool.submit(other.shutdown).result()
        assert inside.result() == 8


def test_a_task_queued_before_the_end_may_still_loop() -> None:
    pool = tm.Pool(2)
    release = threading.Event()
    x = np.arange(500_000, dtype=np.float64)

    def loop() -> Any:
        release.wait()
        return tm.sum(x, pool=pool)

    future = pool.submit(loop)
    pool.shutdown(wait=False)
    release.set()
    assert future.result() == np.sum(x)


def test_shutdown_while_many_threads_submit() -> None:
    pool = tm.Pool(3)
    accepted: list[Any] = []
    refused = []
    started = threading.Barrier(6)

    def submit_until_refused() -> None:
        started.wait()
        try:
            while True:
                accepted.append(pool.submit(pow, 2, 3))
        except RuntimeError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=submit_until_refused) for _ in range(5)]
    for thread in threads:
        thread.start()
    started.wait()
    soon(lambda: len(accepted) > 100)
    pool.shutdown()
    for thread in threads:
        thread.join()
    assert refused == ["cannot schedule new futures after shutdown"] * 5
    assert {future.result(timeout=0) for future in accepted} == {8}


# ---- the default pool ----


def test_default_pool_is_one() -> None:
    pool = tm.default_pool()
    assert tm.default_pool() is pool
    assert pool._max_workers == tm.recommended_workers("cpu")


def test_default_pool_after_its_shutdown_is_a_new_one() -> None:
    pool = tm.default_pool()
    pool.shutdown()
    again = tm.default_pool()
    assert again is not pool
    assert again.submit(pow, 2, 3).result() == 8


def test_default_pool_is_one_for_all_threads() -> None:
    tm.default_pool().shutdown()
    made = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        made.append(tm.default_pool())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, made))) == 1


# ---- pinned threads ----------------------------------------------------------------------------------------


def _cores_of(pool: tm.Pool) -> list[set[int]]:
    """The affinity of each of the pool's threads."""
    barrier = threading.Barrier(pool.max_workers)

    def tell() -> set[int]:
        barrier.wait(30)
        return set(os.sched_getaffinity(threading.get_native_id()))

    return [future.result() for future in [pool.submit(tell) for _ in range(pool.max_workers)]]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_a_pinned_pools_threads_have_a_core_each() -> None:
    cores = set(os.sched_getaffinity(0))
    with tm.Pool(len(cores), pin=True) as pool:
        pinned = _cores_of(pool)
        x = np.arange(300_000.0)
        assert np.array_equal(tm.square(x, pool=pool), np.square(x))
    assert all(len(each) == 1 for each in pinned)
    assert set().union(*pinned) == cores
    with tm.Pool(2) as pool:
        assert _cores_of(pool) == [cores, cores]


def test_the_environment_may_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    new_pool = pools.new_pool
    monkeypatch.setattr(
        pools, "new_pool", lambda threads, name, pin: seen.append(pin) or new_pool(threads, name, pin)
    )
    for text in "1", "0", None:
        if text is None:
            monkeypatch.delenv("THREADMILL_PIN")
        else:
            monkeypatch.setenv("THREADMILL_PIN", text)
        tm.Pool(1).shutdown()
        tm.Pool(1, pin=True).shutdown()
        tm.Pool(1, pin=False).shutdown()
    assert seen == [True, True, False, False, True, False, False, True, False]
    monkeypatch.setenv("THREADMILL_PIN", "yes")
    with pytest.raises(ValueError, match="THREADMILL_PIN must be 0 or 1, got 'yes'"):
        tm.Pool(1)
    with pytest.raises(TypeError, match="pin must be a bool or None, got int"):
        tm.Pool(1, pin=1)  # type: ignore[arg-type]
