"""Warnings of a call, each with whether NumPy told of it on its own, and orders in which they may come."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from threadmill.fusion import one_call

__all__ = ["Told", "are_in_order", "recorded_warnings"]

_warnings: Any = warnings  # with what its stub does not tell
_BY_CONTEXT = bool(getattr(sys.flags, "context_aware_warnings", False))


class Told(tuple[Any, ...]):
    """A warning's text, category, line and file. `is_alone`: nothing of ours stood between the program and
    NumPy, which is so of operations on scalars, subclasses and arrays that are not lazy."""

    is_alone = _BY_CONTEXT  # where nobody can look


@contextmanager
def recorded_warnings(*filters: tuple[Any, ...]) -> Iterator[list[Told]]:
    """The warnings of the block under these filters, each as warnings.filterwarnings takes it."""
    told: list[Told] = []

    def note(message: Any) -> None:
        each = _told(message)
        each.is_alone = not _is_ours(sys._getframe(1))
        told.append(each)

    with warnings.catch_warnings(record=True) as found:
        for each in filters or [("always",)]:
            warnings.filterwarnings(*each)
        if not _BY_CONTEXT:
            _warnings._showwarnmsg_impl = note
        yield told
    told += map(_told, found)


def _told(message: Any) -> Told:
    return Told((str(message.message), message.category, message.lineno, message.filename))


def _is_ours(frame: Any) -> bool:
    """Whether the package has warned, or has called what did; the fused function itself is called by it."""
    while frame is not None and frame.f_code is not one_call.run_recorded.__code__:
        above = frame.f_back
        if above is not None and above.f_code is one_call.as_the_user.__code__:
            return False
        if (frame.f_globals.get("__package__") or "").startswith("threadmill"):
            return True
        frame = above
    return False


def are_in_order(numpys: Sequence[Told], ours: Sequence[Told]) -> bool:
    """Whether these are the same warnings, and come in the same order but for those that NumPy has told of
    alone: they may come before others that stand above them."""
    alone = [each for each in ours if each.is_alone]
    others = [each for each in ours if not each.is_alone]
    places = {(0, 0)}  # how many of either a prefix of NumPy's may consist of
    for each in numpys:
        places = {
            (k + own, m + (not own))
            for k, m in places
            for own in (True, False)
            if (alone[k : k + 1] if own else others[m : m + 1]) == [each]
        }
    return (len(alone), len(others)) in places
