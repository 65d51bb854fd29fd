"""random and integers against NumPy's generators: numbers, errors, and the state that comes after."""

import contextlib
import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.comparison import assert_same_call, difference

import threadmill as tm
from threadmill.arrays import random as module

GENERATORS = [np.random.PCG64, np.random.PCG64DXSM]
OTHERS = [np.random.MT19937, np.random.Philox, np.random.SFC64]

# Around chunks of 2^14 draws, of one and of two numbers each.
SIZES = [0, 1, 2, 3, 7, 1000, 16383, 16384, 16385, 32767, 32768, 32769, 100003]

SHAPES: list[Any] = [(3, 7001), (2, 0), (), (1,), [4, 5], np.int64(9)]
SHAPES += [2.0, -1, True, (2, -1), (2, True), None]

# From bounds that no draw is rejected for to those that lose half of them; at every edge of a kind.
BOUNDS = [
    (0, 1),
    (0, 2),
    (3, 10),
    (-7, 1000),
    (0, 1 << 31),
    (0, (1 << 31) - 1),
    (-(1 << 31), 1 << 31),
    (-5, 3 << 29),
    (0, (1 << 31) + 1),
    (0, (1 << 32) - 1),
    (0, 1 << 32),
    (0, (1 << 32) + 1),
    (-(1 << 33), 1 << 33),
    (-(1 << 62), (1 << 61) + 1),
    (-(1 << 63), (1 << 63) - 1),
    (1, 1 << 64),
    (0, (1 << 63) + 1),
]


def generators(make: Any, seed: int = 3, halved: bool = False) -> tuple[np.random.Generator, ...]:
    """Two generators in one state; `halved`: half a draw waits in them."""
    pair = tuple(np.random.Generator(make(seed)) for _ in range(2))
    for each in pair:
        each.random(dtype=np.float32) if halved else None
    return pair


def assert_same_draw(rngs: tuple[np.random.Generator, ...], call: str, *args: Any, **options: Any) -> None:
    """Both make the same of the same arguments, and are left in the same state."""
    ours, numpys = rngs
    pool = {"pool": options.pop("pool")} if "pool" in options else {}
    what = f"{call}{args}{options} of {type(ours.bit_generator).__name__}"
    assert_same_call(
        lambda *a, **o: getattr(tm, call)(ours, *a, **o, **pool),
        getattr(numpys, call),
        lambda: (args, dict(options)),
        what,
    )
    np.testing.assert_equal(ours.bit_generator.state, numpys.bit_generator.state, what)


@pytest.fixture(params=[1, 2, 3, 7])
def threads(request: pytest.FixtureRequest) -> Any:
    with tm.Pool(request.param) as pool:
        yield pool


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("halved", [False, True])
def test_floats(make: Any, halved: bool, threads: tm.Pool) -> None:
    rngs = generators(make, halved=halved)  # one stream through all calls
    for size, dtype in itertools.product(SIZES, ["d", "f", np.float64, "float32"]):
        assert_same_draw(rngs, "random", size, dtype, pool=threads)


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("dtype", ["i4", "u4", "i8", "u8", "q", "Q", int, "i2", "u1", "?"])
def test_integers(make: Any, dtype: Any) -> None:
    with contextlib.ExitStack() as stack:
        in_turn = itertools.cycle([stack.enter_context(tm.Pool(n)) for n in (1, 2, 3, 7)])
        for halved, size in itertools.product([False, True], [0, 1, 2, 3, 40001]):
            rngs = generators(make, halved=halved)
            for (low, high), endpoint in itertools.product(BOUNDS, [False, True]):
                assert_same_draw(rngs, "integers", low, high, size, dtype, endpoint, pool=next(in_turn))
            next(in_turn)  # the next size meets the bounds with other pools


@pytest.mark.parametrize("make", GENERATORS + OTHERS)
def test_shapes(make: Any, pool: tm.Pool) -> None:
    for size in SHAPES:
        assert_same_draw(generators(make), "random", size, pool=pool)
        assert_same_draw(generators(make), "integers", 6, None, size, pool=pool)
        assert_same_draw(generators(make), "random", size=size)


def test_calls_that_name_no_pool() -> None:
    for size in (module.LEAST - 1, module.LEAST, 10 * module.LEAST):
        assert_same_draw(generators(np.random.PCG64), "random", size)
        assert_same_draw(generators(np.random.PCG64), "random", out=np.empty(size))
        assert_same_draw(generators(np.random.PCG64), "integers", 0, 100, size)


def read_only() -> Any:
    x = np.empty(30000)
    x.flags.writeable = False
    return x


OUTS: dict[str, Callable[[], Any]] = {
    "plain": lambda: np.empty(30000),
    "float32": lambda: np.empty(30000, "f"),
    "fortran": lambda: np.empty((100, 300), order="F"),
    "box": lambda: np.empty((10, 30, 100)),
    "0-d": lambda: np.empty(()),
    "empty": lambda: np.empty(0),
    "gaps": lambda: np.empty(60000)[::2],
    "reversed": lambda: np.empty(30000)[::-1],
    "permuted": lambda: np.empty((10, 30, 100)).transpose(1, 0, 2),
    "swapped": lambda: np.empty(30000, ">f8"),
    "misaligned": lambda: np.empty(240001, "u1")[1:].view("d"),
    "read_only": read_only,
    "integers": lambda: np.empty(30000, "i8"),
    "metadata": lambda: np.empty(30000, np.dtype("d", metadata={"unit": "m"})),
    "subclass": lambda: np.empty(30000).view(np.recarray),
    "list": lambda: [0.0],
}


