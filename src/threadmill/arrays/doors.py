"""Doors: our functions, which NumPy's own stand in for where a call is small.

A door is a type in C, _native/door.c: it looks at the arguments, and calls NumPy's function from the user's
frame. What warns there warns at the user's line.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .._native.door import BY_NUMPY, Door
from .errstate import apply_as_the_user
from .watch import WATCHERS

__all__ = ["SIMPLE", "FunctionDoor", "MethodDoor", "as_door"]

Function = Callable[..., Any]

_DTYPES = tuple(np.dtype(char) for char in "?bBhHiIlLqQefdgFDG")

# Types of arguments that hold no array: numbers and their dtypes, names, options that are not given.
SIMPLE: frozenset[type] = frozenset(
    {
        *(bool, int, float, complex, str, type, type(None), type(np._NoValue)),
        *(dtype.type for dtype in _DTYPES),
        *map(type, _DTYPES),
    }
)

_POOL = ("pool",)


def as_door(
    door: Door,
    numpys: Function,
    simple: frozenset[type] | None,
    least: int,
    times: int = 1,
    keywords: tuple[str, ...] = _POOL,
) -> None:
    """Makes a new door one in front of NumPy's function; see Door for what it takes."""
    Door.__init__(door, numpys, BY_NUMPY, WATCHERS, np.ndarray, simple, keywords, times, least)


class FunctionDoor(Door):
    """A function of ours in front of one of NumPy's, which makes calls below `least` bytes.

    `ours` takes what NumPy's function takes, and the `keywords`. It returns BY_NUMPY to have NumPy called.
    Like a function, and like NumPy's, it is a method where it stands in a class.
    """

    __name__: str
    __qualname__: str
    least: int = Door._least  # where tests lower it

    def __init__(
        self,
        numpys: Function,
        ours: Function,
        least: int,
        simple: frozenset[type] | None = None,
        times: int = 1,
        worth: dict[int, int] | None = None,
        keywords: tuple[str, ...] = _POOL,
    ) -> None:
        self._numpys, self._ours, self._worth = numpys, ours, worth
        as_door(self, numpys, simple, least, times, keywords)

    def as_the_user(self, *args: Any, pool: Any = None, **options: Any) -> Any:
        """The same call from code of ours."""
        result = self._ours(*args, pool=pool, **options)
        return apply_as_the_user(self._numpys, args, options) if result is BY_NUMPY else result

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} at {id(self):#x}>"


class MethodDoor(Door):
    """A method of an object of ours in front of a method of NumPy's."""

    __name__: str
    _worth = None

    def __init__(self, numpys: Function, ours: types.MethodType, least: int, times: int = 1) -> None:
        functools.update_wrapper(self, ours, updated=())
        self.__self__ = ours.__self__
        self._ours = ours
        as_door(self, numpys, SIMPLE, least, times)

    def __reduce__(self) -> Any:
        return getattr, (self.__self__, self.__name__)

    def __repr__(self) -> str:
        return repr(self._ours)
