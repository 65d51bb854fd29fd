"""Fused functions of Series, DataFrames and DataArrays: the plain function is the oracle."""

import operator
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.labelled import numbers, seen, shown

import threadmill as tm

pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray")

N = 66_001  # enough for a call to be fused
ROWS = N // 3 + 1

THREE = tm.Pool(3)


def series(seed: int = 0, name: str = "a", dtype: str = "f8") -> Any:
    return pd.Series(numbers(dtype, N, seed), name=name)


def frame(seed: int = 0) -> Any:
    return pd.DataFrame(numbers(n=3 * ROWS, seed=seed).reshape(ROWS, 3), columns=list("abc"))


def array(seed: int = 0, **attrs: Any) -> Any:
    dates = pd.date_range("2000", periods=N, freq="s")
    coords = {"t": ("t", dates), "z": ("t", numbers(n=N, seed=9))}
    return xr.DataArray(numbers(n=N, seed=seed), dims="t", coords=coords, name="wind", attrs=attrs)


def roots(a: Any, b: Any, c: Any) -> Any:
    return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)


def raises(x: Any) -> Any:
    _ = x * 2 + 1
    raise LookupError("told", (x + 1).name)


def changed_by_loc(x: Any) -> Any:
    before = x * 2
    x.loc[5:9] = 7.0
    return before, x * 2, before + x


def changed_in_place(x: Any) -> Any:
    before = x * 2
    y = x
    x += 1
    return before, x * 3, y


def changed_by_method(x: Any) -> Any:
    before = x - 1
    x.fillna(0, inplace=True)
    return before, x + 1


def written_by_element(x: Any) -> Any:
    y = x + 1
    y[3] = 8.0
    y.iloc[4] = 9.0
    return y * 2, x


def renamed(x: Any) -> Any:
    y = x * 2
    x.name = "new"
    return y, x + 1


def columns_written(x: Any) -> Any:
    x["d"] = x["a"] * x["b"]
    return x, x["d"] + 1


def clipped_in_a_loop(x: Any) -> Any:
    for k in range(5):
        x = x * 0.5 + k
        if k == 3:
            x = x.clip(0, 2)
    return x


