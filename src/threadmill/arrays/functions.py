"""square, sum and scale: NumPy's results on all cores.

Arguments are settled here. Arrays that C can take go to own_kernels.py. NumPy makes all other calls as the
user made them, and calls with arrays too small to gain.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .._native.kernels import CHECKED
from .._native.pools import NO_POOL
from .._types import Array
from ..tasks.pool import Pool, default_pool
from ..tasks.which_pool import check_pool
from . import own_kernels
from .errstate import as_the_user
from .layout import NO_VALUE, as_element, dtype_of, native_chunks
from .reducer import NUMBERS, as_sum
from .signatures import shows, with_pool
from .ufunc import parallel

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._native._threadmill import CData

__all__ = ["scale", "square", "sum"]

Overflow = Literal["wrap", "raise"]

# Bytes below which NumPy itself is the quickest way. Before C begins, arguments and addresses have taken
# 2 us; two threads make up for that from 256 KiB on, where NumPy's square takes 6 us. NumPy's sum is slower
# than C's on one thread already: 8 KiB of int32 take it 2.4 us, C 0.2.
_SMALL = 1 << 18
_SMALL_SUM = 1 << 13

# Bytes below which the calling thread is alone: to wake another costs more than to read them.
_ALONE = 1 << 15


@shows(with_pool(np.square, ["x"], overflow="wrap"))
def square(
    x: "npt.ArrayLike", /, *args: Any, overflow: Overflow = "wrap", pool: Pool | None = None, **options: Any
) -> Any:
    """The square of each element, as numpy.square.

    Parameters
    ----------
    x : array_like
        Any shape, dtype and layout that numpy.square takes. It is not copied.
    out : ndarray, optional
        Where the result goes, `x` itself included; as numpy.square's. NumPy makes the calls with any other of
        its options (``where``, ``dtype``, ...).
    overflow : {"wrap", "raise"}
        "wrap": integers wrap around, as in NumPy. "raise": OverflowError if an integer result does not fit
        its dtype; then a separate `out` holds anything, while `x` is as it was, also where `out` is `x` or
        overlaps it (all elements are checked before any is written). Floating-point and complex numbers
        follow numpy.errstate in either case.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    ndarray or scalar
        numpy.square(x, out): its bits, dtype, shape, memory order and warnings.

    Raises
    ------
    OverflowError
        With overflow="raise".
    TypeError
        As numpy.square. With overflow="raise", for subclasses of ndarray and foreign arrays, for which the
        check has no meaning, for an `out` whose dtype can't hold every value of x's, and for options besides
        `out`.
    ValueError
        As numpy.square; for any other `overflow`.
    RuntimeError
        `pool` is shut down.

    Notes
    -----
    Native, aligned arrays of NumPy's integer types, float32, float64, complex64 and complex128 that fill one
    piece of memory (in C, Fortran or any other order of the axes) run on all threads of the pool without
    the GIL. NumPy itself, on one thread, does the rest: strided, byte-swapped, misaligned and partly
    overlapping arrays, other dtypes, subclasses, and arrays too small to gain.
    """
    if pool is None and overflow == "wrap" and type(x) is np.ndarray and x.nbytes < _SMALL:
        if x.dtype.kind in "fc":
            return as_the_user(np.square, x, *args, **options)
        return _by_numpy(np.square, _out(args, options), x, *args, **options)
    out = _out(args, options)
    checked = _is_checked("square", x, out, overflow, pool)
    if checked:
        x = np.asarray(x)
    if type(x) is not np.ndarray or out is NO_VALUE or not (checked or x.nbytes >= _SMALL):
        return _by_numpy(np.square, out, x, *args, **options)
    if x.dtype.kind == "c":
        return _square(x, *args, pool=pool, **options)
    result = _in_c("square", own_kernels.square, x, out, checked, pool)
    return as_the_user(np.square, x, *args, **options) if result is None else result


@shows(with_pool(np.multiply, ["x", "k"], ["dtype", "signature"], overflow="wrap"))
def scale(
    x: "npt.ArrayLike",
    k: Any,
    /,
    *args: Any,
    overflow: Overflow = "wrap",
    pool: Pool | None = None,
    **options: Any,
) -> Any:
    """Each element times the scalar k, in x's dtype, as numpy.multiply(x, k, dtype=x.dtype).

    Parameters
    ----------
    x : array_like
        Any shape, dtype and layout. It is not copied.
    k : scalar
        A number, a NumPy scalar or a 0-d array, that numpy.multiply converts to x's dtype.
    out : ndarray, optional
        Where the result goes; `x` itself scales x in place. As numpy.multiply's. NumPy makes the calls with
        any other of its options, of which ``dtype`` is an error.
    overflow : {"wrap", "raise"}
        As for `square`; "raise" also minds a `k` that does not fit x's dtype.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    ndarray or scalar
        numpy.multiply(x, k, out, dtype=x.dtype): its bits, shape, memory order and warnings.

    Raises
    ------
    OverflowError
        With overflow="raise"; as numpy.multiply for a Python integer out of the dtype's bounds.
    TypeError
        As numpy.multiply, for instance for a `k` that x's dtype can't take (2.5 for integers); as `square`.
    ValueError
        `k` is no scalar; as `square`.
    RuntimeError
        `pool` is shut down.

    Notes
    -----
    Runs where `square` runs.
    """
    small = pool is None and overflow == "wrap" and type(x) is np.ndarray and x.nbytes < _SMALL
    if small and type(k) in NUMBERS:
        dtype = dtype_of(x)
        if x.dtype.kind in "fc":  # type: ignore[union-attr]
            return as_the_user(np.multiply, x, k, *args, dtype=dtype, **options)
        return _by_numpy(np.multiply, _out(args, options), x, k, *args, dtype=dtype, **options)
    out = _out(args, options)
    checked = _is_checked("scale", x, out, overflow, pool)
    array: Any = np.asarray(x) if checked else x
    element = None
    if type(k) in NUMBERS or (type(k) is np.ndarray and k.ndim == 0):
        if type(array) is np.ndarray and out is not NO_VALUE and (checked or array.nbytes >= _SMALL):
            element = as_element(k, array.dtype)
    elif not _is_foreign(k) and np.ndim(k) != 0:
        raise ValueError(f"scale: k must be a scalar, got an array of shape {np.shape(k)}")
    if element is None:
        known = out if type(k) in NUMBERS else NO_VALUE
        return _by_numpy(np.multiply, known, array, k, *args, dtype=dtype_of(array), **options)
    if checked and array.dtype.kind in "iu" and element[0] != k:
        raise OverflowError(f"scale: k = {k} does not fit {array.dtype}")

    if array.dtype.kind == "c" or element[0] != element[0]:
        if type(k) not in (int, float, complex, array.dtype.type):
            options["dtype"] = dtype_of(array)
        return _multiply(array, k, *args, pool=pool, **options)

    def kernel(threads: "CData", x: Array, out: Array | None, options: int) -> Array | None:
        return own_kernels.scale(threads, x, element, out, options)

    result = _in_c("scale", kernel, array, out, checked, pool)
    if result is None:
        return as_the_user(np.multiply, array, k, *args, dtype=dtype_of(array), **options)
    return result


@shows(with_pool(np.sum, ["x"], overflow="wrap"))
def sum(
    x: "npt.ArrayLike",
    /,
    *args: Any,
    overflow: Overflow = "wrap",
    pool: Pool | None = None,
    **options: Any,
) -> Any:
    """The sum of all elements, or over some axes, as numpy.sum.

    Parameters
    ----------
    x : array_like
        Any shape, dtype and layout that numpy.sum takes.
    axis, dtype, out, keepdims, initial, where
        As numpy.sum's.
    overflow : {"wrap", "raise"}
        "wrap": integer totals wrap around, as in NumPy. "raise": integers and booleans are summed exactly,
        and OverflowError is raised if the total (not a partial sum) does not fit the result's dtype.
        Floating-point and complex numbers follow numpy.errstate in either case.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    scalar or ndarray
        numpy.sum(x, ...): its dtype and its bits, on any number of threads, since floating-point numbers are
        added in the order of NumPy's own pairwise tree.

    Raises
    ------
    OverflowError
        With overflow="raise".
    TypeError
        As numpy.sum. With overflow="raise", for subclasses of ndarray and foreign arrays, and with any of
        numpy.sum's options, as only whole arrays are summed exactly.
    ValueError
        For any other `overflow`.
    RuntimeError
        `pool` is shut down.

    Notes
    -----
    Whole arrays run where `square` runs, and for booleans; other sums where ``parallel(numpy.add).reduce``
    runs. Nothing is copied, but with overflow="raise" arrays that C can't take are read in pieces of 8 MiB,
    copied where they have to be.
    """
    whole = not (args or options)
    if whole and pool is None and overflow == "wrap" and type(x) is np.ndarray and x.nbytes < _SMALL_SUM:
        return _by_numpy(np.add.reduce, None, x, None)
    checked = _is_checked("sum", x, None if whole else NO_VALUE, overflow, pool)
    if checked:
        x = np.asarray(x)
    if whole and type(x) is np.ndarray and x.size:
        if checked and x.dtype.kind in "biu":
            total = own_kernels.sum(_threads(pool, x), x, CHECKED)
            return own_kernels.exact_sum(x) if total is None else total
        if x.nbytes >= _SMALL_SUM:
            total = own_kernels.sum(_threads(pool, x), x, 0)
            if total is not None:
                return total
    return _add.call(np.sum, as_sum, (x, *args), options, pool)


_square, _multiply = parallel(np.square), parallel(np.multiply)
_add = parallel(np.add)._reducer


# ---- arguments --------------------------------------------------------------------------------------------


def _out(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What the user gave for `out`, or None; NO_VALUE where anything else was given besides."""
    if not options:
        return None if not args else args[0] if len(args) == 1 else NO_VALUE
    return options.get("out", NO_VALUE) if len(options) == 1 and not args else NO_VALUE


