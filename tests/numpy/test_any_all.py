"""any and all: those of objects are True or False, as NumPy's, and those of numbers are shared out."""

import itertools
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill.arrays.refusal import Refusal

VALUES: list[list[Any]] = [[3, 0], [0, 3], [0, 0], ["a", ""], [None, 2], [3], [], [[], [1]]]


@pytest.mark.parametrize("name", ["any", "all"])
def test_objects(threads: tm.Pool, name: str) -> None:
    for values, options in itertools.product(
        VALUES, [{}, {"axis": 0}, {"keepdims": True}, {"pool": threads}]
    ):
        x = np.empty(len(values), object)
        x[:] = values
        ours = getattr(tm.numpy, name)(x, **options)
        numpys = getattr(np, name)(x, **{key: value for key, value in options.items() if key != "pool"})
        assert type(ours) is type(numpys)
        assert repr(ours) == repr(numpys)


@pytest.mark.parametrize("dtype", ["?", "i1", "i4", "f8"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["any", "all"])
def test_numbers_are_shared_out(threads: tm.Pool, name: str, axis: Any, dtype: str) -> None:
    x = np.full((300, 2000), name == "all", dtype)
    for place in (299, 1999), (150, 3), (0, 0):
        x[place] = not x[place]
        with tm.report() as seen:
            ours = getattr(tm.numpy, name)(x, axis, pool=threads)
        assert [row.became for row in seen.rows] == ["parallel"]
        numpys = getattr(np, name)(x, axis)
        assert type(ours) is type(numpys)
        assert ours.tobytes() == numpys.tobytes()


@pytest.mark.parametrize("name", ["any", "all"])
def test_what_the_first_bools_decide_is_not_planned(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    ufunc = np.logical_or if name == "any" else np.logical_and
    reducer = tm.parallel(ufunc)._reducer
    plan = type(reducer).plan
    planned: list[Any] = []

    def noted(self: Any, asked: Any, *more: Any) -> Any:
        planned.append(asked)
        return plan(self, asked, *more)

    monkeypatch.setattr(type(reducer), "plan", noted)
    x = np.full(9 << 20, name == "all")
    table = x.reshape(9, -1)
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (x, ()),
        (x, (0,)),
        (x, (-1,)),
        (table, (None,)),
        (table.T, (None,)),
        (table, ((0, 1),)),
        (table, ((1, 0),)),
    ]
    for place, is_decided in (0, True), (4095, True), (4096, False), (None, False):
        if place is not None:
            x[place] = not x[place]
        for each, axis in calls:
            planned.clear()
            for ours, numpys in (
                (getattr(tm.numpy, name), getattr(np, name)),
                (
                    getattr(tm.numpy, ufunc.__name__).reduce,
                    ufunc.reduce,
                ),
            ):
                if each is table and not axis:
                    continue
                result, expected = ours(each, *axis), numpys(each, *axis)
                assert type(result) is type(expected)
                assert result == expected
            assert bool(planned) is not is_decided
        for options in {"keepdims": True}, {"axis": 0, "keepdims": True}, {"where": x}:
            assert_same(getattr(tm.numpy, name)(x, **options), getattr(np, name)(x, **options))
        with pytest.raises(np.exceptions.AxisError):
            getattr(tm.numpy, name)(x, 1)
        if place is not None:
            x[place] = not x[place]


@pytest.mark.parametrize("name", ["any", "all"])
def test_rows_that_gain_nothing_are_numpys(name: str) -> None:
    function = getattr(tm.numpy, name)
    few = "rows of so many elements gain nothing"
    for dtype, shape, axis, is_shared in (
        ("f8", (1 << 21, 8), 1, False),
        ("f8", (1 << 20, 16), 1, True),
        ("f8", (8, 1 << 21), 0, False),  # the same in Fortran order
        ("i1", (1 << 12, 5000), 1, False),
        ("i1", (1 << 13, 2500), 1, True),
        ("i2", (1 << 12, 5000), 1, True),
        ("f4", (144, 20736), 0, True),  # long rows, of which few are reduced
    ):
        x = np.ones(shape, dtype)
        x = np.asfortranarray(x) if shape == (8, 1 << 21) else x
        x[-1, -1] = x[0, 0] = 0
        reducer = tm.parallel(np.logical_or if name == "any" else np.logical_and)._reducer
        plan = reducer.plan((x, axis, bool, None, False, np._NoValue, True), None)
        assert isinstance(plan, Refusal) is not is_shared, (dtype, shape, axis)
        assert is_shared or plan.reason == few
        assert is_shared or reducer.plan((x, axis, bool, None, False, np._NoValue, True), None) is plan
        assert_same(function(x, axis=axis), getattr(np, name)(x, axis=axis))


def assert_same(ours: Any, numpys: Any) -> None:
    assert type(ours) is type(numpys)
    assert ours.shape == numpys.shape
    assert ours.tobytes() == numpys.tobytes()


@pytest.mark.parametrize("name", ["any", "all"])
def test_those_of_complex_numbers_are_numpys(name: str) -> None:
    with tm.report() as seen:
        getattr(tm.numpy, name)(np.zeros(1 << 18, complex))
    assert "gained in no measurement" in seen.rows[0].reason
