"""An element-wise call of a ufunc: its arguments become a plan and the arrays to run it on, or a refusal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._native.memory import any_shared
from .._native.programs import MAX_OPERANDS, cast_loop
from .._native.status import FAILED
from .._types import Array
from . import programs
from .errstate import report_flags
from .iterate import as_one_axis, iterated
from .layout import is_plain
from .loops import Loop, LoopCache
from .operands import OUT_BY_KEYWORD, PYTHON_NUMBERS, convert, loop_of_call, operand, outputs
from .plan import Plan
from .probes import zero_by_place
from .refusal import Refusal
from .spaces import Space, Walk, cut, overlap, partly_overlap, strides_are_whole

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["ROUNDED_ALIKE", "WRONG_WHERE_STRIDED", "ArrayPlan", "Call", "prepare"]

_OPTIONS = frozenset({"out", "where", "dtype", "signature", "sig", "casting", "order", "subok"})

_NANS_ARE_NUMPYS = Refusal("NumPy alone knows which NaNs it makes of these")
_FLAGS_ARE_NUMPYS = Refusal("some loops of NumPy take down the flags that its conversions have raised")


class ArrayPlan(Plan):
    """A loop's program for arrays that lie in one space."""

    __slots__ = (
        *("_converts", "_first", "_keeps_flags", "_name", "_nargs", "_nin", "_program", "_reports", "_space"),
    )

    def __init__(
        self,
        loop: Loop,
        space: Space,
        program: "CData",
        weight: int = 1,
        first: "CData | None" = None,
        converts: bool = False,
        is_core: bool = False,
    ) -> None:
        super().__init__(loop, space.shape, *cut(space.shape, range(len(space.shape)), weight, is_core))
        self._space = space
        self._program = program
        self._first = first  # a program that only looks whether this one may run
        self._converts = converts  # from or to floats
        self._keeps_flags = loop.name in programs.KEEP_FLAGS
        self._reports = loop.strided.reports or converts
        self._name, self._nin, self._nargs = loop.ufunc.__name__, loop.ufunc.nin, loop.ufunc.nargs

    def run(self, pool: "CData", arrays: Sequence[Array]) -> Refusal | None:
        """Runs the loop over the arrays, and reports floating-point errors."""
        run, first = self._space.run, self._first
        if first is not None and run(pool, first, arrays, self.split, self.grain) == FAILED:
            return _NANS_ARE_NUMPYS
        shared = self._converts and any_shared(arrays[: self._nin], arrays[self._nin : self._nargs])
        if shared and not self._keeps_flags:  # NumPy can't make the call again
            return _FLAGS_ARE_NUMPYS
        status = run(pool, self._program, arrays, self.split, self.grain)
        if status == FAILED:
            return _NANS_ARE_NUMPYS
        if status:
            if self._converts and not shared:
                return _FLAGS_ARE_NUMPYS
            report_flags(status, self._name, self._reports)
        return None


class Call(NamedTuple):
    """A plan with the arrays of one call, and what that returns."""

    plan: ArrayPlan
    walk: Walk
    results: tuple[Array, ...]

    def run(self, pool: "CData") -> Any:
        """What the ufunc returns, or a Refusal; then the inputs are as they were."""
        refusal = self.plan.run(pool, self.walk.arrays)
        if refusal is not None:
            return refusal
        if self.walk.finish is not None:
            self.walk.finish()
        return self.results[0] if len(self.results) == 1 else self.results


class Operands(NamedTuple):
    """What the user gave, as arrays; an output is None where it is to be made."""

    inputs: list[Array]
    outs: list[Array | None]
    masks: list[Array]


def prepare(
    ufunc: np.ufunc, loops: LoopCache, args: tuple[Any, ...], options: dict[str, Any]
) -> Call | Refusal:
    """The call ``ufunc(*args, **options)``, of a ufunc without core dimensions."""
    operands = _operands(ufunc, args, options)
    if isinstance(operands, Refusal):
        return operands
    loop = _loop(ufunc, loops, args, operands, options)
    if isinstance(loop, Refusal):
        return loop
    refusal = convert(loop, args, operands.inputs) or overlap(*operands) or _unlike_numpy(loop, operands)
    if refusal is not None:
        return refusal
    fresh = [out is None for out in operands.outs]
    order = options.get("order") or "K"
    walk = _walk(loop, operands, order)
    if isinstance(walk, Refusal):
        return walk
    refusal = _fault(loop, walk) or _rounded_by_place(loop, walk, order)
    return _plan(loop, operands, walk, fresh) if refusal is None else refusal


