"""os.fork and multiprocessing: the child has a pool of its own, and knows what it has lost."""

import gc
import multiprocessing
import os
import pickle
import queue as standard_queue
import select
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.threads import Busy, needs_sound_forks, soon

import threadmill as tm
from threadmill._native import ring

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

LOST = r"^this task was the parent process's; the forked child does not have it: submit it there$"


def fork(in_child: Callable[[], Any]) -> tuple[int, int]:
    """Forks; the child sends what in_child() returns or raises, and ends. Its pid and a pipe from it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, pickle.dumps(in_child()))
        except BaseException:
            os.write(writing, pickle.dumps(ChildFailed(traceback.format_exc())))
        finally:
            os._exit(0)
    os.close(writing)
    return pid, reading


class ChildFailed(Exception):
    pass


def answer(child: tuple[int, int]) -> Any:
    """What the child sent; a child that hangs is ended."""
    pid, reading = child
    text = b""
    while select.select([reading], [], [], 60)[0] and (more := os.read(reading, 1 << 16)):
        text += more
    os.close(reading)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert text, "the child hung"
    result = pickle.loads(text)
    if isinstance(result, ChildFailed):
        raise result
    return result


def in_child(call: Callable[[], Any]) -> Any:
    return answer(fork(call))


def failure_of(future: Any) -> str:
    error = future.exception(timeout=30)
    assert type(error) is RuntimeError
    return str(error)


def text_of_failure(call: Callable[[], Any]) -> str:
    with pytest.raises(RuntimeError) as raised:
        call()
    return str(raised.value)


def use(pool: tm.Pool) -> str:
    """Everything that a pool can do."""
    x = np.arange(300_000, dtype=np.float64)
    done: list[int] = []
    assert pool.submit(pow, 2, 8).result(timeout=30) == 256
    assert pool.submit(lambda: pool.submit(pow, 2, 3).result()).result(timeout=30) == 8
    assert list(pool.map(abs, range(-100, 0), timeout=30)) == list(range(100, 0, -1))
    assert list(pool.map(abs, range(-100, 0), timeout=30, buffersize=5)) == list(range(100, 0, -1))
    for i in range(10):
        pool.spawn(done.append, i)
    pool.join(timeout=30)
    assert sorted(done) == list(range(10))
    for _ in range(10):
        assert tm.sum(x, pool=pool) == np.sum(x)
    assert (
        pool.submit(lambda: threading.current_thread().name).result(timeout=30).startswith(pool._tasks.prefix)
    )
    return "used"


class Crowded(Busy):
    """A pool with all threads at work and more waiting."""

    def __init__(self, pool: tm.Pool) -> None:
        super().__init__(pool)
        self.queued = [pool.submit(pow, 2, i) for i in range(5)]

    def end(self) -> None:
        self.release.set()
        assert [future.result(timeout=60) for future in self.running] == ["ran"] * len(self.running)
        assert [future.result(timeout=60) for future in self.queued] == [1, 2, 4, 8, 16]


@pytest.fixture
def busy(pool: tm.Pool) -> Iterator[Crowded]:
    busy = Crowded(pool)
    yield busy
    busy.end()  # nothing that a child did touches the parent


# ---- a child of its own ----


@pytest.mark.smoke
def test_before_the_first_use(pool: tm.Pool) -> None:
    assert in_child(lambda: use(pool)) == "used"
    assert use(pool) == "used"


def test_with_idle_workers(pool: tm.Pool) -> None:
    use(pool)
    assert in_child(lambda: use(pool)) == "used"
    assert use(pool) == "used"


def test_with_busy_workers(busy: Crowded) -> None:
    assert in_child(lambda: use(busy.pool)) == "used"


def test_several_children_at_once(busy: Crowded) -> None:
    children = [fork(lambda: use(busy.pool)) for _ in range(5)]
    assert [answer(child) for child in children] == ["used"] * 5


def test_a_grandchild(busy: Crowded) -> None:
    def child() -> list[str]:
        inherited = Crowded(busy.pool)
        grandchild = in_child(lambda: [use(inherited.pool), failure_of(inherited.queued[0])])
        inherited.end()
        return [*grandchild, use(busy.pool)]

    assert in_child(child) == ["used", LOST.strip("^$"), "used"]


def test_the_default_pool() -> None:
    use(tm.default_pool())
    assert in_child(lambda: use(tm.default_pool())) == "used"


def test_the_child_shuts_down_its_own(busy: Crowded) -> None:
    def child() -> str:
        use(busy.pool)
        busy.pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            busy.pool.submit(int)
        return "shut down"

    assert in_child(child) == "shut down"


def test_the_child_shuts_down_what_it_did_not_use(busy: Crowded) -> None:
    assert in_child(busy.pool.shutdown) is None


def test_a_pool_that_was_shut_down_stays_so() -> None:
    pool = tm.Pool(1)
    release = threading.Event()
    future = pool.submit(release.wait, 60)
    pool.shutdown(wait=False)

    def child() -> str:
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(int)
        return failure_of(future)

    assert in_child(child) == LOST.strip("^$")
    release.set()
    assert future.result() is True


def test_the_child_collects_the_pool() -> None:
    busy = Crowded(tm.Pool(2))

    def child() -> str:
        future = busy.queued[0]
        vars(busy).clear()
        gc.collect()
        return failure_of(future)

    assert in_child(child) == LOST.strip("^$")
    busy.end()


def test_an_initializer_runs_in_the_child_too() -> None:
    local = threading.local()
    with tm.Pool(1, initializer=lambda: setattr(local, "pid", os.getpid())) as pool:
        assert pool.submit(lambda: local.pid).result() == os.getpid()
        assert in_child(lambda: pool.submit(lambda: local.pid == os.getpid()).result(timeout=30))


# ---- what is lost ----


def test_inherited_futures_fail(busy: Crowded) -> None:
    def child() -> set[str]:
        inherited = [*busy.running, *busy.queued]
        assert futures.wait(inherited, timeout=30).not_done == set()
        assert len(list(futures.as_completed(inherited, timeout=30))) == len(inherited)
        for future in inherited:
            with pytest.raises(RuntimeError, match=LOST):
                future.result(timeout=30)
            assert future.done()
            assert not future.cancelled()
            assert not future.cancel()
        return {failure_of(future) for future in inherited}

    assert in_child(child) == {LOST.strip("^$")}


def test_futures_that_were_done_keep_their_results(pool: tm.Pool) -> None:
    good, bad = pool.submit(pow, 2, 3), pool.submit(divmod, 1, 0)
    futures.wait([good, bad])

    def child() -> list[Any]:
        assert good.add_done_callback(lambda _: None) is None  # type: ignore[func-returns-value]
        return [good.result(), repr(bad.exception()), good.exception(), repr(good)[:8]]

    assert in_child(child) == [8, repr(bad.exception()), None, "<Future "]


def test_callbacks_of_lost_tasks_run_in_the_parent_alone(busy: Crowded) -> None:
    called: list[int] = []
    for future in [*busy.running, *busy.queued]:
        future.add_done_callback(lambda _: called.append(os.getpid()))
    assert in_child(lambda: called) == []
    busy.end()
    busy.pool.shutdown()
    assert set(called) == {os.getpid()}


def test_a_task_that_a_waiting_worker_runs_is_lost_too() -> None:
    """It is in nobody's queue any more, and its worker took another one from there."""
    release, begun, inner = threading.Event(), threading.Event(), []
    with tm.Pool(2) as pool:

        def wait_in_inner() -> str:
            begun.set()
            assert release.wait(60)
            return "inner"

        def outer() -> Any:
            inner.append(pool.submit(wait_in_inner))
            return inner[0].result()

        hold = threading.Event()
        other = pool.submit(hold.wait, 60)
        future = pool.submit(outer)
        assert begun.wait(60)
        hold.set()
        other.result()
        pool.submit(int).result()  # the other worker has been at the queue
        assert in_child(lambda: [failure_of(future), failure_of(inner[0])]) == [LOST.strip("^$")] * 2
        release.set()
        assert future.result() == "inner"


