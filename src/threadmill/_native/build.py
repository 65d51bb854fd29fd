"""Describes the compiled module `threadmill._native._threadmill` to cffi; setup.py runs this file.

The texts of csrc/threadmill.h, csrc/bindings.h and csrc/inner_loops.h are the cdef as they stand, so that C
and Python read one interface.
"""

import os
import sys
from pathlib import Path

from cffi import FFI

if sys.platform == "win32":
    raise SystemExit("threadmill needs POSIX threads: it builds on Linux and macOS, not on Windows.")

ROOT = Path(__file__).resolve().parents[3]
CSRC = ROOT / "csrc"

# Functions written in Python that the C library calls; _native/ defines them.
CALLBACKS = """
extern "Python" int tm_py_interrupted(void);
extern "Python" void tm_py_run(void *arg);
extern "Python" void tm_py_thread_ends(void);
void tm_py_thread_begins(void *interpreter);
"""

# The table of the C interface (include/threadmill_api.h), and what it asks Python by.
C_API_DECLARATIONS = """
void tm_py_set_c_api(void *find_pool, void *find_error);
const void *tm_py_c_api(void);
const char *tm_py_capsule_name(void);
"""

# The calling thread's state in the interpreter, made without waiting for the GIL. CPython has a lock for the
# list of all states: before 3.10.15 and 3.11.10 a child that is forked while another thread holds it hangs
# (gh-112275), and before 3.13 the list may be half-changed there. From 3.13 on os.fork holds the lock itself.
THREAD_STATE = """
#include "common.h"

static void tm_py_thread_begins(void *interpreter)
{
    if (PyGILState_GetThisThreadState() == NULL) PyThreadState_New(interpreter);
}
"""

C_API = """
#define THREADMILL_TABLE_ONLY
#include "threadmill_api.h"

static PyObject *tm_py_find_pool, *tm_py_find_error; /* callables that live for ever */

static void tm_py_set_c_api(void *find_pool, void *find_error)
{
    tm_py_find_pool = find_pool;
    tm_py_find_error = find_error;
}

static tm_pool *tm_py_pool(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *address = PyObject_CallObject(tm_py_find_pool, NULL);
    tm_pool *pool = address == NULL ? NULL : PyLong_AsVoidPtr(address);
    Py_XDECREF(address);
    PyGILState_Release(state);
    return pool;
}

static int tm_py_check(int status)
{
    if (status >= 0) return 0;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *error = PyObject_CallFunction(tm_py_find_error, "i", status);
    if (error != NULL) PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    PyGILState_Release(state);
    return -1;
}

static const void *tm_py_c_api(void)
{
    static const threadmill_api table = {
        THREADMILL_ABI_VERSION, sizeof table, tm_py_pool, tm_parallel_for, tm_spawn, tm_join, tm_py_check,
    };
    return &table;
}

static const char *tm_py_capsule_name(void)
{
    return THREADMILL_CAPSULE;
}
"""

# C files of this folder, which know Python, and what they declare.
PYTHON_FILES = {
    "door.c": "void *tm_py_door_type(void);",
    "door_kinds.c": "",
    "door_sizes.c": "",
    "fields.c": "void *tm_py_fields(void);",
    "inputs.c": "",
    "places.c": "",
    "recording.c": "void *tm_py_recording(void);",
    "states.c": "",
    "views.c": "void *tm_py_views(void);",
}

# -ffp-contract=off: a product and a sum are rounded as NumPy rounds them.
COMPILE_FLAGS = [
    "-std=c11",
    "-O3",
    "-pthread",
    "-fvisibility=hidden",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-Wall",
    "-Wextra",
    "-fstack-protector-strong",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
]
LINK_FLAGS = ["-pthread"]
if sys.platform == "linux":
    LINK_FLAGS += ["-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]

# THREADMILL_PORTABLE=1 builds what runs anywhere: no futexes, no instruction sets beyond the baseline, no
# streaming stores, no assembly. For tests, and for whoever mistrusts one of these.
if os.environ.get("THREADMILL_PORTABLE") == "1":
    COMPILE_FLAGS.append("-DTM_PORTABLE")

# THREADMILL_SANITIZE=thread, or address,undefined: for tests, with assertions, under that runtime preloaded.
if sanitizers := os.environ.get("THREADMILL_SANITIZE"):
    LINK_FLAGS.append(f"-fsanitize={sanitizers}")
    COMPILE_FLAGS += ["-O1", "-g1", "-fno-omit-frame-pointer", "-U_FORTIFY_SOURCE", "-DTM_DEBUG"]
    COMPILE_FLAGS += [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    # Of kernels that Python's tests run, one for each is enough: tests/native/ has all of them sanitized.
    COMPILE_FLAGS.append("-DTM_BASELINE")


def in_root(*patterns: str) -> list[str]:
    """The files below csrc/ that match, relative to the root as setuptools asks for."""
    return sorted(path.relative_to(ROOT).as_posix() for pattern in patterns for path in CSRC.glob(pattern))


ffibuilder = FFI()
for header in "threadmill.h", "bindings.h", "inner_loops.h":
    ffibuilder.cdef((CSRC / header).read_text(encoding="utf-8"))
ffibuilder.cdef(CALLBACKS + C_API_DECLARATIONS + "\n".join(PYTHON_FILES.values()))
ffibuilder.set_source(
    "threadmill._native._threadmill",
    THREAD_STATE + C_API + "\n".join(PYTHON_FILES.values()),
    sources=[*in_root("**/*.c"), *(f"src/threadmill/_native/{name}" for name in PYTHON_FILES)],
    depends=[
        *in_root("**/*.h", "**/*.def"),
        "src/threadmill/include/threadmill_api.h",
        "src/threadmill/_native/limited_api.h",
        "src/threadmill/_native/door.h",
        "src/threadmill/_native/fields.h",
        "src/threadmill/_native/inputs.h",
        "src/threadmill/_native/states.h",
    ],
    include_dirs=["csrc", "src/threadmill/include"],
    libraries=["m"],
    extra_compile_args=COMPILE_FLAGS,
    extra_link_args=LINK_FLAGS,
)
