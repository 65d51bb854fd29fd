"""Pool as concurrent.futures.Executor: futures, exceptions, contexts, names, backpressure, nesting."""

import asyncio
import contextlib
import contextvars
import gc
import itertools
import logging
import queue
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

import numpy as np
import pytest
from kit import stdlib_cases
from kit.threads import Busy, merge_references, soon

import threadmill as tm

# ---- CPython's own tests ----

EXECUTOR_CASES = list(stdlib_cases.executor_cases())
for case in EXECUTOR_CASES:
    globals()[case.__name__] = pytest.mark.filterwarnings("default")(case)
    del case


@pytest.mark.skipif(not EXECUTOR_CASES, reason=stdlib_cases.MISSING)
def test_the_standard_librarys_cases_are_here() -> None:
    assert len(EXECUTOR_CASES) == len(stdlib_cases._EXECUTOR_CLASSES)


# ---- helpers ----


class Gate:
    """A task that says when it has begun, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    def __call__(self, result: Any = None) -> Any:
        self.begun.set()
        assert self.release.wait(60)
        return result


class Fatal(BaseException):
    """No Exception, as SystemExit and KeyboardInterrupt."""


# ---- futures ----


def test_submit_returns_a_real_future(pool: tm.Pool) -> None:
    future = pool.submit(dict, a=1)
    assert isinstance(future, futures.Future)
    assert future.result() == {"a": 1}
    assert future.done()
    assert not future.running()
    assert not future.cancelled()
    assert future.exception() is None
    assert "state=finished returned dict" in repr(future)


def test_states(pool: tm.Pool) -> None:
    gate = Busy(pool)
    task = Gate()
    future = pool.submit(task, 5)
    assert not future.done()
    assert not future.running()
    gate.release.set()
    assert task.begun.wait(60)
    assert future.running()
    task.release.set()
    assert future.result() == 5


def test_what_is_not_callable_fails_in_the_future(pool: tm.Pool) -> None:
    with pytest.raises(TypeError, match="'int' object is not callable"):
        pool.submit(5).result()  # type: ignore[arg-type]


def test_result_and_exception_time_out(pool: tm.Pool) -> None:
    gate = Busy(pool)
    future = pool.submit(int)
    for ask in future.result, future.exception:
        for timeout in 0, 0.01, -1:
            with pytest.raises(futures.TimeoutError):
                ask(timeout=timeout)
    gate.release.set()
    assert future.result(timeout=60) == 0


def test_a_chain_of_tasks_leaves_other_threads_their_turn() -> None:
    """A worker that let go of the GIL for a moment every 5 ms kept a thread from ever asking for it."""
    with tm.Pool(1) as pool:
        going = True

        def chain() -> None:
            if going:
                pool.submit(chain)

        pool.submit(chain)
        for _ in range(200):
            time.sleep(1e-4)
        going = False


def test_many_threads_wait_for_one_future(pool: tm.Pool) -> None:
    gate = Busy(pool)
    future = pool.submit(pow, 2, 8)
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(future.result())) for _ in range(10)]
    for thread in threads:
        thread.start()
    gate.release.set()
    for thread in threads:
        thread.join()
    assert results == [256] * 10


def test_an_exception_keeps_its_traceback(pool: tm.Pool) -> None:
    def inner() -> None:
        raise KeyError("lost")

    def outer() -> None:
        inner()

    future = pool.submit(outer)
    with pytest.raises(KeyError, match="lost") as raised:
        future.result()
    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[-2:] == ["outer", "inner"]
    assert future.exception() is raised.value


@pytest.mark.parametrize("kind", [Fatal, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration])
def test_a_base_exception_reaches_who_waits(pool: tm.Pool, kind: type[BaseException]) -> None:
    error = kind("stop")

    def task() -> None:
        raise error

    with pytest.raises(kind) as raised:
        pool.submit(task).result()
    assert raised.value is error
    assert pool.submit(pow, 2, 3).result() == 8


def test_a_failed_task_leaves_no_cycle(pool: tm.Pool) -> None:
    class Thing:
        pass

    def task(thing: Thing) -> None:
        raise ValueError

    thing = Thing()
    gone = weakref.ref(thing)
    future = pool.submit(task, thing)
    assert isinstance(future.exception(), ValueError)
    gc.disable()
    try:
        del thing, future
        pool.submit(int).result()
        deadline = time.monotonic() + 30
        while gone() is not None and time.monotonic() < deadline:
            time.sleep(0.001)  # the worker may not have let go yet
            merge_references()
        assert gone() is None
    finally:
        gc.enable()


# ---- cancelling ----


def test_cancel_a_queued_task(pool: tm.Pool) -> None:
    gate = Busy(pool)
    ran: list[int] = []
    future = pool.submit(ran.append, 1)
    assert future.cancel()
    assert future.cancel()
    assert future.cancelled()
    assert future.done()
    gate.release.set()
    with pytest.raises(futures.CancelledError):
        future.result()
    with pytest.raises(futures.CancelledError):
        future.exception()
    pool.shutdown()
    assert ran == []


def test_a_running_task_cannot_be_cancelled(pool: tm.Pool) -> None:
    task = Gate()
    future = pool.submit(task, 3)
    assert task.begun.wait(60)
    assert not future.cancel()
    task.release.set()
    assert future.result() == 3
    assert not future.cancel()


def test_cancel_lets_go_of_the_arguments(pool: tm.Pool) -> None:
    gate = Busy(pool)
    thing = threading.Event()
    gone = weakref.ref(thing)
    future = pool.submit(thing.set)
    future.cancel()
    del thing
    assert gone() is None
    gate.release.set()


@pytest.mark.parametrize("wait", [True, False])
def test_shutdown_cancels_what_has_not_begun(pool: tm.Pool, wait: bool) -> None:
    gate = Busy(pool)
    queued = [pool.submit(int) for _ in range(10)]
    opener = threading.Thread(target=lambda: (futures.wait(queued, timeout=60), gate.release.set()))
    opener.start()
    pool.shutdown(wait=wait, cancel_futures=True)
    assert all(future.cancelled() for future in queued)
    # Who waits for them is told, though no worker will ever come to them.
    assert futures.wait(queued, timeout=60).done == set(queued)
    assert set(futures.as_completed(queued, timeout=60)) == set(queued)
    opener.join()


def test_who_waits_for_a_cancelled_task_is_told_at_once(pool: tm.Pool) -> None:
    gate = Busy(pool)
    future = pool.submit(int)
    waiting = threading.Thread(target=lambda: done.append(futures.wait([future], timeout=60).done))
    done: list[set[Any]] = []
    waiting.start()
    future.cancel()
    waiting.join()
    assert done == [{future}]
    gate.release.set()


# ---- waiting for several ----


def test_wait(pool: tm.Pool) -> None:
    gate = Busy(pool)
    tasks = [pool.submit(int) for _ in range(5)]
    assert futures.wait(tasks, timeout=0.01) == (set(), set(tasks))
    gate.release.set()
    assert futures.wait(tasks) == (set(tasks), set())
    failing = pool.submit(divmod, 1, 0)
    assert futures.wait([failing], return_when=futures.FIRST_EXCEPTION).done == {failing}


def test_wait_over_several_pools_and_the_standard_one() -> None:
    with tm.Pool(1) as a, tm.Pool(2) as b, futures.ThreadPoolExecutor(1) as c:
        for _ in range(20):
            tasks = [executor.submit(pow, 2, i) for i in range(10) for executor in (a, b, c)]
            assert futures.wait(tasks).done == set(tasks)
            assert sum(task.result() for task in futures.as_completed(tasks)) == 3 * 1023


def test_as_completed_gives_each_when_it_is_done() -> None:
    with tm.Pool(2) as pool:
        slow = Gate()
        first, second = pool.submit(slow, "slow"), pool.submit(lambda: "quick")
        completed = futures.as_completed([first, second])
        assert next(completed) is second
        slow.release.set()
        assert next(completed) is first
        assert next(completed, None) is None


# ---- callbacks ----


def test_callbacks_run_in_order_in_the_worker(pool: tm.Pool) -> None:
    seen: list[tuple[int, str]] = []
    task = Gate()
    future = pool.submit(task)
    done = threading.Event()
    for i in range(3):
        future.add_done_callback(lambda _, i=i: seen.append((i, threading.current_thread().name)))
    future.add_done_callback(lambda _: done.set())
    assert task.begun.wait(60)
    task.release.set()
    assert done.wait(60)
    assert [i for i, _ in seen] == [0, 1, 2]
    assert all(name.startswith("mill_") for _, name in seen)


def test_a_callback_on_a_done_future_runs_at_once(pool: tm.Pool) -> None:
    future = pool.submit(int)
    future.result()
    seen: list[Any] = []
    future.add_done_callback(seen.append)
    assert seen == [future]


def test_a_callback_that_raises_is_logged(pool: tm.Pool, caplog: pytest.LogCaptureFixture) -> None:
    task, done = Gate(), threading.Event()
    future = pool.submit(task, 7)
    future.add_done_callback(lambda _: 1 / 0)
    future.add_done_callback(lambda _: done.set())
    task.release.set()
    assert done.wait(60)
    assert future.result() == 7
    assert "exception calling callback" in caplog.text
    assert pool.submit(pow, 2, 3).result() == 8


@pytest.mark.parametrize("kind", [Fatal, SystemExit, KeyboardInterrupt])
def test_a_callback_that_raises_a_base_exception_stops_no_worker(
    pool: tm.Pool, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        task = Gate()
        future = pool.submit(task, 7)
        future.add_done_callback(lambda _: (_ for _ in ()).throw(kind("from the callback")))
        task.release.set()
        assert future.result() == 7
    # As many tasks at once as there are threads: none is lost.
    together = threading.Barrier(pool._max_workers)
    list(futures.as_completed([pool.submit(together.wait, 60) for _ in range(pool._max_workers)]))
    assert "Exception in worker" in caplog.text


def test_a_callback_may_submit_and_wait(pool: tm.Pool) -> None:
    results: queue.Queue[int] = queue.Queue()

    def more(future: Any) -> None:
        results.put(pool.submit(pow, future.result(), 2).result())

    pool.submit(pow, 2, 3).add_done_callback(more)
    assert results.get(timeout=60) == 64


# ---- asyncio ----


def test_asyncio(pool: tm.Pool) -> None:
    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        by_loop = [loop.run_in_executor(pool, pow, 2, i) for i in range(50)]
        wrapped = [asyncio.wrap_future(pool.submit(pow, 3, i)) for i in range(50)]
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(pool, divmod, 1, 0)
        return list(await asyncio.gather(*by_loop, *wrapped))

    assert asyncio.run(main()) == [2**i for i in range(50)] + [3**i for i in range(50)]


def test_asyncio_cancels_a_queued_task(pool: tm.Pool) -> None:
    gate = Busy(pool)
    queued = pool.submit(int)

    async def main() -> None:
        waiting = asyncio.wrap_future(queued)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert queued.cancelled()
    gate.release.set()


# ---- what a worker keeps and what a task brings ----


def test_names() -> None:
    with tm.Pool(3, "mill") as pool:
        together = threading.Barrier(3)

        def name() -> str:
            together.wait(60)
            return threading.current_thread().name

        tasks = [pool.submit(name) for _ in range(3)]
        assert {task.result() for task in tasks} == {"mill_0", "mill_1", "mill_2"}


def test_default_names_differ_from_pool_to_pool() -> None:
    with tm.Pool(1) as a, tm.Pool(1) as b:
        names = [each.submit(lambda: threading.current_thread().name).result() for each in (a, b)]
        assert names[0] != names[1]
        assert all(name.startswith("threadmill-") and name.endswith("_0") for name in names)


def test_thread_locals_survive_between_tasks() -> None:
    local = threading.local()

    def count() -> int:
        local.count = getattr(local, "count", 0) + 1
        return local.count  # type: ignore[no-any-return]

    with tm.Pool(1) as pool:
        assert [pool.submit(count).result() for _ in range(10)] == list(range(1, 11))
        assert list(pool.map(count_up := lambda _: count(), range(3))) == [11, 12, 13]
        assert count_up(0) == 1  # the caller has its own


def test_the_thread_is_the_same_object_between_tasks() -> None:
    with tm.Pool(1) as pool:
        threads = {pool.submit(threading.current_thread).result() for _ in range(5)}
        assert len(threads) == 1


variable = contextvars.ContextVar("variable", default="unset")


def test_a_task_sees_the_context_of_its_submitter(pool: tm.Pool) -> None:
    for value in "a", "b":
        token = variable.set(value)
        assert pool.submit(variable.get).result() == value
        variable.reset(token)
    assert pool.submit(variable.get).result() == "unset"


def test_what_a_task_sets_stays_in_its_own_context(pool: tm.Pool) -> None:
    pool.submit(variable.set, "changed").result()
    assert variable.get() == "unset"
    assert {pool.submit(variable.get).result() for _ in range(4)} == {"unset"}


def test_context_is_taken_at_submit(pool: tm.Pool) -> None:
    gate = Busy(pool)
    token = variable.set("then")
    future = pool.submit(variable.get)
    variable.reset(token)
    gate.release.set()
    assert future.result() == "then"


def test_numpy_errstate_reaches_tasks(pool: tm.Pool) -> None:
    if np.lib.NumpyVersion(np.__version__) < "2.1.0":
        pytest.skip("errstate became a context variable in NumPy 2.1")
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        pool.submit(np.square, np.array([1e300])).result()
    with np.errstate(over="ignore"):
        assert pool.submit(np.square, np.array([1e300])).result() == np.inf


# ---- initializer ----


def test_initializer_runs_once_on_each_thread_before_its_first_task() -> None:
    seen = []
    local = threading.local()

    def prepare(value: int) -> None:
        local.value = value
        seen.append(threading.current_thread().name)

    with tm.Pool(3, "ready", initializer=prepare, initargs=(5,)) as pool:
        together = threading.Barrier(3)

        def task() -> int:
            together.wait(60)
            return local.value  # type: ignore[no-any-return]

        assert [each.result() for each in [pool.submit(task) for _ in range(3)]] == [5] * 3
        assert list(pool.map(lambda _: local.value, range(100))) == [5] * 100
    assert sorted(seen) == ["ready_0", "ready_1", "ready_2"]


BROKEN = r"^A thread initializer failed, the thread pool is not usable anymore$"


@pytest.mark.parametrize("kind", [ValueError, Fatal])
def test_a_failing_initializer_breaks_the_pool(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()

    def fail() -> None:
        gate()
        raise kind("no")

    with tm.Pool(2, initializer=fail) as pool:
        tasks = [pool.submit(int) for _ in range(5)]
        mapped = pool.map(int, range(5))
        pool.spawn(int)
        gate.release.set()
        for task in tasks:
            with pytest.raises(BrokenThreadPool, match=BROKEN):
                task.result()
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            list(mapped)
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            pool.join()
        for submit in pool.submit, pool.spawn:
            with pytest.raises(BrokenThreadPool, match=BROKEN):
                submit(int)
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            pool.map(int, [1])
    assert "Exception in initializer" in caplog.text
    assert issubclass(BrokenThreadPool, futures.BrokenExecutor)


def test_callbacks_of_a_broken_pool_hold_no_lock() -> None:
    gate = Gate()

    def fail() -> None:
        gate()
        raise ValueError

    reached = threading.Event()
    with tm.Pool(1, initializer=fail) as pool:
        future = pool.submit(int)

        def look_from_elsewhere(_: Any) -> None:
            thread = threading.Thread(target=lambda: repr(pool.submit) and pool.stats() and repr(future))
            thread.start()
            thread.join(60)
            if not thread.is_alive():
                reached.set()

        future.add_done_callback(look_from_elsewhere)
        gate.release.set()
        assert reached.wait(100)


# ---- nesting ----


def test_a_task_waits_for_a_task_of_its_own(pool: tm.Pool) -> None:
    def outer() -> tuple[int, BaseException | None]:
        return pool.submit(pow, 2, 8).result(), pool.submit(divmod, 1, 0).exception()

    result, error = pool.submit(outer).result(timeout=60)
    assert result == 256
    assert isinstance(error, ZeroDivisionError)


def test_recursion_through_the_pool(pool: tm.Pool) -> None:
    def fibonacci(n: int) -> int:
        if n < 2:
            return n
        a, b = pool.submit(fibonacci, n - 1), pool.submit(fibonacci, n - 2)
        return a.result() + b.result()

    assert pool.submit(fibonacci, 12).result(timeout=60) == 144


def test_recursion_a_thousand_deep(pool: tm.Pool) -> None:
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + pool.submit(down, n - 1).result()

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert pool.submit(down, 1000).result(timeout=60) == 1000
    finally:
        sys.setrecursionlimit(limit)


def test_recursion_without_end_is_a_recursion_error(pool: tm.Pool) -> None:
    def down() -> Any:
        return pool.submit(down).result()

    with pytest.raises(RecursionError):
        pool.submit(down).result(timeout=60)
    assert pool.submit(pow, 2, 3).result() == 8


def test_a_waiting_worker_runs_no_other_task() -> None:
    """It would else hold a lock twice, or meet the other task's failure of nesting."""
    with tm.Pool(1) as pool:
        order: list[str] = []

        def outer() -> None:
            pool.submit(order.append, "unrelated")
            pool.submit(order.append, "awaited").result()
            order.append("outer")

        pool.submit(outer).result()
    assert order == ["awaited", "outer", "unrelated"]


