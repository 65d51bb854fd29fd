"""What NumPy's iterator is asked: about broadcasting, the order of axes, copies where operands overlap, and
the results' layout.

It is asked as the ufunc itself asks it. Arrays that fill one piece of memory in the same order need not ask.
"""

import functools
import math
from typing import Any

import numpy as np

from .._native.fresh import empty, made
from .._native.memory import OVERLAPPING, relate
from .._types import Array
from .loops import Loop
from .refusal import Refusal
from .spaces import Space, Walk

__all__ = ["as_one_axis", "flat", "iterated", "iterated_over_axes"]


def as_one_axis(loop: Loop, inputs: list[Array], outs: list[Array | None], masks: list[Array]) -> Walk | None:
    """The walk over arrays of one shape, with one axis or in memory like one; allocates missing `outs`."""
    operands = [x for x in (*inputs, *outs, *masks) if x is not None and x.ndim]
    if not operands or not operands[0].size:
        return None
    shape = operands[0].shape
    if any(out is not None and out.shape != shape for out in outs):
        return None  # NumPy's iterator tells whether that can be
    order = _common_order(operands, shape)
    if order is None:
        return None
    for out in outs:
        if out is not None and len(shape) == 1 and out.strides[0] < 0:
            return None  # the iterator may walk it forwards; NumPy never runs some loops backwards
    nin = len(inputs)
    results: list[Array] = [
        empty(shape, loop.dtypes[nin + k], order) if out is None else out for k, out in enumerate(outs)
    ]
    outs[:] = results
    arrays = [*inputs, *results, *masks]
    if len(shape) == 1:
        return Walk(Space(shape, [x.strides or (0,) for x in arrays]), arrays)
    strides = [(x.itemsize if x.ndim else 0,) for x in arrays]
    return Walk(Space((math.prod(shape),), strides), [x.T for x in arrays] if order == "F" else arrays)


def _common_order(operands: list[Array], shape: tuple[int, ...]) -> Any:
    """ "C" or "F" if all arrays are so in memory, or have one axis, all of one shape; else None."""
    if any(x.shape != shape for x in operands):
        return None
    if len(shape) == 1:
        return "C"
    if 1 in shape:  # an axis of length 1 may have any stride, and the iterator its own view
        return None
    if all(x.flags.c_contiguous for x in operands):
        return "C"
    return "F" if all(x.flags.f_contiguous for x in operands) else None


_READ = ["readonly", "aligned", "nbo", "overlap_assume_elementwise"]
_WRITE = ["writeonly", "aligned", "nbo", "overlap_assume_elementwise", "no_broadcast"]
_UPDATE = ["readwrite", "aligned", "nbo", "overlap_assume_elementwise", "no_broadcast"]
_ALLOCATE = ["writeonly", "aligned", "nbo", "allocate", "no_broadcast", "no_subtype"]


def iterated(
    loop: Loop, inputs: list[Array], outs: list[Array | None], masks: list[Array], order: str
) -> Walk | Refusal:
    """The walk that NumPy's iterator makes of the operands; allocates missing `outs`."""
    nin = len(inputs)
    new = [out is None for out in outs]
    written = _UPDATE if masks else _WRITE
    flags = [*[_READ] * nin, *[_ALLOCATE if each else written for each in new], *[_READ] * len(masks)]
    dtypes: list[Any] = [None] * len(flags)
    for k, each in enumerate(new):
        dtypes[nin + k] = loop.dtypes[nin + k] if each else None
    apart = [out if out is None or not _is_read(out, inputs) else out.copy("K") for out in outs]
    operands: Any = (*inputs, *apart, *masks)
    options: Any = ["zerosize_ok", "external_loop"], flags, dtypes
    walk: Any = functools.partial(made, np.nditer) if any(new) else np.nditer
    try:
        iterator = walk(operands, *options, order=order)
    except (TypeError, ValueError):
        return Refusal("the operands don't go together")
    arrays = list(iterator.itviews)
    if not iterator.itersize or not arrays[0].ndim:
        return Refusal("there is nothing to share", by_size=True)
    for k, each in enumerate(new):
        if each:
            outs[k] = iterator.operands[nin + k]
    copies = [
        (out, own)
        for out, own in zip(outs, apart, strict=True)
        if own is not None and out is not None and own is not out
    ]
    finish = functools.partial(_copy_back, copies) if copies else None
    return Walk(Space(arrays[0].shape, [x.strides for x in arrays]), arrays, finish)


def _is_read(out: Array, inputs: list[Array]) -> bool:
    """Whether an operand has an output's elements in other places, so that NumPy copies the output.

    Its iterator would do so here, and write the copy back even where the loop has not run.
    """
    may_share: Any = np.may_share_memory
    return any(relate(x, out) == OVERLAPPING and may_share(x, out, 1) for x in inputs)


def _copy_back(copies: list[tuple[Array, Array]]) -> None:
    for out, copy in copies:
        np.copyto(out, copy)


# NumPy's NPY_ITER_REDUCTION_AXIS: in op_axes, an axis that the iterator is to reduce to length 1.
_REDUCTION_AXIS = 1 << 30


def iterated_over_axes(
    loop: Loop, x: Array, axes: tuple[int, ...], masks: list[Array], keepdims: Any
) -> tuple[Walk, Array]:
    """The walk over the result, x and the mask as NumPy's iterator walks them for a ufunc, and the result."""
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
    return Walk(Space(views[1].shape, [view.strides for view in views]), views), iterator.operands[0]


def flat(x: Array, masks: list[Array]) -> list[Array]:
    """x and the mask with the axes that NumPy's iterator would walk."""
    if not masks and x.flags.c_contiguous:
        return [x.reshape(-1)]
    return list(np.nditer((x, *masks), ["external_loop"]).itviews)
