"""The face of a function of the namespace: NumPy's name, signature and docstring, `pool` and `explain`.

A family's module says for each function how a call runs on the pool's threads, in a function that is named
after NumPy's and takes what NumPy's takes, with `pool` before it. It returns the call, or a Refusal where
NumPy is to make it:

    @on_all_cores(np.sort, "Rows are shared out.")
    def sort(pool, a, axis=-1, kind=None, order=None, *, stable=None): ...
"""

import contextvars
import functools
import types
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..arrays.errstate import DEFAULT, HANDLING, apply_as_the_user, as_default_for
from ..arrays.plan import Explanation
from ..arrays.refusal import ONE_THREAD, Refusal, fewer_than
from ..arrays.signatures import doc_with_pool, shows, with_pool
from ..arrays.watch import WATCHERS, came_to, is_watched, judged, watched
from ..tasks.default_pool import check_pool, default_pool
from ..tasks.pool import Pool

__all__ = ["INTEGERS", "LEAST", "NEVER", "NUMBERS", "WAYS", "Prepared", "named_as", "on_all_cores"]

Function = Callable[..., Any]

# What makes a call on the pool's threads, and returns its result, or a Refusal where it turns out only then
# that NumPy has to make it; or why NumPy makes it.
Prepared: TypeAlias = Callable[[], Any] | Refusal

# Bytes of the largest argument below which NumPy makes the call where no pool is named.
LEAST = 1 << 18

# What no array has: a function that gains in none of the sizes that were measured is NumPy's unless a pool
# is named.
NEVER = 1 << 62

_NO_SIZE = Refusal("it has gained in no size that was measured", by_size=True)

# How each function runs, by the name that it has in NumPy, "numpy.sort"; for the table of the namespace.
WAYS: dict[str, str] = {}

# Numbers of the dtypes (dtype.num) of arrays of which a function has nothing to warn: all numbers, dates and
# times; or bool and integers.
NUMBERS = frozenset({*range(17), 21, 22, 23})
INTEGERS = frozenset(range(11))

# What other arguments may be then; dtypes and NumPy's numbers among them, and short lists of all these.
_DTYPES = tuple(np.dtype(char) for char in "?bBhHiIlLqQefdgFDG")
_SCALARS = frozenset({bool, int, float, complex, *(dtype.type for dtype in _DTYPES)})
_SIMPLE = frozenset({str, type(None), type(np._NoValue), *_SCALARS, *map(type, _DTYPES)})
_LISTS, _SHORT = frozenset({tuple, list}), 8

