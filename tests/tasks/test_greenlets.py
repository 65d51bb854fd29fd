"""In a process that gevent or eventlet has patched, pools and queues still wait for native threads."""

import sys
from importlib.util import find_spec

import pytest
from kit import commands

PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}

SCRIPT = """
import time
import numpy as np, threadmill as tm

def slow(x):
    time.sleep(0.05)
    return x + 1

with tm.Pool(2) as pool:
    print(pool.submit(slow, 6).result(), list(pool.map(slow, range(4))))
    pool.spawn(slow, 1)
    pool.join()
    print(pool.submit(slow, 6).exception(timeout=30), tm.reduce(max, range(1000), pool=pool))
for items in tm.Queue(), tm.Queue(5), tm.Queue(order="lifo"), tm.Queue(dtype="i8"):
    items.put(1)
    print(items.get(timeout=30), end=" ")
    items.task_done()
    items.join()
with tm.Pipeline([slow, abs]) as pipe:
    print(list(pipe.run([1, 2])), tm.sum(np.ones(10**6)))
"""


@pytest.mark.parametrize("name", PATCHES)
def test_a_patched_process_waits_for_native_threads(name: str) -> None:
    if find_spec(name) is None:  # an import here would warn of every later fork
        pytest.skip(f"{name} is not installed")
    script = f"{PATCHES[name]}\n{SCRIPT}"
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = commands.run(*command, check=False)
    expected = ["7 [1, 2, 3, 4]", "None 999", "1 1 1 1 [2, 3] 1000000.0"]
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (expected, "", 0)
