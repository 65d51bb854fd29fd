"""map_chunks and reduce: the answers of one call over all, whatever the threads do."""

import functools
import operator
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import threadmill as tm


def numbers(n: int, dtype: Any = np.float64) -> Any:
    return np.random.default_rng(n).integers(-1000, 1000, n).astype(dtype)


# ---- map_chunks ----


@pytest.mark.smoke
def test_map_chunks_equals_one_call(pool: tm.Pool) -> None:
    x = numbers(1000)
    result = tm.map_chunks(np.square, x, chunksize=7, pool=pool)
    assert result.tobytes() == np.square(x).tobytes()
    assert result.dtype == x.dtype


@pytest.mark.parametrize(
    "fn",
    [
        np.fft.fft,
        np.fft.rfft,
        np.fft.fft2,
        np.linalg.inv,
        np.linalg.det,
        lambda x: np.linalg.qr(x)[1],
        lambda x: np.linalg.svd(x, compute_uv=False),
        lambda x: np.linalg.norm(x, axis=(1, 2)),
    ],
)
def test_stacks_of_transforms_and_matrices(pool: tm.Pool, fn: Callable[..., Any]) -> None:
    x = np.random.default_rng(0).standard_normal((101, 6, 6))
    assert tm.map_chunks(fn, x, chunksize=7, pool=pool).tobytes() == fn(x).tobytes()


