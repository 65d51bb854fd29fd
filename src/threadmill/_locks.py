"""The system's locks, and threading's classes over them, also where those are patched.

gevent and eventlet replace threading's locks by their own, which wait for a greenlet of the same thread: a
waiter would never hear of what a native thread does. Where one of them has patched the process before this
module is imported, its own way to the originals is used.
"""

import contextlib
import itertools
import sys
import threading
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["Condition", "Event", "Lock", "RLock"]


# How long the main thread sleeps before it looks for signals that came just before.
_LOOK_AGAIN_S = 1.0

_ONCE = ((),)  # the arguments of the only call


def _originals() -> Any:
    """What has the original classes: threading, unless it is patched."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("threading"):
        lock = gevent.get_original("_thread", "allocate_lock")
        return types.SimpleNamespace(
            Lock=lock,
            RLock=_over(lock, threading._PyRLock),  # type: ignore[attr-defined]
            Condition=_over(lock, threading.Condition),
            Event=_over(lock, gevent.get_original("threading", "Event")),
        )
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return eventlet.original("threading")
    return threading


def _over(lock: Callable[[], threading.Lock], original: type) -> type:
    """A class of threading's whose methods make such locks."""
    names = {**vars(threading), "_allocate_lock": lock, "Lock": lock}
    members = dict(vars(original))
    for name, member in vars(original).items():
        if isinstance(member, types.FunctionType):
            parts = member.__code__, names, name, member.__defaults__, member.__closure__
            members[name] = types.FunctionType(*parts)
    for name in ("__dict__", "__weakref__"):
        members.pop(name, None)
    made = names[original.__name__] = type(original.__name__, original.__bases__, members)
    return made


if TYPE_CHECKING:
    from threading import Condition, Event, Lock, RLock
else:
    _own = _originals()
    Lock, RLock, Event = _own.Lock, _own.RLock, _own.Event

    class Condition(_own.Condition):
        """threading's, with a wait that Ctrl-C can't be lost in.

        It may come when the lock has just been released, which must then be taken again; or just before the
        sleep, which it does not end: the main thread, whose it is, looks for it once in a while.
        """

        def wait(self, timeout=None):
            if not self._is_owned():
                raise RuntimeError("cannot wait on un-acquired lock")
            waiter = Lock()
            waiter.acquire()
            self._waiters.append(waiter)
            told, states, taken, raised = False, [], [], None
            is_main = threading.current_thread() is threading.main_thread()
            # A plain lock has no state, and can't tell whose it is.
            release = vars(self).get("_release_save", self._lock.release)
            restore = vars(self).get("_acquire_restore")
            try:
                # One call in C releases the lock and notes it: no signal's handler comes in between.
                states.extend(itertools.starmap(release, _ONCE))
                if timeout is None:
                    while not told:
                        told = waiter.acquire(True, _LOOK_AGAIN_S if is_main else -1)
                else:
                    told = waiter.acquire(True, timeout) if timeout > 0 else waiter.acquire(False)
                return told
            finally:
                # A signal's handler comes in after any call: so none is made before the lock is there.
                if states and restore is not None:
                    restore(states[0])  # nothing interrupts it
                elif states or not self._is_owned():
                    while not taken:
                        try:
                            taken.extend(itertools.starmap(self.acquire, _ONCE))  # takes it and notes that
                        except BaseException as error:
                            raised = error
                if not told:
                    with contextlib.suppress(ValueError):  # somebody has just told this thread
                        self._waiters.remove(waiter)
                if raised is not None:
                    raise raised
