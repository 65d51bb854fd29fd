"""Random calls of the namespace and of the random numbers: nothing that a caller sees differs from NumPy's.

More: ``python tests/kit/namespace_random.py 3600``.
"""

import pytest
from kit.namespace_random import tried

import threadmill as tm

pytestmark = [
    pytest.mark.usefixtures("every_size_in_c"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


@pytest.mark.parametrize("block", range(8))
def test_random_calls(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(200 * block, 200 * block + 200):
        assert tried(seed, pools) is None, f"seed {seed}"
