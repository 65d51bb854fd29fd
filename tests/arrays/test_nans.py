"""Which NaN comes out is part of the bits: NaNs of both signs, quiet and signalling, of many payloads.

Which of two NaNs an operation hands on depends on the compiler, and on whether an element is in a loop's
vectors or in the rest after them. So the places at which work is cut show here.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array
from kit.comparison import assert_same_call
from kit.thresholds import lower_thresholds
from kit.ufuncs import BINARY, UFUNCS, dtype_of, loops, operands, values

import threadmill as tm
from threadmill._native import machine

# Edges of vectors, tiles (1,024), chunks (a 64th, 1,024 at least) and NumPy's buffers (8,192).
SIZES = [*(1, 3, 17, 67, 1025, 1027, 1535, 1537, 2051, 3583), *(8195, 9219, 24579, 65541)]
LARGE = [262147, 300007]

pytestmark = [pytest.mark.sweep, pytest.mark.usefixtures("quiet")]


def nans(char: str, n: int, seed: int = 0, share: float = 1.0) -> Array:
    """n numbers of which `share` are NaNs: of both signs, quiet and signalling, of many payloads."""
    return _nans(char, n, seed, share).copy()


@functools.lru_cache(maxsize=256)
def _nans(char: str, n: int, seed: int, share: float) -> Array:
    dtype = np.dtype(char)
    if dtype.kind == "c":
        return nans(dtype.type(0).real.dtype.char, 2 * n, seed, share).view(dtype)
    rng = np.random.default_rng([seed, n])
    made = values(char, n, seed)
    if dtype.kind != "f":
        return operands(np.add, char, n)[0]
    chosen = rng.random(n) < share
    if char == "g":  # the sign alone: what else is in a long double is the platform's
        made[chosen] = np.where(rng.random(n) < 0.5, np.nan, -np.nan)[chosen]
        return made
    bits = {2: 10, 4: 23, 8: 52}[dtype.itemsize]
    unsigned = np.dtype(f"u{dtype.itemsize}")
    exponent = ((1 << (8 * dtype.itemsize - 1 - bits)) - 1) << bits
    payload = rng.integers(1, 1 << bits, n, np.uint64)
    sign = rng.integers(0, 2, n, np.uint64) << np.uint64(8 * dtype.itemsize - 1)
    patterns = (payload | np.uint64(exponent) | sign).astype(unsigned)
    made.view(unsigned)[chosen] = patterns[chosen]
    return made


def arguments(ufunc: np.ufunc, ins: str, n: int, share: float = 0.9) -> list[Array]:
    made = [nans(char, n, seed, share) for seed, char in enumerate(ins)]
    if ufunc is np.ldexp and ins[1] in "il":
        made[1] = made[1] % 2200 - 1100
    return made


def floating_loops(ufunc: np.ufunc) -> list[tuple[str, str]]:
    return [pair for pair in loops(ufunc) if set(pair[0]) & set("efdgFDG")]


FLOATING = [name for name, ufunc in UFUNCS.items() if floating_loops(ufunc)]

Lay = Callable[[list[Array]], list[Array]]


def _each(lay: Callable[[Array], Array]) -> Lay:
    return lambda xs: [lay(x) for x in xs]


def _rows(x: Array, width: int) -> Array:
    height = max(1, x.size // width)
    return np.resize(x, height * width).reshape(height, width)


LAYOUTS: dict[str, Lay] = {
    "contiguous": lambda xs: xs,
    "strided": _each(lambda x: np.repeat(x, 2)[::2]),
    "reversed": _each(lambda x: x[::-1]),
    "first strided": lambda xs: [np.repeat(xs[0], 3)[::3], *xs[1:]],
    "last reversed": lambda xs: [*xs[:-1], xs[-1][::-1]],
    "last a number": lambda xs: [*xs[:-1], xs[-1][0]],
    "last of no axes": lambda xs: [*xs[:-1], xs[-1][:1].reshape(())],
    "short rows": _each(lambda x: _rows(x, 35)[:, 1:-1]),
    "long rows": _each(lambda x: _rows(x, max(1, x.size // 3))[:, : x.size // 3 - 2 or None]),
    "Fortran order": _each(lambda x: np.asfortranarray(_rows(x, 61))),
    "orders mixed": lambda xs: [_rows(xs[0], 61), *(np.asfortranarray(_rows(x, 61)) for x in xs[1:])],
    "a row for all": lambda xs: [_rows(xs[0], 67), *(x[:67] for x in xs[1:])],
    "a column for all": lambda xs: [_rows(xs[0], 67), *(_rows(x, 67)[:, :1] for x in xs[1:])],
    "three axes": _each(
        lambda x: np.resize(x, 5 * 7 * max(1, x.size // 35)).reshape(5, 7, -1).transpose(2, 0, 1)
    ),
}


@pytest.mark.parametrize("name", FLOATING)
def test_sizes(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in floating_loops(ufunc):
        for k, n in enumerate(SIZES):
            assert_same_call(
                ours,
                ufunc,
                lambda ins=ins, n=n: (arguments(ufunc, ins, n), {}),
                f"{name} {ins}->{outs}",
                pool=pools[k % 3],
            )


@pytest.mark.parametrize("name", FLOATING)
def test_layouts(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in floating_loops(ufunc):
        for k, (layout, lay) in enumerate(LAYOUTS.items()):
            for n in 2055, 8195:
                assert_same_call(
                    ours,
                    ufunc,
                    lambda ins=ins, lay=lay, n=n: (lay(arguments(ufunc, ins, n)), {}),
                    f"{name} {ins}->{outs}, {layout},",
                    pool=pools[k % 3],
                )


@pytest.mark.parametrize("name", FLOATING)
def test_outputs_and_masks(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in floating_loops(ufunc):

        def make(kind: str, n: int, ins: str = ins, outs: str = outs) -> Any:
            xs = arguments(ufunc, ins, n)
            out = tuple(np.zeros(n, dtype_of(char)) for char in outs)
            if kind in ("in place", "in place, masked", "rows in place") and outs[0] in ins:
                out = (xs[ins.index(outs[0])], *out[1:])
            if kind == "strided":
                out = tuple(np.repeat(x, 2)[::2] for x in out)
            if kind == "rows in place":
                xs = [_rows(x, 35) for x in xs]
                place = ins.find(outs[0])
                out = (xs[place] if place >= 0 else _rows(out[0], 35), *(_rows(x, 35) for x in out[1:]))
                xs, out = [x[:, 1:-1] for x in xs], tuple(x[:, 1:-1] for x in out)
                if place >= 0:
                    out = (xs[place], *out[1:])
            options: dict[str, Any] = {"out": out}
            if kind == "mask of long runs":
                options["where"] = np.arange(n) % 1500 > 3
            elif kind.endswith("masked"):
                options["where"] = np.random.default_rng(n).random(n) < 0.9
            return xs, options

        kinds = (
            "given",
            "strided",
            "in place",
            "rows in place",
            "masked",
            "in place, masked",
            "mask of long runs",
        )
        for k, kind in enumerate(kinds):
            for n in 2055, 8192 + 1027:
                assert_same_call(
                    ours,
                    ufunc,
                    lambda kind=kind, n=n: make(kind, n),
                    f"{name} {ins}->{outs}, {kind},",
                    pool=pools[k % 3],
                )


@pytest.mark.parametrize("name", BINARY)
def test_converted_operands(name: str, pools: list[tm.Pool]) -> None:
    """Which NumPy converts, and calls its loop for, 8,192 elements at a time."""
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    mixed = [a + b for a in "iefdFD" for b in "iefdFD" if a != b and set(a + b) & set("efdFD")]
    for k, ins in enumerate(mixed):
        for n in SIZES:
            assert_same_call(
                ours,
                ufunc,
                lambda ins=ins, n=n: (arguments(ufunc, ins, n), {}),
                f"{name} {ins}",
                pool=pools[k % 3],
            )
        for n in 1027, 8195, 8192 + 1027:
            assert_same_call(
                ours,
                ufunc,
                lambda ins=ins, n=n: (
                    arguments(ufunc, ins, n),
                    {"out": nans("f", n), "casting": "same_kind"},
                ),
                f"{name} {ins} to f",
                pool=pools[k % 3],
            )
            for layout in "strided", "short rows", "last a number":
                assert_same_call(
                    ours,
                    ufunc,
                    lambda ins=ins, n=n, layout=layout: (LAYOUTS[layout](arguments(ufunc, ins, n)), {}),
                    f"{name} {ins}, {layout},",
                    pool=pools[k % 3],
                )


@pytest.mark.parametrize(
    "name", ["add", "multiply", "subtract", "divide", "fmax", "maximum", "square", "divmod"]
)
def test_large_arrays(name: str, pool: tm.Pool) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in floating_loops(ufunc):
        if ins[0] not in "fdFD":
            continue
        for n in LARGE:
            for share in 0.9, 0.001:
                assert_same_call(
                    ours,
                    ufunc,
                    lambda ins=ins, n=n, share=share: (arguments(ufunc, ins, n, share), {}),
                    f"{name} {ins}->{outs}",
                    pool=pool,
                )


@pytest.fixture
def no_cache() -> Iterator[None]:
    """All results are larger than the last-level cache."""
    machine.set_last_level_cache(1)
    yield
    machine.set_last_level_cache(0)


@pytest.mark.usefixtures("no_cache")
def test_results_that_are_streamed(pools: list[tm.Pool]) -> None:
    for name in "add", "multiply", "fmax", "square":
        ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
        for ins in "fd" if name == "fmax" else "fdD":
            for n in SIZES:
                for _ in range(2):  # the first call makes the plan
                    assert_same_call(
                        ours,
                        ufunc,
                        lambda n=n, ins=ins, ufunc=ufunc: (
                            arguments(ufunc, ins * ufunc.nin, n),
                            {"out": nans(ins, n)},
                        ),
                        f"{name} {ins}",
                        pool=pools[2],
                    )


# ---- reductions --------------------------------------------------------------------------------------------


def _one_kind(x: Array) -> Array:
    """x with np.nan for all NaNs, of which the result is known without NumPy."""
    return np.where(np.isnan(x), x.dtype.type(np.nan), x)


SHAPES = [
    (70001,),
    (3, 20011),
    (20011, 3),
    (257, 67),
    (67, 1027),
    (2, 8195),
    (5, 7, 1031),
    (1031, 7, 5),
    (9, 9195),
]


@pytest.mark.parametrize("name", BINARY)
def test_reductions(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in floating_loops(ufunc):
        if len({*ins, *outs}) > 1:
            continue
        usual = name in ("add", "multiply", "maximum", "minimum", "fmax", "fmin")
        for k, shape in enumerate(SHAPES if usual else SHAPES[4:5]):
            many, few = (nans(ins[0], math.prod(shape), k, share).reshape(shape) for share in (0.5, 0.001))
            for j, lay in enumerate((lambda x: x, np.transpose, lambda x: x[..., 1:], _one_kind)):
                x = many if (j + k) % 2 else few  # the next shape has the other one so laid out
                for axis in [None, *range(x.ndim), *([(0, 2)] if x.ndim == 3 else [])]:
                    assert_same_call(
                        ours.reduce,
                        ufunc.reduce,
                        lambda x=x, lay=lay, axis=axis: ([lay(x)], {"axis": axis}),
                        f"{name}.reduce {ins} {shape} {lay(x).strides} over {axis}",
                        pool=pools[k % 3],
                    )


# ---- the kernels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", "fdFDeg")
def test_kernels(char: str, pools: list[tm.Pool]) -> None:
    for k, n in enumerate([*SIZES, LARGE[0]]):
        for share in 0.9, 0.001:
            x = nans(char, n, 1, share)
            for layout in "contiguous", "strided", "Fortran order":

                def make(x: Array = x, layout: str = layout) -> Any:
                    return LAYOUTS[layout]([x.copy()]), {}

                def in_place(x: Array = x, layout: str = layout) -> Any:
                    (y,) = LAYOUTS[layout]([x.copy()])
                    return [y], {"out": y}

                what, pool = f"{char} {n} {layout}", pools[k % 3]
                assert_same_call(tm.sum, np.sum, make, f"sum {what}", pool=pool)
                for each in make, in_place:
                    assert_same_call(tm.square, np.square, each, f"square {what}", pool=pool)
                    assert_same_call(*_scales(x.dtype.type(2)), each, f"scale {what}", pool=pool)
                    assert_same_call(*_scales(nans(char, 3, 5)[1]), each, f"scale by NaN {what}", pool=pool)


def _scales(k: Any) -> tuple[Any, Any]:
    return (lambda x, **options: tm.scale(x, k, **options)), (
        lambda x, **options: np.multiply(x, k, dtype=x.dtype, **options)
    )


def test_sums_with_infinities(pool: tm.Pool) -> None:
    """inf - inf is a NaN of its own sign."""
    for char in "fdFD":
        for at in 5, 12, 900, 50_000, 99_999:
            x = np.ones(100_000, char)
            x[at], x[500], x[501] = np.nan, np.inf, -np.inf
            for axis in None, 0:
                assert_same_call(
                    tm.sum, np.sum, lambda x=x, axis=axis: ([x], {"axis": axis}), f"{char} {at}", pool=pool
                )


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.subtract, np.divide], ids=lambda u: u.__name__)
def test_one_converted_nan_for_many(ufunc: np.ufunc, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy's buffer holds many of it or one, for which its loop goes another way."""
    lower_thresholds(monkeypatch.setattr)
    nan = np.array([0x7FC0_1234], "u4").view("f")
    for n in 31, 64, 1000, 9000:
        others = (np.arange(n, dtype="u8") | 0xFFF8_0000_0000_0000).view("d").reshape(n, 1)
        for a in np.broadcast_to(nan, (n, 1)), nan.reshape(1, 1):
            for args in (a, others), (others, a):
                for out in None, np.zeros((n, 1), "f"), np.zeros((n, 1)):
                    assert_same_call(
                        tm.parallel(ufunc),
                        ufunc,
                        lambda args=args, out=out: (args, {} if out is None else {"out": out}),
                        f"{n}",
                        pool=tm.default_pool(),
                    )
