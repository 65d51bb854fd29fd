"""threadmill in other people's C: the extension of docs/c_api.md, in C and Cython; what may go wrong."""

import ctypes
import os
import re
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from kit import builds, commands
from kit.threads import HAS_GIL

import threadmill as tm

PAGE = Path(__file__).parents[2] / "docs" / "c_api.md"
FILES = re.compile(r"^```\w+\n(?:/\*|#) (\w+\.\w+)(?: \*/)?$(.*?)^```$", re.MULTILINE | re.DOTALL)

INCLUDE = [f"-I{sysconfig.get_path('include')}", f"-I{tm.get_include()}"]

pytestmark = [
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler"),
    pytest.mark.skipif(not PAGE.exists(), reason="the documents are not here"),
]


def write_example(folder: Path) -> Path:
    for name, code in FILES.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(code)
    assert {path.name for path in folder.iterdir()} == {
        *("setup.py", "squares_c.c", "squares_cython.pyx", "use.py"),
    }
    return folder


def build_c(folder: Path, source: str, *options: str) -> None:
    """Builds an extension by the compiler alone, with warnings as errors."""
    target = folder / (Path(source).stem + sysconfig.get_config_var("EXT_SUFFIX"))
    checks = ["-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror"]
    commands.run("cc", "-O2", "-shared", "-fPIC", *checks, *INCLUDE, *options, folder / source, "-o", target)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_example(tmp_path_factory.mktemp("example"))
    build_c(folder, "squares_c.c")
    return folder


def run(folder: Path, script: str, **settings: str) -> Any:
    path = os.pathsep.join([str(folder), str(Path(tm.__file__).parents[1])])
    return commands.run_python(script, env={**os.environ, "PYTHONPATH": path, **settings})


def test_an_extension_in_c_runs_on_the_default_pool(example: Path) -> None:
    script = """
import numpy as np, squares_c, threadmill as tm
assert not tm.default_pool().stats()["callers"]["jobs"]
x = np.empty(10**6)
squares_c.squares(x)
assert x.tobytes() == np.square(np.arange(10**6, dtype=float)).tobytes()
assert tm.default_pool().stats()["callers"]["jobs"] == 1
for wrong in np.empty(3, int), b"":
    try:
        squares_c.squares(wrong)
        raise AssertionError
    except (TypeError, BufferError):
        pass
squares_c.squares(np.empty(0))
"""
    done = run(example, script)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(HAS_GIL, reason="for CPython without the GIL")
def test_the_extension_in_c_leaves_the_gil_off(example: Path) -> None:
    done = run(example, "import sys, squares_c; print(sys._is_gil_enabled())")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_pool_that_is_shut_down_and_one_that_is_forked(example: Path) -> None:
    script = """
import os, numpy as np, squares_c, threadmill as tm
x = np.empty(10**6)
squares_c.squares(x)
tm.default_pool().shutdown()
squares_c.squares(x)  # on the next one
child = os.fork()
if child == 0:
    y = np.empty(10**6)
    squares_c.squares(y)
    os._exit(not np.array_equal(x, y))
assert os.waitpid(child, 0)[1] == 0
"""
    done = run(example, script)
    assert done.returncode == 0, done.stderr


def test_a_pool_that_cannot_be_made_is_an_exception(example: Path) -> None:
    done = run(example, "import squares_c; squares_c.squares(bytearray(8))", THREADMILL_NUM_THREADS="x")
    assert "ValueError: THREADMILL_NUM_THREADS must be an integer of 1 or more, got 'x'" in done.stderr


@pytest.mark.parametrize("header", [(2, 1000), (1, 16)])
def test_a_capsule_of_another_version_is_an_import_error(example: Path, header: tuple[int, int]) -> None:
    script = f"""
import ctypes, threadmill
table = (ctypes.c_uint32 * 100){header}
new = ctypes.pythonapi.PyCapsule_New
new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
threadmill._C_API = new(ctypes.addressof(table), name := b"threadmill._C_API", None)
import squares_c
"""
    done = run(example, script)
    size = re.search(r"version 1 \((\d+) bytes\)", done.stderr)
    assert size is not None, done.stderr
    assert done.stderr.strip().endswith(
        f"ImportError: this extension was built for version 1 ({size[1]} bytes) of threadmill's C interface, "
        f"and the threadmill that is installed has version {header[0]} ({header[1]} bytes): "
        "build the extension with it"
    )


def test_without_the_capsule_or_the_package(example: Path) -> None:
    done = run(example, "import threadmill; del threadmill._C_API; import squares_c")
    assert "AttributeError: " in done.stderr
    done = run(example, "import sys; sys.modules['threadmill'] = None; import squares_c")
    assert "threadmill" in done.stderr.splitlines()[-1]
    assert done.returncode == 1


# All functions, and what each returns when it fails.
CASES = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <threadmill_api.h>

static atomic_size_t done;
static void count(void *ctx, size_t begin, size_t end) { (void)ctx; atomic_fetch_add(&done, end - begin); }
static void add(void *arg) { atomic_fetch_add(&done, *(size_t *)arg); }
static void slow(void *ctx, size_t begin, size_t end)
{
    for (volatile size_t i = 0; i < (end - begin) * 1000; i++) (void)ctx;
}

