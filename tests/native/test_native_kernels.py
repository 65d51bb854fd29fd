"""Native kernels that users bring, in every form in which Python hands them over."""

import ctypes
import itertools
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI
from kit.builds import shared_library

import threadmill as tm

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

SOURCE = """
#include <stddef.h>
#include <stdint.h>

typedef struct { const double *x; double *y; double k; } scale_job;

void scale(void *ctx, size_t begin, size_t end)
{
    const scale_job *job = ctx;
    for (size_t i = begin; i < end; i++) job->y[i] = job->x[i] * job->k;
}

/* Each index counts its visits. */
void mark(void *ctx, size_t begin, size_t end)
{
    uint8_t *visits = ctx;
    for (size_t i = begin; i < end; i++) visits[i]++;
}

void add_one(void *arg) { __atomic_fetch_add((int64_t *)arg, 1, __ATOMIC_RELAXED); }

void overflow(void *ctx, size_t begin, size_t end)
{
    volatile double big = 1e300;
    (void)ctx; (void)begin; (void)end;
    big *= big;
}
"""
DECLARATIONS = """
typedef struct { const double *x; double *y; double k; } scale_job;
void scale(void *ctx, size_t begin, size_t end);
void mark(void *ctx, size_t begin, size_t end);
void add_one(void *arg);
void overflow(void *ctx, size_t begin, size_t end);
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shared library in C."""
    return shared_library(tmp_path_factory.mktemp("kernels"), SOURCE)


@pytest.fixture(scope="module")
def by_ctypes(library: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="module")
def by_cffi(library: Path) -> tuple[Any, Any]:
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    return ffi, ffi.dlopen(str(library))


def address_of(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


def capsule(address: int, name: bytes | None = None) -> Any:
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return make(("PyCapsule_New", ctypes.pythonapi))(address, name, None)


# ---- forms of a kernel ----

FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "ctypes function": lambda dll, _: dll.mark,
    "ctypes typed pointer": lambda dll, _: ctypes.cast(dll.mark, KERNEL),
    "cffi pointer": lambda _, cffi: cffi[0].addressof(cffi[1], "mark"),
    "cffi cast to another type": lambda _, cffi: cffi[0].cast(
        "int (*)(int)", cffi[0].addressof(cffi[1], "mark")
    ),
    "address": lambda dll, _: address_of(dll.mark),
    "capsule": lambda dll, _: capsule(address_of(dll.mark)),
    "named capsule": lambda dll, _: capsule(address_of(dll.mark), b"void (void *, size_t, size_t)"),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_kernel(pool: tm.Pool, by_ctypes: Any, by_cffi: Any, form: str) -> None:
    kernel = FORMS[form](by_ctypes, by_cffi)
    visits = np.zeros(10_007, np.uint8)
    pool.parallel_for(visits.size, kernel, ctx=visits)
    assert (visits == 1).all()


def test_a_python_callback(pool: tm.Pool) -> None:
    seen: list[tuple[int, int]] = []
    pool.parallel_for(100, KERNEL(lambda _, begin, end: seen.append((begin, end))), chunksize=30)
    assert sorted(seen) == [(0, 30), (30, 60), (60, 90), (90, 100)]


def test_a_cffi_callback(pool: tm.Pool) -> None:
    ffi = FFI()
    seen: list[int] = []

    @ffi.callback("void(void *, size_t, size_t)")
    def kernel(_ctx: Any, begin: int, end: int) -> None:
        seen.extend(range(begin, end))

    pool.parallel_for(100, kernel)
    assert sorted(seen) == list(range(100))


def test_numba_cfunc(pool: tm.Pool) -> None:
    numba = pytest.importorskip("numba")
    types = numba.types

    @numba.cfunc(types.void(types.CPointer(types.uint8), types.uintp, types.uintp))
    def mark(visits: Any, begin: int, end: int) -> None:
        for i in range(begin, end):
            visits[i] += 1

    visits = np.zeros(10_007, np.uint8)
    pool.parallel_for(visits.size, mark, ctx=visits)
    pool.parallel_for(visits.size, mark.address, ctx=visits)
    pool.parallel_for(visits.size, mark.ctypes, ctx=visits)
    assert (visits == 3).all()


def test_numba_jitted_functions_are_python_callables(pool: tm.Pool) -> None:
    numba = pytest.importorskip("numba")
    jitted = numba.njit(lambda x: x + 1)
    assert pool.submit(jitted, 1).result() == 2
    pool.spawn(jitted, 1)
    pool.join()
    with pytest.raises(TypeError, match="^fn must be a native function"):
        pool.parallel_for(10, jitted)


def test_scipy_low_level_callable(pool: tm.Pool, by_ctypes: Any) -> None:
    scipy = pytest.importorskip("scipy")
    typed = ctypes.cast(
        by_ctypes.mark, ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    )
    visits = np.zeros(10_007, np.uint8)
    user_data = ctypes.c_void_p(visits.ctypes.data)
    pool.parallel_for(visits.size, scipy.LowLevelCallable(typed, user_data))  # its own context
    pool.parallel_for(visits.size, scipy.LowLevelCallable(typed), ctx=visits)
    pool.parallel_for(visits.size, scipy.LowLevelCallable(typed, ctypes.c_void_p(1)), ctx=visits)  # ours wins
    assert (visits == 3).all()


# ---- forms of ctx ----


def test_forms_of_ctx(pool: tm.Pool, by_ctypes: Any, by_cffi: Any) -> None:
    n = 5000
    array = np.zeros(n, np.uint8)
    ffi, _ = by_cffi
    cffi_array = ffi.new("uint8_t[]", n)
    ctypes_array = (ctypes.c_uint8 * n)()
    plain = bytearray(n)
    forms: dict[str, Any] = {
        "ndarray": array,
        "address": array.ctypes.data,
        "ctypes void pointer": ctypes.c_void_p(array.ctypes.data),
        "ctypes pointer": array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)),
        "memoryview": memoryview(array),
        "cffi from_buffer": ffi.from_buffer(array),
    }
    for ctx in forms.values():
        pool.parallel_for(n, by_ctypes.mark, ctx=ctx)
    assert (array == len(forms)).all()
    pool.parallel_for(n, by_ctypes.mark, ctx=cffi_array)
    pool.parallel_for(n, by_ctypes.mark, ctx=ffi.cast("void *", cffi_array))
    assert bytes(ffi.buffer(cffi_array)) == b"\2" * n
    pool.parallel_for(n, by_ctypes.mark, ctx=ctypes_array)
    pool.parallel_for(n, by_ctypes.mark, ctx=ctypes.byref(ctypes_array))
    pool.parallel_for(n, by_ctypes.mark, ctx=ctypes.pointer(ctypes_array))
    assert bytes(ctypes_array) == b"\3" * n
    pool.parallel_for(n, by_ctypes.mark, ctx=plain)
    assert plain == b"\1" * n


