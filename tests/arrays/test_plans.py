"""What is kept from call to call: plans, loops and ufuncs. A call has one answer, whatever came before."""

import gc
import pickle
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.arrays import Array, random_values
from kit.comparison import assert_same_call, difference
from kit.threads import run_at_once
from kit.thresholds import lower_thresholds
from kit.ufuncs import N
from kit.ufuncs import operand as x

import threadmill as tm
from threadmill.arrays import cache as caches
from threadmill.arrays import ufunc as ufuncs
from threadmill.arrays.cache import Cache

pytestmark = pytest.mark.usefixtures("quiet")


# ---- the quick way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("out", [False, True])
def test_arrays_of_one_order_go_the_quick_way(
    order: Any, out: bool, threads: tm.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = np.asarray(random_values("d", 60_000).reshape(20, 30, 100), order=order)
    options = {"out": np.empty_like(a)} if out else {}
    ours = ufuncs.ParallelUfunc(np.hypot, False)
    monkeypatch.setattr(ours, "_prepare", lambda *_: pytest.fail("it is planned at each call"))
    result = ours(a, a, pool=threads, **options)
    expected = np.hypot(a, a)
    assert result.strides == expected.strides
    assert result.base is None
    assert result.tobytes("A") == expected.tobytes("A")


def test_arrays_of_two_orders_do_not(threads: tm.Pool) -> None:
    a = random_values("d", 60_000).reshape(200, 300)
    for operands in (a, np.asfortranarray(a)), (np.asfortranarray(a), a), (a.T, a.T.copy("C")):
        ours, numpys = tm.parallel(np.add)(*operands, pool=threads), np.add(*operands)
        assert ours.strides == numpys.strides
        assert ours.tobytes("A") == numpys.tobytes("A")


def test_scattered_arrays_are_shared_from_more_bytes_on() -> None:
    """A call of other arrays than contiguous ones is planned each time."""
    ours = ufuncs.ParallelUfunc(np.add, False)
    ours._worth[np.dtype("d").num] = 1 << 16
    wide = random_values("d", 1 << 17).reshape(2, -1)
    assert ours.explain(wide[0, : 1 << 13]).parallel is False  # one operand too few
    assert ours.explain(*[wide[0, : 1 << 13]] * 2).parallel
    assert not ours.explain(*[wide[0, ::2]] * 2).parallel
    assert ours.explain(*[wide.ravel()[::2]] * 2).parallel
    assert not ours.explain(*[wide.ravel()[::3]] * 2).parallel


# ---- where an operand stands -------------------------------------------------------------------------------


def ways(nin: int, outs: int) -> list[Callable[[list[Array], list[Array]], tuple[list[Any], dict[str, Any]]]]:
    """Every way to give operands and outputs: by position, by keyword, in a tuple, or some not at all."""
    made = [
        lambda ins, outs: (ins, {}),
        lambda ins, outs: ([*ins, *outs], {}),
        lambda ins, outs: (ins, {"out": tuple(outs)}),
        lambda ins, outs: (ins[:-1], {"out": tuple(outs)}),
        lambda ins, outs: (ins[:-1], {"out": outs[0]}),
        lambda ins, outs: ([*ins, outs[0]], {"out": outs[0]}),
        lambda ins, outs: ([*ins, outs[0]], {"out": None}),
        lambda ins, outs: ([*ins, None], {}),
        lambda ins, outs: (ins, {"out": None}),
        lambda ins, outs: ([*ins, *outs, outs[0]], {}),
    ]
    if outs == 1:
        made.append(lambda ins, outs: (ins, {"out": outs[0]}))
    return made


@pytest.mark.parametrize("ufunc", [np.sin, np.add, np.maximum, np.divmod, np.modf], ids=lambda u: u.__name__)
def test_the_place_of_an_operand_is_part_of_a_plan(ufunc: np.ufunc, threads: tm.Pool) -> None:
    """Every way after every other one: the plan of one must not be taken for the other's."""
    calls = ways(ufunc.nin, ufunc.nout)
    for first in calls:
        for second in calls:
            ours = ufuncs.ParallelUfunc(ufunc, False)  # with no plans yet
            for call in first, second, first:

                def make(call: Any = call) -> Any:
                    ins = [x(2000, seed=k) for k in range(ufunc.nin)]
                    return call(ins, [np.zeros(2000) for _ in range(ufunc.nout)])

                assert_same_call(ours, ufunc, make, ufunc.__name__, pool=threads)


def test_an_output_by_position_is_the_one_returned(threads: tm.Pool) -> None:
    add, sin = (ufuncs.ParallelUfunc(ufunc, False) for ufunc in (np.add, np.sin))
    a, b = x(), x(seed=1)
    sin(a, out=np.empty(N), pool=threads)
    add(a, b, out=np.empty(N), pool=threads)
    for _ in range(3):
        out = np.zeros(N)
        assert sin(a, out, pool=threads) is out
        assert difference(out, np.sin(a)) is None
        assert add(a, b, out, pool=threads) is out
        assert difference(out, a + b) is None


def test_an_operand_too_few_is_numpys_error_whatever_was_called_before() -> None:
    script = (
        "import numpy as np, threadmill as tm\n"
        "a = np.linspace(0, 9, 200_000)\n"
        "add = tm.parallel(np.add)\n"
        "add(a, a)\n"
        "try: add(a, out=a)\n"
        "except TypeError as error: print(error)\n"
    )
    done = commands.run_python(script)
    assert done.stdout.startswith("add() takes from 2 to 3 positional arguments but 1 w"), done


# ---- what no shape can take --------------------------------------------------------------------------------

ONE = np.float64(3)
SHAPES: list[tuple[np.ufunc, list[Any], tuple[int, ...]]] = [
    (np.negative, [x(3000)], ()),
    (np.negative, [x(3000)], (1,)),
    (np.add, [x(3000), 1], ()),
    (np.add, [np.array(2.0), x(3000)], ()),
    (np.add, [x(3000).reshape(2, -1), x(1500)], (1500,)),
    (np.less, [ONE, x(3000).reshape(2, -1)], ()),
    (np.less, [x(3000).reshape(2, -1), x(3000).reshape(2, -1)], ()),
    (np.sqrt, [x(3000).reshape(2, -1)], (1500,)),
    (np.sqrt, [x(3000).reshape(2, -1)], (1, 2, 1500)),
    (np.sqrt, [x(3000)], (2, 3000)),
    (np.add, [ONE, 2.0], (3000,)),
    (np.modf, [x(3000)], ()),
]


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: f"{case[0].__name__}{case[2]}")
@pytest.mark.parametrize("masked", [False, True])
def test_an_output_of_another_shape_is_what_it_is_in_numpy(case: Any, masked: bool, threads: tm.Pool) -> None:
    ufunc, args, shape = case
    ours = ufuncs.ParallelUfunc(ufunc, False)
    right = np.broadcast_shapes(*map(np.shape, args))
    options = {"where": np.ones(right, bool)} if masked else {}
    for each in right, shape, right, shape:
        for by_position in False, True:

            def make(each: Any = each, by_position: bool = by_position) -> Any:
                outs = tuple(np.zeros(each) for _ in range(ufunc.nout))
                return ([*args, *outs], options) if by_position else (args, {"out": outs, **options})

            assert_same_call(ours, ufunc, make, ufunc.__name__, pool=threads)


