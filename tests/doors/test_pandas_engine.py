"""threadmill as pandas' execution engine: what pandas gives without one is the oracle."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.labelled import numbers, seen

import threadmill as tm

pd = pytest.importorskip("pandas")

NEW = int(pd.__version__.partition(".")[0]) >= 3
N = 66_001

new = pytest.mark.skipif(not NEW, reason="pandas asks for engines from version 3 on")


def frame(rows: int = N) -> Any:
    return pd.DataFrame(numbers(n=3 * rows).reshape(rows, 3), columns=list("abc"))


def scaled(x: Any, by: float = 2.0, *, plus: float = 1.0) -> Any:
    return abs(x) * by + plus


COLUMNS: dict[str, Callable[[Any], Any]] = {
    "score": lambda x: (x - x.mean()) / x.std(),
    "sum": lambda x: x.sum(),
    "labels": lambda x: x.describe(),
    "longest": lambda x: x[x > 0],
    "name": lambda x: x.name,
    "fails": lambda x: x + "text",
}


@new
@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name: str) -> None:
    f, x = COLUMNS[name], frame()
    assert seen(lambda: x.apply(f, engine=tm)) == seen(lambda: x.apply(f))
    assert seen(lambda: x.apply(f, engine=tm, axis="index")) == seen(lambda: x.apply(f, axis="index"))


@new
@pytest.mark.parametrize("name", COLUMNS)
def test_rows(name: str) -> None:
    f, x = COLUMNS[name], frame(20)
    assert seen(lambda: x.apply(f, engine=tm, axis=1)) == seen(lambda: x.apply(f, axis=1))


@new
def test_other_arguments() -> None:
    x = frame()
    mixed = x.assign(d=1, e="text")
    for call in (
        lambda **engine: x.apply(scaled, args=(3.0,), plus=2.0, **engine),
        lambda **engine: x.apply(np.sqrt, **engine),
        lambda **engine: x.apply("sum", **engine),
        lambda **engine: x.apply(["sum", "max"], **engine),
        lambda **engine: x.apply(lambda c: c * 2, raw=True, **engine),
        lambda **engine: x[:20].apply(lambda c: c.sum(), raw=True, axis=1, **engine),
        lambda **engine: mixed.apply(lambda c: c * 2, **engine),
        lambda **engine: x[:0].apply(lambda c: c * 2, **engine),
    ):
        assert seen(lambda call=call: call(engine=tm)) == seen(call)


@new
def test_elements() -> None:
    for dtype in "f8", "i8", "?":
        x = pd.Series(numbers(dtype, N), name="a", index=np.arange(N)[::-1])
        for f in (lambda v: v * 2 + 1, lambda v: v > 0, lambda v: 7.5):
            assert seen(lambda x=x, f=f: x.map(f, engine=tm)) == seen(lambda x=x, f=f: x.map(f))
    x = pd.Series(numbers(n=N))
    assert seen(lambda: x.map(scaled, engine=tm, by=3.0)) == seen(lambda: x.map(scaled, by=3.0))
    asked: list[Any] = []

    def present(v: Any) -> Any:
        asked.append(np.isnan(v).any())
        return v + 1

    ours = x.map(present, engine=tm, na_action="ignore")
    assert asked == [False]
    assert seen(lambda: ours) == seen(lambda: x.map(lambda v: v + 1, na_action="ignore"))


@new
def test_elements_that_are_no_numbers_are_pandas_to_map() -> None:
    for x in (
        pd.Series(["a", None, 2.5], name="a"),
        pd.Series([1, 2.5, None], dtype=object),
        pd.Series([1, None], dtype="Int64"),
        pd.Series(list("aba"), dtype="category"),
        pd.Series(pd.date_range("2000", periods=3)),
    ):
        for f, action in (str, None), (lambda v: v * 2, "ignore"):
            ours = seen(lambda x=x, f=f, action=action: x.map(f, engine=tm, na_action=action))
            assert ours == seen(lambda x=x, f=f, action=action: x.map(f, na_action=action))


@new
def test_a_result_of_another_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"shape \(66001,\), got \(2,\).* once, with all elements"):
        pd.Series(numbers(n=N)).map(lambda v: v[:2], engine=tm)


@new
def test_the_function_is_fused() -> None:
    kinds: set[str] = set()

    def function(v: Any) -> Any:
        kinds.add(type(v).__module__)
        return v * 2

    pd.Series(numbers(n=N)).map(function, engine=tm)
    frame().apply(function, engine=tm)
    assert kinds >= {"threadmill.fusion.lazy", "threadmill.fusion.frames"}


@pytest.mark.skipif(NEW, reason="pandas is new enough")
def test_older_pandas_is_an_error() -> None:
    with pytest.raises(ImportError, match="an engine for pandas 3 and later, and this is pandas 2"):
        _ = tm.__pandas_udf__


def test_no_pandas_no_engine() -> None:
    code = "import sys; sys.modules['pandas'] = None; import threadmill; threadmill.__pandas_udf__"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: import of pandas halted")
