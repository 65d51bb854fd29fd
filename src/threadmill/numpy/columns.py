"""Few columns that lie side by side in memory: turned into rows on their way to a function, and back.

Two threads that write to the same lines of the caches wait for each other: 8 columns of 375,000 numbers took
1.4 to 2.6 times as long on two threads as NumPy takes on one. So each thread copies
a piece of some columns, in which no line is another's, and then has rows of its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.fresh import empty
from ..arrays import moves
from ..arrays.errstate import report_flags
from ..tasks.pool import Pool
from .rows import Rows, are_close, run_blocks

__all__ = ["are_turned", "by_columns"]

# Bytes of a table from which on its columns are turned: a smaller one stays in the caches, with lines that do
# not wander between two cores for long.
_LEAST = 5 << 20

# So many columns for each thread are turned at a time, in memory beside the result. NumPy has one there.
_EACH = 2


def are_turned(x: Any, axis: int, rows: Rows) -> bool:
    """Whether the rows along an axis of a table are turned before they are shared out."""
    is_apart = x.ndim == 2 and abs(x.strides[axis]) > abs(x.strides[rows.axis])
    return is_apart and x.nbytes >= _LEAST and are_close(x, rows)


def by_columns(
    pool: Pool, x: Any, result: Any, axis: int, change: Callable[[Any], object], is_order: bool = False
) -> Any:
    """The result, whose rows along an axis are those of x changed by `change`, or the orders it returns."""
    source, target = (np.moveaxis(each, axis, -1) for each in (x, result))
    count, length = source.shape
    groups = -(-count // (_EACH * pool._max_workers))
    many = -(-count // groups)
    given = empty((many, length), x.dtype)
    made = empty((many, length), result.dtype) if is_order else given

    def work(k: int) -> None:
        found = change(given[k])
        if is_order:
            made[k] = found

    for first in range(0, count, many):
        last = min(first + many, count)
        report_flags(moves.copy(pool._handle, source[first:last], given[: last - first]), "cast")
        refusal = run_blocks(pool, work, range(last - first))
        if refusal is not None:
            return refusal
        report_flags(moves.copy(pool._handle, made[: last - first], target[first:last]), "cast")
    return result
