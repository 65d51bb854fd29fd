"""The loops of nodes: which one a ufunc takes for its operands, and what it takes them as."""

import cmath
import functools
from typing import Any

import numpy as np

from .._native.memory import are_apart
from .._native.moves import select_loop
from .._native.programs import cast_loop
from .._types import Array
from ..arrays.cache import Cache
from ..arrays.elementwise import WRONG_WHERE_STRIDED
from ..arrays.loops import Loop, resolve
from ..arrays.operands import as_loop_number
from ..arrays.probes import zero_by_place
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS, refusal_of
from ..arrays.ufunc import trusted_loops
from .nodes import KNOWN, Conversion, Node, Value

__all__ = [
    "MASKED",
    "NUMBERS",
    "as_values",
    "find_loop",
    "may_show_place",
    "may_show_rows",
    "number_in",
    "plain_loop",
    "select_loop_of",
    "shows_gaps",
    "shows_place",
    "takes_flags_down",
]

# Loops of NumPy's own ufuncs, by ufunc and the operands' dtypes and types of numbers; a Refusal where NumPy
# has to make the call. Any thread may write.
_loops: Cache[tuple[Any, ...], Loop | Refusal] = Cache()

# Python's numbers in dtypes of loops. Any thread may write.
NUMBERS: Cache[tuple[Any, ...], Value] = Cache()

# The name of the choice between what is reduced under a mask and what changes nothing.
MASKED = "masked"

# Whose bits may show where an element lies; halves too.
_BY_PLACE = frozenset({"power", "float_power", "fmax", "fmin", "signbit", "copysign"})


def may_show_place(loop: Loop | Conversion, name: str, operands: tuple[Any, ...] = ()) -> bool:
    """Whether shows_place is to be asked of operands of one shape, and of others."""
    if loop.dtypes[0].char == "e":
        return True
    if name in ("power", "float_power") and operands and _is_told_by_kinds(*operands):
        return name == "power" and loop.dtypes[1].kind == "i"
    return name in _BY_PLACE


def _is_told_by_kinds(base: Any, exponent: Any) -> bool:
    """Whether an exponent is one number, or one for each element: of others NumPy may take a short way."""
    if type(exponent) is not Value:
        return True
    is_alike = type(base) is not Value or base.shape in ((), exponent.shape)
    return is_alike and exponent.kind is not None and not exponent.kind[4]


def may_show_rows(loop: Loop | Conversion, name: str) -> bool:
    """Whether it is to be asked where an operand is repeated."""
    return name == "multiply" and loop.dtypes[0].char in "FD"


def find_loop(ufunc: np.ufunc, operands: tuple[Any, ...], key: tuple[Any, ...]) -> Loop | Refusal:
    """The loop, from where it is kept: a foreign ufunc's with what `parallel` has returned."""
    found = _loops.get(key)
    if found is not None:
        return found
    if ufunc in NUMPYS:
        return _loops.put(key, _loop_for(ufunc, operands))
    own = trusted_loops(ufunc)
    if own is None:
        return Refusal("it is not NumPy's, and nobody has said trust=True")
    return own.get(("fused", *key[1:])) or own.put(("fused", *key[1:]), _loop_for(ufunc, operands))


