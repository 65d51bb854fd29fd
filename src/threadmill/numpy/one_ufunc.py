"""NumPy's functions that are one ufunc over an array, where the result is large.

Both read and write each element once. Two threads gain from the memory of a large result alone, which begins
at a huge page.
"""

from typing import Any

import numpy as np

from .._native.fresh import LARGE
from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.refusal import Refusal
from ..arrays.ufunc import parallel
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores
from .pieces import OTHER
from .rows import TOLD, raising

__all__ = ["clip", "diff"]

_WAY = "NumPy's own inner loop runs on chunks."

_minimum, _maximum, _subtract = (parallel(ufunc) for ufunc in (np.minimum, np.maximum, np.subtract))
_clip = parallel(np._core.umath.clip)  # type: ignore[attr-defined]


def _called(pool: Pool, function: Any, *operands: Any) -> Prepared:
    """function(*operands); errors are NumPy's to tell, in the user's own call."""

    def call() -> Any:
        try:
            with np.errstate(**raising()):
                return function.as_the_user(*operands, pool=pool)
        except FloatingPointError:
            return TOLD

    return call


_BOUNDS = Refusal("its bounds are no plain numbers")


@on_all_cores(np.clip, _WAY, LARGE)
def clip(pool: Pool, a: Any, a_min: Any = NO_VALUE, a_max: Any = NO_VALUE, out: Any = None) -> Prepared:
    if not is_plain(a) or a.dtype.kind != "f" or out is not None:
        return OTHER
    if any(x is not None and type(x) not in (int, float) for x in (a_min, a_max)):
        return _BOUNDS
    if a_min is not None and a_max is not None:
        return _called(pool, _clip, a, a_min, a_max)
    if a_max is not None:
        return _called(pool, _minimum, a, a_max)
    return OTHER if a_min is None else _called(pool, _maximum, a, a_min)


# Bytes of rows from which on differences took 1 to 1.4 times as long as NumPy's.
_MOST_IN_ROWS = 1 << 26
_ROWS = Refusal("rows of so many bytes are read as fast by one thread")


@on_all_cores(np.diff, _WAY, LARGE)
def diff(
    pool: Pool, a: Any, n: Any = 1, axis: Any = -1, prepend: Any = NO_VALUE, append: Any = NO_VALUE
) -> Prepared:
    if not is_plain(a) or not a.ndim or a.dtype.kind not in "iufc" or type(axis) is not int:
        return OTHER
    if n != 1 or type(n) is not int or prepend is not NO_VALUE or append is not NO_VALUE:
        return OTHER
    if a.ndim > 1 and a.nbytes >= _MOST_IN_ROWS:
        return _ROWS
    whole = (slice(None),) * np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    return _called(pool, _subtract, a[(*whole, slice(1, None))], a[(*whole, slice(None, -1))])
