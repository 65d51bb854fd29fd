"""pool.map: the order, the batches, laziness, failures in their place, timeouts, progress."""

import contextlib
import contextvars
import gc
import itertools
import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any
from unittest import mock

import numpy as np
import pytest
from kit.marks import only_in_a_sweep
from kit.threads import Busy, merge_references, soon

import threadmill as tm

HOW: list[Any] = [{}, {"chunksize": 7}, {"chunksize": 10_000}, {"buffersize": 5}]
HOW += map(only_in_a_sweep, [{"chunksize": 1}, {"buffersize": 1}, {"buffersize": 10_000}])


@pytest.fixture(params=HOW, ids=str)
def how(request: pytest.FixtureRequest) -> Any:
    """The keywords that say how the inputs are grouped."""
    return request.param


@pytest.fixture
def busy_pool() -> Iterator[tuple[tm.Pool, threading.Event]]:
    """A pool of one thread, busy until the event is set."""
    with tm.Pool(1) as pool:
        busy = Busy(pool)
        yield pool, busy.release
        busy.release.set()


# ---- results ----


@pytest.mark.smoke
@pytest.mark.parametrize("n", [0, 1, 2, 10, 1000, 20_000])
def test_as_the_builtin(pool: tm.Pool, how: Any, n: int) -> None:
    if "buffersize" in how:
        n = min(n, 1000)
    assert list(pool.map(str, range(n), **how)) == list(map(str, range(n)))


def test_several_iterables_end_with_the_shortest(pool: tm.Pool, how: Any) -> None:
    assert list(pool.map(pow, range(10), itertools.count(), **how)) == [i**i for i in range(10)]
    assert list(pool.map(lambda *args: args, "abc", [1, 2], iter("xyz"), **how)) == [
        ("a", 1, "x"),
        ("b", 2, "y"),
    ]


def test_no_iterable(pool: tm.Pool) -> None:
    assert list(pool.map(str)) == list(futures.ThreadPoolExecutor(1).map(str)) == []


def test_any_iterable(pool: tm.Pool, how: Any) -> None:
    assert list(pool.map(int, (c for c in "123"), **how)) == [1, 2, 3]
    assert sorted(pool.map(int, {"1", "2"}, **how)) == [1, 2]
    assert list(pool.map(float, np.arange(5), **how)) == [0, 1, 2, 3, 4]


def test_results_of_any_kind(pool: tm.Pool, how: Any) -> None:
    """Arrays, which compare in their own way, and None."""
    results = list(pool.map(np.arange, range(50), **how))
    assert [len(result) for result in results] == list(range(50))
    assert list(pool.map(lambda _: None, range(50), **how)) == [None] * 50


def test_quick_calls_then_slow_ones(pool: tm.Pool) -> None:
    def work(n: int) -> int:
        if n % 500 == 499:
            time.sleep(0.005)  # the batch turns out slow
        return n

    assert list(pool.map(work, range(3000))) == list(range(3000))


def test_all_threads_take_part() -> None:
    with tm.Pool(3) as pool:
        together = threading.Barrier(3)
        for how in {}, {"chunksize": 1}, {"buffersize": 3}:
            list(pool.map(lambda _: together.wait(60), range(3), **how))


def test_many_maps_at_once(pool: tm.Pool) -> None:
    maps = [pool.map(lambda i, k=k: i * k, range(500)) for k in range(20)]
    for k, results in reversed(list(enumerate(maps))):
        assert list(results) == [i * k for i in range(500)]


def test_one_iterator_taken_by_several_threads_in_turn(pool: tm.Pool) -> None:
    results = pool.map(str, range(100))
    lock, taken = threading.Lock(), []

    def take() -> None:
        for _ in range(25):
            with lock:
                taken.append(next(results))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == list(map(str, range(100)))


# ---- when calls begin, and when results come ----


def test_work_begins_without_iterating(how: Any) -> None:
    began = threading.Event()
    with tm.Pool(1) as pool:
        results = pool.map(lambda _: began.set(), [1], **how)
        assert began.wait(60)
        assert list(results) == [None]


