"""Ctrl-C: whatever the main thread waits for, it gets its KeyboardInterrupt, and the pool goes on."""

import ctypes
import os
import queue as standard
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.threads import Busy, asleep, soon

import threadmill as tm
from threadmill import _locks
from threadmill._locks import Condition, Lock, RLock

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="sends a signal to one thread")

LIBC = ctypes.CDLL(None)
DELAY = 0.05


def at_once() -> bool:
    return True


def sender_of(
    number: int = signal.SIGINT, after: float = DELAY, begun: Callable[[], bool] = at_once
) -> threading.Thread:
    """Sends a signal to the main thread, once that waits or has been at work for a while, and has `begun`."""
    main = threading.main_thread()

    def send() -> None:
        while not begun():
            time.sleep(0.001)
        until = time.monotonic() + 20 * after
        while not asleep(main) and time.monotonic() < until:
            pass
        signal.pthread_kill(main.ident, number)  # type: ignore[arg-type]

    return threading.Thread(target=send)


def interrupt(call: Callable[[], Any], after: float = DELAY, begun: Callable[[], bool] = at_once) -> None:
    """Has Ctrl-C come while the call waits, and holds it to a KeyboardInterrupt in good time."""
    assert threading.current_thread() is threading.main_thread()
    begin = time.monotonic()
    sender = sender_of(after=after, begun=begun)
    with pytest.raises(KeyboardInterrupt):
        sender.start()
        call()
    assert time.monotonic() - begin < 20 * after + 5  # it is about 100 ms; a busy machine may need more
    sender.join()


@pytest.fixture(autouse=True)
def _default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _works_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    pool = request.getfixturevalue("pool") if "pool" in request.fixturenames else None
    yield
    if pool is not None:
        check(pool)


def check(pool: tm.Pool) -> None:
    """The pool works as before."""
    x = np.arange(300_000, dtype=np.float64)
    assert pool.submit(pow, 2, 8).result(timeout=60) == 256
    assert list(pool.map(abs, range(-100, 0))) == list(range(100, 0, -1))
    assert tm.sum(x, pool=pool) == np.sum(x)
    pool.spawn(int)
    pool.join(timeout=60)


@pytest.fixture
def busy(pool: tm.Pool) -> Iterator[Busy]:
    busy = Busy(pool)
    yield busy
    busy.release.set()


# ---- loops ----


@pytest.mark.smoke
@pytest.mark.thread_unsafe(reason="signals come to the main thread")
def test_a_native_loop(pool: tm.Pool) -> None:
    """usleep takes the place of a kernel: its argument is the context, a millisecond."""
    for _ in range(3):
        interrupt(lambda: pool.parallel_for(100_000, LIBC.usleep, ctx=1000, chunksize=1))


def test_what_is_left_of_an_interrupted_loop_costs_no_time() -> None:
    with tm.Pool(2) as pool:
        interrupt(lambda: pool.parallel_for(10**10, LIBC.usleep, ctx=1000, chunksize=1))


def test_a_native_loop_while_the_others_are_busy(pool: tm.Pool, busy: Busy) -> None:
    interrupt(lambda: pool.parallel_for(100_000, LIBC.usleep, ctx=1000, chunksize=1))


def test_a_loop_of_which_the_last_chunks_run_elsewhere() -> None:
    """The caller has nothing left to claim and waits."""
    with tm.Pool(2) as pool:
        claimed, ended = threading.Event(), threading.Event()

        def kernel(_ctx: Any, begin: int, _end: int) -> None:
            if threading.current_thread() is not threading.main_thread():
                claimed.set()
                time.sleep(1)
            else:
                claimed.wait(60)
                ended.set()

        def waits() -> bool:
            """Whether the caller has left its chunk, where it would have the KeyboardInterrupt."""
            frame = sys._current_frames().get(threading.main_thread().ident or 0)
            while frame is not None and frame.f_code is not kernel.__code__:
                frame = frame.f_back
            return ended.is_set() and frame is None

        made = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)(kernel)
        interrupt(lambda: pool.parallel_for(2, made, chunksize=1), begun=waits)
        check(pool)


def test_kernels(pool: tm.Pool) -> None:
    x = np.ones(4_000_000)

    def square_for_ever() -> None:
        while True:
            tm.square(x, out=x, pool=pool)

    interrupt(square_for_ever)


