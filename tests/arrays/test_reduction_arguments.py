"""Reductions with every value of every argument, by position and by keyword."""

import enum
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.arrays import Array, random_values
from kit.comparison import assert_same_call, difference
from kit.marks import only_in_a_sweep
from kit.thresholds import lower_thresholds
from kit.ufuncs import values

import threadmill as tm

pytestmark = pytest.mark.usefixtures("all_errors_warn")

NV: Any = np._NoValue
SHAPE = 3, 70, 66


class Index:
    def __index__(self) -> int:
        return 1


class Names(enum.IntEnum):
    rows = 0


class HasDtype:
    dtype = np.dtype("f4", metadata={"unit": "m"})


class Sub(np.ndarray):
    pass


class Half(float):
    pass


def read_only(x: Array) -> Array:
    x.flags.writeable = False
    return x


ENUM = np.dtype("f8", metadata={"unit": "m"})

# What an argument may be; functions make what may be written to.
VALUES: dict[str, list[Any]] = {
    "axis": [
        *(None, 0, 1, -1, -3, 3, 7, True, False, 1.0, "x", NV, ..., 2**70),
        *((), (0,), (0, 1), (2, -3), (0, 0), (0, -3), (True,), (0, 9), (0, 1.0), (None,), [0, 1], [0]),
        *(np.int8(1), np.uint64(2), np.True_, Names.rows, Index(), (np.int8(0), 1), (Index(), 0)),
        lambda: np.array(1),
        lambda: np.array([0, 1]),
    ],
    "dtype": [
        *(
            None,
            "d",
            "f4",
            "float64",
            "?",
            "O",
            "l",
            "<f8",
            ">f8",
            "D",
            "S3",
            "nonsense",
            "f8,i4",
            NV,
            3,
            ...,
        ),
        *(float, bool, complex, int, object, np.float32, np.int8, np.longlong, HasDtype, HasDtype(), ENUM),
        *(np.dtypes.Float32DType, np.dtypes.Int8DType()),
        *(np.dtype("f4"), np.dtype("m8[s]"), np.dtype("M8[D]"), np.dtype(">i4"), np.dtype("S3")),
    ],
    "out": [
        *(None, ..., NV, (), 0, "x", [1.0], (None,), (None, None)),
        # No objects: NumPy itself loses references where it converts to them.
        *(
            lambda kind=kind: np.ones((70, 66), kind)
            for kind in ("d", "f", "l", "?", "D", "m8[s]", ENUM, ">f8")
        ),
        lambda: np.ones((66, 70)).T,
        lambda: np.ones((1, 70, 66)),
        lambda: np.ones((3, 70)),
        lambda: np.array(1.0),
        lambda: (np.ones((70, 66)),),
        lambda: read_only(np.ones((70, 66))),
        lambda: np.ones((70, 66)).view(Sub),
        lambda: np.ma.zeros((70, 66)),
    ],
    "keepdims": [
        *(True, False, 0, 1, 2, 2**70, 1.0, None, "yes", NV, np.True_, np.int8(1), ..., Index()),
        lambda: np.array(True),
    ],
    "initial": [
        *(NV, 0, 1, -3, 2.5, 2**70, 1e300, True, 1j, None, "1", ..., np.nan, -0.0, Half(2), [1], np.True_),
        *(
            np.int8(7),
            np.float32(2),
            np.longdouble(3),
            np.complex64(1),
            np.timedelta64(3, "s"),
            np.float64(1e300),
        ),
        lambda: np.array(3.0),
        lambda: np.ones(2),
        lambda: np.array(2, object),
    ],
    "where": [
        *(True, False, None, 1, 0, "yes", NV, ..., np.True_, np.False_),
        lambda: values("?", 70 * 66, 3).reshape(70, 66),
        lambda: values("?", 3 * 70 * 66, 3).reshape(SHAPE).tolist(),
        lambda: values("?", 66, 3).view(Sub),
        lambda: np.ma.masked_array(values("?", 66, 3), values("?", 66, 4)),
        lambda: np.ones(66, "i"),
        lambda: np.ones(5, "?"),
        lambda: np.array(True),
        lambda: np.array(True, object),
    ],
}


def made(value: Any) -> Any:
    return value() if inspect.isfunction(value) else value


def _of_reduce(ufunc: np.ufunc) -> tuple[Any, Any]:
    return tm.parallel(ufunc).reduce, ufunc.reduce


# By name: ours, NumPy's, the names of the arguments, and whether all warnings point at the caller.
FUNCTIONS: dict[str, tuple[Any, Any, list[str], bool]] = {"tm.sum": (tm.sum, np.sum, list(VALUES), False)}
for ufunc in np.add, np.minimum, np.logical_or, np.subtract, np.bitwise_and:
    FUNCTIONS[f"{ufunc.__name__}.reduce"] = *_of_reduce(ufunc), list(VALUES), True
