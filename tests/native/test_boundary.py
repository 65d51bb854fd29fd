"""The boundary: statuses become exceptions, interrupts pass through, all instruction sets agree."""

import ast
import queue
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kit import commands
from kit.arrays import COMPLEX, FLOATS, INTEGERS, SIZES, extremes, random_values
from kit.comparison import assert_as_numpy, assert_same

import threadmill as tm
from threadmill._native.library import ffi, lib
from threadmill._native.machine import set_simd_level, simd_level, simd_levels
from threadmill._native.pointers import pointer
from threadmill._native.status import check

pytestmark = pytest.mark.usefixtures("every_size_in_c")

ERRORS = {
    "TM_NO_MEMORY": MemoryError,
    "TM_NO_THREAD": RuntimeError,
    "TM_CLOSED": RuntimeError,
    "TM_FULL": queue.Full,
    "TM_EMPTY": queue.Empty,
    "TM_TIMEOUT": TimeoutError,
    "TM_INVALID": ValueError,
    "TM_OVERFLOW": OverflowError,
    "TM_OVERLAP": ValueError,
    "TM_DEADLOCK": tm.DeadlockError,
    "TM_INTERRUPTED": KeyboardInterrupt,
    "TM_FAILED": tm.KernelError,
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_failure_has_an_exception(name: str) -> None:
    with pytest.raises(ERRORS[name]) as raised:
        check(getattr(lib, name))
    assert raised.type is ERRORS[name]
    assert str(raised.value) or name == "TM_INTERRUPTED"


def test_no_status_is_forgotten() -> None:
    statuses = {name for name in dir(lib) if name.startswith("TM_") and isinstance(getattr(lib, name), int)}
    assert {name for name in statuses if getattr(lib, name) < 0} - {"TM_FOREVER"} == set(ERRORS)


def test_success_passes() -> None:
    assert check(lib.TM_OK) == 0
    assert check(6) == 6


@pytest.mark.parametrize("name", sorted(set(ERRORS) - {"TM_INTERRUPTED"}))
def test_a_state_has_one_text(name: str) -> None:
    """The C library's."""
    status = getattr(lib, name)
    with pytest.raises(ERRORS[name], match=f"^{ffi.string(lib.tm_status_message(status)).decode()}$"):
        check(status)


def declared() -> dict[str, int | None]:
    """The names of the library that a type checker knows: a function's number of arguments, else None."""
    stub = Path(tm.__path__[0], "_native", "_threadmill.pyi")
    classes = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ClassDef)]
    names: dict[str, int | None] = {}
    for node in next(each for each in classes if each.name == "_Lib").body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = len(node.args.posonlyargs) + len(node.args.args) - 1  # without self
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = None
    return names


def test_the_stub_has_the_librarys_names() -> None:
    assert set(declared()) == set(dir(lib))


def test_the_stubs_functions_take_as_many_arguments() -> None:
    taken = {
        name: len(ffi.typeof(getattr(lib, name)).args)  # type: ignore[attr-defined]
        for name, count in declared().items()
        if count is not None
    }
    assert taken == {name: count for name, count in declared().items() if count is not None}


def test_texts_of_the_standard_library() -> None:
    with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
        check(lib.TM_NO_THREAD)


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        check(-1000)


class Stop(Exception):
    """What the test's signal handler raises."""


def test_interrupt_carries_the_handlers_own_exception(capfd: pytest.CaptureFixture[str]) -> None:
    raised = Stop("here")

    def handler(_signal: int, _frame: object) -> None:
        raise raised

    made, done = ffi.new("tm_queue **"), ffi.new("size_t *")
    check(lib.tm_queue_create(1, 8, lib.TM_FIFO, made))
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(3):
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            status = lib.tm_queue_pop(made[0], ffi.new("char[8]"), 1, lib.TM_FOREVER, done)
            assert status == lib.TM_INTERRUPTED
            with pytest.raises(Stop) as caught:
                check(status)
            assert caught.value is raised
            with pytest.raises(KeyboardInterrupt):  # The next interrupt has nothing of this one.
                check(status)
    finally:
        signal.signal(signal.SIGALRM, before)
        lib.tm_queue_destroy(made[0])
    assert capfd.readouterr().err == ""


def test_letting_go_of_a_pointer_runs_no_python() -> None:
    """Where a signal handler might run, and its exception be lost."""
    entered: list[str] = []
    made = pointer(1, keep=object())
    sys.setprofile(lambda _frame, event, _argument: entered.append(event))
    try:
        del made
    finally:
        sys.setprofile(None)
    assert "call" not in entered


def test_levels() -> None:
    levels = simd_levels()
    assert list(levels.values()) == list(range(len(levels)))
    assert simd_level() in levels


@pytest.fixture(params=simd_levels())
def simd(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this processor in turn."""
    before = simd_level()
    set_simd_level(request.param)
    yield request.param
    set_simd_level(before)


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS, *COMPLEX])
class TestEveryInstructionSet:
    def test_sizes(self, dtype: str) -> None:
        with tm.Pool(2) as pool:
            for size in SIZES:
                x = random_values(dtype, size)
                assert_as_numpy(tm.square, x, pool=pool)
                assert_as_numpy(tm.sum, x, pool=pool)
                assert_as_numpy(tm.scale, x, 3, pool=pool)

    def test_extremes(self, dtype: str) -> None:
        with np.errstate(all="warn"):
            x = extremes(dtype)
            assert_as_numpy(tm.square, x)
            assert_as_numpy(tm.scale, x, x[3])

    def test_starts_at_any_alignment(self, dtype: str) -> None:
        values = random_values(dtype, 9100)
        for start in range(9):
            for out_start in range(0, 9, 4):
                x, out = values[start : start + 9001], np.empty_like(values)[out_start : out_start + 9001]
                assert_same(tm.square(x, out=out), np.square(x))
                assert_same(tm.sum(x), np.sum(x))


def test_unknown_level() -> None:
    with pytest.raises(KeyError):
        set_simd_level("sse9")


IMPORT = """
import os, sys
import numpy, cffi, _cffi_backend

def threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1

loaded, before = set(sys.modules), threads()
import threadmill
assert threads() == before
assert not {"argparse", "importlib.metadata", "concurrent.futures.process"} & (set(sys.modules) - loaded)
"""


@pytest.mark.smoke
def test_import_starts_no_thread_and_loads_no_heavy_module() -> None:
    commands.run_python(IMPORT, check=True)
