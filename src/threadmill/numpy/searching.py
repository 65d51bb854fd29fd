"""NumPy's functions that search: for the least and the greatest, and for values in a sorted array.

argmin and its kin share out rows, or pieces of a whole array. The others do something with each element, or
with each row, which the elements beside it have no part in.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.moments import summands
from ..arrays.nan_extremes import nan_extremes
from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from . import reductions
from .face import INTEGERS, NUMBERS, Prepared, on_all_cores
from .rows import Rows, filled, gathered, rows_of, run_blocks

__all__ = [
    *("argmax", "argmin", "digitize", "interp", "isin", "nanargmax", "nanargmin", "nanmax", "nanmin"),
    *("searchsorted", "take_along_axis"),
]

_NOT_PLAIN = Refusal("an operand is no plain aligned native array of numbers")
_OPTIONS = Refusal("out is given, or an option that NumPy is to judge")

# So many columns at least are shared out: two threads that read the same lines took twice NumPy's time of 8.
_NARROW = 64
_CLOSE = Refusal("its columns lie too close together")


def _are_close(x: Any, rows: Rows) -> bool:
    return rows.length < _NARROW and abs(x.strides[rows.axis]) == x.itemsize


# ---- the least and the greatest ---------------------------------------------------------------------------

_WAY = "Rows along the axis are shared out; without one the elements are."

# Bytes from which on it gains, and bytes in a block at least: NumPy reads 30 KB in a microsecond, and 10
# where nan is left out.
_QUICK, _NAN_QUICK, _NAN_ROWS, _QUICK_BLOCK = 1 << 25, 1 << 19, 1 << 23, 1 << 22


def _arg(numpys: Callable[..., Any]) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO_VALUE
    ) -> Prepared:
        if not is_plain(a):
            return _NOT_PLAIN
        if out is not None or (keepdims is not NO_VALUE and type(keepdims) is not bool):
            return _OPTIONS
        if axis is None or (a.ndim == 1 and axis in (0, -1) and type(axis) is int):
            if keepdims is True or not (a.flags.c_contiguous or a.ndim == 1):
                return Refusal("NumPy copies the array first, or the result keeps its axes")
            return _over_all(pool, numpys, a.reshape(-1))
        if type(axis) is not int or not -a.ndim <= axis < a.ndim:
            return Refusal("the axis is no axis")
        axis %= a.ndim
        rows = rows_of(a, [axis], least=_QUICK_BLOCK)
        if isinstance(rows, Refusal):
            return rows
        if _are_close(a, rows):
            return _CLOSE
        at = rows.axis - (axis < rows.axis and keepdims is not True)
        return lambda: gathered(
            pool, rows, lambda piece: numpys(a[rows.block(piece)], axis, keepdims=keepdims), at
        )

    return prepare


def _over_all(pool: Pool, numpys: Callable[..., Any], a: Any) -> Prepared:
    rows = rows_of(a, [], least=_QUICK_BLOCK)
    if isinstance(rows, Refusal):
        return rows

    def run() -> Any:
        found = np.empty(len(rows.pieces), np.intp)

        def work(k: int) -> None:
            found[k] = rows.pieces[k].start + numpys(a[rows.pieces[k]])

        refusal = run_blocks(pool, work, range(len(found)))
        return found[numpys(a[found])] if refusal is None else refusal

    return run


argmax = on_all_cores(np.argmax, _WAY, _QUICK, quiet=NUMBERS)(_arg(np.argmax))
argmin = on_all_cores(np.argmin, _WAY, _QUICK, quiet=NUMBERS)(_arg(np.argmin))


def _looked_for(pool: Pool, a: Any, axis: Any, keepdims: Any, greatest: bool, places: bool) -> Prepared:
    """Looks for the least or the greatest numbers, or for their places; NumPy does where zeros are found."""
    over = summands(a, axis, keepdims is True)
    if isinstance(over, Refusal):
        return _NOT_PLAIN

    def call() -> Any:
        found = nan_extremes(pool._handle, over, greatest, places)
        if isinstance(found, Refusal):
            return found
        if not places and not np.all(found[0]) and _has_minus_zero(pool, over.x):
            return Refusal("zeros are of both signs, it may be")
        return found[places]

    return call


def _has_minus_zero(pool: Pool, x: Any) -> bool:
    """Whether it has the one float that is, read as an integer, the least of all."""
    integers = x.view(f"i{x.itemsize}")
    return bool(reductions.min(integers, pool=pool) == np.iinfo(integers.dtype).min)


def _nanarg(numpys: Callable[..., Any], without: Callable[..., Any]) -> Callable[..., Prepared]:
    plain = _arg(without)
    rows_alone = _arg(numpys)

    def prepare(
        pool: Pool, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO_VALUE
    ) -> Prepared:
        if not is_plain(a) or a.dtype.kind not in "iuf":
            return _NOT_PLAIN
        if a.dtype.kind != "f":
            return plain(pool, a, axis, out, keepdims=keepdims)
        if out is None and (keepdims is NO_VALUE or type(keepdims) is bool) and not _is_turned(a):
            call = _looked_for(pool, a, axis, keepdims, numpys is np.nanargmax, True)
            if not isinstance(call, Refusal):
                return call
        if a.nbytes < _NAN_ROWS:
            return Refusal("blocks of rows are too small")
        if axis is None or a.ndim < 2:
            return Refusal("there are no rows to share")
        return rows_alone(pool, a, axis, out, keepdims=keepdims)

    return prepare


def _is_turned(a: Any) -> bool:
    """Whether places in memory are not those in the array."""
    return not a.flags.c_contiguous


_NAN_WAY = f"Loops of our own look for numbers in float32 and float64. Of others {_WAY[:1].lower()}{_WAY[1:]}"

nanargmax = on_all_cores(np.nanargmax, _NAN_WAY, _NAN_QUICK, quiet=NUMBERS)(_nanarg(np.nanargmax, np.argmax))
nanargmin = on_all_cores(np.nanargmin, _NAN_WAY, _NAN_QUICK, quiet=NUMBERS)(_nanarg(np.nanargmin, np.argmin))


def _nan_extreme(greatest: bool) -> Callable[..., Prepared]:
    def prepare(
        pool: Pool,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = NO_VALUE,
        initial: Any = NO_VALUE,
        where: Any = NO_VALUE,
    ) -> Prepared:
        if not (out is None and initial is NO_VALUE and where is NO_VALUE):
            return _OPTIONS
        if keepdims is not NO_VALUE and type(keepdims) is not bool:
            return _OPTIONS
        is_last = type(axis) is int and type(a) is np.ndarray and a.ndim > 1 and axis in (-1, a.ndim - 1)
        if not is_last and a.nbytes < WHOLE_LEAST:
            return Refusal(f"NumPy reads fewer than {WHOLE_LEAST} bytes as fast", by_size=True)
        return _looked_for(pool, a, axis, keepdims, greatest, False)

    return prepare


# Bytes from which on it gains to look through all elements, or through columns; looked up at each call, so
# that tests can lower it.
WHOLE_LEAST = 1 << 25


_EXTREME_WAY = "Loops of our own look for numbers in float32 and float64; which zero is found NumPy tells."

nanmax = on_all_cores(np.nanmax, _EXTREME_WAY, 2 * _NAN_QUICK, quiet=INTEGERS)(_nan_extreme(True))
nanmin = on_all_cores(np.nanmin, _EXTREME_WAY, 2 * _NAN_QUICK, quiet=INTEGERS)(_nan_extreme(False))


# ---- something for each element ---------------------------------------------------------------------------

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


@on_all_cores(np.searchsorted, _EACH, quiet=NUMBERS)
def searchsorted(pool: Pool, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Prepared:
    rows = rows_of(v, []) if is_plain(v) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    row = _searched(a, v, sorter)
    if isinstance(row, Refusal):
        return row
    return lambda: filled(
        pool, rows, np.empty(v.shape, np.intp), lambda block: row.searchsorted(v[block], side, sorter)
    )


@on_all_cores(np.digitize, _EACH, quiet=NUMBERS)
def digitize(pool: Pool, x: Any, bins: Any, right: Any = False) -> Prepared:
    rows = rows_of(x, []) if is_plain(x) else _NOT_PLAIN
    if isinstance(rows, Refusal):
        return rows
    if type(right) is not bool:
        return _OPTIONS
    bins = np.asarray(bins) if type(bins) in (list, tuple) else bins
    if not is_plain(bins) or bins.ndim != 1 or not bins.size or not np.can_cast(bins.dtype, np.float64):
        return Refusal("the bins are no plain row that can be looked at as float64")
    falls = float(bins[0]) > float(bins[-1])  # as NumPy looks at them
    row = _searched(bins[::-1] if falls else bins, x)
    if isinstance(row, Refusal):
        return row
    side: Any = "left" if right else "right"

    def one(block: Any) -> Any:
        found = row.searchsorted(x[block], side)
        return len(row) - found if falls else found

    return lambda: filled(pool, rows, np.empty(x.shape, np.intp), one)


@on_all_cores(np.interp, _EACH, quiet=NUMBERS)
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
    return lambda: filled(
        pool, rows, np.empty(x.shape), lambda block: np.interp(x[block], xp, fp, left, right)
    )


# Bytes from which on isin and take_along_axis gain, and in a block at least, for which NumPy takes 10 us
# and more besides its work; and bytes of the table that each block makes of the integers that are looked for.
_ISIN, _TAKEN, _BLOCK, _TABLE = 1 << 20, 1 << 21, 1 << 17, 1 << 18


@on_all_cores(np.isin, _EACH, _ISIN, quiet=NUMBERS)
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


@on_all_cores(np.take_along_axis, "Rows along the axis are shared out.", _TAKEN, quiet=NUMBERS)
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
    if _are_close(indices, rows):
        return _CLOSE
    return lambda: filled(
        pool,
        rows,
        np.empty(indices.shape, arr.dtype),
        lambda block: np.take_along_axis(arr[block], indices[block], axis),
    )
