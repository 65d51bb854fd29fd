"""Sums and extremes of numbers by loops of our own: NumPy's bits on each instruction set, its warnings."""

import tracemalloc
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import threadmill as tm
from threadmill import numpy as ours
from threadmill._native.library import lib
from threadmill.arrays import moments, nan_extremes
from threadmill.arrays.probes import sum_block
from threadmill.arrays.refusal import Refusal

EXTREMES = ["nanmin", "nanmax", "nanargmin", "nanargmax"]
NAMES = ["var", "std", "nansum", "nanmean", "nanvar", "nanstd", *EXTREMES]

# What only some vectors, or their ends, could meet.
SPECIALS = np.array(
    [0x7FF8000000000077, 0xFFF8000000000000, 0x7FF8000000000000, 0x8000000000000000, 1, 0], np.uint64
).view(np.float64)


@pytest.fixture(params=range(lib.tm_simd_best() + 1))
def each_level(request: pytest.FixtureRequest) -> Iterator[None]:
    def choose(level: int) -> None:
        lib.tm_set_simd_level(level)
        moments._nodes_program.cache_clear()
        moments._rows_program.cache_clear()
        nan_extremes._nodes_program.cache_clear()
        nan_extremes._rows_program.cache_clear()

    choose(request.param)
    yield
    choose(lib.tm_simd_best())


@pytest.fixture(scope="module")
def pool() -> Iterator[tm.Pool]:
    with tm.Pool(3) as made:
        yield made


def outcome(function: Any, *args: Any, **options: Any) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = function(*args, **options)
        except Exception as error:
            return type(error), str(error)
    told = [(each.category, str(each.message)) for each in caught]
    return type(found), found.dtype, found.shape, found.strides, found.tobytes(), found.flags.owndata, told


def compare(pool: tm.Pool, name: str, x: Any, *args: Any, **options: Any) -> None:
    expected = outcome(getattr(np, name), x, *args, **options)
    assert outcome(getattr(ours, name), x, *args, pool=pool, **options) == expected


@pytest.mark.usefixtures("each_level")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("char", "fd")
def test_lengths_around_every_edge(name: str, char: str, pool: tm.Pool) -> None:
    rng = np.random.default_rng(7)
    for length in (1, 2, 7, 8, 9, 16, 127, 128, 129, 136, 1000, 1023, 1024, 1031, 8200):
        x = rng.normal(0, 2, (11, length)).astype(char)
        x[rng.random(x.shape) < 0.1] = np.nan
        x[3], x[4] = np.nan, -0.0
        for axis in (None, 0, 1):
            for each in (x, np.ascontiguousarray(x.T), x.T):
                compare(pool, name, each, axis)


@pytest.mark.parametrize("name", NAMES)
def test_unlike_nans_zeros_and_least_numbers(name: str, pool: tm.Pool) -> None:
    rng = np.random.default_rng(8)
    for count in range(1, len(SPECIALS) + 1):
        x = rng.normal(size=(40, 333))
        places = rng.random(x.shape) < 0.2
        x[places] = SPECIALS[rng.integers(0, count, places.sum())]
        for axis in (None, 0, 1):
            for each in (x, x.T, x.astype("f"), x.astype("f", "F")):
                compare(pool, name, each, axis)


