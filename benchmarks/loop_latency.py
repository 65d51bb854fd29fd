"""What does a parallel loop cost in C: hot, beside libgomp's; after idleness; and when nothing runs?

A region of libgomp waits for all of its threads, our loop for its chunks: the caller may have run them alone.
"""

from collections.abc import Iterator

from . import native
from .harness import Measure, Plan, Row, Summary, row, summary

__all__ = ["run"]

IDLE_BEFORE_JOB = 5e-3


def run(plan: Plan) -> Iterator[Row | str]:
    yield from _hot(plan)
    yield _cold(plan)
    yield _idle(plan)


def _hot(plan: Plan) -> Iterator[Row | str]:
    rounds, repeats = (3, 1_000) if plan.smoke else (60, 10_000)
    samples = native.run("loop_latency.c", "hot", plan.threads, rounds, repeats, plan.pause)
    ours, what = samples["pool"], "empty loop, hot"
    if "openmp" in samples:
        theirs = samples["openmp"]
        note = f"p10 .. p90: ours {_spread(summary(ours))}, libgomp {_spread(summary(theirs))}"
        peer = "omp parallel"
        yield row(plan, what, ours, Measure.SHARE, peer=peer, theirs=theirs, target=0.5, note=note)
    else:
        yield "libgomp: left out, the compiler has no OpenMP"
    serial = samples["serial"]
    yield row(plan, what, ours, Measure.EXCESS, peer="serial loop", theirs=serial)
    what = "empty loop, no pool"
    yield row(plan, what, samples["inline"], Measure.EXCESS, peer="serial loop", theirs=serial)


def _cold(plan: Plan) -> Row:
    rounds = 5 if plan.smoke else 200
    samples = native.run("loop_latency.c", "cold", plan.threads, rounds, 1, IDLE_BEFORE_JOB)
    what = "20 us job after 5 ms of idleness"
    ours, theirs = samples["pool"], samples["serial"]
    note = f"p10 .. p90: ours {_spread(summary(ours))}, serial {_spread(summary(theirs))}"
    return row(plan, what, ours, Measure.SHARE, peer="serial loop", theirs=theirs, target=1.3, note=note)


def _idle(plan: Plan) -> Row:
    seconds = 0.2 if plan.smoke else 2.0
    samples = native.run("loop_latency.c", "idle", plan.threads, 1, 1, seconds)
    what = f"CPU time of {seconds:g} s of an idle pool"
    return row(plan, what, samples["idle"], Measure.SECONDS, target=1e-3)


def _spread(samples: Summary) -> str:
    return f"{samples.p10 * 1e6:.3f} .. {samples.p90 * 1e6:.3f} us"
