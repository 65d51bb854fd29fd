"""spawn and join: the recipe's pair, for Python callables and for native functions."""

import contextvars
import ctypes
import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest
from kit import commands
from kit.threads import merge_references, soon

import threadmill as tm
from threadmill.tasks import dispatcher as _tasks


class Counter:
    """The recipe's shared counter."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0

    def add(self, amount: int = 1) -> None:
        with self.lock:
            self.value += amount


@pytest.mark.smoke
def test_spawn_and_join(pool: tm.Pool) -> None:
    counter = Counter()
    for i in range(1000):
        pool.spawn(counter.add, i)
    pool.join()
    assert counter.value == sum(range(1000))


def test_spawn_returns_nothing_and_takes_keywords(pool: tm.Pool) -> None:
    seen: dict[str, int] = {}
    assert pool.spawn(seen.update, a=1, b=2) is None  # type: ignore[func-returns-value]
    pool.join()
    assert seen == {"a": 1, "b": 2}


# ---- beside native work ----

NATIVE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
LOOP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)


@pytest.mark.long
def test_a_full_native_queue_does_not_hold_up_submit() -> None:
    release, submitted = threading.Event(), threading.Event()
    with tm.Pool(1) as pool:

        def spawn_until_full() -> None:
            for _ in range(70_000):  # more than may wait
                pool.spawn(ctypes.CDLL(None).usleep, 0)

        def submit() -> None:
            pool.submit(submitted.set)
            accepted.set()

        accepted = threading.Event()
        block = NATIVE(lambda _: release.wait(60) and None)
        pool.spawn(block)
        spawner, submitter = threading.Thread(target=spawn_until_full), threading.Thread(target=submit)
        spawner.start()
        assert soon(lambda: len(pool._tasks.native_references) > 2 * 65_536)
        submitter.start()
        try:
            assert accepted.wait(30)
            assert not submitted.is_set()
        finally:
            release.set()
            spawner.join()
            submitter.join()
        assert submitted.wait(60)


class Stream:
    """Python tasks that never end: each submits the next."""

    def __init__(self, pool: tm.Pool) -> None:
        self._pool = pool
        self._ended = False
        self.begun = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        if not self._ended:
            self._pool.spawn(self)

    def __enter__(self) -> "Stream":
        self._pool.spawn(self)
        assert self.begun.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._pool.join()  # the last one may be about to submit another


def test_a_native_task_beside_an_endless_stream_of_python_tasks() -> None:
    ran = threading.Event()
    task = NATIVE(lambda _: ran.set())
    with tm.Pool(1) as pool, Stream(pool):
        pool.spawn(task)
        assert ran.wait(30)


def test_a_loop_beside_an_endless_stream_of_python_tasks() -> None:
    together = threading.Barrier(2)
    kernel = LOOP(lambda *_: together.wait(30) and None)  # passes only with a second thread
    with tm.Pool(1) as other, tm.Pool(2) as pool, Stream(pool):
        release, begun = threading.Event(), threading.Event()
        pool.submit(lambda: begun.set() or release.wait(60))  # type: ignore[func-returns-value]
        assert begun.wait(60)
        try:
            other.submit(pool.parallel_for, 2, kernel, chunksize=1).result()
            assert not together.broken
        finally:
            release.set()


@pytest.mark.parametrize("when_full", ["block", "run"])
def test_a_native_task_beside_a_long_map(when_full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tasks, "_turn", lambda: -1.0)  # every look at the clock finds a turn at its end
    begun, ran, spawned = threading.Event(), threading.Event(), threading.Event()

    def work(n: int) -> bool:
        begun.set()
        assert spawned.wait(60)
        return ran.is_set()

    with tm.Pool(1, max_queue=1, when_full=when_full) as pool:
        results = pool.map(work, range(100), chunksize=1)
        assert begun.wait(60)
        pool.spawn(NATIVE(lambda _: ran.set()))
        spawned.set()
        assert list(results)[-1]


def test_join_without_work(pool: tm.Pool) -> None:
    pool.join()
    pool.join(timeout=0)
    pool.submit(int).result()
    pool.join()


def test_the_pool_stays_usable_after_join(pool: tm.Pool) -> None:
    counter = Counter()
    for rounds in range(1, 20):
        for _ in range(10):
            pool.spawn(counter.add)
        pool.join()
        assert counter.value == 10 * rounds


def test_join_waits_for_spawned_work_alone(pool: tm.Pool) -> None:
    release, begun = threading.Event(), threading.Event()
    with tm.Pool(1) as other:
        future = other.submit(lambda: begun.set() or release.wait(60))  # type: ignore[func-returns-value]
        assert begun.wait(60)
        other.join()  # a submitted task is its future's
        release.set()
        assert future.result()


def test_join_waits_for_what_spawned_tasks_spawn(pool: tm.Pool) -> None:
    counter = Counter()

    def tree(depth: int) -> None:
        counter.add()
        if depth > 0:
            pool.spawn(tree, depth - 1)
            pool.spawn(tree, depth - 1)

    pool.spawn(tree, 8)
    pool.join()
    assert counter.value == 2**9 - 1


def test_several_threads_join_at_once(pool: tm.Pool) -> None:
    release = threading.Event()
    pool.spawn(release.wait, 60)
    joined = Counter()

    def join() -> None:
        pool.join()
        joined.add()

    threads = [threading.Thread(target=join) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert joined.value == 0
    release.set()
    for thread in threads:
        thread.join()
    assert joined.value == 5


def test_join_times_out(pool: tm.Pool) -> None:
    release = threading.Event()
    pool.spawn(release.wait, 60)
    for timeout in 0, 0.01, -1:
        with pytest.raises(TimeoutError, match=r"^join: 1 tasks were left after"):
            pool.join(timeout)
    release.set()
    pool.join(timeout=60)


def test_join_from_a_task(pool: tm.Pool) -> None:
    message = r"^join\(\) from a task of the pool would wait for that task itself: call it outside the pool$"
    with pytest.raises(tm.DeadlockError, match=message):
        pool.submit(pool.join).result()
    pool.spawn(pool.join)
    with pytest.raises(tm.DeadlockError, match=message):
        pool.join()
    with pytest.raises(tm.DeadlockError, match=message):
        list(pool.map(lambda _: pool.join(0), [1]))


def test_join_of_another_pool_from_a_task(pool: tm.Pool) -> None:
    counter = Counter()
    with tm.Pool(1) as other:

        def spawn_and_join() -> int:
            other.spawn(counter.add)
            other.join()
            return counter.value

        assert pool.submit(spawn_and_join).result(timeout=60) == 1


def test_spawned_tasks_have_the_context_of_the_spawner(pool: tm.Pool) -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []
    variable.set("mine")
    pool.spawn(lambda: seen.append(variable.get()))
    pool.join()
    assert seen == ["mine"]


# ---- failures ----


def fail(error: BaseException) -> None:
    raise error


def test_join_raises_the_failure(pool: tm.Pool) -> None:
    error = ValueError("lost")
    pool.spawn(fail, error)
    for _ in range(5):
        pool.spawn(int)
    with pytest.raises(ValueError, match="^lost$") as raised:
        pool.join()
    assert raised.value is error
    assert raised.traceback[-1].name == "fail"
    pool.join()  # it is told once


def test_a_failure_stops_no_other_task(pool: tm.Pool) -> None:
    counter = Counter()
    for i in range(100):
        pool.spawn(*((fail, ValueError(i)) if i == 10 else (counter.add,)))
    with pytest.raises(ValueError, match="^10$"):
        pool.join()
    assert counter.value == 99


def spawn_failures(pool: tm.Pool, errors: list[BaseException]) -> None:
    """They fail in this order."""
    turns = [threading.Event() for _ in [*errors, None]]

    def fail_in_turn(i: int) -> None:
        assert turns[i].wait(60)
        turns[i + 1].set()
        raise errors[i]

    turns[0].set()
    for i in range(len(errors)):
        pool.spawn(fail_in_turn, i)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are Python 3.11's")
def test_several_failures_are_a_group() -> None:
    errors: list[BaseException] = [ValueError(1), KeyError(2), ValueError(3)]
    with tm.Pool(1) as pool:
        spawn_failures(pool, errors)
        with pytest.raises(ExceptionGroup, match="3 spawned tasks failed") as raised:
            pool.join()
        assert list(raised.value.exceptions) == errors
        pool.join()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are Python 3.11's")
def test_a_base_exception_among_several() -> None:
    errors = [ValueError(1), SystemExit(2)]
    with tm.Pool(1) as pool:
        spawn_failures(pool, errors)
        with pytest.raises(BaseExceptionGroup, match="2 spawned tasks failed") as raised:
            pool.join()
        assert not isinstance(raised.value, Exception)
        assert list(raised.value.exceptions) == errors


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="later versions have exception groups")
def test_several_failures_are_the_first_with_notes() -> None:
    with tm.Pool(1) as pool:
        spawn_failures(pool, [ValueError(1), KeyError(2), ValueError(3)])
        with pytest.raises(ValueError, match="^1") as raised:
            pool.join()
        assert raised.value.__notes__ == [  # type: ignore[attr-defined]
            "then failed: KeyError(2)",
            "then failed: ValueError(3)",
        ]


def test_shutdown_runs_spawned_tasks_and_join_still_tells(pool: tm.Pool) -> None:
    counter = Counter()
    for _ in range(50):
        pool.spawn(counter.add)
    pool.spawn(fail, ValueError("last"))
    pool.shutdown()
    assert counter.value == 50
    with pytest.raises(ValueError, match="^last$"):
        pool.join()


def test_cancelled_spawned_tasks_are_not_waited_for(pool: tm.Pool) -> None:
    release = threading.Event()
    began = threading.Barrier(pool._max_workers + 1)
    for _ in range(pool._max_workers):
        pool.spawn(lambda: began.wait(60) is None or release.wait(60))
    began.wait(60)
    counter = Counter()
    for _ in range(50):
        pool.spawn(counter.add)
    pool.shutdown(wait=False, cancel_futures=True)
    release.set()
    pool.join(timeout=60)
    assert counter.value == 0


# ---- native functions ----


def test_native_task(pool: tm.Pool) -> None:
    """libc's own memory functions need more arguments, so a callback stands for a native function."""
    seen = Counter()
    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda arg: seen.add(arg or 0))
    for i in range(100):
        pool.spawn(task, i)
    pool.join()
    assert seen.value == sum(range(100))


