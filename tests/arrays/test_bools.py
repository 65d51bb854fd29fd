"""Bools that are other bytes than 0 and 1, as views of other arrays have: NumPy converts them to 1."""

from typing import Any

import numpy as np
import pytest

import threadmill as tm


@pytest.mark.parametrize("step", [1, 2, -1])
@pytest.mark.parametrize("dtype", "?bBhHiIlLqQefdFDgG")
def test_any_byte_but_0_is_1_in_a_conversion(dtype: str, step: int, pools: list[tm.Pool]) -> None:
    x = np.resize(np.arange(7, dtype="u1"), 40_001).view("?")[::step]
    one: Any = np.ones((), dtype)[()]
    for ours, numpys in ((tm.numpy.add, np.add), (tm.numpy.multiply, np.multiply)):
        np.testing.assert_array_equal(ours(x, one, pool=pools[1]), numpys(x, one), strict=True)
