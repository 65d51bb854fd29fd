"""What the calls of the mixture are made of: arrays that lie in every way, foreign classes, pools.

A call's text names nothing but what is here, so that a failing call is a script of its own:
``from kit.mixture_objects import *`` and the text.
"""

import datetime
import decimal
import enum
import fractions
import functools
from typing import Any

import numpy as np
from kit.arrays import Array, extremes, random_values

import threadmill as tm

__all__ = [
    "Absolute",
    "Color",
    "Duck",
    "Half",
    "Handed",
    "Ignored",
    "Interface",
    "Length",
    "Plain",
    "Refuses",
    "Strong",
    "Unit",
    "datetime",
    "decimal",
    "fractions",
    "make",
    "metadata",
    "np",
    "overlapping",
    "pool",
    "python_add",
    "tm",
]

python_add = np.frompyfunc(lambda a, b: a + b, 2, 1)


@functools.cache
def pool(threads: int) -> tm.Pool:
    """The one pool of that size."""
    return tm.Pool(threads)


def metadata(dtype: str, of: int) -> np.dtype[Any]:
    """The dtype with metadata, as some libraries mark theirs."""
    return np.dtype(dtype, metadata={"of": of})


# ---- values ------------------------------------------------------------------------------------------------


def _nans(dtype: np.dtype[Any], n: int, seed: int) -> Array:
    """NaNs of both signs, with many payloads, a tenth of them signalling."""
    if dtype.kind == "c":
        made = np.empty(n, dtype)
        made.real, made.imag = (_nans(made.real.dtype, n, seed + part) for part in (0, 1))
        return made
    rng = np.random.default_rng([seed, n])
    if dtype.char == "g":  # of ten bytes; NumPy converts a NaN's payload
        return _nans(np.dtype("d"), n, seed).astype("g")
    word = {2: np.uint16, 4: np.uint32, 8: np.uint64}[dtype.itemsize]
    mantissa = np.finfo(dtype).nmant
    quiet = word((1 << (dtype.itemsize * 8 - 1)) - (1 << (mantissa - 1)))
    bits = quiet | rng.integers(1, 1 << (mantissa - 2), n).astype(word)
    bits ^= (rng.random(n) < 0.1).astype(word) << word(mantissa - 1)
    bits |= rng.integers(0, 2, n).astype(word) << word(dtype.itemsize * 8 - 1)
    return bits.view(dtype)


@functools.lru_cache(maxsize=256)
def _values(char: str, n: int, flavour: str, seed: int) -> Array:
    dtype = np.dtype(char)
    rng = np.random.default_rng([seed, n, len(flavour)])
    if dtype.hasobject:
        return np.array([int(x) for x in rng.integers(-9, 9, n)], object)
    if dtype.kind in "SU":
        return rng.integers(0, 99, n).astype(dtype)
    if dtype.kind == "V":
        return rng.integers(0, 99, n * dtype.itemsize).astype(np.uint8).view(dtype)
    if flavour == "small":
        made = rng.integers(0 if dtype.kind in "ub" else -9, 9, n)
        return made.astype("q").view(dtype) if dtype.kind in "mM" else made.astype(dtype)
    if dtype.kind in "mM":
        made = random_values("q", n, seed) >> 11
        made[::17] = np.iinfo("q").min  # NaT
        return made.view(dtype)
    with np.errstate(all="ignore"):
        made = random_values(dtype, n, seed)
        special = rng.permutation(extremes(dtype, n))
    if flavour == "wide":
        return made
    chosen = rng.random(n) < 0.3
    made[chosen] = special[chosen]
    if flavour == "nans" and dtype.kind in "fc":
        chosen = rng.random(n) < (0.9 if seed % 2 else 0.2)
        made[chosen] = _nans(dtype, n, seed)[chosen]
    return made


def _view(shape: tuple[int, ...], dtype: np.dtype[Any], steps: tuple[int, ...], order: str = "C") -> Array:
    """An array with other memory between its elements; a step below 0 walks an axis backwards."""
    room = np.zeros([n * abs(step) for n, step in zip(shape, steps, strict=True)], dtype, order)
    if dtype.kind in "biufcmM":
        room[...] = 1
    return room[(*(slice(None, None, step) for step in steps), ...)]


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any], layout: str) -> Array:
    count, dims = int(np.prod(shape)), len(shape)
    match layout:
        case "strided":
            return _view(shape, dtype, (1,) * (dims - 1) + (2,) * (dims > 0))
        case "gaps":
            return _view(shape, dtype, (3,) * dims)
        case "reversed":
            return _view(shape, dtype, (1,) * (dims - 1) + (-1,) * (dims > 0))
        case "turned":
            return _view(shape, dtype, (-1,) * dims)
        case "outer_turned":
            return _view(shape, dtype, (-1,) * (dims > 0) + (1,) * (dims - 1))
        case "fortran":
            return np.zeros(shape, dtype, "F")
        case "fortran_strided":
            return _view(shape, dtype, (2,) * dims, "F")
        case "permuted":
            order = np.roll(range(dims), 1)
            return np.zeros([shape[axis] for axis in order], dtype).transpose(np.argsort(order))
        case "misaligned" if not dtype.hasobject:
            return np.zeros(count * dtype.itemsize + 1, np.uint8)[1:].view(dtype).reshape(shape)
        case "field" if not dtype.hasobject:
            pad = dtype.alignment
            return np.zeros(shape, {"names": ["pad", "x"], "formats": [f"V{pad}", dtype]})["x"]
        case "swapped":
            return np.zeros(shape, dtype.newbyteorder("S"))
    return np.zeros(shape, dtype)


