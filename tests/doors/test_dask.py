"""Dask arrays: what stays lazy, what fuse makes of them, and dask.distributed's real scheduler."""

import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import threadmill as tm
from threadmill._native.pools import get_thread_limit
from threadmill.fusion.blocks import threads_shared
from threadmill.fusion.formula import Recorder

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    """A nanny leaves OMP_NUM_THREADS=1 in the client's environment, where later default pools would find
    it."""
    before = os.environ.copy()
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with dask.config.set(scheduler="sync"):
        yield


X = np.random.default_rng(0).normal(size=(300, 400))
ROW, COLUMN = X[7].copy(), X[:, 9:10].copy()
LAZY = da.from_array(X, chunks=(70, 90))


def same(found: Any, expected: Any) -> None:
    """Bits, dtype and shape, of what is lazy until now."""
    assert isinstance(found, da.Array)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    computed = found.compute()
    assert computed.dtype == expected.dtype
    assert computed.tobytes() == expected.tobytes()


# ---- element-wise functions ----


def writes_its_own(x: Any) -> Any:
    y = x * 2
    z = y
    y += 1
    y[y < 0] = 0.0
    np.multiply(y, x, out=y)
    y[...] = y - x
    return z


def knows_its_shape(x: Any) -> Any:
    return (len(x) * x.size / x + x.shape[1]) * np.arange(x.shape[-1])


