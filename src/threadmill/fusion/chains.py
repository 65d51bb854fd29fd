"""Chains: nodes that follow each other, each of which takes what the one before has made and nobody else
asks for.

A chain's numbers stay in registers from the first node to the last, where the nodes' own loops would write
and read them. It is done for operations on integers, for those that IEEE 754 rounds in one way alone, so
that only NaNs may differ, and for maxima and minima, where unlike zeros may differ as well. Where some come,
the nodes' own loops run.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy._core import umath

from .._native import fused as native
from .._native.fused import EACH
from ..arrays.loops import Loop
from .nodes import Node, Value
from .passes import Pass

__all__ = ["Chain", "find_chains"]

# By the kind of their dtype: the link for ``a op b``, and that for ``b op a``, where a is what the chain has
# made.
_BINARY_OF_ALL: dict[Any, tuple[int, int]] = {
    np.add: (native.LINK_ADD, native.LINK_ADD),
    np.subtract: (native.LINK_SUBTRACT, native.LINK_SUBTRACT_FROM),
    np.multiply: (native.LINK_MULTIPLY, native.LINK_MULTIPLY),
    np.maximum: (native.LINK_MAXIMUM, native.LINK_MAXIMUM),
    np.minimum: (native.LINK_MINIMUM, native.LINK_MINIMUM),
}
_BINARY_OF_INTEGERS = _BINARY_OF_ALL | {
    np.bitwise_and: (native.LINK_AND, native.LINK_AND),
    np.bitwise_or: (native.LINK_OR, native.LINK_OR),
    np.bitwise_xor: (native.LINK_XOR, native.LINK_XOR),
}
_BINARY: dict[str, dict[Any, tuple[int, int]]] = {
    "f": _BINARY_OF_ALL | {np.divide: (native.LINK_DIVIDE, native.LINK_DIVIDE_INTO)},
    "i": _BINARY_OF_INTEGERS,
    "u": _BINARY_OF_INTEGERS,
}
_UNARY_OF_ALL: dict[Any, int] = {np.negative: native.LINK_NEGATE, np.square: native.LINK_SQUARE}
_UNARY: dict[str, dict[Any, int]] = {
    "f": _UNARY_OF_ALL | {np.absolute: native.LINK_ABSOLUTE, np.sqrt: native.LINK_SQRT},
    "i": _UNARY_OF_ALL,
    "u": _UNARY_OF_ALL,
}

# The ufunc of np.clip: a maximum, then a minimum.
_CLIP: Any = umath.clip  # type: ignore[attr-defined]


class Chain:
    """Its links, and the values that it takes: x, then one for each link of two operands. `made` is what it
    makes; of a chain without links, x."""

    __slots__ = ("links", "made", "taken")

    def __init__(self, x: Value) -> None:
        self.links: list[int] = []
        self.taken = [x]
        self.made = x

    def takes(self, node: Node) -> bool:
        """Whether the node goes on with what the chain has made; then it is its last one."""
        ufunc = node.loop.ufunc  # type: ignore[union-attr]
        kind = self.made.dtype.kind
        others = [value for value in node.inputs if value is not self.made]
        if len(self.links) + 2 > native.CHAIN_LINKS or len(self.taken) + len(others) >= native.MAX_OPERANDS:
            return False
        if not others and ufunc is np.multiply:
            self.links.append(native.LINK_SQUARE)
        elif ufunc in _UNARY[kind]:
            self.links.append(_UNARY[kind][ufunc])
        elif ufunc is _CLIP and len(others) == 2 and node.inputs[0] is self.made:
            self.links += native.LINK_MAXIMUM, native.LINK_MINIMUM
            self.taken += others
        elif len(others) == 1 and ufunc is not _CLIP:
            self.links.append(_BINARY[kind][ufunc][node.inputs[0] is not self.made])
            self.taken += others
        else:
            return False
        self.made = node.outs[0]
        return True


def find_chains(one: Pass, kept: Collection[Value]) -> "dict[int, Chain]":
    """By the number of their first node, chains of two nodes or more, or of one that a sum takes. What is
    `kept` is asked for elsewhere."""
    asked = Counter(value for node in one.nodes for value in set(node.inputs))
    found: dict[int, Chain] = {}
    chain: Chain | None = None
    for k, node in enumerate(one.nodes):
        if not _may_link(one, node):
            chain = None
            continue
        if chain is not None:
            made = chain.made
            is_own = asked[made] == 1 and made not in kept and made not in one.results
            if made in node.inputs and is_own and chain.takes(node):
                continue
        chain = _begin(one, node)
        if chain is not None:
            found[k] = chain
    summed = {fold.value for fold in one.folds if fold.tree}
    return {k: chain for k, chain in found.items() if len(chain.links) > 1 or chain.made in summed}


def _begin(one: Pass, node: Node) -> Chain | None:
    for x in node.inputs:
        if _step(one, x) == x.dtype.itemsize:
            chain = Chain(x)
            return chain if chain.takes(node) else None
    return None


def _may_link(one: Pass, node: Node) -> bool:
    loop = node.loop
    if node.over != EACH or type(loop) is not Loop:
        return False
    dtype = loop.dtypes[0]
    ufunc, kind = loop.ufunc, dtype.kind
    if kind not in _BINARY or dtype.char in "eg" or any(each.num != dtype.num for each in loop.dtypes):
        return False
    if not (ufunc in _BINARY[kind] or ufunc in _UNARY[kind] or ufunc is _CLIP):
        return False
    if _step(one, node.outs[0]) != dtype.itemsize:
        return False
    return all(x.dtype.num == dtype.num and _step(one, x) in (0, dtype.itemsize) for x in node.inputs)


def _step(one: Pass, value: Value) -> int:
    """The bytes from one element of a row to the next."""
    slot = one.slots.get(value)
    if slot is not None:
        return one.inner[slot]
    return value.dtype.itemsize if value.node is not None and value.node.over == EACH else 0
