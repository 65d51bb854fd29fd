"""Random calls of all kinds on the same parallel objects, each against NumPy's own.

    python tests/kit/mixture.py SECONDS SEED [DIRECTORY]

runs one sequence after the other, each in a process of its own, so that a crash is a difference like any
other. What differs is made as short as it can be and printed as a script; with DIRECTORY each kind of
difference is written to a file there.
"""

import collections
import dataclasses
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

from kit import mixture_objects
from kit.mixture_calls import Call
from kit.mixture_grammar import sequence
from kit.mixture_outcome import found
from kit.thresholds import lower_thresholds

LENGTH = 1000  # calls in a sequence
PATIENCE = 240  # seconds for a sequence, after which its process is ended and counts as hanging


def run_here(calls: Sequence[Call]) -> None:
    """Makes the calls, and prints a line before each and one for each difference."""
    sys.set_int_max_str_digits(0)  # Python's integers may be long
    for number, call in enumerate(calls):
        print(json.dumps([number]), flush=True)
        try:
            told = found(call)
        except Exception as error:  # the call's text or the comparison is wrong
            told = f"mixture: {type(error).__name__}: {error}"
        if told:
            print(json.dumps([number, told]), flush=True)
    print(json.dumps([]), flush=True)


def run_apart(calls: Sequence[Call], lowered: bool) -> dict[int, str]:
    """What differs in which of the calls, which are made in a process of their own."""
    given = json.dumps([lowered, [dataclasses.asdict(call) for call in calls]])
    command = [sys.executable, "-X", "faulthandler", __file__, "--calls"]
    try:
        ended = subprocess.run(command, input=given, capture_output=True, text=True, timeout=PATIENCE)
        status, output, stacks = str(ended.returncode), ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as error:
        status, output, stacks = f"nothing in {PATIENCE} s", (error.stdout or b"").decode(), ""
    lines = [json.loads(line) for line in output.splitlines() if line.endswith("]")]
    differ = {line[0]: line[1] for line in lines if len(line) == 2}
    if not lines or lines[-1]:  # it did not come to its end
        differ[lines[-1][0] if lines else 0] = f"process ended: {status}\n{stacks[-3000:]}"
    return differ


def shortest(calls: list[Call], lowered: bool, kind: str, trials: int = 24) -> list[Call]:
    """The fewest calls, found by leaving out earlier ones, whose last differs in that way."""
    last = calls[-1]

    def fails(earlier: list[Call]) -> bool:
        told = run_apart([*earlier, last], lowered).get(len(earlier))
        return told is not None and kind_of(last, told) == kind

    if fails([]):
        return [last]
    alike = [call for call in calls[:-1] if call.about() == last.about()]
    needed = alike if fails(alike) else calls[:-1]
    step = max(1, len(needed) // 2)
    while trials > 0 and needed:
        for begin in range(0, len(needed), step):
            trials -= 1
            fewer = needed[:begin] + needed[begin + step :]
            if fails(fewer):
                needed = fewer
                break
        else:
            if step == 1:
                break
            step = max(1, step // 2)
    return [*needed, last]


def kind_of(call: Call, told: str) -> str:
    """What differences have in common that are likely to have one cause."""
    first = told.partition("\n")[0].replace(", expected ", "\n")
    first = re.sub(r"[{\[].*", "...", first)  # of a result's facts, that there are some
    first = re.sub(r"0x[0-9a-f]+|[0-9a-f]{4,}|\d+|'[^']*'", "#", first).replace("\n", ", expected ")
    return f"{re.sub('np.[a-z0-9_]+', 'np.x', call.ours)} {first[:100]}"


def script(calls: Sequence[Call], lowered: bool, told: str) -> str:
    """The calls as a script that shows both outcomes of each."""
    remark = "\n".join("# " + line[:200] for line in told.splitlines())
    lower = "lower_thresholds()\n" if lowered else ""
    return f"{remark}\nfrom kit.mixture import *\n{lower}" + "\n".join(call.script() for call in calls)


def compare(call: Any, ours: Any, numpys: Any, **options: Any) -> None:
    """For scripts: shows what both functions come to, ours last."""
    for name, function, more in ("NumPy", numpys, {}), ("ours", ours, options):
        try:
            print(name, repr(call(function, **more)))
        except Exception as error:
            print(name, repr(error))


def mixture(seeds: Iterable[int], directory: Path | None = None, most: float = math.inf) -> list[str]:
    """Runs the seeds' sequences; a script for each kind of difference, `most` of them, printed as well."""
    kinds: collections.Counter[str] = collections.Counter()
    scripts: list[str] = []
    count = 0
    for seed in seeds:
        calls, lowered = sequence(seed, LENGTH), seed % 4 != 3  # whether calls of any size go to C
        count += len(calls)
        for number, told in sorted(run_apart(calls, lowered).items()):
            kind = kind_of(calls[number], told)
            kinds[kind] += 1
            if kinds[kind] > 1 or len(scripts) >= most:
                continue
            needed = shortest(calls[: number + 1], lowered, kind)
            scripts.append(f"# seed {seed}, call {number}\n{script(needed, lowered, told)}")
            print(scripts[-1], flush=True)
            if directory is not None:
                (directory / f"{seed}_{number}.py").write_text(scripts[-1])
    print(f"{count} calls, {sum(kinds.values())} differences of {len(kinds)} kinds")
    for kind, times in kinds.most_common():
        print(f"{times:6} {kind}")
    return scripts


def until(end: float, seed: int) -> Iterator[int]:
    """Seeds from this one on until the time is up."""
    while time.monotonic() < end:
        yield seed
        seed += 1


__all__ = [*mixture_objects.__all__, "compare", "lower_thresholds"]
globals().update({name: getattr(mixture_objects, name) for name in mixture_objects.__all__})

if __name__ == "__main__":
    if sys.argv[1] == "--calls":
        lowered, given = json.load(sys.stdin)
        if lowered:
            lower_thresholds()
        run_here([Call(**call) for call in given])
    else:
        where = Path(sys.argv[3]) if len(sys.argv) > 3 else None
        if where is not None:
            where.mkdir(parents=True, exist_ok=True)
        sys.exit(bool(mixture(until(time.monotonic() + float(sys.argv[1]), int(sys.argv[2])), where)))
