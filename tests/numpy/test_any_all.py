"""any and all of objects are True or False, as NumPy's."""

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
