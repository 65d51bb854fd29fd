"""What can be told of pandas' and xarray's objects, in a form that == compares."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray")

N = 40_009  # enough for a call to be shared out


def numbers(dtype: str = "f8", n: int = N, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        return random.integers(1, 100, n).astype(dtype)
    x = random.normal(size=n)
    x[::1000] = np.nan
    x[1::1000] = np.inf
    x[2::1000] = -0.0
    return x.astype(dtype) if dtype != "?" else x > 0


def seen(call: Callable[[], Any]) -> Any:
    """What a call gives, raises and warns of, in a form that == compares."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = shown(call())
        except Exception as error:
            found = type(error), str(error)
    return found, [(each.category, str(each.message), each.filename, each.lineno) for each in told]


def shown(x: Any) -> Any:
    if isinstance(x, tuple):
        return [shown(each) for each in x]
    kind = type(x)
    if isinstance(x, pd.Series):
        return kind, repr(x.name), shown(x.index), shown(x.array), x.attrs
    if isinstance(x, pd.DataFrame):
        columns = [shown(x.iloc[:, k].array) for k in range(x.shape[1])]
        return kind, shown(x.index), shown(x.columns), columns, x.attrs
    if isinstance(x, pd.MultiIndex):
        return kind, x.names, x.tolist()
    if isinstance(x, pd.Index):
        return kind, x.names, shown(x.array)
    if isinstance(x, xr.Dataset):
        return kind, x.attrs, {name: shown(x[name]) for name in x.variables}
    if isinstance(x, xr.DataArray):
        coords = {name: shown(x.coords[name].variable) for name in x.coords}
        return kind, x.name, shown(x.variable), coords
    if isinstance(x, xr.Variable):
        return kind, x.dims, x.attrs, shown(x.data)
    if isinstance(x, pd.arrays.NumpyExtensionArray):
        return shown(x.to_numpy())
    if isinstance(x, pd.api.extensions.ExtensionArray):
        values = x.asi8.tobytes() if hasattr(x, "asi8") else [str(each) for each in x]
        return kind, str(x.dtype), values
    if isinstance(x, np.ndarray | np.generic):
        values = repr(x.tolist()) if x.dtype.hasobject else x.tobytes()
        return kind, x.dtype.str, x.shape, values
    return kind, repr(x)
