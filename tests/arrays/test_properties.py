"""Any shape, any strides, any out: what hypothesis can think of."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from kit.arrays import Array
from kit.comparison import TWINS, assert_same_call, numpy_scale
from kit.strategies import DTYPES, views

import threadmill as tm

pytestmark = pytest.mark.usefixtures("every_size_in_c")


@given(x=views(), name=st.sampled_from(["square", "sum", "scale"]))
def test_any_view(threads: tm.Pool, x: Array, name: str) -> None:
    function = getattr(tm, name)
    arguments = (x, True) if name == "scale" else (x,)
    assert_same_call(function, TWINS[function], lambda: (arguments, {}), name, name == "square", pool=threads)


@given(x=views(), order=st.sampled_from("CFAK"), dtype=DTYPES, k=st.integers(-3, 300))
def test_any_out(threads: tm.Pool, x: Array, order: Any, dtype: str, k: int) -> None:
    def make() -> Any:
        return (x, k), {"out": np.zeros_like(x, dtype=dtype, order=order)}

    assert_same_call(tm.scale, numpy_scale, make, "scale", places=False, pool=threads)


@given(
    n=st.integers(0, 20000),
    x_cut=st.tuples(st.integers(0, 50), st.integers(1, 3)),
    out_cut=st.tuples(st.integers(0, 50), st.integers(1, 3)),
    checked=st.sampled_from(["wrap", "raise"]),
)
def test_any_overlap(
    threads: tm.Pool, n: int, x_cut: tuple[int, int], out_cut: tuple[int, int], checked: Any
) -> None:
    def both(memory: Array) -> tuple[Array, Array]:
        (start, step), (out_start, out_step) = x_cut, out_cut
        return memory[start::step][:n], memory[out_start::out_step][:n]

    memory = np.arange(3 * n + 200) % 40000
    expected = memory.copy()
    x, out = both(memory)
    numpys_x, numpys_out = both(expected)
    np.square(numpys_x, out=numpys_out)
    tm.square(x, out=out, overflow=checked, pool=threads)
    assert memory.tobytes() == expected.tobytes()


@given(x=npst.arrays(np.int64, st.integers(0, 300)), reverse=st.booleans())
def test_checked_sum_is_exact(x: Array, reverse: bool) -> None:
    total = sum(map(int, x))
    x = x[::-1] if reverse else x
    if -(2**63) <= total < 2**63:
        assert tm.sum(x, overflow="raise") == total
    else:
        with pytest.raises(OverflowError):
            tm.sum(x, overflow="raise")
