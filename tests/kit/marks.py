"""Parameters: with a mark, and of a product in pairs."""

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["in_pairs", "name_of", "only_in_a_sweep"]


def in_pairs(first: Iterable[Any], second: Iterable[Any], third: Iterable[Any]) -> list[tuple[Any, Any, Any]]:
    """Triples in which any two values of any two of the lists meet, the third list being the shortest.

    For a product of which each case tries many inputs: a fault that takes three certain values at once, and
    shows on none of the inputs of others, is left to random programs.
    """
    a, b, c = list(first), list(second), list(third)
    assert len(c) <= min(len(a), len(b)), "the third list is to be the shortest"
    return [(x, y, c[(i + j) % len(c)]) for i, x in enumerate(a) for j, y in enumerate(b)]


def name_of(value: Any) -> Any:
    """For `ids`: the name of a function, and other values as they are."""
    return getattr(value, "__name__", value)


def only_in_a_sweep(value: Any) -> Any:
    """A parameter that `pytest` alone leaves out."""
    return pytest.param(value, marks=pytest.mark.sweep)
