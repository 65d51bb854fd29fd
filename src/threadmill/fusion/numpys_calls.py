"""Calls that NumPy makes, `parallel` or our namespace: at the user's line, and told to who watches under
their names."""

from typing import Any

import numpy as np

from ..arrays.doors import NAMESAKES, FunctionDoor
from ..arrays.errstate import apply_as_the_user, as_the_user
from ..arrays.ufunc import ParallelUfunc
from ..arrays.watch import WATCHERS, inside
from .explanation import name_of
from .record import Record

__all__ = ["called", "calls_back", "log_call", "made", "namesake"]

# NumPy's functions that look at an array without its elements, or give views of it.
_VIEWERS = frozenset(
    {
        *(np.shape, np.ndim, np.size, np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis),
        *(np.rollaxis, np.squeeze, np.expand_dims, np.broadcast_to, np.broadcast_arrays, np.atleast_1d),
        *(np.atleast_2d, np.atleast_3d, np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split),
        *(np.hsplit, np.vsplit, np.dsplit, np.real, np.imag, np.diagonal, np.empty_like),
        *(np.may_share_memory, np.shares_memory),
    }
)


# NumPy's functions that our namespace's stand in for. Others may be passes themselves, give NaNs other bits,
# or tell of floating-point errors at the user's line, where NumPy's Python code tells of them at its own.
_STOOD_IN_FOR = frozenset(
    {
        *(np.sort, np.argsort, np.partition, np.argpartition, np.unique, np.searchsorted, np.digitize),
        *(np.median, np.quantile, np.percentile, np.nanmedian, np.nanquantile, np.nanpercentile),
        *(np.nonzero, np.flatnonzero, np.argwhere, np.histogram, np.bincount, np.isin, np.interp),
        *(np.take, np.take_along_axis, np.repeat, np.roll, np.tile),
    }
)


def namesake(function: Any) -> Any:
    """What runs NumPy's function on all cores, where our namespace has such a function."""
    return NAMESAKES.get(function, function) if function in _STOOD_IN_FOR else function


def calls_back(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether NumPy is given a function that it may call: code of the user's."""
    return any(callable(x) and not isinstance(x, type | np.ufunc) for x in (*args, *options.values()))


def made(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The call, at the user's line."""
    if not WATCHERS or function in _VIEWERS:
        return apply_as_the_user(function, args, options)
    name, is_ours = called(function)
    return inside(name, as_the_user, (function, *args), options, is_ours)


def called(function: Any) -> tuple[str, bool]:
    """What a call is told under, and whether it is `parallel`'s or our namespace's."""
    if type(function) is FunctionDoor:
        return name_of(function), True
    door = getattr(function, "__self__", function)
    is_ours = type(door) is ParallelUfunc
    name = name_of(function)
    return f"{door.__name__}.{name}" if is_ours and door is not function else name, is_ours


def log_call(record: Record, function: Any) -> None:
    if record.log is not None:
        name, is_ours = called(function)
        record.log.add_remark("at once" if is_ours else "by NumPy", name)
