"""Reductions of all elements that follow each other, foreseen, so that one pass makes them.

A reduction's result has to be there when Python goes on, so that ``x.min(), x.max()`` would be two passes.
But what a place in the program has asked for after a reduction it mostly asks for again. So the pass that
ends there makes those reductions as well, and the program finds them made. One that it does not ask for has
cost a little time: nothing else depends on what was foreseen.
"""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._native.fused import EACH
from ..arrays.cache import Cache
from .nodes import Conversion, Node, Value
from .warned import line_of_user, place_of_user

__all__ = ["Asked", "Foreseen", "origin"]


class Asked(NamedTuple):
    """A reduction `apart` nodes from the one that it followed, of what conversions make of its value."""

    apart: int
    casts: tuple[Conversion, ...]
    function: Any
    dtype: Any


# What followed a reduction the last time, by place and kind; no array is kept alive. Any thread may write.
_followed: Cache[tuple[Any, ...], list[Asked]] = Cache()

# Reductions that are made at most in one pass.
_MOST = 8


class Foreseen:
    """What follows one reduction: the last time, and now."""

    __slots__ = ("_before", "_first", "_now", "_places")

    def __init__(self, key: tuple[Any, ...], pending: list[Node], value: Value) -> None:
        key = (
            id(place_of_user(sys._getframe(3))[0]),
            line_of_user(),
            *key,
        )  # an instruction's place changes as Python learns
        self._before = _followed.get(key) or []
        self._now = _followed.put(key, [])
        self._places = {id(node): k for k, node in enumerate(pending)}  # nodes that are gone may share an id
        self._first = self._places.get(id(value.node), len(pending))

    def values(self, pending: list[Node]) -> Iterator[tuple[Value, Asked]]:
        """The values that were reduced after this one the last time, as far as they can be now."""
        if not self._before or self._first >= len(pending):
            return
        first = pending[self._first]
        for asked in self._before:
            k = self._first + asked.apart
            if 0 <= k < len(pending):
                node, value = pending[k], pending[k].outs[0]
                is_alike = node.over == EACH and node.space == first.space and node.turned == first.turned
                if is_alike and value.is_held():
                    yield value, asked

    def knows(self, value: Value) -> bool:
        """Whether the value was put off when that reduction ran."""
        return id(value.node) in self._places

    def note(self, value: Value, casts: tuple[Conversion, ...], function: Any, dtype: Any) -> None:
        """Keeps in mind for the next time that a reduction of such a value has been asked for."""
        k = self._places[id(value.node)]
        asked = Asked(k - self._first, casts, function, dtype)
        if asked not in self._now and len(self._now) < _MOST:
            self._now.append(asked)


def origin(value: Value) -> tuple[Value, tuple[Conversion, ...]]:
    """The value of which conversions that report nothing have made this one, and they."""
    casts: list[Conversion] = []
    while (node := value.node) is not None and node.name == "cast" and not node.reports:
        if value.array is not None or node.inputs[0].array is not None or type(node.loop) is not Conversion:
            break
        casts.append(node.loop)
        value = node.inputs[0]
    return value, tuple(reversed(casts))
