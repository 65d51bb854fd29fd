"""Floating-point errors of nodes, told when their pass has run, as if at the line where they were written."""

import itertools
import sys
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._native.fields import StateFields
from ..arrays.errstate import DEFAULT, ERRORS, HANDLING
from .nodes import Node, Place
from .past_filters import PastFilters, is_version, may_show_once, question, version_now

__all__ = [
    *("PACKAGE", "SEEN_BY_ALL", "State", "kept_state", "line_of_user", "place_of_user", "state_now", "tell"),
    "tell_of",
]

_warnings: Any = warnings  # with what its stub does not tell

# Whether filters and what records warnings belong to a context, as from CPython 3.14 on without the GIL or by
# -X context_aware_warnings. Elsewhere they are the module's.
_BY_CONTEXT = bool(getattr(sys.flags, "context_aware_warnings", False))

# The names in which filters and what records warnings stand for all contexts, if they do.
SEEN_BY_ALL: dict[str, Any] | None = None if _BY_CONTEXT else vars(warnings)


def _in_force() -> tuple[list[Any], Any, Any]:
    """The filters that a warning meets now, the hook that shows it, and what records or prints it there."""
    if _BY_CONTEXT:
        context = _warnings._get_context()
        return context._filters, warnings.showwarning, context.log
    return _warnings.filters, warnings.showwarning, _warnings._showwarnmsg_impl


class State(StateFields):
    """np.errstate and the filters of warnings as they were where nodes were recorded.

    `at_once`: an error may raise, call, print or log, so that nothing that reports errors is put off.
    `buffer`: the elements in a buffer of NumPy's, which np.setbufsize sets with the modes. `asked`: what is
    asked to learn of a warnings.catch_warnings since then, None where that changes nothing.
    """

    __slots__ = ("buffer", "filters", "shown", "version")

    def __init__(self, token: Any) -> None:
        self.token = token
        modes: dict[str, str] = dict(np.geterr())  # type: ignore[arg-type]
        self.buffer = np.getbufsize()
        self.bits = 0
        for bit, key, _ in ERRORS:
            if modes[key] == "warn":
                self.bits |= bit
        self._list, self.show, self.record = _in_force()
        self._count, self._first = len(self._list), self._list[0] if self._list else None
        self.filters = list(self._list)
        self.version = version_now()
        is_to_ask = self.version is not None and may_show_once(self.filters)
        self.asked = question(self.version) if is_to_ask else None
        self.shown: set[tuple[Any, ...]] = set()  # of what shows once, when the filters are in force no more
        self.at_once = not {*modes.values()} <= {"warn", "ignore"} or _may_raise(self.filters)

    def is_now(self) -> bool:
        if HANDLING.get() is not self.token:
            return False
        if _BY_CONTEXT:
            return self.warns_as_now()
        filters = _warnings.filters  # as there, without a call: it is asked for each operation
        return (
            filters is self._list
            and len(filters) == self._count
            and (not filters or filters[0] is self._first)
            and _warnings.showwarning is self.show
            and _warnings._showwarnmsg_impl is self.record
            and (self.asked is None or is_version(self.asked))
        )

    def warns_as_now(self) -> bool:
        filters, show, record = _in_force()
        return (
            filters is self._list
            and len(filters) == self._count
            and (not filters or filters[0] is self._first)
            and show is self.show
            and record is self.record
        )


def _may_raise(filters: list[Any]) -> bool:
    """Whether some filter makes an error of a floating-point error's warning."""
    for action, message, category, module, line in filters:
        if issubclass(RuntimeWarning, category):
            if action == "error":
                return True
            if message is None and module is None and not line:  # what stands behind it is not asked
                return False
    return False


# The last state under NumPy's own handling of errors, as making one takes 10 us; a user's handling may hold
# anything, and is not kept. Any thread may write; a state is never changed.
_kept: list[State] = []


def state_now(last: State | None) -> State:
    """The state now, the last one if it is the same."""
    if last is not None and last.is_now():
        return last
    for kept in _kept:
        if kept.is_now() and kept.version == version_now():
            return kept
    state = State(HANDLING.get())
    if state.token is DEFAULT:
        _kept[:] = [state]
    return state


def kept_state() -> State | None:
    """A state that may be the one now still."""
    return next((state for state in _kept if not state.at_once and state.version == version_now()), None)


PACKAGE = __name__.rpartition(".")[0]


def place_of_user(frame: types.FrameType) -> Place:
    """The nearest instruction outside this room, of this frame or of one that has called it."""
    while frame.f_globals.get("__package__") == PACKAGE and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti, frame.f_globals


def line_of_user() -> int:
    """The line that runs outside this room and NumPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        package = frame.f_globals.get("__package__") or ""
        if package != PACKAGE and package.partition(".")[0] != "numpy":
            break
        frame = frame.f_back
    return frame.f_lineno


def _line(code: types.CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno


def tell(found: Iterable[tuple[Node, int]]) -> None:
    """Warns of the errors of nodes whose bits are set, in their order, where the state of each says so.

    Nodes of one call have one place.
    """
    calls: list[tuple[Node, int]] = []
    for node, flags in found:
        if calls and node.place is not None and node.place is calls[-1][0].place:
            flags |= calls.pop()[1]
        calls.append((node, flags))
    for state, alike in itertools.groupby(calls, lambda pair: pair[0].state):
        _warn(state, [each for node, flags in alike for each in _errors(state, flags, node.place, node.name)])


def tell_of(state: State, flags: int, place: Place | None, name: str) -> None:
    _warn(state, _errors(state, flags, place, name))


def _errors(state: State, flags: int, place: Place | None, name: str) -> list[tuple[Place, str]]:
    flags &= state.bits
    if not flags or place is None:
        return []
    return [(place, f"{words} encountered in {name}") for bit, _, words in ERRORS if flags & bit]


def _warn(state: State, errors: list[tuple[Place, str]]) -> None:
    """Warns at these places, under the filters of the state; of what these show once, once."""
    if not errors:
        return
    record = state.record.append if isinstance(state.record, list) else state.record  # a context has the list
    past = PastFilters(state.filters, state.show, record, state.shown, state.version)
    if state.warns_as_now() and state.version == version_now():
        for place, text in errors:
            if state.asked is not None:  # the module's note is lost with the next version
                past.note(text, RuntimeWarning, *_line_of(place))
            _at(place, warnings.warn, text, RuntimeWarning)
        return
    for place, text in errors:
        _at(place, past.warn, text, RuntimeWarning, (place[0].co_filename, *_line_of(place)))


def _line_of(place: Place) -> tuple[int, dict[str, Any]]:
    """The line of a place, and the names of its module."""
    code, instruction, names = place
    return _line(code, instruction), names


_CALL = (lambda warn, *given: warn(*given)).__code__


def _at(place: Place, warn: Callable[..., None], *given: Any) -> None:
    """A call as if made at this place: that is where it warns, and what a traceback shows."""
    code, instruction, names = place
    made = _CALL.replace(co_filename=code.co_filename, co_firstlineno=_line(code, instruction))
    types.FunctionType(made, names)(warn, *given)
