"""Lazy frames: what a Series, or a DataFrame of one dtype, is inside a fused function.

Operators and ufuncs whose result is NumPy's on the arrays are put off; for all else pandas gets its own
object. A frame that pandas may have changed, or shown, stays pandas' from then on.
"""

import copy
import operator
import sys
from collections.abc import Callable
from types import MethodType
from typing import Any

import numpy as np

from ..arrays.errstate import as_the_user
from ..arrays.labelled import OPERATORS, as_pandas_takes, class_of, has_numexpr
from ..arrays.operands import PYTHON_NUMBERS
from .exposed import expose
from .lazy import LazyArray, evaluated, lazy, plain
from .node_plans import SMALL
from .record import Record

__all__ = ["LazyFrame", "array_of", "frame_of"]


class LazyFrame:
    """A Series or DataFrame that is there or put off.

    `like` has its labels, but for a Series' name. `values` are its elements, None once it is pandas' own for
    good; `known` is pandas' object, once there is one.
    """

    __slots__ = ("__weakref__", "_lazy_known", "_lazy_like", "_lazy_name", "_lazy_record", "_lazy_values")
    __array_priority__ = 1000000.0
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, record: Record, values: Any, like: Any, name: Any, known: Any = None) -> None:
        for slot, value in zip(
            ("_lazy_record", "_lazy_values", "_lazy_like", "_lazy_name", "_lazy_known"),
            (record, values, like, name, known),
            strict=True,
        ):
            object.__setattr__(self, slot, value)

    # For Python code it is pandas' own.
    @property
    def __class__(self) -> Any:
        return type(self._lazy_like)

    @__class__.setter
    def __class__(self, new: Any) -> None:
        _leave_to_pandas(self)
        self._lazy_known.__class__ = new

    def __len__(self) -> int:
        return len(self._lazy_known if self._lazy_values is None else self._lazy_like)

    def __getattr__(self, name: str) -> Any:
        if self._lazy_values is not None:
            if name in _LABELS:
                return getattr(self._lazy_like, name)
            if name == "dtype" and self._lazy_like.ndim == 1:
                return self._lazy_values.dtype
            if name == "name" and self._lazy_like.ndim == 1:
                return self._lazy_name
        if name.startswith("__") and not hasattr(type(self._lazy_like), name):
            raise AttributeError(f"{type(self._lazy_like).__name__!r} object has no attribute {name!r}")
        if name not in _READS:
            _leave_to_pandas(self)
        found = getattr(frame_of(self), name)
        if type(found) is not MethodType or name.startswith("_"):
            return _relabelled(self._lazy_record, found)

        def method(*args: Any, **options: Any) -> Any:
            if options.get("inplace"):
                _leave_to_pandas(self)
            return by_pandas(self._lazy_record, getattr(frame_of(self), name), args, options)

        return method

    def __setattr__(self, name: str, new: Any) -> None:
        _leave_to_pandas(self)
        setattr(self._lazy_known, name, real(new))

    def __getitem__(self, key: Any) -> Any:
        if not (isinstance(key, str | LazyFrame) and _copies_on_write()):
            _leave_to_pandas(self)
        return by_pandas(self._lazy_record, operator.getitem, (self, key), {})

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = (
            evaluated(self._lazy_values)
            if type(self._lazy_values) is LazyArray
            else frame_of(self).to_numpy()
        )
        expose(self._lazy_record, array)
        return array if dtype is None and not copy else np.array(array, dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if method == "__call__" and not options and ufunc.nout == 1 and ufunc.signature is None:
            put_off = None
            if ufunc in _UFUNCS:
                name = _UFUNCS[ufunc]
                put_off = _put_off(getattr(operator, name), args, is_operator=True, kinds=_PUT_OFF[name])
            elif ufunc.__name__ not in OPERATORS and ufunc.nin == len(args):
                put_off = _put_off(ufunc, args, is_operator=False)
            if put_off is not None:
                return put_off
        if "out" in options:
            for x in options["out"]:
                if type(x) is LazyFrame:
                    _leave_to_pandas(x)
        return by_pandas(self._lazy_record, getattr(ufunc, method), args, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function is np.where and len(args) == 3 and not options:  # it takes pandas' objects as arrays
            return function(
                *[x._lazy_values if type(x) is LazyFrame and x._lazy_values is not None else x for x in args]
            )
        return by_pandas(self._lazy_record, function, args, options)


# What is known without elements.
_LABELS = frozenset({"_typ", "axes", "columns", "empty", "index", "ndim", "shape", "size"})

# What changes nothing, and gives nothing through which its memory could be written.
_READS = frozenset(
    """
    abs all any argmax argmin clip corr count cov cummax cummin cumprod cumsum describe diff dropna dtype
    dtypes fillna flags idxmax idxmin isna isnull kurt kurtosis mask max mean median min mode notna notnull
    nunique pct_change prod quantile rank round sem shift skew std sum var where
    """.split()  # noqa: SIM905
) | {"name"}


# ---- between lazy frames and pandas' ----


def array_of(x: Any) -> tuple[Any, str]:
    """The elements of a Series or a DataFrame where they can be put off, or why not."""
    kind = type(x)
    if kind is not class_of(kind) or kind.__name__ not in ("Series", "DataFrame"):
        return None, "its class is not pandas' Series or DataFrame"
    if x.attrs or not x.flags.allows_duplicate_labels:
        return None, "it has attrs or flags"
    dtypes = {x.dtype} if x.ndim == 1 else set(x.dtypes)
    if len(dtypes) != 1:
        return None, f"its columns have {len(dtypes)} dtypes"
    (dtype,) = dtypes
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biufc":
        return None, f"its dtype is {dtype}"
    values = x.to_numpy()
    if x.ndim == 2 and not np.may_share_memory(values, x.iloc[:, 0].to_numpy()):
        return None, "its columns lie in several pieces of memory"
    return values, ""


def frame_of(x: LazyFrame) -> Any:
    """pandas' own object."""
    if x._lazy_known is None:
        like, values = x._lazy_like, x._lazy_values
        array = evaluated(values) if type(values) is LazyArray else values
        labels = {"name": x._lazy_name} if like.ndim == 1 else {"columns": like.columns}
        object.__setattr__(x, "_lazy_known", type(like)(array, index=like.index, copy=False, **labels))
    return x._lazy_known


def _leave_to_pandas(x: LazyFrame) -> None:
    """From now on it is pandas' object alone, whose memory may be written."""
    if x._lazy_values is not None:
        known = frame_of(x)
        x._lazy_record.flush("pandas may write to a frame")
        if type(x._lazy_values) is LazyArray:
            expose(x._lazy_record, evaluated(x._lazy_values))
        object.__setattr__(x, "_lazy_values", None)
        object.__setattr__(x, "_lazy_like", known)


def real(x: Any) -> Any:
    """x with pandas' own objects and NumPy's arrays, in tuples, lists, dicts and slices too."""
    if type(x) is LazyFrame:
        return frame_of(x)
    if type(x) in (tuple, list):
        return type(x)([real(each) for each in x])
    if type(x) is dict:
        return {key: real(each) for key, each in x.items()}
    return plain(x)


def by_pandas(record: Record, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """pandas' own call, on its own objects."""
    if record.log is not None:
        record.log.add_remark("by NumPy", f"pandas' {getattr(function, '__name__', function)}")
    record.tally.asked += 1
    given, named = real(args), real(options)
    result = as_the_user(function, *given, **named)
    for x, each in zip((*args, *options.values()), (*given, *named.values()), strict=True):
        if result is each and type(x) is LazyFrame:
            return x
    return _relabelled(record, result)


def _relabelled(record: Record, x: Any) -> Any:
    """What pandas has returned; large frames of numbers go on as lazy ones."""
    if type(x) is tuple:
        return tuple([_relabelled(record, each) for each in x])
    base: Any = class_of(type(x)) if record.is_open else None
    if base is None or base.__name__ not in ("Series", "DataFrame") or x.size < SMALL:
        return x
    values, _ = array_of(x)
    if values is None:
        return x
    return LazyFrame(record, lazy(record, values), x, x.name if x.ndim == 1 else None, x)


# ---- operators and ufuncs ----


def _put_off(
    operate: Callable[..., Any], args: tuple[Any, ...], is_operator: bool, kinds: str = "biufc"
) -> LazyFrame | None:
    """operate(*args) put off; None where its result may not be NumPy's on the arrays, or labels differ."""
    first = next(x for x in args if type(x) is LazyFrame)
    if first._lazy_values is None:
        return None
    like, name, operands = first._lazy_like, first._lazy_name, []
    for x in args:
        if type(x) is LazyFrame:
            if (
                x._lazy_values is None
                or x._lazy_values.dtype.kind not in kinds
                or not _is_labelled_as(x, first)
            ):
                return None
            if is_operator and x._lazy_values.dtype != first._lazy_values.dtype:
                return None
            if x is not first and x._lazy_name is not first._lazy_name and x._lazy_name != first._lazy_name:
                name = None
            operands.append(x._lazy_values)
        elif type(x) in (np.ndarray, LazyArray):
            same = like.ndim == 1 and x.shape == like.shape
            if not same or x.dtype != first._lazy_values.dtype:
                return None
            operands.append(x)
        elif is_operator:
            operands.append(as_pandas_takes(x, first._lazy_values.dtype))
            if operands[-1] is None or kinds == "b":
                return None
        elif type(x) in PYTHON_NUMBERS or isinstance(x, np.generic):
            operands.append(x)
        else:
            return None
    try:
        if is_operator:
            with np.errstate(all="ignore"):  # as pandas' operators
                found = operate(*operands)
        else:
            found = operate(*operands)
    except (TypeError, ValueError, OverflowError):  # pandas' own error is the user's
        return None
    if type(found) is not LazyArray or found.shape != like.shape:
        return None
    return LazyFrame(first._lazy_record, found, like, name)


def _is_labelled_as(x: LazyFrame, first: LazyFrame) -> bool:
    a, b = x._lazy_like, first._lazy_like
    if x._lazy_record is not first._lazy_record or type(a) is not type(b) or a.shape != b.shape:
        return False
    return a is b or all(p.identical(q) for p, q in zip(a.axes, b.axes, strict=True))


def _copies_on_write() -> bool:
    return int(sys.modules["pandas"].__version__.partition(".")[0]) >= 3


def _operator(operate: Callable[..., Any], kinds: str, turned: bool = False) -> Callable[..., Any]:
    def method(self: LazyFrame, *others: Any) -> Any:
        args = (*others, self) if turned else (self, *others)
        put_off = None
        if operate is not operator.pow or not has_numexpr():
            put_off = _put_off(operate, args, is_operator=True, kinds=kinds)
        return by_pandas(self._lazy_record, operate, args, {}) if put_off is None else put_off

    return method


def _by_pandas(operate: Callable[..., Any], turned: bool = False) -> Callable[..., Any]:
    def method(self: LazyFrame, *others: Any) -> Any:
        args = (*others, self) if turned else (self, *others)
        return by_pandas(self._lazy_record, operate, args, {})

    return method


def _changing(operate: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: LazyFrame, *args: Any) -> Any:
        _leave_to_pandas(self)
        return by_pandas(self._lazy_record, operate, (self, *args), {})

    return method


_NUMBERS = "iufc"

# Operators whose result on numbers, or on bools, is the ufunc's; and the ufuncs that pandas hands to them.
_PUT_OFF = {
    **dict.fromkeys(("add", "sub", "mul", "truediv", "pow", "neg", "pos", "abs"), _NUMBERS),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), _NUMBERS),
    **dict.fromkeys(("and", "or", "xor", "invert"), "b"),
}
_TURNED = ("add", "sub", "mul", "truediv", "pow", "and", "or", "xor")
_UFUNCS: dict[np.ufunc, str] = {
    **{np.add: "add", np.subtract: "sub", np.multiply: "mul", np.true_divide: "truediv"},
    **{np.negative: "neg", np.positive: "pos", np.absolute: "abs"},
    **{np.less: "lt", np.less_equal: "le", np.greater: "gt", np.greater_equal: "ge"},
    **{np.equal: "eq", np.not_equal: "ne"},
}
_CHANGING = "setitem delitem iadd isub imul itruediv ifloordiv imod ipow iand ior ixor".split()  # noqa: SIM905


def _put_on() -> None:
    def python(name: str) -> Callable[..., Any]:
        operate: Callable[..., Any] = getattr(operator, f"__{name}__")
        return operate

    special: dict[str, Callable[..., Any]] = {
        **{name: _operator(python(name), kinds) for name, kinds in _PUT_OFF.items()},
        **{f"r{name}": _operator(python(name), _PUT_OFF[name], turned=True) for name in _TURNED},
        **{name: _by_pandas(python(name)) for name in ("floordiv", "mod", "matmul", "contains")},
        **{f"r{name}": _by_pandas(python(name), turned=True) for name in ("floordiv", "mod", "matmul")},
        **{"divmod": _by_pandas(divmod), "rdivmod": _by_pandas(divmod, turned=True)},
        **{kind.__name__: _by_pandas(kind) for kind in (bool, int, float, complex, repr, str, iter, round)},
        **{name: _changing(python(name)) for name in _CHANGING},
        **{name: _changing(getattr(copy, name)) for name in ("copy", "deepcopy")},
        "format": _by_pandas(format),
        "dir": _by_pandas(dir),
        "reduce_ex": _changing(lambda x, protocol: x.__reduce_ex__(protocol)),
    }
    for name, function in special.items():
        function.__name__ = f"__{name}__"
        setattr(LazyFrame, function.__name__, function)


_put_on()
