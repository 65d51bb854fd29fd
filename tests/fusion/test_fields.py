"""Lazy arrays, values and nodes that C makes in one step: the same as Python's own, and the collector's."""

import gc
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill._native.fields import (
    LazyFields,
    NodeFields,
    ValueFields,
    new_example,
    new_lazy,
    new_node,
    new_view,
)
from threadmill.arrays.loops import resolve
from threadmill.fusion.lazy import LAZY, LazyArray, lazy
from threadmill.fusion.nodes import NODE, VALUE, Node, Value
from threadmill.fusion.record import Record

NODE_FIELDS = [name for name in vars(NodeFields) if not name.startswith("__")]
VALUE_FIELDS = [name for name in vars(ValueFields) if not name.startswith("__")]
SHAPE = (3, 5)


@pytest.fixture
def record() -> Iterator[Record]:
    with tm.Pool(1) as pool:
        yield Record(pool._handle)


def arguments(turned: bool = False) -> tuple[Any, ...]:
    """What `new_node` is given for a sum, but for the examples."""
    loop = resolve(np.add, (np.dtype("d"), np.dtype("d"), None))
    inputs = Value.of(np.ones(SHAPE)), Value.of(np.ones(SHAPE))
    kind = np.dtype("d").num, SHAPE, turned, False, False
    return loop, "add", inputs, SHAPE, True, None, object(), turned, np.dtype("d"), kind


def fields(x: Any, names: list[str], apart: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: getattr(x, name) for name in names if name not in apart}


@pytest.mark.parametrize("turned", [False, True])
def test_a_node_is_the_one_that_python_makes(turned: bool) -> None:
    given = arguments(turned)
    made = new_node(NODE, VALUE, *given)
    other = Node(*given[:8])
    assert type(made) is Node
    assert fields(made, NODE_FIELDS, ("outs",)) == fields(other, NODE_FIELDS, ("outs",))
    (value,), (expected,) = made.outs, other.outs
    assert type(value) is Value
    assert value.node is made
    assert fields(value, VALUE_FIELDS, ("node",)) == fields(expected, VALUE_FIELDS, ("node",))


