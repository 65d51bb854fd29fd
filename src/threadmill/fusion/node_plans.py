"""What a ufunc's call comes to when it is put off: all about it but its arrays."""

from math import prod
from typing import Any

import numpy as np

from .._native.fields import PlanFields
from .._native.fused import EACH
from ..arrays.cache import Cache
from ..arrays.loops import Loop
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS
from .elision import COMMUTATIVE, elides_such
from .loops import find_loop, may_show_place, may_show_rows, number_in
from .nodes import Conversion, Node, Place, Value, examples

__all__ = ["PLANS", "SMALL", "NodePlan", "plan_as_made", "plan_conversion", "plan_of_call", "plan_of_node"]

# Elements below which an operation is done at once, by NumPy.
SMALL = 4096

# Plans of NumPy's own ufuncs, by ufunc and the kinds of operands; False where NumPy has to make the call.
# Those of conversions, by loop and kind, and of other calls, by what is called. Any thread may write.
PLANS: "Cache[tuple[Any, ...], Plan | bool]" = Cache()


class Plan(PlanFields):
    """What put_off makes nodes by.

    `is_simple`: it does so by itself, like `node` and its `value`. `number_in`: the number of the dtype that
    numbers are taken in. `inputs`: those of the node, values and the places of operands; None for all
    operands in their order. `takes_first`, `takes_second`: the result of an operator may be written over
    that operand, the second one's where both may be turned around, if it is a temporary.
    """

    __slots__ = ()

    def __init__(
        self,
        loop: Loop | Conversion,
        name: str,
        shape: tuple[int, ...],
        reports: bool,
        turned: bool,
        *walk: Any,
    ) -> None:
        self.node, self.value = examples(loop, name, shape, reports, turned, *walk)
        self.number_in: int | None = None
        self.inputs: tuple[Value | int, ...] | None = None
        self.takes_first = self.takes_second = False
        self.is_simple = prod(self.node.space) >= SMALL and loop.dtypes[0].char != "e"


class NodePlan(Plan):
    """A loop, and the shape and order of what it makes.

    `size`: its elements. `is_quick`: but numbers the operands are the loop's as they are, and nothing else
    about them has to be looked at. `has_numbers`: some are numbers. `turned`: it runs in Fortran's order.
    """

    __slots__ = (
        *("dtype", "has_numbers", "is_quick", "kind", "loop", "name", "reports", "shape", "size"),
        "turned",
    )

    def __init__(
        self, ufunc: np.ufunc, loop: Loop, operands: tuple[Any, ...], shape: tuple[int, ...]
    ) -> None:
        values = [(x, dtype) for x, dtype in zip(operands, loop.dtypes, strict=False) if type(x) is Value]
        self.loop = loop
        self.name = ufunc.__name__
        self.shape = shape
        self.reports = loop.strided.reports
        self.size = prod(shape)
        numbers = _dtypes_of_numbers(loop, operands)
        self.has_numbers = bool(numbers)
        self.turned = any(x.turned for x, _ in values)
        self.dtype = loop.dtypes[-1]
        self.kind = self.dtype.num, shape, self.turned, False, False
        self.is_quick = (
            self.size > 0
            and len(loop.dtypes) == len(operands) + 1
            and len(numbers) < 2
            and not may_show_place(loop, self.name, operands)
            and not (may_show_rows(loop, self.name) and any(x.shape != shape for x, _ in values))
            and all(x.dtype.num == dtype.num for x, dtype in values)
            and (not self.turned or all(not x.shape or (x.turned and x.shape == shape) for x, _ in values))
        )
        super().__init__(loop, self.name, shape, self.reports, self.turned)
        self.number_in = next(iter(numbers), None)
        pair: tuple[Any, ...] = operands if len(operands) == 2 else (None, None)
        first, second = pair
        self.takes_first = elides_such(ufunc, first, second)
        self.takes_second = ufunc in COMMUTATIVE and elides_such(ufunc, second, first)
        is_its_own = not self.takes_first or first.dtype.num == self.dtype.num
        self.is_simple &= self.is_quick and is_its_own


def plan_of_call(ufunc: np.ufunc, operands: tuple[Any, ...]) -> NodePlan | None:
    """The plan for values and numbers; None where NumPy has to make the call."""
    if len(operands) == 2:  # a comprehension takes longer
        x, y = operands
        one = x.kind if type(x) is Value else type(x)
        other = y.kind if type(y) is Value else type(y)
        key: tuple[Any, ...] = (ufunc, one, other)
    else:
        key = (ufunc, *[x.kind if type(x) is Value else type(x) for x in operands])
    found = PLANS.get(key)
    if found is None:
        plan = _new_plan(ufunc, operands)
        if ufunc not in NUMPYS or None in key:  # who has another's ufunc keeps what belongs to it
            return plan
        found = PLANS.put(key, plan or False)
    return found or None  # type: ignore[return-value]


