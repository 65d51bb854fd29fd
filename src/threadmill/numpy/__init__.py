"""NumPy's namespace with its ufuncs on all cores.

Every ufunc of numpy is here as `threadmill.parallel` makes it, and ``sum``, ``prod``, ``min``, ``max``,
``any``, ``all`` and ``mean`` are reductions of these; all other names are numpy's own.
"""

import functools
import operator as _operator
from typing import Any

import numpy as _np

from ..arrays.errstate import as_the_user as _as_the_user
from ..arrays.layout import NO_VALUE as _NO_VALUE
from ..arrays.ufunc import parallel as _parallel
from ..tasks.which_pool import check_pool as _check_pool

__all__ = ["all", "amax", "amin", "any", "max", "mean", "min", "prod", "sum"]


def __getattr__(name: str) -> Any:
    value = getattr(_np, name)
    if isinstance(value, _np.ufunc):
        value = globals()[name] = _parallel(value)  # so that it is looked up once
    return value


def __dir__() -> list[str]:
    return sorted({*dir(_np), *__all__})


def _reduction(name: str, ufunc: _np.ufunc, *more: str) -> Any:
    """np.<name> by ufunc.reduce where the operand is a plain array; else np.<name> itself."""
    numpys = getattr(_np, name)
    reduce = _parallel(ufunc).reduce
    known = frozenset({"out", "keepdims", "where", *more})

    @functools.wraps(numpys, updated=())
    def reduction(a: Any, axis: Any = None, *args: Any, pool: Any = None, **options: Any) -> Any:
        if args or type(a) is not _np.ndarray or not known.issuperset(options):
            _check_pool(pool)
            return numpys(a, axis, *args, **options)
        if options.get("keepdims") is _NO_VALUE:
            del options["keepdims"]
        return reduce(a, axis, pool=pool, **options)

    return reduction


sum = _reduction("sum", _np.add, "dtype", "initial")
prod = _reduction("prod", _np.multiply, "dtype", "initial")
min = _reduction("min", _np.minimum, "initial")
max = _reduction("max", _np.maximum, "initial")
amin = _reduction("amin", _np.minimum, "initial")
amax = _reduction("amax", _np.maximum, "initial")
any = _reduction("any", _np.logical_or)
all = _reduction("all", _np.logical_and)


@functools.wraps(_np.mean, updated=())
def mean(a: Any, axis: Any = None, *args: Any, pool: Any = None, **options: Any) -> Any:
    # NumPy's mean is its sum, divided; of integers and float16 it is a sum in another dtype.
    if (
        args
        or type(a) is not _np.ndarray
        or a.dtype.char not in "fdFD"
        or not a.size
        or options.keys() - {"keepdims"}
    ):
        _check_pool(pool)
        return _np.mean(a, axis, *args, **options)
    if options.get("keepdims") is _NO_VALUE:
        del options["keepdims"]
    total = _parallel(_np.add).reduce(a, axis, pool=pool, **options)
    count = _np.intp(a.size // (total.size or 1))  # not an int: float32 is divided as float64
    if isinstance(total, _np.ndarray):
        return _as_the_user(_np.true_divide, total, count, out=total, casting="unsafe")
    return total.dtype.type(_as_the_user(_operator.truediv, total, count))
