"""One pass: nodes over the same elements, what it reads and writes, and how that lies in memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._native.fused import COLUMN, EACH, MAX_SLOTS, MAX_STEPS
from .._native.memory import SAME, relate
from .._native.programs import InnerLoop
from .._types import Array
from .layout import Layout
from .nodes import Node, Value

__all__ = ["MOST_NODES", "Fold", "Pass"]

# Nodes in a pass: each may need a conversion of each operand and looks at pairs of them besides its own
# step, a look at its result and a copy of it, and slots for all.
MOST_NODES = min(MAX_STEPS // 10, MAX_SLOTS // 5)


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


class Pass:
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
        self.layout = Layout(shape, self.arrays, any(node.over != EACH for node in nodes))
        self.inner = [each[-1] for each in self.layout.strides]
        first = len(self.operands)
        self.slots = self.operands | {value: first + k for k, value in enumerate(self.results)}
        self.has_rows = len(self.layout.shape) > 1 or self._has_gaps()
        pairs = zip(self.arrays, self.inner, strict=True)
        self.structure = (
            tuple(key),
            tuple(outputs),
            tuple([(x.dtype.num, stride == x.itemsize) for x, stride in pairs]),
            tuple([(made[fold.value], *fold.key) for fold in folds]),
            tuple(map(self.is_in_place, self.results)),
            self._nan_numbers() if self.has_rows else None,
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
                elif node.over == COLUMN:
                    array = np.full(node.shape, node.loop.beginning, value.dtype)  # type: ignore[union-attr]
                elif value in wanted:
                    array = np.empty(node.shape, value.dtype, "F" if node.turned else "C")
                else:
                    continue
                self.results[value] = array
                self.arrays.append(_along(array, node))
                outputs.append(made[value])
        return outputs

    def _has_gaps(self) -> bool:
        """Whether the only row is none of NumPy's.

        It computes apart what it then copies to where elements don't lie side by side, and may copy one
        element that stands for many. What lies in memory that has been written has none in NumPy.
        """
        count = len(self.operands)
        borrowed = {slot for value, slot in self.operands.items() if value.borrowed}
        rows = enumerate(zip(self.arrays, self.inner, strict=True))
        return any(
            stride != x.itemsize and bool(k >= count or k in borrowed or (x.ndim and not stride))
            for k, (x, stride) in rows
        )

    def _nan_numbers(self) -> tuple[int, ...]:
        """The slots of numbers that are NaN: NaNs of arrays meet them."""
        return tuple(slot for x, slot in self.operands.items() if not x.shape and x.array != x.array)

    def is_in_place(self, value: Value) -> bool:
        """Whether the value is written over what the pass reads."""
        target = None if value.node is None else value.node.target
        return target is not None and any(
            read.array is not None and relate(target, read.array) == SAME for read in self.operands
        )


def _along(array: Array, node: Node) -> Array:
    """A node's result with the axes of its space."""
    return array if array.ndim == len(node.space) else np.expand_dims(array, node.axes)
