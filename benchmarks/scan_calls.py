"""The calls of a scan: for each name of threadmill.numpy what it is called with."""

from collections.abc import Callable
from typing import Any

import numpy as np

import threadmill as tm

__all__ = ["Arguments", "arguments", "named", "names"]

# What a function is called with; None where it has no such call.
Arguments = tuple[tuple[Any, ...], dict[str, Any]] | None
Maker = Callable[[Any, Any], Arguments]

UFUNC_METHODS = {
    "reduce": ("add", "multiply", "maximum", "logical_or", "bitwise_and", "logaddexp"),
    "accumulate": ("add", "maximum"),
    "outer": ("add",),
}


def names() -> list[str]:
    """The names of threadmill.numpy that are not NumPy's own objects, and some methods of its ufuncs.

    A ufunc with several names is there once.
    """
    rooms = {room.__name__.rpartition(".")[2]: room for room in tm.numpy._ROOMS}
    own = [name for name in np.__all__ if name not in rooms and named(tm.numpy, name) is not named(np, name)]
    once = [name for name in own if getattr(named(np, name), "__name__", name) == name]
    inside = [f"{room}.{name}" for room, module in rooms.items() for name in module.__all__]
    methods = [f"{ufunc}.{method}" for method, ufuncs in UFUNC_METHODS.items() for ufunc in ufuncs]
    return sorted({*once, *inside, *methods})


def named(home: Any, name: str) -> Any:
    for part in name.split("."):
        home = getattr(home, part)
    return home


def arguments(name: str, x: Any, axis: Any) -> Arguments:
    """The arguments of a call by this name; an axis of "" is not given."""
    home, _, method = name.rpartition(".")
    if home == "fft":
        return _transformed(name, x, axis)
    if home == "linalg":
        return _of_matrices(method, x, axis)
    if method in ("reduce", "accumulate", "outer"):
        return _of_a_ufunc(method, x, axis)
    if isinstance(getattr(np, name, None), np.ufunc):
        return _element_by_element(name, x) if axis == "" else None
    maker = MAKERS.get(name)
    if maker is not None:
        return maker(x, axis)
    return ((x,), {}) if axis == "" else None


# ---- ufuncs -----------------------------------------------------------------------------------------------


def _element_by_element(name: str, x: Any) -> Arguments:
    ufunc = getattr(np, name)
    match name:
        case "matmul" | "matvec" | "vecmat" | "vecdot":
            return _products(name, x)
        case "ldexp":
            return (x, np.full(x.shape, 2, np.int32)), {}
        case "isnat":
            return ((x.view("M8[s]"),), {}) if x.dtype == np.int64 else None
        case "arccos" | "arcsin" | "arctanh" if x.dtype.kind in "i":
            return None  # it warns
        case "divide" | "floor_divide" | "fmod" | "remainder" | "divmod" if x.dtype.kind == "b":
            return None
        case "arccosh":
            x = x + x.dtype.type(1)
        case "left_shift" | "right_shift":
            x = x % x.dtype.type(7) if x.dtype.kind == "i" else x
    return (x,) * ufunc.nin, {}


def _products(name: str, x: Any) -> Arguments:
    if x.ndim != 2 or x.size * max(x.shape) > 1 << 27:
        return None
    match name:
        case "matmul":
            return (x, x.T), {}
        case "matvec":
            return (x, x[0]), {}
        case "vecmat":
            return (x[:, 0], x), {}
    return (x, x), {}


def _of_a_ufunc(method: str, x: Any, axis: Any) -> Arguments:
    if method == "outer":
        return ((x[:1000], x), {}) if axis == "" and x.ndim == 1 and x.size <= 3000 else None
    if axis == "" or (axis is None and method == "accumulate"):
        return None
    return (x,), {"axis": axis}


# ---- rooms ------------------------------------------------------------------------------------------------


def _transformed(name: str, x: Any, axis: Any) -> Arguments:
    if x.dtype.kind not in "fc" or (name in ("fft.rfft", "fft.ihfft") and x.dtype.kind == "c"):
        return None
    if name[-1] in "2n":
        return ((x,), {}) if axis == "" and x.ndim > 1 else None
    return ((x,), {"axis": axis}) if axis not in ("", None) and x.shape[axis] > 1 else None


