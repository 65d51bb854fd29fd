"""Random calls of all kinds on the same parallel objects, each against NumPy's own: bits, classes, errors, memory.

    python tests/mixture.py SECONDS SEED [DIRECTORY]

runs one sequence after the other, each in a process of its own, so that a crash is a difference like any
other. What differs is made as short as it can be and printed as a script; with DIRECTORY each kind of
difference is written to a file there.
"""

import collections
import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # where this file is run by hand

import mixture_objects
import numpy as np
from mixture_calls import Call, sequence
from thresholds import lower_thresholds
from ufunc_cases import value_bytes

LENGTH = 1000  # calls in a sequence
PATIENCE = 240  # seconds for a sequence, after which its process is ended and counts as hanging

# Differences that are known and accepted, by name: why, and what tells them.
ACCEPTED: dict[str, str] = {
    "own names": "a TypeError for arguments that don't fit names the method that was called: ours is not NumPy's",
    "memory after a failure": "an output's contents after a floating-point error was raised are not defined",
}


# ---- one call ----------------------------------------------------------------------------------------------


def facts(x: Any, named: dict[str, Any], masked: Any = True) -> Any:
    """All that can be seen of a result or an argument, as plain data."""
    if isinstance(x, tuple | list):
        return [type(x).__name__, *(facts(each, named, masked) for each in x)]
    if not isinstance(x, np.ndarray | np.generic):
        shown = re.sub(r" at 0x[0-9a-f]+", "", repr(x))
        return [type(x).__name__, shown, facts(vars(x).get("array"), named) if hasattr(x, "__dict__") else 0]
    dtype = x.dtype
    told: dict[str, Any] = {
        "class": type(x).__qualname__,
        "dtype": f"{dtype} {dtype.str} {dtype.char}",
        "metadata": repr(dtype.metadata),
        "shape": x.shape,
    }
    if isinstance(x, np.ndarray):
        told["strides"] = x.strides
        told["flags"] = (x.flags.writeable, x.flags.aligned, x.flags.owndata)
        told["is"] = sorted(name for name, value in named.items() if value is x)
        told["unit"] = getattr(x, "unit", None)
        if isinstance(x, np.ma.MaskedArray):
            told["mask"], told["fill"] = np.ma.getmaskarray(x).tolist(), repr(x.fill_value)
    plain = np.asarray(x)
    if masked is not True and not told.get("is"):
        plain = _where(plain, masked)  # the rest of a new array is undefined
    told["bits"] = repr(plain.tolist()) if dtype.hasobject or dtype.char in "SUV" else value_bytes(plain)
    return told


def _where(x: Any, mask: Any) -> Any:
    """x with zeros where the mask is false."""
    try:
        return np.where(np.broadcast_to(np.asarray(mask, bool), x.shape), x, np.zeros((), x.dtype))
    except (TypeError, ValueError):
        return x


def memory(x: Any) -> Any:
    """The whole memory that an argument is a view of, so that a write between its elements shows."""
    if not isinstance(x, np.ndarray):
        return facts(x, {})
    padded = x.dtype.char in "gG"
    while isinstance(x.base, np.ndarray):
        x = x.base
    if padded:  # a long double has bytes that nobody writes, or anybody
        return value_bytes(np.asarray(x)) if x.dtype.char in "gG" else None
    return repr(x.tolist()) if x.dtype.hasobject else np.asarray(x).tobytes()


class Heard(list[Any]):
    """What np.seterrcall was given: told by a call, or by a line."""

    def __call__(self, error: str, flag: int) -> None:
        self.append((error, flag))

    def write(self, line: str) -> None:
        self.append(line)


def outcome(call: Call, ours: bool) -> dict[str, Any]:
    """Makes the call; everything that came of it, as plain data."""
    heard = Heard()
    names: dict[str, Any] = {name: getattr(mixture_objects, name) for name in mixture_objects.__all__}
    names |= {"__name__": "mixture_of_calls", "hear": heard}
    text = call.text()
    place = "\n" * text.count("\n", 0, text.rindex("return f("))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        exec(compile(text, "<call>", "exec"), names)
        made = {name: names[name] for name in "abopw" if name in names}
        expression = place + (call.ours if ours else call.numpys)
        names["explained"] = lambda *args, **options: None
        function = eval(compile(expression, "<call>", "eval"), names)
        options = {"pool": mixture_objects.pool(call.pool)} if ours and call.pool else {}
        warnings.simplefilter("always")
        told: dict[str, Any] = {"result": None, "error": None}
        with Printed("print" in call.errstate) as printed:
            try:
                result = names["call"](function, **options)
            except Exception as error:
                told["error"] = [type(error).__name__, str(error)]
            else:
                masked = made["w"] if call.mask else True
                told["result"] = None if call.numpys == "explained" else facts(result, made, masked)
    told["warned"] = [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught]
    told["heard"], told["printed"] = list(heard), printed.text
    told["arguments"] = {name: facts(value, {}) for name, value in made.items()}
    told["memory"] = {name: memory(value) for name, value in made.items()}
    return told