def sets_errors(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return 1 / (x - x) + np.log(-abs(x))


def has_its_own_arrays(x: Any) -> Any:
    return np.maximum(x + ROW, [0.5] * 400) * COLUMN + da.from_array(ROW, chunks=100)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    function.__name__: function for function in (writes_its_own, knows_its_shape, sets_errors)
} | {
    "powers": lambda x: abs(x) ** 0.5 + x**2 - 2**x,
    "divmod": lambda x: np.divmod(x, 0.3) + divmod(x, 2.0) + np.modf(x),
    "where": lambda x: np.where((x > 0) & ~(x > 1), x, -1.0),
    "select": lambda x: np.select([x > 1, x < -1], [x, -x], 0.5),
    "clip": lambda x: (np.clip(x, -1, 1), x.clip(0, None), x.round(1), np.round(x, 2)),
    "nan_to_num": lambda x: np.nan_to_num(np.sqrt(abs(x)), nan=7.0),
    "in one argument": lambda x: (
        *(np.interp(x, [-1, 1], [0, 1]), np.digitize(x, [-1, 0, 1])),
        *(np.searchsorted(np.array([0.0, 1.0]), x), np.isin(x, [X[0, 0]]), np.polyval([1, 2, 3], x)),
    ),
    "dtypes": lambda x: x.astype(np.float32) + np.float32(1) * (x.dtype == np.float64),
    "complex": lambda x: ((x + 1j).conj(), (x * 1j).imag, x.real, np.angle(x + 1j)),
    "like": lambda x: (np.zeros_like(x), np.full_like(x, 7, dtype="i4"), x.copy()),
    "ours": lambda x: tm.parallel(np.exp)(tm.square(tm.scale(x, 2))) + tm.numpy.sqrt(abs(x)),
    "fused itself": lambda x: tm.fuse(lambda y: y + 1)(x) * 2,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_blocks_have_numpys_bits(name: str) -> None:
    function = FUNCTIONS[name]
    found, expected = tm.fuse(function)(LAZY), function(X)
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    for one, other in zip(found, expected, strict=True):
        same(one, other)


def test_arrays_that_were_no_arguments() -> None:
    expected = np.maximum(X + ROW, [0.5] * 400) * COLUMN + ROW
    same(tm.fuse(has_its_own_arrays)(LAZY), expected)


def test_operands_are_broadcast_and_their_chunks_aligned() -> None:
    def function(x: Any, row: Any, column: Any, number: Any) -> Any:
        return x + row, row * column, column * 2, number * 3

    number = da.from_array(X, chunks=100).sum()
    found = tm.fuse(function)(LAZY, ROW, da.from_array(COLUMN, chunks=(50, 1)), number)
    expected = function(X, ROW, COLUMN, number.compute())
    for one, other in zip(found, expected, strict=True):
        same(one, other)


def test_large_blocks_are_fused() -> None:
    def function(x: Any, y: Any) -> Any:
        z = np.sqrt(x * x + y * y)
        return z, np.arctan2(y, z)

    x, y = np.random.default_rng(1).normal(size=(2, 500_000))
    found = tm.fuse(function)(da.from_array(x, chunks=150_000), da.from_array(y, chunks=200_000))
    for one, other in zip(dask.compute(*found), function(x, y), strict=True):
        assert one.tobytes() == other.tobytes()


def test_blocks_with_little_work_are_timed_as_they_are_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadmill.fusion import fused_door
    from threadmill.fusion.formula import Formula

    def little(x: Any) -> Any:
        return x + 1

    fused: list[Any] = []
    run = fused_door.run_recorded
    told = lambda record, *call: fused.append(call) or run(record, *call)  # noqa: E731
    monkeypatch.setattr(fused_door, "run_recorded", told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where they are errors nothing is put off
        made = tm.fuse(little)(da.zeros(70_000 * 9, chunks=70_000)).compute(scheduler="synchronous")
    assert isinstance(made, np.ndarray)
    assert len(fused) == 5  # of nine
    assert isinstance(fused[0][0], Formula)


def test_results_in_tuples_lists_and_dicts() -> None:
    def function(pair: Any, table: Any) -> Any:
        return {"sum": [pair[0] + table["y"], pair[1]], "same": pair[0], "none": None}

    found = tm.fuse(function)((LAZY, 3), {"y": LAZY})
    same(found["sum"][0], X + X)
    assert found["sum"][1] == 3
    assert found["same"] is LAZY
    assert found["none"] is None


def test_one_task_makes_a_block_of_all_results() -> None:
    tasks: list[str] = []

    def note(key: Any, *_: Any) -> None:
        tasks.append(key[0] if isinstance(key, tuple) else key)

    def function(x: Any) -> Any:
        y = np.exp(x) + 1
        return y, np.log(y) * 2

    x = da.from_array(X, chunks=(100, 400)).persist()
    one, two = tm.fuse(function)(x)
    name = one.name.removesuffix("-0")
    with dask.callbacks.Callback(pretask=note):
        dask.compute(one, two, optimize_graph=True)
    assert [tasks.count(each) for each in (name, one.name, two.name)] == [3, 3, 3]
    assert len(tasks) == 9 + 2  # and to join the blocks of each


def test_function_runs_once_and_names_follow_what_it_does() -> None:
    calls: list[int] = []
    offset = 1.0

    def function(x: Any) -> Any:
        calls.append(1)
        return x * 2 + offset

    fused = tm.fuse(function)
    first, again = fused(LAZY), fused(LAZY)
    assert len(calls) == 2
    assert first.name == again.name == tm.fuse(function)(LAZY).name
    offset = 2.0
    other = fused(LAZY)
    assert other.name != first.name
    same(first, X * 2 + 1.0)
    same(other, X * 2 + 2.0)
    assert len(calls) == 4
    assert fused(LAZY + 1).name != other.name


def test_formulas_are_pickled_by_names() -> None:
    from threadmill.fusion.formula import Formula, Slot, Step

    steps = Step(np.add, (Slot(0), 1.5), {}, 1), Step(np.where, (Slot(1), Slot(1), Slot(0)), {}, 1)
    formula = Formula("f", 1, steps, (Slot(2),))
    text = pickle.dumps(formula)
    assert b"threadmill.fusion.formula" in text
    assert len(text) < 500
    again = pickle.loads(text)
    assert again(X).tobytes() == formula(X).tobytes()
    assert dask.base.tokenize(again) == dask.base.tokenize(formula)


# ---- what is refused ----

REFUSED: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: x - x.sum(),
    "numpy.max": np.max,
    "reduce": np.add.reduce,
    "accumulate": np.cumsum,
    "sort": np.sort,
    "argsort": lambda x: x.argsort(),
    "slice": lambda x: x[1:] - x[:-1],
    "mask": lambda x: x[x > 0],
    "transpose": lambda x: x.T,
    "reshape": lambda x: x.reshape(-1),
    "iteration": list,
    "product": lambda x: x @ x,
    "matmul": lambda x: np.matmul(x, x),
    "diff": np.diff,
    "concatenate": lambda x: np.concatenate([x, x]),
    "fft": np.fft.fft,
    "nonzero": np.where,
    "asarray": lambda x: np.asarray(x) + 1,
    "vectorize": np.vectorize(abs),
    "view": lambda x: x.view("i8"),
    "our sum": tm.sum,
    "our sort": tm.numpy.sort,
    "bins": lambda x: np.digitize([1.0], x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_other_blocks_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=r"^on dask arrays, fuse takes element-wise .*map_overlap\("):
        tm.fuse(REFUSED[name])(LAZY)


def in_place(x: Any) -> None:
    x += 1


@pytest.mark.parametrize(
    "write",
    [
        in_place,
        lambda x: np.add(x, 1, out=x),
        lambda x: x.__setitem__(..., 0),
        lambda x: np.add(x, 1, out=np.zeros((300, 400))),
        lambda x: in_place((x + 1).real),
        lambda x: in_place(np.real(x)),
        lambda x: (y := x + 1j, y.imag, in_place(y)),
    ],
)
def test_writes_that_show_elsewhere_are_refused(write: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="a write to an argument, .* x = x \\+ 1"):
        tm.fuse(write)(LAZY)
    assert LAZY.compute().tobytes() == X.tobytes()


@pytest.mark.parametrize("choice", [lambda x: -x if x > 0 else x, float, lambda x: range(x)])
def test_choices_by_values_are_refused(choice: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"needs its elements. .*numpy.where\(condition, a, b\)"):
        tm.fuse(choice)(LAZY)


def test_other_refusals() -> None:
    class Money:
        pass

    with pytest.raises(TypeError, match="an operand of the class Money"):
        tm.fuse(lambda x: x + Money())(LAZY)
    with pytest.raises(ValueError, match=r"could not be broadcast together with shapes \(300, 400\) \(7,\)"):
        tm.fuse(lambda x: x + np.ones(7))(LAZY)
    with pytest.raises(TypeError, match="return the new arrays"):
        tm.fuse(lambda found, x: found.append(x))([], LAZY)
    with tm.Pool(2) as pool, pytest.raises(TypeError, match="blocks of dask arrays run anywhere"):
        tm.fuse(np.sin, pool=pool)(LAZY)
    masked = LAZY.map_blocks(np.ma.masked_less, 0)
    with pytest.raises(TypeError, match="of the class MaskedArray"):
        tm.fuse(np.sin)(masked)
    with pytest.raises(TypeError, match="map_blocks"):
        tm.map_chunks(np.sin, LAZY)

    def set_rows(x: Any, mask: Any) -> Any:
        y = x + 1
        y[mask] = 0.0
        return y

    with pytest.raises(TypeError, match="a mask of another shape"):
        tm.fuse(set_rows)(da.ones((4, 4), chunks=2), da.ones(4, chunks=2) > 0)
    kept: list[Any] = []
    tm.fuse(lambda x: kept.append(x) or x)(LAZY)
    with pytest.raises(TypeError, match="an array of another call"):
        kept[0] + 1


def test_errors_are_numpys() -> None:
    def function(x: Any) -> Any:
        y = x.astype(int)
        y += 1.5
        return y

    with pytest.raises(TypeError) as expected:
        function(X)
    with pytest.raises(TypeError) as found:
        tm.fuse(function)(LAZY)
    assert type(found.value) is type(expected.value)
    assert str(found.value) == str(expected.value)
    column = da.from_array(COLUMN, chunks=(50, 1))
    with pytest.raises(ValueError, match="non-broadcastable output"):
        tm.fuse(lambda x, y: (z := x * 2, z.__iadd__(y)))(column, LAZY)


def test_recording_leaves_the_filters_of_warnings_alone() -> None:
    """They are the whole process's: another thread that sets them meanwhile would lose its own."""
    seen: list[Any] = []
    recorder = Recorder()

    def function(x: Any) -> Any:
        seen.append([*warnings.filters])
        return x

    recorder.step(function, (recorder.source(X),), {})
    assert seen == [[*warnings.filters]]


def test_off_and_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    fused = tm.fuse(lambda x: x - x.mean())
    with pytest.raises(TypeError, match="mean may need other blocks"):
        fused.explain(LAZY)
    told = tm.fuse(np.sin).explain(LAZY)
    assert "one task makes a block" in told
    assert told.passes == 0
    monkeypatch.setenv("THREADMILL_FUSE", "0")
    assert fused(LAZY).compute().shape == X.shape


def test_neighbours_by_map_overlap() -> None:
    @tm.fuse
    def smooth(x: Any) -> Any:
        return (x[2:] + x[1:-1] + x[:-2]) / 3

    x = np.random.default_rng(2).normal(size=400_000)
    lazy = da.map_overlap(smooth, da.from_array(x, chunks=100_000), depth=1, boundary=0.0, trim=False)
    assert lazy.compute().tobytes() == smooth(np.pad(x, 1)).tobytes()


# ---- unknown chunks ----


def test_unknown_chunks() -> None:
    x = da.from_array(np.arange(-5.0, 5.0), chunks=3)
    known = x[x > 0]
    expected = np.arange(1.0, 5.0)
    lazy = tm.fuse(lambda x: x * 2 + x)(known)
    assert np.isnan(lazy.shape).all()
    assert lazy.compute().tobytes() == (expected * 2 + expected).tobytes()
    assert tm.fuse(np.add)(known, known).compute().tobytes() == (expected * 2).tobytes()
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        tm.fuse(np.add)(known, da.ones(4, chunks=2))  # whose chunks may be others
    with pytest.raises(TypeError, match=r"shape is unknown: \(nan,\). Call compute_chunk_sizes\(\)"):
        tm.fuse(lambda x: x / x.shape[0])(known)
    known.compute_chunk_sizes()
    same(tm.fuse(lambda x: x / x.shape[0])(known), expected / 4)


# ---- public calls ----


def test_public_calls_stay_lazy() -> None:
    same(tm.parallel(np.exp)(LAZY), np.exp(X))
    same(tm.parallel(np.add)(LAZY, ROW), X + ROW)
    same(tm.square(LAZY), X * X)
    same(tm.scale(LAZY, 3), X * 3)
    for found in tm.sum(LAZY), tm.sum(LAZY, axis=0), tm.numpy.mean(LAZY), tm.numpy.std(LAZY, axis=1):
        assert isinstance(found, da.Array)
    with pytest.raises(TypeError, match="overflow='raise' needs a plain array, got Array"):
        tm.square(LAZY, overflow="raise")


def test_namespace_does_what_numpy_does() -> None:
    """Every function of one array: lazy where NumPy's own call is."""
    tried = 0
    for name in tm.numpy.__all__:
        function = getattr(np, name)
        if name in ("from_dlpack", "test") or not callable(function) or isinstance(function, type):
            continue
        outcomes = []
        for each in function, getattr(tm.numpy, name):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found = each(LAZY)
                    outcomes.append(
                        (type(found), getattr(found, "dtype", None), getattr(found, "name", None))
                    )
                except Exception as error:
                    outcomes.append((type(error), str(error), None))
        if outcomes[0][0] is da.Array:
            tried += 1
            assert outcomes[0] == outcomes[1], name
        else:
            assert outcomes[0][0] is outcomes[1][0], name
    assert tried > 80


def test_sums_are_added_in_one_order() -> None:
    x = da.from_array(np.random.default_rng(3).normal(size=300_000) * 1e8, chunks=7_000)
    totals = {tm.sum(x).compute(scheduler=each).tobytes() for each in ("sync", *["threads"] * 5)}
    assert len(totals) == 1


# ---- threads ----


def test_blocks_at_once_share_the_threads() -> None:
    limits: list[int] = []
    inside, go = threading.Barrier(3, timeout=60), threading.Barrier(3, timeout=60)

    def block() -> None:
        with threads_shared(6):
            limits.append(get_thread_limit())
            inside.wait()
            go.wait()
        limits.append(get_thread_limit())

    threads = [threading.Thread(target=block) for _ in range(2)]
    with threads_shared(6):
        alone = get_thread_limit()
        for thread in threads:
            thread.start()
        inside.wait()
        with threads_shared(2):
            nested = get_thread_limit()
        go.wait()
        for thread in threads:
            thread.join()
        again = get_thread_limit()
    with threads_shared(6):
        after = get_thread_limit()
    assert (alone, nested, again, after, get_thread_limit()) == (6, 1, 6, 6, 0)
    assert sorted(limits) == [0, 0, 2, 3]


def test_threaded_scheduler_has_the_same_bits() -> None:
    x = np.random.default_rng(4).normal(size=800_000)
    lazy = tm.fuse(lambda x: np.sin(x) * x + 1)(da.from_array(x, chunks=100_000))
    expected = np.sin(x) * x + 1
    for _ in range(3):
        assert lazy.compute(scheduler="threads", num_workers=4).tobytes() == expected.tobytes()


# ---- a cluster of two processes ----


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "300MiB", "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def root_of_squares(x: Any) -> Any:
    return np.sqrt(x * x + 1) / 3


@pytest.mark.long
@pytest.mark.thread_unsafe
def test_data_larger_than_the_memory_of_a_worker(client: Any) -> None:
    x = da.arange(50_000_000, chunks=1_000_000, dtype=float)  # 400 MB
    lazy = tm.fuse(root_of_squares)(x).sum()
    found = lazy.compute(scheduler=client.get)
    assert found.tobytes() == root_of_squares(x).sum().compute(scheduler="sync").tobytes()


@pytest.mark.long
@pytest.mark.thread_unsafe
def test_worker_killed_in_the_middle(client: Any, tmp_path: Path) -> None:
    died = str(tmp_path / "died")

    def dies_once(block: Any) -> Any:
        if block[0] == 12 * 100_000 and not os.path.exists(died):
            with open(died, "x"):
                os._exit(1)
        return block

    x = da.arange(2_400_000, chunks=100_000, dtype=float)
    before = set(client.scheduler_info(n_workers=-1)["workers"])
    first = tm.fuse(root_of_squares)(x)
    lazy = tm.fuse(root_of_squares)(
        first.map_blocks(lambda b: b) * 1 + x.map_blocks(dies_once, dtype=float)
    ).sum()
    found = lazy.compute(scheduler=client.get)
    assert os.path.exists(died)
    client.wait_for_workers(2, timeout=60)
    assert set(client.scheduler_info(n_workers=-1)["workers"]) != before
    y = np.arange(2_400_000.0)
    blocks = da.from_array(root_of_squares(root_of_squares(y) + y), chunks=100_000)
    assert found.tobytes() == blocks.sum().compute().tobytes()


@pytest.mark.long
@pytest.mark.thread_unsafe
def test_fused_functions_are_pickled_too(client: Any) -> None:
    @tm.fuse
    def total(x: Any) -> Any:
        return np.array([np.sum(x * 2)])

    x = da.ones(800_000, chunks=100_000)
    found = x.map_blocks(total, dtype=float, chunks=(1,)).compute(scheduler=client.get)
    assert found.tolist() == [200_000.0] * 8


@pytest.mark.long
@pytest.mark.thread_unsafe
def test_worker_without_threadmill() -> None:
    distributed = pytest.importorskip("distributed")
    lacks = """
import sys
for name in [name for name in sys.modules if name.split(".")[0] == "threadmill"]:
    del sys.modules[name]
sys.modules["threadmill"] = None
"""
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0", "preload": lacks}
    with (
        distributed.LocalCluster(silence_logs=50, **options) as cluster,
        distributed.Client(cluster) as client,
        pytest.raises(ModuleNotFoundError, match="needs threadmill on each of dask's workers"),
    ):
        tm.fuse(root_of_squares)(LAZY).compute(scheduler=client.get)


def test_arguments_that_hold_themselves_are_looked_into_once() -> None:
    held: list[Any] = [np.ones(5000)]
    held.append(held)
    made = tm.fuse(lambda held: held[0] * 2)(held)
    assert made.sum() == 10_000