def test_all_is_done_though_nobody_takes_it() -> None:
    done: list[int] = []
    with tm.Pool(2) as pool:
        results = pool.map(done.append, range(100))
        pool.shutdown()
        assert sorted(done) == list(range(100))
        assert list(results) == [None] * 100


def test_inputs_are_read_to_their_end_without_a_buffersize(busy_pool: Any) -> None:
    pool, _release = busy_pool
    inputs = iter(range(10))
    results = pool.map(str, inputs)
    assert next(inputs, "read") == "read"
    del results


def test_calls_may_feed_the_inputs(pool: tm.Pool, how: Any) -> None:
    """As a crawler does: each call finds the next input, while `map` waits for it."""
    found: queue.Queue[int] = queue.Queue()
    found.put(0)

    def inputs() -> Iterator[int]:
        for _ in range(300):
            yield found.get(timeout=60)

    def visit(page: int) -> int:
        found.put(page + 1)
        return page

    assert list(pool.map(visit, inputs(), **how)) == list(range(300))


@pytest.mark.parametrize("how", [{}, {"chunksize": 1}, {"buffersize": 5}], ids=str)
def test_all_threads_take_part_while_inputs_are_read(how: Any) -> None:
    all_here = threading.Barrier(4)

    def inputs() -> Iterator[int]:
        yield from range(3)
        all_here.wait(60)  # with three calls at once
        yield 3

    def work(n: int) -> int:
        if n < 3:
            all_here.wait(60)
        return n

    with tm.Pool(3) as pool:
        assert list(pool.map(work, inputs(), **how)) == [0, 1, 2, 3]


def test_a_thread_is_free_for_others_while_inputs_are_read(how: Any) -> None:
    """No worker waits for the next input."""
    with tm.Pool(1) as pool:

        def inputs() -> Iterator[int]:
            for n in range(5):
                yield pool.submit(abs, -n).result(timeout=60)

        assert list(pool.map(str, inputs(), **how)) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("when_full", ["block", "raise", "run"])
def test_inputs_read_one_by_one_in_a_bounded_pool(when_full: Any) -> None:
    with tm.Pool(2, max_queue=1, when_full=when_full) as pool:
        assert list(pool.map(str, iter(range(2000)))) == list(map(str, range(2000)))


def test_a_pool_that_is_shut_down_while_inputs_are_read(how: Any) -> None:
    pool = tm.Pool(2)

    def inputs() -> Iterator[int]:
        yield 1
        pool.shutdown()
        yield 2

    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        list(pool.map(str, inputs(), **how))


@pytest.mark.parametrize("buffersize", [1, 3])
def test_inputs_are_read_ahead_by_the_buffersize(buffersize: int) -> None:
    read = []

    def inputs() -> Iterator[int]:
        for i in itertools.count():
            read.append(i)
            yield i

    with tm.Pool(2) as pool:
        results = pool.map(str, inputs(), buffersize=buffersize)
        assert len(read) == buffersize
        assert [next(results) for _ in range(10)] == list(map(str, range(10)))
        assert len(read) == buffersize + 10
        del results


@pytest.mark.parametrize("executor", [tm.Pool, futures.ThreadPoolExecutor])
def test_a_failing_input_is_met_by_the_caller(executor: Any) -> None:
    """The calls for what was read before it run."""
    ran: list[int] = []

    def inputs() -> Iterator[int]:
        yield from range(100)
        raise LookupError("no more")

    with executor(2) as pool, pytest.raises(LookupError, match="no more"):
        pool.map(ran.append, inputs())
    assert sorted(ran) == list(range(100))


def test_a_failing_input_of_a_buffered_map(pool: tm.Pool) -> None:
    def inputs() -> Iterator[int]:
        yield from range(10)
        raise LookupError("no more")

    results = pool.map(str, inputs(), buffersize=2)
    with pytest.raises(LookupError, match="no more"):
        list(results)


