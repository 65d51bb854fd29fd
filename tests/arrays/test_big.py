"""More elements than 32 bits can count; and, with THREADMILL_BIG=1000000000, arrays of 8 GB in every bit."""

import os
from collections.abc import Callable

import numpy as np
import pytest
from kit.arrays import Array

import threadmill as tm

N = 2**31 + 17
NUMBERS = int(os.environ.get("THREADMILL_BIG", 10**7))
BLOCK = 1 << 20

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
    with pytest.raises(
        OverflowError, match=r"^square: a result does not fit int8: convert x to a wider dtype$"
    ):
        tm.square(x, out=x, overflow="raise")
    assert x[-1] == 12


@pytest.mark.timeout(900)
@pytest.mark.parametrize("dtype", ["f8", "i8"])
def test_every_bit_of_many_numbers(dtype: str) -> None:
    """In place, and compared block by block: nothing but the array itself is large."""
    needs(NUMBERS * 8 >> 30)
    x = np.empty(NUMBERS, dtype)

    def check(expected: Callable[[Array], Array], store: bool = False) -> None:
        for start in range(0, NUMBERS, BLOCK):
            numbers = np.arange(start, min(start + BLOCK, NUMBERS)) % 1_000_003 - 500_000
            block = expected(numbers.astype(dtype) / 3 if dtype == "f8" else numbers)
            if store:
                x[start : start + BLOCK] = block
            assert x[start : start + BLOCK].tobytes() == block.tobytes()

    check(np.positive, store=True)
    assert tm.sum(x).tobytes() == np.sum(x).tobytes()
    assert tm.square(x, out=x) is x
    check(np.square)
    assert tm.scale(x, 3, out=x) is x
    check(lambda block: np.square(block) * 3)
    assert tm.sum(x).tobytes() == np.sum(x).tobytes()
    assert tm.parallel(np.add)(x, x, out=x) is x
    check(lambda block: np.square(block) * 3 * 2)
