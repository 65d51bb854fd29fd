"""Doors: our functions, which NumPy's own stand in for where a call is small.

A door is a type in C, _native/door.c: it looks at the arguments, and calls NumPy's function from the user's
frame. What warns there warns at the user's line.
"""

import functools
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._native.door import BY_NUMPY, Door
from . import thresholds
from .cache import Cache
from .errstate import apply_as_the_user
from .watch import WATCHERS

__all__ = [
    "NAMESAKES",
    "NEVER",
    "SIMPLE",
    "FunctionDoor",
    "MethodDoor",
    "Sizes",
    "as_door",
    "left_to_numpy",
    "timed",
]

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

# Bytes that no array has: calls that gain in none of the sizes that were measured are NumPy's unless a pool
# is named.
NEVER = 1 << 62


class Sizes(NamedTuple):
    """From how many bytes of an array on calls are ours; Door tells it exactly."""

    least: int
    times: int = 1
    pieces: int = 0
    most: int = 0
    whole: int = -1
    axis: int | None = None
    alone: int = -1
    is_alike: bool = False
    only: int = -1
    arguments: int = 1


def timed(least: int, times: int = 1, is_alike: bool = False) -> Sizes:
    """Those of calls in a ufunc's loops: timed calls tell from how many bytes on they are worth threads."""
    return Sizes(least, times, thresholds.SCATTERED, thresholds.MOST, is_alike=is_alike)


def as_door(
    door: Door,
    numpys: Function,
    simple: frozenset[type] | None,
    sizes: Sizes,
    keywords: tuple[str, ...] = _POOL,
    *takes: dict[type, frozenset[int]],
) -> None:
    """Makes a new door one in front of NumPy's function; see Door for what it takes."""
    least, times, *more = sizes
    given = numpys, BY_NUMPY, WATCHERS, np.ndarray, simple, keywords, times, least
    Door.__init__(door, *given, *more, *takes)


# So many calls go from C to NumPy before Python looks at one of their kind again.
_UNSEEN = 64


def left_to_numpy(door: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Returns BY_NUMPY for a call that is too small to gain; the door sends the next ones like it to NumPy.

    Nothing but the call's kind may have told it. A method of another package's ufunc is no door.
    """
    kind = door._kind(args, options) if isinstance(door, Door) else None
    if kind is not None:
        door._counts.put(kind, _UNSEEN)
    return BY_NUMPY


class FunctionDoor(Door):
    """A function of ours in front of one of NumPy's, which makes small calls.

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
        sizes: Sizes,
        simple: frozenset[type] | None = None,
        worth: dict[int, int] | None = None,
        keywords: tuple[str, ...] = _POOL,
        *takes: dict[type, frozenset[int]],
    ) -> None:
        self._numpys, self._ours, self._worth = numpys, ours, worth
        self._counts, self._tells_values = Cache(), True
        as_door(self, numpys, simple, sizes, keywords, *takes)

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


# By functions of NumPy's, those of ours that do the same on all cores. It is filled once, by the imports.
NAMESAKES: dict[Any, FunctionDoor] = {}


class MethodDoor(Door):
    """A method of an object of ours in front of a method of NumPy's.

    `ours` takes what the method takes, and returns BY_NUMPY to have NumPy's called.
    """

    __name__: str

    def __init__(
        self,
        numpys: Function,
        method: Any,
        ours: Function,
        sizes: Sizes,
        worth: dict[int, int] | None = None,
    ) -> None:
        functools.update_wrapper(self, method, updated=())
        self.__self__ = method.__self__
        self._method, self._ours, self._worth = method, ours, worth
        self._counts, self._tells_values = Cache(), True
        as_door(self, numpys, SIMPLE, sizes)

    def __reduce__(self) -> Any:
        return getattr, (self.__self__, self.__name__)

    def __repr__(self) -> str:
        return repr(self._method)
