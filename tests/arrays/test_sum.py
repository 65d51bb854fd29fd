"""tm.sum is np.sum of a whole array: bits, dtype, warnings; exact where overflow is an error."""

from typing import Any

import numpy as np
import pytest
from kit.arrays import COMPLEX, DTYPES, FLOATS, INTEGERS, LAYOUTS, SIZES, extremes, random_values
from kit.comparison import assert_as_numpy, assert_same

import threadmill as tm

pytestmark = pytest.mark.usefixtures("every_size_in_c")


@pytest.mark.smoke
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str, pool: tm.Pool) -> None:
    assert_as_numpy(tm.sum, random_values(dtype, 1000003), pool=pool)


@pytest.mark.sweep
@pytest.mark.parametrize("dtype", ["?", *INTEGERS, *FLOATS, *COMPLEX])
def test_sizes_around_every_edge(dtype: str, pool: tm.Pool) -> None:
    for size in SIZES:
        assert_as_numpy(tm.sum, random_values(dtype, size), pool=pool)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
def test_every_small_size(dtype: str) -> None:
    values = random_values(dtype, 1100)
    for size in range(1100):
        assert_same(tm.sum(values[:size]), np.sum(values[:size]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout(dtype: str, layout: str) -> None:
    assert_as_numpy(tm.sum, LAYOUTS[layout](random_values(dtype, 70001)))


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
def test_special_values(dtype: str, pool: tm.Pool) -> None:
    special = extremes(dtype, 64)
    with np.errstate(all="warn"):
        for value in special:
            x = random_values(dtype, 10007)
            x[1234] = value
            assert_as_numpy(tm.sum, x, pool=pool)
        for value in special[np.isfinite(special)]:
            assert_as_numpy(tm.sum, np.full(10007, value), pool=pool)


@pytest.mark.parametrize("dtype", FLOATS)
def test_negative_zero(dtype: str) -> None:
    for n in (1, 5, 8, 200, 9000):
        assert_as_numpy(tm.sum, np.full(n, -0.0, dtype))


@pytest.mark.parametrize("x", [3, -2.5, 2j, True, 2**63, [1, 2, 3], [[1.5], [2]], (), [], None, "a"])
def test_what_is_no_array(x: Any) -> None:
    assert_as_numpy(tm.sum, x)


def test_foreign_arrays_are_numpys() -> None:
    x = np.arange(90000)
    masked = np.ma.masked_array(x, x % 2 == 0)
    assert_same(tm.sum(masked), np.sum(masked))
    assert_same(tm.sum(x.view(np.recarray)), np.sum(x.view(np.recarray)))


def test_integers_wrap() -> None:
    for dtype in "lLqQ":
        assert_as_numpy(tm.sum, np.full(10007, np.iinfo(dtype).max))


@pytest.mark.sweep
@pytest.mark.smoke
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["?", *INTEGERS])
def test_checked_is_the_same_where_the_total_fits(dtype: str, layout: str, pool: tm.Pool) -> None:
    values = random_values(dtype, 70001)
    if values.itemsize == 8:
        values //= 1 << 20
    x = LAYOUTS[layout](values)
    assert_same(tm.sum(x, overflow="raise", pool=pool), np.sum(x))


@pytest.mark.parametrize("layout", ["contiguous", "gaps", "reversed", "swapped", "misaligned"])
@pytest.mark.parametrize("dtype", "lLqQ")
def test_checked_minds_the_total_alone(dtype: str, layout: str, pool: tm.Pool) -> None:
    bounds = np.iinfo(dtype)
    values = np.zeros(10007, dtype)
    values[100:107] = bounds.max // 7
    values[5000] = bounds.max - 7 * (bounds.max // 7)
    assert int(np.sum(values)) == bounds.max
    lay = LAYOUTS[layout]
    assert tm.sum(lay(values), overflow="raise", pool=pool) == bounds.max
    values[10006] += 1
    with pytest.raises(
        OverflowError,
        match=f"^sum: the total does not fit {np.dtype(dtype)}: convert x to floats, or let it wrap$",
    ):
        tm.sum(lay(values), overflow="raise", pool=pool)


@pytest.mark.parametrize("layout", ["contiguous", "gaps", "swapped"])
def test_checked_survives_partial_sums_that_do_not_fit(layout: str, pool: tm.Pool) -> None:
    bounds = np.iinfo("l")
    values = np.concatenate([np.full(20000, bounds.max), np.full(20000, bounds.min)])
    total = tm.sum(LAYOUTS[layout](values), overflow="raise", pool=pool)
    assert_same(total, np.int64(-20000))
    with pytest.raises(OverflowError):
        tm.sum(LAYOUTS[layout](np.append(values, [bounds.min, bounds.min])), overflow="raise", pool=pool)


def test_checked_needs_no_memory_for_a_broadcast_array() -> None:
    x = np.broadcast_to(np.int64(3), (1000, 50000))
    assert_same(tm.sum(x, overflow="raise"), np.int64(150000000))


def test_checked_ignores_other_kinds() -> None:
    for dtype in "efdgFDG":
        x = random_values(dtype, 5003)
        assert_same(tm.sum(x, overflow="raise"), np.sum(x))


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"^overflow must be 'wrap' or 'raise', got None$"):
        tm.sum([1], overflow=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^pool must be a threadmill.Pool or None, got str$"):
        tm.sum([1], pool="4")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^sum: overflow='raise' needs a plain array, got recarray$"):
        tm.sum(np.arange(3).view(np.recarray), overflow="raise")


OPTIONS: list[dict[str, Any]] = [
    {"axis": 0},
    {"axis": (0, 2)},
    {"axis": -1, "keepdims": True},
    {"dtype": np.complex128},
    {"initial": 2.5},
    {"axis": 1, "where": np.arange(700) % 3 == 0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", "?bHiqfdD")
def test_options(options: dict[str, Any], dtype: str, pool: tm.Pool) -> None:
    x = random_values(dtype, 60 * 5 * 700).reshape(60, 5, 700)
    if dtype in "fdD":
        x[3, 1, 5] = np.nan
    assert_same(tm.sum(x, **options, pool=pool), np.sum(x, **options))


def test_options_reach_other_classes() -> None:
    masked = np.ma.masked_greater(np.arange(12.0).reshape(3, 4), 7)
    assert tm.sum(masked, axis=0).tolist() == masked.sum(axis=0).tolist()
    assert_same(tm.sum([[1, 2], [3, 4]], axis=1), np.array([3, 7]))
    with pytest.raises(TypeError, match=r"^sum: overflow='raise' must come without options, got axis"):
        tm.sum(np.ones((2, 2), int), axis=0, overflow="raise")
