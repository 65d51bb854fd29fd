"""Has calls of any size run in C, and in short chunks: what is too small to gain is NumPy's as a rule."""

from collections.abc import Callable
from typing import Any

import threadmill as tm
from threadmill._native.door import Door
from threadmill.arrays import accumulations, reductions, spaces, thresholds, ufunc
from threadmill.numpy import extremes, fft, products, rows

# The functions that `on_all_cores` has made, and one that has a door of its own.
OUR_FUNCTIONS = [
    tm.square,
    *(
        value
        for room in (tm.numpy, *tm.numpy._ROOMS)
        for value in vars(room).values()
        if hasattr(value, "least")
    ),
]


def lower_thresholds(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on no call of this process is too small for C."""
    for name in "LEAST", "MOST", "REDUCED", "SUMMED", "ALONE", "ACCUMULATED", "ACCUMULATED_INTEGERS":
        set_attribute(thresholds, name, 0)
    for function in (*OUR_FUNCTIONS, tm.scale):
        set_attribute(function, "least", 0)
    set_attribute(products, "_WORTH", 0)
    share_few(set_attribute)
    for made in (*ufunc._of_numpy.values(), *ufunc._made.values()):
        for door in made, made.reduce, made.accumulate, made.outer:
            if isinstance(door, Door):  # of others' ufuncs they are methods
                set_attribute(door, "_least", 0)
        set_attribute(made, "_worth", {})


def share_few(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on few rows and few columns are shared out as well."""
    set_attribute(accumulations, "_WIDE", 8)
    set_attribute(accumulations, "_SHORT", 0)
    for module in accumulations, fft:
        set_attribute(module, "_COLUMNS", 0)
    set_attribute(rows, "_NARROW", 0)
    set_attribute(extremes, "_NAN_ROWS", 0)
    set_attribute(extremes, "_QUICK", 0)
    set_attribute(reductions, "_MANY_ROWS", 0)
    set_attribute(reductions, "_SHORT_ROW", 0)


def shorten_chunks(elements: int) -> None:
    """From now on calls that are cut in Python are cut into chunks of so many elements.

    Which of two NaNs comes out may then be another one than NumPy's: it depends on whole vectors.
    """
    spaces.chunk_elements = lambda total: elements
    spaces._WHOLE = 1
    shorten_rows(elements)


def shorten_rows(rows_in_a_block: int, set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on blocks of rows have so many rows."""
    set_attribute(rows, "_grain", lambda *_: rows_in_a_block)
    set_attribute(rows, "_LINE", 1)
    share_few(set_attribute)
