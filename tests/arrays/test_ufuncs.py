"""parallel(ufunc): every argument and method, what NumPy is given, and what happens when things go wrong."""

import copy
import io
import os
import pickle
import signal
import warnings
import weakref
from typing import Any

import numpy as np
import pytest
from kit import commands
from kit.arrays import Array
from kit.comparison import assert_same_call, difference
from kit.threads import run_at_once
from kit.ufuncs import UFUNCS, N, loops, operands, values
from kit.ufuncs import operand as x

import threadmill as tm
from threadmill.arrays import self_test as _engine
from threadmill.arrays import ufunc as ufuncs

pytestmark = pytest.mark.usefixtures("quiet")

exp, add, divmod_, sqrt = (tm.parallel(ufunc) for ufunc in (np.exp, np.add, np.divmod, np.sqrt))


# ---- what parallel takes and makes -------------------------------------------------------------------------


@pytest.mark.smoke
def test_one_for_each_ufunc() -> None:
    assert tm.parallel(np.exp) is tm.parallel(np.exp)
    assert tm.parallel(exp) is exp
    assert tm.parallel(np.abs) is tm.parallel(np.absolute)
    assert isinstance(exp, tm.ParallelUfunc)
    assert exp.ufunc is np.exp
    assert repr(exp) == "threadmill.parallel(<ufunc 'exp'>)"
    assert exp.__name__ == "exp"
    assert exp.__doc__.endswith(np.exp.__doc__)
    assert (add.nin, add.nout, add.nargs, add.identity, add.types) == (2, 1, 3, 0, np.add.types)
    with pytest.raises(AttributeError):
        exp.no_such_attribute  # noqa: B018


@pytest.mark.parametrize("what", [np.linalg.det, len, 3, "exp", None, np.sum, np.ndarray])
def test_what_is_no_ufunc(what: Any) -> None:
    name = getattr(what, "__name__", type(what).__name__)
    with pytest.raises(TypeError, match=rf"^parallel takes a ufunc, such as numpy.exp, and {name} is a "):
        tm.parallel(what)


def test_pickle_and_copy() -> None:
    assert pickle.loads(pickle.dumps(exp)) is exp
    assert copy.copy(exp) is exp
    assert copy.deepcopy(exp) is exp


# ---- arguments ---------------------------------------------------------------------------------------------


DTYPES = ["f", "d", "g", "i", "D", np.float32, float, np.dtype("f4"), int, object, "x", 3]
TUPLES = [(None, None, "f"), ("f", "f", "f"), (np.dtype("f"), None, None), ("d", "d"), (float, float, float)]
OPTIONS: list[dict[str, Any]] = [
    *({"dtype": dtype} for dtype in DTYPES),
    *({"signature": signature} for signature in ("dd->d", "ff->f", "d", "dd->", 3, *TUPLES)),
    {"sig": "ff->f"},
    {"signature": "dd->d", "sig": "dd->d"},
    {"signature": "dd->d", "dtype": "d"},
    {"signature": None},
    {"dtype": None},
    *({"casting": casting} for casting in ("no", "equiv", "safe", "same_kind", "unsafe", "bogus", 3)),
    *({"casting": casting, "dtype": "f"} for casting in ("no", "equiv", "safe", "same_kind", "unsafe")),
    *({"casting": casting, "dtype": "i"} for casting in ("safe", "same_kind", "unsafe")),
    *({"order": order} for order in ("C", "F", "A", "K", None, "k", "x", 3)),
    *({"subok": subok} for subok in (True, False, 1, "yes")),
    *({"where": where} for where in (True, 1, "yes")),
    {"out": None},
    {"out": (None,)},
    {"out": ()},
    {"out": (None, None)},
    {"out": 3},
    {"out": [1.0]},
    {"axis": 0},
    {"axes": [(), (), ()]},
    {"keepdims": True},
    {"extobj": [8192, 0, None]},
    {"bogus": 1},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options: dict[str, Any], threads: tm.Pool) -> None:
    for char, shape in ("d", (1000,)), ("f", (40, 50)), ("i", (3, 5, 70)), ("e", (70,)):
        for lay in np.asarray, np.asfortranarray, np.transpose:
            a, b = (lay(values(char, int(np.prod(shape)), k).reshape(shape)) for k in (0, 1))
            assert_same_call(
                add, np.add, lambda a=a, b=b: ([a, b], dict(options)), f"add {char}", pool=threads
            )


