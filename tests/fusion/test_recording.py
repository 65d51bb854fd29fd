"""Operations and views that C makes in one step: those that Python makes."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences, everything_is_worth_it
from kit.threads import HAS_GIL

import threadmill as tm
from threadmill._native.fields import NodeFields, ValueFields
from threadmill._native.recording import prepare, put_off
from threadmill._native.views import prepare as prepare_views
from threadmill._native.views import view
from threadmill.fusion import elements, operators, steps
from threadmill.fusion.elision import TEMPORARY
from threadmill.fusion.lazy import LazyArray
from threadmill.fusion.record import Record

NODE_FIELDS = [name for name in vars(NodeFields) if not name.startswith("__")]
VALUE_FIELDS = [name for name in vars(ValueFields) if not name.startswith("__")]

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "x + y": lambda x, y: x + y,
    "x - x": lambda x, y: x - x,
    "x * 2.0": lambda x, y: x * 2.0,
    "2 - x": lambda x, y: 2 - x,
    "x < y": lambda x, y: x < y,
    "x == 0.0": lambda x, y: x == 0.0,
    "x != -0.0": lambda x, y: x != -0.0,
    "-x": lambda x, y: -x,
    "abs": lambda x, y: abs(x),
    "square": lambda x, y: x**2,
    "sqrt": lambda x, y: np.sqrt(x),
    "add": lambda x, y: np.add(x, y),
    "maximum": lambda x, y: np.maximum(x, 0),
    "minimum": lambda x, y: np.minimum(0.5, y),
    "first": lambda x, y: (x + y) - x,
    "second": lambda x, y: x * (x + y),
    "number": lambda x, y: 2.0 * (x + y),
    "both": lambda x, y: (x + y) * (x - y),
    "divided": lambda x, y: x / (x - y),
    "views": lambda x, y: x[1:, :-1] + y[:-1, 1:],
    "compared": lambda x, y: (x + y) <= (x[:1] * y),
    "converted": lambda x, y: x.astype(np.float32),
}

# With and without temporaries that NumPy writes over.
SHAPES = [(67, 71), (211, 199)]


@pytest.fixture(autouse=True)
def _put_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is done at once for its size, or as a warning would raise."""
    everything_is_worth_it(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def nodes_of(function: Callable[[Any, Any], Any], x: Any, y: Any) -> list[dict[str, Any]]:
    """The fields of all that is pending when the function has run, and of its operands and results."""
    found: list[dict[str, Any]] = []
    given = x, y

    def program(x: Any, y: Any) -> Any:
        made = function(x, y)
        pending = list(x._record.pending)
        places = {node: k for k, node in enumerate(pending)}

        def told(value: Any) -> Any:
            fields = {name: getattr(value, name) for name in VALUE_FIELDS if name not in ("node", "owner")}
            array = fields.pop("array")
            maker = places.get(value.node)
            lies = None if array is None else array.__array_interface__
            if lies is not None and array.flags.owndata and not any(array is x for x in given):
                lies["data"] = None  # NumPy has made it, wherever there was memory
            return fields, lies, maker, value.is_held()

        for node in pending:
            fields = {name: getattr(node, name) for name in NODE_FIELDS if name not in ("inputs", "outs")}
            fields["inputs"], fields["outs"] = [*map(told, node.inputs)], [*map(told, node.outs)]
            found.append(fields)
        return made

    tm.fuse(program)(x, y)
    return found


def not_by_c(*args: Any) -> None:
    """put_off and view where Python has to look at everything."""


def by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "put_off", not_by_c)
    monkeypatch.setattr(steps, "put_off", not_by_c)
    monkeypatch.setattr(elements, "view", not_by_c)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_nodes_are_those_that_python_makes(
    name: str, shape: tuple[int, int], order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.ones(shape, order=order), np.full(shape, 3.0, order=order)
    function = OPERATIONS[name]
    nodes_of(function, x, y)  # knows the plans from here on
    ours = nodes_of(function, x, y)
    by_python(monkeypatch)
    assert ours == nodes_of(function, x, y)
    assert ours


@pytest.mark.skipif(not HAS_GIL, reason="CPython with the GIL: without it Python records all")
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_has_been_met_is_not_looked_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.ones((211, 199)), np.full((211, 199), 3.0)
    function = OPERATIONS[name]
    nodes_of(function, x, y)
    monkeypatch.setattr(Record, "node", None)
    monkeypatch.setattr(Record, "add", None)
    monkeypatch.setattr(elements, "lazy", None)
    assert nodes_of(function, x, y)


@pytest.mark.parametrize("dtypes", ["qq", "lq", "ql", "dd", "df", "ff", "FD", "DD", "?d", "Bh"])
def test_numpys_bits_of_every_pair(dtypes: str) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0, 2, (211, 199)).astype(dtype) for dtype in dtypes)

    def program(x: Any, y: Any) -> Any:
        return x + y, (x + y) * x, x * (x + y), (y + x) * (x + y), 2 * (x * y), (x * y) < (x + y)

    for _ in range(3):
        assert differences(program, [x, y]) == {}