@pytest.mark.parametrize("n", [0, 1, 2, 6, 7, 8, 13, 14, 15, 101])
def test_chunk_edges(pool: tm.Pool, n: int) -> None:
    lengths: list[int] = []

    def fn(x: Any, y: Any) -> Any:
        lengths.append(len(x))
        return x + y

    x, y = numbers(n), numbers(n + 1)[1:]
    result = tm.map_chunks(fn, x, y, chunksize=7, pool=pool)
    assert result.tobytes() == (x + y).tobytes()
    assert sorted(lengths, reverse=True) == [7] * (n // 7) + ([n % 7] if n % 7 or n == 0 else [])


def test_chunks_do_not_depend_on_the_threads() -> None:
    x = np.ones((1000, 1000))
    edges = []
    for threads in 1, 3:
        lengths: list[int] = []
        with tm.Pool(threads) as pool:
            tm.map_chunks(lambda rows, to=lengths: to.append(len(rows)), x, pool=pool)
        edges.append(sorted(lengths))
    assert edges[0] == edges[1]
    assert max(edges[0]) == (1 << 20) // 8000
    assert sum(edges[0]) == 1000


def test_rows_may_change_shape_and_dtype(pool: tm.Pool) -> None:
    x = numbers(60).reshape(20, 3)
    result = tm.map_chunks(lambda rows: np.stack([rows > 0, rows < 0], axis=1), x, chunksize=3, pool=pool)
    assert result.shape == (20, 2, 3)
    assert result.dtype == bool
    assert np.array_equal(result, np.stack([x > 0, x < 0], axis=1))
    assert np.array_equal(
        tm.map_chunks(lambda rows: rows.sum(axis=1), x, chunksize=4, pool=pool), x.sum(axis=1)
    )


@pytest.mark.parametrize("order", ["reversed", "strided", "fortran", "broadcast"])
def test_views_of_any_layout(pool: tm.Pool, order: str) -> None:
    base = numbers(400).reshape(100, 4)
    x = {
        "reversed": base[::-1],
        "strided": base[::3, ::2],
        "fortran": np.asfortranarray(base),
        "broadcast": np.broadcast_to(base[0], (50, 4)),
    }[order]
    assert np.array_equal(tm.map_chunks(np.negative, x, chunksize=6, pool=pool), -x)


def test_views_are_not_copies(pool: tm.Pool) -> None:
    x = numbers(100)
    expected = np.square(x)

    def in_place(rows: Any) -> None:
        np.square(rows, out=rows)

    assert tm.map_chunks(in_place, x, chunksize=9, pool=pool) is None
    assert np.array_equal(x, expected)


def test_lists_are_arrays_too(pool: tm.Pool) -> None:
    assert tm.map_chunks(np.add, [1, 2, 3], [4, 5, 6], chunksize=1, pool=pool).tolist() == [5, 7, 9]


def test_the_default_pool() -> None:
    assert tm.map_chunks(np.sqrt, np.arange(4.0)).tolist() == np.sqrt(np.arange(4.0)).tolist()


def test_out(pool: tm.Pool) -> None:
    x = numbers(50)
    out = np.empty(50)
    assert tm.map_chunks(np.square, x, out=out, chunksize=4, pool=pool) is out
    assert np.array_equal(out, x * x)
    narrow = np.empty(50, np.float32)
    tm.map_chunks(np.square, x, out=narrow, chunksize=4, pool=pool)
    assert np.array_equal(narrow, (x * x).astype(np.float32))


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
def test_out_may_overlap_the_arrays(pool: tm.Pool, shift: int) -> None:
    for _ in range(10):
        memory = numbers(106)
        x, out = memory[3:103], memory[3 + shift : 103 + shift]
        expected = np.square(x)
        assert tm.map_chunks(np.square, x, out=out, chunksize=4, pool=pool) is out
        assert np.array_equal(out, expected)


def test_all_threads_take_part() -> None:
    together = threading.Barrier(3, timeout=60)

    def fn(rows: Any) -> Any:
        together.wait()  # passes only when three threads are in it
        return rows

    with tm.Pool(3) as pool:
        tm.map_chunks(fn, np.arange(6), chunksize=1, pool=pool)


def test_a_full_pool_leaves_the_work_to_the_caller() -> None:
    begun, release = threading.Barrier(3), threading.Event()
    with tm.Pool(2, max_queue=2, when_full="raise") as full:
        for _ in range(2):
            full.submit(lambda: begun.wait(60) + 1 and release.wait(60))
        begun.wait(60)
        full.submit(int)
        queued = full.submit(int)
        try:
            x = np.arange(10)
            assert tm.map_chunks(np.square, x, chunksize=3, pool=full).tolist() == np.square(x).tolist()
            assert tm.reduce(operator.add, range(10), pool=full) == 45
        finally:
            release.set()
        assert queued.result() == 0


def test_the_caller_is_one_of_the_threads() -> None:
    idents: set[int] = set()
    with tm.Pool(1) as pool:
        tm.map_chunks(lambda rows: idents.add(threading.get_ident()), np.arange(6), chunksize=1, pool=pool)
    assert idents == {threading.get_ident()}


def test_the_first_chunk_may_be_the_last_to_end() -> None:
    last = threading.Event()

    def fn(rows: Any) -> Any:
        if rows[0] == 0:
            last.wait()
        elif rows[0] == 5:
            last.set()
        return rows * 2

    def mixed(rows: Any) -> Any:
        return fn(rows) if rows[0] else fn(rows) * 0.5

    with tm.Pool(2) as pool:
        assert tm.map_chunks(fn, np.arange(6), chunksize=1, pool=pool).tolist() == [0, 2, 4, 6, 8, 10]
        last.clear()
        with pytest.raises(ValueError, match="int64 after .* float64"):  # it still tells what all are like
            tm.map_chunks(mixed, np.arange(6), chunksize=1, pool=pool)


def test_nested(pool: tm.Pool) -> None:
    x = numbers(600).reshape(20, 30)

    def rows(block: Any) -> Any:
        return np.stack([tm.map_chunks(np.square, row, chunksize=4, pool=pool) for row in block])

    assert np.array_equal(tm.map_chunks(rows, x, chunksize=2, pool=pool), x * x)


def test_errstate_reaches_all_threads(pool: tm.Pool) -> None:
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        tm.map_chunks(np.reciprocal, np.zeros(10), chunksize=1, pool=pool)


@pytest.mark.parametrize("run", range(20))
def test_the_first_failing_chunk_is_raised(pool: tm.Pool, run: int) -> None:
    running, begun = [0], [0]
    lock = threading.Lock()

    def fn(rows: Any) -> Any:
        with lock:
            running[0] += 1
            begun[0] += 1
        try:
            if rows[0] >= 5 + run:
                raise LookupError(int(rows[0]))
            return rows
        finally:
            with lock:
                running[0] -= 1

    with pytest.raises(LookupError) as failure:
        tm.map_chunks(fn, np.arange(200), chunksize=1, pool=pool)
    assert failure.value.args == (5 + run,)
    assert running == [0]  # and nothing runs any more
    assert begun[0] < 200
    assert [frame.name for frame in traceback.extract_tb(failure.value.__traceback__)][-1] == "fn"


def test_the_first_failure_in_order_is_raised() -> None:
    failed = threading.Event()

    def fn(rows: Any) -> Any:
        if rows[0] == 0:
            failed.wait()
        failed.set()
        raise LookupError(int(rows[0]))

    with tm.Pool(2) as pool, pytest.raises(LookupError) as failure:
        tm.map_chunks(fn, np.arange(10), chunksize=1, pool=pool)
    assert failure.value.args == (0,)


def test_a_failure_waits_for_the_others() -> None:
    inside, release = threading.Event(), threading.Event()
    ended: list[int] = []

    def fn(rows: Any) -> Any:
        if rows[0] == 0:
            inside.wait()
            threading.Timer(0.02, release.set).start()
            raise LookupError
        inside.set()
        release.wait()
        ended.append(int(rows[0]))
        return rows

    with tm.Pool(2) as pool, pytest.raises(LookupError):
        tm.map_chunks(fn, np.arange(10), chunksize=1, pool=pool)
    assert ended == [1]


BAD: list[tuple[Callable[[tm.Pool], Any], type[Exception], str]] = [
    (lambda pool: tm.map_chunks(np.add, pool=pool), TypeError, "at least one array"),
    (lambda pool: tm.map_chunks(np.add, 3, pool=pool), ValueError, "at least one axis"),
    (lambda pool: tm.map_chunks(np.add, [1], [1, 2], pool=pool), ValueError, r"same length, got \[1, 2\]"),
    (
        lambda pool: tm.map_chunks(np.square, [1], chunksize=0, pool=pool),
        ValueError,
        "chunksize must be 1 or more",
    ),
    (lambda pool: tm.map_chunks(np.square, [1], chunksize=1.5, pool=pool), TypeError, "integer"),  # type: ignore[arg-type]
    (
        lambda pool: tm.map_chunks(np.square, [1], out=[1], pool=pool),
        TypeError,
        "out must be an ndarray, got list",
    ),
    (
        lambda pool: tm.map_chunks(np.square, [1], out=np.empty(2), pool=pool),
        ValueError,
        r"out must have length 1, got shape \(2,\)",
    ),
    (
        lambda pool: tm.map_chunks(np.square, [1, 2], out=np.empty((2, 2)), pool=pool),
        ValueError,
        r"out must have the shape of the results, \(2,\), got \(2, 2\)",
    ),
    (
        lambda pool: tm.map_chunks(np.sqrt, [1.5], out=np.empty(1, np.int64), pool=pool),
        TypeError,
        "Cannot cast",
    ),
    (
        lambda pool: tm.map_chunks(np.sum, [1, 2], pool=pool),
        ValueError,
        r"must return 2 rows .* got shape \(\)",
    ),
    (
        lambda pool: tm.map_chunks(lambda x: x if x[0] else x.astype(float), [0, 1], chunksize=1, pool=pool),
        ValueError,
        "same kind of rows for each chunk, got .* int64 after .* float64",
    ),
    (
        lambda pool: tm.map_chunks(lambda x: None if x[0] else x, [0, 1], chunksize=1, pool=pool),
        TypeError,
        "rows for all chunks or None for all, got NoneType after ndarray",
    ),
    (
        lambda pool: tm.map_chunks(lambda x: x if x[0] else None, [0, 1], chunksize=1, pool=pool),
        TypeError,
        "rows for all chunks or None for all, got ndarray after NoneType",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), BAD)
def test_bad_arguments(
    pool: tm.Pool, call: Callable[[tm.Pool], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call(pool)


# ---- reduce ----


@pytest.mark.smoke
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 128, 1000])
def test_reduce_equals_functools(pool: tm.Pool, n: int) -> None:
    words = [chr(33 + i % 90) for i in range(n)]
    assert tm.reduce(operator.add, words, pool=pool) == "".join(words)  # associative, not commutative
    assert tm.reduce(operator.add, words, "<", pool=pool) == "<" + "".join(words)
    assert tm.reduce(operator.add, words, initial="<", pool=pool) == "<" + "".join(words)


@given(items=st.lists(st.integers()), initial=st.integers())
def test_reduce_of_anything(items: list[int], initial: int) -> None:
    with_initial = functools.reduce(operator.add, items, initial)
    assert tm.reduce(operator.add, iter(items), initial) == with_initial


def test_reduce_has_the_same_bits_on_any_number_of_threads() -> None:
    values = np.random.default_rng(1).standard_normal(10_000).tolist()
    results = set()
    for threads in 1, 2, 3, 7:
        with tm.Pool(threads) as pool:
            results |= {tm.reduce(operator.add, values, pool=pool) for _ in range(3)}
    assert len(results) == 1


def test_reduce_of_nothing(pool: tm.Pool) -> None:
    with pytest.raises(TypeError, match="empty"):
        tm.reduce(operator.add, [], pool=pool)
    assert tm.reduce(operator.add, [], 5, pool=pool) == 5
    assert tm.reduce(operator.add, [], None, pool=pool) is None
    assert tm.reduce(operator.add, [7], pool=pool) == 7


def test_reduce_raises_the_first_failure(pool: tm.Pool) -> None:
    def fn(a: int, b: int) -> int:
        if b % 100 == 99:
            raise LookupError(b)
        return a + b

    for _ in range(20):
        with pytest.raises(LookupError) as failure:
            tm.reduce(fn, range(6400), pool=pool)
        assert failure.value.args == (99,)


def test_reduce_inside_a_task(pool: tm.Pool) -> None:
    tasks = [pool.submit(tm.reduce, operator.add, range(1000), pool=pool) for _ in range(10)]
    assert {task.result() for task in tasks} == {499500}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_closed_pool(threads: int) -> None:
    pool = tm.Pool(threads)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        tm.reduce(operator.add, range(1000), pool=pool)
    with pytest.raises(RuntimeError, match="shutdown"):
        tm.map_chunks(np.square, np.arange(10), chunksize=1, pool=pool)
