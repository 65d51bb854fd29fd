"""How fast is square, with `out=` given?"""

from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm

from . import peers
from .arrays import DTYPES, arrays, default_pool_of
from .harness import Call, Plan, Row, compare

__all__ = ["run"]

TARGETS = {10**6: {"NumPy": 1.8, "numba": 0.95}, 10**8: {"NumPy": 1.35, "numba": 1.25}}


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads):
        for dtype in DTYPES:
            for x in arrays(plan, dtype):
                yield from [x] if isinstance(x, str) else _rows(plan, x)


def _rows(plan: Plan, x: np.ndarray) -> list[Row]:
    out = np.empty_like(x)
    calls: dict[str, Call] = {
        "threadmill": partial(tm.square, x, out=out),
        "NumPy": partial(np.square, x, out=out),
    }
    if loops := peers.numba_loops(plan.threads):
        calls["numba"] = partial(loops.square, x, out)
    if numexpr := peers.numexpr(plan.threads):
        calls["numexpr"] = partial(numexpr.evaluate, "x * x", local_dict={"x": x}, out=out)
    what = f"{x.size:,} {x.dtype}"
    return compare(plan, what, calls, targets=TARGETS.get(x.size), nbytes=x.nbytes + out.nbytes)
