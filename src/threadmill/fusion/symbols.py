"""Symbols: what a fused function's arguments are while its formula is recorded.

A symbol has the dtype and the shape of a whole array, and no elements. Element-wise operations on it become
steps of the formula; all others raise a TypeError that says why, and what to do instead.
"""

import datetime
import numbers
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .._arguments import is_dask_array
from .explanation import name_of
from .formula import Recorder, Slot

__all__ = ["Symbol"]

_OUTSIDE = (
    "Do that to the dask arrays, outside of the function; where neighbours are enough, use "
    "dask.array.map_overlap(threadmill.fuse(fn), x, depth=...), whose blocks are NumPy arrays"
)


def _refuse(what: str, why: str = "may need other blocks", way: str = _OUTSIDE) -> NoReturn:
    raise TypeError(f"on dask arrays, fuse takes element-wise functions, and {what} {why}. {way}")


class Symbol:
    """An array of a formula; `is_fresh` once it has memory of its own, which may be written."""

    __slots__ = ("_is_fresh", "_recorder", "_slot")
    __array_priority__ = 1000000.0
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Recorder, slot: Slot, is_fresh: bool = False) -> None:
        self._recorder = recorder
        self._slot = slot
        self._is_fresh = is_fresh

    @property  # type: ignore[misc]  # of a symbol nobody sets it
    def __class__(self) -> Any:
        return np.ndarray  # for Python code that asks whether it has an array

    def __repr__(self) -> str:
        return f"<array in blocks, shape={self._recorder.shapes[self._slot]}, dtype={self.dtype}>"

    def __format__(self, _spec: str) -> str:
        return repr(self)

    # ---- what is known of the whole array ----

    @property
    def dtype(self) -> np.dtype[Any]:
        found: np.dtype[Any] = self._recorder.models[self._slot].dtype
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        shape = self._recorder.shapes[self._slot]
        if any(n != n for n in shape):
            _refuse("its shape", f"is unknown: {shape}", "Call compute_chunk_sizes() on the dask array first")
        return shape

    @property
    def ndim(self) -> int:
        return len(self._recorder.shapes[self._slot])

    @property
    def size(self) -> int:
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    # ---- ufuncs, functions and methods ----

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if method != "__call__" or ufunc.signature is not None:
            _refuse(f"numpy.{ufunc.__name__}{'.' + method if method != '__call__' else ''}")
        outs = options.pop("out", ())
        writes = [self._written(x) for x in outs if x is not None]
        if outs:
            options["out"] = outs
        made = _made(self._recorder, ufunc, args, options, writes)
        return _shown([made] if ufunc.nout == 1 else list(made), outs)

    def __array_function__(self, function: Any, _types: Any, args: Any, options: Any) -> Any:
        if function in _KNOWN_BEFORE:
            return _KNOWN_BEFORE[function](*args, **options)
        options = {name: x for name, x in options.items() if x is not np._NoValue}
        if function in _OF_ONE:
            return self._of_one(function, args, options)
        is_known = function in _FRESH or function in _SHARED
        if not is_known or options.keys() & {"out", "shape", "device"} or options.get("copy") is False:
            _refuse(f"numpy.{name_of(function)}")
        if function is np.where and len(args) != 3:
            _refuse("numpy.where of a condition alone")
        if function in _LIKE and (type(args[0]) is not Symbol or any(map(_is_array, args[1:]))):
            _refuse(f"numpy.{name_of(function)} of another array")
        return _made(self._recorder, function, args, options, (), function in _FRESH)

    def _of_one(self, function: Any, args: Any, options: Any) -> Any:
        """A function that is element-wise in one argument, and takes the others whole."""
        place = _OF_ONE[function]
        others = [*args[:place], *args[place + 1 :], *options.values()]
        if len(args) <= place or type(args[place]) is not Symbol or any(map(_is_lazy, others)):
            _refuse(f"numpy.{name_of(function)} with an array in blocks in this place")
        recorder = self._recorder
        x = _given(recorder, args[place])
        slots = recorder.step(function, (*args[:place], x, *args[place + 1 :]), options)
        return Symbol(recorder, slots[0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        _refuse(f"an array's {name}")

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        _refuse("numpy.asarray, or code that needs an array's memory,", "needs its elements")

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        call = operator.methodcaller("astype", dtype, *args, **options)
        return _made(self._recorder, call, (self,), {}, (), is_fresh=options.get("copy", True) is True)

    def copy(self, order: str = "C") -> Any:
        return _made(self._recorder, operator.methodcaller("copy", order), (self,), {})

    def conjugate(self) -> Any:
        return _made(self._recorder, operator.methodcaller("conjugate"), (self,), {}, (), is_fresh=False)

    conj = conjugate

    def clip(self, *args: Any, **options: Any) -> Any:
        return np.clip(self, *args, **options)

    def round(self, decimals: int = 0) -> Any:
        return np.round(self, decimals)

    @property
    def real(self) -> Any:
        return np.real(self)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    # ---- writing ----

    def __setitem__(self, key: Any, new: Any) -> None:
        is_mask = type(key) is Symbol and key.dtype == np.bool and not _is_array(new)
        if is_mask and repr(self._recorder.shapes[key._slot]) != repr(self._recorder.shapes[self._slot]):
            _refuse("a mask of another shape")
        if not is_mask and key is not Ellipsis:
            _refuse("an assignment to a part of an array")
        _made(self._recorder, operator.setitem, (self, key, new), {}, [self._written(self)])

    def _written(self, x: Any) -> Slot:
        if type(x) is not Symbol or x._recorder is not self._recorder or not x._is_fresh or not x.ndim:
            _refuse(
                "a write to an argument, to another's array or to a view",
                "would show elsewhere",
                "dask arrays do not change: compute a new array, as in x = x + 1",
            )
        return x._slot


# ---- recording --------------------------------------------------------------------------------------------


def _is_lazy(x: Any) -> bool:
    """Whether x is, or holds, an array whose elements are not there."""
    if isinstance(x, tuple | list):
        return any(map(_is_lazy, x))
    return type(x) is Symbol or is_dask_array(x)


def _is_array(x: Any) -> bool:
    return _is_lazy(x) or isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.ndim > 0)


def _given(recorder: Recorder, x: Any, in_list: bool = False) -> Any:
    """An operand as a step has it: arrays as slots, all else as it is."""
    if type(x) is Symbol:
        if x._recorder is not recorder or not recorder.is_open:
            _refuse("an array of another call", "is not known here", "Hand it over as an argument")
        return x._slot
    if is_dask_array(x):
        return recorder.source(x)
    if isinstance(x, list | tuple) and not in_list:
        x = np.asarray(x)
    if type(x) is np.ndarray:
        return recorder.source(x) if x.ndim else x
    if isinstance(x, list | tuple):
        return type(x)([_given(recorder, each) for each in x])
    if not isinstance(x, _CONSTANTS):
        _refuse(f"an operand of the class {type(x).__name__}", "has a meaning of its own", "Hand over arrays")
    return x


_CONSTANTS = (
    *(numbers.Number, np.generic, str, bytes, datetime.date, datetime.timedelta),
    *(type, np.dtype, type(None), type(...)),
)


def _made(
    recorder: Recorder,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
    writes: Any = (),
    is_fresh: bool = True,
) -> Any:
    """What a call makes, as a symbol or a tuple of them."""
    in_list = function is np.select
    given = tuple([_given(recorder, x, in_list and isinstance(x, list | tuple)) for x in args])
    named = {
        name: tuple([None if each is None else each._slot for each in x])
        if name == "out"
        else _given(recorder, x, isinstance(x, tuple) and name == "signature")
        for name, x in options.items()
    }
    if not is_fresh:  # the result may lie in an operand's memory: neither is written from now on
        for x in args:
            if type(x) is Symbol:
                x._is_fresh = False
    slots = recorder.step(function, given, named, tuple(writes))
    symbols = [Symbol(recorder, slot, is_fresh) for slot in slots]
    return symbols[0] if len(symbols) == 1 else tuple(symbols)


def _shown(made: list[Any], outs: tuple[Any, ...]) -> Any:
    """What a ufunc returns: its outputs where it was given some."""
    if outs:
        made = [new if out is None else out for new, out in zip(made, outs, strict=True)]
    return made[0] if len(made) == 1 else tuple(made)


# ---- which functions are element-wise ---------------------------------------------------------------------

# Their results have memory of their own.
_FRESH = {
    *(np.where, np.select, np.clip, np.copy, np.isclose, np.isposinf, np.isneginf, np.sinc, np.i0),
    *(np.zeros_like, np.ones_like, np.full_like, np.empty_like),
}
_LIKE = {np.zeros_like, np.ones_like, np.full_like, np.empty_like}
# Theirs may be an operand, or a part of one.
_SHARED = {np.real, np.imag, np.angle, np.round, np.around, np.fix, np.nan_to_num}
if hasattr(np, "astype"):  # from NumPy 2.1 on
    _SHARED.add(np.astype)
# Element-wise in the argument at this place alone.
_OF_ONE: dict[Any, int] = {np.interp: 0, np.digitize: 0, np.isin: 0, np.searchsorted: 1, np.polyval: 1}


def _of_dtypes(function: Any) -> Any:
    return lambda *args: function(*[x.dtype if type(x) is Symbol else x for x in args])


# They ask for nothing but dtypes and shapes.
_KNOWN_BEFORE: dict[Any, Callable[..., Any]] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.result_type: _of_dtypes(np.result_type),
    np.can_cast: lambda of, to, casting="safe": np.can_cast(
        of.dtype if type(of) is Symbol else of, to, casting
    ),
    np.iscomplexobj: lambda x: x.dtype.kind == "c",
    np.isrealobj: lambda x: x.dtype.kind != "c",
}


