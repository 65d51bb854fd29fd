"""Chains of operations in passes: where they are used, and where the operations' own loops have to run."""

import numpy as np
import pytest
from kit.fuse_compare import differences, everything_is_worth_it

import threadmill as tm
from threadmill._native.machine import set_simd_level, simd_level, simd_levels
from threadmill.fusion import building, chains

N = 70_001


@pytest.fixture
def found(monkeypatch):
    """The links of each chain that programs are built with."""
    links = []

    def find(*given):
        result = chains.find_chains(*given)
        links.extend([len(chain.links) for chain in result.values()])
        return result

    monkeypatch.setattr(building, "find_chains", find)
    monkeypatch.setattr(building, "_programs", type(building._programs)())
    return links


def rows(dtype):
    x, y = np.random.default_rng(7).uniform(0.5, 1.5, (2, 150, 1001)).astype(dtype)
    return x[:, 1:], y[:, :-1]


def flat(dtype):
    return tuple(np.random.default_rng(7).uniform(0.5, 1.5, (2, N)).astype(dtype))


def horner(x, y):
    return ((x * 2 + y) * x - 1) / y


def reversed_operands(x, y):
    return 1 / (2 - (3 * -(y - x * x)) * x)


def used_twice(x, y):
    both = x + y
    return both * both + both, (x - y) * (x + y)


def in_place(x, y):
    x -= 0.5 * y
    y *= x
    y += 1
    return x, y


def over_what_is_read(x, y):
    x *= y * y - 3 * x
    y[..., 1:] -= 0.5 * (x[..., 1:] - x[..., :-1])
    np.add(2 * x - y, y * 3, y)
    np.subtract(1, -x / y, x)
    return x, y


def by_rows(x, y):
    return np.exp((x * 2 + y) * x) - y[..., :1] / x * 3


def with_roots(x, y):
    return (np.sqrt(abs(x * y - 2)) + x) / (-y + np.sqrt(y * y - 4 * x * y))


def with_extremes(x, y):
    return np.maximum(x * 2 - y, 0) + y, np.clip(1 - x, y, 0.5) * np.minimum(0.75, -x), np.maximum(x * 1, -y)


def with_a_lost_number(x, y):
    return np.maximum(np.minimum(x * 2, y) + 0, 0.75)


# With the links of each one's chains over one axis, and over rows.
PROGRAMS = {
    horner: ([5], [5]),
    reversed_operands: ([7], [7]),
    used_twice: ([2, 2], [2, 2]),
    in_place: ([2], [2]),
    over_what_is_read: ([2, 3, 2, 2], [2, 3, 2, 2]),
    by_rows: ([3, 3], [3, 3]),
    with_roots: ([5, 6], [5, 6]),
    with_extremes: ([4, 3, 3, 2], [4, 3, 3, 2]),
    with_a_lost_number: ([4], [4]),
}


def hashed(x, y):
    return ((x * 31 + y) ^ 0x55) * 7 & 0x7B | x, -(3 - np.maximum(x, y)) * np.minimum(y * 5, x)


def clipped(x, y):
    return np.clip(x, 2, 10) * 4 + y * 3 + 9, np.clip(y, x, 7) - x * x


def counted(x, y):
    x += y * 3
    y -= x
    return np.square(y - 5) + x


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("given", [flat, rows])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_made_in_chains(found, program, given, dtype):
    assert not differences(program, given(dtype))
    assert found == PROGRAMS[program][given is rows]


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, 0.0, -0.0, 1e38, 1e-45])
@pytest.mark.parametrize("given", [flat, rows])
@pytest.mark.parametrize("program", PROGRAMS)
def test_special_numbers_come_out_as_numpys(program, given, value, dtype):
    x, y = given(dtype)
    for at in 0, 7, x.shape[-1] // 2, -1:
        x[..., at] = value
        y[..., at] = -value
    x[..., 8], y[..., 9] = value, value
    assert not differences(program, (x, y))


