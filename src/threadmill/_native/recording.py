"""put_off: most operations of fused functions, put off in one step. recording.c tells of it."""

import ctypes
from typing import Any

from .library import ffi, lib

__all__ = ["prepare", "put_off", "put_off_over"]

# ctypes calls it with the GIL, as cffi would not.
_address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_recording")))

# The lazy array that a call makes, or None where Python has to look at it.
put_off: Any

# The same written over the first operand, a lazy array that is put off and shows the result from then on.
put_off_over: Any

# Says what both work with.
prepare: Any
put_off, put_off_over, prepare = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
