"""Ufuncs of pandas' and xarray's classes: what NumPy's give is the oracle, and our threads run the loops."""

import datetime
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.labelled import N, numbers, seen, shown

import threadmill as tm
from threadmill.arrays import labelled

pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray")

UNARY = "exp log sqrt sin floor rint isnan negative absolute positive sign square reciprocal".split()  # noqa: SIM905
BINARY = """
    add subtract multiply true_divide floor_divide remainder power divmod logaddexp hypot maximum fmin arctan2
    copysign equal not_equal less less_equal greater greater_equal logical_and
""".split()  # noqa: SIM905


def labelled_calls() -> dict[str, tuple[Any, ...]]:
    """Operands by name: guests alone, beside each other, beside numbers and arrays."""
    n = N
    dates = pd.date_range("2000", periods=n, freq="s")
    series = pd.Series(numbers(), name="a")
    other = pd.Series(numbers(seed=1), name="b")
    dated = pd.Series(numbers(seed=2), index=dates, name="a")
    told = pd.Series(numbers(seed=2), name="a")
    told.attrs["unit"] = "m"
    ints = pd.Series(numbers("i8"), name="a")
    small = pd.Series(numbers("i1"), name="a")
    frame = pd.DataFrame(numbers(n=4 * n).reshape(n, 4), columns=list("abcd"), index=dates)
    mixed = pd.DataFrame({"a": numbers(), "b": numbers("f4"), "c": numbers("i4")})
    twice = pd.Series(numbers(), index=np.zeros(n, "i8"), name="a")
    grid = xr.DataArray(
        numbers(n=4 * n).reshape(n, 4),
        dims=("t", "x"),
        coords={"t": ("t", dates), "x": list("abcd"), "z": ("t", numbers())},
        name="wind",
        attrs={"units": "m"},
    )
    line = xr.DataArray(numbers(seed=3), dims="t", coords={"t": dates}, name="wind")
    late = xr.DataArray(numbers(seed=3)[5:], dims="t", coords={"t": dates[5:]}, name="rain")
    data = xr.Dataset({"wind": grid, "rain": line, "count": ("t", numbers("i4"))}, attrs={"title": "t"})
    return {
        "series": (series,),
        "series, series": (series, other),
        "series, itself": (series, series),
        "series, 2": (series, 2),
        "2.5, series": (2.5, series),
        "series, float64": (series, np.float64(2.5)),
        "float32, series": (np.float32(2.5), pd.Series(numbers("f4"))),
        "float32 series, float64": (pd.Series(numbers("f4")), np.float64(1 / 3)),
        "series, array": (series, numbers(seed=4)),
        "array, series": (numbers(seed=4), series),
        "series, other labels": (series[:300], dated[:300]),
        "series, some labels": (series, other[7:]),
        "series, labels turned": (series, other[::-1]),
        "dated, dated": (dated, dated * 2),
        "attrs": (told,),
        "attrs, attrs": (told, told),
        "attrs, 2": (told, 2),
        "ints, 3": (ints, 3),
        "ints, 0": (ints, 0),
        "ints, ints": (ints, ints),
        "ints, series": (ints, series),
        "int8, 200": (small, 200),
        "int8, 1": (small, 1),
        "bools, bools": (series > 0, other > 0),
        "bools": (series > 0,),
        "same label": (twice, twice * 2),
        "objects": (pd.Series([1.5, 2, None] * 100, dtype=object),),
        "objects, 2": (pd.Series([1.5, 2, 3] * 100, dtype=object), 2),
        "nullable": (pd.Series(numbers(n=3000), dtype="Float64"),),
        "nullable, series": (pd.Series(numbers(n=3000), dtype="Float64"), series[:3000]),
        "categories": (pd.Series(list("abc")).astype("category"),),
        "texts": (pd.Series(list("abc")), 2),
        "times": (pd.Series(dates),),
        "times, timedelta": (pd.Series(dates), datetime.timedelta(1)),
        "frame": (frame,),
        "frame, 2": (frame, 2),
        "2.5, frame": (2.5, frame),
        "frame, frame": (frame, frame + 1),
        "frame, series": (frame[:300], series[:300]),
        "frame, other columns": (frame, frame[["b", "c"]]),
        "frame, array": (frame, numbers(n=4 * n).reshape(n, 4)),
        "mixed": (mixed,),
        "mixed, 2": (mixed, 2),
        "mixed, mixed": (mixed, mixed),
        "index": (pd.Index(numbers()),),
        "index, 2": (pd.Index(numbers()), 2),
        "series, index": (series, pd.Index(numbers())),
        "empty": (series[:0],),
        "array": (grid,),
        "array, 2": (grid, 2),
        "array, line": (grid, line),
        "array, late": (grid, late),
        "variable": (grid.variable,),
        "array, variable": (grid, grid.variable),
        "series, array of xarray": (series, line),
        "data": (data,),
        "data, 2": (data, 2),
        "array, data": (grid, data),
        "strange": (series, object()),
        "list": (series[:3], [1, 2, 3]),
    }


