"""Public bug reports about tasks, tried here: CPython's executors, threads and queues; joblib, threadpoolctl,
gevent, eventlet, coverage and debuggers.

docs/reliability.md lists the reports.
"""

import asyncio
import contextvars
import gc
import logging
import os
import signal
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent import futures
from importlib.metadata import PackageNotFoundError
from typing import Any
from unittest import mock

import numpy as np
import pytest
from kit import commands
from kit.threads import Busy, native_threads, needs_proc, needs_sound_forks, soon

import threadmill as tm

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
X = np.arange(300_007.0)


def printed(script: str, *options: str) -> list[str]:
    """What a program prints, which must end by itself and write no errors."""
    head = """import atexit, faulthandler, sys, threading
import threadmill as tm
faulthandler.dump_traceback_later(60, exit=True)
"""
    ended = commands.run_python(head + script, *options)
    assert ended.stderr == ""
    assert ended.returncode == 0
    return ended.stdout.splitlines()


@pytest.fixture
def busy() -> Iterator[tuple[tm.Pool, threading.Event]]:
    """A pool whose only worker is held until the event is set."""
    with tm.Pool(1) as pool:
        busy = Busy(pool)
        try:
            yield pool, busy.release
        finally:
            busy.release.set()


# ---- CPython: concurrent.futures ----


def test_bpo_16284_a_worker_keeps_nothing_of_the_last_call() -> None:
    """An idle worker held the last function, its arguments and its result."""

    class Thing:
        pass

    kept: list[Any] = []
    gc.disable()
    try:
        with tm.Pool(2) as pool:
            for call in pool.submit, pool.spawn:
                argument = Thing()
                kept.append(weakref.ref(argument))
                future = call(lambda _: None, argument)
                pool.submit(int).result() if future is None else future.result()
                del argument, future
            kept_alive = [Thing()]
            kept.append(weakref.ref(kept_alive[0]))
            pool.submit(kept_alive.pop).result()
            pool.join()
            assert soon(lambda: not any(each() for each in kept))
    finally:
        gc.enable()


def test_bpo_27144_results_already_taken_are_let_go() -> None:
    """as_completed and map kept every result until the last one."""

    made, gone = [], []  # threads append at once, without the GIL too

    class Result:
        def __init__(self, _: int) -> None:
            made.append(None)

        def __del__(self) -> None:
            gone.append(None)

    def alive() -> int:
        return len(made) - len(gone)

    with tm.Pool(2) as pool:
        results = pool.map(Result, range(64), chunksize=1)
        waiting = [pool.submit(Result, k) for k in range(64)]
        futures.wait(waiting)
        assert soon(lambda: alive() == 128)
        for left in range(127, 63, -1):
            next(results)
            assert soon(lambda left=left: alive() == left)
        completed = futures.as_completed(waiting)
        for left in range(63, -1, -1):
            waiting.remove(next(completed))
            assert soon(lambda left=left: alive() == left)


def test_bpo_31249_a_pool_is_in_no_reference_cycle() -> None:
    """An executor that was shut down stayed until the collector ran."""
    gc.collect()
    gc.disable()
    try:
        pool = tm.Pool(2)
        assert list(pool.map(abs, range(100))) == list(range(100))
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        gone = weakref.ref(pool)
        pool.shutdown()
        del pool
        assert gone() is None
    finally:
        gc.enable()


def test_bpo_33238_a_future_has_one_end() -> None:
    """set_result of a future with an end went through, and woke who waits twice."""
    with tm.Pool(1) as pool:
        future = pool.submit(pow, 2, 5)
        assert future.result() == 32
        for end in (lambda: future.set_result(1)), (lambda: future.set_exception(ValueError())):
            with pytest.raises(futures.InvalidStateError):
                end()
        assert future.result() == 32
        assert not future.cancel()