def test_a_loop_in_another_thread_is_not_interrupted(pool: tm.Pool) -> None:
    thread = threading.Thread(
        target=pool.parallel_for, args=(300, LIBC.usleep), kwargs={"ctx": 1000, "chunksize": 1}
    )
    thread.start()
    interrupt(threading.Event().wait)
    thread.join()


def test_reduce_leaves_its_runs(pool: tm.Pool) -> None:
    """The other threads end with the call under way, not with their run of 1,000."""

    def add(a: int, b: int) -> int:
        time.sleep(0.01)
        return a + b

    interrupt(lambda: tm.reduce(add, range(64_000), pool=pool))


# ---- waiting for tasks ----


def test_result_and_exception(pool: tm.Pool, busy: Busy) -> None:
    future = pool.submit(int)
    interrupt(future.result)
    interrupt(future.exception)
    interrupt(lambda: future.result(timeout=600))
    busy.release.set()
    assert future.result(timeout=60) == 0


def test_wait_and_as_completed(pool: tm.Pool, busy: Busy) -> None:
    tasks = [pool.submit(int) for _ in range(3)]
    interrupt(lambda: futures.wait(tasks))
    interrupt(lambda: list(futures.as_completed(tasks)))


@pytest.mark.parametrize("timeout", [None, 600])
def test_join_of_python_tasks(pool: tm.Pool, busy: Busy, timeout: float | None) -> None:
    done: list[int] = []
    pool.spawn(done.append, 1)
    interrupt(lambda: pool.join(timeout))
    busy.release.set()
    pool.join()
    assert done == [1]


@pytest.mark.parametrize("timeout", [None, 600])
def test_join_of_native_tasks(pool: tm.Pool, busy: Busy, timeout: float | None) -> None:
    pool.spawn(LIBC.usleep, 1000)
    interrupt(lambda: pool.join(timeout))
    busy.release.set()
    pool.join()


def test_shutdown(pool: tm.Pool) -> None:
    own = tm.Pool(2)
    release = threading.Event()
    future = own.submit(release.wait, 60)
    interrupt(own.shutdown)
    release.set()
    own.shutdown()
    assert future.result() is True


@pytest.mark.parametrize("how", [{}, {"chunksize": 3}, {"buffersize": 3}, {"timeout": 600}], ids=str)
def test_map(pool: tm.Pool, busy: Busy, how: Any) -> None:
    ran: list[int] = []
    results = pool.map(ran.append, range(10), **how)
    interrupt(lambda: next(results))
    assert next(results, "ended") == "ended"  # as after any other exception
    busy.release.set()


def test_a_full_pool() -> None:
    for submit in "submit", "spawn":
        with tm.Pool(1, max_queue=1) as pool:
            busy = Busy(pool)
            pool.submit(int)
            interrupt(lambda submit=submit, pool=pool: getattr(pool, submit)(int))
            busy.release.set()
            pool.join(timeout=60)
            check(pool)


@pytest.mark.parametrize("give", ["submit", "spawn", "map"])
def test_a_task_that_the_full_pool_has_the_caller_run(give: str) -> None:
    with tm.Pool(1, max_queue=1, when_full="run") as pool:
        busy = Busy(pool)
        queued = pool.submit(int)
        calls: dict[str, Callable[[], Any]] = {
            "submit": lambda: pool.submit(threading.Event().wait),
            "spawn": lambda: pool.spawn(threading.Event().wait),
            "map": lambda: pool.map(lambda _: threading.Event().wait(), range(3)),
        }
        interrupt(calls[give])
        busy.release.set()
        assert queued.result(timeout=60) == 0
        if give == "spawn":
            with pytest.raises(KeyboardInterrupt):
                pool.join(timeout=60)
        check(pool)


@pytest.mark.long
def test_a_full_native_queue() -> None:
    """65,536 native tasks may wait, and the next spawn does."""
    with tm.Pool(1) as pool:
        busy = Busy(pool)

        def spawn_for_ever() -> None:
            while True:
                pool.spawn(LIBC.usleep, 0)

        interrupt(spawn_for_ever, after=2)
        busy.release.set()
        pool.join(timeout=60)
        check(pool)


# ---- queues ----

