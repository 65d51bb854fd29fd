"""NumPy's own Python code with some of its names bound anew: its bits follow by construction."""

import types
from typing import Any

__all__ = ["rebound"]


def rebound(module: Any, **names: Any) -> types.SimpleNamespace:
    """Copies of a module's functions, for which these names stand for something else.

    The functions are those below the dispatch of __array_function__, and they call one another's copies.
    """
    vars(module).setdefault(
        "__warningregistry__", {}
    )  # as its first warning does: what shows once, of either
    bound = {**vars(module), **names}
    for name, own in vars(module).items():
        function = getattr(own, "_implementation", own)
        is_its_own = isinstance(function, types.FunctionType) and function.__globals__ is vars(module)
        if is_its_own and name not in names:
            copy = types.FunctionType(
                function.__code__, bound, name, function.__defaults__, function.__closure__
            )
            copy.__kwdefaults__ = function.__kwdefaults__
            bound[name] = copy
    return types.SimpleNamespace(**bound)
