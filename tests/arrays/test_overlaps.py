"""Outputs of which an operand has elements in other places: calls on copies, and calls that are NumPy's."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import threadmill as tm

N = 50_001

# The operands and the output of a call, in x.
WAYS: dict[str, Callable[[Any], tuple[Any, Any, Any]]] = {
    "the first row": lambda x: (x, x[0], x),
    "the first column": lambda x: (x, x[:, :1], x),
    "the first column apart": lambda x: (x[:, 1:], x[:, :1], x[:, 1:]),
    "a row in others": lambda x: (x[1], x, x),
    "rows of rows": lambda x: (x[None, 0], x[:2], x[1:]),
}
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: x,
    "reversed": lambda x: x[:, ::-1],
    "upside down": lambda x: x[::-1],
    "fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, 1)[:, ::2],
}


def told(call: Callable[..., Any], x: Any, way: str, **options: Any) -> Any:
    """What x is after the call, and what has been said."""
    one, other, out = WAYS[way](x)
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        try:
            call(one, other, out=out, **options)
        except FloatingPointError as error:
            return x.tobytes(), str(error)
    return x.tobytes(), [str(each.message) for each in log]


def numbers(dtype: Any, layout: str, first: float = 1.0) -> Any:
    x = LAYOUTS[layout](np.linspace(first, 2, 3 * N).reshape(3, N).astype(dtype))
    return x if layout in ("reversed", "upside down", "strided") else x.copy("K")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.complex64])
@pytest.mark.parametrize("ufunc", [np.subtract, np.multiply, np.maximum, np.power])
def test_calls_on_copies(ufunc: Any, dtype: Any, way: str, layout: str, pools: list[tm.Pool]) -> None:
    expected = told(ufunc, numbers(dtype, layout), way)
    for pool in pools[1:3]:
        assert told(tm.parallel(ufunc), numbers(dtype, layout), way, pool=pool) == expected


@pytest.mark.parametrize("modes", ["warn", "raise"])
@pytest.mark.parametrize("way", WAYS)
def test_an_error_leaves_what_is_written_by_a_copy(way: str, modes: Any, pools: list[tm.Pool]) -> None:
    with np.errstate(all=modes):
        expected = told(np.divide, numbers(np.float64, "contiguous", 0.0), way)
        made = told(tm.parallel(np.divide), numbers(np.float64, "contiguous", 0.0), way, pool=pools[1])
    assert made == expected
    assert expected[1]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_conversions_that_report_are_made_again_by_numpy(dtype: Any, pools: list[tm.Pool]) -> None:
    """From the operands as they were."""

    def call(ufunc: Any, **pool: Any) -> Any:
        x = np.full((3, N), 3, dtype)
        x[1, 5] = 0
        with np.errstate(all="ignore"):
            y = np.full((3, N), 1e300)
            ufunc(x, y[:1] * np.array([[1.0], [np.nan], [2.0]]), out=x, casting="unsafe", **pool)
            ufunc(x[0], x, out=x, casting="unsafe", dtype=np.float64, **pool)
        return x.tobytes()

    assert call(tm.parallel(np.divide), pool=pools[1]) == call(np.divide)


def test_what_explain_asks_about_is_not_written(pool: tm.Pool) -> None:
    x = numbers(np.float64, "reversed")
    before = x.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tm.parallel(np.subtract).explain(x, x[0], out=x, pool=pool)
    assert x.tobytes() == before
