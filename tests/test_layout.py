"""Holds the include graph, the import graph and the file sizes against the picture in the design."""

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "src" / "threadmill"

# Which idea of csrc/ may include which: a row's own headers and common.h go without saying. "pool" stands
# for pool.h and pool.c, "kernels" for everything in csrc/kernels/.
MAY_INCLUDE = {
    "threadmill": set(),
    "common": {"threadmill"},
    "status": set(),
    "chaos": set(),
    "sync": {"chaos"},
    "cpu": set(),
    "fpenv": set(),
    "interrupt": {"sync"},
    "gate": {"interrupt", "sync"},
    "bell": {"sync"},
    "job": {"fpenv", "gate", "sync"},
    "fork": {"sync"},
    "queue": {"fork", "interrupt", "sync"},
    "pool": {"bell", "cpu", "fork", "gate", "interrupt", "job", "queue", "sync"},
    "tasks": {"pool", "queue"},
    "worker": {"pool", "queue"},
    "parallel_for": {"bell", "cpu", "fpenv", "gate", "interrupt", "job", "pool", "sync"},
    "loops": {"cpu", "fpenv", "kernels", "parallel_for"},
    "drain": {"interrupt", "queue", "sync"},
    "kernels": {"cpu", "parallel_for"},
}

# Which module of the package may import which; "threadmill" is the package's own __init__.
MAY_IMPORT = {
    "_native_build": set(),
    "_threadmill": set(),
    "errors": set(),
    "_arrays": set(),
    "_fperrors": set(),
    "_library": {"_threadmill"},
    "_boundary": {"_arrays", "_library", "_threadmill", "errors"},
    "_kernels": {"_arrays", "_boundary", "_fperrors", "_process", "errors"},
    "_process": {"_boundary"},
    "_pointers": {"_boundary", "errors"},
    "_progress": set(),
    "_calls": set(),
    "_spawned": {"_calls", "errors"},
    "_tasks": {"_boundary", "_calls", "_process", "_spawned", "errors"},
    "_futures": {"_boundary", "_calls", "_tasks", "errors"},
    "_map": {"_boundary", "_futures", "_tasks", "errors"},
    "_together": set(),
    "_drain": {"_boundary", "_pointers", "_together", "errors"},
    "workers": {"_boundary", "errors"},
    "pool": {
        "_boundary",
        "_calls",
        "_drain",
        "_futures",
        "_map",
        "_pointers",
        "_process",
        "_progress",
        "_tasks",
        "errors",
        "workers",
    },
    "kernels": {"_arrays", "_boundary", "_fperrors", "_kernels", "errors", "pool", "ufuncs"},
    "_loops": set(),
    "_operands": {"_arrays", "_boundary", "_loops"},
    "_spaces": {"_arrays", "_boundary", "_loops"},
    "_programs": {"_arrays", "_boundary", "_loops"},
    "_plans": {"_arrays", "_boundary", "_fperrors", "_loops", "_operands", "_programs"},
    "_elementwise": {"_arrays", "_boundary", "_fperrors", "_loops", "_operands", "_programs", "_spaces"},
    "_gufuncs": {"_arrays", "_elementwise", "_loops", "_programs", "_spaces"},
    "_reduction": {"_arrays", "_boundary", "_fperrors", "_loops"},
    "_rows": {"_arrays", "_loops", "_programs", "_reduction", "_spaces"},
    "_reductions": {
        "_arrays",
        "_boundary",
        "_kernels",
        "_loops",
        "_programs",
        "_reduction",
        "_rows",
        "_spaces",
    },
    "_engine": {"_arrays", "_boundary", "_elementwise", "_fperrors", "_reductions"},
    "ufuncs": {
        "_arrays",
        "_boundary",
        "_elementwise",
        "_engine",
        "_fperrors",
        "_gufuncs",
        "_loops",
        "_plans",
        "_reductions",
        "pool",
    },
    "numpy": {"_arrays", "_fperrors", "ufuncs"},
    "chunks": {"_boundary", "_together", "pool"},
    "_fifo": {"_process", "errors"},
    "_ordered": {"errors"},
    "_ring": {"_boundary"},
    "queues": {"_fifo", "_ordered", "_process", "_ring", "errors"},
    "_stages": {"_pointers", "_ring", "queues"},
    "_order": {"errors"},
    "pipelines": {"_order", "_process", "_stages", "errors", "pool", "queues"},
    "joblib": {"pool"},
    "threadpoolctl": {"threadmill", "workers"},
    "threadmill": {"chunks", "errors", "kernels", "pipelines", "pool", "queues", "ufuncs", "workers"},
    "_report": {"_arrays", "_boundary", "kernels", "workers"},
    "__main__": {"_report"},
}

