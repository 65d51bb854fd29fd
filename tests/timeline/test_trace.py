"""trace: what is recorded, under which names and in which lanes, and how blocks end."""

import ctypes
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import commands

import threadmill as tm
from threadmill.timeline import chrome
from threadmill.timeline.events import Event, Lane, Timeline
from threadmill.timeline.recording import _Row, _Wakes

N = 500_000


@pytest.fixture
def pool() -> Iterator[tm.Pool]:
    with tm.Pool(3) as made:
        yield made


def traced(pool: tm.Pool, call: Callable[[], object], **options: Any) -> Timeline:
    with tm.trace(pool=pool, **options) as run:
        call()
    assert run.timeline is not None
    return run.timeline


def names(timeline: Timeline, kind: str) -> set[str]:
    return {event.name for event in timeline.events if event.kind == kind}


def doubled(x: Any) -> Any:
    return 2 * x + 1


# ---- what is recorded --------------------------------------------------------------------------------------


def test_each_chunk_is_in_one_lane_once(pool: tm.Pool) -> None:
    x = np.ones(N)
    timeline = traced(pool, lambda: tm.parallel(np.sqrt)(x, pool=pool))
    (loop,) = [event for event in timeline.events if event.kind == "loop"]
    chunks = sorted(
        (event.details["first"], event.details["n"]) for event in timeline.events if event.kind == "chunk"
    )
    assert len(chunks) == loop.details["chunks"] > 3
    assert [first for first, _ in chunks] == [0, *np.cumsum([n for _, n in chunks])[:-1]]
    assert sum(n for _, n in chunks) == loop.details["n"]
    assert timeline.dropped == 0


def test_events_lie_within_the_trace_and_chunks_within_their_loop(pool: tm.Pool) -> None:
    timeline = traced(pool, lambda: [tm.square(np.ones(N), pool=pool) for _ in range(5)])
    assert timeline.events == sorted(timeline.events, key=lambda event: event.begin)
    assert all(0 <= event.begin <= event.end <= timeline.duration for event in timeline.events)
    for caller in (at for at, lane in enumerate(timeline.lanes) if not lane.is_worker):
        loops = timeline.of(caller, "loop")
        for chunk in timeline.of(caller, "chunk", "join"):
            assert any(loop.begin <= chunk.begin and chunk.end <= loop.end for loop in loops)
    assert all(timeline.busy(at) <= timeline.duration for at in range(len(timeline.lanes)))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda pool: tm.parallel(np.multiply)(np.ones(N), 3, pool=pool), "multiply"),
        (lambda pool: tm.parallel(np.add)(np.ones(N, "f4"), np.ones(N), pool=pool), "add"),
        (lambda pool: tm.parallel(np.add)(np.ones((900, 999))[:, ::3], 1, pool=pool), "add"),
        (
            lambda pool: tm.parallel(np.maximum).reduce(np.ones((900, 900)), axis=1, pool=pool),
            "maximum.reduce",
        ),
        (lambda pool: tm.square(np.ones(N), pool=pool), "square"),
        (lambda pool: tm.scale(np.ones(N, "i4"), 3, overflow="raise", pool=pool), "scale"),
        (lambda pool: tm.sum(np.ones(N), pool=pool), "sum"),
        (lambda pool: tm.random(np.random.default_rng(1), N, pool=pool), "random"),
        (lambda pool: tm.numpy.bincount(np.arange(N) % 9, pool=pool), "bincount"),
        (lambda pool: tm.numpy.sort(np.random.default_rng(1).random((64, 9999)), pool=pool), "sort"),
        (lambda pool: tm.map_chunks(doubled, np.ones(N), pool=pool), "doubled"),
        (lambda pool: tm.reduce(max, range(999), pool=pool), "max"),
    ],
)
def test_chunks_have_the_name_of_what_runs(
    pool: tm.Pool, call: Callable[[tm.Pool], object], name: str
) -> None:
    assert name in names(traced(pool, lambda: call(pool)), "chunk")


@pytest.mark.filterwarnings("default")  # where warnings are errors, nothing is put off
def test_passes_are_named_by_their_operations_and_for_whom_they_are(pool: tm.Pool) -> None:
    x = np.ones(N)
    timeline = traced(pool, lambda: tm.fuse(doubled, pool=pool)(x))
    assert names(timeline, "call") == {"doubled"}
    chunks = [event for event in timeline.events if event.kind == "chunk"]
    assert {(event.name, event.details["call"]) for event in chunks} == {("multiply, add", "doubled")}


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
def nothing(ctx: int, begin: int, end: int) -> None:
    pass


def test_native_functions_are_called_so(pool: tm.Pool) -> None:
    timeline = traced(pool, lambda: pool.parallel_for(100, nothing, chunksize=10))
    assert Counter(event.name for event in timeline.events if event.kind == "chunk") == {
        "native function": 10
    }
    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
    timeline = traced(pool, lambda: (pool.spawn(task), pool.join()))
    assert "native task" in names(timeline, "task")


