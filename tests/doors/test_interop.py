"""threadmill with the libraries that people use it with: each test runs the real one."""

import asyncio
import ctypes
import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from kit import commands

import threadmill as tm

# ---- asyncio ----


def test_asyncio_run_in_executor() -> None:
    async def main(pool: tm.Pool) -> list[str]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(pool, name) for _ in range(20)))

    def name() -> str:
        return threading.current_thread().name

    with tm.Pool(2, "beside") as pool:
        assert set(asyncio.run(main(pool))) <= {"beside_0", "beside_1"}


def test_asyncio_wrap_future() -> None:
    async def main(pool: tm.Pool) -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wrap_future(pool.submit(divmod, 1, 0))
        future = pool.submit(pow, 2, 10)
        assert isinstance(future, Future)
        return await asyncio.wrap_future(future)

    with tm.Pool(1) as pool:
        assert asyncio.run(main(pool)) == 1024


def test_asyncio_cancels_a_waiting_task() -> None:
    release = threading.Event()

    async def main(pool: tm.Pool) -> "Future[Any]":
        pool.submit(release.wait)
        waiting = pool.submit(int)
        wrapped = asyncio.wrap_future(waiting)
        wrapped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped
        return waiting

    with tm.Pool(1) as pool:
        try:
            assert asyncio.run(main(pool)).cancelled()
        finally:
            release.set()


# ---- dask ----


def test_dask_array() -> None:
    dask = pytest.importorskip("dask")
    array = pytest.importorskip("dask.array")
    names: set[str] = set()

    def note(block: Any) -> Any:
        names.add(threading.current_thread().name)
        return block

    x = np.random.default_rng(0).standard_normal((300, 200))
    with tm.Pool(3, "weaver") as pool, dask.config.set(pool=pool):
        lazy = array.from_array(x, chunks=(50, 50)).map_blocks(note, dtype=x.dtype, meta=x[:0, :0])
        assert np.allclose((lazy @ lazy.T).sum(axis=0).compute(), (x @ x.T).sum(axis=0))
    assert names
    assert names <= {"weaver_0", "weaver_1", "weaver_2"}


# ---- joblib ----


@pytest.fixture
def parallel(joblib: Any) -> Iterator[Callable[..., Any]]:
    """joblib.Parallel on a pool of four threads."""
    with tm.Pool(4, "jobber") as pool, joblib.parallel_config(backend="threadmill", pool=pool):
        yield joblib.Parallel


def jobs(joblib: Any, fn: Any, inputs: Any) -> Iterator[Any]:
    return (joblib.delayed(fn)(x) for x in inputs)


def test_joblib(joblib: Any, parallel: Any) -> None:
    names: set[str] = set()

    def work(x: int) -> int:
        names.add(threading.current_thread().name)
        return x * x

    assert parallel(n_jobs=-1)(jobs(joblib, work, range(1000))) == [x * x for x in range(1000)]
    assert names <= {f"jobber_{i}" for i in range(4)}
    assert names


def test_joblib_default_pool(joblib: Any) -> None:
    with joblib.parallel_config(backend="threadmill", n_jobs=2):
        assert joblib.Parallel()(jobs(joblib, abs, [-1, 2, -3])) == [1, 2, 3]
    assert joblib.Parallel(n_jobs=2, backend="threadmill")(jobs(joblib, abs, [-1])) == [1]


def test_joblib_n_jobs(joblib: Any) -> None:
    from threadmill.joblib import ThreadmillBackend

    with tm.Pool(4) as pool:
        backend = ThreadmillBackend(pool)
        asked = [-1, -2, -4, -9, None, 1, 3, 4, 9]
        assert [backend.effective_n_jobs(n) for n in asked] == [4, 3, 1, 1, 1, 1, 3, 4, 4]
        with pytest.raises(ValueError, match="n_jobs == 0"):
            backend.effective_n_jobs(0)
        with joblib.parallel_config(backend="threadmill", pool=pool):
            assert joblib.effective_n_jobs(-1) == 4


