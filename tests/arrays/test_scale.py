"""tm.scale(x, k) is np.multiply(x, k, dtype=x.dtype): bits, order, warnings, and errors about k."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kit.arrays import (
    COMPLEX,
    DTYPES,
    FLOATS,
    INTEGERS,
    LAYOUTS,
    SIZES,
    extremes,
    random_values,
)
from kit.comparison import assert_as_numpy, assert_same, numpy_scale
from kit.products import assert_same_in_shared_memory, assert_same_where_all_fits

import threadmill as tm

pytestmark = pytest.mark.usefixtures("every_size_in_c")

SCALARS: list[Any] = [
    *(0, 1, -1, 3, 127, 128, 255, 256, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**400),
    *(True, 0.0, -0.0, 2.0, 0.1, 1e300, 1e-300, float("inf"), float("nan"), 1j, 2 - 0.0j, complex(1e300, 1)),
    *(np.True_, np.int8(-3), np.uint8(200), np.int64(300), np.uint64(2**63), np.longlong(5)),
    *(np.float16(0.1), np.float32(0.1), np.float64(1e300), np.float64(1e-300), np.longdouble(2)),
    *(np.complex64(2 + 1j), np.complex128(1e300j), np.array(3), np.array(2.5), np.array(7, ">i4")),
    *(None, "a", b"a", Fraction(1, 2), np.timedelta64(3, "s"), np.str_("a"), object()),
]


@pytest.mark.smoke
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str, pool: tm.Pool) -> None:
    assert_as_numpy(tm.scale, random_values(dtype, 300007), 1 if dtype == "?" else 3, pool=pool)


@pytest.mark.parametrize("n", [10, 12289])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_of_scalar(dtype: str, n: int) -> None:
    x = random_values(dtype, n)
    with np.errstate(all="warn"):
        for k in SCALARS:
            assert_as_numpy(tm.scale, x, k)


@pytest.mark.sweep
@pytest.mark.parametrize("dtype", ["b", "i", "Q", *FLOATS, *COMPLEX])
def test_sizes_around_every_edge(dtype: str, pool: tm.Pool) -> None:
    k = 3 if dtype in INTEGERS else 0.1
    for size in SIZES:
        assert_as_numpy(tm.scale, random_values(dtype, size), k, pool=pool)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout(dtype: str, layout: str) -> None:
    k = True if dtype == "?" else 3
    assert_as_numpy(tm.scale, LAYOUTS[layout](random_values(dtype, 12289)), k)


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX])
def test_extremes_and_their_warnings(dtype: str, pool: tm.Pool) -> None:
    with np.errstate(all="warn"):
        for k in extremes(dtype, 64):
            assert_as_numpy(tm.scale, extremes(dtype), k, pool=pool)


@pytest.mark.smoke
def test_in_place_is_the_batch_step() -> None:
    x = np.arange(1_000_003, dtype=np.int32)
    assert tm.scale(x, 2, out=x) is x
    assert_same(x, np.arange(0, 2_000_006, 2, dtype=np.int32))


@pytest.mark.parametrize("dtype", ["B", "i", "d", "D"])
def test_out_that_shares_memory(dtype: str, pool: tm.Pool) -> None:
    assert_same_in_shared_memory(tm.scale, dtype, 3, pool=pool)


@pytest.mark.parametrize("k", [[1], [], [[1, 2]], np.ones(3), range(2)])
def test_k_is_one_number(k: Any) -> None:
    with pytest.raises(ValueError, match=r"^scale: k must be a scalar, got an array of shape \(.*\)$"):
        tm.scale(np.ones(5000), k)


@pytest.mark.parametrize("x", [3, -2.5, 2j, [1, 2, 3], [[1.5], [2]], [], np.float32(3), np.array(4, "b")])
def test_what_is_no_array(x: Any) -> None:
    assert_as_numpy(tm.scale, x, 3)
    assert_as_numpy(tm.scale, x, 2.5)


def test_foreign_arrays_are_numpys() -> None:
    x = np.arange(9000)
    masked = np.ma.masked_array(x, x % 2 == 0)
    assert_same(tm.scale(masked, 3), numpy_scale(masked, 3))
    days = np.arange(9000).astype("m8[D]")
    assert_as_numpy(tm.scale, days, 3)


@pytest.mark.parametrize("n", [50, 100003])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_checked_is_the_same_where_all_fits(dtype: str, n: int, pool: tm.Pool) -> None:
    assert_same_where_all_fits(tm.scale, dtype, n, 12, pool=pool)


@pytest.mark.parametrize("k", [-3, -1, 0, 1, 2, 7])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_checked_finds_one_wrap(dtype: str, k: int, pool: tm.Pool) -> None:
    bounds = np.iinfo(dtype)
    if k < bounds.min:
        pytest.skip("NumPy refuses a negative k for unsigned integers")
    seventh, half = bounds.max // 7, bounds.max // 2
    for value in (bounds.min, bounds.min // 3, seventh, seventh + 1, half, half + 1, bounds.max):
        for layout in "contiguous", "gaps", "swapped":
            values = np.zeros(9001, dtype)
            values[7001] = value
            x = LAYOUTS[layout](values)
            if bounds.min <= value * k <= bounds.max:
                assert_same(tm.scale(x, k, overflow="raise", pool=pool), numpy_scale(x, k))
                continue
            with pytest.raises(
                OverflowError,
                match=f"^scale: a result does not fit {np.dtype(dtype)}: convert x to a wider dtype$",
            ):
                tm.scale(x, k, overflow="raise", pool=pool)
            assert_same(x, LAYOUTS[layout](values))


def test_checked_in_place_leaves_the_input_untouched() -> None:
    x = np.full(100003, 1 << 30, dtype=np.int32)
    with pytest.raises(
        OverflowError, match=r"^scale: a result does not fit int32: convert x to a wider dtype$"
    ):
        tm.scale(x, 2, out=x, overflow="raise")
    assert (x == 1 << 30).all()
    tm.scale(x, -2, out=x, overflow="raise")
    assert (x == -(1 << 31)).all()


def test_checked_minds_k_itself() -> None:
    with pytest.raises(
        OverflowError, match=r"^scale: k = 300 does not fit int8: convert x to a wider dtype$"
    ):
        tm.scale(np.zeros(5000, np.int8), np.int64(300), overflow="raise")
    with pytest.raises(OverflowError, match=r"^Python integer 300 out of bounds for int8$"):
        tm.scale(np.zeros(5000, np.int8), 300, overflow="raise")