@pytest.mark.parametrize("n", [10, 3000])
@pytest.mark.parametrize("char", "ild")
def test_small_calls_warn_at_the_users_line(n: int, char: str) -> None:
    a = np.ones((1, n), char)
    made: list[tuple[str, Callable[[], Any]]] = [
        ("an array", lambda: a.copy()),
        ("what np.broadcast_arrays marks", lambda: np.broadcast_arrays(a, np.ones((2, 1)))[0][:1]),
    ]
    for ufunc in np.maximum, np.minimum, np.add, np.square, np.absolute, np.negative:
        ins = [a] * ufunc.nin
        for what, out in made:
            calls: list[Callable[[], Any]] = [
                lambda ins=ins: (ins, {}),
                lambda ins=ins: (ins, {"dtype": "i"}),
                lambda ins=ins, out=out: ([*ins, out()], {}),
                lambda ins=ins, out=out: (ins, {"out": out()}),
                lambda ins=ins, out=out: (ins, {"out": (out(),)}),
            ]
            for make in calls:
                assert_same_call(tm.parallel(ufunc), ufunc, make, f"{ufunc.__name__} to {what}")


def test_integers_written_into_floats_warn_at_the_users_line() -> None:
    a, out = np.full(300, 10**6), np.zeros(300, "e")
    for ours, numpys in (tm.square, np.square), (tm.parallel(np.square), np.square):
        with np.errstate(all="warn"):
            assert_same_call(ours, numpys, lambda: ([a], {"out": out}), "square")