def _of_matrices(name: str, x: Any, axis: Any) -> Arguments:
    if x.dtype.char not in "fdD":
        return None
    if name == "norm":
        return ((x,), {"axis": axis}) if axis != "" and (axis is not None or x.ndim < 3) else None
    if axis != "" or x.ndim != 1 or x.size < 16 or not x.flags.c_contiguous:
        return None
    stack = x[: x.size // 16 * 16].reshape(-1, 4, 4)
    stack = stack @ np.moveaxis(stack, 1, 2).conj() + 4 * np.eye(4, dtype=x.dtype)
    return ((stack, stack[:, :, :2].copy()) if name == "solve" else (stack,)), {}


# ---- functions --------------------------------------------------------------------------------------------


def _along(*more: Any, none: bool = True, **options: Any) -> Maker:
    """x and `more`, along an axis; `none`: None is one."""

    def maker(x: Any, axis: Any) -> Arguments:
        if axis == "" or (axis is None and not none):
            return None
        return (x, *more), {"axis": axis, **options}

    return maker


def _whole(make: Callable[[Any], Arguments], ndim: int = 0) -> Maker:
    """What `make` makes of an array, with `ndim` axes if there is such a limit."""
    return lambda x, axis: make(x) if axis == "" and ndim in (0, x.ndim) else None


def _numbers(x: Any) -> Any:
    """x without what has no order."""
    return x.real if x.dtype.kind == "c" else x


def _edges(x: Any) -> Any:
    return np.linspace(0, 100 if x.dtype.kind == "i" else 1, 50)


def _kth(x: Any, axis: Any) -> Arguments:
    if axis == "":
        return None
    length = x.size if axis is None else x.shape[axis]
    return (x, length // 2), {"axis": axis}


def _by_index(x: Any, axis: Any) -> Arguments:
    if axis == "":
        return None
    n = x.size if axis is None else x.shape[axis]
    return (x, np.random.default_rng(1).integers(0, n, n)), {"axis": axis}


def _along_axis(x: Any, axis: Any) -> Arguments:
    return None if axis in ("", None) else ((x, np.argsort(_numbers(x), axis=axis)), {"axis": axis})


def _picked(x: Any, axis: Any) -> Arguments:
    if axis == "":
        return None
    n = x.size if axis is None else x.shape[axis]
    return (np.random.default_rng(1).integers(0, 2, n) > 0, x), {"axis": axis}


def _joined(x: Any, axis: Any) -> Arguments:
    return None if axis in ("", None) else (((x, x),), {"axis": axis})


def _integers(x: Any) -> Any:
    return x if x.dtype.kind == "i" else np.asarray(x.real * 100, np.int64)


def _einsum(x: Any) -> Arguments:
    return (("ij,jk->ik", x, x.T), {}) if x.size * max(x.shape) < 1 << 25 else None


# Functions of an array and an axis.
ALONG = """
    all amax amin any argmax argmin argsort average count_nonzero cumprod cumsum max mean median min nanargmax
    nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd nansum nanvar prod ptp sort
    std sum var
"""

MAKERS: dict[str, Maker] = {
    **dict.fromkeys(ALONG.split(), _along()),
    **dict.fromkeys(("percentile", "nanpercentile"), _along(30)),
    **dict.fromkeys(("quantile", "nanquantile"), _along(0.3)),
    **dict.fromkeys(("cumulative_prod", "cumulative_sum", "gradient", "trapezoid"), _along(none=False)),
    **dict.fromkeys(("partition", "argpartition"), _kth),
    **dict.fromkeys(("concat", "concatenate", "stack"), _joined),
    **dict.fromkeys(("column_stack", "dstack", "hstack", "vstack"), _whole(lambda x: (((x, x),), {}))),
    **dict.fromkeys(("allclose", "isclose"), _whole(lambda x: ((x, x), {}))),
    **dict.fromkeys(("dot", "inner"), _whole(lambda x: _products("matvec", x), 2)),
    "astype": _whole(lambda x: ((x, np.float32 if x.dtype.kind != "c" else np.complex64), {})),
    "bincount": _whole(lambda x: ((_integers(x),), {}), 1),
    "compress": _picked,
    "copyto": _whole(lambda x: ((np.empty_like(x), x), {})),
    "digitize": _whole(lambda x: ((_numbers(x), _edges(x)), {})),
    "einsum": _whole(_einsum, 2),
    "extract": _whole(lambda x: ((x > x.dtype.type(0.5), x), {})),
    "full": _whole(lambda x: ((x.shape, x.dtype.type(3)), {})),
    "full_like": _whole(lambda x: ((x, 1), {})),
    "histogram": _whole(lambda x: ((_numbers(x),), {"bins": 20})),
    "interp": _whole(lambda x: ((_numbers(x), _edges(x), _edges(x)), {})),
    "isin": _whole(lambda x: ((x, x.reshape(-1)[:20].copy()), {})),
    "ones": _whole(lambda x: ((x.shape, x.dtype), {})),
    "repeat": _along(2),
    "roll": _along(3),
    "searchsorted": _whole(lambda x: ((_edges(x).astype(_numbers(x).dtype), _numbers(x)), {})),
    "select": _whole(lambda x: (([x > x.dtype.type(0.5), x == x], [x, x]), {})),
    "take": _by_index,
    "take_along_axis": _along_axis,
    "tile": _whole(lambda x: ((x, 3), {})),
    "where": _whole(lambda x: ((x > x.dtype.type(0.5), x, 0), {})),
}