def _is_checked(name: str, x: Any, out: Any, overflow: str, pool: Pool | None) -> bool:
    """Whether overflow is an error; raises where that can't be found out, and for a pool that is none."""
    check_pool(pool)
    if overflow == "wrap":
        return False
    if overflow != "raise":
        raise ValueError(f"overflow must be 'wrap' or 'raise', got {overflow!r}")
    if type(x) is not np.ndarray and not isinstance(x, (list, tuple, int, float, complex, np.generic)):
        raise TypeError(f"{name}: overflow='raise' needs a plain array, got {type(x).__name__}")
    if out is NO_VALUE:
        takes = "whole arrays, without any of numpy.sum's options" if name == "sum" else "no option but out"
        raise TypeError(f"{name}: overflow='raise' takes {takes}")
    return True


def _is_foreign(x: object) -> bool:
    """Whether x answers NumPy's functions itself."""
    own_answer = hasattr(type(x), "__array_ufunc__") or hasattr(type(x), "__array_function__")
    return own_answer and not isinstance(x, np.ndarray)


# ---- calls ------------------------------------------------------------------------------------------------


def _threads(pool: Pool | None, x: Array) -> "CData":
    if pool is None and x.nbytes < _ALONE:
        return NO_POOL
    return (pool or default_pool())._handle


