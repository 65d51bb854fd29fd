"""What the ufunc tests share: every loop of every ufunc, hostile operands for it, one strict comparison."""

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from arrays import Array, extremes, random_values

import threadmill as tm

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


def operands(ufunc: np.ufunc, ins: str, n: int) -> list[Array]:
    """Fresh values for each input."""
    made = [values(char, n, seed) for seed, char in enumerate(ins)]
    if ufunc is np.power and ins[1] in "bhilq":  # negative powers of integers are an error, tested apart
        made[1] = made[1] & 7
    if ufunc is np.ldexp:
        made[1] = made[1] % 2200 - 1100
    return made


# ---- layouts of all operands of a call ---------------------------------------------------------------------


def _field(x: Array) -> Array:
    """Aligned, but items are not a whole number of strides apart where the dtype allows that."""
    pad = x.dtype.alignment
    packed = np.zeros(x.shape, {"names": ["pad", "x"], "formats": [f"V{pad}", x.dtype]})
    packed["x"] = x
    return packed["x"]


def _misaligned(x: Array) -> Array:
    room = np.zeros(x.nbytes + 1, np.uint8)
    shifted = room[1:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    return shifted


def _swapped(x: Array) -> Array:
    return x.astype(x.dtype.newbyteorder("S"))


def _rows(x: Array) -> Array:
    return x[: x.size // 31 * 31].reshape(31, -1)


def _box(x: Array) -> Array:
    return x[: x.size // 15 * 15].reshape(3, 5, -1)


def _gaps(x: Array) -> Array:
    return np.repeat(x, 3).reshape(-1, 3)[:, 1]


def _each(lay: Callable[[Array], Array]) -> Callable[[list[Array]], list[Array]]:
    return lambda xs: [lay(x) for x in xs]


def _in_turn(*lays: Callable[[Array], Array]) -> Callable[[list[Array]], list[Array]]:
    return lambda xs: [lays[k % len(lays)](x) for k, x in enumerate(xs)]


def _same(x: Array) -> Array:
    return x


LAYOUTS: dict[str, Callable[[list[Array]], list[Array]]] = {
    "contiguous": _each(_same),
    "strided": _each(lambda x: np.repeat(x, 2)[::2]),
    "reversed": _each(lambda x: x[::-1]),
    "gaps": _each(_gaps),
    "first_strided": _in_turn(_gaps, _same),
    "last_strided": _in_turn(_same, _gaps),
    "one_reversed": _in_turn(lambda x: x[::-1], _same),
    "rows": _each(_rows),
    "fortran": _each(lambda x: np.asfortranarray(_rows(x))),
    "mixed_orders": _in_turn(_rows, lambda x: np.asfortranarray(_rows(x))),
    "box": _each(lambda x: _box(x).transpose(2, 0, 1)),
    "sliced": _each(lambda x: _box(x)[:, 1:4, 1:-1]),
    "flipped": _each(lambda x: _box(x)[:, ::-1].transpose(1, 2, 0)),
    "unit_axes": _each(lambda x: _box(x).transpose(1, 0, 2)[:, None, :, :, None]),
    "outer": _in_turn(lambda x: x[:67, None], lambda x: x[:71]),
    "inner_row": _in_turn(_rows, lambda x: x[: x.size // 31]),
    "inner_column": _in_turn(_rows, lambda x: x[:31, None]),
    "first_constant": _in_turn(lambda x: x[:1], _same),
    "last_constant": _in_turn(_same, lambda x: x[1:2]),
    "last_0d": _in_turn(_same, lambda x: x[2].reshape(())),
    "last_scalar": _in_turn(_same, lambda x: x[7]),
    "broadcast": _each(lambda x: np.broadcast_to(x, (3, x.size))),
    "swapped": _each(_swapped),
    "one_swapped": _in_turn(_same, _swapped),
    "misaligned": _each(_misaligned),
    "one_misaligned": _in_turn(_misaligned, _same),
    "field": _each(_field),
    "one_field": _in_turn(_same, _field),
}


# ---- one comparison that lets nothing pass -----------------------------------------------------------------


@dataclass
class Outcome:
    """What a call came to, with all that it could write to."""

    result: Any = None
    error: tuple[type[BaseException], str] | None = None
    warned: list[tuple[Any, ...]] = field(default_factory=list)
    memory: list[Any] = field(default_factory=list)


def run(function: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> Outcome:
    """function(*args, **options), with its warnings and whether they point here; both sides call it."""
    told = Outcome()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            told.result = function(*args, **options)
        except Exception as raised:
            told.error = (type(raised), str(raised))
    told.warned = [(each.category, str(each.message), each.filename, each.lineno) for each in caught]
    outs = options.get("out")
    told.memory = [*args, *(outs if isinstance(outs, tuple) else (outs,))]
    return told


def value_bytes(x: Array) -> Array:
    """One row of bytes for each element, without the padding of long double."""
    if not x.size:
        return np.empty((0, 1), np.uint8)
    raw = np.ascontiguousarray(x, x.dtype.newbyteorder("="))
    rows = np.frombuffer(raw.tobytes(), np.uint8).reshape(raw.size, x.dtype.itemsize)
    if x.dtype.char in "gG" and np.finfo("g").nmant == 63:
        parts = rows.reshape(rows.shape[0], -1, np.dtype("g").itemsize)
        return parts[:, :, :10].reshape(rows.shape[0], -1)
    return rows


def difference(ours: Any, numpys: Any) -> str | None:
    """The first thing in which two results differ, if any."""
    if type(ours) is not type(numpys):
        return f"type {type(ours).__name__}, NumPy's {type(numpys).__name__}"
    if isinstance(numpys, tuple):
        if len(ours) != len(numpys):
            return f"{len(ours)} results, NumPy's {len(numpys)}"
        found = ((k, difference(a, b)) for k, (a, b) in enumerate(zip(ours, numpys, strict=True)))
        return next((f"result {k}: {what}" for k, what in found if what), None)
    if not isinstance(numpys, np.ndarray | np.generic) or numpys.dtype.hasobject:
        same = repr(ours) == repr(numpys)
        return None if same else f"{ours!r}, NumPy's {numpys!r}"
    for name in "dtype", "shape", "strides":
        mine, theirs = getattr(ours, name), getattr(numpys, name)
        if mine != theirs:
            return f"{name} {mine}, NumPy's {theirs}"
    if ours.dtype.char != numpys.dtype.char:
        return f"dtype.char {ours.dtype.char}, NumPy's {numpys.dtype.char}"
    if ours.dtype.metadata != numpys.dtype.metadata:
        return f"metadata {ours.dtype.metadata}, NumPy's {numpys.dtype.metadata}"
    if isinstance(numpys, np.ndarray) and (ours.base is None) != (numpys.base is None):
        return f"base {type(ours.base)}, NumPy's {type(numpys.base)}"
    mine, theirs = value_bytes(np.asarray(ours)), value_bytes(np.asarray(numpys))
    wrong = np.flatnonzero((mine != theirs).any(axis=1))
    if not wrong.size:
        return None
    at = wrong[0]
    elements = np.asarray(ours).reshape(-1), np.asarray(numpys).reshape(-1)
    return (
        f"{wrong.size} of {ours.size} elements, the first at {at}: {elements[0][at]!r} "
        f"({bytes(mine[at]).hex()}), NumPy's {elements[1][at]!r} ({bytes(theirs[at]).hex()})"
    )


def outcome_difference(ours: Outcome, numpys: Outcome) -> str | None:
    """The first thing in which two calls differ: errors, warnings, results, what they wrote."""
    if ours.error != numpys.error:
        return f"error {ours.error}, NumPy's {numpys.error}"
    if ours.warned != numpys.warned:
        return f"warned {ours.warned}, NumPy {numpys.warned}"
    found = difference(ours.result, numpys.result)
    if found:
        return found
    if numpys.error and numpys.error[0] in (OverflowError, FloatingPointError):
        return None  # raised on the way; NumPy may have written anything
    for k, (a, b) in enumerate(zip(ours.memory, numpys.memory, strict=True)):
        if not isinstance(b, np.ndarray):
            continue
        if any(each is b for each in _flat(numpys.result)) != any(each is a for each in _flat(ours.result)):
            return f"argument {k} is returned by one of the two alone"
        found = difference(a, b)
        if found:
            return f"argument {k} afterwards: {found}"
    return None


def _flat(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


Make = Callable[[], tuple[Sequence[Any], dict[str, Any]]]


def assert_same_call(
    ours: Any, numpys: Any, make: Make, what: str, places: bool = True, **only_ours: Any
) -> None:
    """Both functions come to the same with equal arguments, which make() makes anew for each.

    Not `places`: NumPy's warnings may point into NumPy, where it is written in Python.
    """
    args, options = make()
    expected = run(numpys, args, options)
    args, options = make()
    actual = run(ours, args, {**options, **only_ours})
    if not places:
        package = str(Path(tm.__file__).parent)
        assert not any(place.startswith(package) for _, _, place, _ in actual.warned), (
            f"{what}: {actual.warned}"
        )
        actual.warned, expected.warned = ([w[:2] for w in each.warned] for each in (actual, expected))
    found = outcome_difference(actual, expected)
    if found:
        shapes = [f"{x.dtype}{x.shape}/{x.strides}" if isinstance(x, np.ndarray) else repr(x) for x in args]
        raise AssertionError(f"{what} of {', '.join(shapes)}: {found}")


def layouts_of(ufunc: np.ufunc, ins: str, n: int) -> Iterator[tuple[str, Make]]:
    """Makers of operands in every layout, by name."""
    for name, lay in LAYOUTS.items():
        if ufunc.nin > 1 or not name.startswith(("first", "last", "one", "mixed", "inner", "outer")):
            yield name, lambda lay=lay: (lay(operands(ufunc, ins, n)), {})
