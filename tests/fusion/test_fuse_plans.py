"""Plans that are kept make the bits that plans made afresh make: programs on arguments that are nearly alike.

More: ``python tests/kit/fuse_plans.py 3600``.
"""

from collections.abc import Iterator

import pytest
from kit.fuse_compare import everything_is_worth_it
from kit.fuse_plans import is_timed_soon, unlike

import threadmill as tm


@pytest.fixture(scope="module", autouse=True)
def small_ones_too() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        everything_is_worth_it(patch)
        is_timed_soon(patch)
        yield


@pytest.mark.parametrize("block", range(4))
def test_plans_that_are_kept(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(20 * block, 20 * block + 20):
        assert unlike(seed, pools) == {}, f"seed {seed}"
