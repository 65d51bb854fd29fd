"""Random calls of all kinds, one after the other on the same objects, come to what NumPy's come to."""

import pytest
from kit import mixture
from kit.mixture_calls import Call
from kit.mixture_grammar import sequence
from kit.mixture_outcome import differences, outcome


def test_a_mixture_of_calls() -> None:
    assert mixture.mixture(range(3), most=3) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_long_mixture_of_calls() -> None:
    assert mixture.mixture(range(1000, 1012), most=3) == []


# ---- the mixture itself ------------------------------------------------------------------------------------

GOOD = Call(["a = make('d', (3,))"], "np.sqrt", "tm.parallel(np.sqrt)", ["a"], "all='ignore'")
OTHER = Call(["a = make('d', (3,))"], "np.sqrt", "tm.parallel(np.cbrt)", ["a"], "all='ignore'")
CRASH = Call(["import os"], "abs", "lambda x: os.abort()", ["3"])
SPOIL = Call([], "abs", "lambda x: setattr(tm, 'spoilt', True) or x", ["3"])
SPOILT = Call([], "abs", "lambda x: x + hasattr(tm, 'spoilt')", ["3"])


def test_a_seed_makes_the_same_calls() -> None:
    assert sequence(7, 50) == sequence(7, 50)
    assert sequence(7, 50) != sequence(8, 50)


def test_numpy_agrees_with_itself() -> None:
    """No call has an outcome that NumPy leaves undefined."""
    for call in sequence(0, 300):
        assert list(differences(outcome(call, False), outcome(call, False))) == []


def test_other_values_and_a_crash_are_differences() -> None:
    assert list(mixture.run_apart([GOOD, GOOD], True)) == []
    told = mixture.run_apart([GOOD, OTHER, GOOD, CRASH, GOOD], True)
    assert list(told) == [1, 3]
    assert told[1].startswith("result.bits: ")
    assert told[3].startswith("process ended: -6\n")


def test_only_the_calls_that_matter_are_reported() -> None:
    calls = [GOOD, OTHER, SPOIL, GOOD, GOOD, SPOILT]
    kind = mixture.kind_of(SPOILT, mixture.run_apart(calls, False)[5])
    assert mixture.shortest(calls, False, kind) == [SPOIL, SPOILT]


def test_a_script_shows_both_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    exec(mixture.script([OTHER], False, "what differs"), {"__name__": "script"})
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["NumPy", "ours"]