def test_outputs(threads: tm.Pool) -> None:
    out = np.empty(N)
    assert exp(x(), out, pool=threads) is out
    assert exp(x(), out=out, pool=threads) is out
    assert exp(x(), out=(out,), pool=threads) is out
    assert difference(out, np.exp(x())) is None
    first, second = np.empty(N), np.empty(N)
    results = divmod_(x(), 3.0, first, second, pool=threads)
    assert results[0] is first
    assert results[1] is second
    results = divmod_(x(), 3.0, out=(None, second), pool=threads)
    assert results[1] is second
    assert difference(results, np.divmod(x(), 3.0)) is None


BAD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, 2, None, None), {}),
    ((1, 2, np.empty(3)), {"out": np.empty(3)}),
    ((np.ones(2000), np.ones(1999)), {}),
    ((np.ones(2000), np.ones(2000)), {"out": np.ones(1999)}),
    ((np.ones(2000), np.ones(2000)), {"out": np.ones(1)}),
    ((np.ones(2000), np.ones(2000)), {"out": np.broadcast_to(np.ones(1), 2000)}),
    ((np.ones(2000), "a"), {}),
    ((np.ones(2000), None), {}),
    ((np.ones(2000), np.ones(2000, "M8[s]")), {}),
    ((np.ones(2000, "i"), np.ones(2000)), {"out": np.ones(2000, "i")}),
    ((np.ones(2000), np.ones(2000)), {"where": np.ones(1999, "?")}),
    ((np.ones(2000), np.ones(2000)), {"where": np.ones(2000)}),
    ((np.ones(2000), np.ones(2000)), {"where": np.ones(2000, "?"), "out": np.ones(1999)}),
]


@pytest.mark.parametrize(("args", "options"), BAD)
def test_what_is_wrong_is_an_error(args: Any, options: Any, threads: tm.Pool) -> None:
    with warnings.catch_warnings(), pytest.raises((TypeError, ValueError)):
        warnings.simplefilter("ignore")  # some releases warn of `where` without `out`
        np.add(*args, **options)
    assert_same_call(add, np.add, lambda: (args, options), "add", pool=threads)
    assert_same_call(add, np.add, lambda: (args, options), "add")


def test_read_only_out(threads: tm.Pool) -> None:
    out = np.zeros(N)
    out.flags.writeable = False
    for options in {"pool": threads}, {}:
        assert_same_call(exp, np.exp, lambda: ([x()], {"out": out}), "exp", **options)
    assert not out.any()


def test_where(threads: tm.Pool) -> None:
    mask = values("?", N)
    ours, numpys = np.full(N, 7.0), np.full(N, 7.0)
    assert exp(x(), out=ours, where=mask, pool=threads) is ours
    np.exp(x(), out=numpys, where=mask)
    assert difference(ours, numpys) is None
    assert (ours[~mask] == 7).all()
    odd = mask.view(np.uint8).copy()
    odd[mask] = 0x82  # any byte but 0 is true
    again = np.full(N, 7.0)
    exp(x(), out=again, where=odd.view("?"), pool=threads)
    np.exp(x(), out=numpys, where=odd.view("?"))
    assert difference(again, numpys) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some releases warn of it
        unmasked = exp(x(), where=mask, pool=threads)
    assert difference(unmasked[mask], np.exp(x())[mask]) is None


# ---- the pool ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3, 5000, 300000])
def test_a_pool_that_cannot_be_used(n: int) -> None:
    closed = tm.Pool(2)
    closed.shutdown()
    for call in exp, add.reduce, add.accumulate, lambda a, pool: add.outer(a[:9], a[:9], pool=pool):
        with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
            call(np.ones(n), pool=closed)
        with pytest.raises(TypeError, match=r"^pool must be a threadmill.Pool or None, got int$"):
            call(np.ones(n), pool=4)
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        add.reduceat(np.ones(n + 1), [0], pool=closed)
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        add.at(np.ones(n + 1), [0], 1, pool=closed)
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        exp([1, 2], pool=closed)


