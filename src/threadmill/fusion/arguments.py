"""What a fused function is given, as lazy arrays, and what it returns, as NumPy's.

Lists and dicts are copied, as other threads may read the caller's meanwhile. What the function has changed in
a copy is written back at the end.
"""

from typing import Any

import numpy as np

from .._native.memory import are_apart
from ..arrays.doors import SIMPLE
from ..arrays.layout import NUMERIC
from .exposed import expose
from .frames import LazyFrame, frame_of
from .labelled import is_labelled, labelled_given, settle
from .lazy import LazyArray, evaluated, lazy
from .nodes import is_empty_mask
from .record import Record

__all__ = ["Arguments", "largest"]

# Elements of a list or dict that is looked into. Longer ones hold numbers, as a rule, and are not copied.
_MOST_HELD = 1000

# Types that are certainly neither pandas' nor xarray's.
_PLAIN = SIMPLE | {tuple, list, dict}


def largest(args: tuple[Any, ...] | list[Any], within: tuple[int, ...] = ()) -> int:
    """Elements of the largest array among these, in tuples, lists and dicts too; 0 without one. `within` are
    the ids of the lists and dicts that these are in."""
    most = 0
    for x in args:
        kind = type(x)
        if kind is np.ndarray:
            size = x.size
        elif kind is tuple and len(x) <= _MOST_HELD:
            size = largest(x, within)
        elif kind is list and _is_looked_into(x, within):
            size = largest(x, (*within, id(x)))
        elif kind is dict and _is_looked_into(x, within):
            size = largest([*x.values()], (*within, id(x)))
        elif kind not in _PLAIN and is_labelled(kind):
            size = x.size
        else:
            continue
        if size > most:
            most = size
    return most


def _is_looked_into(x: Any, within: tuple[int, ...]) -> bool:
    return len(x) <= _MOST_HELD and id(x) not in within


def _holds_few(x: Any) -> bool:
    """Whether an array is one of objects, few enough to be looked at."""
    return bool(x.dtype.char == "O" and x.size <= _MOST_HELD)


class Arguments:
    """The arguments of one call."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._given: dict[int, tuple[Any, Any]] = {}  # by id: an argument, and what the function gets for it
        self._copied: dict[
            int, tuple[Any, Any, list[Any]]
        ] = {}  # by id of a copy: its original, it, its items
        self._settled: dict[int, Any] = {}  # by id: lists and dicts that have been looked through at the end
        self._as_they_are: list[Any] = []  # arrays that are no lazy ones
        self._objects: list[Any] = []  # arrays of objects, into which the function may put lazy arrays
        self._labelled: dict[int, Any] = {}  # by id of what the function gets: the array with labels

    def given(self, x: Any) -> Any:
        """An argument as the function gets it: plain arrays of numbers as lazy ones."""
        kind = type(x)
        if kind is tuple:
            return tuple([self.given(each) for each in x])
        if kind is np.ndarray:
            if x.dtype.char not in NUMERIC or not x.ndim or is_empty_mask(x):
                if _holds_few(x):
                    self._objects.append(x)
                    self._as_they_are += [each for each in x.flat if isinstance(each, np.ndarray)]
                self._as_they_are.append(x)
                return x
        elif kind not in _PLAIN and is_labelled(kind):
            if id(x) not in self._given:
                new = labelled_given(self._record, x)
                self._given[id(x)] = x, new
                self._labelled[id(new)] = x
            return self._given[id(x)][1]
        elif (kind is not list and kind is not dict) or len(x) > _MOST_HELD:
            if isinstance(x, np.ndarray):
                self._as_they_are.append(x)
            return x
        if id(x) not in self._given:
            if kind is np.ndarray:
                self._given[id(x)] = x, lazy(self._record, x)
            else:
                self._copy(x)
        return self._given[id(x)][1]

    def all_given(self) -> None:
        """What is written through arrays that came in as they are is written unseen where others are read."""
        for x in self._as_they_are:
            if x.flags.writeable and not all(are_apart(x, read) for read in self._lazy()):
                expose(self._record, x)

    def _lazy(self) -> list[Any]:
        return [x for x, new in self._given.values() if type(new) is LazyArray]

    def _copy(self, x: Any) -> None:
        copy: Any = type(x)()
        self._given[id(x)] = x, copy  # before its items, among which it may be
        if type(x) is list:
            copy += [self.given(each) for each in x]
        else:
            copy.update({key: self.given(each) for key, each in x.items()})
        self._copied[id(copy)] = x, copy, _items(copy)

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
            self._settle_items(x)
            return x
        if kind is np.ndarray:
            if _holds_few(x):
                self._settle_objects(x)
            return x
        if isinstance(x, tuple) and (kind is tuple or hasattr(x, "_make")):
            new = [self.taken(each) for each in x]
            if all(map(_is, new, x)):
                return x
            return tuple(new) if kind is tuple else x._make(new)  # type: ignore[attr-defined]
        settle(x)
        return x

    def _settle_items(self, x: Any) -> None:
        """Puts arrays in place of lazy ones in a list or dict that the function has made."""
        if id(x) in self._settled:
            return
        self._settled[id(x)] = x
        for key, each in [*(enumerate(x) if type(x) is list else x.items())]:
            new = self.taken(each)
            if new is not each:
                x[key] = new

    def _settle_objects(self, x: Any) -> None:
        """The same in an array of objects."""
        if id(x) in self._settled or not x.flags.writeable:
            return
        self._settled[id(x)] = x
        within = x if x.ndim else x.reshape(1)
        for place in np.ndindex(within.shape):
            each = within[place]
            new = self.taken(each)
            if new is not each:
                within[place] = new

    def write_back(self) -> None:
        """Changes the caller's lists and dicts as the function has changed their copies."""
        for x in self._objects:
            self._settle_objects(x)
        for x in self._as_they_are:
            settle(x)
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
