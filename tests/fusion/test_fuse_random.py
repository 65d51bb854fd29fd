"""Random programs, fused: nothing that a caller sees differs.

More: ``python tests/kit/fuse_random.py 3600``.
"""

from collections.abc import Iterator

import pytest
from kit.fuse_compare import everything_is_worth_it
from kit.fuse_random import tried

import threadmill as tm


@pytest.fixture(scope="module", autouse=True)
def small_ones_too() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        everything_is_worth_it(patch)
        yield


@pytest.mark.parametrize("block", range(8))
def test_random_programs(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(50 * block, 50 * block + 50):
        assert tried(seed, pools) == {}, f"seed {seed}"
