"""NumPy's functions as fused programs of one call: NumPy's bits, warnings at the user's line, and errors."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import sums_fold

import threadmill as tm
from threadmill.fusion import open_tiles
from threadmill.numpy import fused

NAMES = [*fused.__all__, "norm"]


def numpys(name: str) -> Callable[..., Any]:
    return np.linalg.norm if name == "norm" else getattr(np, name)


def told(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a call comes to: its results bit by bit, or its error; its warnings with their places."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result: Any = function(*args, **options)
        except Exception as error:
            result = type(error), str(error)
    given = [bits(x) if type(x) is np.ndarray else None for x in args]
    places = [(each.category, str(each.message), each.filename, each.lineno) for each in caught]
    return shown(result), given, places


def shown(x: Any) -> Any:
    if type(x) in (tuple, list):
        return type(x), [shown(each) for each in x]
    if isinstance(x, np.ndarray):
        return type(x), x.dtype, x.shape, x.strides, x.base is None, bits(x)
    if isinstance(x, np.generic):
        return type(x), bits(np.asarray(x))
    return type(x), x


def bits(x: Any) -> Any:
    """An array's elements; objects as texts, and of long doubles the ten bytes that mean something."""
    if isinstance(x, np.ma.MaskedArray):
        return bits(np.ma.getmaskarray(x)), bits(x.filled(0))
    if x.dtype.char in "gG":
        parts = np.frombuffer(x.tobytes(), np.uint8).reshape(-1, np.dtype("g").itemsize)
        return parts[:, :10].tobytes()
    return repr(x.tolist()) if x.dtype.char == "O" else x.tobytes()


def compare(name: str, *args: Any, pool: tm.Pool, **options: Any) -> None:
    function = getattr(fused, name)
    expected = told(numpys(name), args, options)
    found = told(lambda *args, **options: function(*args, pool=pool, **options), args, options)
    assert found[:2] == expected[:2]
    assert len(found[2]) == len(expected[2])
    for mine, theirs in zip(found[2], expected[2], strict=True):
        assert mine[:2] == theirs[:2]
        if theirs[2] == __file__:  # NumPy's own lines are the same; the user's are this file's
            assert mine[2] == __file__
        else:
            assert mine[2:] == theirs[2:]


@pytest.fixture(scope="module", params=[1, 2, 3, 7])
def pool(request: pytest.FixtureRequest) -> Iterator[tm.Pool]:
    with tm.Pool(request.param) as made:
        yield made


@pytest.fixture(autouse=True)
def columns_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "COLUMNS_LEAST", 0)
    monkeypatch.setattr(fused, "MOMENTS_LEAST", 0)


CONTENTS = ("normal", "nans", "all-nan rows", "unlike nans", "infinities", "zeros")


def array(shape: tuple[int, ...], char: str, content: str) -> np.ndarray:
    rng = np.random.default_rng(len(content))
    x = rng.normal(0, 3, shape).astype(char)
    if content == "zeros":
        x[...] = 0
        if x.dtype.kind in "fc":
            x[..., ::2] *= -1
    if x.dtype.kind not in "fc":
        return x
    places = rng.random(shape)
    if content == "nans":
        x[places < 0.1] = np.nan
    elif content == "all-nan rows":
        x[..., 3 : 3 + 2] = np.nan
        x[1:2] = np.nan
    elif content == "unlike nans":
        x[places < 0.1] = np.nan
        x[places > 0.9] = -np.nan
        if char == "d":
            x.view(np.uint64)[places > 0.95] = 0x7FF8000000000077
    elif content == "infinities":
        x[places < 0.05], x[places > 0.95] = np.inf, -np.inf
    return x


SHAPES = [(7,), (4095,), (70_001,), (9, 1000), (120, 517), (3, 8192), (40, 5, 640), (1, 5000), (300, 20)]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["var", "std", "nansum", "nanprod", "nanmean", "nanvar", "nanstd"])
@pytest.mark.filterwarnings("ignore")
def test_reductions(name: str, content: str, pool: tm.Pool) -> None:
    for shape, char in itertools.product(SHAPES, "fdD"):
        x = array(shape, char, content)
        for axis in (None, *range(len(shape)), -1, tuple(range(len(shape)))[:2]):
            compare(name, x, axis, pool=pool)


