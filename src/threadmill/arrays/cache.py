"""A bounded cache that any thread may use."""

from collections.abc import Hashable
from typing import TypeVar

__all__ = ["Cache"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# One for each shape, or for each combination of dtypes: more than a program meets, as a rule.
_MOST = 512


class Cache(dict[Key, Value]):
    """Values by key, at most about 512 of them; a full cache is emptied.

    Any thread may read (`get`) and write (`put`) at any time: each is one step on a dictionary, and what was
    found is the reader's, whoever empties the cache meanwhile. A value that is missing is made again, so that
    nothing depends on what is kept. Keys that compare equal must stand for the same value: ``1 == True ==
    1.0``, and dtypes that differ in nothing but their metadata are equal.
    """

    __slots__ = ()

    def put(self, key: Key, value: Value) -> Value:
        if len(self) >= _MOST:
            self.clear()
        self[key] = value
        return value
