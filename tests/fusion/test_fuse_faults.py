"""Programs that a fused function once got wrong, found by random ones and made short."""

import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.fuse_arguments import values
from kit.fuse_compare import Special, differences, everything_is_worth_it

import threadmill as tm
from threadmill.arrays.cache import Cache
from threadmill.fusion import loops, steps

pytestmark = pytest.mark.usefixtures("small_ones_too")

Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def warnings_are_no_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape) * 3


# ---- memory that code which we do not know may write ----


def stored_in_what_was_handed_out(x: Any, y: Any) -> Any:
    raw = np.asarray(x)
    stored = y + y
    x[...] = stored
    raw[:3] = 7
    return stored, x


def element_as_an_array(x: Any, y: Any) -> Any:
    doubled = x * 2
    first = x[0, ...]
    first[...] = 5
    stored = y * 2
    x[...] = stored
    first[...] = 6
    return doubled, stored, x


@pytest.mark.parametrize("program", [stored_in_what_was_handed_out, element_as_an_array])
def test_memory_that_was_handed_out(program: Function, pools: list[tm.Pool]) -> None:
    assert differences(program, [numbers(5000), numbers(5000, seed=1)], pools[1]) == {}


def of_objects(x: Any) -> Any:
    made = np.empty(1, object)
    made[0] = x
    return made


IN_OTHER_WAYS: dict[str, Function] = {
    "of a class": lambda x: x.view(Special),
    "masked": lambda x: np.ma.MaskedArray(x, copy=False),
    "without axes": lambda x: x[3:4].reshape(()),
    "of bytes": lambda x: x.view("V8"),
    "of records": lambda x: x.view([("real", "f4"), ("imag", "f4")]),
    "of objects": of_objects,
    "read-only": lambda x: np.broadcast_to(x, (2, 5000)),
}


@pytest.mark.parametrize("name", IN_OTHER_WAYS)
def test_arguments_that_are_not_lazy_are_written_unseen(name: str, pools: list[tm.Pool]) -> None:
    other = IN_OTHER_WAYS[name]

    def written(m: Any) -> None:
        if m.dtype == object:
            m[0][:3] = 7
        elif m.flags.writeable:
            m[...] = np.zeros(m.shape, m.dtype)

    def program(x: Any, m: Any, held: Any) -> Any:
        y = x + 1
        written(m)
        z = x * 2
        written(held[0])
        return y, z, x.sum()

    made = []
    for fused in (False, True):
        x = numbers(5000)
        call = tm.fuse(program, pool=pools[1]) if fused else program
        made.append([*map(np.ndarray.tobytes, map(np.asarray, call(x, other(x), [other(x)]))), x.tobytes()])
    assert made[0] == made[1]


@pytest.mark.parametrize("kind", [np.matrix, np.recarray, np.ma.MaskedArray, np.memmap])
def test_views_of_other_classes_are_written_unseen(kind: Any, pools: list[tm.Pool]) -> None:
    def written(x: Any, y: Any) -> Any:
        negated, doubled = -x, x * 2
        view = x.view(kind)
        view[:1] = 7
        sums = x + y
        view[1:2] = 8
        made = y - 1
        made.view(kind)[2:3] = 9
        return negated, doubled, sums, x * 3, made

    assert differences(written, [numbers(60, 70), numbers(60, 70, seed=1)], pools[1]) == {}


def test_an_array_from_outside_that_is_written_after_an_operator_in_place(pools: list[tm.Pool]) -> None:
    def program(x: Any, y: Any) -> Any:
        outside = np.ones(x.shape)
        made, other = x * 2, x + y
        made *= outside
        np.add(other, outside, out=other)
        outside += 1
        return made, other, (x + 1) * outside

    assert differences(program, [numbers(5000), numbers(5000, seed=1)], pools[1]) == {}


# ---- temporaries that NumPy writes over ----


def temporary_of_other_bytes(x: Any, y: Any) -> Any:
    return x.astype(">f8") + 1, 1 + x.astype(">f8"), x.astype(">f8") * y, x.astype(">f8") - y


def read_only_temporary(x: Any, y: Any) -> Any:
    backwards = x[::-1]
    return backwards * backwards.imag, backwards.imag + x


