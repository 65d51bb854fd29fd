"""Hostile arrays: every layout, size and value that has ever broken a loop over arrays."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

INTEGERS = list("bBhHiIlLqQ")
FLOATS = list("fd")
COMPLEX = list("FD")
KERNEL_DTYPES = INTEGERS + FLOATS + COMPLEX
OTHER_DTYPES = list("?egG")
DTYPES = KERNEL_DTYPES + OTHER_DTYPES

# Loops are cut at multiples of 4096 elements, and sums at the pairwise tree's 8 and 128.
CHUNK = 4096
SIZES = [
    *(1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 129, 1009, 1999, 2000, 2001),
    *(CHUNK * chunks + extra for chunks in (1, 2, 3, 8, 17) for extra in (-1, 0, 1)),
    *(12289, 65537, 131071, 300007),
]


def random_values(dtype: npt.DTypeLike, n: int, seed: int = 0) -> Array:
    """n values from all of an integer type's range, or floating-point ones of many magnitudes."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng([seed, n])
    if dtype.kind == "c":
        return (random_values("d", n, seed) + 1j * random_values("d", n, seed + 1)).astype(dtype)
    if dtype.kind == "f":
        return (rng.standard_normal(n) * 10.0 ** rng.integers(-2, 2, n)).astype(dtype)
    raw = rng.integers(0, 256, n * dtype.itemsize, dtype=np.uint8)
    return raw % 2 == 1 if dtype.kind == "b" else raw.view(dtype)


def small_values(dtype: npt.DTypeLike, n: int) -> Array:
    """n values whose squares, and products with 10, fit the dtype."""
    return (np.arange(n) % 11).astype(dtype)


def extremes(dtype: npt.DTypeLike, n: int = 5003) -> Array:
    """Zeros, ones, the least and largest values, and for floating point nan, inf, −0.0 and subnormals."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        special = np.array([False, True])
    elif dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        special = np.array([0, 1, bounds.min, bounds.max, bounds.max // 2, bounds.max - 1], dtype)
    else:
        real = np.zeros(0, dtype).real.dtype
        bounds = np.finfo(real)
        positive = [0, 1, bounds.max, bounds.tiny, bounds.smallest_subnormal, np.sqrt(bounds.max), np.inf]
        special = np.array([*positive, *np.negative(positive), np.nan], real).astype(dtype)
        if dtype.kind == "c":
            parts = np.array([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, bounds.max, bounds.tiny], real)
            special = np.empty((parts.size, parts.size), dtype)
            special.real, special.imag = parts[:, None], parts
    return np.resize(special, n)


def _swapped(values: Array) -> Array:
    return values.astype(values.dtype.newbyteorder("S"))


def _misaligned(values: Array) -> Array:
    room = np.empty(values.nbytes + 1, np.uint8)
    shifted = room[1:].view(values.dtype)
    shifted[...] = values
    return shifted


def _read_only(values: Array) -> Array:
    values = values.copy()
    values.flags.writeable = False
    return values


def _box(values: Array) -> Array:
    """A three-dimensional array of about as many elements, C-contiguous, with sides that differ."""
    side = max(1, round(values.size ** (1 / 3)))
    return np.resize(values, (side, side + 1, side + 2))


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda values: values,
    "offset": lambda values: np.concatenate([values[:1], values])[1:],
    "strided": lambda values: np.repeat(values, 2)[::2],
    "gaps": lambda values: np.repeat(values, 3).reshape(-1, 3)[:, 1],
    "reversed": lambda values: values[::-1],
    "two_rows": lambda values: np.stack([values, values[::-1]]),
    "column": lambda values: values[:, None],
    "fortran": lambda values: np.asfortranarray(_box(values)),
    "transposed": lambda values: _box(values).T,
    "permuted": lambda values: _box(values).transpose(1, 2, 0),
    "unit_axes": lambda values: _box(values).transpose(1, 0, 2)[:, None, :, :, None],
    "sliced": lambda values: _box(values)[:, :-1, 1:],
    "flipped": lambda values: _box(values)[:, ::-1].transpose(2, 0, 1),
    "broadcast": lambda values: np.broadcast_to(values, (3, values.size)),
    "constant": lambda values: np.broadcast_to(values[:1], (values.size,)),
    "byte_swapped": _swapped,
    "misaligned": _misaligned,
    "read_only": _read_only,
    "zero_dimensional": lambda values: np.array(values[0]),
    "empty": lambda values: values[:0],
    "empty_box": lambda values: np.empty((3, 0, 2), values.dtype),
}


def hostile(dtype: npt.DTypeLike, n: int = 12289) -> Iterator[tuple[str, Array]]:
    """Every layout of about n random values, by name."""
    values = random_values(dtype, n)
    for name, lay in LAYOUTS.items():
        yield name, lay(values)


def overlapping(
    dtype: npt.DTypeLike, n: int = 12289
) -> Iterator[tuple[str, Callable[[], tuple[Array, Array]]]]:
    """Makers of (x, out) that share memory in some way, by name; each call gives fresh memory."""

    def pair(cut: Callable[[Array], tuple[Array, Array]]) -> Callable[[], tuple[Array, Array]]:
        return lambda: cut(random_values(dtype, 2 * n).copy())

    yield "itself", pair(lambda a: (a, a))
    yield "same_view", pair(lambda a: (a[:n], a[:n]))
    yield "out_ahead", pair(lambda a: (a[:-1], a[1:]))
    yield "out_behind", pair(lambda a: (a[1:], a[:-1]))
    yield "half", pair(lambda a: (a[:n], a[n // 2 : n // 2 + n]))
    yield "reversed", pair(lambda a: (a, a[::-1]))
    yield "transposed", pair(lambda a: (a[:10000].reshape(100, 100), a[:10000].reshape(100, 100).T))
    yield "neighbours", pair(lambda a: (a[:n], a[n:]))
    yield "interleaved", pair(lambda a: (a[::2], a[1::2]))
