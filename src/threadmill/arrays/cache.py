"""A bounded cache that any thread may use."""

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Cache"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Values by key, at most about `bound` of them; a full cache is emptied.

    Any thread may read and write at any time: each method does one step on a dictionary, and what it found is
    the caller's, whoever empties the cache meanwhile. A value that is missing is made again, so that nothing
    depends on what is kept. Keys that compare equal must stand for the same value: ``1 == True == 1.0``, and
    dtypes that differ in nothing but their metadata are equal.
    """

    __slots__ = ("_bound", "_entries")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._entries: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        return self._entries.get(key)

    def put(self, key: Key, value: Value) -> Value:
        if len(self._entries) >= self._bound:
            self.clear()
        self._entries[key] = value
        return value

    def clear(self) -> None:
        self._entries = {}  # readers of the old one are not disturbed