static PyObject *loop(PyObject *self, PyObject *alone)
{
    (void)self;
    atomic_store(&done, 0);
    threadmill_pool *pool = PyObject_IsTrue(alone) ? NULL : threadmill_default_pool();
    if (threadmill_check(threadmill_parallel_for(pool, 1001, 10, count, NULL)) < 0) return NULL;
    return PyLong_FromSize_t(atomic_load(&done));
}

static PyObject *tasks(PyObject *self, PyObject *none)
{
    static size_t numbers[] = {1, 2, 3};
    (void)self, (void)none;
    atomic_store(&done, 0);
    threadmill_pool *pool;
    int status = 0;
    Py_BEGIN_ALLOW_THREADS
    pool = threadmill_default_pool();
    for (int i = 0; i < 3 && status == 0; i++) status = threadmill_spawn(pool, add, &numbers[i]);
    if (status == 0) status = threadmill_join(pool, THREADMILL_FOREVER);
    Py_END_ALLOW_THREADS
    if (threadmill_check(status) < 0) return NULL;
    return PyLong_FromSize_t(atomic_load(&done));
}

static threadmill_pool *kept;
static PyObject *keep(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    kept = threadmill_default_pool();
    Py_RETURN_NONE;
}

static PyObject *loop_on_kept(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (threadmill_check(threadmill_parallel_for(kept, 10, 1, count, NULL)) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *loop_for_long(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    int status;
    Py_BEGIN_ALLOW_THREADS
    status = threadmill_parallel_for(threadmill_default_pool(), (size_t)1 << 40, 1000, slow, NULL);
    Py_END_ALLOW_THREADS
    if (threadmill_check(status) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *wrong(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    threadmill_pool *pool = threadmill_default_pool();
    if (threadmill_check(threadmill_parallel_for(pool, 10, 0, count, NULL)) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"loop", loop, METH_O, 0},
    {"tasks", tasks, METH_NOARGS, 0},
    {"keep", keep, METH_NOARGS, 0},
    {"loop_on_kept", loop_on_kept, METH_NOARGS, 0},
    {"loop_for_long", loop_for_long, METH_NOARGS, 0},
    {"wrong", wrong, METH_NOARGS, 0},
    {0},
};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "cases", .m_methods = methods};

PyMODINIT_FUNC PyInit_cases(void)
{
    return threadmill_import() < 0 ? NULL : PyModule_Create(&definition);
}
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "cases.c").write_text(CASES)
    build_c(folder, "cases.c", "-std=c11", "-Wno-pedantic")
    return folder


def test_loops_and_tasks(cases: Path) -> None:
    done = run(cases, "import cases; print(cases.loop(False), cases.loop(True), cases.tasks())")
    assert done.stdout == "1001 1001 6\n", done.stderr


def test_loops_and_tasks_of_many_threads(cases: Path) -> None:
    script = """
import threading, cases
cases.keep()
threads = [threading.Thread(target=lambda: [cases.loop_on_kept() for _ in range(300)]) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
"""
    done = run(cases, script)
    assert done.returncode == 0, done.stderr


def test_failures_are_threadmills_exceptions(cases: Path) -> None:
    assert "ValueError: " in run(cases, "import cases; cases.wrong()").stderr
    script = """
import gc, cases, threadmill as tm
cases.keep()
tm.default_pool().shutdown()
tm.default_pool()
gc.collect()
cases.loop_on_kept()
"""
    assert "RuntimeError: " in run(cases, script).stderr


def test_a_signal_ends_a_loop_with_what_its_handler_raised(cases: Path) -> None:
    script = """
import signal, cases
def handler(*_):
    raise LookupError("mine")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05)
cases.loop_for_long()
"""
    assert run(cases, script).stderr.strip().endswith("LookupError: mine")


def test_the_header_is_cplusplus_too(tmp_path: Path) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    source = tmp_path / "it.cpp"
    source.write_text(
        "#include <Python.h>\n#include <threadmill_api.h>\nint it() { return threadmill_import(); }\n"
    )
    commands.run(compiler, "-Wall", "-Wextra", "-Werror", "-c", *INCLUDE, source, "-o", tmp_path / "it.o")


def test_the_header_has_the_librarys_numbers() -> None:
    from threadmill._native.library import lib

    text = Path(tm.get_include(), "threadmill_api.h").read_text(encoding="utf-8")
    for name in "OK", "CLOSED", "INTERRUPTED":
        assert f"THREADMILL_{name} = {getattr(lib, f'TM_{name}')}" in text
    assert lib.TM_FOREVER == -1


def test_the_capsule_begins_with_its_version() -> None:
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    pointer = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))(tm._C_API, b"threadmill._C_API")
    table = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_uint32))
    assert table[:2] == [1, 8 + 5 * ctypes.sizeof(ctypes.c_void_p)]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_both_against_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    pytest.importorskip("Cython")
    target = tmp_path / "target"
    options = ["--quiet", "--no-index", "--no-deps", "--target", target]
    builds.run(sys.executable, "-m", "pip", "install", *options, wheel, cwd=tmp_path)
    assert (target / "threadmill" / "include" / "threadmill_api.h").is_file()
    folder = tmp_path / "example"
    folder.mkdir()
    write_example(folder)
    path = {"PYTHONPATH": str(target)}
    builds.run(sys.executable, "setup.py", "-q", "build_ext", "--inplace", cwd=folder, **path)
    builds.run(sys.executable, "-W", "error", "use.py", cwd=folder, **path)
