"""One comparison with NumPy that lets nothing pass: results, errors, warnings and their lines, memory."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from kit.arrays import Array

import threadmill as tm


def numpy_scale(x: Any, k: Any, out: Any = None) -> Any:
    """x·k in x's dtype, said in NumPy."""
    return np.multiply(x, k, out=out, dtype=np.asarray(x).dtype.type)


TWINS: dict[Callable[..., Any], Callable[..., Any]] = {
    tm.square: np.square,
    tm.sum: np.sum,
    tm.scale: numpy_scale,
}


@dataclass
class Outcome:
    """What a call came to, with all that it could write to."""

    result: Any = None
    error: tuple[type[BaseException], str] | None = None
    warned: list[tuple[Any, ...]] = field(default_factory=list)
    memory: list[Any] = field(default_factory=list)


def outcome(
    function: Callable[..., Any], args: Sequence[Any] = (), options: Mapping[str, Any] = MappingProxyType({})
) -> Outcome:
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


def difference(ours: Any, numpys: Any, owners: bool = True) -> str | None:
    """The first thing in which two results differ, if any; with `owners` also in whose memory they are."""
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
    if owners and isinstance(numpys, np.ndarray) and (ours.base is None) != (numpys.base is None):
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
    expected = outcome(numpys, args, options)
    args, options = make()
    actual = outcome(ours, args, {**options, **only_ours})
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


def assert_same(ours: Any, numpys: Any) -> None:
    """Same class, dtype, shape, memory order and bits."""
    found = difference(ours, numpys, owners=False)
    assert found is None, found


def assert_as_numpy(function: Callable[..., Any], *args: Any, **only_ours: Any) -> None:
    """function(*args) is what its twin makes of the same arguments, which neither changes."""
    before = [value_bytes(arg).tobytes() for arg in args if isinstance(arg, np.ndarray)]
    places = function is tm.square  # the twins of the others are written in Python: warnings point there
    name = getattr(function, "__name__", str(function))
    assert_same_call(function, TWINS[function], lambda: (args, {}), name, places, **only_ours)
    assert before == [value_bytes(arg).tobytes() for arg in args if isinstance(arg, np.ndarray)]
