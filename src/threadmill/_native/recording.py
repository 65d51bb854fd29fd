"""put_off: most operations of fused functions, put off in one step. recording.c tells of it."""

import ctypes
from typing import Any

from .library import ffi, lib

__all__ = ["prepare", "put_off"]

# ctypes calls it with the GIL, as cffi would not.
_address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_recording")))

# The lazy array that a ufunc's call makes, or None where Python has to look at it.
put_off: Any

# Says what put_off works with.
prepare: Any
put_off, prepare = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
