"""NumPy's functions that look something up: values in a sorted array, in a set, along an axis.

They do something with each element, or with each row, which the elements beside it have no part in.
"""

from inspect import signature
from typing import Any

import numpy as np

from ..arrays.layout import is_plain
from ..arrays.refusal import Refusal
from ..fusion.fused_door import fuse_is_off
from ..fusion.one_call import run_fused
from ..tasks.pool import Pool
from .face import Prepared, on_all_cores
from .rows import CLOSE, are_close, filled, rows_of

__all__ = ["digitize", "interp", "isin", "searchsorted", "take_along_axis"]

_NOT_PLAIN = Refusal("an operand is no plain aligned native array of numbers")
_OPTIONS = Refusal("an option is given that NumPy is to judge")

_EACH = "The elements that are looked for are shared out."


# A longer row than so many times what is looked for in it takes too long to look over, and too much memory.
_LONGER = 4


def _is_sorted(a: Any) -> bool:
    """Whether a row is in NumPy's order, in which what is found does not depend on what was found before."""
    if a.dtype.kind in "fmM":
        nans = np.isnan(a) if a.dtype.kind == "f" else np.isnat(a)
        if nans.any():
            first = int(nans.argmax())
            if not nans[first:].all():
                return False
            a = a[:first]
    return not (a[1:] < a[:-1]).any()


def _searched(a: Any, v: Any, sorter: Any = None) -> Any:
    """The row that is searched as all blocks of v can take it; or a Refusal."""
    if not (is_plain(a) and is_plain(v)) or a.ndim != 1 or a.dtype.kind == "c" or v.dtype.kind == "c":
        return _NOT_PLAIN
    if sorter is not None and (not is_plain(sorter) or sorter.dtype != np.intp or sorter.shape != a.shape):
        return _OPTIONS
    if a.size * (a.itemsize if sorter is not None else 1) > _LONGER * v.size:
        return Refusal("the array is much longer than what is looked for")
    common = np.result_type(a.dtype, v.dtype)
    if common != a.dtype and (a.dtype.kind == "f" or common.kind in "mM"):
        return Refusal("NumPy converts the array that is searched")
    a = np.ascontiguousarray(a, common)
    return a if _is_sorted(a if sorter is None else a[sorter]) else Refusal("the array is not sorted")


