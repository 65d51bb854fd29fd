"""NumPy's functions that are array code in Python, as fused programs of one call.

What NumPy's definition does with arrays is put off and runs in few passes over memory, as in `fuse`. So the
bits are NumPy's by construction. Arguments whose meaning is not exactly known, and shapes that gain nothing,
are NumPy's.
"""

import functools
import inspect
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..arrays.layout import NO_VALUE, is_plain
from ..arrays.moments import is_transposed_table
from ..arrays.operands import NUMBERS, plain_dtype
from ..arrays.refusal import FUSE_IS_OFF, Refusal
from ..fusion.fused_door import fuse_is_off
from ..fusion.one_call import explain_fused, run_fused
from ..tasks.default_pool import check_pool, pool_or_default
from ..tasks.pool import Pool
from .binding import binder
from .face import COMPLEX, FLOATS, Prepared, on_all_cores
from .moments import WAY as MOMENTS_WAY
from .moments import by_moments

__all__ = [
    "allclose",
    "average",
    "gradient",
    "isclose",
    "nan_to_num",
    "nanmean",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "ptp",
    "std",
    "trapezoid",
    "var",
]

Function = Callable[..., Any]

# Arguments by name, and why a call with these gains nothing; None if it does.
Gains = Callable[[dict[str, Any]], str | None]

_WAY = "NumPy's own definition runs fused: in few passes over memory, tile by tile."

# ---- which arguments are known ----------------------------------------------------------------------------


def _is_known(name: str, x: Any) -> bool:
    """Whether an argument is a plain array, a number, or says of a call what it says to NumPy."""
    if type(x) is np.ndarray:
        return is_plain(x) and x.dtype.kind in "biufc" and name not in ("out", "where", "mean")
    if name == "where":
        return x is True or x is NO_VALUE
    if name == "dtype":
        return x is None or x is NO_VALUE or plain_dtype(x) is not None
    if name == "axis":
        return x is None or type(x) is int or (type(x) is tuple and all(type(each) is int for each in x))
    return x is None or x is NO_VALUE or type(x) in NUMBERS or type(x) in (bool, str)


# ---- which shapes gain ------------------------------------------------------------------------------------

# Bytes of a row that passes reduce, and elements of a row that they add to others: see reduce_rows.py and
# reduce_columns.py.
_SHORTEST, _LONGEST, _NARROWEST, _FEWEST = 1 << 12, 1 << 16, 256, 8


# Bytes from which on columns gain; looked up at each call, so that tests can lower it.
COLUMNS_LEAST = 1 << 24


def _reduces(given: dict[str, Any]) -> str | None:
    """Reductions of all elements, of rows of a middle length, and of wide columns."""
    x, axis = given["a"], given.get("axis")
    if x.dtype.kind not in "fc":
        return "only floats have passes in common"
    if not x.flags.c_contiguous:
        return "its elements do not lie in C's order"
    if axis is None or x.ndim == 1:
        return None
    axes = axis if type(axis) is tuple else (axis,)
    last = x.shape[-1]
    if x.ndim - 1 in axes or -1 in axes:
        is_row = len(axes) == 1 and _SHORTEST <= last * x.itemsize <= _LONGEST
        return None if is_row else "rows are reduced by passes from 4 KiB to 64 KiB only"
    if x.nbytes < COLUMNS_LEAST:
        return f"columns of fewer than {COLUMNS_LEAST} bytes are in the caches"
    rows = prod([x.shape[each] for each in axes])
    return None if last >= _NARROWEST and rows >= _FEWEST else "columns of short rows are added up by NumPy"


def _floats(given: dict[str, Any]) -> str | None:
    if not given["x"].flags.c_contiguous:
        return "its elements do not lie in C's order"
    if given["x"].dtype.kind == "c":
        return "the two parts of complex numbers are strided, and take longer in passes"
    return None if given["x"].dtype.kind == "f" else "integers are never NaN"


def _alike(given: dict[str, Any]) -> str | None:
    """Two arrays of one shape, or an array and a number."""
    a, b = given["a"], given["b"]
    if type(b) is np.ndarray and a.shape != b.shape:
        return "its operands are of two shapes"
    return None


def _in_rows(given: dict[str, Any]) -> str | None:
    """Along one axis or all; rows must not be short, as each is a tile at most."""
    x = next(iter(given.values()))
    if x.dtype.kind not in "fc" or not x.flags.c_contiguous:
        return "only floats in C's order have passes in common"
    return None if x.shape[-1] >= _NARROWEST else "its rows are short"


# ---- functions --------------------------------------------------------------------------------------------

# How calls may be made without passes: given the pool, NumPy's function and the arguments by name.
Sooner = Callable[[Pool, Function, dict[str, Any]], Prepared]

# Bytes from which on what no loops of moments.py add up is fused; looked up at each call, so that tests can
# lower it.
MOMENTS_LEAST = 1 << 23

# Bytes from which on those loops gain, also over what NumPy makes no copies for; and over what it does.
_MOMENTS, _NAN_MOMENTS = 1 << 19, 1 << 18


