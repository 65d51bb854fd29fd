"""Lazy arrays: what a fused function's arguments are while it runs.

A lazy array does what an ndarray does. Operations of numbers are put off; all that needs values evaluates them
and goes to NumPy, whose result goes on as a lazy array. It is no subclass of ndarray, as code in C that reads
its memory would read nonsense; for Python code it says that it is one.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from ..arrays.errstate import as_the_user
from ..arrays.operands import PYTHON_NUMBERS
from ..arrays.probes import is_numpys
from ..arrays.ufunc import parallel
from . import definitions
from .nodes import Value, is_plain
from .record import SMALL, Record, plain_loop
from .reduce_all import reduce_all

if TYPE_CHECKING:
    from .._types import Array

__all__ = ["LazyArray", "evaluated", "lazy"]

_NUMBERS = frozenset({*PYTHON_NUMBERS, bool})
_parallel: dict[np.ufunc, Any] = {}


class LazyArray:
    """An array that is there or put off; made by a record."""

    __slots__ = ("__weakref__", "_record", "_value")
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

    # ---- what is known without its elements ----

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        evaluated(self).shape = shape
        self._value.shape = self._value.array.shape  # type: ignore[union-attr]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._value.dtype

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

    # ---- ufuncs and functions ----

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if method == "__call__":
            return call(self._record, ufunc, args, options)
        if method == "reduce":
            return reduce(self._record, ufunc, args, options)
        found = getattr(ufunc, method)
        return self._record_of(found, args, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        definition = definitions.FUNCTIONS.get(function)
        if definition is not None:
            result = definition(self._record, *args, **options)
            if result is not NotImplemented:
                return result
        return self._record_of(function, args, options)

    def _record_of(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return at_once(self._record, function, args, options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = evaluated(self)
        self._record.give_back()
        if dtype is None and not copy:
            return array
        return np.array(array, dtype, copy=copy)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _PROTOCOLS:
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        found = getattr(evaluated_alone(self) if name in _VIEWS else evaluated(self), name)
        if isinstance(found, np.ndarray):
            return wrapped(self._record, found)
        if not callable(found):
            return found

        def method(*args: Any, **options: Any) -> Any:
            if name in _VIEWS:
                return wrapped(self._record, found(*plain(args), **options))
            return at_once(self._record, found, args, options)

        return method

    @property
    def real(self) -> Any:
        return wrapped(self._record, evaluated_alone(self).real)

    @real.setter
    def real(self, new: Any) -> None:
        self.real[...] = new

    @property
    def imag(self) -> Any:
        return wrapped(self._record, evaluated_alone(self).imag)

    @imag.setter
    def imag(self, new: Any) -> None:
        evaluated_alone(self).imag[...] = plain(new)

    @property
    def flat(self) -> Any:
        return evaluated(self).flat

    @flat.setter
    def flat(self, new: Any) -> None:
        array = evaluated(self)
        self._record.give_back()
        array.flat = plain(new)

    # ---- elements ----

    def __getitem__(self, key: Any) -> Any:
        found = evaluated_alone(self)[_plain_key(key)]
        if not isinstance(found, np.ndarray):
            self._record.flush()  # the errors of what stands before are told before those of what follows
        return wrapped(self._record, found)

    def __setitem__(self, key: Any, new: Any) -> None:
        record = self._record
        key = _plain_key(key)
        array = evaluated_alone(self)
        if type(new) is LazyArray:
            if _is_basic(key):
                target = array[key] if key is not Ellipsis else array
                if isinstance(target, np.ndarray):
                    _assign(record, target, new._value)
                    return
            new = evaluated(new)
        record.flush()
        record.give_back(array)
        as_the_user(array.__setitem__, key, plain(new))

    def __iter__(self) -> Iterator[Any]:
        array = evaluated(self)
        return (wrapped(self._record, each) for each in array)

    def __contains__(self, item: Any) -> bool:
        return plain(item) in evaluated(self)

    def __bool__(self) -> bool:
        return bool(evaluated(self))

    def __int__(self) -> int:
        return int(evaluated(self))

    def __float__(self) -> float:
        return float(evaluated(self))

    def __complex__(self) -> complex:
        return complex(evaluated(self))

    def __index__(self) -> int:
        return evaluated(self).__index__()

    def __format__(self, spec: str) -> str:
        return format(evaluated(self), spec)

    def __repr__(self) -> str:
        return repr(evaluated(self))

    def __str__(self) -> str:
        return str(evaluated(self))

    def __copy__(self) -> Any:
        return wrapped(self._record, evaluated(self).__copy__())

    def __deepcopy__(self, memo: Any) -> Any:
        return wrapped(self._record, evaluated(self).__deepcopy__(memo))

    def __reduce__(self) -> Any:
        return evaluated(self).__reduce__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return evaluated(self).__reduce_ex__(protocol)

    # ---- powers ----

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            return NotImplemented
        ufunc, operands = definitions.power(self, other)
        return call(self._record, ufunc, operands, {})

    def __ipow__(self, other: Any) -> Any:
        ufunc, operands = definitions.power(self, other)
        return call(self._record, ufunc, operands, {"out": (self,)})

    def __divmod__(self, other: Any) -> Any:
        return call(self._record, np.divmod, (self, other), {})

    def __rdivmod__(self, other: Any) -> Any:
        return call(self._record, np.divmod, (other, self), {})

    def __matmul__(self, other: Any) -> Any:
        return call(self._record, np.matmul, (self, other), {})

    def __rmatmul__(self, other: Any) -> Any:
        return call(self._record, np.matmul, (other, self), {})

    def __imatmul__(self, other: Any) -> Any:
        array = evaluated(self)
        self._record.give_back(array)
        array @= plain(other)
        return self

    def __pos__(self) -> Any:
        return call(self._record, np.positive, (self,), {})

    def __neg__(self) -> Any:
        return call(self._record, np.negative, (self,), {})

    def __abs__(self) -> Any:
        return call(self._record, np.absolute, (self,), {})

    def __invert__(self) -> Any:
        return call(self._record, np.invert, (self,), {})


# What looks at an array without its elements, and gives views of it.
_VIEWS = frozenset(
    "T mT flags reshape ravel squeeze strides swapaxes transpose view".split()  # noqa: SIM905
)

# What C code asks for, and gets of the evaluated array.
_PROTOCOLS = frozenset(
    {"__array_interface__", "__array_struct__", "__dlpack__", "__dlpack_device__", "__buffer__"}
)


def _operators() -> None:
    def forward(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
        def operator(self: LazyArray, other: Any) -> Any:
            value = other._value if type(other) is LazyArray else other if type(other) in _NUMBERS else None
            if value is not None and type(value) is not bool:
                node = self._record.node(ufunc, (self._value, value))
                if node is not None:
                    return LazyArray(self._record, node.outs[0])
            elif _defers(other):
                return NotImplemented
            return call(self._record, ufunc, (self, other), {})

        return operator

    def backward(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
        def operator(self: LazyArray, other: Any) -> Any:
            if type(other) in PYTHON_NUMBERS:
                node = self._record.node(ufunc, (other, self._value))
                if node is not None:
                    return LazyArray(self._record, node.outs[0])
            elif _defers(other):
                return NotImplemented
            return call(self._record, ufunc, (other, self), {})

        return operator

    def in_place(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
        def operator(self: LazyArray, other: Any) -> Any:
            return call(self._record, ufunc, (self, other), {"out": (self,)})

        return operator

    names = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "truediv": np.true_divide,
        "floordiv": np.floor_divide,
        "mod": np.remainder,
        "lshift": np.left_shift,
        "rshift": np.right_shift,
        "and": np.bitwise_and,
        "or": np.bitwise_or,
        "xor": np.bitwise_xor,
    }
    for name, ufunc in names.items():
        setattr(LazyArray, f"__{name}__", forward(ufunc))
        setattr(LazyArray, f"__r{name}__", backward(ufunc))
        setattr(LazyArray, f"__i{name}__", in_place(ufunc))
    LazyArray.__rpow__ = backward(np.power)  # type: ignore[attr-defined]
    for name, ufunc in {
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "eq": np.equal,
        "ne": np.not_equal,
    }.items():
        setattr(LazyArray, f"__{name}__", forward(ufunc))


def _defers(other: Any) -> bool:
    """Whether NumPy's operators leave an operation to the other operand's class."""
    kind = type(other)
    if kind is np.ndarray or isinstance(other, np.generic) or kind in _NUMBERS or kind in (list, tuple, str):
        return False
    return hasattr(kind, "__array_ufunc__") and kind.__array_ufunc__ is None


def _methods() -> None:
    for name, definition in definitions.METHODS.items():

        def method(
            self: LazyArray, *args: Any, _name: str = name, _own: Any = definition, **options: Any
        ) -> Any:
            result = _own(self._record, self, *args, **options)
            if result is NotImplemented:
                return at_once(self._record, getattr(evaluated(self), _name), args, options)
            return result

        method.__name__ = name
        setattr(LazyArray, name, method)


# ---- between lazy arrays and NumPy's ----


def lazy(record: Record, array: "Array") -> LazyArray:
    """An evaluated array as a lazy one."""
    return LazyArray(record, Value.of(array))


def wrapped(record: Record, result: Any) -> Any:
    """What NumPy has returned; its plain arrays go on as lazy ones."""
    if type(result) is np.ndarray:
        return lazy(record, result) if record.is_open else result
    if type(result) is tuple:
        return tuple([wrapped(record, each) for each in result])
    if type(result) is list:
        return [wrapped(record, each) for each in result]
    return result


def evaluated(x: LazyArray) -> "Array":
    """The array, once all that is put off has run."""
    if x._record.pending:
        x._record.flush()
    return x._record.evaluate(x._value)


def plain(x: Any) -> Any:
    """x with arrays instead of lazy arrays, in tuples, lists and dicts too."""
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
        return slice(plain(x.start), plain(x.stop), plain(x.step))
    return x


def _plain_key(key: Any) -> Any:
    kind = type(key)
    if kind is int or key is Ellipsis:
        return key
    return plain(key)


def _is_basic(key: Any) -> bool:
    keys = key if type(key) is tuple else (key,)
    return all(each is None or each is Ellipsis or type(each) in (int, slice) for each in keys)


def at_once(record: Record, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """NumPy's own call, on evaluated arrays."""
    record.flush()
    args, options = plain(args), plain(options)
    record.give_back()
    return wrapped(record, as_the_user(function, *args, **options))


