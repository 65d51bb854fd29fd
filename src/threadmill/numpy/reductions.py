"""NumPy's functions that reduce: reductions by a ufunc, and the mean.

Arguments whose meaning is not exactly known are handed on to NumPy's function as the user gave them.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.errstate import as_the_user
from ..arrays.reducer import Asked, as_any, as_mean, as_min, as_sum
from ..arrays.refusal import Refusal
from ..arrays.ufunc import parallel
from ..arrays.watch import WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool
from ..tasks.pool import Pool
from .face import named_as

__all__ = ["all", "amax", "amin", "any", "max", "mean", "min", "prod", "sum"]

Function = Callable[..., Any]


def _reduction(numpys: Function, ufunc: np.ufunc, signature: Callable[..., Asked]) -> Function:
    call = parallel(ufunc)._reducer.call

    @named_as(numpys)
    def reduction(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
        return call(numpys, signature, args, options, pool)

    return reduction


sum = _reduction(np.sum, np.add, as_sum)
prod = _reduction(np.prod, np.multiply, as_sum)
min = _reduction(np.min, np.minimum, as_min)
max = _reduction(np.max, np.maximum, as_min)
amin = _reduction(np.amin, np.minimum, as_min)
amax = _reduction(np.amax, np.maximum, as_min)
any = _reduction(np.any, np.logical_or, as_any)
all = _reduction(np.all, np.logical_and, as_any)


@named_as(np.mean)
def mean(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
    # NumPy's mean is its sum, divided; of integers and float16 a sum in another dtype, which NumPy makes.
    if WATCHERS and not is_watched():
        return watched("mean", mean, *args, pool=pool, **options)
    check_pool(pool)
    asked = _add.asked(as_mean, args, options)
    if asked is None or asked[0].dtype.char not in "fdFD" or asked[2] is not None or asked[6] is not True:
        if WATCHERS:
            came_to("mean", judged(args))
        return as_the_user(np.mean, *args, **options)
    plan = _add.plan(asked, pool)
    if WATCHERS:
        came_to("mean", plan)
    if isinstance(plan, Refusal):
        return as_the_user(np.mean, *args, **options)
    total = _add.run(plan, asked, pool)
    count = np.intp(asked[0].size // total.size)  # not an int: float32 is divided as float64
    if isinstance(total, np.ndarray):
        return as_the_user(np.true_divide, total, count, out=total, casting="unsafe")
    return total.dtype.type(as_the_user(operator.truediv, total, count))


_add = parallel(np.add)._reducer
