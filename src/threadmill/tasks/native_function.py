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


def native_address(kernel: Any) -> "CData | int | None":
    """A native function as a cffi pointer or an address; None where `kernel` is none."""
    if pointers.is_cdata(kernel):  # first, as the quickest way in
        return kernel if kernel and pointers.is_function(kernel) else None
    if isinstance(kernel, int) and not isinstance(kernel, bool):
        return kernel if _LEAST_ADDRESS <= kernel <= _MOST_ADDRESS else None
    if isinstance(kernel, _FunctionPointer):
        address: int | None = ctypes.cast(kernel, ctypes.c_void_p).value
        return address
    if type(kernel).__name__ == "LowLevelCallable":
        kernel = _capsule_of(kernel)
    if type(kernel).__name__ == "PyCapsule":
        return _capsule_get("PyCapsule_GetPointer", kernel, _capsule_get("PyCapsule_GetName", kernel))
    if type(kernel).__module__.partition(".")[0] == "numba":
        compiled = getattr(kernel, "address", None)
        return compiled if isinstance(compiled, int) else None
    return None


def require_native(kernel: Any) -> "CData | int":
    """As native_address; TypeError where `kernel` is no native function."""
    address = native_address(kernel)
    if address is None:
        raise TypeError(
            "kernel must be a native function (a cffi or ctypes function pointer, a numba cfunc, "
            f"a PyCapsule, a scipy.LowLevelCallable, or an address), got {_shown(kernel)}"
        )
    return address


def context_pointer(ctx: Any, kernel: Any = None) -> "CData":
    """`ctx` as a void pointer that keeps what it points to alive; NULL, or the kernel's own, for None."""
    if ctx is None:
        if isinstance(kernel, tuple):  # scipy's LowLevelCallable
            return pointers.pointer(_capsule_get("PyCapsule_GetContext", _capsule_of(kernel)) or 0)
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


def _shown(kernel: Any) -> str:
    return f"the int {kernel}" if type(kernel) is int else type(kernel).__name__


def _capsule_of(kernel: Any) -> Any:
    """The capsule that scipy's LowLevelCallable begins with: a tuple that lets nobody index it."""
    return tuple.__getitem__(kernel, 0)


def _capsule_get(function: str, *args: Any) -> int | None:
    """PyCapsule_<what> as an address; it raises what the C function raises."""
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, *[ctypes.c_void_p] * (len(args) - 1))
    address: int | None = get((function, ctypes.pythonapi))(*args)
    return address
