"""NumPy's functions in fused functions: as its own Python code defines them, and as steps of a pass."""

import itertools
import os
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.fuse_compare import (
    LAYOUTS,
    SHAPES,
    Special,
    arrays,
    contents,
    differences,
    sums_fold,
)

import threadmill as tm
from threadmill.fusion.definitions import FUNCTIONS
from threadmill.fusion.numpys_code import copied

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]

REAL = "fde"
NUMBERS = "dfFDeilB?"
SIGNED = "dFeiq"

# ---- functions, by the call as it is written: of x, or of x and y ----

ELEMENTWISE: dict[str, tuple[Function, str]] = {
    "isclose": (lambda x, y: np.isclose(x, y), NUMBERS),
    "isclose of a number": (lambda x, y: np.isclose(x * 2, 1, rtol=1e-3, atol=0.5, equal_nan=True), NUMBERS),
    "isclose of itself": (lambda x, y: np.isclose(x, x, equal_nan=True), NUMBERS),
    "isclose by arrays": (lambda x, y: np.isclose(x, y, rtol=np.abs(y)), "d"),
    "isclose without tolerance": (lambda x, y: np.isclose(x, y, atol=np.nan), "d"),
    "allclose": (lambda x, y: (np.allclose(x, y), np.allclose(x, x, equal_nan=True)), NUMBERS),
    "array_equal": (lambda x, y: (np.array_equal(x, y), np.array_equal(x, x), np.array_equal(x, 3)), NUMBERS),
    "array_equal nan": (lambda x, y: np.array_equal(x, x * 1, equal_nan=True), NUMBERS),
    "array_equiv": (lambda x, y: (np.array_equiv(x, y), np.array_equiv(x, x[0])), NUMBERS),
    "nan_to_num": (lambda x, y: np.nan_to_num(x), NUMBERS),
    "nan_to_num of a value": (lambda x, y: np.nan_to_num(x * 2) - 1, "dfFDilB"),
    "nan_to_num by others": (lambda x, y: np.nan_to_num(x, nan=-1.5, posinf=7, neginf=-(2**40)), NUMBERS),
    "nan_to_num by arrays": (lambda x, y: np.nan_to_num(x, nan=y, posinf=y), "fd"),
    "nan_to_num by an integer": (lambda x, y: np.nan_to_num(x, nan=3), REAL),
    "nan_to_num in place": (lambda x, y: np.nan_to_num(x, copy=False), NUMBERS),
    "isposinf": (lambda x, y: (np.isposinf(x), np.isneginf(x)), "dfei?"),
    "isposinf of complex": (lambda x, y: np.isposinf(x * 2), "D"),
    "fix": (lambda x, y: (np.fix(x), np.fix(x / 2)), "dfei"),
    "round": (lambda x, y: (np.round(x), np.round(x, 2), np.around(x, 8), x.round(-1)), NUMBERS),
    "round far": (lambda x, y: (np.round(x, 9), np.round(x, -9), np.round(x, 400)), "df"),
    "round wrong": (lambda x, y: np.round(x, 1.5), "d"),
    "round of a value": (lambda x, y: np.round(x * 1.5, 1) + np.round(x + y), "fdei"),
    "round into": (lambda x, y: (np.round(x, 1, out=y), y), "fdi"),
    "round turned": (lambda x, y: np.round(x[..., :-1].T, 1), "d"),
    "round for integers": (lambda x, y: np.round(x, 2, np.zeros(x.shape, int)), "d"),
    "copy": (lambda x, y: (x.copy(), np.copy(x), x.copy("F"), np.copy(x, "A"), x.copy(order="K")), NUMBERS),
    "copy of a value": (lambda x, y: (x * 2).copy() + (x + 1).astype(x.dtype), "dfFDilBe"),
    "copy wrong": (lambda x, y: x.copy("Q"), "d"),
    "copy apart": (lambda x, y: _write_to_a_copy(x), NUMBERS),
    "astype": (lambda x, y: (x.astype("d"), x.astype("f", copy=False), np.astype(x, "D")), "fdil?"),
    "astype itself": (lambda x, y: (x.astype(x.dtype, copy=False), x.astype(x.dtype) is x), NUMBERS),
    "astype casting": (lambda x, y: (x.astype("d", casting="same_kind"), x.astype("f", "C")), "fdil"),
    "astype wrong": (lambda x, y: x.astype("f", casting="safe"), "d"),
    "real": (lambda x, y: (np.real(x), np.imag(x), x.real, (x * 2).imag, x.real is x), NUMBERS),
    "conj": (lambda x, y: (x.conj(), np.conj(x), x.conjugate(), (x * 2).conj() + 1, x.conj() is x), NUMBERS),
    "angle": (lambda x, y: (np.angle(x), np.angle(x, deg=True)), "dfDF"),
    "sign": (lambda x, y: np.sign(x) * np.abs(x), "dfil"),
    "sinc": (lambda x, y: np.sinc(x), "df"),
    "zeros_like": (lambda x, y: (np.zeros_like(x), np.ones_like(x), np.full_like(x, 3)), NUMBERS),
    "zeros_like used": (lambda x, y: np.zeros_like(x) + x - np.full_like(x, 2.5), "dfil"),
    "zeros_like filled": (lambda x, y: _fill_in(x), NUMBERS),
    "full_like wrong": (lambda x, y: np.full_like(x, 300), "bBd"),
    "full_like nan": (lambda x, y: np.full_like(x, np.nan), "dfFil"),
    "full_like of a value": (lambda x, y: np.full_like(x * 2, np.float64(1e300)), "dfe"),
    "likes": (
        lambda x, y: (
            np.zeros_like(x, dtype=int),
            np.ones_like(x, "f"),
            np.zeros_like(x, shape=(3,)),
            np.full_like(x, y),
            np.zeros_like(x, order="F"),
            np.full_like(x, [1]),
        ),
        "dil",
    ),
    "empty_like": (lambda x, y: _fill_an_empty(x), NUMBERS),
    "copyto": (lambda x, y: _copy_to(x, y), "dfil?"),
    "copyto wrong": (lambda x, y: np.copyto(x, 1.5), "i"),
    "copyto wrong under a mask": (lambda x, y: np.copyto(x, 1.5, where=x > y), "i"),
    "copyto itself": (lambda x, y: np.copyto(x, x), "d"),
    "copyto a number that does not fit": (lambda x, y: np.copyto(x, 300, where=x > y), "bB"),
    "copyto a truth value": (lambda x, y: np.copyto(x, 1, where=x > y), "?"),
    "where": (lambda x, y: np.where(x > y, x, 0) + np.where(x > 0, 1, y), "dfilB"),
    "mask": (lambda x, y: _write_masks(x, y), "dfilBDe"),
    "options": (
        lambda x, y: (
            np.multiply(x, y, dtype=x.dtype),
            np.add(x, y, casting="unsafe", order="K", subok=False),
            np.subtract(x, y, where=True),
            np.less(x, y, dtype=bool),
            np.multiply(x, 2, dtype="d"),
        ),
        "dfilDe",
    ),
    "options wrong": (lambda x, y: np.add(x, y, casting="safest"), "d"),
    "result_type": (
        lambda x, y: (np.result_type(x, 1.0), np.result_type(x, y), np.can_cast(x.dtype, "f")),
        "di",
    ),
    "views": (
        lambda x, y: [
            f(x) * 2
            for f in (
                np.transpose,
                np.squeeze,
                np.flip,
                lambda x: np.expand_dims(x, 0),
                lambda x: np.reshape(x, -1),
                lambda x: np.moveaxis(x, 0, -1),
                lambda x: np.swapaxes(x, 0, -1),
            )
        ],
        "di",
    ),
    "shapes": (lambda x, y: (np.shape(x * 2), np.ndim(x), np.size(x), np.iscomplexobj(x)), "dD"),
}


