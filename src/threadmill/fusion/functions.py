"""What NumPy's functions do with lazy arrays: known nodes, a definition of ours, or NumPy's own work."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .by_kinds import function_by_kinds, learn
from .by_steps import FUNCTIONS_BY_STEPS, by_steps
from .call_sites import bound
from .calls import are_small, by_numpy
from .definitions import FUNCTIONS
from .lazy import LazyArray, at_once
from .recording import put_off

__all__ = ["array_function"]

# Other classes have a word in what a function does with them.
_PLAIN = frozenset({LazyArray, np.ndarray})


def array_function(self: LazyArray, function: Any, types: Any, args: Any, options: Any) -> Any:
    called = function_by_kinds(function, options)
    if called is not None:
        made = put_off(called, 0, *args)
        if made is not None:
            return made
    elif function in _BY_STEPS and args and type(args[0]) is LazyArray and _PLAIN.issuperset(types):
        return _BY_STEPS[function](*args, **options)
    made = _defined(self, function, types, args, options)
    if called is not None:
        learn(called, args, made)
    return made


def _defined(self: LazyArray, function: Any, types: Any, args: Any, options: Any) -> Any:
    """What a function's definition makes of its arguments, if it has one for them, else NumPy."""
    definition = FUNCTIONS.get(function)
    if definition is not None and are_small(args):
        return by_numpy(self._record, function, args, options)
    if definition is not None and _PLAIN.issuperset(types):
        result = bound(definition, args, options)
        if result is not NotImplemented:
            return result
    return at_once(self._record, function, args, options)


def _of_one_array(function: Any) -> Callable[..., Any]:
    def call(x: LazyArray, *args: Any, **options: Any) -> Any:
        return _defined(x, function, (LazyArray,), (x, *args), options)

    return call


_BY_STEPS = {function: by_steps(function, _of_one_array(function)) for function in FUNCTIONS_BY_STEPS}
