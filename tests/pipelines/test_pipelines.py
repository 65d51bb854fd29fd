"""Pipeline: order, bounded memory, and that nothing hangs or leaks however a run ends."""

import ctypes
import gc
import linecache
import os
import signal
import sys
import textwrap
import threading
import traceback
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.builds import shared_library
from kit.threads import asleep, merge_references, native_threads, needs_proc, soon

import threadmill as tm
from threadmill.pipelines.run import Run

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")

SOURCE = """
#include <stddef.h>
#include <stdint.h>

/* out = in * *k */
void times(void *ctx, const void *in, void *out, size_t n)
{
    const int64_t *x = in;
    double *y = out;
    for (size_t i = 0; i < n; i++) y[i] = (double)x[i] * *(const double *)ctx;
}

/* Each item becomes the length of the block that it came in. */
void length(void *ctx, const void *in, void *out, size_t n)
{
    int64_t *y = out;
    (void)ctx; (void)in;
    for (size_t i = 0; i < n; i++) y[i] = (int64_t)n;
}

/* The item with the greater field first. */
typedef struct { int32_t a; double b; } pair;
void swap(void *ctx, const void *in, void *out, size_t n)
{
    const pair *x = in;
    pair *y = out;
    (void)ctx;
    for (size_t i = 0; i < n; i++) y[i] = (pair){(int32_t)x[i].b, (double)x[i].a};
}
"""


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """A small shared library in C."""
    return ctypes.CDLL(str(shared_library(tmp_path_factory.mktemp("stages"), SOURCE)))


class Source:
    """Numbers from 0 on as a generator, with what happened to it on record."""

    def __init__(self, end: int | None = None) -> None:
        self.read = 0
        self.closed = threading.Event()
        self.numbers = self._numbers(end)

    def _numbers(self, end: int | None) -> Iterator[int]:
        try:
            while end is None or self.read < end:
                self.read += 1
                yield self.read - 1
        finally:
            self.closed.set()


# ---- what comes out ----


@pytest.mark.smoke
def test_results_in_order() -> None:
    with tm.Pipeline([lambda x: x + 1, tm.stage(lambda x: x * 2, workers=3), str]) as pipe:
        assert list(pipe.run(range(1000))) == [str((x + 1) * 2) for x in range(1000)]


@pytest.mark.parametrize("maxsize", [1, 2, 64])
@pytest.mark.parametrize("workers", [(1,), (4,), (2, 3), (3, 1, 2)])
def test_every_shape_keeps_order(workers: tuple[int, ...], maxsize: int) -> None:
    stages = [tm.stage(lambda x: x + 1, workers=n) for n in workers]
    with tm.Pipeline(stages, maxsize=maxsize) as pipe:
        for length in 0, 1, 2, 333:
            assert list(pipe.run(range(length))) == [x + len(workers) for x in range(length)]


def test_order_holds_when_later_items_are_ready_first() -> None:
    others = threading.Barrier(3, timeout=60)
    last = threading.Event()

    def work(x: int) -> int:
        if x == 0:
            last.wait()  # item 0 is ready after 1 to 3
        else:
            others.wait()
            last.set()
        return x

    with tm.Pipeline([tm.stage(work, workers=4)]) as pipe:
        assert list(pipe.run(range(4))) == [0, 1, 2, 3]


def test_without_order_the_first_ready_comes_first() -> None:
    release = threading.Event()

    def work(x: int) -> int:
        if x == 0:
            release.wait()
        return x

    with tm.Pipeline([tm.stage(work, workers=2)], ordered=False) as pipe:
        results = pipe.run(range(50))
        first = [next(results) for _ in range(49)]  # all but item 0, which is still at work
        release.set()
        assert (sorted(first), list(results)) == (list(range(1, 50)), [0])


def test_each_stage_has_its_threads() -> None:
    together = threading.Barrier(3, timeout=60)

    def meet(x: int) -> int:
        together.wait()  # passes only when three items are in the stage at once
        return x

    with tm.Pipeline([tm.stage(meet, workers=3)]) as pipe:
        assert list(pipe.run(range(9))) == list(range(9))


