"""Sums under a mask, and what is made of them, in fused functions: of rows in the pass, of all after it."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import extremes
from kit.fuse_arguments import numbers
from kit.fuse_compare import LAYOUTS, arrays, differences, sums_fold
from kit.marks import in_pairs, name_of

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


def sums(t: Any, m: Any, axis: Any) -> Any:
    return (
        *(
            t.sum(axis, where=m),
            np.sum(t, axis=axis, where=m, keepdims=True, initial=3),
            t.sum(axis, where=~m),
        ),
        *(
            np.add.reduce(t, axis, where=m, initial=-0.0),
            t.sum(axis, where=m[:1]),
            np.sum(t, axis, where=True),
        ),
    )


def means(t: Any, m: Any, axis: Any) -> Any:
    return t.mean(axis, where=m), np.mean(t, axis=axis, where=m, keepdims=True), t


def deviations(t: Any, m: Any, axis: Any) -> Any:
    return t.var(axis, where=m), np.std(t, axis=axis, where=m, ddof=1, keepdims=True), m


MADE: dict[str, Function] = {"argument": lambda x, y: x, "put off": lambda x, y: x + y}
FUNCTIONS = [sums, means, deviations]
SHAPES = [(2, 3), (3, 7), (9, 64), (5, 129), (2, 2049), (3, 5, 77), (4099,), (1, 300)]


def in_program(function: Function, made: Function, bound: float, axis: Any) -> Function:
    def program(x: Any, y: Any) -> Any:
        return function(made(x, y), x > bound, axis)

    return program


@pytest.mark.parametrize(("dtype", "function", "made"), in_pairs("fdDleB", FUNCTIONS, MADE), ids=name_of)
def test_any_shape(function: Function, dtype: str, made: str, pools: list[tm.Pool]) -> None:
    for n, shape in enumerate(SHAPES):
        x, y = arrays(2, shape, dtype)
        zeros = np.negative(x * 0), np.negative(y * 0)
        nans = x.copy(), y.copy()
        if x.dtype.kind in "fc":
            nans[0].flat[:: x.shape[-1] - 1], nans[1].flat[1::5] = np.nan, -np.nan
            nans[0].flat[3::11], nans[1].flat[3::22] = np.inf, -np.inf
        axes: list[Any] = [None, *range(len(shape))]
        for axis in axes:
            for k, bound in enumerate((0, -30, 0.9, 1e9)):
                program = in_program(function, MADE[made], bound, axis)
                for case in (x, y), zeros, nans:
                    assert differences(program, [*case], pools[(n + k) % 3]) == {}, (shape, axis, bound)


@pytest.mark.parametrize(("layout", "function", "made"), in_pairs(LAYOUTS, FUNCTIONS, MADE), ids=name_of)
def test_any_layout(made: str, function: Function, layout: str, pools: list[tm.Pool]) -> None:
    for axis in None, -1, 0:
        program = in_program(function, MADE[made], 0, axis)
        assert differences(program, arrays(2, (37, 301), "d", layout), pools[1]) == {}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("modes", ["ignore", "warn", "raise", "call"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_errors(function: Function, modes: Any, made: str, pools: list[tm.Pool]) -> None:
    x = extremes("d", 9 * 301).reshape(9, 301).copy()
    signalling = x.copy()
    signalling.view(np.uint64)[[0, 3, 8], [7, 5, 9]] = 0x7FF4000000000077
    with np.errstate(all=modes, call=lambda *_: None):
        for axis in None, -1:
            program = in_program(function, MADE[made], 0, axis)
            for each in x, signalling, np.full((9, 301), 1e308):
                assert differences(program, [each, each[::-1].copy()], pools[1]) == {}


def rows_beside_nans(x: Any, y: Any) -> Any:
    """Where unlike NaNs meet NumPy makes the pass once more."""
    t = x + y
    return t.sum(-1, where=x == x), t.sum(-1, where=y > 0, initial=2), t.sum(-1, initial=5), t


def test_unlike_nans(pools: list[tm.Pool]) -> None:
    x, y = arrays(2, (12, 300), "d")
    x[..., ::17], y[..., ::17] = np.nan, -np.nan
    for pool in pools:
        assert differences(rows_beside_nans, [x, y], pool) == {}


def columns_beside_nans(x: Any, y: Any) -> Any:
    """NumPy adds up what stands between gaps of a mask, and takes another NaN than where there are none."""
    m = np.isnan(x)
    t = x + 1
    return t.sum(0, where=m), np.add.reduce(x + y, where=np.isnan(x)), t.sum(0, where=~m, initial=2), t.sum(0)


@pytest.mark.parametrize("dtype", "fdF")
def test_unlike_nans_in_columns(dtype: str, pools: list[tm.Pool]) -> None:
    rng = np.random.default_rng(0)
    x, y = (numbers(rng, 90_000, dtype, True).reshape(300, 300) for _ in range(2))
    for pool in pools:
        assert differences(columns_beside_nans, [x, y], pool) == {}


def a_mask_for_others(x: Any, y: Any) -> Any:
    """What NumPy's own code takes for a view of the mask the user may write to."""
    m = x > y
    seen = np.broadcast_to(m, m.shape)
    mean = x.mean(where=m)
    return mean, seen.flags.writeable, m.sum(), np.broadcast_to(x, x.shape).flags.writeable


def test_a_view_stays_one(pools: list[tm.Pool]) -> None:
    assert differences(a_mask_for_others, arrays(2, (37, 301), "d"), pools[1]) == {}


@sums_fold
@pytest.mark.parametrize("dtype", "fd")
def test_rows_are_part_of_the_pass(dtype: str) -> None:
    def program(x: Any) -> Any:
        t = x + x
        return t.sum(-1, where=x > 3), t.sum(axis=1, where=x > 7, initial=2, keepdims=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        told = tm.fuse(program).explain(np.arange(300_000).reshape(300, 1000).astype(dtype))  # type: ignore[attr-defined]
    assert told.passes == 1, told
    assert "at once: add" not in told
    assert "by NumPy:" not in told
