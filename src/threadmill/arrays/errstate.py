"""Floating-point errors reported as NumPy reports them: under the caller's np.errstate, at the caller's line.

The six ways, their texts and their order are those of numpy/_core/src/umath/extobj.c.
"""

import os
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["as_the_user", "report", "users_level"]

Result = TypeVar("Result")

# NumPy's bit, its key in np.geterr() and its words, in the order in which NumPy reports.
_ERRORS = (
    (1, "divide", "divide by zero"),
    (2, "over", "overflow"),
    (4, "under", "underflow"),
    (8, "invalid", "invalid value"),
)


def report(flags: int, name: str) -> None:
    """Reports the errors whose bits are set in `flags` as np.<name> would."""
    modes = np.geterr()
    for bit, key, error in _ERRORS:
        if flags & bit:
            _report_one(modes[key], error, name, flags)  # type: ignore[literal-required]


def as_the_user(call: Callable[..., Result], /, *args: Any, **options: Any) -> Result:
    """Makes a call to NumPy in the user's context; its warnings, of whatever kind, point at the user's line.

    Left alone, NumPy would warn at our own line, where a filter that shows a warning once per line hides all
    but the first of the user's. The call is therefore made from a synthetic frame that carries the user's
    file name, line number and globals.
    """
    frame = _users_frame()
    place = frame.f_code.co_filename, frame.f_lineno
    code = _calls.get(place)
    if code is None:
        if len(_calls) >= _MOST_CALLS:
            _calls.clear()
        code = _calls[place] = _CALL.replace(co_filename=place[0], co_firstlineno=place[1])
    made: Result = types.FunctionType(code, frame.f_globals)(call, args, options)
    return made


_CALL = (lambda call, args, options: call(*args, **options)).__code__

# `_CALL` by file name and line. Any thread may write it; it keeps nothing but these code objects alive.
_calls: dict[tuple[str, int], types.CodeType] = {}
_MOST_CALLS = 1024


def _report_one(mode: str, error: str, name: str, flags: int) -> None:
    text = f"{error} encountered in {name}"
    match mode:
        case "warn":
            warnings.warn(text, RuntimeWarning, stacklevel=users_level())
        case "raise":
            raise FloatingPointError(text)
        case "print":  # NumPy prints to C's stderr, not to sys.stderr.
            os.write(2, f"Warning: {text}\n".encode())
        case "call":
            _callback(f"python callback specified for {error} (in  {name}) but no function found.")(
                error, flags
            )
        case "log":
            _callback(f"log specified for {error} (in {name}) but no object with write method found.").write(
                f"Warning: {text}\n"
            )


def _callback(complaint: str) -> Any:
    """What the user gave to np.seterrcall."""
    callback = np.geterrcall()
    if callback is None:
        raise NameError(complaint)
    return callback


def users_level() -> int:
    """The stacklevel, seen from who asks, of the user's frame."""
    level, frame, users = 1, sys._getframe(1), _users_frame()
    while frame is not users and frame.f_back:
        level, frame = level + 1, frame.f_back
    return level


def _users_frame() -> types.FrameType:
    """The nearest frame outside this package."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__", "").startswith(_PACKAGE) and frame.f_back:
        frame = frame.f_back
    return frame


_PACKAGE = __package__.rpartition(".")[0] + "."