def _write_to_a_copy(x: Any) -> Any:
    y, z = x.copy(), np.copy(x)
    y[...] = y + y
    z[..., 1:] = y[..., :-1]
    return x * 1, y, z


def _fill_in(x: Any) -> Any:
    a, b = np.zeros_like(x), np.ones_like(x)
    a[..., 1:-1] = x[..., 1:-1] + b[..., 1:-1]
    b += x
    return a, b


def _fill_an_empty(x: Any) -> Any:
    a, b = np.empty_like(x), np.empty_like(x * 2, dtype="f")
    a[...] = x * 2
    b[...] = 1
    return a, b, a.strides, b.flags.f_contiguous


def _copy_to(x: Any, y: Any) -> Any:
    z, w = x * 2, x + y
    np.copyto(z, y, where=x > y)
    np.copyto(w, z)
    np.copyto(w, x, casting="unsafe", where=w == z)
    np.copyto(x, w, where=y > x)
    np.copyto(y, x[..., :1])
    return z, w


def _write_masks(x: Any, y: Any) -> Any:
    z = x + y
    z[z == x] = 3
    z[x == y] = 1.5
    x[z == y] = 2
    return z, x * 2


def _dots(a: Any, b: Any) -> Any:
    return a.dot(b), np.dot(a, b), np.inner(a, a), np.vdot(b, a), np.dot(a, b.astype("i8")), np.dot(a, 2)


