"""The benchmarks' arithmetic, and that they run; never what they measure."""

import importlib.util
import itertools
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import commands

import threadmill as tm

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks/ is part of the tree, not of what is installed

from benchmarks import baseline, harness, native, plot, report, scan, scan_calls  # noqa: E402
from benchmarks.__main__ import QUESTIONS, main  # noqa: E402
from benchmarks.harness import Measure, Plan  # noqa: E402

PLAN = Plan(threads=2, question="test")
SMOKE = replace(PLAN, smoke=True, judged=False)


def run(*arguments: str, **environment: str) -> str:
    """What `python -m benchmarks --smoke` prints."""
    done = commands.run(
        sys.executable,
        "-m",
        "benchmarks",
        "--smoke",
        *arguments,
        check=False,
        seconds=110,
        cwd=ROOT,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- rounds ----


def test_every_other_round_is_reversed() -> None:
    assert [harness.in_turn("abc", number) for number in range(3)] == [list("abc"), list("cba"), list("abc")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, int]]:
    """Every call takes as many milliseconds as it returns; what was timed is written down."""
    turns: list[tuple[Any, int]] = []

    def timed(call: Callable[[], float], times: int) -> float:
        turns.append((call(), times))
        return call() * 1e-3 * times

    monkeypatch.setattr(harness, "timed", timed)
    return turns


def test_contenders_take_turns(clock: list[tuple[Any, int]]) -> None:
    samples = harness.measure(SMOKE, {"ours": lambda: 0.01, "peer": lambda: 5.0}, per=10)
    assert samples == {"ours": pytest.approx([1e-6] * 3), "peer": pytest.approx([5e-4] * 3)}
    calibration, rounds = clock[:6], clock[6:]
    assert {times for _, times in calibration} == {1}
    ours, peer = [(0.01, 20)] * 2, [(5.0, 1)] * 2  # to get warm, then timed: 0.2 ms, or one call
    assert rounds == [*ours, *peer, *peer, *ours, *ours, *peer]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, PLAN.rounds[0]), (60.0, PLAN.rounds[1])])
def test_rounds_are_bounded(monkeypatch: pytest.MonkeyPatch, seconds: float, rounds: int) -> None:
    monkeypatch.setattr(Plan, "seconds", seconds)
    monkeypatch.setattr(Plan, "pause", 0.0)
    assert len(harness.measure(PLAN, {"ours": lambda: 5.0})["ours"]) == rounds


def test_timed_calls_as_often_as_told() -> None:
    counter = itertools.count()
    assert harness.timed(lambda: next(counter), 7) >= 0
    assert next(counter) == 7


# ---- numbers ----


def test_summary() -> None:
    samples = [float(number) for number in range(100, -1, -1)]
    assert harness.summary(samples) == harness.Summary(median=50, p10=10, p90=90)
    assert harness.summary([3.0]) == harness.Summary(3, 3, 3)


@pytest.mark.parametrize(
    ("measure", "result", "met", "missed"),
    [
        (Measure.SPEEDUP, 4.0, 4.0, 4.1),
        (Measure.SHARE, 0.25, 0.25, 0.24),
        (Measure.EXCESS, -1.5, -1.5, -1.6),
        (Measure.RATE, 2.0, 2.0, 2.1),
        (Measure.SECONDS, 0.5, 0.5, 0.4),
        (Measure.COUNT, 0.5, 0.5, 0.4),
    ],
)
def test_measures(measure: Measure, result: float, met: float, missed: float) -> None:
    assert measure.of(0.5, 2.0) == result
    assert measure.is_met(result, met)
    assert not measure.is_met(result, missed)


def test_row_has_the_ratio_of_medians_and_quartiles_by_round() -> None:
    ours, theirs = [1.0, 2.0, 4.0, 2.0, 2.0], [8.0, 8.0, 8.0, 4.0, 40.0]  # by round: 8, 4, 2, 2, 20
    row = harness.row(PLAN, "what", ours, Measure.SPEEDUP, peer="peer", theirs=theirs, target=4.0, nbytes=10)
    assert (row.question, row.what, row.threads, row.peer) == ("test", "what", 2, "peer")
    assert row.result == 4.0
    assert row.quartiles == (2.0, 8.0)
    assert row.bytes_per_second == 5.0
    assert row.met is True


