"""Rows whose elements lie side by side go to NumPy's function for a row: the same bits, and no blocks."""

import itertools
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array, extremes, random_values
from kit.comparison import assert_same_call

import threadmill as tm
from threadmill.arrays import row_functions
from threadmill.numpy import extremes as numpys_extremes
from threadmill.numpy import sorting

POOLS = [tm.Pool(n) for n in (1, 2, 3, 7)]
DTYPES = [*"?bBhHiIlLqQefdgFDG", "m8[s]", "M8[D]"]
KINDS: list[dict[str, Any]] = [
    {},
    *({"kind": kind} for kind in ("quicksort", "mergesort", "stable")),
    *({"stable": stable} for stable in (True, False, None)),
]
_pools = itertools.cycle(POOLS)


def table(dtype: str, rows: int, columns: int) -> Array:
    """Random numbers, equal ones, NaNs of several payloads, zeros of both signs, rows that are in order."""
    if dtype[0] in "mM":
        x = np.random.default_rng(0).integers(-500, 500, rows * columns).astype(dtype)
        x[::9] = "NaT"
        return x.reshape(rows, columns)
    x = random_values(dtype, rows * columns, 3).copy()
    x[::4] = extremes(dtype, len(x[::4]))
    x = x.reshape(rows, columns)
    x[1::5] = np.sort(x[1::5])
    x[2::5] = x[2::5, :1]
    return x


@pytest.fixture
def rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block is shared out in Python."""

    def blocks(*_: Any) -> Any:
        raise AssertionError("it has been shared out in blocks")

    monkeypatch.setattr(sorting, "_in_place", blocks)
    monkeypatch.setattr(sorting, "_ordered", blocks)
    monkeypatch.setattr(numpys_extremes, "gathered", blocks)
    monkeypatch.setattr(numpys_extremes, "run_blocks", blocks)


def same(name: str, x: Array, **options: Any) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    pool = next(_pools)
    assert ours.explain(x, pool=pool, **options).parallel
    assert_same_call(ours, numpys, lambda: ((x,), dict(options)), f"{name} {options}", pool=pool)


@pytest.mark.usefixtures("rows_alone")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 2, 15, 16, 17, 129, 1001])
def test_rows(dtype: str, columns: int) -> None:
    x = table(dtype, 23, columns)
    for each in x, x[:22].reshape(2, 11, columns), x[::2], x[::-1]:
        for options in KINDS:
            same("sort", each, **options)
            same("argsort", each, axis=each.ndim - 1, **options)
        if dtype != "?":
            same("argmax", each, axis=-1)
            same("argmin", each, axis=each.ndim - 1)
    for options in KINDS if columns > 1 else []:
        same("sort", x.T, axis=0, **options)
        same("sort", np.repeat(x, 2, axis=1)[:, ::2], **options)
        same("sort", x[:, ::-1], **options)


@pytest.mark.usefixtures("rows_alone")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [40_000, 65_536, 100_001])
def test_places_in_whole_arrays(dtype: str, size: int) -> None:
    if dtype == "?":
        pytest.skip("NumPy stops at the first bool that decides")
    equal, numbers = np.zeros(size, dtype), table(dtype, 1, size)[0]
    last = equal.copy()
    last[-1] = 1
    for x in equal, numbers, last, equal.reshape(2, -1) if size % 2 == 0 else equal:
        same("argmax", x)
        same("argmin", x)


@pytest.mark.parametrize("name", ["sort", "argsort", "argmax", "argmin"])
def test_where_numpys_functions_are_not_known_blocks_are_shared_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in row_functions._sorting, row_functions._ordering, row_functions._placing:
        monkeypatch.setattr(row_functions, program.__name__, lambda *_: None)
    x = table("d", 300, 300)
    same(name, x, axis=1)
    if name.startswith("argm"):
        same(name, np.concatenate([x.ravel()] * 12))


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpys_functions_are_known(dtype: str) -> None:
    assert row_functions._functions_of(np.dtype(dtype).char) is not None


def test_functions_that_do_something_else_are_not_used() -> None:
    functions = row_functions._functions_of("d")
    assert functions is not None
    wrong = row_functions._Functions.from_buffer_copy(functions)
    wrong.argmax = functions.argmin
    assert not row_functions._are_known(wrong, "d")
    wrong = row_functions._Functions.from_buffer_copy(functions)
    wrong.sort[0] = row_functions._functions_of("q").sort[0]  # type: ignore[union-attr]
    assert not row_functions._are_known(wrong, "d")


def test_orders_along_other_axes_than_the_last_gain_later() -> None:
    x = np.zeros((49, 49, 49))
    assert tm.numpy.argsort.explain(x, axis=2).parallel
    assert not tm.numpy.argsort.explain(x.T, axis=0).parallel
    assert tm.numpy.sort.explain(x.T, axis=0).parallel
