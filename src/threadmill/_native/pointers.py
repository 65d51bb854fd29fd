"""Pointers: those of any cffi module's, and those that keep an object of Python's alive."""

import functools
import operator
from typing import TYPE_CHECKING, Any

from .._types import Array
from .library import ffi

if TYPE_CHECKING:
    from ._threadmill import CData

NULL: "CData" = ffi.NULL

_CData = ffi.CData
_BLOCK_FUNCTION = ffi.typeof("void (*)(void *, const void *, void *, size_t)")


def is_cdata(value: object) -> bool:
    """Whether a value is cffi's, of this or any other cffi module."""
    return isinstance(value, _CData)


def is_function(cdata: "CData") -> bool:
    return ffi.typeof(cdata).kind == "function"


def pointer(address: int, keep: object = None) -> "CData":
    """A void pointer, which may keep an object alive."""
    made = ffi.cast("void *", address)
    # What lets go is C alone: an exception of a signal handler in a destructor's Python would be lost.
    return made if keep is None else ffi.gc(made, functools.partial(operator.is_, keep))


def pointer_to(value: Any) -> "CData | None":
    """A cffi pointer as it is, a buffer's address with the buffer pinned; None for anything else."""
    if isinstance(value, ffi.CData):
        return ffi.cast("void *", value) if ffi.typeof(value).kind in ("pointer", "array") else None
    try:
        return ffi.from_buffer(value)
    except TypeError:
        return None


def run_block(fn: "CData | int", ctx: "CData", source: Array, target: Array, n: int) -> None:
    """fn(ctx, source, target, n) on the calling thread."""
    run = ffi.cast(_BLOCK_FUNCTION, fn)
    run(ctx, ffi.from_buffer(source), ffi.from_buffer(target, require_writable=True), n)
