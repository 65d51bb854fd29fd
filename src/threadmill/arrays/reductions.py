"""ufunc.reduce: which reductions keep their bits when they are shared out, and the programs that run them.

Over some of the axes: every output is reduced by one thread, in the order in which NumPy's iterator takes
its elements, so that the loop may be any. Over all axes: each chunk has a result of its own, and NumPy
reduces those, so that the order must not matter: it does not for integers, nor for the least of floats unless
that is 0 or NaN.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.programs import cast_loop
from .._native.status import FAILED
from .._types import Array
from . import own_kernels, programs
from .errstate import as_the_user
from .layout import NO_VALUE, is_plain
from .loops import Loop, LoopCache, chars, resolve
from .nans import settle
from .reduction import ANY_ORDER, LEAST_OR_GREATEST, Reduction, finish, identity
from .row_reductions import by_pieces, by_rows, may_share_rows
from .spaces import Space, cut, strides_are_whole

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["prepare"]

# What the result is for sure once one element makes it so.
_DECIDED_BY = {"logical_and": 0, "logical_or": 1}

# The shortest pieces, in bytes, into which rows are cut: loops such as minimum's take 200 ns a call besides,
# so two threads lose with pieces of 4 KiB (1,000 rows of 8 KB: 370 us for 290 of NumPy's).
_LEAST_PIECE = 16384

# NumPy's NPY_ITER_REDUCTION_AXIS: in op_axes, an axis that the iterator is to reduce to length 1.
_REDUCTION_AXIS = 1 << 30


def prepare(
    ufunc: np.ufunc,
    loops: LoopCache,
    x: Array,
    axis: Any,
    dtype: np.dtype[Any] | None,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Reduction | str:
    """The call of ufunc.reduce with these arguments; a string: why NumPy has to make it.

    Their classes are those that reducer.py knows.
    """
    if not is_plain(x):
        return "the operand is no plain aligned native array of numbers"
    try:
        masks = [] if where is True else [np.broadcast_to(where, x.shape)]
    except ValueError:
        return "where does not go with the operand"
    axes = _axes(axis, x.ndim)
    if not axes or not x.size:
        return "the axes are none, or wrong"
    loop = _loop(ufunc, loops, x.dtype, dtype)
    if isinstance(loop, str):
        return loop
    if len(axes) > 1 and ufunc.identity is None and ufunc.__name__ not in LEAST_OR_GREATEST:
        return "it is an error to reduce it over more than one axis"
    if ufunc is np.power and loop.dtypes[1].kind == "i":
        return "integers to negative powers are an error"
    if loop.dtypes[0] != loop.dtypes[2]:
        return "the loop's result is of another dtype than its operand"
    if x.dtype != loop.dtypes[1]:
        if loop.dtypes[1].kind not in "biu":
            return "NumPy's buffer for the conversion has a part in the rounding"
        if x.dtype.kind == "c":
            return "NumPy reports signalling NaNs in either part of a number that it converts"
        if cast_loop(x.dtype.char, loop.dtypes[1].char) is None:
            return f"no conversion from {x.dtype} to {loop.dtypes[1]}"
    begin = None if initial is NO_VALUE else _initial(loop, initial)
    if begin is None and initial is not NO_VALUE:
        return "initial is no number of the loop's dtype"
    if len(axes) == x.ndim:
        return _over_all(loop, x, masks, begin, keepdims)
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


def _loop(
    ufunc: np.ufunc, loops: LoopCache, given: np.dtype[Any], wanted: np.dtype[Any] | None
) -> Loop | str:
    """The loop for an array of dtype `given`, in the dtype that the user wants, if any."""
    key = given, wanted, chars((given, wanted))
    loop = loops.get(key)
    if loop is None:
        options: dict[str, Any] = {"reduction": True, "casting": "unsafe"}
        if wanted is not None:
            options["signature"] = (wanted, None, wanted)
        loop = loops.put(key, resolve(ufunc, (None, given, None), **options))
    return loop


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
) -> Reduction | str:
    ufunc, dtype = loop.ufunc, loop.dtypes[0]
    if ufunc.__name__ == "add" and dtype.kind in "fc" and own_kernels.sum_block():
        return "this NumPy adds floats in blocks of its buffer"
    begin = identity(loop) if initial is None else initial
    first: Any = ...
    rest: Any = ...
    if begin is None:  # with the first element along the axis
        if len(axes) > 1 or masks or x.shape[axes[0]] < 2:
            return "NumPy begins with the first element in its own order"
        if x.dtype != dtype:
            return "NumPy converts the first element apart"
        along = (slice(None),) * axes[0]
        first, rest = (*along, slice(0, 1) if keepdims else 0), (*along, slice(1, None))
    space, result = _iterate(loop, x[rest], axes, masks, keepdims)
    outer = [axis for axis, stride in enumerate(space.strides[0]) if stride and space.shape[axis] > 1]
    if not outer or not strides_are_whole(space):
        return "there is no axis to cut"
    reusable = not masks and x.flags.c_contiguous and result.flags.c_contiguous
    innermost = len(space.shape) - 1
    if reusable and initial is None and outer[-1] == innermost > 0 == space.strides[0][-2]:
        adding = programs.added_rows(loop, x.dtype)
        if adding is not None and begin is not None:
            return by_pieces(loop, space, result.shape, begin, adding, axes, keepdims)
    over, mask = axes if len(axes) > 1 else axes[0], masks[0] if masks else True
    more: dict[str, Any] = {} if initial is None else {"initial": initial}

    def by_numpy(x: Array) -> Any:
        return ufunc.reduce(x, over, keepdims=keepdims, where=mask, **more)

    split, grain = cut(space.shape, outer)
    if split == innermost:
        if reusable and split > 0 and may_share_rows(loop, space, begin):
            return by_rows(loop, space, result.shape, begin, first, rest, by_numpy)
        grain = max(grain, _LEAST_PIECE // dtype.itemsize)
        if 2 * grain > space.shape[split]:
            return "its rows are too short to be cut"
    program = programs.reduction(loop, space.arrays[1], space.strides[0][-1], bool(masks), None)
    shape, target = result.shape, None if reusable else result
    if reusable:
        space.arrays = ()  # a plan keeps no array alive

    def run(pool: "CData", x: Array) -> Any:
        out = np.empty(shape, dtype) if target is None else target
        np.copyto(out, x[first] if begin is None else begin)
        status = space.run(pool, program, split, grain, (out, x[rest]) if target is None else None)
        if status == FAILED:  # a signalling NaN
            return by_numpy(x)
        finish(loop, status, x.dtype.kind)
        return settle(pool, x, out, status, lambda: by_numpy(x))

    return Reduction(loop, space.shape, split, grain, run, reusable)


def _iterate(
    loop: Loop, x: Array, axes: tuple[int, ...], masks: list[Array], keepdims: Any
) -> tuple[Space, Array]:
    """The space of the result, x and the mask as NumPy's iterator walks them for a ufunc, and the result."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    if keepdims:  # the axis stays, with length 1
        places = [axis | _REDUCTION_AXIS if axis in axes else axis for axis in range(x.ndim)]
    else:
        places = [-1 if axis in axes else kept.index(axis) for axis in range(x.ndim)]
    every = list(range(x.ndim))
    operands: Any = (None, x, *masks)
    flags: Any = [["readwrite", "allocate", "no_subtype"], ["readonly"], *[["readonly"] for _ in masks]]
    dtypes: Any = [loop.dtypes[0], None, *[None for _ in masks]]
    op_axes: Any = [places, every, *[every for _ in masks]]
    iterator = np.nditer(operands, ["reduce_ok", "external_loop"], flags, dtypes, op_axes=op_axes)
    views = list(iterator.itviews)
    return Space(views[1].shape, views), iterator.operands[0]


