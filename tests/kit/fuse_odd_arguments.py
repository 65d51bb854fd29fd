"""Arguments of random programs that are no arrays of numbers: subclasses, structures and their fields, dates
without a time, texts, objects; and arrays of extremes."""

import random
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from kit.fuse_compare import Special

__all__ = ["CLASSES", "extremes", "in_the_memory_of", "odd_argument"]


class Wrapped(np.ndarray[Any, Any]):
    """A subclass that says so of what ufuncs make of it, and keeps a unit."""

    unit = "m"

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", "none")

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        made = super().__array_wrap__(array, context, return_scalar)
        if isinstance(made, Wrapped):
            made.unit = "wrapped"
        return made


class Asked(np.ndarray[Any, Any]):
    """A subclass that makes calls of ufuncs itself, on what it holds."""

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, out: Any = (), **options: Any) -> Any:
        named = {name: _plainly(x) for name, x in options.items()}
        if out:
            named["out"] = tuple(map(_plainly, out))
        made = getattr(ufunc, method)(*map(_plainly, args), **named)
        return made.view(Asked) if isinstance(made, np.ndarray) else made


def _plainly(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Asked) else x


class Deferred:
    """What NumPy leaves operators to."""

    __array_ufunc__ = None

    def __add__(self, other: Any) -> Any:
        return "after", type(other) is np.ndarray or hasattr(other, "shape")

    def __radd__(self, other: Any) -> Any:
        return "before", np.asarray(other) * 2

    __mul__, __rmul__, __rsub__ = __add__, __radd__, __radd__


class Likened:
    """What NumPy makes an array of."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.x, dtype)


def extremes(rng: np.random.Generator, n: int, dtype: str) -> Any:
    """Numbers among which limits of the dtype, those next to them, and zeros of both signs prevail."""
    of = np.dtype(dtype)
    if of.kind in "iu":
        info: Any = np.iinfo(of)
        few = np.array([info.min, info.min + 1, info.max, info.max - 1, 0, 1, 2], of)
    elif of.kind in "fc":
        limits: Any = np.finfo(of)
        tiny = limits.smallest_subnormal, limits.smallest_normal, limits.eps, limits.max
        few = np.array([*tiny, 0.0, 1.0, np.inf, np.nan], limits.dtype)
        few = np.concatenate([few, -few]).astype(of)
    else:
        few = np.array([False, True])
    made = few[rng.integers(0, len(few), n)]
    if of.kind == "c":
        made.imag = few.real[rng.integers(0, len(few), n)]
    return made


def mapped(x: Any) -> Any:
    """Zeros like an array in the memory of a file."""
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, x.dtype, "w+", shape=x.shape)


def _memmap(x: Any) -> Any:
    made = mapped(x)
    made[...] = x
    return made


def _masked(x: Any) -> Any:
    mask = np.zeros(x.shape, bool)
    mask.reshape(-1)[::3] = True
    return np.ma.MaskedArray(x, mask)


def _structure(x: Any) -> Any:
    made = np.zeros(x.shape, [("a", "i1"), ("b", x.dtype), ("c", x.dtype)])
    made["b"] = x
    made["c"] = x[..., ::-1]
    return made


def _fields(x: Any) -> Any:
    made = np.zeros(x.shape, [("b", x.dtype), ("c", x.dtype)])
    made["c"] = x
    return made["c"]


KINDS: dict[str, Callable[[Any], Any]] = {
    "matrix": lambda x: np.asmatrix(x) if x.ndim < 3 else x.view(Special),
    "masked": _masked,
    "masked nowhere": lambda x: np.ma.MaskedArray(x),
    "memmap": _memmap,
    "wrapped": lambda x: x.view(Wrapped),
    "asked": lambda x: x.view(Asked),
    "structure": _structure,
    "field": lambda x: _structure(x)["b"],  # not aligned
    "field side by side": _fields,
    "record": lambda x: _structure(x).view(np.recarray),
    "texts": lambda x: x.astype("U6") if x.size < 9999 else x,
    "objects": lambda x: x.astype(object) if x.size < 9999 else x,
    "no times": lambda x: np.full(x.shape, "NaT", "M8[s]"),
    "long spans": lambda x: x.real.astype("i8").view("m8[ns]"),
    "number": lambda x: x.reshape(-1)[0] if x.size else x,
    "no axes": lambda x: x.reshape(-1)[:1].reshape(()) if x.size else x,
    "one": lambda x: x[(slice(1),) * x.ndim],
    "nothing": lambda x: x[..., :0],
}


def odd_argument(rnd: random.Random, x: Any) -> Any:
    """An argument made of an array of numbers."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matrices are not recommended
        return KINDS[rnd.choice([*KINDS])](x)


# Arrays in the memory of an array that lies in C order.
IN_ITS_MEMORY: list[Callable[[Any], Any]] = [
    *(lambda x: x.view(Special), lambda x: x.view(Wrapped), lambda x: x.reshape(-1)[-1:].reshape(())),
    *(
        lambda x: x.view([("v", x.dtype)]),
        lambda x: x.view(x.dtype.newbyteorder()),
        lambda x: x[1:].view(Asked),
    ),
]


def in_the_memory_of(rnd: random.Random, x: Any) -> Any:
    """An argument that comes in as it is, or that no pass reads, and is written where another one is read."""
    return rnd.choice(IN_ITS_MEMORY)(x)


CLASSES: dict[str, Any] = {
    **{each.__name__: each for each in (Special, Wrapped, Asked, Deferred, Likened, mapped)},
}