def test_gh_92001_a_wait_for_a_cancelled_future_ends(busy: tuple[tm.Pool, threading.Event]) -> None:
    """wait([future]) never returned once the future was cancelled, until a worker came by it."""
    pool, release = busy
    waiting = [pool.submit(int) for _ in range(3)]
    assert waiting[1].cancel()
    assert waiting[1].cancelled()
    with pytest.raises(futures.CancelledError):
        waiting[1].result()
    release.set()
    done, not_done = futures.wait(waiting, timeout=60)
    assert (done, not_done) == (set(waiting), set())


def test_bpo_20319_a_wait_ends_when_all_have_ended() -> None:
    """wait() could block for ever though all futures had ended: it looked, then counted."""
    with tm.Pool(4) as pool:
        for _ in range(300):
            done, not_done = futures.wait([pool.submit(int) for _ in range(5)], timeout=60)
            assert (len(done), len(not_done)) == (5, 0)


def test_bpo_20367_a_future_may_be_waited_for_twice_over() -> None:
    """as_completed failed and wait (bpo-20369) never returned when a future was given twice."""
    with tm.Pool(1) as pool:
        future = pool.submit(pow, 2, 3)
        assert futures.wait([future, future], timeout=60).done == {future}
        assert [each.result() for each in futures.as_completed([future, future], timeout=60)] == [8]


@needs_proc
def test_bpo_24882_a_pool_has_no_more_threads_than_it_may() -> None:
    """A thread was started for each task, though others were idle; ours start together, once."""
    before = native_threads()
    with tm.Pool(3) as pool:
        for _ in range(20):
            pool.submit(int).result()
        assert len(native_threads() - before) == 3


def test_bpo_21423_all_are_told_of_a_failing_initializer() -> None:
    """A worker whose preparation fails must not leave tasks without an end."""
    release = threading.Event()

    def fail() -> None:
        release.wait(60)
        raise OSError("no database")

    logging.getLogger("concurrent.futures").disabled = True
    try:
        with tm.Pool(2, initializer=fail) as pool:
            waiting = [pool.submit(int) for _ in range(10)]
            release.set()
            assert {type(future.exception(60)) for future in waiting} == {futures.thread.BrokenThreadPool}
            with pytest.raises(futures.BrokenExecutor):
                pool.submit(int)
    finally:
        logging.getLogger("concurrent.futures").disabled = False


def test_bpo_39349_queued_tasks_can_be_cancelled_at_shutdown(busy: tuple[tm.Pool, threading.Event]) -> None:
    """Nothing but waiting for all of them ended a full queue."""
    pool, release = busy
    waiting = [pool.submit(int) for _ in range(50)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in waiting)
    release.set()


def test_gh_95166_a_map_that_times_out_cancels_what_it_waits_for(
    busy: tuple[tm.Pool, threading.Event],
) -> None:
    """The call that map was waiting for was left in the queue, and ran later."""
    pool, release = busy
    ran: list[str] = []
    results = pool.map(ran.append, ["second", "third"], timeout=0.01)
    with pytest.raises(futures.TimeoutError):
        next(results)
    release.set()
    pool.shutdown()
    assert ran == []


def test_gh_155852_a_calls_own_timeout_error_is_its_result() -> None:
    """A TimeoutError of the function was taken for map's, which cancelled calls in progress."""

    def call(x: int) -> int:
        if x == 2:
            raise TimeoutError("a socket's")
        return x

    with tm.Pool(2) as pool:
        for timeout in None, 60:
            results = pool.map(call, range(5), timeout=timeout)
            assert [next(results), next(results)] == [0, 1]
            with pytest.raises(TimeoutError, match=r"^a socket's$"):
                next(results)
            with pytest.raises(TimeoutError, match=r"^a socket's$"):
                pool.submit(call, 2).result(timeout)


def test_gh_74028_a_map_with_a_buffer_runs_no_further_ahead() -> None:
    """map drew all its input at once. With a buffersize it keeps that many calls ahead (gh-131466)."""
    drawn = 0

    def source() -> Iterator[int]:
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn

    with tm.Pool(2) as pool:
        results = pool.map(abs, source(), chunksize=1, buffersize=4)
        for k in range(1, 50):
            assert next(results) == k
            assert drawn <= k + 4
        results.close()


