"""random and integers: the numbers of NumPy's generators, in their order, on all cores.

A stream of PCG64 or PCG64DXSM can be entered anywhere, so that chunks of a result are made at once. The
generator is left in the state in which NumPy leaves it. All other generators, and kinds of numbers that C
does not make, are NumPy's.
"""

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native import random as native
from .._native.pools import NO_POOL
from .._types import Array
from ..tasks.default_pool import check_pool, default_pool
from ..tasks.pool import Pool
from .errstate import as_the_user
from .layout import is_target

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["integers", "random"]

# The bit generators whose streams C knows. Of a class derived from one the stream may be another.
_GENERATORS: dict[type, int] = {np.random.PCG64: native.PCG64, np.random.PCG64DXSM: native.PCG64DXSM}

# The kinds of numbers that C makes, by dtype.char; of integers those of fewer than 2^32.
_FLOATS: dict[str, int] = {"d": native.FLOAT64, "f": native.FLOAT32}
_INTEGERS: dict[str, int] = {
    np.dtype(name).char: native.INTEGER32 if name.endswith("32") else native.INTEGER64
    for name in ("int32", "uint32", "int64", "uint64")
}

# Numbers from which on a call gains where no pool is named: NumPy makes so many in 10 us.
LEAST = 1 << 13


def random(
    rng: np.random.Generator,
    size: int | tuple[int, ...] | None = None,
    dtype: "npt.DTypeLike" = np.float64,
    out: Array | None = None,
    *,
    pool: Pool | None = None,
) -> Any:
    """Random floats in [0, 1), as rng.random(size, dtype, out).

    Parameters
    ----------
    rng : numpy.random.Generator
        The generator whose numbers they are, for instance numpy.random.default_rng(seed). It is left in the
        state in which rng.random would leave it.
    size : int or tuple of ints, optional
        The shape; a single float if neither `size` nor `out` is given.
    dtype : dtype, optional
        float64 or float32.
    out : ndarray, optional
        Where the numbers go: contiguous, of this dtype and shape.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    float or ndarray
        rng.random(size, dtype, out), bit for bit.

    Raises
    ------
    TypeError
        `rng` is no numpy.random.Generator. As Generator.random for the other arguments.
    ValueError
        As Generator.random.
    RuntimeError
        `pool` is shut down.

    Notes
    -----
    Generators with a PCG64, as numpy.random.default_rng makes them, or a PCG64DXSM run on all threads of the
    pool, without the GIL and under the bit generator's lock. NumPy itself makes the numbers of all other
    ones, of classes that are derived from NumPy's, and arrays too small to gain.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> rng = np.random.default_rng(7)
    >>> x = tm.random(rng, (1000, 1000))
    >>> np.array_equal(x, np.random.default_rng(7).random((1000, 1000)))
    True
    """
    if pool is None and out is None and type(rng) is np.random.Generator and _is_small(size):
        small: Any = rng.random  # NumPy's stub knows no size that may be of any type
        return small(size, dtype)
    check_pool(pool)
    generator, char = _generator(rng), _char(dtype)
    if generator is not None and char in _FLOATS and _is_known(generator, _FLOATS[char]):
        target = _target(size, char, out, pool)
        if target is not None:
            _fill(rng.bit_generator, pool, generator, _FLOATS[char], (0, 0), target)
            return target if out is None else out
    return as_the_user(rng.random, size, dtype, out)