def result(call: Any, *args: Any, **options: Any) -> Any:
    """What a call returns, or raises."""
    try:
        return call(*args, **options)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", OUTS)
def test_out(name: str, pool: tm.Pool) -> None:
    make = OUTS[name]
    for dtype, size in itertools.product(["d", "f"], [None, (30000,), 30000, (100, 300), [30000]]):
        rngs = generators(np.random.PCG64, halved=True)
        args = [(size, dtype, make()) for _ in rngs]
        made = [
            result(tm.random, rngs[0], *args[0], pool=pool),
            result(rngs[1].random, *args[1]),
        ]
        assert (made[0] is args[0][2]) == (made[1] is args[1][2])
        assert isinstance(made[0], tuple) == isinstance(made[1], tuple)
        if isinstance(made[1], tuple):
            assert made[0] == made[1]
        else:
            assert difference(*made) is None
        assert rngs[0].bit_generator.state == rngs[1].bit_generator.state


@pytest.mark.parametrize(
    "arguments",
    [
        (5, 5, 9),
        (5, 4, 9),
        (0, 1 << 65, 9),
        (0, 300, 9, "u1"),
        (0.5, 7, 9),
        (0, 7.0, 9),
        (np.int8(1), np.uint64(9), 40000),
        ([1, 2], 9, None),
        ([1, 2], 9, 2),
        (True, 3, 9),
        (0, 9, None),
        (0, 9, 9, "f8"),
        (0, 9, 9, ">i4"),
        (0, 9, 9, "no"),
        (0, 9, 9, "i8", 1),
        (0, 9, 9, "i8", np.True_),
        ("a", 9, 9),
    ],
)
def test_bounds_that_are_numpys_to_judge(arguments: tuple[Any, ...], pool: tm.Pool) -> None:
    assert_same_draw(generators(np.random.PCG64), "integers", *arguments, pool=pool)


@pytest.mark.parametrize("dtype", ["f2", "g", "D", "i8", ">f8", ">f4", "no", None, "V8", "M8[s]"])
def test_dtypes_that_are_numpys_to_judge(dtype: Any, pool: tm.Pool) -> None:
    assert_same_draw(generators(np.random.PCG64), "random", 9, dtype, pool=pool)


@pytest.mark.parametrize("wrong", [None, 3, np.random, np.random.RandomState(1), np.random.PCG64(1)])
def test_what_is_no_generator(wrong: Any) -> None:
    for call in (tm.random, tm.integers):
        with pytest.raises(TypeError, match=r"^rng must be a numpy\.random\.Generator, got "):
            call(wrong, 5)  # type: ignore[operator]


class Other(np.random.Generator):
    def random(self, *args: Any, **options: Any) -> Any:
        return "mine"

    integers = random


def test_derived_classes_answer_themselves(pool: tm.Pool) -> None:
    rng: Any = Other(np.random.PCG64(1))
    assert tm.random(rng, 50000, pool=pool) == tm.integers(rng, 0, 9, 50000, pool=pool) == "mine"

    class Seeded(np.random.PCG64):
        pass

    assert_same_draw(generators(Seeded), "random", 50000, pool=pool)


def test_numbers_are_made_under_the_bit_generators_lock(pool: tm.Pool) -> None:
    rng, alone = generators(np.random.PCG64)
    made: list[Any] = []
    calls = [threading.Thread(target=lambda: made.append(tm.random(rng, 40000, pool=pool))) for _ in range(4)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    expected = {alone.random(40000).tobytes() for _ in calls}
    assert {each.tobytes() for each in made} == expected
    assert rng.bit_generator.state == alone.bit_generator.state


def test_numpys_that_make_other_numbers_make_them_themselves(
    monkeypatch: pytest.MonkeyPatch, pool: tm.Pool
) -> None:
    monkeypatch.setattr(module, "_is_known", lambda *kind: False)
    monkeypatch.setattr(module, "_fill", None)
    assert_same_draw(generators(np.random.PCG64), "random", 50000, pool=pool)
    assert_same_draw(generators(np.random.PCG64), "integers", 0, 9, 50000, pool=pool)


def test_numpy_is_asked_once_whether_it_makes_these_numbers() -> None:
    assert all(module._is_known(generator, numbers) for generator in range(2) for numbers in range(5))


def test_threads_make_them(pool: tm.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not NumPy, by which all of the above would hold too."""
    filled = []
    fill = module._fill
    monkeypatch.setattr(module, "_fill", lambda *args: (filled.append(args), fill(*args)))
    tm.random(np.random.default_rng(1), 50000, pool=pool)
    tm.random(np.random.default_rng(1), dtype="f", out=np.empty((3, 5), "f", order="F"), pool=pool)
    tm.integers(np.random.default_rng(1), 1, 7, (3, 5), np.uint32, pool=pool)
    tm.integers(np.random.default_rng(1), 7, size=9, pool=pool)
    assert len(filled) == 4
