"""What arrays that are there have been reduced to, and which reductions of theirs follow each other.

Each reduction of an array is a pass over memory. But what a place in the program has asked for after a
reduction it mostly asks for again, and one pass makes both. What has been made is kept until somebody may
have written to the array.
"""

import sys
from typing import Any
from weakref import ref

from ..arrays.cache import Cache
from .warned import line_of_user, place_of_user

__all__ = ["Together"]

# What followed a reduction the last time, by place and kind: functions and dtypes that were asked for. No
# array is kept alive. Any thread may write.
_followed: Cache[tuple[Any, ...], list[tuple[Any, Any]]] = Cache()

# Reductions that are made at most in one pass.
_MOST = 8


class Together:
    """The reductions of one array: `found`, by the kind of a fold; `before`, those that followed the first
    one the last time."""

    __slots__ = ("_now", "_of", "_value", "before", "found")

    def __init__(self, x: Any, kind: tuple[Any, ...]) -> None:
        """`x`: the lazy array that shows it; `kind`: that of the first reduction."""
        self._of, self._value = ref(x), id(x._value)
        key = id(place_of_user(sys._getframe(1))[0]), line_of_user(), *kind
        self.before = _followed.get(key) or []
        self._now = _followed.put(key, [])
        self.found: dict[tuple[Any, ...], Any] = {}

    def is_of(self, x: Any) -> bool:
        of: Any = self._of()
        return of is x and id(of._value) == self._value

    def note(self, function: Any, dtype: Any) -> None:
        """Keeps in mind for the next time what has been asked for."""
        asked = function, dtype
        if asked not in self._now and len(self._now) < _MOST:
            self._now.append(asked)
