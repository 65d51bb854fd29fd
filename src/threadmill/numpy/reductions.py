"""NumPy's functions that reduce: reductions by a ufunc, and the mean.

Arguments whose meaning is not exactly known are handed on to NumPy's function as the user gave them.
"""

import contextvars
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.door import BY_NUMPY
from ..arrays import thresholds
from ..arrays.doors import FunctionDoor, Sizes
from ..arrays.errstate import DEFAULT, HANDLING, as_default_for, as_the_user
from ..arrays.reducer import QUICK, Asked, as_any, as_mean, as_min, as_sum
from ..arrays.refusal import Refusal
from ..arrays.ufunc import parallel
from ..arrays.watch import WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool
from ..tasks.pool import Pool
from .face import INTEGERS, NEVER, NUMBERS, named_as

__all__ = ["all", "amax", "amin", "any", "max", "mean", "min", "prod", "sum"]

Function = Callable[..., Any]

# As they are called, 20 ns sooner.
_ndarray = np.ndarray
_set_handling, _reset_handling = HANDLING.set, HANDLING.reset
_MISSING = contextvars.Token.MISSING

# What does for NumPy's reductions what DEFAULT does.
_REDUCING = as_default_for("reduce")


# What may be given besides, in calls that are handed on as they are.
_OPTIONS = frozenset({"keepdims", "initial", "where"})
_NONE: dict[str, Any] = {}

# What an axis is, or several; None is all of them.
_AXES = (int, tuple)


def _are_known(more: dict[str, Any], names: frozenset[str], is_integer: bool) -> bool:
    """Whether ufunc.reduce knows the options, and has nothing to tell of them."""
    for name, given in more.items():
        kind = type(given)
        if name == "keepdims":
            good = kind is bool
        elif name == "initial":
            good = kind is int or (kind is float and not is_integer)
        else:
            good = kind is _ndarray and given.dtype.char == "?"
        if not good or name not in names:
            return False
    return True


def _begun(more: dict[str, Any]) -> dict[str, Any]:
    return {name: given for name, given in more.items() if name != "keepdims"}


def _reduction(numpys: Function, ufunc: np.ufunc, signature: Callable[..., Asked]) -> Function:
    reducer = parallel(ufunc)._reducer
    call, least, total = reducer.call, reducer.least, reducer.total
    reduce = ufunc.reduce
    dtype = bool if signature is as_any else None
    is_sum, times = ufunc is np.add, 1 if signature is as_any else QUICK  # which the others gain from
    names = _OPTIONS - {"initial"} if signature is as_any else _OPTIONS

    def reduction(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
        if pool is None and 0 < len(args) < 3 and not WATCHERS:  # here 20 ns show
            x, more = args[0], _NONE
            axis = args[1] if len(args) > 1 else options.get("axis") if options else None
            if len(options) > (len(args) == 1 and "axis" in options):
                more = {name: given for name, given in options.items() if name != "axis" or len(args) > 1}
            if type(x) is _ndarray and (axis is None or type(axis) in _AXES):
                number = x.dtype.num
                if more and not _are_known(more, names, number in INTEGERS):
                    return call(numpys, signature, args, options, pool)
                has_kernel = is_sum and axis is None and not more and x.flags.c_contiguous
                if has_kernel and x.nbytes >= thresholds.SUMMED:
                    return total(x, None)
                if (
                    has_kernel
                    or x.nbytes < (thresholds.SUMMED if more else times * thresholds.REDUCED)
                    or (x.nbytes < (least(x, axis, **_begun(more)) if more else least(x, axis)))
                ):
                    if number in INTEGERS:
                        return reduce(x, axis, dtype, **more)
                    if number in NUMBERS:
                        before = _set_handling(_REDUCING)
                        try:
                            if before.old_value is _MISSING or before.old_value is DEFAULT:
                                return reduce(x, axis, dtype, **more)
                        finally:
                            _reset_handling(before)
                elif dtype is bool and not more:
                    decided = reducer.decided(x, axis)
                    if decided is not None:
                        return decided
        return call(numpys, signature, args, options, pool)

    # Every array comes to us; lists, numbers and other classes are NumPy's, in the user's frame.
    return named_as(numpys)(FunctionDoor(numpys, reduction, Sizes(0)))


sum = _reduction(np.sum, np.add, as_sum)
prod = _reduction(np.prod, np.multiply, as_sum)
min = _reduction(np.min, np.minimum, as_min)
max = _reduction(np.max, np.maximum, as_min)
amin = _reduction(np.amin, np.minimum, as_min)
amax = _reduction(np.amax, np.maximum, as_min)
any = _reduction(np.any, np.logical_or, as_any)
all = _reduction(np.all, np.logical_and, as_any)


# A mean of all elements gains from so many times the bytes of a sum on: it is divided in Python.
_MEANT = 32


def _mean(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
    """np.mean, or BY_NUMPY where NumPy is to make the call."""
    # NumPy's mean is its sum, divided; of integers and float16 a sum in another dtype, which NumPy makes.
    if pool is None and args and not WATCHERS:
        x = args[0]
        if type(x) is _ndarray and x.dtype.num in NUMBERS:  # of these it warns at lines of NumPy's
            axis = args[1] if len(args) > 1 else options.get("axis")
            has_kernel = axis is None and x.flags.c_contiguous
            least = _MEANT * thresholds.SUMMED if has_kernel else QUICK * thresholds.REDUCED
            if x.nbytes < least or x.dtype.kind in "biu":
                return BY_NUMPY
    if WATCHERS and not is_watched():
        return watched("mean", mean.as_the_user, *args, pool=pool, **options)
    check_pool(pool)
    asked = _add.asked(as_mean, args, options)
    if asked is None or asked[0].dtype.char not in "fdFD" or asked[2] is not None or asked[6] is not True:
        if WATCHERS:
            came_to("mean", judged(args))
        return BY_NUMPY
    plan = _add.plan(asked, pool)
    if WATCHERS:
        came_to("mean", plan)
    if isinstance(plan, Refusal):
        return BY_NUMPY
    total = _add.run(plan, asked, pool)
    count = np.intp(asked[0].size // total.size)  # not an int: float32 is divided as float64
    if isinstance(total, np.ndarray):
        return as_the_user(np.true_divide, total, count, out=total, casting="unsafe")
    return total.dtype.type(as_the_user(operator.truediv, total, count))


_add = parallel(np.add)._reducer

# From so many bytes on a sum of some kind may be ours.
_sizes = Sizes(QUICK * thresholds.REDUCED, whole=_MEANT * thresholds.SUMMED)
_others = dict.fromkeys(NUMBERS - {np.dtype(char).num for char in "fdFD"}, NEVER)
mean: Any = named_as(np.mean)(FunctionDoor(np.mean, _mean, _sizes, worth=_others))
