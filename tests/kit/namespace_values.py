"""Random arguments for calls of the namespace: values of every dtype, in every layout, and options."""

import importlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from kit.arrays import Array, extremes, misaligned, random_values

NUMBERS = [*"?bBhHiIlLqQefdgFDG", *"fdfdfdlqi"]
OTHERS = ["M8[s]", "m8[ms]", "O", "U3", "V"]
DTYPES = [
    *("f", "d", "g", "i", "q", "e", "D", "F", "?", int, float, complex, ">f8", "M8[s]", "O", None),
    *("nope", np.float32, "S3"),
]

# Around a vector's width, NumPy's pairwise tree and its buffers; and around chunks and thresholds.
SMALL = [0, 1, 2, 3, 7, 8, 9, 17, 31, 60, 64, 127, 128, 129, 200, 257, 400, 1000]
LARGE = [0, 1, 5, 1 << 12, 32767, 32768, 32769, 65537, 131073, 262147, 300007, 600011]

# Arrays of Python's own objects have at most so many.
_FEW = 300


class Derived(np.ndarray):
    """A subclass that overrides nothing."""


class Chooser:
    """What one call is made of: the same choices, and new arrays, from the same seed."""

    def __init__(self, seed: Any, large: bool = False, least: int = 0) -> None:
        self.rnd = random.Random(seed)
        self.large = large
        self.sizes = LARGE if large else SMALL
        self.least = least  # bytes from which on the function is shared out

    def one(self, choices: Sequence[Any]) -> Any:
        return self.rnd.choice(choices)

    def chance(self, p: float) -> bool:
        return self.rnd.random() < p

    def options(self, p: float, /, **choices: Any) -> dict[str, Any]:
        """Each of them with this probability; one of a list."""
        return {
            name: self.one(each) if type(each) is list else each
            for name, each in choices.items()
            if self.chance(p)
        }

    def size(self, itemsize: int = 8) -> int:
        if self.large and self.least < 1 << 23 and self.chance(0.5):
            return max(self.least // itemsize + self.one([-1, 0, 1, 1009]), 0)
        return int(self.one(self.sizes))

    # ---- values --------------------------------------------------------------------------------------------

    def values(self, char: str, n: int) -> Array:
        """n values of a dtype; a few of Python's objects."""
        if char in ("M8[s]", "m8[ms]"):
            x = random_values("q", n, self.rnd.randrange(9)).copy()
            x[::11] = np.iinfo("q").min
            return x.view(char)
        if char == "O":
            return np.array([self.one([1, 2.5, 0, True, -3]) for _ in range(min(n, _FEW))], object)
        if char == "U3":
            return np.array([self.one(["a", "bc", "", "zzz"]) for _ in range(min(n, _FEW))], "U3")
        if char == "V":
            return np.array([(k % 3, k / 2) for k in range(min(n, _FEW))], [("a", "i4"), ("b", "f8")])
        return self._numbers(char, n)

    def _numbers(self, char: str, n: int) -> Array:
        some = self.rnd.random()
        x = random_values(char, n, self.rnd.randrange(9)).copy()
        if some < 0.3:
            return x
        if some < 0.5:
            return (np.arange(n) % 11).astype(char)
        if some < 0.6:
            return np.sort(x)
        if some < 0.65:
            return np.zeros(n, char)
        if some < 0.8:
            if char in "efdgFDG" and n:
                part = self.one([3, 7, 50])
                x[::part] = extremes(char, len(x[::part]))
            return x
        if some < 0.9:
            return extremes(char, n).copy()
        if char in "efdFDG" and n:
            x[self.rnd.randrange(n) :] = np.nan
        if char in "efd" and n:  # NaNs with payloads
            bits = x.view(f"u{x.itemsize}")
            quiet = np.array(np.nan, char).view(bits.dtype)
            bits[5::13] = quiet | (np.arange(len(bits[5::13]), dtype=bits.dtype) % 7)
        return x

    # ---- shapes and layouts --------------------------------------------------------------------------------

    def shaped(self, x: Array) -> Array:
        n, some = x.size, self.rnd.random()
        if some < 0.4 or (n == 0 and some < 0.6):
            return x
        if n == 0:
            return x.reshape(self.one([(0, 3), (3, 0), (0, 0), (2, 0, 3)]))
        if some < 0.75:
            c = self.one([1, 2, 3, 5, 8, 16, 33, max(1, n // 7), max(1, int(n**0.5)), n])
            return x[: n // c * c].reshape(-1, c) if n >= c else x
        if some < 0.95:
            a, b = self.one([(1, 2), (2, 3), (3, 4), (5, 1), (4, 7)])
            return x[: n // (a * b) * (a * b)].reshape(a, -1, b) if n >= a * b else x
        return np.array(x[0]) if x.dtype.char != "V" else x

    def laid_out(self, x: Array) -> Any:
        """The array as it is, in another layout, of another class, or a list."""
        axes = x.ndim > 0
        ways: list[tuple[float, bool, Callable[[], Any]]] = [
            (50, True, lambda: x),
            (8, True, lambda: x.T),
            (6, True, lambda: np.asfortranarray(x)),
            (6, axes, lambda: x[..., ::-1]),
            (6, axes, lambda: x[::2]),
            (4, x.ndim > 1, lambda: x[:, ::2]),
            (3, True, lambda: x.astype(x.dtype.newbyteorder())),
            (3, True, lambda: _read_only(x)),
            (2, True, lambda: x.view(Derived)),
            (2, True, lambda: np.ma.masked_array(x, mask=(np.arange(x.size) % 5 == 0).reshape(x.shape))),
            (3, x.dtype.char not in "OV", lambda: misaligned(x)),
            (2, x.size < 400, x.tolist),
            (2, axes, lambda: np.broadcast_to(x[:1], x.shape)),
            (2, x.ndim > 1, lambda: np.moveaxis(x, 0, -1)),
            (1, x.dtype.char in "dfqi?" and x.ndim == 1, lambda: _guest("pandas", "Series", x)),
            (
                0.3,
                x.dtype.char in "dfqi?" and axes and x.size > 0,
                lambda: _guest("dask.array", "from_array", x),
            ),
        ]
        fitting = [(weight, way) for weight, fits, way in ways if fits]
        return self.rnd.choices([way for _, way in fitting], [weight for weight, _ in fitting])[0]()

    def simply_laid_out(self, x: Any) -> Any:
        """An array of NumPy's class, not always contiguous or of the machine's byte order."""
        some = self.rnd.random()
        if not isinstance(x, np.ndarray) or some < 0.6:
            return x
        if some < 0.7:
            return np.asfortranarray(x)
        if some < 0.8 and x.ndim:
            apart = np.zeros((*x.shape, 2), x.dtype)
            apart[..., 1] = x
            return apart[..., 1]
        return x.astype(x.dtype.newbyteorder()) if some < 0.9 else x

    def array(self, chars: Sequence[str] | None = None, n: int | None = None) -> Any:
        """An array, or what stands for one."""
        char = self.one(chars or [*NUMBERS, *OTHERS])
        item = 8 if char in OTHERS else np.dtype(char).itemsize
        return self.laid_out(self.shaped(self.values(char, self.size(item) if n is None else n)))

    def beside(self, x: Any, p: float = 0.5) -> Any:
        """An array that goes with another one: of its shape, of one row, or a number, or of any shape."""
        shape, some = np.shape(x), self.rnd.random()
        char = self.one(NUMBERS)
        if some < p:
            return self.simply_laid_out(self.values(char, int(np.prod(shape))).reshape(shape))
        if some < p + 0.15 and shape:
            return self.values(char, shape[-1])
        if some < p + 0.3:
            numbers = [0, 1, -1, 2.5, 1e300, True, 1j, np.float32(2), np.nan, np.int8(3), 300, -5, 2**70]
            return self.one(numbers)
        return self.array()

    def indices(self, below: int, count: int) -> Any:
        """Places in an axis of so many, from its end too; now and then one that is none."""
        below, some = max(below, 1), self.rnd.random()
        rng = np.random.default_rng(self.rnd.randrange(99))
        places = rng.integers(-below, below, count if count >= 5000 else min(count, 500))
        if some < 0.1 and places.size:
            places[self.rnd.randrange(places.size)] = below + 2
        if some < 0.2:
            places = np.abs(places).astype(self.one(["i4", "u1", "u8", "i2", ">i4", "u4", "f8", "?"]))
        return self.simply_laid_out(places)

    # ---- options -------------------------------------------------------------------------------------------

    def axis(self, x: Any, several: bool = False) -> dict[str, Any]:
        ndim, some = np.ndim(x), self.rnd.random()
        if some < 0.3:
            return {}
        if some < 0.36:
            return {"axis": None}
        if several and some < 0.45 and ndim > 1:
            return {"axis": tuple(self.rnd.sample(range(ndim), self.rnd.randint(0, ndim)))}
        if some < 0.48:
            return {"axis": self.one([ndim, -ndim - 1, 1.5, "a", True, np.int64(0), (0, 0)])}
        return {"axis": self.rnd.randrange(-ndim, ndim)} if ndim else {}

    def where(self, x: Any) -> dict[str, Any]:
        shape = np.shape(x)
        if not shape or self.chance(0.8):
            return {}
        masks = [
            np.arange(np.size(x)).reshape(shape) % 3 != 0,
            np.arange(shape[-1]) % 2 == 0,
            np.zeros(shape, bool),
            *(True, False, np.ones(3)),
        ]
        return {"where": self.one(masks)}

    def out(self, made: Any, first: Any) -> Any:
        """Where a result like this one may go, or may not: another dtype or shape, read-only, an argument."""
        made, some = np.asarray(made), self.rnd.random()
        if some < 0.5:
            return np.zeros_like(made, subok=False)
        if some < 0.6:
            return np.zeros(made.shape, self.one(NUMBERS))
        if some < 0.7:
            return np.zeros(made.shape[::-1], made.dtype).T
        if some < 0.8:
            return np.zeros((*made.shape, 2), made.dtype)[..., 0]
        if some < 0.85:
            return np.zeros((*made.shape, 1), made.dtype)
        if some < 0.9:
            return _read_only(np.zeros_like(made, subok=False))
        if some < 0.95 and made.shape == np.shape(first) and isinstance(first, np.ndarray):
            return first if self.chance(0.5) or not first.ndim else first[::-1]
        return np.zeros(made.shape, made.dtype.newbyteorder())


def _read_only(x: Array) -> Array:
    x = np.array(x)
    x.flags.writeable = False
    return x


def _guest(package: str, make: str, x: Array) -> Any:
    """What another package makes of an array; the array where it isn't installed."""
    try:
        return getattr(importlib.import_module(package), make)(x)
    except ImportError:
        return x
