"""An element-wise call of a ufunc: its arguments become a program and a space, or a reason against it."""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.programs import MAX_OPERANDS, cast_loop
from .._native.status import FAILED, check
from .._types import Array
from . import programs
from .errstate import report
from .layout import is_plain
from .loops import Loop, LoopCache
from .operands import PYTHON_NUMBERS, convert, find_loop, operand, outputs
from .spaces import Space, cut, dense, iterated, overlap, partly_overlap, streams, strides_are_whole

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Call", "prepare"]

# From NumPy 2.4 on it warns.
_OUT_BY_KEYWORD = frozenset({np.maximum, np.minimum})

_OPTIONS = frozenset({"out", "where", "dtype", "signature", "sig", "casting", "order", "subok"})


class Call:
    """One call, ready to run."""

    __slots__ = ("_first", "_program", "_space", "grain", "loop", "results", "shape", "split")

    def __init__(
        self,
        loop: Loop,
        space: Space,
        program: "CData",
        results: tuple[Any, ...],
        weight: int = 1,
        first: "CData | None" = None,
    ) -> None:
        self.loop = loop
        self.results = results
        self.shape = space.shape
        self.split, self.grain = cut(space.shape, range(len(space.shape)), weight)
        self._space = space
        self._program = program
        self._first = first  # a program that only looks whether this one may run

    def run(self, pool: "CData") -> Any:
        """Runs it on the pool's threads, of which the caller is one; returns what the ufunc returns.

        NotImplemented: NumPy alone knows what it makes of some NaNs. Then the inputs are as they were.
        """
        first = self._first
        if first is not None and self._space.look(pool, first, self.split, self.grain) == FAILED:
            return NotImplemented
        status = self._space.run(pool, self._program, self.split, self.grain)
        if status == FAILED:
            return NotImplemented
        if status and check(status) and self.loop.strided.reports:
            report(status, self.loop.ufunc.__name__)
        return self.results[0] if len(self.results) == 1 else self.results


def prepare(ufunc: np.ufunc, loops: LoopCache, args: tuple[Any, ...], options: dict[str, Any]) -> Call | str:
    """The call ``ufunc(*args, **options)``, of a ufunc without core dimensions; a str: why NumPy makes it."""
    nin = ufunc.nin
    if not _OPTIONS.issuperset(options) or ufunc.nargs > MAX_OPERANDS:
        return "an argument is one that only NumPy knows"
    if not nin <= len(args) <= ufunc.nargs:
        return f"it takes {nin} operands, and {ufunc.nout} for results"
    if len(args) > nin and ufunc in _OUT_BY_KEYWORD:
        return "NumPy warns of an out that is not given by its keyword"
    outs = outputs(ufunc, args, options)
    where = options.get("where", True)
    masks: list[Array] = [] if where is True else [where]
    if outs is None or not all(is_plain(mask) and mask.dtype.char == "?" for mask in masks):
        return "out or where is no plain writable array"
    if masks and any(out is None for out in outs):
        return "where without out leaves elements undefined"
    inputs = [operand(x) for x in args[:nin]]
    if any(x is None for x in inputs):
        return "an operand is no plain aligned native array of numbers"
    return _prepare(ufunc, loops, args, inputs, outs, masks, options)  # type: ignore[arg-type]


