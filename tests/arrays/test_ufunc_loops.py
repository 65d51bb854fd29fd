"""Every loop of every ufunc of NumPy's, in parallel and by NumPy: the same in all that can be told.

Each test goes through all numeric loops of one ufunc, and tells the first loop and the smallest size that
differ.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit.arrays import Array, laid_out
from kit.comparison import Make, assert_same_call, difference
from kit.ufuncs import UFUNCS, dtype_of, layouts_of, loops, operands, values

import threadmill as tm

# Chunks are of 1024 elements or more, and tiles of 1024 at most.
SIZES = [1, 2, 63, 1023, 1024, 1025, 4099, 65539]
SMALL = 2055

pytestmark = [pytest.mark.sweep, pytest.mark.usefixtures("all_errors_warn")]

each_ufunc = pytest.mark.parametrize("name", UFUNCS)


def test_ufuncs_are_there() -> None:
    assert len(UFUNCS) > 80
    assert sum(len(loops(ufunc)) for ufunc in UFUNCS.values()) > 800


def test_a_difference_is_found() -> None:
    """The comparison itself lets neither a bit nor a zero's sign pass."""
    x = values("g", 9)
    assert difference(x, x.copy()) is None
    with np.errstate(all="ignore"):
        narrow = x.astype("d")
    for wrong in (x[:8], narrow, x[::-1][::-1].reshape(9, 1), tuple(x), np.where(x == 0, -x, x)):
        assert difference(wrong, x) is not None
    assert difference(np.zeros(3, "l"), np.zeros(3, "q")) is not None
    assert difference(np.array([1, np.nan]), np.array([1, -np.nan])) is not None


