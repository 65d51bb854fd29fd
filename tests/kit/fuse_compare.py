"""A program run as it is and fused: everything that a caller can see of either."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import misaligned, random_values
from kit.fuse_warned import recorded_warnings
from numpy.lib._stride_tricks_impl import DummyArray

import threadmill as tm
from threadmill.arrays.probes import sum_block
from threadmill.fusion import calls, fused_door, record, reduce_rows, worth

Seen = dict[str, Any]

# NumPy before 2.3 adds floats in blocks of its buffer, wherever they begin: no pass ends in such a sum.
sums_fold = pytest.mark.skipif(bool(sum_block()), reason="this NumPy adds floats in blocks of its buffer")


def everything_is_worth_it(patch: Any) -> None:
    """Has small arrays fused as well, by functions that are fused from now on."""
    patch.setattr(fused_door.FusedDoor, "least", 0)
    patch.setattr(worth, "LEAST", 2)
    patch.setattr(record, "SMALL", 2)
    patch.setattr(calls, "SMALL", 2)
    patch.setattr(reduce_rows, "_SHORTEST", 1)
    patch.setattr(worth, "_ASKED_NS", 0)
    patch.setattr(worth, "_PASS_NS", 0)
    patch.setattr(worth, "_ROW_NS", 0)


def contents(x: Any) -> Any:
    """What a result is, in every bit."""
    if isinstance(x, type(np.ma.masked)):
        return type(x), repr(x)
    if isinstance(x, np.ma.MaskedArray):
        return type(x), contents(x.data), contents(np.ma.getmask(x)), repr(x._fill_value)
    if isinstance(x, np.ndarray):
        if x.dtype.names is not None:  # without what lies between fields
            fields = [contents(x.view(np.ndarray)[name]) for name in x.dtype.names]
            return type(x), repr(x.dtype), x.shape, x.strides if x.size else None, fields
        if x.dtype.hasobject:
            return type(x), x.dtype, x.shape, contents(x.tolist())
        strides = x.strides if x.size else None
        return type(x), x.dtype.str, x.dtype.char, x.dtype.metadata, x.shape, strides, _bits(x)
    if isinstance(x, np.generic):
        return type(x), x.dtype.str, _bits(np.asarray(x))
    if isinstance(x, list | tuple):
        return type(x), [contents(each) for each in x]
    if isinstance(x, dict):
        return type(x), {key: contents(each) for key, each in x.items()}
    return type(x), hex(x) if type(x) is int else repr(x)


def _bits(x: Any) -> bytes:
    """The bytes of elements; those of long doubles have some that nobody sets."""
    if x.dtype.char not in "gG":
        return bytes(x.tobytes())
    parts = np.frombuffer(x.astype(x.dtype.newbyteorder("=")).tobytes(), np.uint8)
    return bytes(parts.reshape(-1, np.dtype("g").itemsize)[:, :10].tobytes())


def leaves(x: Any) -> Iterator[Any]:
    if isinstance(x, list | tuple):
        for each in x:
            yield from leaves(each)
    elif isinstance(x, dict):
        yield from leaves(list(x.values()))
    else:
        yield x


def seen(function: Callable[..., Any], args: list[Any], *filters: tuple[Any, ...]) -> Seen:
    """What a caller sees of one call under these filters of warnings; of all warnings without any."""
    with recorded_warnings(*filters) as told:
        try:
            result = function(*args)
        except Exception as error:
            result = ("raised", type(error).__name__, str(error))
    return {
        "result": contents(result),
        "which are arguments": [[each is x for x in args] for each in leaves(result)],
        "arguments": [contents(x) for x in args],
        "shared": [
            [np.may_share_memory(x, y) for y in arrays]
            for arrays in [[*_arrays(result), *args]]
            for x in arrays
        ],
        "warnings": told,
    }


def _arrays(x: Any) -> list[Any]:
    return [each for each in leaves(x) if isinstance(each, np.ndarray)]


def twin(args: list[Any]) -> list[Any]:
    """Copies that lie in memory, and share it, as the arrays do."""
    bases: dict[int, Any] = {}
    made: dict[int, Any] = {}
    for x in args:
        if isinstance(x, np.ma.MaskedArray):
            made[id(x)] = x.copy()
        elif not isinstance(x, np.ndarray):
            made[id(x)] = x
        elif id(x) not in made:
            base = _owner(x)
            if id(base) not in bases:
                bases[id(base)] = base.copy("K")
            offset = x.__array_interface__["data"][0] - base.__array_interface__["data"][0]
            copy = bases[id(base)] if x is base else _view(bases[id(base)], x, offset)
            if x.flags.writeable != copy.flags.writeable:
                copy.flags.writeable = x.flags.writeable
            made[id(x)] = copy
    return [made[id(x)] for x in args]


def _owner(x: Any) -> Any:
    """The array whose memory it is."""
    while True:
        base = x.base
        if isinstance(base, DummyArray):  # of a window that slides
            base = base.base
        if not isinstance(base, np.ndarray):
            return x
        x = base


def _view(base: Any, x: Any, offset: int) -> Any:
    if not x.size:
        return x.copy()
    order = sorted(range(base.ndim), key=lambda axis: -base.strides[axis])
    memory = base.view(np.ndarray).transpose(order)  # in one piece
    made = np.ndarray(x.shape, x.dtype, memory, offset, x.strides)
    return made if type(x) is np.ndarray else made.view(type(x))


def told_apart(one: Seen, other: Seen) -> Seen:
    """What differs between two calls."""
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def differences(function: Callable[..., Any], args: list[Any], pool: tm.Pool | None = None) -> Seen:
    """What differs between a program as it is and fused, each on arrays of its own: (NumPy's, ours)."""
    return told_apart(seen(function, twin(args)), seen(tm.fuse(function, pool=pool), twin(args)))


# ---- arrays of one shape, laid out in every way ----


class Special(np.ndarray[Any, Any]):
    """A subclass."""


def _strided(x: Any) -> Any:
    return np.repeat(x, 2, -1)[..., ::2]


def _gaps(x: Any) -> Any:
    room = np.zeros((*x.shape[:-1], x.shape[-1] + 3), x.dtype)
    room[..., 1:-2] = x
    return room[..., 1:-2]


def _read_only(x: Any) -> Any:
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: x,
    "strided": _strided,
    "gaps": _gaps,
    "reversed": lambda x: x[..., ::-1],
    "fortran": np.asfortranarray,
    "permuted": lambda x: np.ascontiguousarray(x.swapaxes(0, -1)).swapaxes(0, -1),
    "broadcast": lambda x: np.broadcast_to(x[..., :1], x.shape).copy("K"),
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
    "read_only": _read_only,
    "misaligned": misaligned,
    "byte_swapped": lambda x: x.astype(x.dtype.newbyteorder("S")),
    "metadata": lambda x: x.astype(np.dtype(x.dtype, metadata={"unit": "m"})),
    "subclass": lambda x: x.view(Special),
}

SHAPES = {1: (4099,), 2: (67, 61), 3: (13, 17, 19)}


def arrays(count: int, shape: tuple[int, ...], dtype: str, layout: str = "contiguous") -> list[Any]:
    """Random arrays of one shape, the first as laid out, the others contiguous."""
    n = int(np.prod(shape))
    made = [random_values(dtype, n, seed).reshape(shape).copy() for seed in range(count)]
    made[0] = LAYOUTS[layout](made[0])
    return made
