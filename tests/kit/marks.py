"""Parameters with a mark."""

from typing import Any

import pytest

from threadmill.arrays.probes import sum_block

__all__ = ["only_in_a_sweep", "sums_fold"]


def only_in_a_sweep(value: Any) -> Any:
    """A parameter that `pytest` alone leaves out."""
    return pytest.param(value, marks=pytest.mark.sweep)


# NumPy before 2.3 adds floats in blocks of its buffer, wherever they begin: no pass ends in such a sum.
sums_fold = pytest.mark.skipif(bool(sum_block()), reason="this NumPy adds floats in blocks of its buffer")
