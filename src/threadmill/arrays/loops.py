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
from .probes import times_may_raise
from .refusal import Refusal

__all__ = ["Entry", "Loop", "LoopCache", "find_loop"]

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
    """The address that a step of a program needs; valid as long as this object is alive."""

    __slots__ = ("_capsule", "address", "reports", "requires_python")

    def __init__(self, ufunc: np.ufunc, capsule: object, fixed_strides: Sequence[int | None]) -> None:
        ufunc._get_strided_loop(capsule, fixed_strides=tuple(fixed_strides))  # type: ignore[attr-defined]
        info = _CallInfo.from_address(_open_capsule(capsule, _CAPSULE))
        if info.context[0] is not ufunc:
            raise SystemError(f"what NumPy tells of {ufunc} is not what we take it for")
        self._capsule = capsule
        context: int = ctypes.cast(info.context, ctypes.c_void_p).value or 0
        self.address: tuple[int, int, int] = info.loop, context, info.auxdata or 0
        self.requires_python: bool = info.requires_pyapi
        self.reports: bool = not info.no_floatingpoint_errors


class Loop:
    """A ufunc for operands of certain dtypes: the dtypes that it converts them to, and its inner loop."""

    __slots__ = ("contiguous", "dtypes", "name", "programs", "strided", "ufunc")

    def __init__(self, ufunc: np.ufunc, given: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.ufunc = ufunc
        # Where it is a name that decides: another package's ufunc may have one of NumPy's names.
        self.name = ufunc.__name__ if vars(np).get(ufunc.__name__) is ufunc else ""
        ask = ufunc._resolve_dtypes_and_context  # type: ignore[attr-defined]
        self.dtypes: tuple[np.dtype[Any], ...] = ask(given, **options)[0]
        sizes = [dtype.itemsize for dtype in self.dtypes]
        self.contiguous = Entry(ufunc, ask(given, **options)[1], sizes)
        self.strided = Entry(ufunc, ask(given, **options)[1], [None] * len(sizes))
        self.programs: dict[Any, Any] = {}  # by what else a program depends on


# Loops, or why our threads can't run one, by what `resolve` was asked: the operands' dtypes, dtype.chars, and
# options. A ufunc has some twenty combinations of numbers, and one for each unit of times. Any thread may
# write. A loop keeps its ufunc alive, which the cache's owner does anyway.
LoopCache = Cache[tuple[Any, ...], "Loop | Refusal"]


def find_loop(
    ufunc: np.ufunc,
    loops: LoopCache,
    given: tuple[Any, ...],
    signature: Any = None,
    casting: str = "same_kind",
    reduction: bool = False,
) -> Loop | Refusal:
    """The loop for operands given as `resolve` takes them, from the cache if it has been asked for before."""
    # `long` and `long long` are equal dtypes, and their results differ in type: dtype.char tells them apart.
    asked = given + signature if type(signature) is tuple else given
    key = given, tuple([getattr(each, "char", "") for each in asked]), signature, casting, reduction
    loop = loops.get(key)
    if loop is None:
        options: dict[str, Any] = {"casting": casting}
        if signature is not None:
            options["signature"] = signature
        if reduction:
            options["reduction"] = True
        loop = loops.put(key, resolve(ufunc, given, **options))
    return loop


def resolve(ufunc: np.ufunc, given: tuple[Any, ...], **options: Any) -> Loop | Refusal:
    """The loop for operands given as dtypes, as int, float or complex for Python's numbers, or as None.

    Whether the call is an error at all is for NumPy to say.
    """
    try:
        loop = Loop(ufunc, given, options)
    except (TypeError, ValueError):  # NumPy has no loop for these, or wants to raise
        return Refusal("NumPy has no loop for these dtypes")
    if loop.strided.requires_python or loop.contiguous.requires_python:
        return Refusal("the loop runs Python code")
    if any(dtype.char not in NUMERIC or not dtype.isnative for dtype in loop.dtypes):
        return Refusal("the loop's dtypes are not plain numbers")
    if any(dtype.kind in "mM" for dtype in loop.dtypes) and times_may_raise(ufunc, loop.dtypes):
        return Refusal("the loop raises where a date or a time overflows")
    return loop
