"""NumPy's namespace with its ufuncs and reductions on all cores.

Each family of functions has a module of its own; face.py has what they share. Other names are NumPy's own.
"""

from typing import Any

import numpy as _np

from ..arrays.errstate import as_the_user as _as_the_user
from . import copies as _copies
from . import counts as _counts
from . import cumulative as _cumulative
from . import extremes as _extremes
from . import fft as fft
from . import fills as _fills
from . import fused as _fused
from . import joins as _joins
from . import linalg as linalg
from . import one_dimension as _one_dimension
from . import one_ufunc as _one_ufunc
from . import order_statistics as _order_statistics
from . import picks as _picks
from . import products as _products
from . import reductions as _reductions
from . import searching as _searching
from . import sorting as _sorting
from .copies import *  # noqa: F403
from .counts import *  # noqa: F403
from .cumulative import *  # noqa: F403
from .extremes import *  # noqa: F403
from .fills import *  # noqa: F403
from .fused import *  # noqa: F403
from .joins import *  # noqa: F403
from .one_dimension import *  # noqa: F403
from .one_ufunc import *  # noqa: F403
from .order_statistics import *  # noqa: F403
from .picks import *  # noqa: F403
from .products import *  # noqa: F403
from .reductions import *  # noqa: F403
from .searching import *  # noqa: F403
from .sorting import *  # noqa: F403
from .ufuncs import parallel_ufunc as _parallel_ufunc

_FAMILIES = (
    *(_copies, _counts, _cumulative, _extremes, _fills, _fused, _joins, _one_dimension),
    *(_one_ufunc, _order_statistics, _picks, _products, _reductions, _searching, _sorting),
)

# Modules of ours in place of NumPy's.
_ROOMS = (fft, linalg)

__all__ = sorted({*_np.__all__, *(name for family in _FAMILIES for name in family.__all__)})


def __getattr__(name: str) -> Any:
    found: Any = _parallel_ufunc(name)
    if found is None:
        if name not in vars(_np):
            return _as_the_user(getattr, _np, name)  # deprecated, or a module that NumPy imports when asked
        found = vars(_np)[name]
    globals()[name] = found  # asking here takes a microsecond, so that it happens once
    return found


def __dir__() -> list[str]:
    return sorted({*dir(_np), *__all__})