def test_native_task_gets_the_memory_of_its_argument(pool: tm.Pool) -> None:
    def fill(arg: int) -> None:
        ctypes.memset(arg, 7, 16)

    buffer = bytearray(16)
    pool.spawn(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(fill), buffer)
    pool.join()
    assert buffer == b"\7" * 16


def test_what_native_tasks_point_to_is_kept_until_join(pool: tm.Pool) -> None:
    release = threading.Event()
    seen: list[bytes] = []
    for _ in range(pool._max_workers):
        pool.spawn(release.wait, 60)
    for i in range(20):
        text = b"%019d\0" % i
        read = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda arg: seen.append(ctypes.string_at(arg)))
        pool.spawn(read, bytearray(text))
    release.set()
    pool.join()
    assert sorted(seen) == [b"%019d" % i for i in range(20)]
    assert pool._tasks.native_references == []


def test_what_native_tasks_point_to_outlives_a_collected_pool() -> None:
    class Buffer(bytearray):
        """One that can be referred to weakly."""

    release = threading.Event()
    wait = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: release.wait(60) and None)
    pool = tm.Pool(1)
    buffer = Buffer(16)
    gone = weakref.ref(buffer)
    pool.spawn(wait)
    pool.spawn(wait, buffer)
    del pool, buffer
    gc.collect()
    waiting = gone() is not None
    release.set()
    assert waiting


