"""Has calls of any size run in C, and in short chunks: what is too small to gain is NumPy's as a rule."""

from threadmill.arrays import functions, spaces, ufunc


def lower_thresholds() -> None:
    """From now on no call of this process is too small for C."""
    for name in "_SMALL", "_SMALL_SUM", "_ALONE":
        setattr(functions, name, 0)
    ufunc._LEAST_READ = ufunc._LEAST = ufunc._LEAST_COSTLY = 0
    for made in ufunc._made.values():
        made._least = 0


def shorten_chunks(elements: int) -> None:
    """From now on calls that are cut in Python are cut into chunks of so many elements."""
    spaces.chunk_elements = lambda total: elements
