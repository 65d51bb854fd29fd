"""Functions that share out rows come to what NumPy's come to: bits, layout, warnings, errors."""

import itertools
import math
import operator
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import LAYOUTS, Array, extremes, random_values
from kit.comparison import Make, assert_same_call
from kit.thresholds import OUR_FUNCTIONS, shorten_rows

import threadmill as tm
from threadmill.arrays.refusal import Refusal
from threadmill.numpy import columns, fft, nan_rows, order_statistics, products, sorting
from threadmill.numpy.rows import rows_of

POOLS = {n: tm.Pool(n) for n in (1, 2, 3, 7)}
DTYPES = [*"?bBhHiIlLqQefdgFDG", "m8[s]", "M8[s]"]
AS_THEY_ARE = {"contiguous", "offset", "strided", "reversed", "gaps", "rows", "two_rows", "column", "fortran"}


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks, also of small arrays."""
    shorten_rows(3, monkeypatch.setattr)
    monkeypatch.setattr(products, "_WORTH", 0)


# Whose warnings point into NumPy, from its own Python code.
INTO_NUMPY = {"cumulative_sum", "cumulative_prod", "cumsum", "cumprod", "nancumsum", "nancumprod"}


def values(dtype: str, n: int, seed: int = 0) -> Array:
    """Numbers, many of them equal, with all that floats have besides."""
    if dtype[0] in "mM":
        x = np.arange(n).astype(dtype)
        x[::7] = "NaT"
        return np.random.default_rng(seed).permutation(x)
    x = random_values(dtype, n, seed).copy()
    x[::3] = (x[::3] * 0 + np.arange(len(x[::3])) % 5).astype(dtype)
    few = extremes(dtype, n)
    x[1::11] = few[1::11]
    return x


def ours(name: str) -> Any:
    return operator.attrgetter(name)(tm.numpy)


def numpys(name: str) -> Any:
    return operator.attrgetter(name)(np)


def given(*args: Any, **options: Any) -> Make:
    """A maker of a call's arguments, for `assert_same_call`; an array `out` is another one each time."""
    out = options.get("out")
    return lambda: (args, {**options, "out": out.copy("K")} if isinstance(out, np.ndarray) else dict(options))


_pools = itertools.cycle(POOLS.values())
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def same(name: str, *args: Any, parallel: bool | None = None, **options: Any) -> bool:
    """Compares a call on the pools in turn; whether it was shared out."""
    pool = next(_pools)
    with np.errstate(all="warn"):
        places = name not in INTO_NUMPY
        make = given(*args, **options)
        assert_same_call(ours(name), numpys(name), make, f"{name} {options}", places, pool=pool)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = ours(name).explain(*args, pool=pool, **options)
    if parallel is not None:
        assert told.parallel is parallel, f"{name} {options}: {told}"
    return bool(told.parallel)


def axes(x: Array) -> range:
    return range(-1, x.ndim)


# ---- every dtype, layout and axis -------------------------------------------------------------------------


