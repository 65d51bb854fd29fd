"""What a task runs: a function, its arguments, and the context of who submitted it."""

from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

__all__ = ["Call", "new_call"]

# A tuple of three: to the garbage collector it is one object, where a partial of context.run is two.
Call = tuple[Context, Callable[..., Any], tuple[Any, ...]]


def new_call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    return copy_context(), partial(fn, **kwargs) if kwargs else fn, args