def test_nested_map(pool: tm.Pool) -> None:
    def row(n: int) -> list[int]:
        return list(pool.map(lambda i: i * n, range(20)))

    assert list(pool.map(row, range(20))) == [[i * n for i in range(20)] for n in range(20)]


def test_nested_loops(pool: tm.Pool) -> None:
    x = np.arange(300_000, dtype=np.float64)

    def task(k: int) -> Any:
        return tm.sum(tm.scale(x, float(k), pool=pool), pool=pool)

    assert list(pool.map(task, range(10))) == [np.sum(x * k) for k in range(10)]


def test_two_pools_wait_for_each_other() -> None:
    with tm.Pool(1) as a, tm.Pool(1) as b:

        def task_of_b() -> int:
            return a.submit(pow, 2, 3).result()

        def task_of_a() -> int:
            later = b.submit(int)
            return later.result() + 1

        assert a.submit(task_of_a).result(timeout=60) == 1
        assert b.submit(task_of_b).result(timeout=60) == 8


# ---- odd places to submit from ----


class Parting:
    """Puts a 1, in a task of the pool, when the collector takes it away."""

    def __init__(self, pool: tm.Pool, results: "queue.Queue[int]") -> None:
        self.cycle, self.pool, self.results = self, pool, results

    def __del__(self) -> None:
        self.pool.submit(self.results.put, 1)


