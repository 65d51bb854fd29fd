"""The interpreter's state of a native thread, which is to end with the thread."""

import ctypes
from typing import Any

__all__ = ["release_at_return"]

_LOCKED = 0  # PyGILState_LOCKED

# cffi's mark in the state of a thread that it keeps the state of.
_KEPT_BY_CFFI = "cffi.thread.canary"

# Prototypes of our own: ctypes.pythonapi's functions are everybody's, and anybody may set their types.
_thread_dict: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_GetDict", ctypes.pythonapi))
_release: Any = ctypes.PYFUNCTYPE(None, ctypes.c_int)(("PyGILState_Release", ctypes.pythonapi))


def release_at_return() -> None:
    """Has the calling thread's state end when the callback that is under way returns to C.

    The thread's values in `threading.local` end with it. cffi makes the state at a thread's first callback
    and keeps it by a count of its own for the next ones. That count is taken away here; cffi itself would do
    so when the first callback of another thread comes, if ever.
    """
    address = _thread_dict()
    if address and _KEPT_BY_CFFI in ctypes.cast(address, ctypes.py_object).value:
        _release(_LOCKED)