ARRAYS = {
    "contiguous": np.ones((6, 4)),
    "a view": np.ones((6, 8))[1:-1, ::2],
    "Fortran": np.ones((6, 4), order="F"),
    "a Fortran view": np.ones((9, 4), order="F")[1:-1],
    "backward": np.ones((6, 4))[::-1],
    "repeated": np.broadcast_to(np.ones(4), (6, 4)),
    "swapped": np.ones((6, 4), np.dtype("d").newbyteorder()),
    "misaligned": np.frombuffer(b"\0" * 193, "d", 24, 1).reshape(6, 4),
    "with metadata": np.ones((6, 4), np.dtype("d", metadata={"unit": "m"})),
    "no axes": np.ones(()),
    "empty": np.ones((0, 4)),
    "dates": np.zeros(5, "M8[s]"),
    "objects": np.zeros(5, object),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_view_is_the_one_that_python_makes(record: Record, name: str) -> None:
    array = ARRAYS[name]
    for _ in range(2):  # the second time from what is kept
        made = lazy(record, array)
        assert type(made) is LazyArray
        assert made._record is record
        value = made._value
        assert value.owner is not None
        assert value.owner() is made
        assert value.array is array
        assert fields(value, VALUE_FIELDS, ("owner", "array")) == fields(
            Value.of(array), VALUE_FIELDS, ("owner", "array")
        )


def test_kinds_are_not_those_of_other_addresses(record: Record) -> None:
    aligned = np.ones((6, 4))
    misaligned = np.frombuffer(b"\0" * 193, "d", 24, 1).reshape(6, 4)
    assert aligned.strides == misaligned.strides
    assert Value.of(aligned).kind == (np.dtype("d").num, (6, 4), False, False, False)
    assert Value.of(misaligned).kind is None
    assert not lazy(record, misaligned)._value.is_plain
    assert lazy(record, aligned)._value.is_plain


def test_a_value_learns_who_shows_it(record: Record) -> None:
    value = Value.of(np.ones(3))
    first = new_lazy(LAZY, record, value)
    assert value.is_held()
    assert value.owner() is first
    other = LazyArray(record, Value.of(np.ones(3)))  # one of Python's
    assert sys.getrefcount(value.owner) == sys.getrefcount(other._value.owner)
    del first
    assert not value.is_held()


def test_cycles_are_collected(record: Record) -> None:
    class State:
        pass

    state = State()
    gone = weakref.ref(state)
    loop, name, inputs, shape, reports, place, _, turned, dtype, kind = arguments()
    node = new_node(NODE, VALUE, loop, name, inputs, shape, reports, place, state, turned, dtype, kind)
    assert gc.is_tracked(node)
    assert state in gc.get_referents(node)
    shown = new_lazy(LAZY, record, node.outs[0])
    assert node.outs[0] in gc.get_referents(shown)
    del state, node, shown
    gc.collect()
    assert gone() is None


def test_references_are_given_back(record: Record) -> None:
    given = arguments()
    array = np.ones(3)
    # Those of what is immortal drift on CPython 3.14.
    mortal = [x for x in given if x is not None and type(x) is not bool]
    everything = [*mortal, NODE, VALUE, LAZY, record, array, Node, Value, LazyArray]

    def make() -> None:
        node = new_node(NODE, VALUE, *given)
        new_lazy(LAZY, record, node.outs[0])
        new_view(LAZY, VALUE, record, array.dtype, array.shape, array, True, False, None)
        node.forget()

    make()
    gc.collect()
    before = [sys.getrefcount(x) for x in everything]
    for _ in range(1000):
        make()
    gc.collect()
    after = [sys.getrefcount(x) for x in everything]
    assert all(abs(now - then) < 100 for now, then in zip(after, before, strict=True))


def test_fields_are_like_slots() -> None:
    value = Value.__new__(Value)
    with pytest.raises(AttributeError):
        value.dtype  # noqa: B018
    value.dtype = np.dtype("d")
    del value.dtype
    with pytest.raises(AttributeError):
        value.dtype  # noqa: B018
    with pytest.raises(AttributeError):
        value.unknown = 1  # type: ignore[attr-defined]
    assert {LazyFields, ValueFields, NodeFields} == {each.__bases__[0] for each in (LazyArray, Value, Node)}


def test_wrong_arguments_are_refused(record: Record) -> None:
    given = arguments()
    value = Value.of(np.ones(3))
    for function, args in [
        (new_node, (VALUE, VALUE, *given)),
        (new_node, (NODE, NODE, *given)),
        (new_node, (NODE, VALUE, *given[:-1])),
        (new_lazy, (VALUE, record, value)),
        (new_lazy, (LAZY, record, np.ones(3))),
        (new_lazy, (LAZY, record)),
        (new_view, (LAZY, LAZY, record, *given[:6])),
        (new_view, (VALUE, VALUE, record, *given[:6])),
        (new_view, ()),
    ]:
        with pytest.raises(TypeError, match=r"another class|arguments instead of"):
            function(*args)


def test_an_example_is_for_the_thread_that_has_made_it() -> None:
    given = arguments()
    own = new_example(NODE)
    assert type(new_node(own, VALUE, *given)) is Node
    with ThreadPoolExecutor(1) as other:
        assert other.submit(new_node, own, VALUE, *given).result() is None
        assert type(other.submit(new_node, NODE, VALUE, *given).result()) is Node
        assert new_node(other.submit(new_example, NODE).result(), VALUE, *given) is None


def test_no_memory_is_told(record: Record) -> None:
    memory = pytest.importorskip("_testcapi")
    given = arguments()
    value, array = Value.of(np.ones(3)), np.ones(3)
    calls = [
        (new_node, (NODE, VALUE, *given)),
        (new_lazy, (LAZY, record, value)),
        (new_view, (LAZY, VALUE, record, array.dtype, array.shape, array, True, False, None)),
    ]
    told = 0
    for function, args in calls:
        for place in range(8):
            memory.set_nomemory(place, place + 1)
            try:
                made = function(*args)
            except MemoryError:
                told += 1
                made = None
            finally:
                memory.remove_mem_hooks()
            del made
    gc.collect()
    assert told >= 6
