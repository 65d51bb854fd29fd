"""Doors: which calls are NumPy's at once, what a door looks like, and that it keeps and loses nothing."""

import contextlib
import copy
import gc
import inspect
import operator
import pickle
import sys
import threading
import traceback
import tracemalloc
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill._native.door import BY_NUMPY, Door
from threadmill.arrays import accumulations, thresholds
from threadmill.arrays.doors import NAMESAKES, SIMPLE
from threadmill.arrays.reducer import Reducer
from threadmill.arrays.refusal import Refusal
from threadmill.numpy.face import WAYS, on_all_cores

NUMPYS, OURS = "NumPy's", "ours"


class Told(Door):
    """A door that tells whose a call is."""

    def __init__(
        self,
        simple: Any = SIMPLE,
        times: int = 1,
        least: int = 800,
        worth: Any = None,
        watchers: list[Any] | None = None,
        numpys: Callable[..., Any] = lambda *_, **__: NUMPYS,
        more: tuple[Any, ...] = (),
    ) -> None:
        self._worth, self.given = worth, None
        watchers = [] if watchers is None else watchers
        given = numpys, BY_NUMPY, watchers, np.ndarray, simple, ("pool", "own"), times, least
        super().__init__(*given, *more)

    def _ours(self, *args: Any, **options: Any) -> Any:
        self.given = args, options
        return OURS


class Sub(np.ndarray):
    pass


class Unhashable(type):
    def __hash__(cls) -> int:
        raise ArithmeticError


SMALL, LARGE = np.zeros(99), np.zeros(100)


@pytest.mark.parametrize(
    ("args", "options", "whose"),
    [
        ((), {}, NUMPYS),
        ((SMALL, SMALL), {}, NUMPYS),
        ((LARGE,), {}, OURS),
        ((SMALL, LARGE), {}, OURS),
        ((SMALL,), {"out": LARGE}, OURS),
        ((SMALL,), {"out": SMALL}, NUMPYS),
        ((SMALL,), {"pool": None}, OURS),
        ((SMALL,), {"own": 1}, OURS),
        ((1, 2.0, 3j, True, None, "a", np.float32(1), np.dtype("f4"), float), {"axis": 0}, NUMPYS),
        (([SMALL, 1], (SMALL,)), {}, NUMPYS),
        (([SMALL, LARGE],), {}, OURS),
        (([[SMALL]],), {}, OURS),
        (([1] * 8,), {}, NUMPYS),
        (([1] * 9,), {}, OURS),
        ((SMALL.view(Sub),), {}, OURS),
        ((object(),), {}, OURS),
        ((1, {}), {}, OURS),
        ((Unhashable("Unhashable", (), {})(),), {}, OURS),
    ],
)
def test_whose_a_call_is(args: Any, options: Any, whose: str) -> None:
    door = Told()
    assert door(*args, **options) == whose
    assert door.given == (None if whose is NUMPYS else (args, options))


def test_arrays_alone_are_looked_at_where_no_types_are_told() -> None:
    door = Told(None)
    for x in SMALL, [LARGE], object(), LARGE.view(Sub):
        assert door(x) == door(a=x) == NUMPYS
    assert door(LARGE) == door(a=LARGE) == OURS


def test_calls_are_ours_while_something_watches() -> None:
    watchers: list[Any] = []
    door = Told(watchers=watchers)
    assert door(SMALL) == NUMPYS
    watchers.append(1)
    assert door(SMALL) == door() == OURS
    watchers.clear()
    assert door(SMALL) == NUMPYS


def test_bytes_count_so_many_times() -> None:
    assert Told(times=8, least=8 * 80)(np.zeros(9)) == NUMPYS
    assert Told(times=8, least=8 * 80)(np.zeros(10)) == OURS


def test_a_dtype_has_a_worth_of_its_own() -> None:
    door = Told(worth={np.dtype("f8").num: 8000, np.dtype("i8").num: "no number"})
    assert door(np.zeros(999)) == NUMPYS
    assert door(np.zeros(1000)) == OURS
    assert door(np.zeros(999, "f4")) == door(np.zeros(999, "i8")) == OURS
    assert Told(worth=[])(LARGE) == OURS
    with pytest.raises(TypeError):
        np.zeros(3).nbytes()  # type: ignore[operator]  # no error of a look is left behind


