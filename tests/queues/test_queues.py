"""tm.Queue: the standard library's queues by one name, and queues of typed items."""

import contextlib
import datetime
import decimal
import enum
import fractions
import gc
import itertools
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit import commands, stdlib_cases
from kit.threads import HAS_GIL, asleep, soon

import threadmill as tm
from threadmill._native import ring
from threadmill._native.library import lib

# ---- CPython's own tests ----

QUEUE_CASES = list(stdlib_cases.queue_cases())
for case in QUEUE_CASES:
    globals()[case.__name__] = case
    del case


@pytest.mark.skipif(not QUEUE_CASES, reason=stdlib_cases.MISSING)
def test_the_standard_librarys_cases_are_here() -> None:
    assert len(QUEUE_CASES) == len(stdlib_cases._QUEUE_CLASSES)


# ---- helpers ----

# Queues of ints that a test may use alike, whatever they are made of.
KINDS: dict[str, Callable[..., Any]] = {
    "fifo": lambda maxsize=0: tm.Queue(maxsize),
    "lifo": lambda maxsize=0: tm.Queue(maxsize, order="lifo"),
    "priority": lambda maxsize=0: tm.Queue(maxsize, order="priority"),
    "typed fifo": lambda maxsize=0: tm.Queue(maxsize, dtype=np.int64),
    "typed lifo": lambda maxsize=0: tm.Queue(maxsize, dtype=np.int64, order="lifo"),
}


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return KINDS[request.param]


