"""The native threads of this process, and a wait for what other threads are about to make true."""

import os
import time
from collections.abc import Callable

import pytest

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="looks at threads in /proc")


def native_threads() -> set[str]:
    """The ids of all threads. One that has been joined may stay for a moment: compare sets, not sizes."""
    return set(os.listdir("/proc/self/task"))


def soon(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true; looks again and again, for as long as a busy machine may need."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()
