"""Arguments of random programs: arrays of every dtype and layout, which share memory now and then."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from kit.fuse_compare import LAYOUTS

__all__ = ["arguments", "numbers", "values"]

# NaNs of both signs and several payloads, signalling ones too, zeros, infinities.
SPECIAL = np.array(
    [
        *(0x7FF8000000000001, 0xFFF8000000000ABC, 0x7FF0000000000001, 0xFFF8000000000000, 0x7FF4000000000077),
        *(0x8000000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0, 1),
    ],
    "u8",
).view("f8")
LENGTHS = [1, 2, 7, 63, 64, 65, 511, 1023, 1025, 1500, 4097, 8192, 8193, 20000, 70001]


def values(rng: np.random.Generator, n: int, dtype: str, special: bool) -> Any:
    x = rng.normal(size=n) * 3
    if special:
        places = rng.integers(0, n, max(1, n // 5))
        x[places] = SPECIAL[rng.integers(0, len(SPECIAL), len(places))]
    with np.errstate(all="ignore"):
        if dtype == "?":
            return x > 0
        if dtype in "bBiIqQ":
            return rng.integers(0, 50, n).astype(dtype)
        y = x.astype(dtype)
        if dtype in "FD":
            y.imag = x[::-1]
        return y


# NaNs of narrower floats, which a conversion would make quiet.
SPECIAL_OF = {
    "f": np.array(
        [0x7FC00001, 0xFFC00ABC, 0x7F800001, 0xFFC00000, 0x7FA00077, 0x80000000, 1, 0x7F7FFFFF], "u4"
    ),
    "e": np.array([0x7E01, 0xFEBC, 0x7C01, 0xFE00, 0x8000, 1, 0x7BFF, 0x7C00], "u2"),
}
DTYPES = [*"ddddddddffffFFDDiiqqe?IbHgGlLQhB", "m8[s]", "M8[D]"]


def numbers(rng: np.random.Generator, n: int, dtype: str, special: bool) -> Any:
    if dtype[0] in "mM":
        x = rng.integers(-50, 50, n)
        x[rng.integers(0, n, n // 5)] = np.iinfo(np.int64).min  # NaT
        return x.view(dtype)
    if special and dtype in "bBhHiIlLqQ":  # all bits, of either sign
        return rng.integers(0, 256, n * np.dtype(dtype).itemsize, np.uint8).view(dtype)
    x = values(rng, n, dtype, special and n > 0)
    if special and dtype in SPECIAL_OF:
        bits = SPECIAL_OF[dtype]
        places = rng.integers(0, n, n // 5)
        x.view(bits.dtype)[places] = bits[rng.integers(0, len(bits), len(places))]
    return x


def _windows(x: Any) -> Any:
    room = np.concatenate([x.ravel(), x.ravel()[:1]])
    return np.lib.stride_tricks.sliding_window_view(room, x.shape[-1])[:: max(1, x.shape[-1] - 1)][: len(x)]


MORE_LAYOUTS: dict[str, Callable[[Any], Any]] = {
    **LAYOUTS,
    "upside_down": lambda x: x[::-1],
    "turned_around": lambda x: x.ravel()[::-1].reshape(x.shape).T.copy().T[..., ::-1],
    "fortran_gaps": lambda x: np.repeat(np.asfortranarray(x), 2, 0)[::2],
    "wide_gaps": lambda x: np.repeat(x, 3, 0)[1::3],
    "windows": lambda x: _windows(x) if x.ndim == 2 and x.size else x,
    "column": lambda x: np.stack([x, x], -1)[..., 0],
    "read_only_view": lambda x: _locked(x[:]),
}


def _locked(x: Any) -> Any:
    x.flags.writeable = False
    return x


def _part(rnd: random.Random, x: Any) -> tuple[Any, Any]:
    """Two arrays in the memory of one."""
    n = len(x)
    ways: list[tuple[Any, Any]] = [
        *((x[:-1], x[1:]), (x, x[::-1]), (x[::2][: n // 2], x[1::2]), (x[: n // 2], x[n // 2 : n // 2 * 2])),
        *((x, x.T), (x, x[:1]), (x, x[..., :1]), (x, x[:]), (x[..., :-1], x[..., 1:]), (x[::-1], x[::-1])),
        *((x[2:], x[:-2]), (x.T, x.T), (x, x[..., ::-1])),
    ]
    if x.dtype.kind == "c":
        ways += [(x.real, x.imag), (x, x.real)]
    if x.flags.c_contiguous and x.itemsize == 8 and type(x) is np.ndarray:
        ways += [(x, x.view("i8")), (x.view("d"), x), (x, x.view("f")[..., ::2])]
    return rnd.choice(ways)


def arguments(rnd: random.Random, rng: np.random.Generator) -> list[Any]:
    n = rnd.choice(LENGTHS if rnd.random() < 0.5 else LENGTHS[:10]) if rnd.random() < 0.98 else 0
    shape: tuple[int, ...] = (n,)
    if rnd.random() < 0.5:
        few = min(n, 1500)
        shape = rnd.choice(
            [(3, n), (n, 3), (2, 3, n), (few, 1), (1, few), (5, 7, 11), (40, 300), (300, 300), ()]
        )
    args: list[Any] = []
    for _ in range(rnd.randint(1, 3)):
        others = [shape[-1:], (*shape[:-1], 1), (1,) * len(shape), ()]
        own = shape if rnd.random() < 0.85 else rnd.choice(others)
        x = numbers(rng, int(np.prod(own)), rnd.choice(DTYPES), rnd.random() < 0.5).reshape(own)
        name = rnd.choice(["contiguous"] * 12 + list(MORE_LAYOUTS))
        args.append(MORE_LAYOUTS[name](x) if own else x)
    if len(args) > 1 and rnd.random() < 0.15:
        args[1] = args[0]
    elif len(args) > 1 and args[0].ndim and len(args[0]) > 2 and rnd.random() < 0.2:
        args[:2] = _part(rnd, args[0])
    return args
