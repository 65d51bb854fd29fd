"""tm.square is np.square: bits, dtype, shape, memory order, warnings, errors, on any number of threads."""

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
    small_values,
)
from kit.comparison import assert_as_numpy, assert_same, assert_same_call
from kit.products import assert_same_in_shared_memory, assert_same_where_all_fits

import threadmill as tm

pytestmark = pytest.mark.usefixtures("every_size_in_c")


@pytest.mark.smoke
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str, pool: tm.Pool) -> None:
    assert_as_numpy(tm.square, random_values(dtype, 300007), pool=pool)


@pytest.mark.sweep
@pytest.mark.parametrize("dtype", ["b", "i", "Q", *FLOATS, *COMPLEX])
def test_sizes_around_every_edge(dtype: str, pool: tm.Pool) -> None:
    for size in SIZES:
        assert_as_numpy(tm.square, random_values(dtype, size), pool=pool)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout(dtype: str, layout: str) -> None:
    x = LAYOUTS[layout](random_values(dtype, 12289))
    assert_as_numpy(tm.square, x)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["h", "d", "F"])
def test_every_layout_into_out_of_every_order(dtype: str, layout: str, pool: tm.Pool) -> None:
    x = LAYOUTS[layout](random_values(dtype, 12289))
    for order in "CFK":
        ours, theirs = (np.zeros_like(x, dtype=dtype, order=order) for _ in range(2))
        assert tm.square(x, ours, pool=pool) is ours
        assert_same(ours, np.square(x, theirs))


@pytest.mark.parametrize("dtype", DTYPES)
def test_extremes_and_their_warnings(dtype: str, pool: tm.Pool) -> None:
    with np.errstate(all="warn"):
        assert_as_numpy(tm.square, extremes(dtype), pool=pool)
        assert_as_numpy(tm.square, extremes(dtype)[::2], pool=pool)


@pytest.mark.parametrize("dtype", ["B", "i", "d", "D"])
def test_out_that_shares_memory(dtype: str, pool: tm.Pool) -> None:
    assert_same_in_shared_memory(tm.square, dtype, pool=pool)


@pytest.mark.parametrize("n", [3, 5000, 100003])
@pytest.mark.parametrize("checked", ["wrap", "raise"])
def test_bad_out(n: int, checked: Any) -> None:
    x = small_values("i", n)
    read_only = np.empty_like(x)
    read_only.flags.writeable = False
    bad = [
        np.empty(n + 1, "i"),
        np.empty((2, n + 1), "i"),
        np.empty(n, "i")[:, None],
        read_only,
        [1] * n,
        (np.empty(n, "i"), np.empty(n, "i")),
    ]
    if checked == "wrap":
        bad += [np.empty(n, "U3"), np.empty(n, "h"), np.empty(n, "?")]
    for out in bad:
        assert_same_call(
            tm.square, np.square, lambda out=out: ((x,), {"out": out}), "square", overflow=checked
        )


def test_out_of_other_kinds_is_numpys() -> None:
    x = small_values("i", 5000)
    for dtype in "hlfdDO":
        assert_same_call(tm.square, np.square, lambda dtype=dtype: ((x, np.zeros(5000, dtype)), {}), "square")
    rows = np.zeros((2, 5000), "i")
    assert_same(tm.square(x, out=rows), np.square(x, out=np.zeros((2, 5000), "i")))
    out = np.empty_like(x)
    assert tm.square(x, out=(out,)) is out


@pytest.mark.parametrize(
    "x", [3, -2.5, 2j, True, 2**63, 2**70, [1, 2], [[1.5], [2]], (), [], None, "a", b"a"]
)
def test_what_is_no_array(x: Any) -> None:
    assert_as_numpy(tm.square, x)


def test_numpy_scalars() -> None:
    for dtype in DTYPES:
        with np.errstate(all="warn"):
            for value in extremes(dtype, 20):
                assert_as_numpy(tm.square, value)


class Doubled(np.ndarray):
    """A subclass with a word of its own in ufuncs."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> str:
        return f"{ufunc.__name__} {method}"


def test_foreign_arrays_are_numpys() -> None:
    x = np.arange(9000)
    assert tm.square(x.view(Doubled)) == "square __call__"
    masked = np.ma.masked_array(x, x % 2 == 0)
    assert_same(tm.square(masked), np.square(masked))
    matrix = x.reshape(90, 100).view(np.recarray)
    assert type(tm.square(matrix)) is np.recarray


@pytest.mark.parametrize("n", [50, 100003])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_checked_is_the_same_where_all_fits(dtype: str, n: int, pool: tm.Pool) -> None:
    assert_same_where_all_fits(tm.square, dtype, n, pool=pool)


@pytest.mark.parametrize("n", [50, 100003])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_checked_finds_one_wrap_anywhere(dtype: str, n: int, pool: tm.Pool) -> None:
    root = int(np.iinfo(dtype).max ** 0.5)
    fits = root if root * root <= np.iinfo(dtype).max else root - 1
    for layout in "contiguous", "gaps", "swapped", "misaligned":
        for place in 0, n // 2, n - 1:
            values = small_values(dtype, n)
            values[place] = fits
            tm.square(LAYOUTS[layout](values), overflow="raise", pool=pool)
            values[place] = fits + 1
            x = LAYOUTS[layout](values)
            message = f"square: a result does not fit {np.dtype(dtype)}: convert x to a wider dtype"
            with pytest.raises(OverflowError, match=message):
                tm.square(x, overflow="raise", pool=pool)
            assert_same(x, LAYOUTS[layout](values))


@pytest.mark.parametrize("n", [50, 100003])
@pytest.mark.parametrize("shift", [-1, 0, 1, 30])
def test_checked_in_place_leaves_the_input_untouched(n: int, shift: int) -> None:
    memory = np.arange(n + 100, dtype=np.int32) % 1000
    x, out = memory[50 : n + 50], memory[50 + shift : n + 50 + shift]
    x[n // 2] = 1 << 20
    before = memory.copy()
    with pytest.raises(
        OverflowError, match=r"^square: a result does not fit int32: convert x to a wider dtype$"
    ):
        tm.square(x, out=out, overflow="raise")
    assert_same(memory, before)
    x[n // 2] = 3
    expected = np.square(x)
    assert tm.square(x, out=out, overflow="raise") is out
    assert_same(out, expected)


def test_checked_ignores_other_kinds() -> None:
    with np.errstate(all="ignore"):
        for dtype in "?efdgFDG":
            x = extremes(dtype)
            assert_same(tm.square(x, overflow="raise"), np.square(x))


def test_checked_takes_no_subclass_and_no_narrow_out() -> None:
    x = small_values("i", 5000)
    with pytest.raises(TypeError, match=r"^square: overflow='raise' needs a plain array, got MaskedArray$"):
        tm.square(np.ma.masked_array(x), overflow="raise")
    with pytest.raises(
        TypeError, match=r"^square: overflow='raise' needs an out that can hold int32, got int16$"
    ):
        tm.square(x, out=np.empty(5000, "h"), overflow="raise")
    assert_same(tm.square(x, np.empty(5000, "l"), overflow="raise"), np.square(x, np.empty(5000, "l")))


@pytest.mark.smoke
def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"^overflow must be 'wrap' or 'raise', got 'clip'$"):
        tm.square([1], overflow="clip")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^pool must be a threadmill.Pool or None, got int$"):
        tm.square([1], pool=4)  # type: ignore[arg-type]