@pytest.fixture(params=[name for name in KINDS if name.startswith("typed")])
def make_typed(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return KINDS[request.param]


class Thread(threading.Thread):
    """A thread that keeps what its function returned or raised; started at once."""

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(daemon=True)
        self.call = lambda: function(*args, **kwargs)
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.call()
        except BaseException as error:
            self.error = error

    def end(self) -> Any:
        self.join(60)
        assert not self.is_alive()
        return self.result if self.error is None else self.error


# ---- as queue.Queue, for all kinds ----


@pytest.mark.smoke
def test_put_and_get(make: Callable[..., Any]) -> None:
    q = make()
    assert q.empty()
    assert not q.full()
    for i in 1, 2, 3:
        q.put(i)
    assert q.qsize() == 3
    assert sorted(q.get() for _ in range(3)) == [1, 2, 3]
    assert q.empty()


def test_orders() -> None:
    expected = {"fifo": [3, 1, 2], "lifo": [2, 1, 3], "priority": [1, 2, 3]}
    for kind, make in KINDS.items():
        q = make()
        for i in 3, 1, 2:
            q.put(i)
        assert [q.get() for _ in range(3)] == expected[kind.removeprefix("typed ")]


def test_nothing_there(make: Callable[..., Any]) -> None:
    q = make()
    for get in (
        q.get_nowait,
        lambda: q.get(False),
        lambda: q.get(block=False, timeout=5),
        lambda: q.get(timeout=0),
        lambda: q.get(timeout=0.01),
    ):
        with pytest.raises(queue.Empty):
            get()


def test_no_room(make: Callable[..., Any]) -> None:
    q = make(2)
    assert q.maxsize == 2
    q.put(1)
    q.put(2)
    assert q.full()
    for put in (
        lambda: q.put_nowait(3),
        lambda: q.put(3, False),
        lambda: q.put(3, block=False, timeout=5),
        lambda: q.put(3, timeout=0),
        lambda: q.put(3, timeout=0.01),
    ):
        with pytest.raises(queue.Full):
            put()
    assert q.qsize() == 2
    assert q.unfinished_tasks == 2


@pytest.mark.parametrize("maxsize", [0, -1])
def test_no_bound(make: Callable[..., Any], maxsize: int) -> None:
    q = make(maxsize)
    for i in range(10_000):
        q.put_nowait(i)
    assert not q.full()
    assert sorted(q.get_nowait() for _ in range(10_000)) == list(range(10_000))


def test_timeouts_are_kept(make: Callable[..., Any]) -> None:
    q = make(1)
    begin = time.monotonic()
    with pytest.raises(queue.Empty):
        q.get(timeout=0.1)
    q.put(1)
    with pytest.raises(queue.Full):
        q.put(1, timeout=0.1)
    assert time.monotonic() - begin >= 0.2


def test_negative_timeouts(make: Callable[..., Any]) -> None:
    q = make(1)
    for call in lambda: q.put(1, timeout=-1), lambda: q.get(timeout=-1):
        with pytest.raises(ValueError, match=r"^'timeout' must be a non-negative number$"):
            call()


def test_get_waits_for_put(make: Callable[..., Any]) -> None:
    q = make()
    getters = [Thread(q.get) for _ in range(3)]
    for i in range(3):
        q.put(i)
    assert sorted(getter.end() for getter in getters) == [0, 1, 2]


def test_put_waits_for_get(make: Callable[..., Any]) -> None:
    q = make(1)
    q.put(0)
    putters = [Thread(q.put, i) for i in (1, 2, 3)]
    got = [q.get(timeout=60) for _ in range(4)]
    assert [putter.end() for putter in putters] == [None] * 3
    assert sorted(got) == [0, 1, 2, 3]


def test_join_waits_for_task_done(make: Callable[..., Any]) -> None:
    q = make()
    q.join()
    for i in range(3):
        q.put(i)
    joining = [Thread(q.join) for _ in range(3)]
    for _ in range(3):
        assert all(thread.is_alive() for thread in joining)
        q.get()
        q.task_done()
    assert [thread.end() for thread in joining] == [None] * 3


def test_task_done_too_often(make: Callable[..., Any]) -> None:
    q = make()
    q.put(1)
    q.task_done()
    with pytest.raises(ValueError, match=r"^task_done\(\) called too many times$"):
        q.task_done()


def test_iteration_ends_with_shutdown(make: Callable[..., Any]) -> None:
    q = make()
    reader = Thread(lambda: list(q))
    for i in range(100):
        q.put(i)
    q.shutdown()
    assert sorted(reader.end()) == list(range(100))
    assert list(q) == []


@pytest.mark.parametrize("readers", [1, 4])
@pytest.mark.parametrize("writers", [1, 4])
@pytest.mark.parametrize("maxsize", [0, 1, 7])
def test_many_threads(make: Callable[..., Any], readers: int, writers: int, maxsize: int) -> None:
    q = make(maxsize)
    each = 2000

    def write(k: int) -> None:
        for i in range(each):
            q.put(k * each + i)

    def read() -> list[int]:
        seen = []
        for item in q:
            seen.append(int(item))
            q.task_done()
        return seen

    reading = [Thread(read) for _ in range(readers)]
    for thread in [Thread(write, k) for k in range(writers)]:
        thread.end()
    q.join()
    q.shutdown()
    taken = [thread.end() for thread in reading]
    assert sorted(itertools.chain(*taken)) == list(range(writers * each))


# ---- shutdown ----


def test_shutdown_is_the_standard_one() -> None:
    if sys.version_info >= (3, 13):
        assert tm.ShutDown is queue.ShutDown
    assert issubclass(tm.ShutDown, Exception)


def test_shutdown_lets_what_is_inside_out(make: Callable[..., Any]) -> None:
    q = make()
    q.put(1)
    assert not q.is_shutdown
    q.shutdown()
    assert q.is_shutdown
    with pytest.raises(tm.ShutDown):
        q.put(2)
    assert q.get() == 1
    for get in q.get, q.get_nowait, lambda: q.get(timeout=60):
        with pytest.raises(tm.ShutDown):
            get()
    q.task_done()
    q.join()


def test_shutdown_immediate(make: Callable[..., Any]) -> None:
    q = make()
    for i in range(5):
        q.put(i)
    q.get()
    joining = Thread(q.join)
    q.shutdown(immediate=True)
    assert q.qsize() == 0
    with pytest.raises(tm.ShutDown):
        q.get()
    assert joining.is_alive()  # the one that was taken is not done
    q.task_done()
    assert joining.end() is None
    with pytest.raises(ValueError, match="too many times"):
        q.task_done()


def test_shutdown_twice_and_harder(make: Callable[..., Any]) -> None:
    q = make()
    q.put(1)
    q.shutdown()
    q.shutdown(immediate=True)
    q.shutdown()
    with pytest.raises(tm.ShutDown):
        q.get()
    q.join()


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_everybody(make: Callable[..., Any], immediate: bool) -> None:
    empty, full = make(), make(1)
    full.put(0)
    getters = [Thread(empty.get) for _ in range(3)] + [Thread(empty.get, timeout=600)]
    putters = [Thread(full.put, i) for i in range(3)] + [Thread(full.put, 1, timeout=600)]
    empty.shutdown(immediate)
    full.shutdown(immediate)
    assert {type(thread.end()) for thread in getters + putters} == {tm.ShutDown}


# ---- objects ----


def test_any_object() -> None:
    q = tm.Queue()
    things = [None, np.arange(3), [1], q, ...]
    for thing in things:
        q.put(thing)
    assert all(q.get() is thing for thing in things)


def test_priority_of_pairs() -> None:
    q = tm.Queue(order="priority")
    for item in (2, "b"), (1, "c"), (2, "a"):
        q.put(item)
    assert [q.get() for _ in range(3)] == [(1, "c"), (2, "a"), (2, "b")]


def test_items_that_do_not_compare() -> None:
    q, standard = tm.Queue(order="priority"), queue.PriorityQueue[Any]()
    for each in q, standard:
        each.put(1)
        with pytest.raises(TypeError, match="not supported"):
            each.put("text")
        assert each.unfinished_tasks == 1


def test_items_are_let_go() -> None:
    import weakref

    class Thing:
        pass

    for order in "fifo", "lifo":
        q = tm.Queue(order=order)  # type: ignore[arg-type]
        thing = Thing()
        gone = weakref.ref(thing)
        q.put(thing)
        del thing
        assert gone() is not None
        q.get()
        assert gone() is None


# ---- typed items ----

DTYPES: list[Any] = [
    *"?bBhHiIlLqQefdgFDG",
    "S5",
    "U3",
    "M8[ns]",
    "m8[s]",
    ">i4",
    ">f8",
    "V3",
    [("id", "i8"), ("xy", "f4", 2), ("name", "S7")],
    np.dtype([("a", "u1"), ("b", "f8")], align=True),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes_keep_their_bits(dtype: Any) -> None:
    dtype = np.dtype(dtype)
    if dtype.char == "V":
        items = np.random.default_rng(5).integers(0, 100, 200 * dtype.itemsize, np.uint8).view(dtype)
    else:
        items = np.arange(200).astype(dtype)
    q = tm.Queue(dtype=dtype)
    assert q.dtype == dtype
    q.put_many(items)
    out = q.get_many(150)
    assert out.dtype == dtype
    assert out.shape == (150,)
    assert out.tobytes() == items[:150].tobytes()
    item = q.get()
    assert isinstance(item, np.generic)
    assert type(item) is type(items[150])
    assert item.tobytes() == items[150].tobytes()
    q.put(item)
    rest = q.get_many(1000)
    assert rest[:-1].tobytes() == items[151:].tobytes()
    assert rest[-1] == items[150]  # numbers with padding have more bits than their value


def test_records_by_field() -> None:
    q = tm.Queue(dtype=[("id", "i8"), ("x", "f4")])
    q.put((1, 2.5))
    q.put(np.array((2, 3.5), q.dtype))
    assert q.get()["x"] == np.float32(2.5)
    assert q.get()["id"] == 2


def test_an_item_is_a_copy() -> None:
    q = tm.Queue(dtype="i8")
    block = np.arange(5)
    q.put_many(block)
    block[:] = -1
    out = q.get_many(5)
    out[0] = 7
    assert out.tolist() == [7, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "layout", ["strided", "reversed", "read-only", "misaligned", "byte-swapped", "list", "int32"]
)
def test_blocks_of_any_layout(layout: str) -> None:
    plain = np.arange(100)
    swapped = plain.astype(plain.dtype.newbyteorder())
    fixed = plain.copy()
    fixed.flags.writeable = False
    blocks: dict[str, Any] = {
        "strided": np.repeat(plain, 3)[::3],
        "reversed": plain[::-1].copy()[::-1],
        "read-only": fixed,
        "misaligned": np.frombuffer(b"x" + plain.tobytes(), np.uint8)[1:].view(plain.dtype),
        "byte-swapped": swapped,
        "list": plain.tolist(),
        "int32": plain.astype(np.int32),
    }
    q = tm.Queue(dtype=np.int64)
    q.put_many(blocks[layout])
    assert q.get_many(1000).tolist() == plain.tolist()


def test_empty_blocks(make_typed: Callable[..., Any]) -> None:
    q = make_typed(1)
    for empty in np.array([], np.int64), [], np.array([], np.float32):
        q.put_many(empty)
    assert q.qsize() == q.unfinished_tasks == 0
    q.put(1)
    q.put_many([], block=False)  # needs no room
    assert q.unfinished_tasks == 1


def test_get_many_takes_what_is_there(make_typed: Callable[..., Any]) -> None:
    q = make_typed()
    q.put_many(np.arange(5))
    assert len(q.get_many(3)) == 3
    assert len(q.get_many(3)) == 2
    with pytest.raises(queue.Empty):
        q.get_many(3, block=False)
    with pytest.raises(queue.Empty):
        q.get_many(3, timeout=0.01)
    getter = Thread(q.get_many, 1000)
    q.put(9)
    assert getter.end().tolist() == [9]


def test_get_many_in_lifo_order() -> None:
    q = tm.Queue(dtype="i8", order="lifo")
    q.put_many(np.arange(10))
    assert q.get_many(4).tolist() == [9, 8, 7, 6]
    q.put(100)
    assert q.get_many(100).tolist() == [100, 5, 4, 3, 2, 1, 0]


def test_order_across_the_end_of_the_ring() -> None:
    q = tm.Queue(7, dtype="i8")
    sent, taken = itertools.count(), []
    for put, get in itertools.islice(itertools.cycle([(5, 3), (3, 4), (2, 5), (7, 1), (1, 6)]), 200):
        free = 7 - q.qsize()
        q.put_many(np.fromiter(itertools.islice(sent, min(put, free)), np.int64))
        taken += q.get_many(get).tolist()
    assert taken == list(range(len(taken)))


@pytest.mark.parametrize("order", ["fifo", "lifo"])
def test_a_queue_without_bound_grows(order: Any) -> None:
    q = tm.Queue(dtype="i4", order=order)
    q.put_many(np.arange(50, dtype="i4"))
    q.get_many(20)  # the items begin in the middle of the ring when it grows
    q.put_many(np.arange(50, 200_000, dtype="i4"))
    rest = q.get_many(200_000)
    assert len(rest) == 200_000 - 20
    expected = np.arange(20, 200_000) if order == "fifo" else [*range(199_999, 49, -1), *range(29, -1, -1)]
    assert np.array_equal(rest, expected)


def test_a_block_larger_than_the_queue_goes_through_it() -> None:
    q = tm.Queue(10, dtype="i8")
    putter = Thread(q.put_many, np.arange(10_000))
    taken: list[int] = []
    while len(taken) < 10_000:
        taken += q.get_many(33, timeout=60).tolist()
    assert putter.end() is None
    assert taken == list(range(10_000))


@pytest.mark.parametrize("how", [{"block": False}, {"timeout": 0}, {"timeout": 0.01}], ids=str)
def test_full_tells_how_many_went_in(how: Any) -> None:
    q = tm.Queue(5, dtype="i8")
    q.put_many(np.arange(2))
    with pytest.raises(
        tm.PartialPut, match="^3 items went in before the time ran out: put the rest, those from 3 on, later$"
    ) as raised:
        q.put_many(np.arange(2, 10), **how)
    assert isinstance(raised.value, queue.Full)
    assert raised.value.done == pickle.loads(pickle.dumps(raised.value)).done == 3
    assert q.unfinished_tasks == 5
    assert q.get_many(10).tolist() == [0, 1, 2, 3, 4]


def test_shutdown_tells_how_many_went_in() -> None:
    q = tm.Queue(5, dtype="i8")
    putter = Thread(q.put_many, np.arange(10))
    deadline = time.monotonic() + 60
    while q.qsize() < 5 and time.monotonic() < deadline:
        time.sleep(0.001)
    q.shutdown()
    error = putter.end()
    assert isinstance(error, tm.ShutDown)
    assert isinstance(error, tm.PartialShutDown)
    assert error.done == pickle.loads(pickle.dumps(error)).done == 5
    assert q.unfinished_tasks == 5
    with pytest.raises(tm.PartialShutDown) as raised:
        q.put_many(np.arange(3))
    assert raised.value.done == 0
    for _ in range(5):
        q.get()
        q.task_done()
    q.join()


def test_blocks_from_many_threads() -> None:
    """Items of a block keep their order, though blocks of several writers may interleave."""
    q = tm.Queue(1000, dtype=[("writer", "i4"), ("number", "i4")])
    writers, blocks, size = 4, 50, 333

    def write(k: int) -> None:
        for b in range(blocks):
            items = np.empty(size, q.dtype)
            items["writer"], items["number"] = k, np.arange(b * size, (b + 1) * size)
            q.put_many(items)

    def read() -> np.ndarray[Any, Any]:
        taken = []
        while True:
            try:
                taken.append(q.get_many(500))
            except tm.ShutDown:
                return np.concatenate([*taken, np.empty(0, q.dtype)])

    readers = [Thread(read) for _ in range(3)]
    for thread in [Thread(write, k) for k in range(writers)]:
        thread.end()
    q.shutdown()
    parts = [reader.end() for reader in readers]
    for k in range(writers):
        numbers = [part["number"][part["writer"] == k] for part in parts]
        assert all((np.diff(each) > 0).all() for each in numbers)
        assert sorted(np.concatenate(numbers)) == list(range(blocks * size))


def test_waiting_leaves_the_gil_to_others(make_typed: Callable[..., Any]) -> None:
    q = make_typed()
    getter = Thread(q.get)
    assert sum(range(1000)) == 499_500  # this thread goes on
    q.put(5)
    assert getter.end() == 5


# ---- bad input ----


def test_bad_orders() -> None:
    for order in "random", None, "FIFO":
        with pytest.raises(ValueError, match=rf"^order must be 'fifo', 'lifo' or 'priority', got {order!r}$"):
            tm.Queue(order=order)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"^order must be 'fifo' or 'lifo' for a queue with a dtype, got 'priority'$"
    ):
        tm.Queue(dtype="i8", order="priority")


@pytest.mark.parametrize("dtype", [object, [("a", "i4"), ("b", "O")]], ids=str)
def test_dtypes_with_objects(dtype: Any) -> None:
    with pytest.raises(TypeError, match=r"^dtype must hold no Python objects, got "):
        tm.Queue(dtype=dtype)


@pytest.mark.parametrize("dtype", ["S", "U", "V", "V0", []], ids=str)
def test_dtypes_without_size(dtype: Any) -> None:
    with pytest.raises(ValueError, match=r"^dtype must have a size, got "):
        tm.Queue(dtype=dtype)


def test_what_is_no_dtype() -> None:
    with pytest.raises(TypeError):
        tm.Queue(dtype="no such type")
    with pytest.raises(TypeError, match=r"^maxsize must be an integer, got float$"):
        tm.Queue(1.5, dtype="i8")  # type: ignore[arg-type]


BAD_BLOCKS: list[tuple[Any, Any, type[Exception], str]] = [
    ("i4", np.zeros((2, 2), np.int32), ValueError, r"items must have shape \(n,\), got shape \(2, 2\)"),
    ("i4", np.int32(5), ValueError, r"items must have shape \(n,\), got shape \(\)"),
    ("i4", {1, 2}, ValueError, r"items must have shape \(n,\), got shape \(\)"),
    (("i4", 2), np.array([7, 8], "i4"), ValueError, r"items must have shape \(n, 2\), got shape \(2,\)"),
    (("i4", 2), [[1, 2], [3]], ValueError, r"has shape \(2,\), got shape \(1,\)"),
    ("i4", np.zeros(2), TypeError, "a queue of dtype int32 does not take float64: NumPy's 'same_kind' rule"),
    ("i4", [1, 2.0], TypeError, "int32 does not take float64"),
    ("i4", ["7"], TypeError, "int32 does not take <U1"),
    ("i4", [None], TypeError, "int32 does not take object"),
    ("i4", np.array([1, np.nan]), TypeError, "int32 does not take float64"),
    ("i4", np.array(["a"], object), TypeError, "int32 does not take <U1"),
    (
        "i4",
        np.array([1, 1 << 40]),
        OverflowError,
        r"np.int64\(1099511627776\) does not fit a queue of dtype int32",
    ),
    ("i4", [1, 1 << 40], OverflowError, "1099511627776.* does not fit a queue of dtype int32"),
    ("i4", [1, 1 << 80], OverflowError, "1208925819614629174706176 does not fit"),
    ("i8", np.array([1 << 63], "u8"), OverflowError, "does not fit a queue of dtype int64"),
    ("u8", [1 << 63, -1], OverflowError, "-1 does not fit a queue of dtype uint64"),
    ("u8", np.array([1]), TypeError, "uint64 does not take int64"),
    ("?", [True, 1], TypeError, "bool does not take int64"),
    ("f4", np.array([1e39]), OverflowError, r"np.float64\(1e\+39\) does not fit a queue of dtype float32"),
    ("f2", np.array([70000]), OverflowError, "does not fit a queue of dtype float16"),
    ("f8", np.array([1j]), TypeError, "float64 does not take complex128"),
    ("F", [1e39 + 1j], OverflowError, "does not fit a queue of dtype complex64"),
    ("U3", ["abc", "abcd"], OverflowError, "'abcd'.* does not fit a queue of dtype <U3"),
    ("S3", np.array([b"abcd"]), OverflowError, "b'abcd'.* does not fit"),
    ("S3", ["abc"], TypeError, "S3 does not take <U3"),
    ("U9", [5], TypeError, "U9 does not take int64"),
    ("U2", np.array([True]), TypeError, "U2 does not take bool"),
    ("S3", [1.5], TypeError, "S3 does not take float64"),
    ("U9", ["a", 5], TypeError, "U9 does not take int64"),
    ("M8[s]", [None], TypeError, "does not take object"),
    ("M8[s]", [np.datetime64(5, "s"), np.timedelta64(5, "s")], TypeError, "does not take .*m8|timedelta"),
    ("m8[s]", np.array([1 << 63], "u8"), OverflowError, "does not fit"),
    ("V3", [b"abcd"], TypeError, "V3 does not take .S4"),
    ("V8", np.array([5]), TypeError, "V8 does not take int64"),
    ("M8[s]", np.array([5]), TypeError, "does not take int64"),
    ("M8[s]", np.array(["2020-01-01T00:00:00.5"], "M8[ms]"), OverflowError, "does not fit"),
    ("M8[ns]", np.array(["9999-01-01"], "M8[s]"), OverflowError, "does not fit"),
    ("m8[s]", np.array([1.5]), TypeError, "does not take float64"),
    ([("a", "i4"), ("b", "f8")], [(1, 2.0), (1 << 40, 2.0)], OverflowError, "1099511627776 does not fit"),
    ([("a", "i4"), ("b", "f8")], [(1, 2.0, 3.0)], TypeError, "has 2 fields, got 3"),
    ([("a", "i4"), ("b", "f8")], [(1.5, 2.0)], TypeError, "int32 does not take float64"),
    ([("a", "i4"), ("b", "f8")], [[1, 2.0]], TypeError, "is a tuple, got a list"),
    (([("a", "i4")], (2,)), [[(1,), (2,), (3,)]], ValueError, "has length 2, got 3"),
    ([("a", "i4"), ("b", "f8")], np.array([5]), TypeError, "does not take int64"),
    ([("a", "i4", 2)], np.array([(1,)], [("a", "i4")]), TypeError, "does not take"),
    ([("a", "i4")], np.array([(1 << 40,)], [("a", "i8")]), OverflowError, "does not fit"),
]


@pytest.mark.parametrize(("dtype", "items", "kind", "message"), BAD_BLOCKS)
@pytest.mark.parametrize("order", ["fifo", "lifo"])
def test_what_a_typed_queue_does_not_take(
    dtype: Any, items: Any, kind: type[Exception], message: str, order: Any
) -> None:
    q = tm.Queue(dtype=dtype, order=order)
    with pytest.raises(kind, match=message):
        q.put_many(items)
    if isinstance(items, list) and q.dtype.subdtype is None:
        with pytest.raises(kind, match=message):
            for item in items:
                q.put(item)
        q.shutdown(immediate=True)
    assert q.qsize() == q.unfinished_tasks == 0


TAKEN: list[tuple[Any, Any]] = [
    ("i4", [1, True, np.int8(3), np.uint64(4), np.array(5), np.bool_(True)]),
    ("u8", [0, (1 << 64) - 1, np.int64(5)]),
    ("i1", [-128, 127]),
    (">i2", [-5, 300]),
    (">i4", [1, np.uint64(2), 1 << 20]),
    (">f4", [0.5, 1 << 70]),
    (">U2", ["ab", np.str_("c")]),
    ("f4", [0.1, 3, np.inf, np.nan, np.float64(1e38), 1 << 40]),
    ("f2", [0.1, 65504, -np.inf]),
    ("f8", [0.1, 1 << 80, np.float32(0.1), True]),
    ("g", [0.1, 3]),
    ("F", [1j, 0.5, 3, np.nan]),
    ("D", [1j, 0.5, 3]),
    ("?", [True, False, np.bool_(True)]),
    ("U3", ["", "a", "abc", np.str_("xyz")]),
    ("S3", [b"", b"a", b"abc"]),
    ("V3", [b"abc", np.void(b"xyz")]),
    ("M8[s]", [np.datetime64("2020-01-01"), np.datetime64("NaT", "s")]),
    ("M8[us]", [datetime.datetime(2021, 2, 3, 4, 5, 6, 7)]),
    ("M8[D]", [datetime.date(2021, 2, 3), np.datetime64("2020-01-01T00:00:00")]),
    ("m8[ms]", [np.timedelta64(5, "s"), datetime.timedelta(seconds=2), 7]),
    (("i4", (2,)), [[1, 2], np.array([3, 4], "i8"), (5, 6)]),
    (("f4", (2, 2)), [np.asfortranarray([[1, 2], [3, 4]]), [[1, 2], [3, 4]], np.eye(4)[::2, ::2]]),
    (([("a", "i4"), ("b", "f4")], (2,)), [[(1, 2), (3, 4)], [(5, 6), (7, 8)]]),
    ([("a", "i4"), ("b", "f4", 2), ("c", "U2")], [(1, (2.0, 3), "x"), (np.int64(4), [5, 6], "yz")]),
]


@pytest.mark.parametrize(("dtype", "items"), TAKEN, ids=str)
def test_what_a_typed_queue_takes_keeps_its_value(dtype: Any, items: list[Any]) -> None:
    dtype = np.dtype(dtype)
    expected = np.empty(len(items), dtype)
    for i, item in enumerate(items):
        expected[i] = item
    one, many, array = tm.Queue(dtype=dtype), tm.Queue(dtype=dtype), tm.Queue(dtype=dtype)
    for item in items:
        one.put(item)
    many.put_many(items)
    array.put_many(expected)
    for q in one, many, array:
        block = q.get_many(100)
        assert (block.dtype, block.shape) == (expected.dtype, expected.shape)
        assert np.array_equal(block.astype("U30") if dtype.kind in "fcMm" else block, as_compared(expected))
    one.put_many(expected)
    assert type(one.get()) is type(expected[0])


def as_compared(expected: Any) -> Any:
    return expected.astype("U30") if expected.dtype.kind in "fcMm" and expected.ndim == 1 else expected


def test_blocks_of_narrower_and_wider_numbers() -> None:
    q = tm.Queue(dtype="i4")
    for dtype in "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?":
        q.put_many(np.ones(3, dtype))
    q.put_many(memoryview(np.arange(3)))
    assert q.get_many(100).tolist() == [1] * 27 + [0, 1, 2]


POWERS = [sign * (1 << bits) for bits in (7, 8, 15, 16, 31, 32, 53, 63, 64) for sign in (1, -1)]
NUMBERS: list[Any] = [0, 1, 2, *(power + more for power in POWERS for more in (-1, 0, 1))]
NUMBERS += [0.5, 1.0, 65504.0, 65520.0, 1e39, -1e308, float("inf"), 1j, 1e39j, True]


@pytest.mark.parametrize("dtype", "?bBhHiIqQefdgFD")
def test_a_number_that_is_taken_comes_out_with_its_value(dtype: str) -> None:
    """Whatever it comes as: a Python number, one of NumPy's, in a list, in an array."""
    q = tm.Queue(dtype=dtype)
    rounded = {"e": 1e-3, "f": 1e-7, "F": 1e-7}.get(dtype, 1e-15) if q.dtype.kind in "fc" else 0
    taken = 0
    for number in NUMBERS:
        forms = [number, [number], [number, number]]
        for other in "?bBhHiIqQefdgFD":
            with np.errstate(all="ignore"), contextlib.suppress(OverflowError, TypeError):
                array = np.array([number], dtype=other)
                forms += [array, array[0]]
        for form in forms:
            try:
                (q.put_many if isinstance(form, list | np.ndarray) else q.put)(form)
            except (TypeError, OverflowError):
                continue
            finally:
                assert q.unfinished_tasks == q.qsize() + taken
            given = np.ravel(form)[0] if isinstance(form, np.ndarray | np.generic) else number
            block = q.get_many(2)
            taken += len(block)
            assert block[0] == given or abs(complex(block[0]) - complex(given)) <= rounded * abs(given)
    assert taken > 20


def test_masked_items_are_refused() -> None:
    """They have no value, though memory that numpy.asarray would show."""
    q = tm.Queue(dtype="f8")
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for put, items in (q.put, np.ma.masked), (q.put_many, masked), (q.put, masked[1]):
        with pytest.raises(TypeError, match="masked items have no value"):
            put(items)
    q.put_many(masked[:1])
    q.put_many(masked.filled(9))
    assert q.get_many(9).tolist() == [1, 1, 9]


def test_integers_that_say_they_are_some() -> None:
    class Number(enum.IntEnum):
        FIVE = 5

    class Index:
        def __index__(self) -> int:
            return 7

    q, floats = tm.Queue(dtype="i2"), tm.Queue(dtype="f4")
    for each in Number.FIVE, Index():
        q.put(each)
        q.put_many([each])
    for each in fractions.Fraction(1, 2), decimal.Decimal("1.5"):
        floats.put(each)
        with pytest.raises(TypeError):
            q.put(each)
    assert q.get_many(9).tolist() == [5, 5, 7, 7]
    assert floats.get_many(9).tolist() == [0.5, 1.5]


def test_blocks_of_subarrays_go_back_in() -> None:
    q = tm.Queue(3, dtype=("i4", (2,)))
    q.put([1, 2])
    q.put_many([[3, 4]])
    block = q.get_many(5)
    assert block.tolist() == [[1, 2], [3, 4]]
    q.put_many(block)
    assert [item.tolist() for item in (q.get(), q.get())] == [[1, 2], [3, 4]]
    for wrong in 5, [1], [1, 2, 3], [[1, 2]]:
        with pytest.raises(ValueError, match=r"has shape \(2,\), got shape"):
            q.put(wrong)


def test_bad_items() -> None:
    q = tm.Queue(dtype=np.int32)
    for wrong in "text", "7", None, 3.5, 3.0, np.float64(3), b"7", 1j, object():
        with pytest.raises(TypeError, match="a queue of dtype int32 does not take"):
            q.put(wrong)
    with pytest.raises(ValueError, match=r"^an item of dtype int32 has shape \(\), got shape \(2,\)$"):
        q.put([1, 2])
    for wrong in 2**40, -(2**31) - 1, np.int64(2**40), np.array(2**40), 2**100:
        with pytest.raises(OverflowError, match="does not fit a queue of dtype int32"):
            q.put(wrong)
    assert q.qsize() == q.unfinished_tasks == 0


def test_bad_counts() -> None:
    q = tm.Queue(dtype=np.int32)
    q.put(1)
    for wrong in 0, -1:
        with pytest.raises(ValueError, match=rf"^n must be 1 or more, got {wrong}$"):
            q.get_many(wrong)
    with pytest.raises(TypeError, match=r"^n must be an integer, got float$"):
        q.get_many(1.5)
    assert q.qsize() == 1


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Threads that still wait would hold the next test's items."""
    before = threading.active_count()
    yield
    deadline = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert threading.active_count() <= before


@pytest.mark.parametrize("dtype", [None, "i8"])
def test_items_told_done_before_they_are_dropped_count_once(dtype: Any) -> None:
    """Else the count would be below zero, and join would wait for ever."""
    q = tm.Queue(dtype=dtype)
    q.put(1)
    q.task_done()
    q.shutdown(immediate=True)
    assert q.unfinished_tasks == 0
    q.join()


# ---- waits with a time limit, where SimpleQueue's could last for ever (`_fifo.py`) ----


def test_the_shortest_wait_ends() -> None:
    q = tm.Queue()
    for _ in range(20_000):
        with pytest.raises(queue.Empty):
            q.get(timeout=1e-9)
        q.put(1)
        assert q.get() == 1


@pytest.mark.skipif(not HAS_GIL, reason="who waits is woken at once, and takes what came")
@pytest.mark.parametrize("order", ["fifo", "lifo", "priority"])
def test_a_wait_ends_though_others_took_all_that_came(order: Any) -> None:
    """Its time is over when it has been woken and gets the GIL, and nothing is there."""
    q = tm.Queue(order=order)
    ends: list[float] = []

    def get() -> Any:
        ends.append(time.monotonic() + 0.2)
        return q.get(timeout=0.2)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(30)  # this thread has the GIL until it waits
    try:
        getter = Thread(get)
        assert soon(lambda: bool(ends))
        time.sleep(0.1)
        q.put(1)
        assert q.get_nowait() == 1
        while time.monotonic() < ends[0] + 0.01:
            pass
    finally:
        sys.setswitchinterval(interval)
    assert isinstance(getter.end(), queue.Empty)


@pytest.mark.parametrize("maxsize", [0, 1, 3])
def test_many_threads_that_wait_briefly(make: Callable[..., Any], maxsize: int) -> None:
    """No wait lasts for ever, and no item is lost, also where some wait without a limit."""
    q = make(maxsize)
    each, times = 500, (0, 1e-9, 1e-6, 2e-5, 1e-3)

    def again(call: Callable[[float], Any]) -> Any:
        limits = itertools.cycle(times)
        while True:
            with contextlib.suppress(queue.Empty, queue.Full):
                return call(next(limits))

    def write(k: int) -> None:
        for i in range(k * each, k * each + each):
            again(lambda timeout, i=i: q.put(i, timeout=timeout))

    def read(briefly: bool) -> list[int]:
        get = (lambda: again(lambda timeout: q.get(timeout=timeout))) if briefly else q.get
        return [int(get()) for _ in range(each)]

    reading = [Thread(read, briefly) for briefly in (True, True, False)]
    for thread in [Thread(write, k) for k in range(3)]:
        assert thread.end() is None
    assert sorted(itertools.chain(*(thread.end() for thread in reading))) == list(range(3 * each))


def test_an_item_wakes_one_who_waits_with_a_limit(make: Callable[..., Any]) -> None:
    q = make()
    getters = [Thread(q.get, timeout=600) for _ in range(3)]
    assert soon(lambda: all(map(asleep, getters)))
    for i in range(3):
        q.put(i)
    assert sorted(int(getter.end()) for getter in getters) == [0, 1, 2]


def test_a_wake_that_does_not_come_costs_no_whole_wait() -> None:
    """As where a signal handler raises in `put` once the item is in."""
    q = tm.Queue()
    getter = Thread(q.get, timeout=600)
    line = q._items
    assert soon(lambda: bool(line.sleepers))
    line.put("item")
    assert getter.end() == "item"


@pytest.mark.parametrize("end", ["put", "put_many", "get", "get_many", "shut down", "interrupted"])
def test_the_exceptions_of_a_typed_queue_make_no_cycle(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold the block of items."""
    q: Any = tm.Queue(1, dtype="i8")
    if end.startswith("put"):
        q.put(1)
    if end == "shut down":
        q.shutdown()
    if end == "interrupted":
        monkeypatch.setattr(ring, "pop", lambda *_: lib.TM_INTERRUPTED)
    calls = {"put": (q.put, 1), "put_many": (q.put_many, [1, 2]), "get_many": (q.get_many, 5)}
    call, *arguments = calls.get(end, (q.get,))
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(KeyboardInterrupt, queue.Full, queue.Empty, tm.ShutDown):
            call(*arguments, timeout=0)
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- subclasses ----


class Unique(tm.Queue[int]):
    """Overrides a public method, and has a signature of its own."""

    def __init__(self, name: str, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self.name = name
        self.seen: set[int] = set()

    def put(self, item: int, block: bool = True, timeout: float | None = None) -> None:
        if item not in self.seen:
            self.seen.add(item)
            super().put(item, block, timeout)


class SetQueue(tm.Queue[Any]):
    """Keeps the items as it likes, by the hooks that queue.Queue has."""

    def _init(self, maxsize: int) -> None:
        self.queue = set()
        self.limit = maxsize

    def _put(self, item: Any) -> None:
        self.queue.add(item)

    def _get(self) -> Any:
        return self.queue.pop()

    def _qsize(self) -> int:
        return len(self.queue)


def test_a_subclass_that_overrides_put() -> None:
    q = Unique("mine", 2)
    for item in 1, 1, 2:
        q.put(item)
    q.put_nowait(2)
    assert (q.name, q.qsize(), q.full(), q.unfinished_tasks) == ("mine", 2, True, 2)
    with pytest.raises(queue.Full):
        q.put(3, timeout=0)
    assert [q.get(), q.get_nowait()] == [1, 2]


def test_a_subclass_with_a_container_of_its_own() -> None:
    q = SetQueue(2)
    for item in "a", "a", "b":
        q.put(item)
    assert (q.limit, q.qsize()) == (2, 2)
    with pytest.raises(queue.Full):
        q.put_nowait("c")
    assert {q.get(), q.get()} == {"a", "b"}
    q.put("c")
    q.shutdown(immediate=True)
    assert q.qsize() == 0


@pytest.mark.parametrize(
    ("order", "expected"), [("fifo", [3, 1, 2]), ("lifo", [2, 1, 3]), ("priority", [1, 2, 3])]
)
def test_a_plain_subclass_in_every_order(order: Any, expected: list[int]) -> None:
    class Named(tm.Queue[int]):
        pass

    q = Named(5, order=order)
    for item in 3, 1, 2:
        q.put(item)
    assert type(q) is Named
    assert isinstance(q, tm.Queue)
    assert [q.get() for _ in range(3)] == expected
    with pytest.raises(TypeError, match=r"must derive from threadmill\.TypedQueue"):
        Named(dtype="i8")  # type: ignore[call-overload]


def test_a_subclass_of_the_typed_queue() -> None:
    class Samples(tm.TypedQueue):
        def __init__(self) -> None:
            super().__init__(10, np.float32)

        def mean(self) -> float:
            return float(self.get_many(self.qsize()).mean())

    q = Samples()
    q.put_many([1, 2, 3.0])
    assert q.mean() == 2.0


def test_the_class_of_a_queue() -> None:
    assert type(tm.Queue(dtype="i8")) is tm.TypedQueue
    assert isinstance(tm.TypedQueue(dtype="i8"), tm.Queue)
    assert tm.Queue[int](3).maxsize == 3
    for make in KINDS.values():
        assert isinstance(make(), tm.Queue)


@pytest.mark.parametrize("order", ["fifo", "lifo", "priority"])
def test_another_simplequeue_changes_nothing(order: str) -> None:
    """gevent and eventlet put a class of their own in the place of queue.SimpleQueue."""
    script = f"""
import queue
class Other:
    def __init__(self, *arguments):
        raise AssertionError("not a class for threads")
queue.SimpleQueue = Other
import threadmill as tm
for maxsize in 0, 3:
    q = tm.Queue(maxsize, order={order!r})
    q.put(1)
    assert q.get(timeout=60) == 1
with tm.Pipeline([abs]) as pipe:
    print(list(pipe.run([-1, -2])))
"""
    run = commands.run_python(script)
    assert (run.stdout, run.stderr) == ("[1, 2]\n", "")