def _write_rows(x: Any) -> Any:
    square = x[:61, :61]
    square[square[:, 0] > 0] = 3
    np.copyto(x, 2, where=x[:1] < 1)
    return square * 1


AXES: dict[str, tuple[Function, str]] = {
    "sum": (lambda x, **o: (x * 2).sum(**o), "dfilB?e"),
    "count_nonzero": (lambda x, **o: np.count_nonzero(x * 2, **o), "dfDil?"),
    "count_nonzero of a mask": (lambda x, **o: np.count_nonzero(x > 1, **o), "dfil"),
    "mean": (lambda x, **o: np.mean(x * 2, **o), "dfile"),
    "average": (lambda x, **o: np.average(x * 2, **o), "dfil"),
    "ptp": (lambda x, **o: np.ptp(x * 2, **o), "dfil"),
    "argmax": (lambda x, **o: (np.argmax(x * 2, **o), (x * 2).argmin(**o)), "dfil"),
    "nansum": (lambda x, **o: np.nansum(x, **o), SIGNED),
    "nanprod": (lambda x, **o: np.nanprod(x, **o), SIGNED),
    "nanmin": (lambda x, **o: np.nanmin(x, **o), SIGNED),
    "nanmax": (lambda x, **o: np.nanmax(x * 2, **o), SIGNED),
    "nanmean": (lambda x, **o: np.nanmean(x, **o), SIGNED),
    "nanvar": (lambda x, **o: np.nanvar(x, **o), SIGNED),
    "nanstd": (lambda x, **o: np.nanstd(x * 2, **o), SIGNED),
    "any": (lambda x, **o: (np.any(x > 1, **o), np.all(x * 2, **o)), "dil"),
    "norm": (lambda x, **o: np.linalg.norm(x * 2, **o), "dfDi"),
}

