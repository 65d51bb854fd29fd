"""Floating-point errors of nodes, told when their pass has run, as if at the line where they were written."""

import contextvars
import sys
import types
import warnings
from typing import Any

import numpy as np
import numpy._core.umath as _umath

from .nodes import Node, Place

__all__ = ["State", "place_of_user", "state_now", "tell"]

_extobj: contextvars.ContextVar[Any] = _umath._extobj_contextvar  # type: ignore[attr-defined]

_ERRORS = (
    (1, "divide", "divide by zero"),
    (2, "over", "overflow"),
    (4, "under", "underflow"),
    (8, "invalid", "invalid value"),
)


class State:
    """np.errstate as it was: which errors warn; `at_once`: some raise, call, print or log."""

    __slots__ = ("at_once", "bits", "filters", "show", "token")

    def __init__(self, token: Any) -> None:
        self.token = token
        modes = np.geterr()
        self.bits = sum(bit for bit, key, _ in _ERRORS if modes[key] == "warn")  # type: ignore[literal-required]
        self.at_once = any(mode not in ("warn", "ignore") for mode in modes.values())
        self.filters = warnings.filters
        self.show = warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]

    def is_now(self) -> bool:
        return (
            _extobj.get() is self.token
            and warnings.filters is self.filters
            and warnings.showwarning is self.show[0]
            and warnings._showwarnmsg_impl is self.show[1]  # type: ignore[attr-defined]
        )


def state_now(last: State | None) -> State:
    """The state now, the last one if it is the same."""
    return last if last is not None and last.is_now() else State(_extobj.get())


_PACKAGE = __name__.rpartition(".")[0]


def place_of_user() -> Place:
    """The nearest instruction outside this room."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__package__") == _PACKAGE and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti, frame.f_globals


def _line(place: Place) -> int:
    code, instruction, _ = place
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


def tell(node: Node, flags: int) -> None:
    """Warns of the errors whose bits are set, where the state of the node says so."""
    state: State = node.state
    flags &= state.bits
    if not flags or node.place is None:
        return
    for bit, _, words in _ERRORS:
        if flags & bit:
            _warn(state, node.place, f"{words} encountered in {node.name}")


_WARN = (lambda warn, text: warn(text, RuntimeWarning)).__code__


def _warn(state: State, place: Place, text: str) -> None:
    code, _, names = place
    made = _WARN.replace(co_filename=code.co_filename, co_firstlineno=_line(place))
    call = types.FunctionType(made, names)
    if warnings.filters is state.filters and warnings._showwarnmsg_impl is state.show[1]:  # type: ignore[attr-defined]
        call(warnings.warn, text)
        return
    kept = warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl  # type: ignore[attr-defined]
    try:
        warnings.filters, (warnings.showwarning, warnings._showwarnmsg_impl) = state.filters, state.show  # type: ignore
        warnings._filters_mutated()  # type: ignore[attr-defined]
        call(warnings.warn, text)
    finally:
        warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl = kept  # type: ignore
        warnings._filters_mutated()  # type: ignore[attr-defined]