@pytest.mark.parametrize("n_jobs", [2, 3, 4])
def test_joblib_runs_n_jobs_at_once(joblib: Any, parallel: Any, n_jobs: int) -> None:
    together = threading.Barrier(n_jobs, timeout=60)
    lock = threading.Lock()
    inside = most = 0

    def work(_x: int) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        together.wait()  # passes only when n_jobs are in it
        with lock:
            inside -= 1

    parallel(n_jobs=n_jobs, batch_size=1)(jobs(joblib, work, range(4 * n_jobs)))
    assert most == n_jobs


def test_joblib_nested(joblib: Any, parallel: Any) -> None:
    """Every thread waits for calls of its own, on the same threads."""
    names: set[str] = set()

    def inner(x: int) -> int:
        names.add(threading.current_thread().name)
        return x + 1

    def middle(x: int) -> int:
        return sum(parallel(n_jobs=4)(jobs(joblib, inner, range(x))))

    def outer(x: int) -> int:
        return sum(parallel(n_jobs=4, batch_size=1)(jobs(joblib, middle, range(x))))

    expected = [sum(sum(range(1, y + 1)) for y in range(x)) for x in range(16)]
    assert parallel(n_jobs=4, batch_size=1)(jobs(joblib, outer, range(16))) == expected
    assert names <= {f"jobber_{i}" for i in range(4)}


def test_joblib_failure(joblib: Any, parallel: Any) -> None:
    def fail(x: int) -> int:
        return 1 // (x - 50)

    with pytest.raises(ZeroDivisionError) as failure:
        parallel(n_jobs=4)(jobs(joblib, fail, range(100)))
    assert "in fail" in str(failure.value.__cause__)  # where it came from
    assert parallel(n_jobs=4)(jobs(joblib, abs, [-1, -2])) == [1, 2]


def test_joblib_keeps_its_backend_in_a_with(joblib: Any, parallel: Any) -> None:
    with parallel(n_jobs=3) as reused:
        assert reused(jobs(joblib, abs, range(50))) == list(range(50))
        with pytest.raises(TypeError):
            reused(jobs(joblib, abs, ["x"]))
        assert reused(jobs(joblib, abs, range(50))) == list(range(50))


def test_joblib_generator(joblib: Any, parallel: Any) -> None:
    results = parallel(n_jobs=2, return_as="generator")(jobs(joblib, abs, itertools.count(1)))
    assert [next(results) for _ in range(100)] == list(range(1, 101))
    with pytest.warns(UserWarning, match="tasks which are still being processed|stopped|tasks"):
        results.close()
    unordered = parallel(n_jobs=2, return_as="generator_unordered")(jobs(joblib, abs, range(100)))
    assert sorted(unordered) == list(range(100))


def test_joblib_does_not_wait_for_the_calls_of_a_dropped_generator(joblib: Any, parallel: Any) -> None:
    """They hold all threads of the pool; so do another caller's tasks."""
    begun, release = threading.Semaphore(0), threading.Event()

    def hold(_: int) -> None:
        begun.release()
        assert release.wait(60)

    dropped = parallel(n_jobs=4, return_as="generator")(jobs(joblib, hold, range(10)))
    for _ in range(4):
        assert begun.acquire(timeout=60)
    with pytest.warns(UserWarning, match="cancelled"):
        del dropped
    for return_as in "list", "generator", "generator_unordered":
        results = parallel(n_jobs=4, return_as=return_as)(jobs(joblib, abs, range(100)))
        assert sorted(results) == list(range(100))
    release.set()


def test_joblib_generators_that_share_a_backend(joblib: Any, parallel: Any) -> None:
    """One that ends, and one that is closed, leave the others theirs."""
    for _ in range(10):
        first, second, third = (
            parallel(n_jobs=2, return_as="generator")(jobs(joblib, abs, inputs))
            for inputs in (itertools.count(), range(500), range(500))
        )
        assert next(first) == next(second) == next(third) == 0
        assert list(second) == list(range(1, 500))
        with pytest.warns(UserWarning, match="tasks"):
            first.close()
        assert list(third) == list(range(1, 500))


