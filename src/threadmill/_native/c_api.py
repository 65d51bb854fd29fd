"""The table of C functions for other extensions, as a capsule; include/threadmill_api.h is its contract."""

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .library import ffi, lib
from .status import error_of

if TYPE_CHECKING:
    from ._threadmill import CData

__all__ = ["address_for_ever", "capsule"]

# Prototypes of our own, as in thread_state.py.
_new_capsule: Any = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_keep: Any = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("Py_IncRef", ctypes.pythonapi))


def capsule(find_pool: Callable[[], int]) -> object:
    """The capsule. C asks find_pool() for the address of a pool."""
    for each in find_pool, error_of:
        _keep(each)
    lib.tm_py_set_c_api(ffi.cast("void *", id(find_pool)), ffi.cast("void *", id(error_of)))
    return _new_capsule(_address(lib.tm_py_c_api()), _address(lib.tm_py_capsule_name()), None)


def address_for_ever(pool: "CData") -> int:
    """The address of a pool that is never freed from now on."""
    _keep(pool)
    return _address(pool)


def _address(pointer: "CData") -> int:
    return int(ffi.cast("uintptr_t", pointer))
