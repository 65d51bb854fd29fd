"""trace(path, pool=pool): what a pool's threads do in a `with` block, as a timeline."""

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from .._arguments import integer
from .._process import lock_of_process
from ..tasks.default_pool import check_pool, pool_or_default
from ..tasks.pool import Pool
from . import chrome
from .events import Timeline
from .picture import draw
from .recording import Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Trace", "trace"]

_MOST_EVENTS = 1 << 31


class Trace:
    """What `trace` returns: the recording of a pool in a ``with`` block.

    Attributes
    ----------
    timeline : Timeline or None
        The lanes and events of the last block, and ``dropped``, the number of events that found no room.
        None before the end of a block, and in a child that was forked within.
    """

    def __init__(self, path: Path | None, pool: Pool | None, events: int) -> None:
        self._path, self._given, self._events = path, pool, events
        self._recording: tuple[Pool, Recording] | None = None  # guarded by the process's lock "trace"
        self.timeline: Timeline | None = None

    def __enter__(self) -> "Trace":
        pool = pool_or_default(self._given)
        with lock_of_process("trace"):
            if pool._tasks.recorder is not None:
                raise RuntimeError(
                    f"{pool!r} is traced already, and a pool has one trace at a time: "
                    "end the other one first, or trace another pool"
                )
            # The pool is kept: its lanes live as long as it.
            self._recording = pool, Recording(pool._tasks, self._events)
        self.timeline = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with lock_of_process("trace"):
            recording, self._recording = self._recording, None
            if recording is None:
                return
            self.timeline = recording[1].stop()
        if self.timeline is not None and self._path is not None:
            chrome.write(self.timeline, self._path)

    def __repr__(self) -> str:
        """How busy each lane was, how long wake-ups took, and what was dropped."""
        return "<threadmill.Trace: nothing recorded>" if self.timeline is None else self.timeline.told()

    def plot(
        self, path: str | os.PathLike[str] | None = None, *, style: Literal["light", "dark"] = "light"
    ) -> "Figure":
        """Draws the lanes.

        Parameters
        ----------
        path : path, optional
            Where to save the picture; the ending tells the format, as ``.png`` or ``.svg``.
        style : {"light", "dark"}
            For print, or for a dark screen.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            matplotlib is not installed: ``pip install matplotlib``.
        RuntimeError
            Nothing is recorded yet.
        ValueError
            `style` is neither; what matplotlib raises for the path.
        """
        if self.timeline is None:
            raise RuntimeError("nothing is recorded yet: call plot() after the `with` block")
        return draw(self.timeline, path, style)


def trace(
    path: str | os.PathLike[str] | None = None, *, pool: Pool | None = None, events: int = 100_000
) -> Trace:
    """Records what a pool's threads and its callers do in a ``with`` block.

    Recorded are parallel loops and their chunks, passes of fused functions, tasks, the time for which workers
    look for work and sleep, wake-ups, and what the callers do themselves, with the names of ufuncs and of the
    user's functions. NumPy's own calls are not.

    Parameters
    ----------
    path : path, optional
        A file to write at the end of the block, also where that raises. It is in the trace-event format, for
        ui.perfetto.dev, chrome://tracing and ``python -m threadmill timeline``.
    pool : Pool, optional
        The default pool if None. A block that shuts it down is recorded up to its end.
    events : int
        The number of events that are kept of each worker, of all callers together, and of each thread's
        Python code; 64 bytes of memory each, once used. The first ones are kept, and the others are counted.

    Returns
    -------
    Trace
        With `plot` and `timeline`. Its block may be entered again, for a new recording.

    Raises
    ------
    TypeError, ValueError
        `events` is no integer from 1 on; `pool` is no Pool.
    FileNotFoundError
        There is no folder for `path`.
    RuntimeError
        When the block is entered: the pool is shut down, or is traced already. A pool has one trace at a
        time; several pools may each have one.

    Notes
    -----
    Any thread may enter and leave the block. What is under way at its end, a loop or a task, is not in it. A
    child that is forked within records nothing and writes no file.

    Examples
    --------
    >>> import numpy as np, threadmill as tm
    >>> with tm.Pool(2) as pool, tm.trace(pool=pool) as run:
    ...     x = tm.parallel(np.sqrt)(np.ones(1_000_000), pool=pool)
    >>> {event.name for event in run.timeline.events if event.kind == "chunk"}
    {'sqrt'}
    """
    integer("events", events, 1, _MOST_EVENTS)
    check_pool(pool)
    target = None if path is None else Path(path)
    if target is not None and not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"no folder to write {target} to: make {target.parent} first")
    return Trace(target, pool, events)