def test_stages_work_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=60)

    def meet_at(item: int) -> Callable[[int], int]:
        def work(x: int) -> int:
            if x == item:
                together.wait()  # passes only when item 1 is in the first stage and item 0 in the second
            return x

        return work

    with tm.Pipeline([meet_at(1), meet_at(0)]) as pipe:
        assert list(pipe.run(range(5))) == list(range(5))


def workers_of(pipe: tm.Pipeline) -> list[threading.Thread]:
    return list(pipe._pool._tasks.workers.threads.values())


def test_memory_is_bounded_however_slow_a_stage_is() -> None:
    release = threading.Event()
    source = Source()

    def slow(x: int) -> int:
        release.wait()
        return x

    maxsize, workers = 3, 2
    with tm.Pipeline([lambda x: x, tm.stage(slow, workers=workers)], maxsize=maxsize) as pipe:
        results = pipe.run(source.numbers)
        # The source has filled two queues, each thread before the slow stage holds an item, and it stops.
        assert soon(lambda: source.read >= 2 * maxsize + workers + 2)
        assert soon(lambda: all(map(asleep, workers_of(pipe))))
        assert source.read <= 2 * maxsize + workers + 2
        release.set()
        assert [next(results) for _ in range(20)] == list(range(20))
        # A consumer that does not come holds all: three queues, two items a thread, one in the reader's hand.
        assert soon(lambda: all(map(asleep, workers_of(pipe))))
        assert source.read <= 20 + 3 * maxsize + 2 * (1 + workers) + 1


def test_few_results_wait_for_their_turn() -> None:
    release = threading.Event()
    others = 0

    def work(x: int) -> int:
        nonlocal others
        if x == 0:
            release.wait()
        else:
            others += 1
        return x

    with tm.Pipeline([tm.stage(work, workers=2)], maxsize=1) as pipe:
        results = pipe.run(range(100))
        assert soon(lambda: others == 3)  # with item 0 that is two for each worker
        assert soon(lambda: all(map(asleep, workers_of(pipe))))
        assert others == 3
        release.set()
        assert list(results) == list(range(100))


def test_two_runs_in_a_row() -> None:
    with tm.Pipeline([lambda x: -x]) as pipe:
        assert list(pipe.run(range(10))) == [-x for x in range(10)]
        assert list(pipe.run(range(5))) == [-x for x in range(5)]


def test_a_second_run_at_once_is_refused() -> None:
    with tm.Pipeline([lambda x: x]) as pipe:
        results = pipe.run(range(10))
        with pytest.raises(RuntimeError, match="the pipeline has a run under way"):
            pipe.run(range(10))
        assert list(results) == list(range(10))
        assert list(results) == []  # and stays at its end
        assert list(pipe.run([1])) == [1]


def test_a_pipeline_can_be_the_source_of_another() -> None:
    with tm.Pipeline([lambda x: x + 1]) as first, tm.Pipeline([lambda x: x * 2]) as second:
        assert list(second.run(first.run(range(100)))) == [(x + 1) * 2 for x in range(100)]


def test_context_variables_reach_the_stages() -> None:
    with (
        np.errstate(divide="raise"),
        tm.Pipeline([lambda x: np.float64(1) / x]) as pipe,
        pytest.raises(FloatingPointError),
    ):
        list(pipe.run([np.float64(0)]))


def test_threads_let_go_of_what_they_gave() -> None:
    class Item:
        pass

    release = threading.Event()

    def source() -> Iterator[Item]:
        yield Item()
        release.wait()

    with tm.Pipeline([lambda x: x, tm.stage(lambda x: x, workers=2)]) as pipe:
        results = pipe.run(source())
        try:
            item = weakref.ref(next(results))
            assert soon(lambda: item() is None)  # while all of them wait for the next
        finally:
            release.set()
        assert list(results) == []


# ---- how a run ends ----


def test_a_failing_stage_stops_all() -> None:
    source = Source()

    def work(x: int) -> int:
        if x == 20:
            raise LookupError("twenty")
        return x

    seen = []
    with tm.Pipeline([lambda x: x, tm.stage(work, workers=3), lambda x: x], maxsize=2) as pipe:
        with pytest.raises(LookupError, match="twenty") as failure:
            for x in pipe.run(source.numbers):
                seen.append(x)
        assert source.closed.is_set()
        assert seen == list(range(len(seen)))
        assert len(seen) <= 20
        assert list(pipe.run([1, 2])) == [1, 2]  # the pipeline is as new
    names = [frame.name for frame in traceback.extract_tb(failure.value.__traceback__)]
    assert names[-1] == "work"
    assert names[0] == "test_a_failing_stage_stops_all"