def test_gh_76757_a_task_may_be_submitted_anywhere() -> None:
    """submit in a destructor waited for the lock that the interrupted put held."""
    ran: list[int] = []

    class Noisy:
        def __init__(self) -> None:
            self.me = self  # a cycle: it goes whenever the collector runs, in the middle of anything

        def __del__(self) -> None:
            pool.spawn(ran.append, 1)
            pool.submit(ran.append, 1)
            items.put(1)

    thresholds = gc.get_threshold()
    items = tm.Queue()
    with tm.Pool(2) as pool:
        gc.set_threshold(5)
        try:
            for _ in range(2000):
                Noisy()
                pool.submit(int)
                pool.spawn(list)
                items.put([])
        finally:
            gc.set_threshold(*thresholds)

        def all_ran() -> bool:
            gc.collect()  # it does nothing while another thread collects, so once may not do
            return len(ran) == 4000

        assert soon(all_ran)
    assert items.qsize() == 4000


def test_gh_121649_a_signal_handler_may_close_a_pool() -> None:
    """A handler that came in submit waited for submit's own lock. Here it may do all but wait for tasks."""
    lines = printed(
        """
import signal
for k in range(20):
    pool = tm.Pool(2)
    handled = []
    def stop(*_):
        pool.spawn(handled.append, 1)
        pool.shutdown(wait=False, cancel_futures=True)
        handled.append(2)
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.003 + k * 1e-4)
    futures = []
    try:
        while True:
            futures.append(pool.submit(int))
            pool.spawn(int)
    except RuntimeError as error:
        assert 2 in handled and "shutdown" in str(error), (handled, error)
    pool.shutdown()
    assert all(future.done() for future in futures)
print("handled")
"""
    )
    assert lines == ["handled"]


@pytest.mark.thread_unsafe(reason="signals go to the main thread")
def test_pythonfutures_25_ctrl_c_ends_a_wait_for_a_result(busy: tuple[tm.Pool, threading.Event]) -> None:
    """Ctrl-C came through only when the task had ended."""
    pool, _ = busy
    waiting = pool.submit(int)
    pool.spawn(int)
    for wait in (
        waiting.result,
        waiting.exception,
        lambda: futures.wait([waiting]),
        pool.join,
        lambda: list(pool.map(abs, [1])),
    ):
        # Sent by another thread, so that it comes in the wait as a rule; before it, it ends this as well.
        sender = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            sender.start()
            wait()
        sender.join()


def test_gh_80961_a_program_ends_after_the_tasks_of_pools_shut_down() -> None:
    """shutdown(wait=False) and the end of the program: what was queued runs, as in the standard library."""
    script = """
pool = tm.Pool(1)
for k in range(3):
    pool.submit(print, k, flush=True)
pool.shutdown(wait=False)
"""
    assert printed(script, "-X", "dev") == ["0", "1", "2"]


def test_gh_83993_workers_are_no_daemons_when_the_program_ends() -> None:
    """A daemon thread was stopped anywhere; a task in progress at the end is finished (bpo-39812)."""
    script = """
begun, release = threading.Event(), threading.Event()
def task():
    begun.set()
    release.wait()
    print("ended", flush=True)
pool = tm.Pool(1)
pool.submit(task)
begun.wait()
threading.Timer(0.1, release.set).start()  # the main thread has left its module long before, as a rule
"""
    assert printed(script, "-X", "dev") == ["ended"]


def test_gh_113964_a_thread_that_outlives_the_main_module_is_answered() -> None:
    """A thread that goes on after the main module's end got errors from inside the library."""
    script = """
def late():
    threading.main_thread().join()
    for pool in mine, tm.Pool(1):
        try:
            pool.submit(pow, 2, 3)
        except RuntimeError as error:
            print(error, flush=True)
    print(tm.sum(range(200_000)), flush=True)
mine = tm.Pool(1)
mine.submit(int).result()
threading.Thread(target=late).start()
"""
    refused = "cannot schedule new futures after interpreter shutdown"
    assert printed(script) == [refused, refused, "19999900000"]


