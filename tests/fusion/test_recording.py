"""Operations and views that C makes in one step: those that Python makes."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.fuse_compare import differences, everything_is_worth_it, sums_fold
from kit.threads import HAS_GIL

import threadmill as tm
from threadmill._native.fields import NodeFields, ValueFields
from threadmill._native.recording import prepare, put_off, put_off_over
from threadmill._native.views import prepare as prepare_views
from threadmill._native.views import view
from threadmill.fusion import by_kinds, by_steps, elements, functions, operators, steps, warned
from threadmill.fusion.by_kinds import learn
from threadmill.fusion.elision import TEMPORARY
from threadmill.fusion.lazy import LazyArray
from threadmill.fusion.record import Record

pytestmark = pytest.mark.usefixtures("put_off")

NODE_FIELDS = [name for name in vars(NodeFields) if not name.startswith("__")]
VALUE_FIELDS = [name for name in vars(ValueFields) if not name.startswith("__")]


def in_place(x: Any, y: Any) -> Any:
    z = x + y
    z += 1
    z *= x
    z -= z
    return z


def into(x: Any, y: Any) -> Any:
    z, other = x + y, x * y
    np.add(x, 2.0, out=z)
    np.multiply(y, z, out=(z,))
    np.sqrt(other, out=z)
    np.clip(z, 0, z, out=z)
    return z


def along_rows(x: Any, y: Any) -> Any:
    z, mask = x + y, x < y
    made = [each.sum(axis=-1) for each in (x, z)] + [each.max(1) for each in (x, z)]
    made += [np.min(z, axis=1), np.prod(z, axis=1), np.any(mask, axis=1), mask.all(axis=-1, keepdims=True)]
    return [*made, np.argmax(z, axis=-1), np.count_nonzero(mask, axis=1), mask.mean(axis=1)]


def along_columns(x: Any, y: Any) -> Any:
    z = x + y
    return [z.sum(0), np.prod(z, axis=0), z.mean(axis=(0,)), z.max(axis=0, keepdims=True), np.std(z, axis=0)]


def of_several_nodes(x: Any, y: Any) -> Any:
    z = x + y
    made = [x.mean(axis=1), z.mean(axis=-1), np.mean(z.astype("f"), axis=1, keepdims=True), z.var(axis=1)]
    made += [np.average(z, axis=1), np.linalg.norm(z, axis=1), np.linalg.norm(z, 1, axis=-1)]
    return made


def softmax(x: Any, y: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    e *= e.sum(axis=-1, keepdims=True)
    return y / e


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
    "converted by a dtype": lambda x, y: x.astype(np.dtype("f")),
    "converted by a name": lambda x, y: x.astype("float32"),
    "converted at need": lambda x, y: x.astype(np.float32, copy=False),
    "copied by astype": lambda x, y: x.astype(float),
    "power": lambda x, y: x**3,
    "power of floats": lambda x, y: (np.power(x, 1.5), x**y, (x + y) ** x, 2.0**x, np.power(x, y)),
    "copied": lambda x, y: (x.copy() if x.flags.c_contiguous else 0, np.copy(y)),
    "clipped": lambda x, y: (x.clip(0, 1), np.clip(x, 0.5, y), np.clip(y, x, 1), x.clip(y, y)),
    "chosen": lambda x, y: (np.where(x < y, x, 0.0), np.where(x < y, x, y), np.where(x < y, 0, 1.5 * y)),
    "in place": in_place,
    "into": into,
}

OF_C_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "filled": lambda x, y: (np.zeros_like(x), np.ones_like(y), np.full_like(x, 2.5), np.full_like(y, 3)),
    "filled with others": lambda x, y: (np.zeros_like(x, dtype=bool), np.full_like(y, 3, dtype="f")),
    "rounded": lambda x, y: (x.round(2), np.round(x + y, -1), np.round(x, decimals=3), y.round()),
    "along rows": along_rows,
    "along columns": along_columns,
    "of several nodes": of_several_nodes,
    "softmax": softmax,
}

KNOWN = OPERATIONS | OF_C_ORDER

# With and without temporaries that NumPy writes over.
SHAPES = [(67, 71), (211, 199)]


def nodes_of(function: Callable[[Any, Any], Any], x: Any, y: Any) -> list[dict[str, Any]]:
    """The fields of all that is pending when the function has run, and of its operands and results."""
    found: list[dict[str, Any]] = []
    given = x, y

    def program(x: Any, y: Any) -> Any:
        made = function(x, y)
        pending = list(x._record.pending)
        places = {node: k for k, node in enumerate(pending)}

        def told(value: Any) -> Any:
            names = [name for name in VALUE_FIELDS if name not in ("node", "owner", "_is_nan")]
            fields = {name: getattr(value, name) for name in names}
            array = fields.pop("array")
            maker = places.get(value.node)
            lies = None if array is None else array.__array_interface__
            if lies is not None and array.flags.owndata and not any(array is x for x in given):
                lies["data"] = None  # NumPy has made it, wherever there was memory
            return fields, lies, maker, value.is_held()

        for node in pending:
            fields = {name: getattr(node, name) for name in NODE_FIELDS if name not in ("inputs", "outs")}
            fields["inputs"], fields["outs"] = [*map(told, node.inputs)], [*map(told, node.outs)]
            if node.place is not None:  # Python moves an instruction within its line
                fields["place"] = node.place[0], warned._line_of(node.place)[0]
                fields["of one call"] = [k for k, each in enumerate(pending) if each.place is node.place]
            found.append(fields)
        return made

    tm.fuse(program)(x, y)
    return found


def not_by_c(*args: Any) -> None:
    """put_off and view where Python has to look at everything."""


def by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "put_off", not_by_c)
    monkeypatch.setattr(operators, "put_off_over", not_by_c)
    for module in by_steps, by_kinds, functions:
        monkeypatch.setattr(module, "put_off", not_by_c)
    monkeypatch.setattr(steps, "put_off", not_by_c)
    monkeypatch.setattr(elements, "view", not_by_c)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_nodes_are_those_that_python_makes(
    name: str, shape: tuple[int, int], order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.ones(shape, order=order), np.full(shape, 3.0, order=order)
    function = KNOWN[name]
    nodes_of(function, x, y)  # knows the plans from here on
    ours = nodes_of(function, x, y)
    by_python(monkeypatch)
    assert ours == nodes_of(function, x, y)
    assert ours


# What is known of the first is not to be taken for the second.
NEARLY_ALIKE: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "strided": (lambda x, y: x[:105].sum(axis=1), lambda x, y: x[1::2].sum(axis=1)),
    "rounded": (lambda x, y: x[:105].round(2), lambda x, y: x[1::2].round(2)),
    "there": (lambda x, y: (x + y).sum(axis=0), lambda x, y: x.sum(axis=0)),
    "quiet": (lambda x, y: (x + y).max(axis=0), lambda x, y: np.abs(x).max(axis=0)),
    "bytes": (lambda x, y: (x < y).argmax(axis=1), lambda x, y: np.where(x < y, True, x < y).argmax(axis=1)),
    "of other rows": (
        lambda x, y: x[:200].reshape(100, 13, 46).sum(axis=-1).round(2),
        lambda x, y: x[:100].reshape(100, 13, 23).sum(axis=-1).round(2),
    ),
    "an axis": (lambda x, y: (x + y).sum(axis=1), lambda x, y: (x + y).sum(axis=0)),
    "kept": (lambda x, y: (x + y).sum(axis=1), lambda x, y: (x + y).sum(axis=1, keepdims=True)),
    "a half": (lambda x, y: (x + y).mean(axis=1), lambda x, y: (x + y).astype("e").mean(axis=1)),
    "a number": (lambda x, y: np.full_like(x, 2.5), lambda x, y: np.full_like(x, 3.5)),
    "a dtype": (lambda x, y: np.zeros_like(x, dtype="f"), lambda x, y: np.zeros_like(x, dtype="q")),
}


@pytest.mark.parametrize("name", NEARLY_ALIKE)
def test_calls_that_are_nearly_alike_have_nodes_of_their_own(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.ones((211, 299)), np.full((211, 299), 3.0)
    known, other = NEARLY_ALIKE[name]
    for _ in range(2):
        nodes_of(known, x, y)
    ours = nodes_of(other, x, y)
    assert ours == nodes_of(other, x, y)
    by_python(monkeypatch)
    assert ours == nodes_of(other, x, y)


@sums_fold
def test_steps_are_taken_back_where_one_is_for_python(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.ones((211, 299)), np.full((211, 299), 3.0)
    nodes_of(of_several_nodes, x, y)
    calls: list[Any] = []

    def every_other_time(*args: Any) -> Any:
        calls.append(len(args))
        return put_off(*args) if len(calls) % 2 else None

    monkeypatch.setattr(by_steps, "put_off", every_other_time)
    ours = nodes_of(of_several_nodes, x, y)
    by_python(monkeypatch)
    assert ours == nodes_of(of_several_nodes, x, y)
    assert len(calls) > 5


@sums_fold
def test_steps_are_not_known_that_the_size_of_buffers_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.ones((9000, 20), "f"), np.full((9000, 20), 3.0, "f")

    def means(x: Any, y: Any) -> Any:
        return (x + y).mean(axis=1)

    assert [*map(len, (nodes_of(means, x, y), nodes_of(means, x, y)))] == [4, 4]
    with np.errstate():  # puts back what it finds, which states are kept for
        np.setbufsize(1 << 14)
        assert nodes_of(means, x, y) == []
        by_python(monkeypatch)
        assert nodes_of(means, x, y) == []


@sums_fold
@pytest.mark.parametrize("name", OF_C_ORDER)
def test_nodes_of_rows_and_columns_are_those_that_python_makes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_nodes_are_those_that_python_makes(name, (211, 299), "C", monkeypatch)


@pytest.mark.skipif(not HAS_GIL, reason="CPython with the GIL: without it Python records all")
@pytest.mark.parametrize("name", KNOWN)
def test_what_has_been_met_is_not_looked_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.ones((211, 299)), np.full((211, 299), 3.0)
    function = KNOWN[name]
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


def test_warnings_of_numpys_own_code_are_at_its_lines() -> None:
    x = np.full((211, 199), 0x7F800001, np.uint32).view("f")  # signalling

    def program(x: Any, y: Any) -> Any:
        return x.clip(0, 1), np.clip(y, 0, x), x**3

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for _ in range(3):
            assert differences(program, [x, x.copy()]) == {}


def test_numbers_of_every_kind_where_others_are_known() -> None:
    rng = np.random.default_rng(0)
    floats = rng.standard_normal((211, 199))
    nan = float("nan")

    def choices(x: Any, y: Any) -> Any:
        numbers = (0.0, -0.0, 0, 2, nan, -nan, True, np.float32(0.1))
        return [np.where(x < y, x, number) for number in numbers] + [np.where(x < y, 0, -0.0)]

    def bounds(x: Any, y: Any) -> Any:
        pairs = ((0, 1), (-0.0, 0.0), (0, nan), (None, 1), (0, None), (1, 0), (y, 1), (0, y), (1, 2.5))
        return [x.clip(*pair) for pair in pairs] + [np.clip(x, *pair) for pair in pairs]

    def powers(x: Any, y: Any) -> Any:
        return [x**k for k in (3, 3.0, -2.0, nan, 0, 2, True, 10**3)] + [y**3, 3**y, x**y]

    for program in choices, bounds, powers:
        for x in floats, floats.astype("f"), np.where(floats < 0, -0.0, floats):
            for _ in range(2):
                assert differences(program, [x, np.flip(x).copy()]) == {}


@pytest.mark.parametrize("dtype", ["b", "B", "i", "l", "Q"])
def test_integers_beyond_their_dtype_where_others_are_known(dtype: str) -> None:
    x = np.arange(211 * 199).reshape(211, 199).astype(dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    numbers = (3, least, most, least - 1, most + 1, -1)

    def bounded(x: Any, y: Any) -> Any:
        return [x.clip(low, high) for low in numbers for high in numbers]

    for _ in range(2):
        assert differences(bounded, [x, x.copy()]) == {}
    for number in numbers:
        for _ in range(2):
            assert differences(lambda x, y, n=number: np.where(x > y, x, n), [x, x.copy()]) == {}
            assert differences(lambda x, y, n=number: x**n, [x, x.copy()]) == {}


class HasDtype:
    """What names a dtype, and another one later."""

    dtype = np.dtype("f")


def test_dtypes_that_are_like_those_that_are_known() -> None:
    x = np.ones((211, 199))
    metadata = np.dtype("f", metadata={"unit": "m"})  # equal to "f"

    def program(x: Any, y: Any) -> Any:
        dtypes: tuple[Any, ...] = (
            np.float32,
            "f",
            np.dtype("f"),
            metadata,
            ">f4",
            np.dtype(">f4"),
            float,
            "d",
        )
        dtypes += (int, bool, *map(np.dtype, "lqLQqlQL"), np.longlong, np.long, "q", "l")
        made = [x.astype(dtype) for dtype in dtypes]
        made += [x.astype(dtype, copy=False) for dtype in dtypes]
        return made, [x.astype(HasDtype), (x.astype(float, copy=False) is x, x.astype(float) is x)]

    for name in "ffdd":
        HasDtype.dtype = np.dtype(name)
        for own in "d?lq":
            assert differences(program, [x.astype(own), x.astype(own)]) == {}
    with pytest.raises(TypeError, match=r"np\.sqrt|sqrt|ufunc"):
        tm.fuse(lambda x: (np.sqrt(x), x.astype(np.sqrt)))(x)
    for dtype in metadata, np.dtype("f"), metadata:
        made = tm.fuse(lambda x, dtype=dtype: x.astype(dtype))(x)
        assert made.dtype.metadata == dtype.metadata


VIEWS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: x,
    "rows": lambda x: x[1:-1],
    "columns": lambda x: x[:, ::2],
    "backward": lambda x: x[::-1],
    "repeated": lambda x: np.broadcast_to(x[0], x.shape),
    "one more axis": lambda x: x[:, None],
    "one row": lambda x: x[:1],
    "one column": lambda x: x[:, :1],
    "repeated columns": lambda x: np.broadcast_to(x[:, :1], x.shape),
    "overlapping": lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, 0),
    "transposed": lambda x: x.T,
}


@pytest.mark.parametrize("order", ["C", "F"])
def test_copies_of_all_views_lie_as_numpys(order: Any) -> None:
    x = np.arange(4600.0 * 12).reshape(4600, 12, order=order)

    def copies(x: Any, y: Any) -> Any:
        made = [x.copy(), np.copy(x), x.astype("f"), x.astype(float), x.astype(float, copy=False)]
        for layout in "CAKF":
            made += [x.copy(layout), np.copy(x, layout), x.astype("d", layout), x.astype("f", order=layout)]
            made += [x.astype("d", layout, copy=False)]
        return made

    for _ in range(2):
        for part in VIEWS.values():
            found = part(x)
            assert differences(copies, [found, found]) == {}
            assert differences(lambda x, y, part=part: copies(part(x), y), [x, x]) == {}


@pytest.mark.parametrize("dtype", "?bilQfdFDg")
def test_views_are_filled_as_numpys(dtype: str) -> None:
    x = np.arange(4600 * 12).reshape(4600, 12).astype(dtype)

    def filled(x: Any, y: Any) -> Any:
        made = [np.zeros_like(x), np.ones_like(x), np.empty_like(x).strides, np.zeros_like(x, np.int32)]
        made += [
            np.zeros_like(x, dtype=kind) for kind in (bool, np.float32, "q", np.dtype(">f8"), None, "S3")
        ]
        made += [
            np.full_like(x, 1),
            np.full_like(x, True),
            np.full_like(x, np.float32(1)),
            np.full_like(x, 2),
        ]
        if dtype not in "?bilQ":
            nan = float("nan")
            made += [np.full_like(x, number) for number in (0.0, -0.0, nan, -nan, 2.5, float("inf"))]
        return made

    for _ in range(2):
        for part in VIEWS.values():
            found = part(x)
            assert differences(filled, [found, found]) == {}
            assert differences(lambda x, y, part=part: filled(part(x), y), [x, x]) == {}
            assert differences(lambda x, y, part=part: filled(part(x + y), y), [x, x]) == {}


def test_numbers_that_do_not_fit_are_not_filled_in() -> None:
    x = np.arange(211 * 199, dtype=np.int8).reshape(211, 199)
    for number in (1, 127, 128, -129, 2.5, 1j, "1", None, x[:1], [1]):
        for _ in range(2):
            assert differences(lambda x, y, n=number: (np.full_like(x, n), x + y), [x, x.copy()]) == {}
            assert differences(lambda x, y, n=number: (np.full_like(x, 1, n), x + y), [x, x.copy()]) == {}


@pytest.mark.parametrize("dtype", "fdgQFe")
def test_powers_of_all_views_are_numpys(dtype: str) -> None:
    """NumPy takes a short way for exponents that are one place in memory."""
    x = np.arange(460.0 * 12).reshape(460, 12) % 7 / 4

    def powers(x: Any, y: Any) -> Any:
        return x**y, y**x, np.power(x, y), 2**y, np.power(y, y), x ** (y + 1), np.float_power(x, y)

    base = x.astype(dtype)
    for exponent in x.astype(dtype), np.full_like(base, 2):
        for _ in range(2):
            for part in VIEWS.values():
                assert differences(powers, [part(base), part(exponent)]) == {}
                assert differences(powers, [part(base), part(exponent).copy()]) == {}


def test_what_is_put_off_is_written_over() -> None:
    x = np.arange(211.0 * 199).reshape(211, 199)

    def names(x: Any, y: Any) -> Any:
        z = other = x + y
        z += 1
        kept = z * 2
        other *= z
        x += 1
        np.add(x, y, out=y)
        return z is other, z, kept, other

    def others(x: Any, y: Any) -> Any:
        z, small, row = x + y, (x * y).astype("f"), x[0] + 1
        small += z[:1]
        z += row
        z += small
        z[1:] += z[:-1]
        z -= z[::-1]
        np.add(z, row, out=z)
        np.multiply(x, 2, out=small, casting="same_kind")
        np.multiply(x, y, z)
        np.sqrt(np.abs(z), out=(z,))
        return z, small, row

    calls: list[Callable[..., Any]] = [
        lambda x, y, z, n: n.__iadd__(1.5),
        lambda x, y, z, n: n.__itruediv__(2),
        lambda x, y, z, n: np.add(x, y, out=n),
        lambda x, y, z, n: np.add(x, y, out=(z[:5],)),
        lambda x, y, z, n: np.add(x, y, z, out=z),
        lambda x, y, z, n: np.add(x, out=z),
        lambda x, y, z, n: np.add(x, y, out=(z, n)),
        lambda x, y, z, n: np.add(x, y, out=7),
        lambda x, y, z, n: np.less(x, y, out=z),
        lambda x, y, z, n: np.less(x, y, out=n),
        lambda x, y, z, n: z.__iadd__(np.add(x, y)[None]),
        lambda x, y, z, n: z.__iadd__(x[None]),
        lambda x, y, z, n: np.multiply(z, y[None], out=z),
    ]

    def wrong(x: Any, y: Any) -> Any:
        told: list[Any] = []
        for each in calls:
            n, z = (x < y).astype(int), x + y
            try:
                each(x, y, z, n)
            except (TypeError, ValueError) as error:
                told.append((type(error).__name__, str(error)))
            told += z, n
        return told

    for program in names, others, wrong:
        for _ in range(3):
            assert differences(program, [x, x.copy()]) == {}


def test_only_nodes_of_the_operands_themselves_are_learned() -> None:
    x = np.ones((211, 199))

    def program(x: Any, y: Any) -> Any:
        for operands in (x, x), (y, x), (x,), (x, y, y), (x, 2.0), (x, y):
            called = object()
            learn(called, operands, x + y)
            found.append(put_off(called, 0, *operands) is not None)
        learn(None, (x, y), x)
        learn(None, (x, y), [x + y])
        learn(None, (x, None), x + y)
        return x

    found: list[bool] = []
    tm.fuse(program)(x, x.copy())
    assert found == [False, False, False, False, False, HAS_GIL]


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
    assert put_off(np.add, TEMPORARY, x, x, x, x) is None
    assert put_off_over(np.add, x, x, x) is None
    wrong: list[tuple[Any, tuple[Any, ...]]] = [
        *((put_off, ()), (put_off, (np.add, 0)), (put_off_over, (np.add, x))),
        *((prepare, ()), (prepare, (x,) * 10), (view, (x, ())), (view, ()), (prepare_views, (x,) * 5)),
    ]
    for function, args in wrong:
        with pytest.raises(TypeError):
            function(*args)


def test_what_has_run_at_once_is_no_example(pools: list[tm.Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its node has forgotten what it was made of."""
    everything_is_worth_it(monkeypatch)

    def exposed(x: Any) -> Any:
        x.flat  # noqa: B018 - from then on the array may be written unseen
        return x.copy(), np.where(x > 3, x, 0.0), x.astype(np.float32)

    def alike(x: Any) -> Any:
        return x.copy() + 1, np.where(x > 3, x, 0.0) + 1, x.astype(np.float32) + 1

    x = np.arange(5003.0)  # enough for a step in C
    assert not differences(exposed, [x], pools[1])
    assert not differences(alike, [x], pools[1])