# What an import of threadmill may bring with it besides the standard library.
THIRD_PARTY = {"_native_build": {"cffi"}, "joblib": {"joblib"}, "threadpoolctl": {"threadpoolctl"}}
THIRD_PARTY_ANYWHERE = {"numpy"}

C_FILES = sorted(path for path in CSRC.rglob("*") if path.suffix in {".c", ".h", ".def"})
C_LINES = 350
PYTHON_FILES = sorted(PACKAGE.glob("*.py"))
PYTHON_LINES = 350
BOUNDARY_LINES = 450  # one file is all that touches the C library: it grows as that does


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def idea(path: Path) -> str:
    """The row of MAY_INCLUDE that a file belongs to."""
    return "kernels" if path.parent.name == "kernels" else path.stem


def module_name(path: Path) -> str:
    return "threadmill" if path.stem == "__init__" else path.stem


def includes(path: Path) -> tuple[list[Path], list[str]]:
    """The project's files and the system's headers that a C file includes."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    system = re.findall(r"^\s*#\s*include\s+<([^>]+)>", text, re.MULTILINE)
    # A template is included through a macro: the line that names it counts.
    by_macro = re.findall(r"^\s*#\s*include\s+(\w+)", text, re.MULTILINE)
    assert set(by_macro) <= {"TEMPLATE"}, "an include through a macro hides what is included"
    own = []
    for name in re.findall(r'^\s*#\s*(?:include|define\s+TEMPLATE)\s+"([^"]+)"', text, re.MULTILINE):
        found = [folder / name for folder in (path.parent, CSRC) if (folder / name).is_file()]
        assert found, f"{relative(path)} includes {name}, which is no file of csrc/"
        own.append(found[0].resolve())
    return own, system


def for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def parse(path: Path) -> ast.Module:
    """A module of the package without what only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not for_types_alone(node)]
    return tree


def imports(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The modules of threadmill and the other top-level packages that the statements below `tree` import."""
    inside: set[str] = set()
    outside: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, "the package has no second level"
            base = (["threadmill"] if node.level else []) + (node.module.split(".") if node.module else [])
            targets = [[*base, alias.name] for alias in node.names] if base == ["threadmill"] else [base]
        else:
            continue
        for target in targets:
            if target[0] != "threadmill":
                outside.add(target[0])
            else:
                submodule = len(target) > 1 and (PACKAGE / f"{target[1]}.py").is_file()
                submodule = submodule or target[1:2] == ["_threadmill"]
                inside.add(target[1] if submodule else "threadmill")
    return inside, outside


def module_level(tree: ast.Module) -> ast.Module:
    """The module with its functions emptied: what an import of it runs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    return tree


@pytest.mark.parametrize("table", [MAY_INCLUDE, MAY_IMPORT], ids=["includes", "imports"])
def test_the_picture_has_no_cycle(table: dict[str, set[str]]) -> None:
    assert set().union(*table.values()) <= set(table)
    TopologicalSorter(table).prepare()


@pytest.mark.parametrize("path", C_FILES, ids=relative)
def test_include_graph(path: Path) -> None:
    assert idea(path) in MAY_INCLUDE, f"{relative(path)} has no place in the picture yet: give it a row"
    allowed = MAY_INCLUDE[idea(path)] | {idea(path)}
    if idea(path) not in {"common", "threadmill"}:
        allowed |= {"common"}
    own, system = includes(path)
    assert {idea(target) for target in own} <= allowed
    assert not [name for name in system if re.match(r"Python\.h|numpy/", name)]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_import_graph(path: Path) -> None:
    name = module_name(path)
    assert name in MAY_IMPORT, f"{relative(path)} has no place in the picture yet: give it a row"
    inside, _ = imports(parse(path))
    assert inside <= MAY_IMPORT[name]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_import_brings_only_numpy(path: Path) -> None:
    _, outside = imports(module_level(parse(path)))
    allowed = THIRD_PARTY_ANYWHERE | THIRD_PARTY.get(module_name(path), set())
    assert outside - set(sys.stdlib_module_names) <= allowed


def test_public_header_is_plain_declarations() -> None:
    text = (CSRC / "threadmill.h").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", C_FILES + PYTHON_FILES, ids=relative)
def test_file_holds_one_idea(path: Path) -> None:
    limit = PYTHON_LINES if path.suffix == ".py" else C_LINES
    limit = BOUNDARY_LINES if path.stem == "_boundary" else limit
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines < limit, f"{relative(path)} has {lines} lines: it may hold two ideas"
