"""How Python objects and arrays become items of a dtype.

An item keeps its value. What NumPy casts by its "same_kind" rule is taken, and so is any Python number that
fits; another kind is a TypeError, and a value that would change is an OverflowError. Floats may be rounded.
"""

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types import Array

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Caster"]

_INTEGERS = "iu"
_TEXTS = {"S": "S", "U": "SU", "V": "SV"}  # the kinds that each takes
# For each kind of dtype: the Python numbers that become its items, and the methods of other objects that are
# such numbers.
_NUMBERS: dict[str, tuple[tuple[type, ...], tuple[str, ...]]] = {
    "b": ((bool,), ()),
    "i": ((int, bool), ("__index__",)),
    "u": ((int, bool), ("__index__",)),
    "f": ((float, int, bool), ("__float__", "__index__")),
    "c": ((complex, float, int, bool), ("__complex__", "__float__", "__index__")),
}
_TO_PYTHON: dict[str, Any] = {"i": operator.index, "u": operator.index, "f": float, "c": complex}
# Floats of fewer bits may overflow to infinity without an error.
_BITS_OF_PYTHON = {"f": 64, "c": 128}


class Caster:
    """Makes arrays of one dtype that nobody else has, or that nobody has to copy."""

    def __init__(self, dtype: "np.dtype[Any]") -> None:
        self.dtype = dtype
        self.base, self.shape = dtype.subdtype or (dtype, ())
        self._fields = [(name, Caster(self.base[name])) for name in self.base.names or ()]
        kind = self.base.kind
        types, self._protocols = _NUMBERS.get(kind, ((), ()))
        exact = not self.shape and self.base.itemsize * 8 >= _BITS_OF_PYTHON.get(kind, 0)
        # Types of which NumPy itself stores the value or refuses it.
        self._stored = frozenset((*types, self.base.type)) if types and exact else frozenset()

    def empty(self, n: int) -> Array:
        """Memory for n items."""
        return np.empty((n, *self.shape), self.base)

    def one(self, item: Any) -> Array:
        """An array of one item."""
        if type(item) in self._stored:
            block = self.empty(1)
            try:
                block[0] = item
            except OverflowError:
                raise _unfit(item, self.dtype) from None
            return block
        if self._fields and isinstance(item, list | tuple):
            return self._records(item) if self.shape else self._record(item)
        array = self._as_array(item)
        if array.shape != self.shape:
            raise ValueError(f"an item of dtype {self.dtype} has shape {self.shape}, got shape {array.shape}")
        return np.array(_cast(array, self.base), order="C", ndmin=array.ndim + 1)

    def many(self, items: "npt.ArrayLike") -> Array:
        """A contiguous array of items; the given one, if it is that already."""
        if isinstance(items, list | tuple):
            return self._sequence(items) if self.base.kind in _NUMBERS else self._each(items)
        array = _unmasked(items)
        if array.ndim == 0 or (array.shape[1:] != self.shape and len(array)):
            raise ValueError(f"items must have shape {self._shape_of_many()}, got shape {array.shape}")
        if len(array) == 0:
            return self.empty(0)
        if array.dtype.kind == "O":
            return self._each(array)
        return np.ascontiguousarray(_cast(array, self.base))

    def _shape_of_many(self) -> str:
        return f"({', '.join(['n', *map(str, self.shape)])}{'' if self.shape else ','})"

    def _sequence(self, items: Any) -> Array:
        """Numbers all at once, where NumPy makes them an array of their kind, or one by one."""
        try:
            array = np.asarray(items)
        except (ValueError, OverflowError):  # of several shapes, too large
            return self._each(items)
        integers = array.dtype.kind in _INTEGERS and self.base.kind in _INTEGERS
        kinds_fit = integers or np.can_cast(array.dtype, self.base, "same_kind")
        if array.shape[1:] == self.shape and array.dtype.kind != "O" and kinds_fit:
            return np.ascontiguousarray(_cast(array, self.base, integers))
        return self._each(items)

    def _each(self, items: Any) -> Array:
        block = self.empty(len(items))
        for place, item in enumerate(items):
            block[place] = self.one(item)[0]
        return block

    def _records(self, item: "list[Any] | tuple[Any, ...]") -> Array:
        """A sub-array of records."""
        if len(item) != self.shape[0]:
            raise ValueError(f"an item of dtype {self.dtype} has length {self.shape[0]}, got {len(item)}")
        return Caster(np.dtype((self.base, self.shape[1:])))._each(item)[np.newaxis]

    def _record(self, item: "list[Any] | tuple[Any, ...]") -> Array:
        if not isinstance(item, tuple):
            raise TypeError(f"an item of dtype {self.dtype} is a tuple, got a list")
        if len(item) != len(self._fields):
            raise TypeError(f"an item of dtype {self.dtype} has {len(self._fields)} fields, got {len(item)}")
        record = np.zeros(1, self.base)
        for (name, caster), value in zip(self._fields, item, strict=True):
            record[name] = caster.one(value)
        return record

    def _as_array(self, item: Any) -> Array:
        """An item as NumPy has it; a number as one of the queue's kind."""
        if not isinstance(item, np.ndarray):
            item = self._as_python(item)
        array = _unmasked(item)
        if array.ndim == 0 and array.dtype.kind in _INTEGERS and self.base.kind in _INTEGERS:
            return self._integer(int(array))
        return array

    def _as_python(self, item: Any) -> Any:
        if isinstance(item, np.generic) or self.shape:
            return item
        if any(hasattr(type(item), each) for each in self._protocols):
            number = _TO_PYTHON[self.base.kind](item)
            return self._integer(number) if self.base.kind in _INTEGERS else number
        if self.base.kind in "Mm" and not isinstance(item, str | bytes | int | None):
            try:
                return (np.datetime64 if self.base.kind == "M" else np.timedelta64)(item)
            except (TypeError, ValueError):
                return item
        return item

    def _integer(self, number: int) -> Array:
        array = np.empty((), self.base)
        try:
            array[()] = number
        except OverflowError:
            raise _unfit(number, self.dtype) from None
        return array


