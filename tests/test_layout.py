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
    "_arguments": set(),
    "_arrays": set(),
    "_fperrors": set(),
    "_boundary": set(),
    "_boundary.library": {"_threadmill"},
    "_boundary.waits": {"_boundary.library"},
    "_boundary.status": {"_boundary.library", "_boundary.waits", "errors"},
    "_boundary.machine": {"_boundary.library", "_boundary.status"},
    "_boundary.dtypes": {"_boundary.library"},
    "_boundary.kernels": {"_arrays", "_boundary.library"},
    "_boundary.programs": {"_arrays", "_boundary.dtypes", "_boundary.library"},
    "_boundary.pools": {"_boundary.library", "_boundary.status", "_boundary.waits"},
    "_boundary.pointers": {"_arrays", "_boundary.library"},
    "_boundary.queues": {"_arrays", "_boundary.library", "_boundary.status", "_boundary.waits", "errors"},
    "_kernels": {
        "_arrays",
        "_boundary.dtypes",
        "_boundary.kernels",
        "_boundary.pools",
        "_boundary.status",
        "_fperrors",
        "_process",
        "errors",
    },
    "_process": {"_boundary.pools"},
    "_pointers": {"_boundary.pointers", "errors"},
    "_progress": set(),
    "_calls": set(),
    "_spawned": {"_calls", "errors"},
    "_tasks": {"_boundary.pools", "_calls", "_process", "_spawned", "errors"},
    "_futures": {"_calls", "_tasks", "errors"},
    "_map": {"_futures", "_tasks", "errors"},
    "_together": set(),
    "_drain": {"_arguments", "_boundary.status", "_pointers", "_together", "errors"},
    "workers": {"_boundary.machine", "errors"},
    "pool": {
        "_arguments",
        "_boundary.pools",
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
    "_which_pool": {"_boundary.pools", "pool"},
    "kernels": {
        "_arrays",
        "_boundary.kernels",
        "_boundary.pools",
        "_fperrors",
        "_kernels",
        "_which_pool",
        "errors",
        "pool",
        "ufuncs",
    },
    "_loops": set(),
    "_operands": {"_arrays", "_boundary.programs", "_loops"},
    "_spaces": {"_arrays", "_boundary.machine", "_boundary.programs", "_loops"},
    "_programs": {"_arrays", "_boundary.programs", "_loops"},
    "_plans": {
        "_arrays",
        "_boundary.programs",
        "_boundary.status",
        "_fperrors",
        "_loops",
        "_operands",
        "_programs",
    },
    "_elementwise": {
        "_arrays",
        "_boundary.programs",
        "_boundary.status",
        "_fperrors",
        "_loops",
        "_operands",
        "_programs",
        "_spaces",
    },
    "_gufuncs": {"_arrays", "_elementwise", "_loops", "_programs", "_spaces"},
    "_reduction": {"_arrays", "_boundary.status", "_fperrors", "_loops"},
    "_rows": {"_arrays", "_loops", "_programs", "_reduction", "_spaces"},
    "_reductions": {
        "_arrays",
        "_boundary.programs",
        "_boundary.status",
        "_kernels",
        "_loops",
        "_programs",
        "_reduction",
        "_rows",
        "_spaces",
    },
    "_engine": {"_arrays", "_boundary.pools", "_elementwise", "_fperrors", "_reductions"},
    "ufuncs": {
        "_arrays",
        "_elementwise",
        "_engine",
        "_fperrors",
        "_gufuncs",
        "_loops",
        "_plans",
        "_reduction",
        "_reductions",
        "_which_pool",
        "pool",
    },
    "numpy": {"_arrays", "_fperrors", "_which_pool", "ufuncs"},
    "chunks": {"_arguments", "_together", "_which_pool", "pool"},
    "_fifo": {"_process", "errors"},
    "_ordered": {"errors"},
    "_ring": {"_arguments", "_boundary.pointers", "_boundary.queues"},
    "queues": {"_arguments", "_fifo", "_ordered", "_process", "_ring", "errors"},
    "_stages": {"_arguments", "_pointers", "_ring", "queues"},
    "_order": {"errors"},
    "pipelines": {"_arguments", "_order", "_process", "_stages", "errors", "pool", "queues"},
    "joblib": {"pool"},
    "threadpoolctl": {"threadmill", "workers"},
    "threadmill": {"chunks", "errors", "kernels", "pipelines", "pool", "queues", "ufuncs", "workers"},
    "_report": {"_arrays", "_boundary.machine", "kernels", "workers"},
    "__main__": {"_report"},
}

# What an import of threadmill may bring with it besides the standard library.
THIRD_PARTY = {"_native_build": {"cffi"}, "joblib": {"joblib"}, "threadpoolctl": {"threadpoolctl"}}
THIRD_PARTY_ANYWHERE = {"numpy"}

C_FILES = sorted(path for path in CSRC.rglob("*") if path.suffix in {".c", ".h", ".def"})
C_LINES = 350
PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))
PYTHON_LINES = 350


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def idea(path: Path) -> str:
    """The row of MAY_INCLUDE that a file belongs to."""
    return "kernels" if path.parent.name == "kernels" else path.stem


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "threadmill"


def module_of(target: list[str]) -> str:
    """The module of the package that a dotted name is, or is in."""
    parts = target[1:]
    while parts and parts != ["_threadmill"]:
        path = PACKAGE.joinpath(*parts)
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            break
        parts = parts[:-1]
    return ".".join(parts) or "threadmill"


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


def imports(tree: ast.AST, path: Path) -> tuple[set[str], set[str]]:
    """The modules of threadmill and the other top-level packages that statements of a file import."""
    package = ["threadmill", *path.relative_to(PACKAGE).parts[:-1]]
    inside: set[str] = set()
    outside: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(package), f"line {node.lineno} leaves the package"
            base = package[: len(package) + 1 - node.level] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            targets = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for target in targets:
            if target[0] == "threadmill":
                inside.add(module_of(target))
            else:
                outside.add(target[0])
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


def test_one_layer_touches_the_library() -> None:
    def importers(module: str) -> set[str]:
        return {name for name, allowed in MAY_IMPORT.items() if module in allowed}

    assert importers("_threadmill") == {"_boundary.library"}
    assert {name.partition(".")[0] for name in importers("_boundary.library")} == {"_boundary"}


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
    inside, _ = imports(parse(path), path)
    assert inside <= MAY_IMPORT[name]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_import_brings_only_numpy(path: Path) -> None:
    _, outside = imports(module_level(parse(path)), path)
    allowed = THIRD_PARTY_ANYWHERE | THIRD_PARTY.get(module_name(path), set())
    assert outside - set(sys.stdlib_module_names) <= allowed


def test_public_header_is_plain_declarations() -> None:
    text = (CSRC / "threadmill.h").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", C_FILES + PYTHON_FILES, ids=relative)
def test_file_holds_one_idea(path: Path) -> None:
    limit = PYTHON_LINES if path.suffix == ".py" else C_LINES
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines < limit, f"{relative(path)} has {lines} lines: it may hold two ideas"
