"""docs/reliability.md: every row is there, and every test that it names."""

import ast
import re
import sys
from pathlib import Path

import pytest
from kit import commands

ROW = re.compile(r"^\| *(\d+) *\|", re.MULTILINE)
NAMED = re.compile(r"`((?:native/)?\w+\.(?:py|c))::(\w+)`")
MODEL = re.compile(r"`(models/\w+\.pml)`")


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "reliability.md").read_text(encoding="utf-8")


def find(root: Path, name: str) -> Path:
    """The file of that name among the tests, which is the only one."""
    (path,) = (root / "tests").rglob(name)
    return path


def defined_in(path: Path) -> set[str]:
    """The names of the tests that a file defines."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".c":
        defined = set(re.findall(r"^TEST\((\w+)\)", source, re.MULTILINE))
        return defined & set(re.findall(r"^ *RUN\((\w+)\);", source, re.MULTILINE))
    return {
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_failure_has_its_row(text: str) -> None:
    assert [int(number) for number in ROW.findall(text)] == list(range(1, 36))


def test_every_row_names_what_holds_it(text: str) -> None:
    rows = [line for line in text.splitlines() if ROW.match(line)]
    for row in rows:
        assert len(row.split(" | ")) == 4, row
        assert NAMED.search(row) or MODEL.search(row), row


def test_every_test_named_exists(root: Path, text: str) -> None:
    named = NAMED.findall(text)
    assert len(named) > 50
    missing = [f"{file}::{test}" for file, test in named if test not in defined_in(find(root, file))]
    assert missing == []
    assert [model for model in MODEL.findall(text) if not (root / "tests" / model).is_file()] == []


def test_every_native_test_runs(root: Path) -> None:
    """One that main() forgets would pass unseen."""
    for path in sorted((root / "tests" / "native").glob("test_*.c")):
        defined = set(re.findall(r"^TEST\((\w+)\)", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert defined == defined_in(path), path.name


def test_every_public_report_is_tried(root: Path, text: str) -> None:
    """Each row of the reports has its test, each test its row, and each sort of reports fifteen at least."""
    section = text[text.index("## Public bug reports") : text.index("## Faults")]
    listed: set[str] = set()
    for part in section.split("\n### ")[1:]:
        rows = [line.split(" | ") for line in part.splitlines() if re.match(r"\| [\w-]*[#-]\d", line)]
        assert len(rows) >= 15, part
        assert all(len(row) == 3 for row in rows)
        listed.update(row[0].strip("| ").split(", ")[0] for row in rows)
    arrays = find(root, "test_reports_arrays.py").read_text(encoding="utf-8")
    tried = set(re.findall(r'^@report\("([^"]+)"', arrays, re.MULTILINE))
    for file in "test_reports_arrays.py", "test_reports_tasks.py":
        for name in defined_in(find(root, file)):
            if report := re.match(r"test_([a-z]+)_(\d+)_", name):
                project, number = report.groups()
                tried.add(f"{project}{'-' if project in ('bpo', 'gh') else '#'}{number}")
    assert listed == tried


@pytest.mark.parametrize("first", ["original", "copy"])
def test_two_copies_in_one_process(tmp_path: Path, first: str) -> None:
    """As when another package carries one inside: each has threads of its own, and none minds the other."""
    script = """
import importlib, os, pathlib, shutil, sys
import numpy as np, threadmill

carrier = pathlib.Path(sys.argv[1]) / "carrier"
shutil.copytree(pathlib.Path(threadmill.__file__).parent, carrier / "threadmill")
(carrier / "__init__.py").write_text("")
sys.path.insert(0, sys.argv[1])
copy = importlib.import_module("carrier.threadmill")
assert copy.Pool is not threadmill.Pool

x = np.arange(300_001, dtype=np.float64)
def use(tm):
    with tm.Pool(2) as pool:
        assert tm.sum(x, pool=pool) == np.sum(x)
        assert list(pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
        other = copy if tm is threadmill else threadmill
        assert pool.submit(lambda: other.sum(x)).result() == np.sum(x)
use(threadmill if sys.argv[2] == "original" else copy)
use(threadmill), use(copy)
with threadmill.Pool(2) as mine, copy.Pool(3) as theirs:
    mine.submit(int).result(), theirs.submit(int).result()
    pid = os.fork()
    if pid == 0:
        use(copy), use(threadmill)
        os._exit(0 if mine.submit(pow, 2, 3).result() == theirs.submit(pow, 2, 3).result() else 1)
    assert os.waitpid(pid, 0)[1] == 0
print("both")
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, str(tmp_path), first]
    run = commands.run(*command, check=False)
    assert (run.stdout, run.stderr) == ("both\n", "")
