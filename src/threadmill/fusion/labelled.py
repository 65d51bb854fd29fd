"""pandas' and xarray's arrays as a fused function's arguments and results.

A DataArray holds a lazy array in place of its own, and xarray's code does the rest. A Series, or a DataFrame
of one dtype, comes in as a lazy frame.
"""

from typing import Any

import numpy as np

from ..arrays.labelled import class_of
from ..arrays.layout import NUMERIC
from .frames import LazyFrame, array_of
from .lazy import LazyArray, evaluated, lazy
from .record import Record

__all__ = ["is_labelled", "labelled_given", "settle"]


def is_labelled(kind: type) -> bool:
    """Whether it is pandas' Series or DataFrame, or xarray's DataArray, or derives from one."""
    base = class_of(kind)
    return base is not None and base.__name__ in ("Series", "DataFrame", "DataArray")


def labelled_given(record: Record, x: Any) -> Any:
    """An argument as the function gets it: with a lazy array, or as it is."""
    base: Any = class_of(type(x))
    if base is not None and base.__name__ == "DataArray":
        data = x.variable._data  # .data would load what is not in memory
        if type(data) is np.ndarray and data.ndim and data.dtype.char in NUMERIC:
            return x.copy(deep=False, data=lazy(record, data))
        why = f"its data are a {type(data).__name__}" + (
            f" of dtype {data.dtype}" if hasattr(data, "dtype") else ""
        )
    else:
        values, why = array_of(x)
        if values is not None:
            name = x.name if x.ndim == 1 else None
            return LazyFrame(record, lazy(record, values), x, name, x)
    if record.log is not None:
        record.log.lines.append(f"  as it is: a {type(x).__name__}, as {why}")
    return x


def settle(x: Any) -> None:
    """Gives xarray's objects their arrays in place of lazy ones, and masked arrays their masks."""
    if isinstance(x, np.ndarray):
        held: Any = getattr(x, "__dict__", {})  # without an import of numpy.ma
        if type(held.get("_mask")) is LazyArray:
            held["_mask"] = evaluated(held["_mask"])
        return
    base: Any = class_of(type(x))
    if base is None or base.__module__.partition(".")[0] != "xarray":
        return
    if base.__name__ == "Variable":
        variables = [x]
    elif base.__name__ == "Dataset":
        variables = list(x.variables.values())
    else:
        variables = [x.variable, *[each.variable for each in x.coords.values()]]
    for each in variables:
        if type(each._data) is LazyArray:
            each.data = evaluated(each._data)
