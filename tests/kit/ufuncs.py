"""Every loop of every ufunc, and hostile operands for it."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from kit.arrays import Array, extremes, hostile, random_values
from kit.comparison import Make

NUMERIC = "?bBhHiIlLqQefdgFDGmM"
GUFUNCS = ("matmul", "matvec", "vecdot", "vecmat")

# By name, without the aliases (np.abs, np.bitwise_not, ...).
UFUNCS: dict[str, np.ufunc] = {
    value.__name__: value
    for value in vars(np).values()
    if isinstance(value, np.ufunc) and value.signature is None
}
BINARY = {name: ufunc for name, ufunc in UFUNCS.items() if (ufunc.nin, ufunc.nout) == (2, 1)}


def loops(ufunc: np.ufunc) -> list[tuple[str, str]]:
    """The dtypes of the inputs and of the outputs of each numeric loop."""
    pairs = [kinds.split("->") for kinds in ufunc.types]
    return [(ins, outs) for ins, outs in pairs if set(ins + outs) <= set(NUMERIC)]


def dtype_of(char: str) -> np.dtype[Any]:
    return np.dtype(f"{char}8[us]" if char in "mM" else char)


@functools.lru_cache(maxsize=512)
def _values(char: str, n: int, seed: int) -> Array:
    if char in "mM":
        made = random_values("q", n, seed) >> 11
        made[::17] = np.iinfo("q").min  # NaT
        made[5::29] = 0
        return made.view(dtype_of(char))
    with np.errstate(all="ignore"):
        made, special = random_values(char, n, seed), extremes(char, n)
    # A different neighbour for each special value, and places that a chunk or a vector begins or ends with.
    chosen = np.random.default_rng([seed, n, ord(char)]).random(n) < 0.2
    chosen[:3] = chosen[-2:] = True
    made[chosen] = np.random.default_rng([seed, n]).permutation(special)[chosen]
    return made


def values(char: str, n: int, seed: int = 0) -> Array:
    """n values, a fifth of them nan, inf, −0.0, subnormals, the least and the largest."""
    return _values(char, n, seed).copy()


# Enough for several chunks, of which the last has a rest that fills no vector.
N = 70003


def operand(n: int = N, char: str = "d", seed: int = 0) -> Array:
    """As `values`, for tests to which these do not matter."""
    return values(char, n, seed)


def operands(ufunc: np.ufunc, ins: str, n: int) -> list[Array]:
    """Fresh values for each input."""
    made = [values(char, n, seed) for seed, char in enumerate(ins)]
    if ufunc is np.power and ins[1] in "bhilq":  # negative powers of integers are an error, tested apart
        made[1] = made[1] & 7
    if ufunc is np.ldexp:
        made[1] = made[1] % 2200 - 1100
    return made


def layouts_of(ufunc: np.ufunc, ins: str, n: int) -> Iterator[tuple[str, Make]]:
    """Makers of operands in every layout, by name."""
    for name, make in hostile(lambda: operands(ufunc, ins, n)):
        yield name, lambda make=make: (make(), {})
