"""Part of this suite on the package built for gcc's sanitizers, whose runtimes are loaded before Python.

Python and NumPy are not instrumented: what is seen is every access of our C code, and of all code what the
runtimes intercept (memory, mutexes, conditions, semaphores, threads). The GIL is made of these, so the thread
sanitizer knows the order that it gives. `pytest -m native` with a CPython without the GIL runs it there.
"""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from kit import commands
from kit.builds import build, launchers
from kit.threads import HAS_GIL

pytestmark = [pytest.mark.native, pytest.mark.timeout(900 if HAS_GIL else 1500)]

FILES = [
    *("tasks/test_pool", "tasks/test_spawn", "tasks/test_drain"),
    *("pipelines/test_pipelines", "arrays/test_chunks"),
]
PARTS = [FILES]
if not HAS_GIL:  # there Python's own threads meet in our C
    PARTS.append(["fusion/test_fuse_at_once", "numpy/test_namespace_at_once", "queues/test_queues"])
# A limit on memory leaves no room for shadow memory; the other two queue more than there is time for.
LEFT_OUT = ["no_thread_can_be_started", "full_native_queue", "million"]

MODES = {
    "address,undefined": ("libasan.so", LEFT_OUT, {"ASAN_OPTIONS": "detect_leaks=0"}),
    # The runtime gives up in a forked child of a process with threads when that starts threads of its own.
    "thread": ("libtsan.so", [*LEFT_OUT, "fork", "stack", "multiprocess"], {}),
}

# The dynamic loader hands the thread-local memory of a thread that has ended to the next; what orders that
# is inside the C library, where the runtime sees nothing.
SUPPRESSIONS = "called_from_lib:ld-linux\n"

# Without the GIL the order of Python threads is made of CPython's own atomics, which the runtime does not see
# either. So it reports memory that CPython and NumPy hand on. Ours is a pool's, which goes from the
# thread that makes it to others, and from them to the one that drops it.
if not HAS_GIL:
    SUPPRESSIONS += "race:tm_pool_is_closed\nrace:pool_drop\n"


# A program may be made in one thread, and run in others: reads of what cffi has written there do not count.
MADE = re.compile(r"Previous write of size .*\n\s*#0 (?:calloc|memcpy) ")


# Programs whose output is looked at have those reports in it.
SHOWN = [] if HAS_GIL else ["reported", "another_simplequeue"]

TSAN = f"die_after_fork=0:history_size=7:exitcode={66 if HAS_GIL else 0}"


def runtime(library: str) -> str:
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "gcc").split()[0]
    try:
        found = commands.run(compiler, f"-print-file-name={library}").stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = library
    if not os.path.isabs(found):
        pytest.skip(f"{compiler} has no {library}")
    return os.path.realpath(found)


@pytest.mark.parametrize("sanitizers", MODES)
def test_the_suite_under_sanitizers(sanitizers: str, root: Path, tmp_path: Path) -> None:
    library, left_out, options = MODES[sanitizers]
    preload = {"LD_PRELOAD": runtime(library)}
    sanitized = build(root, tmp_path, THREADMILL_SANITIZE=sanitizers)
    suppressions = tmp_path / "suppressions"
    suppressions.write_text(SUPPRESSIONS)
    settings = {
        "TSAN_OPTIONS": f"suppressions={suppressions}:second_deadlock_stack=1:{TSAN}",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        **options,
        **preload,
    }
    for launcher in launchers():
        try:
            sanitized.python("-c", "", launcher=launcher, **settings)
        except AssertionError as error:
            refusal = error
        else:
            break
    else:
        pytest.skip(f"a program with {library} does not run here: {refusal}")
    sanitized.check(launcher=launcher, **settings)
    # Reports are written past Python: --capture=sys leaves them in the output.
    choice = ["-k", " and ".join(f"not {name}" for name in [*left_out, *SHOWN])]
    for part in PARTS:
        chosen = [f"tests/{name}.py" for name in part]
        output = sanitized.pytest(*chosen, *choice, "--capture=sys", launcher=launcher, **settings)
        print(output)
        assert " passed" in output
        assert reports_in(output) == []


def reports_in(output: str) -> list[str]:
    """What the sanitizers have reported; without the GIL, of accesses of our C alone."""
    if HAS_GIL:
        return [line for line in output.splitlines() if "Sanitizer" in line]
    reports = output.split("WARNING: ThreadSanitizer: ")[1:]
    return [each for each in reports if re.search(r"SUMMARY.* csrc/", each) and not MADE.search(each)]
