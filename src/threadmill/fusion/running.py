"""A pass is run: its arrays are made, NaNs that C has left to NumPy are settled, flags are told by node."""

import functools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._native.fused import COLUMN, start_of
from .._native.status import check
from .._types import Array
from .building import plan_of
from .loops import takes_flags_down
from .nodes import Node, Value
from .open_tiles import flags_of_columns, settle
from .passes import Fold, Pass

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["run_pass"]

# The first element of an array, as an array of no axes, by the array's axes.
_FIRST = [((0,) * axes + (...,)) for axes in range(65)]


def run_pass(
    pool: "CData", nodes: Sequence[Node], wanted: "set[Value]", folds: Sequence[Fold]
) -> tuple[Sequence[int], list[Array] | None, float]:
    """Runs nodes of one shape in their order: each one's flags and the folds', these ones' partial results,
    and the nanoseconds that it has saved, about.

    `wanted` are the values that get an array; a node's `target` is written as well.
    """
    one = Pass(nodes, wanted, folds)
    plan = plan_of(one)
    program = plan.program
    partials = [np.empty(program.chunks(plan.size), each.dtype) for each in folds]
    read = [(value, value.array) for value in one.operands] if program.looks else ()
    status, raised, is_open = program.run(
        pool, plan.dims, plan.layout, [_address(x) for x in one.arrays], [start_of(x) for x in partials]
    )
    if status:
        check(status)
    for value, array in one.results.items():
        value.array = array
        value.borrowed = value.node is not None and value.node.target is not None
    flags = _flags_of(nodes, program.own_steps, raised)
    if folds:
        flags = [*flags, *raised[len(raised) - len(folds) :]]
    if is_open:
        own = {value: _as_numpys_lies(value, array) for value, array in read if array is not None}
        made = settle(nodes, own, one.results, np.frombuffer(is_open, np.bool_))
        flags = list(flags)
        for k, node in enumerate(nodes):
            if node.over == COLUMN:
                flags[k] = flags_of_columns(node, made)
        for fold in folds:
            fold.value.array = made[fold.value]
        return flags, None, plan.saved_ns
    return flags, [x[:1] if fold.tree else x for x, fold in zip(partials, folds, strict=True)], plan.saved_ns


def _flags_of(nodes: Sequence[Node], own_steps: Sequence[int], raised: bytes) -> list[int]:
    """The flags of each node: those of its loop and of the conversions right before it, if it leaves them."""
    if not any(raised):
        return [0] * len(nodes)
    flags, begin = [], 0
    for node, own in zip(nodes, own_steps, strict=True):
        first = own if takes_flags_down(node.loop) else begin
        flags.append(functools.reduce(operator.or_, raised[first : own + 1]))
        begin = own + 1
    return flags


def _as_numpys_lies(value: Value, array: Array) -> Array:
    """A value's array as it lies in NumPy: where it is memory that has been written NumPy has one besides."""
    return array.copy("F" if value.turned else "C") if value.borrowed else array


def _address(x: Array) -> "CData":
    """Where an array's first element is; the array stays in place while this is kept."""
    return start_of(x[_FIRST[x.ndim]])
