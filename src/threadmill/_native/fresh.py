"""New arrays for results: NumPy's own, of which the large ones begin where a huge page does.

Such an array owns its data, and is freed and resized, as any other. NumPy has its memory from a handler
(NEP 49) that is set while the array is made. A handler that the user has set is left alone.
"""

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .._types import Array
from .library import ffi, lib

__all__ = ["FEW", "LARGE", "empty", "empty_like", "made"]

_Made = TypeVar("_Made")

# Bytes from which on an array's memory is ours.
LARGE: int = lib.TM_LARGE_RESULT

# Fewer numbers are smaller, whatever they are.
FEW = LARGE // np.dtype(np.clongdouble).itemsize

# Places in the table of NumPy's C functions, the same since 1.22.
_SET_HANDLER, _GET_HANDLER, _DEFAULT_HANDLER = 304, 305, 306


def _of_pythons(name: str, result: Any, *arguments: Any) -> Any:
    """A function of CPython's with a prototype of our own, as in thread_state.py."""
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_address_in = _of_pythons("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
_name_in = _of_pythons("PyCapsule_GetName", ctypes.c_void_p, ctypes.py_object)
_new_capsule = _of_pythons(
    "PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)

_numpys_core: Any = vars(np)["_core"]
_table = ctypes.cast(
    _address_in(_numpys_core._multiarray_umath._ARRAY_API, None),
    ctypes.POINTER(ctypes.c_void_p),
)
_set_handler: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(_table[_SET_HANDLER])
_get_handler: Any = ctypes.PYFUNCTYPE(ctypes.py_object)(_table[_GET_HANDLER])
_default: Any = ctypes.cast(_table[_DEFAULT_HANDLER], ctypes.POINTER(ctypes.py_object)).contents.value


def _new_handler() -> Any:
    """Ours as NumPy takes it: named as its own, by a text that is there as long as NumPy."""
    address = int(ffi.cast("uintptr_t", lib.tm_memory_handler()))
    return _new_capsule(address, _name_in(_default), None) if address else None


_handler = _new_handler()


def empty(shape: int | Sequence[int], dtype: Any, order: Any = "C") -> Array:
    """np.empty(shape, dtype, order)."""
    count = shape if isinstance(shape, int) else math.prod(shape)
    if count * np.dtype(dtype).itemsize < LARGE:
        return np.empty(shape, dtype, order)
    return made(np.empty, shape, dtype, order)


def empty_like(x: Array, dtype: np.dtype[Any] | None = None, order: Any = "K") -> Array:
    """np.empty_like(x, dtype, order)."""
    item = x.itemsize if dtype is None else dtype.itemsize
    if x.size * item < LARGE:
        return np.empty_like(x, dtype, order)
    return made(np.empty_like, x, dtype, order)


def made(make: Callable[..., _Made], *args: Any, **options: Any) -> _Made:
    """make(*args, **options), a function of NumPy's that allocates arrays."""
    if _handler is None or _get_handler() is not _default or not _asks_for_huge_pages():
        return make(*args, **options)
    try:  # an interrupt may come as soon as it is set
        _set_handler(_handler)
        return make(*args, **options)
    finally:
        _set_handler(_default)


# NUMPY_MADVISE_HUGEPAGE, or what was set since.
_asks_for_huge_pages: Any = getattr(_numpys_core.multiarray, "_get_madvise_hugepage", lambda: True)
