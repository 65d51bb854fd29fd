"""What tm.square and tm.scale have in common, held against NumPy."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
from kit.arrays import LAYOUTS, overlapping, small_values
from kit.comparison import TWINS, assert_same

import threadmill as tm


def assert_same_in_shared_memory(
    function: Callable[..., Any], dtype: npt.DTypeLike, *args: Any, pool: tm.Pool
) -> None:
    """function(x, *args, out=out) is NumPy's, and leaves in x what NumPy leaves, where the two overlap."""
    for name, make in overlapping(dtype):
        (x, out), (numpys_x, numpys_out) = make(), make()
        TWINS[function](numpys_x, *args, out=numpys_out)
        assert function(x, *args, out=out, pool=pool) is out, name
        assert_same(out, numpys_out)
        assert_same(x, numpys_x)


def assert_same_where_all_fits(
    function: Callable[..., Any], dtype: npt.DTypeLike, n: int, *args: Any, pool: tm.Pool
) -> None:
    """With overflow="raise", and n values of which no result overflows."""
    for lay in LAYOUTS.values():
        x = lay(small_values(dtype, n))
        assert_same(function(x, *args, overflow="raise", pool=pool), TWINS[function](x, *args))
