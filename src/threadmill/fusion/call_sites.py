"""Calls with whatever arguments: what fits a definition of ours, and what only the call's bytecode tells."""

import dis
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import are_small, by_numpy
from .lazy import LazyArray, at_once

__all__ = ["bound", "method_of", "names_given"]


def bound(definition: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """definition(*args, **options); NotImplemented where it has no such parameters: the error is NumPy's."""
    try:
        return definition(*args, **options)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # from its body
            raise
    return NotImplemented


def method_of(name: str, definition: Callable[..., Any]) -> Callable[..., Any]:
    """The method of lazy arrays that a definition of an ndarray's makes."""
    numpys = getattr(np.ndarray, name)

    def method(self: LazyArray, *args: Any, **options: Any) -> Any:
        if are_small((self,)):
            return by_numpy(self._record, numpys, (self, *args), options)
        result = bound(definition, (self, *args), options)
        if result is NotImplemented:
            return at_once(self._record, numpys, (self, *args), options)
        return result

    return method


# The calls with arguments by name, from Python 3.10 on. Their names are a constant, which KW_NAMES loads in
# 3.11 and 3.12, and LOAD_CONST before and after.
_CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_KW"})
_NAMES = frozenset({"KW_NAMES", "LOAD_CONST"})

# Code units between the names and the call at most: PRECALL and its cache in 3.11.
_BETWEEN = 3


def names_given(frame: types.FrameType) -> tuple[str, ...]:
    """The names of arguments in the call that a frame makes; () where none has one, or `**` gives some."""
    code, place = frame.f_code.co_code, frame.f_lasti
    if dis.opname[code[place]] not in _CALLS:
        return ()
    for k in range(place - 2, max(place - 2 * _BETWEEN - 1, -1), -2):
        if dis.opname[code[k]] in _NAMES:
            found = frame.f_code.co_consts[_argument(code, k)]
            return found if type(found) is tuple else ()
    return ()


def _argument(code: bytes, k: int) -> int:
    """The argument of the instruction at k, with what EXTENDED_ARG before it adds."""
    argument, shift = code[k + 1], 8
    while k >= 2 and dis.opname[code[k - 2]] == "EXTENDED_ARG":
        k -= 2
        argument |= code[k + 1] << shift
        shift += 8
    return argument
