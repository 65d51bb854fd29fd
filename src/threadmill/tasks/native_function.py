"""Native code and its context as users may hand them over: pointers of cffi, ctypes and numba, capsules."""

import ctypes
import sys
from typing import TYPE_CHECKING, Any

from .._native import pointers

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["context_pointer", "native_address", "require_native"]

_FunctionPointer: Any = ctypes.CFUNCTYPE(None).__mro__[1]
_Pointer: Any = ctypes.POINTER(ctypes.c_int).__mro__[1]
_Reference: Any = type(ctypes.byref(ctypes.c_int()))

# No system lets code lie in the first page, and none has longer addresses than its integers.
_LEAST_ADDRESS, _MOST_ADDRESS = 1 << 12, 2 * sys.maxsize + 1


def native_address(fn: Any) -> "CData | int | None":
    """A native function as a cffi pointer or an address; None where `fn` is none."""
    if pointers.is_cdata(fn):  # first, as the quickest way in
        return fn if fn and pointers.is_function(fn) else None
    if isinstance(fn, int) and not isinstance(fn, bool):
        return fn if _LEAST_ADDRESS <= fn <= _MOST_ADDRESS else None
    if isinstance(fn, _FunctionPointer):
        address: int | None = ctypes.cast(fn, ctypes.c_void_p).value
        return address
    if type(fn).__name__ == "LowLevelCallable":
        fn = _capsule_of(fn)
    if type(fn).__name__ == "PyCapsule":
        return _capsule_get("PyCapsule_GetPointer", fn, _capsule_get("PyCapsule_GetName", fn))
    if type(fn).__module__.partition(".")[0] == "numba":
        compiled = getattr(fn, "address", None)
        return compiled if isinstance(compiled, int) else None
    return None


def require_native(fn: Any) -> "CData | int":
    """As native_address; TypeError where `fn` is no native function."""
    address = native_address(fn)
    if address is None:
        raise TypeError(
            "fn must be a native function (a cffi or ctypes function pointer, a numba cfunc, "
            f"a PyCapsule, a scipy.LowLevelCallable, or an address), got {_shown(fn)}"
        )
    return address


def context_pointer(ctx: Any, fn: Any = None) -> "CData":
    """`ctx` as a void pointer that keeps what it points to alive; NULL, or the fn's own, for None."""
    if ctx is None:
        if isinstance(fn, tuple):  # scipy's LowLevelCallable
            return pointers.pointer(_capsule_get("PyCapsule_GetContext", _capsule_of(fn)) or 0)
        return pointers.NULL
    if isinstance(ctx, int):
        if not -sys.maxsize <= ctx <= _MOST_ADDRESS:
            raise ValueError(f"ctx must fit in a pointer, got {ctx}")
        return pointers.pointer(int(ctx))
    if isinstance(ctx, (_Pointer, _Reference, ctypes.c_void_p)):
        return pointers.pointer(ctypes.cast(ctx, ctypes.c_void_p).value or 0, keep=ctx)
    pointer = pointers.pointer_to(ctx)
    if pointer is None:
        raise TypeError(
            "ctx must be None, an address, a cffi or ctypes pointer, or an object with the buffer protocol, "
            f"got {type(ctx).__name__}"
        )
    return pointer


def _shown(fn: Any) -> str:
    return f"the int {fn}" if type(fn) is int else type(fn).__name__


def _capsule_of(fn: Any) -> Any:
    """The capsule that scipy's LowLevelCallable begins with: a tuple that lets nobody index it."""
    return tuple.__getitem__(fn, 0)


def _capsule_get(function: str, *args: Any) -> int | None:
    """PyCapsule_<what> as an address; it raises what the C function raises."""
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, *[ctypes.c_void_p] * (len(args) - 1))
    address: int | None = get((function, ctypes.pythonapi))(*args)
    return address
