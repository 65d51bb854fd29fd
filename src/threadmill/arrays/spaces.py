"""Where the elements of a call lie: the axes that C walks, and each array's strides along them.

For arrays that fill one piece of memory in the same order there is one axis. About all others NumPy's
iterator is asked as the ufunc itself would ask it: about broadcasting, the order of the axes, copies where
operands overlap, and the results' layout.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.machine import read_machine
from .._native.programs import chunk_elements, run_program, start_of
from .._types import Array
from .layout import overlaps_itself
from .loops import Loop

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = [
    "Space",
    "address",
    "cut",
    "dense",
    "iterated",
    "overlap",
    "partly_overlap",
    "streams",
    "strides_are_whole",
]

# An axis this long is worth cutting.
_LONG = 64

# Elements of a row in a chunk are a multiple of this, so that a chunk ends where NumPy's vectors end as well.
_WHOLE = 256

# Shorter rows part too many lines of the cache to be written past it.
_LONG_ROW = 1024

_LAST_LEVEL_CACHE = read_machine()["last_level_cache"]


class Space:
    """A shape, outermost axis first, and arrays with their strides along its axes.

    `hops` is how many bytes each array moves on from chunk to chunk besides; `core` is what the loop of a
    gufunc is told of its core dimensions.
    """

    __slots__ = ("arrays", "finish", "layout", "shape", "strides")

    def __init__(
        self,
        shape: tuple[int, ...],
        arrays: Sequence[Array],
        strides: Sequence[tuple[int, ...]] | None = None,
        finish: Callable[[], None] | None = None,
        hops: Sequence[int] = (),
        core: Sequence[int] = (),
    ) -> None:
        self.shape = shape
        self.arrays = arrays
        self.strides = [x.strides for x in arrays] if strides is None else strides
        self.finish = finish  # called after the run, if not None
        self.layout = [*shape]
        for each in self.strides:
            self.layout += each
        self.layout += (*(hops or (0,) * len(arrays)), *core)

    def run(
        self, pool: "CData", program: "CData", split: int, grain: int, arrays: Sequence[Array] | None = None
    ) -> int:
        """Runs a program over it, or over other arrays that lie like its own; returns flags or a failure."""
        status = self.look(pool, program, split, grain, arrays)
        if self.finish is not None:
            self.finish()
        return status

    def look(
        self, pool: "CData", program: "CData", split: int, grain: int, arrays: Sequence[Array] | None = None
    ) -> int:
        """Runs a program that writes nothing."""
        data = [address(x) for x in arrays or self.arrays]
        return run_program(pool, program, len(self.shape), self.layout, data, split, grain)


def address(x: Array) -> "CData":
    """Where an array's first element is; the array stays in place while this is kept."""
    if x.dtype.kind in "mM":  # which the buffer protocol does not know
        x = x.view("i8")
    return start_of(x if x.flags.c_contiguous else x[(0,) * x.ndim + (...,)])