_IN_PIECES = Refusal("its elements do not lie in C's order, and are few")


def _is_in_pieces(x: Any) -> bool:
    if type(x) is not np.ndarray or x.flags.c_contiguous or is_transposed_table(x):
        return False
    return x.nbytes < MOMENTS_LEAST


def _fused(
    numpys: Function,
    gains: Gains,
    least: int,
    *,
    way: str = _WAY,
    sooner: Sooner | None = None,
    is_view: bool = False,
    **sizes: Any,
) -> Function:
    """NumPy's function, fused from so many bytes of its largest argument on.

    `sooner` is asked first, if there is one. NumPy's result `is_view` of an array that nobody else has. The
    `sizes` are those of `on_all_cores`.
    """
    signature = inspect.signature(numpys)
    first = next(iter(signature.parameters))
    bound = binder(signature)

    def prepare(pool: Pool, *args: Any, **options: Any) -> Prepared:
        has_axis = len(args) > 1 or options.get("axis") is not None
        if sooner is not None and has_axis and args and args[1:2] != (None,) and _is_in_pieces(args[0]):
            return _IN_PIECES  # as `sooner` would find
        given = bound(args, options)
        if sooner is not None:
            call = sooner(pool, numpys, given)
            if not isinstance(call, Refusal):
                return call
            if type(given[first]) is np.ndarray and given[first].nbytes < MOMENTS_LEAST:
                return Refusal(call.reason)
        refusal = _refusal(given)
        if refusal is not None:
            return refusal
        if is_view:
            return lambda: _view_of(run_fused(pool, numpys, args, options))
        return functools.partial(run_fused, pool, numpys, args, options)

    def _refusal(given: dict[str, Any]) -> Refusal | None:
        if fuse_is_off():
            return FUSE_IS_OFF
        if type(given[first]) is not np.ndarray or not given[first].ndim:
            return Refusal("it is given no array")
        for name, x in given.items():
            if type(x) is tuple and name not in signature.parameters:
                continue
            if not _is_known(name, x):
                return Refusal(f"{name} is none of the arguments that passes know")
        why = gains(given)
        return None if why is None else Refusal(why)

    function: Any = on_all_cores(numpys, way, least, **sizes)(prepare)
    explain = function.explain

    def explain_passes(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
        """How a call with these arguments runs: it is made, and its passes are told, if it is fused."""
        check_pool(pool)
        told = explain(*args, pool=pool, **options)
        if not told.parallel:
            return told
        threads = pool_or_default(pool)
        if sooner is not None:
            given = signature.bind(*args, **options).arguments
            if not isinstance(sooner(threads, numpys, given), Refusal):
                return told
        return explain_fused(threads, numpys, args, options)

    function.explain = explain_passes
    made: Function = function
    return made


def _view_of(made: Any) -> Any:
    return made if isinstance(made, Refusal) else made[()]


def _norm_of_rows(given: dict[str, Any]) -> str | None:
    """Euclidean norms of rows, or of columns."""
    if given.get("ord") not in (None, 2) or type(given.get("axis")) is not int:
        return "BLAS has the norm of all elements, and norms of other orders are one reduction"
    return _reduces({"a": given["x"], "axis": given["axis"]})


def _ranges(given: dict[str, Any]) -> str | None:
    """Ranges along an axis: the least and the greatest of all elements are two quick reductions."""
    return "two reductions of all elements are read as quickly" if given.get("axis") is None else None


# Of complex numbers, and of others that no loops of moments.py add up.
_OF_OTHERS = {np.dtype(char).num: MOMENTS_LEAST for char in "egFDG"}

_by_moments = functools.partial(
    _fused,
    gains=_reduces,
    way=f"{MOMENTS_WAY} Elsewhere {_WAY}",
    sooner=by_moments,
    runs=FLOATS,
    worth=_OF_OTHERS,
    pieces=MOMENTS_LEAST,
)

var = _by_moments(np.var, least=_MOMENTS)
std = _by_moments(np.std, least=_MOMENTS)
nansum = _by_moments(np.nansum, least=_MOMENTS)
nanmean = _by_moments(np.nanmean, least=_NAN_MOMENTS)
nanvar = _by_moments(np.nanvar, least=_NAN_MOMENTS)
nanstd = _by_moments(np.nanstd, least=_NAN_MOMENTS)

# From these sizes on they gain on two threads, one of which is busy elsewhere: 1.1 and more.
nanprod = _fused(np.nanprod, _reduces, 1 << 24, runs=FLOATS - COMPLEX)
norm = _fused(np.linalg.norm, _norm_of_rows, 1 << 24)
ptp = _fused(np.ptp, _ranges, 1 << 25)
average = _fused(np.average, _reduces, 1 << 23)
trapezoid = _fused(np.trapezoid, _in_rows, 1 << 23)
gradient = _fused(np.gradient, _in_rows, 1 << 23)
nan_to_num = _fused(np.nan_to_num, _floats, 1 << 22, runs=FLOATS - COMPLEX)
isclose = _fused(np.isclose, _alike, 1 << 22, is_view=True)
allclose = _fused(np.allclose, _alike, 1 << 22)
