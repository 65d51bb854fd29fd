"""The interpreter's state of a worker: made before its first Python code, released after its last."""

import ctypes
import sys
from typing import Any

from .library import ffi, lib

_LOCKED = 0  # PyGILState_LOCKED

# Prototypes of our own: ctypes.pythonapi's functions are everybody's, and anybody may set their types.
_interpreter: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyInterpreterState_Get", ctypes.pythonapi))
_release: Any = ctypes.PYFUNCTYPE(None, ctypes.c_int)(("PyGILState_Release", ctypes.pythonapi))


@ffi.def_extern()
def tm_py_thread_ends() -> None:
    """Has the calling worker's state end when this returns to C, and with it its values in `threading.local`.

    The state was made with a count of one, by tm_py_thread_begins or by cffi for an earlier callback, and
    that one has kept it between callbacks. It is taken away here.
    """
    _release(_LOCKED)


# A state is made while nobody can fork. Not from CPython 3.13 on: there os.fork has the lock that this needs
# when it comes to our hooks, and the two would wait for each other.
_KEEP_FORKS = sys.version_info < (3, 13)

lib.tm_set_host_thread(
    ffi.addressof(lib, "tm_py_thread_begins"),
    ffi.cast("void *", _interpreter()),
    lib.tm_py_thread_ends,
    _KEEP_FORKS,
)