def test_no_ctx_is_null(pool: tm.Pool) -> None:
    seen: list[Any] = []
    kernel = KERNEL(lambda ctx, _begin, _end: seen.append(ctx))
    for ctx in None, 0, ctypes.c_void_p(), ctypes.c_void_p(0):
        pool.parallel_for(1, kernel, ctx=ctx)
    pool.parallel_for(1, kernel)
    assert seen == [None] * 5


def test_structures(pool: tm.Pool, by_ctypes: Any, by_cffi: Any) -> None:
    x = np.arange(100_003, dtype=np.float64)
    ffi, _ = by_cffi

    class ScaleJob(ctypes.Structure):
        _fields_ = (("x", ctypes.c_void_p), ("y", ctypes.c_void_p), ("k", ctypes.c_double))

    y = np.empty_like(x)
    pool.parallel_for(x.size, by_ctypes.scale, ctx=ScaleJob(x.ctypes.data, y.ctypes.data, 3.0))
    assert y.tobytes() == (x * 3.0).tobytes()

    job = ffi.new("scale_job *")
    job.x, job.y, job.k = ffi.from_buffer("double[]", x), ffi.from_buffer("double[]", y), 5.0
    pool.parallel_for(x.size, by_ctypes.scale, ctx=job)
    assert y.tobytes() == (x * 5.0).tobytes()

    record = np.array((x.ctypes.data, y.ctypes.data, 7.0), dtype=[("x", "P"), ("y", "P"), ("k", "d")])
    pool.parallel_for(x.size, by_ctypes.scale, ctx=record)
    assert y.tobytes() == (x * 7.0).tobytes()