MORE: dict[str, tuple[Function, str]] = {
    "nanvar ddof": (lambda x: (np.nanvar(x, ddof=1), np.nanstd(x, axis=-1, ddof=x.shape[-1])), "fdFe"),
    "nansum where": (lambda x: np.nansum(x, where=x > 0, initial=1), "fd"),
    "nanmean where": (lambda x: np.nanmean(x, where=x > 0), "fdD"),
    "nanmean dtype": (lambda x: (np.nanmean(x, dtype="d"), np.nansum(x, dtype="D")), "fdF"),
    "nanmean wrong": (lambda x: np.nanmean(x, dtype=int), "d"),
    "nanmean of none": (
        lambda x: (np.nanmean(x * np.nan), np.nanmean(x[:0]), np.nanvar(x * np.nan, 0)),
        "fdD",
    ),
    "nanmax of none": (lambda x: (np.nanmax(x * np.nan), np.nanmin(x * np.nan, axis=-1)), "fdD"),
    "nanmax of nothing": (lambda x: np.nanmax(x[:0]), "d"),
    "nanmean into": (lambda x: np.nanmean(x, axis=0, out=np.zeros(x.shape[1:])), "fd"),
    "sum of truth": (
        lambda x: ((x > 0).sum(), (x > 0).sum(dtype="i4"), (x > 0).prod(), np.sum(x > 0, 0)),
        "di",
    ),
    "sum of short": (lambda x: ((x * 2).sum(), (x * 2).prod(), (x * 2).sum(dtype="d")), "bBhHiI"),
    "sum in its own dtype": (
        lambda x: ((x * 2).sum(dtype=x.dtype), (x * 3).prod(dtype=x.dtype), (x * 2).max()),
        "bBhHiIld",
    ),
    "average weights": (lambda x: np.average(x, weights=np.abs(x)), "fdilD"),
    "average rows": (lambda x: np.average(x, axis=0, weights=x[:, 0] * 0 + 1, returned=True), "fd"),
    "average of zero": (lambda x: np.average(x, weights=x * 0), "i"),
    "diff": (lambda x: (np.diff(x), np.diff(x, 2), np.diff(x, axis=0), np.diff(x, n=0) is x), NUMBERS),
    "diff with ends": (lambda x: np.diff(x, prepend=0, append=x[..., :2]), "di"),
    "diff of a value": (lambda x: np.diff(x * 2) + 1, "di"),
    "diff wrong": (lambda x: np.diff(x, n=-1), "d"),
    "gradient": (lambda x: (np.gradient(x), np.gradient(x, 2.0, axis=0, edge_order=2)), "fdilFe"),
    "gradient spaced": (lambda x: np.gradient(x, np.arange(x.shape[0]) ** 2.0, axis=0), "fd"),
    "gradient wrong": (lambda x: np.gradient(x[:1], axis=0), "d"),
    "trapezoid": (lambda x: (np.trapezoid(x), np.trapezoid(x, dx=0.5, axis=0), np.trapezoid(x, x)), "fdil"),
    "cov": (lambda x: (np.cov(x), np.cov(x, rowvar=False, bias=True)), "fdi"),
    "cov of one": (lambda x: (np.cov(x.ravel()), np.cov(x[0], x[1])), "fd"),
    "mask of rows": (lambda x: _write_rows(x), "di"),
    "cov weights": (lambda x: np.cov(x, aweights=np.abs(x).ravel()[: x.shape[-1]]), "d"),
    "corrcoef": (lambda x: np.corrcoef(x), "fdiD"),
    "norms": (
        lambda x: [
            np.linalg.norm(x * 2, k, axis=-1, keepdims=True) for k in (None, 0, 1, 2, 3, np.inf, -np.inf)
        ],
        "fdDi",
    ),
    "norms of all": (lambda x: [np.linalg.norm(x, k) for k in (None, 1, np.inf, -np.inf)], "fdDi"),
    "norm wrong": (lambda x: np.linalg.norm(x, "what"), "d"),
    "vector_norm": (lambda x: (np.linalg.vector_norm(x), np.linalg.vector_norm(x, axis=0)), "fd"),
    "cross": (lambda x: np.cross(x[..., :3] * 2, x[..., 3:6]), "fdiD"),
    "cross of two": (lambda x: np.cross(x[..., :2], x[..., 2:4]), "d"),
    "cross wrong": (lambda x: np.cross(x[..., :4], x[..., :4]), "d"),
    "dots": (lambda x: (np.vdot(x, x * 2), np.dot(x.ravel(), x.ravel()), np.inner(x, x)), "dilD"),
    "dots of vectors": (lambda x: _dots(x[0], x[1] * 2), "dilbBHqQ?D"),
    "ediff1d": (lambda x: (np.ediff1d(x), np.ediff1d(x, to_end=x.ravel()[:2])), "di"),
    "select": (lambda x: np.select([x > 1, x < 0], [x * 2, x], 5), "di"),
}


def _cases(table: dict[str, tuple[Function, str]]) -> list[tuple[str, str]]:
    return [(name, dtype) for name, (_, dtypes) in table.items() for dtype in dtypes]