def cut(shape: tuple[int, ...], axes: Iterable[int], weight: int = 1) -> tuple[int, int]:
    """The axis, of those that may be cut, to cut into chunks, and the indices along it in a chunk.

    The outermost that is long enough, so that a chunk is one piece of memory; the threads have no part in it.
    `weight` is how many numbers an element stands for.
    """
    axes = list(axes)
    split = next((axis for axis in axes if shape[axis] >= _LONG), None)
    if split is None:
        split = max(axes, key=shape.__getitem__)
    total = math.prod(shape) * weight
    each = total // shape[split]  # elements for one index
    grain = max(1, chunk_elements(total) // each)
    if split == len(shape) - 1:  # parts of rows, in whole vectors
        grain = -(-grain // _WHOLE) * _WHOLE
    return split, grain


def streams(space: Space, nin: int, fresh: list[bool]) -> list[bool]:
    """Which operands are outputs that no cache can hold, and that are not there already.

    They are where they are read too, and where they are `fresh`, as the system is about to clear them.
    """
    count = nin + len(fresh)
    found = [False] * count
    if len(space.arrays) > count or space.shape[-1] < _LONG_ROW:  # a mask leaves gaps, short rows part lines
        return found
    for k, is_fresh in enumerate(fresh, nin):
        x = space.arrays[k]
        if not is_fresh and x.nbytes > _LAST_LEVEL_CACHE and space.strides[k][-1] == x.itemsize:
            found[k] = not any(np.may_share_memory(x, other) for other in space.arrays[:nin])
    return found


def strides_are_whole(space: Space) -> bool:
    """Whether all strides are multiples of the items, as some loops take for granted."""
    pairs = zip(space.arrays, space.strides, strict=True)
    return not any(stride % x.itemsize for x, strides in pairs for stride in strides)


def overlap(inputs: list[Array], outs: list[Array | None], masks: list[Array]) -> str | None:
    """Which arrays of one shape overlap, if any: NumPy runs some as they lie, in memory order."""
    given = [out for out in outs if out is not None]
    written = [*given, *masks]
    if any(np.may_share_memory(out, x) for k, out in enumerate(given) for x in written[k + 1 :]):
        return "an output overlaps another one, or the mask"
    if any(map(overlaps_itself, given)):
        return "elements of an output share memory: the last one written stays"
    if any(x.shape in ((), out.shape) and not _apart(x, out) for out in given for x in inputs):
        return "an output overlaps an operand"
    return None


def partly_overlap(inputs: list[Array], outs: list[Array | None]) -> bool:
    """Whether an output shares memory with an operand without being the same, so that NumPy copies it."""
    return any(out is not None and not _apart(x, out) for out in outs for x in inputs)


def dense(loop: Loop, inputs: list[Array], outs: list[Array | None], masks: list[Array]) -> Space | None:
    """The space of arrays of one shape, with one axis or in memory like one; allocates missing `outs`."""
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
        np.empty(shape, loop.dtypes[nin + k], order) if out is None else out for k, out in enumerate(outs)
    ]
    outs[:] = results
    arrays = [*inputs, *results, *masks]
    if len(shape) == 1:
        return Space(shape, arrays, [x.strides or (0,) for x in arrays])
    strides = [(x.itemsize if x.ndim else 0,) for x in arrays]
    return Space((math.prod(shape),), [x.T for x in arrays] if order == "F" else arrays, strides)


def _common_order(operands: list[Array], shape: tuple[int, ...]) -> Any:
    """ "C" or "F" if all arrays are so in memory, or have one axis, all of one shape; else None."""
    if any(x.shape != shape for x in operands):
        return None
    if (
        len(shape) == 1 or 1 in shape
    ):  # an axis of length 1 may have any stride, and the iterator its own view
        return "C" if len(shape) == 1 else None
    if all(x.flags.c_contiguous for x in operands):
        return "C"
    return "F" if all(x.flags.f_contiguous for x in operands) else None


def _apart(x: Array, out: Array) -> bool:
    """Whether two arrays share no memory, or are the same elements in the same places."""
    if x is out or not np.may_share_memory(x, out):
        return True
    if x.shape != out.shape:
        return False
    if x.dtype != out.dtype or x.strides != out.strides:
        return False
    return bool(x.__array_interface__["data"][0] == out.__array_interface__["data"][0])


_READ = ["readonly", "aligned", "nbo", "overlap_assume_elementwise"]
_WRITE = ["writeonly", "aligned", "nbo", "overlap_assume_elementwise", "no_broadcast"]
_UPDATE = ["readwrite", "aligned", "nbo", "overlap_assume_elementwise", "no_broadcast"]
_ALLOCATE = ["writeonly", "aligned", "nbo", "allocate", "no_broadcast", "no_subtype"]


def iterated(
    loop: Loop, inputs: list[Array], outs: list[Array | None], masks: list[Array], order: str
) -> Space | str:
    """The space that NumPy's iterator makes of the operands; allocates missing `outs`."""
    nin = len(inputs)
    new = [out is None for out in outs]
    written = _UPDATE if masks else _WRITE
    flags = [*[_READ] * nin, *[_ALLOCATE if each else written for each in new], *[_READ] * len(masks)]
    dtypes: list[Any] = [None] * len(flags)
    for k, each in enumerate(new):
        dtypes[nin + k] = loop.dtypes[nin + k] if each else None
    operands: Any = (*inputs, *outs, *masks)
    options: Any = ["copy_if_overlap", "zerosize_ok", "external_loop"], flags, dtypes
    try:
        iterator = np.nditer(operands, *options, order=order)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return "the operands don't go together"
    arrays = list(iterator.itviews)
    if not iterator.itersize or not arrays[0].ndim:
        return "there is nothing to share"
    for k, each in enumerate(new):
        if each:
            outs[k] = iterator.operands[nin + k]
    return Space(arrays[0].shape, arrays, None, iterator.close)
