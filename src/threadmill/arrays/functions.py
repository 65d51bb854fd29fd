"""square, sum and scale: NumPy's results on all cores.

Arguments are settled here. Arrays that C can take go to own_kernels.py, all others to NumPy itself, and so do
small integer arrays, because NumPy is done with them before we could have begun.
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
from .errstate import reported
from .layout import NO_VALUE, as_element, dtype_of, native_chunks
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


def square(
    x: "npt.ArrayLike", /, out: Array | None = None, *, overflow: Overflow = "wrap", pool: Pool | None = None
) -> Any:
    """The square of each element, as numpy.square.

    Parameters
    ----------
    x : array_like
        Any shape, dtype and layout that numpy.square takes. It is not copied.
    out : ndarray, optional
        Where the result goes, `x` itself included; as numpy.square's.
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
        check has no meaning, and for an `out` whose dtype can't hold every value of x's.
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
    if type(x) is np.ndarray and pool is None and overflow == "wrap":
        if x.nbytes < _SMALL:
            return reported(np.square, x, out=out) if x.dtype.kind in "fc" else np.square(x, out=out)
        result = own_kernels.square(default_pool()._handle, x, out, 0)
        if result is not None:
            return result
    array, options = _input("square", x, overflow, pool)
    if type(array) is np.ndarray and array.dtype.kind == "c":
        return parallel(np.square)(array, out=out, pool=pool)
    if type(array) is not np.ndarray or (not options and array.nbytes < _SMALL):
        return _by_numpy(array, lambda: np.square(array, out=out))
    return _map("square", array, out, options, pool, own_kernels.square, lambda: np.square(array, out=out))


