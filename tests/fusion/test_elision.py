"""Products and sums of temporaries: NumPy turns operands around, and the last bits show it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.fuse_compare import differences

import threadmill as tm
from threadmill.fusion import elision

by_references = pytest.mark.skipif(
    not elision.TEMPORARY, reason="from CPython 3.14 on references do not tell temporaries from names"
)


def named_first(z: Any, w: Any) -> Any:
    return z * (w * z)


def no_temporary(z: Any, w: Any) -> Any:
    product = w * z
    return z * product


def chain(z: Any, w: Any) -> Any:
    return z * z.conj() * z


def two_temporaries(z: Any, w: Any) -> Any:
    return (z + w) * (z * w)


def number_first(z: Any, w: Any) -> Any:
    return (1.5 - 2j) * (z * w)


def number_and_name(z: Any, w: Any) -> Any:
    product = z * w
    return (1.5 - 2j) * product


def sum_of_products(z: Any, w: Any) -> Any:
    return w * np.conj(z) + z * (w - z)


PROGRAMS = [named_first, no_temporary, chain, two_temporaries, number_first, number_and_name, sum_of_products]


@by_references
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("char", "FD")
@pytest.mark.parametrize("n", [70_000, 200_001])
def test_operands_are_turned_as_numpy_turns_them(program: Callable[..., Any], char: str, n: int) -> None:
    random = np.random.default_rng(n)
    z, w = ((random.normal(size=n) + 1j * random.normal(size=n)).astype(char) for _ in range(2))
    assert tm.fuse(program)(z, w).tobytes() == program(z, w).tobytes()


@by_references
def test_which_of_two_nans_comes_out_is_numpys() -> None:
    x, y = np.full(70_000, np.nan), np.full(70_000, -np.nan)

    def program(x: Any, y: Any) -> Any:
        return x + (y * 1.0), (x * 1.0) + y, x * (y + x)

    for ours, numpys in zip(tm.fuse(program)(x, y), program(x, y), strict=True):
        assert ours.tobytes() == numpys.tobytes()


@by_references
@pytest.mark.parametrize("dtype", "efFD")
def test_numbers_of_numpys_before_a_temporary(dtype: str) -> None:
    """NumPy 2.0 turns them around, as it does Python's."""

    def program(x: Any) -> Any:
        nan, one = x.dtype.type(np.nan), np.int8(1)
        called = np.multiply(nan, x + x), np.add(nan, x + x)
        return nan * (x + x), nan + (x + x), nan * x, one * (x + x), nan - (x + x), nan / (x + x), *called

    x = np.full(140_000, -np.nan).astype(np.dtype(dtype, metadata={"unit": "m"}))
    with np.errstate(all="ignore"):
        assert differences(program, [x]) == {}


@by_references
def test_what_numpy_has_made_is_written_over_as_well() -> None:
    """Arrays that run backwards are NumPy's, and so is what is made of them."""

    def program(x: Any) -> Any:
        return x * 2 + x

    x = np.full(100_000, complex(np.nan, 1))[::-1]
    x[3:100] = complex(1, -np.nan)
    x[200:] = complex(-np.nan, np.nan)
    with np.errstate(all="ignore"):
        assert (
            np.ascontiguousarray(tm.fuse(program)(x)).tobytes() == np.ascontiguousarray(program(x)).tobytes()
        )


@pytest.mark.usefixtures("small_ones_too")
def test_temporaries_of_objects_are_not_turned() -> None:
    """NumPy writes over temporaries of numbers alone: which operand is the first one shows in an error."""

    class Odd:
        def __rmul__(self, other: Any) -> Any:
            return "other * odd"

        def __mul__(self, other: Any) -> Any:
            return "odd * other"

    odd = Odd()

    def program(x: Any) -> Any:
        return ((x + x) * np.where(x > 0, odd, 1.0))[:3]

    x = np.linspace(1, 2, 100_000)
    assert list(tm.fuse(program)(x)) == list(program(x)) == ["other * odd"] * 3


# ---- what shows that a temporary has been written over ----


def long_longs(x: Any) -> Any:
    """Whose dtype a number's operator would change to long."""
    into_new = 2 & np.multiply(x, x, out=np.empty(len(x), "q"))
    return 2 & (np.array(x << x) * x), 2 & np.multiply(x, x, out=np.array(x + 0)), into_new


def of_another_byte_order(x: Any) -> Any:
    swapped = x.astype(x.dtype.newbyteorder())
    made = -x.astype(swapped.dtype), abs(x.astype(swapped.dtype)), ~x.astype(swapped.dtype)
    return *made, +x.astype(swapped.dtype), -swapped, abs(swapped)


def along_an_axis_of_length_1(x: Any) -> Any:
    """np.concatenate keeps the order of strides, in which an axis of length 1 may come last."""
    t = x[None]
    named = np.concatenate([t[1:], t[:1]])
    made = np.concatenate([t[1:], t[:1]]) - t, np.concatenate([t[1:], t[:1]]) * 2, named - t, named * 2
    return *made, -np.concatenate([t[1:], t[:1]]), -named, np.copy(t, "F") + t, np.copy(t, "F") - 1


def numbers_of_a_class(x: Any, one: Any) -> Any:
    """Beside which NumPy writes over temporaries, as beside a number."""
    return (x * x) / one, one + (x - x), one * (x + 1), x / one, (x * x) // one, (x + x) < one


class Special(np.ndarray[Any, Any]):
    """A subclass."""


class Reflecting(np.ndarray[Any, Any]):
    """One whose operators Python asks first."""

    def __rtruediv__(self, other: Any) -> Any:
        return "other / self"


@by_references
@pytest.mark.usefixtures("small_ones_too")
@pytest.mark.filterwarnings("ignore")
def test_temporaries_keep_what_they_are() -> None:
    q = np.arange(80_000, dtype="q")
    assert differences(long_longs, [q]) == {}
    assert differences(of_another_byte_order, [q]) == {}
    assert differences(along_an_axis_of_length_1, [np.linspace(1, 2, 90_000).reshape(300, 300)]) == {}
    for kind in Special, Reflecting:
        assert differences(numbers_of_a_class, [np.linspace(1, 2, 80_000), np.array(2.5).view(kind)]) == {}


# What NumPy does on this build, and a count that is the same for everything.
COUNTS = ["", "sys.getrefcount = lambda x: 2"]


@pytest.mark.parametrize("counts", COUNTS, ids=["as they are", "the same for all"])
@pytest.mark.parametrize("order", ["y + 1.0", "y + outside", "outside + y", "outside - y"])
def test_nothing_that_has_a_name_is_written_over(order: str, counts: str) -> None:
    """Not where it counts like a temporary either, as in CPython 3.14, which lends names to its stack."""
    script = f"""
import sys
{counts}
import numpy as np, threadmill as tm
from threadmill.fusion import elision
elision._numpy_elides = lambda: True  # which depends on how CPython was built

def program(x):
    outside = np.array(given)
    y = x + 1
    z = 0, {order}  # 0 comes first: a name that has just been bound is not lent
    return y, outside, z[1]

given, x = np.full(100_000, 3.0), np.zeros(100_000)
with np.errstate(all="raise"):  # all is made at once
    ours, numpys = tm.fuse(program)(x), program(x)
print([mine.tobytes() == theirs.tobytes() for mine, theirs in zip(ours, numpys)])
"""
    done = commands.run_python(script)
    assert done.stdout == "[True, True, True]\n", done.stderr
