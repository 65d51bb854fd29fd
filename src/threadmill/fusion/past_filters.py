"""Warnings under filters that are in force no more: as warnings.warn, which knows only those that are."""

import contextvars
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["PastFilters"]

_warnings: Any = warnings  # with what its stub does not tell


class PastFilters:
    """Filters, the hook that showed a warning under them, and what recorded it there; None printed it.

    Nothing is set for it. warnings.catch_warnings would set the filters and hooks of the whole process: a
    thread that catches warnings meanwhile would lose its own, or put these back for good. What has been shown
    is remembered as long as this object, and not noted in modules, whose notes are of the filters in force.
    """

    def __init__(self, filters: list[Any], show: Any, record: Callable[[Any], Any] | None) -> None:
        self._filters, self._show, self._record = filters, show, record
        self._shown: set[tuple[Any, ...]] = set()

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
            shown = (id(names), text, category) + ((line,) if action == "default" else ())
            if shown in self._shown:
                return
            self._shown.add(shown)
        if self._show is not _warnings._showwarning_orig:
            self._show(message, category, file, line, None, None)
            return
        told = _warnings.WarningMessage(message, category, file, line)
        if self._record is not None:
            self._record(told)
        else:  # where no context records
            contextvars.Context().run(_warnings._showwarnmsg_impl, told)

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
