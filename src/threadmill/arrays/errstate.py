"""Floating-point errors reported as NumPy reports them: under the caller's np.errstate, at the caller's line.

The six ways, their texts and their order are those of numpy/_core/src/umath/extobj.c.
"""

import contextvars
import os
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["as_the_user", "report", "reported", "users_level"]

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


def reported(call: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """Makes a call to NumPy, whose floating-point errors are reported as if the user had made it.

    Left alone, NumPy would warn at our own line, where a filter that shows a warning once per line
    hides all but the first of the user's. np.errstate would take 1 us; a context of our own takes 0.3.
    """
    try:
        listener = _idle.pop()
    except IndexError:
        listener = _Listener()
    try:
        return listener.run(call, *args, **options)
    finally:
        if listener.heard:
            for name, flags in listener.heard.items():
                report(flags, name)
        else:
            _idle.append(listener)


def as_the_user(call: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """Makes a call to NumPy whose warnings, of whatever kind, point at the user's line; it takes 2 us.

    It is made from a frame that says it is that line, in a function that has the line for its whole text.
    Unlike `reported` it stays in the user's context, which code of foreign classes may look at.
    """
    frame = _users_frame()
    code = _CALL.replace(co_filename=frame.f_code.co_filename, co_firstlineno=frame.f_lineno)
    made: Result = types.FunctionType(code, frame.f_globals)(call, args, options)
    return made


_CALL = (lambda call, args, options: call(*args, **options)).__code__


class _Listener:
    """A context in which NumPy writes its errors down: "Warning: overflow encountered in square\n"."""

    __slots__ = ("heard", "run")

    def __init__(self) -> None:
        self.heard: dict[str, int] = {}
        self.run = contextvars.Context().run
        self.run(lambda: (np.seterr(all="log"), np.seterrcall(self)))

    def write(self, line: str) -> None:
        error, name = line.removeprefix("Warning: ").rstrip("\n").split(" encountered in ")
        bit = next(bit for bit, _, words in _ERRORS if words == error)
        self.heard[name] = self.heard.get(name, 0) | bit


# Listeners that nobody uses now and that have heard nothing.
_idle: list[_Listener] = []


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
    package = __package__.rpartition(".")[0] + "."
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(package):
        frame = frame.f_back
    return frame
