"""NumPy as the oracle: the twin of each function, and comparisons that let no bit pass."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import threadmill as tm


def numpy_scale(x: Any, k: Any, out: Any = None) -> Any:
    """x·k in x's dtype, said in NumPy."""
    return np.multiply(x, k, out=out, dtype=np.asarray(x).dtype.type)


TWINS: dict[Callable[..., Any], Callable[..., Any]] = {
    tm.square: np.square,
    tm.sum: np.sum,
    tm.scale: numpy_scale,
}


def assert_same(ours: Any, theirs: Any) -> None:
    """Same class, dtype, shape, memory order and bits."""
    assert type(ours) is type(theirs)
    if not isinstance(theirs, np.ndarray | np.generic):
        assert ours == theirs
        return
    assert ours.dtype == theirs.dtype
    assert ours.dtype.char == theirs.dtype.char
    assert ours.shape == theirs.shape
    assert ours.strides == theirs.strides
    if theirs.dtype.char in "gG":  # Ten bytes of a number, the rest is padding.
        np.testing.assert_array_equal(ours, theirs, strict=True)
        np.testing.assert_array_equal(np.signbit(ours.real), np.signbit(theirs.real))
    else:
        assert ours.tobytes() == theirs.tobytes()


@dataclass
class Outcome:
    """What a call came to: its result or exception, and the warnings on the way."""

    result: Any
    error: tuple[type[BaseException], str] | None
    warned: list[tuple[type[Warning], str]]


def outcome(call: Callable[[], Any]) -> Outcome:
    """Runs call(); keeps class and text of each warning and of an exception."""
    result, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except Exception as raised:
            error = (type(raised), str(raised))
    return Outcome(result, error, [(each.category, str(each.message)) for each in caught])


def assert_same_outcome(ours: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    """Same result or exception and the same warnings."""
    actual, expected = outcome(ours), outcome(theirs)
    assert actual.error == expected.error
    assert actual.warned == expected.warned
    assert_same(actual.result, expected.result)


def assert_as_numpy(function: Callable[..., Any], *args: Any, **only_ours: Any) -> None:
    """function(*args) is what its twin makes of the same arguments."""
    twin = TWINS[function]
    assert_same_outcome(lambda: function(*args, **only_ours), lambda: twin(*args))
