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

from .._native.door import BY_NUMPY
from ..arrays.doors import NAMESAKES, NEVER, SIMPLE, FunctionDoor, Sizes, left_to_numpy
from ..arrays.plan import Explanation
from ..arrays.refusal import ONE_THREAD, Refusal, fewer_than
from ..arrays.signatures import doc_with_pool, shows, with_pool
from ..arrays.watch import WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool, default_pool
from ..tasks.pool import Pool

__all__ = [
    "COMPLEX",
    "FLOATS",
    "INTEGERS",
    "LEAST",
    "NEVER",
    "NUMBERS",
    "WAYS",
    "Prepared",
    "named_as",
    "on_all_cores",
]

Function = Callable[..., Any]

# What makes a call on the pool's threads, and returns its result, or a Refusal where it turns out only then
# that NumPy has to make it; or why NumPy makes it.
Prepared: TypeAlias = Callable[[], Any] | Refusal

# Bytes of the largest argument below which NumPy makes the call where no pool is named.
LEAST = 1 << 18

_NO_SIZE = Refusal("it has gained in no size that was measured", by_size=True)
_NO_CALL = Refusal("calls like this one have gained in no measurement", by_size=True)

# How each function runs, by the name that it has in NumPy, "numpy.sort"; for the table of the namespace.
WAYS: dict[str, str] = {}

# Numbers of dtypes (dtype.num): of all numbers, dates and times; of bool and integers; of
# complex numbers; of these and other floats.
NUMBERS = frozenset({*range(17), 21, 22, 23})
INTEGERS = frozenset(range(11))
COMPLEX = frozenset(range(14, 17))
FLOATS = frozenset({*range(11, 14), 23}) | COMPLEX

_ndarray = np.ndarray


def _bytes_of(args: Any) -> int:
    """Bytes of the largest array among arguments, or of a list's arrays together."""
    sizes = [sum(y.nbytes for y in x if type(y) is _ndarray) for x in args if type(x) in (list, tuple)]
    return max((*sizes, *(x.nbytes for x in args if type(x) is _ndarray)), default=0)


def named_as(numpys: Function, way: str = "") -> Callable[[Function], Function]:
    """Gives a function the name of NumPy's, and its signature and docstring with `pool`.

    `way` is a sentence that tells how it runs.
    """

    def named(function: Function) -> Function:
        functools.update_wrapper(function, numpys, updated=())
        # Where a pickle looks for it: in the package itself, or in a room such as numpy.fft.
        function.__module__ = f"{__package__}{numpys.__module__.removeprefix('numpy')}"
        function.__doc__ = doc_with_pool(numpys, way)
        return shows(with_pool(numpys))(function)

    return named


def on_all_cores(
    numpys: Function,
    way: str,
    least: int = LEAST,
    size: Callable[..., int] | None = None,
    *,
    times: int = 1,
    runs: frozenset[int] = NUMBERS,
    worth: dict[int, int] | None = None,
    whole: int = -1,
    pieces: int = 0,
    alone: int = -1,
    arguments: int = 1,
    only: int = -1,
    takes_lists: bool = True,
) -> Callable[[Callable[..., Prepared]], Any]:
    """Makes NumPy's function of the one that prepares its calls.

    From `least` bytes of an array on, or of what size(*args, **options) tells, calls that name no pool are
    prepared. A size is at most so many `times` the bytes of the largest array; with 0, sixteen times the
    product of the bytes of arrays and of integers. Of arrays of other dtypes than those in `runs` NumPy makes
    all calls; `worth` has other bytes for some (dtype.num), `whole` is for calls over all elements, or of one
    axis, `pieces` for arrays that are contiguous in no order, and `alone` for calls of so many `arguments`
    and no options. `only` is the place of the one whose array counts. `takes_lists` is false with a `size`
    that looks at none.
    """
    by_dtype = {**dict.fromkeys(NUMBERS - runs, NEVER), **(worth or {})}
    simple = SIMPLE if size is not None and takes_lists else None
    sizes = Sizes(least, times, min(pieces, 1), pieces, whole, alone=alone, only=only, arguments=arguments)

    def made(prepare: Callable[..., Prepared]) -> Any:
        def prepared(pool: Pool | None, args: tuple[Any, ...], options: dict[str, Any]) -> Prepared:
            threads = default_pool() if pool is None else pool
            if pool is None and threads._max_workers == 1:
                return ONE_THREAD
            try:
                return prepare(threads, *args, **options)
            except (TypeError, ValueError, IndexError, OverflowError):  # NumPy's own error is the user's
                return Refusal("its arguments are for NumPy to judge")

        def shared(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
            """A call that may be worth threads, or is watched; BY_NUMPY where NumPy is to make it."""
            if WATCHERS and not is_watched():
                return watched(numpys.__name__, face.as_the_user, *args, pool=pool, **options)
            if pool is not None:
                check_pool(pool)
            elif is_small(args, options):
                if WATCHERS:
                    came_to(numpys.__name__, judged(x for x in args if type(x) is not _ndarray))
                return left_to_numpy(face, args, options)
            call = prepared(pool, args, options)
            result: Any = call
            if not isinstance(call, Refusal):
                result = (default_pool() if pool is None else pool)._tasks.call(numpys, call)
            if WATCHERS:
                came_to(numpys.__name__, result)
            if type(result) is not Refusal:
                return result
            return left_to_numpy(face, args, options) if pool is None and result.by_size else BY_NUMPY

        def is_small(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
            if size is None:
                counted = args[only : only + 1] if only >= 0 else args
                arrays = [x for x in (*counted, *options.values()) if type(x) is _ndarray]
                return all(x.nbytes < (face.least if x.flags.forc else least_in_pieces()) for x in arrays)
            try:
                return bool(size(*args, **options) < face.least)
            except Exception:  # NumPy's own error is the user's
                return True

        def explain(*args: Any, pool: Pool | None = None, **options: Any) -> Explanation:
            """How a call with these arguments would run, without running it."""
            check_pool(pool)
            if pool is None and is_small(args, options):
                has_size = face.least < NEVER
                call: Prepared = fewer_than(face.least) if has_size else _NO_SIZE
                if has_size and size is not None and _bytes_of(args) >= face.least:
                    call = _NO_CALL
            else:
                call = prepared(pool, args, options)
            name = numpys.__name__
            if isinstance(call, Refusal):
                return Explanation(name, False, call.reason)
            return Explanation(name, True, None, way)

        def least_in_pieces() -> int:
            return max(face.least, pieces) if face.least else 0

        door = FunctionDoor(numpys, shared, sizes, simple, by_dtype or None)
        face: Any = named_as(numpys, way)(door)
        face.explain = explain
        WAYS[f"{numpys.__module__}.{numpys.__name__}"] = way
        NAMESAKES[numpys] = face
        return face

    return made
