"""The compiled library of this copy of the package.

cffi enters a module in sys.modules under the name that it was built with too. So a copy that another package
carries inside would be taken for the original's, or the original's for it: the entry is put back.
"""

import contextlib
import importlib.util
import sys

_BUILT_AS = "threadmill._native._threadmill"
_before = sys.modules.get(_BUILT_AS)

# A CPython without the GIL loads a binary of the limited API too, and crashes in it: objects differ there.
if "t" in getattr(sys, "abiflags", ""):
    _found = importlib.util.find_spec("._threadmill", __package__)
    if _found is not None and _found.origin is not None and _found.origin.endswith(".abi3.so"):
        raise ImportError(
            f"{_found.origin} was built for CPython with the GIL, and this one is free-threaded: "
            "use pip install . with this interpreter, in a clone of the repository"
        )

from ._threadmill import ffi, lib  # noqa: E402  (what comes before looks at what it changes)

if __package__ != "threadmill._native":
    if _before is None:
        sys.modules.pop(_BUILT_AS, None)
    else:
        sys.modules[_BUILT_AS] = _before

__all__ = ["ffi", "lib"]

# Without the GIL two threads that are the first to use a struct may end the process: cffi builds its fields
# under a lock that it may lose halfway. So they are built here.
for _name in ffi.list_types()[0]:
    with contextlib.suppress(ValueError):  # one whose fields C keeps to itself
        ffi.alignof(_name)
