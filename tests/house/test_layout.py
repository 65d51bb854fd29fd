"""Holds the include graph, the import graph and the file sizes against the picture in the design."""

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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
    "fused": {"fpenv", "kernels", "parallel_for"},
    "drain": {"interrupt", "queue", "sync"},
    "kernels": {"cpu", "parallel_for"},
}

# The rooms of the package in their order: a module may import its own room and the rooms above it.
ROOMS = [
    "errors",
    "_types",
    "_arguments",
    "_deadline",
    "_locks",
    "_native",
    "_process",
    "queues",
    "tasks",
    "arrays",
    "fusion",
    "pipelines",
    "numpy",
    "threadmill",  # the package's own __init__
    "joblib",
    "threadpoolctl",
    "_report",
    "__main__",
]

# The files of a room in their order: a file may import those above it.
FILES = {
    "_native": """
        _threadmill build library thread_state waits status pointers dtypes kernels machine programs fused
        pools ring
    """,
    "tasks": """
        workers native_function results progress item late buffered_map map crew waiters future spawn drain
        fork thread dispatcher standard_face pool reduce
    """,
    "queues": "unfinished casting locked fifo typed queue",
    "arrays": """
        cache refusal thresholds layout errstate probes loops map_chunks spaces iterate programs nans operands
        plan dense elementwise gufuncs sum_kernel product_kernel any_order row_reductions reductions self_test
        reducer signatures ufunc functions
    """,
    "fusion": """
        nodes warned passes schedule record lazy reduce_all calls definitions operators fuse
    """,
    "pipelines": "stages turnstile run pipeline",
    "numpy": "ufuncs reductions",
}

# What an import of threadmill may bring with it besides the standard library.
THIRD_PARTY = {"_native.build": {"cffi"}, "joblib": {"joblib"}, "threadpoolctl": {"threadpoolctl"}}
# What a function may import: packages that need not be installed.
OPTIONAL = {"tasks.progress": {"tqdm"}}
THIRD_PARTY_ANYWHERE = {"numpy"}

C_FILES = sorted(path for path in CSRC.rglob("*") if path.suffix in {".c", ".h", ".def"})
C_LINES = 400
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
    while parts and parts != ["_native", "_threadmill"]:
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


def docstring_lines(text: str) -> int:
    """Documentation is as long as what it tells: it does not count for a file's length."""
    holders = ast.Module | ast.ClassDef | ast.FunctionDef
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, holders)]
    docstrings = [node.body[0] for node in nodes if ast.get_docstring(node, clean=False)]
    return sum((each.end_lineno or 0) - each.lineno + 1 for each in docstrings)


def room_of(module: str) -> str:
    return module.partition(".")[0]


def place(module: str) -> tuple[int, int]:
    """Where a module stands: its room's place, and its own in the room."""
    room, _, name = module.partition(".")
    assert room in ROOMS, f"{module} is in no room yet: give it a place in ROOMS"
    files = FILES.get(room, "").split()
    assert not name or name in files, f"{module} has no place in its room yet: give it one in FILES"
    return ROOMS.index(room), files.index(name) if name else -1


def test_the_includes_have_no_cycle() -> None:
    assert set().union(*MAY_INCLUDE.values()) <= set(MAY_INCLUDE)
    TopologicalSorter(MAY_INCLUDE).prepare()


def table(title: str) -> list[list[str]]:
    """The rows of the table under a heading of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    under = text[text.index(f"\n## {title}\n") :].split("\n## ", 2)[1]
    rows = [line.strip("| ").split(" | ") for line in under.splitlines() if line.startswith("| `")]
    return [[cell.strip("` |") for cell in row] for row in rows]


def test_the_picture_of_the_rooms_is_true() -> None:
    rows = table("The rooms of `src/threadmill/`")
    assert [row[0] for row in rows] == ROOMS
    shown = {row[0]: row[2].split(", ") for row in rows if len(row) > 2}
    assert shown == {room: names.split() for room, names in FILES.items()}


def test_the_picture_of_the_ideas_is_true() -> None:
    ideas = [row[0] for row in table("The ideas of `csrc/`")]
    assert set(ideas) == set(MAY_INCLUDE)
    for place, name in enumerate(ideas):
        assert MAY_INCLUDE[name] <= set(ideas[:place]), f"{name} includes an idea that stands below it"


def test_every_room_and_file_exists() -> None:
    here = {module_name(path) for path in PYTHON_FILES} | {"_native._threadmill"}
    listed = {f"{room}.{name}" for room, names in FILES.items() for name in names.split()}
    assert {name for name in here if "." in name} == listed
    assert {name for name in here if "." not in name} == set(ROOMS)


def test_one_room_touches_the_library() -> None:
    importers = {
        module_name(path) for path in PYTHON_FILES if "_native._threadmill" in imports(parse(path), path)[0]
    }
    assert importers == {"_native.library"}


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
def test_imports_run_one_way(path: Path) -> None:
    name = module_name(path)
    inside, _ = imports(parse(path), path)
    # A room's __init__ is its door: it may show the room's files, and they may not see it.
    seen = {other for other in inside - {name} if room_of(other) != name}
    wrong = [other for other in seen if place(other) >= place(name) and other != room_of(name)]
    assert wrong == [], f"{name} imports what stands below it"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_import_brings_only_numpy(path: Path) -> None:
    _, outside = imports(module_level(parse(path)), path)
    allowed = THIRD_PARTY_ANYWHERE | THIRD_PARTY.get(module_name(path), set())
    assert outside - set(sys.stdlib_module_names) <= allowed


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_no_function_imports(path: Path) -> None:
    """An import on a call's path fails where nothing can be imported any more; see test_imports.py."""
    functions = [node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef)]
    outside = set().union(*(imports(function, path)[1] for function in functions))
    inside = set().union(*(imports(function, path)[0] for function in functions))
    assert inside == set()
    assert outside <= OPTIONAL.get(module_name(path), set())


def test_public_header_is_plain_declarations() -> None:
    text = (CSRC / "threadmill.h").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", C_FILES + PYTHON_FILES, ids=relative)
def test_file_holds_one_idea(path: Path) -> None:
    limit = PYTHON_LINES if path.suffix == ".py" else C_LINES
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines()) - (docstring_lines(text) if path.suffix == ".py" else 0)
    assert lines < limit, f"{relative(path)} has {lines} lines: it may hold two ideas"
