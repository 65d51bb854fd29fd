"""fuse(fn): a NumPy function that runs over tiles in the caches, on all cores."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from .._arguments import require_callable
from ..arrays.layout import NUMERIC
from ..tasks.pool import Pool, check_pool, pool_or_default
from . import operators  # noqa: F401 - gives lazy arrays what they do
from .lazy import LazyArray, evaluated, lazy
from .record import Record

__all__ = ["fuse"]

P = ParamSpec("P")
R = TypeVar("R")

# Elements of the largest argument below which the function is called as it is.
_LEAST = 32768


@overload
def fuse(fn: Callable[P, R], *, pool: Pool | None = None) -> Callable[P, R]: ...
@overload
def fuse(fn: None = None, *, pool: Pool | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def fuse(fn: Any = None, *, pool: Pool | None = None) -> Any:
    """A function of NumPy arrays that makes few passes over memory, on all cores.

    The function runs at every call as plain Python. Only its array work is put off, and is done tile by tile
    when a value is needed. Its results, their dtypes, warnings and errors are NumPy's.

    Parameters
    ----------
    fn : callable
        Takes and returns arrays, in tuples, lists and dicts too.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    callable
        Called as `fn` is. Calls whose arrays are all small run `fn` as it is, and so do all calls if
        THREADMILL_FUSE=0 is set.

    Raises
    ------
    TypeError
        `fn` is not callable, or is a generator function or a coroutine function.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> @tm.fuse
    ... def distance(x, y):
    ...     return np.sqrt(np.sum((x - y) ** 2))
    >>> distance(np.zeros(100_000), np.ones(100_000))
    np.float64(316.22776601683796)
    """
    if fn is None:
        return functools.partial(fuse, pool=pool)
    require_callable("fn", fn)
    check_pool(pool)
    function = fn.__func__ if isinstance(fn, staticmethod | classmethod) else fn
    if (
        inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.iscoroutinefunction(function)
    ):
        raise TypeError(f"fn must be a plain function, got the generator or coroutine function {fn!r}")

    @functools.wraps(fn)
    def fused(*args: Any, **options: Any) -> Any:
        if not _pays(args) and not (options and _pays(tuple(options.values()))):
            return fn(*args, **options)
        if os.environ.get("THREADMILL_FUSE") == "0":
            return fn(*args, **options)
        record = Record(pool_or_default(pool)._handle)
        try:
            given = [_given(record, x) for x in args]
            named = {name: _given(record, x) for name, x in options.items()}
            return _taken(fn(*given, **named))
        finally:
            record.close()

    return fused


def _pays(args: tuple[Any, ...]) -> bool:
    for x in args:
        kind = type(x)
        if kind is np.ndarray:
            if x.size >= _LEAST:
                return True
        elif ((kind is tuple or kind is list) and _pays(tuple(x))) or (
            kind is dict and _pays(tuple(x.values()))
        ):
            return True
    return False


def _given(record: Record, x: Any) -> Any:
    """An argument as the function gets it: plain arrays of numbers as lazy ones."""
    kind = type(x)
    if kind is np.ndarray:
        return lazy(record, x) if x.dtype.char in NUMERIC and x.ndim else x
    if kind is tuple:
        return tuple([_given(record, each) for each in x])
    if kind is list:
        return [_given(record, each) for each in x]
    if kind is dict:
        return {key: _given(record, each) for key, each in x.items()}
    return x


def _taken(x: Any) -> Any:
    """A result as the caller gets it."""
    kind = type(x)
    if kind is LazyArray:
        return evaluated(x)
    if kind is tuple:
        return tuple([_taken(each) for each in x])
    if kind is list:
        return [_taken(each) for each in x]
    if kind is dict:
        return {key: _taken(each) for key, each in x.items()}
    return x
