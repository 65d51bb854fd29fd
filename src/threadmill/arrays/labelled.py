"""Arrays with labels: pandas and xarray make the call, and the loops over their arrays are ours.

Their classes answer NumPy's ufuncs by __array_ufunc__(ufunc, method, *inputs), which sees to the labels and
calls the ufunc with arrays. That method is called here as NumPy would call it, with an object of ours in the
ufunc's place. pandas hands operators to its own arithmetic before it gets that far; those whose result is the
ufunc's come here as a function of one array. NumPy makes all other calls.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .errstate import apply_as_the_user
from .operands import PYTHON_NUMBERS

__all__ = ["OPERATORS", "as_pandas_takes", "call_labelled", "class_of", "has_numexpr"]

_CLASSES = frozenset(
    {
        *[("pandas", name) for name in ("Series", "DataFrame", "Index")],
        *[("xarray", name) for name in ("DataArray", "Dataset", "Variable")],
    }
)

# The ufuncs that pandas hands to its operators; and those of them that are NumPy's there, errors aside.
OPERATORS = frozenset(
    """
    absolute add bitwise_and bitwise_or bitwise_xor divide divmod equal floor_divide greater greater_equal
    less less_equal logical_and logical_not logical_or logical_xor matmul multiply negative not_equal
    positive power remainder subtract
    """.split()  # noqa: SIM905
)
_AS_NUMPY = OPERATORS & frozenset(
    """
    absolute add divide equal greater greater_equal less less_equal multiply negative not_equal positive
    subtract
    """.split()  # noqa: SIM905
)

# Elements below which these stay pandas': 10**5 + 1 took 49 us instead of 42, 10**6 + 1 131 instead of 181.
# Tests lower it.
LEAST = 1 << 18


class _InPlaceOf:
    """What a class's protocol is given in place of a ufunc: its attributes, and another call."""

    def __init__(self, ufunc: np.ufunc, call: Callable[..., Any]) -> None:
        self._ufunc, self._call = ufunc, call
        self.__name__ = ufunc.__name__

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._call(*args, **options)

    def __repr__(self) -> str:
        return repr(self._ufunc)  # for the class's own messages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ufunc, name)


def class_of(kind: type) -> type | None:
    """The class of pandas or xarray that this one is or derives from, and whose protocol it has."""
    if not hasattr(kind, "__array_ufunc__") or issubclass(kind, np.ndarray):
        return None
    for each in kind.__mro__:
        if (each.__module__.partition(".")[0], each.__name__) in _CLASSES:
            return each if kind.__array_ufunc__ is each.__array_ufunc__ else None  # type: ignore[attr-defined]
    return None


def call_labelled(ufunc: np.ufunc, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """ufunc(*args) where `call` is the ufunc on arrays; NotImplemented where NumPy has to make it."""
    first, other = None, False
    for x in args:
        kind = type(x)
        if kind is np.ndarray or kind in PYTHON_NUMBERS:
            continue
        if class_of(kind) is None:
            if not isinstance(x, np.generic):
                return NotImplemented
        elif first is None:
            first = x
        else:
            other |= kind is not type(first) and issubclass(kind, type(first))
    if first is None or other:  # NumPy asks a class before those that it derives from
        return NotImplemented
    protocol = type(first).__array_ufunc__
    base: Any = class_of(type(first))
    if base.__module__.partition(".")[0] != "pandas" or ufunc.__name__ not in OPERATORS:
        return apply_as_the_user(protocol, (first, _InPlaceOf(ufunc, call), "__call__", *args))
    if base.__name__ == "Index" or ufunc.__name__ not in _AS_NUMPY:
        return NotImplemented
    found = _as_function_of(first, args)
    if found is None:
        return NotImplemented
    operands, name = found

    def on_array(array: Any) -> Any:
        with np.errstate(all="ignore"):  # as pandas' operators
            return call(*[array if x is first else x for x in operands])

    one = _InPlaceOf(np.positive, on_array)  # of one operand, and by a name that is no operator's
    one.__name__ = on_array.__name__
    result = apply_as_the_user(protocol, (first, one, "__call__", first))
    if first.ndim == 1:
        result.name = name
    return result


def _as_function_of(first: Any, args: tuple[Any, ...]) -> tuple[list[Any], Any] | None:
    """The operands of an operator of pandas', and the result's name; None where it may not be the ufunc's.

    `first` stays what it is, of the others the arrays are taken.
    """
    if first.size < LEAST or first.attrs:
        return None
    is_frame = first.ndim == 2
    dtypes = set(first.dtypes) if is_frame else {first.dtype}
    if not all(isinstance(each, np.dtype) and each.kind in "iufc" for each in dtypes):
        return None
    operands, name = [], None if is_frame else first.name
    for x in args:
        if x is first:
            operands.append(x)
            continue
        if isinstance(x, np.generic) or type(x) in PYTHON_NUMBERS:
            taken = [as_pandas_takes(x, each) for each in dtypes]
            x = None if None in taken else taken[0]
            if x is None:
                return None
        elif is_frame:
            return None
        elif type(x) is type(first):
            if x.dtype != first.dtype or not x.index.identical(first.index) or x.attrs:
                return None
            if x.name != name:
                name = None
            x = x.to_numpy()
        elif type(x) is not np.ndarray or x.shape != first.shape or x.dtype != first.dtype:
            return None
        operands.append(x)
    return operands, name


def as_pandas_takes(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number as pandas' operators take it beside this dtype: NumPy's as Python's; None where that is not
    certain."""
    if isinstance(x, np.integer):
        return int(x)
    if isinstance(x, np.floating | float):
        return None if dtype.itemsize < 8 and dtype.kind == "f" and has_numexpr() else float(x)
    return x if type(x) is int else None


def has_numexpr() -> bool:
    """Whether pandas has numexpr compute, which rounds powers otherwise and makes float32 float64."""
    return "numexpr" in sys.modules and bool(sys.modules["pandas"].get_option("compute.use_numexpr"))
