"""A worker is a Python thread like any other: trace hooks, daemons, thread-locals, contexts, signals, end."""

import contextvars
import ctypes
import decimal
import gc
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.threads import soon

import threadmill as tm

Make = Callable[..., Any]
both = pytest.mark.parametrize("make", [ThreadPoolExecutor, tm.Pool])


# ---- trace hooks ----


def traced() -> None:
    """What the hooks look for."""


@pytest.fixture
def seen() -> Iterator[set[str]]:
    """What hooks that new threads are to have see of `traced`."""
    found: set[str] = set()

    def profile(frame: Any, _event: str, _arg: Any) -> None:
        if frame.f_code is traced.__code__:
            found.add("profile")

    def trace(frame: Any, _event: str, _arg: Any) -> Any:
        if frame.f_code is traced.__code__:
            found.add("trace")
        return trace

    before = threading.gettrace(), threading.getprofile()
    threading.settrace(trace)
    threading.setprofile(profile)
    try:
        yield found
    finally:
        threading.settrace(before[0])  # type: ignore[arg-type]
        threading.setprofile(before[1])


def by_submit() -> None:
    with tm.Pool(1) as pool:
        pool.submit(traced).result()


def by_spawn() -> None:
    with tm.Pool(1) as pool:
        pool.spawn(traced)
        pool.join()


def by_map() -> None:
    with tm.Pool(1) as pool:
        list(pool.map(lambda _: traced(), range(3)))


def by_initializer() -> None:
    with tm.Pool(1, initializer=traced) as pool:
        pool.submit(int).result()


def by_pipeline() -> None:
    with tm.Pipeline([lambda _: traced()]) as pipeline:
        list(pipeline.run([1]))


@pytest.mark.parametrize("use", [by_submit, by_spawn, by_map, by_initializer, by_pipeline])
def test_hooks_for_new_threads_see_what_workers_run(use: Callable[[], None], seen: set[str]) -> None:
    use()
    assert seen == {"profile", "trace"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="new in Python 3.12")
def test_hooks_for_all_threads_reach_workers_at_work(seen: set[str]) -> None:
    hooks = threading.gettrace(), threading.getprofile()
    threading.settrace(None)  # type: ignore[arg-type]
    threading.setprofile(None)
    with tm.Pool(1) as pool:
        pool.submit(traced).result()
        assert not seen
        try:
            threading.settrace_all_threads(hooks[0])  # type: ignore[attr-defined]
            threading.setprofile_all_threads(hooks[1])  # type: ignore[attr-defined]
            pool.submit(traced).result()
        finally:
            threading.settrace_all_threads(None)  # type: ignore[attr-defined]
            threading.setprofile_all_threads(None)  # type: ignore[attr-defined]
    assert seen == {"profile", "trace"}


def test_a_hook_that_raises_ends_a_task_alone() -> None:
    def trace(frame: Any, _event: str, _arg: Any) -> None:
        if frame.f_code is traced.__code__:
            raise ZeroDivisionError

    before = threading.gettrace()
    threading.settrace(trace)
    try:
        with tm.Pool(1) as pool:
            assert isinstance(pool.submit(traced).exception(), ZeroDivisionError)
            assert pool.submit(int).result() == 0
    finally:
        threading.settrace(before)  # type: ignore[arg-type]


# ---- threads that tasks start ----


@both
def test_a_thread_that_a_task_starts_is_no_daemon(make: Make) -> None:
    with make(1) as pool:
        assert pool.submit(lambda: threading.Thread().daemon).result() is False
        assert pool.submit(lambda: threading.Timer(1, int).daemon).result() is False


@both
def test_work_of_a_thread_that_a_task_started_is_done_before_the_program_ends(make: Make) -> None:
    name = "ThreadPoolExecutor" if make is ThreadPoolExecutor else "tm.Pool"
    script = f"""
import threading, time
from concurrent.futures import ThreadPoolExecutor
import threadmill as tm
late = lambda: (time.sleep(0.3), print("saved", flush=True))
with {name}(1) as pool:
    pool.submit(lambda: threading.Thread(target=late).start()).result()
"""
    ended = commands.run_python(script)
    assert (ended.stdout, ended.stderr) == ("saved\n", "")


@pytest.mark.filterwarnings("ignore:Using fork:DeprecationWarning")  # of eventlet, if another test has it
def test_a_process_that_a_task_starts_ends_well() -> None:
    context = multiprocessing.get_context("fork")

    def start() -> int | None:
        child = context.Process(target=int)
        child.start()
        child.join(60)
        return child.exitcode

    with tm.Pool(1) as pool:
        assert pool.submit(start).result() == 0


# ---- the end of a thread ----


class Connection:
    """What a program keeps for each thread."""


@both
@pytest.mark.parametrize("end", ["shut down", "shut down later", "dropped"])
def test_thread_locals_end_with_their_pool(make: Make, end: str) -> None:
    local, made = threading.local(), []

    def connect() -> None:
        local.connection = Connection()
        made.append(weakref.ref(local.connection))

    pool = make(2)
    pool.submit(connect).result()
    if end != "dropped":
        pool.shutdown(wait=end == "shut down")
    if end == "shut down":
        assert made[0]() is None
    del pool
    gc.collect()
    assert soon(lambda: made[0]() is None)


