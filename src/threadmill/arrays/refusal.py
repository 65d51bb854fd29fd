"""Refusal: the answer where a call does not run on our threads."""

from dataclasses import dataclass
from typing import final

__all__ = ["Refusal"]


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why NumPy makes a call. The reason ends the sentence "by NumPy, because ..."."""

    reason: str
