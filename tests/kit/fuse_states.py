"""States that random programs run under: modes of np.errstate, filters of warnings."""

import contextlib
import io
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from kit.fuse_compare import Seen, seen

__all__ = ["State", "seen_under", "state"]

KINDS = "divide", "over", "under", "invalid"
MODES = "ignore", "warn", "raise", "call", "print", "log"

# Where a cast of complex numbers raises it, NumPy may go on with the exception set, and end the process.
_NOT_RAISED = ("always", "", np.exceptions.ComplexWarning)

FILTERS: list[list[tuple[Any, ...]]] = [
    *([("always",)], [("default",)], [("once",)], [("module",)], [("error",), _NOT_RAISED], [("ignore",)]),
    *(
        [("always",), ("error", "divide")],
        [("always",), ("error", "invalid")],
        [("error",), ("once", "over"), _NOT_RAISED],
    ),
    *([("default",), ("ignore", "", DeprecationWarning)], [("always",), ("error", "", RuntimeWarning)]),
    *([("always",), ("once", "invalid")], [("ignore",), ("default", "divide")]),
    [("always",), ("error", "", DeprecationWarning)],
]


class State(NamedTuple):
    """Modes by kind of error, and filters as warnings.filterwarnings takes them."""

    errors: dict[str, str]
    filters: list[tuple[Any, ...]]


class Handler:
    """What np.errstate calls, and writes to; it may fail at a call."""

    def __init__(self, fails_at: int) -> None:
        self.calls: list[Any] = []
        self.fails_at = fails_at

    def __call__(self, kind: str, flags: int) -> None:
        self.note(kind, flags)

    def write(self, text: str) -> None:
        self.note(text)

    def note(self, *told: Any) -> None:
        self.calls.append(told)
        if len(self.calls) == self.fails_at:
            raise LookupError("the handler fails")


def state(rnd: random.Random) -> State:
    errors: dict[str, str] = {}
    if rnd.random() < 0.3:
        errors = {"all": rnd.choice(MODES)}
    elif rnd.random() < 0.5:
        few = rnd.choice([MODES[:2], MODES[:3], MODES])  # without a `raise` more is put off
        errors = {kind: rnd.choice(few) for kind in KINDS}
    return State(errors, rnd.choice(FILTERS) if rnd.random() < 0.4 else FILTERS[0])


def seen_under(under: State, function: Callable[..., Any], args: list[Any], fails_at: int = 0) -> Seen:
    """What a caller sees of one call in such a state, with the calls of its handler and what is printed."""
    handler = Handler(fails_at)
    modes: dict[str, Any] = {**under.errors}
    if "call" in modes.values() or "log" in modes.values():
        modes["call"] = handler
    with _printed() as printed, np.errstate(**modes):
        found = seen(function, args, *under.filters)
    return {**found, "calls": handler.calls, "printed": printed}


@contextlib.contextmanager
def _printed() -> Iterator[list[str]]:
    """What the block prints and writes to stderr, as C does where np.errstate says `print`."""
    told: list[str] = []
    said = io.StringIO()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file, contextlib.ExitStack() as after:
        before = os.dup(2)
        after.callback(os.close, before)
        os.dup2(file.fileno(), 2)
        after.callback(os.dup2, before, 2)
        with contextlib.redirect_stdout(said):  # where NumPy's Python code prints
            yield told
        told += said.getvalue().splitlines()
        sys.stderr.flush()
        file.seek(0)
        told += file.read().decode().splitlines()
