"""One call of a function, fused: its arguments become lazy arrays, and its results NumPy's."""

import functools
from collections.abc import Callable
from typing import Any

from ..arrays.errstate import apply_as_the_user
from ..tasks.pool import Pool
from . import operators  # noqa: F401 - gives lazy arrays what they do
from .arguments import Arguments
from .explanation import FusedExplanation, Log, name_of
from .record import RETURNED, Record

__all__ = ["as_the_user", "explain_fused", "run_fused", "run_recorded"]


def run_recorded(
    record: Record, fn: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """fn(*args, **options), of which the array work is put off in the record."""
    arguments = Arguments(record)
    try:
        given = [arguments.given(x) for x in args]
        named = {name: arguments.given(x) for name, x in options.items()}
        arguments.all_given()
        result = fn(*given, **named)
        record.flush(RETURNED)
        return arguments.taken(result)
    except Exception:
        record.close()
        raise
    except BaseException:  # an interrupt, that nothing more is to be computed for
        record.is_open = False
        raise
    finally:
        arguments.write_back()
        if record.is_open:
            record.close()


def run_fused(
    pool: Pool, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """One call of NumPy's function, fused, with its warnings at the user's line."""
    plain = functools.partial(as_the_user, function)
    return pool._tasks.call(function, run_recorded, Record(pool._handle), plain, args, options)


def explain_fused(
    pool: Pool, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> FusedExplanation:
    """Makes such a call, and tells of its passes over memory."""
    record, log = Record(pool._handle), Log()
    record.log = log
    run_recorded(record, functools.partial(as_the_user, function), args, options)
    return log.told(name_of(function))


def as_the_user(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    return apply_as_the_user(function, args, options)