def test_row_without_a_peer() -> None:
    row = harness.row(PLAN, "what", [0.5], Measure.RATE, target=3.0)
    assert (row.result, row.quartiles, row.theirs, row.met) == (2.0, (2.0, 2.0), None, False)


def test_a_smoke_run_judges_nothing() -> None:
    assert harness.row(SMOKE, "what", [0.5], Measure.RATE, target=3.0).met is None


@pytest.mark.usefixtures("clock")
def test_compare_makes_a_row_for_each_peer() -> None:
    calls = {"ours": lambda: 2.0, "one": lambda: 4.0, "other": lambda: 1.0}
    rows = harness.compare(SMOKE, "what", calls, targets={"one": 1.5})
    assert [(row.peer, row.target) for row in rows] == [("one", 1.5), ("other", None)]
    assert [row.result for row in rows] == pytest.approx([2.0, 0.5])


# ---- what is printed and written ----


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.5, "2.5 s"),
        (0.0999, "99.9 ms"),
        (1e-6, "1 us"),
        (9.996e-7, "1 us"),
        (1.234e-7, "123 ns"),
        (0, "0 ns"),
    ],
)
def test_times_as_text(seconds: float, text: str) -> None:
    assert report.time(seconds) == text


def test_lines_are_aligned() -> None:
    ours, theirs = [1e-3, 1.1e-3, 1.2e-3], [2e-3, 2.2e-3, 2.4e-3]
    rows = [
        harness.row(PLAN, "a", ours, Measure.SPEEDUP, peer="NumPy", theirs=theirs, target=1.8, nbytes=10**6),
        harness.row(PLAN, "b", ours, Measure.EXCESS, peer="NumPy", theirs=theirs, target=-1.0),
        harness.row(PLAN, "c", ours, Measure.SHARE, peer="NumPy", theirs=theirs, target=0.9),
    ]
    lines = [report.as_line(row) for row in rows]
    assert {len(line.rstrip("yesNO")) for line in lines} == {len(report.HEADER) - len("met")}
    assert [line.split()[-1] for line in lines] == ["yes", "NO", "yes"]


def test_json_holds_everything(tmp_path: Path) -> None:
    row = harness.row(PLAN, "what", [1.0, 2.0], Measure.SHARE, peer="peer", theirs=[4.0, 8.0], note="note")
    report.write_json(tmp_path / "out.json", {"cpu": "any"}, [row], ["a remark"])
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["machine"] == {"cpu": "any"}
    assert told["remarks"] == ["a remark"]
    (written,) = told["rows"]
    assert written["measure"] == "ours / peer"
    assert written["ours"]["median"] == 1.5
    assert written["quartiles"] == [0.25, 0.25]


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [
        harness.row(PLAN, "what", [1.0, 2.0], Measure.SHARE, peer="peer", theirs=[4.0, 8.0], target=0.5),
        harness.row(PLAN, "alone", [1.0], Measure.RATE, nbytes=8),
    ]
    report.write_json(tmp_path / "out.json", {"cpu": "any"}, rows, [])
    assert report.read_json(tmp_path / "out.json") == ({"cpu": "any"}, rows)


# ---- runs ----


@pytest.mark.native
def test_native_question_runs(tmp_path: Path) -> None:
    if not native.find_compiler():
        pytest.skip("no C compiler (CC, gcc, cc or clang)")
    printed = run("--only", "loop_latency", "--threads", "1,3", "--save", str(tmp_path / "out.json"))
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert {row["threads"] for row in rows} == {1, 3}
    assert all(row["what"] in printed and row["met"] is None for row in rows)
    assert all(math.isfinite(row["result"]) for row in rows)
    assert printed.splitlines()[-1] == "Nothing was judged."


def test_python_question_runs() -> None:
    printed = run("--only", "executor")
    assert "ThreadPoolExecutor" in printed


def test_without_a_compiler() -> None:
    assert "no C compiler" in run("--only", "loop_latency", PATH="", CC="")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_says_what_it_asks(name: str) -> None:
    first = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith('"""')
    assert "?" in first


# ---- a run against a saved one ----


