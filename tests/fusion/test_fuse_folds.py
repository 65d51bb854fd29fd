"""Reductions of all elements in fused functions: one pass makes those that follow each other."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import extremes
from kit.fuse_compare import LAYOUTS, arrays, differences, seen, sums_fold, twin

import threadmill as tm
from threadmill.fusion import picking, reduce_rows

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


def of_one(x: Any, y: Any) -> Any:
    t = x * 3 - y
    return t.min(), t.max(), t.sum(), t.mean(), np.count_nonzero(t), t.max(), t.sum(keepdims=True)


def of_two(x: Any, y: Any) -> Any:
    a, b = x + y, x - y
    return a.sum() / b.sum(), b.min(), a.max(), b.sum(dtype=b.dtype), np.ptp(a)


def of_masks(x: Any, y: Any) -> Any:
    low, high = x < y, x > y
    return low.any(), high.all(), low.sum(), np.count_nonzero(high), low.any() or high.any(), low


def of_many_kinds(x: Any, y: Any) -> Any:
    a, b = x * 1j, x - y
    return a.sum(), b.sum(), a.mean(), b.max(), a, b


def in_turn(x: Any, y: Any) -> Any:
    """What follows the first reduction differs from round to round."""
    found = []
    for k in range(4):
        t = x * k + y
        found.append(t.min())
        if k % 2:
            found += [t.max(), t.sum()]
        else:
            t = t + 1
            found.append(t.sum())
    return found


def written_between(x: Any, y: Any) -> Any:
    t = x + y
    least = t.min()
    x += 1
    greatest = t.max()
    t += y
    return least, greatest, t.max(), t.sum(), x


def of_arguments(x: Any, y: Any) -> Any:
    found = [x.min(), x.max(), x.sum(), y.max()]
    x *= 2
    found += [x.min(), x.max(), x.mean(), x.std(), np.ptp(x)]
    x[..., 0] = y[..., 1]
    return found, x.min(), x.max()


def places(x: Any, y: Any) -> Any:
    t = np.where(x < y, x, y)
    return (
        *(t.argmax(), t.argmin(), np.argmax(t, keepdims=True), t.argmin(-1), t.max()),
        *(np.argmin(t, axis=-1, keepdims=True), np.argmax(x, -1), np.argmax(t, 0), t.argmax(t.ndim - 1)),
        *(np.argmin(t.T), (x > y).argmax(), np.argmax(x > y, axis=-1), x.argmin()),
    )


PROGRAMS = [of_one, of_two, of_masks, of_many_kinds, in_turn, written_between, of_arguments, places]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dtype", "fdeDliB?")
def test_again_and_again(program: Function, dtype: str, pools: list[tm.Pool]) -> None:
    for shape in (2, 3), (41, 1025), (8193,), (3, 1, 5):
        args = arrays(2, shape, dtype)
        for pool in pools:
            assert differences(program, args, pool) == {}, shape


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
def test_any_layout(program: Function, layout: str, pools: list[tm.Pool]) -> None:
    for _ in range(2):
        assert differences(program, arrays(2, (67, 61), "d", layout), pools[1]) == {}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("modes", ["ignore", "warn", "raise", "call", "print", "log"])
def test_errors_are_told_in_turn(program: Function, modes: Any, pools: list[tm.Pool]) -> None:
    x = np.full((9, 700), 1e308)
    y = np.linspace(-1, 1, x.size).reshape(x.shape) * 1e308
    log = type("Log", (), {"write": lambda self, text: None})()
    with np.errstate(all=modes, call=log if modes == "log" else lambda *_: None):
        for args in [x, y], [extremes("d"), extremes("d")[::-1].copy()], [x * 0, y * 0], [x * np.nan, y]:
            for _ in range(2):
                assert differences(program, args, pools[1]) == {}


def warns_between(x: Any) -> Any:
    t = x * 1.5
    least = t.min()
    log = np.log(x - 1.5e308)
    return least, t.sum(), log, t.max()


def ignores_before(x: Any) -> Any:
    with np.errstate(over="ignore"):
        t = x * 1.0
        u = x * 0.5
        first = t.sum()
    return first, t.sum(), u.sum(), t.max(), u.sum()


def raises_after(x: Any) -> Any:
    t = x * 1.0
    with np.errstate(over="raise"):
        try:
            return t.max(), t.sum()
        except FloatingPointError as error:
            return str(error)


@pytest.mark.parametrize("program", [warns_between, ignores_before, raises_after])
def test_errors_come_when_they_are_asked_for(program: Function, pools: list[tm.Pool]) -> None:
    x = np.full(20_000, 1e308)
    for _ in range(3):
        assert differences(program, [x], pools[1]) == {}


def of_any_bytes(x: Any, y: Any) -> Any:
    made = x.copy(), np.where(y, x, y)
    return [
        (each.argmax(), each.argmin(), each.argmax(-1), each.max(), each * 2, each + 0.5) for each in made
    ]


@pytest.mark.parametrize("shape", [(5000,), (70, 90)])
def test_any_byte_but_0_is_true(shape: tuple[int, ...], pools: list[tm.Pool]) -> None:
    x = np.resize(np.arange(7, dtype="u1"), shape).view("?")
    assert differences(of_any_bytes, [x, x[::-1].copy()], pools[1]) == {}


@pytest.mark.parametrize("dtype", "fdlBqHb?eFD")
def test_the_first_of_the_greatest_and_of_the_least(dtype: str, pools: list[tm.Pool]) -> None:
    def program(x: Any) -> Any:
        t = np.where(x == x, x, x)
        return t.argmax(), t.argmin(), t.argmax(-1), np.argmin(t, axis=-1)

    rng = np.random.default_rng(5)
    for shape in (1, 1), (3, 64), (5, 65), (2, 4097), (3, 40_000):
        x = (rng.integers(-9, 9, shape) * 0.0).astype(dtype)  # zeros of both signs
        ramp = np.resize(np.arange(9000) % 30_000, shape).astype(dtype)
        cases = [
            x,
            ramp,
            ramp[::-1, ::-1].copy(),
            np.full(shape, 7, dtype),
            extremes(dtype, x.size).reshape(shape),
        ]
        for k in range(20):
            x = rng.integers(0, 5, shape).astype(dtype)
            if x.dtype.kind in "fc":
                x.flat[rng.integers(0, x.size, k % 3)] = [np.nan, -np.nan][k % 2]
                x.flat[rng.integers(0, x.size, k % 4)] = [np.inf, -np.inf][k % 2]
            if x.dtype.kind == "c":
                x.imag = rng.integers(-1, 2, shape)
                x.imag.flat[rng.integers(0, x.size, k % 3)] = np.nan
            cases.append(x)
        for x in cases:
            assert differences(program, [x], pools[2]) == {}


@pytest.mark.parametrize(
    "arguments", [((0, 1),), ("x",), (1.0,), (5,), (-3,), (None, np.empty(1)), (True,), (np.int64(0),), ()]
)
def test_arguments_of_argmax(arguments: Any, pools: list[tm.Pool]) -> None:
    x = np.linspace(-1, 1, 3000).reshape(30, 100)
    assert differences(lambda x: np.argmax(x * 2, *arguments), [x], pools[1]) == {}
    assert differences(lambda x: (x * 2).argmin(*arguments), [x], pools[1]) == {}


def explained(program: Function, *args: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        return tm.fuse(program).explain(*args)  # type: ignore[attr-defined]


def least_greatest_sum(x: Any, y: Any) -> Any:
    t = x * y
    return t.min(), t.max(), t.sum(), t.mean(), np.count_nonzero(t)


def quotient_of_sums(x: Any, y: Any) -> Any:
    a, b = x * y, y * y
    return a.sum() / b.sum()


def where_it_is(x: Any, y: Any) -> Any:
    t = x * y
    return t.argmax(), t.max(), t.argmin()


def where_it_is_in_rows(x: Any, y: Any) -> Any:
    t = x * y
    return t.argmax(-1), t.max(axis=-1), np.argmin(t, axis=1)


def span(x: Any, y: Any) -> Any:
    return np.ptp(np.sqrt(x * y))


@sums_fold
@pytest.mark.parametrize(
    "program", [least_greatest_sum, quotient_of_sums, span, where_it_is, where_it_is_in_rows]
)
def test_one_pass_from_the_second_call_on(program: Function) -> None:
    x, y = np.linspace(1, 2, 200_000).reshape(2, 400, 250)
    for _ in range(6):
        told = explained(program, x, y)
    assert told.passes == 1, told
    assert "by NumPy:" not in told


@sums_fold
def test_a_reduction_is_made_once() -> None:
    told = explained(lambda x: (lambda t: (t.mean(), t.std(), t.sum()))(x * 2), np.linspace(1, 2, 100_000))
    assert told.passes == 2, told


def test_what_is_foreseen_in_vain_is_harmless(pools: list[tm.Pool]) -> None:
    asked: list[bool] = []

    def program(x: Any) -> Any:
        t = np.sqrt(x)
        least = t.min()
        return (least, t.max(), t.sum(), x) if asked else (least, t)

    fused = tm.fuse(program, pool=pools[1])
    x = np.linspace(1, 2, 30_000)
    for on in (1, 1, 0, 0, 1, 0, 1):
        asked[:] = [True] * on
        assert seen(fused, twin([x])) == seen(program, twin([x]))


def test_reductions_beyond_those_of_a_pass(pools: list[tm.Pool]) -> None:
    def program(x: Any) -> Any:
        values = [x * k for k in range(12)]
        return [value.sum() for value in values], [value.max() for value in values]

    for _ in range(3):
        assert differences(program, [np.linspace(-1, 1, 20_000)], pools[1]) == {}


# ---- over one axis as well ----

ALONG: dict[str, tuple[Function, str]] = {
    "least": (lambda t, axis: (t.min(axis), t.max(axis), np.ptp(t, axis, keepdims=True)), "fdlBhqe"),
    "any": (lambda t, axis: (t.any(axis), np.all(t, axis=axis), t), "fdDlB?e"),
    "mean of truth values": (
        lambda t, axis: ((t > 0).mean(axis), np.mean(t == t, axis=axis, keepdims=True)),
        "dl",
    ),
    "mean of small numbers": (
        lambda t, axis: (t.mean(axis), t.std(axis), t.sum(axis, dtype=float)),
        "bBhHiIlq?",
    ),
    "sum in other dtypes": (
        lambda t, axis: (t.sum(axis, dtype="f"), t.sum(axis, dtype="D"), t.mean(axis, "i")),
        "Bi?",
    ),
}
ALONG_SHAPES = [(9, 257), (3, 5, 301), (8, 256), (67, 1025), (1, 2, 300), (4099,)]


@pytest.mark.parametrize(
    ("name", "dtype"), [(name, each) for name, (_, dtypes) in ALONG.items() for each in dtypes]
)
def test_over_all_and_along_an_axis(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = ALONG[name]
    rng = np.random.default_rng(11)
    for shape in ALONG_SHAPES:
        (x,) = arrays(1, shape, dtype)
        zeros = (rng.integers(-2, 2, shape) * 0.0).astype(dtype)
        with_nans = x.copy()
        if x.dtype.kind in "fc":
            with_nans.flat[rng.integers(0, x.size, 9)] = np.nan
            with_nans.flat[rng.integers(0, x.size, 9)] = -np.nan
            with_nans.flat[:: x.shape[-1]] = np.inf
        for axis in None, -1, 0, (0, 1)[: x.ndim]:
            for each in x, zeros, with_nans:
                for made in (
                    lambda x: x + x[:1] * 0,
                    lambda x: x.copy(),
                    np.negative if dtype != "?" else np.invert,
                ):
                    program = lambda x, a=axis, m=made: function(m(x), a)  # noqa: E731
                    assert differences(program, [each], pools[1]) == {}, (shape, axis)


@pytest.mark.parametrize("modes", ["warn", "raise", "call"])
@pytest.mark.parametrize("name", ALONG)
def test_errors_along_an_axis(name: str, modes: Any, pools: list[tm.Pool]) -> None:
    function, _ = ALONG[name]
    x = extremes("d", 9 * 301).reshape(9, 301).copy()
    x.view(np.uint64)[[0, 3, 8], [7, 5, 9]] = 0x7FF4000000000077
    with np.errstate(all=modes, call=lambda *_: None):
        for axis in None, -1, 0:
            for each in x, np.zeros((9, 301)), np.abs(x[:, ::-1]).copy():
                assert differences(lambda x, a=axis: function(x + 1, a), [each], pools[1]) == {}
                assert differences(lambda x, a=axis: function(np.abs(x), a), [each], pools[1]) == {}


MASKED: dict[str, tuple[Function, str]] = {
    "sum": (
        lambda t, m, **k: (t.sum(where=m, **k), np.sum(t, initial=3, **k), t.sum(initial=-1, where=m, **k)),
        "fdlBD?",
    ),
    "prod": (lambda t, m, **k: (t.prod(where=m, **k), np.prod(t, initial=2, **k)), "dlB?"),
    "least": (lambda t, m, **k: (t.min(initial=2, **k), t.max(initial=-3, where=m, **k)), "fdlhe"),
    "greatest": (
        lambda t, m, **k: (np.max(t, initial=0, where=m, **k), np.min(t, initial=np.inf, **k)),
        "fd",
    ),
    "any": (lambda t, m, **k: (t.any(where=m, **k), np.all(t > 0, where=~m, **k)), "fdlB?"),
    "mean": (lambda t, m, **k: (t.mean(where=m, **k), np.std(t, where=m, **k)), "dB"),
    "of what is there": (lambda t, m, **k: (m.sum(where=t > 0, **k), m.any(where=m, **k)), "dl"),
    "wrong": (lambda t, m, **k: (t.min(where=m, **k),), "dl"),
    "wrong too": (lambda t, m, **k: t.sum(initial="3", **k), "dl"),
    "of other shapes": (
        lambda t, m, **k: (t.sum(where=m[:1], **k), t.sum(where=True, initial=None, **k)),
        "d",
    ),
    "too large": (lambda t, m, **k: (t.min(initial=10**30, **k), t.sum(initial=0.5, **k)), "dlB"),
    "NaN": (lambda t, m, **k: (t.min(initial=np.nan, **k), t.sum(initial=-np.inf, **k)), "fd"),
    "integers": (lambda t, m, **k: np.add.reduce(t, k["axis"], None, None, False, 7, m), "dl"),
    "twice": (lambda t, m, **k: np.add.reduce(t, k["axis"], axis=0), "d"),
    "unknown": (lambda t, m, **k: np.add.reduce(t, k["axis"], unknown=0), "d"),
}


@pytest.mark.parametrize(
    ("name", "dtype"), [(name, each) for name, (_, dtypes) in MASKED.items() for each in dtypes]
)
def test_masks_and_beginnings(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = MASKED[name]
    for shape in (9, 257), (2, 4, 301), (4099,):
        x, y = arrays(2, shape, dtype)
        cases = [(x, y), (x * 0, y), (x, x)]
        if x.dtype.kind in "fc":
            with_nans = x.copy()
            with_nans.flat[:: x.shape[-1] - 7] = np.nan
            cases += [(with_nans, y), (np.negative(x * 0), -y)]
        for axis in None, -1, 0, (0, 1)[: x.ndim]:
            keepdims = {"keepdims": True} if axis == 0 else {}
            for args in cases:
                program = lambda x, y, a=axis, k=keepdims: function(x + x, x > y, axis=a, **k)  # noqa: E731
                assert differences(program, [*args], pools[1]) == {}, (shape, axis)


@pytest.mark.parametrize("modes", ["warn", "raise"])
@pytest.mark.parametrize("name", MASKED)
def test_errors_of_masks_and_beginnings(name: str, modes: Any, pools: list[tm.Pool]) -> None:
    function, _ = MASKED[name]
    x = extremes("d", 9 * 301).reshape(9, 301).copy()
    with np.errstate(all=modes):
        for axis in None, -1, 0:
            for each in x, np.full(x.shape, 1e308):
                program = lambda x, y, a=axis: function(np.abs(x), x > y, axis=a)  # noqa: E731
                assert differences(program, [each, each[::-1].copy()], pools[1]) == {}


@sums_fold
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize(
    "reduction",
    [
        lambda t, axis: t.min(axis),
        lambda t, axis: t.any(axis),
        lambda t, axis: (t > 1).sum(axis),
        lambda t, axis: np.add.reduce(t > 1, axis, float),
        lambda t, axis: np.any(t, axis, where=t > 2),
        lambda t, axis: np.sum(t > 1, axis, where=t > 3),
        lambda t, axis: np.sum(t, axis, initial=2) if axis != 0 else np.sum(t, axis, where=t > 2),
        lambda t, axis: np.min(t, axis, initial=2) if axis != 0 else t.max(0),
    ],
)
def test_it_is_part_of_the_pass(reduction: Function, axis: int | None) -> None:
    told = explained(lambda x: reduction(x * 2, axis), np.linspace(1, 2, 300_000).reshape(300, 1000))
    assert told.count("over 300 x 1000") == 1, told
    assert "at once" not in told
    assert "by NumPy:" not in told


# ---- what a mask picks ----

PICKS: list[Function] = [
    lambda x, y: x[x > y],
    lambda x, y: (x * 2)[(x > y) & (y < 3)] * 2,
    lambda x, y: (x[x != x], x[x == x].sum(), y[y > 0].shape),
    lambda x, y: (x[: len(x) // 2][(x > y)[: len(x) // 2]], x[..., ::2][(x > y)[..., ::2]]),
    lambda x, y: (x.T[(x > y).T], x[(x > y)[0] if x.ndim > 1 else x > y]) if x.shape[0] == x.shape[-1] else x,
    lambda x, y: x[(x > 0)[:-1]],
    lambda x, y: (x.__iadd__(1)[x > y], x),
    lambda x, y: x[(x > y).astype(int) % 2],
]


@pytest.mark.parametrize("program", PICKS)
@pytest.mark.parametrize("dtype", "dDB?")
def test_what_a_mask_picks(program: Function, dtype: str, pools: list[tm.Pool], monkeypatch: Any) -> None:
    monkeypatch.setattr(picking, "_LEAST", 2)
    for shape in (3, 5), (61, 61), (2, 3, 700), (20_000,):
        for layout in "contiguous", "strided", "fortran", "reversed":
            args = arrays(2, shape, dtype, layout)
            assert differences(program, args, pools[2]) == {}, (shape, layout)


def test_all_threads_pick() -> None:
    told = explained(lambda x: (x * 2)[x > 1.5], np.linspace(1, 2, 300_000))
    assert told.passes == 1, told
    assert "a mask picks elements" in told


def test_short_rows_of_halves_are_part_of_a_pass(
    monkeypatch: pytest.MonkeyPatch, pools: list[tm.Pool]
) -> None:
    monkeypatch.setattr(reduce_rows, "_SHORTEST", 1 << 12)
    x = extremes("e", 90_000).reshape(180, 500)
    program = lambda x: (x * 2).argmax(-1)  # noqa: E731
    assert "by NumPy: argmax" not in explained(program, x)
    assert differences(program, [x], pools[1]) == {}
