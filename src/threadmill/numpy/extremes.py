"""The least and the greatest, and their places: argmin and its kin, nan left out too.

Rows along an axis, or pieces of a whole array, are shared out: where their elements lie side by side each is
NumPy's function's for a row, without the GIL. Where nan is left out of floats, loops of our own look through
the array.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.moments import is_transposed_table, summands
from ..arrays.nan_extremes import nan_extremes
from ..arrays.refusal import Refusal
from ..arrays.row_functions import place_rows
from ..tasks.pool import Pool
from .face import INTEGERS, NUMBERS, Prepared, on_all_cores
from .rows import CLOSE, are_close, gathered, rows_of, run_blocks
from .sorted_rows import has_minus_zero

__all__ = ["argmax", "argmin", "nanargmax", "nanargmin", "nanmax", "nanmin"]

_NOT_PLAIN = Refusal("an operand is no plain aligned native array of numbers")
_BOOLS = Refusal("NumPy stops at the first bool that decides")
_OPTIONS = Refusal("out is given, or an option that NumPy is to judge")

_WAY = "Rows along the axis are shared out; without one the elements are."

# Bytes from which on it gains, and bytes in a block at least: NumPy reads 30 KB in a microsecond, and 10
# where nan is left out.
_QUICK, _NAN_QUICK, _NAN_ROWS, _QUICK_BLOCK = 1 << 25, 1 << 19, 1 << 23, 1 << 22

# Of elements that lie side by side so many times fewer bytes gain: 8 MiB took 0.7 to 1.25 of NumPy's time.
# Bytes in a piece of a whole array.
_EARLIER, _PIECE = 2, 1 << 17

# Of bools NumPy finds no NaN, and of integers it reads as many as of floats that may be none.
_FLOATS = frozenset(np.dtype(char).num for char in "fd")
_NAN_RUNS = frozenset(np.dtype(char).num for char in "bBhHiIlLqQefdg")
_OF_INTEGERS = dict.fromkeys(INTEGERS & _NAN_RUNS, _QUICK)


# Whether it is the greatest that NumPy's function of a row looks for.
_LOOKS_FOR_GREATEST: dict[Any, bool] = {np.argmax: True, np.argmin: False}


def _arg(numpys: Callable[..., Any]) -> Callable[..., Prepared]:
    greatest = _LOOKS_FOR_GREATEST.get(numpys)

    def prepare(
        pool: Pool, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO_VALUE
    ) -> Prepared:
        if not is_plain(a):
            return _NOT_PLAIN
        if out is not None or (keepdims is not NO_VALUE and type(keepdims) is not bool):
            return _OPTIONS
        if a.dtype.kind == "b":
            return _BOOLS
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
        in_rows = greatest is not None and keepdims is not True and a.strides[axis] == a.itemsize
        if are_close(a, rows) and not in_rows:
            return CLOSE
        at = rows.axis - (axis < rows.axis and keepdims is not True)

        def call() -> Any:
            if in_rows:
                turned = np.moveaxis(a, axis, -1)
                result = np.empty(turned.shape[:-1], np.intp)
                if place_rows(pool._handle, turned, result, greatest is True) is None:
                    return result
            return gathered(
                pool, rows, lambda piece: numpys(a[rows.block(piece)], axis, keepdims=keepdims), at
            )

        return call

    return prepare


def _size(a: Any, axis: Any = None, *_: Any, **__: Any) -> int:
    """The bytes of an array, as many times as they gain earlier."""
    if axis is None:
        return int(a.nbytes) * (_EARLIER if a.flags.c_contiguous else 1)
    return int(a.nbytes) * (_EARLIER if a.strides[axis] == a.itemsize else 1)


def _over_all(pool: Pool, numpys: Callable[..., Any], a: Any) -> Prepared:
    rows = rows_of(a, [], least=_QUICK_BLOCK)
    if isinstance(rows, Refusal):
        return rows

    def run() -> Any:
        found = (
            _by_pieces(pool, numpys, a) if numpys in _LOOKS_FOR_GREATEST and a.flags.c_contiguous else None
        )
        if found is not None:
            return found[numpys(a[found])]
        found = np.empty(len(rows.pieces), np.intp)

        def work(k: int) -> None:
            found[k] = rows.pieces[k].start + numpys(a[rows.pieces[k]])

        refusal = run_blocks(pool, work, range(len(found)))
        return found[numpys(a[found])] if refusal is None else refusal

    return run


def _by_pieces(pool: Pool, numpys: Callable[..., Any], a: Any) -> Any:
    """The places found in pieces of a contiguous array; None where NumPy's function is not there."""
    each = min(_PIECE // a.itemsize, -(-a.size // 2))
    whole = a.size // each
    found = np.empty(whole + (whole * each < a.size), np.intp)
    pieces = a[: whole * each].reshape(whole, each)
    if place_rows(pool._handle, pieces, found[:whole], _LOOKS_FOR_GREATEST[numpys]) is not None:
        return None
    if whole < found.size:
        found[whole] = numpys(a[whole * each :])
    found += np.arange(found.size) * each
    return found


_BUT_BOOLS = NUMBERS - {np.dtype(bool).num}

_args = functools.partial(on_all_cores, way=_WAY, least=_QUICK, size=_size, times=_EARLIER, runs=_BUT_BOOLS)
argmax = _args(np.argmax)(_arg(np.argmax))
argmin = _args(np.argmin)(_arg(np.argmin))


def _looked_for(pool: Pool, a: Any, axis: Any, keepdims: Any, greatest: bool, places: bool) -> Prepared:
    """Looks for the least or the greatest numbers, or for their places; NumPy does where zeros are found."""
    over = summands(a, axis, keepdims is True)
    if isinstance(over, Refusal):
        return _NOT_PLAIN

    def call() -> Any:
        found = nan_extremes(pool._handle, over, greatest, places)
        if isinstance(found, Refusal):
            return found
        if not places and not np.all(found[0]) and has_minus_zero(pool, over.x):
            return Refusal("zeros are of both signs, it may be")
        return found[places]

    return call


def _nanarg(numpys: Callable[..., Any], without: Callable[..., Any]) -> Callable[..., Prepared]:
    plain = _arg(without)
    rows_alone = _arg(numpys)

    def prepare(
        pool: Pool, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO_VALUE
    ) -> Prepared:
        if not is_plain(a) or a.dtype.kind not in "iuf":
            return _NOT_PLAIN
        if a.dtype.kind != "f":
            if a.nbytes < _QUICK:
                return Refusal(f"NumPy reads fewer than {_QUICK} bytes of integers as fast", by_size=True)
            return plain(pool, a, axis, out, keepdims=keepdims)
        if out is None and (keepdims is NO_VALUE or type(keepdims) is bool) and not _is_turned(a, axis):
            call = _looked_for(pool, a, axis, keepdims, numpys is np.nanargmax, True)
            if not isinstance(call, Refusal):
                return call
        if a.nbytes < _NAN_ROWS:
            return Refusal("blocks of rows are too small")
        if axis is None or a.ndim < 2:
            return Refusal("there are no rows to share")
        return rows_alone(pool, a, axis, out, keepdims=keepdims)

    return prepare


def _is_turned(a: Any, axis: Any) -> bool:
    """Whether places in memory are not those in the array."""
    return not a.flags.c_contiguous and (axis is None or not is_transposed_table(a))


_NAN_WAY = f"Loops of our own look for numbers in float32 and float64. Of others {_WAY[:1].lower()}{_WAY[1:]}"

_nan_places = functools.partial(
    on_all_cores, way=_NAN_WAY, least=_NAN_QUICK, runs=_NAN_RUNS, worth=_OF_INTEGERS, pieces=_NAN_ROWS
)

nanargmax = _nan_places(np.nanargmax)(_nanarg(np.nanargmax, np.argmax))
nanargmin = _nan_places(np.nanargmin)(_nanarg(np.nanargmin, np.argmin))


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
        if not is_plain(a):
            return _NOT_PLAIN
        if not (out is None and initial is NO_VALUE and where is NO_VALUE):
            return _OPTIONS
        if keepdims is not NO_VALUE and type(keepdims) is not bool:
            return _OPTIONS
        return _looked_for(pool, a, axis, keepdims, greatest, False)

    return prepare


# Bytes from which on all elements, and rows, gain. To NumPy a row takes as long as so many bytes more, and
# short rows count as so many times their bytes at most.
_WHOLE_LEAST, _ROWS_LEAST, _ROW, _TIMES = 1 << 25, 5 << 19, 6000, 8

# Columns gain where so many at most lie side by side: 2 columns of 32 MiB took a twentieth of NumPy's time,
# 64 a half, 256 up to 1.8 times as long.
_NARROW = 64


def _read(a: Any, axis: Any = None, *_: Any, **__: Any) -> int:
    """How many bytes NumPy would read in the time that it takes; 0 where its loop is as quick."""
    if axis is None or a.ndim == 1:
        return int(a.nbytes) if a.nbytes >= _WHOLE_LEAST else 0
    nearest = 0 if is_transposed_table(a) else -1
    if abs(a.strides[axis]) > _NARROW * a.itemsize or not (a.flags.c_contiguous or nearest == 0):
        return 0
    return int(min(a.nbytes + a.size // a.shape[nearest] * _ROW, a.nbytes * _TIMES))


_EXTREME_WAY = "Loops of our own look for numbers in float32 and float64; which zero is found NumPy tells."

_nan_extremes = functools.partial(
    on_all_cores,
    size=_read,
    way=_EXTREME_WAY,
    least=_ROWS_LEAST,
    times=_TIMES,
    runs=_FLOATS,
    whole=_WHOLE_LEAST,
)

nanmax = _nan_extremes(np.nanmax)(_nan_extreme(True))
nanmin = _nan_extremes(np.nanmin)(_nan_extreme(False))
