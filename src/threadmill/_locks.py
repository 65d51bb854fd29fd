"""The system's locks, and threading's classes over them, also where those are patched.

gevent and eventlet replace threading's locks by their own, which wait for a greenlet of the same thread: a
waiter would never hear of what a native thread does. Where one of them has patched the process before this
module is imported, its own door to the originals is used.
"""

import sys
import threading
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["Condition", "Event", "Lock", "RLock"]


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
        """threading's; its own wait lacks the RLock where Ctrl-C comes just as that was released."""

        def wait(self, timeout=None):
            try:
                return super().wait(timeout)
            except BaseException:
                if not self._is_owned():
                    self.acquire()
                raise
