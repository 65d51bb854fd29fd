"""Refusal: the answer where a call does not run on our threads."""

from dataclasses import dataclass
from typing import final

__all__ = ["ONE_THREAD", "Refusal"]


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why NumPy makes a call. The reason ends the sentence "by NumPy, because ..."."""

    reason: str


# No call without a pool gains from its chunks then.
ONE_THREAD = Refusal("the default pool has one thread")
