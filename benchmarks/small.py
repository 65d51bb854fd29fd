"""What does the door cost where NumPy itself makes the call, and from where on does it pay?

NumPy's own time beside ours, in turn. Targets: 0.6 us more than NumPy takes, 1 us more where a floating-point
warning may have to be moved to the user's line; from 30,000 elements on no more than 1.02 times its time.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm

from .harness import Call, Measure, Plan, Row, compare

__all__ = ["run"]

SMALL = (10, 1_000, 10_000)
LARGE = (30_000, 100_000, 300_000)
DTYPES = (np.int32, np.float64)

add = tm.parallel(np.add)


def run(plan: Plan) -> Iterator[Row | str]:
    if not plan.first:
        return
    for n in SMALL[:1] if plan.smoke else SMALL + LARGE:
        for dtype in DTYPES:
            x = np.arange(n, dtype=dtype) % 100
            yield from _rows(plan, x)


def _rows(plan: Plan, x: np.ndarray) -> Iterator[Row]:
    out = np.empty_like(x)
    pairs: dict[str, tuple[Call, Call]] = {
        "square(out=)": (partial(tm.square, x, out=out), partial(np.square, x, out=out)),
        "scale": (partial(tm.scale, x, 3), partial(np.multiply, x, 3)),
        "sum": (partial(tm.sum, x), partial(np.sum, x)),
        "add": (partial(add, x, x), partial(np.add, x, x)),
        "add(out=)": (partial(add, x, x, out=out), partial(np.add, x, x, out=out)),
    }
    warns = x.dtype.kind == "f"
    for name, (ours, numpys) in pairs.items():
        calls = {"threadmill": ours, "NumPy": numpys}
        what = f"{name}, {x.size:,} {x.dtype}"
        if x.size in SMALL:
            target = 1.0e-6 if warns else 0.6e-6
            yield from compare(plan, what, calls, how=Measure.EXCESS, targets={"NumPy": target})
        else:
            yield from compare(plan, what, calls, how=Measure.SHARE, targets={"NumPy": 1.02})
