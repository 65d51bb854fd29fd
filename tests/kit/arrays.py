"""Hostile arrays: every layout, size and value that has ever broken a loop over arrays."""

import itertools
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


# ---- layouts -----------------------------------------------------------------------------------------------


def floats_in_doubt(x: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Among which equal ones have different bits: both zeros, NaNs with payloads; infinities, subnormals."""
    for zeros in ([0.0], [-0.0], [0.0, -0.0]):
        some = np.resize(np.array(zeros, x.dtype), x.size // 2 + 1)
        yield rng.permutation(np.concatenate([x[: x.size // 2], some]))
    signed = np.dtype(f"i{x.itemsize}")
    quiet = np.array(np.nan, x.dtype).view(signed)
    for part, payloads in itertools.product([1, 3, 1000], [[0], [1, 0, 77], [np.iinfo(signed).min]]):
        y = x.copy()
        y.view(signed)[::part] = np.resize(quiet + np.array(payloads, signed), y[::part].size)
        yield y
    y = x.copy()
    y[::2] = np.resize(np.array([np.inf, -np.inf], x.dtype), y[::2].size)
    yield y
    tiny = np.finfo(x.dtype).smallest_subnormal
    yield rng.permutation(np.resize(np.array([tiny, -tiny, 0.0, 2 * tiny, np.inf], x.dtype), x.size))


def _swapped(x: Array) -> Array:
    return x.astype(x.dtype.newbyteorder("S"))


def misaligned(x: Array) -> Array:
    room = np.zeros(x.nbytes + 1, np.uint8)
    shifted = room[1:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    return shifted


def _read_only(x: Array) -> Array:
    x = x.copy()
    x.flags.writeable = False
    return x


def _field(x: Array) -> Array:
    """Aligned, but items are not a whole number of strides apart where the dtype allows that."""
    pad = x.dtype.alignment
    packed = np.zeros(x.shape, {"names": ["pad", "x"], "formats": [f"V{pad}", x.dtype]})
    packed["x"] = x
    return packed["x"]


def _rows(x: Array) -> Array:
    return np.resize(x, (31, -(-x.size // 31)))


def _box(x: Array) -> Array:
    return np.resize(x, (3, 5, -(-x.size // 15)))


def _gaps(x: Array) -> Array:
    return np.repeat(x, 3).reshape(-1, 3)[:, 1]


def _same(x: Array) -> Array:
    return x


Layout = Callable[[Array], Array]

# Of one array, from as many values in a row.
LAYOUTS: dict[str, Layout] = {
    "contiguous": _same,
    "offset": lambda x: np.concatenate([x[:1], x])[1:],
    "strided": lambda x: np.repeat(x, 2)[::2],
    "reversed": lambda x: x[::-1],
    "gaps": _gaps,
    "rows": _rows,
    "two_rows": lambda x: np.stack([x, x[::-1]]),
    "column": lambda x: x[:, None],
    "fortran": lambda x: np.asfortranarray(_rows(x)),
    "transposed": lambda x: _box(x).T,
    "box": lambda x: _box(x).transpose(2, 0, 1),
    "permuted": lambda x: _box(x).transpose(1, 2, 0),
    "sliced": lambda x: _box(x)[:, 1:4, 1:-1],
    "flipped": lambda x: _box(x)[:, ::-1].transpose(1, 2, 0),
    "unit_axes": lambda x: _box(x).transpose(1, 0, 2)[:, None, :, :, None],
    "broadcast": lambda x: np.broadcast_to(x, (3, x.size)),
    "constant": lambda x: np.broadcast_to(x[:1], (x.size,)),
    "swapped": _swapped,
    "misaligned": misaligned,
    "field": _field,
    "read_only": _read_only,
    "zero_dimensional": lambda x: np.array(x[0]),
    "empty": lambda x: x[:0],
    "empty_box": lambda x: np.empty((3, 0, 2), x.dtype),
}

# Of several operands, which take these in turn.
IN_TURN: dict[str, tuple[Layout, ...]] = {
    "first_strided": (_gaps, _same),
    "last_strided": (_same, _gaps),
    "one_reversed": (lambda x: x[::-1], _same),
    "mixed_orders": (_rows, lambda x: np.asfortranarray(_rows(x))),
    "outer": (lambda x: x[:67, None], lambda x: x[:71]),
    "inner_row": (_rows, lambda x: x[: -(-x.size // 31)]),
    "inner_column": (_rows, lambda x: x[:31, None]),
    "first_constant": (lambda x: x[:1], _same),
    "last_constant": (_same, lambda x: x[1:2]),
    "last_0d": (_same, lambda x: x[2].reshape(())),
    "last_scalar": (_same, lambda x: x[7]),
    "one_swapped": (_same, _swapped),
    "one_misaligned": (misaligned, _same),
    "one_field": (_same, _field),
}

CALL_LAYOUTS: dict[str, tuple[Layout, ...]] = {name: (lay,) for name, lay in LAYOUTS.items()} | IN_TURN


def laid_out(name: str, values: list[Array]) -> list[Array]:
    """The operands of a call, from as many values for each, in a layout by name."""
    lays = CALL_LAYOUTS[name]
    return [lays[k % len(lays)](x) for k, x in enumerate(values)]


def hostile(values: Callable[[], list[Array]]) -> Iterator[tuple[str, Callable[[], list[Array]]]]:
    """Makers of a call's operands in every layout, by name; values() makes the values of each anew."""
    for name in LAYOUTS if len(values()) == 1 else CALL_LAYOUTS:
        yield name, lambda name=name: laid_out(name, values())


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