# ---- over all axes ----------------------------------------------------------------------------------------


def _over_all(
    loop: Loop, x: Array, masks: list[Array], initial: Array | None, keepdims: bool
) -> Reduction | str:
    ufunc, dtype = loop.ufunc, loop.dtypes[0]
    name = ufunc.__name__
    plain = not masks and x.flags.c_contiguous
    if name == "add" and not masks and initial is None and _sums(x, dtype):
        return Reduction(None, (x.size,), 0, 0, lambda pool, x: _shaped(_sum(pool, x), x, keepdims), plain)
    if dtype.kind not in ANY_ORDER.get(name, ""):
        return "the order of its elements shows in the result"
    begin = identity(loop)
    if begin is None:  # the least or the greatest, which may begin with any element, any number of times
        begin = initial
        if begin is None and masks:
            return "NumPy begins with the first element in its own order"
    views = _flat(x, masks)
    shape = views[0].shape
    split, grain = cut(shape, range(len(shape)))
    count = -(-shape[split] // grain)  # each chunk has an outcome
    strides = [(0,) * len(shape), *(view.strides for view in views)]
    space = Space(shape, [np.empty(0, dtype), *views], strides, hops=[dtype.itemsize, *[0 for _ in views]])
    if not strides_are_whole(space):
        return "an operand's strides are no multiples of its items"
    # NumPy converts all numbers, whatever is decided, and reports a signalling NaN among them.
    stop = None if x.dtype.kind == "f" else _DECIDED_BY.get(name)
    program = programs.reduction(loop, views[0], 0, bool(masks), stop)
    held = [] if plain else views
    mask = masks[0] if masks else True
    more: dict[str, Any] = {} if initial is None else {"initial": initial}

    def by_numpy(x: Array) -> Any:
        return ufunc.reduce(x, None, where=mask, **more)

    space.arrays = ()  # a plan keeps no array alive

    def run(pool: "CData", x: Array) -> Any:
        partial = np.empty(count, dtype)
        partial[...] = x[(0,) * x.ndim] if begin is None else begin
        status = space.run(pool, program, split, grain, (partial, *(held or [x])))
        if stop is not None and status == FAILED:
            return _shaped(np.bool_(stop), x, keepdims)
        if status == FAILED:  # a signalling NaN
            return _shaped(by_numpy(x), x, keepdims)
        finish(loop, status, x.dtype.kind)
        total = ufunc.reduce(partial, **more)
        if dtype.kind == "f" and total == 0:  # which 0: here the order shows
            total = by_numpy(x)
        return _shaped(settle(pool, x, total, status, lambda: by_numpy(x)), x, keepdims)

    return Reduction(loop, shape, split, grain, run, plain and initial is None)


def _sums(x: Array, dtype: np.dtype[Any]) -> bool:
    """Whether there is a kernel for the sum; to compare would not do, as None equals float64."""
    found = own_kernels.sum_dtype(x)
    return found is not None and found == dtype


def _sum(pool: "CData", x: Array) -> Any:
    total = own_kernels.sum(pool, x, 0)
    # There is no kernel any more where the user has set another buffer size meanwhile.
    return as_the_user(np.add.reduce, x, None) if total is None else total


def _flat(x: Array, masks: list[Array]) -> list[Array]:
    """x and the mask with the axes that NumPy's iterator would walk."""
    if not masks and x.flags.c_contiguous:
        return [x.reshape(-1)]
    return list(np.nditer((x, *masks), ["external_loop"]).itviews)


def _shaped(total: Any, x: Array, keepdims: Any) -> Any:
    return np.full((1,) * x.ndim, total, total.dtype) if keepdims else total
