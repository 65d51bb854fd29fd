"""ufunc.accumulate along an axis of several: rows are shared out, each of them in NumPy's order.

Each element of a row needs the one before. NumPy's inner loop runs along the row over three places: the
results so far, the operands and the results, which are one element apart. Where neighbours in memory belong
to different rows, it runs over these neighbours instead, step by step, if their bits are the same in any
order of steps.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.memory import OVERLAPPING, overlaps_itself, relate
from .._native.programs import cast_loop
from .._native.status import FAILED
from .._types import Array
from . import programs, thresholds
from .doors import NEVER, Sizes
from .errstate import report_flags
from .layout import empty_result, is_plain, is_target, iterated_result
from .loops import Loop, LoopCache, find_loop
from .plan import Plan
from .refusal import Refusal, fewer_than
from .spaces import Space, Walk, cut, strides_are_whole

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Accumulation", "accumulated", "few", "prepare"]

_DTYPES = tuple(map(np.dtype, "?bBhHiIlLqQefdgFDG"))

# Loops of one bit pattern in any order of steps, but for NaNs: additions and products are rounded alike in
# vectors and one by one. Of complex numbers only sums are.
_SIDE_BY_SIDE = frozenset(
    """
    add bitwise_and bitwise_or bitwise_xor logical_and logical_or logical_xor multiply subtract
    """.split()  # noqa: SIM905
)


# So many neighbours at least are worth a call of the loop, and so many columns are shared out: 8 columns of
# integers took twice NumPy's time either way.
_WIDE, _COLUMNS = 32, 32

# Shorter rows of integers gained 1.1 at best.
_SHORT = 32

_CLOSE = Refusal("its few columns lie in the same lines of the caches")


class Accumulation(Plan):
    """The plan of one call, with its arrays."""

    __slots__ = ("_axis", "_programs", "_result", "_x")

    def __init__(self, loop: Loop, x: Array, axis: int, result: Array) -> None:
        self._x, self._result, self._axis = x, result, axis
        self._programs = _programs(loop, x, axis, result)
        space = self._programs[0][1]
        super().__init__(loop, space.shape, *self._programs[0][2:])

    def run(self, pool: "CData") -> Array:
        """Runs the loop, and reports floating-point errors."""
        x, result, along = self._x, self._result, (slice(None),) * self._axis
        loop = self.loop
        assert loop is not None
        result[(*along, slice(0, 1))] = x[(*along, slice(0, 1))]
        rest, before = (*along, slice(1, None)), (*along, slice(0, -1))
        status = FAILED
        for program, space, split, grain in self._programs:
            status = space.run(pool, program, (result[before], x[rest], result[rest]), split, grain)
            if status != FAILED:
                break
        report_flags(status, "accumulate", loop.strided.reports)
        return result


def _programs(loop: Loop, x: Array, axis: int, result: Array) -> "list[tuple[CData, Space, int, int]]":
    """What is run, and where that fails the next: the program, the space, and its cut."""
    outermost_first = sorted(
        (k for k in range(x.ndim) if k != axis), key=lambda k: abs(result.strides[k]), reverse=True
    )
    ways = [[*outermost_first, axis]]
    nearest = outermost_first[-1]
    if (
        _any_order(loop)
        and abs(result.strides[nearest]) < abs(result.strides[axis])
        and x.shape[nearest] >= _WIDE
    ):
        ways.insert(0, [*outermost_first[:-1], axis, nearest])
    made = []
    for axes in ways:
        shape = tuple(x.shape[k] - (k == axis) for k in axes)
        strides = [tuple(each.strides[k] for k in axes) for each in (result, x, result)]
        space = Space(shape, strides)
        free = [k for k, each in enumerate(axes) if each != axis and shape[k] > 1]
        dtypes = [result.dtype, x.dtype, result.dtype]
        nans = programs.PASS if axes[-1] == axis else programs.FAIL_FIRST
        program = programs.elementwise(loop, dtypes, [each[-1] for each in strides], [True], False, nans)
        made.append((program, space, *cut(shape, free)))
    return made


def _any_order(loop: Loop) -> bool:
    return loop.name in _SIDE_BY_SIDE and not (loop.name == "multiply" and loop.dtypes[0].kind == "c")


def _least_of(dtype: "np.dtype[Any]") -> int:
    """The bytes from which on accumulations of a dtype gain."""
    is_integer = dtype.kind in "biu"
    return dtype.itemsize * (thresholds.ACCUMULATED_INTEGERS if is_integer else thresholds.ACCUMULATED)


def accumulated(ufunc: np.ufunc) -> tuple[Sizes, dict[int, int]]:
    """What a door in front of ufunc.accumulate is to know of sizes: one axis has no rows to share."""
    of_one_dtype = {types[0] for types in ufunc.types if types == f"{types[0]}{types[0]}->{types[0]}"}
    worth: dict[int, int] = {x.num: _least_of(x) if x.char in of_one_dtype else NEVER for x in _DTYPES}
    return Sizes(thresholds.ACCUMULATED, whole=NEVER, axis=0), worth


def few(x: Any, axis: Any) -> Refusal | None:
    """Why NumPy makes a call without a pool, if an array is too small, or its columns are few."""
    if type(x) is not np.ndarray:
        return None
    least = _least_of(x.dtype)
    if x.nbytes < least:
        return fewer_than(least)
    if type(axis) is not int or not -x.ndim <= axis < x.ndim or x.size >= _COLUMNS * x.shape[axis]:
        return None
    nearest = min(abs(stride) for stride, n in zip(x.strides, x.shape, strict=True) if n > 1)
    return _CLOSE if abs(x.strides[axis]) > nearest else None


def prepare(
    ufunc: np.ufunc, loops: LoopCache, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Accumulation | Refusal:
    """The plan of ``ufunc.accumulate`` with these arguments."""
    if not is_plain(array):
        return Refusal("the operand is no plain aligned native array of numbers")
    if type(axis) is not int or not -array.ndim <= axis < array.ndim or dtype is not None:
        return Refusal("the axis is no axis, or a dtype is given")
    axis %= array.ndim
    length = array.shape[axis]
    if array.ndim < 2 or length < 2 or array.size <= length:
        return Refusal("there are no rows to share")
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
        return Refusal("it is no ufunc of two operands and one result")
    loop = find_loop(ufunc, loops, (None, array.dtype, None), None, "unsafe", reduction=True)
    if isinstance(loop, Refusal):
        return loop
    own = loop.dtypes[0]
    if loop.dtypes != (own, own, own) or (ufunc is np.power and own.kind == "i"):
        return Refusal("its operands and its result are of several dtypes, or it may raise")
    if array.dtype != own and not _converts(array.dtype, own):
        return Refusal(f"no conversion from {array.dtype} to {own}")
    if out is None:
        out = (iterated_result if 1 in array.shape else empty_result)(array, own)
    elif not is_target(out) or out.dtype != own or out.shape != array.shape or overlaps_itself(out):
        return Refusal("out is no plain writable array of the result's dtype and shape")
    elif relate(array, out) == OVERLAPPING:
        return Refusal("out overlaps the operand")
    if array.size < _COLUMNS * array.shape[axis] and abs(out.strides[axis]) != out.itemsize:
        return _CLOSE
    if length < _SHORT and own.kind in "biu":
        return Refusal("its rows are short")
    plan = Accumulation(loop, array, axis, out)
    if not strides_are_whole(Walk(plan._programs[-1][1], (out, array, out))):
        return Refusal("an operand's strides are no multiples of its items")
    return plan


def _converts(given: "np.dtype[Any]", own: "np.dtype[Any]") -> bool:
    """Whether operands are converted without a word: NumPy reports what floats come to as a cast's."""
    is_exact = {given.kind, own.kind} <= {*"biu"}
    return is_exact and cast_loop(given.char, own.char) is not None
