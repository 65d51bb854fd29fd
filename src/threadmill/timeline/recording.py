"""From what C and Python have recorded to a timeline: one clock, one list of lanes, names for addresses."""

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._native import trace as native
from ..tasks.recorder import Recorder, Span, Spans
from .events import Event, Lane, Timeline

if TYPE_CHECKING:
    from ..tasks.dispatcher import Dispatcher

__all__ = ["Recording"]


# Wake-ups that are looked at for a worker: those before may be of workers whose events found no room.
_LOOK = 64


class _Row(NamedTuple):
    """An event of C's, its times in ns."""

    kind: str
    label: str
    call: str
    begin: int
    end: int
    thread: int
    at: int
    number: int
    detail: int


class Recording:
    """The trace of a pool, from its start to its stop."""

    def __init__(self, tasks: "Dispatcher", capacity: int) -> None:
        self._tasks = tasks
        native.start_trace(tasks.handle, capacity)
        self._start = native.read_clocks()
        tasks.record(Recorder(tasks.handle, tasks.workers.run, capacity))

    def stop(self) -> Timeline | None:
        """Ends the trace; None in a forked child, which does not have the parent's threads."""
        recorder, stop = self._tasks.recorder, native.read_clocks()
        self._tasks.record(None)
        lanes = native.stop_trace(self._tasks.handle)
        if recorder is None or not lanes:
            return None
        *workers, callers = (self._rows(lane.events, stop) for lane in lanes)
        made = _Lanes(self._start[1], stop[1], _moments_of_waking([*workers, callers], workers))
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        names.update((ident, spans.name) for ident, spans in recorder.threads.items())
        mine = {ident: spans for ident, spans in recorder.threads.items() if spans.worker < 0}
        shared = _Source(callers, lanes[-1].dropped)  # callers share their room in C
        for k, ident in enumerate(dict.fromkeys([*(row.thread for row in callers), *mine])):
            own = [row for row in callers if row.thread == ident]
            spans = [mine[ident]] if ident in mine else []
            dropped = shared if k == 0 else shared._replace(dropped=0)
            made.add(names.get(ident, f"caller {k}"), None, own, [dropped, *map(_source_of, spans)], spans)
        for at, rows in enumerate(workers):
            spans = [each for each in recorder.threads.values() if each.worker == at]
            sources = [_Source(rows, lanes[at].dropped), *map(_source_of, spans)]
            made.add(f"worker {at}", at, rows, sources, spans)
        return Timeline(made.lanes, made.events, stop[1] - self._start[1])

    def _rows(self, events: Any, stop: tuple[int, int]) -> list[_Row]:
        (tick, ns), (last, last_ns) = self._start, stop
        scale = (last_ns - ns) / max(last - tick, 1)
        begins = (ns + (events["begin"].astype(np.int64) - tick) * scale).astype(np.int64).tolist()
        ends = (ns + (events["end"].astype(np.int64) - tick) * scale).astype(np.int64).tolist()
        names = native.texts(np.concatenate([events["label"], events["call"]]))
        return [
            _Row(native.KINDS[kind], names.get(label, ""), names.get(call, ""), begin, end, *others)
            for kind, label, call, begin, end, *others in zip(
                *(events[name].tolist() for name in ("kind", "label", "call")),
                *(begins, ends),
                *(events[name].tolist() for name in ("thread", "at", "count", "detail")),
                strict=True,
            )
        ]


class _Wakes:
    """Wake-ups in their order: each worker that is woken takes the first that nobody has taken."""

    def __init__(self, wakes: Iterable[_Row]) -> None:
        self._left = [[row.begin, row.end, row.number] for row in sorted(wakes, key=lambda row: row.end)]
        self._first = 0  # those before are taken

    def take(self, begin: int, end: int) -> int | None:
        """When the worker was woken that slept from `begin` to `end`; None: by nobody that was recorded."""
        while self._first < len(self._left) and self._left[self._first][2] == 0:
            self._first += 1
        for wake in self._left[self._first : self._first + _LOOK]:
            if wake[0] > end:
                return None
            if wake[1] >= begin and wake[2] > 0:  # one that ended before is another worker's
                wake[2] -= 1
                return max(wake[0], begin)
        return None


class _Source(NamedTuple):
    """Events that share their room."""

    events: Sequence[_Row | Span]
    dropped: int

    def full(self) -> int | None:
        """When it had no room any more."""
        return max((event.end for event in self.events), default=0) if self.dropped else None


def _source_of(spans: Spans) -> _Source:
    return _Source(spans.spans, spans.dropped)


# When a worker was woken, by its number and the end of its sleep.
_Moments = dict[tuple[int, int], int | None]


def _moments_of_waking(lanes: list[list[_Row]], workers: list[list[_Row]]) -> _Moments:
    wakes = _Wakes(row for lane in lanes for row in lane if row.kind == "wake")
    parks = [
        (row.end, at, row.begin) for at, lane in enumerate(workers) for row in lane if row.kind == "park"
    ]
    return {(at, end): wakes.take(begin, end) for end, at, begin in sorted(parks)}


class _Lanes:
    def __init__(self, begin: int, end: int, woken: _Moments) -> None:
        self._begin, self._end, self._woken = begin, end, woken
        self.lanes: list[Lane] = []
        self.events: list[Event] = []

    def add(
        self, name: str, worker: int | None, rows: list[_Row], sources: list[_Source], spans: list[Spans]
    ) -> None:
        for row in rows:
            moment = None if worker is None else self._woken.get((worker, row.end))
            if row.kind == "park" and moment is not None:
                self._put("park", "park", row.begin, moment, {})
                self._put("waking", "waking", moment, row.end, {})
            else:
                self._put(*_told(row), row.begin, row.end, _details(row))
        for each in spans:
            for span in each.spans:
                self._put(span.kind, span.name, span.begin, span.end, {})
        full = [moment - self._begin for each in sources if (moment := each.full()) is not None]
        dropped = sum(each.dropped for each in sources)
        self.lanes.append(Lane(name, worker is not None, dropped, min(full, default=None)))

    def _put(self, kind: str, name: str, begin: int, end: int, details: dict[str, Any]) -> None:
        """An event, as far as it lies within the trace."""
        begin, end = max(begin, self._begin), min(end, self._end)
        if begin <= end:
            event = Event(len(self.lanes), kind, name, begin - self._begin, end - self._begin, details)
            self.events.append(event)


def _told(row: _Row) -> tuple[str, str]:
    """The kind and the name under which a timeline has an event."""
    if row.kind == "task":
        return ("python", "Python") if row.detail else ("task", "native task")
    if row.kind in ("loop", "chunk"):
        return row.kind, row.label or row.call or row.kind
    return row.kind, row.kind


def _details(row: _Row) -> dict[str, Any]:
    call = {"call": row.call} if row.call and row.label else {}
    if row.kind == "loop":
        return {**call, "chunks": row.at, "n": row.number}
    if row.kind == "chunk":
        return {**call, "first": row.at, "n": row.number}
    return {"sleepers": row.number} if row.kind == "wake" else {}
