"""The storage of lazy arrays, values and nodes, and functions that make them: fields.c tells of it."""

import ctypes
from typing import TYPE_CHECKING, Any

from .library import ffi, lib

__all__ = ["LazyFields", "NodeFields", "ValueFields", "new_lazy", "new_node", "new_view"]

if TYPE_CHECKING:

    class LazyFields: ...

    class ValueFields: ...

    class NodeFields: ...


def _all() -> Any:
    """The reference that C has made is kept: the types live for ever."""
    address = int(ffi.cast("uintptr_t", lib.tm_py_fields()))
    if not address:
        raise MemoryError
    return ctypes.cast(address, ctypes.py_object).value


new_node: Any
new_lazy: Any
new_view: Any
_types = _all()
if not TYPE_CHECKING:
    LazyFields, ValueFields, NodeFields = _types[:3]
new_node, new_lazy, new_view = _types[3:]
