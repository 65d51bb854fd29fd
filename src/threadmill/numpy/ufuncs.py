"""NumPy's ufuncs on all cores."""

import numpy as np

from ..arrays.ufunc import ParallelUfunc, parallel

__all__ = ["parallel_ufunc"]


def parallel_ufunc(name: str) -> ParallelUfunc | None:
    """The ufunc numpy.<name> as `threadmill.parallel` makes it; None where NumPy's name is no ufunc's."""
    value = vars(np).get(name)
    return parallel(value) if isinstance(value, np.ufunc) else None