def saved(result: float, quartiles: tuple[float, float], how: Measure = Measure.SPEEDUP) -> dict[str, Any]:
    """A saved run of one row."""
    row = {"question": "sum", "what": "a million", "peer": "NumPy", "threads": 2, "measure": how.value}
    numbers = {"ours": {"median": 1 / result}, "result": result, "quartiles": quartiles}
    return {"machine": {}, "rows": [{**row, **numbers}]}


@pytest.mark.parametrize(
    ("before", "after", "noise", "factor"),
    [
        ((2.0, (1.9, 2.1)), (1.5, (1.4, 1.6)), False, 0.75),  # quartiles apart, a quarter slower
        ((2.0, (1.4, 2.1)), (1.5, (1.4, 1.6)), True, 0.75),  # quartiles overlap
        ((2.0, (1.99, 2.01)), (1.9, (1.89, 1.91)), True, 0.95),  # apart, but by less than runs differ
        ((2.0, (1.9, 2.1)), (3.0, (2.9, 3.1)), False, 1.5),
    ],
)
def test_a_regression_is_told_from_noise(before: Any, after: Any, noise: bool, factor: float) -> None:
    (change,) = baseline.changes(saved(*before), saved(*after))
    assert (change.is_noise, change.factor) == (noise, pytest.approx(factor))


def test_less_is_better_where_seconds_are_compared() -> None:
    slow, quick = ((3.0, (2.9, 3.1)), (2.0, (1.9, 2.1)))
    (change,) = baseline.changes(saved(*quick, Measure.SECONDS), saved(*slow, Measure.SECONDS))
    assert change.factor == pytest.approx(2 / 3)
    assert not change.is_noise


def test_compare_fails_for_a_slower_row_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("old.json", "new.json")]
    for path, told in zip(files, (saved(2.0, (1.9, 2.1)), saved(1.0, (0.9, 1.1))), strict=True):
        path.write_text(json.dumps(told))
    arguments = [str(path) for path in files]
    assert baseline.main(arguments, lambda _: 0) == 1
    assert "SLOWER    0.50 x  sum: a million against NumPy, 2 threads" in capsys.readouterr().out
    assert baseline.main(arguments[::-1], lambda _: 0) == 0


# ---- the picture of a saved run ----

MACHINE = {
    "cpu": "any",
    "usable": 4,
    "python": "3.11",
    "numpy": "2.4",
    "commit": "abc",
    "date": "2026-01-02T03",
}
SUM = ("sum", "1,000,000 float64", "NumPy")
ADD = ("ufuncs", "add 10,000 float64, no out", "NumPy")


def compared(
    name: tuple[str, str, str], ours: float, how: Measure = Measure.SPEEDUP, threads: int = 2
) -> harness.Row:
    """A row in which the peer takes a second."""
    question, what, peer = name
    return harness.row(Plan(threads, question), what, [ours], how, peer=peer, theirs=[1.0])


def drawn(folder: Path, rows: list[harness.Row], *arguments: str) -> str:
    """The picture of these rows, as text."""
    pytest.importorskip("matplotlib")
    report.write_json(folder / "run.json", MACHINE, rows, [])
    assert main(["plot", str(folder / "run.json"), str(folder / "out.svg"), *arguments]) == 0
    return (folder / "out.svg").read_text(encoding="utf-8")


def test_bars_are_the_named_rows_on_the_most_threads() -> None:
    four, other = compared(SUM, 0.2, threads=4), compared(("sum", "any other", "NumPy"), 0.2)
    found = plot.bars([compared(SUM, 1.0, threads=1), four, compared(SUM, 0.5), other])
    assert found == {"A million numbers": {"sum": four}}
    assert plot.title(found).endswith("on 4 threads")


def test_names_of_bars() -> None:
    named = [name for group in plot.BARS.values() for name in group.values()]
    assert len(named) == len(set(named)) <= 14
    assert {question for question, _, _ in named} <= set(QUESTIONS)


def test_the_kept_run_has_all_bars() -> None:
    if not baseline.KEPT.exists():
        pytest.skip("no run is kept")
    found = plot.bars(report.read_json(baseline.KEPT)[1])
    assert {heading: [*group] for heading, group in found.items()} == {
        heading: [*group] for heading, group in plot.BARS.items()
    }