def test_products_of_arrays_and_integers_count() -> None:
    door = Told(times=0, least=16 * 1000)
    for args in (999,), ((9, 111),), (SMALL, 1), ((0, 9),), (3, 1.5), ((), 1), (-1,), (999, -1):
        assert door(*args) == NUMPYS, args
    for args in (1001,), ((10, 101),), (SMALL, 2), (1001, -1), (10**30,), ((2, "a"),), ([1],), (object(),):
        assert door(*args) == OURS, args  # type: ignore[arg-type]
    assert door(10, fill=101) == OURS


def test_arrays_in_pieces_are_ours_from_more_bytes_on() -> None:
    worth = {np.dtype("f8").num: 1600}
    door = Told(worth=worth, more=(4, 2000))
    assert door(np.zeros(199)) == door(np.zeros(1598)[::2]) == door(np.zeros(799)[::-1]) == NUMPYS
    assert door(np.zeros(200)) == OURS
    assert door(np.zeros(1600)[::2]) == OURS  # four times its worth
    assert door(np.zeros((8, 100)).T) == OURS  # in Fortran order
    assert door(np.zeros(2 * 1999, "f4")[::2]) == NUMPYS  # nothing is known: it counts as 2000
    assert door(np.zeros(2 * 2000, "f4")[::2]) == OURS
    assert door(np.zeros(200, "f4")) == OURS
    assert Told()(np.zeros(200)[::2]) == OURS  # none is looked for
    door._least = 0
    assert door(np.zeros(6)[::2]) == OURS


def test_a_product_counts_as_an_array_in_pieces() -> None:
    door = Told(times=0, least=16 * 10**6, worth={np.dtype("f8").num: 1600}, more=(4, 1))
    assert door(SMALL[:10], SMALL[:9]) == NUMPYS  # 80 * 72 bytes
    assert door(SMALL[:10], SMALL[:11]) == OURS
    assert door(SMALL[:10].astype("f4"), SMALL) == NUMPYS
    assert door(10**6 + 1) == OURS
    door._least = 16 * 5000
    assert door(SMALL[:10], SMALL[:9]) == OURS


def test_calls_over_all_elements_have_a_size_of_their_own() -> None:
    table = np.zeros((10, 20))
    for axis in None, 0:
        door = Told(more=(0, 0, 1601, axis))
        assert door(table, None) == door(table, axis=None) == door(np.zeros(200)) == NUMPYS
        assert door(np.zeros(201)) == door(np.zeros(201), -1) == OURS
        assert door(table, 0) == door(table, axis=1) == door([table], axis=None) == OURS
        assert door(table) == (NUMPYS if axis is None else OURS)
    less = Told(more=(0, 0, 400))
    assert less(SMALL[:60]) == OURS
    assert less(SMALL[:60].reshape(6, 10), axis=0) == NUMPYS
    less._least = 0
    assert less(SMALL[:3]) == OURS
    assert Told(more=(0, 0, -1))(np.zeros(100)) == OURS


def test_calls_of_one_argument_have_a_size_of_their_own() -> None:
    door = Told(more=(0, 0, -1, None, 400))
    assert door(SMALL[:49]) == door(SMALL, 0) == door(0, SMALL) == NUMPYS
    assert door(SMALL[:50]) == door(LARGE, 0) == OURS
    assert door(SMALL, fill=0) == NUMPYS
    door._least = 0
    assert door(SMALL[:1]) == OURS
    door = Told(more=(0, 0, -1, None, 1600, False, -1, 2))
    x = np.zeros(199)
    assert door(x, x) == door(x, 1) == NUMPYS
    assert door(x) == door(x, 1, 2) == door(x, fill=1) == door(np.zeros(200), 1) == OURS


def test_one_argument_alone_may_count() -> None:
    door = Told(more=(0, 0, -1, None, -1, False, 1))
    assert door(LARGE, SMALL) == door(LARGE, 3, LARGE) == door(LARGE) == NUMPYS
    assert door(SMALL, LARGE) == door(LARGE, SMALL, out=LARGE) == door(LARGE, object()) == OURS
    assert door(object(), SMALL) == door(LARGE.view(Sub), SMALL) == OURS
    door._least = 0
    assert door(LARGE, SMALL) == OURS


