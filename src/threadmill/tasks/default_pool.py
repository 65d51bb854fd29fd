"""The pool of calls that name none, and the check of one that a call names."""

from typing import Any

from .. import _process
from .._native import pools
from .pool import Pool
from .workers import default_workers

__all__ = ["check_pool", "default_pool", "pool_or_default"]

_default: Pool | None = None


def default_pool() -> Pool:
    """The pool that calls without a pool run on; made at first use.

    It has THREADMILL_NUM_THREADS threads, where that is not set OMP_NUM_THREADS (its first number), and else
    one for each usable core; the environment is read when the pool is made.

    Returns
    -------
    Pool
        The same one at every call, until it is shut down; then a new one.

    Raises
    ------
    ValueError
        THREADMILL_NUM_THREADS is no integer of 1 or more.
    """
    global _default
    pool = _default
    if pool is None or pools.pool_is_closed(pool._handle):
        with _process.lock_of_process("default pool"):
            pool = _default
            if pool is None or pools.pool_is_closed(pool._handle):
                pool = _default = Pool(default_workers(), "threadmill")
    return pool


def check_pool(pool: Any) -> None:
    """Raises what a pool that can't be used raises; None, for the default pool, can."""
    if pool is not None:
        if not isinstance(pool, Pool):
            raise TypeError(f"pool must be a threadmill.Pool or None, got {type(pool).__name__}")
        pools.check_open(pool._handle)


def pool_or_default(pool: Pool | None) -> Pool:
    """The pool that a call was given, or the default one; open."""
    if pool is None:
        return default_pool()
    check_pool(pool)
    return pool
