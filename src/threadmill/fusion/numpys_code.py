"""NumPy's own Python code, in which a lazy array passes where it asks for an ndarray.

Its functions are copied with other globals: what makes an array of anything lets lazy arrays through, and all
else is NumPy's. So values, warnings and errors are what the installed NumPy defines, and its array work is
put off like the user's.
"""

import functools
import sys
import types
import warnings
from typing import Any

import numpy as np

from ..arrays.rebound import rebound
from .lazy import LazyArray, at_once
from .nodes import Place
from .steps import astype

__all__ = ["copied", "is_numpys", "is_numpys_place"]


def _array(x: Any, *args: Any, **options: Any) -> Any:
    return _as_array(x, *args, **options) if type(x) is LazyArray else np.array(x, *args, **options)


def _asanyarray(x: Any, *args: Any, **options: Any) -> Any:
    if type(x) is not LazyArray:
        return np.asanyarray(x, *args, **options)
    return x if not args and not options else _as_array(x, *args, **{"copy": None, **options})


def _asarray(x: Any, *args: Any, **options: Any) -> Any:
    return _asanyarray(x, *args, **options) if type(x) is LazyArray else np.asarray(x, *args, **options)


def _as_array(x: LazyArray, dtype: Any = None, copy: bool | None = True, **options: Any) -> Any:
    """np.array of a lazy array."""
    is_usual = copy is True or copy is False or copy is None
    if is_usual and options.get("ndmin", 0) <= x.ndim and options.keys() <= {"ndmin", "subok", "order"}:
        order = options.get("order") or "K"
        result = astype(x, x.dtype if dtype is None else dtype, order, copy=copy is True)
        if result is not NotImplemented and (result is x or copy is not False):
            return result
    return at_once(x._record, np.array, (x,), {"dtype": dtype, "copy": copy, **options})


def _broadcast(*arrays: Any) -> Any:
    """np.broadcast, which NumPy's Python code asks for shapes."""
    return np.broadcast(*[np.broadcast_to(np.False_, x.shape) if type(x) is LazyArray else x for x in arrays])


def _type(x: Any) -> Any:
    return np.ndarray if type(x) is LazyArray else type(x)


def _warn(message: Any, category: Any = None, stacklevel: int = 1, **options: Any) -> None:
    """warnings.warn that does not see this room: above their Python code NumPy's methods have no frames.

    What stands before is told before.
    """
    frame, level = sys._getframe(1), 2
    for x in [*frame.f_locals.values()]:
        if type(x) is LazyArray:
            x._record.flush("NumPy warned of something")
    while frame.f_back is not None:
        if frame.f_globals.get("__package__") != __package__:
            stacklevel -= 1
            if stacklevel < 1:
                break
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, level, **options)


_MARK = "__lets_lazy_arrays_in__"

_INSTEAD = {
    "array": _array,
    "asanyarray": _asanyarray,
    "asarray": _asarray,
    "broadcast": _broadcast,
    "type": _type,
    "warnings": types.SimpleNamespace(**{**vars(warnings), "warn": _warn}),
    _MARK: True,
}


@functools.cache
def _lets_in(module: types.ModuleType) -> types.SimpleNamespace:
    """A module that NumPy's code asks for such functions by name: np.array, multiarray.broadcast."""
    return types.SimpleNamespace(
        **{**vars(module), **{name: own for name, own in _INSTEAD.items() if hasattr(module, name)}}
    )


def copied(module: Any, **more: Any) -> types.SimpleNamespace:
    """A module's functions, bound to names that let lazy arrays in, and to these."""
    modules = {
        name: _lets_in(own)
        for name, own in vars(module).items()
        if isinstance(own, types.ModuleType) and hasattr(own, "asanyarray")
    }
    return rebound(module, **{**_INSTEAD, **modules, **more})


def is_numpys(frame: types.FrameType) -> bool:
    """Whether the frame runs such a copy."""
    return _MARK in frame.f_globals


def is_numpys_place(place: Place) -> bool:
    """Whether an instruction is one of such a copy."""
    _, _, names = place
    return _MARK in names
