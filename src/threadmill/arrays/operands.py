"""The operands of an element-wise call: what the user gave, as arrays that a loop can take."""

import math
from typing import Any

import numpy as np

from .._native.programs import cast_loop
from .._types import Array
from .layout import NUMERIC, is_plain, is_target
from .loops import Loop, LoopCache, find_loop
from .refusal import Refusal

__all__ = [
    "NUMBERS",
    "OUT_BY_KEYWORD",
    "PYTHON_NUMBERS",
    "SCALARS",
    "as_loop_number",
    "convert",
    "loop_of_call",
    "operand",
    "outputs",
    "plain_dtype",
]

PYTHON_NUMBERS = frozenset({int, float, complex})

# From NumPy 2.4 on an output by position is deprecated for these.
OUT_BY_KEYWORD = frozenset({np.maximum, np.minimum})

# NumPy's own scalars. One of a subclass may have a word in what a ufunc makes of it.
SCALARS = frozenset(np.dtype(char).type for char in NUMERIC)

# Everything that is a number and nothing else.
NUMBERS = frozenset(np.dtype(char).type for char in NUMERIC - {*"mM"}) | PYTHON_NUMBERS | {bool}

# The names and types that mean the same dtype everywhere and always. NumPy takes more: classes of dtypes,
# abstract types, names that it warns of.
_NAMED: dict[Any, np.dtype[Any]] = {int: np.dtype(int), float: np.dtype(float), complex: np.dtype(complex)}
for _dtype in map(np.dtype, NUMERIC - {*"mM"}):
    _names = _dtype.char, _dtype.name, _dtype.str, _dtype.str[1:], _dtype.type
    _NAMED.update((name, np.dtype(name)) for name in _names)  # two dtypes of one size have one name
_NAMED[bool] = np.dtype(bool)

# Stands for a Python number until the loop's dtype is known.
_NUMBER: Array = np.zeros(())


def operand(x: Any) -> Array | None:
    """x as an array that a loop can read in place; None if it is neither a plain array nor a number."""
    if type(x) is not np.ndarray:
        if type(x) in PYTHON_NUMBERS:
            return _NUMBER
        if type(x) not in SCALARS and type(x) is not bool:
            return None
        x = np.asarray(x)
    return x if is_plain(x) else None


def outputs(ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> list[Array | None] | None:
    """An array or None for each output; None if they are not that simple, or wrong."""
    nin, nout = ufunc.nin, ufunc.nout
    outs: Any = args[nin:]
    if "out" in options:
        if outs:
            return None
        outs = options["out"]
        if type(outs) is not tuple:
            outs = (outs,) if nout == 1 else ()
        if len(outs) != nout:
            return None
    if len(args) < nin or len(outs) > nout:
        return None
    if not all(out is None or is_target(out) for out in outs):
        return None
    return [*outs, *[None] * (nout - len(outs))]


def loop_of_call(
    ufunc: np.ufunc, loops: LoopCache, given: tuple[Any, ...], options: dict[str, Any]
) -> Loop | Refusal:
    """The loop for operands of these dtypes and for what the options say of dtypes."""
    if all(isinstance(each, type) for each in given[: ufunc.nin]):
        return Refusal("NumPy makes arrays of Python numbers that have no array beside them")
    casting = options.get("casting", "same_kind")
    if type(casting) is not str or type(options.get("subok", True)) is not bool:
        return Refusal("an argument is one that NumPy refuses")
    if casting in ("no", "equiv") and not PYTHON_NUMBERS.isdisjoint(given):
        return Refusal("NumPy 2.4 ends the process where it is asked for a loop without casting of a number")
    signature: Any = None
    if not options.keys().isdisjoint(("dtype", "signature", "sig")):
        signature = _signature(ufunc, options)
        if signature is NotImplemented:
            return Refusal("dtype or signature is none of plain dtypes")
    return find_loop(ufunc, loops, given, signature, casting)


def _signature(ufunc: np.ufunc, options: dict[str, Any]) -> Any:
    """What options say of dtypes: a str, dtypes in a tuple, None; NotImplemented: what NumPy alone knows."""
    given = [options[name] for name in ("signature", "sig") if name in options]
    dtype = options.get("dtype")
    if not given:
        plain = None if dtype is None else plain_dtype(dtype)
        if plain is None:
            return None if dtype is None else NotImplemented
        return (None,) * ufunc.nin + (plain,) * ufunc.nout
    (signature, *more) = given
    if more or "dtype" in options:  # None as well is an error then
        return NotImplemented
    if type(signature) is str and len(signature) > 1:  # NumPy warns of one character
        return signature
    if type(signature) is not tuple:
        return NotImplemented
    dtypes = tuple(None if each is None else plain_dtype(each) for each in signature)
    for own, each in zip(dtypes, signature, strict=True):
        if own is None and each is not None:  # by identity: NumPy says that float64 == None
            return NotImplemented
    return dtypes


def plain_dtype(given: Any) -> "np.dtype[Any] | None":
    """The dtype of numbers that `given` is or names; None for whatever else NumPy may make a dtype of."""
    if type(given) is str or type(given) is type:
        return _NAMED.get(given)
    if not isinstance(given, np.dtype) or given.char not in NUMERIC:
        return None
    return given if given.isnative and given.metadata is None else None


def convert(loop: Loop, args: tuple[Any, ...], inputs: list[Array]) -> Refusal | None:
    """Gives numbers the loop's dtypes, in place; tells what is against running the loop on them, if so."""
    for k, (x, dtype) in enumerate(zip(inputs, loop.dtypes, strict=False)):
        if x is _NUMBER:
            number = as_loop_number(args[k], dtype)
            if number is None:
                return Refusal("a Python number is out of the dtype's range, or at its edge")
            inputs[k] = number
        elif x.dtype != dtype:
            if cast_loop(x.dtype.char, dtype.char) is None:
                return Refusal(f"there is no conversion from {x.dtype} to {dtype}")
            # NumPy converts these before it begins, and reports what that comes to by the name of "cast".
            if x.ndim < 2 and x.dtype.kind in "fc" and x.size <= np.getbufsize():
                return Refusal("NumPy converts a small operand apart")
            if x.ndim == 0:
                inputs[k] = x.astype(dtype)
    if loop.ufunc is np.power and loop.dtypes[1].kind == "i":
        return _check_exponents(inputs[1], loop.dtypes[1])
    return None


def _check_exponents(exponents: Array, dtype: "np.dtype[Any]") -> Refusal | None:
    """Why our threads can't raise integers to these powers, which may be of another dtype than the loop's."""
    if not np.can_cast(exponents.dtype, dtype):
        return Refusal("the exponents may be negative once they are converted, which is an error")
    if exponents.size and exponents.min() < 0:
        return Refusal("integers to negative powers are an error")
    return None


def as_loop_number(number: Any, dtype: np.dtype[Any]) -> Array | None:
    """A Python number in a loop's dtype; None where NumPy would raise or warn, or be near it."""
    try:
        if dtype.char in "efF":
            size, bounds = abs(number), np.finfo(dtype)  # compared as Python's numbers, which fit anything
            if 0 < size < float(bounds.tiny) or float(bounds.max) < size < math.inf:
                return None
        elif dtype.char == "?" and type(number) is int and not -(2**63) <= number < 2**63:
            return None  # NumPy makes an int64 of it on the way
        return np.asarray(number, dtype)
    except (OverflowError, TypeError, ValueError):
        return None
