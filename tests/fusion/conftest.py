"""What the tests of fused functions share."""

from collections.abc import Iterator

import pytest
from kit.fuse_compare import everything_is_worth_it


@pytest.fixture(scope="module")
def small_ones_too() -> Iterator[None]:
    """Has small arrays fused as well, for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        everything_is_worth_it(patch)
        yield
