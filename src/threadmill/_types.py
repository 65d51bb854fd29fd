"""Names for the types that several modules use."""

from typing import Any, TypeAlias

import numpy as np

__all__ = ["Array", "Reduced"]

Array = np.ndarray[Any, np.dtype[Any]]

# What ufunc.reduce returns: a scalar where no axis is left.
Reduced: TypeAlias = Array | np.generic
