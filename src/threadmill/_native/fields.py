"""The storage of lazy arrays and of what they refer to, and what makes them: fields.c tells of it."""

import ctypes
from typing import TYPE_CHECKING, Any

from .library import ffi, lib

__all__ = [
    *("LazyFields", "NodeFields", "PlanFields", "RecordFields", "StateFields", "ValueFields"),
    *("new_example", "new_lazy", "new_node", "new_view"),
]

if TYPE_CHECKING:

    class LazyFields: ...

    class ValueFields: ...

    class NodeFields: ...

    class RecordFields: ...

    class StateFields: ...

    class PlanFields: ...


# ctypes calls it with the GIL, as cffi would not.
_address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_fields")))
_types = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
new_node: Any
new_lazy: Any
new_view: Any
new_example: Any
if not TYPE_CHECKING:
    LazyFields, ValueFields, NodeFields, RecordFields, StateFields, PlanFields = _types[:6]
new_node, new_lazy, new_view, new_example = _types[6:]
