"""How fast are ufuncs and fused functions of objects of pandas and xarray, beside the same without us?"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Plan, Row, compare

try:
    import pandas as pd
    import xarray as xr
except ImportError:
    pd = None

__all__ = ["run"]


def run(plan: Plan) -> Iterator[Row | str]:
    if pd is None:
        yield "pandas and xarray are not installed"
        return
    n = 100_000 if plan.smoke else 10**6
    a, b, c = np.random.default_rng(0).uniform(1, 2, (3, n))
    kinds: dict[str, Callable[[Any], Any]] = {
        "Series": pd.Series,
        "DataFrame of 4 columns": lambda x: pd.DataFrame(x.reshape(-1, 4).copy()),
        "DataArray": partial(xr.DataArray, dims="x", coords={"x": np.arange(n)}),
    }
    # Without numexpr: pandas' own arithmetic is NumPy's then.
    with default_pool_of(plan.threads), pd.option_context("compute.use_numexpr", False):
        for kind, make in kinds.items():
            x, y, z = make(a), make(b + 10), make(c)
            exp, add = tm.parallel(np.exp), tm.parallel(np.add)
            yield from _rows(plan, f"exp of a {kind}, {n:,}", exp, np.exp, x)
            yield from _rows(plan, f"add 1 to a {kind}, {n:,}", add, np.add, x, 1)
            yield from _rows(plan, f"roots of 3 x {kind}, {n:,}, fused", tm.fuse(_roots), _roots, x, y, z)
            yield from _rows(plan, f"score of a {kind}, {n:,}, fused", tm.fuse(_score), _score, x)
        frame = kinds["DataFrame of 4 columns"](np.repeat(a, 4))
        if int(pd.__version__.partition(".")[0]) >= 3:
            engine = partial(frame.apply, _wave, engine=tm)
            yield from _rows(plan, f"apply to 4 columns of {n:,}", engine, partial(frame.apply, _wave))
            some = pd.Series(a[: n // 10])
            ours, plain = partial(some.map, _wave, engine=tm), partial(some.map, _wave)
            yield from _rows(plan, f"map of a Series of {n // 10:,}", ours, plain)


def _rows(
    plan: Plan, what: str, ours: Callable[..., Any], plain: Callable[..., Any], *args: Any
) -> list[Row]:
    return compare(
        plan, what, {"threadmill": partial(ours, *args), "plain": partial(plain, *args)}, targets={}
    )


def _roots(a: Any, b: Any, c: Any) -> Any:
    return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)


def _score(x: Any) -> Any:
    return (x - x.mean()) / x.std()


def _wave(x: Any) -> Any:
    return np.sqrt(x) * np.sin(x) + 1