def test_the_default_pool() -> None:
    big = x(300007)
    assert difference(exp(big), np.exp(big)) is None
    assert exp.explain(big).parallel
    assert not exp.explain(big[:100]).parallel


def test_a_task_of_the_pool_may_call(threads: tm.Pool) -> None:
    future = threads.submit(lambda: exp(x(), pool=threads))
    assert difference(future.result(), np.exp(x())) is None


# ---- what NumPy is given -----------------------------------------------------------------------------------


class Word(np.ndarray):
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> str:
        return f"{ufunc.__name__} {method} {len(inputs)} {sorted(kwargs)}"


class Foreign:
    """No array, but with a word in ufuncs; tells the errstate in which it is asked."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return method, np.geterr()["over"], sorted(kwargs)


class Converts:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.arange(3.0)


class Refuses:
    __array_ufunc__ = None


OPERANDS: dict[str, Any] = {
    "list": [1.0, 2.0, 1000.0],
    "nested": [[1, 2], [3, 4]],
    "empty list": [],
    "ragged": [[1], [1, 2]],
    "int": 3,
    "huge int": 2**70,
    "float": 2.5,
    "complex": 1j,
    "bool": True,
    "scalar": np.float32(2),
    "longlong": np.longlong(3),
    "string": "a",
    "bytes": b"a",
    "none": None,
    "object array": np.array([1, 2.5, 3], object),
    "objects that fail": np.array(["a", None], object),
    "string array": np.array(["a", "b"]),
    "structured": np.zeros(3, "i,f"),
    "void": np.zeros(3, "V8"),
    "0-d": np.array(2.0),
    "0-d of ints": np.array(2),
    "empty": np.empty(0),
    "empty box": np.empty((3, 0, 2)),
    "one": np.ones(1),
    "ones of rank 3": np.ones((1, 1, 1)),
    "subclass": np.arange(3.0).view(Word),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "matrix": np.arange(6.0).reshape(2, 3).view(np.recarray),
    "foreign": Foreign(),
    "refuses": Refuses(),
    "converts": Converts(),
    "memoryview": memoryview(np.arange(3.0)),
    "date": np.array(["2020-01-01", "NaT"], "M8[D]"),
    "times of units": np.array([1, 2], "m8[2h]"),
}


@pytest.mark.parametrize("name", OPERANDS)
def test_operands_of_any_kind(name: str, threads: tm.Pool) -> None:
    what = OPERANDS[name]
    with np.errstate(all="warn"):
        for options in {"pool": threads}, {}:
            for ufunc in np.exp, np.isnan, np.negative:
                assert_same_call(
                    tm.parallel(ufunc), ufunc, lambda: ([what], {}), f"{ufunc} {name}", **options
                )
            for ufunc in np.add, np.multiply, np.equal, np.less, np.divmod:
                for other in (np.arange(1500.0), np.arange(3, dtype="B"), 2, what):
                    for args in [what, other], [other, what]:
                        assert_same_call(
                            tm.parallel(ufunc),
                            ufunc,
                            lambda args=args: (args, {}),
                            f"{ufunc} {name}",
                            **options,
                        )
            for method in "reduce", "accumulate", "outer", "reduceat":
                args = [what, what] if method == "outer" else [what, [0]] if method == "reduceat" else [what]
                assert_same_call(
                    getattr(add, method),
                    getattr(np.add, method),
                    lambda args=args: (args, {}),
                    f"add.{method} {name}",
                    **options,
                )


def test_foreign_out_and_mask(threads: tm.Pool) -> None:
    word = np.zeros(2000).view(Word)
    a = x(2000)
    for options in (
        {"out": word},
        {"out": (word,)},
        {"out": np.zeros(2000).view(np.recarray)},
        {"where": [True] * 2000},
    ):
        assert_same_call(exp, np.exp, lambda o=options: ([a], dict(o)), f"exp {list(options)}", pool=threads)


INTEGERS = [
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    -128,
    -129,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64 - 1,
    2**64,
    2**100,
]


@pytest.mark.parametrize("char", "?bBhHiIlLqQefdgFDmM")
def test_python_integers_of_any_size(char: str, threads: tm.Pool) -> None:
    a = values(char, 1500)
    with np.errstate(all="warn"):
        for k in [
            *INTEGERS,
            True,
            0.5,
            1e300,
            1e39,
            65520.0,
            1e-8,
            -0.0,
            float("nan"),
            float("inf"),
            1j,
            1e300j,
        ]:
            for name in (
                "add",
                "multiply",
                "less",
                "equal",
                "maximum",
                "floor_divide",
                "bitwise_and",
                "copysign",
            ):
                ufunc = UFUNCS[name]
                for args in [a, k], [k, a]:
                    assert_same_call(
                        tm.parallel(ufunc),
                        ufunc,
                        lambda args=args: (args, {}),
                        f"{name} {char}",
                        pool=threads,
                    )


def test_warnings_point_here_once_for_each_line(threads: tm.Pool) -> None:
    big = np.full(3000, 1e300)
    odd: list[Any] = [big, big[:4].tolist(), big.astype(">f8"), Converts]
    for a in odd[:3]:
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
            warnings.simplefilter("default")
            for _ in range(3):
                exp(a, pool=threads)
                exp(a, pool=threads)
        assert [warning.filename for warning in caught] == [__file__] * 2
        assert caught[0].lineno + 1 == caught[1].lineno


def test_every_way_to_tell_of_errors(threads: tm.Pool, capfd: pytest.CaptureFixture[str]) -> None:
    big = np.full(3000, 1e300)
    told: list[Any] = []
    for function, options in (exp, {"pool": threads}), (np.exp, {}):
        heard: list[Any] = []
        with np.errstate(all="call", call=lambda *what, heard=heard: heard.append(what)):
            function(big, **options)
        log = io.StringIO()
        with np.errstate(all="log", call=log):
            function(big, **options)
        with np.errstate(all="print"):
            function(big, **options)
        told.append((heard, log.getvalue(), capfd.readouterr().err))
    assert told[0] == told[1]
    assert told[0][0] == [("overflow", 2)]


# ---- methods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "logical_or", "subtract", "hypot"])
def test_methods(name: str, threads: tm.Pool) -> None:
    ours, ufunc = tm.parallel(UFUNCS[name]), UFUNCS[name]
    a = values("d", 3000).reshape(30, 100)
    for args, options in (
        ([a], {}), ([a, 1], {}), ([a], {"axis": -1, "dtype": "f"}), ([a], {"axis": 5}),
        ([a], {"out": np.empty((30, 100))}), ([a.tolist()], {}),
    ):  # fmt: skip
        assert_same_call(
            ours.accumulate, ufunc.accumulate, lambda a=args, o=options: (a, o), name, pool=threads
        )
    for args, options in (
        ([a, [0, 5, 3]], {}),
        ([a, [0, 50], 1], {}),
        ([a, [100]], {}),
        ([a, [0]], {"axis": 1}),
    ):
        assert_same_call(ours.reduceat, ufunc.reduceat, lambda a=args, o=options: (a, o), name, pool=threads)
    for args, options in (
        ([a, a[0]], {}), ([a[:, 0], a[::2]], {}), ([a, 2], {}), ([2, a], {}), ([a[0], a[1]], {"dtype": "f"}),
        ([a[0], a[1]], {"out": np.empty((100, 100))}), ([a[0], a[1]], {"out": np.empty((100, 99))}),
        ([np.array(2.0), a], {}), ([a, np.array(2.0)], {}), ([np.array(2.0), np.array(3)], {}),
        ([np.asfortranarray(a), a[0]], {}), ([a.T, a.T], {}), ([[1, 2], [3]], {}), ([a[:0], a], {}),
        ([a[0], a[1]], {"where": np.ones((100, 100), "?"), "out": np.empty((100, 100))}),
        ([a[0], a[1]], {"order": "F"}), ([a[0]], {}), ([a[:1], a[:, ::2].T], {}),
    ):  # fmt: skip
        assert_same_call(
            ours.outer, ufunc.outer, lambda a=args, o=options: (a, o), f"{name}.outer", pool=threads
        )
        assert_same_call(ours.outer, ufunc.outer, lambda a=args, o=options: (a, o), f"{name}.outer")
    for indices in [0, 0, 3], np.array([1, 1]), [], (slice(None), [0, 0]), [40]:
        assert_same_call(
            ours.at, ufunc.at, lambda i=indices: ([a.copy(), i, 2.5], {}), f"{name}.at", pool=threads
        )


@pytest.mark.parametrize("method", ["outer", "accumulate", "reduceat", "reduce"])
def test_methods_of_other_ufuncs(method: str, threads: tm.Pool) -> None:
    a = values("d", 30)
    for ufunc in np.exp, np.modf, np.divmod, np.vecdot, np.matmul:
        args = [a, a] if method == "outer" else [a, [0]] if method == "reduceat" else [a]
        ours = getattr(tm.parallel(ufunc), method)
        assert_same_call(
            ours, getattr(ufunc, method), lambda args=args: (args, {}), f"{ufunc}.{method}", pool=threads
        )


# ---- explain -----------------------------------------------------------------------------------------------


def test_explain(threads: tm.Pool) -> None:
    told = exp.explain(x(65536), pool=threads)
    assert told.parallel
    assert str(told).startswith(
        "exp: NumPy's loop for float64, float64, over 65536, axis 0 in 64 chunks, on up"
    )
    assert (told.name, told.reason, told.shape, told.chunks, told.threads) == ("exp", None, (65536,), 64, 3)
    for args, options in (
        (([1, 2],), {}), ((x().astype(">f8"),), {}), ((x(),), {"where": np.ones(N, "?")}), ((x(0),), {}),
        ((x()[:0],), {}), ((np.array(["a"]),), {}), ((x(),), {"out": np.empty(3)}), ((x(),), {"bogus": 1}),
        ((x().astype(object),), {}), ((), {}),
    ):  # fmt: skip
        told = exp.explain(*args, pool=threads, **options)
        assert not told.parallel, (args, options)
        assert str(told) == f"exp: by NumPy, because {told.reason}"
        assert (told.loop, told.chunks, told.threads) == (None, 0, 1)


@pytest.mark.parametrize("name", UFUNCS)
def test_explain_runs_nothing_and_tells_of_each_ufunc(name: str, threads: tm.Pool) -> None:
    ufunc = UFUNCS[name]
    ins, results = loops(ufunc)[-1]
    args = operands(ufunc, ins, 2000)
    outs = tuple(values(char, 2000) for char in results)
    told = tm.parallel(ufunc).explain(*args, out=outs, pool=threads)
    assert str(told).startswith(f"{name}: ")
    assert all(difference(out, values(char, 2000)) is None for out, char in zip(outs, results, strict=True))


# ---- trust -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gamma", "erf", "expit", "xlogy", "betaln"])
def test_scipys_ufuncs_if_trusted(name: str, threads: tm.Pool) -> None:
    special = pytest.importorskip("scipy.special")
    ufunc = getattr(special, name)
    args = [x()] * ufunc.nin
    assert_same_call(tm.parallel(ufunc), ufunc, lambda: (args, {}), name, pool=threads)
    trusted = tm.parallel(ufunc, trust=True)
    assert trusted.explain(*args, pool=threads).parallel
    for n in 1, 1025, 4099, N:
        for char in "fdi":
            args = [values(char, n, k) for k in range(ufunc.nin)]
            assert_same_call(trusted, ufunc, lambda args=args: (args, {}), f"{name} {char}", pool=threads)


def test_trust_is_needed_and_stays(threads: tm.Pool) -> None:
    special = pytest.importorskip("scipy.special")
    ours = tm.parallel(special.erfc)
    assert "trust=True" in str(ours.explain(x(), pool=threads).reason)
    assert tm.parallel(special.erfc, trust=True) is ours
    assert tm.parallel(special.erfc).explain(x(), pool=threads).parallel


def test_python_code_is_never_run_on_workers(threads: tm.Pool) -> None:
    mine = np.frompyfunc(lambda a: a + 1, 1, 1)
    ours = tm.parallel(mine, trust=True)
    assert not ours.explain(x(), pool=threads).parallel
    assert_same_call(ours, mine, lambda: ([x(2000)], {}), "frompyfunc", pool=threads)


# ---- switched off ------------------------------------------------------------------------------------------


def test_the_switch() -> None:
    script = (
        "import numpy as np, threadmill as tm\n"
        "x = np.linspace(0, 1, 300000)\n"
        "told = tm.parallel(np.exp).explain(x)\n"
        "assert not told.parallel and 'THREADMILL_UFUNCS=0' in told.reason, told\n"
        "assert (tm.parallel(np.exp)(x) == np.exp(x)).all()\n"
        "assert tm.parallel(np.add).reduce(x) == np.add.reduce(x)\n"
        "assert tm.parallel(np.vecdot)(x.reshape(-1, 3), x[:3]).shape == (100000,)\n"
    )
    environment = os.environ | {"THREADMILL_UFUNCS": "0"}
    done = commands.run_python(script, "-W", "error", env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", ["differs", "raises"])
def test_a_numpy_that_is_another_turns_all_off_with_one_warning(
    how: str, monkeypatch: pytest.MonkeyPatch, threads: tm.Pool
) -> None:
    def difference_or_error() -> str:
        if how == "raises":
            raise AttributeError("no _get_strided_loop")
        return "exp of float64"

    monkeypatch.setattr(_engine, "_first_difference", difference_or_error)
    _engine.fault.cache_clear()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert difference(exp(x(), pool=threads), np.exp(x())) is None
            assert difference(add(x(), 1, pool=threads), np.add(x(), 1)) is None
            assert not exp.explain(x(), pool=threads).parallel
        assert [warning.category for warning in caught] == [RuntimeWarning]
        assert "NumPy itself runs all ufuncs" in str(caught[0].message)
        assert caught[0].filename == __file__
    finally:
        monkeypatch.undo()
        _engine.fault.cache_clear()
    assert exp.explain(x(), pool=threads).parallel


def test_the_test_at_first_use_passes() -> None:
    assert _engine._first_difference() is None
    assert ufuncs.parallel is tm.parallel


# ---- threads and interrupts --------------------------------------------------------------------------------


def test_many_threads_call_at_once(threads: tm.Pool) -> None:
    inputs = [values("d", 20011, k) for k in range(4)]
    expected = [(np.exp(a), np.add.reduce(a), np.divmod(a, 3)) for a in inputs]
    wrong: list[str | None] = []

    def call(k: int) -> None:
        with np.errstate(all="ignore"):
            for _ in range(20):
                results = (
                    exp(inputs[k], pool=threads),
                    add.reduce(inputs[k], pool=threads),
                    divmod_(inputs[k], 3, pool=threads),
                )
                wrong.append(difference(results, expected[k]))

    run_at_once(call, 4)
    assert wrong == [None] * 80


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
def test_ctrl_c_ends_a_call_and_leaves_all_usable() -> None:
    script = (
        "import signal, numpy as np, threadmill as tm\n"
        "pool = tm.Pool(2)\n"
        "x = np.broadcast_to(np.full(100000, 0.5, 'g'), (4, 500, 100000))\n"
        "def stop(*_): raise KeyboardInterrupt('now')\n"
        "signal.signal(signal.SIGALRM, stop)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "try:\n"
        "    tm.parallel(np.arctan2).reduce(x, axis=1, pool=pool)\n"
        "except KeyboardInterrupt as error:\n"
        "    assert str(error) == 'now'\n"
        "else:\n"
        "    raise SystemExit('was not interrupted')\n"
        "y = np.linspace(0, 1, 100000)\n"
        "assert (tm.parallel(np.exp)(y, pool=pool) == np.exp(y)).all()\n"
        "print('usable')\n"
    )
    done = commands.run_python(script)
    assert done.stdout == "usable\n", done.stderr


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("dtype", ["i8", "f8"])
def test_a_reduction_keeps_no_array_alive(axis: int | None, dtype: str) -> None:
    for ufunc in (np.add, np.minimum, np.bitwise_or if dtype == "i8" else np.logaddexp):
        x = np.ones((300, 700), dtype)
        gone = weakref.ref(x)
        tm.parallel(ufunc).reduce(x, axis, pool=tm.default_pool())
        del x
        assert gone() is None


def test_a_product_of_a_million_integers_is_shared() -> None:
    """As it works more than once on each element; element-wise calls of no dense arrays are shared later."""
    x = np.ones((400, 400), int)
    assert tm.parallel(np.matmul).explain(x, x).parallel
    with tm.report() as report:
        tm.parallel(np.matmul)(x, x)
    assert "parallel" in str(report)