def test_native_and_python_tasks_mix(pool: tm.Pool) -> None:
    counter = Counter()
    native = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: counter.add())
    for _ in range(200):
        pool.spawn(native)
        pool.spawn(counter.add)
    pool.join()
    assert counter.value == 400


def test_a_native_task_may_spawn(pool: tm.Pool) -> None:
    counter = Counter()
    leaf = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: counter.add())
    root = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: [pool.spawn(leaf) for _ in range(10)] and None)
    for _ in range(10):
        pool.spawn(root)
    pool.join()
    assert counter.value == 100


def test_a_native_task_may_not_join_nor_shut_down(pool: tm.Pool) -> None:
    errors: list[BaseException] = []

    def try_both(_: Any) -> None:
        for wait in pool.join, pool.shutdown:
            try:
                wait()
            except tm.DeadlockError as error:
                errors.append(error)

    pool.spawn(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(try_both))
    for _ in range(5):
        pool.spawn(int)
    pool.join(timeout=60)
    assert len(errors) == 2


def test_a_native_task_may_wait_for_a_python_one(pool: tm.Pool) -> None:
    results: list[int] = []

    def wait(_: Any) -> None:
        results.append(pool.submit(pow, 2, 3).result(60))

    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(wait)
    for _ in range(5):
        pool.spawn(task)
    pool.join(timeout=60)
    assert results == [8] * 5


