"""Functions of the namespace that pick and count elements, against NumPy: dtypes, layouts, ways to call."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.arrays import DTYPES, LAYOUTS, Array, extremes, random_values
from kit.comparison import assert_same_call, difference

import threadmill as tm
from threadmill.arrays import picks
from threadmill.arrays.refusal import Refusal

SOME = ["?", "b", "H", "i", "q", "e", "f", "d", "g", "F", "D", "G", "M8[s]"]
COUNTED = ["nonzero", "argwhere", "flatnonzero", "count_nonzero", "where"]

pytestmark = [
    pytest.mark.usefixtures("every_size_in_c"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


def sparse(dtype: str, n: int = 3001, seed: int = 0) -> Array:
    """Numbers of which about half are zeros, of both signs; NaNs among the others."""
    if dtype[0] in "mM":
        return sparse("q", n, seed).view(dtype)
    x = random_values(dtype, n, seed).copy()
    x[random_values("?", n, seed + 5)] = 0
    if np.dtype(dtype).kind in "fc":
        x[::5] = extremes(dtype, len(x[::5]))
    return x


def check(
    pool: tm.Pool, name: str, *args: Any, make: Callable[[], Any] | None = None, **options: Any
) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    with np.printoptions(threshold=5):  # in what a failure tells
        assert_same_call(ours, numpys, make or (lambda: (args, options)), name, False, pool=pool)


def check_parallel(pool: tm.Pool, name: str, *args: Any, **options: Any) -> None:
    """The same, of a call that our threads make."""
    explained = getattr(tm.numpy, name).explain(*args, pool=pool, **options)
    assert explained.parallel, explained
    check(pool, name, *args, **options)


# ---- what is true ----


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", SOME)
def test_counts_and_places_of_every_layout(threads: tm.Pool, dtype: str, layout: str) -> None:
    x = LAYOUTS[layout](sparse(dtype))
    for name in COUNTED:
        check(threads, name, x)
    for axis, keepdims in itertools.product([None, 0, -1, (0, 1)], [False, True]):
        check(threads, "count_nonzero", x, axis, keepdims=keepdims)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 511, 512, 513, 1023, 1024, 1025, 4096, 65537, 300_007])
def test_every_size(pool: tm.Pool, n: int) -> None:
    for density in 0, 0.01, 0.5, 1:
        mask = np.random.default_rng(n).random(n) < density
        x = np.arange(n, dtype=float)
        for name in COUNTED:
            check(pool, name, mask)
        for dtype in "bhfdDG":
            check(pool, "compress", mask, x.astype(dtype, casting="unsafe"))
        check(pool, "extract", mask, x)
        check(pool, "nonzero", mask.astype("f"))


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 1000), (1000, 3), (17, 1, 13), (2, 3, 4, 5, 6), (1,) * 15 + (40,)]
)
def test_places_in_several_axes(pool: tm.Pool, shape: tuple[int, ...]) -> None:
    for dtype in "?df":
        x = np.resize(sparse(dtype, 4001), shape)
        for name in COUNTED:
            check_parallel(pool, name, x)


def test_bools_that_are_neither_0_nor_1(threads: tm.Pool) -> None:
    mask = (np.arange(3000) % 5 * 50).astype("B").view("?")
    check_parallel(threads, "compress", mask, np.arange(3000.0))
    check_parallel(threads, "nonzero", mask)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", SOME)
def test_compress_and_extract(threads: tm.Pool, dtype: str, layout: str) -> None:
    x = LAYOUTS[layout](sparse(dtype, 1501))
    mask = random_values("?", 1501)
    lengths = {0, 1, 5, *x.shape, x.size, x.size + 1}
    for length in lengths:
        for condition in (
            np.resize(mask, length),
            np.resize(mask, length).astype("d"),
            np.resize(mask, 2 * length)[::2],
        ):
            for axis in None, 0, 1, -1, 5:
                check(threads, "compress", condition, x, axis)
            check(threads, "extract", condition, x)
    check(threads, "extract", x, x)
    check(threads, "extract", np.resize(mask, x.shape), x)
    check(threads, "compress", [True, False, True], x)
    check(threads, "compress", np.resize(mask, (3, 4)), x)
    check(threads, "compress", mask[:3], x, make=lambda: ((mask[:3], x), {"out": np.zeros(2, x.dtype)}))


def test_rows_of_many_bytes(pool: tm.Pool) -> None:
    x = random_values("d", 60_000)
    for shape in (3, 20_000), (60, 1000), (1000, 60), (20_000, 3), (10_000, 2, 3):
        y = x.reshape(shape)
        mask = random_values("?", shape[0], 3)
        check_parallel(pool, "compress", mask, y, 0)
        check_parallel(pool, "compress", np.resize(mask, shape[1]), y, 1)
        check_parallel(pool, "take", y, np.flatnonzero(mask), 0)


def test_a_mask_that_changes_meanwhile() -> None:
    """Nothing is written where it does not belong; what comes out is what was there at some time.

    Where the two looks at the mask differ NumPy makes the call, whose own result may then be anything.
    """
    with tm.Pool(3) as pool:
        mask = np.zeros(1 << 17, bool)
        x = np.ones(mask.size)
        over = threading.Event()

        def change() -> None:
            while not over.is_set():
                np.logical_not(mask, out=mask)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(100):
                taken = picks.compress(pool._handle, mask, x)
                assert isinstance(taken, Refusal) or set(np.unique(taken)) <= {1.0}
                found = picks.nonzero(pool._handle, mask, mask.shape)
                assert isinstance(found, Refusal) or (found[1:] > found[:-1]).all()
        finally:
            over.set()
            thread.join()


# ---- by index ----


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", SOME)
def test_take_of_every_layout(threads: tm.Pool, dtype: str, layout: str) -> None:
    x = LAYOUTS[layout](sparse(dtype, 1501))
    rng = np.random.default_rng(3)
    # Each axis has one mode here, and another one for other dtypes and layouts.
    turn = list(LAYOUTS).index(layout) + SOME.index(dtype)
    for k, axis in enumerate([None, 0, -1, 1, 7]):
        mode = ["raise", "wrap", "clip"][(turn + k) % 3]
        length = x.size if axis is None else x.shape[axis] if -x.ndim <= axis < x.ndim else 1
        inside = rng.integers(-length, max(length, 1), 257)
        for indices in inside, inside.reshape(1, 257), inside[::-2], inside[:0], inside % 100, inside[0]:
            check(threads, "take", x, indices, axis, mode=mode)
        outside = inside.copy()
        outside[200] = length
        check(threads, "take", x, outside, axis, mode=mode)
        outside[200] = -length - 1
        check(threads, "take", x, outside, axis, mode=mode)
        check(threads, "take", x, inside * 1000, axis, mode=mode)


@pytest.mark.parametrize("dtype", [*DTYPES, "m8[s]", ">i8"])
def test_indices_of_every_dtype(threads: tm.Pool, dtype: str) -> None:
    x = sparse("d", 300)
    indices = np.arange(5000) % 100
    for each in (
        indices.astype(dtype),
        indices.astype(dtype)[::3],
        np.resize(indices.astype(dtype), (50, 10, 10)),
    ):
        check(threads, "take", x, each)
    check(threads, "take", x, np.array([-1, 0, 2**20, -(2**20)]), mode="wrap")
    check(threads, "take", x, np.array([2**64 - 1, 0], "Q"))
    check(threads, "take", x, np.array([2**64 - 1, 0], "Q"), mode="clip")


def test_take_into_out(threads: tm.Pool) -> None:
    x = random_values("d", 4000).reshape(40, 100)
    indices = np.arange(77) * 7 % 50 - 5
    for mode, dtype in itertools.product(["raise", "wrap", "clip"], "dfi"):
        for axis, shape in (0, (77, 100)), (1, (40, 77)), (None, (77,)), (0, (3,)):
            for view in (lambda out: out, lambda out: out[::-1], lambda out: np.asfortranarray(out)):
                check(
                    threads,
                    "take",
                    make=lambda axis=axis, shape=shape, mode=mode, dtype=dtype, view=view: (
                        (x, indices, axis),
                        {"out": view(np.zeros(shape, dtype)), "mode": mode},
                    ),
                )

    def overlapping() -> tuple[tuple[Any, ...], dict[str, Any]]:
        table = np.arange(2000.0)
        return (table[:1000], np.arange(1000)[::-1]), {"out": table[500:1500], "mode": "clip"}

    check(threads, "take", make=overlapping)
    check(threads, "take", x, indices, mode="nonsense")
    check(threads, "take", x, indices, mode=None)


@pytest.mark.parametrize("n", [1, 100, 1023, 1024, 1025, 70_001])
def test_take_of_every_size(pool: tm.Pool, n: int) -> None:
    x = random_values("d", 3000)
    indices = np.random.default_rng(n).integers(-3000, 3000, n)
    for dtype in "bhfdDG":
        check_parallel(pool, "take", x.astype(dtype, casting="unsafe"), indices)
    check_parallel(pool, "take", x[::3], indices % 1000)
    few = indices[:3000]  # each of which takes a row
    check_parallel(pool, "take", x.reshape(30, 100), few % 100, 1)
    check_parallel(pool, "take", x.reshape(10, 3, 100), few % 3, 1)


# ---- counts by value ----


@pytest.mark.parametrize("dtype", [*DTYPES, "M8[s]", ">i4"])
def test_bincount(pool: tm.Pool, dtype: str) -> None:
    x = (np.arange(20_000) * 7919 % 100).astype(dtype)
    for each in x, x[::-1], x[::3], x[:0], x[:1], x.reshape(100, -1):
        check(pool, "bincount", each)
        for minlength in 0, 50, 200, 100_000, -1, None, 2.5, np.int64(150):
            check(pool, "bincount", each, minlength=minlength)
    check(pool, "bincount", x, np.ones(x.size))


def test_bincount_of_other_values(threads: tm.Pool) -> None:
    x = np.arange(70_000) % 11
    check_parallel(threads, "bincount", x)
    for value in -1, 10**5, 10**7:
        check(threads, "bincount", np.append(x, value))
        check(threads, "bincount", np.append(x, value).astype("i"))
    check(threads, "bincount", np.append(x, 3).astype("Q"))
    check(threads, "bincount", x.tolist())


VALUES: dict[str, Callable[[], Array]] = {
    "normal": lambda: np.random.default_rng(0).standard_normal(40_000),
    "narrow": lambda: 1e6 + np.random.default_rng(0).random(40_000) * 1e-4,
    "too_narrow": lambda: 1e15 + np.random.default_rng(0).random(40_000),
    "huge": lambda: np.random.default_rng(0).standard_normal(40_000) * 1e306,
    "too_huge": lambda: np.random.default_rng(0).standard_normal(40_000) * 1e308,
    "tiny": lambda: np.random.default_rng(0).standard_normal(40_000) * 1e-320,
    "one_value": lambda: np.full(20_000, 2.5),
    "zeros": lambda: np.zeros(20_000),
    "nan": lambda: np.append(np.arange(30_000.0), np.nan),
    "inf": lambda: np.append(np.arange(30_000.0), -np.inf),
    "edges": lambda: np.repeat(np.linspace(-1, 1, 101), 300),
    "beside_edges": lambda: np.nextafter(np.repeat(np.linspace(0, 0.7, 71), 300), np.tile([-1, 0, 1], 7100)),
    "whole": lambda: np.arange(30_000) % 200 - 100.0,
    "thirds": lambda: np.arange(30_000) / 3,
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("dtype", ["d", "f"])
@pytest.mark.usefixtures("quiet")
def test_histograms_of_floats(pool: tm.Pool, dtype: str, name: str) -> None:
    x = VALUES[name]().astype(dtype)
    for bins in 1, 2, 3, 10, 70, 100, 101, 500, 1000:
        check(pool, "histogram", x, bins)
        for ends in (-1, 1), (0.0, 0.7), (-0.1, 0.1), (3, 3), (1, 0), (0, np.inf), (np.float32(0.1), 1), None:
            check(pool, "histogram", x, bins, ends)
    check(pool, "histogram", x.reshape(100, -1) if x.size % 100 == 0 else x[::2], 20)


@pytest.mark.parametrize("dtype", [*DTYPES, ">f8"])
@pytest.mark.filterwarnings("ignore")
def test_histograms_of_every_dtype(threads: tm.Pool, dtype: str) -> None:
    x = (np.arange(30_000) * 7919 % 113).astype(dtype)
    for bins in 1, 7, 10, 112, 113, 300:
        check(threads, "histogram", x, bins)
        check(threads, "histogram", x, bins, (5, 50))
        check(threads, "histogram", x, bins, [0.5, 99.5])
    if np.dtype(dtype).kind in "iu":
        for value in np.iinfo(dtype).min, np.iinfo(dtype).max:
            check(threads, "histogram", np.append(x, np.array(value, dtype)), 10)


@pytest.mark.usefixtures("all_errors_warn")
def test_histograms_tell_of_underflow(threads: tm.Pool) -> None:
    check(threads, "histogram", np.append(np.linspace(0, 100, 20_000), np.finfo("d").tiny * 1.5), 10)


def test_histograms_that_are_numpys(threads: tm.Pool) -> None:
    x = np.random.default_rng(0).standard_normal(20_000)
    for options in (
        {"bins": "auto"},
        {"bins": [0, 1, 2]},
        {"bins": np.linspace(-1, 1, 11)},
        {"bins": 0},
        {"bins": -3},
        {"bins": 2.5},
        {"bins": 10**5},
        {"density": True},
        {"density": 1},
        {"weights": x},
        {"range": (0,)},
        {"range": "ab"},
    ):
        check(threads, "histogram", x, **options)


# ---- what runs on our threads ----


def test_these_calls_run_on_our_threads(threads: tm.Pool) -> None:
    x = random_values("d", 30_000)
    for name, args in (
        ("nonzero", (x,)),
        ("argwhere", (x.reshape(100, 300),)),
        ("flatnonzero", (x.reshape(100, 300),)),
        ("count_nonzero", (x[::2],)),
        ("extract", (x > 0, x)),
        ("compress", (x > 0, x)),
        ("take", (x, np.arange(1000))),
        ("bincount", (np.arange(30_000) % 9,)),
        ("histogram", (x, 20)),
        ("where", (x,)),
    ):
        check_parallel(threads, name, *args)


def test_the_answers_of_two_pools_are_one() -> None:
    x = random_values("d", 100_000)
    with tm.Pool(1) as one, tm.Pool(7) as seven:
        for name in "nonzero", "count_nonzero", "histogram":
            function = getattr(tm.numpy, name)
            assert difference(function(x, pool=one), function(x, pool=seven)) is None


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "f4", "f8", "c8", "c16", "g"])
def test_choices_by_masks_of_long_runs(threads: tm.Pool, dtype: str) -> None:
    rng = np.random.default_rng(5)
    n = 60_000
    mask = np.repeat(rng.random(n // 600) < 0.5, 600)
    mask[7_000:9_000] = rng.random(2_000) < 0.5
    mask = np.where(mask, rng.integers(1, 256, n), 0).astype("u1").view("?")  # any byte but 0 is true
    x, y = (rng.integers(0, 2, 2 * n).astype(dtype) for _ in range(2))
    for a, b in (x[:n], y[:n]), (x[::2], y[:n]), (x[:n], y[::2]), (x[::2], y[n:][::-1]), (x[::2], x[5]):
        for condition in mask, np.repeat(mask, 2)[::2]:
            ours, numpys = tm.numpy.where(condition, a, b, pool=threads), np.where(condition, a, b)
            assert ours.dtype == numpys.dtype
            assert ours.tobytes() == numpys.tobytes()