def test_gh_148280_a_pool_never_used_is_no_trouble_at_exit() -> None:
    """Executors made, imported or dropped late wrote errors at exit."""
    script = """
pool = tm.Pool(2)
used = tm.Pool(2)
results = used.map(abs, [-1, -2])
print(next(results))
@atexit.register
def last():
    try:
        used.submit(print, "never")
    except RuntimeError:
        print("refused")
    print(tm.sum([1, 2]))
"""
    assert printed(script, "-X", "dev") == ["1", "refused", "3"]


def test_gh_78195_a_task_sees_the_context_of_who_submitted() -> None:
    """run_in_executor lost context variables."""
    name = contextvars.ContextVar("name", default="nobody")

    async def main(pool: tm.Pool) -> list[str]:
        loop = asyncio.get_running_loop()
        seen = []
        for who in "ann", "bob":
            name.set(who)
            seen += [await loop.run_in_executor(pool, name.get), pool.submit(name.get).result()]
            seen += list(pool.map(lambda _: name.get(), range(2)))
        return seen

    with tm.Pool(2) as pool:
        assert asyncio.run(main(pool)) == ["ann"] * 4 + ["bob"] * 4
        assert pool.submit(name.get).result() == "nobody"


# ---- CPython: queues, locks, fork ----


@pytest.mark.parametrize(
    "options", [{}, {"order": "lifo"}, {"order": "priority"}, {"dtype": "i8"}, {"maxsize": 1}]
)
def test_gh_117531_a_shutdown_wakes_who_waits_for_an_item(options: dict[str, Any]) -> None:
    """shutdown() without `immediate` left getters asleep."""
    items = tm.Queue(**options)
    told: list[str] = []
    about = threading.Barrier(4)

    def get() -> None:
        about.wait(60)
        try:
            items.get()
        except tm.ShutDown:
            told.append("shut down")

    getters = [threading.Thread(target=get) for _ in range(3)]
    for getter in getters:
        getter.start()
    about.wait(60)
    items.shutdown()
    for getter in getters:
        getter.join(60)
    assert told == ["shut down"] * 3


@pytest.mark.parametrize("options", [{}, {"order": "lifo"}, {"order": "priority"}, {"dtype": "i8"}])
def test_gh_116631_items_dropped_count_as_done_once(options: dict[str, Any]) -> None:
    """task_done beside shutdown(immediate=True): refused for an item dropped, not for one taken."""
    for taken in 0, 1, 2:
        items = tm.Queue(**options)
        for k in range(3):
            items.put(k)
        for _ in range(taken):
            items.get()
        items.shutdown(immediate=True)
        for _ in range(taken):
            items.task_done()
        with pytest.raises(ValueError, match="task_done"):
            items.task_done()
        items.join()


def test_gh_96471_a_full_queue_shut_down_refuses_who_waits_for_room() -> None:
    """A putter that waits for room is told, and what was put comes out."""
    items = tm.Queue(maxsize=1)
    items.put("kept")
    told: list[str] = []
    about = threading.Event()

    def put() -> None:
        about.set()
        try:
            items.put("late")
        except tm.ShutDown:
            told.append("shut down")

    putter = threading.Thread(target=put)
    putter.start()
    assert about.wait(60)
    items.shutdown()
    putter.join(60)
    assert told == ["shut down"]
    assert items.get() == "kept"
    with pytest.raises(tm.ShutDown):
        items.get()