def scale(
    x: "npt.ArrayLike",
    k: Any,
    /,
    out: Array | None = None,
    *,
    overflow: Overflow = "wrap",
    pool: Pool | None = None,
) -> Any:
    """Each element times the scalar k, in x's dtype, as numpy.multiply(x, k, dtype=x.dtype).

    Parameters
    ----------
    x : array_like
        Any shape, dtype and layout. It is not copied.
    k : scalar
        A number, a NumPy scalar or a 0-d array, that numpy.multiply converts to x's dtype.
    out : ndarray, optional
        Where the result goes; `x` itself scales x in place. As numpy.multiply's.
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
    if type(x) is np.ndarray and pool is None and overflow == "wrap" and x.nbytes >= _SMALL:
        factor = as_element(k, x.dtype) if isinstance(k, (np.generic, int, float, complex)) else None
        result = factor if factor is None else own_kernels.scale(default_pool()._handle, x, factor, out, 0)
        if result is not None:
            return result
    array, options = _input("scale", x, overflow, pool)
    if type(k) not in (int, float, complex) and np.ndim(k) != 0:
        raise ValueError(f"scale: k must be a scalar, got an array of shape {np.shape(k)}")
    dtype = dtype_of(array)
    if type(array) is np.ndarray and (array.dtype.kind == "c" or (array.dtype.kind == "f" and k != k)):
        kept = {} if type(k) in (int, float, complex, dtype) else {"dtype": dtype}
        return parallel(np.multiply)(array, k, out=out, pool=pool, **kept)

    def by_numpy() -> Any:
        return np.multiply(array, k, out=out, dtype=dtype)

    element = None
    if type(array) is np.ndarray and (options or array.nbytes >= _SMALL):
        element = as_element(k, array.dtype)
    if element is None:
        return _by_numpy(array, by_numpy)
    if options and array.dtype.kind in "iu" and element[0] != k:
        raise OverflowError(f"scale: k = {k} does not fit {array.dtype}")

    def in_c(threads: "CData", x: Array, out: Array | None, options: int) -> Array | None:
        return own_kernels.scale(threads, x, element, out, options)

    return _map("scale", array, out, options, pool, in_c, by_numpy)


def sum(
    x: "npt.ArrayLike",
    /,
    axis: int | tuple[int, ...] | None = None,
    dtype: "npt.DTypeLike | None" = None,
    out: Array | None = None,
    keepdims: bool = False,
    initial: Any = NO_VALUE,
    where: Any = True,
    *,
    overflow: Overflow = "wrap",
    pool: Pool | None = None,
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
    whole = axis is None and dtype is None and out is None and not keepdims
    if not whole or initial is not NO_VALUE or where is not True:
        array, options = _input("sum", x, overflow, pool)
        if options:
            raise TypeError("sum: overflow='raise' takes whole arrays, without any of numpy.sum's options")
        if type(array) is not np.ndarray:
            given = {"keepdims": keepdims, "initial": initial, "where": where}
            defaults = {"keepdims": False, "initial": NO_VALUE, "where": True}  # not all classes take them
            more: Any = {name: value for name, value in given.items() if value is not defaults[name]}
            return np.sum(array, axis, dtype, out, **more)  # type: ignore[arg-type]
        return parallel(np.add).reduce(array, axis, dtype, out, keepdims, initial, where, pool=pool)
    if type(x) is np.ndarray and pool is None and overflow == "wrap" and x.size:
        if x.nbytes < _SMALL_SUM:
            return reported(np.add.reduce, x, None) if x.dtype.kind in "fc" else np.add.reduce(x, None)
        total = own_kernels.sum(_threads(pool, x), x, 0)
        if total is not None:
            return total
    array, options = _input("sum", x, overflow, pool)
    if type(array) is not np.ndarray or not array.size:
        return np.sum(array)
    if options and array.dtype.kind not in "biu":
        options = 0
    if options or array.nbytes >= _SMALL_SUM:
        total = own_kernels.sum(_threads(pool, array), array, options)
        if total is not None:
            return total
    return own_kernels.exact_sum(array) if options else _by_numpy(array, lambda: np.add.reduce(array, None))


def _input(name: str, x: Any, overflow: str, pool: Pool | None) -> tuple[Any, int]:
    """x, as an ndarray where a ufunc would make one of it, and the kernel's options."""
    check_pool(pool)
    if type(x) is not np.ndarray and isinstance(x, (list, tuple, int, float, complex, np.generic)):
        x = np.asarray(x)
    if overflow == "wrap":
        return x, 0
    if overflow != "raise":
        raise ValueError(f"overflow must be 'wrap' or 'raise', got {overflow!r}")
    if type(x) is not np.ndarray:
        raise TypeError(f"{name}: overflow='raise' needs a plain array, got {type(x).__name__}")
    return x, CHECKED


def _threads(pool: Pool | None, x: Array) -> "CData":
    if pool is None and x.nbytes < _ALONE:
        return NO_POOL
    return (pool or default_pool())._handle


def _map(
    name: str,
    x: Array,
    out: Any,
    options: int,
    pool: Pool | None,
    in_c: Callable[["CData", Array, Array | None, int], Array | None],
    by_numpy: Callable[[], Any],
) -> Any:
    """An element-wise call: in C where that can be, else by NumPy; checked while or before it runs."""
    if not x.size:
        return by_numpy()
    threads = _threads(pool, x)
    if options and x.dtype.kind in "iu":
        if isinstance(out, np.ndarray) and not np.can_cast(x.dtype, out.dtype, "safe"):
            raise TypeError(f"{name}: overflow='raise' needs an out that can hold {x.dtype}, got {out.dtype}")
        if out is None or not np.may_share_memory(x, out):
            result = in_c(threads, x, out, options)
            if result is not None:
                return result
        for chunk in native_chunks(x):
            in_c(threads, chunk, None, options)
    result = in_c(threads, x, out, 0)
    return _by_numpy(x, by_numpy) if result is None else result


def _by_numpy(x: Any, call: Callable[[], Any]) -> Any:
    """call(), with its floating-point errors reported at the user's line.

    That is done from another context, which the code of foreign classes must not see.
    """
    if type(x) is np.ndarray and x.dtype.kind in "fc":
        return reported(call)
    return call()