def test_submit_from_del(pool: tm.Pool) -> None:
    results: queue.Queue[int] = queue.Queue()

    for _ in range(200):
        Parting(pool, results)
        pool.submit(int)
    _collect_until(results, 200)


def test_submit_from_a_callback_of_the_collector_inside_submit(pool: tm.Pool) -> None:
    """The collector may run in the middle of submit, with the pool's lock held."""
    results: queue.Queue[int] = queue.Queue()

    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(300):
            Parting(pool, results)
            pool.submit(int)
    finally:
        gc.set_threshold(*thresholds)
    _collect_until(results, 300)


def _collect_until(results: "queue.Queue[int]", count: int) -> None:
    """Collects again where a result is late: gc.collect does nothing while a worker collects."""
    gc.collect()
    for _ in range(count):
        while True:
            with contextlib.suppress(queue.Empty):
                assert results.get(timeout=1) == 1
                break
            gc.collect()


def test_nothing_taken_is_lost_in_a_shutdown() -> None:
    for _ in range(20):
        pool = tm.Pool(2)
        taken: list[Any] = []
        begun = threading.Barrier(5)

        def submit_until_refused(pool: tm.Pool = pool, taken: Any = taken, begun: Any = begun) -> None:
            begun.wait(60)
            with contextlib.suppress(RuntimeError):
                while True:
                    taken.append(pool.submit(pow, 2, 3))

        threads = [threading.Thread(target=submit_until_refused) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait(60)
        assert soon(lambda taken=taken: len(taken) > 10)  # type: ignore[misc]
        pool.shutdown()
        for thread in threads:
            thread.join()
        assert {future.result(timeout=60) for future in taken} == {8}


@pytest.mark.long
def test_a_million_queued_tasks() -> None:
    with tm.Pool(2) as pool:
        gate = Busy(pool)
        ended = itertools.count()
        for _ in range(1_000_000):
            pool.spawn(next, ended)
        gate.release.set()
        pool.join()
        assert next(ended) == 1_000_000


# ---- backpressure ----


class Crowd:
    """A pool whose threads are busy and whose queue is full."""

    def __init__(self, threads: int, when_full: Any, max_queue: int = 2) -> None:
        self.pool = tm.Pool(threads, max_queue=max_queue, when_full=when_full)
        self.gate = Busy(self.pool)
        self.queued = [self.pool.submit(pow, 2, i) for i in range(max_queue)]


@pytest.fixture(params=[1, 2])
def crowd(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Crowd]]:
    made: list[Crowd] = []

    def make(when_full: Any) -> Crowd:
        made.append(Crowd(request.param, when_full))
        return made[-1]

    yield make
    for each in made:
        each.gate.release.set()
        each.pool.shutdown()


