"""Plans that are kept against plans made afresh: random programs on arguments that are nearly alike.

``python tests/kit/fuse_plans.py SECONDS [SEED]`` tries seeds from SEED on for so many seconds.
"""

import random
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import numpy as np
from kit.fuse_arguments import MORE_LAYOUTS
from kit.fuse_compare import Seen, everything_is_worth_it, seen, told_apart, twin
from kit.fuse_random import Case, case, holding, left_of

import threadmill as tm
from threadmill.fusion import (
    building,
    by_steps,
    foreseen,
    loops,
    node_plans,
    powers,
    reduce_all,
    reduce_columns,
    reduce_rows,
    steps,
    warned,
    worth,
)

__all__ = ["is_timed_soon", "unlike"]

# All that calls leave behind, but what belongs to a function or a ufunc.
CACHES: list[Any] = [
    *(
        node_plans.PLANS,
        by_steps.STEPS,
        building._plans,
        building._programs,
        foreseen._followed,
        powers._powers,
        warned._kept,
    ),
    *(loops._loops, loops.NUMBERS, loops._conversions, loops._selects, steps._conversions),
    *(reduce_all._loops, reduce_rows._loops, reduce_columns._loops),
]

# Whether caches are emptied before each call of a function; the last ones are timed, as it is among them.
EMPTIED = [True, False, True, False, False, False]


def is_timed_soon(patch: Any) -> None:
    """Has a function called as it is from the fourth call on, if that is quicker, or for a trial."""
    patch.setattr(worth, "_FUSED_FIRST", 3)
    patch.setattr(worth, "_TRIED", 1)


def _changed(rnd: random.Random, x: Any) -> Any:
    """An array that is nearly like x: in another layout, of another dtype or length."""
    ways: list[Callable[[Any], Any]] = [
        *(lambda x: x.astype(rnd.choice("fdDilq")), lambda x: x[..., :-1], lambda x: x[..., :1]),
        *(lambda x: MORE_LAYOUTS[rnd.choice(list(MORE_LAYOUTS))](x), lambda x: x[::-1], lambda x: x.T),
        *(lambda x: x * 0 - x * 0, lambda x: x[:1], lambda x: x.reshape(-1)),
    ]
    return rnd.choice(ways)(x)


def variants(one: Case, seed: int) -> Iterator[list[Any]]:
    """The arguments, and such as differ from them in one array."""
    rnd = random.Random(seed)
    yield one.args
    for _ in range(3):
        args = list(one.args)
        k = rnd.randrange(len(args))
        if args[k].ndim and args[k].dtype.kind not in "mM":
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                args[k] = _changed(rnd, args[k].copy("K"))
        yield args


def unlike(seed: int, pools: list[tm.Pool]) -> Seen:
    """What a program shows otherwise on plans that are kept than on such as are made afresh."""
    one = case(seed)
    pool = pools[one.pool % len(pools)]
    given = list(variants(one, seed))
    fresh: list[Seen] = []
    functions = [holding(tm.fuse(one.fused, pool=pool)) for _ in given]
    with np.errstate(**one.errstate):  # type: ignore[arg-type]
        for is_empty in EMPTIED:
            for k, args in enumerate(given):
                if is_empty:
                    for cache in CACHES:
                        cache.clear()
                now = seen(functions[k], twin(args))
                if len(fresh) < len(given):
                    fresh.append(now)
                    continue
                found = left_of(one, told_apart(fresh[k], now))
                if found:
                    return found
    return {}


def main(seconds: float, seed: int) -> int:
    class Patch:
        setattr = staticmethod(setattr)

    everything_is_worth_it(Patch())
    is_timed_soon(Patch())
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2)
    pools = [tm.Pool(n) for n in (1, 2, 3, 7)]
    begin, first, bad = time.monotonic(), seed, 0
    while time.monotonic() - begin < seconds:
        try:
            found = unlike(seed, pools)
        except (MemoryError, RecursionError):
            found = {}
        if found:
            bad += 1
            print(f"seed {seed}\n{case(seed).text}")
            for name, (before, now) in found.items():
                print(f"{name}\n  {str(before)[:3000]}\n  {str(now)[:3000]}")
        seed += 1
    print(f"{bad} of {seed - first} programs differ")
    return bad


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0) > 0)
