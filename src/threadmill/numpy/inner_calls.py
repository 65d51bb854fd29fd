"""NumPy's own Python code whose inner calls share out rows: what fft and linalg have in common.

Such code is bound anew, with functions of ours for what it calls. They find the pool in a context variable,
and raise `Refused` where NumPy has to make the whole call; so does a warning.
"""

import contextvars
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.refusal import Refusal
from ..tasks.pool import Pool
from .rows import TOLD, raising

__all__ = ["WARNINGS", "Refused", "calling", "pool_of_call"]

# The pool of the call that this context makes.
_pool: contextvars.ContextVar[Pool] = contextvars.ContextVar("pool_of_call")


class Refused(Exception):
    """NumPy is to make the call."""


def _warn(*_: Any, **__: Any) -> None:
    raise Refused


# In place of the module that the code warns by.
WARNINGS = types.SimpleNamespace(warn=_warn)


def pool_of_call() -> Pool:
    return _pool.get()


def calling(pool: Pool, own: Callable[..., Any], *args: Any, **options: Any) -> Callable[[], Any | Refusal]:
    """What makes the call own(*args, **options), whose inner calls run on the pool."""

    def run() -> Any:
        token = _pool.set(pool)
        try:
            with np.errstate(**raising()):
                return own(*args, **options)
        except Exception:  # NumPy is to tell
            return TOLD
        finally:
            _pool.reset(token)

    return run