def _loop_for(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Loop | Refusal:
    if ufunc.signature is not None or refusal_of(True):
        return Refusal("its loops are not run on our threads")
    given = [x.dtype if type(x) is Value else type(x) for x in operands]
    found = resolve(ufunc, (*given, *[None] * ufunc.nout))
    if isinstance(found, Refusal) or any(dtype.char not in KNOWN for dtype in found.dtypes):
        return Refusal("it has no loop for numbers")
    for own, dtype in zip(given, found.dtypes, strict=False):
        if isinstance(own, np.dtype) and own.num != dtype.num and not cast_loop(own.char, dtype.char):
            return Refusal("there is no conversion")
    return found


def as_values(loop: Loop, operands: tuple[Any, ...]) -> tuple[Value, ...] | None:
    """The operands with numbers in the loop's dtypes; None where NumPy has to look at one."""
    inputs = []
    for x, dtype in zip(operands, loop.dtypes, strict=False):
        if type(x) is not Value:
            number = number_in(dtype, x)
            if number is None:
                return None
            x = number
        elif x.dtype is not dtype and x.dtype.num != dtype.num:
            if _is_converted_apart(x):
                return None
            if not x.shape and x.array is not None:
                x = Value.of(x.array.astype(dtype))
        inputs.append(x)
    return tuple(inputs)


def number_in(dtype: np.dtype[Any], x: Any) -> Value | None:
    """A number of Python's in a loop's dtype; None where NumPy has to look at it."""
    key = dtype.num, type(x), x if type(x) is int else x or repr(x)  # zeros of both signs are equal
    found = NUMBERS.get(key)
    if found is None:
        number = as_loop_number(x, dtype)
        if number is None or (dtype.kind == "c" and cmath.isinf(x)):  # as in shows_place
            return None
        found = Value.of(number)
        if x == x and type(x) is not complex:
            NUMBERS.put(key, found)
    return found


def _is_converted_apart(x: Value) -> bool:
    """Whether NumPy converts an operand before it begins, and reports that by the name of "cast"."""
    if x.dtype.kind not in "fc" or len(x.shape) > 1:
        return False
    return not x.shape or x.shape[0] <= np.getbufsize()


def shows_place(
    loop: Loop | Conversion, name: str, inputs: tuple[Value, ...], shape: tuple[int, ...]
) -> bool:
    """Whether where an element lies may show in its bits, so that NumPy's own walk is needed."""
    kind = loop.dtypes[0].char
    if name == "multiply":  # complex: what fills the rest of a vector is no number times infinity
        return any(_may_be_infinite(x, shape) for x in inputs if not x.shape or x.shape[-1] < shape[-1])
    if name == "power" and loop.dtypes[1].kind == "i":  # negative powers raise
        return True
    if name in ("power", "float_power") and _is_repeated(inputs[1], shape):
        return True  # NumPy takes a short way for one exponent, if its buffer holds it as one
    if kind == "e":
        return any(x.array is not None and x.shape and not x.array.flags.c_contiguous for x in inputs)
    if name in ("fmax", "fmin") and kind in "fd" and len(shape) > 1 and isinstance(loop, Loop):
        return zero_by_place(name, kind)
    if name in ("signbit", "copysign"):  # of a NaN that is looked for in what shows it as one
        return any(x.array is None for x in inputs)
    return False


def _may_be_infinite(x: Value, shape: tuple[int, ...]) -> bool:
    """Whether an operand that is repeated along rows may make errors at their ends."""
    if x.array is None:
        return bool(shape[-1] % _LANES)
    return bool(np.isinf(x.array).any())


# Complex numbers in the longest vectors, at most.
_LANES = 8


def _is_repeated(x: Value, shape: tuple[int, ...]) -> bool:
    """Whether an operand's elements stand for several each; a number's does for all."""
    return bool(x.shape) and (x.shape != shape or (x.array is not None and 0 in x.array.strides))


def shows_gaps(node: Node, target: Array) -> bool:
    """Whether NumPy's loop makes other bits there than side by side, as elementwise.py tells."""
    if target.flags.forc:
        return False
    if node.name == "negative":  # in place only
        return any(x.array is not None and not are_apart(x.array, target) for x in node.inputs)
    kind = node.loop.dtypes[0].char
    return node.name in WRONG_WHERE_STRIDED or kind == "e" or (node.name == "square" and kind in "FD")


def takes_flags_down(loop: Loop | Conversion) -> bool:
    """Whether NumPy's loop takes down the flags that conversions of its operands have raised."""
    return isinstance(loop, Loop) and loop.ufunc in NUMPYS and _takes_flags_down(loop.ufunc, loop.dtypes)


@functools.cache
def _takes_flags_down(ufunc: np.ufunc, dtypes: tuple[np.dtype[Any], ...]) -> bool:
    operands = [np.ones((2, 2), dtype) for dtype in dtypes[: ufunc.nin]]
    place = next((k for k, x in enumerate(operands) if x.dtype.char in "dgDG"), None)
    if place is None:
        return False
    operands[place] = np.full((2, 2), 0x7F800001, np.uint32).view("f")  # signalling NaNs
    told: list[str] = []
    with np.errstate(all="call", call=lambda error, _: told.append(error)):
        ufunc(*operands, signature=dtypes, casting="unsafe")
    return not told


# Conversions by dtypes' characters, so that a structure meets the same ones again. Any thread may write.
_conversions: Cache[tuple[str, str], Conversion] = Cache()


def plain_loop(source: np.dtype[Any], target: np.dtype[Any]) -> Conversion | None:
    """The conversion between native dtypes with these characters; None where C has none."""
    key = source.char, target.char
    known = _conversions.get(key)
    if known is not None:
        return known
    found = cast_loop(*key)
    if found is None:
        return None
    dtypes = np.dtype(source.char), np.dtype(target.char)  # a user's dtype may be more than its character
    return _conversions.put(key, Conversion("cast", found, dtypes, source.num != target.num))


_selects: dict[tuple[int, str], Conversion] = {}


def select_loop_of(dtype: np.dtype[Any], name: str = "where") -> Conversion:
    """The choice between two operands by a condition, which may be a mask's."""
    loop = _selects.get((dtype.num, name))
    if loop is None:
        dtypes = np.dtype(bool), dtype, dtype, dtype
        loop = _selects[dtype.num, name] = Conversion(name, select_loop(dtype.itemsize), dtypes, False)
    return loop
