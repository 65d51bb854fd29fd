"""Random programs, fused: nothing that a caller sees differs.

More: ``python tests/kit/fuse_random.py 3600``.
"""

import numpy as np
import pytest
from kit.fuse_random import case_of, left_of, tried

import threadmill as tm

pytestmark = [
    pytest.mark.usefixtures("small_ones_too"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


@pytest.mark.parametrize("block", range(8))
def test_random_programs(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(50 * block, 50 * block + 50):
        assert tried(seed, pools) == {}, f"seed {seed}"


def test_what_no_loop_writes_is_no_difference() -> None:
    """Six bytes of a long double, which count in the other byte order."""
    x = np.ones(9, "g")
    found = {"result": ["one", "other"]}
    for args in ([x, x.view(x.dtype.newbyteorder())], [x.view([("a", "g")]), np.ones(9), x]):
        assert left_of(case_of("def program(*args): pass", args, {}, 0), found) == {}
    for args in ([x, x[::-1]], [x, np.ones(9)], [np.ones(9)] * 2):
        assert left_of(case_of("def program(*args): pass", args, {}, 0), found) == found