def test_the_first_result_is_not_held_back_by_its_group() -> None:
    """The group is still at work when its first result is taken."""
    release = threading.Event()

    def work(n: int) -> int:
        if n == 60:
            assert release.wait(60)
        return n

    with tm.Pool(1) as pool:
        for how in {}, {"chunksize": 100}:
            release.clear()
            results = pool.map(work, range(100), **how)
            assert [next(results) for _ in range(60)] == list(range(60))
            release.set()
            assert list(results) == list(range(60, 100))


def test_slow_calls_at_the_end_are_shared_by_all() -> None:
    """Though quick calls before them have made the batches large."""
    last, count = 40_000, 64
    entered: dict[int, int] = {}
    all_here = threading.Barrier(4)

    def call(i: int) -> None:
        if i >= last:
            me = threading.get_ident()
            if me not in entered:
                all_here.wait(60)
            entered[me] = entered.get(me, 0) + 1

    with tm.Pool(4) as pool:
        list(pool.map(call, range(last + count)))
    assert len(entered) == 4
    assert sum(entered.values()) == count


def test_slow_calls_are_not_grouped() -> None:
    """Two calls that wait for each other can't sit in one group."""
    with tm.Pool(2) as pool:
        together = threading.Barrier(2)

        def meet(_: int) -> None:
            time.sleep(0.002)  # slow: a group takes a millisecond
            together.wait(60)

        assert list(pool.map(meet, range(20))) == [None] * 20


# ---- failures ----


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, KeyboardInterrupt, futures.CancelledError])
@pytest.mark.parametrize("at", [0, 1, 57, 99])
def test_an_exception_surfaces_at_its_place(
    pool: tm.Pool, how: Any, at: int, kind: type[BaseException]
) -> None:
    error = kind("here")

    def work(n: int) -> int:
        if n >= at:
            raise error
        return n

    results = pool.map(work, range(100), **how)
    assert [next(results) for _ in range(at)] == list(range(at))
    with pytest.raises(kind) as raised:
        next(results)
    assert raised.value is error
    assert next(results, "ended") == "ended"
    assert list(pool.map(abs, [-1], **how)) == [1]


def test_the_traceback_reaches_into_the_call(pool: tm.Pool, how: Any) -> None:
    def innermost(_: int) -> None:
        raise ValueError

    with pytest.raises(ValueError) as raised:  # noqa: PT011
        list(pool.map(innermost, [1], **how))
    assert raised.traceback[-1].name == "innermost"


def test_stop_iteration_does_not_end_the_results_quietly(pool: tm.Pool, how: Any) -> None:
    def work(n: int) -> int:
        if n == 5:
            raise StopIteration
        return n

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(pool.map(work, range(10), **how))


def test_a_wrong_number_of_arguments(pool: tm.Pool, how: Any) -> None:
    with pytest.raises(TypeError):
        list(pool.map(abs, [1], [2], **how))


@pytest.mark.parametrize("name", ["chunksize", "buffersize"])
def test_bad_sizes(pool: tm.Pool, name: str) -> None:
    for value in 0, -1:
        with pytest.raises(ValueError, match=rf"^{name} must be 1 or more, got {value}$"):
            pool.map(int, [], **{name: value})
    for wrong in 1.0, "1":
        with pytest.raises(TypeError, match=rf"^{name} must be an integer, got "):
            pool.map(int, [], **{name: wrong})  # type: ignore[arg-type]


def test_what_is_not_iterable(pool: tm.Pool, how: Any) -> None:
    with pytest.raises(TypeError, match="not iterable|must support iteration"):
        pool.map(int, 5, **how)  # type: ignore[arg-type]


# ---- cancelling and timeouts ----


@pytest.mark.parametrize("end", ["del", "close", "failure"])
def test_what_nobody_has_begun_is_cancelled_with_the_iterator(how: Any, end: str) -> None:
    begun, release = threading.Event(), threading.Event()
    ran: list[int] = []

    def work(n: int) -> int:
        if n == 1:
            begun.set()
            assert release.wait(60)
        if n == 0 and end == "failure":
            raise LookupError
        ran.append(n)
        return n

    with tm.Pool(1) as pool:
        results = pool.map(work, range(100), **how)
        with contextlib.suppress(LookupError):
            assert next(results) == 0
        assert end == "failure" or begun.wait(60)
        if end == "close":
            results.close()  # type: ignore[attr-defined]
            assert next(results, "ended") == "ended"
        del results
        gc.collect()
        release.set()
    assert (99 in ran) == (how == {"chunksize": 10_000})  # where one thread had taken them all


