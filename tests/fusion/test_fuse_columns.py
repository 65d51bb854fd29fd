"""Reductions over axes before the last one: of what is put off and of arguments, and what they begin with."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import extremes
from kit.fuse_compare import LAYOUTS, arrays, differences, sums_fold
from kit.marks import in_pairs, name_of

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


MADE: dict[str, Function] = {
    "argument": lambda x: x,
    "put off": lambda x: np.where(x == x, x, x),
    "sum": lambda x: x + x[:1] * 0,
}


def places(t: Any, axis: int) -> Any:
    return (
        *(t.argmax(axis), np.argmin(t, axis), t.argmin(axis=axis, keepdims=True)),
        *(np.argmax(t, axis=axis, keepdims=True), t.max(axis), t),
    )


def beginnings(t: Any, axis: int) -> Any:
    one = t.dtype.type(1)
    return (
        *(t.sum(axis, initial=3), np.max(t, axis=axis, initial=one), t.min(axis, initial=0, keepdims=True)),
        *(np.prod(t, axis, initial=one), np.sum(t, axis=axis, initial=one + one), t.max(axis, initial=-3)),
        *(np.logical_or.reduce(t, axis, initial=True), np.min(t, axis, initial=float("nan"))),
    )


def all_kinds(t: Any, axis: int) -> Any:
    return (
        *(t.sum(axis), t.min(axis), t.max(axis), t.mean(axis), t.any(axis), t.prod(axis), np.ptp(t, axis)),
        *(t.argmax(axis), np.linalg.norm(t, axis=axis), t.std(axis), np.count_nonzero(t, axis)),
    )


FUNCTIONS = [places, beginnings, all_kinds]
# At the edges of what is taken by columns, of pieces, and of tiles of 256 to 1024 elements
SHAPES = [(8, 256), (7, 257), (9, 255), (40, 2049), (17, 1088), (3, 11, 321)]


def with_zeros(dtype: str, shape: tuple[int, ...], k: int) -> Any:
    """Few numbers, each often, zeros of both signs among them, and NaNs of both signs in some columns."""
    rng = np.random.default_rng(k)
    with np.errstate(all="ignore"):
        x = (rng.integers(-2, 3, shape) * (-1.0 if k % 2 else 1.0)).astype(dtype)
    if x.dtype.kind in "fc":
        some = rng.integers(0, x.size, k % 4)
        x.flat[some] = [np.nan, -np.nan, np.inf, -np.inf][k % 4]
        x.flat[rng.integers(0, x.size, k % 3)] = -np.nan
    return x


@pytest.mark.parametrize(
    ("dtype", "function", "made"), in_pairs("fdlBqHhb?eFD", FUNCTIONS, MADE), ids=name_of
)
def test_any_shape(function: Function, dtype: str, made: str, pools: list[tm.Pool]) -> None:
    rng = np.random.default_rng(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n, shape in enumerate(SHAPES):
            ramp = np.resize(np.arange(9000) % 30_000, shape).astype(dtype)
            cases = [*arrays(1, shape, dtype), *[with_zeros(dtype, shape, k) for k in range(4)]]
            cases += [ramp, ramp[::-1, ::-1].copy(), np.full(shape, 1, dtype)]
            cases += [extremes(dtype, ramp.size).reshape(shape)[rng.permutation(shape[0])]]
            for axis in range(-len(shape), len(shape) - 1):
                program = lambda x, a=axis: function(MADE[made](x), a)  # noqa: E731
                for k, x in enumerate(cases):
                    assert differences(program, [x], pools[(k + n) % 3]) == {}, (shape, axis, k)


@pytest.mark.parametrize(("layout", "function", "made"), in_pairs(LAYOUTS, FUNCTIONS, MADE), ids=name_of)
def test_any_layout(made: str, function: Function, layout: str, pools: list[tm.Pool]) -> None:
    for dtype in "dl":
        for pool in pools:
            (x,) = arrays(1, (37, 301), dtype, layout)
            assert differences(lambda x: function(MADE[made](x), 0), [x], pool) == {}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("modes", ["ignore", "warn", "raise", "call"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_errors(function: Function, modes: Any, made: str, pools: list[tm.Pool]) -> None:
    x = extremes("d", 9 * 301).reshape(9, 301).copy()
    signalling = x.copy()
    signalling.view(np.uint64)[[0, 3, 8], [7, 5, 9]] = 0x7FF4000000000077
    with np.errstate(all=modes, call=lambda *_: None):
        for each in x, signalling, np.full((9, 301), 1e308):
            assert differences(lambda x: function(MADE[made](x), 0), [each], pools[1]) == {}


def signalling_first(x: Any) -> Any:
    return x.min(0), x.max(0), x.min(0, initial=1), np.max(x, 0, initial=-1), x.argmin(0)


def test_signalling_nans_in_the_first_row(pools: list[tm.Pool]) -> None:
    for dtype, kind, bits in ("d", np.uint64, 0x7FF4000000000077), ("f", np.uint32, 0x7F900077):
        x = np.resize(np.arange(1001.0), (40, 300)).astype(dtype)
        x.view(kind)[[0, 0, 0, 39], [7, 5, 299, 5]] = bits
        x[1:, 5] = np.nan
        assert differences(signalling_first, [x], pools[1]) == {}


def nans_that_meet(x: Any, y: Any) -> Any:
    """Where unlike NaNs meet NumPy makes the pass once more."""
    t = x + y
    return (
        *(t.sum(0, initial=3), t.max(0, initial=1), t.argmax(0), t.argmin(0), t.sum(0), t.min(1, initial=2)),
        *(t.prod(-1, initial=5), t.argmax(-1)),
    )


@pytest.mark.parametrize("dtype", "fdD")
def test_unlike_nans(dtype: str, pools: list[tm.Pool]) -> None:
    for shape in (12, 300), (3, 10, 257):
        x, y = arrays(2, shape, dtype)
        x[..., ::17], y[..., ::17] = np.nan, -np.nan
        x[2, ..., 5] = np.nan
        for pool in pools:
            assert differences(nans_that_meet, [x, y], pool) == {}


def written_between(x: Any, y: Any) -> Any:
    first = x.sum(0), x.argmin(0)
    x += y
    second = x.max(0), x.sum(0, initial=2)
    x[1:3] = y[:2]
    return first, second, x.min(0), x.argmax(0), x


@pytest.mark.parametrize("dtype", "dlh")
def test_arguments_that_are_written(dtype: str, pools: list[tm.Pool]) -> None:
    for pool in pools:
        assert differences(written_between, arrays(2, (40, 300), dtype), pool) == {}


@sums_fold
@pytest.mark.parametrize("made", ["argument", "sum"])
@pytest.mark.parametrize("dtype", "fdl")
def test_it_is_one_pass(made: str, dtype: str) -> None:
    def program(x: Any) -> Any:
        t = x if made == "argument" else x + x
        found = t.argmax(0), t.argmin(axis=0, keepdims=True)
        if made == "argument":
            return found
        return *found, t.max(0), t.max(0, initial=3), t.min(0, initial=1), np.sum(t, 0, t.dtype, initial=2)

    x = np.arange(300_000).reshape(300, 1000).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        told = tm.fuse(program).explain(x)  # type: ignore[attr-defined]
    assert told.passes == 1, told
    assert "at once" not in told
    assert "by NumPy:" not in told


@pytest.mark.parametrize("dtype", ["d", "f", "D"])
def test_what_columns_are_reduced_of_is_written_after_the_pass(dtype: str, pools: list[tm.Pool]) -> None:
    """NumPy settles columns with unlike NaNs once the pass is over."""

    def program(t: Any, x: Any) -> Any:
        products = t * x
        total, most = products.sum(axis=0), products.max(axis=0)
        t += 1
        t[...] = t * x
        return total, most, t * 2

    x = np.random.default_rng(0).normal(size=(300, 300)).astype(dtype)
    for one, other in (np.nan, -np.nan), (np.inf, np.nan), (1.0, 2.0):
        x[5, 7], x[250, 7] = one, other
        with np.errstate(all="ignore"):
            assert not differences(program, [np.zeros_like(x), x], pools[1])