@pytest.mark.parametrize("mode", ["ignore", "warn"])
@pytest.mark.parametrize("name", NAMES)
def test_infinities_and_overflow(name: str, mode: Any, pool: tm.Pool) -> None:
    x = np.random.default_rng(9).normal(size=(30, 400))
    signalling = x.copy()
    signalling.view(np.uint64)[5, 7] = 0x7FF0000000000001
    infinite, both, tiny = x.copy(), x.copy(), x * 1e-300
    large = np.copysign(1e308, x)
    infinite[2, 3] = both[2, 3] = np.inf
    both[2, 9] = both[7, 3] = -np.inf
    for each in (signalling, infinite, both, large, tiny):
        for axis in (None, 0, 1):
            with np.errstate(all=mode):
                compare(pool, name, each, axis)
                compare(pool, name, each.T, axis)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_keepdims(name: str, pool: tm.Pool) -> None:
    rng = np.random.default_rng(10)
    for shape in ((5,), (1, 9), (9, 1), (3, 1, 70), (70, 1, 3), (4, 50, 6), (1, 1), (2, 3, 4, 5), (90, 2)):
        x = rng.normal(size=shape)
        for axis in (None, *range(-x.ndim, x.ndim), (0,)):
            for keepdims in (False, True):
                compare(pool, name, x, axis, keepdims=keepdims)
                compare(pool, name, x.T, axis, keepdims=keepdims)
        compare(pool, name, np.asfortranarray(x))
        compare(pool, name, x.swapaxes(0, -1), 0)


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
def test_degrees_of_freedom(name: str, pool: tm.Pool) -> None:
    x = np.random.default_rng(11).normal(size=(6, 50))
    x[:4, ::7] = np.nan
    x[:, 3] = np.nan
    for ddof in (0, 1, 0.5, -2, 2, 4, 6, 50, 300, 1000, np.float32(1), True):
        for axis in (None, 0, 1):
            compare(pool, name, x, axis, ddof=ddof)


@pytest.mark.parametrize("is_transposed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_they_need_no_copy(name: str, is_transposed: bool) -> None:
    if sum_block() and name not in EXTREMES:
        pytest.skip("this NumPy has a tree of sums for each buffer full")
    x = np.random.default_rng(12).normal(size=(1000, 1000))
    x = x.T if is_transposed else x
    for axis in (0, 1) if is_transposed else (None, 0, 1):
        assert getattr(ours, name).explain(x, axis, pool=tm.Pool(2)).parallel
        tracemalloc.start()
        getattr(ours, name)(x, axis, pool=tm.Pool(2))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 200_000


def test_nans_alone_warn_and_are_not_numpys(pool: tm.Pool) -> None:
    x = np.full((20, 300), np.nan)
    x[0] = 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ours.nanmean(x, 1, pool=pool)
    assert_array_equal(found, [1] + [np.nan] * 19)
    assert [(each.filename, str(each.message)) for each in caught] == [(__file__, "Mean of empty slice")]


@pytest.mark.usefixtures("each_level")
@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("char", "fd")
def test_the_first_of_equal_numbers_is_found(name: str, char: str, pool: tm.Pool) -> None:
    rng = np.random.default_rng(13)
    for length in (1, 3, 63, 64, 65, 257, 600, 40_000):
        x = rng.integers(1, 4, (9, length)).astype(char)
        x[rng.random(x.shape) < 0.3] = np.nan
        x[5] = -x[5]
        for axis in (None, 0, 1):
            for each in (x, np.ascontiguousarray(x.T), x * 0.0, np.abs(x) - 1, x * np.float32(np.inf)):
                compare(pool, name, each, axis)


@pytest.mark.parametrize("name", EXTREMES)
def test_layouts_and_dtypes_of_extremes(name: str, pool: tm.Pool) -> None:
    x = np.random.default_rng(14).normal(3, 1, (40, 300))
    x[x > 4] = np.nan
    read_only = x.copy()
    read_only.flags.writeable = False
    for each in (x[:, ::2], x[::-1], x.T, x.astype(">f8"), x.astype("e"), x.astype("g"), x + 1j, read_only):
        for axis in (None, 0, 1):
            compare(pool, name, each, axis)
    for axis in (None, 0, 1):
        compare(pool, name, np.nan_to_num(x).astype("i4"), axis)
        compare(pool, name, x, axis, out=np.empty(np.sum(x, axis).shape, "p" if "arg" in name else "d"))
        compare(pool, name, x[:0], axis)
    compare(pool, name, x[0, 0])


@pytest.mark.parametrize("rows", [1 << 31, (1 << 31) - 1])
def test_a_count_of_32_bits_is_never_too_small(rows: int) -> None:
    def lies(shape: tuple[int, int], axis: int) -> type:
        x = np.lib.stride_tricks.as_strided(np.zeros(4, np.float32), shape, (4 * shape[1], 4))  # is not read
        return type(moments.summands(x, axis, False))

    assert lies((rows, 2), 0) is (moments.Summands if rows < 1 << 31 else Refusal)
    assert lies((rows, 2), 1) is lies((rows, 1), 0) is moments.Summands