def test_ctx_is_pinned_for_the_call(pool: tm.Pool) -> None:
    buffer = bytearray(100)
    refused: list[str] = []

    def grow(_ctx: Any, _begin: int, _end: int) -> None:
        try:
            buffer.extend(b"more")
        except BufferError as error:
            refused.append(str(error))

    pool.parallel_for(1, KERNEL(grow), ctx=buffer)
    assert len(refused) == 1
    buffer.extend(b"more")


# ---- chunks ----


@pytest.mark.parametrize("n", [0, 1, 2, 255, 256, 257, 1000, 10_007])
@pytest.mark.parametrize("chunksize", [None, 1, 3, 100, 10_007, sys.maxsize])
def test_chunks_depend_on_n_and_chunksize_alone(n: int, chunksize: int | None) -> None:
    step = chunksize or max(1, -(-n // 256))
    expected = [(begin, min(begin + step, n)) for begin in range(0, n, step)]
    for threads in 1, 2, 7:
        seen: list[tuple[int, int]] = []
        with tm.Pool(threads) as pool:
            pool.parallel_for(n, KERNEL(lambda _, *chunk, seen=seen: seen.append(chunk)), chunksize=chunksize)
        assert sorted(seen) == expected


def test_huge_counts_without_memory(pool: tm.Pool) -> None:
    total = itertools.count()
    pool.parallel_for(sys.maxsize, KERNEL(lambda *_: next(total) and None), chunksize=sys.maxsize // 3)
    assert next(total) == 4


def test_the_caller_takes_part_and_the_others_may() -> None:
    with tm.Pool(2) as pool:
        idents: set[int] = set()
        together = threading.Barrier(2)

        def meet(*_: Any) -> None:
            idents.add(threading.get_ident())
            together.wait(60)

        pool.parallel_for(2, KERNEL(meet), chunksize=1)
        assert threading.get_ident() in idents
        assert len(idents) == 2


def test_nested_and_concurrent_loops(pool: tm.Pool, by_ctypes: Any) -> None:
    visits = np.zeros((20, 5000), np.uint8)

    def inner(_ctx: Any, begin: int, end: int) -> None:
        for row in range(begin, end):
            pool.parallel_for(5000, by_ctypes.mark, ctx=visits[row])

    threads = [threading.Thread(target=pool.parallel_for, args=(20, KERNEL(inner))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (visits == 4).all()


def test_loops_from_tasks(pool: tm.Pool, by_ctypes: Any) -> None:
    visits = np.zeros((30, 5000), np.uint8)
    list(pool.map(lambda row: pool.parallel_for(5000, by_ctypes.mark, ctx=row), visits))
    assert (visits == 1).all()


def test_a_kernel_may_wait_for_a_task(pool: tm.Pool) -> None:
    results: list[int] = []
    kernel = KERNEL(lambda _, begin, _end: results.append(pool.submit(pow, 2, begin).result(60)))
    pool.parallel_for(20, kernel, chunksize=1)
    assert sorted(results) == [2**i for i in range(20)]


def test_floating_point_flags_reach_the_caller(pool: tm.Pool, by_ctypes: Any) -> None:
    """A flag that a kernel raised on another thread shows in the caller, as in a serial loop."""
    FE_ALL_EXCEPT, FE_OVERFLOW = 0x3D, 0x08
    import platform

    if platform.machine() != "x86_64" or not sys.platform.startswith("linux"):
        pytest.skip("the flags' numbers are glibc's on x86-64")
    libm = ctypes.CDLL("libm.so.6")
    libm.feclearexcept(FE_ALL_EXCEPT)
    pool.parallel_for(100, by_ctypes.overflow, chunksize=1)
    assert libm.fetestexcept(FE_OVERFLOW) == FE_OVERFLOW
    libm.feclearexcept(FE_ALL_EXCEPT)


def test_stats_of_a_loop(by_ctypes: Any) -> None:
    with tm.Pool(2) as pool:
        visits = np.zeros(1000, np.uint8)
        for _ in range(5):
            pool.parallel_for(visits.size, by_ctypes.mark, ctx=visits, chunksize=10)
        stats = pool.stats()
        assert stats["chunks"] == 500
        assert stats["callers"]["jobs"] == 5
        assert stats["callers"]["chunks"] + sum(row["chunks"] for row in stats["workers"]) == 500
        assert 0 <= stats["steals"] <= 500


# ---- native tasks ----


def test_native_tasks_of_all_forms(pool: tm.Pool, by_ctypes: Any, by_cffi: Any) -> None:
    ffi, lib = by_cffi
    count = np.zeros(1, np.int64)
    forms = [
        by_ctypes.add_one,
        ctypes.cast(by_ctypes.add_one, TASK),
        ffi.addressof(lib, "add_one"),
        address_of(by_ctypes.add_one),
        capsule(address_of(by_ctypes.add_one)),
    ]
    for _ in range(1000):
        for form in forms:
            pool.spawn(form, count)
    pool.join()
    assert count[0] == 1000 * len(forms)


def test_more_native_tasks_than_the_queue_holds(by_ctypes: Any) -> None:
    with tm.Pool(2) as pool:
        count = np.zeros(1, np.int64)
        for _ in range(150_000):
            pool.spawn(by_ctypes.add_one, count)
        pool.join()
        assert count[0] == 150_000


# ---- bad input: refused before any thread moves ----

NO_KERNELS: list[tuple[Any, str]] = [
    (None, "NoneType"),
    ("mark", "str"),
    (0, "int"),
    (-1, "int"),
    (True, "bool"),
    (1.5, "float"),
    (lambda ctx, begin, end: None, "function"),
    (KERNEL(), "CFunctionType"),
    (ctypes.c_void_p(1), "c_void_p"),
    (b"mark", "bytes"),
    (FFI().NULL, "CDataOwn|_CDataBase|CData"),
    (FFI().new("int *"), "CDataOwn|_CDataBase|CData"),
    (np.array(5), "ndarray"),
]


@pytest.mark.parametrize(
    ("kernel", "kind"), NO_KERNELS, ids=lambda x: x if isinstance(x, str) else type(x).__name__
)
def test_a_kernel_that_is_no_pointer(kernel: Any, kind: str) -> None:
    with tm.Pool(2) as pool:
        with pytest.raises(
            TypeError,
            match=r"^fn must be a native function \(a cffi or ctypes function pointer, a numba cfunc, "
            rf"a PyCapsule, a scipy.LowLevelCallable, or an address\), got .*({kind})",
        ):
            pool.parallel_for(10, kernel)
        assert pool.stats()["jobs"] == 0


@pytest.mark.parametrize(
    "ctx",
    ["text", 1.5, object(), [1, 2], FFI().new("struct { int i; } *")[0]],
    ids=lambda x: type(x).__name__,
)
def test_a_ctx_that_is_no_pointer(ctx: Any) -> None:
    with (
        tm.Pool(2) as pool,
        pytest.raises(
            TypeError,
            match=r"^ctx must be None, an address, a cffi or ctypes pointer, or an object with the buffer "
            r"protocol, got ",
        ),
    ):
        pool.parallel_for(10, KERNEL(lambda *_: None), ctx=ctx)


def test_a_ctx_that_is_not_contiguous() -> None:
    with tm.Pool(2) as pool, pytest.raises((ValueError, BufferError), match="contiguous"):
        pool.parallel_for(10, KERNEL(lambda *_: None), ctx=np.zeros(10)[::2])


@pytest.mark.parametrize("n", [-1, sys.maxsize + 1, -(10**30)])
def test_n_out_of_range(pool: tm.Pool, n: int) -> None:
    with pytest.raises(ValueError, match=rf"^n must be from 0 to {sys.maxsize}, got {n}$"):
        pool.parallel_for(n, KERNEL(lambda *_: None))


@pytest.mark.parametrize("chunksize", [0, -1, sys.maxsize + 1])
def test_chunksize_out_of_range(pool: tm.Pool, chunksize: int) -> None:
    with pytest.raises(ValueError, match=rf"^chunksize must be from 1 to {sys.maxsize}, got {chunksize}$"):
        pool.parallel_for(10, KERNEL(lambda *_: None), chunksize=chunksize)


@pytest.mark.parametrize("wrong", [1.0, "1", None])
def test_n_and_chunksize_that_are_no_integers(pool: tm.Pool, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^n must be an integer, got "):
        pool.parallel_for(wrong, KERNEL(lambda *_: None))
    if wrong is not None:
        with pytest.raises(TypeError, match=r"^chunksize must be an integer, got "):
            pool.parallel_for(10, KERNEL(lambda *_: None), chunksize=wrong)


def test_integers_of_any_kind(pool: tm.Pool, by_ctypes: Any) -> None:
    visits = np.zeros(100, np.uint8)
    pool.parallel_for(np.int16(100), by_ctypes.mark, ctx=visits, chunksize=np.uint8(7))
    assert (visits == 1).all()
