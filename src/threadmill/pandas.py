"""pandas' execution engine: ``series.map(f, engine=threadmill)`` and ``frame.apply(f, engine=threadmill)``.

For pandas 3 and later, which asks the module for `__pandas_udf__`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from .arrays.ufunc import parallel
from .fusion.fuse import fuse

if int(pandas.__version__.partition(".")[0]) < 3:
    raise ImportError(
        f"threadmill is an engine for pandas 3 and later, and this is pandas {pandas.__version__}: "
        "use threadmill.fuse, which takes its Series and DataFrames without an engine"
    )

__all__ = ["Engine"]


class Engine(pandas.api.executors.BaseExecutionEngine):  # type: ignore[misc]
    """What pandas asks for work where a user gives ``engine=threadmill``.

    The function is fused, and runs on the default pool. A function that is no callable, such as "sum", is
    pandas' to apply.
    """

    @staticmethod
    def map(
        data: Any,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        decorator: Any,  # noqa: ARG004 - pandas' protocol
        skip_na: bool,
    ) -> Any:
        """func(element) of each element: the function is called once, with all of them in an array.

        Parameters
        ----------
        data : Series or ndarray
            Of numbers. Where it has another dtype, pandas calls the function for each element.
        func : callable
            Takes an array of one axis, and returns one of its length or a scalar.
        args, kwargs
            What else it is called with.
        decorator
            The module.
        skip_na : bool
            Whether NaNs are left out, and stay.

        Returns
        -------
        ndarray or Series
            NumPy's result for the array, in its dtype.

        Raises
        ------
        ValueError
            The result has another shape.
        """
        values = np.asarray(data) if isinstance(getattr(data, "dtype", None), np.dtype) else None
        if values is None or values.dtype.kind not in "biufc":
            return pandas.Series(data).map(func, na_action="ignore" if skip_na else None, **kwargs)
        present = ~np.isnan(values) if skip_na and values.dtype.kind in "fc" else None
        given = values if present is None or present.all() else values[present]
        found = np.asarray(fuse(func)(given, *args, **kwargs))
        if found.shape not in (given.shape, ()):
            name = getattr(func, "__name__", type(func).__name__)
            raise ValueError(
                f"{name} must return an array of shape {given.shape}, got {found.shape}: "
                "the engine calls it once, with all elements in an array"
            )
        if given is values:
            return found if found.shape else np.full(values.shape, found)
        filled = np.full(values.shape, np.nan, np.result_type(found, values))
        filled[present] = found
        return filled

    @staticmethod
    def apply(
        data: Any,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        decorator: Any,  # noqa: ARG004 - pandas' protocol
        axis: Any,
    ) -> Any:
        """func(column) of each column, or of each row: pandas' own ``apply`` of the fused function.

        Parameters
        ----------
        data : DataFrame, Series or ndarray
            An array where the user has written ``raw=True``.
        func : callable
            Takes a Series, or an array if `data` is one.
        args, kwargs
            What else it is called with.
        decorator
            The module.
        axis : {0, 1, "index", "columns"}
            0: columns, 1: rows.

        Returns
        -------
        DataFrame, Series or ndarray
            What pandas' own engine gives.
        """
        if not callable(func):
            return data.apply(func, axis=axis, args=args, **kwargs)
        if isinstance(data, np.ndarray):
            number = {"index": 0, "columns": 1}.get(axis, axis)
            return np.apply_along_axis(fuse(func), number, data, *args, **kwargs)
        if isinstance(func, np.ufunc) and not args and not kwargs and axis in (0, "index"):
            with np.errstate(all="ignore"):  # as pandas
                return parallel(func)(data)
        return data.apply(fuse(func), axis=axis, args=args, **kwargs)
