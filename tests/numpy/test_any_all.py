"""any and all: those of objects are True or False, as NumPy's, and those of numbers are shared out."""

import itertools
from typing import Any

import numpy as np
import pytest

import threadmill as tm

VALUES: list[list[Any]] = [[3, 0], [0, 3], [0, 0], ["a", ""], [None, 2], [3], [], [[], [1]]]


@pytest.mark.parametrize("name", ["any", "all"])
def test_objects(threads: tm.Pool, name: str) -> None:
    for values, options in itertools.product(
        VALUES, [{}, {"axis": 0}, {"keepdims": True}, {"pool": threads}]
    ):
        x = np.empty(len(values), object)
        x[:] = values
        ours = getattr(tm.numpy, name)(x, **options)
        numpys = getattr(np, name)(x, **{key: value for key, value in options.items() if key != "pool"})
        assert type(ours) is type(numpys)
        assert repr(ours) == repr(numpys)


@pytest.mark.parametrize("dtype", ["?", "i1", "i4", "f8"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["any", "all"])
def test_numbers_are_shared_out(threads: tm.Pool, name: str, axis: Any, dtype: str) -> None:
    x = np.full((300, 2000), name == "all", dtype)
    for place in (299, 1999), (150, 3), (0, 0):
        x[place] = not x[place]
        with tm.report() as seen:
            ours = getattr(tm.numpy, name)(x, axis, pool=threads)
        assert [row.became for row in seen.rows] == ["parallel"]
        numpys = getattr(np, name)(x, axis)
        assert type(ours) is type(numpys)
        assert ours.tobytes() == numpys.tobytes()
