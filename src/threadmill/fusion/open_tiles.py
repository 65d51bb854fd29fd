"""Open tiles: where two unlike NaNs have met, and which of them is handed on is for NumPy to tell.

It depends on where in a row of NumPy's they stand, as the compiler, the processor's vectors and the rest
after them have it, and NumPy takes short rows together in a buffer. A pass over one contiguous axis cuts
where vectors end. A pass over rows looks for NaNs in what it has made; it leaves a tile open where unlike
ones have met on the way.
"""

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._native.fused import COLUMN, ROW
from .._native.memory import SAME, relate
from .._types import Array
from ..arrays.loops import Loop
from ..arrays.programs import minds_nans
from .elision import elides
from .loops import MASKED
from .nodes import FIRST_IF_LARGE, NO_OPERAND, Conversion, Node, Value

__all__ = ["LOOKED_FOR", "flags_of_columns", "minds_unlike_nans", "settle"]


# The dtypes among whose numbers NaNs are looked for.
LOOKED_FOR = "efdFD"


def minds_unlike_nans(node: Node) -> bool:
    """Whether a node's loop may hand on another NaN where its operands stand elsewhere in a row."""
    loop = node.loop
    if node.over == COLUMN:
        return len(node.outs) == 1 and loop.dtypes[0].char in LOOKED_FOR
    if not isinstance(loop, Loop) or node.over == ROW:
        return False
    is_alone = sum(bool(value.shape) or value.is_nan() for value in node.inputs) < 2
    return not (is_alone and loop.dtypes[0].kind != "c") and minds_nans(loop)


def settle(
    nodes: Sequence[Node], read: dict[Value, Array], results: dict[Value, Array], is_open: Array
) -> dict[Value, Array]:
    """Puts NumPy's numbers where tiles are open; what NumPy has made of the nodes.

    `read` are the operands that were there, `results` what the pass has written, `is_open` tells of each
    element whether its tile is. What was written over its operands is wrong elsewhere, and not looked at.
    """
    space = nodes[0].space
    mask = is_open.reshape(space[::-1]).T if nodes[0].turned else is_open.reshape(space)
    rows = mask.any(axis=-1)
    made = _computed_by_numpy(nodes, read)
    for value, array in results.items():
        if value.node is not None and value.node.over == COLUMN:
            array[...] = made[value]
        else:
            np.copyto(array, made[value], where=mask if value.shape == space else rows.reshape(value.shape))
    return made


def flags_of_columns(node: Node, made: dict[Value, Array]) -> int:
    """The floating-point errors of a reduction of columns. Those that C has met are others: open tiles have
    no part in them, and infinity times 0 is no error after a NaN."""
    found = [0]
    with np.errstate(all="call", call=lambda _, flags: found.append(flags)):
        np.setbufsize(node.state.buffer)
        _results(node, [made[value] for value in node.inputs], made)
    return functools.reduce(operator.or_, found)


def _computed_by_numpy(nodes: Sequence[Node], read: dict[Value, Array]) -> dict[Value, Array]:
    made: dict[Value, Any] = dict(read)
    with np.errstate(all="ignore"):
        for node in nodes:
            np.setbufsize(node.state.buffer)  # rows end with buffers
            operands = [made[value] for value in node.inputs]
            made.update(zip(node.outs, _results(node, operands, made), strict=True))
    return made


def _results(node: Node, operands: list[Any], made: dict[Value, Any]) -> list[Any]:
    loop = node.loop
    if node.over in (ROW, COLUMN):
        keepdims = len(node.shape) == len(node.space)
        function: Any = getattr(np, loop.name.removesuffix(".reduce"))
        if not isinstance(function, np.ufunc):  # argmax, argmin; the best that goes with it nobody looks at
            found = function(operands[0], axis=node.axes[0], keepdims=keepdims)
            return [found] if len(node.outs) == 1 else [found.astype(node.outs[0].dtype), found]
        x, *others = operands
        more = dict(zip(("initial", "where"), reversed(others), strict=False))
        mask = _mask_of(node.inputs[0])
        if mask is not None and (mask in made or mask.array is not None):
            more["where"] = made.get(mask, mask.array)
        return [function.reduce(x, axis=node.axes, keepdims=keepdims, **more)]
    if not isinstance(loop, Loop):
        result = np.where(*operands) if len(operands) == 3 else operands[0].astype(loop.dtypes[-1])
        return [result if result.shape == node.shape else np.full(node.shape, result)]  # one number for all
    out = _written_over(node, operands)
    result = loop.ufunc(
        *operands, signature=loop.dtypes, casting="unsafe", out=(out, *[None] * (len(node.outs) - 1))
    )
    return list(result) if isinstance(result, tuple) else [result]


def _mask_of(value: Value) -> Value | None:
    """The mask under which a value is reduced, that stands for what the mask leaves."""
    node = value.node
    if node is None or not node.inputs or not isinstance(node.loop, Conversion) or node.loop.name != MASKED:
        return None
    return node.inputs[0]


def _written_over(node: Node, operands: list[Any]) -> Array | None:
    """What lies as the memory that NumPy writes the result into, in place of the operands that it is written
    over: its loops may go another way there."""
    target = node.target
    if target is not None:
        out = _lain_as(target)
        for k, value in enumerate(node.inputs):
            if value.array is not None and not value.borrowed and relate(value.array, target) == SAME:
                operands[k] = out
        return out
    reused = node.reused
    if reused == FIRST_IF_LARGE:
        reused = 0 if elides(node.loop.ufunc, *node.inputs) else NO_OPERAND  # type: ignore[union-attr]
    if reused == NO_OPERAND:
        return None
    over: Array = operands[reused].copy("K")
    for k, value in enumerate(node.inputs):
        if value is node.inputs[reused]:
            operands[k] = over
    return over


def _lain_as(x: Array) -> Array:
    """A copy with the same strides."""
    span = x.itemsize + sum((length - 1) * stride for length, stride in zip(x.shape, x.strides, strict=True))
    copy = np.ndarray(x.shape, x.dtype, np.empty(span, np.uint8), 0, x.strides)
    np.copyto(copy, x)
    return copy