def test_the_handling_of_errors_is_asked_for_at_each_operation() -> None:
    x = np.zeros((211, 199))

    def program(x: Any, y: Any) -> Any:
        made = [x / y]
        with np.errstate(all="ignore"):
            made.append(x / y)
        made.append(x / y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(x / y)
        return [*made, x / y]

    for _ in range(3):
        assert differences(program, [x, x]) == {}

    def raises(x: Any) -> Any:
        with np.errstate(all="raise"):
            return x / x

    for _ in range(2):
        with pytest.raises(FloatingPointError, match="invalid value encountered in divide"):
            tm.fuse(raises)(x)


def test_zeros_and_nans_keep_their_signs() -> None:
    x = np.full((211, 199), -0.0)

    def program(x: Any, y: Any) -> Any:
        nan = float("nan")
        return [y * number for number in (0.0, -0.0, 0, nan, -nan, 1j, 0j, True)] + [x + 0.0, x + -0.0]

    for _ in range(3):
        assert differences(program, [x, np.negative(x)]) == {}


def test_only_some_hundred_operations_are_pending() -> None:
    def program(x: Any) -> Any:
        most = 0
        for _ in range(600):
            x = x + 1.0
            most = max(most, len(x._record.pending))
        counts.append(most)
        return x

    counts: list[int] = []
    x = np.zeros((211, 199))
    assert (tm.fuse(program)(x) == 600).all()
    assert counts == [256]


def test_what_is_exposed_is_read_at_once() -> None:
    x = np.ones((211, 199))

    def program(x: Any, y: Any) -> Any:
        memory = np.asarray(x[...])
        made = x + y
        memory[:] = 7
        return made, x + y

    for _ in range(2):
        assert differences(program, [x, x.copy()]) == {}


def test_operands_of_a_closed_call_and_of_another_one() -> None:
    x = np.ones((211, 199))
    kept: list[Any] = []
    tm.fuse(lambda x: kept.append(x))(x)
    assert type(kept[0]) is LazyArray
    np.testing.assert_array_equal(np.asarray(kept[0] + kept[0]), x + x)
    np.testing.assert_array_equal(np.asarray(kept[0][1:, 1:]), x[1:, 1:])

    def program(x: Any, y: Any) -> Any:
        return x + kept[0], kept[0] + x, x * y

    for made, expected in zip(tm.fuse(program)(x, x), (x + x, x + x, x * x), strict=True):
        np.testing.assert_array_equal(np.asarray(made), expected)


def test_wrong_subscripts_are_numpys() -> None:
    x = np.ones((211, 199))
    for key in (slice(1), 0, 0), (500,), (1, 2, 3), (None,) * 70:
        message: list[str] = []
        for function in (lambda x, key=key: x[key]), tm.fuse(lambda x, key=key: x[key]):
            with pytest.raises(IndexError) as error:
                function(x)
            message.append(str(error.value))
        assert message[0] == message[1]


def test_wrong_arguments() -> None:
    x = np.ones(3)
    assert put_off(np.add, TEMPORARY, x, x) is None
    assert put_off(np.add, TEMPORARY, 1, None) is None
    wrong: list[tuple[Any, tuple[Any, ...]]] = [
        *((put_off, ()), (put_off, (np.add, 0)), (put_off, (np.add, 0, x, x, x))),
        *((prepare, ()), (prepare, (x,) * 10), (view, (x, ())), (view, ()), (prepare_views, (x,) * 5)),
    ]
    for function, args in wrong:
        with pytest.raises(TypeError):
            function(*args)