def test_the_caption_has_the_machine_and_the_versions() -> None:
    told = plot.caption(MACHINE)
    for word in "any", "4 usable cores", "Python 3.11", "NumPy 2.4", "commit abc", "2026-01-02":
        assert word in told


def test_bars_tell_gains_and_losses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [compared(SUM, 0.25), compared(ADD, 1.6, Measure.SHARE)]
    text = drawn(tmp_path, rows)
    for word in "sum", "4.0×", "add, 10,000 numbers", "0.62×", plot.caption(MACHINE):
        assert f">{word}</text>" in text
    assert plot.GAIN in text
    assert plot.LOSS in text
    assert "A million numbers, sin: not in " in capsys.readouterr().err
    assert drawn(tmp_path, rows) == text


def test_all_rows_are_drawn(tmp_path: Path) -> None:
    text = drawn(tmp_path, [compared(SUM, 0.25), compared(("sum", "any other", "peer"), 0.5)], "--all")
    assert ">any other, 2 threads</text>" in text


def test_a_png_is_drawn(tmp_path: Path) -> None:
    drawn(tmp_path, [compared(SUM, 0.25)])
    assert plot.main([str(tmp_path / "run.json"), str(tmp_path / "out.png")]) == 0
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run.json", "out.json"], "neither an .svg nor a .png"),
        (["none.json", "out.svg"], "none.json is not there"),
        (["run.json", "out.svg"], "none of the rows"),
        (["run.json", "out.svg", "--all"], "none of the rows"),
    ],
)
def test_what_cannot_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    pytest.importorskip("matplotlib")
    report.write_json(tmp_path / "run.json", MACHINE, [harness.row(PLAN, "alone", [1.0], Measure.RATE)], [])
    with pytest.raises(SystemExit) as stop:
        plot.main([each if each.startswith("-") else str(tmp_path / each) for each in arguments])
    assert stop.value.code == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out.svg").exists()


# ---- the scan ----


def test_a_scan_has_every_function_that_is_not_numpys_own() -> None:
    spec = importlib.util.spec_from_file_location("names", ROOT / "docs" / "namespace_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    ours = {
        name for name in table.names() if scan_calls.named(tm.numpy, name) is not scan_calls.named(np, name)
    }
    known = {id(scan_calls.named(np, name)) for name in scan_calls.names()}
    assert [name for name in sorted(ours) if id(scan_calls.named(np, name)) not in known] == []
    seen = {case.name for case in scan.cases(0)}
    assert seen == {*scan_calls.names()}


def test_a_scan_is_shuffled_by_its_seed() -> None:
    first, again, other = (list(itertools.islice(scan.cases(seed), 50)) for seed in (1, 1, 2))
    assert first == again != other
    assert {case.size for case in scan.cases(1, ["sort"], small=True)} == {1, 10, 100}
    assert min(case.size for case in scan.cases(1, ["sort"], large=True) if type(case.size) is int) == 10_000


@pytest.mark.parametrize(
    ("ours", "numpys", "is_loss"),
    [(2e-6, 1e-6, True), (1.4e-6, 1e-6, False), (1.06, 1.0, True), (1.05, 1.0, False), (0.5, 1.0, False)],
)
def test_a_loss_shows_in_both_measures(ours: float, numpys: float, is_loss: bool) -> None:
    case = scan.Case("sort", "f8", 10, "row", "contiguous", 0)
    assert scan.Found(case, 10, ours, numpys).is_loss is is_loss


@pytest.mark.parametrize("shape", scan.SHAPES)
@pytest.mark.parametrize("layout", scan.LAYOUTS)
def test_arrays_of_a_scan(shape: str, layout: str) -> None:
    x = scan.array("f4", 1000, shape, layout)
    assert x.size == 1000
    assert x.dtype == np.float32
    assert x.flags.c_contiguous is (layout == "contiguous" or (layout, shape) == ("transposed", "row"))


def test_a_scan_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["scan", "--seconds", "0.5", "--only", "sort", "--small", "--save", str(tmp_path / "scan.json")]
    assert main(given) == 0
    told = json.loads((tmp_path / "scan.json").read_text())
    assert {each["case"]["name"] for each in told["measured"]} == {"sort"}
    assert "calls measured" in capsys.readouterr().out