@pytest.mark.parametrize("name", ["var", "nanstd", "nansum", "nanmean"])
def test_options_of_reductions(name: str, pool: tm.Pool) -> None:
    x = array((60, 1030), "d", "nans")
    for axis in (None, 0, 1):
        compare(name, x, axis=axis, keepdims=True, pool=pool)
        compare(name, x, axis, np.float32, pool=pool)
        compare(name, x, axis, int, pool=pool)
        compare(name, x, axis, where=x > 0, pool=pool)
        compare(name, x, axis, out=np.empty(np.sum(x, axis).shape), pool=pool)
        compare(name, x, axis, out=np.empty(3), pool=pool)
        if name in ("var", "nanstd"):
            compare(name, x, axis, ddof=1, pool=pool)
            compare(name, x, axis, ddof=5000, keepdims=True, pool=pool)
            compare(name, x, axis, ddof=0.5, pool=pool)
            compare(name, x, axis, correction=1, ddof=1, pool=pool)
        if name == "nansum":
            compare(name, x, axis, initial=3.5, pool=pool)
    for wrong in (2, -3, "x", 1.0, (0, 0)):
        compare(name, x, wrong, pool=pool)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["isclose", "allclose"])
def test_closeness(name: str, content: str, pool: tm.Pool) -> None:
    for shape, char in itertools.product([(7,), (70_001,), (60, 1030)], "?iefdFDg"):
        x = array(shape, char, content)
        y = x.copy()
        y[..., ::50] = 0
        compare(name, x, y, pool=pool)
        compare(name, x, y, equal_nan=True, rtol=1e-3, atol=1, pool=pool)
        compare(name, x, 1.5, pool=pool)
        compare(name, x, y[..., 1:], pool=pool)
        compare(name, x, y, "x", pool=pool)


@pytest.mark.parametrize("content", CONTENTS)
def test_nan_to_num(content: str, pool: tm.Pool) -> None:
    for shape, char in itertools.product([(7,), (70_001,), (60, 1030)], "?iefdFDg"):
        x = array(shape, char, content)
        compare("nan_to_num", x, pool=pool)
        compare("nan_to_num", x, nan=-1.5, posinf=7, neginf=-(2.0**40), pool=pool)
        mine, theirs = x.copy(), x.copy()
        assert fused.nan_to_num(mine, copy=False, pool=pool) is mine
        np.nan_to_num(theirs, copy=False)
        assert bits(mine) == bits(theirs)
        if char not in "efdg":
            assert not fused.nan_to_num.explain(x, pool=pool).parallel  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.filterwarnings("ignore")
def test_functions_along_an_axis(content: str, pool: tm.Pool) -> None:
    for shape, char in itertools.product([(70_001,), (60, 1030), (20, 5, 640)], "fdD"):
        x = array(shape, char, content)
        for axis in range(len(shape)):
            weights = np.abs(array((shape[axis],), "d", "normal"))
            compare("ptp", x, axis, pool=pool)
            compare("norm", x, None, axis, pool=pool)
            compare("norm", x, 2, axis, True, pool=pool)
            compare("norm", x, 1, axis, pool=pool)
            compare("average", x, axis, pool=pool)
            compare("average", x, axis, weights, pool=pool)
            compare("average", x, axis, weights, True, pool=pool)
            compare("average", x, axis, weights * 0, pool=pool)
            compare("trapezoid", x, None, 0.5, axis, pool=pool)
            compare("trapezoid", x, weights, axis=axis, pool=pool)
            compare("gradient", x, axis=axis, pool=pool)
            compare("gradient", x, 2.0, axis=axis, edge_order=2, pool=pool)
            compare("gradient", x, weights.cumsum(), axis=axis, pool=pool)
        compare("gradient", x, pool=pool)
        compare("average", x, weights=np.abs(x.real), pool=pool)
        compare("average", x, weights=np.ones(3), pool=pool)


