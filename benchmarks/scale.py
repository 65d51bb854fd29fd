"""How fast is scale, in place and into `out=`?"""

from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm

from . import peers
from .arrays import DTYPES, arrays, default_pool_of
from .harness import Call, Plan, Row, compare

__all__ = ["run"]

# In place it multiplies the same numbers thousands of times: one that keeps them as they are.
FACTOR = 1


def run(plan: Plan) -> Iterator[Row | str]:
    with default_pool_of(plan.threads):
        for dtype in DTYPES:
            for x in arrays(plan, dtype):
                if isinstance(x, str):
                    yield x
                else:
                    yield from _rows(plan, f"{x.size:,} {x.dtype}, out=", x, np.empty_like(x))
                    yield from _rows(plan, f"{x.size:,} {x.dtype}, in place", x, x)


def _rows(plan: Plan, what: str, x: np.ndarray, out: np.ndarray) -> list[Row]:
    k = x.dtype.type(FACTOR)
    calls: dict[str, Call] = {
        "threadmill": partial(tm.scale, x, k, out=out),
        "NumPy": partial(np.multiply, x, k, out=out),
    }
    if loops := peers.numba_loops(plan.threads):
        calls["numba"] = partial(loops.scale, x, k, out)
    if numexpr := peers.numexpr(plan.threads):
        calls["numexpr"] = partial(numexpr.evaluate, "x * k", local_dict={"x": x, "k": k}, out=out)
    return compare(plan, what, calls, nbytes=x.nbytes + out.nbytes)