def test_a_failing_source_stops_all() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("no more")

    with tm.Pipeline([lambda x: x]) as pipe, pytest.raises(OSError, match="no more") as failure:
        list(pipe.run(numbers()))
    assert [frame.name for frame in traceback.extract_tb(failure.value.__traceback__)][-1] == "numbers"


def test_the_first_failure_is_raised() -> None:
    def numbers() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            raise OSError("the second")  # when it is closed, because of the first

    with tm.Pipeline([lambda x: 1 // x], maxsize=1) as pipe, pytest.raises(ZeroDivisionError):
        list(pipe.run(numbers()))


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What has been reported as an exception that ended a thread."""
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))
    return reported


def test_a_failure_after_the_consumer_has_left_is_reported(unseen: list[Any]) -> None:
    left, begun = threading.Event(), []

    def work(x: int) -> int:
        if x > 0:
            begun.append(x)
            assert left.wait(60)
            raise LookupError(x)
        return x

    with tm.Pipeline([tm.stage(work, workers=2)]) as pipe:
        results: Any = pipe.run(range(3))
        assert next(results) == 0
        assert soon(lambda: len(begun) == 2)  # what nobody has taken is dropped
        leaving = threading.Thread(target=results.close)
        leaving.start()
        assert soon(lambda: results._run._left)
        left.set()
        leaving.join()
    assert [str(error) for error in unseen] in (["1"], ["2"])  # the first, and it alone


def test_a_failure_that_the_consumer_has_not_come_to_is_reported(unseen: list[Any]) -> None:
    with tm.Pipeline([lambda x: 1 // x]) as pipe:
        results: Any = pipe.run([0])
        run = results._run
        assert soon(lambda: run._error is not None)
        assert unseen == []
        del results
        assert [type(error) for error in unseen] == [ZeroDivisionError]


def test_what_is_no_failure_is_not_reported(unseen: list[Any]) -> None:
    own = tm.Queue()
    own.put(1)
    with tm.Pipeline([lambda _: own.get()]) as pipe:
        results: Any = pipe.run(range(3))
        assert next(results) == 1
        run = results._run
        leaving = threading.Thread(target=results.close)
        leaving.start()
        assert soon(lambda: run._left)
        own.shutdown()  # ShutDown in the stage
        leaving.join()
    pipe = tm.Pipeline([lambda x: x])
    results = pipe.run(range(1000))
    pipe.close()
    del results
    with tm.Pipeline([lambda x: 1 // x]) as pipe, pytest.raises(ZeroDivisionError):
        list(pipe.run([0]))  # the consumer has met it
    assert unseen == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_stage_may_raise_anything(kind: type[BaseException]) -> None:
    def work(_x: int) -> int:
        raise kind("away")

    with tm.Pipeline([work]) as pipe, pytest.raises(kind, match="away"):
        list(pipe.run([1]))


def test_stop_iteration_of_a_stage_is_not_the_end() -> None:
    def work(x: int) -> int:
        return next(iter([])) if x == 3 else x

    with tm.Pipeline([work]) as pipe, pytest.raises(RuntimeError, match="raised StopIteration") as failure:
        list(pipe.run(range(10)))
    assert isinstance(failure.value.__cause__, StopIteration)


def test_shutdown_of_another_queue_in_a_stage_is_a_failure() -> None:
    other = tm.Queue()
    other.shutdown()
    with tm.Pipeline([lambda _x: other.get()]) as pipe, pytest.raises(tm.ShutDown):
        list(pipe.run(range(10)))
    with tm.Pipeline([lambda x: x]) as pipe, pytest.raises(tm.ShutDown):
        list(pipe.run(other.get() for _ in range(10)))


def test_break_stops_the_source() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x, tm.stage(lambda x: x, workers=2)], maxsize=4) as pipe:
        for x in pipe.run(source.numbers):
            if x == 10:
                break
        assert source.closed.is_set()  # at once: leaving waits until all have stopped
        read = source.read
        assert read <= 11 + 3 * 4 + 2 * 3 + 1
        assert list(pipe.run([1])) == [1]
        assert source.read == read


def test_a_source_that_is_no_generator_stays_open(root: Any) -> None:
    with open(root / "pyproject.toml", encoding="utf-8") as lines, tm.Pipeline([str.strip]) as pipe:
        assert next(pipe.run(lines)) == "[build-system]"
        assert not lines.closed


def test_a_failing_consumer_stops_the_source() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x]) as pipe:
        with pytest.raises(ZeroDivisionError):
            for x in pipe.run(source.numbers):
                1 // (5 - x)
        assert source.closed.is_set()


def test_closing_the_results() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x]) as pipe:
        results: Any = pipe.run(source.numbers)
        assert next(results) == 0
        results.close()
        assert source.closed.is_set()
        assert list(results) == []
        results.close()


def test_a_run_that_nobody_reads_is_stopped_with_its_iterator() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x]) as pipe:
        pipe.run(source.numbers)
        assert source.closed.is_set()
        assert list(pipe.run([3])) == [3]


def test_an_iterator_lost_in_a_cycle_is_collected() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x]) as pipe:
        cycle: list[Any] = [pipe.run(source.numbers)]
        cycle.append(cycle)
        next(cycle[0])
        del cycle
        gc.collect()
        assert source.closed.is_set()


def test_an_iterator_collected_by_its_own_pipeline() -> None:
    cycle: list[Any] = []
    collected = threading.Event()

    def work(x: int) -> int:
        if x == 5:
            cycle.clear()  # the last reference: a worker of the run drops it
            collected.set()
        return x

    source = Source()
    with tm.Pipeline([work]) as pipe:
        cycle.append(pipe.run(source.numbers))
        assert collected.wait(60)
        assert source.closed.wait(60)


def test_errors_make_no_cycles() -> None:
    def work(_x: int) -> int:
        raise LookupError("here")

    class Kept:
        pass

    def run() -> "weakref.ref[Kept]":
        kept = Kept()
        with tm.Pipeline([work]) as pipe:
            try:
                list(pipe.run([kept]))
            except LookupError:
                return weakref.ref(kept)
        raise AssertionError

    gc.collect()
    gc.disable()
    try:
        gone = run()
        merge_references()
        assert gone() is None
    finally:
        gc.enable()


def test_a_failed_run_keeps_nothing_alive() -> None:
    """Neither inputs nor results that were ready before their turn, though the pipeline is still there."""

    class Item:
        pass

    failed, others = threading.Event(), threading.Semaphore(0)

    def work(pair: tuple[int, Item]) -> tuple[int, Item]:
        if pair[0] == 0:
            for _ in range(2):
                assert others.acquire(timeout=60)  # two later ones are ready
            raise LookupError
        others.release()
        return pair

    def run(pipe: tm.Pipeline) -> list["weakref.ref[Item]"]:
        items = [Item() for _ in range(6)]
        refs = [weakref.ref(item) for item in items]
        pairs = list(enumerate(items))
        del items
        try:
            list(pipe.run(pairs))
        except LookupError:
            failed.set()
        return refs

    gc.collect()
    gc.disable()
    try:
        with tm.Pipeline([tm.stage(work, workers=2), lambda x: x]) as pipe:
            refs = run(pipe)
            assert failed.is_set()
            assert soon(lambda: [ref() for ref in refs] == [None] * 6)
    finally:
        gc.enable()


# ---- failures at any line ----


class Injected(Exception):
    pass


class Injector:
    """Raises once in a thread of a run, at the line of pipelines/ or queues/ that has its turn."""

    def __init__(self, at: int) -> None:
        self._lock = threading.Lock()
        self._left = at
        self._lines: dict[Any, int] = {}  # where each frame was
        self.place = ""

    def __call__(self, frame: Any, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        ours = "/threadmill/pipelines/" in name or "/threadmill/queues/" in name
        return self._trace if ours else None

    def _trace(self, frame: Any, event: str, _argument: Any) -> Any:
        if event == "line":
            before, self._lines[frame] = self._lines.get(frame, 0), frame.f_lineno
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            if line.startswith("with ") and before > frame.f_lineno:
                return self._trace  # where CPython releases the lock: no code could make up for it
            with self._lock:
                self._left -= 1
                turn = self._left == -1
            if turn:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise Injected(self.place)
        return self._trace


@pytest.mark.parametrize("shape", ["one worker", "workers in order", "workers without order"])
def test_a_failure_at_any_line_reaches_the_consumer(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never waits for an item that is taken and will not be told."""
    guard, places = Run._guard, set()
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # as the consumer may have left before
    workers = 1 if shape == "one worker" else 2

    def run(injector: Injector) -> str:
        def traced(self: Any, task: Any) -> None:
            sys.settrace(injector)
            sys._getframe().f_trace = None
            try:
                guard(self, task)
            finally:
                sys.settrace(None)

        monkeypatch.setattr(Run, "_guard", traced)
        stages = [tm.stage(lambda x: x, workers=workers)]
        with tm.Pipeline(stages, maxsize=1, ordered=shape != "workers without order") as pipe:
            try:
                return "all" if len(list(pipe.run(range(4)))) == 4 else "some"
            except Injected:
                return "failure"

    at, quiet = 0, 0
    while quiet < 20:  # lines after the last that a run comes to, whatever its threads' order
        injector = Injector(at)
        consumer = Consumer(run, injector)
        assert consumer.end(), f"the consumer waits for ever after a failure at {injector.place}"
        assert consumer.outcome in ("all", "failure")
        places.add(injector.place)
        at, quiet = at + 1, 0 if injector.place else quiet + 1
    assert len(places) > 40


class Consumer(threading.Thread):
    def __init__(self, run: Any, injector: Injector) -> None:
        super().__init__(daemon=True)
        self._of_run, self._injector = run, injector
        self.outcome = ""
        self.start()

    def run(self) -> None:
        self.outcome = self._of_run(self._injector)

    def end(self) -> bool:
        self.join(30)
        return not self.is_alive()


# ---- closing ----


def test_close_during_a_run() -> None:
    source = Source()
    with tm.Pipeline([lambda x: x]) as pipe:
        results = pipe.run(source.numbers)
        assert next(results) == 0
    assert source.closed.is_set()
    with pytest.raises(RuntimeError, match="the pipeline was closed during the run"):
        next(results)
    assert list(results) == []
    with pytest.raises(RuntimeError, match="shutdown"):
        pipe.run([1])
    pipe.close()


def test_close_by_another_thread_while_the_consumer_waits() -> None:
    release = threading.Event()
    began = threading.Event()

    def work(x: int) -> int:
        began.set()
        release.wait()
        return x

    pipe = tm.Pipeline([work])

    def close() -> None:
        began.wait()
        threading.Thread(
            target=lambda: soon(lambda: pipe._run._queues[-1].is_shutdown) and release.set()
        ).start()
        pipe.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(RuntimeError, match="closed during the run"):
        list(pipe.run([1, 2, 3]))
    closer.join()


def test_a_finished_run_is_not_spoilt_by_close() -> None:
    with tm.Pipeline([lambda x: x]) as pipe:
        results = pipe.run([1])
        assert list(results) == [1]
    assert list(results) == []


@needs_proc
def test_no_thread_is_left() -> None:
    def fail(_x: int) -> int:
        raise LookupError

    before = native_threads()
    for stages in ([lambda x: x], [tm.stage(lambda x: x, workers=3), lambda x: x], [fail]):
        with tm.Pipeline(stages, maxsize=1) as pipe:
            for _ in range(3):
                try:
                    for x in pipe.run(range(100)):
                        if x == 10:
                            break
                except LookupError:
                    pass
            assert native_threads() - before
        assert soon(lambda: native_threads() <= before)


@needs_proc
def test_a_forgotten_pipeline_ends_its_threads() -> None:
    before = native_threads()
    results = tm.Pipeline([lambda x: x]).run(range(1000))
    assert next(results) == 0
    gc.collect()  # the pipeline is gone; the run goes on
    assert sum(1 for _ in results) == 999
    del results
    gc.collect()
    assert soon(lambda: native_threads() <= before)


def test_ctrl_c_in_the_consumer() -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals come to the main thread")
    waiting, release = threading.Event(), threading.Event()
    source = Source()

    def work(x: int) -> int:
        if x == 3:
            waiting.set()
            release.wait()
        return x

    def interrupt() -> None:
        waiting.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        # Python misses a signal that comes in the moment before it sleeps, and heeds it at the next one.
        while not release.wait(1):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def handler(_number: int, _frame: Any) -> None:
        release.set()  # the run ends when its stage does
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    thread = threading.Thread(target=interrupt)
    try:
        with tm.Pipeline([work]) as pipe:
            thread.start()
            with pytest.raises(KeyboardInterrupt) as interrupt:
                for _ in pipe.run(source.numbers):
                    pass
            assert source.closed.is_set()  # though the traceback still holds the iterator
            del interrupt
            assert list(pipe.run([9])) == [9]
    finally:
        signal.signal(signal.SIGINT, before)
        thread.join()


# ---- processes ----


class Holder(threading.Thread):
    """A thread that holds a lock until it is to end."""

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self._lock, self._held, self._release = lock, threading.Event(), threading.Event()
        self.start()
        assert self._held.wait(60)

    def run(self) -> None:
        with self._lock:
            self._held.set()
            assert self._release.wait(60)

    def end(self) -> None:
        self._release.set()
        self.join()


@needs_fork
def test_a_forked_child() -> None:
    with tm.Pipeline([tm.stage(lambda x: x, workers=2)], maxsize=2) as pipe:
        results: Any = pipe.run(range(100))
        assert next(results) == 0
        run = results._run
        locks = [run._turnstiles[0]._lock, run._lock, pipe._lock]
        held = [Holder(lock) for lock in locks]  # as other threads may be in the middle of each
        child = os.fork()
        if child > 0:
            for each in held:
                each.end()
        if child == 0:
            signal.alarm(30)  # a child that hangs is killed
            status = 1
            try:
                try:
                    next(results)
                except RuntimeError as error:
                    assert "the parent process's" in str(error)  # noqa: PT017
                    results.close()
                    del results
                    status = 0 if list(pipe.run([1, 2, 3])) == [1, 2, 3] else 2
                    pipe.close()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert list(results) == list(range(1, 100))


@needs_fork
@pytest.mark.parametrize("where", ["stage", "source"])
def test_a_child_forked_in_a_run_ends(where: str) -> None:
    """Its thread of the run has nobody to give to, nor to take from."""
    output = run_script(f"""
        import os, sys, warnings, threadmill as tm
        warnings.simplefilter("ignore", DeprecationWarning)
        def fork(x):
            if x == 5:
                child = os.fork()
                if child == 0:
                    print("child", flush=True)
                else:
                    assert os.waitpid(child, 0)[1] == 0
            return x
        in_stage, in_source = ({where!r} == "stage"), ({where!r} == "source")
        stages = [tm.stage(fork if in_stage else int, workers=2), int]
        with tm.Pipeline(stages, maxsize=2) as pipe:
            print(list(pipe.run(fork(x) if in_source else x for x in range(10))), flush=True)
    """)
    assert output == f"child\n{list(range(10))}\n"


def run_script(text: str) -> str:
    done = commands.run_python(textwrap.dedent(text), "-W", "error")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_exit_with_a_run_under_way() -> None:
    output = run_script("""
        import itertools, threadmill as tm
        pipe = tm.Pipeline([lambda x: x + 1], maxsize=2)
        results = pipe.run(itertools.count())
        print(next(results), next(results))
    """)
    assert output == "1 2\n"


@needs_fork
def test_exit_of_a_forked_child_with_a_run_under_way() -> None:
    output = run_script("""
        import itertools, os, sys, warnings, threadmill as tm
        warnings.simplefilter("ignore", DeprecationWarning)
        pipe = tm.Pipeline([lambda x: x + 1], maxsize=2)
        results = pipe.run(itertools.count())
        next(results)
        child = os.fork()
        if child == 0:
            sys.exit(0)  # runs what an exit runs
        print(os.waitpid(child, 0)[1], next(results))
    """)
    assert output == "0 2\n"


# ---- native stages ----


def test_native_stage_between_python_stages(native: ctypes.CDLL) -> None:
    factor = np.array([2.5])
    stages = [
        lambda x: x + 1,
        tm.stage(native.times, workers=2, dtype=np.int64, out_dtype=np.float64, chunksize=7, ctx=factor),
        float,
    ]
    for maxsize in 1, 5, 64:
        with tm.Pipeline(stages, maxsize=maxsize) as pipe:
            results = list(pipe.run(range(500)))
            assert results == [(x + 1) * 2.5 for x in range(500)]
            assert type(results[0]) is float


def test_native_stages_in_a_row(native: ctypes.CDLL) -> None:
    record = np.dtype([("a", np.int32), ("b", np.float64)], align=True)
    assert record.itemsize == 16
    items = [(i, float(-i)) for i in range(300)]
    swap = tm.stage(native.swap, dtype=record)
    with tm.Pipeline([swap, tm.stage(native.swap, workers=3, dtype=record, chunksize=4)], maxsize=10) as pipe:
        assert [tuple(item) for item in pipe.run(items)] == items
    with tm.Pipeline([swap]) as pipe:
        assert [tuple(item) for item in pipe.run(items)] == [(-i, float(i)) for i in range(300)]


def test_native_blocks_are_no_longer_than_asked(native: ctypes.CDLL) -> None:
    with tm.Pipeline([tm.stage(native.length, dtype=np.int64, chunksize=5)], maxsize=100) as pipe:
        lengths = list(pipe.run(range(1000)))
    assert len(lengths) == 1000
    assert 1 <= min(lengths) <= max(lengths) <= 5


def test_an_item_that_does_not_fit_a_native_stage(native: ctypes.CDLL) -> None:
    with (
        tm.Pipeline([str, tm.stage(native.length, dtype=np.int64)]) as pipe,
        pytest.raises(TypeError, match="<U9"),
    ):
        list(pipe.run(["no number"]))


# ---- arguments ----

BAD_STAGES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: tm.stage(3), TypeError, "a stage must be a callable, got int"),
    (lambda: tm.stage(str, workers=0), ValueError, "workers must be 1 or more, got 0"),
    (lambda: tm.stage(str, workers=1.5), TypeError, "integer"),  # type: ignore[arg-type]
    (lambda: tm.stage(str, ctx=3), TypeError, "for a native function, which also needs dtype"),
    (lambda: tm.stage(str, dtype="i8"), TypeError, "fn must be a native function"),
    (lambda: tm.stage(1 << 12, dtype="i8", chunksize=0), ValueError, "chunksize must be 1 or more, got 0"),
    (lambda: tm.stage(1 << 12, dtype="O"), TypeError, "no Python objects, got object"),
    (lambda: tm.stage(1 << 12, dtype="i8", out_dtype="O"), TypeError, "no Python objects, got object"),
    (lambda: tm.Pipeline([]), ValueError, "a pipeline needs at least one stage"),
    (lambda: tm.Pipeline([str, 3]), TypeError, "a stage must be a callable, got int"),
    (lambda: tm.Pipeline([str], maxsize=0), ValueError, "maxsize must be 1 or more, got 0"),
    (
        lambda: tm.Pipeline([tm.stage(1 << 12, dtype="f8"), tm.stage(1 << 12, dtype="i4")]),
        TypeError,
        "a stage gives float64, but the next one takes int32",
    ),
]


@pytest.mark.parametrize(("make", "kind", "text"), BAD_STAGES)
def test_bad_arguments(make: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make()


@pytest.mark.parametrize("source", [3, None])
def test_bad_source(source: Any) -> None:
    with tm.Pipeline([str]) as pipe:
        with pytest.raises(TypeError, match="not iterable"):
            pipe.run(source)
        assert list(pipe.run([1])) == ["1"]


def test_stress() -> None:
    """Many short runs that end in every way."""
    fns: Iterable[Any] = [lambda x: x, tm.stage(lambda x: x + 1, workers=3), tm.stage(lambda x: x, workers=2)]
    with tm.Pipeline(fns, maxsize=2) as pipe:
        for round in range(200):
            expected = range(1, 31)
            taken = []
            for x in pipe.run(range(30)):
                taken.append(x)
                if x == round % 40:
                    break
            assert taken == list(expected)[: len(taken)]
            assert len(taken) == (round % 40 if 0 < round % 40 <= 30 else 30)
