"""How fast are functions that leave NaNs out, in the shapes of bottleneck's and numbagg's own benchmarks?

A twentieth of the numbers is NaN. numbagg's compiling is not counted.
"""

import importlib
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Call, Plan, Row, compare

__all__ = ["run"]

NAMES = ["nansum", "nanmean", "nanstd", "nanvar", "nanmin", "nanmax", "nanargmin", "nanargmax", "nanmedian"]
SHAPES = [(1000, 1000), (100, 100_000)]
PEERS = ("bottleneck", "numbagg")


def run(plan: Plan) -> Iterator[Row | str]:
    peers = {name: found for name in PEERS if (found := _imported(name)) is not None}
    rng = np.random.default_rng(0)
    brief = replace(plan, brief=True)
    with default_pool_of(plan.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for shape in [(30, 40)] if plan.smoke else SHAPES:
            x = rng.normal(size=shape)
            x[rng.random(shape) < 0.05] = np.nan
            for name, axis in itertools.product(NAMES, (None, 0, 1)):
                modules = {"threadmill": tm.numpy, "NumPy": np, **peers}
                calls: dict[str, Call] = {
                    who: partial(getattr(module, name), x, axis=axis) for who, module in modules.items()
                }
                what = f"{name} axis={axis} {' x '.join(f'{n:,}' for n in shape)}"
                yield from compare(brief, what, calls, targets=dict.fromkeys(peers, 1.0))


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