@pytest.mark.parametrize("end", ["del", "close"])
@pytest.mark.parametrize("progress", [False, True, lambda done, total: None], ids=["", "bar", "told"])
def test_results_that_nobody_asked_for_are_cancelled(
    busy_pool: Any, how: Any, progress: Any, end: str
) -> None:
    if progress is True:
        pytest.importorskip("tqdm")
    pool, release = busy_pool
    ran: list[int] = []
    results = pool.map(ran.append, range(100), **how, progress=progress)
    if end == "close":
        results.close()
        assert next(results, "ended") == "ended"
    del results
    release.set()
    pool.shutdown()
    assert ran == []


def test_a_statement_that_calls_map_runs_all_calls(how: Any) -> None:
    """As in the standard library, where people call map for its effects."""

    def through_a_function() -> Any:
        return pool.map(ran.append, range(100, 105), **how)

    ran: list[int] = []
    with tm.Pool(1) as pool:
        pool.map(ran.append, range(100), **how)
        through_a_function()
    assert ran == list(range(min(how.get("buffersize", 100), 100))) + list(
        range(100, 100 + min(how.get("buffersize", 5), 5))
    )


def test_close_drops_what_is_ready(pool: tm.Pool) -> None:
    with contextlib.closing(pool.map(str, range(1000))) as results:  # type: ignore[type-var]
        assert next(results) == "0"
    assert next(results, "ended") == "ended"


def test_timeout_counts_from_the_call(busy_pool: Any, how: Any) -> None:
    pool, release = busy_pool
    results = pool.map(str, range(10), timeout=0.01, **how)
    with pytest.raises(futures.TimeoutError):
        next(results)
    assert next(results, "ended") == "ended"
    release.set()
    assert list(pool.map(str, range(3), timeout=60, **how)) == ["0", "1", "2"]


def test_a_result_that_is_there_is_given_after_the_timeout(how: Any) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(n: int) -> int:
        if n == 1:
            begun.set()
            assert release.wait(60)
        return n

    if how.get("buffersize") != 1:
        with tm.Pool(1) as pool:
            results = pool.map(work, range(10), timeout=0, **how)
            assert begun.wait(60)
            assert next(results) == 0
            with pytest.raises(futures.TimeoutError):
                next(results)
            release.set()


def test_timeout_in_the_middle(how: Any) -> None:
    release = threading.Event()
    with tm.Pool(1) as pool:
        results = pool.map(lambda n: n if n < 5 else release.wait(60), range(10), timeout=1, **how)
        taken = []
        with pytest.raises(futures.TimeoutError):
            for result in results:
                taken.append(result)
        release.set()
    assert taken == [0, 1, 2, 3, 4]


def test_shutdown_with_cancel_surfaces_in_the_results(busy_pool: Any) -> None:
    pool, release = busy_pool
    results = pool.map(str, range(10))
    pool.shutdown(wait=False, cancel_futures=True)
    release.set()
    with pytest.raises(futures.CancelledError):
        next(results)


def test_shutdown_in_the_middle_of_a_buffered_map() -> None:
    pool = tm.Pool(2)
    results = pool.map(str, itertools.count(), buffersize=4)
    assert next(results) == "0"
    pool.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        list(itertools.islice(results, 10))


# ---- memory ----


class Thing:
    pass


def test_a_worker_lets_go_of_a_result_before_it_tells(pool: tm.Pool) -> None:
    """Who is told may drop the last reference, and then the result goes."""
    references: list[int] = []
    begin = threading.Event()

    def count(future: Any) -> None:
        references.append(sys.getrefcount(future.result()))

    def call() -> Thing:
        begin.wait(60)
        return Thing()

    future = pool.submit(call)
    future.add_done_callback(count)
    begin.set()
    pool.shutdown()
    count(future)
    assert references[0] == references[1]


