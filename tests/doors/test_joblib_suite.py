"""joblib's own tests of Parallel, with our backend by the name of "threading"."""

import importlib.util
import os
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from kit import commands

RUN = """
import sys
import joblib.parallel
import pytest
from threadmill.joblib import ThreadmillBackend

joblib.parallel.BACKENDS["threading"] = ThreadmillBackend
options = ["-q", "-k", "threading", "--junitxml", "report.xml"]
sys.exit(pytest.main([*options, "--pyargs", "joblib.test.test_parallel"]))
"""

SETTINGS = """
[pytest]
markers =
    no_cover
    thread_unsafe
"""

_TYPE = "asks for the type ThreadingBackend by name"

# What fails, by the name of the test, each with its reason.
ACCEPTED = {
    "test_parallel_as_context_manager": "a managed Parallel has no pool of its own that ends with it",
    "test_batching_auto_threading": "small calls are batched, which pays on any pool",
    "test_backend_context_manager": _TYPE,
    "test_nested_backend_context_manager": _TYPE,
    "test_nested_parallelism_limit": "nested calls run on the same pool, at any depth, and not one by one",
}


@pytest.mark.long
def test_joblibs_own_tests_pass(tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    if importlib.util.find_spec("joblib.test") is None:
        pytest.skip("this joblib comes without its tests")
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    environment = {**os.environ, "THREADMILL_NUM_THREADS": "4"}
    paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    done = commands.run(sys.executable, "-c", RUN, check=False, seconds=110, cwd=tmp_path, env=environment)
    cases = xml.parse(tmp_path / "report.xml").getroot().iter("testcase")
    outcome = {case.get("name", ""): [child.tag for child in case] for case in cases}
    failed = {name.split("[")[0] for name, tags in outcome.items() if {"failure", "error"} & set(tags)}
    assert failed == set(ACCEPTED), done.stdout[-5000:] + done.stderr
    assert sum(not tags for tags in outcome.values()) > 50
