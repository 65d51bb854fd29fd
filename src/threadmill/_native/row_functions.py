"""The inner loops that call a function of NumPy's for each row, by its address."""

from .library import lib
from .programs import InnerLoop

__all__ = ["order_rows_loop", "place_rows_loop", "sort_rows_loop"]


def sort_rows_loop(function: int, itemsize: int) -> InnerLoop:
    return lib.tm_sort_rows_loop, function, itemsize


def order_rows_loop(function: int) -> InnerLoop:
    return lib.tm_order_rows_loop, function, 0


def place_rows_loop(function: int) -> InnerLoop:
    return lib.tm_place_rows_loop, function, 0