def test_one_array_as_two_outputs_is_numpys(threads: tm.Pool) -> None:
    def make() -> Any:
        out = np.zeros(2000)
        return [x(2000), 3.0], {"out": (out, out)}

    assert_same_call(tm.parallel(np.divmod), np.divmod, make, "divmod", pool=threads)


# ---- dtypes that are equal and yet differ ------------------------------------------------------------------

UNIT = np.dtype("f8", metadata={"unit": "m"})


def metadata_of(result: Any) -> list[Any]:
    return [each.dtype.metadata for each in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("first", ["plain", "unit"])
def test_metadata_stays_with_the_array_that_has_it(first: str, threads: tm.Pool) -> None:
    arrays = {"plain": x(9000), "unit": x(9000).view(UNIT)}
    for ufunc in np.sqrt, np.add, np.modf, np.maximum:
        ours = ufuncs.ParallelUfunc(ufunc, False)
        for name in first, "plain", "unit", "plain":
            for lay in np.asarray, lambda a: a[::2], lambda a: a.reshape(-1, 90).T:
                args = [lay(arrays[name])] * ufunc.nin
                for options in {}, {"out": (np.empty(args[0].shape, UNIT), None)[: ufunc.nout]}:
                    ours_made = ours(*args, pool=threads, **options)
                    numpys_made = ufunc(*args, **options)
                    pairs = (
                        [(ours_made, numpys_made)]
                        if ufunc.nout == 1
                        else zip(ours_made, numpys_made, strict=True)
                    )
                    for ours_each, numpys_each in pairs:
                        assert ours_each.dtype.metadata == numpys_each.dtype.metadata
                        assert difference(ours_each, numpys_each) is None


def test_metadata_in_dtype_and_signature(threads: tm.Pool) -> None:
    for options in {"dtype": UNIT}, {"signature": (UNIT, None, UNIT)}, {"dtype": "f8"}, {"dtype": float}:
        ours = tm.parallel(np.add)(x(2000), x(2000), pool=threads, **options)
        numpys = np.add(x(2000), x(2000), **options)
        assert ours.dtype.metadata == numpys.dtype.metadata
        assert difference(ours, numpys) is None


def test_scale_shows_its_dtype_to_a_class_given_as_out() -> None:
    class Seeing(np.ndarray):
        def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
            return sorted(options)

    a, out = x(2000, "f"), np.zeros(2000, "f").view(Seeing)
    assert tm.scale(a, 3.0, out=out) == np.multiply(a, 3.0, out=out, dtype="f") == ["dtype", "out"]


def test_a_signature_of_float64_with_metadata_is_not_none(threads: tm.Pool) -> None:
    """np.dtype("d") == None, so whoever counts the Nones in a signature counts it."""
    signature = (None, np.dtype("d", metadata={"of": 7}))
    for casting in "equiv", "unsafe":
        assert_same_call(
            tm.parallel(np.absolute),
            np.absolute,
            lambda casting=casting: ([x(2000, "?")], {"signature": signature, "casting": casting}),
            casting,
            pool=threads,
        )


def test_dtype_none_beside_a_signature_is_numpys_error(threads: tm.Pool) -> None:
    options = {"sig": "dd->d", "dtype": None}
    assert_same_call(
        tm.parallel(np.multiply),
        np.multiply,
        lambda: ([x(2000, "i"), 3.0], options),
        "multiply",
        pool=threads,
    )


def test_exponents_that_a_conversion_makes_negative_are_numpys_error(threads: tm.Pool) -> None:
    """The loop raises for them, and our threads run it without the GIL."""
    for char, most in ("Q", 2**64 - 1), ("d", -2.0), ("q", -1):
        assert_same_call(
            tm.parallel(np.power),
            np.power,
            lambda char=char, most=most: (
                [np.full(2000, 3, "B"), np.full(2000, most, char)],
                {"dtype": int, "casting": "unsafe"},
            ),
            char,
            pool=threads,
        )


def test_numbers_without_an_array_are_numpys_to_convert(threads: tm.Pool) -> None:
    for number in 3, 2**63, 2**64, -(2**63) - 1:
        assert_same_call(
            tm.parallel(np.spacing),
            np.spacing,
            lambda number=number: ([number], {"out": np.zeros(2000, "f")}),
            repr(number),
            pool=threads,
        )


def raising(what: str, char: str, n: int) -> Array:
    """Numbers of which the first alone raises a flag when it is converted."""
    a = np.ones(n, char)
    if what == "overflow":
        a[0] = np.finfo(char).max
    else:
        a.view("u4")[0] = 0x7F800001  # a signalling NaN
    return a


def test_flags_that_a_loop_takes_down_are_not_reported(threads: tm.Pool) -> None:
    """Of conversions before NumPy's last buffer: some loops end by clearing all flags, others don't."""
    for n in 2000, 8193:
        for ufunc in np.fmax, np.add, np.copysign, np.less:
            for what, chars in ("overflow", "gd"), ("signalling", "fd"):
                out = "?" if ufunc is np.less else chars[1]

                def make(n: int = n, what: str = what, chars: str = chars, out: str = out) -> Any:
                    a = raising(what, chars[0], n)
                    return [a, np.ones(n, chars[1])], {"out": np.zeros(n, out)}

                with np.errstate(all="warn"):
                    assert_same_call(tm.parallel(ufunc), ufunc, make, f"{ufunc} {what} {n}", pool=threads)


@pytest.mark.parametrize("n", [64, 2000, 70_001])
@pytest.mark.parametrize(
    "ufunc",
    [np.fmax, np.fmin, np.maximum, np.add, np.multiply, np.subtract, np.divide, np.copysign, np.hypot],
    ids=lambda u: u.__name__,
)
def test_flags_of_conversions_in_place(ufunc: np.ufunc, n: int, threads: tm.Pool) -> None:
    """NumPy can't be asked again where an operand is written to."""
    for what, chars in ("overflow", "df"), ("overflow", "DF"), ("signalling", "fd"):
        for columns in 1, n:

            def make(what: str = what, chars: str = chars, columns: int = columns) -> Any:
                if chars == "DF":
                    b = np.ones(n, "D")
                    b.view("d")[0] = np.finfo("d").max
                else:
                    b = raising(what, chars[0], n)
                a = np.ones((2 * n // columns, 2 * columns), chars[1])[: n // columns, :columns]
                return [a, b.reshape(-1, columns)], {"out": a}

            if (ufunc, chars) not in ((np.copysign, "DF"), (np.hypot, "DF")):
                with np.errstate(all="warn"):
                    assert_same_call(tm.parallel(ufunc), ufunc, make, f"{what} {columns}", pool=threads)


def test_one_exponent_of_another_dtype_is_numpys(threads: tm.Pool) -> None:
    """NumPy's power copies x to the power of one 1: a signalling NaN stays one."""
    x = np.full(1500, 7.5)
    x.view("u8")[3] = 0x7FF0000000000001
    for exponent in np.ones(1, "?"), np.full(1, 2), np.ones((1, 1), "q"), np.ones(1, "f"), np.array([1.0]):
        for a in x, np.ascontiguousarray(np.tile(x, (2, 1))):
            with np.errstate(all="warn"):
                assert_same_call(
                    tm.parallel(np.power),
                    np.power,
                    lambda a=a, exponent=exponent: ([a, exponent], {}),
                    repr(exponent),
                    pool=threads,
                )


def test_both_parts_of_a_complex_number_are_looked_at(threads: tm.Pool) -> None:
    """A conversion to bool that ends at a real part that is not 0 does not see a signalling NaN beside it."""
    a = np.ones((40, 50), "D")
    a.view("u8")[3, 1::2] = 0x7FF0000000000001
    with np.errstate(all="warn"):
        assert_same_call(
            tm.parallel(np.logical_and),
            np.logical_and,
            lambda: ([np.ones(a.shape, "i"), a], {}),
            "logical_and",
            pool=threads,
        )


def test_long_and_long_long_after_each_other(threads: tm.Pool) -> None:
    ours = ufuncs.ParallelUfunc(np.add, False)
    for char in "lqlqLQLQ":
        a = np.arange(2000).astype(char)
        assert_same_call(ours, np.add, lambda a=a: ([a, a], {}), char, pool=threads)
        assert ours(a, a, pool=threads).dtype.char == np.add(a, a).dtype.char


def test_numbers_that_are_equal_and_of_different_types(threads: tm.Pool) -> None:
    ours = ufuncs.ParallelUfunc(np.add, False)
    for char in "bfd?":
        for number in 1, True, 1.0, 1 + 0j, np.int8(1), np.True_, np.float32(1), np.array(1), 1, True:
            for args in [x(2000, char), number], [number, x(2000, char)]:
                assert_same_call(
                    ours, np.add, lambda args=args: (args, {}), f"{char} {number!r}", pool=threads
                )


def test_arrays_from_a_pickle_have_a_plan(threads: tm.Pool) -> None:
    a = pickle.loads(pickle.dumps(x()))
    assert a.dtype is not np.dtype("d")
    ours = ufuncs.ParallelUfunc(np.sqrt, False)
    for _ in range(3):
        assert difference(ours(a, pool=threads), np.sqrt(a)) is None
    assert len(ours._plans) == 1


def test_an_output_that_numpy_warns_of_is_numpys(threads: tm.Pool) -> None:
    """np.broadcast_arrays marks what it makes: one write to it warns."""
    wide, tall = np.ones((2, 3000)), np.ones((2, 1))
    told = []
    for call, options in (ufuncs.ParallelUfunc(np.sqrt, False), {"pool": threads}), (np.sqrt, {}):
        for _ in range(2):
            out = np.broadcast_arrays(np.zeros((1, 3000)), tall)[0][:1]
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                call(wide[:1], out=out, **options)
            told.append([(warning.category, str(warning.message)) for warning in caught])
    assert told[0] == told[1] == told[2] == told[3]


# ---- scalars of other classes ------------------------------------------------------------------------------


class Unit(float):
    def __array_ufunc__(self, *args: Any, **options: Any) -> str:
        return "units"


class Number(np.float64):
    def __array_ufunc__(self, *args: Any, **options: Any) -> str:
        return "a number's own"


class Plain(np.float64):
    """Without a word in ufuncs."""


class Length(np.ndarray):
    pass


@pytest.mark.parametrize("n", [10, 1000, N])
def test_a_scalar_of_another_class_has_its_word(n: int, threads: tm.Pool) -> None:
    a = np.ones(n)
    add = tm.parallel(np.add)
    for k in Unit(3), Number(3), Plain(3), np.array(3.0).view(Length), np.ma.array(3.0), np.str_("a"):
        for options in {}, {"pool": threads}:
            for args in [a, k], [k, a]:
                assert_same_call(add, np.add, lambda args=args: (args, {}), repr(k), **options)


# ---- what asks for dtypes in ways that only NumPy knows ----------------------------------------------------

F8 = type(np.dtype("f8"))
ASKED: list[dict[str, Any]] = [
    {"signature": (F8, F8, None)},
    {"sig": (F8, F8, F8)},
    {"dtype": F8},
    {"signature": (None, None, np.floating)},
    {"signature": (np.dtype("f4"), None, None)},
    {"signature": ("f4", "f4", "f4")},
    {"signature": (float, float, float)},
    {"signature": [None, None, None]},
    {"signature": ()},
    {"signature": {}},
    {"casting": "equiv"},
    {"casting": "no"},
    {"casting": ["safe"]},
    {"dtype": []},
    {"dtype": ">f8"},
    {"dtype": np.dtype(">f8")},
    {"dtype": [("a", "f8")]},
]


@pytest.mark.parametrize("options", ASKED, ids=str)
def test_whatever_names_a_dtype(options: dict[str, Any], threads: tm.Pool) -> None:
    for args in [np.arange(2000), np.arange(2000)], [np.arange(2000.0), 2], [2, np.arange(2000.0)]:
        for pool in {"pool": threads}, {}:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert_same_call(
                    tm.parallel(np.add), np.add, lambda args=args: (args, options), str(options), **pool
                )


# ---- conversions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (1000,), (9001,), (3, 1000), (1, 9001)])
def test_conversions_are_reported_as_numpy_reports_them(shape: tuple[int, ...], threads: tm.Pool) -> None:
    """Of small operands they are reported as "cast"; comparisons take down the flags of large ones."""
    quiet = np.full(shape, 1.5, "f4")
    signalling = np.array(0x7FA00000, "u4").view("f4")
    loud = quiet.copy()
    loud[...] = signalling
    large = np.full(shape, 1e300)
    with np.errstate(all="warn"):
        for ufunc in np.add, np.less, np.equal, np.arctan2:
            for a, dtype in (loud, "f8"), (quiet, "f8"), (large, "f4"):
                b = np.ones((3, *shape[-1:]) if shape else (9001,), dtype)
                assert_same_call(
                    tm.parallel(ufunc),
                    ufunc,
                    lambda a=a, b=b: ([a, b], {"casting": "same_kind"}),
                    f"{ufunc.__name__} {shape}",
                    pool=threads,
                )
                assert_same_call(
                    tm.parallel(ufunc),
                    ufunc,
                    lambda a=a, b=b: (
                        [a, b],
                        {"casting": "unsafe", "signature": (np.dtype("f4"),) * 2 + (None,)},
                    ),
                    f"{ufunc.__name__} {shape}",
                    pool=threads,
                )


# ---- what is kept, and what is not -------------------------------------------------------------------------


class Table:
    pass


def test_no_ufunc_outlives_what_parallel_made_of_it() -> None:
    def use(trust: bool) -> "weakref.ref[Table]":
        table = Table()
        ufunc = np.frompyfunc(lambda a: (table, a)[1], 1, 1)
        ours = tm.parallel(ufunc, trust=trust)
        assert tm.parallel(ufunc) is ours
        ours(np.ones(10))
        ours(np.ones(N))
        ours.explain(np.ones(N))
        return weakref.ref(table)

    tables = [use(k % 2 == 0) for k in range(20)]
    gc.collect()
    assert [table() for table in tables] == [None] * 20


def test_a_numpy_ufunc_keeps_its_plans() -> None:
    made = weakref.ref(tm.parallel(np.arctanh))
    gc.collect()
    assert made() is tm.parallel(np.arctanh)


def test_many_dtypes_do_not_stay(threads: tm.Pool) -> None:
    ours = ufuncs.ParallelUfunc(np.add, False)
    for k in range(1, 1200):
        times = np.arange(9).astype(f"m8[{k}s]")
        ours(times, times, pool=threads)
        ours.reduce(np.ones((2, k), "i4"), pool=threads)
        ours.reduce(np.ones(2, f"m8[{k}s]"), pool=threads)
        marked = np.ones(9).view(np.dtype("f8", metadata={"k": k}))
        ours(marked, marked, pool=threads)
    assert len(ours._loops) <= 512
    assert len(ours._plans) <= 512
    assert len(ours._reducer._plans) <= 512


def test_a_full_cache_is_emptied_and_never_disturbs_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_MOST", 3)
    cache: Cache[int, int] = Cache()
    assert [cache.put(k, -k) for k in range(3)] == [0, -1, -2]
    assert (len(cache), cache.get(1), cache.get(7)) == (3, -1, None)
    assert cache.put(3, -3) == -3
    assert (len(cache), cache.get(1), cache.get(3)) == (1, None, -3)


def test_a_cache_that_is_emptied_between_look_and_read_raises_nothing(threads: tm.Pool) -> None:
    """The dictionary is emptied by another thread wherever it is looked at."""

    class Emptied(Cache[Any, Any]):
        def __contains__(self, key: Any) -> bool:
            found = super().__contains__(key)
            self.clear()
            return found

        def get(self, key: Any, default: Any = None) -> Any:
            found = super().get(key, default)
            self.clear()
            return found

    ours = ufuncs.ParallelUfunc(np.add, False)
    vecdot = ufuncs.ParallelUfunc(np.vecdot, False)
    reducer = ours._reducer
    ours._loops, ours._plans, reducer._loops, reducer._plans, vecdot._loops = (Emptied() for _ in range(5))
    a = np.ones((30, 40))
    for _ in range(3):
        assert ours.reduce(a, 0, pool=threads).tolist() == [30.0] * 40
        assert ours(a, a, pool=threads).tolist() == [[2.0] * 40] * 30
        assert vecdot(a, a, pool=threads).tolist() == [40.0] * 30


def test_threads_that_fill_caches_at_once_get_their_answers(
    threads: tm.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ufuncs.ParallelUfunc(np.add, False)
    monkeypatch.setattr(caches, "_MOST", 2)
    wrong: list[Any] = []

    def call(k: int) -> None:
        rng = np.random.default_rng(k)
        for _ in range(200):
            a = np.ones(rng.integers(2, 9, 2), "bBhHiIlLqQfd"[rng.integers(12)])
            if ours.reduce(a, 0, pool=threads).tolist() != [a.shape[0]] * a.shape[1]:
                wrong.append(a)
            if ours(a, a, pool=threads).tolist() != (a + a).tolist():
                wrong.append(a)

    run_at_once(call, 4)
    assert not wrong


# ---- trust, methods ----------------------------------------------------------------------------------------


def test_trust_travels_with_a_pickle(threads: tm.Pool) -> None:
    special = pytest.importorskip("scipy.special")
    trusted = tm.parallel(special.expit, trust=True)
    script = (
        "import pickle, sys, numpy as np\n"
        "ours = pickle.load(sys.stdin.buffer)\n"
        "print(ours.explain(np.ones(10**6)).parallel)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(trusted), capture_output=True, timeout=100
    )
    assert done.stdout == b"True\n", done.stderr
    assert not pickle.loads(pickle.dumps(tm.parallel(special.exp10)))._trusted


def test_outer_asks_foreign_classes_for_outer(threads: tm.Pool) -> None:
    class Word(np.ndarray):
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> str:
            return f"{method} of shapes {[each.shape for each in inputs]}"

    a, out = np.ones(300), np.ones((300, 300)).view(Word)
    for options in {}, {"pool": threads}:
        told = tm.parallel(np.add).outer(a, a, out=out, **options)
        assert told == np.add.outer(a, a, out=out) == "outer of shapes [(300,), (300,)]"


def test_outer_of_a_ufunc_of_one_operand_is_numpys_error(threads: tm.Pool) -> None:
    for ufunc in np.negative, np.modf, np.vecdot:
        args = [np.ones(3), np.zeros((3, 3))]
        assert_same_call(
            tm.parallel(ufunc).outer, ufunc.outer, lambda args=args: (args, {}), "outer", pool=threads
        )


def test_at_returns_what_a_foreign_class_returns(threads: tm.Pool) -> None:
    class Word(np.ndarray):
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> str:
            return method

    assert tm.parallel(np.add).at(np.ones(3).view(Word), [0], 1, pool=threads) == "at"


def test_outer_of_two_nans_is_numpys(threads: tm.Pool) -> None:
    """Which of two different NaNs comes out, NumPy alone knows; the call is then its own."""
    a = np.full(64, np.nan) + 0j
    b = np.frombuffer(np.array([0x7FF8000000000123, 0], np.uint64).tobytes(), complex)
    assert_same_call(
        tm.parallel(np.add).outer, np.add.outer, lambda: ([a, np.repeat(b, 40)], {}), "outer", pool=threads
    )


@pytest.mark.parametrize("n", [64, 2048, 20_000])
def test_converted_operands_that_run_backwards(
    n: int, threads: tm.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy converts a small one before it begins; then the others are turned around, or not."""
    lower_thresholds(monkeypatch.setattr)
    numbers = (np.arange(n) % 19 - 9).astype("h")
    for a in numbers, numbers[::-1], np.repeat(numbers, 2)[::-2]:
        for step in 1, -1, -2, 2:
            assert_same_call(
                tm.parallel(np.arctan),
                np.arctan,
                lambda a=a, step=step: ([a], {"out": np.ones(abs(step) * n, "f")[::step]}),
                f"step {step}",
                pool=threads,
            )


def test_times_divided_by_one_converted_zero(threads: tm.Pool) -> None:
    """NumPy's loop reports it where one divisor stands for all, and not where a buffer holds many of it."""
    times = np.arange(4096).astype("m8[us]")
    for a in times, times.reshape(2048, 2), np.repeat(times, 2).reshape(2048, 4)[:, ::2]:
        for b in np.zeros((1,) * a.ndim, "B"), np.zeros((1,) * a.ndim, "q"), np.zeros((), "B"):
            for ufunc in np.divide, np.floor_divide:
                with np.errstate(all="warn"):
                    assert_same_call(
                        tm.parallel(ufunc), ufunc, lambda a=a, b=b: ([a, b], {}), repr(b), pool=threads
                    )


def test_what_a_mask_leaves_out_is_converted_too(threads: tm.Pool) -> None:
    """A signalling NaN is reported wherever it is."""
    for n in 1500, 20_000:
        for masked in "none", "others", "all":
            b = raising("signalling", "f", n)
            where = np.full(n, masked == "all")
            where[1:] |= masked == "others"
            for ufunc in np.add, np.less, np.fmax:
                out = np.zeros(n, "?" if ufunc is np.less else "d")
                options = {"out": out, "where": where}
                with np.errstate(all="warn"):
                    for a, c in (np.ones(n, "d"), b), (np.ones(n, "D"), b.astype("F")):
                        if ufunc is np.less or a.dtype == "d":
                            assert_same_call(
                                tm.parallel(ufunc),
                                ufunc,
                                lambda a=a, c=c, options=options: ([a, c], options),
                                f"{ufunc} {masked}",
                                pool=threads,
                            )


@pytest.mark.parametrize("char", "fdFD")
@pytest.mark.parametrize("columns", [5, 300, 9000])
def test_rows_to_the_power_of_numbers_of_their_own(
    columns: int, char: str, threads: tm.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NumPy squares where the exponent of a whole row is 2, unless its buffer holds several rows."""
    lower_thresholds(monkeypatch.setattr)
    rows = 20_000 // columns + 1
    a = abs(random_values(char, rows * columns).reshape(rows, columns)).astype(char)
    for b in np.full((rows, 1), 2), np.full((rows, columns), 2)[:, :1], np.full((1, columns), 2):
        for each in a, np.repeat(a, 2, 1)[:, ::2]:
            for ufunc in np.power, np.float_power:
                if ufunc is np.power or char in "dD":
                    assert_same_call(
                        tm.parallel(ufunc),
                        ufunc,
                        lambda each=each, b=b: ([each, b.astype(char)], {}),
                        f"{columns}",
                        pool=threads,
                    )