def test_full_raises(crowd: Callable[[Any], Crowd]) -> None:
    full = crowd("raise")
    for submit in full.pool.submit, full.pool.spawn:
        with pytest.raises(queue.Full, match=r"^2 tasks wait already \(max_queue\): submit later"):
            submit(int)
    full.gate.release.set()
    full.pool.join()
    assert [task.result() for task in full.queued] == [1, 2]
    assert full.pool.submit(pow, 2, 3).result() == 8


def test_full_runs_in_the_caller(crowd: Callable[[Any], Crowd]) -> None:
    full = crowd("run")
    future = full.pool.submit(threading.current_thread)
    assert future.done()
    assert future.result() is threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        full.pool.submit(divmod, 1, 0).result()
    full.pool.spawn(divmod, 1, 0)
    assert list(full.pool.map(abs, [-1, -2])) == [1, 2]
    full.gate.release.set()
    with pytest.raises(ZeroDivisionError):
        full.pool.join()


def test_full_blocks(crowd: Callable[[Any], Crowd]) -> None:
    full = crowd("block")
    done = threading.Event()
    results: list[int] = []

    def submit() -> None:
        results.extend(task.result() for task in [full.pool.submit(pow, 2, i) for i in range(100)])
        done.set()

    thread = threading.Thread(target=submit)
    thread.start()
    assert not done.wait(0.05)
    full.gate.release.set()
    thread.join()
    assert results == [2**i for i in range(100)]


