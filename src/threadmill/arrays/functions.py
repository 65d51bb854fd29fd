"""square, sum and scale: NumPy's results on all cores, and a check for overflow.

They are NumPy's ufuncs as `parallel` makes them, with `overflow=` besides. What is checked goes to
product_kernel.py and sum_kernel.py.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from .._native.kernels import CHECKED
from .._types import Array
from ..tasks.default_pool import check_pool, pool_or_default
from ..tasks.pool import Pool
from . import thresholds
from .doors import SIMPLE, FunctionDoor, timed
from .layout import as_element, dtype_of
from .operands import NUMBERS, PYTHON_NUMBERS
from .product_kernel import Kernel, checked, scale_kernel, square_kernel
from .reducer import as_sum
from .signatures import shows, with_pool
from .sum_kernel import exact_sum
from .sum_kernel import sum as kernel_sum
from .ufunc import NOT_GIVEN, ParallelUfunc, parallel
from .watch import WATCHERS, came_to, is_watched, watched

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["scale", "square", "sum"]

Overflow = Literal["wrap", "raise"]

_square, _multiply, _add = (parallel(ufunc) for ufunc in (np.square, np.multiply, np.add))

# As methods, for calls from code of ours.
_square_call, _multiply_call = _square.as_the_user, _multiply.as_the_user

Function = TypeVar("Function", bound=Callable[..., Any])


_OWN = ("overflow", "pool")

# The kinds of dtypes that a Python number of each type takes on: an array of such has its own dtype times it.
_TAKES = {int: "iufc", float: "fc", complex: "c"}


def _taken() -> dict[type, frozenset[int]]:
    """By a number's type, the numbers (dtype.num) of the dtypes that it takes on: of NumPy's, its own."""
    dtypes = [np.dtype(kind) for kind in NUMBERS - PYTHON_NUMBERS - {bool}]
    taken: dict[type, frozenset[int]] = {type(dtype.type(0)): frozenset({dtype.num}) for dtype in dtypes}
    for kind, kinds in _TAKES.items():
        taken[kind] = frozenset(dtype.num for dtype in dtypes if dtype.kind in kinds)
    return taken


def _behind_a_door(
    made: ParallelUfunc, keywords: tuple[str, ...], *takes: dict[type, frozenset[int]]
) -> Callable[[Function], Function]:
    """Has the ufunc make the function's small calls."""

    def behind(function: Function) -> Function:
        sizes = timed(thresholds.LEAST)
        door = FunctionDoor(made.ufunc, function, sizes, SIMPLE, made._worth, keywords, *takes)
        return functools.update_wrapper(door, function, updated=())  # type: ignore[return-value]

    return behind