@each_ufunc
def test_sizes(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in loops(ufunc):
        for k, n in enumerate(SIZES):
            assert_same_call(
                ours,
                ufunc,
                lambda ins=ins, n=n: (operands(ufunc, ins, n), {}),
                f"{name} {ins}->{outs}",
                pool=pools[k % 3],
            )


@each_ufunc
def test_layouts(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in loops(ufunc):
        for k, (layout, make) in enumerate(layouts_of(ufunc, ins, SMALL)):
            assert_same_call(ours, ufunc, make, f"{name} {ins}->{outs}, {layout},", pool=pools[k % 3])


def _targets(ufunc: np.ufunc, ins: str, outs: str) -> Iterator[tuple[str, Make]]:
    """Calls with outputs of every kind, by name."""

    def call(
        inputs: list[Array], out: tuple[Array, ...], **options: Any
    ) -> tuple[list[Array], dict[str, Any]]:
        return inputs, {"out": out, **options}

    def new(n: int = SMALL, step: int = 1) -> tuple[Array, ...]:
        return tuple(values(char, n * step, 9)[::step] for char in outs)

    def rows(order: Any) -> tuple[Array, ...]:
        return tuple(np.zeros((31, SMALL // 31), dtype_of(char), order) for char in outs)

    def mask(n: int = SMALL) -> Array:
        return values("?", n, 5)

    def laid(layout: str) -> list[Array]:
        return laid_out(layout, operands(ufunc, ins, SMALL))

    yield "new", lambda: call(laid("contiguous"), new())
    yield "out strided", lambda: call(laid("contiguous"), new(step=2))
    yield "out reversed", lambda: call(laid("contiguous"), tuple(x[::-1] for x in new()))
    yield "out and inputs reversed", lambda: call(laid("reversed"), tuple(x[::-1] for x in new()))
    yield "out in Fortran order", lambda: call(laid("rows"), rows("F"))
    yield "all in Fortran order", lambda: call(laid("fortran"), rows("F"))
    yield "out larger", lambda: call(laid("rows"), tuple(np.zeros((2, *x.shape), x.dtype) for x in rows("C")))
    yield "out too small", lambda: call(laid("rows"), tuple(x[:-1] for x in rows("C")))
    yield "misaligned out", lambda: call(laid("contiguous"), tuple(laid_out("misaligned", list(new()))))
    yield "swapped out", lambda: call(laid("contiguous"), tuple(laid_out("swapped", list(new()))))
    yield "out of fields", lambda: call(laid("contiguous"), tuple(laid_out("field", list(new()))))
    yield "where", lambda: call(laid("contiguous"), new(), where=mask())
    yield "where, strided", lambda: call(laid("gaps"), new(step=2), where=mask(2 * SMALL)[::2])
    yield "where, of a row", lambda: call(laid("rows"), rows("C"), where=mask(SMALL // 31))
    yield "where, all", lambda: call(laid("contiguous"), new(), where=np.ones(SMALL, "?"))
    yield "where, none", lambda: call(laid("contiguous"), new(), where=np.zeros(SMALL, "?"))
    if len(outs) == 1 and outs in ins:
        at = ins.index(outs)
        yield "in place", lambda: (lambda xs: call(xs, (xs[at],)))(laid("contiguous"))
        yield "in place, strided", lambda: (lambda xs: call(xs, (xs[at],)))(laid("gaps"))
        yield "in place, where", lambda: (lambda xs: call(xs, (xs[at],), where=mask()))(laid("contiguous"))

    def overlapping(shift: int, step: int = 1) -> tuple[list[Array], dict[str, Any]]:
        inputs = operands(ufunc, ins, SMALL)
        memory = np.zeros(3 * SMALL, inputs[0].dtype)
        source, target = memory[9 : 9 + SMALL], memory[9 + shift :][: SMALL * step : step]
        source[:] = inputs[0]
        out = target.view(dtype_of(outs[0])) if dtype_of(outs[0]).itemsize == memory.itemsize else None
        if out is None:  # of another size: the bytes overlap all the same
            room = memory[: memory.size // 2 * 2].view(np.uint8)
            itemsize = dtype_of(outs[0]).itemsize
            out = room[: room.size // itemsize * itemsize].view(dtype_of(outs[0]))[:SMALL]
            if out.size < SMALL:
                out = np.zeros(SMALL, dtype_of(outs[0]))
        return call([source, *inputs[1:]], (out, *[np.zeros(SMALL, dtype_of(char)) for char in outs[1:]]))

    yield "out ahead", lambda: overlapping(1)
    yield "out behind", lambda: overlapping(-1)
    yield "out far ahead", lambda: overlapping(1024)
    yield "out across", lambda: overlapping(0, 2)


@each_ufunc
def test_outputs(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in loops(ufunc):
        for k, (kind, make) in enumerate(_targets(ufunc, ins, outs)):
            assert_same_call(ours, ufunc, make, f"{name} {ins}->{outs}, {kind},", pool=pools[k % 3])


@each_ufunc
def test_errors_that_raise(name: str, pools: list[tm.Pool]) -> None:
    """What is raised; not what is written before, of which NumPy itself promises nothing."""
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in loops(ufunc):
        with np.errstate(all="raise"):
            assert_same_call(
                ours,
                ufunc,
                lambda ins=ins: (operands(ufunc, ins, SMALL), {}),
                f"{name} {ins}->{outs}",
                pool=pools[1],
            )


@each_ufunc
def test_every_pair_of_dtypes(name: str, pools: list[tm.Pool]) -> None:
    """Mixed operands, with and without a loop for them: conversions, or the same error."""
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    if ufunc.nin == 1:
        kinds = list("?bBhHiIlLqQefdgFDGmM")
    else:
        kinds = [a + b for a in "?bHiLqefdgFDGmM" for b in "?BhIlefdgFDmM"]
    for k, ins in enumerate(kinds):
        if ufunc is np.power and ins[0] in "?bBhHiIlLqQ" and ins[1] in "bhilq":
            continue  # negative powers of integers are an error, tested apart
        assert_same_call(
            ours,
            ufunc,
            lambda ins=ins: ([values(char, SMALL, seed) for seed, char in enumerate(ins)], {}),
            f"{name} {ins}",
            pool=pools[k % 3],
        )


@each_ufunc
def test_out_of_other_dtypes(name: str, pools: list[tm.Pool]) -> None:
    ufunc, ours = UFUNCS[name], tm.parallel(UFUNCS[name])
    for ins, outs in loops(ufunc):
        if len(set(ins)) > 1 or ins[0] not in "?biLefD":
            continue
        for k, char in enumerate("?bBiLqefdgFDmM"):
            for casting in ("same_kind", "unsafe") if char in "iefD" else ("same_kind",):
                assert_same_call(
                    ours,
                    ufunc,
                    lambda ins=ins, char=char, casting=casting, outs=outs: (
                        operands(ufunc, ins, SMALL),
                        {"out": tuple(values(char, SMALL, 9) for _ in outs), "casting": casting},
                    ),
                    f"{name} {ins}->{outs} to {char}, {casting},",
                    pool=pools[k % 3],
                )


@pytest.mark.parametrize("char", "bhilq")
def test_integers_to_negative_powers(char: str, pools: list[tm.Pool]) -> None:
    power = tm.parallel(np.power)
    for n in 5, SMALL, 65539:
        for place in 0, n // 2, n - 1:

            def make(n: int = n, place: int = place) -> Any:
                x, y = values(char, n), values(char, n, 1) & 7
                y[place] = -1
                return [x, y], {}

            assert_same_call(power, np.power, make, f"power {char}", pool=pools[1])
    x = values(char, SMALL)
    for exponent in -1, 3, np.int8(-2), np.array(-1), 2.0:
        assert_same_call(power, np.power, lambda e=exponent: ([x, e], {}), f"power {char}", pool=pools[1])