def test_arrays_that_are_not_alike_are_as_arrays_in_pieces() -> None:
    worth = {np.dtype("f8").num: 1600, np.dtype("f4").num: 800}
    door = Told(worth=worth, more=(4, 2000, -1, None, -1, True))
    table, row = np.zeros((40, 10)), np.zeros(10)
    assert door(table) == door(table, 3) == door(table, table) == door(table.T, table.T, out=table.T) == OURS
    square = np.zeros((20, 20))
    assert door(square, square) == door(square.T, square.T, out=square.T) == door(square.T, 3) == OURS
    assert door(square, square.T) == door(square.T, 3, square) == door(square.T, out=square) == NUMPYS
    gaps = np.zeros((40, 11))[:, 1:]
    assert door(table, table, out=gaps) == door(table, out=gaps) == door(table, 3, out=table.T) == NUMPYS
    assert door(table, table, out=(gaps,)) == door(table, table, out=np.zeros((100, 10))[:, 1:]) == OURS
    assert door(table, row) == door(row, table, out=table) == door(table, np.zeros((40, 1))) == NUMPYS
    assert door(table, np.zeros((40, 20))[:, ::2]) == door(np.zeros((40, 20))[:, ::2], table) == NUMPYS
    assert door(table, row.astype("f4")) == door(table, 3, row) == door(table, row, dtype="f8") == NUMPYS
    assert door(table, row.tolist()) == door(table, row.view(Sub)) == door(table, None, object()) == OURS
    assert door(np.zeros((80, 10)), row) == door(row, np.zeros((80, 10))) == OURS  # four times its worth
    # What is not known may be found out, but of arrays in pieces; a few bytes tell nothing.
    assert door(table, np.zeros((200, 40, 10), "i1")[:3]) == door(table, np.zeros(1900, "i1")) == OURS
    assert door(table, np.zeros(799, "i1")) == door(table, np.zeros(1900, "i1")[::2]) == NUMPYS
    assert door(table, np.zeros(2000, "i1")) == NUMPYS  # that much is worth as much as `most`
    door._least = 0
    assert door(table, row) == OURS
    for given in (0, 2000, -1, None, -1, True), ():
        simple = SIMPLE if given else None
        with pytest.raises(TypeError, match="compare"):
            Told(simple, more=given or (4, 2000, -1, None, -1, True))


def test_calls_of_several_shapes_are_numpys_own(monkeypatch: pytest.MonkeyPatch) -> None:
    door = tm.numpy.hypot
    monkeypatch.setattr(door, "_worth", {np.dtype("f8").num: 1 << 16})
    monkeypatch.setattr(type(door), "_ours", lambda *_, **__: OURS)
    table = np.random.default_rng(3).random((100, 100))
    for x, y in (table, table[0]), (table, np.repeat(table, 2, 1)[:, ::2]), (table[:, :1], table):
        assert door(x, y).tobytes() == np.hypot(x, y).tobytes()
    assert door(table, table) == door(np.tile(table, (7, 1)), table[0]) == OURS
    product = tm.numpy.matmul  # whose operands have other shapes as a rule
    monkeypatch.setattr(product, "_worth", {np.dtype("f8").num: 1 << 16})
    assert product(table, table[0]) == OURS


def test_a_number_takes_on_the_dtype_of_an_array() -> None:
    takes = {int: frozenset({np.dtype("f8").num}), np.float32: frozenset({np.dtype("f4").num})}
    door = Told(more=(0, 0, -1, None, -1, False, -1, 1, takes))
    assert door(SMALL, 3) == door(SMALL.astype("f4"), np.float32(3)) == door(SMALL, 3, out=SMALL) == NUMPYS
    assert door(SMALL, 3, SMALL) == NUMPYS
    for args in (SMALL.astype("f4"), 3), (SMALL, 3.0), (SMALL, np.float32(3)), (SMALL,), (3, SMALL), ():
        assert door(*args) == OURS  # type: ignore[arg-type]
    for x in LARGE, SMALL.view(Sub), SMALL.tolist():
        assert door(x, 3) == OURS
    assert door(SMALL, Unhashable("Unhashable", (), {})()) == OURS
    assert door(SMALL, 3, own=1) == OURS


