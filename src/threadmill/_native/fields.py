"""The storage of lazy arrays, values and nodes, and functions that make them: fields.c tells of it."""

import ctypes
from typing import TYPE_CHECKING, Any

from .library import ffi, lib

__all__ = ["LazyFields", "NodeFields", "ValueFields", "new_example", "new_lazy", "new_node", "new_view"]

if TYPE_CHECKING:

    class LazyFields: ...

    class ValueFields: ...

    class NodeFields: ...


# ctypes calls it with the GIL, as cffi would not.
_address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_fields")))
_types = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
new_node: Any
new_lazy: Any
new_view: Any
new_example: Any
if not TYPE_CHECKING:
    LazyFields, ValueFields, NodeFields = _types[:3]
new_node, new_lazy, new_view, new_example = _types[3:]
