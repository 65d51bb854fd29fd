"""Lazy arrays: what a fused function's arguments are while it runs.

A lazy array does what an ndarray does. Operations on numbers are put off; whatever needs values evaluates
them and goes to NumPy, whose result goes on as a lazy array. It is no subclass of ndarray, as code in C that
reads its memory would read nonsense; Python code is told that it is one. What it does stands in operators.py.
"""

import sys
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .._native.fields import LazyFields, new_lazy, new_view
from ..arrays.errstate import as_the_user
from .elision import lies_apart
from .explanation import MAY_CHANGE
from .exposed import expose, give_back
from .nodes import VALUE, Node, Value, is_empty_mask, kind_of
from .numpys_calls import called, calls_back, log_call, made, namesake
from .record import Record
from .who_asks import asks_in_python, is_shown

if TYPE_CHECKING:
    from .._types import Array

__all__ = [
    "LAZY",
    "LazyArray",
    "at_once",
    "beside",
    "evaluated",
    "evaluated_alone",
    "lazy",
    "plain",
    "shown",
    "wrapped",
]


class LazyArray(LazyFields):
    """An array that is there or put off; made by a record."""

    __slots__ = ("__weakref__",)
    __array_priority__ = 1000000.0
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, record: Record, value: Value) -> None:
        self._record = record
        self._value = value
        value.owner = ref(self)

    # For Python code it is an ndarray; code in C is not taken in.
    @property
    def __class__(self) -> Any:
        return np.ndarray

    @__class__.setter
    def __class__(self, new: Any) -> None:
        evaluated(self).__class__ = new

    # ---- what is known without its elements ----

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @shape.setter
    def shape(self, new: Any) -> None:
        _set(self, "shape", new)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._value.dtype

    @dtype.setter
    def dtype(self, new: Any) -> None:
        _set(self, "dtype", new)

    @property
    def ndim(self) -> int:
        return len(self._value.shape)

    @property
    def size(self) -> int:
        size = 1
        for length in self._value.shape:
            size *= length
        return size

    @property
    def itemsize(self) -> int:
        return self._value.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self._value.dtype.itemsize

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("len() of unsized object")
        return self._value.shape[0]

    # ---- what shows its memory ----

    @property
    def strides(self) -> tuple[int, ...]:
        return evaluated_alone(self).strides

    @strides.setter
    def strides(self, new: Any) -> None:
        _set(self, "strides", new)

    @property
    def real(self) -> Any:
        if self._value.dtype.kind in "biuf":
            return self
        return wrapped(self._record, evaluated_alone(self).real)

    @real.setter
    def real(self, new: Any) -> None:
        _set(self, "real", new)

    @property
    def imag(self) -> Any:
        return wrapped(self._record, evaluated_alone(self).imag)

    @imag.setter
    def imag(self, new: Any) -> None:
        _set(self, "imag", new)

    @property
    def flat(self) -> Any:
        expose(self._record, evaluated(self))
        return evaluated(self).flat

    @flat.setter
    def flat(self, new: Any) -> None:
        _set(self, "flat", new)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = evaluated(self)
        if dtype is not None and "__array__" in sys._getframe(1).f_code.co_names:
            return as_the_user(np.array, array, dtype, copy=copy)
        if copy:
            return array.copy("K")  # NumPy copies it once more into an order that it is asked for
        expose(self._record, array)
        if dtype is not None and dtype is not array.dtype and dtype == array.dtype:  # but for metadata
            return array.view(dtype)
        return array  # NumPy converts it then, if it has to, and warns at the user's line

    # NumPy before 2.1 looks for these two on the type.

    def __dlpack__(self, **options: Any) -> Any:
        array = evaluated(self)
        expose(self._record, array)
        return array.__dlpack__(**options)

    def __array_namespace__(self, **options: Any) -> Any:
        return np.ndarray.__array_namespace__(np.empty(0), **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return evaluated_alone(self).__dlpack_device__()

    def __getattr__(self, name: str) -> Any:
        if not (is_shown(name) if name.startswith("__") else hasattr(np.ndarray, name)):
            if name == "__numpy_dtype__" and not asks_in_python(name, sys._getframe(1)):
                raise TypeError("Cannot construct a dtype from an array")  # its `dtype` would be asked next
            if name == "_baseclass" and sys._getframe(1).f_globals.get("__name__") == "numpy.ma.core":
                return np.ndarray  # else numpy.ma takes this class for that of its arrays' data
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        record = self._record
        array = evaluated_alone(self) if name in _VIEWS else evaluated(self)
        found = getattr(array, name)
        if isinstance(found, np.ndarray):
            return _named(record, found, (self,))
        if not callable(found):
            if name in _MEMORY:
                expose(record, array)
            return found

        def method(*args: Any, **options: Any) -> Any:
            if name in _VIEWS:
                return _named(record, as_the_user(found, *plain(args), **plain(options)), (self,))
            result = at_once(record, getattr(np.ndarray, name), (self, *args), options)
            _look_again(self)
            return result

        return method


# What new ones are made like.
LAZY = LazyArray.__new__(LazyArray)

# So CPython's own messages call it: "unhashable type: 'numpy.ndarray'".
LazyArray.__name__ = "numpy.ndarray"

# What looks at an array without its elements, and gives views of it.
_VIEWS = frozenset({"T", "mT", "flags", "reshape", "squeeze", "swapaxes", "transpose", "view"})

# Through what memory can be written unseen.
_MEMORY = frozenset({"base", "ctypes", "data", "__array_interface__", "__array_struct__", "__buffer__"})


def _set(x: LazyArray, name: str, new: Any) -> None:
    array = evaluated(x)
    give_back(x._record)
    as_the_user(setattr, array, name, plain(new))
    _look_again(x)


def _look_again(x: LazyArray) -> None:
    """After what may have changed an array's shape or dtype in place."""
    value = x._value
    array = value.array
    if array is not None and (array.shape != value.shape or array.dtype != value.dtype):
        x._value = Value.of(array)
        x._value.owner = ref(x)


# ---- between lazy arrays and NumPy's ----


def lazy(record: Record, array: "Array") -> LazyArray:
    """An evaluated array as a lazy one."""
    kind = kind_of(array)
    is_plain, turned = (False, False) if kind is None else (True, kind[2])
    return new_view(LAZY, VALUE, record, array.dtype, array.shape, array, is_plain, turned, kind)  # type: ignore[no-any-return]


def _apart(record: Record, array: "Array") -> LazyArray:
    """As a lazy one that no pass reads, whose results would lie as new arrays do."""
    return new_view(LAZY, VALUE, record, array.dtype, array.shape, array, False, False, None)  # type: ignore[no-any-return]


def shown(record: Record, node: Node) -> Any:
    """What a node makes, as a lazy array, or as several."""
    outs = node.outs
    result: Any = new_lazy(LAZY, record, outs[0])
    if len(outs) > 1:
        result = result, *[LazyArray(record, value) for value in outs[1:]]
    if record.is_urgent:
        record.flush(MAY_CHANGE)
    return result


def wrapped(record: Record, result: Any) -> Any:
    """What NumPy has returned; its plain arrays go on as lazy ones.

    Those of no axes go on as they are: for lazy ones NumPy does not tell us of `out=...`, which asks for an
    array where a number would be returned. So do masks without elements, which C takes for empty lists.
    """
    if type(result) is np.ndarray:
        if result.ndim:
            if not record.is_open or is_empty_mask(result):
                return result
            return _apart(record, result) if lies_apart(result) else lazy(record, result)
        if result.base is not None:
            expose(record, result)
        return result
    if type(result) is not LazyArray and isinstance(result, np.ndarray):
        if result.base is not None:  # a view whose class is the user's, who writes through it
            expose(record, result)
        return result
    if type(result) is tuple:
        return tuple([wrapped(record, each) for each in result])
    if type(result) is list:
        return [wrapped(record, each) for each in result]
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make([wrapped(record, each) for each in result])
    return result


def evaluated(x: LazyArray) -> "Array":
    """The array, once all that is put off has run."""
    if x._record.pending:
        x._record.flush()
    return x._record.evaluate(x._value)


def evaluated_alone(x: LazyArray) -> "Array":
    """The array of a lazy array that has one, in memory of its own."""
    return x._record.evaluate(x._value)


def plain(x: Any) -> Any:
    """x with arrays instead of lazy arrays, in tuples, lists, dicts and slices too."""
    kind = type(x)
    if kind is LazyArray:
        return evaluated(x)
    if kind is tuple:
        return tuple([plain(each) for each in x])
    if kind is list:
        return [plain(each) for each in x]
    if kind is dict:
        return {key: plain(each) for key, each in x.items()}
    if kind is slice:
        parts = x.start, x.stop, x.step
        return slice(*plain(parts)) if LazyArray in map(type, parts) else x
    return x


def at_once(record: Record, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """NumPy's own call, or one that runs on all cores, on evaluated arrays."""
    may_call = calls_back(args, options)
    if not may_call:
        function = namesake(function)
    if record.pending:
        name, is_ours = called(function)
        record.flush(f"{name} runs at once" if is_ours else f"{name} was NumPy's to run")
    log_call(record, function)
    given, named = plain(args), plain(options)
    give_back(record)
    if may_call:
        for each in (*given, *named.values()):
            if type(each) is np.ndarray:  # the user's code gets it into its hands
                expose(record, each)
    return _named(record, made(function, given, named), (*args, *options.values()))


def beside(record: Record, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The same, on evaluated arrays that what is put off has nothing to do with: it stays put off."""
    function = namesake(function)
    log_call(record, function)
    record.reduced = []
    given, named = _there(args), {name: _there(x) for name, x in options.items()}
    return _named(record, made(function, given, named), (*args, *options.values()))


def _there(x: Any) -> Any:
    """x with the arrays that evaluated lazy arrays have, in tuples too."""
    if type(x) is LazyArray:
        return x._value.array
    return tuple([_there(each) for each in x]) if type(x) is tuple else x


def _named(record: Record, result: Any, args: tuple[Any, ...]) -> Any:
    """What NumPy has returned, as a lazy array; an argument, alone or in a tuple of outputs, as itself."""
    record.tally.asked += 1
    if type(result) is tuple:
        return tuple([_named(record, each, args) for each in result])
    for x in args:
        for each in x if type(x) is tuple else (x,):
            if result is (each._value.array if type(each) is LazyArray else each):
                return each
    return wrapped(record, result)