def test_python_tasks_have_the_names_of_their_functions(pool: tm.Pool) -> None:
    def work() -> None:
        pool.submit(doubled, 1).result()
        pool.submit(lambda: 1).result()
        pool.submit(int, "7", base=8).result()
        pool.spawn(doubled, 1)
        pool.join()
        assert list(pool.map(str.upper, "abc")) == ["A", "B", "C"]

    timeline = traced(pool, work)
    assert names(timeline, "task") == {"doubled", "<lambda>", "int", "str.upper"} | (
        {"upper"} & names(timeline, "task")
    )
    for at, lane in enumerate(timeline.lanes):
        assert lane.is_worker or not timeline.of(at, "task")


def test_callers_have_lanes_of_their_own_before_the_workers(pool: tm.Pool) -> None:
    x, together = np.ones(N), threading.Barrier(2)

    def square() -> None:
        tm.square(x, pool=pool)
        together.wait()  # else the second may have the first one's ident, and lane

    def work() -> None:
        threads = [threading.Thread(target=square) for _ in range(2)]
        for thread in threads:
            thread.start()
        tm.square(x, pool=pool)
        for thread in threads:
            thread.join()

    lanes = traced(pool, work).lanes
    assert [lane.name for lane in lanes[3:]] == ["worker 0", "worker 1", "worker 2"]
    assert [lane.is_worker for lane in lanes] == [False] * 3 + [True] * 3
    assert threading.current_thread().name in [lane.name for lane in lanes[:3]]


def test_a_worker_that_sleeps_all_the_time_is_seen_asleep() -> None:
    with tm.Pool(2) as pool:
        pool.submit(int).result()
        while sum(row["parks"] for row in pool.stats()["workers"]) == 0:
            pool.submit(int).result()
        timeline = traced(pool, lambda: None)
        assert any(
            event.kind == "park" and event.end - event.begin > timeline.duration // 2
            for event in timeline.events
        )


def test_loops_on_the_caller_alone_are_recorded() -> None:
    with tm.Pool(1) as pool:
        timeline = traced(pool, lambda: tm.square(np.ones(N), pool=pool))
        (caller, worker) = timeline.lanes
        assert timeline.of(0, "chunk")
        assert not timeline.of(1, "chunk")
        assert worker.is_worker > caller.is_worker


# ---- wake-ups ----------------------------------------------------------------------------------------------


def wake(begin: int, end: int, number: int) -> _Row:
    return _Row("wake", "", "", begin, end, 0, 0, number, 0)


def test_a_worker_takes_the_first_wake_up_that_can_be_its_own() -> None:
    wakes = _Wakes([wake(200, 210, 1), wake(100, 110, 2)])
    assert wakes.take(0, 90) is None  # nobody had been woken yet
    assert wakes.take(50, 150) == 100
    assert wakes.take(160, 220) == 200  # the first is another worker's, which slept already
    assert wakes.take(40, 300) == 100
    assert wakes.take(40, 400) is None


def test_a_wake_up_takes_from_the_waker_to_the_worker(pool: tm.Pool) -> None:
    timeline = traced(pool, lambda: [tm.square(np.ones(N), pool=pool) for _ in range(20)])
    assert timeline.waking() == sorted(timeline.waking())
    for at in range(len(timeline.lanes)):
        parks = {event.end for event in timeline.of(at, "park")}
        assert all(event.begin in parks for event in timeline.of(at, "waking"))


# ---- how a block can end -----------------------------------------------------------------------------------


def test_nothing_is_left_of_a_trace(pool: tm.Pool) -> None:
    before = pool._tasks.run
    timeline = traced(pool, lambda: tm.square(np.ones(N), pool=pool))
    count = len(timeline.events)
    tm.square(np.ones(N), pool=pool)
    pool.submit(doubled, 1).result()
    assert (pool._tasks.run, pool._tasks.recorder, len(timeline.events)) == (before, None, count)
    again = traced(pool, lambda: tm.sum(np.ones(N), pool=pool))
    assert names(again, "chunk") == {"sum"}


def test_what_a_block_raises_passes_and_the_file_is_written(pool: tm.Pool, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), tm.trace(tmp_path / "run.json", pool=pool):
        tm.square(np.ones(N), pool=pool)
        pool.submit(lambda: 1 / 0).result()
    assert {"square", "<lambda>"} <= {event.name for event in chrome.read(tmp_path / "run.json").events}


def test_a_pool_that_is_shut_down_within_is_recorded_to_its_end() -> None:
    pool = tm.Pool(2)
    timeline = traced(
        pool, lambda: (tm.square(np.ones(N), pool=pool), pool.submit(doubled, 1), pool.shutdown())
    )
    assert {"square", "doubled"} <= {event.name for event in timeline.events}
    with pytest.raises(RuntimeError, match="after shutdown"):
        tm.trace(pool=pool)


