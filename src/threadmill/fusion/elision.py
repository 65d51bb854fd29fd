"""Which operand of an operator comes first: NumPy reuses large temporaries, and may turn operands around.

``x * (y + z)`` is computed as ``t = y + z; t *= x`` where t is large. The order shows in the last bits of
complex products, and in which of two NaNs comes out. numpy/_core/src/multiarray/temp_elide.c has the rules.
A temporary is known by its count of references, as in NumPy.
"""

import dis
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Array
from .nodes import Value

__all__ = [
    *("COMMUTATIVE", "FIRST", "NEW", "SECOND", "TEMPORARY", "elides", "elides_such", "is_alone", "is_scalar"),
    *("is_taken", "is_taken_by", "is_turned", "keeps_its_dtype", "lies_apart", "written_over"),
]

COMMUTATIVE = frozenset({np.add, np.multiply, np.bitwise_and, np.bitwise_or, np.bitwise_xor})

# The operators that do so.
_ELIDED = COMMUTATIVE | {np.subtract, np.true_divide, np.floor_divide, np.left_shift, np.right_shift}

# NPY_MIN_ELIDE_BYTES: smaller temporaries are left alone.
_LEAST_BYTES = 256 * 1024


# The dtypes of arrays that NumPy makes of Python's numbers.
_OF_NUMBERS = {kind: np.asarray(kind()).dtype for kind in (bool, int, float, complex)}


class _Counted:
    """Tells the references that an operator's second operand has while the operator runs."""

    def __add__(self, other: Any) -> "_Counted":
        return self

    def __mul__(self, other: Any) -> int:
        return sys.getrefcount(other)


def _of_a_temporary() -> int:
    count: int = _Counted() * _Counted()
    return count


def _of_a_name() -> int:
    named, other = _Counted(), _Counted()
    count: int = named * other
    return count


# References of an operand that only the interpreter's stack holds. 0, which none has, where one with a name
# counts no more, as from CPython 3.14 on, which lends names to the stack: nothing is taken for a temporary.
TEMPORARY = _of_a_temporary() if _of_a_temporary() < _of_a_name() else 0


class _Met:
    """Tells the references of both operands of an operator, which an array hands to its ufunc."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any) -> Any:
        return sys.getrefcount(args[0]), sys.getrefcount(args[1])


# The same of an array, and of what it meets, as __array_ufunc__ has them.
_MET: Any = np.ones(1) * _Met() if TEMPORARY else (0, 0)  # type: ignore[operator]


# What NumPy makes of ``first op second``: a new array, ``first op= second`` or ``second op= first``.
NEW, FIRST, SECOND = range(3)


def written_over(
    ufunc: np.ufunc, first: Array | np.generic, first_references: int, second: Value, second_references: int
) -> int:
    """Which operand the result is written over, of an array or a number of NumPy's and a lazy array that
    __array_ufunc__ has so many references of: NEW if the ufunc is called, and not by an operator."""
    is_first = first_references <= _MET[0] and isinstance(first, np.ndarray)
    if ufunc not in _ELIDED or (second_references > _MET[1] and not is_first):
        return NEW
    own = Value.of(np.asarray(first))
    if is_first and elides(ufunc, own, second):
        return FIRST if _is_operator(sys._getframe(2)) else NEW
    is_second = second_references <= _MET[1] and ufunc in COMMUTATIVE and is_alone(second)
    return SECOND if is_second and elides(ufunc, second, own) and _is_operator(sys._getframe(2)) else NEW


def _is_operator(frame: types.FrameType) -> bool:
    """Whether the frame runs an operator, not a call."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("BINARY_")


def _of_a_value() -> int:
    value = Value.of(np.zeros(1))
    return sys.getrefcount(value.array)


# References of an array that a value alone has.
_ALONE = _of_a_value()


@functools.cache
def _numpy_elides() -> bool:
    """Whether this NumPy does so; it needs to know its callers, which not every system tells."""
    size = _LEAST_BYTES // 8
    named, other = np.full(size, np.nan), np.full(size, -np.nan)
    made = named + (other + 0.0)
    return bool(np.signbit(made[0]) != np.signbit(np.add(named, other + 0.0)[0]))


