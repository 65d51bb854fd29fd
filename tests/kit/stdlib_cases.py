"""CPython's own tests of ThreadPoolExecutor and queue, turned on tm.Pool and tm.Queue.

They are taken from the `test` package of the running interpreter, where it is installed, and changed at run
time alone: the classes under test are swapped, and what looks at private attributes is skipped by name.
"""

import functools
import importlib
import re
import unittest
from collections.abc import Iterator
from queue import Empty, Full
from types import ModuleType
from typing import Any
from unittest import mock

from kit.threads import native_threads, soon

import threadmill as tm
from threadmill.queues.queue import FifoQueue

MISSING = "this interpreter comes without its test package"

_THREADS = "takes submit to start one thread at a time; a pool starts all, and _threads have run a task"
_MESSAGES = "reads the words of the error; test_map.py knows ours"

# What is skipped, by the name of the test, each with its reason.
EXECUTOR_SKIPS = {
    "test_saturation": _THREADS,
    "test_idle_thread_reuse": _THREADS,
    "test_threads_terminate": _THREADS,
    "test_thread_names_default": "a pool's threads are called threadmill-0_0 by default",
    "test_cancel_futures": "takes a task to have begun when submit returns; test_executor.py waits for that",
    "test_cancel_futures_wait_false": "the same, before CPython 3.13 (gh-116682)",
    "test_map_buffersize_type_validation": _MESSAGES,
    "test_map_buffersize_value_validation": _MESSAGES,
    "test_default_workers": "a pool has one thread per usable core by default, not cores + 4",
}

# CPython 3.13 keeps the cases in a package, versions before in one module.
_EXECUTOR_MODULES = ("test_thread_pool", "test_shutdown", "test_wait", "test_as_completed", "test_init")
_EXECUTOR_CLASSES = (
    "ThreadPoolExecutorTest",
    "ThreadPoolShutdownTest",
    "ThreadPoolWaitTests",
    "ThreadPoolAsCompletedTest",
    "ThreadPoolInitializerTest",
    "ThreadPoolFailingInitializerTest",
)
# CQueueTest and PyQueueTest are the same class but for the module under test, which is ours. SimpleQueue is
# no class that tm.Queue stands for.
_QUEUE_CLASSES = ("CQueueTest", "CLifoQueueTest", "CPriorityQueueTest", "CFailingQueueTest")


def _modules(package: str, parts: tuple[str, ...] = ()) -> list[ModuleType]:
    try:
        whole = importlib.import_module(f"test.{package}")
    except (ImportError, unittest.SkipTest):
        return []
    if not hasattr(whole, "__path__"):
        return [whole]
    return [importlib.import_module(f"test.{package}.{part}") for part in parts]


def executor_cases() -> Iterator[type[unittest.TestCase]]:
    """The test classes with tm.Pool in the place of ThreadPoolExecutor."""
    for module in _modules("test_concurrent_futures", _EXECUTOR_MODULES):
        for name in _EXECUTOR_CLASSES:
            if hasattr(module, name):
                yield _swapped(getattr(module, name), _PoolInstead, EXECUTOR_SKIPS)


def queue_cases() -> Iterator[type[unittest.TestCase]]:
    """The test classes with tm.Queue in the place of the three queues."""
    for module in _modules("test_queue"):
        for name in _QUEUE_CLASSES:
            mixin = _SubclassInstead if name == "CFailingQueueTest" else _QueueInstead
            yield _swapped(getattr(module, name), mixin, {})


def _swapped(case: type, mixin: type, skips: dict[str, str]) -> type[unittest.TestCase]:
    skipped = {
        name: unittest.skip(reason)(getattr(case, name))
        for name, reason in skips.items()
        if hasattr(case, name)
    }
    return type(f"{case.__name__}OfThreadmill", (mixin, case), skipped)


class _PoolInstead:
    executor_type = tm.Pool

    def setUp(self) -> None:
        module = importlib.import_module(type(self).__mro__[2].__module__)
        swaps = [mock.patch("concurrent.futures.ThreadPoolExecutor", tm.Pool)]
        if hasattr(module, "assert_python_ok"):
            swaps.append(
                mock.patch.object(module, "assert_python_ok", _of_threadmill(module.assert_python_ok))
            )
        helper = importlib.import_module("test.support.threading_helper")
        swaps.append(mock.patch.object(helper, "threading_cleanup", _no_thread_stays(native_threads())))
        for swap in swaps:
            swap.start()
            self.addCleanup(swap.stop)  # type: ignore[attr-defined]
        super().setUp()  # type: ignore[misc]


def _no_thread_stays(before: set[str]) -> Any:
    """What the cases call at their end: it looks at the system's threads.

    Theirs looks at threading's, among which those of tests' time limits come and go at any moment.
    """

    def check(*_: object) -> None:
        assert soon(lambda: native_threads() <= before)

    return check


def _of_threadmill(run: Any) -> Any:
    """assert_python_ok for scripts that import the executor by name."""

    @functools.wraps(run)
    def run_swapped(*args: str, **options: Any) -> Any:
        pattern = r"from concurrent\.futures import (\w+)"
        return run(*[re.sub(pattern, r"from threadmill import Pool as \1", arg) for arg in args], **options)

    return run_swapped


class _QueueInstead:
    """`self.queue` is the module under test: here one with our class by three names."""

    class queue:
        Empty, Full, ShutDown = Empty, Full, tm.ShutDown
        Queue = type("Queue", (FifoQueue,), {})  # a test looks at the name

        class LifoQueue(tm.Queue):
            def __init__(self, maxsize: int = 0) -> None:
                super().__init__(maxsize, order="lifo")

        class PriorityQueue(tm.Queue):
            def __init__(self, maxsize: int = 0) -> None:
                super().__init__(maxsize, order="priority")


class _SubclassInstead(_QueueInstead):
    """For a test that derives from Queue and overrides _put and _get."""

    class queue(_QueueInstead.queue):
        Queue = tm.Queue
