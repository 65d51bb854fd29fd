"""One pass: nodes over the same elements, as a program whose intermediate results stay in the cache."""

import functools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._native.fused import (
    ALWAYS,
    CHECK,
    EACH,
    LAST,
    LOOK,
    MAX_SLOTS,
    MAX_STEPS,
    ONCE,
    ROW,
    FusedProgram,
    FusedStep,
    copy_loop,
    start_of,
)
from .._native.memory import SAME, relate
from .._native.programs import InnerLoop, nans_loop, need_cast_loop
from .._native.status import check
from .._types import Array
from ..arrays.cache import Cache
from ..arrays.loops import Loop
from ..arrays.programs import steps_for_nans
from ..arrays.self_test import NUMPYS
from .nodes import Conversion, Node, Value
from .open_tiles import are_looked_for, minds_unlike_nans, settle

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["MOST_NODES", "Fold", "run_pass"]

# Nodes in a pass: each may need a conversion of each operand and looks at pairs of them besides its own
# step, a look at its result and a copy of it, and slots for all.
MOST_NODES = min(MAX_STEPS // 10, MAX_SLOTS // 5)

# Programs by structure: the loops, the slots of their operands, the dtypes of the arrays and whether they are
# contiguous, the folds. They keep NumPy's loops alive and no array. Any thread may write.
_programs: Cache[tuple[Any, ...], FusedProgram] = Cache()


class Fold:
    """A reduction of all elements of a value; `tree`: floats that are summed in NumPy's own order."""

    __slots__ = ("dtype", "identity", "key", "loop", "tree", "tree_char", "value")

    def __init__(
        self, value: Value, loop: InnerLoop, dtype: np.dtype[Any], tree: bool, identity: Array | None
    ) -> None:
        self.value = value
        self.loop = loop
        self.dtype = dtype
        self.tree = tree
        self.tree_char = dtype.char if tree else None
        self.identity = None if identity is None else identity.tobytes()
        self.key = loop, dtype.num, tree, self.identity


class _Layout:
    """Where the arrays of a pass lie: the shape that C walks, and the arrays' strides along it.

    `by_rows`: the last axis stays what it is.
    """

    def __init__(self, shape: tuple[int, ...], arrays: Sequence[Array], by_rows: bool) -> None:
        self.size = 1
        for length in shape:
            self.size *= length
        if by_rows:
            strides = [_broadcast(x, shape) for x in arrays]
            self.shape, self.strides = _coalesced(shape[:-1], [each[:-1] for each in strides])
            self.shape.append(shape[-1])
            for own, each in zip(self.strides, strides, strict=True):
                own.append(each[-1])
        elif all(not x.ndim or (x.shape == shape and x.flags.c_contiguous) for x in arrays):
            self.shape = [self.size]
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


class _Pass:
    """The arrays of a pass and its structure; `wanted` are the values that get an array."""

    def __init__(self, nodes: Sequence[Node], wanted: "set[Value]", folds: Sequence[Fold]) -> None:
        self.nodes, self.folds = nodes, folds
        self.arrays: list[Array] = []
        self.operands: dict[Value, int] = {}  # evaluated ones, by slot
        self.results: dict[Value, Array] = {}
        key, made = self._read()
        outputs = self._write(wanted, made)
        shape = nodes[0].space
        if nodes[0].turned:
            shape, self.arrays = shape[::-1], [x.T for x in self.arrays]
        self.layout = _Layout(shape, self.arrays, any(node.over != EACH for node in nodes))
        self.inner = [each[-1] for each in self.layout.strides]
        self.has_rows = len(self.layout.shape) > 1
        pairs = zip(self.arrays, self.inner, strict=True)
        self.structure = (
            tuple(key),
            tuple(outputs),
            tuple([(x.dtype.num, stride == x.itemsize) for x, stride in pairs]),
            tuple([(made[fold.value], *fold.key) for fold in folds]),
            tuple(map(self.is_in_place, self.results)) if self.has_rows else None,
        )

    def _read(self) -> tuple[list[Any], "dict[Value, int]"]:
        """What is read, and the order in which values are made."""
        made: dict[Value, int] = {}
        key: list[Any] = []
        operands, arrays = self.operands, self.arrays
        for node in self.nodes:
            key += node.loop, node.over
            for value in node.inputs:
                if value.array is None:
                    key.append(-1 - made[value])
                    continue
                slot = operands.get(value)
                if slot is None:
                    slot = operands[value] = len(arrays)
                    arrays.append(value.array)
                key.append(slot)
            for value in node.outs:
                made[value] = len(made)
        return key, made

    def _write(self, wanted: "set[Value]", made: "dict[Value, int]") -> list[int]:
        """Which of the values made are written to arrays."""
        outputs: list[int] = []
        for node in self.nodes:
            for value in node.outs:
                if node.target is not None:
                    array = node.target
                elif value in wanted:
                    array = np.empty(node.shape, value.dtype, "F" if node.turned else "C")
                else:
                    continue
                self.results[value] = array
                self.arrays.append(array if array.ndim == len(node.space) else array[..., None])
                outputs.append(made[value])
        return outputs

    def is_in_place(self, value: Value) -> bool:
        """Whether the value is written over what the pass reads."""
        target = None if value.node is None else value.node.target
        return target is not None and any(
            read.array is not None and relate(target, read.array) == SAME for read in self.operands
        )

    def program(self) -> FusedProgram:
        found = _programs.get(self.structure)
        if found is not None:
            return found
        for node in self.nodes:
            loop = node.loop
            if isinstance(loop, Loop) and loop.ufunc not in NUMPYS:  # it keeps the program, not we it
                found = loop.programs.get(self.structure)
                if found is None:
                    found = loop.programs[self.structure] = _new_program(self)
                return found
        return _programs.put(self.structure, _new_program(self))


def run_pass(
    pool: "CData", nodes: Sequence[Node], wanted: "set[Value]", fold: Fold | None
) -> tuple[list[int], Array | None]:
    """Runs nodes of one shape in their order; each one's flags and the fold's, and its partial results.

    `wanted` are the values that get an array; a node's `target` is written as well.
    """
    one = _Pass(nodes, wanted, () if fold is None else (fold,))
    program = one.program()
    layout = one.layout
    partials = [np.empty(program.chunks(layout.size), each.dtype) for each in one.folds]
    is_open = np.zeros(layout.size, np.bool_) if program.looks else None
    read = {value: value.array for value in one.operands if value.array is not None}
    status, raised, some_open = program.run(
        pool,
        len(layout.shape),
        layout.whole(),
        [address(x) for x in one.arrays],
        [start_of(x) for x in partials],
        None if is_open is None else start_of(is_open),
    )
    check(status)
    for value, array in one.results.items():
        value.array = array
        value.borrowed = value.node is not None and value.node.target is not None
    flags = _flags_of(nodes, program.own_steps, raised)
    if some_open and is_open is not None:
        made = settle(nodes, read, one.results, is_open)
        if fold is not None:
            fold.value.array = made[fold.value]
            return [*flags, raised[-1]], None
    if fold is None:
        return flags, None
    return [*flags, raised[-1]], partials[0][:1] if fold.tree else partials[0]


def _flags_of(nodes: Sequence[Node], own_steps: Sequence[int], raised: bytes) -> list[int]:
    """The flags of each node: those of its loop and of the conversions right before it."""
    if not any(raised):
        return [0] * len(nodes)
    flags, begin = [], 0
    for own in own_steps:
        flags.append(functools.reduce(operator.or_, raised[begin : own + 1]))
        begin = own + 1
    return flags


class _Builder:
    """The steps of a program, and the slots of its buffers, given out again after their last reader."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.items: list[tuple[int, bool]] = []
        self.free: dict[tuple[int, bool], list[int]] = {}
        self.steps: list[FusedStep] = []

    def buffer(self, itemsize: int, over: int) -> int:
        item = itemsize, over != EACH
        free = self.free.get(item)
        if free:
            return free.pop()
        self.items.append(item)
        return self.first + len(self.items) - 1

    def release(self, slot: int) -> None:
        if slot >= self.first:
            self.free.setdefault(self.items[slot - self.first], []).append(slot)

    def convert(self, slot: int, source: "np.dtype[Any]", target: "np.dtype[Any]", over: int) -> int:
        """Elements of another dtype in a buffer of their own."""
        converted = self.buffer(target.itemsize, over)
        self.steps.append((need_cast_loop(source.char, target.char), (slot, converted), over, 0, ALWAYS))
        return converted

    def is_contiguous(self, slot: int, size: int, inner: Sequence[int]) -> bool:
        """Whether elements of this size lie side by side there."""
        if slot >= self.first:
            return not self.items[slot - self.first][1]
        return inner[slot] == size

    def step(self, node: Node, slots: Sequence[int], contiguous: bool) -> None:
        """A node's own step, on the slots of its operands and of its results."""
        loop, item = _inner(node.loop, contiguous), 0
        if node.over == ROW:  # (x, result) or (x, beginning, result)
            x, *beginning, result = slots
            slots, item = (result, x, result, *beginning), node.outs[0].dtype.itemsize
        self.steps.append((loop, tuple(slots), node.over, item, ALWAYS))

    def look(self, node: Node, slots: Sequence[int]) -> None:
        """Looks for unlike NaNs that are about to meet."""
        if isinstance(node.loop, Loop):
            for loop, looked_at in steps_for_nans(node.loop, slots):
                self.steps.append((loop, tuple(looked_at), node.over, 0, LOOK))

    def check(self, slot: int, dtype: "np.dtype[Any]", is_row: bool) -> None:
        """Looks whether there are NaNs at all."""
        parts = 2 if dtype.kind == "c" else 1
        over = ONCE if is_row else EACH
        self.steps.append((nans_loop(dtype.itemsize // parts, parts), (slot,), over, 0, CHECK))


def _new_program(one: _Pass) -> FusedProgram:
    first = len(one.arrays)
    build = _Builder(first)
    slots = dict(one.operands)
    looks = one.has_rows and any(map(minds_unlike_nans, one.nodes))
    targets = {value: len(one.operands) + k for k, value in enumerate(one.results)}
    # Written when what they are written over is not needed any more.
    late = [value for value in one.results if looks and one.is_in_place(value)]
    slots.update((value, slot) for value, slot in targets.items() if value not in late)
    last: dict[Value, int] = {}
    for k, node in enumerate(one.nodes):
        last.update(dict.fromkeys((*node.inputs, *node.outs), k))
    kept = {*late, *(fold.value for fold in one.folds)}
    own_steps: list[int] = []
    for k, node in enumerate(one.nodes):
        taken: list[int] = []
        given: list[int] = []
        for value, dtype in zip(node.inputs, node.loop.dtypes, strict=False):
            slot = slots[value]
            if value.dtype.num != dtype.num:
                slot = build.convert(slot, value.dtype, dtype, node.over)
                taken.append(slot)
            given.append(slot)
        for value in node.outs:
            if value not in slots:
                slots[value] = build.buffer(value.dtype.itemsize, node.over)
            given.append(slots[value])
        sizes = [dtype.itemsize for dtype in node.loop.dtypes]
        pairs = zip(given, sizes, strict=True)
        contiguous = all(build.is_contiguous(slot, size, one.inner) for slot, size in pairs)
        if looks and minds_unlike_nans(node):
            build.look(node, given[: len(node.inputs)])
        own_steps.append(len(build.steps))
        build.step(node, given, contiguous)
        for slot in taken:
            build.release(slot)
        for value in {*node.inputs, *node.outs}:
            if last[value] == k and value not in kept:
                build.release(slots[value])
    if looks:
        for value in one.results:
            if are_looked_for(value):
                build.check(slots[value], value.dtype, value.shape != one.nodes[0].space)
    for value in late:
        pair = slots[value], targets[value]
        build.steps.append((copy_loop(value.dtype.itemsize), pair, EACH, 0, LAST))
    ends = [
        (each.loop, slots[each.value], each.dtype.itemsize, each.tree_char, each.identity)
        for each in one.folds
    ]
    loops = [node.loop for node in one.nodes]
    return FusedProgram(first, len(one.operands), build.items, build.steps, ends, own_steps, loops)


def _inner(loop: Loop | Conversion, contiguous: bool) -> InnerLoop:
    entry: Any = loop.contiguous if contiguous else loop.strided
    return entry if type(entry) is tuple else entry.address
