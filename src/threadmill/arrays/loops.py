"""NumPy's inner loops: which of them our threads may run, and where they are.

NumPy gives them away in a capsule, made for compilers that call ufuncs;
``numpy.ufunc._resolve_dtypes_and_context`` documents it. Only the leading fields of what is inside are read,
which no release has changed since NumPy 1.24.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from .cache import Cache
from .layout import NUMERIC

__all__ = ["Entry", "Loop", "LoopCache", "chars", "resolve"]

_CAPSULE = b"numpy_1.24_ufunc_call_info"


class _CallInfo(ctypes.Structure):
    """The leading fields of NumPy's ufunc_call_info."""

    _fields_ = (
        ("loop", ctypes.c_void_p),
        ("context", ctypes.POINTER(ctypes.py_object)),  # its first field is the ufunc
        ("auxdata", ctypes.c_void_p),
        ("requires_pyapi", ctypes.c_bool),
        ("no_floatingpoint_errors", ctypes.c_bool),
    )


_open_capsule = ctypes.pythonapi.PyCapsule_GetPointer
_open_capsule.restype = ctypes.c_void_p
_open_capsule.argtypes = (ctypes.py_object, ctypes.c_char_p)


class Entry:
    """The addresses that a step of a program needs; alive as long as this object is."""

    __slots__ = ("_capsule", "auxdata", "context", "function", "reports", "requires_python")

    def __init__(self, ufunc: np.ufunc, capsule: object, fixed_strides: Sequence[int | None]) -> None:
        ufunc._get_strided_loop(capsule, fixed_strides=tuple(fixed_strides))  # type: ignore[attr-defined]
        info = _CallInfo.from_address(_open_capsule(capsule, _CAPSULE))
        if info.context[0] is not ufunc:
            raise SystemError(f"what NumPy tells of {ufunc} is not what we take it for")
        self._capsule = capsule
        self.function: int = info.loop
        self.context: int = ctypes.cast(info.context, ctypes.c_void_p).value or 0
        self.auxdata: int = info.auxdata or 0
        self.requires_python: bool = info.requires_pyapi
        self.reports: bool = not info.no_floatingpoint_errors


class Loop:
    """A ufunc for operands of certain dtypes: the dtypes that it converts them to, and its inner loop."""

    __slots__ = ("_arguments", "contiguous", "dtypes", "programs", "strided", "ufunc")

    def __init__(self, ufunc: np.ufunc, given: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.ufunc = ufunc
        self._arguments = given, options
        self.dtypes: tuple[np.dtype[Any], ...] = self._resolve()[0]
        sizes = [dtype.itemsize for dtype in self.dtypes]
        self.contiguous = Entry(ufunc, self._resolve()[1], sizes)
        self.strided = Entry(ufunc, self._resolve()[1], [None] * len(sizes))
        self.programs: dict[Any, Any] = {}  # by what else a program depends on

    def _resolve(self) -> Any:
        given, options = self._arguments
        return self.ufunc._resolve_dtypes_and_context(given, **options)  # type: ignore[attr-defined]


# Loops, or why our threads can't run one, by what `resolve` was asked: the operands' dtypes, dtype.chars, and
# options. A ufunc has some twenty combinations of numbers, and one for each unit of times. Any thread may
# write. A loop keeps its ufunc alive, which the cache's owner does anyway.
LoopCache = Cache[tuple[Any, ...], "Loop | str"]
MOST_LOOPS = 256


def chars(dtypes: Any) -> str:
    """What tells dtypes apart that are equal: `long` and `long long`, whose results differ in type."""
    return "".join([getattr(each, "char", "-") for each in dtypes])


def resolve(ufunc: np.ufunc, given: tuple[Any, ...], **options: Any) -> Loop | str:
    """The loop for operands given as dtypes, as int, float or complex for Python's numbers, or as None.

    A string tells why our threads can't run it; whether the call is an error at all is for NumPy to say.
    """
    try:
        loop = Loop(ufunc, given, options)
    except (TypeError, ValueError):  # NumPy has no loop for these, or wants to raise
        return "NumPy has no loop for these dtypes"
    if loop.strided.requires_python or loop.contiguous.requires_python:
        return "the loop runs Python code"
    if any(dtype.char not in NUMERIC or not dtype.isnative for dtype in loop.dtypes):
        return "the loop's dtypes are not plain numbers"
    if any(dtype.kind in "mM" for dtype in loop.dtypes) and _may_raise(loop):
        return "the loop raises where a date or a time overflows"
    return loop


def _may_raise(loop: Loop) -> bool:
    """Whether a loop over dates or times, which say nothing of it, raises: from NumPy 2.5 on some do."""
    most = np.iinfo(np.int64).max
    extremes = np.array([0, 1, most, -most, -most - 1], np.int64)
    operands = [
        extremes.view(dtype) if dtype.kind in "mM" else extremes.astype(dtype)
        for dtype in loop.dtypes[: loop.ufunc.nin]
    ]
    try:
        with np.errstate(all="ignore"):
            loop.ufunc(*np.meshgrid(*operands))
    except (ArithmeticError, ValueError):
        return True
    return False