def test_small_products_with_a_number_are_numpys_own() -> None:
    x = np.full(3, 1e300)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tm.scale(x, 1e300)
        line = sys._getframe().f_lineno - 1
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]
    with pytest.raises(OverflowError) as raised:
        tm.scale(np.zeros(3, np.int8), 300)
    assert len(traceback.extract_tb(raised.tb)) == 1  # no frame of ours
    for options in {"dtype": "f8"}, {"signature": "ff->f"}, {"sig": "dd->d"}:
        with pytest.raises(TypeError):
            tm.scale(np.float32([1, 2]), 3, **options)


def test_a_door_above_all_sizes_looks_at_nothing() -> None:
    assert Told(least=1 << 62)(LARGE, object(), [LARGE] * 9) == NUMPYS
    assert Told(least=1 << 62)(LARGE, pool=None) == OURS


def test_the_size_may_be_another_one() -> None:
    door = Told()
    door._least = 0
    assert door(SMALL[:0]) == OURS
    door._least = 1 << 40
    assert door(LARGE) == NUMPYS
    with pytest.raises(TypeError):
        door._least = None  # type: ignore[assignment]


def test_numpys_function_is_called_after_all_without_what_it_does_not_know() -> None:
    given: list[Any] = []
    door = Told(numpys=lambda *args, **options: given.append((args, options)))
    door._ours = lambda *_, **__: BY_NUMPY  # type: ignore[method-assign]
    options = {"pool": None, "out": SMALL}
    door(LARGE, **options)
    door(LARGE)
    door(LARGE, pool=1, own=2)
    assert given == [((LARGE,), {"out": SMALL}), ((LARGE,), {}), ((LARGE,), {})]
    assert options == {"pool": None, "out": SMALL}


def test_a_door_is_made_once_and_of_what_it_takes() -> None:
    door = Told()
    with pytest.raises(TypeError, match="made once"):
        Door.__init__(door, print, BY_NUMPY, [], np.ndarray, SIMPLE, (), 1, 1)
    with pytest.raises(TypeError, match="has not been made"):
        Told.__new__(Told)(1)
    for args in (), (print, 0, (), 0, None, (), 1, 1), (print, 0, [], 0, {int}, (), 1, 1):
        with pytest.raises(TypeError):
            Door(*args)
    with pytest.raises(TypeError):
        Told(None, times=0)
    with pytest.raises(TypeError):
        Told(times=-1)


def test_calls_of_a_kind_are_counted_down() -> None:
    door = Told()
    args, options = (LARGE, 2, "a", [LARGE]), {"out": LARGE}
    door._kind_of = lambda x: None  # type: ignore[attr-defined]
    kind = door._kind(args, options)
    door._counts = {kind: 2}
    assert [door(*args, **options) for _ in range(4)] == [NUMPYS] * 2 + [OURS] * 2
    assert door._counts == {kind: 0}
    door._counts = {kind: 1}
    for others in ((LARGE.reshape(-1, 2), *args[1:]), (LARGE, 2.0, *args[2:]), (*args, 1), args[1:]):
        assert door(*others, **options) == OURS
    assert door(LARGE.view("i8"), *args[1:], **options) == OURS
    assert door(*args) == OURS
    assert door._counts == {kind: 1}
    for counts in None, {}, {kind: None}, {kind: -1}, {kind: 1 << 70}:
        door._counts = counts  # type: ignore[assignment]
        assert door(*args, **options) == OURS


def test_what_is_watched_is_not_counted() -> None:
    watchers: list[Any] = []
    door = Told(watchers=watchers)
    door._counts = {door._kind((LARGE,), {}): 9}
    assert door(LARGE) == NUMPYS
    watchers.append(None)
    assert door(LARGE) == OURS


