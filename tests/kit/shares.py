"""A share of each test's cases, for a run that need not try them all."""

import random
from collections import defaultdict
from collections.abc import Iterable

__all__ = ["share"]

# Few cases are seldom a product: each may be a fault that was met.
FEWEST = 4


def share(names: Iterable[str], k: int, n: int) -> set[str]:
    """The k-th of n shares of each test's cases, drawn by the same lot in every run: four at least.

    The name of a case is its test's and, in brackets, its parameters. All n shares together are all cases.
    """
    tests: dict[str, list[str]] = defaultdict(list)
    for name in names:
        tests[name.partition("[")[0]].append(name)
    chosen: set[str] = set()
    for test, cases in tests.items():
        random.Random(test).shuffle(cases)
        first = (k - 1) * len(cases) // n
        count = max(-(-len(cases) // n), min(FEWEST, len(cases)))
        chosen.update((cases + cases)[first : first + count])
    return chosen