# With the links of each one's chains.
OF_INTEGERS = {hashed: [6, 3, 3], clipped: [3, 3, 2, 2], counted: [2, 3]}


@pytest.mark.parametrize("dtype", "bBhHiIlL")
@pytest.mark.parametrize("given", [flat, rows])
@pytest.mark.parametrize("program", OF_INTEGERS)
def test_integers_wrap_around_in_chains(found, program, given, dtype):
    bits = np.random.default_rng(7).integers(0, 256, 2 * 8 * 75_000, np.uint8)
    x, y = bits.view(dtype)[:150_000].reshape(2, 150, 500)
    if given is rows:
        x, y = x[:, 1:], y[:, :-1]
    else:
        x, y = x.ravel()[:N], y.ravel()[:N]
    assert not differences(program, (x, y))
    assert found == OF_INTEGERS[program]


def distance(x, y):
    return np.sqrt(((x - y) ** 2).sum())


def products(x, y):
    return (x * y).sum(), np.mean(x * x)


def of_ten(x, y):
    return np.add.reduce(1 / np.sqrt(abs(x * 3 - y) + 1) * (y - 0.5) - np.minimum(x, y) * 2)


def with_either_nan(x, y):
    return (y * abs(x)).sum(), (y + abs(x)).mean()


def spread(x, y):
    return x.var(), y.std(ddof=1)


SUMMED = [distance, products, of_ten, with_either_nan, spread]
LENGTHS = [
    *range(1, 18),
    64,
    71,
    72,
    120,
    127,
    128,
    129,
    136,
    1000,
    1023,
    1024,
    1025,
    1032,
    1096,
    4880,
    8192,
    8193,
    N,
    80_000,
]


@pytest.fixture(params=simd_levels())
def level(request):
    before = simd_level()
    set_simd_level(request.param)
    yield
    set_simd_level(before)


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("program", SUMMED)
def test_what_chains_make_is_summed(monkeypatch, level, program, dtype):
    everything_is_worth_it(monkeypatch)
    x, y = np.random.default_rng(8).uniform(-2, 2, (2, max(LENGTHS) + 1)).astype(dtype)
    for n in LENGTHS:
        assert not differences(program, (x[:n], y[1 : n + 1])), n


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -0.0, 3e38, 1e308, 1e-45])
@pytest.mark.parametrize("program", SUMMED)
def test_special_numbers_are_summed_as_numpy_does(program, value, dtype):
    for at in [[0, 7], [40_000], [80_000 - 1], slice(None)]:
        x, y = np.random.default_rng(8).uniform(-2, 2, (2, 80_000)).astype(dtype)
        with np.errstate(over="ignore"):
            x[at], y[at] = value, -np.array(value).astype(dtype)
        assert not differences(program, (x, y)), at


def test_an_operand_with_gaps_is_not_taken_for_one_of_rows() -> None:
    """One program serves arrays that lie alike: a number for each row, and every other element, do not."""
    rng = np.random.default_rng(0)
    a, c = rng.random((300, 400)), rng.random((300, 400))
    program = tm.fuse(lambda a, b, c: (a * b + c) * a)
    for b in (rng.random((300, 1)), rng.random((300, 800))[:, ::2], rng.random((300, 1))):
        np.testing.assert_array_equal(program(a, b, c), (a * b + c) * a, strict=True)


def test_integers_are_clipped_in_rows_beside_what_minds_nans() -> None:
    x = np.arange(90_000, dtype=np.int8).reshape(300, 300)
    y = np.ones((300, 600))[:, ::2]
    clipped, added = tm.fuse(lambda x, y: (np.clip(x, -1, 2), x + y))(x, y)
    np.testing.assert_array_equal(clipped, np.clip(x, -1, 2), strict=True)
    np.testing.assert_array_equal(added, x + y, strict=True)