OF_ONE: dict[str, Callable[[Any], Any]] = {
    "itself": lambda x: x,
    "as it is": lambda x: (x, x * 2, x),
    "score": lambda x: (x - x.mean()) / x.std(),
    "numbers": lambda x: (x + 1) * 2.5 - np.float64(3) / 7 + np.int64(2),
    "turned": lambda x: 1 - 2.5 * (3 / x),
    "float32": lambda x: x * np.float32(1 / 3),
    "true": lambda x: x * True,
    "powers": lambda x: (abs(x) ** 0.5, x**2, 2**x, x**-1),
    "ints": lambda x: (x // 2, x % 3, divmod(x, 2), 7 // x, 7 % x, divmod(7, x)),
    "signs": lambda x: (-x, +x, abs(x), ~(x > 0), -(x * 2)),
    "compared": lambda x: ((x > 0) & (x < 1)) | (x != x) ^ (x >= 2),
    "exp": lambda x: np.exp(np.abs(x) * 0.01) + np.sqrt(x),
    "errors": lambda x: (np.log(x), x / 0, np.sqrt(-abs(x))),
    "maximum": lambda x: np.maximum(x, 0) + np.minimum(0.5, x) + np.logaddexp(x, np.float32(1)),
    "several": lambda x: np.modf(x + 1),
    "where": lambda x: np.where(x > 0, x * 2, 0),
    "method where": lambda x: (x + 1).where(x > 0) + 1,
    "mask": lambda x: (x[x > 0] * 2, len(x[x > 0])),
    "numpys": lambda x: [
        np.sum(x),
        np.mean(x * 2),
        np.median(x),
        np.clip(x, 0, 1),
        np.round(x, 2),
        np.cumsum(x),
    ],
    "methods": lambda x: [
        x.sum(),
        (x * 2).max(),
        x.clip(0, 1) * 2,
        x.fillna(0) + 1,
        x.round(1),
        x.isna().sum(),
    ],
    "shape": lambda x: (x.shape, x.size, x.ndim, len(x + 1)),
    "class": lambda x: (isinstance(x, type(x * 2)), (x + 1).__class__, isinstance(x + 1, list)),
    "bool": lambda x: bool(x > 0),
    "missing": lambda x: (x + 1).nothing_of_the_kind,
    "wrong": lambda x: x + "text",
    "array": lambda x: np.asarray(x * 2) + np.array(x),
    "element-wise beside": lambda x: x + np.arange(x.size).reshape(x.shape),
    "beside, first": lambda x: np.arange(x.size).reshape(x.shape) + x,
    "tuple": lambda x: (x * 2, {"b": x + 1, "c": [x - 1]}),
    "a large loop": clipped_in_a_loop,
    "raises": raises,
    "changed in place": changed_in_place,
    "text": lambda x: (repr(x + 1), str(x * 2), f"{x}"),
    "sum of it": lambda x: sum([x, x * 2, x]),
    "round": lambda x: round(x * 2, 1),
    "equal": lambda x: (x.equals(x * 1), (x * 2).equals(x + x)),
}
OF_A_SERIES: dict[str, Callable[[Any], Any]] = {
    "index": lambda x: (x.index, (x * 2).index, x.name, (x + 1).dtype, x.dtype),
    "rolling": lambda x: x.rolling(3).mean() - x,
    "shift": lambda x: x.shift(1) - x + x.diff(),
    "turned labels": lambda x: x + (x * 2)[::-1],
    "some labels": lambda x: x + x[7:],
    "values": lambda x: (x.values * 2, (x + 1).to_numpy() + x),
    "concat": lambda x: pd.concat([x, x * 2]),
    "frame of it": lambda x: pd.DataFrame({"a": x, "b": x * 2}),
    "series of it": lambda x: (pd.Series(x * 2), pd.isna(x * 2), pd.to_numeric(x + 1)),
    "rename": lambda x: x.rename("z") * 2 + x,
    "groupby": lambda x: (x * 2).groupby(x > 0).mean(),
    "astype": lambda x: x.astype("f4") * 2,
    "iloc": lambda x: ((x * 2).iloc[5], x.loc[7], (x + 1)[3], list((x + 1).head(3)), 3 in x + 1),
    "itself by it": lambda x: (x @ x, x.dot(x * 2)),
    "apply": lambda x: (x * 2).head(50).apply(lambda v: v + 1),
    "changed by loc": changed_by_loc,
    "changed by a method": changed_by_method,
    "written by element": written_by_element,
    "renamed": renamed,
    "list": lambda x: x + list(range(len(x))),
    "missing values": lambda x: x.isna() & (x.fillna(1) > 0),
    "ufuncs' methods": lambda x: (
        np.add.reduce(x * 2),
        np.add.accumulate(x),
        np.add(x, 1, out=np.zeros(len(x))),
    ),
    "strong numbers": lambda x: np.hypot(x, np.float64(2)) + np.arctan2(2, x),
}
OF_A_FRAME: dict[str, Callable[[Any], Any]] = {
    "columns": lambda x: (x["a"] * x["b"] + x.c, x[["a"]] * 2, x.columns),
    "transposed": lambda x: (x.T.shape, (x * 2).head().T),
    "sums": lambda x: (x.sum(), x.sum(axis=1) + x["a"], (x * 2).mean(axis=1)),
    "by a row": lambda x: x - x.mean(),
    "by a column": lambda x: x.sub(x["a"], axis=0),
    "columns written": columns_written,
    "other columns": lambda x: x + x[["b", "c"]],
    "iloc": lambda x: (x.iloc[:, 0] * 2, (x + 1).iloc[3], (x * 2).loc[5, "b"]),
    "query": lambda x: ((x * 2)[x["a"] > 0], x.describe()),
}
OF_AN_ARRAY: dict[str, Callable[[Any], Any]] = {
    "reduced": lambda x: (x.mean(), x.std("t"), (x * 2).max().item(), x - x.mean("t")),
    "selected": lambda x: (x.isel(t=slice(5, 50)) * 2, x.sel(t=x.t[:9]) + 1, x + x[7:]),
    "coords": lambda x: x.assign_coords(y=x * 2) + x.z,
    "data set": lambda x: (x * 2).to_dataset(name="q").assign(r=x + 1),
    "variable": lambda x: (x * 2).variable + 1,
    "where method": lambda x: x.where(x > 0, 0) * 2,
    "xarray's": lambda x: xr.where(x > 0, x, -x) + xr.concat([x, x * 2], "k").sum("k"),
    "in pandas": lambda x: (x * 2).to_series() + 1,
    "rolled": lambda x: x.roll(t=1) - x.shift(t=1) + x.diff("t"),
    "values": lambda x: (x.values + 1, (x * 2).data, np.asarray(x)),
    "attrs": lambda x: (x.attrs, (x * 2).attrs, x.dims, x.name),
}
CASES = [
    *[(f, name, kind) for kind in (series, frame, array) for name, f in OF_ONE.items()],
    *[(f, name, series) for name, f in OF_A_SERIES.items()],
    *[(f, name, frame) for name, f in OF_A_FRAME.items()],
    *[(f, name, array) for name, f in OF_AN_ARRAY.items()],
]


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, its texts of warnings, and what has become of its arguments."""
    found, told = seen(lambda: deep(f(*args)))
    return found, sorted({(str(category), text) for category, text, *_ in told}), deep(args)


def deep(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return [type(x), *[deep(each) for each in x]]
    if isinstance(x, dict):
        return {key: deep(each) for key, each in x.items()}
    return shown(x)


@pytest.mark.parametrize(("f", "name", "kind"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_is_what_the_plain_function_gives(f: Any, name: str, kind: Any) -> None:
    with_attrs = {"units": "m"} if kind is array else {}
    ours = outcome(tm.fuse(f, pool=THREE), kind(**with_attrs))
    assert ours == outcome(f, kind(**with_attrs))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [series, frame, array])
def test_is_one_pass(kind: Any) -> None:
    args = [abs(kind(k)) for k in range(3)]
    fused = tm.fuse(lambda a, b, c: (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a), pool=THREE)
    assert fused.explain(*args).passes == 1
    assert outcome(fused, *args)[0] == outcome(roots, *args)[0]


MIXED: dict[str, Callable[[], tuple[Any, ...]]] = {
    "names": lambda: (series(0), series(1, "b")),
    "name and none": lambda: (series(0), series(1, None)),  # type: ignore[arg-type]
    "the same": lambda: (series(),) * 2,
    "labels turned": lambda: (series(0), series(1)[::-1]),
    "other labels": lambda: (series(0)[: N // 2], series(1)[5:]),
    "named labels": lambda: (series(0).rename_axis("k"), series(1)),
    "same label": lambda: tuple(pd.Series(numbers(n=N), index=np.zeros(N, "i8")) for _ in range(2)),
    "objects": lambda: (series(0).astype(object)[:300], series(1)),
    "nullable": lambda: (series(0).astype("Float64")[:99], series(1)[:99]),
    "dates": lambda: (pd.Series(pd.date_range("2000", periods=N, freq="s")), pd.Timedelta(1, "s")),
    "attrs": lambda: (with_attrs(series(0)), series(1)),
    "subclass": lambda: (Lengths(numbers(n=N)), series(1)),
    "float32": lambda: (series(0, dtype="f4"), series(1)),
    "float32s": lambda: (series(0, dtype="f4"), series(1, dtype="f4")),
    "ints": lambda: (series(0, dtype="i8"), series(1, dtype="i8")),
    "small ints": lambda: (series(0, dtype="i1"), 300),
    "unsigned": lambda: (series(0, dtype="u4"), series(1, dtype="u4")),
    "bools": lambda: (series(0) > 0, series(1) > 0),
    "frames": lambda: (frame(0), frame(1)),
    "frame, series": lambda: (frame(0), frame(0).iloc[0]),
    "series, frame": lambda: (series(0)[:9], frame(0)[:9]),
    "other columns": lambda: (frame(0), frame(1)[["c", "a"]]),
    "columns of two dtypes": lambda: (frame(0).assign(b=1), frame(1)),
    "array, series": lambda: (numbers(n=N, seed=5), series(1)),
    "series, array": lambda: (series(1), numbers(n=N, seed=5)),
    "arrays": lambda: (array(0), array(1, units="m")),
    "array, late": lambda: (array(0), array(1)[5:]),
    "array, plain": lambda: (array(0), numbers(n=N, seed=5)),
    "series, number": lambda: (series(), 0),
}


class Lengths(pd.Series):
    @property
    def _constructor(self) -> Any:
        return Lengths


def with_attrs(x: Any) -> Any:
    x.attrs["unit"] = "m"
    return x


OPERATIONS: list[list[Callable[[Any, Any], Any]]] = [
    [operator.add, operator.mul, operator.truediv],
    [operator.lt, operator.eq],
    [operator.and_],
    [np.logaddexp, np.maximum, np.not_equal],
    [np.multiply, np.floor_divide],
]


@pytest.mark.parametrize("name", MIXED)
def test_of_two(name: str) -> None:
    turn = list(MIXED).index(name)  # each meets one operation of a kind, and each operation many of them
    for operate in [operations[turn % len(operations)] for operations in OPERATIONS]:
        f = lambda x, y, operate=operate: operate(x, y)  # noqa: E731
        args = [MIXED[name]() for _ in range(2)]
        assert outcome(tm.fuse(f, pool=THREE), *args[0]) == outcome(f, *args[1]), operate


def test_where_pandas_uses_numexpr() -> None:
    n = 1_100_003
    for dtype in "f8", "f4", "i8", "i4":
        x, y = (pd.Series(numbers(dtype, n, seed)) for seed in (0, 1))
        for f in (
            lambda x, y: x + y * 2.5 - x / 3,
            lambda x, y: x**2.5 + y**2,
            lambda x, y: (x < y) & (x > 1),
        ):
            ours, plain = tm.fuse(f, pool=THREE)(x, y), f(x, y)
            assert shown(ours) == shown(plain)


def test_explain_says_what_goes_as_it_is() -> None:
    fused = tm.fuse(lambda x, y: x + y, pool=THREE)
    y = series(1)
    for x, why in (
        (y.astype(object), "its dtype is object"),
        (frame().assign(b=1), "its columns have 2 dtypes"),
        (with_attrs(series()), "it has attrs or flags"),
        (Lengths(numbers(n=N)), "its class is not"),
    ):
        assert why in fused.explain(x, 1), why
    told = fused.explain(series()[::-1], y)
    assert "pandas' add" in told
    assert told.passes == 0


def test_lazy_ones_stay_lazy() -> None:
    pytest.importorskip("dask.array")
    lazy = array().chunk({"t": 10_000})
    fused = tm.fuse(lambda x: np.sqrt(x * 2), pool=THREE)
    assert type(fused(lazy).data) is type(lazy.data)
    assert "its data are a Array" in fused.explain(lazy)


@pytest.mark.filterwarnings("ignore")
def test_many_threads_at_once() -> None:
    x = series()
    f = lambda x: (x - x.mean()) / x.std() * np.sqrt(abs(x))  # noqa: E731
    fused, wanted = tm.fuse(f, pool=THREE), shown(f(x))
    found: list[Any] = []

    def work() -> None:
        found.extend(shown(fused(x)) == wanted for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [True] * 20


def test_an_interrupt_in_the_middle_changes_nothing() -> None:
    """As a notebook's: what was put off is let go, the arguments stay, and the next call is right."""
    for kind in series, frame, array:
        x, before = kind(), shown(kind())

        def interrupted(x: Any) -> Any:
            y = x * 2 + 1
            raise KeyboardInterrupt
            return y

        fused = tm.fuse(interrupted, pool=THREE)
        with pytest.raises(KeyboardInterrupt):
            fused(x)
        assert shown(x) == before
        f = lambda x: np.sqrt(abs(x)) * 2  # noqa: E731
        assert shown(tm.fuse(f, pool=THREE)(x)) == shown(f(x))


def test_nothing_is_kept() -> None:
    code = """
import gc, weakref, numpy as np, pandas as pd, xarray as xr, threadmill as tm
fused = tm.fuse(lambda x: np.sqrt(x * 2 + x.mean()) - 1)
for make in pd.Series, lambda x: pd.DataFrame(x.reshape(-1, 2)), xr.DataArray:
    x = make(np.ones(10**6))
    y = fused(x)
    gone = weakref.ref(x), weakref.ref(y)
    del x, y
    gc.collect()
    print([each() for each in gone])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[None, None]\n" * 3
