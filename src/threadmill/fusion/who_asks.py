"""Who asks a lazy array for something: Python code, or code in C that it has called."""

import dis
import sys
import types

import numpy as np

__all__ = ["asks_in_python", "is_shown", "is_stored", "swaps_rows"]

# What code in C asks for before __array__, by which it is to get the array itself.
_ASKED_BY_C = frozenset({"__array_finalize__", "__array_interface__", "__array_struct__", "__array_wrap__"})


def is_shown(name: str) -> bool:
    """Whether a special name is an ndarray's, and is asked for by Python code if C does too."""
    return hasattr(np.ndarray, name) if name not in _ASKED_BY_C else asks_in_python(name, sys._getframe(2))


def asks_in_python(name: str, frame: types.FrameType) -> bool:
    """Whether a frame's own code reads the attribute, not C that it calls."""
    code = frame.f_code
    return name in code.co_consts or (name in code.co_names and _reads_attribute(code, frame.f_lasti))


def _reads_attribute(code: types.CodeType, instruction: int) -> bool:
    return dis.opname[code.co_code[instruction]] in ("LOAD_ATTR", "LOAD_METHOD")


def is_stored(frame: types.FrameType) -> bool:
    """Whether a frame assigns to an element: C looks there for the number that a lazy array is."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] == "STORE_SUBSCR"


def swaps_rows(frame: types.FrameType) -> bool:
    """Whether a frame has numpy.random shuffle rows, which swaps what it takes for a sequence's elements.

    A row that it holds may not change while it writes to the array.
    """
    code = frame.f_code
    return "shuffle" in code.co_names and not dis.opname[code.co_code[frame.f_lasti]].startswith("BINARY_")