def _operands(ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Operands | Refusal:
    nin = ufunc.nin
    if not _OPTIONS.issuperset(options) or ufunc.nargs > MAX_OPERANDS:
        return Refusal("an argument is one that only NumPy knows")
    if not nin <= len(args) <= ufunc.nargs:
        return Refusal(f"it takes {nin} operands, and {ufunc.nout} for results")
    if len(args) > nin and ufunc in OUT_BY_KEYWORD:
        return Refusal("NumPy warns of an out that is not given by its keyword")
    outs = outputs(ufunc, args, options)
    where = options.get("where", True)
    masks: list[Array] = [] if where is True else [where]
    if outs is None or not all(is_plain(mask) and mask.dtype.char == "?" for mask in masks):
        return Refusal("out or where is no plain writable array")
    if masks and any(out is None for out in outs):
        return Refusal("where without out leaves elements undefined")
    inputs = [x for x in map(operand, args[:nin]) if x is not None]
    if len(inputs) < nin:
        return Refusal("an operand is no plain aligned native array of numbers")
    return Operands(inputs, outs, masks)


def _loop(
    ufunc: np.ufunc, loops: LoopCache, args: tuple[Any, ...], operands: Operands, options: dict[str, Any]
) -> Loop | Refusal:
    inputs, outs, _ = operands
    if not PYTHON_NUMBERS.isdisjoint(map(type, args)) and any(x.dtype.kind in "mM" for x in inputs):
        return Refusal("NumPy warns of numbers for times")
    given = [
        type(x) if type(x) in PYTHON_NUMBERS else own.dtype for x, own in zip(args, inputs, strict=False)
    ]
    loop = loop_of_call(ufunc, loops, (*given, *[out if out is None else out.dtype for out in outs]), options)
    if isinstance(loop, Refusal):
        return loop
    if any(dtype.kind in "mM" for dtype in loop.dtypes) and "g" in (x.dtype.char for x in inputs):
        return Refusal("NumPy converts long doubles before it begins where dates or times are concerned")
    return loop


def _unlike_numpy(loop: Loop, operands: Operands) -> Refusal | None:
    """What NumPy does with these operands and we can't."""
    inputs, outs, masks = operands
    for out, dtype in zip(outs, loop.dtypes[len(inputs) :], strict=True):
        if out is not None and out.dtype != dtype and not cast_loop(dtype.char, out.dtype.char):
            return Refusal(f"there is no conversion from {dtype} to {out.dtype}")
        if out is not None and out.dtype != dtype and masks:
            return Refusal("NumPy converts a masked output to and fro")
    given = [x for x in (*inputs, *outs) if x is not None]
    if all(x.size <= 1 for x in given):
        return Refusal("there is nothing to share", by_size=True)
    converted = [x for x, dtype in zip(inputs, loop.dtypes, strict=False) if x.dtype != dtype]
    if converted and any(x.ndim == 1 and x.strides[0] < 0 for x in given):
        return Refusal("NumPy converts a small operand apart, and turns the others around or not")
    if masks and any(x.dtype.kind in "fc" for x in converted):
        return Refusal("NumPy converts what the mask leaves out, too, and reports what that comes to")
    if programs.minds_nans(loop) and partly_overlap(inputs, outs) and any(map(_has_nans, inputs)):
        return Refusal("NumPy copies operands that overlap, and knows alone what it makes of NaNs then")
    return None


def _walk(loop: Loop, operands: Operands, order: str) -> Walk | Refusal:
    """The walk over the operands; makes the outputs that are missing."""
    inputs, outs, _ = operands
    if order in ("A", "a") or (any(out is None for out in outs) and any(map(_is_odd, inputs))):
        return Refusal("the strides of axes of length 1 are then NumPy's own affair")
    walk = as_one_axis(loop, *operands) if order == "K" else None
    return iterated(loop, *operands, order) if walk is None else walk


def _plan(loop: Loop, operands: Operands, walk: Walk, fresh: list[bool]) -> Call:
    inputs, outs, masks = operands
    space, arrays, _ = walk
    count = len(inputs) + len(outs)
    layout = (
        [x.dtype for x in arrays[:count]],
        [strides[-1] for strides in space.strides[:count]],
        fresh,
        bool(masks),
    )
    results = tuple(out for out in outs if out is not None)
    first, nans = None, programs.PASS
    apart = masks or len(space.shape) > 1 or _repeats_converted(loop, walk)
    if programs.minds_nans(loop) and apart and _may_meet(inputs):
        nans = programs.FAIL_AFTER  # NumPy makes the call again
        if any_shared(inputs, results):  # read before it is written
            first, nans = programs.elementwise(loop, *layout, programs.ONLY_LOOK), programs.PASS
    converts = programs.converts_floats(loop, layout[0])
    plan = ArrayPlan(loop, space, programs.elementwise(loop, *layout, nans), 1, first, converts)
    return Call(plan, walk, results)


# ---- what NumPy alone knows -------------------------------------------------------------------------------


def _may_meet(inputs: list[Array]) -> bool:
    """Whether the operands may have NaNs that meet: not where one of two, a small one, has none.

    NumPy's iterator takes short rows together in its buffer, and runs of a mask begin anywhere: a place in
    our rows is another one there.
    """
    small = min(inputs, key=lambda x: x.size)
    if len(inputs) != 2 or small.dtype.kind == "c" or small.size > max(x.size for x in inputs) // 16:
        return True
    return _has_nans(small)


def _repeats_converted(loop: Loop, walk: Walk) -> bool:
    """Whether one element stands for many that NumPy's buffer holds, or not, once it is converted."""
    operands = zip(walk.arrays, walk.space.strides, loop.dtypes[: loop.ufunc.nin], strict=False)
    return any(strides[-1] == 0 and x.dtype != dtype for x, strides, dtype in operands)


def _has_nans(x: Array) -> bool:
    return x.dtype.kind in "fc" and bool(np.isnan(x).any())


def _is_odd(x: Array) -> bool:
    """Whether a result in x's order has an axis of length 1 whose stride NumPy alone knows."""
    return x.ndim > 2 and 1 in x.shape and x.flags.f_contiguous and not x.flags.c_contiguous


def _fault(loop: Loop, walk: Walk) -> Refusal | None:
    """What would come out otherwise than in NumPy, which has its iterator copy operands for these loops."""
    if not strides_are_whole(walk):
        return Refusal("an operand's strides are no multiples of its items")
    name, kind = loop.name, loop.dtypes[0].char
    strides, has_rows = walk.space.strides, len(walk.space.shape) > 1
    if kind == "m" and name in ("divide", "floor_divide") and loop.dtypes[1].kind == "i":
        if strides[1][-1] == 0 and (has_rows or walk.arrays[1].dtype != loop.dtypes[1]):
            return Refusal("NumPy reports a division of times by 0, or not, as its buffer holds the divisor")
    elif kind in "fdFD" and has_rows and any(each[-1] < 0 for each in strides):
        return Refusal("NumPy turns such rows around, and loops that run backwards round otherwise")
    elif kind == "e" and has_rows and not all(_side_by_side(walk)):
        return Refusal("NumPy lays such rows side by side, where some processors round float16 otherwise")
    elif kind in "FD" and name == "square" and has_rows and not any(_side_by_side(walk)):
        return Refusal("NumPy lays such rows side by side, where it rounds complex squares otherwise")
    elif kind in "fd" and name in WRONG_WHERE_STRIDED and strides[1][-1] != 1:
        return Refusal("NumPy's loop is at fault for results that don't lie side by side")
    elif name == "negative" and not all(_side_by_side(walk)) and any_shared(*_in_and_out(loop, walk)):
        # NumPy 2.2 to 2.4, with AVX-512: np.negative(x[::4], out=x[::4]), which its iterator may spare it.
        return Refusal("NumPy's loop is at fault for results in place that don't lie side by side")
    elif name in ("power", "float_power") and 0 in strides[1]:
        one_for_a_row = strides[1][-1] == 0 and any(strides[1])
        if one_for_a_row or walk.arrays[1].dtype != loop.dtypes[1]:
            return Refusal("NumPy's power takes a short way for one exponent, if its buffer holds it as one")
    elif kind in "fd" and name in ("fmax", "fmin") and zero_by_place(name, kind):
        is_masked = len(walk.arrays) > loop.ufunc.nargs
        if has_rows or is_masked or _repeats_converted(loop, walk):
            return Refusal("the length of a row shows in the sign of zeros")
    return None


def _rounded_by_place(loop: Loop, walk: Walk, order: str) -> Refusal | None:
    """Whether NumPy's iterator may lay strided rows side by side, where costly loops round otherwise.

    It does so where it converts an operand, or walks in an order that the user has asked for.
    """
    if loop.dtypes[0].char not in "fd" or not loop.name or loop.name in ROUNDED_ALIKE:
        return None
    converts = any(x.dtype != dtype for x, dtype in zip(walk.arrays, loop.dtypes, strict=False))
    if len(walk.space.shape) < 2 or (order == "K" and not converts):
        return None
    pairs = zip(walk.arrays, walk.space.strides, strict=True)
    if all(strides[-1] in (0, x.itemsize) for x, strides in pairs):
        return None
    return Refusal("NumPy lays such rows side by side, where it rounds otherwise")


def _in_and_out(loop: Loop, walk: Walk) -> tuple[Sequence[Array], Sequence[Array]]:
    nin = loop.ufunc.nin
    return walk.arrays[:nin], walk.arrays[nin : loop.ufunc.nargs]


def _side_by_side(walk: Walk) -> list[bool]:
    """Of each operand, whether the elements of a row are."""
    return [each[-1] == x.itemsize for x, each in zip(walk.arrays, walk.space.strides, strict=True)]


# NumPy 2.0 to 2.5 on x86, np.isnan(x, out=y[::2]) among others.
WRONG_WHERE_STRIDED = frozenset({"isfinite", "isinf", "isnan", "signbit"})

# Loops that round in the same way wherever their operands lie.
ROUNDED_ALIKE = frozenset(
    """
    absolute add bitwise_and bitwise_count bitwise_or bitwise_xor ceil conjugate copysign deg2rad degrees
    divide equal fabs floor fmax fmin greater greater_equal invert isfinite isinf isnan isnat left_shift
    less less_equal logical_and logical_not logical_or logical_xor maximum minimum multiply negative
    not_equal positive rad2deg radians reciprocal right_shift rint sign signbit sqrt square subtract trunc
    """.split()  # noqa: SIM905
)