def test_full_and_then_shut_down(crowd: Callable[[Any], Crowd]) -> None:
    full = crowd("block")
    errors: list[str] = []
    began = threading.Barrier(4)

    def submit() -> None:
        began.wait(60)
        try:
            full.pool.submit(int)
        except RuntimeError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=submit) for _ in range(3)]
    for thread in threads:
        thread.start()
    began.wait(60)
    full.pool.shutdown(wait=False)
    for thread in threads:
        thread.join()
    assert errors == ["cannot schedule new futures after shutdown"] * 3


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("when_full", ["block", "run"])
def test_a_worker_submits_to_its_own_full_pool(threads: int, when_full: Any) -> None:
    with tm.Pool(threads, max_queue=1, when_full=when_full) as pool:

        def task(depth: int) -> int:
            if depth == 0:
                return 1
            return sum(each.result() for each in [pool.submit(task, depth - 1) for _ in range(5)])

        assert pool.submit(task, 4).result(timeout=60) == 5**4
        pool.spawn(lambda: [pool.spawn(int) for _ in range(20)])
        pool.join(timeout=60)


@pytest.mark.parametrize(
    "when_full",
    [
        "block",
        "raise",
        "run",
    ],
)
def test_map_on_a_bounded_pool_needs_one_place_in_the_queue(when_full: Any) -> None:
    with tm.Pool(3, max_queue=1, when_full=when_full) as pool:
        for _ in range(20):
            assert list(pool.map(abs, range(-50, 0))) == list(range(50, 0, -1))


# ---- logging is quiet otherwise ----


def test_nothing_is_logged(pool: tm.Pool, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        futures.wait([pool.submit(divmod, 1, 0) for _ in range(10)])
        pool.shutdown()
    assert caplog.text == ""