CALLS = labelled_calls()


@pytest.fixture(autouse=True)
def operators_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "LEAST", 10_000)


@pytest.fixture(scope="module")
def three() -> Any:
    with tm.Pool(3) as pool:
        yield pool


@pytest.mark.parametrize("name", CALLS)
def test_is_what_numpy_gives(name: str, three: tm.Pool) -> None:
    args = CALLS[name]
    for each in UNARY if len(args) == 1 else BINARY:
        ufunc = getattr(np, each)
        for on_pool in {"pool": three}, {}:
            ours, its = tm.parallel(ufunc), ufunc
            pair = [
                seen(lambda call=call, options=options: call(*args, **options))
                for call, options in ((ours, on_pool), (its, {}))
            ]
            assert pair[0] == pair[1], each


@pytest.mark.parametrize("name", ["modf", "frexp"])
@pytest.mark.parametrize("guest", ["series", "frame", "mixed", "array", "data"])
def test_several_results(name: str, guest: str, three: tm.Pool) -> None:
    x = CALLS[guest]
    assert seen(lambda: getattr(tm.numpy, name)(*x, pool=three)) == seen(lambda: getattr(np, name)(*x))


def jobs(pool: tm.Pool) -> int:
    return int(pool.stats()["jobs"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "args"),
    [
        *itertools.product(["exp"], ["series", "frame", "mixed", "array", "variable", "data", "index"]),
        *itertools.product(
            ["add", "less", "logaddexp"], ["series, series", "2.5, series", "series, array", "dated, dated"]
        ),
        *itertools.product(["add", "greater"], ["2.5, frame", "mixed, 2"]),
        *itertools.product(["multiply"], ["array, line", "array, data", "same label"]),
    ],
)
def test_runs_on_our_threads(name: str, args: str, three: tm.Pool) -> None:
    before = jobs(three)
    getattr(tm.numpy, name)(*CALLS[args], pool=three)
    assert jobs(three) > before
    assert "labels" in str(tm.parallel(getattr(np, name)).explain(*CALLS[args], pool=three))


def test_errors_of_floats(three: tm.Pool) -> None:
    x = pd.Series(numbers())
    for modes in {"all": "raise"}, {"all": "ignore"}, {"divide": "raise", "invalid": "ignore"}:
        with np.errstate(**modes):
            for name, args in ("log", (x,)), ("true_divide", (x, 0)), ("log", (xr.DataArray(x),)):
                ours = seen(lambda name=name, args=args: getattr(tm.numpy, name)(*args, pool=three))
                assert ours == seen(lambda name=name, args=args: getattr(np, name)(*args))


def test_options_and_methods_are_numpys(three: tm.Pool) -> None:
    x, data = CALLS["series"][0], CALLS["array"][0]
    out = np.empty(N)
    for make in (
        lambda xp: xp.exp(x, where=numbers() > 0, out=np.zeros(N)),
        lambda xp: xp.exp(x, dtype="f4", casting="same_kind"),
        lambda xp: xp.add(x, 1, out),
        lambda xp: xp.add(x, 1, out=out) is out,
        lambda xp: xp.add(x, 1, out=x.copy()),
        lambda xp: xp.add(data, 1, out=data.copy()),
        lambda xp: xp.add.reduce(x),
        lambda xp: xp.add.reduce(data),
        lambda xp: xp.add.accumulate(x),
        lambda xp: xp.multiply.outer(x[:9], x[:9]),
        lambda xp: xp.matmul(x, x),
        lambda xp: [xp.sum(x), xp.mean(x), xp.max(data), xp.std(x), xp.median(x)],
        lambda xp: [xp.sort(x), xp.cumsum(x), xp.where(x > 0, x, 0), xp.clip(x, 0, 1), xp.nansum(data)],
        lambda xp: [xp.concatenate([x, x]), xp.searchsorted(x.dropna(), 0.5), xp.isclose(x, x), xp.unique(x)],
    ):
        assert seen(lambda make=make: make(tm.numpy)) == seen(lambda make=make: make(np))
    assert seen(lambda: tm.square(x, pool=three)) == seen(lambda: np.square(x))
    assert seen(lambda: tm.sum(x, pool=three)) == seen(lambda: np.sum(x))
    assert seen(lambda: tm.scale(data, 2.0, pool=three)) == seen(lambda: np.multiply(data, 2.0))


