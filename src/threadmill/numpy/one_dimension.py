"""np.unique, which knows arrays of one dimension; sort, argsort and median are in the modules of rows."""

import numpy as np

from . import sort_1d
from .face import on_all_cores

__all__ = ["unique"]

unique = on_all_cores(
    np.unique,
    "In one dimension integers and dates are sorted as by `sort`, indices found as by `argsort`.",
)(sort_1d.unique)
