"""Element-wise calls of arrays that make no long row: NumPy's where they gain nothing, and its NaNs."""

from typing import Any

import numpy as np
import pytest
from kit.arrays import random_values

import threadmill as tm
from threadmill.arrays.scattered import scattered

WORTH = {np.dtype("f8").num: 1 << 14, np.dtype("i8").num: 1 << 14}
SHORT = "its rows are too short to gain"


def gaps(rows: int, length: int, dtype: Any = "f8") -> Any:
    return np.ones((rows, length + 1), dtype)[:, :length]


def reason(*args: Any, out: Any = None) -> str:
    refusal = scattered(np.add, WORTH, args, out)
    return "" if refusal is None else refusal.reason


def test_rows_of_few_bytes_are_numpys() -> None:
    """A 512th of what a call is worth where NaNs are looked for: 4 elements; a 2048th elsewhere: one."""
    for length, short in (3, SHORT), (4, ""):
        x = np.ones((20_000, length))
        assert reason(x, x, out=gaps(20_000, length)) == short
        assert reason(gaps(20_000, length), x) == short
        assert reason(x.T, x.T, out=gaps(20_000, length).T) == short
        assert reason(x, gaps(20_000, length, "i8")) == ""  # floats of one array
    x = np.ones((20_000, 2), "i8")
    assert reason(x, x, out=gaps(20_000, 2, "i8")) == ""
    assert reason(x[:, :1], x[:, :1], out=gaps(20_000, 1, "i8")) == ""  # one axis is a row


def test_axes_that_go_on_are_one_row() -> None:
    x, wide = np.ones((20_000, 3)), np.ones((20_000, 6))
    assert reason(x, x, out=np.ones((20_000, 3))) == ""
    assert reason(wide[:, ::2], wide[:, 1::2]) == ""
    assert reason(x, np.ones((20_000, 1))) == SHORT
    assert reason(x, np.ones(3)) == reason(np.ones(3), x) == ""  # a small one, looked into before
    assert reason(np.broadcast_to(np.ones((300, 300)), (3, 300, 300))) == ""
    assert reason(np.broadcast_to(np.ones((20_000, 1)), (20_000, 3)), x) == SHORT


def test_arrays_of_two_orders_are_walked_in_c_order() -> None:
    x = np.ones((20_000, 3))
    assert reason(x, np.asfortranarray(x)) == reason(np.asfortranarray(x), x) == SHORT
    assert reason(x.T, np.asfortranarray(x.T).copy("C")) == ""
    refusal = scattered(np.ldexp, WORTH, (x, x))
    assert refusal is not None
    assert "side by side" in refusal.reason


def test_small_arrays_are_too_small_before_their_rows_are_short() -> None:
    x = np.ones((100, 3))
    assert "fewer than 131072 bytes" in reason(x, x, out=gaps(100, 3))
    assert "fewer than 0 bytes" in reason(3, 4)


@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("length", [1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 130])
@pytest.mark.parametrize(
    "ufunc", [np.add, np.multiply, np.divide, np.subtract, np.maximum, np.minimum, np.hypot]
)
def test_nans_in_rows_are_numpys(ufunc: np.ufunc, length: int, dtype: str, threads: tm.Pool) -> None:
    """A NaN in one operand, unlike ones in both, signalling ones; at each place of a row."""
    integer: Any = np.dtype(f"u{np.dtype(dtype).itemsize}").type
    quiet = np.array(np.nan, dtype).view(integer)[()]
    signalling = (quiet & ~integer(1 << (np.finfo(dtype).nmant - 1))) | integer(3)
    of_one = [(quiet + 1, None), (None, quiet + 2), (signalling, None), (None, signalling)]
    of_both = [(quiet + 1, quiet + 1), (quiet + 1, quiet + 2), (quiet + 2, quiet + 1), (signalling, quiet)]
    for a, b in [(None, None), *of_one, *of_both]:
        x, y = (gaps(length, length, dtype) for _ in range(2))
        for operand, bits in (x, a), (y, b):
            operand[:] = np.abs(random_values(dtype, length * length)).reshape(length, length)
            operand[~np.isfinite(operand)] = 2
            if bits is not None:  # at each place of a row
                operand[np.diag_indices(length)] = np.array(bits, integer).view(dtype)
        for given in (x, y), (x.copy(), y.copy()):
            ours, numpys = gaps(length, length, dtype), gaps(length, length, dtype)
            with np.errstate(all="ignore"):
                tm.parallel(ufunc)(*given, out=ours, pool=threads)
                ufunc(*given, out=numpys)
            assert ours.tobytes() == numpys.tobytes(), (a, b)
