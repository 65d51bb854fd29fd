"""Where unlike NaNs meet in rows: which is handed on is what NumPy hands on, wherever they stand."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


def stencil(x: Any, y: Any) -> Any:
    return x[:-2, 1:-1] + x[2:, 1:-1] * y[1:-1, :-2] - y[1:-1, 2:]


def in_place(x: Any, y: Any) -> Any:
    x[1:-1, 1:-1] += y[:-2, 1:-1] - y[2:, 1:-1]
    x *= y
    return x


def along_rows(x: Any, y: Any) -> Any:
    return (x * 2) + y[0]


def along_columns(x: Any, y: Any) -> Any:
    return y[:, :1] - (x - 1), x[:1] * 2 + y[:1, 1:2]


def with_a_number(x: Any, y: Any) -> Any:
    return x[:, 1:] * np.float64(np.nan) - y[:, :-1] * -np.float64(np.nan), x + np.float32(-np.nan)


def less_the_greatest(x: Any, y: Any) -> Any:
    return x - (x * y).max(axis=-1, keepdims=True)


def sums_of_rows(x: Any, y: Any) -> Any:
    return (x[:, 1:] * y[:, :-1]).sum(axis=-1)


def folded(x: Any, y: Any) -> Any:
    return np.maximum(x[:, 1:] + y[:, :-1], y[:, 1:]).max(), (x[1:] - y[:-1]).sum()


def turned(x: Any, y: Any) -> Any:
    z = x.T + y.T
    return z[1:] - z[:-1], z * y.T


def into_gaps(x: Any, y: Any) -> Any:
    room = np.zeros((2 * x.shape[0], 2 * x.shape[1]), x.dtype)
    target = room[::2, ::2]
    target[...] = np.flip(x) + y
    y[:, ::2] = x[:, ::2] - y[::-1, ::2] * 2
    return target


def whose_sign_shows(x: Any, y: Any) -> Any:
    return np.signbit(x[:, 1:] + y[:, :-1]), np.copysign(1, x[1:] - y[:-1])


FUNCTIONS = [
    *(
        stencil,
        in_place,
        along_rows,
        along_columns,
        with_a_number,
        less_the_greatest,
        sums_of_rows,
        folded,
        turned,
    ),
    whose_sign_shows,
    into_gaps,
]


def with_nans(shape: tuple[int, int], dtype: str, seed: int, share: float) -> Any:
    """Numbers with NaNs of both signs and of several payloads among them, signalling ones as well."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    bits = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000123, 0x7FF0000000000077], "u8")
    nans = rng.random(shape) < share
    x[nans] = bits.view("f8")[rng.integers(0, len(bits), nans.sum())]
    with np.errstate(all="ignore"):
        return x.astype(dtype)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("dtype", "fdFD")
def test_rows_of_any_length(function: Function, dtype: str, pools: list[tm.Pool]) -> None:
    for shape in [(3, 3), (40, 5), (35, 13), (5, 700), (64, 1001), (9, 1031), (3, 8195)]:
        for share in (0.5, 0.002):
            x, y = (with_nans(shape, dtype, seed, share) for seed in (1, 2))
            for pool in pools:
                assert differences(function, [x, y], pool) == {}, shape


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.__name__)
def test_operands_of_several_dtypes(function: Function, pools: list[tm.Pool]) -> None:
    for shape in [(40, 5), (64, 1001)]:
        x, y = with_nans(shape, "d", 3, 0.3), with_nans(shape, "f", 4, 0.3)
        with np.errstate(all="ignore"):
            for args in ([x, y], [y, x], [x.astype("f4"), np.arange(x.size).reshape(shape)]):
                assert differences(function, args, pools[1]) == {}


def test_nans_of_one_kind_leave_no_tile_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> Any:
        raise AssertionError("NumPy was asked")

    monkeypatch.setattr(tm.fusion.running, "settle", never)
    x = np.random.default_rng(0).normal(size=(300, 1001))
    x[::3, ::7] = np.nan
    expected = stencil(x, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where a warning may raise, nothing is put off
        assert tm.fuse(stencil)(x, x).tobytes() == expected.tobytes()
        x[5, 7] = -x[3, 7]
        with pytest.raises(AssertionError, match="NumPy was asked"):
            tm.fuse(stencil)(x, x)


def test_an_array_of_one_number_is_reduced_beside_an_open_tile() -> None:
    def program(x: Any, y: Any) -> Any:
        zeros = np.zeros_like(x)
        return np.logaddexp(x, y), zeros.std(axis=-1, keepdims=True), np.add(x, y)

    x = np.ones((500, 300))
    x[3, 5:], x[4, 7:] = np.nan, -np.nan
    with np.errstate(all="ignore"):
        assert not differences(program, [x[1:], x[:-1]])
