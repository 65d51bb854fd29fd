"""A pool where a ThreadPoolExecutor is expected: isinstance, asyncio's default, what other programs read."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import pytest

import threadmill as tm

# ---- by name and attributes ----


def test_a_pool_is_a_thread_pool_executor() -> None:
    with tm.Pool(2, "face", initializer=int, initargs=()) as pool:
        assert isinstance(pool, futures.ThreadPoolExecutor)
        assert (pool._max_workers, pool._thread_name_prefix, pool._initializer) == (2, "face", int)


def test_what_other_programs_read_of_an_executor_is_true() -> None:
    gate, begun = threading.Event(), threading.Event()
    pool = tm.Pool(1)
    assert (pool._threads, pool._work_queue.qsize(), pool._shutdown, pool._broken) == (set(), 0, False, False)
    held = pool.submit(lambda: (begun.set(), gate.wait(60), threading.current_thread())[2])
    assert begun.wait(60)
    pool.submit(int)
    assert pool._work_queue.qsize() == 1
    assert not pool._work_queue.empty()
    gate.set()
    assert pool._threads == {held.result()}
    pool.shutdown()
    assert pool._shutdown
    assert pool._work_queue.empty()


def test_asyncio_takes_a_pool_as_its_default_executor() -> None:
    async def main() -> tuple[str, str]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(tm.Pool(1, "default"))
        names = [await loop.run_in_executor(None, lambda: threading.current_thread().name)]
        names.append(await asyncio.to_thread(lambda: threading.current_thread().name))
        await loop.shutdown_default_executor()
        return names[0], names[1]

    assert asyncio.run(main()) == ("default_0", "default_0")


# ---- waiting in a task for tasks of the same pool ----


def wait_all(made: list[Any]) -> int:
    return len(futures.wait(made).done)


def wait_first(made: list[Any]) -> int:
    done, _ = futures.wait(made, return_when=futures.FIRST_COMPLETED)
    return len(made) if done else 0


def wait_exception(made: list[Any]) -> int:
    done, _ = futures.wait(made, return_when=futures.FIRST_EXCEPTION)
    return len(made) if done else 0


def as_completed(made: list[Any]) -> int:
    return len(list(futures.as_completed(made)))


WAITS = [wait_all, wait_first, wait_exception, as_completed]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_task_may_wait_for_tasks_that_nobody_has_begun(
    wait: Callable[[list[Any]], int], threads: int
) -> None:
    def outer() -> int:
        made = [pool.submit(abs, -1), pool.submit(pow, 2, 3), pool.submit(divmod, 1, 0), pool.submit(int)]
        return wait(made)

    with tm.Pool(threads) as pool:
        many = [pool.submit(outer) for _ in range(2 * threads)]
        assert [each.result(60) for each in many] == [4] * (2 * threads)


def test_a_task_may_wait_for_tasks_of_two_pools() -> None:
    with tm.Pool(1) as mine, tm.Pool(1) as other:

        def outer() -> int:
            return wait_all([mine.submit(int), other.submit(int), mine.submit(int)])

        assert mine.submit(outer).result(60) == 3


def test_waits_may_nest() -> None:
    with tm.Pool(1) as pool:

        def down(depth: int) -> int:
            if depth == 0:
                return 0
            (future,) = futures.as_completed([pool.submit(down, depth - 1)])
            return 1 + future.result()

        assert pool.submit(down, 20).result(60) == 20


def test_a_wait_in_a_task_still_times_out() -> None:
    with tm.Pool(1) as pool, tm.Pool(1) as other:
        gate = threading.Event()

        def outer() -> tuple[int, int]:
            held = other.submit(gate.wait)
            done, left = futures.wait([held, pool.submit(int)], timeout=0.05)
            return len(done), len(left)

        assert pool.submit(outer).result(60) == (1, 1)
        gate.set()


# ---- a task that has too little stack ----


@pytest.mark.parametrize("short", range(0, 60, 3))
def test_a_worker_with_little_stack_left_leaves_nobody_waiting(short: int) -> None:
    """A RecursionError may come at any step of running another task and of telling of its end."""
    with tm.Pool(1) as pool:
        inner: list[Any] = []

        def ask() -> None:
            inner[0].result()

        def down(left: int) -> None:
            if left > 0:
                down(left - 1)
            else:
                ask()

        def outer() -> None:
            inner.append(pool.submit(int))
            inner[0].add_done_callback(lambda _: None)
            depth = len(list(iterate_frames()))
            with contextlib.suppress(RecursionError):
                down(sys.getrecursionlimit() - depth - short)
            assert inner[0].result(30) == 0 or inner[0].exception(30) is not None

        failure = pool.submit(outer).exception(60)
        assert isinstance(failure, RecursionError | None)
        assert inner[0].done() or inner[0].exception(30) is None


def iterate_frames() -> Any:
    frame: Any = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