def test_joblib_nested_generator_without_an_end(joblib: Any, parallel: Any) -> None:
    """The caller, a thread of the pool, gets its results while the calls go on."""

    def first_ten(_: int) -> list[int]:
        results = parallel(n_jobs=4, return_as="generator")(jobs(joblib, abs, itertools.count()))
        taken = [next(results) for _ in range(10)]
        with pytest.warns(UserWarning, match="tasks"):
            results.close()
        return taken

    assert parallel(n_jobs=4)(jobs(joblib, first_ten, [1])) == [list(range(10))]


def test_joblib_on_a_closed_pool(joblib: Any) -> None:
    with tm.Pool(2) as pool, joblib.parallel_config(backend="threadmill", pool=pool):
        pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            joblib.Parallel(n_jobs=2)(jobs(joblib, abs, range(10)))


def test_joblib_timeout(joblib: Any, parallel: Any) -> None:
    release = threading.Event()
    try:
        with pytest.raises(multiprocessing.TimeoutError):
            parallel(n_jobs=2, timeout=0.05)(jobs(joblib, release.wait, [60, 60]))
    finally:
        release.set()


def test_joblib_takes_it_as_threads(joblib: Any, parallel: Any) -> None:
    shared: list[int] = []
    parallel(n_jobs=2, require="sharedmem")(jobs(joblib, shared.append, range(10)))
    assert sorted(shared) == list(range(10))


# ---- scipy ----


def test_scipy_differential_evolution() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    names: set[str] = set()

    def rosenbrock(x: Any) -> float:
        names.add(threading.current_thread().name)
        return float(optimize.rosen(x))

    def solve(workers: Any) -> Any:
        return optimize.differential_evolution(
            rosenbrock, [(0, 2)] * 3, rng=1, updating="deferred", workers=workers, maxiter=30, polish=False
        )

    with tm.Pool(2, "solver") as pool:
        ours = solve(pool.map)
    assert names <= {"solver_0", "solver_1"}
    assert ours.x.tobytes() == solve(map).x.tobytes()
    assert ours.fun < 0.5


# ---- threadpoolctl ----


@pytest.fixture
def threadpoolctl() -> Any:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    from threadmill.threadpoolctl import register

    register()
    return threadpoolctl


def ours(threadpoolctl: Any) -> dict[str, Any]:
    (row,) = [row for row in threadpoolctl.threadpool_info() if row["user_api"] == "threadmill"]
    return row  # type: ignore[no-any-return]


def threads_of_a_loop(pool: tm.Pool) -> int:
    """How many threads a loop runs on: each waits a while for the others to come."""
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    idents: set[int] = set()
    wanted = pool._max_workers
    deadline = time.monotonic() + 0.2

    @kernel
    def note(_ctx: int, _begin: int, _end: int) -> None:
        idents.add(threading.get_ident())
        while len(idents) < wanted and time.monotonic() < deadline:
            time.sleep(0.001)

    pool.parallel_for(wanted, note, chunksize=1)
    return len(idents)


def test_threadpoolctl_info(threadpoolctl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ours(threadpoolctl)
    assert row["internal_api"] == "threadmill"
    assert row["prefix"] == "_threadmill"
    assert row["version"] == tm.__version__
    assert row["num_threads"] == tm.default_pool()._max_workers
    assert row["filepath"].endswith(".so")
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "5")
    assert ours(threadpoolctl)["num_threads"] == 5


def test_threadpoolctl_limits(threadpoolctl: Any) -> None:
    elsewhere = []
    with tm.Pool(3) as pool:
        assert threads_of_a_loop(pool) == 3
        with threadpoolctl.threadpool_limits(1, user_api="threadmill"):
            assert ours(threadpoolctl)["num_threads"] == 1
            assert threads_of_a_loop(pool) == 1
            other = threading.Thread(target=lambda: elsewhere.append(threads_of_a_loop(pool)))
            other.start()
            other.join()
            with threadpoolctl.threadpool_limits({"threadmill": 2}):
                assert ours(threadpoolctl)["num_threads"] == 2
                assert threads_of_a_loop(pool) == 2
            assert ours(threadpoolctl)["num_threads"] == 1
        assert threads_of_a_loop(pool) == 3  # also more than the number that stood for "no limit"
    assert elsewhere == [3]  # the limit is the current thread's


