"""Arrays of one dimension: sort, argsort, unique and median come to what NumPy's come to, bit for bit."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import LAYOUTS, Array, extremes, random_values
from kit.comparison import assert_same_call

import threadmill as tm
from threadmill.numpy import medians_1d, sort_1d

DTYPES = [*"?bBhHiIlLqQefdgFD", "m8[ns]", "M8[s]", "S3", "O"]
CHUNK = 512
SIZES = [0, 1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 9 * CHUNK + 7]
KINDS = [None, "quicksort", "stable", "mergesort", "heapsort"]

POOLS = {n: tm.Pool(n) for n in (1, 2, 3, 7)}
_pools = itertools.cycle(POOLS.values())


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort_1d, "CHUNK", CHUNK)


def same(name: str, *args: Any, parallel: bool | None = None, **options: Any) -> None:
    """Compares a call on the pools in turn."""
    pool = next(_pools)
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    assert_same_call(
        ours, numpys, lambda: (args, dict(options)), f"{name} {args[1:]} {options}", places=False, pool=pool
    )
    if parallel is not None:
        told = ours.explain(*args, pool=pool, **options)
        assert told.parallel is parallel, f"{name} {args[1:]} {options} of {args[0].dtype}: {told}"


def numbers(dtype: str, n: int, seed: int = 0) -> Array:
    if dtype[0] in "mM":
        return random_values("i8", n, seed).view(dtype)
    if dtype in ("S3", "O"):
        return random_values("i1", n, seed).astype(dtype)
    return random_values(dtype, n, seed)


def patterns(dtype: str, n: int) -> Iterator[Array]:
    x = numbers(dtype, n)
    yield x
    if n < 2 or dtype in ("S3", "O"):
        return
    yield np.sort(x)
    yield np.sort(x)[::-1]
    yield np.concatenate([np.sort(x[::2]), np.sort(x[1::2])])
    for few in (1, 2, 5, n // 3 + 1):
        yield np.random.default_rng(few).permutation(np.resize(x[:few], n))
    if dtype[0] in "mM":
        with_nat = x.copy()
        with_nat[::3] = "NaT"
        yield with_nat
    elif dtype in "fd":
        yield from floats(x)


def floats(x: Array) -> Iterator[Array]:
    """What NumPy alone can put in order, and what it nearly is."""
    signed = np.dtype(f"i{x.itemsize}")
    quiet = np.array(np.nan, x.dtype).view(signed)
    for zeros in ([0.0], [-0.0], [0.0, -0.0]):
        y = x.copy()
        y[::3] = np.resize(np.array(zeros, x.dtype), y[::3].size)
        yield y
    for places in (slice(1, 2), slice(-1, None), slice(None, None, 4), slice(None)):
        for payloads in ([0], [1, 0, 77], [np.iinfo(signed).min]):
            y = x.copy()
            bits = y.view(signed)
            bits[places] = np.resize(quiet + np.array(payloads, signed), bits[places].size)
            yield y
    signalling = x.copy()
    signalling.view(signed)[x.size // 2] = np.array(np.inf, x.dtype).view(signed) + 1
    yield signalling
    yield np.random.default_rng(1).permutation(extremes(x.dtype.char, x.size))
    # Keys that differ in their lowest bits alone, and keys that span all bits.
    near = 1 + np.random.default_rng(2).integers(0, 9, x.size) * np.finfo(x.dtype).eps
    y = near.astype(x.dtype)
    yield y
    y = y.copy()
    y[:2] = np.finfo(x.dtype).max, np.finfo(x.dtype).min
    yield y


@pytest.mark.parametrize("dtype", DTYPES)
def test_sort_and_argsort(dtype: str) -> None:
    for n in SIZES:
        for x, kind in itertools.product(patterns(dtype, n), KINDS):
            same("sort", x, kind=kind)
            same("argsort", x, kind=kind)


@pytest.mark.parametrize("dtype", DTYPES)
def test_unique(dtype: str) -> None:
    for n in SIZES:
        for x, *asked in itertools.product(patterns(dtype, n), *[[False, True]] * 3):
            same("unique", x, *asked)


@pytest.mark.parametrize("dtype", DTYPES[:-4])
def test_median(dtype: str) -> None:
    for n in SIZES[1:]:
        for x in patterns(dtype, n):
            same("median", x)
            same("median", x, axis=0, keepdims=True)
            same("median", x[1:], -1)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    for dtype in "idBM":
        x = LAYOUTS[name](numbers("M8[s]" if dtype == "M" else dtype, 5003))
        same("sort", x, kind="stable")
        same("argsort", x, kind="stable")
        same("unique", x)
        if dtype != "M":
            same("median", x)


class Derived(np.ndarray):
    pass


def test_what_is_no_plain_array() -> None:
    x = random_values("i8", 5003)
    for other in (x.view(Derived), np.ma.masked_array(x, x % 2 == 0), x.tolist(), memoryview(x)):
        same("sort", other, kind="stable")
        same("argsort", other, kind="stable")
        same("median", other)


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("sort", (1,), {}),
        ("sort", (None,), {"kind": "stable"}),
        ("sort", (0, "stable"), {}),
        ("sort", (-1, "no"), {}),
        ("sort", (-1, "stable"), {"stable": True}),
        ("sort", (), {"stable": True}),
        ("sort", (), {"stable": False}),
        ("sort", (), {"stable": 1}),
        ("sort", (), {"kind": 3}),
        ("sort", (-1, None, "field"), {}),
        ("sort", (True, "stable"), {}),
        ("argsort", (-2, "stable"), {}),
        ("argsort", (None, "stable"), {}),
        ("argsort", (), {"stable": True}),
        ("argsort", (0.0, "stable"), {}),
        ("unique", (), {"axis": 0}),
        ("unique", (), {"axis": 1}),
        ("unique", (), {"equal_nan": False}),
        ("unique", (), {"sorted": False}),
        ("unique", (), {"sorted": True, "return_counts": True}),
        ("unique", (1, 1, 1), {}),
        ("unique", (), {"no": True}),
        ("median", (1,), {}),
        ("median", (None,), {"out": np.zeros(())}),
        ("median", (0, None, False, True), {}),
        ("median", (), {"no": 1}),
    ],
)
def test_arguments(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    for dtype in "lfd":
        if name == "unique" and options.get("sorted") is False:
            dtype = "d"  # whose order NumPy gives as sorted
        same(name, random_values(dtype, 5003), *args, **options)


@pytest.mark.parametrize("dtype", "fd")
def test_median_among_zeros_of_both_signs(dtype: str) -> None:
    for seed, n in itertools.product(range(20), [9, 10, 701, 702]):
        rng = np.random.default_rng(seed)
        x = rng.permutation(np.resize(np.array([0.0, -0.0, 1, 0.0, -0.0, -1], dtype), n))
        same("median", x)
        same("median", np.abs(x) - (x < 0))  # of one sign


@pytest.mark.parametrize("dtype", "fd")
def test_nanmedian(dtype: str) -> None:
    for n in SIZES[1:]:
        rng = np.random.default_rng(n)
        for x in patterns(dtype, n):
            for part in 0, 0.3, 0.9, 1:
                y = x.copy()
                y[rng.random(n) < part] = np.nan
                y[: n // 2][rng.random(n // 2) < 0.5] = rng.choice([1, 0, -0.0, np.inf])
                y = rng.permutation(y)
                same("nanmedian", y, parallel=True)
                same("nanmedian", y.reshape(1, -1), parallel=True)
                same("nanmedian", y[1:], -1)
    x = np.array([1, -1, np.nan, 1, 0.5] * 1000, dtype) * np.finfo(dtype).max
    for y in (
        x,
        x[x > 0],
        np.where(x > 0, x, np.inf),
        -np.abs(x)[:-1],
        np.array([np.inf, -np.inf] * 999, dtype),
    ):
        same("nanmedian", y, parallel=True)


def test_nanmedian_of_all_elements() -> None:
    x = np.random.default_rng(1).choice([1.0, -3.0, np.nan, 0.0, -0.0, 7.5], (7, 11, 13))
    for y in x, x.T, np.asfortranarray(x), x.astype("f"):
        same("nanmedian", y, parallel=True)
        same("nanmedian", y, overwrite_input=False, axis=None, parallel=True)
    for y in x[::2], x[:, 1:], x.astype("e"), x.astype("g"), x.astype(">f8"), np.ones(99, int):
        same("nanmedian", y, parallel=False)
    for options in (
        {"keepdims": True},
        {"out": np.zeros(())},
        {"axis": (0, 1, 2)},
        {"axis": (0, 0)},
        {"no": 1},
    ):
        same("nanmedian", x, **options)
    x[...] = np.nan
    x.view("u8")[3, 4:] += np.arange(13, dtype="u8")
    same("nanmedian", x, parallel=True)
    same("nanmedian", x.reshape(-1), 0, parallel=True)


def test_median_of_what_it_overwrites() -> None:
    x = random_values("d", 5003)
    assert tm.numpy.median(x.copy(), overwrite_input=True, pool=POOLS[2]) == np.median(x)


def test_what_runs_here() -> None:
    """Not by NumPy, by which all of the above would hold too."""
    for dtype, call in itertools.product(
        ["i4", "i8", "u8", "f4", "f8", "M8[s]", "m8[ns]"], ["sort", "argsort"]
    ):
        same(call, numbers(dtype, 5003), kind="stable", parallel=True)
    for dtype in ["?", "i1", "u1", "M8[s]", "m8[ns]"]:
        same("sort", numbers(dtype, 5003), parallel=True)
    for dtype in ["i1", "u2", "i4", "u8", "M8[s]"]:
        same("unique", numbers(dtype, 5003), parallel=True)
    for dtype in ["i4", "f8", "f4"]:
        same("unique", numbers(dtype, 5003), True, parallel=True)
    for dtype in ["i2", "i4", "u8", "f4", "f8"]:
        same("median", numbers(dtype, 5003), parallel=True)


def test_what_numpy_makes() -> None:
    x = random_values("d", 5003)
    same("sort", x, parallel=False)
    same("argsort", x, parallel=False)
    same("sort", np.sort(x), kind="stable", parallel=False)
    same("argsort", np.sort(x)[::-1], kind="stable", parallel=False)
    same("unique", x, parallel=False)
    same("sort", x.astype("e"), kind="stable", parallel=False)  # its quick sort puts some in wrong places


def test_numpy_puts_zeros_and_nans_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def as_the_user(call: Any, *_: Any, **__: Any) -> None:
        made.append(call.__name__)

    monkeypatch.setattr(sort_1d, "as_the_user", as_the_user)
    monkeypatch.setattr(medians_1d, "as_the_user", as_the_user)
    x = random_values("d", 5003)
    x[7] = 0.0
    with tm.strict():
        tm.numpy.sort(x, kind="stable", pool=POOLS[2])
        x[4999] = -0.0
        with pytest.raises(tm.FallbackError):
            tm.numpy.sort(x, kind="stable", pool=POOLS[2])
        x[7] = 1
        tm.numpy.sort(x, kind="stable", pool=POOLS[2])
        x[3] = np.nan
        with pytest.raises(tm.FallbackError):
            tm.numpy.sort(x, kind="stable", pool=POOLS[2])
    assert tm.numpy.median(x, pool=POOLS[2]) is None
    assert tm.numpy.unique(x, True, pool=POOLS[2]) is None
    assert made == ["median", "unique"]


def test_small_calls_are_numpys() -> None:
    for name in ("sort", "argsort", "unique", "median", "nanmedian"):
        told = getattr(tm.numpy, name).explain(np.arange(9.0))
        assert not told.parallel


def test_nothing_is_warned() -> None:
    x = np.random.default_rng(1).standard_normal(5003)
    x.view("i8")[2000] = 0x7FF0000000000001
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(all="raise"):
            same("argsort", x, kind="stable")
            same("sort", x, kind="stable")
