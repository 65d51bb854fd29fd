"""What a fused function is given, as lazy arrays, and what it returns, as NumPy's.

Lists and dicts are copied, as other threads may read the caller's meanwhile. What the function has changed in
a copy is written back at the end.
"""

from typing import Any

import numpy as np

from ..arrays.layout import NUMERIC
from .frames import LazyFrame, frame_of
from .labelled import is_labelled, labelled_given, settle
from .lazy import LazyArray, evaluated, lazy
from .record import Record

__all__ = ["LEAST", "Arguments", "pays"]

# Elements of the largest argument below which the function is called as it is.
LEAST = 65536

# Elements of a list or dict that is looked into. Longer ones hold numbers, as a rule, and are not copied.
_MOST_HELD = 1000

# Types that are certainly neither pandas' nor xarray's.
_PLAIN = frozenset({bool, int, float, complex, str, type(None), tuple, list, dict})


def pays(args: tuple[Any, ...] | list[Any]) -> bool:
    """Whether an array among these, in tuples, lists and dicts too, is large enough."""
    for x in args:
        kind = type(x)
        if kind is np.ndarray:
            if x.size >= LEAST:
                return True
        elif (
            ((kind is tuple or kind is list) and len(x) <= _MOST_HELD and pays(x))
            or (kind is dict and len(x) <= _MOST_HELD and pays(list(x.values())))
            or (kind not in _PLAIN and is_labelled(kind) and x.size >= LEAST)
        ):
            return True
    return False


class Arguments:
    """The arguments of one call."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._given: dict[int, tuple[Any, Any]] = {}  # by id: an argument, and what the function gets for it
        self._copied: dict[
            int, tuple[Any, Any, list[Any]]
        ] = {}  # by id of a copy: its original, it, its items
        self._labelled: dict[int, Any] = {}  # by id of what the function gets: the array with labels

    def given(self, x: Any) -> Any:
        """An argument as the function gets it: plain arrays of numbers as lazy ones."""
        kind = type(x)
        if kind is tuple:
            return tuple([self.given(each) for each in x])
        if kind is np.ndarray:
            if x.dtype.char not in NUMERIC or not x.ndim:
                return x
        elif kind not in _PLAIN and is_labelled(kind):
            if id(x) not in self._given:
                new = labelled_given(self._record, x)
                self._given[id(x)] = x, new
                self._labelled[id(new)] = x
            return self._given[id(x)][1]
        elif (kind is not list and kind is not dict) or len(x) > _MOST_HELD:
            return x
        if id(x) not in self._given:
            self._given[id(x)] = x, lazy(self._record, x) if kind is np.ndarray else self._copy(x)
        return self._given[id(x)][1]

    def _copy(self, x: Any) -> Any:
        copy: Any
        if type(x) is list:
            copy = [self.given(each) for each in x]
        else:
            copy = {key: self.given(each) for key, each in x.items()}
        self._copied[id(copy)] = x, copy, _items(copy)
        return copy

    def taken(self, x: Any) -> Any:
        """A result as the caller gets it."""
        kind = type(x)
        if kind is LazyArray:
            return evaluated(x)
        if id(x) in self._labelled:
            return self._labelled[id(x)]
        if kind is LazyFrame:
            return frame_of(x)
        if id(x) in self._copied:
            return self._copied[id(x)][0]
        if kind is list or kind is dict:
            values = x if kind is list else list(x.values())
            new = [self.taken(each) for each in values]
            if all(map(_is, new, values)):
                return x
            return new if kind is list else dict(zip(x, new, strict=True))
        if kind is tuple:
            return tuple([self.taken(each) for each in x])
        if isinstance(x, tuple) and hasattr(x, "_make"):
            return x._make([self.taken(each) for each in x])
        settle(x)
        return x

    def write_back(self) -> None:
        """Changes the caller's lists and dicts as the function has changed their copies."""
        for original, copy, before in self._copied.values():
            now = _items(copy)
            if len(now) == len(before) and all(map(_is, now, before)):
                continue
            new = [self.taken(each) for each in (copy if type(copy) is list else copy.values())]
            if type(copy) is list:
                original[:] = new
            else:
                keys = list(copy)
                original.clear()
                original.update(zip(keys, new, strict=True))


def _items(x: Any) -> list[Any]:
    """What a list holds, or a dict with its keys."""
    return list(x) if type(x) is list else [*x, *x.values()]


def _is(a: Any, b: Any) -> bool:
    return a is b
