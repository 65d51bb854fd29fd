"""What a lazy array does: operators, ufuncs, and the methods that NumPy's own Python code defines."""

import operator
from collections.abc import Callable
from sys import _getframe, getrefcount
from typing import Any

import numpy as np

from ..arrays.operands import PYTHON_NUMBERS
from .by_kinds import METHODS_BY_KINDS, conversion, of_kinds
from .by_steps import METHODS_BY_STEPS, by_steps
from .call_sites import method_of, names_given
from .calls import call, call_at_once
from .definitions import METHODS
from .elements import contains, getitem, iterate, setitem
from .elision import (
    COMMUTATIVE,
    FIRST,
    SECOND,
    TEMPORARY,
    elides,
    is_alone,
    is_scalar,
    is_taken,
    is_taken_by,
    is_turned,
    keeps_its_dtype,
    written_over,
)
from .functions import array_function
from .lazy import LazyArray, at_once, shown, wrapped
from .node_plans import plan_of_call
from .nodes import FIRST_IF_LARGE, Value
from .operand import as_operand, is_foreign, kind_of_loops, value_of
from .powers import power
from .recording import put_off, put_off_over
from .reducing import reduce
from .values import as_int, of_values, reduced, reduced_ex

__all__: list[str] = []

_BINARY = {
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
_COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_UNARY = {"pos": np.positive, "neg": np.negative, "abs": np.absolute, "invert": np.invert}


# ---- operators ----


def _forward(ufunc: np.ufunc, operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    commutative = ufunc in COMMUTATIVE
    is_equality = ufunc in (np.equal, np.not_equal)

    def forward(self: LazyArray, other: Any) -> Any:
        made = put_off(ufunc, TEMPORARY, self, other)
        if made is not None:
            return made
        record, first = self._record, self._value
        second: Any = None
        references = getrefcount(self)
        if type(other) is LazyArray:
            if other._record is record:
                second = other._value
            if commutative and second is not None:
                others = getrefcount(other)
                if others <= TEMPORARY and is_turned(first, references, second, others):
                    plan_of_call(ufunc, (first, second))  # tells put_off that they are turned
                    self, other, first, second, references = other, self, second, first, others
        elif type(other) in PYTHON_NUMBERS:
            second = other
        elif is_foreign(other):
            if is_scalar(other, operate) and is_taken(ufunc, first, references, value_of(other)):
                return call(record, ufunc, (self, other), {"out": (self,)})
            return at_once(self._record, operate, (self, other), {})
        elif (
            commutative
            and type(other) is np.ndarray
            and getrefcount(other) <= TEMPORARY
            and is_turned(first, references, Value.of(other), 0)
        ):
            return wrapped(record, call(record, ufunc, (other, self), {"out": (other,)}))
        node = None if second is None else record.node(ufunc, (first, second))
        if node is not None and references <= TEMPORARY and is_alone(first):
            if node.loop.dtypes[-1].num == first.dtype.num or not elides(ufunc, first, second):
                if type(second) is Value:
                    node.reused = FIRST_IF_LARGE
            else:  # the result has the temporary's dtype: long long beside long
                record.take_out(node)
                node = None
        if node is not None:
            return shown(record, node)
        if second is not None and is_taken(ufunc, first, references, second):
            return call(record, ufunc, (self, other), {"out": (self,)})
        if is_equality and kind_of_loops(self) != kind_of_loops(other):
            return at_once(record, operate, (self, other), {})
        if second is not None:
            return call_at_once(record, ufunc, (self, other), {})
        is_over = references <= TEMPORARY and is_taken(ufunc, first, references, value_of(other))
        return call(record, ufunc, (self, other), {"out": (self,)} if is_over else {})

    return forward


def _backward(ufunc: np.ufunc, operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    commutative = ufunc in COMMUTATIVE

    def backward(self: LazyArray, other: Any) -> Any:
        made = put_off(ufunc, TEMPORARY, other, self)
        if made is not None:
            return made
        if type(other) in PYTHON_NUMBERS or type(other) is bool:
            count = getrefcount(self)
            if commutative and count <= TEMPORARY and is_turned(other, 0, self._value, count):
                if type(other) is not bool:
                    plan_of_call(ufunc, (other, self._value))  # as above
                is_over = is_alone(self._value) and not keeps_its_dtype(self._value)
                return call(self._record, ufunc, (self, other), {"out": (self,)} if is_over else {})
            node = None if type(other) is bool else self._record.node(ufunc, (other, self._value))
            if node is not None:
                return shown(self._record, node)
        elif is_foreign(other):
            return at_once(self._record, operate, (other, self), {})
        return call(self._record, ufunc, (other, self), {})

    return backward


def _in_place(ufunc: np.ufunc, operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def in_place(self: LazyArray, other: Any) -> Any:
        if put_off_over(ufunc, self, self, other) is not None:
            return self
        if is_foreign(other):
            return at_once(self._record, operate, (self, other), {})
        return call(self._record, ufunc, (self, other), {"out": (self,)})

    return in_place


def _unary(ufunc: np.ufunc) -> Callable[[Any], Any]:
    def unary(self: LazyArray) -> Any:
        made = put_off(ufunc, 0, self)
        if made is not None:
            return made
        if is_taken_by(ufunc, self._value, getrefcount(self)):
            return call(self._record, ufunc, (self,), {"out": (self,)})
        return _of_one(self, ufunc)

    return unary


def _of_one(self: LazyArray, ufunc: np.ufunc) -> Any:
    record = self._record
    node = record.node(ufunc, (self._value,), above=1)
    return call_at_once(record, ufunc, (self,), {}) if node is None else shown(record, node)


def _is_for_numpy(exponent: Any) -> bool:
    """Whether NumPy's own operator looks at an exponent. NumPy 2.0 warns of a bool of its own."""
    return type(exponent) is np.bool or is_foreign(exponent)


def _pow(self: LazyArray, other: Any, modulo: Any = None) -> Any:
    if modulo is not None:
        return NotImplemented
    if type(other) not in PYTHON_NUMBERS and _is_for_numpy(other):
        return at_once(self._record, operator.pow, (self, other), {})
    ufunc, operands = power(self, other)
    made = put_off(ufunc, 0, *operands)
    if made is not None:
        return made
    return _of_one(operands[0], ufunc) if len(operands) == 1 else call(self._record, ufunc, operands, {})


def _ipow(self: LazyArray, other: Any) -> Any:
    if _is_for_numpy(other):
        return at_once(self._record, operator.ipow, (self, other), {})
    ufunc, operands = power(self, other)
    if operands[0] is not self:  # it has been converted, and NumPy keeps the array's dtype in place
        return at_once(self._record, operator.ipow, (self, other), {})
    return call(self._record, ufunc, operands, {"out": (self,)})


def _at_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """A special method that NumPy makes, with the lazy array as its first operand."""

    def special(self: LazyArray, *args: Any) -> Any:
        return at_once(self._record, function, (self, *args), {})

    return special


# ---- ufuncs ----


def _array_ufunc(self: LazyArray, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
    if method == "__call__":
        if not options and len(args) == ufunc.nin == 1:
            made = put_off(ufunc, 0, self)
            return _of_one(self, ufunc) if made is None else made
        if not options and len(args) == ufunc.nin == 2:
            made = put_off(ufunc, 0, args[0], args[1])
            if made is not None:
                return made
            record = self._record
            operands = as_operand(record, args[0]), as_operand(record, args[1])
            if operands[0] is not None and operands[1] is not None:
                node = record.node(ufunc, operands)
                return call_at_once(record, ufunc, args, {}) if node is None else shown(record, node)
        if len(options) == 1 and len(args) == ufunc.nin and len(options.get("out", ())) == 1:
            (out,) = options["out"]  # NumPy gives a tuple, whatever it has been given
            if put_off_over(ufunc, out, *args) is not None:
                return out
        if len(args) == 2 and args[1] is self and not options and _may_be_turned(args[0], ufunc):
            counts = getrefcount(args[0]), getrefcount(args[1])
            over = written_over(ufunc, args[0], counts[0], self._value, counts[1])
            if over == SECOND:
                return call(self._record, ufunc, args[::-1], {"out": (self,)})
            if over == FIRST:
                return wrapped(self._record, call(self._record, ufunc, args, {"out": args[:1]}))
        if "where" in options and "out" not in options and "out" in names_given(_getframe(1)):
            options["out"] = (None,) * ufunc.nout  # NumPy drops it, and would warn that there is none
        return call(self._record, ufunc, args, options)
    for name in ("array", "indices"):  # what is given by name NumPy hands on in its place as well
        options.pop(name, None)
    if method == "reduce":
        return reduce(self._record, ufunc, args, options)
    return at_once(self._record, getattr(ufunc, method), args, options)


def _may_be_turned(other: Any, ufunc: np.ufunc) -> bool:
    """Whether it is an array, or a number of NumPy's, that an operator may have begun with."""
    operate = _BY_UFUNC.get(ufunc)
    return type(other) is np.ndarray or (
        operate is not None and (isinstance(other, np.generic) or is_scalar(other, operate))
    )


_BY_UFUNC: dict[np.ufunc, Any] = {ufunc: getattr(operator, f"__{name}__") for name, ufunc in _BINARY.items()}


def _put_on() -> None:
    def python(name: str) -> Callable[[Any, Any], Any]:
        operate: Callable[[Any, Any], Any] = getattr(operator, f"__{name}__")
        return operate

    special: dict[str, Callable[..., Any]] = {
        "pow": _pow,
        "rpow": _backward(np.power, operator.pow),
        "ipow": _ipow,
        "divmod": _forward(np.divmod, divmod),
        "rdivmod": _backward(np.divmod, divmod),
        "matmul": _forward(np.matmul, operator.matmul),
        "rmatmul": _backward(np.matmul, operator.matmul),
        "imatmul": _at_once(operator.imatmul),
        "array_ufunc": _array_ufunc,
        "array_function": array_function,
        "getitem": getitem,
        "setitem": setitem,
        "delitem": of_values(operator.delitem),
        "iter": iterate,
        "contains": contains,
        "copy": _at_once(np.ndarray.__copy__),
        "deepcopy": _at_once(np.ndarray.__deepcopy__),
        "reduce": reduced,
        "reduce_ex": reduced_ex,
        "format": of_values(format),
        "index": of_values(operator.index),
        "int": as_int,
        **{kind.__name__: of_values(kind) for kind in (bool, float, complex, repr, str)},
        **{name: _forward(ufunc, python(name)) for name, ufunc in {**_BINARY, **_COMPARISONS}.items()},
        **{f"r{name}": _backward(ufunc, python(name)) for name, ufunc in _BINARY.items()},
        **{f"i{name}": _in_place(ufunc, python(f"i{name}")) for name, ufunc in _BINARY.items()},
        **{name: _unary(ufunc) for name, ufunc in _UNARY.items()},
    }
    methods = {f"__{name}__": function for name, function in special.items()}
    for name, definition in METHODS.items():
        method = method_of(name, definition)
        if name == "astype":
            method = conversion(method)
        if name in METHODS_BY_STEPS:
            method = by_steps(definition, method)
        methods[name] = of_kinds(definition, method) if name in METHODS_BY_KINDS else method
    for name, function in methods.items():
        function.__name__ = name
        setattr(LazyArray, name, function)


_put_on()
