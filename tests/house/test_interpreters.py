"""More than one interpreter in a process, and more than one load of the package in an interpreter."""

import sys

import pytest
from kit import commands


def run(script: str) -> str:
    command = [sys.executable, "-X", "faulthandler", "-c", script]
    ended = commands.run(*command, check=False)
    assert (ended.stderr, ended.returncode) == ("", 0), ended.stdout
    return ended.stdout


@pytest.mark.parametrize("first", ["", "import threadmill; threadmill.Pool(1).submit(int).result()"])
def test_a_subinterpreter_is_told(first: str) -> None:
    """Not with NumPy's words about a bad installation, and not with tasks that nobody runs."""
    output = run(f"""
import sys, warnings
warnings.simplefilter("ignore")  # interpreters without a public module say so
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters
{first}
inner = '''
try:
    from threadmill.tasks.pool import Pool
except ImportError as error:
    print(error, flush=True)
'''
interpreters.run_string(interpreters.create(), inner)
import threadmill
print(threadmill.Pool(1).submit(pow, 2, 3).result())
""")
    told = "threadmill works in the main interpreter only, not in subinterpreters: use threads or processes"
    assert output == f"{told}\n8\n"


AGAIN = """
import ctypes, importlib, sys, threading
import threadmill as tm

entered, release = threading.Event(), threading.Event()

@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def block(_):
    entered.set()
    release.wait()

old = tm.Pool(1)
old.spawn(block)
entered.wait()
future = old.submit(pow, 2, 3)  # on its way while the package is loaded again
modules = [name for name in sys.modules if name.partition(".")[0] == "threadmill"]
"""


@pytest.mark.parametrize(
    "load",
    [
        "importlib.reload(tm)",
        "for name in modules: importlib.reload(sys.modules[name]) if sys.modules[name].__spec__ else None",
        "for name in modules: del sys.modules[name]",
    ],
)
def test_a_pool_works_on_when_the_package_is_loaded_again(load: str) -> None:
    output = run(f"""{AGAIN}
{load}
import threadmill as new

with new.Pool(2) as pool:
    assert [pool.submit(pow, 3, i).result() for i in range(3)] == [1, 3, 9]
    release.set()
    print(future.result(20), old.submit(pow, 2, 4).result(20))
    x = __import__("numpy").ones(300_000)
    assert tm.sum(x) == new.sum(x) == x.size
""")
    assert output == "8 16\n"


def test_a_pool_of_an_earlier_load_is_refused_by_loops() -> None:
    output = run(f"""{AGAIN}
release.set()
for name in modules: del sys.modules[name]
import threadmill as new
try:
    new.sum([1.0], pool=old)
except TypeError as error:
    print(error)
""")
    assert output == "pool must be a threadmill.Pool or None, got Pool\n"


def test_a_fused_function_works_on_when_the_package_is_loaded_again() -> None:
    output = run(f"""{AGAIN}
release.set()
import numpy as np

def function(x):
    return (x * 2.0 + x).sum()

x, before = np.ones(300_000), tm.fuse(function)
for name in modules: del sys.modules[name]
import threadmill as new
print(before(x), new.fuse(function)(x))
""")
    assert output == "900000.0 900000.0\n"


@pytest.mark.skipif("t" in getattr(sys, "abiflags", ""), reason="has a binary of its own")
def test_a_binary_for_the_gil_is_refused_without_it() -> None:
    """A free-threaded CPython 3.13 finds it in a tree where both are built, loads it and crashes."""
    output = run("""
import sys
import numpy
sys.abiflags = "t"
try:
    import threadmill
except ImportError as error:
    print(error)
""")
    assert "_threadmill.abi3.so was built for CPython with the GIL" in output
    assert "use pip install . with this interpreter" in output