class Pausing(deque[Any]):
    """Tasks of which one is held back between the queue and the worker that has taken it from there."""

    def __init__(self) -> None:
        self.taken, self.go_on = threading.Event(), threading.Event()

    def popleft(self) -> Any:
        item = super().popleft()
        self.taken.set()
        assert self.go_on.wait(60)
        return item


@pytest.fixture
def pausing() -> Iterator[tuple[tm.Pool, Pausing]]:
    with tm.Pool(1) as pool:
        pool._tasks._waiting = Pausing()
        yield pool, pool._tasks._waiting


def test_a_task_just_taken_is_lost_too(pausing: tuple[tm.Pool, Pausing]) -> None:
    pool, waiting = pausing
    future = pool.submit(pow, 2, 3)
    assert waiting.taken.wait(60)
    asked: list[Callable[[], str]] = [
        lambda: failure_of(future),
        lambda: text_of_failure(lambda: future.result(timeout=30)),
        lambda: failure_of(futures.wait([future], timeout=30).done.pop()),
        lambda: failure_of(next(futures.as_completed([future], timeout=30))),
    ]
    for ask in asked:
        assert in_child(ask) == LOST.strip("^$")
    waiting.go_on.set()
    assert future.result() == 8


def test_a_map_just_taken_is_lost_too(pausing: tuple[tm.Pool, Pausing]) -> None:
    pool, waiting = pausing
    results = pool.map(abs, [-1, -2], timeout=30)
    assert waiting.taken.wait(60)
    assert in_child(lambda: text_of_failure(lambda: list(results))) == LOST.strip("^$")
    waiting.go_on.set()
    assert list(results) == [1, 2]