for name in "sum", "prod", "min", "max", "any", "all", "mean":
    names = list(inspect.signature(getattr(np, name)).parameters)[1:]
    FUNCTIONS[name] = getattr(tm.numpy, name), getattr(np, name), names, False
POSITIONAL = {"any": 3, "all": 3, "mean": 4}  # how many may be given by position

ARRAYS: dict[str, Callable[[], Any]] = {
    **{char: lambda char=char: values(char, 3 * 70 * 66).reshape(SHAPE) for char in "?bldFem"},
    "metadata": lambda: values("d", 3 * 70 * 66).reshape(SHAPE).view(ENUM),
    "object": lambda: values("b", 3 * 70 * 66).reshape(SHAPE).astype(object),
    "swapped": lambda: values("d", 3 * 70 * 66).reshape(SHAPE).astype(">f8"),
    "fortran": lambda: np.asfortranarray(values("d", 3 * 70 * 66).reshape(SHAPE)),
    "read-only": lambda: read_only(values("d", 3 * 70 * 66).reshape(SHAPE)),
    "masked": lambda: np.ma.masked_array(values("d", 60).reshape(3, 20), values("?", 60).reshape(3, 20)),
    "subclass": lambda: values("d", 3 * 70 * 66).reshape(SHAPE).view(Sub),
    "matrix": lambda: values("d", 60).reshape(3, 20).view(np.matrix),
    "list": lambda: values("d", 60).reshape(3, 20).tolist(),
    "no axes": lambda: np.array(3.0),
    "empty": lambda: np.ones((0, 70, 66)),
    "empty rows": lambda: np.ones((3, 0)),
    "number": lambda: 2.5,
    "scalar": lambda: np.float32(2.5),
    "none": lambda: None,
}


