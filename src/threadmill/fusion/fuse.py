"""fuse(fn): a NumPy function that runs over tiles in the caches, on all cores."""

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from .._arguments import require_callable
from ..tasks.default_pool import check_pool
from ..tasks.pool import Pool
from .fused_door import FusedDoor
from .one_call import as_the_user

__all__ = ["fuse"]

P = ParamSpec("P")
R = TypeVar("R")


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
        Takes and returns arrays, in tuples, lists and dicts too; and pandas' Series and DataFrames and
        xarray's DataArrays, which keep their labels.
    pool : Pool, optional
        The threads to run on, of which the caller is one; the default pool if None.

    Returns
    -------
    callable
        Called as `fn` is. Calls whose arrays are all small run `fn` as it is, and so do all calls if
        THREADMILL_FUSE=0 is set: arrays of fewer than 8,192 elements, or 65,536 until four calls in a row
        have taken 0.1 ms. Where it is not clear that fusing gains, calls with such arguments are timed
        fused and as they are, and made in the quicker way from then on. Of dask arrays an
        element-wise `fn` makes dask arrays. The attribute ``explain`` makes a call as well, and returns a
        text that tells of its passes over memory: what is in each, the bytes that it moves and why it ended.

    Raises
    ------
    TypeError
        `fn` is not callable, or is a generator function or a coroutine function. In a call with dask arrays:
        `fn` does what may need other blocks than one, or changes an argument; or a pool is given.
    RuntimeError
        In a call: the pool is shut down.

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

    run = functools.partial(as_the_user, fn) if _warns_for_its_caller(fn) else fn
    door = FusedDoor(fn, run, pool)

    @functools.wraps(fn)
    def fused(*args: Any, **options: Any) -> Any:
        return door(*args, **options)

    fused.explain = door.explain  # type: ignore[attr-defined]
    return fused


def _warns_for_its_caller(fn: Callable[..., Any]) -> bool:
    """Whether there may be warnings at the line of who calls it: of code in C, or with a `stacklevel`."""
    function = getattr(fn, "__func__", fn)
    if not isinstance(function, types.FunctionType):
        function = type(function).__call__
    return not isinstance(function, types.FunctionType) or "warn" in function.__code__.co_names