@needs_fork
@needs_sound_forks
def test_gh_50970_a_child_forked_anywhere_logs_and_works() -> None:
    """A lock held by another thread at a fork stayed locked in the child."""
    stop = threading.Event()
    log = logging.getLogger("test_gh_50970")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    items = tm.Queue()

    def work() -> None:
        while not stop.is_set():
            log.warning("working")
            items.put(1)
            items.get()

    with tm.Pool(2) as pool:
        working = [pool.submit(work) for _ in range(2)]
        try:
            for _ in range(20):
                pid = os.fork()
                if pid == 0:
                    signal.alarm(60)
                    log.warning("child")
                    fresh = tm.Queue()
                    fresh.put(3)
                    items.put(4)
                    fine = fresh.get() == 3 and items.qsize() and pool.submit(pow, 2, 3).result(60) == 8
                    os._exit(0 if fine else 1)
                assert os.waitpid(pid, 0)[1] == 0
        finally:
            stop.set()
        assert futures.wait(working, 60).not_done == set()


# ---- gevent, eventlet, coverage, debuggers ----


def test_gevent_1251_a_pure_python_simple_queue_will_do() -> None:
    """gevent and eventlet put a SimpleQueue of their own into `queue`; executors hung."""
    script = """
import queue
queue.SimpleQueue = queue._PySimpleQueue
with tm.Pool(2) as pool:
    print(list(pool.map(abs, range(-3, 0))), pool.submit(pow, 2, 3).result())
items, bounded = tm.Queue(), tm.Queue(1)
for each in items, bounded:
    each.put(1)
    print(each.get(), each.empty())
items.put(2)
print(items.get(timeout=1))
"""
    head = "import queue\nqueue.SimpleQueue = queue._PySimpleQueue\n"
    expected = ["[3, 2, 1] 8", "1 True", "1 True", "2"]
    ended = commands.run_python(head + "import threadmill as tm\n" + script)
    assert (ended.stderr, ended.stdout.splitlines()) == ("", expected)


def test_coverage_582_lines_of_tasks_are_traced() -> None:
    """Threads that are not threading.Thread's passed by its trace hook."""
    traced: set[str] = set()
    profiled: set[str] = set()

    def trace(frame: Any, event: str, _: Any) -> Any:
        traced.add(frame.f_code.co_name)
        return trace

    def first() -> None:
        pass

    def second(_: int) -> None:
        pass

    def third(_: int) -> None:
        pass

    threading.settrace(trace)
    threading.setprofile(lambda frame, *_: profiled.add(frame.f_code.co_name))
    try:
        with tm.Pool(2) as pool:
            pool.submit(first).result()
            pool.spawn(second, 1)
            list(pool.map(third, range(3)))
            pool.join()
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
        threading.setprofile(None)  # type: ignore[arg-type]
    assert {"first", "second", "third"} <= traced
    assert {"first", "second", "third"} <= profiled


def test_ptvsd_2137_a_trace_set_in_a_task_sees_the_tasks_after_it() -> None:
    """A debugger attached by hand in a native thread lost it with the next call."""
    traced: list[str] = []

    def trace(frame: Any, event: str, _: Any) -> Any:
        traced.append(frame.f_code.co_name)

    def following() -> Any:
        return sys.gettrace()

    with tm.Pool(1) as pool:
        pool.submit(sys.settrace, trace).result()
        assert pool.submit(following).result() is trace
        pool.submit(sys.settrace, None).result()
        assert pool.submit(following).result() is None
    assert "following" in traced


@pytest.mark.skipif(sys.version_info < (3, 12), reason="threading.settrace_all_threads is new in 3.12")
def test_debugpy_1963_a_trace_for_all_threads_reaches_workers_that_wait() -> None:
    """A debugger that attaches late wants the threads that run already."""
    traced: set[str] = set()

    def trace(frame: Any, event: str, _: Any) -> Any:
        traced.add(frame.f_code.co_name)

    def task() -> None:
        pass

    with tm.Pool(1) as pool:
        pool.submit(int).result()
        threading.settrace_all_threads(trace)  # type: ignore[attr-defined]
        try:
            pool.submit(task).result()
        finally:
            threading.settrace_all_threads(None)  # type: ignore[attr-defined]
    assert "task" in traced


