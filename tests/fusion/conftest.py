"""What the tests of fused functions share."""

import warnings
from collections.abc import Iterator

import pytest
from kit.fuse_compare import everything_is_worth_it


@pytest.fixture(scope="module")
def small_ones_too() -> Iterator[None]:
    """Has small arrays fused as well, for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        everything_is_worth_it(patch)
        yield


@pytest.fixture
def put_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is done at once for its size, or as a warning would raise."""
    everything_is_worth_it(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
