"""A function that may lose by being fused is timed both ways, and called in the quicker one."""

import sys
import warnings
from typing import Any
from unittest import mock

import numpy as np
import pytest

import threadmill as tm
from threadmill.fusion.arguments import largest
from threadmill.fusion.worth import LEAST, LONG_NS, SMALLEST, Tally, Ways, Worth


def times_fused(function: Any, calls: int, *args: Any) -> int:
    """In how many of so many calls the function got lazy arrays, if these take longer."""
    seen: list[bool] = []
    now = [0]

    def told(*given: Any) -> Any:
        seen.append(type(given[0]) is not np.ndarray)
        now[0] += 11 if seen[-1] else 10
        return function(*given)

    fused = tm.fuse(told)
    clock = mock.patch.object(
        sys.modules["threadmill.fusion.fused_door"], "perf_counter_ns", side_effect=lambda: now[0]
    )
    with clock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(calls):
            fused(*args)
    return sum(seen)


def column_by_column(x: Any) -> Any:
    for k in range(1, x.shape[1]):
        x[:, k] += 0.5 * x[:, k - 1]
    return x


def test_many_small_operations_on_a_large_array_are_numpys() -> None:
    assert times_fused(column_by_column, 20, np.ones((1000, 200))) == 5


def took(ns: int, calls: int, size: int) -> list[bool]:
    """Which of so many calls, which take so long as they are, were made fused."""
    seen: list[bool] = []
    now = [0]

    def told(x: Any) -> Any:
        seen.append(type(x) is not np.ndarray)
        now[0] += ns
        return x * 2

    fused = tm.fuse(told)
    module = sys.modules["threadmill.fusion.fused_door"]
    with mock.patch.object(module, "perf_counter_ns", side_effect=lambda: now[0]):
        for _ in range(calls):
            fused(np.ones(size))
    return seen


def test_long_calls_with_few_elements_are_fused_after_some() -> None:
    assert took(LONG_NS, 6, SMALLEST) == [False] * 4 + [True] * 2
    assert took(LONG_NS - 1, 6, SMALLEST) == [False] * 6
    assert took(10**9, 6, SMALLEST - 1) == [False] * 6


def test_the_largest_argument_counts_wherever_it_is() -> None:
    x = np.ones(SMALLEST)
    for args in (x,), (1, x), ([1, (x,)],), ({"a": {"b": [x]}},), ((x, np.ones(3)),):
        assert largest(args) == SMALLEST
    held: list[Any] = [x]
    held.append(held)
    assert largest((held, 2, "text", None)) == SMALLEST
    assert largest(()) == largest((3, [1] * 2000 + [x], np.float64(2))) == 0


def test_some_long_calls_in_a_row_tell_that_such_calls_may_gain() -> None:
    worth = Worth()
    for ns in (LONG_NS,) * 3 + (1,) + (LONG_NS,) * 3:
        worth.learn_as_it_is(1, 20_000, ns)
    assert not worth.may_gain(20_000)
    worth.learn_as_it_is(1, 20_000, LONG_NS)
    assert worth.may_gain(20_000)
    assert not worth.may_gain(19_999)
    assert worth.may_gain(LEAST)


def test_after_a_short_call_some_are_not_timed() -> None:
    worth = Worth()
    worth.learn_as_it_is(1, 20_000, LONG_NS - 1)
    assert worth.counts == {1: 32}
    for _ in range(4):
        worth.learn_as_it_is(2, 20_000, LONG_NS)
    assert not worth.counts  # they are fused, perhaps


def products_of_columns(x: Any) -> Any:
    return [x[:, k] @ x[:, k:] for k in range(x.shape[1])]


def test_products_of_floats_are_not_counted_as_gains() -> None:
    assert times_fused(products_of_columns, 20, np.ones((1000, 200))) == 5


def test_it_is_tried_again() -> None:
    assert times_fused(column_by_column, 45, np.ones((1000, 200))) == 9


@pytest.mark.parametrize("shape", [(3,), (1000, 200)])
def test_a_closed_pool_fails_however_the_call_is_made(shape: tuple[int, ...]) -> None:
    with tm.Pool(2) as pool:
        fused = tm.fuse(column_by_column, pool=pool)
        if len(shape) > 1:
            for _ in range(6):
                fused(np.ones(shape))
    with mock.patch.object(Ways, "begins_alone", return_value=True), pytest.raises(RuntimeError):
        fused(np.ones(shape))


@pytest.mark.parametrize("size", [4_000_000, 5_000_000])
def test_operations_on_all_of_an_array_stay_fused(size: int) -> None:
    assert times_fused(lambda x: np.sqrt(x * 2 + 1) - x, 10, np.ones(size)) == 10


