"""Arguments as what they have to be; an error names one that is not, what it is and what it must be."""

import operator
import sys
from typing import Any

__all__ = ["integer", "is_dask_array", "require_callable"]


def integer(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """`value` as an int; TypeError where it is none, ValueError where it is out of bounds."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(f"{name} must be {_bounds(least, most)}, got {number}")
    return number


def _bounds(least: int | None, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return f"at most {most}" if least is None else f"from {least} to {most}"


def require_callable(name: str, value: Any) -> None:
    """TypeError where `value` can't be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a callable, got {type(value).__name__}")


def is_dask_array(x: Any) -> bool:
    """Whether x is one; whoever has one has imported dask."""
    kind = getattr(sys.modules.get("dask.array"), "Array", None)
    return kind is not None and isinstance(x, kind)
