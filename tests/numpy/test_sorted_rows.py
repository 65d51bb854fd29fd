"""Medians and quantiles of rows that are sorted first: NumPy's bits, and no rows shared out in blocks."""

import itertools
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array
from kit.comparison import assert_same_call

import threadmill as tm
from threadmill.arrays import row_functions
from threadmill.numpy import order_statistics, sorted_rows

POOLS = [tm.Pool(n) for n in (1, 2, 3, 7)]
METHODS = ["linear", "nearest", "inverted_cdf", "hazen", "weibull", "lower", "median_unbiased"]
QUANTILES: list[Any] = [0.3, 0, 1, 0.5, [0.1, 0.9], np.array([[0.2, 0.3], [0.5, 1.0]])]
SHAPES = [(40, 3), (3, 40), (30, 501), (501, 30), (6, 7, 50), (50, 6, 7), (2, 3, 4, 20), (1, 50), (50, 1)]
_pools = itertools.cycle(POOLS)


@pytest.fixture(autouse=True)
def _sorted_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_rows, "sorts_quickly", lambda _: True)


@pytest.fixture
def sorted_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block is shared out in Python."""

    def blocks(*_: Any) -> Any:
        raise AssertionError("it has been shared out in blocks")

    monkeypatch.setattr(order_statistics, "gathered", blocks)


def same(name: str, x: Array, *args: Any, **options: Any) -> None:
    ours, numpys, pool = getattr(tm.numpy, name), getattr(np, name), next(_pools)
    what = f"{name} {args} {options}"
    with np.errstate(all="warn"):
        assert_same_call(ours, numpys, lambda: ((x, *args), dict(options)), what, pool=pool)


def same_in_all_ways(x: Array) -> None:
    for axis in range(-x.ndim, x.ndim):
        if x.dtype.kind == "f" or not x.shape[axis] % 2:
            same("median", x, axis)
        for q, method in itertools.product(QUANTILES, METHODS):
            same("quantile", x, q, axis, method=method)
        same("percentile", x, 30, axis=axis)
        if x.dtype.kind == "f":
            same("nanmedian", x, axis)
            for method in METHODS:
                same("nanquantile", x, 0.3, axis, method=method)
            same("nanpercentile", x, 30, axis=axis)


@pytest.mark.usefixtures("sorted_alone")
@pytest.mark.parametrize("dtype", [*"fdiIlLqQ"])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=shape) * 100
    same_in_all_ways(x.astype(dtype))
    same_in_all_ways(np.abs(x // 50).astype(dtype))  # many of them equal, and zeros


@pytest.mark.parametrize("dtype", [*"fd"])
def test_nans_and_zeros_of_both_signs(dtype: str) -> None:
    rng = np.random.default_rng(2)
    for special in -0.0, np.nan, -np.nan, np.inf, -np.inf:
        x = rng.integers(-2, 3, (30, 7)).astype(dtype)
        x[rng.random(x.shape) < 0.2] = special
        for axis in 0, 1:
            same("median", x, axis)
            same("quantile", x, 0.4, axis)
            same("nanmedian", x, axis)
            same("nanquantile", x, 0.4, axis)


@pytest.mark.parametrize("dtype", [*"fd"])
@pytest.mark.parametrize("length", [5, 6, 599, 601])
def test_the_one_in_the_middle_is_taken_twice_by_nanmedian(dtype: str, length: int) -> None:
    """Of rows of up to 600, which overflows."""
    x = np.full((length, 40), np.finfo(dtype).max / 2, dtype)
    same("nanmedian", x, 0)
    x[:, 7] *= 1.5
    for name in "nanmedian", "median":
        same(name, x, 0)
        same(name, np.ascontiguousarray(x.T), 1)


@pytest.mark.parametrize("dtype", [*"fd"])
@pytest.mark.parametrize("mode", ["warn", "raise", "ignore"])
def test_means_that_overflow(dtype: str, mode: Any) -> None:
    x = np.full((6, 8), np.finfo(dtype).max, dtype)
    x[2:, :4] = -np.inf
    x[4:, 4:] = np.inf
    calls = [(name, (1,)) for name in ("median", "nanmedian")]
    calls += [
        (name, (q, axis)) for name in ("quantile", "nanquantile") for q, axis in ((0.5, 1), ([0.5, 0.1], 0))
    ]
    for name, args in calls:
        ours, numpys = getattr(tm.numpy, name), getattr(np, name)
        with np.errstate(all=mode):
            assert_same_call(ours, numpys, lambda args=args: ((x, *args), {}), name, pool=next(_pools))


def test_other_arguments_go_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def sort(*_: Any) -> Any:
        raise AssertionError("it has been sorted")

    x = np.random.default_rng(3).normal(size=(20, 30))
    same("median", x.T, 0)
    monkeypatch.setattr(sorted_rows, "sort_rows", sort)
    for options in {"axis": 1, "keepdims": True}, {"axis": (0,)}, {"axis": (0, 1)}:
        same("median", x, **options)
    same("median", np.asfortranarray(x.reshape(4, 5, 30)), 1)
    same("median", x.reshape(4, 5, 30)[:, :, ::2], 1)
    same("quantile", np.asfortranarray(x), 0.5, 1)
    same("quantile", x.astype("e"), 0.5, 1)
    same("median", x.astype("h"), 1)
    monkeypatch.setattr(sorted_rows, "sorts_quickly", lambda _: False)
    same("median", x, 1)


@pytest.mark.parametrize("dtype", [*"hHiIlLqQ"])
def test_medians_of_odd_rows_of_integers_are_not_sorted(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def sort(*_: Any) -> Any:
        raise AssertionError("it has been sorted")

    monkeypatch.setattr(sorted_rows, "sort_rows", sort)
    x = (np.random.default_rng(6).normal(size=(31, 501)) * 100).astype(dtype)
    for axis in 0, 1, -1, -2:
        same("median", x, axis)
        same("median", x, axis, keepdims=True)
    assert order_statistics._rows_of_median(x, 1) == x.nbytes // 8
    assert order_statistics._rows_of_median(x[:, 1:], 1) == x[:, 1:].nbytes * (1 if dtype in "hH" else 4)


@pytest.mark.usefixtures("sorted_alone")
def test_tables_of_any_layout() -> None:
    x = np.random.default_rng(7).normal(size=(30, 40))
    for table in x.T, np.asfortranarray(x), x[:, ::2], x[::-1], x[::3, 1::2]:
        for axis in 0, 1:
            same("median", table, axis)


def test_without_numpys_functions_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_functions, "_sorting", lambda *_: None)
    x = np.random.default_rng(4).normal(size=(20, 30))
    same("median", x, 1)
    same("quantile", x, 0.1, 0)


def test_the_argument_stays_as_it_is() -> None:
    x = np.random.default_rng(5).normal(size=(20, 30))
    before = x.copy()
    for axis in 0, 1:
        tm.numpy.median(x, axis, pool=POOLS[1])
        tm.numpy.quantile(x, 0.5, axis, pool=POOLS[1])
    assert x.tobytes() == before.tobytes()
    found = tm.numpy.median(x, 1, pool=POOLS[1])
    assert type(found) is np.ndarray
    assert found.flags.owndata