@pytest.mark.parametrize("n", [5000, 40_000])
@pytest.mark.parametrize("program", [temporary_of_other_bytes, read_only_temporary])
def test_temporaries(program: Function, n: int, pools: list[tm.Pool]) -> None:
    assert differences(program, [numbers(n), numbers(n, seed=1)], pools[1]) == {}


def copied_in_every_order(x: Any, y: Any) -> Any:
    made = x * 2
    return np.array(made), np.array(made, ndmin=2), np.array(x, order="C"), np.array(x, order="F")


@pytest.mark.filterwarnings("ignore:you are shuffling")
@pytest.mark.parametrize("shape", [(5000,), (70, 80), (20, 30, 40)])
def test_rows_are_shuffled(shape: tuple[int, ...], pools: list[tm.Pool]) -> None:
    def shuffled(x: Any, y: Any) -> Any:
        random = np.random.default_rng(1)
        doubled = x * 2
        random.shuffle(x)
        np.random.RandomState(1).shuffle(y)
        row = x[0]
        x[0] = 7
        return doubled, x, y, row, random.permutation(x)

    args = [numbers(*shape), numbers(*shape, seed=1)]
    found = differences(shuffled, args, pools[1])
    assert found.keys() <= {"warnings"}


def test_copies_keep_the_order_unless_asked(pools: list[tm.Pool]) -> None:
    x = np.asfortranarray(numbers(70, 80))
    assert differences(copied_in_every_order, [x, x], pools[1]) == {}


# ---- values that several passes make ----


def made_again_for_two(x: Any, y: Any) -> Any:
    row, turned = np.positive(x), np.negative(x)
    signs, angles = np.sign(y), np.arctan2(x, y)
    rest = signs - signs.var(axis=-1, keepdims=True)
    products = np.multiply(angles, row)
    angles_again = np.arctan2(products, y)
    rest_again = np.remainder(rest, turned)
    return np.allclose(angles_again, turned), rest_again


def test_values_made_again_for_several_others(pools: list[tm.Pool]) -> None:
    x = np.random.default_rng(0).integers(0, 50, 1500, np.int32)
    with np.errstate(all="ignore"):
        assert differences(made_again_for_two, [x, numbers(2, 3, 1500)], pools[1]) == {}


# ---- where unlike NaNs meet ----


def flags_of_open_tiles(x: Any, y: Any) -> Any:
    least = np.minimum(x, x)
    apart = least - x.all(axis=-1, keepdims=True)
    least /= np.arctan2(x, np.float64(np.nan))
    return least, apart


def test_flags_of_what_is_written_over_where_a_tile_is_left_open(pools: list[tm.Pool]) -> None:
    x = unlike("d", 3, 4097)
    assert differences(flags_of_open_tiles, [x, x], pools[0]) == {}


def over_what_is_put_off(x: Any, y: Any) -> Any:
    made = np.tanh(x)
    made += x
    return made


def over_a_temporary(x: Any, y: Any) -> Any:
    return np.flip(x) * 2 + x


def over_an_output(x: Any, y: Any) -> Any:
    return np.add(np.sign(x), np.tanh(y), out=x)


@pytest.mark.parametrize("dtype", "dFD")
@pytest.mark.parametrize("n", [65, 1025, 20000, 40000])
@pytest.mark.parametrize("program", [over_what_is_put_off, over_a_temporary, over_an_output])
def test_unlike_nans_in_one_row_with_gaps(
    program: Function, n: int, dtype: str, pools: list[tm.Pool]
) -> None:
    x, y = unlike(dtype, 2, n)
    with np.errstate(all="ignore"):
        assert differences(program, [np.repeat(x, 2)[::2], y], pools[1]) == {}


@pytest.mark.parametrize("n", [8193, 8197, 16391, 49158, 49167])
def test_unlike_nans_in_the_rest_of_a_conversion(n: int, pools: list[tm.Pool]) -> None:
    x = unlike("f", n)
    x[-5:] = -np.float32(np.nan)
    with np.errstate(all="ignore"):
        assert differences(lambda x: (x + np.float64(np.nan)) * 1, [x], pools[1]) == {}


@pytest.mark.parametrize("size", [16, 1024, 4096, 8192])
def test_unlike_nans_in_the_rest_of_another_buffer(size: int, pools: list[tm.Pool]) -> None:
    x, y = unlike("f", 1025), unlike("d", 1025)[::-1].copy()
    x[-1], y[-1] = np.nan, -np.nan
    with np.errstate(all="ignore"):
        for buffer in (8192, size, 8192):
            np.setbufsize(buffer)
            assert differences(lambda x, y: (x * y + 1, y - x), [x, y], pools[1]) == {}


