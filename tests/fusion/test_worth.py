"""A function that loses by being fused is called as it is, and tried again."""

import warnings
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill.fusion.worth import Tally, Worth


def times_fused(function: Any, calls: int, *args: Any) -> int:
    """In how many of so many calls the function got lazy arrays."""
    seen: list[bool] = []

    def told(*given: Any) -> Any:
        seen.append(type(given[0]) is not np.ndarray)
        return function(*given)

    fused = tm.fuse(told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(calls):
            fused(*args)
    return sum(seen)


def column_by_column(x: Any) -> Any:
    for k in range(1, x.shape[1]):
        x[:, k] += 0.5 * x[:, k - 1]
    return x


def test_many_small_operations_on_a_large_array_are_numpys() -> None:
    assert times_fused(column_by_column, 10, np.ones((1000, 200))) == 2


def test_it_is_tried_again() -> None:
    assert times_fused(column_by_column, 40, np.ones((1000, 200))) == 3


@pytest.mark.parametrize("size", [300_000, 1_000_000])
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
    assert "fusing loses" in told
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "fusing loses" not in tm.fuse(lambda x: x * 2 + 1).explain(np.ones(10**6))  # type: ignore[attr-defined]


def test_a_gain_makes_up_for_losses() -> None:
    worth, bad, good = Worth(), Tally(), Tally()
    bad.asked, good.saved_ns = 1, 1.0
    for tally in (bad, good, bad):
        worth.learn(("key",), tally)
        assert not worth.begins_alone(("key",))
    worth.learn(("key",), bad)
    alone = 0
    while worth.begins_alone(("key",)):
        alone += 1
    assert alone == 16
    for _ in range(20):
        worth.learn(("key",), bad)
    alone = 0
    while worth.begins_alone(("key",)):
        alone += 1
    assert alone == 1024


def test_short_rows_lose() -> None:
    """A step is called for each row that NumPy can't lay side by side either."""
    x, w = np.ones((20_000, 20)), np.ones(20)
    long, v = np.ones((100, 4_000)), np.ones(4_000)

    @tm.fuse
    def program(x: Any, w: Any) -> Any:
        return (x - w) * w + x * 2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "fusing loses" in str(program.explain(x, w))
        assert "fusing loses" not in str(program.explain(long, v))
