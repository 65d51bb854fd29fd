"""threadmill as threadpoolctl sees it: ``register()``, then `threadpool_info` and `threadpool_limits`.

For threadpoolctl 3.2 and later.
"""

import ctypes
import functools
from typing import Any

try:
    from threadpoolctl import LibController
    from threadpoolctl import register as register_controller
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "threadmill.threadpoolctl needs threadpoolctl: pip install 'threadpoolctl>=3.2'", name="threadpoolctl"
    ) from error

from . import __version__
from .tasks.workers import default_workers

__all__ = ["ThreadmillController", "register"]


@functools.cache  # threadpoolctl lists a controller as often as it is registered
def register() -> None:
    """Makes threadmill known to threadpoolctl, as user_api "threadmill".

    After that ``threadpool_limits(n, user_api="threadmill")`` limits the parallel loops that the current
    thread starts, on any pool, to n threads; other threads are not concerned.
    """
    register_controller(ThreadmillController)


class _NoLimit(int):
    """The number shown where there is no limit. When threadpoolctl sets it back there is none again."""


class ThreadmillController(LibController):  # type: ignore[misc]  # threadpoolctl has no types
    """The compiled module, by the symbols that it exports."""

    user_api = "threadmill"
    internal_api = "threadmill"
    filename_prefixes = ("_threadmill",)
    check_symbols = ("tm_set_thread_limit",)

    def set_additional_attributes(self) -> None:
        self.dynlib.tm_get_thread_limit.restype = ctypes.c_size_t
        self.dynlib.tm_set_thread_limit.restype = ctypes.c_size_t
        self.dynlib.tm_set_thread_limit.argtypes = [ctypes.c_size_t]

    def get_num_threads(self) -> int:
        """The current thread's limit; without one, the threads of the default pool."""
        return int(self.dynlib.tm_get_thread_limit()) or _NoLimit(default_workers())

    def set_num_threads(self, num_threads: int) -> None:
        """Limits the loops that the current thread starts."""
        self.dynlib.tm_set_thread_limit(0 if isinstance(num_threads, _NoLimit) else max(1, num_threads))

    def get_version(self) -> Any:
        return __version__