def test_what_one_shape_tells_is_not_held_against_another() -> None:
    seen = []

    def function(x: Any) -> Any:
        seen.append(type(x) is not np.ndarray)
        return column_by_column(x) if x.ndim == 2 else x * 2 + 1

    fused = tm.fuse(function)
    for _ in range(5):
        fused(np.ones((1000, 200)))
    seen.clear()
    fused(np.ones(200_000))
    assert seen == [True]


def test_explain_tells_of_it() -> None:
    told = tm.fuse(column_by_column).explain(np.ones((1000, 200)))  # type: ignore[attr-defined]
    assert "fusing may lose" in told
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "fusing may lose" not in tm.fuse(lambda x: np.exp(x)).explain(np.ones(2 * 10**6))  # type: ignore[attr-defined]


def ways_of(calls: int, fused_ns: float, alone_ns: float, ways: Ways | None = None) -> list[bool]:
    """Which of so many calls after the first are made alone, by what both ways take."""
    ways, found = ways or Ways(), list[bool]()
    while len(found) < calls:
        found.append(ways.begins_alone())
        ways.learn(found[-1], alone_ns if found[-1] else fused_ns)
        found += [True] * ways.untimed()
    return found[:calls]


FIRST = [False] * 4 + [True] * 4


def test_both_ways_are_timed_and_the_quicker_one_is_taken() -> None:
    assert ways_of(40, 1.1, 1.0) == FIRST + [True] * 32
    assert ways_of(40, 1.0, 1.12) == FIRST + [False] * 32
    assert ways_of(40, 0.95, 1.0) == FIRST + [True] * 32  # too little to be sure of
    assert ways_of(40, 0.85, 1.0) == FIRST + [False] * 32


def test_the_other_way_is_tried_ever_more_seldom() -> None:
    tried = [k for k, alone in enumerate(ways_of(10_000, 1.1, 1.0)) if not alone and k > 3]
    assert tried[::4] == [40, 108, 240, 500, 1016, 2044, 4096, 6148, 8200]
    assert tried == [first + k for first in tried[::4] for k in range(4)]


def test_what_takes_long_is_tried_seldom() -> None:
    """A trial adds at most a 64th to what the calls before it take: here 16 calls."""
    found = ways_of(10_000, 5.0, 1.0)
    tried = [k for k, alone in enumerate(found) if not alone and k > 3]
    assert tried[::4] == [1032, 2060, 3088, 4116, 5144, 6172, 8224]


def test_calls_as_they_are_are_timed_before_a_trial() -> None:
    ways, timed = Ways(), list[bool]()
    for _ in range(21):
        timed.append(ways.begins_alone())
        ways.learn(timed[-1], 1.0 if timed[-1] else 1.1)
        ways.untimed()
    assert timed == FIRST + [True] * (1 + 4) + [False] * 4 + [True] * 4


def test_what_has_become_quicker_is_taken() -> None:
    ways = Ways()
    ways_of(40, 1.1, 1.0, ways)
    assert ways_of(120, 1.2, 3.0, ways)[-1] is False


def test_one_slow_call_changes_nothing() -> None:
    ways = Ways()
    ways_of(20, 2.0, 3.0, ways)
    ways.learn(False, 1000.0)
    assert ways_of(60, 2.0, 3.0, ways)[-1] is False


def test_the_first_call_of_a_trial_does_not_count() -> None:
    """Caches and threads are cold."""
    ways, first = Ways(), [True, True]
    for _ in range(8):
        alone = ways.begins_alone()
        ways.learn(alone, 100.0 if first[alone] else 3.0 if alone else 2.0)
        first[alone] = False
    assert not ways.begins_alone()


def test_a_clear_gain_is_not_timed() -> None:
    worth, clear, unclear = Worth(), Tally(), Tally()
    clear.asked = unclear.asked = 1
    clear.saved_ns = 1e9
    worth.learn(1, None, clear, 0.0)
    assert worth.ways(1) is None
    worth.learn(1, None, unclear, 0.0)
    assert worth.ways(1) is not None


def test_short_rows_lose() -> None:
    """A step is called for each row that NumPy can't lay side by side either."""
    x, w = np.ones((20_000, 20)), np.ones(20)
    long, v = np.ones((1_000, 4_000)), np.ones(4_000)

    @tm.fuse
    def program(x: Any, w: Any) -> Any:
        return (x - w) * w + x * 2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "fusing may lose" in str(program.explain(x, w))
        assert "fusing may lose" not in str(program.explain(long, v))
