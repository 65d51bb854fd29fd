"""Chains of operations in passes: where they are used, and where the operations' own loops have to run."""

import numpy as np
import pytest
from kit.fuse_compare import differences

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


# With the links of each one's chains over one axis, and over rows.
PROGRAMS = {
    horner: ([5], [5]),
    reversed_operands: ([7], [7]),
    used_twice: ([2, 2], [2, 2]),
    in_place: ([2], [2]),
    over_what_is_read: ([2, 3, 2, 2], [2, 3, 2, 2]),
    by_rows: ([3, 3], [3, 3]),
}


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
