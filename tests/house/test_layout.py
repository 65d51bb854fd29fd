"""Holds the include graph, the import graph and the file sizes against the picture in the design."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "src" / "threadmill"

# The ideas of csrc/ in their order: a file may include, and its object file call, what stands above it.
# "pool" stands for pool.h and pool.c, "kernels" for all of csrc/kernels/, which know but instruction sets.
C_IDEAS = [
    *("threadmill", "bindings", "inner_loops", "common", "status", "chaos", "clock", "sync"),
    *(
        "cgroup",
        "machine",
        "core",
        "worth",
        "simd",
        "kernels",
        "fpenv",
        "interrupt",
        "gate",
        "bell",
        "failure",
        "job",
        "fork",
        "queue",
    ),
    *("lane", "team", "tasks", "worker", "pool", "trace", "lend", "thread_limit", "parallel_for"),
    *("spawn", "drain", "arrays"),
]
KERNELS_MAY_USE = {"threadmill", "bindings", "inner_loops", "common", "simd"}

# Inside arrays/ and kernels/: files in the same order.
C_FILES_OF = {
    "kernels": """
        kernel tree stream items foreach_item add multiply within rows moments nan_extremes cast nans chain
        chain_columns chain_sums select draws copy take compress count buckets row_functions arg_extremes
        masked_sums
    """,
    "arrays": "fresh dtype memory walk program dense product sum sum_where fold sound tile fused random",
}

# The rooms of the package in their order: a module may import its own room and the rooms above it.
ROOMS = [
    "errors",
    "_types",
    "_arguments",
    "_deadline",
    "_locks",
    "_tables",
    "_native",
    "_process",
    "queues",
    "tasks",
    "arrays",
    "fusion",
    "pipelines",
    "numpy",
    "timeline",
    "threadmill",  # the package's own __init__
    "joblib",
    "pandas",
    "threadpoolctl",
    "_bench",
    "_report",
    "__main__",
]

# The files of a room in their order: a file may import those above it.
FILES = {
    "_native": """
        _threadmill build library thread_state waits status trace c_api door pointers dtypes memory fresh
        kernels machine programs moves row_functions fused random pools ring fields recording views
    """,
    "tasks": """
        workers native_function results progress item late buffered_map batch map crew waiters future spawn
        drain fork thread backlog recorder dispatcher standard_face stats pool default_pool c_api reduce
    """,
    "queues": "unfinished casting locked fifo typed queue",
    "arrays": """
        cache refusal thresholds watch report layout errstate doors probes loops map_chunks spaces iterate
        programs nans operands labelled plan dense elementwise gufuncs sum_kernel product_kernel any_order
        row_reductions reductions accumulations self_test reducer signatures scattered ufunc_methods ufunc
        functions moves row_functions picks buckets bucket_sort selection random rebound moments nan_extremes
    """,
    "fusion": """
        nodes loops elision node_plans past_filters warned open_tiles layout passes chains worth building
        running schedule groups exposed sharing stores explanation foreseen together record numpys_calls
        who_asks lazy recording operand picking arg_extremes reduce_all reduce_rows reduce_columns calls
        reduce_evaluated call_sites reducing steps numpys_code by_kinds by_steps definitions functions powers
        elements values operators frames labelled arguments formula symbols blocks one_call fused_door fuse
    """,
    "timeline": "events recording chrome picture trace",
    "pipelines": "stages turnstile run pipeline",
    "numpy": """
        face binding ufuncs rows columns moments fused quantiles_1d medians_1d sort_1d one_dimension
        reductions sorting nan_rows sorted_rows order_statistics cumulative extremes searching products
        inner_calls fft linalg pieces copies fills joins one_ufunc picks counts
    """,
    "_bench": "timing arithmetic terminal cases rows picture command",
}

# What an import of threadmill may bring with it besides the standard library.
THIRD_PARTY = {
    "_native.build": {"cffi"},
    "joblib": {"joblib"},
    "pandas": {"pandas"},
    "threadpoolctl": {"threadpoolctl"},
}
# What a function may import: packages that need not be installed.
OPTIONAL = {
    "tasks.progress": {"tqdm"},
    "fusion.formula": {"dask"},
    "_bench.terminal": {"rich", "tqdm"},
    "_bench.picture": {"matplotlib"},
    "timeline.picture": {"matplotlib"},
}
THIRD_PARTY_ANYWHERE = {"numpy"}

C_FILES = sorted(path for path in CSRC.rglob("*") if path.suffix in {".c", ".h", ".def"})
C_LINES = 400
PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))
PYTHON_LINES = 350


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def idea(path: Path) -> str:
    """The name in C_IDEAS that a file belongs to."""
    return path.stem if path.parent == CSRC else path.parent.name


def c_place(path: Path) -> tuple[int, int]:
    """Where a C file stands: its idea's place, and its own among the idea's files."""
    name = idea(path)
    assert name in C_IDEAS, f"{relative(path)} has no place in the picture yet: give it one in C_IDEAS"
    files = C_FILES_OF.get(name, "").split()
    return C_IDEAS.index(name), files.index(path.stem) if path.stem in files else -1


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
    assert [row[0] for row in table("The ideas of `csrc/`")] == C_IDEAS


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


def test_every_idea_and_c_file_exists() -> None:
    assert {idea(path) for path in C_FILES} == set(C_IDEAS)
    for room, names in C_FILES_OF.items():
        assert {path.stem for path in (CSRC / room).glob("*.c")} <= set(names.split())


@pytest.mark.parametrize("path", C_FILES, ids=relative)
def test_includes_run_one_way(path: Path) -> None:
    own, system = includes(path)
    for target in own:
        if path.stem != target.stem and not is_template(target):
            assert c_place(target) < c_place(path), f"{relative(path)} includes {relative(target)}"
    if idea(path) == "kernels":
        assert {idea(target) for target in own} <= KERNELS_MAY_USE | {"kernels"}
    assert not [name for name in system if re.match(r"Python\.h|numpy/", name)]


def is_template(path: Path) -> bool:
    """Whether a file is part of the ones that include it."""
    return path.suffix == ".def" or path.stem.endswith(("_template", "_level"))


# ---- the object files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, list[tuple[str, str]]]:
    """The symbols of each C file's object file, each with nm's letter for its kind."""
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if compiler is None or shutil.which("nm") is None:
        pytest.skip("no C compiler, or no nm")
    folder = tmp_path_factory.mktemp("objects")
    found = {}
    for path in (path for path in C_FILES if path.suffix == ".c"):
        target = folder / f"{path.parent.name}-{path.stem}.o"
        flags = ["-std=c11", "-O0", "-fvisibility=hidden", "-ffunction-sections", f"-I{CSRC}"]
        subprocess.run([compiler, *flags, "-c", str(path), "-o", str(target)], check=True)
        lines = subprocess.run(["nm", str(target)], capture_output=True, text=True, check=True).stdout
        found[path] = [(line.split()[-1].lstrip("_"), line.split()[-2]) for line in lines.splitlines()]
    return found


def test_links_run_one_way(objects: dict[Path, list[tuple[str, str]]]) -> None:
    """A function called is of a file above, also where no include tells."""
    homes = {name: path for path, symbols in objects.items() for name, kind in symbols if kind in "TDBR"}
    wrong = [
        f"{relative(path)} calls {name} of {relative(homes[name])}"
        for path, symbols in objects.items()
        for name, kind in symbols
        if kind == "U" and name in homes and not c_place(homes[name]) < c_place(path)
    ]
    assert wrong == []


def test_kernels_call_nothing_but_for_the_instruction_set(objects: dict[Path, list[tuple[str, str]]]) -> None:
    homes = {name: path for path, symbols in objects.items() for name, kind in symbols if kind in "TDBR"}
    for path, symbols in objects.items():
        if idea(path) == "kernels":
            used = {idea(homes[name]) for name, kind in symbols if kind == "U" and name in homes}
            assert used <= KERNELS_MAY_USE | {"kernels"}, relative(path)


def test_the_public_header_alone_is_exported() -> None:
    library = next(iter((PACKAGE / "_native").glob("_threadmill*.so")), None)
    if library is None or sys.platform != "linux" or shutil.which("nm") is None:
        pytest.skip("the library is not built in this tree, or there is no nm to read it")
    command = ["nm", "-D", "--defined-only", str(library)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    text = re.sub(r"/\*.*?\*/", "", (CSRC / "threadmill.h").read_text(encoding="utf-8"), flags=re.DOTALL)
    declared = set(re.findall(r"\b(tm_\w+)\([^;]*\);", text))
    assert {line.split()[-1] for line in lines} == {"PyInit__threadmill", *declared}


# ---- imports -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["threadmill.h", "bindings.h", "inner_loops.h"])
def test_headers_for_cffi_are_plain_declarations(name: str) -> None:
    text = (CSRC / name).read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", C_FILES + PYTHON_FILES, ids=relative)
def test_file_holds_one_idea(path: Path) -> None:
    limit = PYTHON_LINES if path.suffix == ".py" else C_LINES
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines()) - (docstring_lines(text) if path.suffix == ".py" else 0)
    assert lines < limit, f"{relative(path)} has {lines} lines: it may hold two ideas"
