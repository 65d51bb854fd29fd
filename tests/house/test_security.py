"""What SECURITY.md promises, as far as the source shows it."""

import ast
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from kit import commands

import threadmill as tm

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "open", "input"}
FORBIDDEN_MODULES = {
    *("pickle", "marshal", "shelve", "dill", "cloudpickle"),  # code in data
    *("tempfile", "shutil", "socket", "urllib", "http", "subprocess", "runpy", "multiprocessing"),
}
ALLOWED_MODULES = {
    "joblib.py": {"multiprocessing"},  # for the class of an error
    "blocks.py": {"pickle"},  # for what dask hands to its workers, which unpickle all that they are given
}
FORBIDDEN_ATTRIBUTES = {"system", "popen", "execv", "execve", "spawnv", "putenv", "dlopen"}
VARIABLES = {
    *("THREADMILL_FUSE", "THREADMILL_NUM_THREADS", "THREADMILL_PIN", "THREADMILL_REPORT"),
    "THREADMILL_UFUNCS",
}

# The build's own description runs on the builder's machine, never in an installed package's process.
PACKAGE = Path(__file__).parents[2] / "src" / "threadmill"
SOURCES = sorted(PACKAGE.rglob("*.py"))
SHIPPED = [path for path in SOURCES if path.name != "build.py"]
C_SOURCES = sorted((Path(__file__).parents[2] / "csrc").rglob("*.[ch]"))


def test_there_is_something_to_look_at() -> None:
    assert len(SHIPPED) > 20
    assert len(C_SOURCES) > 20


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_code_from_strings_no_files_no_pickles(path: Path) -> None:
    forbidden = FORBIDDEN_MODULES - ALLOWED_MODULES.get(path.name, set())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"line {node.lineno}"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN_ATTRIBUTES, f"line {node.lineno}"
        elif isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & forbidden
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").split(".")[0] not in forbidden


def test_environment_variables_are_those_that_are_promised(root: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SHIPPED)
    assert set(re.findall(r"THREADMILL_[A-Z_]+", text)) == VARIABLES
    assert text.count("environ") == text.count("os.environ.get(") + text.count("environment")
    promised = (root / "SECURITY.md").read_text(encoding="utf-8")
    assert {name for name in VARIABLES if f"`{name}" in promised} == VARIABLES


@pytest.mark.parametrize("path", C_SOURCES, ids=lambda path: path.name)
def test_c_reads_no_variable_and_runs_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"\b(getenv|system|popen|dlopen|exec[lv]\w*|strcpy|strcat|sprintf|gets)\(", text)
    assert found == []
    assert set(re.findall(r'fopen\([^,]+, "(\w+)"\)', text)) <= {"re"}


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("readelf"), reason="reads an ELF file")
def test_the_module_is_hardened() -> None:
    from threadmill._native import _threadmill

    assert tm.Pool is not None
    command = ["readelf", "--wide", "--program-headers", "--dynamic", os.fspath(_threadmill.__file__)]
    text = commands.run(*command).stdout
    assert "GNU_RELRO" in text
    assert "NOW" in text
    (stack,) = re.findall(r"GNU_STACK.* ([RWE]+) +0x", text)
    assert "E" not in stack