QUEUES = [{}, {"order": "lifo"}, {"order": "priority"}, {"dtype": "i8"}, {"dtype": "i8", "order": "lifo"}]


@pytest.mark.parametrize("kind", QUEUES, ids=str)
def test_queues(kind: Any) -> None:
    q = tm.Queue(1, **kind)
    interrupt(q.get)
    interrupt(lambda: q.get(timeout=600))
    q.put(1)
    interrupt(lambda: q.put(2))
    interrupt(lambda: q.put(2, timeout=600))
    interrupt(q.join)
    assert q.unfinished_tasks == 1
    assert q.get() == 1
    q.task_done()
    q.join()


def test_blocks() -> None:
    q = tm.Queue(5, dtype="i8")
    interrupt(lambda: q.get_many(3))
    assert q.qsize() == q.unfinished_tasks == 0


def test_an_interrupted_block_tells_how_many_went_in() -> None:
    q = tm.Queue(5, dtype="i8")
    sender = sender_of()
    with pytest.raises(KeyboardInterrupt) as raised:
        sender.start()
        q.put_many(np.arange(10))
    sender.join()
    assert q.qsize() == 5
    assert q.unfinished_tasks == 5
    assert raised.value.done == 5  # type: ignore[attr-defined]


def test_an_interrupted_getter_loses_no_item_of_others() -> None:
    for kind in QUEUES:
        q = tm.Queue(**kind)  # type: ignore[arg-type]
        taken: list[Any] = []
        getter = threading.Thread(target=lambda q=q, taken=taken: taken.append(q.get()))
        getter.start()
        interrupt(q.get)
        q.put(1)
        getter.join(60)
        assert taken == [1]


@pytest.mark.parametrize("kind", QUEUES, ids=str)
def test_a_handler_that_outlasts_the_wait(kind: Any) -> None:
    """The time is over when the handler is back. Before CPython 3.13 a SimpleQueue's wait then never ends."""
    for full in False, True:
        q = tm.Queue(1, **kind)
        if full:
            q.put(1)
        end = time.monotonic() + 0.2

        def outlast(_number: int, _frame: Any, end: float = end) -> None:
            while time.monotonic() < end:
                pass

        before = signal.signal(signal.SIGUSR1, outlast)
        rescue = threading.Timer(20, q.get_nowait if full else lambda q=q: q.put(2))
        try:
            sender = sender_of(signal.SIGUSR1)
            sender.start()
            rescue.start()
            with pytest.raises(standard.Full if full else standard.Empty):
                q.put(2, timeout=0.15) if full else q.get(timeout=0.15)
            sender.join()
        finally:
            rescue.cancel()
            signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("kind", QUEUES, ids=str)
def test_an_item_goes_to_another_who_waits(kind: Any) -> None:
    """The main thread is told of it, but its handler raises."""
    q = tm.Queue(**kind)
    others: list[threading.Thread] = []
    taken: list[Any] = []

    def put(_number: int, _frame: Any) -> None:
        others.append(threading.Thread(target=lambda: taken.append(q.get(timeout=600)), daemon=True))
        others[0].start()
        assert soon(lambda: asleep(others[0]))
        q.put(1)
        raise Alarm

    before = signal.signal(signal.SIGUSR1, put)
    try:
        sender = sender_of(signal.SIGUSR1)
        with pytest.raises(Alarm):
            sender.start()
            q.get(timeout=600)
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    others[0].join(60)
    assert taken == [1]


# ---- handlers ----


class Alarm(Exception):
    pass


def ring(_number: int, _frame: Any) -> None:
    raise Alarm("rings")


@pytest.mark.parametrize("wait", ["loop", "join", "get"])
def test_a_handler_of_ones_own(pool: tm.Pool, wait: str) -> None:
    release = threading.Event()
    pool.spawn(release.wait, 60)
    calls: dict[str, Callable[[], Any]] = {
        "loop": lambda: pool.parallel_for(100_000, LIBC.usleep, ctx=1000, chunksize=1),
        "join": pool.join,
        "get": tm.Queue(dtype="i8").get,
    }
    before = signal.signal(signal.SIGUSR1, ring)
    try:
        sender = sender_of(signal.SIGUSR1)
        with pytest.raises(Alarm, match="^rings$"):
            sender.start()
            calls[wait]()
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        release.set()


