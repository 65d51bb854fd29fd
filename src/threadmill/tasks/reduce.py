"""reduce: an associative function over anything."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from .._arguments import require_callable
from .crew import run_indices
from .default_pool import pool_or_default
from .pool import Pool

__all__ = ["reduce"]

# Parts into which `reduce` cuts its items: enough for 16 threads to share evenly.
_PARTS = 64

_MISSING: Any = object()

T = TypeVar("T")


@overload
def reduce(fn: Callable[[T, T], T], iterable: Iterable[T], *, pool: Pool | None = None) -> T: ...
@overload
def reduce(fn: Callable[[T, T], T], iterable: Iterable[T], initial: T, *, pool: Pool | None = None) -> T: ...
def reduce(
    fn: Callable[[T, T], T], iterable: Iterable[T], initial: T = _MISSING, *, pool: Pool | None = None
) -> T:
    """An associative function over the items, in their order; as functools.reduce, on all threads.

    Parameters
    ----------
    fn : callable
        fn(fn(a, b), c) must mean the same as fn(a, fn(b, c)); fn(a, b) may differ from fn(b, a).
    iterable : iterable
        The items; read at once.
    initial : object, optional
        Stands before the items; the result where there are none.
    pool : Pool, optional
        The default pool if None.

    Returns
    -------
    object
        The items are cut into at most 64 runs of equal length; each run is reduced from left to right by
        some thread, and the results of the runs from left to right by the caller. So the result is the same
        for any number of threads, also where fn is only nearly associative, as the sum of floats.

    Raises
    ------
    TypeError
        There is no item and no `initial`.
    RuntimeError
        The pool is shut down.
    Exception
        What fn raised, in the first run in which it did. No call runs any more then.

    Notes
    -----
    The caller is one of the threads.

    Examples
    --------
    >>> import operator, threadmill as tm
    >>> tm.reduce(operator.add, (str(digit) for digit in range(10)))
    '0123456789'
    """
    require_callable("fn", fn)
    pool = pool_or_default(pool)
    whole = list(iterable)
    length = -(-len(whole) // _PARTS) or 1
    runs = [whole[start : start + length] for start in range(0, len(whole), length)]
    partials: list[T] = [_MISSING] * len(runs)

    def run(at: int) -> None:
        try:
            partials[at] = functools.reduce(fn, runs[at])
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: the other threads find their runs at an end
                for items in runs:
                    items.clear()
            raise

    run_indices(pool, run, len(runs), fn)
    if initial is _MISSING:
        return functools.reduce(fn, partials)
    return functools.reduce(fn, partials, initial)
