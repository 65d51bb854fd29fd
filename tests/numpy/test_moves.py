"""Functions of the namespace that move elements, against NumPy: every dtype, layout and way to call."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import DTYPES, LAYOUTS, Array, extremes, random_values
from kit.comparison import assert_same_call, difference
from kit.thresholds import OUR_FUNCTIONS

import threadmill as tm
from threadmill.arrays import moves, spaces
from threadmill.numpy import joins as room_of_joins

DATES = ["M8[s]", "m8[ms]"]
SOME = ["?", "b", "H", "i", "q", "e", "f", "d", "g", "F", "D", "G", *DATES]

pytestmark = [
    pytest.mark.usefixtures("every_size_in_c"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


@pytest.fixture(scope="module", params=[1, 2, 3, 7])
def pool(request: pytest.FixtureRequest) -> Iterator[tm.Pool]:
    with tm.Pool(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def three() -> Iterator[tm.Pool]:
    with tm.Pool(3) as made:
        yield made


def values(dtype: str, n: int = 3001) -> Array:
    """Numbers of all kinds; floating-point ones with NaNs of several payloads, and zeros of both signs."""
    if dtype[0] in "mM":
        x = random_values("q", n)
        x[::11] = np.iinfo("q").min  # not a time
        return x.view(dtype)
    x = random_values(dtype, n).copy()
    if np.dtype(dtype).kind in "fc":
        x[::7] = extremes(dtype, len(x[::7]))
        if dtype in "efd":
            bits = x.view(f"u{x.itemsize}")
            quiet = np.array(np.nan, dtype).view(bits.dtype)
            bits[5::13] = quiet | np.arange(len(bits[5::13]), dtype=bits.dtype) % 7
    return x


Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def check(pool: tm.Pool, name: str, make: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    with np.printoptions(threshold=5):  # in what a failure tells
        assert_same_call(ours, numpys, make, name, False, pool=pool)


def check_parallel(pool: tm.Pool, name: str, *args: Any, **options: Any) -> None:
    """The same, of a call that our threads make."""
    explained = getattr(tm.numpy, name).explain(*args, pool=pool, **options)
    assert explained.parallel, explained
    check(pool, name, lambda: (args, options))


# ---- copies ----


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", SOME)
def test_copies_of_every_layout(three: tm.Pool, dtype: str, layout: str) -> None:
    x = LAYOUTS[layout](values(dtype))
    for order in "KACF":
        check(three, "copy", lambda order=order: ((x, order), {}))
    for name in "ascontiguousarray", "asfortranarray", "ones_like", "zeros_like":
        check(three, name, lambda: ((x,), {}))
    check(three, "astype", lambda: ((x, x.dtype), {}))
    check(three, "astype", lambda: ((x, x.dtype), {"copy": False}))


@pytest.mark.parametrize("dtype", DTYPES)
def test_conversions(three: tm.Pool, dtype: str) -> None:
    for target, layout in itertools.product(
        DTYPES, ["contiguous", "strided", "fortran", "sliced", "unit_axes"]
    ):
        x = LAYOUTS[layout](values(dtype, 601))
        check(three, "astype", lambda x=x, target=target: ((x, target), {}))
        check(three, "asfortranarray", lambda x=x, target=target: ((x, target), {}))


def test_an_array_without_axes_gets_one(three: tm.Pool) -> None:
    for name in "ascontiguousarray", "asfortranarray":
        for target in None, "i", "d":
            check(three, name, lambda target=target: ((np.array(3),), {"dtype": target}))


@pytest.mark.parametrize("error", ["warn", "raise", "ignore", "call", "log"])
def test_errors_of_conversions(three: tm.Pool, error: Any) -> None:
    class Log:
        def write(self, text: str) -> None:
            told.append(text)

        def __call__(self, *what: Any) -> None:
            told.append(what)

    told: list[Any] = []
    x = np.full(1000, 1e300)
    before = np.seterrcall(Log())
    try:
        with np.errstate(all=error):
            check_parallel(three, "astype", x, np.float32)
    finally:
        np.seterrcall(before)
    assert len(told) == (2 if error in ("call", "log") else 0)
    assert told[: len(told) // 2] == told[len(told) // 2 :]


@pytest.mark.parametrize(
    "shape", [(1, 1), (33, 65), (7, 1000), (1000, 7), (3, 32, 64), (2, 9, 33, 5), (129, 127)]
)
@pytest.mark.parametrize("dtype", ["b", "h", "f", "d", "D", "G"])
def test_copies_along_other_axes(pool: tm.Pool, dtype: str, shape: tuple[int, ...]) -> None:
    x = np.resize(values(dtype), shape)
    for axes in itertools.permutations(range(len(shape))):
        y = x.transpose(axes)
        for view in (y, y[::-1], y[..., ::-1], y[..., ::2], y[::3]):
            check(pool, "ascontiguousarray", lambda view=view: ((view,), {}))
            check(pool, "copy", lambda view=view: ((view, "F"), {}))


SOURCES: dict[str, Callable[[Array], Any]] = {
    "same": lambda x: x[::-1].copy(),
    "row": lambda x: x[0].copy(),
    "column": lambda x: x[:, :1].copy(),
    "scalar": lambda x: x[1, 1],
    "number": lambda _: 3,
    "float": lambda _: 2.5,
    "reversed": lambda x: x.copy()[::-1, ::-1],
    "fortran": lambda x: np.asfortranarray(x[::-1]),
    "wider": lambda x: np.stack((x, x)),
    "list": lambda x: x[0].tolist(),
    "shifted": lambda x: x[1:],
    "itself": lambda x: x,
    "its_transpose": lambda x: x.T,
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("dtype", ["?", "b", "f", "d", "D", "M8[s]"])
def test_copyto(three: tm.Pool, dtype: str, source: str) -> None:
    def make(view: Callable[[Array], Array], **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        x = np.resize(values(dtype), (63, 63)).copy()
        return (view(x), SOURCES[source](x)), options

    mask = random_values("?", 63)
    masks = [True, False, mask, np.outer(mask, mask), mask.astype("i"), mask[:5], np.bool(True)]
    views: list[Callable[[Array], Array]] = [
        lambda x: x,
        lambda x: x.T,
        lambda x: x[::2],
        lambda x: x[:, ::-1],
    ]
    for view, where in itertools.product(views, masks):
        check(three, "copyto", lambda view=view, where=where: make(view, where=where))
    for casting in "no", "equiv", "safe", "same_kind", "unsafe", "wrong", None:
        check(three, "copyto", lambda casting=casting: make(lambda x: x, casting=casting))


@pytest.mark.parametrize("target", DTYPES)
def test_copyto_another_dtype(three: tm.Pool, target: str) -> None:
    for dtype in DTYPES:
        for where in True, random_values("?", 601):
            check(
                three,
                "copyto",
                lambda dtype=dtype, where=where: (
                    (np.zeros(601, target), values(dtype, 601)),
                    {"casting": "unsafe", "where": where},
                ),
            )


def test_masked_elements_alone_are_written() -> None:
    """Two threads may each write the elements of their own mask."""
    with tm.Pool(2) as pool:
        mask = np.arange(1 << 16) % 2 == 0
        out = np.zeros(mask.size)
        for _ in range(20):
            out[:] = 0
            futures = [
                pool.submit(tm.numpy.copyto, out, float(k + 1), where=each, pool=pool)
                for k, each in enumerate((mask, ~mask))
            ]
            for future in futures:
                future.result(60)
            assert (out == np.where(mask, 1.0, 2.0)).all()


# ---- fills ----

FILLS: list[Any] = [
    0,
    1,
    -1,
    2.5,
    np.nan,
    300,
    10**30,
    True,
    1j,
    np.float32(0.1),
    np.int8(5),
    -0.0,
    "a",
    None,
]


@pytest.mark.parametrize("dtype", [None, *DTYPES, "M8[s]", ">f8", "S3", object, float, "nonsense"])
def test_fills(three: tm.Pool, dtype: Any) -> None:
    for shape, order in itertools.product(
        [0, 1000, (37, 41), (3, 0), [5, 7], (-1,), 2.5, ()], ["C", "F", "K"]
    ):
        check(three, "ones", lambda shape=shape, order=order: ((shape, dtype, order), {}))
        check(three, "full", lambda shape=shape, order=order: ((shape, 3, dtype, order), {}))
    for value in FILLS:
        check(three, "full", lambda value=value: ((1000, value), {"dtype": dtype}))
        check(three, "full_like", lambda value=value: ((np.ones((20, 30)).T, value), {"dtype": dtype}))
        check(three, "full_like", lambda value=value: ((np.ones(9, "i2"), value, dtype), {"shape": (5, 5)}))
    for name in "ones_like", "zeros_like":
        check(three, name, lambda: ((np.ones((20, 30, 4)).transpose(1, 0, 2), dtype), {}))


# ---- joins ----


def joins(x: Array, y: Array) -> Iterator[Call]:
    for axis in (0, 1, -1, 2, None):
        yield "concatenate", ((x, y), axis), {}
        yield "stack", ([x, y, x], axis), {}
        yield "roll", (x, 5, axis), {}
        yield "repeat", (x, 3, axis), {}
    for name in "vstack", "hstack", "dstack", "column_stack":
        yield name, ((x, y),), {}
        yield name, ([x],), {}
    for shift in 0, -3, 10**6, 2.5, (1, 2), np.int64(3):
        yield "roll", (x, shift), {}
        yield "roll", (x, shift, 0), {}
    for repeats in 0, 1, 2, 9, [2], -1, np.arange(x.size) % 3, 1.5:
        yield "repeat", (x, repeats), {}
        yield "repeat", (x, repeats, 0), {}
    for reps in 0, 1, 3, (2, 3), (1, 1), (2, 1, 3), [2], (), -1, 2.0, (2, 0):
        yield "tile", (x, reps), {}
    for dtype in "f", "d", "i", "D", "?":
        yield "concatenate", ((x, y),), {"dtype": dtype}
        yield "concatenate", ((x, y),), {"dtype": dtype, "casting": "unsafe"}
        yield "stack", ((x, x),), {"dtype": dtype, "casting": "unsafe"}
    yield "concatenate", (x,), {}
    yield "concatenate", ((),), {}
    if x.ndim:
        yield "concatenate", ((x, x[..., :1]), -1), {}
        yield "stack", ((x, x[:1]),), {}
    yield "concatenate", ((x, y.tolist()),), {}


@pytest.mark.parametrize("layout", [*LAYOUTS])
@pytest.mark.parametrize("dtypes", ["dd", "bb", "fd", "?G", "DD", "ee", "ed", "iI"])
def test_joins(three: tm.Pool, dtypes: str, layout: str) -> None:
    x, y = (LAYOUTS[layout](values(dtype, 331)) for dtype in dtypes)
    for name, args, options in joins(x, y):
        check(three, name, lambda args=args, options=options: (args, options))


def outs(dtype: str, order: Any) -> list[Callable[[], Array]]:
    return [
        lambda: np.zeros((80, 30), dtype, order),
        lambda: np.zeros((80, 60), dtype, order)[:, ::2],
        lambda: np.zeros((80, 30), dtype, order)[::-1],
        lambda: np.zeros((80, 31), dtype, order),
        lambda: np.zeros((80, 30), ">f8"),
        lambda: np.broadcast_to(np.zeros(30, dtype), (80, 30)),
    ]


def test_joins_into_out(three: tm.Pool) -> None:
    x = np.resize(values("d"), (40, 30))
    for dtype, order, casting in itertools.product("dfiD", "CF", ["same_kind", "unsafe"]):
        for out in outs(dtype, order):
            options = {"casting": casting}
            check(
                three, "concatenate", lambda out=out, options=options: (((x, x),), {"out": out(), **options})
            )
    check(three, "concatenate", lambda: (((x, x), True), {}))
    pair = np.zeros((80, 30))
    check(three, "concatenate", lambda: (((pair[40:], pair[:40]),), {"out": pair}))


# ---- choices ----


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", SOME)
def test_where(three: tm.Pool, dtype: str, layout: str) -> None:
    condition, x, y = (LAYOUTS[layout](values(each)) for each in ("?", dtype, dtype))
    y = y[..., ::-1] if y.ndim else y
    for args in (
        (condition, x, y),
        (condition, x, x.reshape(-1)[:1]),
        (condition, x.reshape(-1)[-1] if x.size else x, y),
        (x, x, y),
        (condition.reshape(-1)[:1], x, y[..., ::2] if y.ndim else y),
        (condition, x[..., :1] if x.ndim else x, y[:1] if y.ndim else y),
        (condition.reshape(-1)[:1], x, y),
        (condition, x),
        (condition.tolist() if condition.size < 9999 else condition, x, y),
    ):
        check(three, "where", lambda args=args: (args, {}))


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_of_two_dtypes_and_numbers(three: tm.Pool, dtype: str) -> None:
    condition, x = random_values("?", 1001), values(dtype, 1001)
    for other in DTYPES:
        check(three, "where", lambda other=other: ((condition, x, values(other, 1001)), {}))
    for number in 0, 1, -1, 300, 2**70, 0.5, np.nan, 1e300, 1j, True, np.float32(0.1), np.int64(7), "a", None:
        check(three, "where", lambda number=number: ((condition, x, number), {}))
        check(three, "where", lambda number=number: ((condition, number, number), {}))
    for each in DTYPES:
        check(three, "where", lambda each=each: ((values(each, 1001), x, 0), {}))


@pytest.mark.parametrize("n", [0, 1, 7, 1023, 1024, 1025, 4096, 65537, 300_007])
@pytest.mark.usefixtures("quiet")
def test_where_of_every_size(pool: tm.Pool, n: int) -> None:
    condition, x, y = random_values("?", n), random_values("d", n), random_values("d", n, 1)
    for dtype in "bhfd":
        a, b = ((each * 50).astype("b").astype(dtype) for each in (x, y))
        check(pool, "where", lambda a=a, b=b: ((condition, a, b), {}))
    if n > 1:
        check_parallel(pool, "where", condition, x, y)
        check_parallel(pool, "where", condition, x, 0.0)


def test_conditions_that_are_neither_0_nor_1(three: tm.Pool) -> None:
    condition = (np.arange(1000) % 5 * 50).astype("B").view("?")
    x = np.arange(1000.0)
    check_parallel(three, "where", condition, x, -x)


@pytest.mark.parametrize("dtype", ["?", "b", "f", "d", "D", "e"])
@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore")
def test_select(three: tm.Pool, dtype: str) -> None:
    x = np.resize(values(dtype), (40, 50))
    masks = [random_values("?", 2000, k).reshape(40, 50) for k in range(9)]
    calls: list[tuple[Any, ...]] = [
        *(([*masks[:k]], [np.roll(x, j) for j in range(k)]) for k in range(1, 10)),
        (masks[:2], [x, x.T.copy().T], 1.5),
        (masks[:2], [1, x], x[0, 0]),
        (masks[:2], [1, 2], 3),
        (masks[:2], [x.astype("Q"), 1], 3),
        (masks[:2], [x.astype("B"), x.astype("B")], 3),
        (masks[:2], [2.5, x], 3),
        (masks[:2], [x[0], x], 3),
        (masks[:2], [x, x.astype("f")], 0),
        (masks[:1], [x, x]),
        ([masks[0].astype("i")], [x]),
        ([np.True_], [x]),
        ([masks[0][0]], [x]),
        (masks[:2], [x, "a"]),
        ([], []),
        (tuple(masks[:2]), (x, x), [3]),
    ]
    for args in calls:
        check(three, "select", lambda args=args: (args, {}))


# ---- what runs on our threads ----


def test_these_calls_run_on_our_threads(three: tm.Pool) -> None:
    x = random_values("d", 3000).reshape(50, 60)
    check_parallel(three, "astype", x, "f")
    check_parallel(three, "copy", x.T, "C")
    check_parallel(three, "ascontiguousarray", x[:, ::-1])
    check_parallel(three, "asfortranarray", x)
    check_parallel(three, "concatenate", (x, x), 1)
    check_parallel(three, "stack", (x, x), 2)
    check_parallel(three, "roll", x, 3, 1)
    check_parallel(three, "repeat", x, 3)
    check_parallel(three, "tile", x, (2, 2))
    check_parallel(three, "full", (50, 60), 1.0)
    check_parallel(three, "select", [x > 0], [x])
    check_parallel(three, "copyto", x.copy(), x)


def test_small_calls_are_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in OUR_FUNCTIONS:
        monkeypatch.setattr(function, "least", 1 << 10)
    x = np.ones(10)
    for name, args in (
        ("where", (x > 0, x, x)),
        ("copy", (x,)),
        ("concatenate", ((x, x),)),
        ("full", (10, 1.0)),
        ("full", (10**6, "a")),
        ("concatenate", (3,)),
        ("take", (x, [1])),
    ):
        explained = getattr(tm.numpy, name).explain(*args)
        assert not explained.parallel, name


def test_large_calls_that_gain_nothing_are_not_called_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_of_joins, "_FEW", 1 << 20)  # the machine has few cores
    monkeypatch.setattr(tm.numpy.concatenate, "least", 1 << 25)
    x = np.empty(1 << 22)  # 32 MiB that nobody touches
    assert "gained" in str(tm.numpy.concatenate.explain((x, x)))
    assert "fewer" in str(tm.numpy.concatenate.explain((x[:99], x[:99])))


def test_a_pool_that_is_shut_down() -> None:
    pool = tm.Pool(2)
    pool.shutdown()
    x = np.ones(1000)
    for name, args in (
        ("where", (x > 0, x, x)),
        ("copy", (x,)),
        ("take", (x, np.arange(9))),
        ("nonzero", (x,)),
    ):
        with pytest.raises(RuntimeError):
            getattr(tm.numpy, name)(*args, pool=pool)


def test_arrays_that_are_numpys() -> None:
    with tm.Pool(2) as pool:
        for x in (
            np.ma.masked_less(np.arange(100.0), 5),
            np.arange(100.0).view(np.recarray),
            np.array(["a", "b"] * 50),
            np.array([1, None] * 50, object),
            np.arange(100.0).tolist(),
        ):
            for name, args in (
                ("copy", (x,)),
                ("where", (x, x, x)),
                ("concatenate", ((x, x),)),
                ("take", (x, np.arange(3))),
            ):
                assert not getattr(tm.numpy, name).explain(*args, pool=pool).parallel
                ours, numpys = (getattr(home, name)(*args) for home in (tm.numpy, np))
                assert difference(ours, numpys) is None or repr(ours) == repr(numpys)


@pytest.mark.parametrize("item", ["i1", "i4", "D"])
@pytest.mark.parametrize("count", [2, 8, 16, 100])
def test_a_tall_table_is_cut_along_its_long_axis(
    item: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the target's elements lie side by side along it, and chunks have whole lines of them."""
    chunks: list[int] = []
    rows: list[int] = []
    run = spaces.Space.run

    def noted(self: Any, pool: Any, program: Any, arrays: Any, split: int, grain: int) -> int:
        chunks.append(-(-self.shape[split] // grain))
        rows[:] = self.shape[-1:]
        return run(self, pool, program, arrays, split, grain)

    monkeypatch.setattr(spaces.Space, "run", noted)
    length = 2_000_000 // count
    x = np.arange(length * count).astype(item).reshape(length, count)
    gaps = np.resize(x, (length, 2 * count))[:, ::2]
    columns = np.zeros((length + 5, count), item, "F")[:length]  # with gaps between them
    for source in x, x[::-1], x[:, ::-1], gaps, np.asfortranarray(x):
        for target in columns, np.zeros((length, count), item, "F"), np.zeros((length, count), item):
            for turned in False, True:
                chunks.clear()
                moves.copy(tm.default_pool()._handle, *((source.T, target.T) if turned else (source, target)))
                np.testing.assert_array_equal(source, target)
                assert min(chunks) > 8
                if source.flags.f_contiguous and target is columns:
                    assert rows == [length]  # which no loop is told as a core