def test_a_handler_that_returns_stops_nothing(pool: tm.Pool) -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: rang.append(number))
    try:
        sender = sender_of(signal.SIGUSR1)
        sender.start()
        pool.parallel_for(300, LIBC.usleep, ctx=1000, chunksize=1)
        sender.join()
        q = tm.Queue(dtype="i8")
        threading.Timer(4 * DELAY, q.put, (5,)).start()
        sender = sender_of(signal.SIGUSR1)
        sender.start()
        assert q.get() == 5
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert rang == [signal.SIGUSR1] * 2


def test_a_handler_may_use_the_pool(pool: tm.Pool) -> None:
    results: list[Any] = []
    before = signal.signal(
        signal.SIGUSR1, lambda *_: results.append(pool.submit(pow, 2, 3).result(timeout=60))
    )
    try:
        sender = sender_of(signal.SIGUSR1)
        sender.start()
        pool.parallel_for(300, LIBC.usleep, ctx=1000, chunksize=1)
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert results == [8]


@pytest.mark.parametrize("what", ["submit", "map", "spawn", "loop", "queue"])
def test_many_interrupts_in_a_row(pool: tm.Pool, what: str) -> None:
    """Wherever it comes in the code of the call, it is not swallowed, and no task, token or lock is lost."""
    x = np.arange(500_000, dtype=np.float64)
    q = tm.Queue(dtype="i8")

    def put_and_get() -> None:
        q.put(1)
        q.get()

    def spawn_and_join() -> None:
        pool.spawn(int)
        pool.join()

    calls: dict[str, Callable[[], Any]] = {
        "submit": lambda: pool.submit(pow, 2, 3).result(),
        "map": lambda: list(pool.map(abs, range(100))),
        "spawn": spawn_and_join,
        "loop": lambda: tm.sum(x, pool=pool),
        "queue": put_and_get,
    }

    def call_for_ever() -> None:
        while True:
            calls[what]()

    for _ in range(15):
        interrupt(call_for_ever, after=0.002)


def test_a_wait_has_its_lock_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it came when the lock had just been released: leaving the `with` would else fail."""
    condition: Any = Condition(RLock())
    release = condition._release_save

    def interrupted() -> None:
        release()
        raise KeyboardInterrupt

    monkeypatch.setattr(condition, "_release_save", interrupted)
    with pytest.raises(KeyboardInterrupt), condition:
        condition.wait()


@pytest.mark.thread_unsafe(reason="it is about the main thread, and sets what profiles it")
@pytest.mark.parametrize("make", [Lock, RLock])
def test_a_wait_has_its_lock_after_ctrl_c_though_another_thread_took_it(make: Callable[[], Any]) -> None:
    """A plain lock that is held does not tell by whom."""
    condition: Any = Condition(make())
    taken, left, was_alone = threading.Event(), threading.Event(), []

    def take() -> None:
        with condition:
            taken.set()
            assert soon(lambda: left.is_set() or asleep(threading.main_thread()))
            was_alone.append(not left.is_set())

    other = threading.Thread(target=take)

    def interrupt_once(frame: Any, event: str, function: Any) -> None:
        if event == "c_return" and function.__name__ in ("release", "_release_save", "extend"):
            sys.setprofile(None)
            other.start()
            taken.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), condition:
        sys.setprofile(interrupt_once)
        condition.wait()
    left.set()
    other.join()
    assert was_alone == [True]


@pytest.mark.thread_unsafe(reason="signals come to the main thread")
def test_a_wait_has_its_lock_after_many_ctrl_cs() -> None:
    """The later ones come while it takes a plain lock back, which another thread has."""
    condition: Any = Condition(Lock())
    main, left = threading.main_thread(), threading.Event()
    came: list[int] = []
    was_inside: list[bool] = []

    def handle(number: int, frame: Any) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def send() -> None:
        assert soon(lambda: asleep(main))
        with condition:
            for many in 1, 2, 3:
                signal.pthread_kill(main.ident, signal.SIGINT)  # type: ignore[arg-type]
                assert soon(lambda many=many: left.is_set() or (len(came) == many and asleep(main)))
                was_inside.append(not left.is_set())

    sender = threading.Thread(target=send)
    signal.signal(signal.SIGINT, handle)
    try:
        with condition:
            sender.start()
            with pytest.raises(KeyboardInterrupt):
                condition.wait()
            left.set()
            assert condition._is_owned()
    finally:
        left.set()
        sender.join()
    assert was_inside == [True] * 3


@pytest.mark.parametrize("make", [Lock, RLock])
def test_a_wait_has_its_lock_after_ctrl_c_at_any_call(make: Callable[[], Any]) -> None:
    """CPython calls a signal's handler at the end of a call of C's and where a function begins."""
    places = 0
    while True:
        condition: Any = Condition(make())
        left = places = places + 1

        def listen(frame: Any, event: str, arg: Any) -> None:
            nonlocal left
            if event in ("call", "c_return") and arg is not sys.setprofile:
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt

        before = sys.getprofile()
        with condition:
            try:
                sys.setprofile(listen)
                condition.wait(0)
                sys.setprofile(before)
            except KeyboardInterrupt:
                sys.setprofile(before)
            assert condition._is_owned(), places
        if left > 0:
            break
    assert places > 5


def test_ctrl_c_just_before_a_sleep_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not end the sleep. The next one begins with it."""
    sleeps: list[tuple[Any, ...]] = []

    class Waiter:
        def acquire(self, *how: Any) -> bool:
            sleeps.append(how)
            if len(sleeps) == 3:
                raise KeyboardInterrupt
            return False

    monkeypatch.setattr(_locks, "Lock", Waiter)
    condition = Condition(RLock())
    with pytest.raises(KeyboardInterrupt), condition:
        condition.wait()
    assert sleeps == [(), (True, _locks._LOOK_AGAIN_S), (True, _locks._LOOK_AGAIN_S)]
    assert not condition._waiters  # type: ignore[attr-defined]


