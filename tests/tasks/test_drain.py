"""Pool.drain: all threads pull from a queue until it is shut down and empty."""

import ctypes
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.builds import shared_library

import threadmill as tm

SOURCE = """
#include <stddef.h>
#include <stdint.h>

typedef struct { int64_t sum, items, calls, longest; } tally;

/* Adds up int64 items. */
void add_up(void *ctx, const void *items, size_t n)
{
    tally *all = ctx;
    const int64_t *x = items;
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    __atomic_fetch_add(&all->sum, sum, __ATOMIC_RELAXED);
    __atomic_fetch_add(&all->items, (int64_t)n, __ATOMIC_RELAXED);
    __atomic_fetch_add(&all->calls, 1, __ATOMIC_RELAXED);
    int64_t longest = __atomic_load_n(&all->longest, __ATOMIC_RELAXED);
    while (longest < (int64_t)n && !__atomic_compare_exchange_n(&all->longest, &longest, (int64_t)n, 0,
                                                              __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}
"""

ADD_UP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


@pytest.fixture(scope="module")
def add_up(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ctypes.CDLL(str(shared_library(tmp_path_factory.mktemp("drain"), SOURCE))).add_up


class Tally:
    def __init__(self) -> None:
        self.numbers = np.zeros(4, np.int64)
        self.sum, self.items, self.calls, self.longest = (self.numbers[i : i + 1] for i in range(4))


def filled(items: Any, **options: Any) -> Any:
    made = tm.Queue(**options)
    for item in items:
        made.put(item)
    return made


# ---- Python callables ----


@pytest.mark.smoke
def test_every_item_comes_once(pool: tm.Pool) -> None:
    items = filled(range(1000))
    seen: list[int] = []
    items.shutdown()
    assert pool.drain(items, seen.append) is None  # type: ignore[func-returns-value]
    assert sorted(seen) == list(range(1000))
    assert items.empty()


def test_items_that_come_later_count_too(pool: tm.Pool) -> None:
    items = tm.Queue(maxsize=3)
    seen: list[int] = []

    def produce() -> None:
        for i in range(200):
            items.put(i)
        items.join()  # drain tells which items are done
        items.shutdown()

    producer = threading.Thread(target=produce)
    producer.start()
    pool.drain(items, seen.append)
    producer.join()
    assert sorted(seen) == list(range(200))
    assert items.unfinished_tasks == 0


def test_all_threads_pull_at_once() -> None:
    items = filled(range(3))
    items.shutdown()
    names: set[str] = set()
    together = threading.Barrier(3, timeout=60)

    def fn(_item: int) -> None:
        names.add(threading.current_thread().name)
        together.wait()  # passes only when three threads are in it

    with tm.Pool(3, "drainer") as pool:
        pool.drain(items, fn)
    assert names == {"drainer_0", "drainer_1", "drainer_2"}


def test_typed_queue_with_a_python_callable(pool: tm.Pool) -> None:
    items = tm.Queue(dtype=np.int32)
    items.put_many(np.arange(100, dtype=np.int32))  # type: ignore[attr-defined]
    items.shutdown()
    seen: list[Any] = []
    pool.drain(items, seen.append)
    assert sorted(seen) == list(range(100))
    assert type(seen[0]) is np.int32


@pytest.mark.skipif(sys.version_info < (3, 13), reason="queue.Queue has no shutdown")
def test_a_queue_of_the_standard_library(pool: tm.Pool) -> None:
    items: Any = queue.Queue()
    for i in range(50):
        items.put(i)
    items.shutdown()
    seen: list[int] = []
    pool.drain(items, seen.append)
    assert sorted(seen) == list(range(50))


def test_the_first_failure_stops_all(pool: tm.Pool) -> None:
    items = filled(range(100))  # never shut down: the others are to leave a wait for the 101st

    def fn(item: int) -> None:
        if item == 10:
            raise LookupError("ten")

    with pytest.raises(LookupError, match="ten") as failure:
        pool.drain(items, fn)
    assert "fn" in [frame.name for frame in traceback.extract_tb(failure.value.__traceback__)]
    left = items.qsize()
    assert 0 < left < 90  # what nobody took is still there
    assert items.get_nowait() > 10
    assert items.unfinished_tasks == left  # the failed one counts as done


def test_a_failure_reaches_those_who_wait() -> None:
    items = filled([0])
    with tm.Pool(4) as pool, pytest.raises(ZeroDivisionError):
        pool.drain(items, lambda item: 1 // item)  # three threads find nothing, and the queue stays open
    items.put(1)
    items.shutdown()


def test_shutdown_of_the_queue_raised_by_fn_is_a_failure(pool: tm.Pool) -> None:
    other = tm.Queue()
    other.shutdown()
    items = filled(range(5))
    items.shutdown()
    with pytest.raises(tm.ShutDown):
        pool.drain(items, lambda _item: other.get())


def test_from_a_task_of_the_pool(pool: tm.Pool) -> None:
    items = filled(range(100))
    items.shutdown()
    seen: list[int] = []
    pool.submit(pool.drain, items, seen.append).result()
    assert sorted(seen) == list(range(100))


def test_who_has_not_begun_is_not_waited_for() -> None:
    release = threading.Event()
    begun = threading.Event()

    def block() -> None:
        begun.set()
        release.wait()

    with tm.Pool(2) as pool:
        try:
            pool.spawn(block)
            begun.wait()
            items = filled(range(10))
            items.shutdown()
            seen: list[int] = []
            pool.drain(items, seen.append)  # on the one free thread; the other is kept busy
            assert sorted(seen) == list(range(10))
        finally:
            release.set()


# ---- native kernels ----


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_native_kernel(pool: tm.Pool, add_up: Any, block: int) -> None:
    items: Any = tm.Queue(dtype=np.int64, maxsize=1000)
    tally = Tally()

    def produce() -> None:
        for start in range(0, 5000, 500):
            items.put_many(np.arange(start, start + 500))
        items.shutdown()

    producer = threading.Thread(target=produce)
    producer.start()
    pool.drain(items, add_up, ctx=tally.numbers, chunksize=block)
    producer.join()
    assert tally.sum == 5000 * 4999 // 2
    assert tally.items == 5000
    assert 1 <= tally.longest <= block
    assert tally.calls >= 5000 / block
    assert items.unfinished_tasks == 0
    items.join()


def test_native_order_of_one_thread_is_the_queue_s() -> None:
    seen: list[int] = []

    @ADD_UP
    def note(_ctx: int, items: int, n: int) -> None:
        seen.extend((ctypes.c_int64 * n).from_address(items))

    items: Any = tm.Queue(dtype=np.int64, order="lifo")
    items.put_many(np.arange(10))
    items.shutdown()
    with tm.Pool(1) as pool:
        pool.drain(items, note, chunksize=3)
    assert seen == list(range(9, -1, -1))


def test_native_kernel_of_a_closed_pool(add_up: Any) -> None:
    pool = tm.Pool(2)
    pool.shutdown()
    items = tm.Queue(dtype=np.int64)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.drain(items, add_up)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.drain(items, print)


# ---- arguments ----


def test_bad_arguments(pool: tm.Pool, add_up: Any) -> None:
    with pytest.raises(TypeError, match="fn must be a callable or a native function, got int"):
        pool.drain(tm.Queue(), -1)
    with pytest.raises(
        TypeError, match="queue must be a Queue with a dtype for a native function, got FifoQueue"
    ):
        pool.drain(tm.Queue(), add_up)
    with pytest.raises(TypeError, match="queue must be a Queue, got list"):
        pool.drain([], print)
    with pytest.raises(ValueError, match=r"^chunksize must be from 1 to 281474976710655, got 0$"):
        pool.drain(tm.Queue(dtype="i8"), add_up, chunksize=0)
    with pytest.raises(TypeError):
        pool.drain(tm.Queue(dtype="i8"), add_up, chunksize=1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ctx must be"):
        pool.drain(tm.Queue(dtype="i8"), add_up, ctx=[])


# ---- Ctrl-C ----


Arm = Callable[[Callable[[], bool]], None]


@pytest.fixture
def ctrl_c() -> Iterator[Arm]:
    """Has SIGINT come to the main thread once a condition holds."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals come to the main thread")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threads: list[threading.Thread] = []

    def send(when: Callable[[], bool]) -> None:
        while not when():
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def arm(when: Callable[[], bool]) -> None:
        threads.append(threading.Thread(target=send, args=(when,)))
        threads[-1].start()

    yield arm
    for thread in threads:
        thread.join()
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_python(ctrl_c: Arm) -> None:
    waiting = threading.Event()
    items = filled([1])
    ctrl_c(waiting.is_set)
    with tm.Pool(3) as pool, pytest.raises(KeyboardInterrupt):
        pool.drain(items, lambda _item: waiting.set())  # the queue stays open
    items.put(2)
    assert items.get_nowait() == 2  # nobody is at it any more


def test_ctrl_c_native(ctrl_c: Arm, add_up: Any) -> None:
    items: Any = tm.Queue(dtype=np.int64)
    items.put(1)
    tally = Tally()
    ctrl_c(lambda: tally.items[0] == 1)
    with tm.Pool(3) as pool, pytest.raises(KeyboardInterrupt):
        pool.drain(items, add_up, ctx=tally.numbers)  # the queue stays open
    assert items.unfinished_tasks == 0
    items.put(2)
    assert items.get_nowait() == 2  # nobody is at it any more


def test_library_exports_the_c_function() -> None:
    from threadmill._native import _threadmill

    library = ctypes.CDLL(str(Path(_threadmill.__file__ or "")))
    assert library.tm_drain
    assert library.tm_queue_item_size
