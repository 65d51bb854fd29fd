"""Reductions of arguments, and of other arrays that are there: several in one pass."""

import gc
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import extremes
from kit.fuse_compare import arrays, differences, sums_fold

import threadmill as tm
from threadmill.fusion import reduce_evaluated

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def _however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "LEAST", "LEAST_PLACE", "LEAST_SLOW":
        monkeypatch.setattr(reduce_evaluated, name, 1)


def in_turn(x: Any, y: Any) -> Any:
    return x.min(), x.max(), x.mean(), x.std(), x.argmax(), x.sum(keepdims=True), np.argmin(x, keepdims=True)


def of_two(x: Any, y: Any) -> Any:
    return x.min(), y.min(), x.max(), y.max(), np.ptp(x), y.sum(), x.sum(), x.argmin(), y.argmax()


def standard(x: Any, y: Any) -> Any:
    return (x - x.mean()) / x.std(), (y - y.min()) / (y.max() - y.min())


def of_what_was_made(x: Any, y: Any) -> Any:
    z = np.sort(x, axis=None)
    return z.min(), z.max(), z.sum(), x.T.max(), x.T.min(), x[..., ::2].min(), x[..., ::2].max()


def with_arguments(x: Any, y: Any) -> Any:
    found = x.min(), x.max(initial=3), x.max(), x.sum(dtype="f8"), x.sum(where=x > 0), x.sum(), x.max(-1)
    return *found, x.min(axis=0), x.min(tuple(range(x.ndim))), x.prod(), x.any(), x.all(), x.sum()


PROGRAMS = [in_turn, of_two, standard, of_what_was_made, with_arguments]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dtype", "fdeDFliB?g")
def test_numpys_bits(program: Function, dtype: str, pools: list[tm.Pool]) -> None:
    for shape in (2, 3), (41, 1025), (8193,), (3, 1, 5), (0, 3), ():
        if program is of_what_was_made and not shape:
            continue
        args = arrays(2, shape, dtype)
        for pool in pools:
            for _ in range(2):
                assert differences(program, args, pool) == {}, shape


@pytest.mark.parametrize("layout", ["F", "strided", "reversed"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
def test_other_layouts(program: Function, layout: str, pools: list[tm.Pool]) -> None:
    x, y = arrays(2, (66, 62), "d")
    if layout == "F":
        x, y = np.asfortranarray(x), np.asfortranarray(y)
    else:
        x, y = (x[::2, ::2], y[1::2, 1::2]) if layout == "strided" else (x[::-1], y[:, ::-1])
    for _ in range(3):
        assert differences(program, [x, y], pools[2]) == {}


# What may write to x between two reductions.
WRITES: dict[str, Function] = {
    "in place": lambda x, y: x.__iadd__(1),
    "an element": lambda x, y: x.__setitem__((0,) * x.ndim, 1000),
    "a slice": lambda x, y: x.__setitem__(..., y),
    "a mask": lambda x, y: x.__setitem__(x > 0, -5),
    "out": lambda x, y: np.add(x, y, out=x),
    "out of a view": lambda x, y: np.multiply(x[:1], -2000, out=x[:1]),
    "out of a small view": lambda x, y: np.multiply(x.reshape(-1)[:1], -2000, out=x.reshape(-1)[:1]),
    "through T": lambda x, y: x.T.__iadd__(3),
    "through a view": lambda x, y: x.reshape(-1)[1:].__imul__(-3),
    "fill": lambda x, y: x.fill(7),
    "sort": lambda x, y: x.sort(axis=0),
    "copyto": lambda x, y: np.copyto(x, y),
    "put": lambda x, y: np.put(x, [3], 1234),
    "at": lambda x, y: np.add.at(x, (0,) * x.ndim, 500),
    "flat": lambda x, y: x.flat.__setitem__(2, 999),
    "asarray": lambda x, y: np.asarray(x).__setitem__((0,) * x.ndim, 999),
    "reduce": lambda x, y: np.add.reduce(y, axis=0, out=x[0]),
    "accumulate": lambda x, y: np.add.accumulate(y, out=x),
    "apply": lambda x, y: np.apply_along_axis(lambda row: row.__setitem__(0, 321) or 1, -1, x),
    "shape": lambda x, y: setattr(x, "shape", x.shape[::-1]),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("dtype", "dlD")
def test_a_write_in_between_is_seen(write: str, dtype: str, pools: list[tm.Pool]) -> None:
    def program(x: Any, y: Any) -> Any:
        pending = y * 2
        found = [x.min(), x.max(), x.sum(), x.argmax()]
        for _ in range(2):
            WRITES[write](x, y)
            found += [x.max(), x.min(), x.argmax(), x.sum(), x.sum()]
        held = np.asarray(x)
        found += [x.min()]
        held[...] = 5
        return found, x.max(), x.min(), x.sum(), pending

    for shape in (9, 30), (70, 70):
        x, y = arrays(2, shape, dtype)
        for _ in range(3):
            assert differences(program, [x.copy(), y], pools[1]) == {}, shape


def test_arguments_that_overlap(pools: list[tm.Pool]) -> None:
    def program(x: Any, y: Any) -> Any:
        found = x.min(), x.max(), x.sum()
        y += 5
        return found, x.max(), x.min(), x.sum(), y.max()

    x = np.linspace(-1, 1, 5000)
    for _ in range(3):
        assert differences(program, [x, x[100:200]], pools[1]) == {}


@pytest.mark.parametrize("modes", ["ignore", "warn", "raise", "call", "print", "log"])
@pytest.mark.parametrize("program", [in_turn, of_two, standard], ids=lambda each: each.__name__)
def test_errors(program: Function, modes: Any, pools: list[tm.Pool]) -> None:
    x = np.full((9, 700), 1e308)
    log = type("Log", (), {"write": lambda self, text: None})()
    signalling = np.full((9, 700), 0x7FF0000000000001, np.uint64).view("d")
    with np.errstate(all=modes, call=log if modes == "log" else lambda *_: None):
        for one in x, x * 0, -x * 0, signalling, np.full((9, 700), np.nan), extremes("d"), x * 1e-300:
            for _ in range(3):
                assert differences(program, [one, one[::-1].copy()], pools[1]) == {}


def explained(fused: Any, x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        return fused.explain(x)


def least_and_greatest(x: Any) -> Any:
    return x.min(), x.max(), x.mean(), x.argmax()


@sums_fold
def test_one_pass_from_the_second_call_on() -> None:
    x = np.linspace(1, 2, 200_000).reshape(400, 500)
    fused: Any = tm.fuse(least_and_greatest)
    for _ in range(3):
        told = explained(fused, x)
    assert told.passes == 1, told
    assert "at once" not in told, told
    assert "by NumPy:" not in told, told
    assert "4 reductions" in told, told
    assert told.moved == x.nbytes


@sums_fold
def test_a_sum_that_is_there_is_not_made_again() -> None:
    def deviation(x: Any) -> Any:
        return x.mean(), x.std()

    x = np.linspace(1, 2, 200_000)
    for _ in range(3):
        told = explained(tm.fuse(deviation), x)
    assert told.count("at once: add.reduce") == 1, told


def test_no_array_is_kept() -> None:
    made: list[Any] = []

    def program(x: Any) -> Any:
        y: Any = np.sort(x)
        made.append(weakref.ref(y._value.array))
        found = y.min(), y.max(), y.sum()
        del y
        gc.collect()
        return found, made[-1]() is None

    x = np.linspace(1, 2, 20_000)
    fused: Any = tm.fuse(program)
    assert [fused(x)[1] for _ in range(3)] == [True] * 3