def is_turned(first: Any, first_references: int, second: Value, second_references: int) -> bool:
    """Whether NumPy computes ``second op first``. `first`: a value, or a number of Python's."""
    if second_references > TEMPORARY or not _may_take(second, first):
        return False
    if isinstance(first, Value) and first_references <= TEMPORARY and _may_take(first, second):
        return False
    return _numpy_elides()


def is_taken(ufunc: np.ufunc, own: Value, references: int, other: Any) -> bool:
    """Whether NumPy writes the result of ``own op other`` over `own`; it lies as `own` does then."""
    return references <= TEMPORARY and is_alone(own) and elides(ufunc, own, other)


def is_alone(own: Value) -> bool:
    """Whether nobody else has its array: it is not made yet, or this value alone refers to it."""
    return own.array is None or not (own.borrowed or sys.getrefcount(own.array) > _ALONE)


def is_taken_by(ufunc: np.ufunc, own: Value, references: int) -> bool:
    """Whether NumPy writes the result of an operator with one operand over `own`, where that shows: in its
    byte order, or its strides."""
    if references > TEMPORARY or own.is_plain or not (is_alone(own) and _may_be_written(own)):
        return False
    if ufunc is np.absolute and own.dtype.kind == "c":
        return False
    return _is_large(own) and _numpy_elides()


def is_scalar(other: Any, operate: Callable[[Any, Any], Any]) -> bool:
    """Whether NumPy takes it for a number beside a temporary: an array of no axes, whose class has no such
    operator of its own."""
    kind, name = type(other), operate.__name__
    return (
        isinstance(other, np.ndarray)
        and not other.ndim
        and all(
            getattr(kind, each, None) is getattr(np.ndarray, each, None)
            for each in (f"__{name}__", f"__r{name}__", "__array_ufunc__")
        )
    )


def lies_apart(array: Array) -> bool:
    """Whether it lies otherwise than new arrays do along axes of length 1, which shows where NumPy writes
    something over it."""
    if 1 not in array.shape or array.nbytes < _LEAST_BYTES or not array.flags.owndata:
        return False
    step = array.itemsize
    for length, stride in zip(reversed(array.shape), reversed(array.strides), strict=True):
        if stride != step:
            return True
        step *= length
    return False


def elides(ufunc: np.ufunc, own: Value, other: Any) -> bool:
    """Whether NumPy does so with `own`, if it is a temporary that nobody else has."""
    return _may_be_written(own) and elides_such(ufunc, own, other)


def elides_such(ufunc: np.ufunc, own: Any, other: Any) -> bool:
    """The same of operands of these kinds, where the first one's memory may be written."""
    if type(own) is not Value or ufunc not in _ELIDED:
        return False
    if ufunc is np.true_divide and own.dtype.kind not in "fc":
        return False
    return _fits(own, other) and _numpy_elides()


def _may_take(own: Value, other: Any) -> bool:
    """Whether the result may be written over `own`, which is a temporary."""
    return _may_be_written(own) and _fits(own, other)


def _may_be_written(own: Value) -> bool:
    return own.array is None or bool(own.array.flags.owndata and own.array.flags.writeable)


def _fits(own: Value, other: Any) -> bool:
    """Whether the result has a place in memory of own's kind."""
    if not _is_large(own):
        return False
    if not isinstance(other, Value):
        return np.can_cast(_OF_NUMBERS[type(other)], own.dtype, "safe")
    return other.shape in ((), own.shape) and np.can_cast(other.dtype, own.dtype, "safe")


def _is_large(own: Value) -> bool:
    """Whether NumPy reuses the memory of such temporaries."""
    if own.dtype.kind not in "biufc":
        return False
    size = own.dtype.itemsize
    for length in own.shape:
        size *= length
    return size >= _LEAST_BYTES


def keeps_its_dtype(value: Value) -> bool:
    """Whether what is made of it and a number has its dtype: another byte order is lost, and long long."""
    return value.is_plain and value.dtype.char not in "qQ"
