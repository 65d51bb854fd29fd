"""What every test module shares: the root of the tree, an environment without settings, no deadlines."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from kit.marks import only_in_a_sweep
from kit.packages import sdist_of, wheel_of
from kit.shares import share

if TYPE_CHECKING:
    import threadmill as tm

# The suite states its pools itself; a user's own settings would change the default one. That has two threads
# on a machine of one core, too: on one thread NumPy makes all calls.
os.environ.pop("THREADMILL_NUM_THREADS", None)
os.environ.pop("OMP_NUM_THREADS", None)
if len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)) == 1:
    os.environ["THREADMILL_NUM_THREADS"] = "2"

# They are for this run, and not for those that tests start: these would write their reports over its own.
os.environ.pop("PYTEST_ADDOPTS", None)

# A shell without job control has what it runs in the background ignore Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline would make a busy machine a failure; on CI the examples are the same in every run.
settings.register_profile(
    "threadmill",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `pool`, which serves any example
)
settings.load_profile("threadmill")


def _k_of_n(text: str) -> tuple[int, int]:
    k, n = map(int, text.split("/"))
    if not 1 <= k <= n:
        raise ValueError
    return k, n


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=_k_of_n, metavar="K/N", help="the K-th of N shares of each test's cases")


@pytest.hookimpl(trylast=True)  # once -m and -k have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if asked := config.getoption("share"):
        chosen = share((item.nodeid for item in items), *asked)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
        items[:] = [item for item in items if item.nodeid in chosen]


@pytest.fixture(scope="module", autouse=True)
def _freeze() -> None:
    """Keeps collected tests and imported packages out of the collector's sight, which many tests call for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the source tree, or of an unpacked sdist."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def sdist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sdist_of(root, tmp_path_factory)


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(sdist, tmp_path_factory)


@pytest.fixture(params=[1, only_in_a_sweep(2), 3, only_in_a_sweep(7)])
def pool(request: pytest.FixtureRequest) -> "Iterator[tm.Pool]":
    """A new pool of each size that the suite is run on."""
    import threadmill as tm

    with tm.Pool(request.param, "mill") as pool:
        yield pool


@pytest.fixture(scope="module")
def pools() -> "Iterator[list[tm.Pool]]":
    """Pools of several sizes, for a test that takes them in turn."""
    import threadmill as tm

    with tm.Pool(1) as one, tm.Pool(2) as two, tm.Pool(7) as seven:
        yield [one, two, seven]


@pytest.fixture(scope="module")
def threads() -> "Iterator[tm.Pool]":
    """A pool of three for a whole module, whose tests ask nothing of the pool but its threads."""
    import threadmill as tm

    with tm.Pool(3) as pool:
        yield pool


@pytest.fixture
def restless() -> Iterator[None]:
    """Has the GIL, where there is one, change hands at every chance."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Has NumPy report no floating-point error."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def all_errors_warn() -> Iterator[None]:
    """Has NumPy warn of every floating-point error, underflow too."""
    with np.errstate(all="warn"):
        yield


@pytest.fixture(scope="module")
def every_size_in_c() -> Iterator[None]:
    """Has small arrays go to C as well, which as a rule are NumPy's because they are too small to gain."""
    from kit.thresholds import lower_thresholds

    with pytest.MonkeyPatch.context() as patch:
        lower_thresholds(patch.setattr)
        yield


@pytest.fixture
def joblib() -> Any:
    """joblib, which knows our backend."""
    joblib = pytest.importorskip("joblib")
    from threadmill.joblib import register

    register()
    return joblib
