"""ufunc.reduce: which reductions keep their bits when they are shared out, and the programs that run them.

Over some of the axes: every output is reduced by one thread, in the order in which NumPy's iterator takes
its elements, so that the loop may be any. Over all axes: each chunk has a result of its own, and NumPy
reduces those, so that the order must not matter: it does not for integers, nor for the least of floats unless
that is 0 or NaN.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.programs import cast_loop, chunk_elements
from .._native.status import FAILED
from .._types import Array, Reduced
from . import programs, sum_kernel
from .any_order import ANY_ORDER, LEAST_OR_GREATEST, identity
from .errstate import apply_as_the_user, report_flags
from .iterate import flat, iterated_over_axes
from .layout import NO_VALUE, is_plain
from .loops import Loop, LoopCache, find_loop
from .nans import settle
from .plan import Reduction
from .probes import sum_block
from .refusal import Refusal
from .row_reductions import by_pieces, by_rows, may_share_rows, settled
from .spaces import Space, Walk, cut, strides_are_whole

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["decided", "prepare"]

# What the result is for sure once one element makes it so.
_DECIDED_BY = {"logical_and": False, "logical_or": True}

# The shortest pieces, in bytes, into which rows are cut: loops such as minimum's take 200 ns a call besides,
# so two threads lose with pieces of 4 KiB (1,000 rows of 8 KB: 370 us for 290 of NumPy's).
_LEAST_PIECE = 16384


# So many bools are looked at before threads are called.
_HEAD = 4096

# Rows of so many bytes are cut rather than shared out, and at least so many are shared. The greatest of 128
# rows of 64 KB, cut and shared: 1.6 and 1.1 times NumPy's speed; of 8 rows of 1 MB 1.4 and 0.4; of 128 rows
# of 16 KB shared 0.85, of 512 rows of 16 KB 1.2.
_LONG_ROW, _MANY_ROWS = 1 << 15, 256

# Of integers shorter rows gain 1.07 at best.
_SHORT_ROW = 64

# Elements in rows of which NumPy asks whether any is true. Of fewer a call of its loop takes the time, and
# two threads have 0.85 to 1.05 of its speed; of more single bytes the conversion to bools, 0.7 to 1.05.
_LEAST_ASKED, _MOST_BYTES_ASKED = 16, 4000


def decided(name: str, x: Array) -> Reduced | None:
    """What the first bools of an array without gaps make of a reduction by and or or, if they decide it."""
    flags, stop = x.flags, _DECIDED_BY[name]
    if not flags.forc or not x.size:
        return None
    if x.item(0) is stop:  # half a microsecond sooner
        return np.bool(stop)
    head = x.ravel("K")[:_HEAD]
    total: Reduced = head[head.argmax() if stop else head.argmin()]
    return total if bool(total) is stop else None


def prepare(
    ufunc: np.ufunc,
    loops: LoopCache,
    x: Array,
    axis: Any,
    dtype: np.dtype[Any] | None,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Reduction | Refusal:
    """The plan of ufunc.reduce with these arguments, whose classes are those that reducer.py knows."""
    if not is_plain(x):
        return Refusal("the operand is no plain aligned native array of numbers")
    try:
        masks = [] if where is True else [np.broadcast_to(where, x.shape)]
    except ValueError:
        return Refusal("where does not go with the operand")
    axes = _axes(axis, x.ndim)
    if not axes or not x.size:
        return Refusal("the axes are none, or wrong")
    signature = None if dtype is None else (dtype, None, dtype)
    loop = find_loop(ufunc, loops, (None, x.dtype, None), signature, "unsafe", reduction=True)
    if isinstance(loop, Refusal):
        return loop
    if len(axes) > 1 and ufunc.identity is None and loop.name not in LEAST_OR_GREATEST:
        return Refusal("it is an error to reduce it over more than one axis")
    if ufunc is np.power and loop.dtypes[1].kind == "i":
        return Refusal("integers to negative powers are an error")
    if loop.dtypes[0] != loop.dtypes[2]:
        return Refusal("the loop's result is of another dtype than its operand")
    if x.dtype != loop.dtypes[1]:
        if loop.dtypes[1].kind not in "biu":
            return Refusal("NumPy's buffer for the conversion has a part in the rounding")
        if masks and x.dtype.kind == "f":
            return Refusal("NumPy converts what the mask leaves out, too, and reports what that comes to")
        if x.dtype.kind == "c":
            return Refusal("NumPy reports signalling NaNs in either part of a number that it converts")
        if cast_loop(x.dtype.char, loop.dtypes[1].char) is None:
            return Refusal(f"no conversion from {x.dtype} to {loop.dtypes[1]}")
    begin = None if initial is NO_VALUE else _initial(loop, initial)
    if begin is None and initial is not NO_VALUE:
        return Refusal("initial is no number of the loop's dtype")
    if len(axes) == x.ndim:
        return _over_all(loop, x, masks, begin, keepdims)
    if loop.name == "add" and loop.dtypes[0].kind in "fc" and sum_block():
        return Refusal("this NumPy adds floats in blocks of its buffer")
    return _over_some(loop, x, axes, masks, begin, keepdims)


def _axes(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes to reduce over, if they are right."""
    if axis is None:
        return tuple(range(ndim)) or None
    axes = axis if type(axis) is tuple else (axis,)
    if not all(-ndim <= each < ndim for each in axes):
        return None
    unique = {int(each) % ndim for each in axes}
    return tuple(sorted(unique)) if len(unique) == len(axes) else None


