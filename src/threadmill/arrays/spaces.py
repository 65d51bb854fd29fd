"""Where the elements of a call lie: the axes that C walks, the arrays' strides along them, and the cut."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .._native.memory import OVERLAPPING, are_apart, overlaps_itself, relate
from .._native.programs import chunk_elements, run_program, start_of
from .._types import Array
from .refusal import Refusal

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = [
    "Space",
    "Walk",
    "address",
    "chunk_elements",
    "cut",
    "overlap",
    "partly_overlap",
    "strides_are_whole",
]

# An axis this long is worth cutting.
_LONG = 64

# Elements of a row in a chunk are a multiple of this, so that a chunk ends where NumPy's vectors end as well.
_WHOLE = 256


class Space:
    """A shape, outermost axis first, and the strides of a call's arrays along its axes.

    `hops` is how many bytes each array moves on from chunk to chunk besides; `core` is what the loop of a
    gufunc is told of its core dimensions.
    """

    __slots__ = ("layout", "shape", "strides")

    def __init__(
        self,
        shape: tuple[int, ...],
        strides: Sequence[tuple[int, ...]],
        hops: Sequence[int] = (),
        core: Sequence[int] = (),
    ) -> None:
        self.shape = shape
        self.strides = strides
        self.layout = [*shape]
        for each in strides:
            self.layout += each
        self.layout += (*(hops or (0,) * len(strides)), *core)

    def run(self, pool: "CData", program: "CData", arrays: Sequence[Array], split: int, grain: int) -> int:
        """Runs a program over arrays that lie so; returns floating-point flags or a failure."""
        data = [address(x) for x in arrays]
        return run_program(pool, program, len(self.shape), self.layout, data, split, grain)


class Walk(NamedTuple):
    """A space, the arrays of one call in it, and what is to be called after the run, if anything."""

    space: Space
    arrays: Sequence[Array]
    finish: Callable[[], None] | None = None


def address(x: Array) -> "CData":
    """Where an array's first element is; the array stays in place while this is kept."""
    if x.dtype.kind in "mM":  # which the buffer protocol does not know
        x = x.view("i8")
    return start_of(x if x.flags.c_contiguous else x[(0,) * x.ndim + (...,)])


def cut(
    shape: tuple[int, ...], axes: Iterable[int], weight: int = 1, is_core: bool = False
) -> tuple[int, int]:
    """The axis, of those that may be cut, to cut into chunks, and the indices along it in a chunk.

    The outermost that is long enough, so that a chunk is one piece of memory; the threads have no part in it.
    `weight` is how many numbers an element stands for. `is_core`: each is an array of its own.
    """
    axes = list(axes)
    split = next((axis for axis in axes if shape[axis] >= _LONG), None)
    if split is None:
        split = max(axes, key=shape.__getitem__)
    total = math.prod(shape) * weight
    each = total // shape[split]  # elements for one index
    grain = max(1, chunk_elements(total) // each)
    if split == len(shape) - 1 and not is_core:  # parts of rows, in whole vectors
        grain = -(-grain // _WHOLE) * _WHOLE
    return split, grain


def strides_are_whole(walk: Walk) -> bool:
    """Whether all strides are multiples of the items, as some loops take for granted."""
    pairs = zip(walk.arrays, walk.space.strides, strict=True)
    return not any(stride % x.itemsize for x, strides in pairs for stride in strides)


def overlap(inputs: list[Array], outs: list[Array | None], masks: list[Array]) -> Refusal | None:
    """Which arrays of one shape overlap, if any: NumPy runs some as they lie, in memory order."""
    given = [out for out in outs if out is not None]
    written = [*given, *masks]
    if not all(are_apart(out, x) for k, out in enumerate(given) for x in written[k + 1 :]):
        return Refusal("an output overlaps another one, or the mask")
    if any(map(overlaps_itself, given)):
        return Refusal("elements of an output share memory: the last one written stays")
    if any(x.shape in ((), out.shape) and relate(x, out) == OVERLAPPING for out in given for x in inputs):
        return Refusal("an output overlaps an operand")
    return None


def partly_overlap(inputs: list[Array], outs: list[Array | None]) -> bool:
    """Whether an output shares memory with an operand without being the same, so that NumPy copies it."""
    return any(out is not None and relate(x, out) == OVERLAPPING for out in outs for x in inputs)
