"""python -m threadmill bench: what it runs, what it says of it, and what it refuses before it begins."""

import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from threadmill.__main__ import main
from threadmill._bench import command, rows, terminal
from threadmill._bench.cases import CASES, Case, Things, free_memory
from threadmill._bench.rows import Row, bound_by, pays_from
from threadmill._bench.timing import Timing


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUICK_SIZES", (100, 1000))
    monkeypatch.setattr(command, "QUICK_SECONDS", 0.0)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a package one that is not installed."""

    def hide(name: str) -> None:
        for each in [each for each in sys.modules if each.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, each)
        monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.fixture
def things() -> Iterator[Things]:
    made = Things(1000)
    yield made
    made.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("n", [1, 99, 1000])
def test_a_case_computes_what_its_peer_does(case: Case, n: int, things: Things) -> None:
    ours, theirs = case.calls(things, n)
    one, other = ours(), theirs()
    if one is not None:
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
        assert np.isfinite(one).all()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("installed", [True, False])
def test_a_run_is_told_as_a_table_and_as_json(
    installed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], without: Callable[[str], None]
) -> None:
    if installed:
        pytest.importorskip("rich")
    else:
        without("rich")
        without("tqdm")
    assert main(["bench", "--quick", "--json", str(tmp_path / "run.json")]) == 0
    printed = capsys.readouterr().out
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("platform"))
    assert "\x1b" not in printed
    told = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert [(row["case"], row["size"]) for row in told["rows"]] == [
        (case.name, size) for case in CASES for size in (100, 1000)
    ]
    for row in told["rows"]:
        assert f"\n{row['case']} " in printed
        assert row["bound_by"] in {"calls", "memory", "cores", "one core"}
        assert row["speed_up"] == row["peer_seconds"] / row["seconds"]
    assert set(told["pays_from"]) == {case.name for case in CASES}
    assert "Threads pay: fuse " in printed


@pytest.mark.usefixtures("tiny")
def test_a_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert main(["bench", "--quick", "--plot", str(tmp_path / "run.svg")]) == 0
    assert (tmp_path / "run.svg").read_text(encoding="utf-8").count("<svg") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--json", "no/where.json"], "there is no folder no for where.json: make it, or name another"),
        (["--plot", "run.txt"], "--plot must end in .png, .svg or .pdf, got run.txt"),
    ],
)
def test_what_cannot_be_written_is_refused_first(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(command, "Things", None)  # nothing is measured
    with pytest.raises(SystemExit):
        main(["bench", *arguments])
    assert complaint in capsys.readouterr().err


def test_a_picture_without_matplotlib_names_the_command(
    capsys: pytest.CaptureFixture[str], without: Callable[[str], None]
) -> None:
    without("matplotlib")
    with pytest.raises(SystemExit):
        main(["bench", "--plot", "run.png"])
    assert "--plot needs matplotlib: pip install matplotlib" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny")
def test_sizes_that_memory_does_not_hold_are_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "free_memory", lambda: 80_000)
    assert main(["bench", "--quick"]) == 0
    printed = capsys.readouterr().out
    assert "Sizes above 500 are left out: there is no memory for them." in printed
    assert "1,000 " not in printed
    monkeypatch.setattr(command, "free_memory", lambda: 80)
    with pytest.raises(SystemExit):
        main(["bench", "--quick"])
    assert "80 bytes of memory are free" in capsys.readouterr().err


def test_memory_is_some() -> None:
    assert free_memory() > 1 << 20


@pytest.mark.parametrize(
    ("measured", "bound"),
    [
        ({"calls": 0.5}, "calls"),
        ({"calls": 0.1, "slower": 1.5}, "memory"),
        ({"copy": 0.8}, "memory"),
        ({"slower": 1.4, "copy": 0.7, "cores": 3.0}, "cores"),
        ({"cores": 1.7}, "one core"),
    ],
)
def test_what_binds_is_told_from_what_was_measured(measured: dict[str, float], bound: str) -> None:
    given = {"calls": 0.0, "slower": 0.0, "copy": 0.0, "cores": 1.0, "threads": 4, **measured}
    assert bound_by(**given) == bound  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("speed_ups", "least"),
    [([0.5, 1.2, 2], 10), ([0.5, 1.2, 1.0], None), ([2, 0.9, 1.2], 100), ([1.2, 2, 3], 1)],
)
def test_threads_pay_from_the_size_after_which_every_row_wins(
    speed_ups: list[float], least: int | None
) -> None:
    made = [Row("", "", 10**k, 1.0, each, 1.0, 0.0, "") for k, each in enumerate(speed_ups)]
    assert pays_from(made) == least


def test_a_row_beyond_the_cache_that_slows_down_is_memorys(
    things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"ours": Timing(1.0, 2.0), "peer": Timing(1.0, 1.0), "one": Timing(0.0, 1.0)}
    monkeypatch.setattr(rows, "in_turn", lambda *_: times)
    add, machine = CASES[1], rows.Machine(threads=2, cache=10_000, memory=1e12)
    small = Row("add", "NumPy", 100, 0.06, 0.1, 2.0, 1.0, "cores")
    assert rows.measure(add, things, 1000, machine, [small], 0.0).bound_by == "memory"
    assert rows.measure(add, things, 1000, machine._replace(cache=10**6), [small], 0.0).bound_by == "cores"
    assert rows.measure(add, things, 1000, machine, [], 0.0).bound_by == "cores"


def test_the_commands_of_the_page_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "bench.md"
    if not page.is_file():
        pytest.skip("the tests have been copied away from the documents")
    monkeypatch.setattr(command, "run", lambda *_: 0)
    commands = re.findall(r"^python -m threadmill (bench.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 3
    for words in commands:
        assert main(shlex.split(words)) == 0


@pytest.mark.parametrize("name", ["rich", "tqdm", None])
def test_progress_gives_every_step(
    name: str | None, monkeypatch: pytest.MonkeyPatch, without: Callable[[str], None]
) -> None:
    if name:
        pytest.importorskip(name)
    for other in {"rich", "tqdm"} - {name}:
        without(other)
    shown: list[str] = []
    stream: Any = sys.stderr
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(stream, "write", shown.append, raising=False)
    assert list(terminal.progress([1, 2, 3], "measuring")) == [1, 2, 3]
    assert bool(shown) == bool(name)