class Printed:
    """What is written to C's stderr meanwhile, if that is asked for."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.text = wanted, ""

    def __enter__(self) -> "Printed":
        if self.wanted:
            self.file = tempfile.TemporaryFile()
            self.kept = os.dup(2)
            os.dup2(self.file.fileno(), 2)
        return self

    def __exit__(self, *_: object) -> None:
        if self.wanted:
            os.dup2(self.kept, 2)
            os.close(self.kept)
            self.file.seek(0)
            self.text = self.file.read().decode()
            self.file.close()


# ---- two outcomes ------------------------------------------------------------------------------------------


def differences(ours: Any, numpys: Any, at: str = "") -> Iterator[str]:
    """What differs, each with the place where it is; the first tells most."""
    if isinstance(numpys, dict) and isinstance(ours, dict) and ours.keys() == numpys.keys():
        for key in numpys:
            yield from differences(ours[key], numpys[key], f"{at}.{key}" if at else key)
    elif isinstance(numpys, list | tuple) and isinstance(ours, list | tuple) and len(ours) == len(numpys):
        for k, pair in enumerate(zip(ours, numpys, strict=True)):
            yield from differences(*pair, f"{at}[{k}]")
    elif isinstance(numpys, np.ndarray) and isinstance(ours, np.ndarray) and ours.shape == numpys.shape:
        wrong = np.flatnonzero((ours != numpys).any(axis=1))
        if wrong.size:
            k = wrong[0]
            shown = f"{bytes(ours[k]).hex()}, expected {bytes(numpys[k]).hex()}"
            yield f"{at}: {wrong.size} of {len(ours)} elements differ, the first at {k}: {shown}"
    elif isinstance(numpys, np.ndarray) or isinstance(ours, np.ndarray):
        yield f"{at}: other shapes"
    elif isinstance(numpys, bytes) and isinstance(ours, bytes):
        if ours != numpys:
            yield f"{at}: other bytes"
    elif ours != numpys:
        yield f"{at}: {str(ours)[:300]}, expected {str(numpys)[:300]}"


def found(call: Call) -> str | None:
    """What differs between our call and NumPy's, if anything."""
    numpys, ours = outcome(call, False), outcome(call, True)
    for each in ours, numpys:
        each["error"] = each["error"] and _neutral(*each["error"])
    if ours["error"] and numpys["error"] and numpys["error"][0] == "FloatingPointError":  # memory after a failure
        for each in ours, numpys:
            each["memory"] = each["arguments"] = None
    if call.numpys == "explained":
        ours["warned"] = []
    told = list(differences(ours, numpys))
    return "\n".join(told) or None


def _neutral(kind: str, text: str) -> tuple[str, str]:
    """An error without the names that Python gives to functions: see "own names" above."""
    if kind == "TypeError":
        text = re.sub(r"^(ParallelUfunc\.|_reduction\.<locals>\.)?(\w+)\(\)", r"\2()", text)
    return kind, re.sub(r" at 0x[0-9a-f]+", "", text)


# ---- sequences, each in a process of its own ---------------------------------------------------------------


def run_here(calls: Sequence[Call]) -> None:
    """Makes the calls, and prints a line before each and one for each difference."""
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
    first = re.sub(r"0x[0-9a-f]+|[0-9a-f]{4,}|\d+|'[A-Za-z]'", "#", told.split("\n")[0])
    return f"{re.sub('np.[a-z0-9_]+', 'np.x', call.ours)} {first[:80]}"


def script(calls: Sequence[Call], lowered: bool, told: str) -> str:
    """The calls as a script that shows both outcomes of each."""
    remark = "\n".join("# " + line[:200] for line in told.splitlines())
    lower = "lower_thresholds()\n" if lowered else ""
    return f"{remark}\nfrom mixture import *\n{lower}" + "\n".join(call.script() for call in calls)


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
        sys.exit(bool(mixture(until(time.monotonic() + float(sys.argv[1]), int(sys.argv[2])), where)))
