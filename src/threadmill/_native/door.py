"""Door: a callable in front of a function of NumPy's, which is called with small arguments as they are.

door.c tells what it looks at. It is a type of CPython's, and not of cffi's: a call of it takes 50 ns.
"""

import ctypes
from typing import TYPE_CHECKING, Any

from .library import ffi, lib

__all__ = ["BY_NUMPY", "Door"]

# What our side of a door returns to have NumPy's function called from the user's frame.
BY_NUMPY: Any = object()

if TYPE_CHECKING:

    class Door:
        """Door(numpys, BY_NUMPY, watchers, ndarray, simple, keywords, times, least, ...).

        A call is NumPy's while the list `watchers` is empty, where it has none of the `keywords`, and where
        each array has fewer than `least` bytes / `times`, or than self._worth has for its dtype.num. Other
        arguments are of the types `simple`, or lists of such and of arrays; None: anything else. With 0
        `times`, the product of the arrays' bytes and of all integers counts, times 16. All other calls are
        those of self._ours.

        What may follow: `pieces` and `most`, an array in pieces has fewer bytes than `pieces` times what
        self._worth has, or times `most`, and a product than that of its first array; `whole` and `axis`,
        bytes that stand for `least` where a call is over all elements, as its axis, `axis` if none is given,
        is None or its first array has one (-1: none do); `alone`, bytes that stand for it in calls of
        so many `arguments` and no options; `is_alike`, arrays of which one is in pieces, or that have several
        shapes or orders, are like arrays in pieces; `only`, the place of the one argument whose array
        counts, beside those by keyword (-1: all do); `takes`, a dict: the first argument is an array, and
        takes[type(second)] has its dtype.num.

        Where self._counts is a dict, counts[kind] is how many more calls of a kind are NumPy's before one is
        that of self._ours again. A kind is a number made of arrays' shapes and dtype.num, of the types of all
        else, and of self._kind_of(x) for what is no array and of none of the types `simple`. With
        self._tells_values it is made of strides and of the values of numbers, names and dtypes as well, also
        in lists; it is None for arguments of other types, and no call is counted while _least is 0.
        """

        _least: int
        _counts: dict[int, int] | None  # set before anybody calls the door
        _tells_values: bool  # likewise

        def __init__(self, *args: Any) -> None: ...
        def _kind(self, args: tuple[Any, ...], options: dict[str, Any], /) -> Any: ...
        def __call__(self, *args: Any, **options: Any) -> Any: ...

else:
    # ctypes calls it with the GIL, as cffi would not.
    _address = int(ffi.cast("uintptr_t", ffi.addressof(lib, "tm_py_door_type")))
    Door = ctypes.PYFUNCTYPE(ctypes.py_object)(_address)()