def test_pydevd_302_a_worker_is_one_thread_to_python() -> None:
    """A native thread that came as another thread at each call confused debuggers and kept their records."""
    local = threading.local()

    def look() -> tuple[Any, int, int, str]:
        local.calls = getattr(local, "calls", 0) + 1
        me = threading.current_thread()
        return me, threading.get_ident(), local.calls, type(me).__name__

    with tm.Pool(1) as pool:
        seen = [pool.submit(look).result() for _ in range(5)]
        (worker, ident, _, _), *_ = seen
        assert [each[:3] for each in seen] == [(worker, ident, k) for k in range(1, 6)]
        assert worker.ident == ident
        assert worker in threading.enumerate()
        assert worker.is_alive()
    assert worker not in threading.enumerate()


# ---- joblib, threadpoolctl, what tasks inherit ----


@pytest.fixture
def parallel(joblib: Any) -> Iterator[Callable[..., Any]]:
    with tm.Pool(3, "jobber") as pool, joblib.parallel_config(backend="threadmill", pool=pool):
        yield joblib.Parallel


def test_joblib_615_a_nested_call_has_the_same_backend(joblib: Any, parallel: Any) -> None:
    """The inner Parallel went to another backend."""

    def inner(k: int) -> str:
        return threading.current_thread().name

    def outer(k: int) -> list[str]:
        return parallel(n_jobs=2)(joblib.delayed(inner)(k) for k in range(4))

    names = [name for each in parallel(n_jobs=3)(joblib.delayed(outer)(k) for k in range(6)) for name in each]
    assert set(names) <= {"jobber_0", "jobber_1", "jobber_2"}
    assert len(names) == 24


def test_joblib_690_recursive_calls_start_no_threads_without_end(joblib: Any, parallel: Any) -> None:
    """A function that calls Parallel on itself was a fork bomb, then a deadlock."""
    threads: set[int] = set()

    def leaves(depth: int) -> int:
        threads.add(threading.get_ident())
        if not depth:
            return 1
        return sum(parallel(n_jobs=2)(joblib.delayed(leaves)(depth - 1) for _ in range(2)))

    assert parallel(n_jobs=2)([joblib.delayed(leaves)(6)]) == [64]
    assert len(threads) <= 4


def test_joblib_696_an_error_of_a_nested_call_keeps_its_class(joblib: Any, parallel: Any) -> None:
    """It came out as a generic JoblibException."""

    class Special(ValueError):
        pass

    def inner(k: int) -> None:
        raise Special("deep", k)

    def outer(k: int) -> Any:
        return parallel(n_jobs=2)(joblib.delayed(inner)(k) for _ in range(2))

    with pytest.raises(Special) as caught:
        parallel(n_jobs=2)(joblib.delayed(outer)(7) for _ in range(2))
    assert caught.value.args == ("deep", 7)
    assert "in inner" in str(caught.value.__cause__)


