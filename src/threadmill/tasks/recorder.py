"""What Python code has done for a pool that is traced: its tasks, and its callers' calls."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._native import pools
from .._native.trace import names_in_c, set_call

if TYPE_CHECKING:
    from .._native._threadmill import CData

__all__ = ["Recorder", "Span", "Spans", "name_of"]

# Where the types of native functions are from that have no name.
_NATIVE = {"builtins", "_cffi_backend", "ctypes", "_ctypes"}


class Span(NamedTuple):
    """A task, a call or a chunk; times are those of the monotonic clock, in ns."""

    kind: str
    name: str
    begin: int
    end: int


class Spans:
    """The spans of one thread, which alone adds to them."""

    def __init__(self, worker: int) -> None:
        self.worker = worker  # its index in the pool, or -1
        self.name = threading.current_thread().name
        self.within = ""  # the name of the call that it is in
        self.spans: list[Span] = []
        self.dropped = 0


class Recorder:
    """The spans of a trace, up to `capacity` for each thread."""

    def __init__(self, handle: "CData", run: Callable[..., Any], capacity: int) -> None:
        self._handle = handle
        self._run = run  # as Dispatcher.run
        self._capacity = capacity
        self.threads: dict[int, Spans] = {}  # by ident; each thread sets its own

    def run(self, context: Any, fn: Callable[..., Any], *args: Any) -> Any:
        """Stands in the place of Dispatcher.run."""
        begin = _now()
        try:
            return self._run(context, fn, *args)
        finally:
            self._add("task", name_of(fn), begin)

    def call(self, called: Any, fn: Callable[..., Any], *args: Any) -> Any:
        """fn(*args), a caller's call; the loops in it are told to be for `called`."""
        name, mine, begin = name_of(called), self._mine(), _now()
        before, outer = set_call(names_in_c[name]), mine.within
        mine.within = name
        try:
            return fn(*args)
        finally:
            mine.within = outer
            set_call(before)
            self._add("call", name, begin)

    def each(self, called: Any, fn: Callable[[int], object]) -> Callable[[int], object]:
        """fn under the name of `called`, or of the call that the caller is in; its calls are chunks."""
        name = name_of(fn if called is None else called)
        if called is None:
            name = self._mine().within or name

        def recorded(at: int) -> None:
            begin = _now()
            try:
                fn(at)
            finally:
                self._add("chunk", name, begin)

        recorded.__qualname__ = name
        return recorded

    def _mine(self) -> Spans:
        me = threading.get_ident()
        mine = self.threads.get(me)
        if mine is None:
            mine = self.threads[me] = Spans(pools.pool_worker(self._handle))
        return mine

    def _add(self, kind: str, name: str, begin: int) -> None:
        mine = self._mine()
        if len(mine.spans) < self._capacity:
            mine.spans.append(Span(kind, name, begin, _now()))
        else:
            mine.dropped += 1


def name_of(fn: Any) -> str:
    """What users know a function by: the one that they gave, where ours calls it for them."""
    while isinstance(fn, partial):
        fn = fn.func
    called = getattr(getattr(fn, "__self__", None), "called", None)
    if called is not None:
        return name_of(called)
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None)
    if isinstance(name, str):
        return name.rpartition("<locals>.")[2]
    return "native function" if type(fn).__module__ in _NATIVE else type(fn).__name__


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