def test_subclasses_keep_their_class_and_their_word(three: tm.Pool) -> None:
    class Lengths(pd.Series):
        _metadata = ("unit",)

        @property
        def _constructor(self) -> Any:
            return Lengths

    class Asked(pd.Series):
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            return type(ufunc), method, len(inputs), options

    class Grid(xr.DataArray):
        __slots__ = ()

    lengths = Lengths(numbers())
    lengths.unit = "m"
    assert tm.numpy.exp(lengths, pool=three).unit == "m"
    grid, plain = Grid(numbers(), dims="x"), xr.DataArray(numbers(), dims="x")
    for make in (
        lambda xp: (xp.exp(lengths), xp.add(lengths, 1), xp.add(lengths, lengths)),
        lambda xp: xp.add(pd.Series(numbers()), lengths),
        lambda xp: (xp.exp(grid), xp.add(plain, grid), xp.add(grid, plain), xp.add(1, grid)),
    ):
        assert seen(lambda make=make: make(tm.numpy)) == seen(lambda make=make: make(np))
    assert tm.numpy.exp(Asked(numbers()), pool=three) == (np.ufunc, "__call__", 1, {})


def test_lazy_ones_stay_lazy() -> None:
    da = pytest.importorskip("dask.array")

    def never(block: Any) -> Any:
        raise AssertionError("it was computed")

    ones = da.ones(10**6, chunks=10**5).map_blocks(never, dtype="f8", meta=np.empty(0))
    lazy = xr.DataArray(ones, dims="x", coords={"x": range(10**6)})
    for made in tm.numpy.exp(lazy), tm.numpy.add(lazy, 1), tm.numpy.add(xr.Dataset({"a": lazy}), lazy)["a"]:
        assert isinstance(made.data, da.Array)
        assert made.dims == ("x",)
    tm.parallel(np.exp).explain(lazy)


# ---- other classes ----


class Duck:
    """Stands for classes that are not on this machine, of cupy's kind: it answers by both protocols."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        assert isinstance(ufunc, np.ufunc)
        return "ufunc", ufunc.__name__, method, len(inputs), sorted(options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return "function", function.__name__, len(args), sorted(options)


class Tensor:
    """Stands for torch's tensors: an array by __array__, and results by __array_wrap__."""

    __array_priority__ = 1000

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.x if dtype is None else self.x.astype(dtype)

    def __array_wrap__(self, x: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return "tensor", x.dtype, x.tobytes()


def others() -> dict[str, Any]:
    every = {
        "duck": Duck(numbers()),
        "tensor": Tensor(numbers()),
        "masked": np.ma.array(numbers(), mask=numbers() > 0),
    }
    try:
        import astropy.units

        every["quantity"] = numbers("f4") * astropy.units.m
    except ImportError:
        pass
    try:
        import sparse

        every["sparse"] = sparse.COO.from_numpy(np.where(numbers() > 2, numbers(), 0))
    except ImportError:
        pass
    return every


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["duck", "tensor", "masked", "quantity", "sparse"])
def test_other_classes_get_what_numpy_gives(name: str, three: tm.Pool) -> None:
    every = others()
    if name not in every:
        pytest.skip(f"no package with {name}")
    x = every[name]

    def outcome(call: Callable[[], Any]) -> Any:
        try:
            found = call()
        except Exception as error:
            return type(error), str(error)
        if isinstance(found, np.ma.MaskedArray):
            return type(found), shown(found.data), shown(np.ma.getmaskarray(found))
        if hasattr(found, "unit"):
            return type(found), found.unit, shown(found.value)
        if hasattr(found, "todense"):
            return type(found), shown(found.todense())
        return shown(found)

    calls = [
        lambda xp: xp.exp(x),
        lambda xp: xp.add(x, 1),
        lambda xp: xp.multiply(2.0, x),
        lambda xp: xp.add(x, numbers()),
        lambda xp: xp.add(numbers(), x),
        lambda xp: xp.add(x, pd.Series(numbers())),
        lambda xp: xp.add(pd.Series(numbers()), x),
        lambda xp: xp.add.reduce(x),
        lambda xp: xp.sum(x),
        lambda xp: xp.sort(x),
        lambda xp: xp.where(x, x, x),
    ]
    for make in calls[:2] if name == "sparse" else calls:  # it compiles each
        assert outcome(lambda make=make: make(tm.numpy)) == outcome(lambda make=make: make(np))
    ours = outcome(lambda: tm.parallel(np.sqrt)(x, pool=three))
    assert ours == outcome(lambda: np.sqrt(x))
