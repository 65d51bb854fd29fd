"""python -m threadmill: what it prints, and the exit status that scripts rely on."""

import io
import json
import re
import sys

import numpy as np
import pytest
from kit import commands

import threadmill as tm
from threadmill import _report
from threadmill.__main__ import main
from threadmill._bench import terminal
from threadmill._bench.arithmetic import threads_give

FACTS = {
    "threadmill": str,
    "python": str,
    "numpy": str,
    "platform": str,
    "online": int,
    "affinity": int,
    "quota": float,
    "usable": int,
    "last_level_cache": int,
    "default_workers": int,
    "simd": str,
}


@pytest.mark.smoke
def test_info_as_json() -> None:
    done = commands.run(sys.executable, "-m", "threadmill", "info", "--json")
    facts = json.loads(done.stdout)
    assert {name: type(value) for name, value in facts.items()} == FACTS
    assert facts["usable"] == tm.usable_cores()
    assert facts["threadmill"] == tm.__version__


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    assert np.__version__ in printed
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("platform"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_report, "SIZES", (10**4, 10**6))
    monkeypatch.setattr(_report, "SECONDS", 0.0)


@pytest.mark.usefixtures("quick")
def test_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "14 of 14 results have NumPy's bits." in printed
    assert printed.count("\nfuse ") == 2
    assert re.search(
        r"^(Pure arithmetic: 2 threads give \d\.\d\d x|This process may use one core)", printed, re.M
    )
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("platform"))
    assert "\x1b" not in printed


@pytest.mark.usefixtures("quick")
def test_main_job_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["environment"]) == set(FACTS)
    assert len(told["rows"]) == 14
    assert all(row["same_bits"] is True and row["seconds"] > 0 for row in told["rows"])
    assert set(told["threads_give"]) <= {"2", str(tm.usable_cores())}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({}, ["This process may use one core: threads can't make anything here quicker."]),
        ({"2": 1.97}, ["Pure arithmetic: 2 threads give 1.97 x what one thread does."]),
        (
            {"2": 1.99, "256": 140.0},
            [
                "Pure arithmetic: 2 threads give 1.99 x, 256 threads give 140.00 x what one thread does.",
                "No library can give more: cores share a core's units, or others use them.",
            ],
        ),
    ],
)
def test_cores_that_share_a_core_are_told_of(told: dict[str, float], lines: list[str]) -> None:
    assert _report.describe_arithmetic(told).splitlines() == lines


def test_a_pool_of_two_gives_something_on_arithmetic() -> None:
    assert 0 < threads_give(2) < 100


@pytest.mark.parametrize(
    ("tty", "variables", "colours"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them(
    tty: bool, variables: dict[str, str], colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: tty)
    assert terminal.paint("x", "green") == ("\x1b[32mx\x1b[0m" if colours else "x")
    assert terminal.paint("x", "") == "x"


@pytest.mark.usefixtures("quick")
def test_a_wrong_bit_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_report, "sum", lambda x: np.sum(x) + 1)
    assert main([]) == 1
    assert "DIFFER" in capsys.readouterr().out


def test_usage_says_that_a_command_may_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-h"])
    assert capsys.readouterr().out.startswith("usage: python -m threadmill [-h] [--json] [command ...]\n")
    with pytest.raises(SystemExit):
        main(["info", "-h"])
    assert capsys.readouterr().out.startswith("usage: python -m threadmill info [-h] [--json]\n")


def test_a_bad_variable_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "four")
    with pytest.raises(SystemExit) as stopped:
        main(["info"])
    assert stopped.value.code == 2
    assert "THREADMILL_NUM_THREADS must be an integer of 1 or more, got 'four'" in capsys.readouterr().err


def test_bad_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fly"])
    assert stopped.value.code == 2
    assert "fly" in capsys.readouterr().err