def plan_conversion(loop: Conversion, value: Value) -> None:
    """Has put_off convert values of this kind; called by the loop, as a ufunc is."""
    if value.kind is not None:
        PLANS.put((loop, value.kind), Plan(loop, loop.name, value.shape, loop.reports, value.turned))


def plan_as_made(called: Any, operands: tuple[Any, ...], node: Node, place: Place | None) -> None:
    """Has put_off make such a node whenever this is called with values and numbers of these kinds; nothing
    else about them may count. `place`: the node's, if it is not the user's."""
    kinds = [x.kind if type(x) is Value else type(x) for x in operands]
    if (called, *kinds) in PLANS or None in kinds or node.over != EACH or node.space != node.shape:
        return
    plan = plan_of_node(node, operands, place)
    if plan is not None:
        PLANS.put((called, *kinds), plan)


def plan_of_node(node: Node, operands: tuple[Any, ...], place: Place | None) -> Plan | None:
    """What such nodes are made by, of values and numbers like these; None where other numbers may make
    others."""
    if not node.inputs or len(node.outs) > 1 or node.target is not None:
        return None  # one that has run has forgotten its inputs
    inputs = _inputs_among(node, operands)
    if inputs is None:
        return None
    numbers = {
        dtype.num
        for k, dtype in zip(inputs, node.loop.dtypes, strict=False)
        if type(k) is int and type(operands[k]) is not Value
    }
    if len(numbers) > 1:
        return None
    plan = Plan(
        *(node.loop, node.name, node.shape, node.place is not None, node.turned),
        *(node.over, node.space, node.axes),
    )
    plan.number_in = next(iter(numbers), None)
    plan.inputs = None if inputs == (*range(len(operands)),) else inputs
    plan.node.place, plan.node.reused = place, node.reused
    return plan


def _inputs_among(node: Node, operands: tuple[Any, ...]) -> tuple[Value | int, ...] | None:
    """A node's inputs: each the place of an operand, or a number that it has whatever these are. None where
    they are in another order, as temporaries may have been turned around."""
    pairs = [*zip(operands, node.inputs, node.loop.dtypes, strict=False)]
    if len(operands) == len(node.inputs) and all(_is_of(own, x, dtype) for x, own, dtype in pairs):
        return tuple(range(len(operands)))
    numbers = [x for x in operands if type(x) is not Value]
    if len(numbers) > 1 or len({*map(id, operands)}) < len(operands):
        return None  # which is which is not told
    inputs: list[Value | int] = []
    for own, dtype in zip(node.inputs, node.loop.dtypes, strict=False):
        place = next((k for k, x in enumerate(operands) if _is_of(own, x, dtype)), None)
        if place is None and (numbers or own.array is None or own.shape):
            return None
        inputs.append(own if place is None else place)
    places = [k for k in inputs if type(k) is int]
    return tuple(inputs) if places == sorted(places) else None


def _is_of(own: Value, x: Any, dtype: "np.dtype[Any]") -> bool:
    """Whether an input is what an operand has been taken as."""
    return own is (x if type(x) is Value else number_in(dtype, x))


def _dtypes_of_numbers(loop: Loop | Conversion, operands: tuple[Any, ...]) -> set[int]:
    """The numbers of the dtypes that Python's numbers are taken in."""
    return {dtype.num for x, dtype in zip(operands, loop.dtypes, strict=False) if type(x) is not Value}


def _new_plan(ufunc: np.ufunc, operands: tuple[Any, ...]) -> NodePlan | None:
    key: list[Any] = [ufunc]
    shape: tuple[int, ...] | None = None
    for x in operands:
        if type(x) is not Value:
            key.append(type(x))
            continue
        if x.kind is None:
            return None
        key.append(x.dtype.num)
        if shape is None:
            shape = x.shape
        elif x.shape != shape and x.shape:
            try:
                shape = np.broadcast_shapes(shape, x.shape)
            except ValueError:
                return None
    if not shape:
        return None
    loop = find_loop(ufunc, operands, tuple(key))
    return None if isinstance(loop, Refusal) else NodePlan(ufunc, loop, operands, shape)
