"""More elements than 32 bits can count."""

import os

import numpy as np
import pytest

import threadmill as tm

N = 2**31 + 17

pytestmark = pytest.mark.big


def needs(gibibytes: int) -> None:
    pages = os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else 0
    if pages * os.sysconf("SC_PAGE_SIZE") < (gibibytes + 1) << 30:
        pytest.skip(f"needs {gibibytes} GiB of free memory")


def test_square_and_scale() -> None:
    needs(4)
    x = np.ones(N, np.int8)
    x[:3] = x[-3:] = 5, -7, 100
    out = tm.square(x)
    assert [*out[:4], *out[-4:]] == [25, 49, 16, 1, 1, 25, 49, 16]
    assert tm.sum(out) == N - 6 + 2 * 90
    assert tm.scale(x, 3, out=x) is x
    assert [*x[:4], *x[-4:]] == [15, -21, 44, 3, 3, 15, -21, 44]
    assert tm.sum(x, overflow="raise") == 3 * (N - 6) + 2 * 38


def test_checked_finds_the_last_element() -> None:
    needs(4)
    x = np.ones(N, np.int8)
    x[-1] = 12
    with pytest.raises(OverflowError, match=r"^square: a result does not fit int8$"):
        tm.square(x, out=x, overflow="raise")
    assert x[-1] == 12
