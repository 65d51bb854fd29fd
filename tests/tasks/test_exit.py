"""The interpreter's exit: queued work runs, nothing hangs, nothing is written that nobody asked for."""

import subprocess
import sys

import pytest
from kit import commands

# For a task: until the interpreter has begun to exit.
WAIT_FOR_EXIT = """
def wait_for_exit():
    while not tm._process.exiting:
        time.sleep(0.001)
"""


def run(script: str, *options: str) -> "subprocess.CompletedProcess[str]":
    head = "import atexit, sys, threading, time\nimport threadmill as tm\n" + WAIT_FOR_EXIT
    command = [sys.executable, *options, "-c", head + script]
    return commands.run(*command, check=False)


def assert_prints(script: str, *lines: str) -> None:
    ended = run(script, "-X", "dev")
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == list(lines)
    assert ended.returncode == 0


@pytest.mark.smoke
def test_queued_work_runs() -> None:
    assert_prints(
        """
pool = tm.Pool(1)
pool.submit(time.sleep, 0.05)
for i in range(3):
    pool.submit(print, i)
pool.spawn(print, "spawned")
results = pool.map(print, "ab")
""",
        *["0", "1", "2", "spawned", "a", "b"],
    )


def test_queued_work_of_a_pool_shut_down_without_waiting() -> None:
    assert_prints(
        "pool = tm.Pool(1)\nfor i in 1, 2: pool.submit(print, i)\npool.shutdown(wait=False)", "1", "2"
    )


def test_queued_work_of_a_collected_pool() -> None:
    assert_prints(
        "for i in 1, 2, 3: tm.Pool(1).submit(print, i).result()\ntm.Pool(1).submit(print, 4)", *"1234"
    )


def test_idle_pools() -> None:
    assert_prints(
        "pools = [tm.Pool(2) for _ in range(20)]\nfor p in pools: p.submit(int).result()\nprint('end')", "end"
    )


def test_pools_never_used() -> None:
    assert_prints("pool = tm.Pool(3)\ntm.default_pool()\nprint('end')", "end")


def test_the_default_pool() -> None:
    assert_prints(
        """
import numpy as np
x = np.arange(1_000_000.0)
assert tm.sum(x) == np.sum(x)
tm.default_pool().submit(print, "ran")
""",
        "ran",
    )


def test_a_native_loop_of_a_daemon_thread() -> None:
    """It is under way when the process ends, and is not waited for."""
    assert_prints(
        """
import numpy as np
x = np.arange(1_000_000.0)
def loop():
    begun.set()
    while True:
        try:
            tm.sum(x)
        except RuntimeError:
            return
begun = threading.Event()
threading.Thread(target=loop, daemon=True).start()
begun.wait()
print("end")
""",
        "end",
    )


def test_a_queued_native_loop() -> None:
    assert_prints(
        """
import numpy as np
pool = tm.Pool(2)
x = np.arange(1_000_000.0)
def task():
    wait_for_exit()
    total = np.zeros(1)
    import ctypes
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    seen = []
    pool.parallel_for(10, kernel(lambda _, begin, end: seen.append(begin)), chunksize=1)
    print(len(seen))
pool.submit(task)
""",
        "10",
    )


def test_tasks_that_wait_for_tasks() -> None:
    assert_prints(
        """
pool = tm.Pool(1)
inner = []
begun = threading.Event()
def outer():
    inner.append(pool.submit(pow, 2, 3))
    begun.set()
    wait_for_exit()
    print(inner[0].result())
pool.submit(outer)
begun.wait()
""",
        "8",
    )


def test_submit_at_exit_is_refused() -> None:
    message = "cannot schedule new futures after interpreter shutdown"
    assert_prints(
        """
pool, other = tm.Pool(1), tm.Pool(1)
def late(pool):
    for submit in pool.submit, pool.spawn:
        try:
            submit(print, "late")
        except RuntimeError as error:
            print(error)
def task():
    wait_for_exit()
    late(pool)
    late(other)
pool.submit(task)
atexit.register(late, pool)
atexit.register(lambda: late(tm.Pool(1)))
""",
        *[message] * 8,
    )


