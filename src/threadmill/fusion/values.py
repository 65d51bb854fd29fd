"""What asks a lazy array for its values, and gives no array: numbers, texts, pickles."""

from collections.abc import Callable
from sys import _getframe
from typing import Any

from ..arrays.errstate import as_the_user
from .lazy import LazyArray, evaluated, plain
from .who_asks import is_stored

__all__ = ["as_int", "of_values", "reduced", "reduced_ex"]


def of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """A special method that asks the array's own, and whose result is no array."""

    def special(self: LazyArray, *args: Any) -> Any:
        return as_the_user(function, evaluated(self), *plain(args))

    return special


def as_int(self: LazyArray) -> int:
    """The number that it is; C says of an array that it stores in an element that it is a sequence."""
    try:
        return as_the_user(int, evaluated(self))
    except TypeError as error:
        if self._value.shape and is_stored(_getframe(1)):
            raise ValueError("setting an array element with a sequence.") from error
        raise


def reduced_ex(self: LazyArray, protocol: Any) -> Any:
    return evaluated(self).__reduce_ex__(protocol)


def reduced(self: LazyArray) -> Any:
    return evaluated(self).__reduce__()
