"""NumPy's namespace with its ufuncs on all cores.

Every ufunc of numpy is here as `threadmill.parallel` makes it, and ``sum``, ``prod``, ``min``, ``max``,
``any``, ``all`` and ``mean`` are reductions of these; all other names are numpy's own.
"""

import functools
import operator as _operator
from collections.abc import Callable as _Callable
from typing import Any

import numpy as _np

from ..arrays.errstate import as_the_user as _as_the_user
from ..arrays.reducer import Asked as _Asked
from ..arrays.reducer import as_any, as_mean, as_min, as_sum
from ..arrays.ufunc import parallel as _parallel
from ..tasks.pool import Pool as _Pool
from ..tasks.which_pool import check_pool as _check_pool

__all__ = sorted({*_np.__all__, "amax", "amin"})

# What is neither a ufunc nor NumPy's own.
REDUCTIONS = frozenset({"all", "amax", "amin", "any", "max", "mean", "min", "prod", "sum"})


def __getattr__(name: str) -> Any:
    value = _as_the_user(getattr, _np, name)  # some names are deprecated
    if isinstance(value, _np.ufunc):
        value = globals()[name] = _parallel(value)  # so that it is looked up once
    return value


def __dir__() -> list[str]:
    return sorted({*dir(_np), *__all__})


def _reduction(name: str, ufunc: _np.ufunc, signature: _Callable[..., _Asked]) -> Any:
    """np.<name> by ufunc.reduce."""
    numpys = getattr(_np, name)
    call = _parallel(ufunc)._reducer.call

    @functools.wraps(numpys, updated=())
    def reduction(*args: Any, pool: _Pool | None = None, **options: Any) -> Any:
        return call(numpys, signature, args, options, pool)

    return reduction


sum = _reduction("sum", _np.add, as_sum)
prod = _reduction("prod", _np.multiply, as_sum)
min = _reduction("min", _np.minimum, as_min)
max = _reduction("max", _np.maximum, as_min)
amin = _reduction("amin", _np.minimum, as_min)
amax = _reduction("amax", _np.maximum, as_min)
any = _reduction("any", _np.logical_or, as_any)
all = _reduction("all", _np.logical_and, as_any)


@functools.wraps(_np.mean, updated=())
def mean(*args: Any, pool: _Pool | None = None, **options: Any) -> Any:
    # NumPy's mean is its sum, divided; of integers and float16 it is a sum in another dtype.
    _check_pool(pool)
    asked = _adder.asked(as_mean, args, options)
    if asked is None or asked[0].dtype.char not in "fdFD" or asked[2] is not None or asked[6] is not True:
        return _as_the_user(_np.mean, *args, **options)
    plan = _adder.plan(asked, pool)
    if isinstance(plan, str):
        return _as_the_user(_np.mean, *args, **options)
    total = _adder.run(plan, asked, pool)
    count = _np.intp(asked[0].size // total.size)  # not an int: float32 is divided as float64
    if isinstance(total, _np.ndarray):
        return _as_the_user(_np.true_divide, total, count, out=total, casting="unsafe")
    return total.dtype.type(_as_the_user(_operator.truediv, total, count))


_adder = _parallel(_np.add)._reducer