def test_kinds_may_tell_values_and_strides() -> None:
    door = Told()
    door._tells_values = True
    of = np.zeros((20, 30))
    same: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((of, 2, [of, 3]), {"axis": 0}),
        ((of + 1, 2, [of - 1, 3]), {"axis": 0}),
    ]
    assert len({door._kind(*each) for each in same}) == 1
    others: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((of, 3, [of, 3]), {"axis": 0}),
        ((of, 2, (of, 3)), {"axis": 0}),
        ((of, 2, [of, 4]), {"axis": 0}),
        ((of, 2, [of, 3, 3]), {"axis": 0}),
        ((of, 2, [of, 3]), {"axis": 1}),
        ((of, 2, [of, 3]), {"ddof": 0}),
        ((of, 2, [of, 3]), {}),
        ((of, True, [of, 3]), {"axis": 0}),
        ((of, None, [of, 3]), {"axis": 0}),
        ((of, "f8", [of, 3]), {"axis": 0}),
        ((of, np.float64, [of, 3]), {"axis": 0}),
        ((of, np.float32, [of, 3]), {"axis": 0}),
        ((of, np.dtype("f8"), [of, 3]), {"axis": 0}),
        ((np.zeros((30, 20)).T, 2, [of, 3]), {"axis": 0}),
        ((of.view("i8"), 2, [of, 3]), {"axis": 0}),
    ]
    kinds = {door._kind(*each) for each in (*same, *others)}
    assert len(kinds) == 1 + len(others)
    assert None not in kinds
    for unknown in object(), {}, [[1]], [1] * 9, Sub(2), Unhashable("T", (), {}), np.zeros(3)[0:1].flat:
        assert door._kind((of, unknown), {}) is None
        assert door._kind((of, [unknown]), {}) is None
    door._counts = {door._kind((of,), {}): 9}
    assert door(of) == NUMPYS
    assert door(of, object()) == door(of, pool=None) == door(of.T) == OURS
    door._least = 0
    assert door(of) == OURS


def test_what_python_has_left_to_numpy_is_so_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of one kind alone, whose size and arguments are all that it goes by."""
    monkeypatch.setitem(NAMESAKES, np.median, tm.numpy.median)
    monkeypatch.setitem(WAYS, "numpy.median", WAYS["numpy.median"])
    asked: list[Any] = []

    def size(a: Any, axis: Any = None) -> int:
        asked.append(axis)
        return int(a.nbytes) if axis == 0 else 0

    @on_all_cores(np.median, "", LARGE.nbytes, size)
    def median(pool: tm.Pool, a: Any, axis: Any = None) -> Any:
        return lambda: OURS if axis == 0 else Refusal("there is no gain", by_size=True)

    x = np.arange(float(LARGE.size)).reshape(2, -1)
    numpys = np.median(x, axis=1)
    for axis, calls, times in (1, 65, 1), (1, 2, 1), (0, 9, 9), (1, 63, 0), (1, 1, 1):
        asked.clear()
        for _ in range(calls):
            np.testing.assert_array_equal(median(x, axis=axis), numpys if axis else OURS)
        assert asked == [axis] * times, axis


def test_a_method_leaves_calls_to_numpy_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    logical_or: Any = tm.parallel(np.logical_or)
    least = Reducer.least
    monkeypatch.setattr(Reducer, "least", lambda *args: asked.append(args) or least(*args))
    x = np.zeros((8, 1 << 20), bool)
    logical_or.reduce._counts.clear()
    for _ in range(60):
        assert not logical_or.reduce(x, axis=1).any()
    assert len(asked) == 1
    add: Any = tm.parallel(np.add)
    few = accumulations.few
    monkeypatch.setattr(accumulations, "few", lambda *args: asked.append(args) or few(*args))
    add.accumulate._counts.clear()
    short = np.ones((1 << 15, 2), "i8")
    for _ in range(60):
        assert add.accumulate(short, axis=1)[0, 1] == 2
    assert len(asked) <= 2


def test_a_ufunc_leaves_calls_to_numpy_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of arrays that lie apart and are too small for that; calls that are timed are not counted."""
    asked: list[Any] = []
    ufunc = sys.modules["threadmill.arrays.ufunc"]
    looked = ufunc.scattered
    monkeypatch.setattr(ufunc, "scattered", lambda *args: asked.append(args) or looked(*args))
    x, few = np.ones((300, 400)), np.full((300, 400), 2, np.int32, order="F")
    for known, looks in ({x.dtype.num: 100_000}, 1), ({}, 0):
        ldexp = ufunc.ParallelUfunc(np.ldexp, False)
        ldexp._worth.update(known)
        asked.clear()
        for _ in range(thresholds.TIMED - 1):
            np.testing.assert_array_equal(ldexp(x, few), 4.0)
        assert len(asked) == looks
        assert bool(ldexp._counts) is bool(known)
        told = {dtype: len(each) for dtype, each in ldexp._told.items()}
        assert told == ({} if known else {x.dtype.num: thresholds.TIMED - 1})  # the floats' alone