def integers(
    rng: np.random.Generator,
    low: int,
    high: int | None = None,
    size: int | tuple[int, ...] | None = None,
    dtype: "npt.DTypeLike" = np.int64,
    endpoint: bool = False,
    *,
    pool: Pool | None = None,
) -> Any:
    """Random integers from `low` to `high`, as rng.integers(low, high, size, dtype, endpoint).

    Parameters
    ----------
    rng : numpy.random.Generator
        As for `random`.
    low, high : int or array_like of ints
        The least integer, and the one after the greatest, or the greatest with `endpoint`. They go from 0 to
        `low` if `high` is None.
    size : int or tuple of ints, optional
        The shape; a single integer, or as many as `low` and `high` have, if None.
    dtype : dtype, optional
        An integer dtype, or bool.
    endpoint : bool, optional
        Whether `high` itself is among the integers.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    int or ndarray
        rng.integers(low, high, size, dtype, endpoint), bit for bit.

    Raises
    ------
    TypeError
        `rng` is no numpy.random.Generator. As Generator.integers for the other arguments.
    ValueError
        As Generator.integers.
    RuntimeError
        `pool` is shut down.

    Notes
    -----
    As for `random`, where `low` and `high` are integers and the dtype has 32 or 64 bits. Draws that
    NumPy rejects, so that all integers are as likely, are rejected here.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> dice = tm.integers(np.random.default_rng(7), 1, 6, 10**6, endpoint=True)
    >>> np.array_equal(dice, np.random.default_rng(7).integers(1, 6, 10**6, endpoint=True))
    True
    """
    if pool is None and type(rng) is np.random.Generator and _is_small(size):
        return as_the_user(rng.integers, low, high, size, dtype, endpoint)
    check_pool(pool)
    generator, char = _generator(rng), _char(dtype)
    bounds = None if generator is None else _bounds(low, high, char, endpoint)
    if generator is not None and bounds is not None:
        numbers = _INTEGERS[char] if bounds[1] < 1 << 32 else native.WIDE64
        target = _target(size, char, None, pool) if _is_known(generator, numbers) else None
        if target is not None:
            _fill(rng.bit_generator, pool, generator, numbers, bounds, target)
            return target
    return as_the_user(rng.integers, low, high, size, dtype, endpoint)


def _is_small(size: Any) -> bool:
    """Whether the size tells at a glance that NumPy makes the numbers, which saves 1.5 us."""
    return size is None or (type(size) is int and size < LEAST)


def _generator(rng: Any) -> int | None:
    """The kind of stream that C knows; None: NumPy makes the numbers."""
    if type(rng) is np.random.Generator:
        return _GENERATORS.get(type(rng.bit_generator))
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")
    return None


def _char(dtype: Any) -> str:
    """The dtype.char that NumPy's generators use for a native dtype of numbers; else none's."""
    try:
        asked = np.dtype(dtype)
    except TypeError:
        return ""
    return np.dtype(asked.str).char if asked.kind in "fiu" and asked.isnative else ""


def _target(size: Any, char: str, out: Any, pool: Pool | None) -> Array | None:
    """A C-contiguous array to be filled; None where NumPy is to judge, or too few numbers are asked for."""
    if out is None:
        shape: tuple[Any, ...] = size if type(size) is tuple else (size,)
        if not {int}.issuperset(map(type, shape)):
            return None
        return np.empty(shape, char) if pool is not None or math.prod(shape) >= LEAST else None
    if not is_target(out) or out.dtype.char != char or not out.flags.forc:
        return None
    if (size is not None and size != out.shape) or (pool is None and out.size < LEAST):
        return None
    return out if out.flags.c_contiguous else out.T


def _bounds(low: Any, high: Any, char: str, endpoint: Any) -> tuple[int, int] | None:
    """The least of the integers, and how far the greatest is from it; None where NumPy is to judge."""
    if high is None:
        low, high = 0, low
    if not all(type(each) is int or isinstance(each, np.integer) for each in (low, high)):
        return None
    if type(endpoint) is not bool or char not in _INTEGERS:
        return None
    limits = np.iinfo(char)
    least, greatest = operator.index(low), operator.index(high) - (not endpoint)
    # A single integer takes no draw.
    return (least, greatest - least) if limits.min <= least < greatest <= limits.max else None


def _fill(
    bits: Any, pool: Pool | None, generator: int, numbers: int, bounds: tuple[int, int], target: Array
) -> None:
    threads = default_pool() if pool is None else pool
    with bits.lock:
        bits.state = native.fill(threads._handle, generator, numbers, *bounds, bits.state, target)


@functools.cache
def _is_known(generator: int, numbers: int) -> bool:
    """Whether NumPy makes these numbers as C does, which NumPy does not promise for ever; asked once."""
    make = next(make for make, kind in _GENERATORS.items() if kind == generator)
    numpys = np.random.Generator(make(5))
    numpys.random(dtype=np.float32)  # half a draw waits
    state = numpys.bit_generator.state
    bounds = 0, 3 << (62 if numbers == native.WIDE64 else 30)  # a quarter of all draws is rejected
    if numbers in _FLOATS.values():
        expected = numpys.random(101, "d" if numbers == native.FLOAT64 else "f")
    else:
        dtype = "u4" if numbers == native.INTEGER32 else "u8"
        expected = numpys.integers(*bounds, 101, dtype, endpoint=True)
    made = np.empty_like(expected)
    state = native.fill(NO_POOL, generator, numbers, *bounds, state, made)
    return made.tobytes() == expected.tobytes() and state == dict(numpys.bit_generator.state)