# ---- operators --------------------------------------------------------------------------------------------


def _binary(name: str) -> dict[str, Callable[..., Any]]:
    operate = getattr(operator, f"__{name}__") if name != "divmod" else divmod
    in_place = getattr(operator, f"__i{name}__", None)

    def forward(self: Symbol, other: Any) -> Any:
        return _made(self._recorder, operate, (self, other), {})

    def backward(self: Symbol, other: Any) -> Any:
        return _made(self._recorder, operate, (other, self), {})

    def written(self: Symbol, other: Any) -> Any:
        if not self.ndim:
            return forward(self, other)  # blocks of no axes are numbers, which do not change
        _made(self._recorder, in_place, (self, other), {}, [self._written(self)])  # type: ignore[arg-type]
        return self

    methods = {f"__{name}__": forward, f"__r{name}__": backward}
    return methods if in_place is None else {**methods, f"__i{name}__": written}


def _unary(name: str) -> Callable[[Symbol], Any]:
    operate = getattr(operator, f"__{name}__")
    return lambda self: _made(self._recorder, operate, (self,), {})


def _comparison(name: str) -> Callable[[Symbol, Any], Any]:
    operate = getattr(operator, f"__{name}__")
    return lambda self, other: _made(self._recorder, operate, (self, other), {})


