"""What a fused function has put off: nodes, each a loop with its operands, and the values that they make."""

import functools
import itertools
import types
from collections.abc import Sequence
from typing import Any
from weakref import ref

import numpy as np

from .._native.fields import NodeFields, ValueFields
from .._native.fused import EACH
from .._types import Array
from ..arrays.cache import Cache
from ..arrays.layout import NUMERIC
from ..arrays.loops import Loop

__all__ = [
    *("FIRST_IF_LARGE", "KINDS", "KNOWN", "NATIVE", "NODE", "NO_OPERAND", "VALUE", "Conversion", "Holder"),
    *("Node", "Place", "Value", "examples", "is_empty_mask", "is_plain", "is_turned", "kind_of"),
]

# Whose elements passes know; dates and times are NumPy's.
KNOWN = NUMERIC - {"m", "M"}

# Over which operand NumPy writes a node's result, unless it is the one of that number.
NO_OPERAND, FIRST_IF_LARGE = -1, -2

# The number of a value's dtype, its shape, whether it is turned, whether NumPy's copies of its array lie in
# neither of the two orders, and whether one place in memory may be several elements.
Kind = tuple[int, tuple[int, ...], bool, bool, bool]

# Where in the user's program a node was written: its code, its instruction, its globals.
Place = tuple[types.CodeType, int, dict[str, Any]]


# What aligned arrays of native numbers are as values, by the number of their dtype, shape and strides. Any
# thread may write.
KINDS: Cache[tuple[Any, ...], Kind] = Cache()


def kind_of(x: Array) -> Kind | None:
    """The kind of an array's value; None if no pass can read the array where it is. That of one without
    elements is not kept: its views are for Python to look at."""
    dtype = x.dtype
    number = dtype.num
    if dtype is not NATIVE.get(number):
        return _new_kind(x)
    key = number, x.shape, x.strides
    found = KINDS.get(key)
    if found is not None:
        return found if x.flags.aligned else None
    found = _new_kind(x)
    return found if found is None or not x.size else KINDS.put(key, found)


def is_empty_mask(x: Array) -> bool:
    """Whether an array can pick no elements."""
    return x.dtype.char == "?" and not x.size


def _new_kind(x: Array) -> Kind | None:
    turned = False
    if not is_plain(x):
        turned = is_turned(x)
        if not turned:
            return None
    return x.dtype.num, x.shape, turned, not turned and not _is_copied_in_order(x), 0 in x.strides


def _is_copied_in_order(x: Array) -> bool:
    """Whether NumPy's copy of an array in order K lies in C's order. The longest strides come first there,
    those of axes of length 1 and of 0 among them."""
    strides = [*map(abs, x.strides)]
    return x.flags.c_contiguous or all(one >= next_one for one, next_one in itertools.pairwise(strides))


def is_plain(x: Array) -> bool:
    """Whether a pass can read or write the array where it is: numbers, C order as far as strides tell."""
    dtype, flags = x.dtype, x.flags
    if dtype is not NATIVE.get(dtype.num) and not _is_native(dtype):
        return False
    return flags.aligned and (flags.c_contiguous or _is_in_order(x.shape, x.strides, dtype.itemsize))


# The dtypes of numbers as NumPy keeps them, by number.
NATIVE = {np.dtype(char).num: np.dtype(char) for char in KNOWN}


def _is_native(dtype: "np.dtype[Any]") -> bool:
    return dtype.char in KNOWN and dtype.isnative and dtype.metadata is None


