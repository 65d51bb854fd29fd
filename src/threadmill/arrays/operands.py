"""The operands of an element-wise call: what the user gave, as arrays that a loop can take."""

import math
from typing import Any

import numpy as np

from .._native.programs import cast_loop
from .._types import Array
from .loops import NUMERIC, Loop, chars, resolve

__all__ = ["PYTHON_NUMBERS", "as_loop_number", "convert", "find_loop", "operand", "outputs"]

PYTHON_NUMBERS = frozenset({int, float, complex})

# What dtype= may be here; NumPy takes more, abstract classes of dtypes among them.
_PLAIN_DTYPES = (str, np.dtype, type)

# Stands for a Python number until the loop's dtype is known.
_NUMBER: Array = np.zeros(())


def operand(x: Any) -> Array | None:
    """x as an array that a loop can read in place; None if it is neither a plain array nor a number."""
    if type(x) is not np.ndarray:
        if type(x) in PYTHON_NUMBERS:
            return _NUMBER
        if not isinstance(x, np.generic) and type(x) is not bool:
            return None
        x = np.asarray(x)
    dtype = x.dtype
    return x if dtype.char in NUMERIC and dtype.isnative and x.flags.aligned else None


def outputs(ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> list[Array | None] | None:
    """An array or None for each output; None if they are not that simple, or wrong."""
    nin, nout = ufunc.nin, ufunc.nout
    outs: Any = args[nin:]
    if "out" in options:
        if outs:
            return None
        outs = options["out"]
        if type(outs) is not tuple:
            outs = (outs,) if nout == 1 or outs is None else ()
        if len(outs) != nout and outs != (None,):
            return None
    if len(args) < nin or len(outs) > nout:
        return None
    if not all(out is None or _is_target(out) for out in outs):
        return None
    return [*outs, *[None] * (nout - len(outs))]


def _is_target(out: Any) -> bool:
    return type(out) is np.ndarray and operand(out) is out and bool(out.flags.writeable)


def find_loop(
    ufunc: np.ufunc, loops: dict[Any, Any], given: tuple[Any, ...], options: dict[str, Any]
) -> Loop | str:
    """The loop for these dtypes, from the cache if it has been asked for before."""
    casting = options.get("casting", "same_kind")
    signature = options.get("signature", options.get("sig"))
    if signature is None and ("signature" in options or "sig" in options):
        return "signature=None is an error"
    if ("signature" in options and "sig" in options) or type(options.get("subok", True)) is not bool:
        return "an argument is one that NumPy refuses"
    if type(signature) is str and len(signature) == 1:
        return "NumPy warns of such a signature"
    dtype = options.get("dtype")
    if dtype is not None:
        if signature is not None or not isinstance(dtype, _PLAIN_DTYPES):
            return "dtype is no plain dtype"
        try:
            signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
        except TypeError:
            return "dtype is no plain dtype"
    types = chars(given) if type(signature) is not tuple else chars(given + signature)
    key = given, types, signature, casting
    try:
        found: Loop | str | None = loops.get(key)
    except TypeError:
        return "signature is no plain one"
    if found is None:
        more = {} if signature is None else {"signature": signature}
        found = loops[key] = resolve(ufunc, given, casting=casting, **more)
    return found


def convert(loop: Loop, args: tuple[Any, ...], inputs: list[Array]) -> str | None:
    """Gives numbers the loop's dtypes, in place; tells what is against running the loop on them, if so."""
    for k, (x, dtype) in enumerate(zip(inputs, loop.dtypes, strict=False)):
        if x is _NUMBER:
            number = as_loop_number(args[k], dtype)
            if number is None:
                return "a Python number is out of the dtype's range, or at its edge"
            inputs[k] = number
        elif x.dtype != dtype:
            if cast_loop(x.dtype.char, dtype.char) is None:
                return f"there is no conversion from {x.dtype} to {dtype}"
            if x.ndim == 0:
                inputs[k] = x.astype(dtype)
    if loop.ufunc is np.power and loop.dtypes[1].kind == "i" and inputs[1].size and inputs[1].min() < 0:
        return "integers to negative powers are an error"
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
