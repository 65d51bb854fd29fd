"""threadmill in C: the capsule and the header for extensions that run their loops on the one pool."""

from pathlib import Path

from .._native.c_api import address_for_ever, capsule
from .._process import lock_of_process
from .default_pool import default_pool
from .pool import Pool

__all__ = ["C_API", "get_include"]

# Default pools that C has been given, by their ids, with their addresses; nearly always one.
_given: dict[int, tuple[Pool, int]] = {}


def _find_pool() -> int:
    """The address of the default pool, which is kept for the rest of the process."""
    pool = default_pool()
    with lock_of_process("c_api"):
        found = _given.get(id(pool))
        if found is None:
            found = _given[id(pool)] = pool, address_for_ever(pool._handle)
        return found[1]


C_API = capsule(_find_pool)


def get_include() -> str:
    """The folder of ``threadmill_api.h``, for extensions in C, C++ or Cython.

    The header tells what the functions do. An extension is built with this folder among its include
    directories and linked with nothing.

    Returns
    -------
    str

    Examples
    --------
    >>> import pathlib, threadmill as tm
    >>> (pathlib.Path(tm.get_include()) / "threadmill_api.h").is_file()
    True
    """
    return str(Path(__file__).parents[1] / "include")