def test_a_pool_has_one_trace_at_a_time(pool: tm.Pool) -> None:
    with tm.trace(pool=pool) as outer:
        with pytest.raises(RuntimeError, match="traced already, and a pool has one trace at a time"):
            tm.trace(pool=pool).__enter__()
        with pytest.raises(RuntimeError, match="traced already"), outer:
            pass
        tm.square(np.ones(N), pool=pool)
    assert outer.timeline is not None
    assert names(outer.timeline, "chunk") == {"square"}
    outer.__exit__(None, None, None)  # a second end does nothing
    with outer:
        pass
    assert names(outer.timeline, "chunk") == set()


def test_two_pools_have_two_traces(pool: tm.Pool) -> None:
    with tm.Pool(2) as other, tm.trace(pool=pool) as one, tm.trace(pool=other) as two:
        tm.square(np.ones(N), pool=pool)
        tm.sum(np.ones(N), pool=other)
    assert one.timeline is not None
    assert two.timeline is not None
    assert (names(one.timeline, "chunk"), names(two.timeline, "chunk")) == ({"square"}, {"sum"})


def test_starts_and_ends_beside_work_in_other_threads(pool: tm.Pool) -> None:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            tm.square(np.ones(50_000), pool=pool)
            pool.submit(doubled, 1).result()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for k in range(60):
            timeline = traced(pool, lambda: tm.sum(np.ones(50_000), pool=pool), events=1 + 30 * k)
            assert timeline.dropped or "sum" in names(timeline, "chunk")
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_forked_child_records_nothing_and_can_trace_anew(tmp_path: Path) -> None:
    script = f"""
import os, pathlib, numpy as np, threadmill as tm
path = pathlib.Path({str(tmp_path)!r}, "run.json")
x = np.ones({N})
with tm.Pool(2) as pool:
    with tm.trace(path, pool=pool) as run:
        tm.square(x, pool=pool)
        child = os.fork()
    if child == 0:
        good = run.timeline is None and "nothing recorded" in repr(run)
        with run:
            tm.sum(x, pool=pool)
        good = good and "sum" in {{event.name for event in run.timeline.events}}
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert "square" in {{event.name for event in run.timeline.events}}
"""
    done = commands.run_python(script)
    assert done.returncode == 0, done.stderr


# ---- room --------------------------------------------------------------------------------------------------


def test_what_finds_no_room_is_counted_and_told(pool: tm.Pool) -> None:
    def work() -> None:
        for _ in range(10):
            tm.square(np.ones(N), pool=pool)
            pool.submit(doubled, 1).result()

    with tm.trace(pool=pool, events=5) as run:
        work()
    timeline = run.timeline
    assert timeline is not None
    assert timeline.dropped > 50
    assert "events found no room" in repr(run)
    for at, lane in enumerate(timeline.lanes):
        assert (lane.full is not None) == (lane.dropped > 0)
        assert len(timeline.of(at, "chunk", "loop", "join", "wake", "spin", "python")) <= 5
    assert traced(pool, work, events=100_000).dropped == 0


# ---- arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"events": 0}, ValueError, "events must be from 1 to 2147483648, got 0"),
        ({"events": 1.5}, TypeError, "events must be an integer, got float"),
        ({"pool": 3}, TypeError, "pool must be a threadmill.Pool or None, got int"),
        ({"path": "/no/such/folder/run.json"}, FileNotFoundError, "make /no/such/folder first"),
    ],
)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        tm.trace(**options)


def test_the_default_pool_is_traced_where_none_is_named() -> None:
    with tm.trace() as run:
        tm.default_pool().submit(doubled, 1).result()
    assert run.timeline is not None
    assert names(run.timeline, "task") == {"doubled"}


# ---- the file ----------------------------------------------------------------------------------------------


def test_the_file_has_the_trace_event_format(pool: tm.Pool, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with tm.trace(path, pool=pool) as run:
        tm.square(np.ones(N), pool=pool)
    whole = json.loads(path.read_text())
    assert os.listdir(tmp_path) == ["run.json"]
    for event in whole["traceEvents"]:
        assert {"ph", "pid", "name", "args"} <= set(event)
        if event["ph"] == "X":
            assert {"ts", "dur", "tid", "cat"} <= set(event)
    names = [event["args"]["name"] for event in whole["traceEvents"] if event["name"] == "thread_name"]
    assert names[-3:] == ["worker 0", "worker 1", "worker 2"]
    back = chrome.read(path)
    assert run.timeline is not None
    assert (back.lanes, back.events, back.duration) == (
        run.timeline.lanes,
        run.timeline.events,
        run.timeline.duration,
    )


@pytest.mark.parametrize(
    "text", ["", "{}", "[1, 2]", '{"traceEvents": [], "otherData": {"maker": "x"}}', "\0"]
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json is no timeline of threadmill's"):
        chrome.read(path)


def test_what_is_within_each_other_counts_once() -> None:
    lanes = [Lane("a", True, 0, None)]
    events = [
        Event(0, "task", "t", 10, 50, {}),
        Event(0, "chunk", "c", 20, 30, {}),
        Event(0, "chunk", "c", 40, 60, {}),
    ]
    assert Timeline(lanes, events, 100).busy(0) == 50