@pytest.mark.thread_unsafe(reason="signals come to the main thread")
def test_a_pipelines_results_lose_no_ctrl_c_as_they_are_dropped() -> None:
    """To drop them waits for the stages; what is raised there, in a destructor, nobody gets."""
    begun, release = threading.Event(), threading.Event()

    def stage(item: int) -> int:
        begun.set()
        assert release.wait(60)
        return item

    with tm.Pipeline([stage]) as pipeline:
        results = [pipeline.run(range(3))]
        assert begun.wait(60)
        try:
            interrupt(results.clear)
        finally:
            release.set()


def test_an_iterator_at_its_end_has_no_code_to_lose_ctrl_c_in(pool: tm.Pool) -> None:
    called: list[object] = []
    for how in {}, {"buffersize": 2}:
        arguments: dict[str, Any] = how
        results: Any = pool.map(abs, range(3), **arguments)
        assert list(results) == [0, 1, 2]
        sys.setprofile(lambda frame, event, _: called.append(frame.f_code) if event == "call" else None)
        del results
        sys.setprofile(None)
    assert called == []


MASKED = """
import os, signal, sys, threading
import numpy as np
import threadmill as tm
def run(pool):  # a task that has begun and does not end before the signal has come
    begun, end = threading.Event(), threading.Event()
    task = pool.submit(lambda: (begun.set(), end.wait(30)))
    assert begun.wait(30)
    return task, end
pool = tm.default_pool() if {default} else tm.Pool(2)
if {loop_first}:
    tm.square(np.ones(1 << 20), pool=pool)  # the threads start
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})
task, end = run(pool)
os.kill(os.getpid(), signal.SIGTERM)
print(signal.sigwait({{signal.SIGTERM}}).name)
end.set()
task.result()
"""


@pytest.mark.parametrize("default", [False, True])
@pytest.mark.parametrize("loop_first", [False, True])
def test_signals_that_are_blocked_after_the_pool_was_made_reach_no_worker(
    default: bool, loop_first: bool
) -> None:
    script = MASKED.format(default=default, loop_first=loop_first)
    done = commands.run_python(script, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    assert (done.returncode, done.stdout) == (0, "SIGTERM\n"), done.stderr


def test_processes_that_a_task_starts_take_signals() -> None:
    """They inherit the mask of their thread, which is what the submitter's was."""
    script = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    with tm.Pool(1) as pool:
        started = pool.submit(subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True)
        assert started.result().stdout == f"{sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))}\n"