# ---- ufuncs ----


def call(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's call: put off if it can be, else made at once."""
    nin = ufunc.nin
    outs: Any = args[nin:]
    if len(args) < nin or (options and options.keys() != {"out"}):
        return _call_at_once(record, ufunc, args, options)
    if options:
        outs = options["out"]
        if type(outs) is not tuple:
            outs = (outs,)
        if len(outs) == 1 and outs[0] is Ellipsis:
            outs = ()
    operands = []
    foreign = False
    for x in args[:nin]:
        kind = type(x)
        if kind is LazyArray:
            operands.append(x._value)
        elif kind in PYTHON_NUMBERS:
            operands.append(x)
        else:
            found = _other(x)
            if found is None:
                return _call_at_once(record, ufunc, args, options)
            foreign |= found[1]
            operands.append(found[0])
    if any(out is not None for out in outs):
        return _call_into(record, ufunc, args, options, operands, outs)
    node = record.node(ufunc, tuple(operands))
    if node is None:
        return _call_at_once(record, ufunc, args, options)
    results = tuple([LazyArray(record, value) for value in node.outs])
    if foreign:  # somebody may write to an array that is no argument, as soon as we return
        record.flush()
    return results[0] if len(results) == 1 else results


def _other(x: Any) -> tuple[Value, bool] | None:
    """An operand that is neither a lazy array nor a number of Python's; and whether it may change."""
    if isinstance(x, np.generic) or type(x) is bool:
        x = np.asarray(x)
    elif type(x) is not np.ndarray:
        return None
    if not is_plain(x):
        return None
    if x.size <= SMALL:
        return Value.of(x.copy()), False
    return Value.of(x), _may_be_written(x)


def _may_be_written(x: Any) -> bool:
    while isinstance(x, np.ndarray):
        if x.flags.writeable:
            return True
        x = x.base
    return x is not None


def _call_into(
    record: Record,
    ufunc: np.ufunc,
    args: tuple[Any, ...],
    options: dict[str, Any],
    operands: list[Any],
    outs: Any,
) -> Any:
    """A call with one output given: the lazy array that it is goes on, or memory is written."""
    out = outs[0] if len(outs) == 1 else None
    is_lazy = type(out) is LazyArray
    if out is None or ufunc.nout != 1 or not (is_lazy or type(out) is np.ndarray):
        return _call_at_once(record, ufunc, args, options)
    dtype, shape = out.dtype, out.shape
    kept = len(record.pending)
    node = record.node(ufunc, tuple(operands))
    if node is None:
        return _call_at_once(record, ufunc, args, options)
    made = node.outs[0]
    if made.dtype.num != dtype.num or node.shape != shape or ufunc.__name__ in _WRONG_WHERE_STRIDED:
        del record.pending[kept:]
        return _call_at_once(record, ufunc, args, options)
    if is_lazy and out._value.array is None:  # nobody else can see it
        out._value = made
        made.owner = ref(out)
        return out
    target = evaluated_alone(out) if is_lazy else out
    if not record.store(target, made):
        del record.pending[kept:]
        return _call_at_once(record, ufunc, args, options)
    return out


# Whose loops are at fault for results that do not lie side by side.
_WRONG_WHERE_STRIDED = frozenset({"isfinite", "isinf", "isnan", "signbit"})


def evaluated_alone(x: LazyArray) -> "Array":
    """The array of a lazy array that has one, in memory of its own."""
    return x._record.evaluate(x._value)


def _call_at_once(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    own = _parallel.get(ufunc)
    if own is None:
        own = parallel(ufunc)
        if is_numpys(ufunc):
            _parallel[ufunc] = own
    outs = options.get("out", args[ufunc.nin :])
    result = at_once(record, own, args, options)
    for out in outs if type(outs) is tuple else (outs,):
        if type(out) is LazyArray and len(outs) == 1:
            return out
    return result


def reduce(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's reduction: at the end of a pass if it is one of all elements, else at once."""
    if type(args[0]) is LazyArray:
        result = reduce_all(record, args[0]._value, ufunc, args[1:], options)
        if result is not NotImplemented:
            return wrapped(record, result)
    own = _parallel.get(ufunc)
    if own is None and is_numpys(ufunc):
        own = _parallel[ufunc] = parallel(ufunc)
    result = at_once(record, (own or ufunc).reduce, args, options)
    out = options.get("out")
    out = out[0] if type(out) is tuple and len(out) == 1 else out
    return out if type(out) is LazyArray else result


def _assign(record: Record, target: "Array", value: Value) -> None:
    """target[...] = value."""
    if value.array is not None:
        source = value.array
        same = (
            source.shape == target.shape and source.strides == target.strides and source.dtype == target.dtype
        )
        if same and source.__array_interface__["data"][0] == target.__array_interface__["data"][0]:
            if target.flags.writeable:
                return  # what an in-place operator has written
    given = value
    if value.array is None and value.shape == target.shape and value.dtype.num != target.dtype.num:
        conversion = plain_loop(value.dtype, target.dtype)
        node = None if conversion is None else record.add(conversion, "cast", (value,), value.shape, True)
        if node is not None:
            value = node.outs[0]
    if value.array is None and value.shape == target.shape and record.store(target, value):
        return
    record.flush()
    record.give_back(target)
    as_the_user(target.__setitem__, ..., record.evaluate(given))


_operators()
_methods()
