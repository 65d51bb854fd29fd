"""A timeline: lanes, the events in them, and what they come to."""

from typing import Any, NamedTuple

__all__ = ["IDLE", "KINDS", "WORK", "Event", "Lane", "Timeline"]

# What a lane does: works, waits for the others' last chunks, or is idle. A task is Python's or native; `call`
# is a caller's call of a function; `python` a worker's stay in Python, its tasks and the waits for the GIL
# between them; `wake` the waking of others, `waking` the time from there until the worker runs.
WORK = ("chunk", "task")
IDLE = ("spin", "park", "waking")
KINDS = ("call", "loop", "python", *WORK, "join", "wake", *IDLE)


class Event(NamedTuple):
    """What a lane did; times are ns from the beginning of the trace."""

    lane: int
    kind: str
    name: str
    begin: int
    end: int
    details: dict[str, Any]


class Lane(NamedTuple):
    """A thread: a caller, or one of the pool's workers."""

    name: str
    is_worker: bool
    dropped: int
    full: int | None  # when it had no room any more, in ns


class Timeline:
    """What the threads of a pool and its callers did during a trace.

    Attributes
    ----------
    lanes : list of Lane
        The callers first, then the pool's workers.
    events : list of Event
        In the order of their beginnings.
    duration : int
        Nanoseconds.
    """

    def __init__(self, lanes: list[Lane], events: list[Event], duration: int) -> None:
        self.lanes = lanes
        self.events = sorted(events, key=lambda event: (event.begin, -event.end))
        self.duration = duration
        self._by_lane: list[list[Event]] = [[] for _ in lanes]
        for event in self.events:
            self._by_lane[event.lane].append(event)

    @property
    def dropped(self) -> int:
        """How many events found no room."""
        return sum(lane.dropped for lane in self.lanes)

    @property
    def workers(self) -> int:
        return sum(lane.is_worker for lane in self.lanes)

    def of(self, lane: int, *kinds: str) -> list[Event]:
        """A lane's events of these kinds."""
        return [event for event in self._by_lane[lane] if event.kind in kinds]

    def busy(self, lane: int) -> int:
        """Nanoseconds in which the lane worked; what lies within each other counts once."""
        total = end = 0
        for event in self.of(lane, *WORK):
            total += max(0, event.end - max(event.begin, end))
            end = max(end, event.end)
        return total

    def waking(self) -> list[int]:
        """Nanoseconds from each wake-up until the worker ran, in rising order."""
        return sorted(event.end - event.begin for event in self.events if event.kind == "waking")

    def told(self) -> str:
        """What the picture shows, in lines: how busy each lane was, wake-ups, waits, what was dropped."""
        span = self.duration or 1
        width = max((len(lane.name) for lane in self.lanes), default=0)
        lines = [f"{_time(self.duration)}, {self.workers} worker{'s' * (self.workers != 1)}"]
        for at, lane in enumerate(self.lanes):
            busy = self.busy(at) / span
            waited = sum(event.end - event.begin for event in self.of(at, "join")) / span
            waits = f", waited for others {waited:4.0%}" if waited >= 0.005 else ""
            lines.append(f"  {lane.name:<{width}}  at work {busy:4.0%}{waits}")
        if waking := self.waking():
            median, longest = _time(waking[len(waking) // 2]), _time(waking[-1])
            lines.append(f"wake-ups: {len(waking):,}, median {median}, longest {longest}")
        if self.dropped:
            lines.append(f"{self.dropped:,} events found no room: give trace() a larger `events`")
        return "\n".join(lines)


def _time(ns: int) -> str:
    for unit, size in ("s", 10**9), ("ms", 10**6), ("µs", 10**3):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns} ns"
