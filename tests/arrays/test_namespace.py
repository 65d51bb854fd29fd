"""threadmill.numpy has all that numpy has, and says where its own functions run."""

import inspect
import pickle
import pydoc
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import threadmill as tm

OUR_NAMES = [name for family in tm.numpy._FAMILIES for name in family.__all__]
OUR_ROOMS = {room.__name__.rpartition(".")[2]: room for room in tm.numpy._ROOMS}


def test_a_star_import_brings_what_numpys_brings() -> None:
    ours: dict[str, object] = {}
    numpys: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that NumPy deprecates
        exec("from threadmill.numpy import *", ours)
        exec("from numpy import *", numpys)
    assert set(numpys) <= set(ours)
    for name in numpys.keys() - {"__builtins__"}:
        if isinstance(numpys[name], np.ufunc):
            assert ours[name] is tm.parallel(numpys[name])
        elif name in OUR_ROOMS:
            assert ours[name] is OUR_ROOMS[name]
        elif name not in OUR_NAMES:
            assert ours[name] is numpys[name], name


def test_every_name_of_numpy_is_there() -> None:
    assert set(dir(np)) <= set(dir(tm.numpy))
    assert set(np.__all__) <= set(tm.numpy.__all__)


def test_a_name_that_numpy_deprecates_is_told_at_the_users_line() -> None:
    deprecated = []
    for name in sorted({*np.__all__, "in1d", "trapz", "row_stack", "chararray"}):
        with warnings.catch_warnings(record=True) as expected:
            warnings.simplefilter("always")
            getattr(np, name, None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(tm.numpy, name, None)
        told = [(each.category, str(each.message), each.filename) for each in caught]
        assert told == [(each.category, str(each.message), each.filename) for each in expected]
        deprecated += told
    if np.lib.NumpyVersion(np.__version__) < "2.4.0":
        assert deprecated


@pytest.mark.parametrize("room", [tm.numpy, *tm.numpy._ROOMS], ids=lambda each: each.__name__)
def test_a_name_of_numpys_own_is_looked_up_once(room: Any) -> None:
    names = "newaxis", "float64", "array", "hypot"
    for name in names if room is tm.numpy else {*room.__dir__()} - {*room.__all__}:
        found = getattr(room, name)
        assert vars(room)[name] is found


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError):
        tm.numpy.no_such_name  # noqa: B018


OURS = [*(getattr(tm.numpy, name) for name in OUR_NAMES), tm.numpy.exp, tm.numpy.add]


@pytest.mark.parametrize("function", [*OURS, tm.numpy.vecdot], ids=lambda each: each.__name__)
def test_the_signature_is_numpys_with_pool(function: Any) -> None:
    shown = list(inspect.signature(function).parameters.values())
    last = shown.pop(-1 if shown[-1].kind is not inspect.Parameter.VAR_KEYWORD else -2)
    assert (last.name, last.kind, last.default) == ("pool", inspect.Parameter.KEYWORD_ONLY, None)
    try:
        numpys = list(inspect.signature(getattr(np, function.__name__)).parameters.values())
    except ValueError:  # of a function in C before NumPy 2.4
        names = [each.name for each in shown]
        assert "out" in names if isinstance(function, tm.ParallelUfunc) else names == ["args", "options"]
    else:
        assert shown == numpys


def test_signatures_of_our_own_functions() -> None:
    assert list(inspect.signature(tm.sum).parameters)[:3] == ["x", "axis", "dtype"]
    assert list(inspect.signature(tm.scale).parameters)[:3] == ["x", "k", "out"]
    for function in tm.sum, tm.scale, tm.square:
        assert list(inspect.signature(function).parameters)[-2:] == ["overflow", "pool"]
    reduce = inspect.signature(tm.parallel(np.add).reduce)
    assert str(reduce).startswith("(array, axis=0, dtype=None, out=None, keepdims=False, initial=<no value>")
    assert "pool" in reduce.parameters


@pytest.mark.parametrize("function", OURS, ids=lambda each: each.__name__)
def test_the_docstring_tells_of_threads_and_then_is_numpys(function: Any) -> None:
    assert function.__doc__.startswith(f"numpy.{function.__name__} on the threads of `pool`")
    assert function.__doc__.endswith(getattr(np, function.__name__).__doc__)


class Witness:
    """Tells which modules are between an array function and who called it."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.between = []
        frame = sys._getframe(1)
        while frame.f_code is not test_what_is_no_array_is_numpys_in_the_users_frame.__code__:
            self.between.append(frame.f_globals["__name__"])
            frame = frame.f_back
        return np.ones(3)


@pytest.mark.parametrize(
    "name", ["sum", "prod", "min", "max", "any", "all", "amin", "amax", "mean", "median", "sort"]
)
def test_what_is_no_array_is_numpys_in_the_users_frame(name: str) -> None:
    """So that its warnings are at the user's line, and numbers and lists as quick as with NumPy."""
    witness = Witness()
    for x in witness, [witness, witness]:
        witness.between = ["nobody asked"]
        getattr(tm.numpy, name)(x)
        assert all(module.startswith("numpy") for module in witness.between)


def test_help_shows_pool() -> None:
    assert "pool=None" in pydoc.render_doc(tm.numpy.mean)
    assert "numpy.mean on the threads of `pool`" in pydoc.render_doc(tm.numpy.mean)


@pytest.mark.parametrize("name", OUR_ROOMS)
def test_a_room_has_all_that_numpys_has(name: str) -> None:
    room, numpys = OUR_ROOMS[name], getattr(np, name)
    assert getattr(tm.numpy, name) is room
    for each in {*dir(numpys), *dir(room)}:
        if each in room.__all__:
            assert getattr(room, each).__doc__.endswith(getattr(numpys, each).__doc__)
            assert pickle.loads(pickle.dumps(getattr(room, each))) is getattr(room, each)
        elif not each.startswith("_"):
            assert getattr(room, each) is getattr(numpys, each)
    with pytest.raises(AttributeError):
        room.no_such_name  # noqa: B018


def test_functions_survive_a_pickle() -> None:
    for function in OURS:
        assert pickle.loads(pickle.dumps(function)) is function
