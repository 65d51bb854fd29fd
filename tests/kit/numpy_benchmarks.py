"""The kernels of numpy-benchmarks as published: python tests/kit/numpy_benchmarks.py FOLDER [NAME ...].

FOLDER is a checkout of serge-sans-paille/numpy-benchmarks. Each kernel tells its arguments and its call in
its first lines. It runs fused, with small arrays fused as well, and with threadmill.numpy in NumPy's place.
All that a caller can see is compared in every bit; the fastest times of some calls are told. The status is
the number of kernels that differ.
"""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

from kit.fuse_compare import seen
from kit.npbench import copies, differing, times


def kernel(path: Path) -> tuple[Callable[..., Any], Callable[..., Any], list[Any]]:
    """A kernel with NumPy and with our namespace, and its arguments."""
    text = path.read_text()
    setup, call = (re.search(rf"#{word}:(.*)", text)[1].strip() for word in ("setup", "run"))  # type: ignore[index]
    name, args = re.fullmatch(r"(\w+)\((.*)\)", call).groups()  # type: ignore[union-attr]
    made: dict[str, Any] = {}
    exec(setup, made)
    functions = []
    ours = re.sub(r"import numpy$", "import numpy as numpy", text, flags=re.MULTILINE)
    for source in text, re.sub(r"\b(import|from) numpy\b", r"\1 threadmill.numpy", ours):
        names: dict[str, Any] = {}
        exec(compile(source, str(path), "exec"), names)
        functions.append(names[name])
    return functions[0], functions[1], [*eval(f"({args},)" if args else "()", made)]


def seconds(function: Callable[..., Any], args: list[Any]) -> float:
    given = copies(args)
    start = time.perf_counter()
    function(*given)
    return time.perf_counter() - start


def main(folder: str, *names: str) -> int:
    room = Path(folder) / "numpy_benchmarks" / "benchmarks"
    bad = count = 0
    for name in names or sorted(path.stem for path in room.glob("*.py")):
        function, ours, args = kernel(room / f"{name}.py")
        found = differing(function, args)
        count += 1
        wrong = [
            *found,
            *(["the namespace"] if seen(function, copies(args)) != seen(ours, copies(args)) else []),
        ]
        bad += bool(wrong)
        numpys, fused = times(function, args, 1.0)
        pairs = [(seconds(function, args), seconds(ours, args)) for _ in range(7)]
        by_name = min(one for one, _ in pairs) / min(other for _, other in pairs)
        word = f"differs in {', '.join(wrong)}" if wrong else "the same"
        print(
            f"{name:26} {word:12} {1000 * numpys:10.3f} ms; fused {numpys / fused:5.2f}, "
            f"with the namespace {by_name:5.2f} x NumPy's speed",
            flush=True,
        )
    print(f"{count - bad} of {count} are the same")
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
