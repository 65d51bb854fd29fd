"""What a ufunc's call comes to when it is put off: all about it but its arrays."""

from math import prod
from typing import Any

import numpy as np

from ..arrays.cache import Cache
from ..arrays.loops import Loop
from ..arrays.refusal import Refusal
from ..arrays.self_test import NUMPYS
from .loops import BY_PLACE, find_loop
from .nodes import Value

__all__ = ["SMALL", "NodePlan", "plan_of_call"]

# Elements below which an operation is done at once, by NumPy.
SMALL = 4096

# Plans of NumPy's own ufuncs, by ufunc and the kinds of operands; False where NumPy has to make the call. Any
# thread may write.
_plans: "Cache[tuple[Any, ...], NodePlan | bool]" = Cache()


class NodePlan:
    """A loop, and the shape and order of what it makes.

    `size`: its elements. `is_quick`: but numbers the operands are the loop's as they are, and nothing else
    about them has to be looked at. `number`: the place of the only number, -1 without one, -2 if there are
    more. `turned`: it runs in Fortran's order.
    """

    __slots__ = ("dtype", "is_quick", "kind", "loop", "name", "number", "reports", "shape", "size", "turned")

    def __init__(
        self, ufunc: np.ufunc, loop: Loop, operands: tuple[Any, ...], shape: tuple[int, ...]
    ) -> None:
        values = [(x, dtype) for x, dtype in zip(operands, loop.dtypes, strict=False) if type(x) is Value]
        self.loop = loop
        self.name = ufunc.__name__
        self.shape = shape
        self.reports = loop.strided.reports
        self.size = prod(shape)
        numbers = [k for k, x in enumerate(operands) if type(x) is not Value]
        self.number = -2 if len(numbers) > 1 else numbers[0] if numbers else -1
        self.turned = any(x.turned for x, _ in values)
        self.dtype = loop.dtypes[-1]
        self.kind = self.dtype.num, shape, self.turned
        self.is_quick = (
            self.size > 0
            and len(loop.dtypes) == len(operands) + 1
            and self.number > -2
            and self.name not in BY_PLACE
            and loop.dtypes[0].char != "e"
            and all(x.dtype.num == dtype.num for x, dtype in values)
            and (not self.turned or all(not x.shape or (x.turned and x.shape == shape) for x, _ in values))
        )


def plan_of_call(ufunc: np.ufunc, operands: tuple[Any, ...]) -> NodePlan | None:
    """The plan for values and numbers; None where NumPy has to make the call."""
    if len(operands) == 2:  # a comprehension takes longer
        x, y = operands
        one = x.kind if type(x) is Value else type(x)
        other = y.kind if type(y) is Value else type(y)
        key: tuple[Any, ...] = (ufunc, one, other)
    else:
        key = (ufunc, *[x.kind if type(x) is Value else type(x) for x in operands])
    found = _plans.get(key)
    if found is None:
        plan = _new_plan(ufunc, operands)
        if ufunc not in NUMPYS or None in key:  # who has another's ufunc keeps what belongs to it
            return plan
        found = _plans.put(key, plan or False)
    return found or None  # type: ignore[return-value]


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
