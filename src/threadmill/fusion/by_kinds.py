"""Calls of NumPy's functions and methods that come to one node by nothing but the kinds of their operands.

The first call of a kind runs its definition. Those that follow are put off in one step, as ufuncs are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .lazy import LazyArray
from .node_plans import plan_as_made
from .nodes import KNOWN, NATIVE, Node, Place
from .numpys_code import is_numpys_place
from .operand import as_operand
from .recording import put_off

__all__ = ["METHODS_BY_KINDS", "conversion", "function_by_kinds", "known_place", "learn", "of_kinds"]

_LIKE = frozenset({np.full_like, np.ones_like, np.zeros_like})
_FUNCTIONS = frozenset({np.clip, np.copy, np.where, *_LIKE})
METHODS_BY_KINDS = frozenset({"clip", "copy"})

Method = Callable[..., Any]


def learn(called: Any, args: tuple[Any, ...], made: Any) -> None:
    """Has put_off do what a call with these arguments has come to, if that is one node of them."""
    node = made._value.node if type(made) is LazyArray else None
    if node is None:
        return
    operands = tuple([as_operand(made._record, x) for x in args])
    if None not in operands:
        plan_as_made(called, operands, node, known_place(node))


def known_place(node: Node) -> Place | None:
    """Where a node stands, if that is in NumPy's code."""
    return node.place if node.place is not None and is_numpys_place(node.place) else None


def of_kinds(called: Any, method: Method) -> Method:
    """A method that is put off by `called` and the kinds of its operands, once that is known."""

    def quick(self: LazyArray, *args: Any, **options: Any) -> Any:
        if options:
            return method(self, *args, **options)
        made = put_off(called, 0, self, *args)
        if made is None:
            made = method(self, *args)
            learn(called, (self, *args), made)
        return made

    return quick


# Types that name a dtype, and the same one for ever.
_DTYPES: dict[type, np.dtype[Any]] = {
    **{kind: np.dtype(kind) for kind in (bool, int, float, complex)},
    **{np.dtype(char).type: np.dtype(char) for char in KNOWN},
}


def _named(x: Any) -> Any:
    """What stands for a dtype in a plan's key; None for what may not. Dtypes are equal that are not the same:
    long and long long, and those with metadata."""
    kind = type(x)
    if kind is type:
        return x if x in _DTYPES else None
    if kind is str:
        return x
    return x.type if isinstance(x, np.dtype) and x is NATIVE.get(x.num) else None


def function_by_kinds(function: Any, options: dict[str, Any]) -> Any:
    """What a function's call is put off by, with the kinds of its operands; None where they do not tell."""
    if function not in _FUNCTIONS:
        return None
    if not options:
        return function
    dtype = _named(options.get("dtype")) if function in _LIKE and len(options) == 1 else None
    return None if dtype is None else (function, dtype)


def conversion(method: Method) -> Method:
    """``x.astype(dtype)``, put off by the dtype, and by that and False with ``copy=False``."""

    def astype(self: LazyArray, *args: Any, **options: Any) -> Any:
        called = _named(args[0]) if len(args) == 1 else None
        if called is None:
            return method(self, *args, **options)
        if options:
            if len(options) > 1 or options.get("copy") is not False:
                return method(self, *args, **options)
            if type(called) is type and _DTYPES[called] is self._value.dtype:
                return self
            called = called, False
        made = put_off(called, 0, self)
        if made is None:
            made = method(self, *args, **options)
            learn(called, (self,), made)
        return made

    return astype
