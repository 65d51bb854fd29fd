"""What watches public calls: reports, which count what becomes of them, and `strict`, which forbids refusals.

A public call asks `if WATCHERS`. Where something watches, it makes itself again by `watched`, and tells by
`came_to` what has become of it: a Refusal, or a result. A call that tells nothing was NumPy's for its size.
Calls inside a call are part of it. But those of a fused function are the user's: what it makes at once,
beside its passes, is watched as well.
"""

import contextvars
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from ..errors import FallbackError
from .refusal import Refusal
from .thresholds import MOST

__all__ = [
    "FUSED",
    "IS_STRICT",
    "NUMPY",
    "PARALLEL",
    "WATCHERS",
    "Watcher",
    "came_to",
    "inside",
    "is_watched",
    "judged",
    "name_of_numpys",
    "watched",
]


class Watcher(Protocol):
    """What is told of each call once it is over."""

    def add(self, name: str, within: str, became: str, reason: str, took_ns: int) -> None: ...


# What watches the process, strict contexts too. Any thread adds and removes. As a rule it is empty, and a
# call pays for a look at it.
WATCHERS: list[Watcher] = []

# Whether refusals are errors in this context.
IS_STRICT: contextvars.ContextVar[bool] = contextvars.ContextVar("is_strict", default=False)

PARALLEL, FUSED, NUMPY = "parallel", "fused", "NumPy"

_SMALL = Refusal("it is too small to gain", by_size=True)
_UNKNOWN = Refusal("its arguments are none of those that are known")
_NO_STEP = Refusal("it is no step of a pass")


class _Call:
    """A call that is watched. It hides those inside, unless it is a function of the user's that runs."""

    __slots__ = ("became", "hides", "name", "within")

    def __init__(self, name: str, within: str, became: "Refusal | str") -> None:
        self.name, self.within, self.became, self.hides = name, within, became, True


_current: contextvars.ContextVar[_Call | None] = contextvars.ContextVar("watched_call", default=None)


def is_watched() -> bool:
    """Whether this context is inside a watched call that hides what it does."""
    call = _current.get()
    return call is not None and call.hides


def watched(name: str, call: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
    """call(*args, **options), watched."""
    outer = _current.get()
    return _made(_Call(name, "" if outer is None else outer.name, _SMALL), call, args, options)


def came_to(name: str, what: Any, opens: bool = False) -> None:
    """Tells what the watched call of this name has come to: a Refusal, FUSED, or a result.

    Where refusals are errors, one that is not for the call's size is raised: before NumPy makes the call.
    `opens`: what follows is code of the user's.
    """
    call = _current.get()
    if call is None or call.name != name:
        return  # part of another one
    call.became = what if type(what) is Refusal or what is FUSED else PARALLEL
    call.hides = not opens
    _forbid(call)


def inside(
    name: str, call: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], tells: bool
) -> Any:
    """call(*args, **options) of a fused function, which is made at once.

    `tells`: it is a call of ours, which tells what it comes to. Any other is NumPy's own.
    """
    outer = _current.get()
    if outer is None or outer.became is not FUSED:
        return call(*args, **options)
    small = tells or judged((*args, *options.values())) is _SMALL
    made = _Call(name, outer.name, _SMALL if small else _NO_STEP)
    _forbid(made)
    return _made(made, call, args, options)


def judged(args: Iterable[Any], otherwise: Refusal = _UNKNOWN) -> Refusal:
    """Why NumPy makes a call that is its own to make: for the size of its arguments, or `otherwise`."""
    return otherwise if any(_bytes(x) >= MOST for x in args) else _SMALL


def name_of_numpys(function: Any) -> str:
    """The name of NumPy's function, or of a ufunc's method with the ufunc's: add.reduce."""
    owner = getattr(function, "__self__", None)
    name = str(getattr(function, "__name__", type(function).__name__))
    return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name


def _made(made: _Call, call: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    token = _current.set(made)
    begin = time.perf_counter_ns()
    try:
        return call(*args, **options)
    finally:
        took = time.perf_counter_ns() - begin
        _current.reset(token)
        end = made.became
        became, reason = (NUMPY, end.reason) if isinstance(end, Refusal) else (end, "")
        for watcher in tuple(WATCHERS):
            watcher.add(made.name, made.within, became, reason, took)


def _forbid(call: _Call) -> None:
    became = call.became
    if isinstance(became, Refusal) and not became.by_size and IS_STRICT.get():
        raise FallbackError(call.name, became.reason)


def _bytes(x: Any) -> int:
    size = getattr(x, "nbytes", None)
    if type(size) is int:
        return size
    return 8 * len(x) if type(x) in (list, tuple, range) else 0
