"""Whether a function gains from being fused: calls of many operations on little lose.

Nothing of a call's result depends on it. A call tallies its operations, which cost Python's time, and the
elements that passes and parallel calls have gone over. Where the first outweigh the others twice in a row
for arguments of the same shapes, the function is called as it is, a growing number of times, and then tried
again.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..arrays.cache import Cache
from ..arrays.labelled import class_of
from .nodes import Node

__all__ = ["QUICK", "Tally", "Worth", "key_of", "saved_ns"]

# Loops that take less time than an array takes on its way to memory and back.
QUICK = frozenset(
    """
    absolute add bitwise_and bitwise_or bitwise_xor cast conjugate copy divide equal fill greater
    greater_equal invert isfinite isinf isnan less less_equal logical_and logical_not logical_or
    maximum minimum multiply negative not_equal positive rint sign signbit sqrt square subtract where
    """.split()  # noqa: SIM905
)

# What an operation costs that a lazy array is asked for, and a pass besides: a formula of nine operations
# takes 204 us instead of 240 on 10**5 numbers, and 164 instead of 157 on 66,000 (two virtual cores).
_ASKED_NS, _PASS_NS = 5_000, 80_000

# What a step costs for each row that it is called for: 20 to 30 ns on a thread.
_ROW_NS = 16.0

# What an element saves in each step of a pass, where arrays lie in the caches.
_QUICK_SAVED_NS, _SAVED_NS = 0.17, 2.0

# Calls that lose before the function is called as it is, and for how many calls at most.
_LOSSES, _MOST_ALONE = 2, 1 << 10


def saved_ns(nodes: Sequence[Node], rows: int) -> float:
    """What a pass saves whose tiles are parts of so many rows."""
    saved = prod(nodes[0].space) * sum(_saved_ns(node.name) for node in nodes) - _PASS_NS
    return saved - rows * len(nodes) * _ROW_NS


def _saved_ns(name: str) -> float:
    return _QUICK_SAVED_NS if name in QUICK or name == "reduce" else _SAVED_NS


class Tally:
    """What one call has asked for, and what it has saved; used by the call's thread."""

    __slots__ = ("asked", "saved_ns")

    def __init__(self) -> None:
        self.asked = 0
        self.saved_ns = 0.0

    def add_parallel(self, name: str, size: int) -> None:
        """A call of a ufunc, or a reduction, that runs on all cores by itself."""
        self.saved_ns += size * _saved_ns(name)

    def loses(self) -> bool:
        return self.asked * _ASKED_NS > self.saved_ns


class Worth:
    """What is known of one fused function. Any thread writes; nothing but time depends on it."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # By shapes and dtypes of arguments: the calls that are still to be made as they are, and the losses
        # so far. They keep nothing alive.
        self._known: Cache[tuple[Any, ...], list[int]] = Cache()

    def begins_alone(self, key: tuple[Any, ...]) -> bool:
        """Whether this call is made as it is."""
        known = self._known.get(key)
        if known is None or known[0] <= 0:
            return False
        known[0] -= 1
        return True

    def learn(self, key: tuple[Any, ...], tally: Tally) -> None:
        known = self._known.get(key)
        if not tally.loses():
            if known is not None:
                known[:] = 0, 0
            return
        if known is None:
            known = self._known.put(key, [0, 0])
        known[1] += 1
        if known[1] >= _LOSSES:
            known[0] = min(4 << known[1], _MOST_ALONE)


def key_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What arguments are like: shapes and dtypes of arrays, types of everything else."""
    return tuple([_kind_of(x) for x in args])


def _kind_of(x: Any) -> Any:
    if type(x) is np.ndarray:
        return x.shape, x.dtype.num
    return type(x) if class_of(type(x)) is None else (type(x), getattr(x, "shape", None))
