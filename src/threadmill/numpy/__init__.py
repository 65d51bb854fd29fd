"""NumPy's namespace with its ufuncs and reductions on all cores.

Each family of functions has a module of its own: ufuncs.py, reductions.py. All other names are NumPy's own.
"""

from typing import Any

import numpy as _np

from ..arrays.errstate import as_the_user as _as_the_user
from .reductions import all, amax, amin, any, max, mean, min, prod, sum  # noqa: F401
from .ufuncs import parallel_ufunc as _parallel_ufunc

__all__ = sorted({*_np.__all__, "all", "amax", "amin", "any", "max", "mean", "min", "prod", "sum"})


def __getattr__(name: str) -> Any:
    found = _parallel_ufunc(name)
    if found is None:
        return _as_the_user(getattr, _np, name)  # some names are deprecated
    globals()[name] = found  # it is looked up once
    return found


def __dir__() -> list[str]:
    return sorted({*dir(_np), *__all__})