def test_a_child_that_goes_on_in_its_task_has_its_future(pool: tm.Pool) -> None:
    """The one that it runs is not lost: it can be waited for by a thread of the child."""

    def task() -> Any:
        def child() -> str:
            with pytest.raises(futures.TimeoutError):
                made[0].result(timeout=0.01)
            assert made[0].running()
            return "runs"

        return in_child(child)

    made: list[Any] = []
    known = threading.Event()
    future = pool.submit(lambda: known.wait(60) and task())
    made.append(future)
    known.set()
    assert future.result(timeout=100) == "runs"


def test_a_map_begun_in_the_parent(busy: Crowded) -> None:
    results = busy.pool.map(abs, range(-10, 0))
    buffered = busy.pool.map(abs, range(-10, 0), buffersize=3)

    def child() -> str:
        for each in results, buffered:
            with pytest.raises(RuntimeError, match=LOST):
                list(each)
        return use(busy.pool)

    assert in_child(child) == "used"
    busy.release.set()
    assert list(results) == list(buffered) == list(range(10, 0, -1))


def test_a_map_that_was_done_keeps_its_results(pool: tm.Pool) -> None:
    results = pool.map(abs, range(-10, 0))
    assert next(results) == 10
    pool.submit(int).result()
    assert soon(lambda: not any(slot[0] for slot in pool._tasks._lineage.slots.values()))
    assert in_child(lambda: list(results)) == list(range(9, 0, -1))


def test_a_fork_in_the_middle_of_a_map() -> None:
    """Some results of a group are there, the rest will never come."""
    release = threading.Event()

    def work(n: int) -> int:
        assert n < 5 or release.wait(60)
        return n

    with tm.Pool(1) as pool:
        results = pool.map(work, range(100), chunksize=100)
        assert next(results) == 0

        def child() -> list[int]:
            taken = []
            with pytest.raises(RuntimeError, match=LOST):
                for result in results:
                    taken.append(result)
            return taken

        assert in_child(child) == [1, 2, 3, 4]
        release.set()
        assert list(results) == list(range(1, 100))


