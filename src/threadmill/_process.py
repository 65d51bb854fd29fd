"""What happens to pools when the process forks or the interpreter exits."""

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Protocol, TypeVar

from ._locks import RLock
from ._native.pools import forget_posted

if TYPE_CHECKING:
    from .tasks.dispatcher import Dispatcher

__all__ = ["exiting", "keep", "lock_of_process", "register", "renew_in_child", "stop_at_exit"]

T = TypeVar("T")

exiting = False


class Stoppable(Protocol):
    """What keeps a pool's threads waiting until it is stopped."""

    def stop(self, error: BaseException | None) -> None: ...
    def report_at_exit(self) -> None: ...


class Renewable(Protocol):
    """What has locks that another thread may hold while the process forks."""

    def _renew_locks(self) -> None: ...


_all: "weakref.WeakSet[Dispatcher]" = weakref.WeakSet()
_stoppable: "weakref.WeakSet[Stoppable]" = weakref.WeakSet()
_renewable: "weakref.WeakSet[Renewable]" = weakref.WeakSet()
_locks: "dict[tuple[int, str], RLock]" = {}
_hooked = False


def lock_of_process(name: str) -> "RLock":
    """The lock of that name. A forked child has its own: a thread that it lacks may hold the parent's."""
    return _locks.setdefault((os.getpid(), name), RLock())


def register(tasks: "Dispatcher") -> None:
    """From now on fork and exit see to `tasks`."""
    with lock_of_process("process"):
        _set_hooks()
        _all.add(tasks)


def renew_in_child(owner: Renewable) -> None:
    """From now on a forked child has the owner's locks anew."""
    if not _hooked:
        with lock_of_process("process"):
            _set_hooks()
    _renewable.add(owner)


def stop_at_exit(run: Stoppable) -> None:
    """At exit `run` is stopped before the pools, which wait for their tasks, are shut down."""
    with lock_of_process("process"):
        _stoppable.add(run)


def _set_hooks() -> None:
    """With the first thing that needs them, not at import."""
    global _hooked
    if not _hooked:
        _at_exit()
        os.register_at_fork(after_in_child=_after_fork_in_child)
        _hooked = True


def _at_exit() -> None:
    # Python's own executors run what is queued before the interpreter ends, and so do we. atexit would be
    # too late: Python code can't start a thread then. The hook has no public name.
    global exiting
    try:
        threading._register_atexit(_shutdown_all)  # type: ignore[attr-defined]
    except RuntimeError:
        exiting = True  # too late for Python tasks; native loops need no hook


def _members(things: "weakref.WeakSet[T]") -> "list[T]":
    """What is there. Another thread may let go of one meanwhile; without the GIL that shows."""
    while True:
        with contextlib.suppress(RuntimeError):  # "Set changed size during iteration"
            return list(things)


def _shutdown_all() -> None:
    global exiting
    exiting = True
    with lock_of_process("process"):
        runs, pools = _members(_stoppable), _members(_all)
    for run in runs:
        run.stop(RuntimeError("the interpreter exits"))
    for tasks in pools:
        tasks.shutdown(wait=True)
    for run in runs:
        run.report_at_exit()


def _after_fork_in_child() -> None:
    forget_posted()
    for tasks in list(_all):
        tasks.lose_all()
    for owner in list(_renewable):
        owner._renew_locks()


_kept: "list[Dispatcher]" = []


def keep(tasks: "Dispatcher") -> None:
    """For the rest of the process."""
    _kept.append(tasks)
