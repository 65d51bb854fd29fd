"""Random programs, fused: nothing that a caller sees differs.

More: ``python tests/kit/fuse_random.py 3600``.
"""

import pytest
from kit.fuse_random import tried

import threadmill as tm

pytestmark = [
    pytest.mark.usefixtures("small_ones_too"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


@pytest.mark.parametrize("block", range(8))
def test_random_programs(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(50 * block, 50 * block + 50):
        assert tried(seed, pools) == {}, f"seed {seed}"