# ---- bad input ----


def test_not_callable(pool: tm.Pool) -> None:
    for wrong, name in ("text", "str"), (None, "NoneType"), (0, "int"), (-1, "int"), (True, "bool"):
        with pytest.raises(TypeError, match=rf"^fn must be a callable or a native function, got {name}$"):
            pool.spawn(wrong)
    pool.join()


def test_a_native_task_takes_one_argument(pool: tm.Pool) -> None:
    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
    with pytest.raises(TypeError, match=r"^a native task takes one argument, got 2: put them in one object$"):
        pool.spawn(task, 1, 2)
    with pytest.raises(TypeError, match=r"^a native task takes one argument, got 2: put them in one object$"):
        pool.spawn(task, 1, key=2)
    with pytest.raises(TypeError, match=r"^ctx must be None, an address, .*, got str$"):
        pool.spawn(task, "text")
    pool.join()


# ---- failures that are many, or that nobody joins ----


class Payload:
    """What the frame of a failed call holds."""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are Python 3.11's")
def test_of_many_failures_the_first_are_kept_and_all_are_counted() -> None:
    alive = weakref.WeakSet[Payload]()

    def fail_with_payload() -> None:
        payload = Payload()
        alive.add(payload)
        raise ValueError

    with tm.Pool(1) as pool:
        for _ in range(200):
            pool.spawn(fail_with_payload)
        with pytest.raises(ExceptionGroup, match="^200 spawned tasks failed; the first 16") as raised:
            pool.join()
        assert len(raised.value.exceptions) == len(alive) == 16
        del raised
        merge_references()
        assert len(alive) == 0
        pool.join()  # they are told once


def run_script(script: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", f"import threadmill as tm\n{script}"]
    return commands.run(*command, check=False)


SPAWN = """
def fail(text):
    raise ValueError(text)

pool = tm.Pool(1)
for text in "first", "second":
    pool.spawn(fail, text)
"""


@pytest.mark.parametrize(
    "end",
    ["", "pool.shutdown()", "pool.shutdown(); del pool; print('then')", "pool.shutdown(wait=False)"],
)
def test_a_failure_that_no_join_tells_of_is_reported_in_the_end(end: str) -> None:
    ended = run_script(SPAWN + end)
    assert ended.returncode == 0
    assert "ValueError: first" in ended.stderr
    assert "2 spawned tasks have failed, the first as told above, and no join() came" in ended.stderr
    assert "second" not in ended.stderr


@pytest.mark.parametrize(
    "script",
    [
        SPAWN + "import contextlib\nwith contextlib.suppress(Exception): pool.join()",
        "pool = tm.Pool(1)\npool.spawn(exit)",  # as of a thread, which ends so without a word
        "import os\npool = tm.Pool(1)\npool.spawn(int)\npool.join()",
    ],
)
def test_what_was_told_and_what_is_no_failure_is_not_reported(script: str) -> None:
    assert run_script(script).stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_does_not_report_the_parents_failures() -> None:
    fork = """
import os, sys
pool.shutdown()
if os.fork() == 0:
    sys.stderr = sys.stdout
    del pool
    sys.exit()
os.wait()
"""
    ended = run_script(SPAWN + fork)
    assert ended.stdout == ""
    assert ended.stderr.count("ValueError: first") == 1
