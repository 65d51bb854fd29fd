"""What `--share` leaves of the suite."""

from collections import Counter

import pytest
from kit.shares import FEWEST, share

NAMES = [f"tests/a.py::many[{k}]" for k in range(103)] + [f"tests/a.py::few[{k}-[x]]" for k in range(5)]
NAMES += ["tests/a.py::one", "tests/b.py::many"]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 200])
def test_all_shares_together_are_all_cases_and_each_has_some_of_every_test(n: int) -> None:
    shares = [share(NAMES, k, n) for k in range(1, n + 1)]
    assert set().union(*shares) == set(NAMES)
    for each in shares:
        counts = Counter(name.partition("[")[0] for name in each)
        assert counts["tests/a.py::one"] == counts["tests/b.py::many"] == 1
        assert counts["tests/a.py::many"] == max(-(-103 // n), FEWEST)
        assert counts["tests/a.py::few"] == max(-(-5 // n), FEWEST)


def test_every_process_draws_the_same_lot() -> None:
    drawn = share((f"test[{k}]" for k in range(12)), 1, 3)
    assert drawn == {"test[2]", "test[5]", "test[6]", "test[7]"}