@_behind_a_door(_square, _OWN)
@shows(with_pool(np.square, ["x"], overflow="wrap"))
def square(
    x: "npt.ArrayLike",
    /,
    *args: Any,
    out: Any = NOT_GIVEN,
    overflow: Overflow = "wrap",
    pool: Pool | None = None,
    **options: Any,
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
    if overflow == "wrap":
        return _square._ours(x, *args, out=out, pool=pool, **options)
    if WATCHERS and not is_watched():
        return watched("square", square, x, *args, out=out, overflow=overflow, pool=pool, **options)
    if out is not NOT_GIVEN:
        options["out"] = out
    array, target = _checked_operands("square", x, args, options, overflow, pool)
    done = _checked("square", square_kernel, array, target, pool)
    if WATCHERS and done is not None:
        came_to("square", done)
    return _square_call(array, *args, pool=pool, **options) if done is None else done


@_behind_a_door(_multiply, (*_OWN, "dtype", "sig", "signature", "casting"), _taken())
@shows(with_pool(np.multiply, ["x", "k"], ["dtype", "signature"], overflow="wrap"))
def scale(
    x: "npt.ArrayLike",
    k: Any,
    /,
    *args: Any,
    out: Any = NOT_GIVEN,
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
    kind = type(k)
    has_its_dtype = type(x) is np.ndarray and (
        x.dtype.kind in _TAKES.get(kind, "") or (kind in NUMBERS and kind is x.dtype.type)
    )
    if overflow == "wrap" and not options and has_its_dtype:
        # An `out` of another class may look at the options that it gets.
        if not args and (out is NOT_GIVEN or out is None or type(out) is np.ndarray):
            return _multiply_call(x, k, out=out, pool=pool)
        if len(args) == 1 and out is NOT_GIVEN and type(args[0]) is np.ndarray:
            return _multiply_call(x, k, *args, pool=pool)
    if WATCHERS and not is_watched():  # by the name of the ufunc that it is
        return watched("multiply", scale, x, k, *args, out=out, overflow=overflow, pool=pool, **options)
    check_pool(pool)
    if out is not NOT_GIVEN:
        options["out"] = out
    if kind not in NUMBERS and not _is_foreign(k) and np.ndim(k) != 0:
        raise ValueError(f"scale: k must be a scalar, got an array of shape {np.shape(k)}")
    if overflow != "wrap":
        array, target = _checked_operands("scale", x, args, options, overflow, pool)
        done = _checked_scale(array, k, target, pool)
        if done is not None:
            if WATCHERS:
                came_to("multiply", done)
            return done
        x = array
    return _multiply_call(x, k, *args, pool=pool, dtype=dtype_of(x), **options)


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
    if overflow == "wrap":
        if args or options:
            return _add._reducer.call(np.sum, as_sum, (x, *args), options, pool)
        return _add._reducer.total(x, pool)
    if WATCHERS and not is_watched():
        return watched("sum", sum, x, *args, overflow=overflow, pool=pool, **options)
    array, _ = _checked_operands("sum", x, args, options, overflow, pool)
    if array.dtype.kind not in "biu" or not array.size:
        return _add._reducer.total(array, pool)
    total = kernel_sum(pool_or_default(pool)._handle, array, CHECKED)
    if WATCHERS and total is not None:
        came_to("sum", total)
    return exact_sum(array) if total is None else total


# ---- overflow="raise" -------------------------------------------------------------------------------------


def _checked_operands(
    name: str, x: Any, args: tuple[Any, ...], options: dict[str, Any], overflow: str, pool: Pool | None
) -> tuple[Array, Any]:
    """x as an array, and `out`; raises where overflow can't be found out, and for a pool that is none."""
    check_pool(pool)
    if overflow != "raise":
        raise ValueError(f"overflow must be 'wrap' or 'raise', got {overflow!r}")
    if type(x) is not np.ndarray and not isinstance(x, (list, tuple, int, float, complex, np.generic)):
        raise TypeError(f"{name}: overflow='raise' needs a plain array, got {type(x).__name__}")
    if name == "sum" and (args or options):
        raise TypeError(f"sum: overflow='raise' must come without options, got {_named(args, options)}")
    outs = [*args, *options.values()]
    if len(outs) > 1 or not options.keys() <= {"out"}:
        raise TypeError(
            f"{name}: overflow='raise' must come with no option but out, got {_named(args, options)}"
        )
    return np.asarray(x), outs[0] if outs else None


def _named(args: tuple[Any, ...], options: dict[str, Any]) -> str:
    return ", ".join([*(repr(each) for each in args), *options])


def _checked(name: str, kernel: Kernel, x: Array, out: Any, pool: Pool | None) -> Array | None:
    """The results of integers, checked; None where all is checked or need not be, and NumPy may go on."""
    if x.dtype.kind not in "iu" or not x.size:
        return None
    if isinstance(out, np.ndarray) and not np.can_cast(x.dtype, out.dtype, "safe"):
        raise TypeError(f"{name}: overflow='raise' needs an out that can hold {x.dtype}, got {out.dtype}")
    return checked(name, kernel, pool_or_default(pool)._handle, x, out)


def _checked_scale(x: Array, k: Any, out: Any, pool: Pool | None) -> Array | None:
    if type(k) not in NUMBERS and type(k) is not np.ndarray:
        return None
    element = as_element(k, x.dtype)
    if element is None:
        return None
    if x.dtype.kind in "iu" and element[0] != k:
        raise OverflowError(f"scale: k = {k} does not fit {x.dtype}: convert x to a wider dtype")
    return _checked("scale", scale_kernel(element), x, out, pool)


def _is_foreign(x: object) -> bool:
    """Whether x answers NumPy's functions itself."""
    own_answer = hasattr(type(x), "__array_ufunc__") or hasattr(type(x), "__array_function__")
    return own_answer and not isinstance(x, np.ndarray)