def _initial(loop: Loop, initial: Any) -> Array | None:
    """The user's `initial`; None if it is no number of the loop's dtype."""
    given = np.asarray(initial)
    if not np.can_cast(given.dtype, loop.dtypes[0], "same_kind"):
        return None
    with np.errstate(all="ignore"):  # NumPy itself is to warn of what does not fit
        converted = given.astype(loop.dtypes[0])
    return converted if converted == given else None


# ---- over some axes ---------------------------------------------------------------------------------------


def _over_some(
    loop: Loop, x: Array, axes: tuple[int, ...], masks: list[Array], initial: Array | None, keepdims: bool
) -> Reduction | Refusal:
    dtype = loop.dtypes[0]
    begin = identity(loop) if initial is None else initial
    parts = (..., ...) if begin is not None else _first_and_rest(loop, x, axes, masks, keepdims)
    if isinstance(parts, Refusal):
        return parts
    first, rest = parts
    walk, result = iterated_over_axes(loop, x[rest], axes, masks, keepdims)
    space = walk.space
    outer = [axis for axis, stride in enumerate(space.strides[0]) if stride and space.shape[axis] > 1]
    if not outer or not strides_are_whole(walk):
        return Refusal("there is no axis to cut")
    if loop.dtypes[0].kind in "fc" and _is_rounded_by_place(loop, space):
        return Refusal("NumPy lays such rows side by side, where it rounds otherwise")
    reusable = not masks and x.flags.c_contiguous and result.flags.c_contiguous
    innermost = len(space.shape) - 1
    by_numpy = _numpys(loop, axes if len(axes) > 1 else axes[0], keepdims, masks, initial)
    if reusable and outer[-1] == innermost > 0 == space.strides[0][-2]:
        adding = programs.added_rows(loop, x.dtype)
        if adding is not None and begin is not None:
            return by_pieces(loop, space, result.shape, begin, adding, by_numpy)
    split, grain = cut(space.shape, outer)
    if loop.name in _DECIDED_BY and not space.strides[0][-1] and not _gains(space.shape[-1], x.itemsize):
        return Refusal("rows of so many elements gain nothing")
    if split == innermost:
        is_long = space.shape[split] * x.itemsize >= _LONG_ROW
        many = math.prod(space.shape[:split]) >= _MANY_ROWS
        if dtype.kind in "biu" and space.shape[split] * dtype.itemsize < _SHORT_ROW:
            return Refusal("its rows are a few bytes long")
        if reusable and split > 0 and many and not is_long and may_share_rows(loop, space, begin):
            return by_rows(loop, walk, result.shape, begin, first, rest, by_numpy)
        grain = max(grain, _LEAST_PIECE // x.itemsize)
        if 2 * grain > space.shape[split]:
            return Refusal("its rows are too short to be cut")
    program = programs.reduction(loop, walk.arrays[1], space.strides[0][-1], bool(masks), None)
    shape, target = result.shape, None if reusable else result
    arrays = () if reusable else walk.arrays  # a plan that is kept keeps no array alive

    def run(pool: "CData", x: Array) -> Reduced:
        out = np.empty(shape, dtype) if target is None else target
        np.copyto(out, x[first] if begin is None else begin)
        status = space.run(pool, program, arrays or (out, x[rest]), split, grain)
        return settled(pool, loop, x, out, status, by_numpy)

    return Reduction(loop, space.shape, split, grain, run, reusable)


def _gains(row: int, itemsize: int) -> bool:
    """Whether rows of so many elements gain that are asked whether any or all are true."""
    return row >= _LEAST_ASKED and (itemsize > 1 or row < _MOST_BYTES_ASKED)


def _is_rounded_by_place(loop: Loop, space: Space) -> bool:
    """Whether NumPy's buffer takes several rows together that add up, or turns products of rows around."""
    result, operand = space.strides[:2]
    if len(result) > 1 and result[-1] == 0 == result[-2] and loop.name not in LEAST_OR_GREATEST:
        return True
    return loop.name == "multiply" and loop.dtypes[0].kind == "c" and any(stride < 0 for stride in operand)


def _first_and_rest(
    loop: Loop, x: Array, axes: tuple[int, ...], masks: list[Array], keepdims: bool
) -> tuple[Any, Any] | Refusal:
    """The indices of the first elements along the axis, with which a reduction begins, and of the rest."""
    if len(axes) > 1 or masks or not x.shape[axes[0]]:
        return Refusal("NumPy begins with the first element in its own order")
    if x.shape[axes[0]] < 3:
        return Refusal("the rest has no order of axes")
    if x.dtype != loop.dtypes[0]:
        return Refusal("NumPy converts the first element apart")
    along = (slice(None),) * axes[0]
    return (*along, slice(0, 1) if keepdims else 0), (*along, slice(1, None))


def _numpys(
    loop: Loop, axis: Any, keepdims: bool, masks: list[Array], initial: Array | None
) -> Callable[[Array], Reduced]:
    """NumPy's own reduction, for what it alone knows."""
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if masks:
        options["where"] = masks[0]
    if initial is not None:
        options["initial"] = initial
    return lambda x: loop.ufunc.reduce(x, **options)


# ---- over all axes ----------------------------------------------------------------------------------------


def _over_all(
    loop: Loop, x: Array, masks: list[Array], initial: Array | None, keepdims: bool
) -> Reduction | Refusal:
    ufunc, dtype = loop.ufunc, loop.dtypes[0]
    plain = not masks and x.flags.c_contiguous
    if loop.name == "add" and not masks and initial is None and _sums(x, dtype):
        return _whole_sum(x, keepdims, plain)
    if loop.name == "add" and masks and x.dtype == dtype and sum_kernel.sums_where(x, masks[0]):
        return _sum_where(x, masks[0], initial, keepdims)
    if dtype.kind not in ANY_ORDER.get(loop.name, ""):
        return Refusal("the order of its elements shows in the result")
    begin = identity(loop)
    if begin is None:  # the least or the greatest, which may begin with any element, any number of times
        begin = initial
    if begin is None and masks:
        return Refusal("NumPy begins with the first element in its own order")
    if loop.name == "gcd" and masks and initial is not None:
        return Refusal("initial is the result as it stands where the mask leaves out all")
    views = flat(x, masks)
    shape = views[0].shape
    split, grain = cut(shape, range(len(shape)))  # each chunk has an outcome
    strides = [(0,) * len(shape), *(view.strides for view in views)]
    space = Space(shape, strides, hops=[dtype.itemsize, *[0 for _ in views]])
    if not strides_are_whole(Walk(space, [np.empty(0, dtype), *views])):
        return Refusal("an operand's strides are no multiples of its items")
    # NumPy converts all numbers, whatever is decided, and reports a signalling NaN among them.
    stop = None if x.dtype.kind == "f" else _DECIDED_BY.get(loop.name)
    program = programs.reduction(loop, views[0], 0, bool(masks), stop)
    held = [] if plain else views
    more: dict[str, Any] = {} if initial is None else {"initial": initial}
    by_numpy = _numpys(loop, None, False, masks, initial)

    def run(pool: "CData", x: Array) -> Reduced:
        if stop is not None and plain and x.dtype.char == "?":
            total = decided(loop.name, x)
            if total is not None:  # as NumPy, which looks no further
                return _shaped(total, x, keepdims)
        partial = np.empty(-(-shape[split] // grain), dtype)
        partial[...] = x[(0,) * x.ndim] if begin is None else begin
        status = space.run(pool, program, (partial, *(held or [x])), split, grain)
        if status == FAILED:  # it is decided; or there is a signalling NaN
            return _shaped(by_numpy(x) if stop is None else np.bool_(stop), x, keepdims)
        report_flags(status, "reduce", loop.strided.reports or x.dtype.kind == "f")
        total = ufunc.reduce(partial, **more)
        if dtype.kind == "f" and total == 0:  # which 0: here the order shows
            total = by_numpy(x)
        return _shaped(settle(pool, x, total, status, lambda: by_numpy(x)), x, keepdims)

    return Reduction(loop, shape, split, grain, run, plain and initial is None)


def _sums(x: Array, dtype: np.dtype[Any]) -> bool:
    """Whether there is a kernel for the sum; to compare would not do, as None equals float64."""
    found = sum_kernel.sum_dtype(x)
    return found is not None and found == dtype


def _whole_sum(x: Array, keepdims: bool, reusable: bool) -> Reduction:
    def run(pool: "CData", x: Array) -> Reduced:
        total = sum_kernel.sum(pool, x, 0)
        if total is None:  # the user has set another buffer size meanwhile, for which there is no kernel
            total = apply_as_the_user(np.add.reduce, (x, None))
        return _shaped(total, x, keepdims)

    return Reduction(None, (x.size,), 0, chunk_elements(x.size), run, reusable)


def _sum_where(x: Array, mask: Array, initial: Array | None, keepdims: bool) -> Reduction:
    def run(pool: "CData", x: Array) -> Reduced:
        return _shaped(sum_kernel.sum_where(pool, x, mask, initial), x, keepdims)

    return Reduction(None, (x.size,), 0, chunk_elements(x.size), run, False)


def _shaped(total: Reduced, x: Array, keepdims: Any) -> Reduced:
    return np.full((1,) * x.ndim, total, total.dtype) if keepdims else total
