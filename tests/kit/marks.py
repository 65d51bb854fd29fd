"""Parameters with a mark."""

from typing import Any

import pytest

__all__ = ["only_in_a_sweep"]


def only_in_a_sweep(value: Any) -> Any:
    """A parameter that `pytest` alone leaves out."""
    return pytest.param(value, marks=pytest.mark.sweep)