LAYOUTS = {
    "strided": lambda x: x[:, ::2],
    "reversed": lambda x: x[::-1],
    "turned": lambda x: x.T,
    "broadcast": lambda x: np.broadcast_to(x[0], x.shape),
    "byte-swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "misaligned": lambda x: np.frombuffer(b"0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "masked": lambda x: np.ma.masked_greater(x, 1),
    "subclass": lambda x: np.asmatrix(x),
    "list": lambda x: x[:5, :7].tolist(),
    "objects": lambda x: x[:9, :9].astype(object),
    "integers": lambda x: np.nan_to_num(x, nan=3, posinf=1, neginf=2).astype("i4"),
    "booleans": lambda x: x > 0,
    "half": lambda x: x.astype("e"),
    "long": lambda x: x.astype("g"),
    "dates": lambda x: np.arange(x.size).view("m8[s]").reshape(x.shape),
    "empty": lambda x: x[:0],
    "number": lambda x: x[0, 0],
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_any_argument(name: str, layout: str, pool: tm.Pool) -> None:
    x = LAYOUTS[layout](array((80, 1030), "d", "nans"))
    more = (x,) if name in ("isclose", "allclose") else ()
    compare(name, x, *more, pool=pool)
    if name not in ("isclose", "allclose", "nan_to_num"):
        compare(name, x, axis=0, pool=pool)
        compare(name, x, axis=-1, pool=pool)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_calls(name: str, pool: tm.Pool) -> None:
    x = np.ones(70_000)
    compare(name, pool=pool)
    compare(name, x, nonsense=3, pool=pool)
    compare(name, *[x] * 12, pool=pool)
    with pytest.raises(TypeError, match="pool must be"):
        getattr(fused, name)(x, pool=3)


def test_warnings_come_from_the_users_line() -> None:
    x = np.full((40, 600), np.nan)
    for name, options in (
        ("nanmean", {"axis": 0}),
        ("nanmean", {}),
        ("nanvar", {"axis": 1}),
        ("var", {"ddof": 10**6}),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(fused, name)(x, **options, pool=tm.Pool(2))
            getattr(np, name)(x, **options)
        mine, theirs = caught[: len(caught) // 2], caught[len(caught) // 2 :]
        assert mine
        for one, other in zip(mine, theirs, strict=True):
            assert (one.filename, str(one.message)) == (other.filename, str(other.message))
            assert one.lineno == other.lineno - (one.filename == __file__)


def test_errors_raise_where_numpy_raises(pool: tm.Pool) -> None:
    x = array((100, 1030), "d", "infinities")
    with np.errstate(all="raise"):
        for axis in (None, 0, 1):
            compare("var", x, axis, pool=pool)
            compare("nanvar", x, axis, pool=pool)


@sums_fold
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["var", "std", "nansum", "nanmean", "nanvar", "nanstd"])
def test_reductions_store_no_array_of_the_operands_size(name: str, axis: int | None) -> None:
    x = array((2000, 1000), "d", "nans")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        explained = tm.fuse(getattr(np, name), pool=tm.Pool(2)).explain(x, axis)
    readings = 2 if "var" in name or "std" in name else 1
    assert explained.moved < (readings + 0.3) * x.nbytes + (axis is None) * 4 * x.nbytes, explained


@sums_fold
def test_columns_are_added_in_the_pass_that_makes_them() -> None:
    x = np.linspace(0, 1, 500_000).reshape(500, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        explained = tm.fuse(lambda x: (np.square(x).sum(0), (x > 0.5).sum(0))).explain(x)
    assert explained.passes == 1
    assert str(explained).count("add.reduce") == 2


def test_what_reads_columns_waits_for_the_pass(pool: tm.Pool) -> None:
    def program(x: Any) -> Any:
        doubled = x * 2
        return doubled - doubled.sum(0), doubled - doubled.sum(0, keepdims=True)

    x = array((100, 1000), "d", "normal")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        found = tm.fuse(program, pool=pool)(x)
    for mine, theirs in zip(found, program(x), strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_like_nans_leave_no_tile_open(monkeypatch: pytest.MonkeyPatch) -> None:
    x = array((200, 1000), "d", "nans")

    def settle(*args: Any) -> None:
        raise AssertionError("NumPy was asked")

    monkeypatch.setattr("threadmill.fusion.running.settle", settle)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for axis in (0, 1):
            tm.fuse(np.nanvar, pool=tm.Pool(2))(x, axis)
            tm.fuse(np.nansum, pool=tm.Pool(2))(x, axis)
    assert open_tiles.settle is not settle


def test_small_arrays_are_numpys() -> None:
    assert "fewer than" in str(fused.var.explain(np.ones(100)))


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_FUSE", "0")
    assert "THREADMILL_FUSE" in str(fused.nanprod.explain(np.ones(100_000), pool=tm.Pool(2)))
