"""clip and diff of large arrays, one ufunc each: every dtype, layout, axis and bound, against NumPy."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import DTYPES, LAYOUTS, extremes, random_values
from kit.comparison import assert_same_call

import threadmill as tm

pytestmark = [
    pytest.mark.usefixtures("every_size_in_c"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]

BOUNDS: list[Any] = [
    *[(-1, 1), (1, -1), (-0.5, 0.5), (None, 1), (-1, None), (None, None), (np.nan, 1.0), (-0.0, np.inf)],
    *[(np.float64(-1), 1), (2**70, 1), (1j, 1), (True, 2), ("a", 1), (np.zeros(3), 1), ([0], 1)],
]


@pytest.fixture(scope="module", params=[1, 2, 3, 7])
def pool(request: pytest.FixtureRequest) -> Iterator[tm.Pool]:
    with tm.Pool(request.param) as made:
        yield made


def same(pool: tm.Pool, name: str, x: Any, *args: Any, **options: Any) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    assert_same_call(ours, numpys, lambda: ((x, *args), dict(options)), name, False, pool=pool)


def values(dtype: str, n: int = 3001) -> Any:
    x = random_values(dtype, n).copy()
    if np.dtype(dtype).kind in "fc":
        x[::7] = extremes(dtype, len(x[::7]))
    return x


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("dtype", ["?", "b", "Q", "e", "f", "d", "g", "D"])
def test_clip(pool: tm.Pool, dtype: str, bounds: Any) -> None:
    x = values(dtype)
    same(pool, "clip", x, *bounds)
    same(pool, "clip", x.reshape(-1, 3001), *bounds)
    same(pool, "clip", x[:0], *bounds)
    same(pool, "clip", x, *bounds, out=np.empty_like(x))


def test_clip_by_name_and_by_place(pool: tm.Pool) -> None:
    x = values("d")
    same(pool, "clip", x, a_min=-1, a_max=1)
    same(pool, "clip", x, a_max=1, a_min=None)
    same(pool, "clip", x, min=-1, max=1)
    same(pool, "clip", x, -1)
    same(pool, "clip", x)
    same(pool, "clip", x, -1, 1, dtype="f")
    same(pool, "clip", x, -1, 1, casting="unsafe")
    same(pool, "clip", x, -1, 1, where=x > 0, out=np.zeros(3001))
    same(pool, "clip", x, -1, 1, None)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_every_layout(pool: tm.Pool, layout: str, dtype: str) -> None:
    x = LAYOUTS[layout](values(dtype, 3000))
    same(pool, "clip", x, -1, 1)
    for axis in range(-x.ndim, x.ndim):
        same(pool, "diff", x, axis=axis)


@pytest.mark.parametrize("dtype", DTYPES)
def test_diff(pool: tm.Pool, dtype: str) -> None:
    x = values(dtype, 3000)
    for each in x, x.reshape(60, 50), x.reshape(60, 50, order="F"), x[:1], x[:0], np.zeros((0, 3), dtype):
        for axis in range(each.ndim):
            same(pool, "diff", each, axis=axis)
    same(pool, "diff", x, 2)
    same(pool, "diff", x, 0)
    same(pool, "diff", x, -1)
    same(pool, "diff", x, True)
    same(pool, "diff", x, axis=1)
    same(pool, "diff", x, axis=0.5)
    same(pool, "diff", x, prepend=x[:2], append=x[:1])
    same(pool, "diff", x, 1, -1, 0)


@pytest.mark.parametrize("mode", ["ignore", "warn", "raise"])
def test_errors_of_a_difference(pool: tm.Pool, mode: Any) -> None:
    x = np.array([1e308, -1e308, np.inf, np.inf, np.nan] * 600)
    with np.errstate(all=mode):
        same(pool, "diff", x)
        same(pool, "clip", x, -1, 1)


def test_what_is_too_large_is_numpys() -> None:
    x = np.empty((5000, 2000))  # nothing is written to it
    assert tm.numpy.diff.explain(x[:2500]).parallel
    assert not tm.numpy.diff.explain(x).parallel
    assert tm.numpy.diff.explain(x.ravel()).parallel