# As they are called, 20 ns sooner.
_ndarray = np.ndarray
_set_handling, _reset_handling = HANDLING.set, HANDLING.reset
_MISSING = contextvars.Token.MISSING


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
    quiet: frozenset[int] = frozenset(),
    quiet_arguments: int | None = None,
    reports: str = "",
) -> Callable[[Callable[..., Prepared]], Any]:
    """Makes NumPy's function of the one that prepares its calls.

    From `least` bytes of an array on, or of what size(*args, **options) tells, calls that name no pool are
    prepared. A size is at most so many `times` the bytes of the largest array; 0 where it may be any. Of
    arrays of other dtypes than those in `runs` NumPy makes all calls. Of arrays whose dtypes are `quiet`
    NumPy's function has nothing to warn at the user's line, so that small calls need not be brought there,
    which takes 1 us; of more than so many `quiet_arguments` it may warn. Of floats it may report errors as
    those of the ufunc `reports`; these are brought there in a third of the time.
    """
    handling = as_default_for(reports) if reports else None
    # Whether NumPy warns of conversions at its caller's line, and not at one of its own Python code.
    is_c = type(getattr(numpys, "_implementation", numpys)) is not types.FunctionType

    def made(prepare: Callable[..., Prepared]) -> Function:
        def prepared(pool: Pool | None, args: tuple[Any, ...], options: dict[str, Any]) -> Prepared:
            threads = default_pool() if pool is None else pool
            if pool is None and threads._max_workers == 1:
                return ONE_THREAD
            try:
                return prepare(threads, *args, **options)
            except (TypeError, ValueError, IndexError, OverflowError):  # NumPy's own error is the user's
                return Refusal("its arguments are for NumPy to judge")

        @named_as(numpys, way)
        def shared(*args: Any, pool: Pool | None = None, **options: Any) -> Any:
            if times and pool is None and not WATCHERS:  # here 20 ns show
                for x in args:
                    kind = type(x)
                    if kind is _ndarray:
                        number = x.dtype.num
                        if number not in quiet or (x.nbytes * times >= face.least and number in runs):
                            break
                    elif kind not in _SIMPLE and not is_simple(x, face.least):
                        break
                else:
                    if not options:
                        return by_numpy(*args)
                    if not is_c or "dtype" not in options:
                        for x in options.values():
                            if type(x) not in _SIMPLE and not is_simple(x, face.least):
                                break
                        else:
                            return by_numpy(*args, **options)
            elif (
                pool is None and not WATCHERS and is_small(args, options) and are_quiet(args, options, NEVER)
            ):
                return by_numpy(*args, **options)
            return judged_call(args, options, pool)

        def are_quiet(args: tuple[Any, ...], options: dict[str, Any], least: int) -> bool:
            """Whether NumPy has nothing to warn of; arrays are smaller than `least`, times `times`."""
            if is_c and "dtype" in options:
                return False
            for x in (*args, *options.values()):
                if type(x) not in _SIMPLE and not is_simple(x, least):
                    return False
            return True

        def is_simple(x: Any, least: int) -> bool:
            """Whether an argument is such an array, a dtype, or a short list of such arrays or numbers."""
            kind = type(x)
            if kind is _ndarray:
                number = x.dtype.num
                return number in quiet and (x.nbytes * times < least or number not in runs)
            if kind is type:
                return x in _SCALARS
            if kind not in _LISTS or len(x) > _SHORT:
                return False
            for each in x:
                if type(each) not in _SIMPLE and (type(each) is not _ndarray or not is_simple(each, least)):
                    return False
            return True

        def reporting(*args: Any, **options: Any) -> Any:
            """NumPy's function, with floating-point errors at the user's line."""
            before = _set_handling(handling)
            if before.old_value is _MISSING or before.old_value is DEFAULT:
                try:
                    return numpys(*args, **options)
                finally:
                    _reset_handling(before)
            _reset_handling(before)
            return apply_as_the_user(numpys, args, options)

        def quiet_if_few(*args: Any, **options: Any) -> Any:
            if len(args) + len(options) > (quiet_arguments or 0):
                return apply_as_the_user(numpys, args, options)
            return numpys(*args, **options)

        by_numpy = numpys if handling is None else reporting
        if quiet_arguments is not None:
            by_numpy = quiet_if_few

        def judged_call(args: tuple[Any, ...], options: dict[str, Any], pool: Pool | None) -> Any:
            if WATCHERS and not is_watched():
                return watched(numpys.__name__, shared, *args, pool=pool, **options)
            if pool is not None:
                check_pool(pool)
            elif is_small(args, options):
                if quiet and are_quiet(args, options, NEVER):
                    return by_numpy(*args, **options)
                if WATCHERS:
                    came_to(numpys.__name__, judged(x for x in args if type(x) is not _ndarray))
                return apply_as_the_user(numpys, args, options)
            call = prepared(pool, args, options)
            result: Any = call
            if not isinstance(call, Refusal):
                result = (default_pool() if pool is None else pool)._tasks.call(numpys, call)
            if WATCHERS:
                came_to(numpys.__name__, result)
            return apply_as_the_user(numpys, args, options) if type(result) is Refusal else result

        def is_small(args: tuple[Any, ...], options: dict[str, Any]) -> bool:
            if size is None:
                arrays = [x for x in (*args, *options.values()) if type(x) is np.ndarray]
                return all(x.nbytes < face.least for x in arrays)
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
            else:
                call = prepared(pool, args, options)
            name = numpys.__name__
            if isinstance(call, Refusal):
                return Explanation(name, False, call.reason)
            return Explanation(name, True, None, way)

        face: Any = shared
        face.explain = explain
        face.least = least  # looked up at each call, so that tests can lower it
        WAYS[f"{numpys.__module__}.{numpys.__name__}"] = way
        return shared

    return made
