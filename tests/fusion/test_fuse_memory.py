"""What a fused call needs of memory: its results, what one pass hands on to another, and tiles."""

import gc
import tracemalloc
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import sums_fold

import threadmill as tm

MB = 10**6
N = 10**6  # elements of 8 MB

pytestmark = pytest.mark.thread_unsafe(reason="counts the memory of the whole process")


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Memory is given back when its last user goes, and not when the collector of cycles comes by."""
    gc.collect()
    gc.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # where they are errors nothing is put off
        yield
    gc.enable()


def most_needed(function: Callable[..., Any], *args: Any) -> float:
    """The memory at its peak, in MB, beside the arguments."""
    fused = tm.fuse(function)
    tracemalloc.start()
    try:
        fused(*args)
        return tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()


def test_a_chain_of_operations_needs_its_result() -> None:
    def program(x: Any) -> Any:
        y = x
        for k in range(10):
            y = np.sqrt(y * y + 1) - k * 0.1
        return y

    x = np.linspace(0.5, 2, 10 * N)
    assert most_needed(program, x) < 80 + 4


def test_names_that_die_with_the_function_need_nothing() -> None:
    def program(x: Any) -> Any:
        a = x * 2
        b = np.sqrt(a + 1)
        c = np.exp(-b) / a
        return np.where(c > 0.5, c, b).astype("f4")

    assert most_needed(program, np.linspace(0.5, 2, N)) < 4 + 2


@sums_fold
def test_a_reduction_needs_nothing() -> None:
    assert most_needed(lambda x: np.mean((x * 2 - 1) ** 2), np.ones(N)) < 2


def test_what_is_written_in_place_needs_nothing() -> None:
    def program(x: Any) -> None:
        for _ in range(10):
            x[...] = np.sqrt(x * x + 1)
            x -= 0.5

    assert most_needed(program, np.ones(N)) < 2


def test_passes_of_one_long_program_let_go_of_what_they_hand_on() -> None:
    def program(x: Any) -> Any:
        for _ in range(240):
            x = x * 1.5 + 0.5
        return x

    assert most_needed(program, np.ones(N)) < 4 * 8  # NumPy needs twice its result


def between_branches(x: Any) -> Any:
    for _ in range(40):
        y = np.sqrt(x * x + 1)
        x = y - 0.5
        if y.max() > 1e9:
            break
    return x


def elements(x: Any) -> Any:
    for _ in range(40):
        y = x * 2
        float(y[3])
    return y


def sorts(x: Any) -> Any:
    for _ in range(10):
        x = np.sort(x) + 1
    return x


def rows(x: Any) -> Any:
    x = x.reshape(1000, -1)
    for _ in range(10):
        x = x - x.mean(axis=1, keepdims=True)
        x = x / x.std(axis=0)
    return x


def handed_out(x: Any) -> Any:
    for _ in range(20):
        x = x + 1
        np.asarray(x)
    return x


@pytest.mark.parametrize("program", [between_branches, elements, sorts, rows, handed_out])
def test_a_loop_needs_no_more_with_each_turn(program: Callable[..., Any]) -> None:
    assert most_needed(program, np.linspace(0.5, 2, N)) < 4 * 8 + 2


def test_nothing_waits_for_the_collector() -> None:
    died: list[Any] = []

    def program(x: Any) -> Any:
        y = x * 2
        np.add(x[1:], 1, out=x[:-1])  # taken out of the record again: NumPy makes it
        died.append(weakref.ref(np.asarray(y)))
        del y
        assert died[-1]() is None
        z = x + 1
        z.sum()
        return z

    x = np.ones(N)
    died.append(weakref.ref(x))
    died.append(weakref.ref(tm.fuse(program)(x)))
    del x
    assert [each() for each in died] == [None] * 3
    assert gc.collect() == 0


def test_one_write_in_place_after_another_needs_nothing() -> None:
    def program(x: Any, y: Any) -> None:
        x[1:] -= 0.5 * (y[1:] - y[:-1])
        y[:, 1:] -= 0.5 * (x[:, 1:] - x[:, :-1])
        x[:-1, 1:] -= 0.5 * (y[1:, 1:] - y[:-1, 1:])

    x, y = np.random.default_rng(0).random((2, 1000, N // 1000))
    assert most_needed(program, x, y) < 2