def test_spawned_tasks_are_the_parents(pool: tm.Pool) -> None:
    release, count = threading.Event(), []
    for _ in range(5):
        pool.spawn(lambda: release.wait(60) and count.append(os.getpid()))

    def child() -> list[int]:
        pool.join(timeout=30)
        pool.spawn(count.append, 1)
        pool.join(timeout=30)
        return count

    assert in_child(child) == [1]
    release.set()
    pool.join()
    assert count == [os.getpid()] * 5


# ---- odd moments ----


def test_fork_in_a_task(pool: tm.Pool) -> None:
    queued = [pool.submit(pow, 2, i) for i in range(5)]
    assert pool.submit(lambda: in_child(lambda: use(pool))).result(timeout=100) == "used"
    pool.spawn(lambda: in_child(lambda: use(pool)))
    pool.join(timeout=100)
    assert [future.result() for future in queued] == [1, 2, 4, 8, 16]
    assert use(pool) == "used"


def test_fork_in_a_task_that_waits_for_another(pool: tm.Pool) -> None:
    def inner() -> Any:
        return in_child(lambda: use(pool))

    assert pool.submit(lambda: pool.submit(inner).result()).result(timeout=100) == "used"


@pytest.mark.parametrize("submit", ["submit(task).result()", "spawn(task); pool.join()"])
def test_a_child_that_returns_from_its_task_ends(submit: str) -> None:
    """It has no worker's loop to go back to."""
    script = f"""
import os, threadmill as tm
pool = tm.Pool(2)
def task():
    pid = os.fork()
    if pid == 0:
        print("child", flush=True)
        return
    os.waitpid(pid, 0)
    print("parent", flush=True)
for _ in range(3):
    pool.{submit}
print("end")
"""
    run = commands.run_python(script, "-Wignore")
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["child", "parent"] * 3 + ["end"]


def test_a_child_that_exits_as_usual() -> None:
    """It waits at exit for its own work, and not for the parent's."""
    script = """
import os, threading, threadmill as tm
pool = tm.Pool(2)
release = threading.Event()
tasks = [pool.submit(release.wait) for _ in range(5)]
pid = os.fork()
if pid == 0:
    pool.submit(print, "child", flush=True)
else:
    assert os.waitpid(pid, 0)[1] == 0
    release.set()
    pool.submit(print, "parent", flush=True)
"""
    run = commands.run_python(script, "-Wignore")
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["child", "parent"]


