"""The pure Python that threads run: functions of numbers, without NumPy. Interpreters get its source."""

import functools
from array import array
from collections.abc import Callable
from typing import Any

__all__ = ["array_of", "longer", "map_of", "reduce_of", "steps_40", "steps_400", "steps_2000", "twice"]


def _steps(count: int, number: int) -> int:
    for step in range(count):
        number += step
    return number


def steps_40(number: int) -> int:
    return _steps(40, number)


def steps_400(number: int) -> int:
    return _steps(400, number)


def steps_2000(number: int) -> int:
    return _steps(2000, number)


def twice(number: int) -> int:
    return steps_2000(steps_2000(number))


def longer(a: int, b: int) -> int:
    return steps_40(a) if a > b else steps_40(b)


# ---- a part of the work in one call, of what interpreters can be handed and hand back ----


def map_of(fn: Callable[[int], int], part: tuple[int, int]) -> tuple[int, ...]:
    return tuple(map(fn, range(*part)))


def reduce_of(part: tuple[int, ...]) -> int:
    return functools.reduce(longer, part)


def array_of(part: Any) -> bytes:
    """`part`: doubles in a buffer. Returns those of 64-bit integers."""
    return array("q", [steps_40(int(each)) for each in memoryview(part).tolist()]).tobytes()
