"""The examples in the docstrings are run."""

import doctest
import importlib
import pkgutil

import pytest

import threadmill

# Doors to packages that need not be installed, the program, and what has NumPy's own docstrings.
ELSEWHERE = ("joblib", "pandas", "threadpoolctl", "__main__", "_native.build", "numpy")
MODULES = sorted(
    {"threadmill"} | {found.name for found in pkgutil.walk_packages(threadmill.__path__, "threadmill.")}
)


@pytest.mark.parametrize(
    "name", [name for name in MODULES if not name.removeprefix("threadmill.").startswith(ELSEWHERE)]
)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    pool = importlib.import_module("threadmill.tasks.pool")
    assert len([found for found in finder.find(pool) if found.examples]) >= 5
