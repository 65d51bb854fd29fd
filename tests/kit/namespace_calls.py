"""Random calls of the namespace: for each function what makes arguments of it, right and wrong ones."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from kit.namespace_values import DTYPES, NUMBERS, Chooser

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Maker = Callable[[Chooser], Arguments]

# By the name that a function has in numpy.
CALLS: dict[str, Maker] = {}

KINDS = ["quicksort", "stable", "heapsort", "mergesort", None, "bogus", "Q"]
METHODS = [
    *("linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf"),
    *("closest_observation", "hazen", "weibull", "median_unbiased", "normal_unbiased"),
    *("interpolated_inverted_cdf", "bogus"),
]


def makes(*names: str) -> Callable[[Callable[[Chooser, Any], Arguments]], Any]:
    """Enters a maker for these names; it is given the function as well."""

    def enter(maker: Callable[[Chooser, Any], Arguments]) -> Any:
        for name in names:
            if found(np, name) is not None:  # some came with NumPy 2.1
                CALLS[name] = lambda c, name=name: maker(c, found(np, name))
        return maker

    return enter


def found(room: Any, name: str) -> Any:
    for part in name.split("."):
        room = getattr(room, part, None)
    return room


def with_out(
    c: Chooser, function: Any, args: tuple[Any, ...], options: dict[str, Any], p: float
) -> Arguments:
    """The arguments, now and then with an `out` that fits or does not."""
    if c.chance(1 - p):
        return args, options
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = function(*args, **options)
    except Exception:
        return args, options
    if isinstance(made, np.ndarray | np.generic):
        options = {**options, "out": c.out(made, args[0])}
    return args, options


# ---- reductions --------------------------------------------------------------------------------------------

_INITIAL = [0, 1, -5, 2.5, 1e300, True, 1j, "x", None, np.float32(3)]


def _reduction(c: Chooser, function: Any, **more: list[Any]) -> Arguments:
    x = c.array()
    options = {**c.axis(x, True), **c.options(0.2, keepdims=[True, False, 1]), **c.where(x)}
    options |= c.options(0.15, **more)
    if "axis" in options and c.chance(0.1):
        return with_out(c, function, (x, options.pop("axis")), options, 0.25)
    return with_out(c, function, (x,), options, 0.25)


makes("sum", "prod", "nansum", "nanprod")(lambda c, f: _reduction(c, f, dtype=DTYPES, initial=_INITIAL))
makes("max", "min", "amax", "amin", "nanmax", "nanmin")(lambda c, f: _reduction(c, f, initial=_INITIAL))
makes("any", "all", "ptp")(_reduction)
makes("mean", "nanmean")(lambda c, f: _reduction(c, f, dtype=DTYPES))
makes("var", "std", "nanvar", "nanstd")(
    lambda c, f: _reduction(c, f, dtype=DTYPES, ddof=[0, 1, 1.5, -1, 10**6, "a"], correction=[1])
)


@makes("argmax", "argmin", "nanargmax", "nanargmin")
def _place(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    return with_out(c, function, (x,), {**c.axis(x), **c.options(0.2, keepdims=[True, False])}, 0.2)


@makes("count_nonzero")
def _count(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    return (x,), {**c.axis(x, True), **c.options(0.2, keepdims=True)}


@makes("cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod")
def _running(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    options = {**c.axis(x), **c.options(0.15, dtype=DTYPES)}
    if function.__name__.startswith("cumulative"):
        options |= c.options(0.3, include_initial=True)
    return with_out(c, function, (x,), options, 0.25)


@makes("average")
def _average(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    options = {**c.axis(x, True), **c.options(0.2, returned=True, keepdims=True)}
    if c.chance(0.6):
        if c.chance(0.6) or not np.ndim(x):
            options["weights"] = c.values(c.one("fdilD"), np.size(x)).reshape(np.shape(x))
        else:
            options["weights"] = c.values("d", np.shape(x)[-1])
    return (x,), options


# ---- order -------------------------------------------------------------------------------------------------


@makes("sort", "argsort")
def _sort(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    return (x,), {**c.axis(x), **c.options(0.4, kind=KINDS), **c.options(0.2, stable=[True, False, None])}


@makes("partition", "argpartition")
def _partition(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    m = np.shape(x)[-1] if np.ndim(x) else 1
    kth = [0, m // 2, m - 1, [0, m // 3], m, -1, (m // 2, m // 4), 1.5, -m, "a", True, [], np.array([0])]
    return (x, c.one(kth)), {**c.axis(x), **c.options(0.2, kind=["introselect", "bogus"])}


@makes("median", "nanmedian")
def _median(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    return with_out(c, function, (x,), {**c.axis(x, True), **c.options(0.2, keepdims=True)}, 0.15)


@makes("quantile", "nanquantile", "percentile", "nanpercentile")
def _quantile(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    at = [0.5, 0, 1, 0.25, [0.1, 0.5], [0.1, 0.2, 0.9], np.array([[0.5, 0.2]]), np.float32(0.3), 1.5, -1]
    q = c.one([*at, np.nan, [], "a", True])
    if "percentile" in function.__name__ and isinstance(q, float | int):
        q *= 100
    options = {**c.axis(x, True), **c.options(0.4, method=METHODS), **c.options(0.2, keepdims=True)}
    if c.chance(0.1):
        options["weights"] = np.ones(np.shape(x))
    return with_out(c, function, (x, q), options, 0.15)


@makes("unique")
def _unique(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    more = c.options(0.25, return_index=True, return_inverse=True, return_counts=True)
    return (x,), {**c.axis(x), **more, **c.options(0.2, equal_nan=False, sorted=[True, False])}


# ---- element by element ------------------------------------------------------------------------------------


@makes("clip")
def _clip(c: Chooser, function: Any) -> Arguments:
    x, some = c.array(), c.rnd.random()

    def bound() -> Any:
        numbers = [0, 1, -1, 2.5, None, np.nan, -np.inf, 300, 1e300, np.float32(1), "a", 2**70, True]
        return c.beside(x, 0.2) if c.chance(0.3) else c.one(numbers)

    if some < 0.1:
        return (x,), {"min": bound(), "max": bound()}
    if some < 0.2:
        return (x, bound()), {}
    if some < 0.25:
        return (x,), {"a_min": bound(), "a_max": bound()}
    return with_out(c, function, (x, bound(), bound()), {}, 0.25)


@makes("diff")
def _diff(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    more = c.options(0.15, n=[0, 1, 2, 3, -1]), c.options(0.1, prepend=0, append=[1, [1, 2]])
    return (x,), {**c.axis(x), **more[0], **more[1]}


@makes("gradient")
def _gradient(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    places = np.arange(np.shape(x)[0]) * 1.5 if np.ndim(x) else 1
    spacing = c.one([(), (2,), (0.5,), (1, 2), (places,)])
    return (x, *spacing), {**c.axis(x, True), **c.options(0.3, edge_order=[1, 2, 3])}


@makes("trapezoid")
def _trapezoid(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    along = [c.beside(x, 0.6)] if c.chance(0.4) else []
    return (x, *along), {**c.axis(x), **c.options(0.2, dx=[2, 0.5])}


@makes("isclose", "allclose")
def _close(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    more = c.options(0.2, equal_nan=True, rtol=[0, 1e-3, np.nan, -1, np.inf])
    return (x, c.beside(x, 0.7)), {**more, **c.options(0.2, atol=[0, 1, 1e300, np.array([1.0, 2.0]), "a"])}


@makes("nan_to_num")
def _nan_to_num(c: Chooser, function: Any) -> Arguments:
    options = c.options(0.2, copy=False, posinf=[5, None, 1e300], neginf=-3)
    return (c.array(),), {**options, **c.options(0.3, nan=[1, 2.5, -1, np.array([3.0]), 1j])}


@makes("where")
def _where(c: Chooser, function: Any) -> Arguments:
    mask = c.array(["?"] if c.chance(0.5) else None)
    return ((mask,) if c.chance(0.3) else (mask, c.beside(mask), c.beside(mask))), {}


@makes("select")
def _select(c: Chooser, function: Any) -> Arguments:
    x = c.shaped(c.values(c.one(NUMBERS), c.size()))
    count = c.rnd.randint(1, 4)

    def choice() -> Any:
        if c.chance(0.2):
            return c.one([1, 2.5])
        return c.simply_laid_out(c.values(c.one(NUMBERS), x.size).reshape(x.shape))

    masks = [c.values("?", x.size).reshape(x.shape) for _ in range(count)]
    default = [c.one([0, 1.5, np.nan, 1j, 300, "a"])] if c.chance(0.5) else []
    return (masks, [choice() for _ in range(count + c.chance(0.03))], *default), {}


# ---- ufuncs ------------------------------------------------------------------------------------------------


def _ufunc_call(c: Chooser, function: Any) -> Arguments:
    x = c.array()
    args = (x, *(c.beside(x, 0.6) for _ in range(function.nin - 1)))
    options = {
        **c.options(0.1, dtype=DTYPES),
        **c.options(0.05, order=[*"CFKA"], casting=["unsafe", "no", "same_kind", "safe"]),
    }
    if function.nout > 1 or function.signature is not None:
        return args, options
    args, options = with_out(c, function, args, options, 0.2)
    if "out" in options and c.chance(0.5):
        options["where"] = c.values("?", np.size(x)).reshape(np.shape(x))
    return args, options


def _ufunc_method(c: Chooser, method: Any) -> Arguments:
    if method.__name__ == "outer":
        return (c.array(n=c.one([0, 1, 7, 60])), c.array(n=c.one([0, 1, 7, 60]))), {}
    x, is_reduce = c.array(), method.__name__ == "reduce"
    options = {**c.axis(x, is_reduce), **c.options(0.15, dtype=DTYPES)}
    if is_reduce:
        options |= {
            **c.options(0.2, keepdims=True),
            **c.where(x),
            **c.options(0.1, initial=[0, 1, 2.5, None]),
        }
    return with_out(c, method, (x,), options, 0.15)


UFUNCS = sorted(name for name in dir(np) if isinstance(getattr(np, name), np.ufunc))
makes(*UFUNCS)(_ufunc_call)
makes(
    *(
        f"{name}.{method}"
        for name in UFUNCS
        for method in ("reduce", "accumulate", "outer")
        if getattr(np, name).nin == 2 and getattr(np, name).nout == 1 and getattr(np, name).signature is None
    )
)(_ufunc_method)
