"""Interpreters, each with a thread and a GIL of its own: of 3.14's module, or of what 3.13 has beneath it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from . import python_calls

try:
    from concurrent import interpreters as public  # type: ignore[attr-defined, unused-ignore]
except ImportError:
    public = None
try:
    import _interpqueues as private_queues  # type: ignore[import-not-found, unused-ignore]
    import _interpreters as private  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    private = private_queues = None

__all__ = ["ARE_THERE", "NAME", "Interpreters"]

ARE_THERE = public is not None or private is not None
NAME = "concurrent.interpreters" if public is not None else "_interpreters"

_SOURCE = Path(python_calls.__file__).read_text(encoding="utf-8")


class Interpreters:
    """So many interpreters that have run python_calls.py, each with a thread that waits while it runs.

    A part of the work is handed over without pickle: numbers, tuples of them, or a buffer, which is not
    copied. Its result comes back by a queue of the interpreter's that is never waited for, as waiting polls.
    """

    def __init__(self, count: int) -> None:
        with ExitStack() as stack:
            kind = _Private if public is None else _Public
            self._all = [kind(stack) for _ in range(count)]
            self._threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(count)]
            for one in self._all:
                one.run(_SOURCE, {})
            self._open = stack.pop_all()

    def __enter__(self) -> "Interpreters":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, call: str, parts: Sequence[Any]) -> list[Any]:
        """What `call`, an expression of `part`, is for each part: one for every interpreter, or fewer."""
        pairs = zip(self._threads, self._all, parts, strict=False)
        futures = [thread.submit(one.value, call, part) for thread, one, part in pairs]
        return [future.result() for future in futures]


class _Public:
    def __init__(self, stack: ExitStack) -> None:
        self._interpreter = public.create()
        stack.callback(self._interpreter.close)
        self._queue = public.create_queue()
        self.run("", {"results": self._queue})

    def run(self, source: str, shared: dict[str, Any]) -> None:
        if shared:  # an empty one is an error
            self._interpreter.prepare_main(shared)
        self._interpreter.exec(source)

    def value(self, call: str, part: Any) -> Any:
        self.run(f"results.put({call})", {"part": part})
        return self._queue.get_nowait()


class _Private:
    _HOW = 0, 2  # without pickle; what is left of an interpreter that has ended is said to be so

    def __init__(self, stack: ExitStack) -> None:
        self._interpreter = private.create()
        stack.callback(private.destroy, self._interpreter)
        self._queue = private_queues.create(0, *self._HOW)
        stack.callback(private_queues.destroy, self._queue)
        self.run("import _interpqueues, _interpreters", {})  # the second lets it take buffers

    def run(self, source: str, shared: dict[str, Any]) -> None:
        if (failed := private.exec(self._interpreter, source, shared)) is not None:
            raise RuntimeError(failed.formatted)

    def value(self, call: str, part: Any) -> Any:
        self.run(f"_interpqueues.put({self._queue}, {call}, {self._HOW[0]}, {self._HOW[1]})", {"part": part})
        return private_queues.get(self._queue)[0]