def along_an_axis(x: Array, axis: int) -> Iterator[Call]:
    """Calls of functions that take a row to a row, or to a number."""
    n = x.shape[axis] if x.ndim else 1
    for kind in None, "stable":
        yield "sort", (x,), {"axis": axis, "kind": kind}
        yield "argsort", (x, axis), {"kind": kind}
    yield "argsort", (x,), {"axis": axis, "stable": True}
    for name in "partition", "argpartition":
        yield name, (x, n // 2), {"axis": axis}
        yield name, (x, [0, n // 3, -1], axis), {}
    for name in "argmax", "argmin", "nanargmax", "nanargmin":
        yield name, (x, axis), {}
        yield name, (x,), {"axis": axis, "keepdims": True}
    for name in "cumsum", "cumprod", "nancumsum", "nancumprod":
        yield name, (x, axis), {}
    for name in "cumulative_sum", "cumulative_prod":
        if hasattr(np, name):
            yield name, (x,), {"axis": axis}
            yield name, (x,), {"axis": axis, "include_initial": True}
    for name in "median", "nanmedian":
        yield name, (x, axis), {}
        yield name, (x,), {"axis": axis, "keepdims": True}
    for name in "quantile", "nanquantile":
        yield name, (x, 0.3, axis), {}
        yield name, (x, [0.0, 0.25, 0.9]), {"axis": axis, "keepdims": True}
    yield "percentile", (x, np.array([[5.0, 50.0], [75.0, 100.0]]), axis), {}
    yield "nanpercentile", (x, 50, axis), {}


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_and_axis(dtype: str) -> None:
    shared: dict[str, int] = {}
    for lay in LAYOUTS.values():
        x = lay(values(dtype, 66))
        for axis in axes(x):
            for name, args, options in along_an_axis(x, axis):
                shared[name] = shared.get(name, 0) + same(name, *args, **options)
                if not (x.dtype.isnative and x.flags.aligned):
                    same(name, *args, parallel=False, **options)
    least = 30 if np.dtype(dtype).kind in "f" else 0
    few = {name: count for name, count in shared.items() if count < least}
    assert not few
    assert shared["sort"] > 20


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(2, 1), (1, 2), (2, 2), (5, 0), (0, 5), (40, 3), (3, 40), (2, 9, 3), (7, 1, 4)]
)
def test_every_shape(dtype: str, shape: tuple[int, ...]) -> None:
    x = values(dtype, int(np.prod(shape))).reshape(shape)
    for axis in axes(x):
        for name, args, options in along_an_axis(x, axis):
            same(name, *args, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [2, 3, 8, 17, 63])
def test_few_columns_are_turned(dtype: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every layout that a table has; on threads that have 2 to 14 columns in all at a time."""
    turned: list[Any] = []
    by_columns = sorting.by_columns
    monkeypatch.setattr("threadmill.numpy.rows._NARROW", 64)
    monkeypatch.setattr(columns, "_LEAST", 0)
    monkeypatch.setattr(
        sorting,
        "by_columns",
        lambda *args, **is_order: turned.append(by_columns(*args, **is_order)) or turned[-1],
    )
    x = values(dtype, 97 * count).reshape(97, count)
    gaps = np.resize(x, (97, 2 * count))[:, ::2]
    for table, axis in (x, 0), (x, -2), (x.T, 1), (x.T, -1), (gaps, 0), (x[::-1], 0), (x[:, ::-1], 0):
        for kind in None, "stable":
            same("sort", table, parallel=True, axis=axis, kind=kind)
            same("argsort", table, parallel=True, axis=axis, kind=kind)
        same("partition", table, [0, 50, -1], parallel=True, axis=axis)
        same("argpartition", table, 50, parallel=True, axis=axis)
    assert len(turned) > 3 * 6


# ---- what is looked for among sorted numbers ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*"?bBhHiIlLqQefdg", "m8[s]", "M8[s]"])
def test_searches(dtype: str) -> None:
    shared = 0
    row = np.sort(values(dtype, 41, 1))
    for lay in LAYOUTS.values():
        x = lay(values(dtype, 66))
        for side in "left", "right":
            shared += same("searchsorted", row, x, side)
            same("searchsorted", row[::-1], x, side, row.argsort()[::-1])
            same("searchsorted", values(dtype, 41, 1), x, side=side, sorter=values(dtype, 41, 1).argsort())
        same("searchsorted", values(dtype, 41, 1), x)  # not sorted: what is found depends on what was before
        for bins in row, row[::-1], np.unique(row), np.unique(row)[::-1], row[:1], row[:0]:
            for right in False, True:
                same("digitize", x, bins, right)
        for invert in False, True:
            for kind in (None, "sort", "table") if x.itemsize < 4 else (None, "sort"):
                same("isin", x, row, invert=invert, kind=kind)
            same("isin", x, row[:3], invert=invert)
    assert shared > 15


@pytest.mark.parametrize("dtype", [*"?bhlQefdgFDG", "m8[s]"])
@pytest.mark.parametrize("other", list("Bld"))
def test_searches_in_other_dtypes(dtype: str, other: str) -> None:
    x, row = values(dtype, 66).reshape(11, 6), np.sort(values(other, 41, 1))
    same("searchsorted", row, x)
    same("searchsorted", np.sort(values(dtype, 41)), row.reshape(-1, 1).repeat(2, 1))
    same("digitize", x, row)
    same("isin", x, row)
    same("interp", x, np.sort(values("d", 41, 2)), values(other, 41, 3))
    same("interp", x, np.unique(row), np.unique(row))


@pytest.mark.parametrize("dtype", [*"?bBlqQefdgFD", "m8[s]"])
@pytest.mark.parametrize("other", [*"?BlQfdD", "m8[s]"])
def test_few_are_compared_with_all(dtype: str, other: str) -> None:
    x = values(dtype, 66)
    for many in 1, 2, 17:
        row = values(other, 2 * many, 1)[::2]
        for lay in LAYOUTS.values():
            for invert in False, True:
                same("isin", lay(x), row, invert=invert, kind=(None, "sort")[many % 2])
    x = x.reshape(11, 6)
    same("isin", x[:1, :1], row[:3])
    same("isin", x, row[:0])
    if dtype == "d" and other in "ld":
        same("isin", x, row, parallel=True)
        same("isin", x, [0.0, -0.0, np.nan, x[3, 3]], parallel=True)


def test_sides_are_numpys_to_judge() -> None:
    """A letter warned before NumPy 2.1, at the user's line."""
    x, row = np.arange(60.0).reshape(6, 10), np.arange(30.0)
    same("searchsorted", row, x, side="right", parallel=True)
    for side in "r", "Left", np.array("left"), None, 1:
        same("searchsorted", row, x, side=side, parallel=False)


def test_long_rows_are_not_looked_over() -> None:
    x, row = np.arange(60.0).reshape(6, 10), np.arange(300.0)
    same("searchsorted", row[:240], x, parallel=True)
    same("searchsorted", row, x, parallel=False)
    same("searchsorted", row[:60], x, sorter=np.arange(60), parallel=False)
    same("searchsorted", row[:30], x, sorter=np.arange(30), parallel=True)
    same("searchsorted", row[:30], x, sorter=np.arange(30) + 5)
    same("searchsorted", row[:30], x, sorter=-np.arange(30))
    same("digitize", x, row, parallel=False)
    same("digitize", x, np.array([2**53 + 1, 2**53]))
    same("digitize", x.astype(int) + 2**53 - 2, np.array([2**53 + 1, 2**53, 2**53 - 1]))
    same("digitize", x, row[::-5], parallel=True)
    same("interp", x, row, row, parallel=False)


def test_bins_that_are_no_numbers() -> None:
    for bins in ([np.nan, 1.0], [1.0, np.nan], [np.nan], [np.nan, 2.0, 1.0]):
        for right in False, True:
            same("digitize", values("d", 66), np.array(bins), right)


def test_interpolation() -> None:
    x = values("d", 120).reshape(8, 15)
    xp, fp = np.arange(20.0), np.arange(20.0) ** 2
    for lay in LAYOUTS.values():
        same("interp", lay(values("d", 66)), xp, fp)
    for options in {}, {"left": -1.0, "right": 9}, {"left": np.nan}, {"period": 3.0}, {"left": 1j}:
        same("interp", x, xp, fp, **options)
    for wrong in ((xp[:3], fp), (xp[:0], fp[:0]), (xp[::-1], fp), (xp, fp + 1j), (list(xp), list(fp))):
        same("interp", x, *wrong)
    same("interp", x, np.array([1.0, np.nan, 2.0, 3.0]), fp[:4])
    same("interp", x, np.array([1.0]), np.array([2.0]), parallel=True)
    with_nan = np.append(xp[:-2], [np.nan, np.nan])  # where NumPy's search depends on the one before
    same("interp", values("d", 500), with_nan, fp, parallel=False)


@pytest.mark.parametrize("dtype", [*"?ldDg", "M8[s]"])
def test_taking_along_an_axis(dtype: str) -> None:
    shared = 0
    for lay in LAYOUTS.values():
        x = lay(values(dtype, 66))
        for axis in axes(x):
            if x.size and x.ndim:
                index = np.argsort(x, axis)
                shared += same("take_along_axis", x, index, axis)
                same("take_along_axis", x, index.astype("i1") // 99, axis=axis)
                same("take_along_axis", x, np.asfortranarray(index), axis)
                same("take_along_axis", x, index + x.shape[axis], axis)  # out of bounds
                same("take_along_axis", x, index[:1], axis)
    assert shared > 30
    x = values(dtype, 66).reshape(11, 6)
    same("take_along_axis", x, x.argsort(1))  # without an axis, which has a default from NumPy 2.3 on
    same("take_along_axis", x, x.argsort(1), None)
    same("take_along_axis", x, [[1]], 1)


# ---- fft, linalg, products --------------------------------------------------------------------------------

FFT_ALONG_ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
FFT_ALONG_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


@pytest.mark.parametrize("dtype", list("?blQefdgFDG"))
def test_transforms(dtype: str) -> None:
    shared = 0
    for lay in LAYOUTS.values():
        x = lay(random_values(dtype, 66))
        for name in FFT_ALONG_ONE:
            for axis in axes(x):
                for n in (None, 4, 50) if x.size else (None,):  # of nothing NumPy makes what is in memory
                    shared += same(f"fft.{name}", x, n, axis)
        for name in FFT_ALONG_SEVERAL:
            same(f"fft.{name}", x)
            same(f"fft.{name}", x, norm="ortho")
    x = random_values(dtype, 210).reshape(5, 6, 7)
    for norm in None, "backward", "forward", "ortho", "wrong":
        shared += same("fft.fft", x, norm=norm)
        shared += same("fft.irfftn", x, norm=norm)
    same("fft.fftn", x, (3, 4), (0, 2))
    same("fft.fftn", x, (3, 4))  # deprecated
    same("fft.fft2", x, axes=(0, 1))
    same("fft.fftn", x, axes=(0, 0, 2))
    same("fft.fft", x, 0)
    same("fft.fft", x, axis=3)
    same("fft.fft", x, out=np.empty((5, 6, 7), complex))
    same("fft.fft", values(dtype, 66).reshape(11, 6))  # with inf and nan
    assert shared > 100


@pytest.mark.parametrize("dtype", [*"fdFD"])
def test_long_rows_are_transformed_in_a_block_for_each_thread(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block has to work out tables that are as long."""
    bytes_at_least: list[int] = []

    def told(*args: Any, least: int, **options: Any) -> Any:
        bytes_at_least.append(least)
        return rows_of(*args, least=least, **options)

    monkeypatch.setattr(fft, "rows_of", told)
    for length in 9000, 90:
        x = extremes(dtype, 12 * length).reshape(12, length)
        assert same("fft.ifft", x, parallel=True)
        threads = -(-x.nbytes // bytes_at_least[-1])
        assert threads in POOLS if length == 9000 else bytes_at_least[-1] == fft._BLOCK


@pytest.mark.parametrize("name", ["fft", "rfft", "irfft", "hfft", "fft2", "irfftn"])
def test_transforms_hand_on_the_same_of_two_nans(name: str) -> None:
    payloads = np.arange(41 * 12, dtype="u8").reshape(41, 12) % 7
    x = (np.array(np.nan).view("u8") | payloads).view("d")
    for turned in x, x[:6], x[:, :3].copy(), x[:40].astype("f"):
        shared = [same(f"fft.{name}", each) for each in (turned, np.asfortranarray(turned), turned.T)]
        assert all(shared)


LINALG = ("cholesky", "cond", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matrix_rank", "pinv", "qr")


@pytest.mark.parametrize("dtype", list("ldfDFeg"))
def test_matrices_of_a_stack(dtype: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((13, 5, 5))
    definite = (x @ x.transpose(0, 2, 1) + np.eye(5)).astype(dtype)
    stacks = [
        definite,
        x.astype(dtype),
        definite.reshape(1, 13, 5, 5),
        definite[::-1],
        np.asfortranarray(definite),
        definite[0],
        definite[:0],
        np.where(np.arange(13)[:, None, None] == 6, 0, definite).astype(dtype),  # one of them singular
        np.where(np.arange(13)[:, None, None] == 6, np.nan, definite),
        definite * (10 ** np.arange(13)[:, None, None]),
    ]
    names = [f"linalg.{name}" for name in (*LINALG, "slogdet", "svd", "svdvals") if hasattr(np.linalg, name)]
    for name in names:
        for stack in stacks:
            same(name, stack)
        if dtype in "dfDFl":
            same(name, definite, parallel=True)
    for stack in stacks:
        same("linalg.solve", stack, stack)
        same("linalg.solve", stack, np.ones((5, 2)))
        same("linalg.solve", stack, np.ones((13, 5, 1)))
        same("linalg.svd", stack, full_matrices=False)
        same("linalg.svd", stack, compute_uv=False, hermitian=True)
        same("linalg.qr", stack, "complete")
        same("linalg.qr", stack, mode="r")
        same("linalg.cholesky", stack, upper=True)
        same("linalg.eigh", stack, "U")
        same("linalg.pinv", stack, hermitian=True)
        same("linalg.cond", stack, 1)
        same("linalg.inv", stack[..., :3])
        same("linalg.svd", stack[..., :3])
        same("linalg.qr", stack[..., :3])


@pytest.mark.parametrize("dtype", list("?bBhHiIlLqQdF"))
def test_products(dtype: str) -> None:
    shared = 0
    for order_a, order_b in itertools.product("CF", repeat=2):
        for m, k, n in (13, 5, 7), (2, 1, 3), (40, 1, 1), (1, 5, 4), (3, 0, 2):
            a = values(dtype, m * k).reshape(m, k).copy(order_a)
            b = values(dtype, k * n, 1).reshape(k, n).copy(order_b)
            shared += same("dot", a, b)
            shared += same("inner", a, b.T)
            same("matmul", a, b)
            same("dot", a, b[:, 0].copy())
            for subscripts in "ij,jk->ik", "ij,jk->ki", "ij,jk", "ij,jk->i", "ij,jk->", " i j , j k -> k ":
                shared += same("einsum", subscripts, a, b)
            for subscripts in "ij->ji", "ij->j", "ij", "ij->", "...j->...":
                same("einsum", subscripts, a)
            same("einsum", "ij,ik->ijk", a, a, parallel=None)
            same("einsum", "ii,ij->ij", a[:, :1], a)
            same("einsum", "ij,jk", a, b[:1])
            same("einsum", "ij,jk->ik", a, b, optimize=True)
            same("einsum", "ij,jk->ix", a, b)
            same("einsum", a, [0, 1], b, [1, 2])
    assert (shared > 20) == (dtype not in "dF")


@pytest.mark.parametrize("signed", list("bhiq"))
def test_products_of_integers_that_are_no_integers(signed: str) -> None:
    """Of uint64 and signed integers they are float64's, which BLAS adds up by blocks of its own."""
    a, b = values("Q", 24 * 30).reshape(24, 30), values(signed, 30 * 9, 1).reshape(30, 9)
    for x, y in (a, b), (b.T, a.T):
        same("dot", x, y, parallel=False)
        same("inner", x, y.T, parallel=False)
        same("einsum", "ij,jk->ik", x, y, parallel=False)
        same("matmul", x, y)


def test_a_product_that_adds_nothing_up_is_a_view() -> None:
    a = np.arange(12).reshape(3, 4)
    for subscripts in "ij->ji", "ij":
        assert np.shares_memory(ours("einsum")(subscripts, a, pool=POOLS[2]), a)


def test_large_matrices_are_left_to_the_blas() -> None:
    for size, parallel in (5, True), (64, False):
        assert ours("linalg.inv").explain(np.ones((4, size, size)), pool=POOLS[2]).parallel is parallel
    for dtype, parallel in ("l", True), ("d", False):
        assert tm.numpy.matmul.explain(*np.ones((2, 9, 9), dtype), pool=POOLS[2]).parallel is parallel


# ---- accumulations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*"?bBhHiIlLqQefdgFDG", "m8[s]"])
def test_accumulations(dtype: str) -> None:
    names = ("add", "multiply", "subtract", "maximum", "fmin", "logical_or", "bitwise_xor", "power", "divide")
    shared = 0
    for name in names:
        function = tm.parallel(getattr(np, name))
        for lay in LAYOUTS.values():
            x = lay(values(dtype, 66))
            for axis in axes(x):
                pool = next(_pools)
                for out in (None, np.empty(x.shape, dtype), np.empty(x.shape, int).T):
                    assert_same_call(
                        function.accumulate,
                        function.ufunc.accumulate,
                        given(x, axis) if out is None else given(x, axis, out=out),
                        f"{name} {axis}",
                        pool=pool,
                    )
                shared += type(function._accumulation((x, axis), {}, pool)).__name__ == "Accumulation"
    assert shared > 100 or dtype[0] == "m"


def test_accumulations_in_place() -> None:
    for function, axis in itertools.product((np.add, np.multiply), (0, 1)):
        for view in (lambda x: x, lambda x: x[::-1], lambda x: x[:, 1:], lambda x: x.T):
            x, y = (random_values("d", 120).reshape(10, 12).copy() for _ in "xy")
            tm.parallel(function).accumulate(x, axis, out=x, pool=POOLS[3])
            function.accumulate(y, axis, out=y)
            assert x.tobytes() == y.tobytes()
            if view(x).shape == x.shape:
                tm.parallel(function).accumulate(view(x), axis, out=x, pool=POOLS[3])
                function.accumulate(view(y), axis, out=y)
                assert x.tobytes() == y.tobytes()


def test_accumulated_nans_are_numpys() -> None:
    """Of two NaNs the first one is handed on, wherever it stands in a row of vectors."""
    x = np.random.default_rng(5).standard_normal((50, 333))
    x.view("u8")[7:30, ::5] = 0x7FF8000000001000 + np.arange(67, dtype="u8")
    x.view("u8")[::3, ::10] = 0xFFF8000000000000 + np.arange(34, dtype="u8")
    for axis, name in itertools.product((0, 1), ("cumsum", "cumprod")):
        same(name, x, axis, parallel=True)
        same(name, x.astype("f"), axis, parallel=True)
        same(name, x.astype("e"), axis, parallel=True)
        same(name, x + 1j * x[::-1], axis, parallel=True)


# ---- nan ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", list("efdg"))
@pytest.mark.parametrize("length", [5, 601])
def test_nan_left_out(dtype: str, length: int) -> None:
    rng = np.random.default_rng(length)
    for trial in range(4):
        x = rng.standard_normal((19, length)).astype(dtype)
        x[rng.random(x.shape) < (0.0, 0.01, 0.5, 0.99)[trial]] = np.nan
        x[3] = np.nan
        x[rng.random(x.shape) < 0.4] = 0.0  # of both signs
        x[rng.random(x.shape) < 0.2] = -0.0
        x[8] = x[11] = np.nan
        x[5, : length // 2] = np.inf
        x[6, ::2] = -np.inf
        for y, axis in (x, 1), (x.T, 0), (np.asfortranarray(x), -1), (x.reshape(1, 19, length), (0, 2)):
            for keepdims in False, True:
                same("nanmedian", y, axis, keepdims=keepdims, parallel=True)
                same("nanquantile", y, 0.4, axis, keepdims=keepdims, parallel=True)
                same("nanquantile", y, np.array([[0.4], [0.5]]), axis, keepdims=keepdims, parallel=True)
                same("nanpercentile", y, np.float64(40), axis, keepdims=keepdims, parallel=True)
                same("median", y, axis, keepdims=keepdims, parallel=True)
        for method in "linear", "lower", "nearest", "midpoint", "inverted_cdf", "median_unbiased", "wrong":
            same("nanquantile", x, [0.1, 0.7], 1, method=method)
            same("quantile", x, [0.1, 0.7], 1, method=method)


@pytest.mark.parametrize("dtype", list("efd"))
@pytest.mark.parametrize("length", [8, 9, 640])
def test_medians_of_rows_with_unlike_nans(dtype: str, length: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((40, length)).astype(dtype)
    bits = x.view(f"u{x.itemsize}")
    for row in range(40):  # 0 to 3 numbers and all but 0 to 3, and some in between
        count = (row % 4, length - row % 4, (length // 7 * (row % 7) + row) % length)[row % 3]
        x[row, :count] *= (1, -0.0, 1e3, 0.0)[row // 3 % 4]
        x[row, count:] = np.nan
        bits[row, count:] += np.arange(length - count, dtype=bits.dtype) % 256
        bits[row, count::3] ^= bits.dtype.type(1 << (8 * x.itemsize - 1))
    x = rng.permuted(x, axis=1)
    infinite = np.where(x > 0.1, x.dtype.type(np.inf), x)
    for y in x, infinite, -infinite:
        for z, axis in (
            (y, 1),
            (y.T, 0),
            (y[:, ::-1], -1),
            (y.reshape(5, 8, length), 2),
            (y.reshape(8, length, 5), 1),
        ):
            same("nanmedian", z, axis, parallel=True)
    assert np.isnan(x).all(axis=1).sum() >= 4
    x[5, :2], x[6] = (-np.inf, np.inf), np.finfo(dtype).max  # they have no mean
    same("nanmedian", x[5:7], 1, parallel=True)


def test_quantiles_at_zeros_of_one_sign_or_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nan_rows, "BLOCK", 200)
    x = np.random.default_rng(1).choice([-1.0, 1.0, 0.0, -0.0, np.nan], (90, 9))
    for y in x, np.abs(x), -np.abs(x):
        for q in 0.0, 0.3, [0.5, 1.0]:
            for kind in "efdg":
                same("nanquantile", y.astype(kind), q, 1, parallel=True)


@pytest.mark.parametrize("dtype", list("efdg"))
def test_the_first_quantile_has_the_dtype_of_all(dtype: str) -> None:
    x = np.random.default_rng(1).standard_normal((3, 8, 20)).astype(dtype)
    x[:, 2:, ::3] = np.nan
    for _ in "with a number", "without one":
        for q in 0.4, np.float32(0.4), np.array([0.4, 0.9]), np.array([0.4, 0.9], "f"), np.array([1], "g"):
            for method in "linear", "higher", "inverted_cdf", "hazen":
                for axis in 2, 1, (0, 2):
                    same("nanquantile", x, q, axis, method=method, parallel=True)
        x[0, 0] = x[0, :, 0] = np.nan


@pytest.mark.parametrize("dtype", list("fd"))
def test_quantiles_of_long_rows_are_those_of_each(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    own = order_statistics._row_by_row
    monkeypatch.setattr(order_statistics, "_OF_ALL_LEAST", 500 * np.dtype(dtype).itemsize)
    monkeypatch.setattr(order_statistics, "_row_by_row", lambda *args: made.append(own(*args)) or made[-1])
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3, 2, 700)).astype(dtype)
    x[rng.random(x.shape) < 0.2] = np.nan
    for y in x, np.moveaxis(x, -1, 0), x.reshape(6, 700):
        axis = y.shape.index(700)
        for q in 0.3, [0.5, 1.0], [0.1]:
            for keepdims in False, True:
                same("nanquantile", y, q, axis, keepdims=keepdims, method="hazen", parallel=True)
    same("nanpercentile", x, 30, -1, parallel=True)
    assert len(made) == 19
    assert not any(isinstance(each, Refusal) for each in made)
    x[1, 1] = np.nan  # NumPy warns of it, and makes the call
    zeros = np.where(np.isnan(x), x, rng.choice([0.0, -0.0], x.shape).astype(dtype))
    for y in x, np.abs(x) * 0, zeros:
        same("nanquantile", y, 0.3, -1, keepdims=True)
    assert len(made) == 22
    same("nanquantile", x, [[0.3, 0.4]], -1)
    same("nanquantile", x[..., ::2], 0.3, -1)
    assert len(made) == 22


def test_quantiles_of_few_rows_are_numpys() -> None:
    assert tm.numpy.nanquantile.explain(np.ones((8, 1 << 16)), 0.5, 1).parallel  # they are long
    for rows, parallel in (255, False), (256, True):
        x = np.ones((rows, 300))
        assert tm.numpy.nanquantile.explain(x, 0.5, 1).parallel is parallel
        assert tm.numpy.nanpercentile.explain(x.T, 50, axis=0).parallel is parallel
        assert tm.numpy.nanquantile.explain(x.reshape(3, rows, 100), 0.5, (0, 2)).parallel is parallel


def test_axes_of_length_1_of_running_sums() -> None:
    for shape, order in itertools.product([(3, 1, 2), (1, 6, 5), (1, 30, 2), (2, 5, 1)], "CF"):
        count, how = math.prod(shape), order
        x, integers = (values(char, count).reshape(shape, order=how) for char in "db")
        for y, axis in itertools.product((x, x.swapaxes(0, 1), integers), range(-3, 3)):
            for name in "cumsum", "nancumsum", "cumprod", "nancumprod":
                same(name, y, axis, parallel=None)


def test_quantiles_at_no_place() -> None:
    for x in values("d", 392).reshape(4, 14, 7).T, values("f", 300):
        for name in "quantile", "nanquantile", "percentile", "nanpercentile":
            for axis, places in itertools.product((None, 0, -1), ([], np.zeros((0, 2)))):
                same(name, x, places, axis, parallel=False)
                same(name, x, places, axis, keepdims=True, parallel=False)


def test_running_products_of_complex_numbers_are_numpys() -> None:
    x = values("D", 66).reshape(11, 6)
    same("nancumprod", x, 1, parallel=False)
    same("nancumsum", x, 1, parallel=True)
    same("nancumprod", x.real.copy(), 1, parallel=True)


def test_an_error_for_rows_of_nan_alone() -> None:
    x = np.zeros((30, 4))
    x[17] = np.nan
    for name in "nanargmax", "nanargmin":
        same(name, x, 1, parallel=True)
        same(name, x, 0, parallel=True)


def test_what_is_no_array_has_its_extremes_looked_for() -> None:
    for x, axis in ([[1.0, 2.0], [3.0, np.nan]], (1, 0)), ([1, 2], 0), (0j, None), ([1.5, np.nan], -1):
        for name in "nanmax", "nanmin", "nanargmax", "nanargmin":
            same(name, x, axis)


# ---- how it is asked for -----------------------------------------------------------------------------------


class Marked(np.ndarray[Any, Any]):
    pass


def test_what_is_no_plain_array_is_numpys() -> None:
    x = values("d", 66).reshape(11, 6)
    others: list[Any] = [
        x.tolist(),
        x.view(Marked),
        np.ma.masked_array(x, x > 0),
        x.astype(object),
        x.astype("U8"),
        x.astype([("a", "d")]),
        x.astype(np.dtype("d", metadata={"a": 1})),
        3.0,
        None,
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for other in others:
            for name, args in CALLS.items():
                assert_same_call(ours(name), numpys(name), given(other, *args), name, places=False)
                same_on_a_pool = ours(name).explain(other, *args, pool=POOLS[2])
                assert not same_on_a_pool.parallel


# The arguments after the first, which is a table of floats.
ROW = np.arange(6.0)
CALLS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("sort", "argsort", "argmax", "argmin", "nanargmax", "nanargmin", "cumsum", "cumprod"), (1,)
    ),
    **dict.fromkeys(("median", "nanmedian"), (1,)),
    **dict.fromkeys(("partition", "argpartition"), (2, 1)),
    **dict.fromkeys(("quantile", "nanquantile", "percentile", "nanpercentile"), (0.5, 1)),
    **dict.fromkeys(("digitize", "isin"), (ROW,)),
    "interp": (ROW, ROW),
    "take_along_axis": (np.zeros((11, 1), int), 1),
    "fft.fft": (),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments_get_numpys_errors(name: str) -> None:
    x = values("d", 66).reshape(11, 6)
    args = CALLS[name]
    same(name, x, *args, parallel=True)
    same(name)
    same(name, x, *args, *args, *args, *args, *args)
    same(name, x, *args, nonsense=1)
    same(name, x, *args, out="no array")
    if args and type(args[-1]) is int:
        for axis in 2, -3, 1.5, "x", np.int64(1), True, None, (0, 1), (1, 1), [1]:
            same(name, x, *args[:-1], axis)
            same(name, x, *args[:-1], axis=axis)
    for option in (
        "kind",
        "order",
        "keepdims",
        "method",
        "stable",
        "overwrite_input",
        "weights",
        "dtype",
        "where",
    ):
        for value in "nonsense", 3, True, False, None, np.array([1.0]):
            same(name, x.copy(), *args, **{option: value})


def test_outputs_are_numpys() -> None:
    x = values("d", 66).reshape(11, 6)
    for out in np.empty(11), np.empty(6), np.empty((11, 6)), np.empty(11, int), np.empty(11, "f"):
        for name in "median", "nanmedian", "argmax", "nanargmin", "cumsum":
            same(name, x, 1, out=out)
        same("quantile", x, 0.5, 1, out=out)
    row = np.empty((11, 6))
    for name in "cumsum", "cumprod":
        same(name, x, 1, out=row, parallel=True)


@pytest.mark.parametrize(
    "modes", [{"all": "raise"}, {"all": "ignore"}, {"over": "raise"}, {"invalid": "ignore"}]
)
def test_floating_point_errors_follow_the_callers_errstate(modes: dict[str, Any]) -> None:
    x = np.full((20, 8), 1e308)
    x[11, 3:] = np.inf
    x[12, 4:] = -np.inf
    x[12, :4] = np.inf
    calls = (("cumsum", 1), ("cumprod", 0), ("median", 1), ("nanmedian", 1), ("fft.fft", None))
    for name, axis in calls:
        options = {} if axis is None else {"axis": axis}
        for pool in POOLS.values():
            with np.errstate(**modes):
                make = given(x, **options)
                assert_same_call(ours(name), numpys(name), make, name, name not in INTO_NUMPY, pool=pool)


@pytest.mark.parametrize("name", CALLS)
def test_small_calls_are_numpys_own(name: str) -> None:
    x = values("d", 66).reshape(11, 6)
    x[0] = np.inf
    x[0, :3] = -np.inf
    for args in (x, *CALLS[name]), (x[:, 0].copy(), *CALLS[name][:-1]), (x[:0], *CALLS[name]):
        assert_same_call(ours(name), numpys(name), given(*args), name)
        assert "bytes" in str(ours(name).explain(*args)) or ours(name).least == 0


def test_small_products_report_as_numpys() -> None:
    x = np.array([1e308, -np.inf, np.inf, 2.0])
    for name in "dot", "inner":
        for a, b in (x, x), (x, np.zeros(4)), (x[None], x[:, None]), (x.reshape(2, 2), x.reshape(2, 2)):
            for mode in "warn", "raise", "ignore":
                with np.errstate(all=mode):
                    assert_same_call(ours(name), numpys(name), given(a, b), name)
    for name in "cumsum", "cumprod":
        assert_same_call(ours(name), numpys(name), given(x), name)
        assert_same_call(ours(name), numpys(name), given(x[::-1]), name)


def test_a_pool_is_checked_first() -> None:
    closed = tm.Pool(1)
    closed.shutdown()
    for function in OUR_FUNCTIONS:
        with pytest.raises(TypeError, match=r"^pool must be a threadmill\.Pool"):
            function(np.ones((3, 3)), pool=3)
        with pytest.raises(RuntimeError):
            function(np.ones((3, 3)), pool=closed)


def test_calls_from_tasks_of_the_same_pool() -> None:
    x = values("d", 660).reshape(66, 10)
    pool = POOLS[3]
    calls = {"sort": 1, "argsort": 0, "cumprod": 0, "median": 1}
    with np.errstate(all="ignore"):
        futures = [(name, pool.submit(ours(name), x, axis, pool=pool)) for name, axis in [*calls.items()] * 5]
        for name, future in futures:
            assert future.result().tobytes() == numpys(name)(x, calls[name]).tobytes()


def test_in_fused_functions_they_evaluate() -> None:
    x = random_values("d", 144).reshape(12, 12)

    def step(np: Any, a: Any) -> Any:
        b = np.sort(a * 2 + 1, axis=1) - np.median(a, axis=0)
        return (
            np.cumsum(b, axis=0)
            + np.fft.fft(b).real
            + np.linalg.inv(np.einsum("ij,kj->ik", b, b) + np.eye(12))
        )

    assert tm.fuse(lambda a: step(tm.numpy, a))(x).tobytes() == step(np, x).tobytes()


def test_whole_arrays() -> None:
    """The least of all elements: the first one, also where blocks have equal ones, or nan."""
    for dtype in DTYPES:
        x, parallel = values(dtype, 50), dtype != "?"  # NumPy stops at the first bool that decides
        for name in "argmax", "argmin":
            same(name, x)
            same(name, x[:1])
            same(name, x[::-2], 0)
            same(name, x.reshape(5, 10), parallel=parallel)
            same(name, x.reshape(5, 10).T)
            same(name, np.zeros(50, dtype), parallel=parallel)