@functools.lru_cache
def _is_in_order(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    """Whether axes go forward from the longest strides to the shortest, by whole elements."""
    last = None
    for stride, length in zip(strides, shape, strict=True):
        if length == 1 or stride == 0:
            continue
        if stride < 0 or stride % itemsize or (last is not None and stride > last):
            return False
        last = stride
    return True


def is_turned(x: Array) -> bool:
    """Whether that holds of Fortran's order. Where axes of length 1 or stride 0 go is NumPy's to choose."""
    return x.ndim > 1 and 1 not in x.shape and 0 not in x.strides and is_plain(x.T)


class Value(ValueFields):
    """An array that is there, or that a node will make.

    `is_plain`: a pass can read its array where it is; `kind`: dtype, shape and orders then. `turned`: its
    elements lie in Fortran's order. `owner` is the lazy array that shows it to the user, if one does.
    `borrowed`: the array is memory that is written later perhaps; who still holds the value then gets a copy
    first. `again`: it has been computed and not stored, as it is quickly made again. `folds`: what it has
    been reduced to while it had no array. `is_view`: the user is shown a view of its array, when it has one.
    """

    __slots__ = ()

    def __init__(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        array: Array | None = None,
        node: "Node | None" = None,
        turned: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self.array = array
        self.node = node
        self.owner: ref[Any] | None = None
        self.again = self.borrowed = self.is_view = False
        self.folds: dict[Any, Any] | None = None
        self._is_nan: bool | None = None
        self.kind: Kind | None = (dtype.num, shape, turned, False, False) if array is None else kind_of(array)
        self.is_plain = self.kind is not None
        self.turned = self.kind is not None and self.kind[2]

    @classmethod
    def of(cls, array: Array) -> "Value":
        return cls(array.dtype, array.shape, array)

    def is_nan(self) -> bool:
        """Whether it is a number that is NaN. Numbers do not change."""
        if self.array is None or self.shape or self.dtype.kind not in "fc":
            return False
        if self._is_nan is None:
            self._is_nan = bool(np.isnan(self.array))  # says nothing of a signalling one
        return self._is_nan

    def is_held(self) -> bool:
        """Whether a lazy array of the user's shows this value."""
        owner = None if self.owner is None else self.owner()
        return owner is not None and owner._value is self


class Conversion:
    """A loop that no ufunc's call has: a conversion of dtypes, a choice by a condition, a reduction."""

    __slots__ = ("beginnings", "contiguous", "dtypes", "name", "of", "reports", "strided")

    def __init__(
        self,
        name: str,
        loop: tuple[Any, int, int],
        dtypes: tuple[np.dtype[Any], ...],
        reports: bool,
        of: Loop | None = None,
        beginnings: tuple[Array, ...] = (),
    ) -> None:
        self.of = of  # the ufunc's loop, where it is one
        self.beginnings = beginnings  # what the results of columns begin with
        self.name = name
        self.dtypes = dtypes
        self.contiguous = self.strided = loop
        self.reports = reports


class Node(NodeFields):
    """One loop over its operands, put off.

    `over`: what the loop goes over at once: EACH element, or ONCE for each row, or a ROW that it reduces, or
    each COLUMN, whose results are there when the pass is over. `space` is the shape that the pass walks.
    `shape` is that of the result: the same, or one whose `axes` have length 1 or are gone.

    `turned`: it runs in Fortran's order, as its operands lie. `target`: the evaluated array that its result
    is written into, for a node that stores. `reused`: the operand that is put off and over which NumPy writes
    the result, by its number. `reports`: whether floating-point errors are to be told.
    `state`: the modes of np.errstate and the warnings' filters then.
    """

    __slots__ = ()

    def __init__(
        self,
        loop: "Loop | Conversion",
        name: str,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        reports: bool,
        place: Place | None,
        state: Any,
        turned: bool,
        over: int = EACH,
        space: tuple[int, ...] | None = None,
        axes: tuple[int, ...] = (-1,),
    ) -> None:
        self.loop = loop
        self.axes = axes
        self.name = name
        self.inputs = inputs
        self.shape = shape
        self.reports = reports
        self.place = place
        self.state = state
        self.target: Array | None = None
        self.is_in_place = False
        self.reused = NO_OPERAND
        self.turned = turned
        self.over = over
        self.space = shape if space is None else space
        if len(loop.dtypes) == len(inputs) + 1:  # a comprehension takes longer than one value
            self.outs = [Value(loop.dtypes[-1], shape, None, self, turned)]
        else:
            self.outs = [Value(dtype, shape, None, self, turned) for dtype in loop.dtypes[len(inputs) :]]

    def beginnings(self) -> Sequence[Array]:
        """What the results of columns begin with: what the loop knows, or the operand after the first one."""
        if isinstance(self.loop, Conversion) and self.loop.beginnings:
            return self.loop.beginnings
        return [value.array for value in self.inputs[1:] if value.array is not None]

    def forget(self) -> None:
        """When it has run, or never will: lets go of its operands, and of its results, which refer to it."""
        self.inputs = ()
        self.outs = []


def _examples() -> tuple[Node, Value]:
    """What a node over each element and its only value are like, but for what `new_node` is given."""
    node, value = Node.__new__(Node), Value.__new__(Value)
    node.target, node.is_in_place, node.reused, node.over, node.axes = None, False, NO_OPERAND, EACH, (-1,)
    value.owner = value.folds = value._is_nan = None
    value.again = value.borrowed = value.is_view = False
    return node, value


NODE, VALUE = _examples()


def examples(
    loop: Loop | Conversion, name: str, shape: tuple[int, ...], reports: bool, turned: bool, *walk: Any
) -> tuple[Node, Value]:
    """What all nodes of a plan and their values are like; they refer to no operand. `walk`: `over`,
    `space` and `axes` of the nodes."""
    node = Node(loop, name, (), shape, reports, None, None, turned, *walk)
    node.forget()
    return node, Value(loop.dtypes[-1], shape, None, None, turned)


class Holder:
    """Holds a value as a lazy array does."""

    __slots__ = ("__weakref__", "_owner", "_value")

    def __init__(self, value: Value) -> None:
        self._value = value
        self._owner = value.owner

    def __enter__(self) -> None:
        self._value.owner = ref(self)

    def __exit__(self, *failure: object) -> None:
        self._value.owner = self._owner
