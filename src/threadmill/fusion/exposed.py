"""Memory that others may write: who reads it gets its values before."""

from typing import TYPE_CHECKING
from weakref import ref

import numpy as np

from .._native.memory import are_apart
from .._types import Array
from .nodes import Value

if TYPE_CHECKING:
    from .record import Record

__all__ = ["expose", "give_back", "may_change"]


def expose(record: "Record", array: Array) -> None:
    """From now on code that we do not know may write to the array's memory."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    known = [each for each in record.exposed if each() is not None]
    if not any(base is each() for each in known):
        known.append(ref(base))
    record.exposed = known
    if any(may_change(record, node.inputs) for node in record.pending):
        record.flush("its memory was handed out")
    give_back(record, array)


def may_change(record: "Record", inputs: tuple[Value, ...]) -> bool:
    """Whether such code may write what a node reads."""
    exposed = [base for each in record.exposed if (base := each()) is not None]
    return any(
        value.array is not None and not are_apart(value.array, base) for value in inputs for base in exposed
    )


def give_back(record: "Record", target: Array | None = None) -> None:
    """Copies values that are borrowed from memory that is about to be written, if they are held.

    None: from memory that code which we do not know may write.
    """
    record.reduced = []
    kept = []
    for value in record.borrowed:
        if value.borrowed and value.is_held():
            assert value.array is not None
            if target is None or not are_apart(value.array, target):
                value.array = value.array.copy("F" if value.turned else "C")
                value.borrowed = False
            else:
                kept.append(value)
    record.borrowed = kept
