"""NumPy's functions of one row: they sort it, find its order, or the place of its least or greatest element.

NumPy keeps them by dtype, in a struct that its C interface gives away: PyDataType_GetArrFuncs and
PyArray_ArrFuncs, which are documented and the same in all releases since NumPy 2.0. They run without the GIL.
"""

import ctypes
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy._core import multiarray

from .._native.programs import new_program
from .._native.row_functions import order_rows_loop, place_rows_loop, sort_rows_loop
from .._native.status import FAILED, check
from .._types import Array
from .moves import merged_axes
from .refusal import Refusal
from .spaces import Space, cut

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["KINDS", "UNKNOWN", "order_rows", "place_rows", "sort_rows"]

# The functions that sort, by what NumPy calls them; a heapsort is another one in each release.
KINDS: dict[str | None, int] = {None: 0, "quicksort": 0, "mergesort": 2, "stable": 2}

UNKNOWN = Refusal("NumPy keeps its functions of rows elsewhere")
_NO_MEMORY = Refusal("there was no memory for a row")

# What NumPy's interface calls its version, and where in its table the two functions are.
_INTERFACE, _VERSION, _FUNCTIONS_OF = 0x2000000, 0, 365

_numpys: Any = multiarray
_pointer = ctypes.c_void_p
_open_capsule = ctypes.pythonapi.PyCapsule_GetPointer
_open_capsule.restype = _pointer
_open_capsule.argtypes = (ctypes.py_object, ctypes.c_char_p)


class _Functions(ctypes.Structure):
    """PyArray_ArrFuncs."""

    _fields_ = (
        ("cast", _pointer * 21),
        *[(name, _pointer) for name in ("getitem", "setitem", "copyswapn", "copyswap", "compare", "argmax")],
        *[(name, _pointer) for name in ("dot", "scan", "fromstr", "nonzero", "fill", "fillwithscalar")],
        ("sort", _pointer * 3),
        ("argsort", _pointer * 3),
        *[(name, _pointer) for name in ("castdict", "scalarkind", "cancastscalarkindto", "cancastto")],
        *[(name, _pointer) for name in ("reserved1", "reserved2", "reserved3", "argmin")],
    )


def sort_rows(pool: "CData", x: Array, out: Array, kind: int) -> Refusal | None:
    """Copies x, and sorts the copy along the last axis, along which elements of `out` lie side by side."""
    program = _sorting(x.dtype.char, kind)
    return _run(pool, program, x[..., 0], out[..., 0], (x.shape[-1], x.strides[-1]))


def order_rows(pool: "CData", x: Array, out: Array, kind: int) -> Refusal | None:
    """The indices that sort x along the last axis, along which elements of both lie side by side."""
    return _run(pool, _ordering(x.dtype.char, kind), x[..., 0], out[..., 0], x.shape[-1:])


def place_rows(pool: "CData", x: Array, out: Array, greatest: bool) -> Refusal | None:
    """The indices of the greatest or least elements along the last axis, along which x's lie side by side."""
    return _run(pool, _placing(x.dtype.char, greatest), x[..., 0], out, x.shape[-1:])


def _run(pool: "CData", program: "CData | None", x: Array, out: Array, core: Sequence[int]) -> Refusal | None:
    """The program on each row; x and `out` are where rows begin."""
    if program is None:
        return UNKNOWN
    axes = merged_axes((x, out))
    shape = tuple(axis[0] for axis in axes)
    strides = [tuple(axis[k] for axis in axes) for k in (1, 2)]
    space = Space(shape, strides, (), core)
    split, grain = cut(shape, range(len(shape)), core[0], is_core=True)
    status = space.run(pool, program, (x, out), split, grain)
    if status == FAILED:
        return _NO_MEMORY
    check(status)
    return None


# ---- programs by what they depend on; NumPy's functions are there as long as the process ------------------


@functools.cache
def _sorting(char: str, kind: int) -> "CData | None":
    functions = _functions_of(char)
    if functions is None:
        return None
    loop = sort_rows_loop(functions.sort[kind], np.dtype(char).itemsize)
    return new_program(2, [], [(loop, (0, 1))], core=(1, 1), written=2, name="sort")


@functools.cache
def _ordering(char: str, kind: int) -> "CData | None":
    functions = _functions_of(char)
    if functions is None:
        return None
    loop = order_rows_loop(functions.argsort[kind])
    return new_program(2, [], [(loop, (0, 1))], core=(1, 0), written=2, name="argsort")


@functools.cache
def _placing(char: str, greatest: bool) -> "CData | None":
    functions = _functions_of(char)
    if functions is None:
        return None
    loop = place_rows_loop(functions.argmax if greatest else functions.argmin)
    name = "argmax" if greatest else "argmin"
    return new_program(2, [], [(loop, (0, 1))], core=(1, 0), written=2, name=name)


def _functions_of(char: str) -> "_Functions | None":
    """Those of a dtype; None where NumPy's interface is another one, or one of them is missing or wrong."""
    table = ctypes.cast(_open_capsule(_numpys._ARRAY_API, None), ctypes.POINTER(_pointer))
    if ctypes.CFUNCTYPE(ctypes.c_uint)(table[_VERSION] or 0)() != _INTERFACE:
        return None
    functions_of = ctypes.PYFUNCTYPE(_pointer, ctypes.py_object)(table[_FUNCTIONS_OF] or 0)
    functions: _Functions = _Functions.from_address(functions_of(np.dtype(char)) or 0)
    sorts = [each[kind] for each in (functions.sort, functions.argsort) for kind in KINDS.values()]
    known = all((*sorts, functions.argmax, functions.argmin)) and _are_known(functions, char)
    return functions if known else None


def _are_known(functions: _Functions, char: str) -> bool:
    """Whether they do on a row what NumPy does."""
    row = np.arange(40) % 3 == 0 if char == "?" else np.arange(20, -20, -1).astype("b").astype(char)
    size, number, place = ctypes.c_ssize_t, ctypes.c_int, ctypes.c_ssize_t()
    sort = ctypes.CFUNCTYPE(number, _pointer, size, _pointer)
    argsort = ctypes.CFUNCTYPE(number, _pointer, _pointer, size, _pointer)
    find = ctypes.CFUNCTYPE(number, _pointer, size, ctypes.POINTER(size), _pointer)
    for name, kind in KINDS.items():
        ours, order = row.copy(), np.arange(row.size)
        sort(functions.sort[kind])(ours.ctypes.data, row.size, None)
        argsort(functions.argsort[kind])(row.ctypes.data, order.ctypes.data, row.size, None)
        asked: Any = name
        expected = np.sort(row, kind=asked), np.argsort(row, kind=asked)
        if ours.tobytes() != expected[0].tobytes() or order.tobytes() != expected[1].tobytes():
            return False
    for found, numpys in (functions.argmax, np.argmax), (functions.argmin, np.argmin):
        find(found)(row.ctypes.data, row.size, ctypes.byref(place), None)
        if place.value != numpys(row):
            return False
    return True