def make(dtype: Any, shape: tuple[int, ...], layout: str = "", flavour: str = "wide", seed: int = 0) -> Array:
    """An array of such values that lies so in memory."""
    dtype = np.dtype(dtype)
    if layout == "broadcast" and shape:
        return np.broadcast_to(make(dtype, shape[-1:], "", flavour, seed), shape)
    values = _values(dtype.newbyteorder("=").str, int(np.prod(shape)), flavour, seed)
    made = _empty(shape, dtype, layout)
    if made.dtype.kind in "fc" and made.dtype.char not in "gG" and made.dtype.isnative:
        word = f"u{made.real.itemsize}"  # no move may quiet a NaN
        if made.dtype.kind == "f":
            made.view(word)[...] = values.view(word).reshape(shape)
        else:
            made.real.view(word)[...] = np.ascontiguousarray(values.real).view(word).reshape(shape)
            made.imag.view(word)[...] = np.ascontiguousarray(values.imag).view(word).reshape(shape)
    else:
        made[...] = values.reshape(shape)
    if layout == "read_only":
        made.flags.writeable = False
    return made


def overlapping(
    dtype: Any, shape: tuple[int, ...], how: str, flavour: str = "wide", seed: int = 0
) -> tuple[Array, Array]:
    """Two arrays of one shape that share memory."""
    count = int(np.prod(shape))
    room = make(dtype, (2 * count + 2,), "", flavour, seed)
    match how:
        case "ahead":
            return room[:count].reshape(shape), room[1 : count + 1].reshape(shape)
        case "behind":
            return room[1 : count + 1].reshape(shape), room[:count].reshape(shape)
        case "half":
            return room[:count].reshape(shape), room[count // 2 : count // 2 + count].reshape(shape)
        case "reversed":
            return room[:count].reshape(shape), room[:count][::-1].reshape(shape)
        case "interleaved":
            return room[:-2:2].reshape(shape), room[1:-1:2].reshape(shape)
        case "transposed" if len(shape) == 2 and shape[0] == shape[1]:
            return room[:count].reshape(shape), room[:count].reshape(shape).T
    return room[:count].reshape(shape), room[:count].reshape(shape)


# ---- classes -----------------------------------------------------------------------------------------------


class Plain(np.ndarray[Any, Any]):
    """A subclass that changes nothing."""


class Length(np.ndarray[Any, Any]):
    """A subclass that follows its own making."""

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", "m")

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        made = super().__array_wrap__(array, context, return_scalar)
        if isinstance(made, Length):
            made.unit = "none" if context is None else f"{context[0].__name__} {len(context[1])} {context[2]}"
        return made


class Handed(np.ndarray[Any, Any]):
    """A subclass that takes ufuncs over, and hands them on."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Handed) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(x) if isinstance(x, Handed) else x for x in options["out"])
        if isinstance(options.get("where"), Handed):
            options["where"] = np.asarray(options["where"])
        return getattr(ufunc, method)(*plain, **options), ufunc.__name__, method, sorted(options)


class Ignored(np.ndarray[Any, Any]):
    """A subclass that wants to come first and then is as any other."""

    __array_priority__ = 1000.0


class Duck:
    """Tells how it was called."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return "ufunc", repr(ufunc), method, [type(x).__name__ for x in inputs], _told(options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return "function", function.__name__, [type(x).__name__ for x in args], _told(options)

    def __repr__(self) -> str:
        return "Duck()"


def _told(options: dict[str, Any]) -> list[Any]:
    """The options in any order: ours hands `out` on last."""
    return sorted((name, type(value).__name__, repr(value)[:60]) for name, value in options.items())


class Refuses:
    """Takes part in no ufunc."""

    __array_ufunc__ = None


class Strong:
    """Is no array, becomes one, and wants its own operators to come first."""

    __array_priority__ = 1000.0

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.asarray(self.array, dtype)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return "wrapped by Strong", array.shape, array.dtype.str, context is None, return_scalar

    def __radd__(self, other: Any) -> str:
        return "added by Strong"


class Interface:
    """Shows its memory."""

    def __init__(self, array: Array) -> None:
        self.array = array

    @property
    def __array_interface__(self) -> Any:
        return self.array.__array_interface__


class Half(float):
    """A float of one's own."""


class Unit(np.float64):
    """A NumPy scalar that takes ufuncs over."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return "unit", ufunc.__name__, method, len(inputs), _told(options)


class Absolute(np.float64):
    """A NumPy scalar of one's own."""


class Color(enum.IntEnum):
    """An int of one's own."""

    RED = 3
