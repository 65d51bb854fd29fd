"""NumPy's functions that sort, for arrays of one dimension."""

import numpy as np

from . import sort_1d
from .face import on_all_cores

__all__ = ["argsort", "median", "sort", "unique"]

sort = on_all_cores(
    np.sort,
    "In one dimension a stable sort is NumPy's quickest one, where that gives the same; dates are sorted as "
    "integers, bytes by their radices.",
)(sort_1d.sort)

argsort = on_all_cores(
    np.argsort,
    "In one dimension a stable order comes of keys and indices, packed on the threads and sorted.",
)(sort_1d.argsort)

unique = on_all_cores(
    np.unique, "In one dimension integers and dates are sorted as by `sort`, indices found as by `argsort`."
)(sort_1d.unique)

median = on_all_cores(
    np.median, "In one dimension a copy, made on the threads, is parted at its middle alone by NumPy."
)(sort_1d.median)
