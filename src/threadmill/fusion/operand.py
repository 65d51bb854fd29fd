"""Operands of operators and ufuncs, as nodes take them."""

from typing import Any

import numpy as np

from ..arrays.operands import PYTHON_NUMBERS
from .lazy import LazyArray
from .nodes import Value
from .record import Record

__all__ = ["as_operand", "is_foreign", "kind_of_loops", "value_of"]

# Operands whose operators are NumPy's.
_KNOWN = frozenset({*PYTHON_NUMBERS, bool, np.ndarray, LazyArray})


def as_operand(record: Record, x: Any) -> Any:
    """What a node takes a ufunc's operand as; None for one that has to be looked at."""
    if type(x) is LazyArray:
        return x._value if x._record is record else None
    return x if type(x) in PYTHON_NUMBERS else None


def value_of(other: Any) -> Value:
    """An operand that is no lazy array of this call's."""
    return other._value if type(other) is LazyArray else Value.of(np.asarray(other))


def kind_of_loops(x: Any) -> str:
    """What arrays must have in common that NumPy has a loop for; others are unequal, which no ufunc says."""
    kind: str = x.dtype.kind if hasattr(x, "dtype") else "f"
    return "f" if kind in "biufc" else kind


def is_foreign(other: Any) -> bool:
    """Whether the other operand's class may have a word in what an operator does: Python asks it then."""
    return type(other) not in _KNOWN and not isinstance(other, np.generic)
