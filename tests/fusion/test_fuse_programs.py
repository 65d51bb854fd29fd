"""Programs that people write, fused: results, arguments, identities, warnings and errors are NumPy's."""

import numpy as np
import pytest
from kit.fuse_compare import LAYOUTS, SHAPES, arrays, differences
from kit.fuse_programs import PROGRAMS

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")

EDGES = [1, 2, 3, 7, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 8191, 8192, 8193, 16385, 40961]

CASES = [(name, dtype) for name, program in PROGRAMS.items() for dtype in program.dtypes]


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 60


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_a_program_of_contiguous_arrays(name: str, dtype: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    args = arrays(program.count, SHAPES[program.ndim], dtype)
    for pool in pools:
        assert differences(program.function, args, pool) == {}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_any_layout(name: str, layout: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    args = arrays(program.count, SHAPES[program.ndim], program.dtypes[-1], layout)
    assert differences(program.function, args, pools[1]) == {}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_the_same_array_twice(name: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    (x,) = arrays(1, SHAPES[program.ndim], program.dtypes[-1])
    assert differences(program.function, [x] * program.count, pools[1]) == {}


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.count > 1])
def test_a_program_of_arrays_that_overlap(name: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    first, *others = SHAPES[program.ndim]
    (room,) = arrays(1, (first + program.count, *others), program.dtypes[-1])
    args = [room[k : k + first] for k in range(program.count)]
    assert differences(program.function, args, pools[1]) == {}


@pytest.mark.parametrize("modes", ["ignore", "warn", "raise"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_under_every_errstate(name: str, modes: str, pools: list[tm.Pool]) -> None:
    program = PROGRAMS[name]
    args = arrays(program.count, SHAPES[program.ndim], program.dtypes[0])
    with np.errstate(all=modes):  # type: ignore[arg-type]
        assert differences(program.function, args, pools[1]) == {}


@pytest.mark.parametrize("n", EDGES)
def test_sizes_at_every_edge(n: int, pools: list[tm.Pool]) -> None:
    for name in (
        "quadratic",
        "standardised",
        "binomial",
        "distance",
        "masks",
        "in_place",
        "shift",
        "leapfrog",
    ):
        program = PROGRAMS[name]
        for dtype in program.dtypes:
            args = arrays(program.count, (n,), dtype)
            for pool in pools:
                assert differences(program.function, args, pool) == {}, (name, dtype)


@pytest.mark.parametrize("shape", [(1, 9000), (9000, 1), (3, 3001), (3001, 3), (2, 1024), (129, 64)])
def test_shapes_of_all_proportions(shape: tuple[int, ...], pools: list[tm.Pool]) -> None:
    for name in ("jacobi", "softmax", "standard_columns", "several_axes", "broadcast", "transposed", "fdtd"):
        program = PROGRAMS[name]
        if min(shape) < 3 and name in ("jacobi", "fdtd"):
            continue
        if name == "broadcast":
            shape = tuple(min(length, 129) for length in shape)
        for layout in "contiguous", "gaps", "fortran":
            args = arrays(program.count, shape, "d", layout)
            assert differences(program.function, args, pools[2]) == {}, (name, layout)
