"""The face of a function of the namespace: NumPy's name, signature and docstring, `pool` and `explain`.

A family's module says for each function how a call runs on the pool's threads, in a function that is named
after NumPy's and takes what NumPy's takes, with `pool` before it. It returns the call, or a Refusal where
NumPy is to make it:

    @on_all_cores(np.sort, "Rows are shared out.")
    def sort(pool, a, axis=-1, kind=None, order=None, *, stable=None): ...
"""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..arrays.errstate import apply_as_the_user
from ..arrays.plan import Explanation
from ..arrays.refusal import ONE_THREAD, Refusal
from ..arrays.signatures import doc_with_pool, shows, with_pool
from ..tasks.default_pool import check_pool, default_pool
from ..tasks.pool import Pool

__all__ = ["LEAST", "WAYS", "Prepared", "named_as", "on_all_cores"]

Function = Callable[..., Any]

# What makes a call on the pool's threads; or why NumPy makes it.
Prepared: TypeAlias = Callable[[], Any] | Refusal

# Bytes of the largest argument below which NumPy makes the call where no pool is named.
LEAST = 1 << 18

# How each function runs, by its name in NumPy; for the table of the namespace.
WAYS: dict[str, str] = {}


def named_as(numpys: Function, way: str = "") -> Callable[[Function], Function]:
    """Gives a function the name of NumPy's, and its signature and docstring with `pool`.

    `way` is a sentence that tells how it runs.
    """

    def named(function: Function) -> Function:
        functools.update_wrapper(function, numpys, updated=())
        function.__module__ = __package__  # where a pickle looks for it
        function.__doc__ = doc_with_pool(numpys, way)
        return shows(with_pool(numpys))(function)

    return named


def on_all_cores(numpys: Function, way: str, least: int = LEAST) -> Callable[[Callable[..., Prepared]], Any]:
    """Makes NumPy's function of the one that prepares its calls."""

    def made(prepare: Callable[..., Prepared]) -> Function:
        def prepared(pool: Pool | None, args: tuple[Any, ...], options: dict[str, Any]) -> Prepared:
            if pool is None and not _is_large(args, options, least):
                return Refusal(f"fewer than {least} bytes are not worth another thread")
            threads = default_pool() if pool is None else pool
            if pool is None and threads._max_workers == 1:
                return ONE_THREAD
            try:
                return prepare(threads, *args, **options)
            except (TypeError, ValueError, IndexError, OverflowError):  # NumPy's own error is the user's
                return Refusal("its arguments are for NumPy to judge")

        @named_as(numpys, way)
        def function(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
            check_pool(pool)
            call = prepared(pool, args, options)
            return apply_as_the_user(numpys, args, options) if isinstance(call, Refusal) else call()

        def explain(*args: Any, pool: Pool | None = None, **options: Any) -> Explanation:
            """How a call with these arguments would run, without running it."""
            check_pool(pool)
            call = prepared(pool, args, options)
            name = numpys.__name__
            if isinstance(call, Refusal):
                return Explanation(name, False, call.reason)
            return Explanation(name, True, None, way)

        function.explain = explain  # type: ignore[attr-defined]
        WAYS[numpys.__name__] = way
        return function

    return made


def _is_large(args: tuple[Any, ...], options: dict[str, Any], least: int) -> bool:
    return any(type(x) is np.ndarray and x.nbytes >= least for x in (*args, *options.values()))