@needs_sound_forks
def test_fork_while_many_threads_submit() -> None:
    """Whatever lock is held at that moment, the child does without it."""
    with tm.Pool(2) as pool:
        stop = threading.Event()
        made: list[Any] = []

        def submit() -> None:
            while not stop.is_set():
                future = pool.submit(divmod, 1, 0)
                made[:] = [future]
                futures.wait([future, pool.submit(int)])
                list(pool.map(abs, range(10)))
                pool.spawn(int)

        threads = [threading.Thread(target=submit) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(30):

                def child() -> str:
                    last = made[0] if made else pool.submit(int)
                    futures.wait([last], timeout=30)
                    repr(last)
                    last.add_done_callback(lambda _: None)
                    return use(pool)

                assert in_child(child) == "used"
        finally:
            stop.set()
            for thread in threads:
                thread.join()


class Slow:
    """A call that one thread is in, with whatever locks it holds there, until it is let go."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._parent = os.getpid()
        self.begun, self.release = threading.Event(), threading.Event()

    def __call__(self, *args: Any) -> Any:
        if os.getpid() == self._parent:
            self.begun.set()
            assert self.release.wait(60)
        return self._call(*args)


def fork_inside(slow: Slow, call: Callable[[], Any]) -> Any:
    """What call() is in a child that was forked while another thread had come to `slow` in it."""
    thread = threading.Thread(target=call)
    thread.start()
    try:
        assert slow.begun.wait(60)
        return in_child(call)
    finally:
        slow.release.set()
        thread.join()


def test_fork_while_another_thread_makes_the_default_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(tm.Pool)
    monkeypatch.setattr("threadmill.tasks.default_pool._default", None)
    monkeypatch.setattr("threadmill.tasks.default_pool.Pool", slow)
    assert fork_inside(slow, lambda: tm.default_pool().submit(pow, 2, 3).result(timeout=30)) == 8
    tm.default_pool().shutdown()


# ---- queues ----

QUEUES: dict[str, Callable[..., Any]] = {
    "fifo": lambda maxsize=0: tm.Queue(maxsize),
    "large fifo": lambda maxsize=0: tm.Queue(max(maxsize, 1 << 17)),
    "lifo": lambda maxsize=0: tm.Queue(maxsize, order="lifo"),
    "priority": lambda maxsize=0: tm.Queue(maxsize, order="priority"),
    "typed": lambda maxsize=0: tm.Queue(maxsize, dtype="i8"),
    "subclass": lambda maxsize=0: OwnQueue(maxsize),
}


class OwnQueue(tm.Queue[int]):
    def _put(self, item: int) -> None:
        super()._put(item)


@pytest.fixture(params=QUEUES)
def make_queue(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return QUEUES[request.param]


@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("waits", ["get", "put"])
def test_fork_while_another_thread_waits_at_a_queue(
    make_queue: Callable[..., Any], waits: str, timeout: float | None
) -> None:
    """What comes in the child wakes who waits there, not the thread that only the parent has."""
    q: Any = make_queue(1)
    if waits == "put":
        if q.maxsize > 1:
            pytest.skip("never full")
        q.put(1)

    def wait() -> Any:
        return q.get(timeout=timeout) if waits == "get" else q.put(1, timeout=timeout)

    parents = threading.Thread(target=wait)
    parents.start()
    assert soon(lambda: is_waiting(q, waits))

    def child() -> list[int]:
        returned: list[Any] = []
        own = threading.Thread(target=lambda: returned.append(wait()), daemon=True)
        own.start()
        if waits == "get":
            q.put(1)
            own.join(30)
            return returned
        taken = [int(q.get(timeout=30)), int(q.get(timeout=30))]
        own.join(30)
        return taken

    assert in_child(child) == ([1] if waits == "get" else [1, 1])
    q.put(1) if waits == "get" else q.get()
    parents.join()


def is_waiting(q: Any, waits: str) -> bool:
    """Whether a thread waits at an object queue, as far as it can be seen."""
    if isinstance(q, tm.TypedQueue):
        return True
    if hasattr(q, "_getting"):
        return bool(q._getting if waits == "get" else q._putting)
    return True


@pytest.mark.parametrize("lock", ["mutex", "all_tasks_done", "not_empty", "not_full"])
def test_fork_while_another_thread_holds_a_queues_lock(make_queue: Callable[..., Any], lock: str) -> None:
    q: Any = make_queue(10)
    if not hasattr(q, lock):
        pytest.skip("not a lock of this queue")
    q.put(5)
    q.put(6)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with getattr(q, lock):
            held.set()
            assert release.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(60)
        assert in_child(lambda: use_queue(q, [5, 6])) == "used"
    finally:
        release.set()
        thread.join()
    assert use_queue(q, [5, 6]) == "used"


def use_queue(q: Any, inside: list[int]) -> str:
    """Every method of a queue, with a limit of time."""
    assert q.qsize() == q.unfinished_tasks == len(inside)
    assert not q.empty()
    assert not q.full()
    q.put(7, timeout=30)
    q.put_nowait(8)
    assert sorted(int(q.get(timeout=30)) for _ in range(2 + len(inside))) == [*inside, 7, 8]
    joining = threading.Thread(target=q.join, daemon=True)
    joining.start()
    for _ in range(2 + len(inside)):
        assert q.unfinished_tasks > 0
        q.task_done()
    joining.join(30)
    assert not joining.is_alive()
    with pytest.raises(standard_queue.Empty):
        q.get(timeout=0.001)
    q.put(9)
    q.shutdown()
    with pytest.raises(tm.ShutDown):
        q.put(1)
    assert q.get(timeout=30) == 9
    with pytest.raises(tm.ShutDown):
        q.get(timeout=30)
    q.task_done()
    q.shutdown(immediate=True)
    q.join()
    return "used"


@needs_sound_forks
@pytest.mark.parametrize("maxsize", [0, 5])
def test_fork_beside_a_busy_queue(make_queue: Callable[..., Any], maxsize: int) -> None:
    """Whatever the other threads do at that moment, the child has all that is inside, and all room."""
    q: Any = make_queue(maxsize)
    stop = threading.Event()
    threads = [threading.Thread(target=churn, args=(q, stop)) for _ in range(3)]
    threads += [threading.Thread(target=look_on, args=(q, stop))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            assert in_child(lambda: empty_and_fill(q)) == "used"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert q.unfinished_tasks == q.qsize() == 0


def churn(q: Any, stop: threading.Event) -> None:
    """Puts an item, takes one and tells it done, again and again."""
    while not stop.is_set():
        q.put(1, timeout=60)
        q.get(timeout=60)
        q.task_done()


def look_on(q: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        q.qsize()
        q.join() if q.unfinished_tasks == 0 else q.unfinished_tasks


def empty_and_fill(q: Any) -> str:
    """All that came with the fork is taken and finished; then the queue is as a new one."""
    inside, unfinished = q.qsize(), q.unfinished_tasks
    # Each of the parent's three threads may have put an item, or have taken one.
    assert inside <= unfinished <= inside + 3
    for _ in range(inside):
        assert q.get(timeout=30) == 1
    with pytest.raises(standard_queue.Empty):
        q.get(block=False)
    for _ in range(unfinished):
        q.task_done()
    q.join()
    if 0 < q.maxsize < 100:
        for _ in range(q.maxsize):
            q.put(1, timeout=30)
        with pytest.raises(standard_queue.Full):
            q.put(1, timeout=0)
        for _ in range(q.maxsize):
            q.get(timeout=30)
            q.task_done()
    q.put(5)
    q.put(6)
    return use_queue(q, [5, 6])


@pytest.mark.parametrize("immediate", [False, True])
def test_a_queue_that_was_shut_down_stays_so(make_queue: Callable[..., Any], immediate: bool) -> None:
    q: Any = make_queue(5)
    q.put(1)
    q.shutdown(immediate)

    def child() -> list[int]:
        with pytest.raises(tm.ShutDown):
            q.put(1, timeout=30)
        left = [int(item) for item in q]
        for _ in left:
            q.task_done()
        q.join()
        return left

    for _ in range(2):
        assert in_child(child) == ([] if immediate else [1])


def test_fork_in_the_middle_of_a_typed_queues_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    q = tm.Queue(dtype="i8")
    slow = Slow(ring.close)
    monkeypatch.setattr(ring, "close", slow)
    thread = threading.Thread(target=q.shutdown)
    thread.start()
    assert slow.begun.wait(60)

    def child() -> str:
        with pytest.raises(tm.ShutDown):
            q.get(timeout=30)
        return "shut down"

    try:
        assert in_child(child) == "shut down"
    finally:
        slow.release.set()
        thread.join()


@needs_sound_forks
def test_fork_beside_a_busy_pipeline() -> None:
    """The child has none of the run; it has the pipeline, and may run it anew."""
    stop = threading.Event()

    def source() -> Iterator[int]:
        while not stop.is_set():
            yield 1

    with tm.Pipeline([tm.stage(lambda x: x, workers=2), lambda x: -x], maxsize=2) as pipe:
        results: Any = pipe.run(source())
        thread = threading.Thread(target=lambda: sum(results))
        thread.start()

        def child() -> list[int]:
            with pytest.raises(RuntimeError, match="the parent process's"):
                next(results)
            results.close()
            return list(pipe.run([1, 2, 3]))

        try:
            for _ in range(15):
                assert in_child(child) == [-1, -2, -3]
        finally:
            stop.set()
            thread.join()
        assert list(pipe.run([4])) == [-4]


class Pair:
    """An item whose comparison stops in the middle, for one thread."""

    def __init__(self, number: int, slow: "Slow | None" = None) -> None:
        self.number, self.slow = number, slow

    def __lt__(self, other: "Pair") -> bool:
        if self.slow is not None:
            self.slow()
        return self.number < other.number


def test_fork_in_the_middle_of_a_heaps_order() -> None:
    """No item is lost, and they come out in order."""
    slow = Slow(lambda: None)
    q: tm.Queue[Pair] = tm.Queue(order="priority")
    for number in 5, 3, 8, 1, 9, 2:
        q.put(Pair(number))
    thread = threading.Thread(target=q.put, args=(Pair(0, slow),))
    thread.start()
    assert slow.begun.wait(60)
    order = in_child(lambda: [q.get(timeout=30).number for _ in range(q.qsize())])
    slow.release.set()
    thread.join()
    assert order == [0, 1, 2, 3, 5, 8, 9]


def test_fork_while_a_typed_queues_blocks_move() -> None:
    moved: Any = tm.Queue(dtype="i8")
    stop = threading.Event()

    def move_blocks() -> None:
        block = np.zeros(1 << 20, "i8")
        while not stop.is_set():
            moved.put_many(block)
            moved.get_many(len(block))

    thread = threading.Thread(target=move_blocks)
    thread.start()
    try:
        for _ in range(5):
            assert in_child(lambda: moved.put(7, timeout=30)) is None
    finally:
        stop.set()
        thread.join()


def test_fork_during_a_loop_of_another_thread() -> None:
    x = np.arange(3_000_000, dtype=np.float64)
    with tm.Pool(2) as pool:
        stop = threading.Event()

        def loop() -> None:
            while not stop.is_set():
                tm.sum(x, pool=pool)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            for _ in range(20):
                assert in_child(lambda: float(tm.sum(x, pool=pool))) == np.sum(x)
        finally:
            stop.set()
            thread.join()


def test_the_parent_keeps_its_threads(pool: tm.Pool) -> None:
    use(pool)
    idents = set(pool._tasks.workers.threads)
    in_child(lambda: use(pool))
    use(pool)
    assert idents <= set(pool._tasks.workers.threads)


# ---- multiprocessing ----

SCRIPT = """
import multiprocessing, sys, threading
import numpy as np
import threadmill as tm
from threadmill._native import ring

pool = tm.Pool(2)
x = np.arange(300_000, dtype=np.float64)

def work(k):
    assert pool.submit(pow, 2, k).result() == 2 ** k
    assert list(pool.map(abs, range(-k, 0))) == list(range(k, 0, -1))
    return float(tm.sum(tm.scale(x, k))), float(tm.sum(x, pool=pool))

if __name__ == "__main__":
    pool.submit(int).result()
    tm.sum(x, pool=pool)
    release = threading.Event()
    waiting = [pool.submit(release.wait) for _ in range(4)]
    expected = [(float(np.sum(x * k)), float(np.sum(x))) for k in range(6)]
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as processes:
        assert processes.map(work, range(6)) == expected
    process = context.Process(target=work, args=(3,))
    process.start()
    process.join()
    assert process.exitcode == 0
    release.set()
    assert all(future.result() for future in waiting)
    print("done")
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = commands.run(sys.executable, "-Wignore", script, method, check=False)
    assert (run.stdout, run.stderr) == ("done\n", "")


def test_children_end_in_time() -> None:
    """The helper above would else hide a child that hangs at its end."""
    begin = time.monotonic()
    assert in_child(lambda: "quick") == "quick"
    assert time.monotonic() - begin < 30
