"""How arrays lie to each other in memory."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from threadmill._native.memory import APART, OVERLAPPING, SAME, relate


def test_how_arrays_lie_to_each_other() -> None:
    memory = np.arange(960.0)
    dates, objects = memory.view("M8[s]"), np.array([1, None, "x"])
    views = [
        *(memory, memory[:], memory[1:], memory[:-1], memory[::2], memory[1::2], memory[::-1]),
        *(memory[5:5], memory[5:5], memory[:0], np.ones((0, 3))),
        *(
            memory.reshape(30, 32)[1:-1, 1:],
            memory.reshape(30, 32)[:-2, 1:],
            memory.reshape(30, 32)[1:-1, 1:],
        ),
        *(memory.view("l"), memory.view("l")[:], memory.view(">f8"), memory.view("V8")),
        *(memory.view("F"), np.broadcast_to(memory[:1], 960), memory[3:4], memory[3, ...], memory.copy()),
        *(dates, dates[:], objects, objects[:], np.ma.array(memory, copy=False), memory.view(np.recarray)),
    ]
    read_only = memory[:]
    read_only.flags.writeable = False
    views.append(read_only)

    def lies(x: Any) -> tuple[Any, ...]:
        return x.__array_interface__["data"][0], x.dtype.num, x.dtype.isnative, x.shape, x.strides

    for x in views:
        for y in views:
            (first, last), (begin, end) = byte_bounds(x), byte_bounds(y)
            are_apart = not x.size or not y.size or last <= begin or end <= first
            expected = APART if are_apart and x is not y else SAME if lies(x) == lies(y) else OVERLAPPING
            assert relate(x, y) == expected