def _refused(what: str, *reason: str) -> Callable[..., NoReturn]:
    return lambda _self, *_args: _refuse(what, *reason)


_CHOICE = "A choice by elements is numpy.where(condition, a, b)"


def _put_on() -> None:
    methods: dict[str, Callable[..., Any]] = {}
    names = "add sub mul truediv floordiv mod pow lshift rshift and or xor divmod"
    for name in names.split():
        methods |= _binary(name)
    methods |= {f"__{name}__": _comparison(name) for name in ("lt", "le", "gt", "ge", "eq", "ne")}
    methods |= {f"__{name}__": _unary(name) for name in ("pos", "neg", "abs", "invert")}
    methods |= {
        f"__{name}__": _refused(f"{name}() of an array, as in `if`,", "needs its elements", _CHOICE)
        for name in ("bool", "int", "float", "complex", "index")
    }
    methods |= {f"__{name}__": _refused("a matrix product") for name in ("matmul", "rmatmul", "imatmul")}
    methods["__getitem__"] = _refused("an index")
    methods["__iter__"] = _refused("iteration")
    methods["__contains__"] = _refused("`in`")
    methods["__copy__"] = Symbol.copy
    methods["__deepcopy__"] = lambda self, _memo: self.copy()
    for name, method in methods.items():
        setattr(Symbol, name, method)


_put_on()