def _in_c(
    name: str,
    kernel: Callable[["CData", Array, Array | None, int], Array | None],
    x: Array,
    out: Any,
    checked: bool,
    pool: Pool | None,
) -> Any:
    """The result of an element-wise call, checked while or before it runs; None: NumPy must make the call."""
    if not x.size:
        return None
    threads = _threads(pool, x)
    if checked and x.dtype.kind in "iu":
        if isinstance(out, np.ndarray) and not np.can_cast(x.dtype, out.dtype, "safe"):
            raise TypeError(f"{name}: overflow='raise' needs an out that can hold {x.dtype}, got {out.dtype}")
        if out is None or not np.may_share_memory(x, out):
            result = kernel(threads, x, out, CHECKED)
            if result is not None:
                return result
        for chunk in native_chunks(x):
            kernel(threads, chunk, None, CHECKED)
    return kernel(threads, x, out, 0)


def _by_numpy(function: Callable[..., Any], out: Any, x: Any, /, *args: Any, **options: Any) -> Any:
    """function(x, *args, **options) by NumPy, with its warnings at the user's line."""
    if type(x) is np.ndarray and x.dtype.kind in "iub" and (out is None or type(out) is np.ndarray):
        return function(x, *args, **options)  # there is nothing to warn of
    return as_the_user(function, x, *args, **options)
