"""A failure between "taken from the queue" and "told" leaves nobody waiting for ever.

Each step on that way is made to fail, once or twice, with what can come out of any line: a lack of memory or
of stack, an exit, an interrupt. The call that meets it ends one way or another, and the pool works on.
"""

import contextlib
import itertools
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import _base
from typing import Any

import pytest

import threadmill as tm
from threadmill._native import pools
from threadmill.tasks import batch, dispatcher, future, late, map, spawn, thread, waiters

ERRORS = [MemoryError, RecursionError, KeyboardInterrupt, SystemExit]
LONG = 30  # seconds that nothing here takes


class Failing:
    """A function that fails its first calls on another thread than the main one."""

    def __init__(self, function: Callable[..., Any], error: type[BaseException], times: int) -> None:
        self._function = function
        self._error = error
        self._left = times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._left > 0 and threading.get_ident() != threading.main_thread().ident:
            self._left -= 1
            raise self._error("too late")
        return self._function(*args, **kwargs)

    def __get__(self, instance: Any, _owner: Any = None) -> Any:
        return self if instance is None else lambda *args, **kwargs: self(instance, *args, **kwargs)


# Where to fail: an object and its attribute, each a step of the worker's or of the thread that ends an item.
STEPS: list[tuple[Any, str]] = [
    (dispatcher.Dispatcher, "_arrive"),
    (dispatcher.Dispatcher, "_run_items"),
    (dispatcher.Dispatcher, "_leave"),
    (dispatcher.Dispatcher, "_recover"),
    (dispatcher.Dispatcher, "help"),
    (dispatcher.Dispatcher, "native_work_waits"),
    (dispatcher.Dispatcher, "_give_way"),
    (dispatcher.time, "monotonic"),
    (thread.Workers, "begin"),
    (thread.Workers, "_run_prepared"),
    (thread.WorkerThread, "__init__"),
    (thread.WorkerThread, "set_hooks"),
    (thread.signal, "pthread_sigmask"),
    (pools, "at_worker_end"),
    (late.Late, "finish"),
    (late.Late, "add"),
    (future.Future, "__call__"),
    (future.Future, "_keep"),
    (future.Future, "finish"),
    (future.Future, "fail"),
    (future.Future, "rescue"),
    (future.Future, "_claim"),
    (future.Future, "_start"),
    (future.Future, "_invoke_callbacks"),
    (waiters.Waiters, "tell"),
    (_base._AllCompletedWaiter, "add_result"),
    (_base._AsCompletedWaiter, "add_result"),
    (threading.Condition, "__enter__"),
    (threading.Condition, "notify"),
    (threading.Condition, "notify_all"),
    (spawn.Spawned, "__call__"),
    (spawn.Spawned, "_claim"),
    (spawn.Spawned, "_end"),
    (spawn.Spawned, "rescue"),
    (spawn.Spawned, "_strike"),
    (spawn.Ledger, "strike"),
    (spawn.Failures, "add"),
    (map.Map, "__call__"),
    (map.Map, "_run_all"),
    (map.Map, "_claim"),
    (map.Map, "_work_off"),
    (map.time, "perf_counter"),
    (batch.Batch, "__init__"),
    (batch.Batch, "inputs_from"),
    (batch.Raised, "__init__"),
    (logging.Logger, "critical"),
    (logging.Logger, "exception"),
    (logging.Handler, "handle"),
]


def fail(_item: Any = None) -> None:
    raise ZeroDivisionError


def by_result(pool: tm.Pool) -> None:
    made = [pool.submit(int), pool.submit(fail), pool.submit(int)]
    for each in made:
        each.exception(LONG)


def by_callback(pool: tm.Pool) -> None:
    told = queue.SimpleQueue[Any]()
    started = threading.Event()
    made = pool.submit(started.wait)
    for callback in fail, told.put, sys.exit, told.put:
        with contextlib.suppress(SystemExit):  # where the task has failed already it is called here
            made.add_done_callback(callback)
    started.set()
    for _ in range(2):
        told.get(timeout=LONG)


def by_wait(pool: tm.Pool) -> None:
    assert not futures.wait([pool.submit(int), pool.submit(fail)], LONG).not_done


def by_as_completed(pool: tm.Pool) -> None:
    assert len(list(futures.as_completed([pool.submit(int), pool.submit(fail)], LONG))) == 2


def by_helping(pool: tm.Pool) -> None:
    """The worker that waits for a task runs it."""

    def outer() -> None:
        inner = pool.submit(fail)
        while True:
            try:
                return inner.exception(LONG) and None
            except futures.TimeoutError:
                raise
            except BaseException:  # what telling failed with; asked again it is there
                time.sleep(0)

    pool.submit(outer).exception(LONG)


def by_join(pool: tm.Pool) -> None:
    pool.spawn(int)
    pool.spawn(fail)
    try:
        pool.join(LONG)
    except TimeoutError:
        raise
    except BaseException:
        pass


def by_map(pool: tm.Pool) -> None:
    for fn in abs, fail:
        try:
            list(pool.map(fn, range(50), timeout=LONG))
        except futures.TimeoutError:
            raise
        except BaseException:
            pass


USES = [by_result, by_callback, by_wait, by_as_completed, by_helping, by_join, by_map]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "_PAUSE_S", 0.0001)
    # Every worker looks for native work after every item.
    monkeypatch.setattr(dispatcher, "_turn", lambda: -1.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=lambda part: getattr(part, "__name__", part))
def test_a_step_that_fails_leaves_nobody_waiting(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, times, use in itertools.product(ERRORS, (1, 2), USES):
        failing = Failing(getattr(owner, name), error, times)
        with tm.Pool(1, initializer=int) as pool:
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, failing)
                use(pool)
            if pool._broken:
                continue
            assert pool.submit(pow, 2, 3).result(LONG) == 8
            assert list(pool.map(abs, [-1])) == [1]


def test_as_completed_hears_of_a_future_once() -> None:
    """Also where telling it has failed between its list and its event."""

    class FailsOnce(threading.Event):
        failed = False

        def set(self) -> None:
            if not self.failed:
                self.failed = True
                raise MemoryError
            super().set()

    waiter = _base._AsCompletedWaiter()
    waiter.event = FailsOnce()
    release = threading.Event()
    with tm.Pool(1) as pool:
        made = pool.submit(release.wait)
        with made._condition:
            made._waiters.append(waiter)
        release.set()
        assert waiter.event.wait(LONG)
        assert waiter.finished_futures == [made]
