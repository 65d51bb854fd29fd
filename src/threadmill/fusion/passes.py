"""One pass: nodes over the same elements, as a program whose intermediate results stay in the cache."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.fused import MAX_SLOTS, MAX_STEPS, FusedProgram, start_of
from .._native.programs import InnerLoop, need_cast_loop
from .._native.status import check
from .._types import Array
from ..arrays.loops import Loop
from .nodes import Conversion, Node, Value

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["MOST_NODES", "Fold", "run_pass"]

# Nodes in a pass: each may need a conversion of each operand besides its own step, and slots for all.
MOST_NODES = min(MAX_STEPS // 5, MAX_SLOTS // 5)

# Programs that are kept, by structure. Read once, written by any thread; a full cache is replaced.
_MOST_PROGRAMS = 512
_programs: dict[tuple[Any, ...], FusedProgram] = {}


class Fold:
    """A reduction of all elements of a value; `tree`: floats that are summed in NumPy's own order."""

    __slots__ = ("dtype", "identity", "key", "loop", "tree", "value")

    def __init__(
        self, value: Value, loop: InnerLoop, dtype: np.dtype[Any], tree: bool, identity: Array | None
    ) -> None:
        self.value = value
        self.loop = loop
        self.dtype = dtype
        self.tree = tree
        self.identity = None if identity is None else identity.tobytes()
        self.key = loop, dtype.num, tree, self.identity


class _Layout:
    """Where the arrays of a pass lie: the shape that C walks, and the arrays' strides along it."""

    def __init__(self, shape: tuple[int, ...], arrays: Sequence[Array]) -> None:
        if all(not x.ndim or (x.shape == shape and x.flags.c_contiguous) for x in arrays):
            n = 1
            for length in shape:
                n *= length
            self.shape = [n]
            self.strides = [[x.itemsize if x.ndim else 0] for x in arrays]
        else:
            self.shape, self.strides = _coalesced(shape, [_broadcast(x, shape) for x in arrays])

    def whole(self) -> list[int]:
        layout = list(self.shape)
        for each in self.strides:
            layout += each
        return layout


def _broadcast(x: Array, shape: tuple[int, ...]) -> list[int]:
    missing = len(shape) - x.ndim
    pairs = zip(x.strides, x.shape, shape[missing:], strict=True)
    return [0] * missing + [0 if length == 1 else stride for stride, length, _ in pairs]


