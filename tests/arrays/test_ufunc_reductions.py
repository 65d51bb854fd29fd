"""Reductions in parallel and by NumPy: every binary ufunc, dtype, axis and layout, and every argument."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array, laid_out
from kit.comparison import assert_same_call
from kit.marks import only_in_a_sweep
from kit.ufuncs import BINARY, values

import threadmill as tm
from threadmill._native.machine import set_simd_level, simd_level, simd_levels

DTYPES = "?bBhHiIlLqQefdgFDGmM"
N = 4100

pytestmark = pytest.mark.usefixtures("all_errors_warn")

USUAL = ("add", "subtract", "multiply", "minimum", "fmax", "bitwise_or", "logical_and", "hypot")
each_ufunc = pytest.mark.parametrize(
    "name", [name if name in USUAL else only_in_a_sweep(name) for name in BINARY]
)


def check(name: str, make: Callable[[], Any], what: str, pool: tm.Pool) -> None:
    ufunc = BINARY[name]
    assert_same_call(tm.parallel(ufunc).reduce, ufunc.reduce, make, f"{name}.reduce, {what}", pool=pool)


def box(char: str, layout: str = "C") -> Array:
    """Three axes of which each can be the one that is cut."""
    return BOXES[layout](values(char, 3 * 70 * 66).reshape(3, 70, 66))


BOXES: dict[str, Callable[[Array], Array]] = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "transposed": lambda x: x.transpose(2, 0, 1),
    "reversed": lambda x: x[:, ::-1, ::-1],
    "strided": lambda x: np.repeat(x, 2, axis=2)[:, :, ::2],
    "sliced": lambda x: x[1:, 3:, 1:-1],
    "long": lambda x: x.reshape(1, -1, 6),
    "short": lambda x: x.reshape(5, -1)[:, None],
    "broadcast": lambda x: np.broadcast_to(x[1], (3, 70, 66)),
    "swapped": lambda x: x.astype(x.dtype.newbyteorder("S")),
}


@each_ufunc
def test_every_axis(name: str, pools: list[tm.Pool]) -> None:
    for k, char in enumerate(DTYPES):
        for axis in None, 0, 1, 2, -1, (0, 1), (0, 2), (1, 2), (2, -3), (0, 1, 2), ():
            check(
                name,
                lambda char=char, axis=axis: ([box(char)], {"axis": axis}),
                f"{char}, axis {axis},",
                pools[k % 3],
            )


@each_ufunc
def test_every_layout(name: str, pools: list[tm.Pool]) -> None:
    for char in "?bLdFm":
        for k, layout in enumerate(
            ["F", "transposed", "reversed", "strided", "sliced", "long", "short", "broadcast", "swapped"]
        ):
            for axis in None, 0, 1, 2, (0, 2):
                check(
                    name,
                    lambda char=char, layout=layout, axis=axis: ([box(char, layout)], {"axis": axis}),
                    f"{char}, {layout}, axis {axis},",
                    pools[k % 3],
                )


@each_ufunc
def test_one_axis_of_any_size(name: str, pools: list[tm.Pool]) -> None:
    for char in "?hldgD":
        for k, n in enumerate([1, 2, 9, 1023, 1024, 1025, 4099, 65539]):
            for layout in ("contiguous", "gaps", "reversed") if n < 5000 else ("contiguous",):
                check(
                    name,
                    lambda char=char, n=n, layout=layout: (laid_out(layout, [values(char, n)]), {}),
                    f"{char}, {layout},",
                    pools[k % 3],
                )


@pytest.fixture(params=simd_levels())
def level(request: pytest.FixtureRequest) -> Iterator[None]:
    before = simd_level()
    set_simd_level(request.param)
    yield
    set_simd_level(before)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("char", "lLqdfFDi")
@pytest.mark.parametrize("rows", [2, 7, 8, 9, 26])
def test_rows_are_added_in_their_order(char: str, rows: int, pools: list[tm.Pool]) -> None:
    add = tm.parallel(np.add)
    for k, (outer, columns) in enumerate(itertools.product((1, 3, 70), (2, 3, 4, 5, 15, 16, 17, 33, 129))):
        x = values(char, outer * rows * columns, k).reshape(outer, rows, columns)
        if k % 3:  # sums that no NaN decides, whose last bits show the order
            x[~(abs(x) < 1e9)] = 0.1
        add._reducer._plans.clear()
        add._reducer._loops.clear()  # programs keep the loop of another instruction set
        assert_same_call(
            add.reduce, np.add.reduce, lambda x=x: ([x], {"axis": 1}), f"{char} {x.shape}", pool=pools[k % 3]
        )


ARGUMENTS: list[dict[str, Any]] = [
    *({"keepdims": keepdims, "axis": axis} for keepdims in (True, 1, False) for axis in (None, 0, 2, (0, 1))),
    *({"initial": k, "axis": axis} for k in (0, 1, 3, -2, 2.5, True, None, np.int8(7)) for axis in (None, 1)),
    *({"dtype": dtype, "axis": axis} for dtype in "?bldgD" for axis in (None, 0, -1)),
    {"dtype": np.float32, "axis": 1},
    {"dtype": object, "axis": 1},
    {"dtype": float, "initial": 1},
    {"axis": 3},
    {"axis": (0, 0)},
    {"axis": "x"},
    {"axis": np.int64(1)},
    {"axis": 1.0},
    {"keepdims": "yes"},
    {"initial": "1"},
    {"initial": 1j},
    {"initial": 300, "axis": 0},
    {"initial": np.zeros(2)},
    {"initial": np.nan, "axis": 1},
    {"initial": -0.0, "axis": 1},
    {"initial": -0.0},
]  # fmt: skip


@each_ufunc
def test_every_argument(name: str, pools: list[tm.Pool]) -> None:
    for char in "?Bldf":
        for k, options in enumerate(ARGUMENTS):
            if options.get("dtype") is object and (char, name) != ("l", "add"):
                continue
            check(
                name,
                lambda char=char, options=options: ([box(char)], dict(options)),
                f"{char}, {options},",
                pools[k % 3],
            )


@each_ufunc
def test_where(name: str, pools: list[tm.Pool]) -> None:
    mask = values("?", 3 * 70 * 66, 3).reshape(3, 70, 66)
    masks = [mask, mask[0], mask[:, :, :1], mask[::-1], np.zeros_like(mask), True, False, mask.astype("i")]
    for char in "?Bldm":
        for k, (where, initial, axis) in enumerate(
            itertools.product(masks, (None, 0, 5), (None, 0, 1, 2, (1, 2)))
        ):
            more = {} if initial is None else {"initial": initial}
            check(
                name,
                lambda where=where, axis=axis, more=more, char=char: (
                    [box(char)],
                    {"where": where, "axis": axis, **more},
                ),
                f"{char}, where {k // 15}, axis {axis}, {more},",
                pools[k % 3],
            )


@each_ufunc
def test_out(name: str, pools: list[tm.Pool]) -> None:
    for char in "?ldF":
        for kind in "?bldD":
            for shape, axis in ((70, 66), 0), ((3, 70), 2), ((), None), ((3, 1, 66), 1), ((5,), 0):
                check(
                    name,
                    lambda char=char, kind=kind, shape=shape, axis=axis: (
                        [box(char)],
                        {"out": np.ones(shape, kind), "axis": axis, "keepdims": len(shape) == 3},
                    ),
                    f"{char} to {kind}{shape}, axis {axis},",
                    pools[1],
                )


@pytest.mark.parametrize("name", ["minimum", "maximum", "fmin", "fmax", "add", "multiply"])
@pytest.mark.parametrize("char", "efdg")
def test_zeros_and_nans(name: str, char: str, pools: list[tm.Pool]) -> None:
    """Which zero and which NaN wins is NumPy's own affair."""
    other_nan = np.frombuffer(np.array([np.nan], char).tobytes(), char).copy()
    other_nan = -other_nan
    numbers = [0.0, -0.0, np.nan, other_nan[0], 1.0, -1.0]
    for j, n in enumerate((7, 1025, 5000, 70001)):
        for k, (first, second) in enumerate(itertools.permutations(numbers, 2)):
            place = (0, n // 2, n - 1)[(j + k) % 3]  # two numbers come to each place, in one or two sizes

            def make(n: int = n, first: Any = first, second: Any = second, place: int = place) -> Any:
                x = np.full(n, first, char)
                x[place] = second
                x[n // 3] = second
                return [x], {}

            check(name, make, f"{char}, {first} and {second} at {place},", pools[place % 3])


@pytest.mark.parametrize("name", ["minimum", "maximum", "fmin", "fmax"])
@pytest.mark.parametrize("char", "efd")
@pytest.mark.parametrize("width", [1, 33, 200, 1000])
def test_zeros_and_nans_in_rows(name: str, char: str, width: int, pools: list[tm.Pool]) -> None:
    """Rows are reduced in chunks: of 0 and -0, and of NaNs, the one must win that wins in order."""
    specials = np.array([0.0, -0.0, np.nan, -np.nan], char)
    loser = 1.0 if "min" in name else -1.0
    for kinds, rare in itertools.product((2, 4), (0.5, 0.01)):
        rng = np.random.default_rng(kinds)
        table = np.where(rng.random((700, width)) < rare, rng.choice(specials[:kinds], (700, width)), loser)
        table = table.astype(char)
        for k, (x, axis) in enumerate([(table, 0), (table[None], 1), (table, 0)]):
            check(
                name,
                lambda x=x, axis=axis: ([x], {"axis": axis}),
                f"{char}, {kinds} kinds, {width} wide, axis {axis},",
                pools[k],
            )


@pytest.mark.parametrize("name", ["minimum", "fmax", "add", "bitwise_or", "logical_and"])
@pytest.mark.parametrize("char", "?bldf")
def test_one_row_is_left_behind_a_kept_axis(name: str, char: str, pools: list[tm.Pool]) -> None:
    """Without the first of two rows the reduced axis is gone."""
    if char in "df" and name == "bitwise_or":
        return
    for shape in (3, 2, 100_000), (40, 2, 50), (5, 2, 1, 999), (2, 2, 2, 5000), (63, 2, 70):
        x = values(char, math.prod(shape)).reshape(shape)
        for pool, keepdims in zip(pools, (False, True, False), strict=True):
            check(
                name,
                lambda x=x, keepdims=keepdims: ([x], {"axis": 1, "keepdims": keepdims}),
                f"{char}, {shape},",
                pool,
            )


@pytest.mark.parametrize("char", DTYPES)
def test_empty_and_0d(char: str, pools: list[tm.Pool]) -> None:
    for name in "add", "multiply", "minimum", "logical_or", "bitwise_and", "subtract", "hypot":
        for shape in (0,), (3, 0), (0, 3), (), (1,), (1, 1), (2, 1):
            for axis in 0, None, -1, ():
                x = values(char, int(np.prod(shape))).reshape(shape)
                check(name, lambda x=x, axis=axis: ([x], {"axis": axis}), f"{char}{shape}", pools[1])


def test_integers_to_negative_powers(pools: list[tm.Pool]) -> None:
    for axis in 0, 1, 2, None:
        check("power", lambda axis=axis: ([box("l")], {"axis": axis}), f"axis {axis}", pools[1])
        x = np.ones((300, 70), "i")
        x[-1, -1] = -1
        check("power", lambda axis=axis, x=x: ([x], {"axis": axis and 0}), "the last", pools[1])


def test_positional_arguments(pools: list[tm.Pool]) -> None:
    x = box("d")
    for more in ((0,), (0, "f"), (0, None, None), (0, None, None, True), (0, None, None, False, 2.5)):
        check("add", lambda more=more: ([x, *more], {}), f"{more}", pools[1])


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor", "add", "minimum"])
@pytest.mark.parametrize("char", "fdFD")
def test_signalling_nans_are_reported(name: str, char: str, pools: list[tm.Pool]) -> None:
    """They are where they are converted to bools, in any part of a number, whatever is decided by then."""
    for n, k in itertools.product((100, 70000), (4, 5, 95)):
        for rest in 0, 1:
            for shape, axis in ((n,), 0), ((n // 50, 50), 0), ((n // 50, 50), 1), ((n // 50, 50), None):

                def make(
                    n: int = n, k: int = k, rest: int = rest, shape: Any = shape, axis: Any = axis
                ) -> Any:
                    x = np.full(n, rest, char)
                    if char in "fF":
                        x.view("u4")[k] = 0x7FA00001
                    else:
                        x.view("u8")[k] = 0x7FF4000000000001
                    return [x.reshape(shape)], {"axis": axis}

                check(name, make, f"{char}, {shape}, at {k}, axis {axis},", pools[1])


# ---- tm.numpy's own names --------------------------------------------------------------------------------

FUNCTIONS = ["sum", "prod", "min", "max", "amin", "amax", "any", "all", "mean"]
CALLS: list[dict[str, Any]] = [
    {},
    *({"axis": axis} for axis in (0, 1, 2, -1, (0, 2), None, 7)),
    *({"keepdims": keepdims, "axis": axis} for keepdims in (True, False, np._NoValue) for axis in (0, None)),
    *({"dtype": dtype, "axis": axis} for dtype in ("d", "f", "i", None) for axis in (1, None)),
    *({"initial": initial} for initial in (0, 5, np._NoValue)),
    {"where": "mask"},
    {"where": "mask", "initial": 3, "axis": 1},
    {"out": "out", "axis": 0},
    {"bogus": 1},
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_the_namespace(name: str, pools: list[tm.Pool]) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    assert ours.__name__ == numpys.__name__
    mask = values("?", 3 * 70 * 66, 3).reshape(3, 70, 66)
    for char in "?bHlefdgFDm":
        for k, options in enumerate(CALLS):

            def make(char: str = char, options: dict[str, Any] = options) -> Any:
                given = dict(options)
                if given.get("where") == "mask":
                    given["where"] = mask
                if given.get("out") == "out":
                    given["out"] = np.zeros((70, 66), "D" if char in "FD" else "d")
                return [box(char)], given

            assert_same_call(ours, numpys, make, f"{name} {char} {options}", False, pool=pools[k % 3])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_what_is_no_array(name: str) -> None:
    ours, numpys = getattr(tm.numpy, name), getattr(np, name)
    for x in [1, 2], 3, 2.5, [[1.5], [2]], np.float32(2), (), np.ma.masked_array([1, 2], [True, False]), "a":
        assert_same_call(ours, numpys, lambda x=x: ([x], {}), name)
    assert_same_call(ours, numpys, lambda: ([values("d", 300000).reshape(3, -1), 1], {}), name, False)


def test_everything_else_is_numpys() -> None:
    assert tm.numpy.float64 is np.float64
    assert tm.numpy.random is np.random
    assert tm.numpy.exp is tm.parallel(np.exp)
    assert tm.numpy.abs is tm.parallel(np.absolute)
    with pytest.raises(AttributeError):
        tm.numpy.no_such_name  # noqa: B018
    assert {"sum", "exp", "ndarray"} <= set(dir(tm.numpy))


# ---- gufuncs ---------------------------------------------------------------------------------------------


def test_vecdot(pools: list[tm.Pool]) -> None:
    vecdot = tm.parallel(np.vecdot)
    shapes = [
        *(((300, 41), (300, 41)), ((300, 1), (300, 1)), ((300, 41), (41,)), ((7, 1, 41), (90, 41))),
        *(((41,), (41,)), ((300, 0), (300, 0)), ((0, 5), (0, 5)), ((300, 41), (300, 40))),
        ((5, 70, 3), (5, 70, 3)),
    ]
    for char in "?bldgFD":
        for k, (a, b) in enumerate(shapes):

            def make(char: str = char, a: Any = a, b: Any = b) -> Any:
                return [values(char, int(np.prod(s)), k).reshape(s) for k, s in enumerate((a, b))], {}

            assert_same_call(vecdot, np.vecdot, make, f"vecdot {char}", pool=pools[k % 3])
    x = values("d", 300 * 41).reshape(300, 41)
    for options in (
        {"axis": 0},
        {"out": np.zeros(300)},
        {"dtype": "f"},
        {"axes": [0, 0, ()]},
        {"keepdims": True},
    ):
        assert_same_call(
            vecdot, np.vecdot, lambda o=options: ([x, x], dict(o)), f"vecdot {options}", pool=pools[1]
        )
    for y in (np.asfortranarray(x), x[::-1], x.astype(">f8"), np.ones_like(x, "f"), x.tolist()):
        assert_same_call(vecdot, np.vecdot, lambda y=y: ([x, y], {}), "vecdot", pool=pools[1])


@pytest.mark.parametrize("name", ["matmul", "matvec", "vecmat"])
def test_products_by_a_blas(name: str, pools: list[tm.Pool]) -> None:
    ufunc = getattr(np, name, None)
    if ufunc is None:
        pytest.skip(f"this NumPy has no {name}")
    a, b = values("d", 70 * 5 * 5).reshape(70, 5, 5), values("d", 70 * 5).reshape(70, 5)
    args = {"matmul": [a, a], "matvec": [a, b], "vecmat": [b, a]}[name]
    assert_same_call(tm.parallel(ufunc), ufunc, lambda: (args, {}), name, pool=pools[1])
    assert not tm.parallel(ufunc).explain(*args).parallel


def test_a_chunk_of_a_product_ends_soon(pools: list[tm.Pool]) -> None:
    """Ctrl-C waits for the end of a chunk. A row of 600 stands for 360,000 multiplications."""
    x = np.ones((600, 600), int)
    assert tm.parallel(np.matmul).explain(x, x, pool=pools[1]).chunks == 600


@pytest.mark.parametrize(
    "name", ["det", "inv", "slogdet", "solve", "eigvalsh_lo", "cholesky_lo", "svd", "qr_r_raw"]
)
def test_linear_algebra(name: str, pools: list[tm.Pool]) -> None:
    module = np.linalg._umath_linalg
    ufunc = getattr(module, name, None)
    if ufunc is None:
        pytest.skip(f"this NumPy has no {name}")
    ours = tm.parallel(ufunc, trust=True)
    rng = np.random.default_rng(3)
    for n in 1, 2, 5:
        square = rng.standard_normal((200, n, n))
        square = square @ square.transpose(0, 2, 1) + np.eye(n)
        for char in "dfDF":
            args = [square.astype(char)] + [square.astype(char)] * (ufunc.nin - 1)
            assert_same_call(
                ours, ufunc, lambda args=args: ([x.copy() for x in args], {}), name, pool=pools[2]
            )
    if name == "det":
        assert ours.explain(square, pool=pools[1]).parallel
