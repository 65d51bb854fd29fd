"""The signatures and docstrings of functions that take what NumPy's take, and `pool`."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

__all__ = ["doc_with_pool", "method_with_pool", "shows", "with_pool"]

Function = TypeVar("Function", bound=Callable[..., Any])

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ARGS = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
_OPTIONS = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD)
_POOL = inspect.Parameter("pool", inspect.Parameter.KEYWORD_ONLY, default=None)


def with_pool(
    numpys: Callable[..., Any], operands: Sequence[str] = (), without: Sequence[str] = (), **more: Any
) -> inspect.Signature:
    """NumPy's signature with `pool`, and with keywords of our own before it, given with their defaults.

    `operands` are the names of the first parameters where they can't be given by NumPy's names; the
    parameters `without` are left out.
    """
    try:
        parameters = list(inspect.signature(numpys).parameters.values())
    except ValueError:  # a function in C of NumPy before 2.4
        parameters = _of_ufunc(numpys) if isinstance(numpys, np.ufunc) else [_ARGS, _OPTIONS]
    first = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in operands]
    rest = [each for each in parameters[len(first) :] if each.name not in without]
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in more.items()
    ]
    any_keyword = [each for each in rest if each.kind is inspect.Parameter.VAR_KEYWORD]  # which is the last
    return inspect.Signature([*first, *rest[: len(rest) - len(any_keyword)], *own, _POOL, *any_keyword])


def method_with_pool(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a method that takes what `function` takes, and `pool`."""
    parameters = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in inspect.signature(function).parameters.values()
    ]
    return inspect.Signature([_SELF, *parameters, _POOL])


def _of_ufunc(ufunc: Any) -> list[inspect.Parameter]:
    names = ["x"] if ufunc.nin == 1 else [f"x{k + 1}" for k in range(ufunc.nin)]
    operands = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    out = inspect.Parameter("out", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    defaults = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
    if ufunc.signature is not None:
        del defaults["where"]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
    ]
    return [*operands, out, *options]


def doc_with_pool(numpys: Any, way: str = "") -> str:
    """NumPy's docstring under two lines of ours, and one that tells the way it runs."""
    name = getattr(numpys, "__name__", "")
    kind = "ufunc" if isinstance(numpys, np.ufunc) else "function"
    return (
        f"numpy.{name} on the threads of `pool`, of which the caller is one; the default pool if None.\n"
        f"The result has the bits that NumPy's {kind} gives, on any number of threads.\n"
        f"{way and way + chr(10)}\n{numpys.__doc__}"
    )


def shows(signature: inspect.Signature) -> Callable[[Function], Function]:
    """A decorator: help and inspect.signature show this signature of a function that takes anything."""

    def shown(function: Function) -> Function:
        function.__signature__ = signature  # type: ignore[attr-defined]
        return function

    return shown
