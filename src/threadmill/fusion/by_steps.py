"""Calls of NumPy's functions and methods that come to several nodes, or to one that goes along an axis.

The first such call runs its definition: NumPy's Python code, as a rule, where a mean is a sum and a quotient.
Those that follow are put off node by node, as it has done. What it does is told by the call's arguments, the
kind of its array, and how that lies if it is there, or what makes it if it is not.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._native.fused import EACH
from ..arrays.cache import Cache
from .by_kinds import known_place
from .lazy import LazyArray
from .loops import may_show_place, may_show_rows
from .node_plans import Plan, plan_of_node
from .nodes import Node, Value
from .recording import put_off
from .reduce_rows import widest

__all__ = ["FUNCTIONS_BY_STEPS", "METHODS_BY_STEPS", "STEPS", "by_steps"]

FUNCTIONS_BY_STEPS = (
    *(np.sum, np.prod, np.min, np.max, np.any, np.all, np.mean, np.var, np.std, np.average),
    *(np.count_nonzero, np.argmax, np.argmin, np.linalg.norm, np.round, np.around),
)
METHODS_BY_STEPS = frozenset(
    {"sum", "prod", "min", "max", "any", "all", "mean", "var", "std", "argmax", "argmin", "round"}
)


class _Step(NamedTuple):
    """A node of what the array, 0, and the steps before, from 1 on, have made. `alike`: the step whose very
    place it has, or none."""

    plan: Plan
    operands: tuple[int, ...]
    alike: int | None


# The steps of calls, by what is called, its arguments and what tells the rest; none where the definition is
# needed. They keep loops and numbers alive, and no array. Any thread may write.
STEPS: Cache[tuple[Any, ...], list[_Step]] = Cache()


def by_steps(called: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method, or a function of one lazy array, that is run once for arrays of one kind."""

    def quick(x: LazyArray, /, *args: Any, **options: Any) -> Any:
        told = _told(x, args, options)
        if told is None:
            return method(x, *args, **options)
        key = called, x._value.kind, told, args, *options.items()
        steps = STEPS.get(key)
        made = _again(x, steps) if steps else None
        if made is None:
            value, pending = x._value, x._record.pending
            before = len(pending)
            made = method(x, *args, **options)
            if steps is None and type(made) is LazyArray and x._record.pending is pending:
                STEPS.put(key, _steps(value, pending[before:], made._value))
        return made

    return quick


# Arguments that are alike if they are equal.
_TYPES = {"axis": int, "decimals": int, "keepdims": bool}


def _told(x: LazyArray, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What tells the course of a call besides its arguments and the array's kind: how the array lies, or what
    makes it. None where more does."""
    for number in args:
        if type(number) is not int:
            return None
    for name, given in options.items():
        if type(given) is not _TYPES.get(name) and not _are_axes(name, given):
            return None
    value = x._value
    array, node = value.array, value.node
    if array is not None:
        return None if value.kind is None else array.flags.num
    if node is None or node.over != EACH:
        return None
    return node.name if value.dtype.kind != "b" else (node.name, widest(value))


def _are_axes(name: str, given: Any) -> bool:
    return name == "axis" and type(given) is tuple and all(type(each) is int for each in given)


def _again(x: LazyArray, steps: list[_Step]) -> Any:
    """What the steps make of an array; None, and nothing is put off, where one has to be looked at."""
    new = put_off(steps[0].plan, 0, x)
    if new is None or len(steps) == 1:
        return new
    made = [x, new]
    for plan, operands, alike in steps[1:]:
        new = put_off(plan, 0, *[made[k] for k in operands])
        if new is None:
            x._record.take_out(*[each._value.node for each in made[1:]])
            return None
        if alike is not None:
            new._value.node.place = made[alike]._value.node.place
        made.append(new)
    return new


def _steps(value: Value, nodes: list[Node], made: Value) -> list[_Step]:
    """The steps by which a value has been made of another one; none if others of its kind may go other
    ways."""
    steps: list[_Step] = []
    values = [value]
    for node in nodes:
        step = None if _is_for_numpy(node) else _step(node, values, nodes)
        if step is None:
            return []
        steps.append(step)
        values.append(node.outs[0])
    return steps if made is values[-1] else []


def _is_for_numpy(node: Node) -> bool:
    """Whether elements tell how a node is put off, or the size of NumPy's buffers."""
    if may_show_place(node.loop, node.name) or may_show_rows(node.loop, node.name):
        return True
    return any(
        x.dtype.num != dtype.num and x.dtype.kind in "fc" and len(x.shape) < 2
        for x, dtype in zip(node.inputs, node.loop.dtypes, strict=False)
    )


def _step(node: Node, values: list[Value], nodes: list[Node]) -> _Step | None:
    operands = tuple([k for k, x in enumerate(values) if any(x is each for each in node.inputs)])
    plan = plan_of_node(node, tuple([values[k] for k in operands]), known_place(node))
    if plan is None or not operands:
        return None
    if any(values[k].array is None for k in operands):
        plan.is_simple = True  # there is nothing to gain in making it at once, however small it is
    places = [each.place for each in nodes[: len(values) - 1]]
    alike = next((k for k, x in enumerate(places, 1) if x is not None and x is node.place), None)
    return _Step(plan, operands, alike) if plan.is_simple else None