def _prepare(
    ufunc: np.ufunc,
    loops: LoopCache,
    args: tuple[Any, ...],
    inputs: list[Array],
    outs: list[Array | None],
    masks: list[Array],
    options: dict[str, Any],
) -> Call | str:
    nin = ufunc.nin
    if not PYTHON_NUMBERS.isdisjoint(map(type, args)) and any(x.dtype.kind in "mM" for x in inputs):
        return "NumPy warns of numbers for times"
    given: list[Any] = [
        type(x) if type(x) in PYTHON_NUMBERS else each.dtype for x, each in zip(args, inputs, strict=False)
    ]
    given += [None if out is None else out.dtype for out in outs]
    loop = find_loop(ufunc, loops, tuple(given), options)
    if isinstance(loop, str):
        return loop
    if any(dtype.kind in "mM" for dtype in loop.dtypes) and "g" in (x.dtype.char for x in inputs):
        return "NumPy converts long doubles before it begins where dates or times are concerned"
    problem = convert(loop, args, inputs)
    if problem:
        return problem
    overlapping = overlap(inputs, outs, masks)
    if overlapping:
        return overlapping
    for out, dtype in zip(outs, loop.dtypes[nin:], strict=True):
        if out is not None and out.dtype != dtype and not cast_loop(dtype.char, out.dtype.char):
            return f"there is no conversion from {dtype} to {out.dtype}"
        if out is not None and out.dtype != dtype and masks:
            return "NumPy converts a masked output to and fro"
    order = options.get("order") or "K"
    if order in ("A", "a") or (any(out is None for out in outs) and any(map(_is_odd, inputs))):
        return "the strides of axes of length 1 are then NumPy's own affair"
    if all(x.size <= 1 for x in (*inputs, *outs) if x is not None):
        return "there is nothing to share"
    minds_nans = programs.minds_nans(loop)
    if minds_nans and partly_overlap(inputs, outs) and any(_has_nans(x) for x in inputs):
        return "NumPy copies operands that overlap, and knows alone what it makes of NaNs then"
    fresh = [out is None for out in outs]
    space = dense(loop, inputs, outs, masks) if order == "K" else None
    if space is None:
        found = iterated(loop, inputs, outs, masks, order)
        if isinstance(found, str):
            return found
        space = found
    if not strides_are_whole(space):
        return "an operand's strides are no multiples of its items"
    fault = _fault(loop, space)
    if fault:
        return fault
    count = ufunc.nargs
    may_stream = programs.may_stream(loop)
    layout = (
        [x.dtype for x in space.arrays[:count]],
        [strides[-1] for strides in space.strides[:count]],
        [may_stream and each for each in streams(space, nin, fresh)],
        bool(masks),
    )
    first, nans = None, programs.PASS
    if minds_nans and (masks or len(space.shape) > 1) and _may_meet(inputs):
        nans = programs.FAIL_FIRST
        if any(np.may_share_memory(x, out) for x in inputs for out in outs):  # read before it is written
            first, nans = programs.elementwise(loop, *layout, programs.ONLY_LOOK), programs.PASS
    return Call(loop, space, programs.elementwise(loop, *layout, nans), tuple(outs), first=first)


def _may_meet(inputs: list[Array]) -> bool:
    """Whether the operands may have NaNs that meet: not where one of two, a small one, has none.

    NumPy's iterator takes short rows together in its buffer, and runs of a mask begin anywhere: a place in
    our rows is another one there.
    """
    small = min(inputs, key=lambda x: x.size)
    if len(inputs) != 2 or small.dtype.kind == "c" or small.size > max(x.size for x in inputs) // 16:
        return True
    return _has_nans(small)


def _has_nans(x: Array) -> bool:
    return x.dtype.kind in "fc" and bool(np.isnan(x).any())


def _is_odd(x: Array) -> bool:
    """Whether a result in x's order has an axis of length 1 whose stride NumPy alone knows."""
    return x.ndim > 2 and 1 in x.shape and x.flags.f_contiguous and not x.flags.c_contiguous


def _fault(loop: Loop, space: Space) -> str | None:
    """What would come out otherwise than in NumPy, which has its iterator copy operands for these loops."""
    name, kind = loop.ufunc.__name__, loop.dtypes[0].char
    if kind == "m" and name in ("divide", "floor_divide") and loop.dtypes[1].kind == "i":
        if len(space.shape) > 1 and space.strides[1][-1] == 0:  # one divisor for a row: 0 is reported, or not
            return "NumPy is silent where it divides rows of times, each by a number of its own"
    elif kind in "FD" and len(space.shape) > 1 and any(strides[-1] < 0 for strides in space.strides):
        return "NumPy's buffer turns such rows around, and backwards complex numbers are rounded otherwise"
    elif kind == "e" and len(space.shape) > 1 and not _side_by_side(space):
        return "NumPy's buffer lays such rows side by side, where some processors round float16 otherwise"
    elif kind in "fd" and name in _WRONG_WHERE_STRIDED and space.strides[1][-1] != 1:
        return "NumPy's loop is at fault for results that don't lie side by side"
    elif kind in "fd" and name in ("fmax", "fmin") and len(space.shape) > 1 and _zero_by_place(name, kind):
        return "the length of a row shows in the sign of zeros"
    return None


def _side_by_side(space: Space) -> bool:
    """Whether the elements of each row are, in all operands."""
    return all(strides[-1] == x.itemsize for x, strides in zip(space.arrays, space.strides, strict=True))


# NumPy 2.0 to 2.5 on x86, np.isnan(x, out=y[::2]) among others.
_WRONG_WHERE_STRIDED = frozenset({"isfinite", "isinf", "isnan", "signbit"})


@functools.cache
def _zero_by_place(name: str, kind: str) -> bool:
    """Whether which of 0 and -0 is the greater changes from a loop's vectors to its end, as with SSE."""
    zero, ufunc = np.zeros(67, kind), getattr(np, name)
    return any(np.unique(np.signbit(ufunc(*pair))).size > 1 for pair in ((zero, -zero), (-zero, zero)))
