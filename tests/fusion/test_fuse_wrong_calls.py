"""Calls with arguments that NumPy refuses, or warns of: lazy arrays tell what its arrays tell."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences

pytestmark = pytest.mark.usefixtures("small_ones_too")

NO_OUT = {"out": None}


def named(x: Any, y: Any) -> Any:
    return np.add(x, y, out=None, where=x > 0)[x > 0]


def in_a_tuple(x: Any, y: Any) -> Any:
    return np.sqrt(x * y, out=(None,), where=y > 0)[y > 0]


def of_two(x: Any, y: Any) -> Any:
    return [made[y > 0] for made in np.divmod(x, y, out=(None, None), where=y > 0)]


def not_named(x: Any, y: Any) -> Any:
    return np.add(x, y, where=x > 0)[x > 0]


def by_position(x: Any, y: Any) -> Any:
    return np.add(x, y, None, where=x > 0)[x > 0]


def another_dtype(x: Any, y: Any) -> Any:
    return np.add(x, y, where=x > 0, dtype="f8", casting="unsafe")[x > 0]


def by_a_partial(x: Any, y: Any) -> Any:
    return functools.partial(np.add, x, y)(where=x > 0)[x > 0]


# More constants than a byte counts, before the names of arguments.
_LINES = [f"  told.append({k}.5)" for k in range(300)]
_MANY = "\n".join(
    ["def many(x, y):", "  told = []", *_LINES, "  return np.add(x, y, out=None, where=x > 0)[x > 0]"]
)


def many_constants() -> Callable[..., Any]:
    names: dict[str, Any] = {"np": np}
    exec(_MANY, names)
    made: Callable[..., Any] = names["many"]
    return made


@pytest.mark.parametrize(
    "function",
    [
        *(named, in_a_tuple, of_two, not_named, by_position, another_dtype, by_a_partial),
        many_constants(),
    ],
)
def test_where_warns_of_no_out_unless_none_is_given_by_name(function: Callable[..., Any]) -> None:
    args = [np.linspace(-2, 3, 5000), np.linspace(1, -1, 5000)]
    assert differences(function, args) == {}


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize(
    ("args", "options"),
    [
        *(((0,), {"axis": 0}), ((0, None), {"out": None}), ((0, None, True), {}), ((), {"keepdim": 1})),
        *(((None,), {"initial": 1}), ((0,), NO_OUT), ((0, None), {"keepdims": True}), ((), {"axis": "a"})),
    ],
)
def test_extremes_take_what_numpys_take(name: str, args: Any, options: Any) -> None:
    def program(x: Any, y: Any) -> Any:
        try:
            return getattr(x * y, name)(*args, **options)
        except TypeError as error:
            return str(error)

    assert differences(program, [np.linspace(-2, 3, 5000), np.ones(5000)]) == {}


@pytest.mark.parametrize(
    "call",
    [
        *(lambda t: t.copy("C", -1, ddof=1), lambda t: t.round(None, mode="zz"), lambda t: t.round(1, 2, 3)),
        *(lambda t: np.zeros_like(t, t, {}), lambda t: np.clip(t, 0, 1, None, 5), lambda t: t.copy(foo=1)),
        *(lambda t: np.where(t, t, t, t), lambda t: t.astype(), lambda t: t.astype("f", foo=1)),
        *(lambda t: np.nan_to_num(t, t), lambda t: np.nan_to_num(t, copy=t[:0])),
    ],
)
def test_arguments_that_do_not_fit_are_told_as_numpy_tells_them(call: Callable[..., Any]) -> None:
    def program(x: Any, y: Any) -> Any:
        try:
            return call(x * y)
        except (TypeError, ValueError) as error:
            return str(error), error.__context__

    assert differences(program, [np.linspace(-2, 3, 5000), np.ones(5000)]) == {}


def test_arrays_are_given_by_name_as_well() -> None:
    def program(x: Any, y: Any) -> Any:
        t = x * y
        reduced = np.add.reduce(array=x), np.add.reduce(array=t, axis=0, keepdims=True)
        return *reduced, np.add.accumulate(array=t), np.add.reduceat(array=x, indices=[0, 7]), np.sum(a=t)

    assert differences(program, [np.linspace(-2, 3, 5000), np.ones(5000)]) == {}


def test_a_lazy_array_is_reduced_as_its_array() -> None:
    """By the methods that pickle asks for."""

    def program(x: Any, y: Any) -> Any:
        t = x * y
        return t.__reduce__(), t.__reduce_ex__(4)[1], x.__reduce__()[1:]

    assert differences(program, [np.linspace(-2, 3, 5000), np.ones(5000)]) == {}
