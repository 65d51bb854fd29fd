"""Reductions of rows in a pass: the steps that follow them are in the same pass, and the bits are NumPy's."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import LAYOUTS, arrays, differences, everything_is_worth_it, sums_fold

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def standard_rows(x: Any) -> Any:
    return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True, ddof=1)


def of_unit_length(x: Any) -> Any:
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def variance(x: Any) -> Any:
    return x.var(axis=-1)


def both(x: Any) -> Any:
    y = x * 2
    return y.max(axis=-1), y.min(axis=-1, keepdims=True), y.prod(-1), y


def in_place(x: Any) -> Any:
    x -= x.min(axis=-1, keepdims=True)
    x /= x.max(axis=-1, keepdims=True)
    return x


def of_a_mask(x: Any) -> Any:
    mask = x > 0
    return (
        mask.any(axis=-1, keepdims=True) & mask,
        mask.all(axis=-1),
        np.where(mask.any(-1, keepdims=True), x, 1),
    )


def whose_length_is_their_number(x: Any) -> Any:
    """The values of rows that have lost their axis go along the columns."""
    return (x * 2) - (x * 2).sum(axis=-1)[: x.shape[-1]] if x.shape[0] >= x.shape[-1] else x + 1


def log_sum_exp(x: Any) -> Any:
    m = x.max(axis=-1, keepdims=True)
    return x - (m + np.log(np.exp(x - m).sum(axis=-1, keepdims=True)))


FUNCTIONS = [
    *(softmax, standard_rows, of_unit_length, variance, both, in_place, of_a_mask),
    *(whose_length_is_their_number, log_sum_exp),
]
SHAPES = [
    (2, 3),
    (3, 2),
    (1, 5000),
    (5000, 1),
    (7, 64),
    (64, 64),
    (41, 1025),
    (2, 8192),
    (2, 8193),
    (3, 5, 77),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dtype", "fdDlieB?")
def test_any_shape(function: Function, dtype: str, pools: list[tm.Pool]) -> None:
    for shape in SHAPES:
        args = arrays(1, shape, dtype)
        for pool in pools:
            assert differences(function, args, pool) == {}, shape


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_any_layout(function: Function, layout: str, pools: list[tm.Pool]) -> None:
    for shape in [(41, 1025), (3, 5, 77)]:
        assert differences(function, arrays(1, shape, "d", layout), pools[1]) == {}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("modes", ["ignore", "warn", "raise"])
def test_errors_of_rows(function: Function, modes: Any, pools: list[tm.Pool]) -> None:
    x = np.zeros((9, 700))
    x[1] = np.inf
    x[2] = 1e308
    x[3, 5], x[4] = np.nan, -np.inf
    with np.errstate(all=modes):
        assert differences(function, [x], pools[1]) == {}


def explained(function: Function, x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        return tm.fuse(function).explain(x)  # type: ignore[attr-defined]


@sums_fold
@pytest.mark.parametrize("function", [softmax, standard_rows, of_unit_length, variance])
def test_one_pass_does_it(function: Function) -> None:
    told = explained(function, np.ones((100, 1000)))
    assert told.passes == 1, told


def test_a_row_that_no_cache_holds_is_numpys() -> None:
    told = explained(softmax, np.ones((3, 10**5)))
    assert "at once: maximum.reduce" in told, told


def test_what_is_reduced_may_be_written_afterwards(pools: list[tm.Pool]) -> None:
    def function(x: Any) -> Any:
        before = x.sum(axis=-1, keepdims=True)
        x[...] = x * 3
        return before, x - before

    for shape in SHAPES:
        assert differences(function, arrays(1, shape, "d"), pools[1]) == {}


def test_what_is_made_again_for_a_pass_over_more_elements() -> None:
    def program(x: Any, y: Any, z: Any) -> Any:
        most = np.fmax(x, z)
        z *= 0.5
        np.nanmean(y)  # read, and not stored
        squares = np.square(z)
        both = np.logaddexp(squares, most)
        return both, np.round(squares, 1), most.sum(axis=-1), z

    x = np.arange(300 * 1023, dtype=np.uint32).reshape(300, 1023) % 50
    assert not differences(program, [x, x + 1, np.linspace(0.5, 3, 1023)])


def _made_once_more(x: Any) -> Any:
    mean = x.mean(axis=-1)
    negative = np.negative(mean)
    out = np.ones(mean.shape, mean.dtype)
    np.add(negative, 1, out=out)  # runs the row, and may leave `negative` to be made again
    return mean, negative, out


@pytest.mark.parametrize("dtype", ["d", "f", "Q"])
def test_what_goes_once_over_a_row_that_has_been_made_goes_over_elements(
    monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    everything_is_worth_it(monkeypatch)
    x = np.random.default_rng(3).integers(1, 100, (400, 300)).astype(dtype)
    assert not differences(_made_once_more, [x])
