"""Timelines as files in Chrome's trace-event format, which Perfetto, speedscope and others open as well."""

import json
import os
from pathlib import Path
from typing import Any

from .events import KINDS, Event, Lane, Timeline

__all__ = ["read", "write"]

_MAKER = "threadmill"


def write(timeline: Timeline, path: str | os.PathLike[str]) -> None:
    """Writes a timeline; the file is there as a whole or not at all."""
    process = {"pid": os.getpid(), "ph": "M"}
    events: list[dict[str, Any]] = [{**process, "name": "process_name", "args": {"name": _MAKER}}]
    for at, lane in enumerate(timeline.lanes):
        facts = {"name": lane.name, "worker": lane.is_worker, "dropped": lane.dropped, "full": lane.full}
        events.append({**process, "tid": at, "name": "thread_name", "args": facts})
        events.append({**process, "tid": at, "name": "thread_sort_index", "args": {"sort_index": at}})
    for event in timeline.events:
        one = {"ph": "X", "pid": process["pid"], "tid": event.lane, "cat": event.kind, "name": event.name}
        span = {"ts": event.begin / 1000, "dur": (event.end - event.begin) / 1000}
        events.append({**one, **span, "args": event.details})
    facts = {"maker": _MAKER, "duration_ns": timeline.duration, "dropped": timeline.dropped}
    whole = {"displayTimeUnit": "ns", "otherData": facts, "traceEvents": events}
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(whole, separators=(",", ":")), encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> Timeline:
    """Reads a timeline that `write` has written; ValueError for any other file."""
    try:
        whole = json.loads(Path(path).read_text(encoding="utf-8"))
        if whole["otherData"]["maker"] != _MAKER:
            raise ValueError("another program's trace")
        duration = int(whole["otherData"]["duration_ns"])
        found = whole["traceEvents"]
        names = sorted((one["tid"], one["args"]) for one in found if one["name"] == "thread_name")
        lanes = [Lane(args["name"], args["worker"], args["dropped"], args["full"]) for _, args in names]
        return Timeline(lanes, [_event(one) for one in found if one["ph"] == "X"], duration)
    except (KeyError, TypeError, ValueError) as error:
        text = (
            f"{os.fspath(path)} is no timeline of threadmill's ({error!r}): `with tm.trace(path)` writes one"
        )
        raise ValueError(text) from error


def _event(one: dict[str, Any]) -> Event:
    if one["cat"] not in KINDS:
        raise ValueError(f"no kind of event: {one['cat']!r}")
    begin = round(one["ts"] * 1000)
    return Event(one["tid"], one["cat"], one["name"], begin, begin + round(one["dur"] * 1000), one["args"])