def test_results_are_let_go_as_they_are_taken(pool: tm.Pool, how: Any) -> None:
    for thing in pool.map(lambda _: Thing(), range(200), **how):
        gone = weakref.ref(thing)
        del thing
        merge_references()
        assert soon(
            lambda gone=gone: gone() is None
        )  # a worker that has told of it may still hold the future


def test_inputs_and_results_go_with_the_iterator(how: Any) -> None:
    kept = [Thing() for _ in range(100)]
    gone = [weakref.ref(thing) for thing in kept]
    with tm.Pool(2) as pool:
        results = pool.map(lambda thing: thing, kept, **how)
        next(results)
        del results, kept
    gc.collect()
    assert [ref() for ref in gone] == [None] * 100


# ---- contexts and threads ----

variable = contextvars.ContextVar("variable", default="unset")


def test_calls_see_the_context_of_the_caller(pool: tm.Pool, how: Any) -> None:
    token = variable.set("mine")
    results = pool.map(lambda _: variable.get(), range(50), **how)
    variable.reset(token)
    assert set(results) == {"mine"}


def test_what_a_call_sets_does_not_reach_other_maps(pool: tm.Pool, how: Any) -> None:
    list(pool.map(lambda _: variable.set("changed"), range(50), **how))
    assert variable.get() == "unset"
    assert set(pool.map(lambda _: variable.get(), range(50), **how)) == {"unset"}


def test_calls_run_on_the_pools_threads(pool: tm.Pool, how: Any) -> None:
    names = set(pool.map(lambda _: threading.current_thread().name, range(50), **how))
    assert names <= {f"{pool._tasks.prefix}_{i}" for i in range(pool._max_workers)}


# ---- progress ----


def test_progress_is_told(pool: tm.Pool, how: Any) -> None:
    told: list[tuple[int, int | None]] = []
    results = pool.map(str, range(5), progress=lambda *args: told.append(args), **how)
    assert told == []
    assert list(results) == ["0", "1", "2", "3", "4"]
    total = None if "buffersize" in how else 5
    assert told == [(done, total) for done in range(1, 6)]


def test_progress_by_tqdm(
    pool: tm.Pool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tqdm = pytest.importorskip("tqdm")
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)  # no thread of its own
    assert list(pool.map(str, range(5), progress=True)) == ["0", "1", "2", "3", "4"]
    assert "5/5" in capfd.readouterr().err


def test_progress_without_tqdm(pool: tm.Pool, how: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before anything is read or run."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    inputs = iter([1])
    with pytest.raises(ImportError, match=r"^progress=True needs tqdm: pip install tqdm$"):
        pool.map(str, inputs, progress=True, **how)
    assert next(inputs) == 1


def test_progress_of_the_wrong_kind(pool: tm.Pool) -> None:
    wrong: Callable[[int, int | None], object] | Any = 5
    with pytest.raises(TypeError, match=r"^progress must be True, False or a callable, got int$"):
        pool.map(str, [1], progress=wrong)


# ---- an overridden submit ----


class Counting(tm.Pool):
    """Counts what is submitted."""

    submitted = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


def test_a_subclasss_submit_sees_each_call(how: Any) -> None:
    with Counting(2) as pool:
        assert list(pool.map(abs, range(-5, 0), **how)) == [5, 4, 3, 2, 1]
        assert pool.submitted == 5


@pytest.mark.parametrize("owner", ["class", "pool"])
def test_a_patched_submit_sees_each_call(how: Any, owner: str) -> None:
    with tm.Pool(2) as pool:
        target: Any = tm.Pool if owner == "class" else pool
        with mock.patch.object(target, "submit", autospec=True, side_effect=target.submit) as submit:
            assert list(pool.map(abs, range(-5, 0), **how)) == [5, 4, 3, 2, 1]
        assert submit.call_count == 5


def test_an_overridden_submit_keeps_the_order_and_is_told_of_progress() -> None:
    told: list[Any] = []
    with Counting(3) as pool:
        results = pool.map(str, iter(range(200)), progress=lambda *args: told.append(args))
        assert list(results) == list(map(str, range(200)))
    assert told == [(done, 200) for done in range(1, 201)]