def thread_states() -> int:
    """How many threads CPython has a state of."""
    state = NEXT_STATE[0](INTERPRETER())
    count = 0
    while state:
        state = NEXT_STATE[1](state)
        count += 1
    return count


INTERPRETER = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyInterpreterState_Get", ctypes.pythonapi))
NEXT_STATE = [
    ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)((f"Py{name}", ctypes.pythonapi))
    for name in ("InterpreterState_ThreadHead", "ThreadState_Next")
]


def test_a_worker_leaves_no_state_behind() -> None:
    before = thread_states()
    for _ in range(5):
        with tm.Pool(7) as pool:
            assert [pool.submit(pow, 2, i).result() for i in range(20)] == [2**i for i in range(20)]
            assert thread_states() > before
        assert thread_states() == before


def test_a_thread_is_listed_as_long_as_it_lives() -> None:
    with tm.Pool(2, "listed") as pool:
        thread = pool.submit(threading.current_thread).result()
        assert thread in threading.enumerate()
        assert thread.is_alive()
        assert (thread.daemon, thread.name[:6], thread.ident is None) == (False, "listed", False)
        assert thread.native_id == pool.submit(threading.get_native_id).result() or pool._max_workers > 1
    assert thread not in threading.enumerate()
    assert not thread.is_alive()
    thread.join()


def test_a_thread_can_be_joined() -> None:
    pool = tm.Pool(1)
    thread = pool.submit(threading.current_thread).result()
    thread.join(0.01)
    assert thread.is_alive()
    with pytest.raises(RuntimeError, match="cannot join current thread"):
        pool.submit(thread.join).result()
    pool.shutdown(wait=False)
    thread.join(60)
    assert not thread.is_alive()


def test_many_pools_leave_no_threads_behind() -> None:
    before = threading.active_count()
    for _ in range(50):
        pool = tm.Pool(2)
        list(pool.map(abs, range(4)))
        pool.shutdown(wait=False)
    assert soon(lambda: threading.active_count() <= before)


def test_a_destructor_of_a_thread_local_may_use_threading() -> None:
    ended = threading.Event()

    class Noisy:
        def __del__(self) -> None:
            threading.current_thread()
            ended.set()

    local = threading.local()
    with tm.Pool(1) as pool:
        pool.submit(lambda: setattr(local, "noisy", Noisy())).result()
    assert ended.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:Using fork:DeprecationWarning")  # of eventlet, if another test has it
def test_a_forked_child_sees_the_parents_workers_ended() -> None:
    with tm.Pool(1) as pool:
        thread = pool.submit(threading.current_thread).result()
        pid = os.fork()
        if pid == 0:
            os._exit(thread.is_alive() or thread in threading.enumerate() or thread.join() is not None)
        assert os.waitpid(pid, 0)[1] == 0
        assert thread.is_alive()


# ---- what an initializer sets ----

request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")


def prepare() -> None:
    np.seterr(divide="raise")
    decimal.getcontext().prec = 50
    request.set("the worker's")


def settings() -> tuple[str, int, str]:
    return np.geterr()["divide"], decimal.getcontext().prec, request.get()


@both
def test_what_an_initializer_sets_in_its_context_holds_in_tasks(make: Make) -> None:
    def run() -> None:
        with make(1, initializer=prepare) as pool:
            for _ in range(2):
                assert pool.submit(settings).result() == ("raise", 50, "the worker's")
            assert list(pool.map(lambda _: settings(), range(3))) == [("raise", 50, "the worker's")] * 3

    contextvars.Context().run(run)


def test_what_the_submitter_has_set_counts_more() -> None:
    def run() -> None:
        request.set("the submitter's")
        with np.errstate(divide="warn"), tm.Pool(1, initializer=prepare) as pool:
            expected = ("warn", 50, "the submitter's")
            assert pool.submit(settings).result() == expected
            assert list(pool.map(lambda _: settings(), range(2))) == [expected] * 2
            seen: list[Any] = []
            pool.spawn(lambda: seen.append(settings()))
            pool.join()
            assert seen == [expected]

    contextvars.Context().run(run)


def test_what_a_task_sets_stays_in_its_context_beside_an_initializer() -> None:
    def run() -> None:
        with tm.Pool(1, initializer=prepare) as pool:
            pool.submit(request.set, "a task's").result()
            assert pool.submit(request.get).result() == "the worker's"

    contextvars.Context().run(run)


# ---- signals ----


@both
def test_a_worker_lets_through_what_who_sent_for_it_lets_through(make: Make) -> None:
    """Not what the pool's maker did: a signal blocked since then, for sigwait, must not end the program."""
    pool = make(1)
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        mask = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result()
        assert mask == old | {signal.SIGUSR1}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
        pool.shutdown()