def test_the_kind_of_other_arguments_is_asked_for() -> None:
    class Asked(Told):
        def _kind_of(self, x: Any) -> Any:
            if isinstance(x, dict):
                raise KeyError("no kind")
            return len(x)

    door = Asked()
    kinds = {door._kind((x,), {}) for x in ((1, 2), [1, 2], [1, 2, 3], (), Sub(2))}
    assert len(kinds) == 5
    assert door._kind(((3, 4),), {}) in kinds
    with pytest.raises(KeyError, match="no kind"):
        door._kind(({},), {})
    door._counts = {0: 1}
    assert door(LARGE, {}) == OURS  # and no error
    with pytest.raises(TypeError, match="has not been made"):
        Told.__new__(Told)._kind((), {})


def test_errors_are_passed_on() -> None:
    def fails(*_: Any) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Told(numpys=fails)(1)
    door = Told()
    door._ours = fails  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        door(LARGE)


def test_nothing_is_kept_and_nothing_lost() -> None:
    """Of arguments, results, names and numbers that a look makes, on each way through a door."""
    doors = [
        (Told(worth={12: 1 << 20}), (LARGE, SMALL, [SMALL]), {"axis": 0}),
        (Told(), (LARGE, [object()]), {"out": SMALL}),
        (Told(), (SMALL,), {"pool": None}),
        (Told(times=0, least=1 << 30), (SMALL, (30, 40)), {"k": 5}),
        (Told(numpys=lambda *_, **__: 1 / 0), (SMALL,), {}),
        (Told(), (), {}),
        (
            Told(more=(4, 1 << 20, 400, None, -1, False, -1, 1, {int: frozenset({12})})),
            (LARGE[::2], 3),
            {"axis": 0},
        ),
        (
            Told(worth={12: 8}, more=(1 << 20, 1 << 20, -1, None, 400, True)),
            (LARGE, LARGE[::2], SMALL, 3),
            {},
        ),
    ]
    doors[1][0]._ours = lambda *_, **__: BY_NUMPY  # type: ignore[method-assign]
    counted = Told()
    doors.append((counted, (LARGE, 2.5, LARGE), {"out": LARGE}))
    counted._counts = {counted._kind(*doors[-1][1:]): 1 << 40}
    exact = Told()
    doors.append((exact, (LARGE, 2.5, [LARGE, None], np.float64), {"dtype": LARGE.dtype, "out": LARGE}))
    exact._tells_values = True
    exact._counts = {exact._kind(*doors[-1][1:]): 1 << 40}
    doors.append((exact, (LARGE, object(), [LARGE]), {}))

    def call() -> None:
        for door, args, options in doors:
            with contextlib.suppress(ZeroDivisionError):
                door(*args, **options)

    held = [SMALL, LARGE, LARGE.dtype, BY_NUMPY, SIMPLE, None, Told, "pool", np.ndarray]
    for _ in range(100):
        call()
    gc.collect()
    before = [sys.getrefcount(each) for each in held]
    tracemalloc.start()
    try:
        call()
        memory = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            call()
        grown = tracemalloc.get_traced_memory()[0] - memory
    finally:
        tracemalloc.stop()
    assert grown < 14_000  # an integer that is lost in each call takes 32,000
    after = [sys.getrefcount(each) for each in held]
    assert all(abs(now - then) < 500 for now, then in zip(after, before, strict=True)), (before, after)


def test_a_door_goes_with_its_last_name_or_with_its_cycle() -> None:
    gone, cycles, classes, held = [], [], [], []
    before = sys.getrefcount(held)
    for _ in range(3):
        door = Told()
        gone.append(weakref.ref(door))
        door = Told(numpys=lambda *_: None)
        door.itself = door  # type: ignore[attr-defined]
        cycles.append(weakref.ref(door))

        cell: list[Any] = []
        cell.append(Told(numpys=cell.append))  # which holds the list
        cycles.append(weakref.ref(cell[0]))
        door = Told.__new__(Told)
        numpys = types.MethodType(print, door)  # a cycle that only C can open
        door.__init__(watchers=held, numpys=numpys)  # type: ignore[misc]
        Local: Any = type("Local", (Told,), {})
        Local()
        Plain: Any = type("Plain", (), {})
        Plain()
        classes.append((weakref.ref(Local), weakref.ref(Plain)))
        del door, cell, Local, Plain, numpys
    assert all(each() is None for each in gone)
    gc.collect()
    assert all(each() is None for each in cycles)
    assert sys.getrefcount(held) == before
    for ours, plain in classes:  # which CPython 3.13 keeps for ever without the GIL, once a thread has run
        assert (ours() is None) == (plain() is None)