def test_unlike_nans_in_rows_of_another_buffer(pools: list[tm.Pool]) -> None:
    def product(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            np.setbufsize(16)
            return x * y + 1

    assert differences(product, [unlike("d", 40, 30, 300), unlike("d", 300)], pools[1]) == {}


def of_two_outputs(x: Any, y: Any) -> Any:
    return np.divmod(x, y)[1] + x, np.modf(x)[0] - y


def test_unlike_nans_beside_loops_of_two_outputs(pools: list[tm.Pool]) -> None:
    x, y = unlike("d", 3, 1025)[:, ::2], unlike("d", 3, 1025)[:, 1:].copy()[:, :513]
    with np.errstate(all="ignore"):
        assert differences(of_two_outputs, [x[:, :512], y[:, :512]], pools[1]) == {}


@pytest.mark.parametrize("name", ["maximum", "minimum", "less", "equal", "fmax", "hypot", "add", "copysign"])
def test_flags_of_conversions_that_a_loop_takes_down(name: str, pools: list[tm.Pool]) -> None:
    x = np.full((3, 64), 0x7F800001, np.uint32).view("f")  # signalling NaNs
    ufunc = getattr(np, name)
    assert differences(lambda x, y: ufunc(x, y), [x, numbers(3, 64)], pools[1]) == {}


def test_chains_of_integers_beside_nans(pools: list[tm.Pool]) -> None:
    x = np.arange(4000, dtype="i1").reshape(5, 40, 20)
    y = numbers(5, 40, 23)[..., 1:-2]
    assert differences(lambda x, y: (np.clip(x, -1, 2), np.hypot(x, y)), [x, y], pools[1]) == {}


def written_after_a_pass_over_columns(x: Any, y: Any) -> Any:
    made = (x * 2).sum(axis=0, keepdims=True) + x
    x += y
    return made, x


def written_after_a_pass_over_rows(x: Any, y: Any) -> Any:
    made = (x * 2).sum(axis=-1) + x
    x += y
    return made, x


@pytest.mark.parametrize("program", [written_after_a_pass_over_columns, written_after_a_pass_over_rows])
def test_what_is_written_over_is_read_first(program: Function, pools: list[tm.Pool]) -> None:
    assert differences(program, [numbers(256, 256), numbers(256, 256, seed=1)], pools[1]) == {}


# ---- passes that are alike but for one thing, one after the other ----


def test_columns_of_one_axis_and_of_another(pools: list[tm.Pool]) -> None:
    x = numbers(16, 16, 256)
    for axis in (0, 1, (0, 1), 0):
        assert differences(lambda x, axis=axis: (x * 2).sum(axis=axis), [x], pools[1]) == {}


@pytest.mark.parametrize("dtype", "fd")
def test_a_number_and_a_column(dtype: str, pools: list[tm.Pool]) -> None:
    x, column = unlike(dtype, 200, 400)[:, :333], unlike(dtype, 200, 1)
    number = np.dtype(dtype).type(2)
    with np.errstate(all="ignore"):
        assert differences(lambda x: x * number + 1, [x], pools[1]) == {}
        assert differences(lambda x, y: x * y + 1, [x, column], pools[1]) == {}


@pytest.mark.parametrize("dtype", [np.dtype(">f8"), np.dtype("f8", metadata={"unit": "m"})])
def test_conversions_to_a_dtype_and_to_its_twin(dtype: Any, pools: list[tm.Pool], monkeypatch: Any) -> None:
    monkeypatch.setattr(loops, "_conversions", Cache())
    monkeypatch.setattr(steps, "_conversions", {})
    x, out = numbers(400).astype("f"), np.zeros(400, dtype)

    def assigned(x: Any, out: Any) -> None:
        out[...] = x + 1

    assert differences(assigned, [x, out], pools[1]) == {}
    assert differences(lambda x, out: np.add(x, 1, out=out, casting="unsafe"), [x, out], pools[1]) == {}
    assert differences(lambda x: (x + 1).astype("d"), [x], pools[1]) == {}


def unlike(dtype: str, *shape: int) -> Any:
    """Numbers among which are NaNs of several payloads."""
    return values(np.random.default_rng(0), int(np.prod(shape)), dtype, special=True).reshape(shape)


@pytest.mark.parametrize(
    "exponent", [np.float32(2), np.float64(0.5), np.float64(2), np.int8(-1), np.array(2.0), np.True_]
)
def test_powers_by_numpys_own_numbers(exponent: Any, pools: list[tm.Pool]) -> None:
    """NumPy 2.1 and older take a short way for these too, which warns by another name; 2.0 of a bool, and in
    place keeps integers."""
    for x in np.linspace(-3, 3, 70_000, dtype=np.float32), np.arange(1, 70_001):
        assert differences(lambda x: x**exponent, [x], pools[1]) == {}
        assert differences(lambda x: operator.ipow(x, exponent), [x], pools[1]) == {}


def test_three_dots_for_an_output_are_numpys_to_take(pools: list[tm.Pool]) -> None:
    assert differences(lambda x: np.add(x, x, out=...), [np.ones(70_000)], pools[1]) == {}


# ---- what an operator does besides its ufunc ----


def test_a_temporary_keeps_its_dtype(pools: list[tm.Pool]) -> None:
    """NumPy writes over it: of long long beside long or int the ufunc alone would make another dtype."""
    x = np.arange(70_001)
    for own in "lq", "LQ":
        for one, other in (own, own[::-1]):
            args = [x.astype(one), x.astype(other)]
            assert differences(lambda x, y: (~x ^ y, y + -x, (x + 1) << y % 5), args, pools[1]) == {}
            assert differences(lambda x, y: (x + 1) // (y + 1), args, pools[1]) == {}
    assert differences(lambda x, y: ~x ^ y, [x.astype("q"), x.astype("i")], pools[1]) == {}
    for own in "qQ":
        long = x.astype(own)
        assert differences(lambda x: ((x + x) // 2, (x + 1) << 1, ~x & 1, x & 1), [long], pools[1]) == {}
        assert (
            differences(lambda x: (1 | (x + x), True & ~x, 3 ^ (x + 1), 1 // x[1:]), [long], pools[1]) == {}
        )


@pytest.mark.parametrize("dtype", ["m8[s]", "M8[D]"])
def test_what_no_loop_compares_is_unequal(dtype: str, pools: list[tm.Pool]) -> None:
    x, dates = numbers(5000), np.arange(5000).astype(dtype)
    assert differences(lambda x, y: (x == y, y != x, np.array_equal(x, y)), [x, dates], pools[1]) == {}
    assert differences(lambda x, y: (x > 0) == y, [x, dates], pools[1]) == {}
    assert differences(lambda x, y: x < y, [x, dates], pools[1]) == {}
    for number in np.float32(1.5), np.int32(3), np.array(2.0), np.ones(5000):
        assert differences(lambda y, number=number: (y == number, y != number), [dates], pools[1]) == {}
    assert differences(lambda y: (y == y, y != y[::-1], y == 3, y != 1.5), [dates], pools[1]) == {}


def test_warnings_of_a_search_are_told_at_its_line(pools: list[tm.Pool]) -> None:
    signalling = np.full(300, 0x7FF0000000000001, np.uint64).view("D")
    assert differences(lambda x: 1 in x, [signalling], pools[1]) == {}


def test_errors_of_a_sum_that_begins_with_a_number_are_told_once(pools: list[tm.Pool]) -> None:
    x = np.full(3000, 1e308)
    assert differences(lambda x: np.add.reduce(x * 1, initial=2), [x], pools[1]) == {}
    assert differences(lambda x: ((x / 0).max(initial=1), (x * 10).sum(initial=1)), [x], pools[1]) == {}


def test_dates_are_not_written_over(pools: list[tm.Pool]) -> None:
    """What NumPy makes of a large temporary of them may be numbers."""
    spans = np.arange(1, 70_001)
    assert differences(lambda x: x.astype("m8[s]") // x.astype("m8[s]"), [spans], pools[1]) == {}
    assert differences(lambda x: x.astype("m8[s]") // 2 + x.astype("m8[s]"), [spans], pools[1]) == {}


@pytest.mark.parametrize("dtype", "FD")
def test_a_temporary_meets_an_array_from_outside(dtype: str, pools: list[tm.Pool]) -> None:
    """It is written over: the result lies as it does, and has its dtype."""
    own, other = numbers(300, 301).astype("f"), numbers(300, 301).astype(dtype)
    turned = np.asfortranarray(own)
    one = np.longlong(1)

    def written_over(x: Any) -> Any:
        return (x + 1) * turned, (x + 1) - turned, turned * (x + 1), (turned + 1) * (x + 1), turned - (x + 1)

    assert differences(written_over, [other], pools[1]) == {}
    assert differences(written_over, [np.asfortranarray(other)], pools[1]) == {}
    long = np.arange(70_001)
    assert (
        differences(
            lambda x: (~x & long, long ^ ~x, ~x + one, -x + np.int64(3)), [long.astype("q")], pools[1]
        )
        == {}
    )


@pytest.mark.parametrize("dtype", "FD")
def test_an_array_from_outside_meets_a_temporary(dtype: str, pools: list[tm.Pool]) -> None:
    """NumPy turns the operands of complex products around then, which rounds otherwise."""
    x, other = (numbers(70_001, seed=k).astype(dtype) * (1 + 2j) - 3j for k in range(2))
    x.imag, other.imag = numbers(70_001, seed=3), numbers(70_001, seed=4)
    number = np.array(1.1 - 2.3j, dtype)

    def product_of_named(x: Any) -> Any:
        made = x + 1
        return other * made, np.multiply(other, x + 1), other * (x + 1)[:], (other * 1) * (x + 1)

    assert differences(lambda x: other * (x + 1), [x], pools[1]) == {}
    assert differences(lambda x: number * (x + 1), [x], pools[1]) == {}
    assert differences(product_of_named, [x], pools[1]) == {}
    x[3::9] = complex(np.nan, -np.nan)
    assert differences(lambda x: (True * (x + 1), True + (x + 1), True - (x + 1)), [x], pools[1]) == {}


def test_a_temporary_meets_one_from_outside(pools: list[tm.Pool]) -> None:
    """The one that can hold the sum is written over, and comes first: so its NaNs are handed on."""
    x, outside = np.full(70_001, np.nan, "f"), np.full(70_001, -np.nan)

    def met(x: Any) -> Any:
        named = outside + 0.0
        made = x * 2
        return x + (outside + 0.0), made * (outside + 0.0), (x * 2) + (outside + 0.0), x + named, x + outside

    assert differences(met, [x], pools[1]) == {}
    assert differences(met, [x.astype("d")], pools[1]) == {}


def test_the_result_of_isclose_is_a_view(pools: list[tm.Pool]) -> None:
    def owners(x: Any, y: Any) -> Any:
        close = np.isclose(x, y, equal_nan=True)
        return close, close.base is None, close.flags.owndata, np.isclose(x, y).base is None, (x == y)[()]

    x = numbers(5000)
    assert differences(owners, [x, x + 1e-9], pools[1]) == {}
    ours = tm.fuse(np.isclose, pool=pools[1])(x, x)
    assert ours.flags.owndata == np.isclose(x, x).flags.owndata


# ---- what is told of, and where ----


def test_a_filter_shows_what_was_put_off_once(pools: list[tm.Pool]) -> None:
    def divided(x: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("once")
            return [x / k for k in (0, 0)]

    assert differences(divided, [numbers(5000)], pools[1]) == {}


def test_a_signalling_nan_alone_is_looked_at_without_a_word(pools: list[tm.Pool]) -> None:
    number = np.full(1, 0x7FF0000000000001, np.uint64).view("d").astype("D").reshape(())
    number.real[...] = np.full((), 0x7FF0000000000001, np.uint64).view("d")
    x = numbers(3, 500).astype("f")
    assert differences(lambda x, y: (x - y).sum(axis=0) * 2, [x, number], pools[1]) == {}


def test_a_number_that_a_choice_makes_infinite(pools: list[tm.Pool]) -> None:
    x = numbers(8193).astype("f")
    assert differences(lambda x: np.where(x > 0, x, 1e300), [x], pools[1]) == {}
    assert differences(lambda x: np.where(x > 0, 1e-320, x.astype("e")), [x], pools[1]) == {}


def test_errors_of_dtypes_tell_of_arrays_first(pools: list[tm.Pool]) -> None:
    spans = np.arange(5000).astype("m8[s]")
    assert differences(lambda x: np.result_type(x, np.float64), [spans], pools[1]) == {}
    assert differences(lambda x: np.result_type(np.float64, x), [spans], pools[1]) == {}


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="this NumPy asks for `dtype` straight away"
)
def test_an_array_is_no_dtype(pools: list[tm.Pool]) -> None:
    def asked(x: Any, y: Any) -> Any:
        ways: list[Callable[[], Any]] = [
            *(lambda: np.result_type(x.dtype, (x, y)), lambda: np.dtype(x), lambda: np.dtype((x, 3))),
            *(lambda: np.zeros(3, x), lambda: np.ones(3).astype((x, y)), lambda: np.dtype([("a", x)])),
            *(lambda: np.can_cast(x, y), lambda: x.astype(y), lambda: np.dtype([x]), lambda: x.dtype == y),
            *(lambda: hasattr(x, "__numpy_dtype__"), lambda: x.__numpy_dtype__),
        ]
        told = []
        for way in ways:
            try:
                told.append(repr(way()))
            except (AttributeError, TypeError) as error:
                told.append(str(error))
        return told

    assert differences(asked, [numbers(50), numbers(50, seed=1)], pools[1]) == {}


def test_errors_of_columns_where_unlike_nans_have_met(pools: list[tm.Pool]) -> None:
    x, y = np.ones((20, 600)), np.zeros((20, 600))
    x[0], y[0] = np.nan, -np.nan
    x[5], x[9] = np.inf, 0
    assert differences(lambda x, y: (x - y).prod(axis=0), [x, y], pools[1]) == {}


# ---- what C asks for ----


def test_metadata_go_where_another_dtype_is_asked_for(pools: list[tm.Pool]) -> None:
    x = numbers(5000).astype(np.dtype("d", metadata={"unit": "m"}))

    def converted(x: Any) -> Any:
        return np.asarray(x, "d"), np.asarray(x, x.dtype), np.array(x), np.asarray(x * 1, "d")

    assert differences(converted, [x], pools[1]) == {}
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # before, it asks for a copy as for none
        assert differences(lambda x: np.array(x, "d"), [x], pools[1]) == {}


def test_c_is_not_shown_what_python_asks_for(pools: list[tm.Pool]) -> None:
    """The memory that __array_interface__ tells of has no long long's dtype."""

    def stacked(x: Any) -> Any:
        made = np.array([x, x * 2])
        return made, x.__array_interface__["shape"]

    assert differences(stacked, [np.arange(5000, dtype="q")], pools[1]) == {}


# ---- lists and dicts ----


def test_what_holds_itself(pools: list[tm.Pool]) -> None:
    x = numbers(5000)
    held: list[Any] = [x]
    held.append(held)
    named: dict[str, Any] = {"held": held}
    named["self"] = named
    named["x"] = x

    def program(held: Any, named: Any) -> Any:
        assert held[1] is held
        assert named["self"] is named
        made = [held[0] * 2, named["x"]]
        made.append(made)
        held.append(made)
        return made, held, named

    for function in program, tm.fuse(program, pool=pools[1]):
        made, same, alike = function(held, named)
        assert same is held
        assert alike is named
        assert held[1] is held
        assert named["self"] is named
        assert held.pop() is made
        assert made[1] is x
        assert made[2] is made
        assert type(made[0]) is np.ndarray


def test_a_list_that_is_returned_twice_is_one(pools: list[tm.Pool]) -> None:
    kept: list[Any] = []
    constant = (1, "a")

    def program(x: Any) -> Any:
        made = [x * 2]
        kept.append(x + 1)
        return made, {"made": made}, kept, constant

    made, named, same, pair = tm.fuse(program, pool=pools[1])(numbers(5000))
    assert named["made"] is made
    assert same is kept
    assert pair is constant
    assert type(kept[0]) is type(made[0]) is np.ndarray


@pytest.mark.parametrize("count", [0, 1, 2])
def test_powers_of_times_are_refused_as_by_numpy(count: int) -> None:
    exponent = np.timedelta64(count, "s")
    assert differences(lambda x: x**exponent, [np.arange(5000).astype("m8[s]")]) == {}
    assert differences(lambda x: x**exponent, [np.arange(5000.0)]) == {}


def long_after_rows(x: Any, count: int) -> Any:
    least = x.min(axis=-1)
    for k in range(count):
        moved = least + k
    return (moved + 1).max(), least, moved


def written_after_rows(x: Any, count: int) -> Any:
    least = x.min(axis=-1)
    other = np.sqrt(np.abs(x.T * 2)) + 1
    y = np.zeros(len(x), x.dtype)
    y[...] = (least + count) * 2
    return least, other, y


@pytest.mark.parametrize("count", [40, 62, 70, 130])
@pytest.mark.parametrize("program", [long_after_rows, written_after_rows])
def test_what_follows_rows_in_another_pass_reads_each_of_them(program: Any, count: int) -> None:
    x = np.random.default_rng(1).standard_normal((5000, 100)).astype("f")
    assert differences(lambda x: program(x, count), [x]) == {}


# ---- which of two NaNs a complex loop takes in place ----


def added_to_itself_moved(x: Any, y: Any) -> Any:
    moved = x[:-2] * 1
    x[1:-1] += moved
    return x


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["F", "D"])
def test_complex_sums_in_place_keep_numpys_nan_where_operands_overlap(dtype: str, step: int) -> None:
    x = values(np.random.default_rng(1), 8192 * step, dtype, True)
    x.real[:: 3 * step] = np.nan
    x.imag[:: 3 * step] = -np.nan
    x.real[step :: 3 * step] = -np.nan
    with np.errstate(all="ignore"):
        assert differences(added_to_itself_moved, [x[::step], x]) == {}


def added_to_the_next_row(x: Any, y: Any) -> Any:
    x[1:] += x[:-1] * 0.5
    np.multiply(x[:-1], x[1:] - 1, out=x[:-1])
    return x


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_sums_in_place_keep_numpys_nan_where_operands_overlap(
    monkeypatch: pytest.MonkeyPatch, dtype: str, gap: int
) -> None:
    """NumPy's loop makes other NaNs at the end of a row in place than in new memory."""
    everything_is_worth_it(monkeypatch)
    memory = values(np.random.default_rng(1), 3 * (1025 + gap), dtype, True).reshape(3, -1)
    bits = memory.view(f"u{memory.itemsize}")
    payloads = np.arange(3 * 5, dtype=bits.dtype).reshape(3, 5)
    bits[:, 1020:1025] = np.array(np.nan, dtype).view(bits.dtype) + payloads
    with np.errstate(all="ignore"):
        assert differences(added_to_the_next_row, [memory[:, :1025], memory]) == {}


def stored_sum(x: Any, y: Any) -> Any:
    x[...] = x * 2 + x
    y[...] = x + y
    return x, y


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dtype", ["F", "D"])
def test_complex_sums_that_are_assigned_keep_numpys_nan(dtype: str, step: int) -> None:
    """NumPy makes them in new memory, whatever the strides of what they are assigned to."""
    x, y = (values(np.random.default_rng(k), 8192 * step, dtype, True)[::step] for k in (1, 2))
    with np.errstate(all="ignore"):
        assert differences(stored_sum, [x, y]) == {}


@pytest.mark.parametrize("dtype", "?bqdDO")
@pytest.mark.parametrize("n", [1, 2])
def test_an_array_that_is_stored_in_one_element(n: int, dtype: str) -> None:
    """C asks a lazy one for its number, and says of integers what `int` does."""

    def stored(x: Any, y: Any) -> Any:
        told = []
        for target in (np.zeros(3, dtype), np.asarray(y), y):
            try:
                target[1] = x + x
            except Exception as error:
                told.append((type(error), str(error), repr(error.__cause__)))
            try:
                told.append(int(x + x))
            except Exception as error:
                told.append((type(error), str(error), repr(error.__cause__)))
        return told, y

    assert differences(stored, [numbers(n), np.zeros(5, dtype)]) == {}


# ---- dtypes that are equal ----


def test_no_copy_of_long_as_long_long(pools: list[tm.Pool]) -> None:
    def program(x: Any, y: Any) -> Any:
        same = (
            x.astype("q", copy=False),
            y.astype("l", casting="safe", copy=False),
            np.astype(x, np.dtype("q"), copy=False),
        )
        return *same, x.astype("q"), (x + 1).astype("q", copy=False), x.astype("u8", copy=False)

    assert differences(program, [np.arange(5000, dtype="l"), np.arange(5000, dtype="q")], pools[1]) == {}


# ---- arrays without elements, and axes of length 1 ----


def test_masks_without_elements(pools: list[tm.Pool]) -> None:
    """C takes a lazy one for an empty list, and would have it index by no numbers."""

    def program(x: Any, other: Any, _large: Any) -> Any:
        told = []
        for mask in (np.sqrt(abs(x))[1:] > 0, x[:0] > 0, (x + 1)[1:] > 0):
            try:
                other[1:][mask] = 0
            except IndexError as error:
                told.append(str(error))
        return told, x[:0], x[:0] + 1, x[:0].sum(), x * 2 + x[:0]

    args = [numbers(1, 1), numbers(3, 7).view(Special), numbers(9)]
    assert differences(program, args, pools[1]) == {}


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0), (0, 2, 1)])
def test_copies_of_what_has_an_axis_of_length_1(axes: Any, pools: list[tm.Pool]) -> None:
    def copies(x: Any) -> Any:
        kept = x.copy("K"), x.astype("f4"), np.copy(x), np.array(x), x.astype("f4", order="A")
        return *kept, x.copy(), np.zeros_like(x), x + 1, -x, np.sqrt(abs(x)), np.round(x, 1), x.conj()

    for cut in (np.s_[:1], np.s_[:, :1], np.s_[..., :1]):
        x = numbers(9, 11, 13).transpose(axes)[cut]
        assert differences(copies, [x], pools[1]) == {}


# ---- errors at the ends of rows ----


@pytest.mark.parametrize("dtype", "FD")
@pytest.mark.parametrize("shape", [(3, 5), (65, 23), (300, 23), (300, 24), (300, 301), (4, 20_001)])
def test_rows_times_infinity(shape: tuple[int, int], dtype: str, pools: list[tm.Pool]) -> None:
    """Vectors of complex numbers are filled up with zeros; NumPy copies short rows together before."""
    x = np.full((shape[0], shape[1] + 3), complex(np.nan, np.nan), dtype)
    one = np.array(complex(np.inf, np.inf), dtype)
    column, row = (np.full(each, one, dtype) for each in ((shape[0], 1), (1, shape[1])))

    def program(x: Any, column: Any, row: Any) -> Any:
        v, t = x[:, :-3], +x[:, :-3]
        made = v * column, column * t, t * +column, t * row, v * one, one * t
        return *made, v * one[()], t * float("inf"), v * complex(0, np.inf), v * float("inf")

    for pool in pools[:2]:
        assert differences(program, [x, column, row], pool) == {}


# ---- exponents ----


def test_nothing_is_told_of_looking_at_an_exponent(pools: list[tm.Pool]) -> None:
    signalling = np.array([0x7FF4000000000077, 0], "u8").view("D").reshape(())

    def program(x: Any, exponent: Any) -> Any:
        return x**exponent, x ** exponent[()]

    with np.errstate(all="warn"):
        assert differences(program, [numbers(5000), signalling], pools[1]) == {}


@pytest.mark.parametrize("exponent", [2.0, np.float32(2), np.array(2.0), 0.5, 1.0], ids=repr)
def test_powers_of_integers_lie_as_numpys(exponent: Any, pools: list[tm.Pool]) -> None:
    """NumPy 2.2 and older convert them first, into C's order unless they lie in Fortran's."""

    def powers(x: Any) -> Any:
        return x**exponent, x[::-1] ** exponent, x.T**exponent, x.T[::-1] ** exponent, (x.T + 1) ** exponent

    for shape in ((60, 70), (5, 6, 7), (5000,)):
        x = np.random.default_rng(0).integers(0, 9, shape)
        assert differences(powers, [x], pools[1]) == {}
        assert differences(powers, [np.swapaxes(x, 0, -1)[:, ::2] if x.ndim > 1 else x[::2]], pools[1]) == {}


def test_an_axis_of_length_1_that_runs_backwards_is_the_outermost_one(pools: list[tm.Pool]) -> None:
    x = np.lib.stride_tricks.as_strided(np.ones(10_006), (5003, 1), (16, -80_048))
    programs: list[Callable[[Any], Any]] = [
        *(lambda x: np.zeros_like(x), lambda x: np.ones_like(x), lambda x: np.full_like(x, 2)),
        *(lambda x: np.copy(x), lambda x: x + 1, lambda x: x.astype("f")),
    ]
    for program in programs:
        assert not differences(program, [np.ones((5003, 1)) * 2], pools[1])
        assert not differences(program, [x], pools[1])
        assert not differences(program, [x], pools[1])