def _coalesced(shape: tuple[int, ...], strides: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Axes that follow each other in memory in every array become one; axes of length 1 go."""
    lengths: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for axis in reversed(range(len(shape))):
        length = shape[axis]
        if length == 1:
            continue
        if lengths and all(
            each[axis] == own[-1] * lengths[-1] for each, own in zip(strides, merged, strict=True)
        ):
            lengths[-1] *= length
            continue
        lengths.append(length)
        for each, own in zip(strides, merged, strict=True):
            own.append(each[axis])
    if not lengths:
        return [1], [[0] for _ in strides]
    return lengths[::-1], [own[::-1] for own in merged]


def address(x: Array) -> "CData":
    """Where an array's first element is; the array stays in place while this is kept."""
    return start_of(x if x.flags.c_contiguous else x[(0,) * x.ndim + (...,)])


def run_pass(
    pool: "CData", nodes: Sequence[Node], wanted: "set[Value]", fold: Fold | None
) -> tuple[list[int], Array | None]:
    """Runs nodes of one shape in their order; the flags of each and of the fold, and the fold's partial results.

    `wanted` are the values that get an array; a node's `target` is written as well.
    """
    folds = () if fold is None else (fold,)
    shape = nodes[0].shape
    operands: dict[Value, int] = {}  # evaluated ones, by slot
    made: dict[Value, int] = {}
    arrays: list[Array] = []
    key: list[Any] = []
    for node in nodes:
        key.append(node.loop)
        for value in node.inputs:
            if value.node is not None and value.array is None:
                key.append(-1 - made[value])
            else:
                slot = operands.get(value)
                if slot is None:
                    slot = operands[value] = len(arrays)
                    arrays.append(value.array)  # type: ignore[arg-type]
                key.append(slot)
        for value in node.outs:
            made[value] = len(made)
    results: dict[Value, Array] = {}
    outputs: list[int] = []
    for node in nodes:
        for value in node.outs:
            if node.target is not None or value in wanted:
                results[value] = array = np.empty(shape, value.dtype) if node.target is None else node.target
                outputs.append(made[value])
                arrays.append(array)
    layout = _Layout(shape, arrays)
    inner = [each[-1] for each in layout.strides]
    structure = (
        tuple(key),
        tuple(outputs),
        tuple([(x.dtype.num, stride == x.itemsize) for x, stride in zip(arrays, inner, strict=True)]),
        tuple([(made[fold.value], *fold.key) for fold in folds]),
    )
    program = _programs.get(structure)
    if program is None:
        program = _new_program(nodes, operands, results, arrays, inner, folds)
        if len(_programs) >= _MOST_PROGRAMS:
            _programs.clear()
        _programs[structure] = program
    n = 1
    for length in shape:
        n *= length
    partials = [np.empty(program.chunks(n), fold.dtype) for fold in folds]
    data = [address(x) for x in arrays]
    status, raised = program.run(
        pool, len(layout.shape), layout.whole(), data, [start_of(x) for x in partials]
    )
    check(status)
    for value, array in results.items():
        value.array = array
        value.borrowed = value.node is not None and value.node.target is not None
    own = [raised[k] for k in program.own_steps]
    if fold is None:
        return own, None
    return [*own, raised[-1]], partials[0][:1] if fold.tree else partials[0]


class _Builder:
    """The steps of a program, and the slots of its buffers, given out again after their last reader."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.items: list[int] = []
        self.free: dict[int, list[int]] = {}
        self.steps: list[tuple[InnerLoop, tuple[int, ...]]] = []

    def buffer(self, itemsize: int) -> int:
        free = self.free.get(itemsize)
        if free:
            return free.pop()
        self.items.append(itemsize)
        return self.first + len(self.items) - 1

    def release(self, slot: int) -> None:
        if slot >= self.first:
            self.free.setdefault(self.items[slot - self.first], []).append(slot)


def _new_program(
    nodes: Sequence[Node],
    operands: "dict[Value, int]",
    results: "dict[Value, Array]",
    arrays: Sequence[Array],
    inner: Sequence[int],
    folds: Sequence[Fold],
) -> FusedProgram:
    build = _Builder(len(arrays))
    slots = dict(operands)
    for k, value in enumerate(results):
        slots[value] = len(operands) + k
    last: dict[Value, int] = {}
    for k, node in enumerate(nodes):
        for value in (*node.inputs, *node.outs):
            last[value] = k
    kept = {fold.value for fold in folds}
    own_steps: list[int] = []
    for k, node in enumerate(nodes):
        taken: list[int] = []
        given: list[int] = []
        contiguous = True
        for value, dtype in zip(node.inputs, node.loop.dtypes, strict=False):
            slot = slots[value]
            own = value.dtype
            if own.num != dtype.num:
                converted = build.buffer(dtype.itemsize)
                build.steps.append((need_cast_loop(own.char, dtype.char), (slot, converted)))
                taken.append(converted)
                slot = converted
            contiguous &= slot >= len(arrays) or inner[slot] == dtype.itemsize
            given.append(slot)
        for value in node.outs:
            into = slots.get(value)
            if into is None:
                into = slots[value] = build.buffer(value.dtype.itemsize)
            contiguous &= into >= len(arrays) or inner[into] == value.dtype.itemsize
            given.append(into)
        own_steps.append(len(build.steps))
        build.steps.append((_inner(node.loop, contiguous), tuple(given)))
        for slot in taken:
            build.release(slot)
        for value in {*node.inputs, *node.outs}:
            if last[value] == k and value not in kept and value in slots:
                build.release(slots[value])
    ends = [
        (
            fold.loop,
            slots[fold.value],
            fold.dtype.itemsize,
            fold.dtype.char if fold.tree else None,
            fold.identity,
        )
        for fold in folds
    ]
    return FusedProgram(len(arrays), build.items, build.steps, ends, own_steps, [node.loop for node in nodes])


def _inner(loop: Loop | Conversion, contiguous: bool) -> InnerLoop:
    entry: Any = loop.contiguous if contiguous else loop.strided
    return entry if type(entry) is tuple else (entry.function, entry.context, entry.auxdata)