@pytest.mark.parametrize(("name", "dtype"), _cases(ELEMENTWISE))
def test_elementwise_functions(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = ELEMENTWISE[name]
    for shape in (4099,), (67, 61), (3, 1, 5):
        assert differences(function, arrays(2, shape, dtype), pools[1]) == {}, shape


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_functions_of_any_layout(name: str, layout: str, pools: list[tm.Pool]) -> None:
    function, dtypes = ELEMENTWISE[name]
    for dtype in dtypes[0], dtypes[-1]:
        assert differences(function, arrays(2, SHAPES[2], dtype, layout), pools[1]) == {}, dtype


AXIS = (None, 0, -1, (0, 1), 3)


@pytest.mark.parametrize(("name", "dtype"), _cases(AXES))
def test_reductions(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = AXES[name]
    (x,) = arrays(1, SHAPES[2], dtype)
    for axis, keepdims in itertools.product(AXIS, (None, False, True)):
        options: dict[str, Any] = {"axis": axis}
        if keepdims is not None:
            options["keepdims"] = keepdims
        assert differences(lambda x, o=options: function(x, **o), [x], pools[1]) == {}, options


@pytest.mark.parametrize(("name", "dtype"), [case for case in _cases(AXES) if case[1] in "dfF"])
def test_reductions_of_few_nans_and_none(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = AXES[name]
    x = np.linspace(-3, 5, 67 * 61).astype(dtype).reshape(67, 61)
    with_nans = x.copy()
    with_nans[3] = with_nans[:, 7] = np.nan
    for axis in None, 0, -1:
        for each in x, with_nans, x * 0, x[:, ::2], with_nans.T:
            assert differences(lambda x, k=axis: function(x, axis=k), [each], pools[2]) == {}


@pytest.mark.parametrize(("name", "dtype"), _cases(MORE))
def test_other_functions(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    function, _ = MORE[name]
    x = arrays(1, SHAPES[2], dtype)[0]
    assert differences(function, [x], pools[1]) == {}
    with np.errstate(all="ignore"):
        tame = np.abs(np.nan_to_num(x.astype("D")).real % 7).astype(dtype)
    assert differences(function, [tame], pools[1]) == {}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", MORE)
def test_other_functions_of_any_layout(name: str, layout: str, pools: list[tm.Pool]) -> None:
    function, dtypes = MORE[name]
    assert differences(function, arrays(1, SHAPES[2], dtypes[0], layout), pools[1]) == {}


@pytest.mark.parametrize("modes", ["ignore", "warn", "raise", "call"])
@pytest.mark.parametrize("name", {**ELEMENTWISE, **MORE})
def test_functions_under_every_errstate(name: str, modes: str, pools: list[tm.Pool]) -> None:
    function, dtypes = {**ELEMENTWISE, **MORE}[name]
    args = arrays(2 if name in ELEMENTWISE else 1, SHAPES[2], dtypes[0])
    told: list[Any] = []
    with np.errstate(all=modes, call=lambda *what: told.append(what)):  # type: ignore[arg-type]
        assert differences(function, args, pools[1]) == {}
    half = len(told) // 2
    assert told[:half] == told[half:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert differences(function, args, pools[1]) == {}


# ---- other operands ----


@pytest.mark.parametrize(
    "other",
    [
        np.float64(0.5),
        np.array(0.5),
        np.float32(2),
        True,
        2j,
        [0.5],
        np.ma.masked_array(np.linspace(0, 1, 61), np.arange(61) % 3 == 0),
        np.linspace(0, 1, 61).view(Special),
        np.linspace(0, 1, 61).astype(object),
        np.arange(61).astype("M8[s]"),
        "text",
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "function",
    [
        lambda x, o: np.isclose(x, o),
        lambda x, o: np.isclose(o, x * 2),
        lambda x, o: np.allclose(x, o),
        lambda x, o: np.array_equal(x, o),
        lambda x, o: np.nan_to_num(x, nan=o),
        lambda x, o: np.average(x, axis=-1, weights=o),
        lambda x, o: np.full_like(x, o),
        lambda x, o: np.copyto(x, o),
        lambda x, o: np.copyto(x * 2, o, where=x > 1),
        lambda x, o: np.nansum(x, where=o),
        lambda x, o: np.clip(x, o, 3),
        lambda x, o: np.cross(x[..., :3], o),
        lambda x, o: np.gradient(x, o, axis=1),
        lambda x, o: np.result_type(x, o),
        lambda x, o: np.round(x, o),
        lambda x, o: np.where(x > 1, x, o),
    ],
)
def test_operands_of_every_kind(function: Function, other: Any, pools: list[tm.Pool]) -> None:
    (x,) = arrays(1, SHAPES[2], "d")
    assert differences(lambda x: function(x, other), [x], pools[1]) == {}


def test_arrays_of_lazy_ones_in_numpys_code() -> None:
    module = types.ModuleType("numpys")
    text = """
import numpy as np

def made(x):
    return [np.array(x, ndmin=3), np.array(x, "f", copy=None), np.asarray(x, order="F"), np.asarray(x) is x]

def refused(x):
    return np.array(x, "f", copy=False)
"""
    exec(text, vars(module))
    own, x = copied(module), np.arange(5000.0).reshape(50, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert contents(tm.fuse(own.made)(x)) == contents(module.made(x))
        with pytest.raises(ValueError, match="copy"):
            tm.fuse(own.refused)(x)


@pytest.mark.parametrize("dtype", [">i8", ">u4", "<i2", "q"])
@pytest.mark.parametrize("dot", [np.dot, np.vdot, np.inner])
def test_products_of_vectors_in_any_byte_order(dot: Function, dtype: str, pools: list[tm.Pool]) -> None:
    x = np.arange(5000).astype(dtype)
    assert differences(lambda x: (dot(x, x), dot(x, x * 2)), [x], pools[1]) == {}


def test_the_whole_of_an_array_is_a_view(pools: list[tm.Pool]) -> None:
    def program(x: Any) -> Any:
        y = x * 2
        z = y[()]
        z.shape = (-1, 1)
        z += 1
        return y, z, z is y

    assert differences(program, [np.arange(5000.0)], pools[1]) == {}


def test_an_output_beside_an_array_that_is_not_lazy(pools: list[tm.Pool]) -> None:
    other = np.linspace(0, 1, 5000)

    def program(x: Any) -> Any:
        np.round(other, 1, out=x)
        return x + np.average(other, weights=x) + np.isclose(other, x)

    assert differences(program, [np.zeros(5000)], pools[1]) == {}


def test_a_class_that_defines_numpys_functions_has_its_word() -> None:
    class Own(np.ndarray[Any, Any]):
        def __array_function__(self, function: Any, *args: Any) -> Any:
            return function.__name__, "is mine"

    x, other = np.linspace(0, 1, 5000), np.zeros(5000).view(Own)
    program = tm.fuse(lambda x: (np.isclose(x, other), np.clip(x, other, 1), np.average(x, weights=other)))
    assert program(x) == tuple((name, "is mine") for name in ("isclose", "clip", "average"))


@pytest.mark.parametrize("program", [lambda x: np.nanmax(x.copy()), lambda x: np.fmin.reduce(np.abs(x))])
def test_signalling_nans_show_their_place(program: Function, pools: list[tm.Pool]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        x = rng.normal(size=rng.integers(2, 3000))
        x.view(np.uint64)[rng.integers(0, len(x), 3)] = 0x7FF4000000000077
        x.view(np.uint64)[: rng.integers(1, 9)] = 0x7FF4000000000077
        assert differences(program, [x], pools[2]) == {}


# ---- what is put off ----


@pytest.mark.parametrize(
    ("program", "passes"),
    [
        (lambda x: np.isclose(x, x * 2) * 1.0, 1),
        (lambda x: np.allclose(x, x * 1), 1),
        (lambda x: np.nan_to_num(x) * 2, 1),
        (lambda x: np.round(x * 3, 2), 1),
        (lambda x: x.copy() * 2 - x.conj(), 1),
        (lambda x: np.zeros_like(x) + x, 1),
        (lambda x: np.count_nonzero(x > 1), 1),
        (lambda x: (x > 1).sum(), 1),
        (lambda x: np.diff(x) * 2, 1),
        (lambda x: np.dot(np.ones_like(x, dtype=int), np.full_like(x, 3, dtype=int)), 1),
        (lambda x: np.real(x) + np.trunc(x), 1),
    ],
)
def test_it_is_one_pass(program: Function, passes: int) -> None:
    x = np.linspace(0, 2, 100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        told = tm.fuse(program).explain(x)  # type: ignore[attr-defined]
    assert told.passes == passes, told
    assert "by NumPy:" not in told


@sums_fold
@pytest.mark.parametrize("axis", [None, 1])
@pytest.mark.parametrize("name", ["var", "std"])
def test_numpys_function_is_as_few_passes_as_its_method(name: str, axis: int | None) -> None:
    x = np.linspace(0, 2, 100_000).reshape(100, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        function = tm.fuse(getattr(np, name)).explain(x, axis)
        method = tm.fuse(lambda x: getattr(x, name)(axis)).explain(x)
    assert function.passes == method.passes == 1, function


def test_definitions_are_of_numpys_functions() -> None:
    assert None not in FUNCTIONS
    assert {
        np.isclose,
        np.nan_to_num,
        np.nanmean,
        np.average,
        np.gradient,
        np.linalg.norm,
    } <= FUNCTIONS.keys()


@pytest.mark.parametrize("seed", ["1", "3", "4"])
def test_names_of_dtypes_mean_numpys_whatever_the_hashes(seed: str) -> None:
    """long and long long share names of one size, which are NumPy's for one of the two."""
    script = """
import numpy as np, threadmill as tm

@tm.fuse
def made(x, name):
    return np.zeros_like(x, name), np.full_like(x, 3, name), np.add(x, x, dtype=name, casting="unsafe")

names = {*"bBhHiIlLqQefdFD", *(np.dtype(char).name for char in "bBhHiIlLqQ"), "<i8", "u8", "i8"}
for name in names:
    print(name, *{each.dtype.char for each in made(np.ones(300_000), name)}, sep=":")
"""
    done = commands.run_python(script, env={**os.environ, "PYTHONHASHSEED": seed})
    told = done.stdout.split()
    assert len(told) > 20, done.stderr
    assert [each for each in told if each.split(":")[1:] != [np.dtype(each.split(":")[0]).char]] == []