def _unmasked(values: Any) -> Array:
    if (
        isinstance(values, np.ndarray)
        and type(values) is not np.ndarray
        and np.any(getattr(values, "mask", False))
    ):
        raise TypeError("masked items have no value to put in; use their filled() or compressed()")
    return np.asarray(values)


def _cast(array: Array, dtype: "np.dtype[Any]", any_sign: bool = False) -> Array:
    """The array in a dtype of its kind."""
    if array.dtype == dtype:
        return array
    if dtype.names is not None:
        return _cast_fields(array, dtype)
    # NumPy writes numbers as texts.
    other = dtype.kind in _TEXTS and array.dtype.kind not in _TEXTS[dtype.kind]
    if other or array.dtype.names or not (any_sign or np.can_cast(array.dtype, dtype, "same_kind")):
        raise _other_kind(array.dtype, dtype)
    try:
        with np.errstate(all="ignore"):
            cast = array.astype(dtype)
    except OverflowError:  # of times, in newer NumPy; others come out as other times
        raise _unfit(array.flat[0] if array.size == 1 else array, dtype) from None
    kept = _is_kept(array, cast)
    if kept is not True and not kept.all():
        raise _unfit(array[~kept].flat[0], dtype)
    return cast


def _cast_fields(array: Array, dtype: "np.dtype[Any]") -> Array:
    """Field by field, in their order, as NumPy does."""
    if array.dtype.names is None or len(array.dtype.names) != len(dtype.names or ()):
        raise _other_kind(array.dtype, dtype)
    result = np.zeros(array.shape, dtype)
    for source, target in zip(array.dtype.names, dtype.names or (), strict=True):
        if array.dtype[source].shape != dtype[target].shape:
            raise _other_kind(array.dtype, dtype)
        result[target] = _cast(array[source], dtype[target].base)
    return result


def _is_kept(array: Array, cast: Array) -> Any:
    """Where the cast has the array's values; True for everywhere."""
    source, target = array.dtype, cast.dtype
    if np.can_cast(source, target, "safe") and target.kind not in "Mm":  # times of another unit may overflow
        return True
    if target.kind in _INTEGERS:
        least, most = np.iinfo(target).min, np.iinfo(target).max
        return (array >= least) & (array <= most)
    if target.kind in "fc":
        return np.isfinite(cast) | ~np.isfinite(array)
    if source.kind == "u":  # and a time
        return array <= np.iinfo(np.int64).max
    kept = cast.astype(source) == array
    return kept | (np.isnat(array) & np.isnat(cast)) if source.kind in "Mm" else kept


def _other_kind(source: "np.dtype[Any]", dtype: "np.dtype[Any]") -> TypeError:
    return TypeError(
        f"a queue of dtype {dtype} does not take {source}: NumPy's 'same_kind' rule does not cast one to the "
        f"other; convert it first"
    )


def _unfit(value: Any, dtype: "np.dtype[Any]") -> OverflowError:
    return OverflowError(
        f"{value!r} does not fit a queue of dtype {dtype}; its value would change: use a wider dtype"
    )
