"""Wrong arguments: each error names the argument, what came and what was expected, and nothing has begun."""

import ctypes
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import threadmill as tm

X = np.arange(9.0)
READ_ONLY = np.frombuffer(bytes(72))
NATIVE = ctypes.CFUNCTYPE(None)(lambda: None)
TOO_LONG = 1 << 70

NO_POOL: list[Callable[[Any], Any]] = [
    lambda pool: tm.square(X, pool=pool),
    lambda pool: tm.scale([1], 2, pool=pool),
    lambda pool: tm.sum(X, axis=0, pool=pool),
    lambda pool: tm.random(np.random.default_rng(), 9, pool=pool),
    lambda pool: tm.integers(np.random.default_rng(), 9, pool=pool),
    lambda pool: tm.map_chunks(np.sqrt, X, pool=pool),
    lambda pool: tm.reduce(max, [1, 2], pool=pool),
    lambda pool: tm.reduce(max, [1], pool=pool),
    lambda pool: tm.parallel(np.exp)(X, pool=pool),
    lambda pool: tm.parallel(np.exp)([1.0], pool=pool),
    lambda pool: tm.parallel(np.add).reduce([1.0], pool=pool),
    lambda pool: tm.parallel(np.add).explain(X, X, pool=pool),
    lambda pool: tm.numpy.sum(X, pool=pool),
    lambda pool: tm.numpy.sum([1], pool=pool),
    lambda pool: tm.numpy.mean([1], pool=pool),
]


@pytest.mark.parametrize("call", NO_POOL)
@pytest.mark.parametrize("wrong", [0, 2, "two"])
def test_what_is_no_pool(call: Callable[[Any], Any], wrong: Any) -> None:
    expected = rf"^pool must be a threadmill\.Pool or None, got {type(wrong).__name__}$"
    with pytest.raises(TypeError, match=expected):
        call(wrong)


@pytest.mark.parametrize("call", NO_POOL)
def test_a_pool_that_is_shut_down(call: Callable[[Any], Any]) -> None:
    pool = tm.Pool(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"^cannot schedule new futures after shutdown$"):
        call(pool)


INTEGERS: list[tuple[str, Callable[[Any, tm.Pool], Any]]] = [
    ("max_workers", lambda wrong, _: tm.Pool(wrong)),
    ("max_queue", lambda wrong, _: tm.Pool(1, max_queue=wrong)),
    ("chunksize", lambda wrong, pool: pool.map(abs, [1], chunksize=wrong)),
    ("buffersize", lambda wrong, pool: pool.map(abs, [1], buffersize=wrong)),
    ("chunksize", lambda wrong, pool: pool.parallel_for(1, NATIVE, chunksize=wrong)),
    ("n", lambda wrong, pool: pool.parallel_for(wrong, NATIVE)),
    ("chunksize", lambda wrong, pool: pool.drain(tm.Queue(dtype="i8"), NATIVE, chunksize=wrong)),
    ("chunksize", lambda wrong, pool: tm.map_chunks(np.sqrt, X, chunksize=wrong, pool=pool)),
    ("maxsize", lambda wrong, _: tm.Queue(wrong)),
    ("maxsize", lambda wrong, _: tm.Queue(wrong, order="lifo")),
    ("maxsize", lambda wrong, _: tm.Queue(wrong, "i8")),
    ("n", lambda wrong, _: tm.Queue(dtype="i8").get_many(wrong)),
    ("maxsize", lambda wrong, _: tm.Pipeline([abs], maxsize=wrong)),
    ("workers", lambda wrong, _: tm.stage(abs, workers=wrong)),
    ("chunksize", lambda wrong, _: tm.stage(NATIVE, dtype="i8", chunksize=wrong)),
]