def test_arrays_at_exit() -> None:
    """A loop needs no Python thread, so it runs in a handler of atexit, even as the first use."""
    script = """
import numpy as np
x = np.arange(1_000_000.0)
{before}
def last():
    assert tm.sum(x) == np.sum(x)
    assert (tm.square(x) == x * x).all()
    assert tm.sum(x, pool=tm.Pool(2)) == np.sum(x)
    print("right")
atexit.register(last)
"""
    assert_prints(script.format(before=""), "right")
    assert_prints(script.format(before="tm.sum(x)"), "right")


def test_exit_with_an_exception() -> None:
    ended = run("pool = tm.Pool(1)\npool.submit(time.sleep, 0.05)\npool.submit(print, 'ran')\nsys.exit(3)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "ran\n", "")
    ended = run("pool = tm.Pool(1)\npool.submit(print, 'ran')\nraise LookupError('end')")
    assert (ended.returncode, ended.stdout) == (1, "ran\n")
    assert ended.stderr.splitlines()[-1] == "LookupError: end"


def test_sys_exit_in_a_task_ends_the_task_alone() -> None:
    assert_prints("pool = tm.Pool(1)\npool.submit(sys.exit, 3)\npool.spawn(sys.exit, 4)\nprint('end')", "end")


def test_a_thread_that_outlives_the_main_one() -> None:
    assert_prints(
        """
pool = tm.Pool(1)
def work():
    threading.main_thread().join()
    try:
        pool.submit(int)
    except RuntimeError as error:
        print(error)
threading.Thread(target=work).start()
""",
        "cannot schedule new futures after interpreter shutdown",
    )


def test_submit_from_del_at_exit() -> None:
    ended = run(
        """
pool = tm.Pool(1)
pool.submit(int).result()
class Parting:
    def __del__(self):
        try:
            pool.submit(print, "late")
        except RuntimeError as error:
            print(error)
parting = Parting()
"""
    )
    assert ended.returncode == 0
    assert ended.stdout in ("cannot schedule new futures after interpreter shutdown\n", "")
    assert "Fatal" not in ended.stderr


def test_iterators_and_futures_held_at_exit() -> None:
    assert_prints(
        """
pool = tm.Pool(2)
results = pool.map(str, range(1000))
buffered = pool.map(str, range(1000), buffersize=10)
next(results), next(buffered)
futures = [pool.submit(int) for _ in range(100)]
queue = tm.Queue(dtype="i8")
queue.put(1)
print("end")
""",
        "end",
    )


def test_ctrl_c_at_exit_ends_the_wait() -> None:
    """Whoever presses it while the exit waits for a long task gets out, as with the standard executor."""
    ended = run(
        """
import os, signal
pool = tm.Pool(1)
release = threading.Event()
pool.submit(release.wait, 60)
threading.Timer(0.2, lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.3), release.set())).start()
print("end", flush=True)
"""
    )
    assert ended.stdout == "end\n"
    assert "KeyboardInterrupt" in ended.stderr


def test_a_worker_ends_while_the_list_of_threads_is_locked() -> None:
    """An interpreter that exits stops threads for ever, and one of them may have that lock."""
    assert_prints(
        """
pool = tm.Pool(1)
thread = pool.submit(threading.current_thread).result()
assert thread in threading.enumerate()
with threading._active_limbo_lock:
    pool.shutdown()
print(thread in threading.enumerate(), thread.is_alive())
""",
        "False False",
    )


def test_many_pools_come_and_go() -> None:
    assert_prints(
        """
for i in range(200):
    with tm.Pool(2) as pool:
        assert sum(pool.map(abs, range(10))) == 45
    tm.Pool(2).submit(int)
print(threading.active_count() < 200)
""",
        "True",
    )
