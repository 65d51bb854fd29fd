"""Warnings under filters that are in force no more: as warnings.warn, which knows only those that are."""

import contextvars
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["PastFilters", "is_version", "may_show_once", "question", "version_now"]

_warnings: Any = warnings  # with what its stub does not tell
_explicit: Any = warnings.warn_explicit  # whatever somebody puts in its place

# Warnings that a state remembers at most.
_MOST_SHOWN = 1000

_ONCE = frozenset({"default", "module", "once"})


class PastFilters:
    """Filters, the hook that showed a warning under them, and what recorded it there; None printed it.

    Nothing is set for it. warnings.catch_warnings would set the filters and hooks of the whole process: a
    thread that catches warnings meanwhile would lose its own, or put these back for good. What has been shown
    is remembered in `shown`, and not noted in modules, whose notes are of the filters in force; what modules
    have noted at this `version` was shown under these filters.
    """

    def __init__(
        self,
        filters: list[Any],
        show: Any,
        record: Callable[[Any], Any] | None,
        shown: set[tuple[Any, ...]],
        version: Any,
    ) -> None:
        self._filters, self._show, self._record = filters, show, record
        self._shown, self._version = shown, version

    def warn(self, text: str, category: type[Warning], place: tuple[str, int, dict[str, Any]]) -> None:
        """Warns at a place: its file, its line and the names of its module."""
        file, line, names = place
        name = names.get("__name__", "<string>")
        action = self._action(text, category, name, line)
        if action == "ignore":
            return
        message = category(text)
        if action == "error":
            raise message
        if action not in ("always", "all"):
            # "once" is once a module in CPython, whose warn asks the module's notes alone.
            noted = (text, category) + ((line,) if action == "default" else ())
            if (id(names), *noted) in self._shown or noted in self._noted_in(names):
                return
            self._shown.add((id(names), *noted))
        if self._show is not _warnings._showwarning_orig:
            self._show(message, category, file, line, None, None)
            return
        told = _warnings.WarningMessage(message, category, file, line)
        if self._record is not None:
            self._record(told)
        else:  # where no context records
            contextvars.Context().run(_warnings._showwarnmsg_impl, told)

    def note(self, text: str, category: type[Warning], line: int, names: dict[str, Any]) -> None:
        """Remembers that a text is shown by warnings.warn, and notes it in the module."""
        if len(self._shown) > _MOST_SHOWN:
            self._shown.clear()
        self._shown.update([(id(names), text, category), (id(names), text, category, line)])

    def _noted_in(self, names: dict[str, Any]) -> Any:
        """What a module has noted under these filters."""
        notes = names.get("__warningregistry__", {})
        return () if self._version is None or notes.get("version") != self._version else notes

    def _action(self, text: str, category: type[Warning], module: str, line: int) -> Any:
        for action, message, of, within, at in self._filters:
            if (
                issubclass(category, of)
                and _matches(message, text)
                and _matches(within, module)
                and at in (0, line)
            ):
                return action
        return _warnings.defaultaction


def _matches(pattern: Any, text: str) -> bool:
    """CPython's own first filters have the text itself for a pattern."""
    if pattern is None:
        return True
    return bool(pattern == text if isinstance(pattern, str) else pattern.match(text))


def may_show_once(filters: list[Any]) -> bool:
    """Whether some filter shows the warning of a floating-point error once."""
    for action, message, category, module, line in filters:
        if issubclass(RuntimeWarning, category):
            if action in _ONCE:
                return True
            if message is None and module is None and not line:  # what stands behind it is not asked
                return False
    return _warnings.defaultaction in _ONCE


# What is no class is no category: the first filter that is asked fails.
_NO_CATEGORY: Any = str.upper


def version_now() -> Any:
    """The number that notes of modules have under the filters in force; None if CPython does not tell.

    It changes with each warnings.catch_warnings, and is noted before a filter is asked.
    """
    notes: dict[Any, Any] = {}
    if _warnings.filters:
        try:
            _explicit("", _NO_CATEGORY, "", 0, registry=notes)
        except TypeError:
            return notes.get("version")
    return None


def question(version: Any) -> tuple[Any, ...]:
    """What warnings.warn_explicit returns at once for at this version of the filters: it has been shown.

    It fails at any other version, if there is a filter.
    """
    return "", _NO_CATEGORY, "", 0, "", {"version": version, ("", _NO_CATEGORY, 0): True}


def is_version(asked: tuple[Any, ...]) -> bool:
    try:
        _explicit(*asked)
    except TypeError:
        return False
    return True
