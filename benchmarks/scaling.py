"""What do more threads give? Run with --threads 1,2,4,8,16: each row against NumPy, which has one."""

from collections.abc import Iterator
from functools import partial

import numpy as np

import threadmill as tm

from .arrays import default_pool_of
from .harness import Call, Measure, Plan, Row, compare
from .programs import quadratic

__all__ = ["run"]

fused_quadratic = tm.fuse(quadratic)


def run(plan: Plan) -> Iterator[Row | str]:
    medium, large, side = (1_000, 3_000, 30) if plan.smoke else (10**6, 3 * 10**7, 4000)
    with default_pool_of(plan.threads):
        for what, (ours, numpys) in _pairs(medium, large, side).items():
            yield from compare(plan, what, {"threadmill": ours, "NumPy": numpys}, how=Measure.SPEEDUP)


def _pairs(medium: int, large: int, side: int) -> dict[str, tuple[Call, Call]]:
    """Ours and NumPy's: in the last-level cache, in memory, over axes, and fused."""
    rng = np.random.default_rng(0)
    x, y, out = rng.uniform(0.5, 1.5, medium), rng.uniform(0.5, 1.5, medium), np.empty(medium)
    f, i = x.astype(np.float32), (np.arange(medium) % 100).astype(np.int32)
    f_out, i_out = np.empty_like(f), np.empty_like(i)
    big, big_out, square = rng.random(large), np.empty(large), rng.random((side, side))
    exp, power, add = (tm.parallel(ufunc) for ufunc in (np.exp, np.power, np.add))
    greatest = tm.parallel(np.maximum).reduce
    roots = (big, big + 10, big)  # with real roots
    return {
        f"exp float64, {medium:,}": (partial(exp, x, out=out), partial(np.exp, x, out=out)),
        f"power float64, {medium:,}": (partial(power, x, y, out=out), partial(np.power, x, y, out=out)),
        f"square float64, {medium:,}": (partial(tm.square, x, out=out), partial(np.square, x, out=out)),
        f"square int32, {medium:,}": (partial(tm.square, i, out=i_out), partial(np.square, i, out=i_out)),
        f"add float32, {medium:,}": (partial(add, f, f, out=f_out), partial(np.add, f, f, out=f_out)),
        f"square float64, {large:,}": (
            partial(tm.square, big, out=big_out),
            partial(np.square, big, out=big_out),
        ),
        f"exp float64, {large:,}": (partial(exp, big, out=big_out), partial(np.exp, big, out=big_out)),
        f"sum float64, {medium:,}": (partial(tm.sum, x), partial(np.sum, x)),
        f"sum int32, {medium:,}": (partial(tm.sum, i), partial(np.sum, i)),
        f"sum float64, {large:,}": (partial(tm.sum, big), partial(np.sum, big)),
        f"sum over axis 0, {side} x {side}": (partial(tm.sum, square, 0), partial(np.sum, square, 0)),
        f"maximum over axis 1, {side} x {side}": (
            partial(greatest, square, 1),
            partial(np.maximum.reduce, square, 1),
        ),
        f"quadratic fused, {large:,}": (partial(fused_quadratic, *roots), partial(quadratic, *roots)),
    }
