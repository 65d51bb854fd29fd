"""Elements of lazy arrays and views of them, as subscripts read and write them."""

import operator
from collections.abc import Iterator
from sys import _getframe
from typing import Any

import numpy as np

from .._native.views import prepare, view
from ..arrays.errstate import as_the_user
from .calls import assign
from .exposed import give_back
from .lazy import LAZY, LazyArray, evaluated, evaluated_alone, lazy, plain, wrapped
from .nodes import KINDS, NATIVE, VALUE, is_empty_mask
from .numpys_code import is_numpys
from .picking import picked
from .steps import put_where
from .who_asks import swaps_rows

__all__ = ["contains", "getitem", "iterate", "setitem"]

prepare(LAZY, VALUE, np.ndarray, NATIVE, KINDS)


def getitem(self: LazyArray, key: Any) -> Any:
    record, value = self._record, self._value
    record.tally.asked += 1
    found = view(self, key)
    if found is not None:
        return found
    array = value.array
    if array is None and type(key) is tuple and not key and value.shape and is_numpys(_getframe(1)):
        value.is_view = True  # so it makes scalars of arrays of no axes that it has made
        return self
    if type(key) is LazyArray:
        found = picked(self, key)
        if found is not NotImplemented:
            return found
        array = value.array
    if array is None or value.borrowed:
        array = record.evaluate(value)
    if type(key) is int and len(value.shape) > 1 and swaps_rows(_getframe(1)):
        return array[key].copy()
    is_basic = type(key) is tuple and _BASIC.issuperset(map(type, key))  # most keys, without a call
    found = array[key if is_basic else _plain_key(key)]
    if type(found) is np.ndarray and found.ndim and record.is_open and not is_empty_mask(found):
        return lazy(record, found)
    if not isinstance(found, np.ndarray):
        # the errors of what stands before are told before those of what follows
        record.flush("an element was read")
    return wrapped(record, found)


def setitem(self: LazyArray, key: Any, new: Any) -> None:
    record = self._record
    if type(key) is LazyArray and type(new) in (int, float) and put_where(self, key, new):
        return
    key = _plain_key(key)
    array = evaluated_alone(self)
    if type(new) is LazyArray and new._record is record and _is_basic(key) and array.flags.writeable:
        target = array if key is Ellipsis else array[key]
        if isinstance(target, np.ndarray):
            assign(record, target, new._value)
            return
    record.flush("an assignment was NumPy's to make")
    given = plain(new)
    give_back(record, array)
    as_the_user(array.__setitem__, key, given)


# Keys of views, in which lazy arrays stand for numbers at most, which NumPy asks them for.
_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})


def _is_basic(key: Any) -> bool:
    return type(key) in _BASIC or (type(key) is tuple and _BASIC.issuperset(map(type, key)))


def _plain_key(key: Any) -> Any:
    return key if _is_basic(key) else plain(key)


def iterate(self: LazyArray) -> Iterator[Any]:
    record = self._record
    if not self.shape:
        raise TypeError("iteration over a 0-d array")
    return (wrapped(record, evaluated(self)[k]) for k in range(len(self)))


def contains(self: LazyArray, item: Any) -> bool:
    return as_the_user(operator.contains, evaluated(self), plain(item))
