"""The pool that a call was given, or the default one."""

from typing import Any

from .._native.pools import check_open
from .pool import Pool, default_pool

__all__ = ["check_pool", "pool_or_default"]


def check_pool(pool: Any) -> None:
    """Raises what a pool that can't be used raises; None, for the default pool, can."""
    if pool is not None:
        if not isinstance(pool, Pool):
            raise TypeError(f"pool must be a threadmill.Pool or None, got {type(pool).__name__}")
        check_open(pool._handle)


def pool_or_default(pool: Pool | None) -> Pool:
    """The pool to run on, open."""
    if pool is None:
        return default_pool()
    check_pool(pool)
    return pool
