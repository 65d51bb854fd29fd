"""Arrays of objects and masked ones in fused functions: what is put into them is NumPy's after the call."""

from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences

import threadmill as tm

pytestmark = pytest.mark.usefixtures("small_ones_too")


def into_an_argument(x: Any, objects: Any) -> Any:
    objects[0] = x * 2
    objects[1] = [x + 1, {"three": x * 3}]
    return None


def into_what_is_returned(x: Any, objects: Any) -> Any:
    made, one = np.empty(3, object), np.empty((), object)
    made[0], made[1] = x - 1, (x, x / 2)
    one[()] = {"x": x * 5}
    return made, np.array([{"five": x * 5}, None], object), [made[:1]], one, objects


def into_itself(x: Any, objects: Any) -> Any:
    objects[0], objects[1] = [objects], x * 2
    return objects[1], objects[0][0] is objects


@pytest.mark.parametrize("program", [into_an_argument, into_what_is_returned])
def test_arrays_of_objects_hold_arrays(program: Any) -> None:
    assert differences(program, [np.arange(5000.0), np.zeros(2, object)]) == {}


def test_an_array_of_objects_that_holds_itself() -> None:
    objects = np.zeros(2, object)
    made, is_same = tm.fuse(into_itself)(np.arange(5000.0), objects)
    assert is_same
    assert made is objects[1]
    assert type(made) is np.ndarray
    objects[0] = None


def test_one_that_nobody_may_write_to_is_left_alone() -> None:
    def program(x: Any, objects: Any) -> Any:
        return objects, x * 2

    objects = np.array([1, "two"], object)
    objects.flags.writeable = False
    assert differences(program, [np.arange(5000.0), objects]) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["log", "sqrt", "tan", "power", "divide", "add"])
def test_numpys_functions_of_masked_arrays_make_them_of_lazy_ones(name: str) -> None:
    """They take its class for that of the data, and what they make of it for a mask."""
    function = getattr(np.ma, name)

    def program(x: Any, y: Any, m: Any) -> Any:
        made = function(*(x - 1, y)[: 1 if name in ("log", "sqrt", "tan") else 2])
        return made, made.data, made + 1, made[:3], function(x, y, y.copy()) if name == "divide" else None

    def into_an_output(x: Any, y: Any, m: Any) -> Any:
        m._mask = x > 3
        return [function(x, y)], {"made": m}

    m = np.ma.MaskedArray(np.zeros(5000), np.arange(5000) % 2)
    x, y = np.linspace(-2, 3, 5000), np.linspace(2, -1, 5000)
    assert differences(program, [x, y, m]) == {}
    assert differences(into_an_output, [x, y, m]) == {}
