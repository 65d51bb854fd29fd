"""npbench's kernels as published, fused: python tests/kit/npbench.py FOLDER [PRESET [NAME ...]].

FOLDER is a checkout of npbench, PRESET one of its sizes ("S"). Each kernel runs with small arrays fused as
well, where results, arguments afterwards, warnings and errors are compared in every bit; and as users run it,
for the times, of which the fastest of some are told. The status is the number of kernels that differ.
"""

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import numpy as np
import pytest
from kit.fuse_compare import differences, everything_is_worth_it, twin

import threadmill as tm


def loaded(path: Path) -> Any:
    """The module in this file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kernel(folder: Path, name: str, preset: str) -> tuple[Callable[..., Any], list[Any]]:
    """The NumPy version of a kernel, and its arguments."""
    about = json.loads((folder / "bench_info" / f"{name}.json").read_text())["benchmark"]
    room = folder / "npbench" / "benchmarks" / about["relative_path"]
    data = dict(about["parameters"][preset])
    if about.get("init"):
        begin = getattr(loaded(room / f"{about['module_name']}.py"), about["init"]["func_name"])
        made = begin(*[data[key] for key in about["init"]["input_args"]])
        keys = about["init"]["output_args"]
        data.update(zip(keys, made if len(keys) > 1 else (made,), strict=True))
    function = getattr(loaded(room / f"{about['module_name']}_numpy.py"), about["func_name"])
    return function, [data[key] for key in about["input_args"]]


def copies(args: list[Any]) -> list[Any]:
    arrays = iter(twin([x for x in args if isinstance(x, np.ndarray)]))
    return [next(arrays) if isinstance(x, np.ndarray) else x for x in args]


def differing(function: Callable[..., Any], args: list[Any]) -> dict[str, Any]:
    """What differs with small arrays fused as well."""
    places = [k for k, x in enumerate(args) if isinstance(x, np.ndarray)]

    def of_arrays(*arrays: Any) -> Any:
        given = list(args)
        for k, x in zip(places, arrays, strict=True):
            given[k] = x
        return function(*given)

    with pytest.MonkeyPatch.context() as patch:
        everything_is_worth_it(patch)
        return differences(of_arrays, [args[k] for k in places])


def times(function: Callable[..., Any], args: list[Any], patience: float = 2.0) -> tuple[float, float]:
    """Seconds that NumPy takes, and the fused function; in turn, of at least three rounds the fastest."""
    best, rounds, begin = [float("inf")] * 2, 0, time.perf_counter()
    calls = function, tm.fuse(function)
    while rounds < 3 or time.perf_counter() - begin < patience:
        for k, call in enumerate(calls):
            given = copies(args)
            start = time.perf_counter()
            call(*given)
            best[k] = min(best[k], time.perf_counter() - start)
        rounds += 1
    return best[0], best[1]


def main(folder: str, preset: str = "S", *names: str) -> int:
    every = sorted(path.stem for path in (Path(folder) / "bench_info").glob("*.json"))
    bad = 0
    np.seterr(all="warn")
    for name in names or every:
        function, args = kernel(Path(folder), name, preset)
        found = differing(function, args)
        numpys, ours = times(function, args)
        word = f"differs in {', '.join(found)}" if found else "the same"
        bad += bool(found)
        print(
            f"{name:26} {word:12} {1000 * numpys:10.3f} ms {1000 * ours:10.3f} ms "
            f"{numpys / ours:6.2f} x NumPy's speed",
            flush=True,
        )
        for key, (plainly, fused) in found.items() if names else ():
            print(f"  {key}\n    {str(plainly)[:2000]}\n    {str(fused)[:2000]}")
    print(f"{len(names or every) - bad} of {len(names or every)} are the same")
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
