"""Refusal: the answer where a call does not run on our threads."""

import functools
from dataclasses import dataclass
from typing import final

__all__ = ["FUSE_IS_OFF", "ONE_THREAD", "Refusal", "fewer_than"]


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why NumPy makes a call. The reason ends the sentence "by NumPy, because ...".

    `by_size`: the call is too small to gain, and would run on our threads if it were larger.
    """

    reason: str
    by_size: bool = False


# No call without a pool gains from its chunks then.
ONE_THREAD = Refusal("the default pool has one thread")

FUSE_IS_OFF = Refusal("THREADMILL_FUSE=0 is set")


@functools.lru_cache(64)  # it is made in the way of small calls
def fewer_than(least: int) -> Refusal:
    """The refusal of calls that are smaller than so many bytes."""
    return Refusal(f"fewer than {least} bytes are not worth another thread", by_size=True)
