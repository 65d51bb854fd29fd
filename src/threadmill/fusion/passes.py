"""One pass: nodes over the same elements, what it reads and writes, and how that lies in memory."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._native.fresh import empty
from .._native.fused import COLUMN, EACH, MAX_SLOTS, MAX_STEPS
from .._native.programs import InnerLoop
from .._types import Array
from .layout import Layout
from .nodes import Node, Value

__all__ = ["MOST_NODES", "Fold", "Pass", "is_in_place"]

# Nodes in a pass: each may need a conversion of each operand and looks at pairs of them besides its own
# step, a look at its result and a copy of it, and slots for all.
MOST_NODES = min(MAX_STEPS // 10, MAX_SLOTS // 5)

# Elements of NumPy's buffers unless np.setbufsize has said otherwise, and those of the longest vectors.
_USUAL_BUFFER, _VECTOR = 8192, 64


class Fold:
    """A reduction of all elements of a value; `tree`: floats that are summed in NumPy's own order.

    `function`: a ufunc, or np.argmax or np.argmin. `kind`: what tells its result from those of others of the
    value; `key`: besides, how it is made. `of`: whose inner loop it is, which stays valid as long.
    """

    __slots__ = (
        "dtype",
        "function",
        "identity",
        "key",
        "kind",
        "loop",
        "of",
        "reports",
        "tree",
        "tree_char",
        "value",
    )

    def __init__(
        self,
        value: Value,
        function: Any,
        loop: InnerLoop,
        dtype: np.dtype[Any],
        reports: bool,
        tree: bool,
        identity: Array | None,
        of: object = None,
    ) -> None:
        self.value = value
        self.function = function
        self.kind = function, dtype.num
        self.loop, self.of = loop, of
        self.reports = reports
        self.dtype = dtype
        self.tree = tree
        self.tree_char = dtype.char if tree else None
        self.identity = None if identity is None else identity.tobytes()
        self.key = self.loop, dtype.num, tree, self.identity


class Pass:
    """The arrays of a pass and what it is like; `wanted` are the values that get an array.

    One of no nodes folds an array that is there.

    `key` tells all about it but its arrays: passes of equal keys have the same plan. What only a new plan
    looks at is found when it asks.
    """

    def __init__(self, nodes: Sequence[Node], wanted: "set[Value]", folds: Sequence[Fold]) -> None:
        self.nodes, self.folds = nodes, folds
        self.arrays: list[Array] = []
        self.operands: dict[Value, int] = {}  # evaluated ones, by slot
        self.results: dict[Value, Array] = {}
        if nodes:
            self.space, self.turned = nodes[0].space, nodes[0].turned
        else:
            self.space, self.turned = folds[0].value.shape, folds[0].value.turned
        key: list[Any] = [self.space, self.turned]
        made = self._read(key)
        self._write(wanted, made, key)
        for fold in folds:
            place = made.get(fold.value)
            if place is None:
                place = -1 - self._slot(fold.value, key)
            key.append((place, *fold.key))
        self.key = tuple(key)

    def _read(self, key: list[Any]) -> "dict[Value, int]":
        """What is read, and the order in which values are made."""
        made: dict[Value, int] = {}
        operands, arrays = self.operands, self.arrays
        state = None
        for node in self.nodes:
            key += node.loop, node.over
            if node.state is not state:  # most nodes have one
                state = node.state
                if state.buffer != _USUAL_BUFFER:
                    key.append(("buffer", state.buffer))
            for value in node.inputs:
                array = value.array
                if array is None:
                    key.append(-1 - made[value])
                    continue
                slot = operands.get(value)
                if slot is not None:
                    key.append(slot)
                    continue
                slot = operands[value] = len(arrays)
                arrays.append(array)
                if value.shape:
                    key += slot, value.kind, array.strides
                else:
                    key += slot, value.kind, value.is_nan()
            for value in node.outs:
                made[value] = len(made)
        return made

    def _slot(self, value: Value, key: list[Any]) -> int:
        """The slot of an array that is folded as it is."""
        slot = self.operands.get(value)
        if slot is None:
            array: Any = value.array
            slot = self.operands[value] = len(self.arrays)
            self.arrays.append(array)
            key += array.dtype.num, array.strides
        return slot

    def _write(self, wanted: "set[Value]", made: "dict[Value, int]", key: list[Any]) -> None:
        """Which of the values made are written to arrays."""
        for node in self.nodes:
            target = node.target
            for k, value in enumerate(node.outs):
                if target is not None:
                    array = target
                    key += made[value], "into", target.strides, node.is_in_place
                elif node.over == COLUMN:
                    array = np.full(node.shape, node.beginnings()[k], value.dtype)
                    key += made[value], "down", node.shape, node.axes
                elif value in wanted:
                    array = empty(node.shape, value.dtype, "F" if node.turned else "C")
                    key += made[value], "new", node.shape
                else:
                    continue
                self.results[value] = array
                self.arrays.append(_along(array, node))

    @functools.cached_property
    def layout(self) -> Layout:
        shape, arrays = self.space, self.arrays
        if self.turned:
            shape, arrays = shape[::-1], [x.T for x in arrays]
        return Layout(shape, arrays, any(node.over != EACH for node in self.nodes))

    @functools.cached_property
    def inner(self) -> list[int]:
        return [each[-1] for each in self.layout.strides]

    @functools.cached_property
    def slots(self) -> "dict[Value, int]":
        first = len(self.operands)
        return self.operands | {value: first + k for k, value in enumerate(self.results)}

    @functools.cached_property
    def has_rows(self) -> bool:
        """Whether NumPy's loops may go over other rows than one that is like ours."""
        return len(self.layout.shape) > 1 or self._has_gaps() or self._ends_short()

    def structure(self) -> tuple[Any, ...]:
        """What passes have in common that one program runs."""
        made = {value: k for k, value in enumerate(value for node in self.nodes for value in node.outs)}
        pairs = zip(self.arrays, self.inner, strict=True)
        return (
            tuple(
                [
                    (node.loop, node.over, *[self.operands.get(x, -1 - made.get(x, 0)) for x in node.inputs])
                    for node in self.nodes
                ]
            ),
            tuple([made[value] for value in self.results]),
            tuple([(x.dtype.num, x.ndim > 0, stride == x.itemsize, stride == 0) for x, stride in pairs]),
            tuple([(made.get(fold.value, -1), *fold.key) for fold in self.folds]),
            tuple([is_in_place(value) for value in self.results]),
            self._nan_numbers() if self.has_rows else None,
        )

    def _has_gaps(self) -> bool:
        """Whether elements of the only row do not lie side by side.

        NumPy's loops may take other ways there where they write over what they read, or NumPy copies.
        """
        rows = zip(self.arrays, self.inner, strict=True)
        return any(x.ndim and stride != x.itemsize for x, stride in rows)

    def _ends_short(self) -> bool:
        """Whether the last of the buffers in which NumPy converts the only row has less than a vector."""
        return any(
            0 < self.layout.size % node.state.buffer < _VECTOR
            and any(x.dtype.num != dtype.num for x, dtype in zip(node.inputs, node.loop.dtypes, strict=False))
            for node in self.nodes
        )

    def _nan_numbers(self) -> tuple[int, ...]:
        """The slots of numbers that are NaN: NaNs of arrays meet them."""
        return tuple(slot for x, slot in self.operands.items() if not x.shape and x.is_nan())


def is_in_place(value: Value) -> bool:
    """Whether the value is written over what is read."""
    return value.node is not None and value.node.is_in_place


def _along(array: Array, node: Node) -> Array:
    """A node's result with the axes of its space."""
    return array if array.ndim == len(node.space) else np.expand_dims(array, node.axes)
