"""How fast are NumPy's ufuncs on all cores, beside NumPy, numexpr and numba?"""

import dataclasses
import statistics
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from . import peers
from .arrays import default_pool_of
from .harness import Call, Measure, Plan, Row, compare, measure, row

__all__ = ["run"]

COSTLY = ("sin", "cos", "exp", "log", "tanh", "arctan2", "power", "hypot", "cbrt")
CHEAP = ("add", "multiply", "sqrt", "maximum", "less")
# In numexpr's language; it has no hypot and no cbrt.
EXPRESSIONS = {
    **{name: f"{name}(x)" for name in ("sin", "cos", "exp", "log", "tanh", "sqrt")},
    **{"arctan2": "arctan2(x, y)", "power": "x ** y", "add": "x + y", "multiply": "x * y"},
    **{"maximum": "where(x > y, x, y)", "less": "x < y"},
}


def run(plan: Plan) -> Iterator[Row | str]:
    large, medium, mixed = (300_000,) * 3 if plan.smoke else (5 * 10**7, 10**6, 10**7)
    with default_pool_of(plan.threads):
        for name in COSTLY:
            yield from _rows(plan, name, medium, np.float64, {"NumPy": 1.9})
        yield from _special(plan, medium)
        for name in CHEAP:
            yield from _rows(plan, name, medium, np.float32, {"NumPy": 1.7})
        for name in ("add", "multiply", "sqrt"):
            yield from _rows(plan, name, large, np.float64, {"NumPy": 1.3})
        yield from _rows(plan, "multiply", large, np.float64, {"NumPy": 1.6}, with_out=False)
        yield from _mixed(plan, mixed)
        for size in (10, 10_000, 100_000):
            yield from _overhead(plan, size)
        yield from _all_loops(plan, medium)


def _operands(name: str, size: int, dtype: Any) -> tuple[np.ndarray, ...]:
    """Numbers between 0.5 and 2, for which every function is at home."""
    x = np.linspace(0.5, 2, size).astype(dtype)
    return (x, x[::-1].copy()) if getattr(np, name).nin == 2 else (x,)


def _rows(
    plan: Plan, name: str, size: int, dtype: Any, targets: dict[str, float], with_out: bool = True
) -> list[Row]:
    ufunc, operands = getattr(np, name), _operands(name, size, dtype)
    options = {"out": ufunc(*operands)} if with_out else {}
    calls: dict[str, Call] = {
        "threadmill": partial(tm.parallel(ufunc), *operands, **options),
        "NumPy": partial(ufunc, *operands, **options),
    }
    numexpr = peers.numexpr(plan.threads)
    if numexpr and name in EXPRESSIONS:
        names = dict(zip("xy", operands, strict=False))
        calls["numexpr"] = partial(numexpr.evaluate, EXPRESSIONS[name], local_dict=names, **options)
    if with_out and (vectorized := peers.numba_ufunc(plan.threads, name, np.dtype(dtype).name)):
        calls["numba"] = partial(vectorized, *operands, **options)
    what = f"{name} {size:,} {np.dtype(dtype)}" + ("" if with_out else ", no out")
    return compare(plan, what, calls, targets=targets)


def _special(plan: Plan, size: int) -> Iterator[Row | str]:
    try:
        from scipy import special
    except ImportError:
        yield "scipy: not installed, left out"
        return
    (x,) = _operands("sin", size, np.float64)
    for ufunc in (special.gamma, special.erf):
        out = np.empty_like(x)
        calls = {
            "threadmill": partial(tm.parallel(ufunc, trust=True), x, out=out),
            "SciPy": partial(ufunc, x, out=out),
        }
        yield from compare(plan, f"{ufunc.__name__} {size:,} float64", calls, targets={"SciPy": 1.9})


def _mixed(plan: Plan, size: int) -> list[Row]:
    x, y = np.arange(size, dtype=np.int32), np.linspace(0, 1, size)
    out = np.empty_like(y)
    calls = {
        "threadmill": partial(tm.parallel(np.add), x, y, out=out),
        "NumPy": partial(np.add, x, y, out=out),
    }
    return compare(plan, f"add {size:,} int32 + float64", calls, targets={"NumPy": 2.0})


def _overhead(plan: Plan, size: int) -> list[Row]:
    """Where NumPy is the quickest way, how much longer is ours?"""
    rows = []
    for name in ("add", "sin"):
        operands = _operands(name, size, np.float64)
        ufunc = getattr(np, name)
        calls = {"threadmill": partial(tm.parallel(ufunc), *operands), "NumPy": partial(ufunc, *operands)}
        how, target = (Measure.EXCESS, 2e-6) if size < 10_000 else (Measure.SHARE, 1.05)
        rows += compare(plan, f"{name} {size:,} float64, no out", calls, how=how, targets={"NumPy": target})
    return rows


def _all_loops(plan: Plan, size: int) -> Iterator[Row | str]:
    """The geometric mean over every ufunc that has a loop for float64 or int64."""
    brief = dataclasses.replace(plan, brief=True)
    times: dict[str, tuple[float, float]] = {}  # medians, ours and NumPy's
    for name in sorted(vars(np)):
        ufunc = getattr(np, name)
        if not isinstance(ufunc, np.ufunc) or ufunc.signature or ufunc.__name__ != name:
            continue
        for char in "dl":
            if not any(types.startswith(char * ufunc.nin + "->") for types in ufunc.types):
                continue
            x = np.linspace(1, 60, size).astype(char)
            operands = (x,) if ufunc.nin == 1 else (x, x[::-1].copy())
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                out = ufunc(*operands)
                calls = {
                    "threadmill": partial(tm.parallel(ufunc), *operands, out=out),
                    "NumPy": partial(ufunc, *operands, out=out),
                }
                ours, theirs = measure(brief, calls).values()
            times[f"{name} {x.dtype}"] = statistics.median(ours), statistics.median(theirs)
    ratios = {name: numpys / own for name, (own, numpys) in times.items()}
    own, numpys = (statistics.geometric_mean(each) for each in zip(*times.values(), strict=True))
    worst = ", ".join(f"{name} {ratios[name]:.2f}" for name in sorted(ratios, key=ratios.__getitem__)[:8])
    yield row(
        plan,
        f"all {len(ratios)} loops, {size:,}, geometric mean",
        [own],
        Measure.SPEEDUP,
        peer="NumPy",
        theirs=[numpys],
        target=1.75,
    )
    yield f"the slowest of all loops on {plan.threads} threads, times NumPy's speed: {worst}"
