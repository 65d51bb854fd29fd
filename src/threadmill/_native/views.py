"""view: most views of lazy arrays, in one step. views.c tells of it."""

import ctypes
from typing import Any

from .library import ffi, lib

__all__ = ["prepare", "view"]

# ctypes calls it with the GIL, as cffi would not.
_address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_views")))

# The lazy array of a view, or None where Python has to look at it.
view: Any

# Says what `view` works with.
prepare: Any
view, prepare = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