@on_all_cores(np.searchsorted, _EACH, only=1)
def searchsorted(pool: Pool, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Prepared:
    rows = rows_of(v, []) if is_plain(v) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    if type(side) is not str or side not in ("left", "right"):
        return _OPTIONS
    row = _searched(a, v, sorter)
    if isinstance(row, Refusal):
        return row
    return lambda: filled(
        pool, rows, np.empty(v.shape, np.intp), lambda block: row.searchsorted(v[block], side, sorter)
    )


@on_all_cores(np.digitize, _EACH, only=0)
def digitize(pool: Pool, x: Any, bins: Any, right: Any = False) -> Prepared:
    rows = rows_of(x, []) if is_plain(x) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    if type(right) is not bool:
        return _OPTIONS
    bins = np.asarray(bins) if type(bins) in (list, tuple) else bins
    if not is_plain(bins) or bins.ndim != 1 or not bins.size or not np.can_cast(bins.dtype, np.float64):
        return Refusal("the bins are no plain row that can be looked at as float64")
    if np.isnan(float(bins[0])) or np.isnan(float(bins[-1])):
        return Refusal("whether the bins rise or fall is for NumPy to say beside NaNs")
    falls = float(bins[0]) > float(bins[-1])  # as NumPy looks at them
    row = _searched(bins[::-1] if falls else bins, x)
    if isinstance(row, Refusal):
        return row
    side: Any = "left" if right else "right"

    def one(block: Any) -> Any:
        found = row.searchsorted(x[block], side)
        return len(row) - found if falls else found

    return lambda: filled(pool, rows, np.empty(x.shape, np.intp), one)


@on_all_cores(np.interp, _EACH, only=0)
def interp(
    pool: Pool, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Prepared:
    rows = rows_of(x, []) if is_plain(x) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    xp, fp = (np.asarray(each) if type(each) in (list, tuple) else each for each in (xp, fp))
    if not all(is_plain(each) and each.dtype.kind in "biuf" for each in (x, xp, fp)) or period is not None:
        return Refusal("an operand is no plain array of real numbers, or there is a period")
    if any(each is not None and type(each) not in (int, float) for each in (left, right)):
        return _OPTIONS
    if not all(each.ndim == 1 and each.dtype.char in "?bBhHiIlLqQd" for each in (xp, fp)):
        return Refusal("NumPy converts xp or fp")
    if len(xp) > _LONGER * x.size:
        return Refusal("xp is much longer than x")
    xp, fp = np.ascontiguousarray(xp, np.float64), np.ascontiguousarray(fp, np.float64)
    if len(xp) != len(fp) or not len(xp) or not _is_sorted(xp):
        return Refusal("xp is not sorted, or not as long as fp")
    if np.isnan(xp[-1]):
        return Refusal("what NumPy finds beside NaNs depends on what it looked for before")
    return lambda: filled(
        pool, rows, np.empty(x.shape), lambda block: np.interp(x[block], xp, fp, left, right)
    )


# Bytes from which on isin and take_along_axis gain, and in a block at least, for which NumPy takes 10 us
# and more besides its work; and bytes of the table that each block makes of the integers that are looked for.
_ISIN, _TAKEN, _BLOCK, _TABLE = 1 << 23, 1 << 21, 1 << 17, 1 << 18

# So many integers are looked for as quickly by comparisons as in NumPy's table.
_FEW_INTEGERS = 20


def _are_compared(element: Any, tests: Any) -> bool:
    """Whether NumPy compares all elements with each of the tests, or comes to what that comes to."""
    if not tests.size or fuse_is_off():
        return False
    if {element.dtype.kind, tests.dtype.kind} <= {*"biu"}:
        return tests.size <= _FEW_INTEGERS and np.result_type(element.dtype, tests.dtype).kind != "f"
    return bool(tests.size < 10 * element.size**0.145)


def _compared(x: Any, tests: list[Any], invert: bool) -> Any:
    """As NumPy's loop over the tests, in one pass over x."""
    found = x != tests[0] if invert else x == tests[0]
    for each in tests[1:]:
        found = found & (x != each) if invert else found | (x == each)
    return found


@on_all_cores(np.isin, _EACH, _ISIN)
def isin(
    pool: Pool,
    element: Any,
    test_elements: Any,
    assume_unique: Any = False,
    invert: Any = False,
    *,
    kind: Any = None,
) -> Prepared:
    if is_plain(element) and not element.flags.c_contiguous:
        return Refusal("NumPy flattens the array first")
    tests = np.asarray(test_elements) if type(test_elements) in (list, tuple, range) else test_elements
    rows = rows_of(element, [], least=_BLOCK) if is_plain(element) and is_plain(tests) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    if assume_unique is not False or type(invert) is not bool or kind not in (None, "sort", "table"):
        return _OPTIONS
    tests = tests.reshape(-1)
    if kind != "table" and _are_compared(element, tests):
        row = element.reshape(-1), [*tests], invert
        return lambda: run_fused(pool, _compared, row, {}).reshape(element.shape)
    if kind != "sort" and tests.size and not {element.dtype.kind, tests.dtype.kind} - {*"biu"}:
        low, high = int(tests.min()), int(tests.max())
        if high - low <= 6 * (element.size + tests.size) or kind == "table":
            kind = "table"
            if high - low > _TABLE:
                return Refusal("each block would make a large table")
    if kind != "table" and element.dtype != tests.dtype:
        return Refusal("how operands of two dtypes are compared depends on their sizes")
    if tests.size * tests.itemsize > _TABLE:
        return Refusal("each block would sort many numbers")

    return lambda: filled(  # a view, as NumPy's is
        pool,
        rows,
        np.empty(element.shape, np.bool)[...],
        lambda block: np.isin(element[block], tests, invert=invert, kind=kind),
    )


_AXIS = signature(np.take_along_axis).parameters["axis"].default


@on_all_cores(np.take_along_axis, "Rows along the axis are shared out.", _TAKEN)
def take_along_axis(pool: Pool, arr: Any, indices: Any, axis: Any = _AXIS) -> Prepared:
    if not (is_plain(arr) and is_plain(indices)) or type(axis) is not int or indices.dtype.kind not in "iu":
        return _NOT_PLAIN
    if indices.ndim != arr.ndim or not -arr.ndim <= axis < arr.ndim or not indices.flags.c_contiguous:
        return Refusal("the indices are not C-contiguous, or not of the array's number of axes")
    axis %= arr.ndim
    if any(k != axis and n != arr.shape[k] for k, n in enumerate(indices.shape)):
        return Refusal("the array and the indices are of different shapes")
    rows = rows_of(indices, [axis], least=_BLOCK)
    if isinstance(rows, Refusal):
        return rows
    if are_close(indices, rows):
        return CLOSE
    return lambda: filled(
        pool,
        rows,
        np.empty(indices.shape, arr.dtype),
        lambda block: np.take_along_axis(arr[block], indices[block], axis),
    )
