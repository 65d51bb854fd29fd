"""Has calls of any size run in C, and in short chunks: what is too small to gain is NumPy's as a rule."""

from collections.abc import Callable
from typing import Any

from threadmill.arrays import spaces, thresholds, ufunc


def lower_thresholds(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on no call of this process is too small for C."""
    for name in "LEAST", "MOST", "REDUCED", "SUMMED", "ALONE":
        set_attribute(thresholds, name, 0)
    for made in (*ufunc._of_numpy.values(), *ufunc._made.values()):
        set_attribute(made, "_least", 0)
        set_attribute(made, "_worth", {})


def shorten_chunks(elements: int) -> None:
    """From now on calls that are cut in Python are cut into chunks of so many elements.

    Which of two NaNs comes out may then be another one than NumPy's: it depends on whole vectors.
    """
    spaces.chunk_elements = lambda total: elements
    spaces._WHOLE = 1
