"""Floating-point errors reported as NumPy reports them: under the caller's np.errstate, at the caller's line.

The six ways, their texts and their order are those of numpy/_core/src/umath/extobj.c.
"""

import contextvars
import os
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy._core.umath as _umath

from .._native.status import check
from .cache import Cache

__all__ = [
    "DEFAULT",
    "ERRORS",
    "HANDLING",
    "apply_as_the_user",
    "as_default_for",
    "as_the_user",
    "report",
    "report_flags",
    "users_level",
]

Result = TypeVar("Result")

_NO_OPTIONS: Mapping[str, Any] = {}

# NumPy's bit, its key in np.geterr() and its words, in the order in which NumPy reports.
ERRORS = (
    (1, "divide", "divide by zero"),
    (2, "over", "overflow"),
    (4, "under", "underflow"),
    (8, "invalid", "invalid value"),
)


def report(flags: int, name: str) -> None:
    """Reports the errors whose bits are set in `flags` as np.<name> would."""
    modes = np.geterr()
    for bit, key, error in ERRORS:
        if flags & bit:
            _report_one(modes[key], error, name, flags)  # type: ignore[literal-required]


def report_flags(status: int, name: str, reports: bool = True) -> None:
    """Raises the exception of a run that failed; else reports its floating-point errors."""
    if check(status) and reports:
        report(status, name)


def as_the_user(call: Callable[..., Result], /, *args: Any, **options: Any) -> Result:
    """As `apply_as_the_user`, of a call that is written out here."""
    return apply_as_the_user(call, args, options)


def apply_as_the_user(
    call: Callable[..., Result], args: tuple[Any, ...], options: Mapping[str, Any] = _NO_OPTIONS
) -> Result:
    """call(*args, **options), a call to NumPy, in the user's context, with its warnings at the user's line.

    Left alone, NumPy would warn at our own line, where a filter that shows a warning once per line hides all
    but the first of the user's. The call is therefore made from a synthetic frame that carries the user's
    file name, line number and globals. (`stacklevel` is not ours to set: the warning is NumPy's.)
    """
    frame = sys._getframe(2)  # who calls this is one of ours
    while frame.f_globals.get("__package__") in _OURS and frame.f_back is not None:
        frame = frame.f_back
    code = frame.f_code
    place = id(code), frame.f_lasti
    kept = _calls.get(place)
    if kept is None:
        line = _CALL.replace(co_filename=code.co_filename, co_firstlineno=frame.f_lineno)
        kept = _calls.put(place, (code, line))
    made: Result = types.FunctionType(kept[1], frame.f_globals)(call, args, options)
    return made


_CALL = (lambda call, args, options: call(*args, **options)).__code__

# The user's code and `_CALL` at its line, by id(code) and the instruction: finding the line takes 40 us.
# An entry keeps its code object alive, so that the id stays its own. Any thread may write.
_calls: Cache[tuple[int, int], tuple[types.CodeType, types.CodeType]] = Cache()

# This package and its rooms, as their modules' __package__ has them.
_ROOT = __package__.rpartition(".")[0]
_OURS = frozenset({_ROOT, *(f"{_ROOT}.{room}" for room in os.listdir(Path(__file__).parents[1]))})


# NumPy's handling of floating-point errors, np.errstate's and np.setbufsize's, and what it is by default.
HANDLING: contextvars.ContextVar[Any] = _umath._extobj_contextvar
DEFAULT: Any = contextvars.Context().run(HANDLING.get)


def as_default_for(name: str) -> Any:
    """A handling of errors that does for the ufunc of this name what DEFAULT does, but at the user's line.

    It costs a third of `apply_as_the_user`, and is for calls that NumPy has nothing else to warn of.
    """

    def warn(error: str, _flags: int) -> None:
        warnings.warn(f"{error} encountered in {name}", RuntimeWarning, stacklevel=users_level())

    modes = contextvars.Context().run(np.geterr)
    calls: Any = {key: "call" if mode == "warn" else mode for key, mode in modes.items()}
    return contextvars.Context().run(lambda: _umath._make_extobj(call=warn, **calls))


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
    while frame.f_globals.get("__package__") in _OURS and frame.f_back is not None:
        frame = frame.f_back
    return frame
