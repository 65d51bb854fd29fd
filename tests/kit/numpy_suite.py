"""A plugin for pytest: the tests of another package meet our functions where they name NumPy's ufuncs.

    THREADMILL_NUM_THREADS=3 SUITE_REPORT=report.json pytest -p numpy_suite .../numpy/_core/tests

Modules of tests are run with an `__import__` of their own, which hands out proxies of NumPy's and SciPy's
modules. In these every ufunc is `tm.parallel(ufunc)`, and np.sum and its like are threadmill.numpy's.
Every call that can be is shared out, in chunks of
three elements or blocks of three rows. With SUITE_PLAIN=1 the tests meet NumPy itself.
"""

import builtins
import importlib.abc
import importlib.machinery
import json
import os
import re
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.thresholds import lower_thresholds, shorten_chunks

import threadmill as tm

TESTS = re.compile(r".*/(numpy|scipy)/.*/tests/test_\w+\.py")
PROXIED = re.compile(r"numpy(\.(?!testing|random|ctypeslib)\w+)*|scipy|scipy\.special(\.\w+)*")


class _Ufuncs(type):
    """isinstance(x, np.ufunc) is true of ours as well."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, np.ufunc | tm.ParallelUfunc)

    def __getattr__(cls, name: str) -> Any:
        return getattr(np.ufunc, name)


class ufunc(metaclass=_Ufuncs):
    """Stands for np.ufunc."""


OURS: dict[int, Any] = {
    id(getattr(np, name)): getattr(tm.numpy, name) for family in tm.numpy._FAMILIES for name in family.__all__
}
for room in tm.numpy._ROOMS:
    numpys = getattr(np, room.__name__.rpartition(".")[2])
    OURS.update((id(getattr(numpys, name)), getattr(room, name)) for name in room.__all__)
OURS[id(np.ufunc)] = ufunc

_proxies: dict[str, "Proxy"] = {}


def ours(value: Any, home: str) -> Any:
    """What stands in the tests for a value of a module; SciPy says that its ufuncs don't need the GIL."""
    if isinstance(value, types.ModuleType):
        return proxy(value)
    if isinstance(value, np.ufunc):
        return tm.parallel(value, trust=home.startswith("scipy."))
    return OURS.get(id(value), value)


class Proxy(types.ModuleType):
    """A module with our functions in place of NumPy's."""

    def __getattr__(self, name: str) -> Any:  # what the module has got meanwhile
        return ours(getattr(_real(self), name), self.__name__)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_real(self), name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_real(self), name)
        super().__delattr__(name)


def _real(module: Proxy) -> types.ModuleType:
    return sys.modules[vars(module)["__name__"]]


def proxy(module: types.ModuleType) -> types.ModuleType:
    name = module.__name__
    if not PROXIED.fullmatch(name) or sys.modules.get(name) is not module:
        return module
    if name not in _proxies:
        made = _proxies[name] = Proxy(name)
        vars(made).update({key: ours(value, name) for key, value in vars(module).items()})
    return _proxies[name]


def import_ours(
    name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] = (), level: int = 0
) -> types.ModuleType:
    return proxy(builtins.__import__(name, globals, locals, fromlist, level))


class Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": import_ours}
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        if not name.rpartition(".")[2].startswith("test_"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None or not TESTS.fullmatch(spec.origin):
            return None
        spec.loader = Loader(name, spec.origin)
        return spec


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    if os.environ.get("SUITE_PLAIN") != "1":
        lower_thresholds()
        shorten_chunks(3)
        sys.meta_path.insert(0, Finder())


_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.failed:
        told = str(report.longrepr).splitlines()[-1:] if report.failed else [report.outcome]
        _outcomes[report.nodeid] = ("failed: " if report.failed else "") + " ".join(told)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _outcomes[report.nodeid] = f"failed: {report.longrepr}"[-500:]


def pytest_sessionfinish() -> None:
    if "SUITE_REPORT" in os.environ:
        how = str(tm.parallel(np.exp).explain(np.ones(100)))
        Path(os.environ["SUITE_REPORT"]).write_text(json.dumps({"how": how, "outcomes": _outcomes}, indent=0))