def threads_of_chunks(pool: tm.Pool) -> int:
    """As threads_of_a_loop, of map_chunks."""
    idents: set[int] = set()
    deadline = time.monotonic() + 0.2

    def note(_chunk: Any) -> None:
        idents.add(threading.get_ident())
        while len(idents) < pool.max_workers and time.monotonic() < deadline:
            time.sleep(0.001)

    tm.map_chunks(note, np.zeros(pool.max_workers), chunksize=1, pool=pool)
    return len(idents)


def test_threadpoolctl_limits_chunks(threadpoolctl: Any) -> None:
    with tm.Pool(3) as pool:
        assert threads_of_chunks(pool) == 3
        with threadpoolctl.threadpool_limits(1, user_api="threadmill"):
            assert threads_of_chunks(pool) == 1
            with threadpoolctl.threadpool_limits(2, user_api="threadmill"):
                assert threads_of_chunks(pool) == 2
        assert threads_of_chunks(pool) == 3


CALLS: dict[str, Callable[[tm.Pool], Callable[[Any], Any]]] = {
    "loop": lambda pool: lambda x: tm.parallel(np.exp)(x, pool=pool),
    "sum": lambda pool: lambda x: tm.sum(x, pool=pool),
    "rows": lambda pool: lambda x: tm.numpy.sort(x.reshape(1000, 1000), pool=pool),
    "fused pass": lambda pool: tm.fuse(lambda x: np.sqrt(x * x + 1), pool=pool),
}


@pytest.mark.filterwarnings("always")  # where they are errors nothing is put off
@pytest.mark.parametrize("name", CALLS)
def test_threadpoolctl_limits_calls_of_each_kind(threadpoolctl: Any, name: str) -> None:
    def helps() -> bool:
        return any(row["jobs"] or row["tasks"] for row in pool.stats()["workers"])

    x = np.random.default_rng(3).normal(size=10**6)
    with tm.Pool(3) as pool:
        call = CALLS[name](pool)
        with threadpoolctl.threadpool_limits(1, user_api="threadmill"):
            limited = [call(x).tobytes() for _ in range(20)]
        assert not helps()
        deadline = time.monotonic() + 30  # where the machine is busy loops run alone for a while
        while not helps() and time.monotonic() < deadline:
            assert call(x).tobytes() == limited[0]
        assert helps()
    assert len(set(limited)) == 1


def test_threadpoolctl_tells_whom_a_limit_concerns(threadpoolctl: Any) -> None:
    from threadmill.threadpoolctl import ThreadmillController

    controller = threadpoolctl.ThreadpoolController().select(user_api="threadmill").lib_controllers[0]
    assert type(controller) is ThreadmillController
    controller.set_num_threads(0)
    assert controller.get_num_threads() == 1  # never none at all
    if "debugging_info" in controller.info.__code__.co_varnames:  # from threadpoolctl 3.8 on
        assert controller.info(debugging_info=True)["thread_limit_scope"] == "current_thread"
    from threadmill._native import pools

    assert pools.set_thread_limit(0) == 1


# ---- tqdm ----


def test_tqdm_progress(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    with tm.Pool(2) as pool:
        assert list(pool.map(abs, range(100), progress=True)) == list(range(100))
        assert "100/100" in capsys.readouterr().err
        assert list(pool.map(abs, range(10), buffersize=2, progress=True)) == list(range(10))
        assert "10it" in capsys.readouterr().err


def test_nothing_of_these_is_imported_unasked() -> None:
    others = {"joblib", "threadpoolctl", "tqdm", "scipy", "dask", "distributed", "pandas", "xarray"}
    code = f"import sys, threadmill; print({others} & set(sys.modules))"
    done = commands.run_python(code, check=True)
    assert done.stdout == "set()\n"