def check(name: str, make: Callable[[], Any], pool: tm.Pool | None) -> None:
    ours, numpys, _, places = FUNCTIONS[name]
    only_ours = {} if pool is None else {"pool": pool}
    assert_same_call(ours, numpys, make, name, places, **only_ours)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize(
    "name",
    [
        *("tm.sum", "add.reduce", "minimum.reduce", "sum", "any", "mean"),
        *map(only_in_a_sweep, ("logical_or.reduce", "subtract.reduce", "bitwise_and.reduce", "min")),
    ],
)  # prod, max and all read as others do
def test_every_value_of_every_argument(name: str, array: str, pools: list[tm.Pool]) -> None:
    if array == "none" and name == "bitwise_and.reduce" and np.lib.NumpyVersion(np.__version__) < "2.2.0":
        pytest.skip("NumPy 2.0 itself ends the process")
    names = FUNCTIONS[name][2]
    for argument in names:
        for k, value in enumerate(VALUES[argument]):

            def make(argument: str = argument, value: Any = value) -> Any:
                return [ARRAYS[array]()], {"axis": 0, argument: made(value)}

            check(name, make, [None, *pools][k % 4])


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=60)
@given(st.data())
def test_any_mixture_of_arguments(name: str, pools: list[tm.Pool], data: st.DataObject) -> None:
    names = FUNCTIONS[name][2]
    array = data.draw(st.sampled_from(["?", "l", "d", "F", "metadata", "swapped", "no axes", "subclass"]))
    # Most values are those that are known here, so that the mixture is one that threads may run.
    chosen = {
        argument: data.draw(st.integers(0, 7) | st.integers(0, len(VALUES[argument]) - 1))
        for argument in data.draw(st.lists(st.sampled_from(names), unique=True))
    }
    known = {"out": None, "dtype": None, "initial": NV, "where": True if name.endswith("reduce") else NV}
    count = data.draw(st.integers(0, POSITIONAL.get(name, len(names))))

    def make() -> Any:
        values = {key: made(VALUES[key][k]) for key, k in chosen.items()}
        defaults = {"axis": 0, "keepdims": False, **known}
        positional = [values.pop(key, defaults[key]) for key in names[:count]]
        return [ARRAYS[array](), *positional], values

    check(name, make, data.draw(st.sampled_from([None, *pools])))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_kept_axis_has_numpys_stride(
    length: int, pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one element is left after the first, and its axis has no order among the others."""
    lower_thresholds(monkeypatch.setattr)
    x = random_values("d", 2 * length * 140 * 66).reshape((2 * length, 140, 66), order="F")[::2, ::2]
    for axis in range(3):
        for ufunc in np.add, np.subtract, np.maximum:
            for y in x, x.transpose(2, 0, 1):
                assert_same_call(
                    tm.parallel(ufunc).reduce,
                    ufunc.reduce,
                    lambda y=y, axis=axis: ([y, axis], {"keepdims": True}),
                    ufunc.__name__,
                    pool=pools[-1],
                )


@pytest.mark.parametrize("dtype", "fdFDlQih")
def test_added_rows_begin_with_what_is_given(
    dtype: str, pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are added up several at once, from what is given on, also where NaNs leave them to NumPy."""
    lower_thresholds(monkeypatch.setattr)
    tame = random_values(dtype, 300 * 701).reshape(300, 701)
    broken = tame.copy()
    if tame.dtype.kind in "fc":
        broken[7], broken[9], broken[50:, 3] = np.nan, -np.nan, np.inf
    for x in tame, broken, tame.reshape(3, 100, 701), tame[:, :600].copy():
        more = {"initial": -3, "keepdims": True}, {"where": x.real > 0}
        for options in {"initial": 5}, {"initial": 0}, *more:
            for axis in 0, (0,), -2:
                assert_same_call(
                    tm.parallel(np.add).reduce,
                    np.add.reduce,
                    lambda x=x, axis=axis, options=options: ([x, axis], dict(options)),
                    f"add {axis}",
                    pool=pools[-1],
                )


def test_rows_that_numpys_buffer_takes_together(
    pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Floats over two axes that don't lie like one, and products of complex rows that run backwards."""
    lower_thresholds(monkeypatch.setattr)
    spread = random_values("f", 10 * 4 * 200).reshape((10, 4, 200), order="F")[::2, ::2, ::2]
    for x in spread, spread.astype("d"), random_values("F", 6 * 7 * 300).reshape(6, 7, 300)[..., ::-2]:
        for ufunc in np.add, np.multiply, np.maximum:
            for axis in 0, 1, 2, (0, 1), (1, 2), (0, 2):
                for options in {}, {"initial": -3}:
                    assert_same_call(
                        tm.parallel(ufunc).reduce,
                        ufunc.reduce,
                        lambda x=x, axis=axis, options=options: ([x, axis], options),
                        f"{ufunc.__name__} {axis}",
                        pool=pools[-1],
                    )


def test_what_a_mask_leaves_out(pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    """A signalling NaN is converted all the same, and `initial` stays as it is where nothing is left."""
    lower_thresholds(monkeypatch.setattr)
    x = np.ones(3000, "d")
    x.view("u8")[7] = 0x7FF0000000000001
    whole = np.arange(3000, dtype="h")
    for where in np.zeros(3000, "?"), x == 1, np.ones(3000, "?"):
        for ufunc, array, options in (
            (np.logical_and, x, {}),
            (np.logical_or, x.reshape(50, 60), {"axis": 0}),
            (np.gcd, whole, {"initial": -3}),
            (np.add, whole, {"initial": -3}),
        ):
            given = {**options, "where": where.reshape(array.shape)}
            assert_same_call(
                tm.parallel(ufunc).reduce,
                ufunc.reduce,
                lambda array=array, given=given: ([array], given),
                ufunc.__name__,
                pool=pools[-1],
            )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_out_may_overlap_the_array(name: str, pools: list[tm.Pool]) -> None:
    for cut in (lambda x: x[0], lambda x: x[1].T.copy().T, lambda x: x[:, 0], lambda x: x[2, ::-1]):

        def make(cut: Callable[[Array], Array] = cut) -> Any:
            x = np.abs(values("d", 3 * 70 * 70)).reshape(3, 70, 70)
            return [x], {"axis": 0, "out": cut(x)}

        check(name, make, pools[1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_wrong_numbers_and_names_of_arguments(name: str) -> None:
    x = np.ones((700, 700))
    for args, options in (
        ([], {}),
        ([x, 0, None, None, False, 0, True, 1], {}),
        ([x, 0], {"axis": 0}),
        ([x], {"call": 1}),
        ([x], {"self": 1}),
        ([x], {"out": None, "bogus": 1}),
    ):
        ours, numpys = FUNCTIONS[name][:2]
        with pytest.raises(TypeError) as expected:
            numpys(*args, **options)
        with pytest.raises(TypeError) as raised:
            ours(*args, **options)
        if name != "tm.sum" or args:  # whose own first argument is missing
            assert str(raised.value) == str(expected.value)


def test_the_array_may_be_named(pools: list[tm.Pool]) -> None:
    check("add.reduce", lambda: ([], {"array": values("d", 3000).reshape(3, -1)}), pools[1])
    for name in "sum", "min", "any", "mean":
        check(name, lambda: ([], {"a": values("l", 3000).reshape(3, -1), "axis": 1}), pools[1])


# ---- other classes are told what the user gave, and nothing else ------------------------------------------


class Duck:
    """Tells how NumPy called it."""

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function.__name__, args[1:], kwargs

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        return ufunc.__name__, method, args[1:], kwargs


FORMS: list[tuple[list[Any], dict[str, Any]]] = [
    ([], {}),
    ([None], {}),
    ([1], {}),
    ([], {"axis": None}),
    ([], {"axis": 2, "keepdims": False}),
    ([], {"keepdims": True}),
    ([0, None], {}),
    ([], {"out": None}),
    ([], {"where": True}),
    ([], {"where": NV}),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_classes_are_called_as_the_user_calls(name: str, pools: list[tm.Pool]) -> None:
    ours, numpys = FUNCTIONS[name][:2]
    for args, options in FORMS:
        duck = Duck()
        for pool in (None, pools[1]):
            assert ours(duck, *args, pool=pool, **options) == numpys(duck, *args, **options), (args, options)


@pytest.mark.parametrize("name", ["square", "scale"])
def test_kernels_call_other_classes_as_the_user_calls(name: str) -> None:
    duck, out = Duck(), np.ones(3)
    for args, options in (
        *(([], {}), ([None], {}), ([out], {}), ([], {"where": True})),
        *(([], {"out": out}), ([], {"out": (out,)}), ([], {"out": None})),
    ):
        if name == "square":
            assert tm.square(duck, *args, **options) == np.square(duck, *args, **options)
        else:
            numpys = np.multiply(duck, 3, *args, dtype=None, **options)
            assert tm.scale(duck, 3, *args, **options) == numpys
            x = np.ones(100_000)
            numpys = np.multiply(x, duck, *args, dtype=x.dtype.type, **options)
            ours = tm.scale(x, duck, *args, **options)
            assert (ours[:2], ours[3]) == (numpys[:2], numpys[3])


class Convertible:
    """Turns into an array, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        self.times += 1
        return np.ones((700, 700), int)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_object_is_converted_once(name: str) -> None:
    ours, numpys = FUNCTIONS[name][:2]
    mine, theirs = Convertible(), Convertible()
    assert difference(ours(mine, axis=0), numpys(theirs, axis=0)) is None
    assert mine.times == theirs.times


# ---- the caller's own context -----------------------------------------------------------------------------


@pytest.fixture
def buffer_of_1024() -> Iterator[None]:
    with np.errstate():
        np.setbufsize(1024)
        yield


@pytest.mark.usefixtures("buffer_of_1024")
@pytest.mark.parametrize("n", [5000, 70001, 300001])
def test_the_callers_buffer_size_counts(n: int, pools: list[tm.Pool]) -> None:
    x = random_values("d", n)
    misaligned = np.ndarray(x.shape, "f8", bytearray(b"\0" + x.tobytes()), 1)
    for name in "sum", "prod", "mean", "add.reduce", "tm.sum", "min":
        for make in (lambda: x, lambda: x.astype(">f8"), lambda: misaligned, lambda: x.astype("f4")):
            for pool in (None, pools[1]):
                check(name, lambda make=make: ([make()], {}), pool)
        if name != "min":
            check(name, lambda: ([x.astype("f4")], {"dtype": "d"}), pools[1])


def test_no_sum_is_none_once_the_buffer_has_another_size(pools: list[tm.Pool]) -> None:
    x = random_values("d", 1 << 18)
    for pool in pools:
        for options in ({"axis": None}, {"axis": 0}, {"axis": None, "keepdims": True}):
            for size in 8192, 16384, 8192, 1024:
                with np.errstate():
                    np.setbufsize(size)
                    for name in "add.reduce", "sum", "mean", "tm.sum":
                        check(name, lambda options=options: ([x], dict(options)), pool)


# ---- dtypes with metadata ---------------------------------------------------------------------------------


def test_metadata_stays_with_those_who_have_it(pools: list[tm.Pool]) -> None:
    """Equal dtypes, one with and one without metadata, one after the other in either order."""
    x = np.ones((1000, 500))
    for first, second in itertools.permutations((x, x.view(ENUM)), 2):
        for name in "add.reduce", "minimum.reduce", "sum", "max", "mean", "tm.sum":
            tm.parallel(np.add)._reducer._plans.clear()
            tm.parallel(np.add)._reducer._loops.clear()
            for each in first, second, first:
                for axis in 0, 1, None:
                    check(name, lambda each=each, axis=axis: ([each], {"axis": axis}), pools[1])
        for function, numpys, *more in ((tm.square, np.square), (tm.scale, np.multiply, 3.0)):
            for each in first, second, first:
                ours, expected = function(each, *more), numpys(each, *more)
                if function is tm.scale:
                    expected = numpys(each, *more, dtype=each.dtype.type)
                assert ours.dtype.metadata == expected.dtype.metadata
    for name in "add.reduce", "sum", "mean", "tm.sum":
        check(name, lambda: ([x], {"axis": 0, "dtype": ENUM}), pools[1])
        check(name, lambda: ([x], {"axis": 0, "dtype": "f8"}), pools[1])
