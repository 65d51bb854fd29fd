"""Elements moved from array to array by loops of our own: copies, choices between arrays, elements by index.

What is moved is a bit pattern, so that neither the cut nor the number of threads can show in a result.
"""

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.moves import copy_blocks_loop, copy_loop, copy_where_loop, select_loop, take_loop
from .._native.programs import Step, cast_loop, need_cast_loop, new_program
from .._types import Array
from . import spaces
from .spaces import Space

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["can_convert", "copy", "copy_where", "cut_flat", "merged_axes", "read_as", "select", "take"]

# An axis with so many indices is worth cutting.
_LONG = 16

# Rows of so many elements are copied one by one; shorter ones, or rows to columns, are a core of the loop's.
_ROW = 1024

# Where lines of an array may lie across an axis, a chunk has whole lines of it.
_LINE = 64

# A length, and the strides of each array along the axis.
_Axis = tuple[int, ...]


def can_convert(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    """Whether a move may convert elements on its way; C converts as NumPy does."""
    return source == target or cast_loop(source.char, target.char) is not None


def copy(pool: "CData", source: Array, target: Array) -> int:
    """target[...] = source, which broadcasts to it and shares no memory with it.

    Returns floating-point flags or a failure.
    """
    if not target.size:
        return 0
    source = np.broadcast_to(source, target.shape)
    axes = merged_axes((source, target))
    core: _Axis = ()
    # The one along which the source's elements lie closest.
    inner = min(axes, key=lambda axis: abs(axis[1]) or math.inf)
    is_turned = abs(inner[1]) < abs(axes[-1][1])
    if source.dtype == target.dtype and len(axes) > 1 and (is_turned or axes[-1][0] < _ROW):
        core = axes.pop()
        if is_turned:  # it comes last of the others
            axes.remove(inner)
            axes.append(inner)
        if is_turned and core[0] > _LONG * max(axes)[0]:  # a core is not cut, and this one is long
            axes[-1], core = core, axes[-1]
    program = _copy(source.dtype.char, target.dtype.char, source.itemsize, bool(core))
    return _run(pool, program, axes, (source, target), core, core[0] if core else 1)


def copy_where(pool: "CData", mask: Array, source: Array, target: Array) -> int:
    """target = source, of the same dtype, where the bools of the mask are true; both broadcast to it."""
    arrays = [np.broadcast_to(mask, target.shape), np.broadcast_to(source, target.shape), target]
    return _run(pool, _copy_where(target.itemsize), merged_axes(arrays), arrays)


def select(pool: "CData", conditions: list[Array], choices: list[Array], out: Array) -> int:
    """The choice of the first condition that is true, the last choice where none is.

    All have the shape of `out`, or are one element. Elements may be of other dtypes than its, and bools.
    """
    arrays = [np.broadcast_to(x, out.shape) for x in (*conditions, *choices)]
    arrays.append(out)
    chars = tuple(x.dtype.char for x in arrays)
    axes = merged_axes(arrays)
    if axes[-1][0] < _LONG:  # a call of the loop for few elements takes longer than the elements
        longest = max(axes)
        axes.remove(longest)
        axes.append(longest)
    return _run(pool, _select(chars, len(conditions), out.itemsize), axes, arrays)


def take(pool: "CData", table: Array, indices: Array, out: Array, axis: int, mode: int) -> int:
    """Elements of the table along an axis, by their indices, which have one axis; all but these contiguous.

    A table with one axis may have any stride. A failure: an index is none.
    """
    outer, length = math.prod(table.shape[:axis]), table.shape[axis]
    item = math.prod(table.shape[axis + 1 :]) * table.itemsize
    step = table.strides[0] if table.ndim == 1 else item
    axes: list[_Axis] = [(indices.size, 0, indices.strides[0], item)]
    if outer > 1:
        axes.insert(0, (outer, length * item, 0, indices.size * item))
    program = _take(indices.dtype.char, item, mode)
    weight = max(1, item // table.itemsize)
    return _run(pool, program, axes, (table, indices, out), (length, step), weight)


def cut_flat(n: int) -> tuple[int, int]:
    """How many of n elements are in a chunk, and how many chunks there are."""
    grain = spaces.chunk_elements(n)
    return grain, -(-n // grain)


def read_as(source: str, target: str, slot: int, buffers: list[int], arrays: int, steps: list[Step]) -> int:
    """The slot in which a program finds an array's elements converted, for which it may need a step."""
    if source == target or np.dtype(source) == np.dtype(target):
        return slot
    buffer = arrays + len(buffers)
    buffers.append(np.dtype(target).itemsize)
    steps.append((need_cast_loop(source, target), (slot, buffer)))
    return buffer


def merged_axes(arrays: Sequence[Array]) -> list[_Axis]:
    """The axes of arrays of one shape, outermost first as they lie in the last one, which is written.

    Axes that lie in each other in all arrays are one axis.
    """
    strides = zip(*(x.strides for x in arrays), strict=True)
    axes = [(n, *steps) for n, steps in zip(arrays[0].shape, strides, strict=True) if n != 1]
    axes.sort(key=lambda axis: abs(axis[-1]), reverse=True)
    merged: list[_Axis] = []
    for axis in axes:
        if merged and all(
            outer == inner * axis[0] for outer, inner in zip(merged[-1][1:], axis[1:], strict=True)
        ):
            merged[-1] = (merged[-1][0] * axis[0], *axis[1:])
        else:
            merged.append(axis)
    return merged or [(1, *(0 for _ in arrays))]


def _run(
    pool: "CData",
    program: "CData",
    axes: list[_Axis],
    arrays: Sequence[Array],
    core: Sequence[int] = (),
    weight: int = 1,
) -> int:
    """`core`: lengths and strides that loops are told; `weight`: how many numbers an index stands for."""
    shape = tuple(axis[0] for axis in axes)
    strides = [tuple(axis[k + 1] for axis in axes) for k in range(len(arrays))]
    split = next((k for k, n in enumerate(shape) if n >= _LONG), None)
    if split is None:
        split = max(range(len(shape)), key=shape.__getitem__)
    total = math.prod(shape) * weight
    grain = max(1, spaces.chunk_elements(total) * shape[split] // total)
    if core and split == len(shape) - 1:
        whole = max(1, _LINE // arrays[0].itemsize)
        grain = -(-grain // whole) * whole
    return Space(shape, strides, (), core).run(pool, program, arrays, split, grain)


# Programs by what they depend on. They keep loops alive, and no array.
_programs = functools.lru_cache(maxsize=512)


@_programs
def _copy(source: str, target: str, itemsize: int, blocks: bool) -> "CData":
    if blocks:
        return new_program(2, [], [(copy_blocks_loop(itemsize), (0, 1))], core=(1, 2), written=2, name="copy")
    same = np.dtype(source) == np.dtype(target)
    loop = copy_loop(itemsize) if same else need_cast_loop(source, target)
    return new_program(2, [], [(loop, (0, 1))], written=2, name="copy")


@_programs
def _copy_where(itemsize: int) -> "CData":
    return new_program(3, [], [(copy_where_loop(itemsize), (0, 1, 2))], written=4, name="copyto")


@_programs
def _select(chars: tuple[str, ...], count: int, itemsize: int) -> "CData":
    arrays, out = len(chars), len(chars) - 1
    steps: list[Step] = []
    buffers: list[int] = []
    slots = [read_as(char, "?", k, buffers, arrays, steps) for k, char in enumerate(chars[:count])]
    slots += [
        read_as(char, chars[out], count + k, buffers, arrays, steps)
        for k, char in enumerate(chars[count:out])
    ]
    other = slots[-1]
    for k in reversed(range(count)):
        chosen = out
        if k:
            chosen = arrays + len(buffers)
            buffers.append(itemsize)
        steps.append((select_loop(itemsize), (slots[k], slots[count + k], other, chosen)))
        other = chosen
    return new_program(arrays, buffers, steps, written=1 << out, name="where")


@_programs
def _take(index: str, item: int, mode: int) -> "CData":
    steps: list[Step] = []
    buffers: list[int] = []
    slot = read_as(index, np.dtype(np.intp).char, 1, buffers, 3, steps)
    steps.append((take_loop(item, mode), (0, slot, 2)))
    return new_program(3, buffers, steps, core=(1, 1), written=4, name="take")