# ---- the functions of the namespace -----------------------------------------------------------------------


class Fails:
    def __add__(self, _: Any) -> Any:
        raise ArithmeticError("of the user's")

    def __lt__(self, _: Any) -> Any:
        raise ArithmeticError("of the user's")


@pytest.mark.parametrize("function", [tm.numpy.add, tm.numpy.sort, tm.numpy.add.reduce, tm.numpy.ones_like])
def test_no_frame_of_ours_is_between_numpy_and_the_user(function: Any) -> None:
    x = np.array([Fails(), Fails()], object)
    args = (x, x) if function is tm.numpy.add else (x,)
    try:
        function(*args)
    except ArithmeticError as error:
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        package = str(tm.__file__).removesuffix("__init__.py")
        assert len(files) >= 2
        assert not any(file.startswith(package) for file in files)


def test_a_function_is_a_method_in_a_class_and_a_ufunc_is_not() -> None:
    class Ours:
        sort, add = tm.numpy.sort, tm.numpy.add

    class Numpys:
        sort, add = np.sort, np.add

    assert type(Ours().sort) is type(Numpys().sort) is types.MethodType
    assert Ours.sort is tm.numpy.sort
    assert Ours().add is tm.numpy.add
    assert inspect.isroutine(Ours.sort)
    assert not inspect.isroutine(Ours.add)


@pytest.mark.parametrize("name", ["sort", "mean", "linalg.inv"])
def test_what_a_function_looks_like(name: str) -> None:
    function = operator.attrgetter(name)(tm.numpy)
    numpys = function.__wrapped__
    assert callable(numpys)
    assert (function.__name__, function.__qualname__) == (numpys.__name__, numpys.__qualname__)
    assert repr(function) == f"<function {function.__name__} at {id(function):#x}>"
    assert copy.copy(function) is copy.deepcopy(function) is function
    assert weakref.ref(function)() is function
    assert list(inspect.signature(function).parameters)[-1] == "pool"


@pytest.mark.parametrize("name", ["reduce", "accumulate", "outer"])
def test_what_a_method_looks_like(name: str) -> None:
    method, function = getattr(tm.numpy.add, name), getattr(tm.ParallelUfunc, name)
    assert (method.__name__, method.__doc__) == (name, function.__doc__)
    assert method.__self__ is tm.numpy.add
    assert pickle.loads(pickle.dumps(method)) is method
    assert repr(method).startswith(f"<bound method UfuncMethods.{name} of threadmill.parallel(")
    assert "self" not in inspect.signature(method).parameters
    assert list(inspect.signature(method).parameters) == list(inspect.signature(function).parameters)[1:]


def test_a_ufunc_of_the_users_goes_with_its_last_name() -> None:
    ours = tm.parallel(np.frompyfunc(abs, 1, 1))
    ours(np.arange(3))
    gone = weakref.ref(ours)
    del ours
    assert gone() is None


def test_a_warning_is_told_once_for_each_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            tm.numpy.divide(np.ones(2), np.zeros(2))
            tm.numpy.nanmin(np.full(2, np.nan))
            tm.numpy.divide(np.ones(2), np.zeros(2), pool=None)
    assert [each.filename for each in caught] == [__file__] * 3
    assert len({each.lineno for each in caught}) == 3


def test_threads_call_a_door_whose_size_changes() -> None:
    door, wrong = Told(worth={}), []
    gate = threading.Barrier(4)

    def calls() -> None:
        gate.wait()
        for k in range(2000):
            door._worth[12] = 8 * (k % 200)
            if door(LARGE) not in (NUMPYS, OURS):
                wrong.append(k)

    def changes() -> None:
        gate.wait()
        for k in range(2000):
            door._least = k

    threads = [threading.Thread(target=each) for each in (calls, calls, calls, changes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