@pytest.mark.parametrize(("name", "call"), INTEGERS)
@pytest.mark.parametrize("wrong", [1.5, "1", [1]])
def test_what_is_no_integer(
    name: str, call: Callable[[Any, tm.Pool], Any], wrong: Any, pool: tm.Pool
) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be an integer, got {type(wrong).__name__}$"):
        call(wrong, pool)


OTHERS: list[tuple[Callable[[tm.Pool], Any], type[Exception], str]] = [
    (lambda _: tm.Pool(1, 5), TypeError, "thread_name_prefix must be a str, got int"),  # type: ignore[arg-type]
    (
        lambda pool: pool.map(abs, [1], progress=5),  # type: ignore[arg-type]
        TypeError,
        "progress must be True, False or a callable, got int",
    ),
    (
        lambda pool: pool.drain(tm.Queue(), abs, ctx=5),
        TypeError,
        "ctx must be None for a Python callable, got int",
    ),
    (lambda pool: pool.parallel_for(1, NATIVE, ctx=TOO_LONG), ValueError, "ctx must fit in a pointer"),
    (lambda pool: pool.parallel_for(1, TOO_LONG), TypeError, f"an address\\), got the int {TOO_LONG}"),
    (lambda pool: pool.parallel_for(1, 5), TypeError, "an address\\), got the int 5"),
    (lambda pool: pool.spawn(5), TypeError, "fn must be a callable or a native function, got int"),
    (lambda _: tm.Queue(TOO_LONG, "i8"), ValueError, f"maxsize must be at most {(1 << 63) - 1}, got"),
    (lambda _: tm.Pipeline(abs), TypeError, "stages must be an iterable of callables, got builtin"),  # type: ignore[arg-type]
    (lambda _: tm.map_chunks(5, X), TypeError, "fn must be a callable, got int"),  # type: ignore[arg-type]
    (
        lambda _: tm.map_chunks(np.sqrt, X, out=READ_ONLY),
        ValueError,
        "out must be writable, got a read-only array",
    ),
    (lambda _: tm.reduce(5, [1]), TypeError, "fn must be a callable, got int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "kind", "message"), OTHERS)
def test_other_wrong_arguments(
    call: Callable[[tm.Pool], Any], kind: type[Exception], message: str, pool: tm.Pool
) -> None:
    with pytest.raises(kind, match=message):
        call(pool)


def test_nothing_has_begun_when_progress_is_wrong(pool: tm.Pool) -> None:
    def call(_: int) -> None:
        raise AssertionError

    def inputs() -> Iterator[int]:
        raise AssertionError("read")
        yield 1

    for buffersize in None, 1:
        with pytest.raises(TypeError, match="progress"):
            pool.map(call, inputs(), buffersize=buffersize, progress="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [(), (1, None, "lifo"), (1, "i8")])
def test_not_a_number_is_no_timeout(arguments: tuple[Any, ...]) -> None:
    """It is neither over nor to come: the standard library's queues wait for it without an end."""
    queue = tm.Queue(*arguments)
    with pytest.raises(ValueError, match="timeout|NaN"):
        queue.get(timeout=math.nan)


def test_trust_is_a_bool() -> None:
    with pytest.raises(TypeError, match=r"^trust must be a bool, got str$"):
        tm.parallel(np.exp, trust="no")  # type: ignore[arg-type]
    assert tm.parallel(np.exp)(0.0) == 1.0  # a wrong word has left nothing behind


@pytest.mark.parametrize(
    ("arrays", "out", "reason"),
    [
        ((X,), None, "it takes 2 operands, and 1 for results"),
        ((X, X, X, X), None, "it takes 2 operands, and 1 for results"),
        ((X, X), READ_ONLY, "out or where is no plain writable array"),
    ],
)
def test_explain_says_what_is_wrong(arrays: tuple[Any, ...], out: Any, reason: str) -> None:
    told = tm.parallel(np.add).explain(*arrays, out=out)
    assert str(told) == f"add: by NumPy, because {reason}"
    assert told.parallel is False
