"""How fast are NumPy's reductions on all cores?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Plan, Row, compare

__all__ = ["run"]


def run(plan: Plan) -> Iterator[Row | str]:
    side = 300 if plan.smoke else 1000
    with default_pool_of(plan.threads):
        for dtype in (np.float64, np.int64):
            x = np.arange(1, side * side + 1).reshape(side, side).astype(dtype)
            for axis in (None, 0, 1):
                for ufunc in (np.add, np.minimum, np.maximum):
                    yield from _rows(plan, ufunc, x, axis, {"NumPy": 1.7})
            for axis in (None, 0, 1):
                yield from _any_and_all(plan, x, axis, dtype, {"NumPy": 1.7})
        for axis in (None, 0, 1):
            yield from _any_and_all(plan, x, axis, np.bool_, {})


def _any_and_all(
    plan: Plan, x: np.ndarray, axis: int | None, dtype: Any, targets: dict[str, float]
) -> Iterator[Row]:
    """Of numbers among which none decides early: the whole is read."""
    yield from _rows(plan, np.logical_or, (x < 0).astype(dtype), axis, targets)
    yield from _rows(plan, np.logical_and, (x > 0).astype(dtype), axis, targets)


def _rows(
    plan: Plan, ufunc: np.ufunc, x: np.ndarray, axis: int | None, targets: dict[str, float]
) -> list[Row]:
    calls = {
        "threadmill": partial(tm.parallel(ufunc).reduce, x, axis),
        "NumPy": partial(ufunc.reduce, x, axis),
    }
    what = f"{ufunc.__name__}.reduce {x.size:,} {x.dtype}, axis {axis}"
    return compare(plan, what, calls, targets=targets)
