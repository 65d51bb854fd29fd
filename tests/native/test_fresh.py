"""New arrays whose memory begins at a huge page are NumPy's arrays like any other."""

import ctypes
import gc
import os
import pickle
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kit.comparison import difference

import threadmill as tm
import threadmill.numpy as tnp
from threadmill._native import fresh

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory begins at a huge page on Linux only")

LARGE, HUGE_PAGE = fresh.LARGE, 1 << 21
ROWS = LARGE // 8 // 64 + 1
handler_name: Any = vars(np)["_core"].multiarray.get_handler_name


@pytest.fixture
def x() -> Any:
    return np.arange(ROWS * 64, dtype=float).reshape(ROWS, 64)


def is_ours(array: Any) -> bool:
    assert handler_name(array) != "threadmill" or array.ctypes.data % HUGE_PAGE == 0
    return bool(handler_name(array) == "threadmill")


MAKERS: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda x: tm.parallel(np.square)(x),
    "Fortran": lambda x: tm.parallel(np.square)(x.T),
    "one axis": lambda x: tm.parallel(np.add)(x.ravel(), 1),
    "broadcast": lambda x: tm.parallel(np.add)(x, x[0]),
    "copy": lambda x: tnp.copy(x),
    "transposed": lambda x: tnp.ascontiguousarray(x.T),
    "filled": lambda x: tnp.full(x.shape, 1.5),
    "where": lambda x: tnp.where(x > 3, x, -x),
    "fused": lambda x: tm.fuse(lambda x: x * x + x)(x),
    "rolled": lambda x: tnp.roll(x, 3),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_large_results_begin_at_a_huge_page(make: Callable[[Any], Any], x: Any) -> None:
    result = make(x)
    assert is_ours(result if result.base is None else result.base)
    assert handler_name() == "default_allocator"


def test_smaller_arrays_are_numpys() -> None:
    assert is_ours(fresh.empty(LARGE, "b"))
    assert not is_ours(fresh.empty(LARGE - 1, "b"))
    assert is_ours(fresh.empty_like(np.empty(LARGE // 8, "?"), np.dtype("d")))
    assert not is_ours(fresh.empty_like(np.empty(LARGE // 8 - 1, "?"), np.dtype("d")))


def test_they_own_their_data(x: Any) -> None:
    y = tm.parallel(np.square)(x)
    assert (y.base, y.flags) == (None, np.square(x).flags)
    copied = pickle.loads(pickle.dumps(y))
    assert copied.tobytes() == np.square(x).tobytes()
    assert not is_ours(y.copy())


@pytest.mark.parametrize("rows", [2 * ROWS, ROWS + 1, ROWS - 1, 1, 0])
def test_they_can_be_resized(rows: int, x: Any) -> None:
    y, expected = tnp.copy(x), x.copy()
    assert is_ours(y)
    for array in y, expected:
        array.resize((rows, 64), refcheck=False)
    assert y.tobytes() == expected.tobytes()


def test_anybody_may_free_them() -> None:
    """An extension that takes an array's memory may give it to C's realloc and free."""
    y = fresh.empty(LARGE, "b")
    y[...] = 7
    c = ctypes.CDLL(None)
    c.malloc_usable_size.restype = c.realloc.restype = ctypes.c_void_p
    for each in c.malloc_usable_size, c.realloc, c.free:
        each.argtypes = [ctypes.c_void_p] + [ctypes.c_size_t] * (each is c.realloc)
    assert LARGE <= c.malloc_usable_size(y.ctypes.data) < LARGE + 2 * HUGE_PAGE
    # The array is told that it does not own its memory any more.
    flags = ctypes.c_int.from_address(id(y) + _offset_of_flags())
    flags.value &= ~0x4
    assert not y.flags.owndata
    moved = c.realloc(y.ctypes.data, 2 * LARGE)
    assert ctypes.string_at(moved + LARGE - 2, 2) == b"\7\7"
    c.free(moved)


def _offset_of_flags() -> int:
    # After the head: data, dimensions, shape, strides, base, descr; then flags.
    return object.__basicsize__ + 6 * ctypes.sizeof(ctypes.c_void_p)


@pytest.mark.parametrize("name", ["concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"])
def test_arrays_are_joined_where_the_result_is_large(name: str) -> None:
    join, x = getattr(tnp, name), np.arange(LARGE // 16, dtype=float)
    assert join.explain((x, x)).parallel
    assert not join.explain((x[1:], x[1:])).parallel
    joined = join((x, x))
    assert is_ours(joined)
    assert difference(joined, getattr(np, name)((x, x))) is None


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_their_memory_goes_back_at_once() -> None:
    size = 3 * LARGE  # more than malloc's heap keeps
    gc.collect()
    y = fresh.empty(size, "b")
    before = resident()
    y[...] = 1
    held = resident()
    assert size * 0.9 < held - before < size + 2 * HUGE_PAGE
    del y
    assert held - resident() > size * 0.9


def test_tracemalloc_counts_them() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y = fresh.empty(LARGE, "b")
        held = tracemalloc.get_traced_memory()[0]
        assert LARGE <= held - before < LARGE + (1 << 16)
        del y
        assert held - tracemalloc.get_traced_memory()[0] >= LARGE
    finally:
        tracemalloc.stop()


def test_lack_of_memory_is_numpys_error() -> None:
    errors = []
    for make in np.empty, fresh.empty:
        with pytest.raises(MemoryError) as caught:
            make((1 << 40, 1 << 10), "d")
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]
    assert handler_name() == "default_allocator"


def test_a_handler_of_the_users_is_left_alone(x: Any) -> None:
    theirs = ctypes.create_string_buffer(
        ctypes.string_at(fresh._address_in(fresh._handler, b"mem_handler"), 168)
    )
    theirs[:7] = b"theirs\0"
    capsule = fresh._new_capsule(ctypes.addressof(theirs), fresh._name_in(fresh._default), None)
    before = fresh._set_handler(capsule)
    try:
        y = tm.parallel(np.square)(x)
        assert handler_name(y) == handler_name() == "theirs"
    finally:
        fresh._set_handler(before)
    del y
    assert is_ours(tm.parallel(np.square)(x))


def test_an_interrupt_leaves_numpys_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def interrupted(handler: Any) -> Any:
        calls.append(handler)
        before = set_handler(handler)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return before

    set_handler = fresh._set_handler
    monkeypatch.setattr(fresh, "_set_handler", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fresh.empty(LARGE, "b")
    assert handler_name() == "default_allocator"


def test_numpys_setting_of_huge_pages_holds(x: Any) -> None:
    numpys = vars(np)["_core"].multiarray
    before = numpys._set_madvise_hugepage(False)
    try:
        assert not is_ours(tm.parallel(np.square)(x))
    finally:
        numpys._set_madvise_hugepage(before)


def test_a_forked_child_frees_them(x: Any) -> None:
    y = tm.parallel(np.square)(x)
    child = os.fork()
    if child == 0:
        good = y[-1, -1] == x[-1, -1] ** 2
        del y
        z = fresh.empty(LARGE, "b")
        z[...] = 1
        os._exit(0 if good and is_ours(z) else 1)
    assert os.waitpid(child, 0)[1] == 0