def test_joblib_588_a_generator_dropped_at_once_leaves_the_pool_usable(joblib: Any, parallel: Any) -> None:
    """A generator that nobody reads kept workers busy or hung at its collection."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(5):
            results = parallel(n_jobs=2, return_as="generator")(joblib.delayed(abs)(-k) for k in range(100))
            next(results)
            dropper = threading.Thread(target=results.close)
            dropper.start()
            dropper.join(60)
            assert not dropper.is_alive()
            del results
        assert parallel(n_jobs=3)(joblib.delayed(abs)(-k) for k in range(10)) == list(range(10))


def test_joblib_962_many_calls_in_a_row_all_return(joblib: Any, parallel: Any) -> None:
    """Now and then one of some twenty calls never returned."""
    for n in range(60):
        assert parallel(n_jobs=3)(joblib.delayed(abs)(-k) for k in range(n)) == list(range(n))


def test_joblib_602_calls_share_memory(joblib: Any, parallel: Any) -> None:
    """require="sharedmem" is what threads give."""
    out = np.zeros(50)

    def write(k: int) -> None:
        out[k] = k

    parallel(n_jobs=2, require="sharedmem")(joblib.delayed(write)(k) for k in range(50))
    assert out.tobytes() == np.arange(50.0).tobytes()


def test_joblib_1071_calls_see_the_callers_configuration(joblib: Any, parallel: Any) -> None:
    """The caller's settings did not reach workers (scikit-learn#17634). Context variables and errstate do."""
    setting = contextvars.ContextVar("setting", default=1)
    setting.set(2)

    def look() -> Any:
        return setting.get(), np.geterr()["divide"]

    with np.errstate(divide="raise"), tm.Pool(2) as pool:
        expected = (2, np.geterr()["divide"])
        assert pool.submit(look).result() == expected
        assert list(pool.map(lambda _: look(), range(3))) == [expected] * 3
        assert parallel(n_jobs=2)(joblib.delayed(look)() for _ in range(4)) == [expected] * 4


@pytest.fixture
def threadpoolctl() -> Any:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    from threadmill.threadpoolctl import register

    register()
    return threadpoolctl


def _limit(threadpoolctl: Any) -> int:
    (mine,) = threadpoolctl.ThreadpoolController().select(user_api="threadmill").info()
    return int(mine["num_threads"])


def test_threadpoolctl_104_nested_limits_are_put_back_one_by_one(threadpoolctl: Any) -> None:
    """The inner limit's end put back what had been before the outer one."""
    controller = threadpoolctl.ThreadpoolController()
    free = _limit(threadpoolctl)
    with controller.limit(limits=5, user_api="threadmill"):
        with controller.limit(limits=2, user_api="threadmill"):
            assert _limit(threadpoolctl) == 2
        assert _limit(threadpoolctl) == 5
    assert _limit(threadpoolctl) == free


def test_threadpoolctl_205_threads_limit_themselves_alone(threadpoolctl: Any) -> None:
    """Limits set in several threads at once were put back in any order."""
    free = _limit(threadpoolctl)
    gate = threading.Barrier(3)
    controller = threadpoolctl.ThreadpoolController().select(user_api="threadmill")

    def work(limit: int) -> bool:
        for _ in range(50):
            gate.wait(60)
            with controller.limit(limits=limit):
                gate.wait(60)
                if controller.info()[0]["num_threads"] != limit and _limit(threadpoolctl) != limit:
                    return False
                tm.sum(X)
        return _limit(threadpoolctl) == free

    with futures.ThreadPoolExecutor(3) as threads:
        assert all(threads.map(work, [1, 2, 3]))
    assert _limit(threadpoolctl) == free


def test_threadpoolctl_132_a_limit_set_before_the_first_loop_counts(threadpoolctl: Any) -> None:
    """Threads that a library started within a limit were as many as ever."""
    seen: set[int] = set()

    def note(_: Any) -> None:
        pool.submit(int).result()  # a worker that was sent to the chunks before has come by then
        seen.add(threading.get_ident())

    with tm.Pool(4) as pool:
        with threadpoolctl.threadpool_limits(1, user_api="threadmill"):
            tm.map_chunks(note, X, chunksize=5000, pool=pool)
            tm.reduce(lambda a, _: note(a), range(3000), pool=pool)
            assert seen == {threading.get_ident()}
        tm.map_chunks(note, X, chunksize=5000, pool=pool)
        assert len(seen) > 1


def test_threadpoolctl_131_the_version_needs_no_metadata(threadpoolctl: Any, monkeypatch: Any) -> None:
    """One library whose version could not be read made the whole list fail; here, without the metadata."""
    missing = mock.Mock(side_effect=PackageNotFoundError("threadmill"))
    monkeypatch.setattr("importlib.metadata.version", missing)
    controllers = threadpoolctl.ThreadpoolController().select(user_api="threadmill").info()
    assert [each["version"] for each in controllers] == [tm.__version__]
