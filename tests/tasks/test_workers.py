"""How many threads: the recipe's rule, and the environment variable."""

import os

import pytest

import threadmill as tm
from threadmill._native import machine
from threadmill.tasks.workers import default_workers


@pytest.mark.smoke
def test_usable_cores() -> None:
    cores = tm.usable_cores()
    assert 1 <= cores <= (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        assert cores <= len(os.sched_getaffinity(0))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_counts_at_once() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert tm.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(("cores", "expected"), [(1, (1, 2, 1)), (2, (2, 4, 1)), (7, (7, 14, 3))])
def test_the_recipes_rule(
    cores: int, expected: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: cores)
    assert tm.recommended_workers() == cores
    assert tuple(tm.recommended_workers(workload) for workload in ("cpu", "io", "memory")) == expected


@pytest.mark.parametrize("workload", ["gpu", "", None, "CPU"])
def test_unknown_workload(workload: str) -> None:
    with pytest.raises(ValueError, match=f"^workload must be 'cpu', 'io' or 'memory', got {workload!r}$"):
        tm.recommended_workers(workload)  # type: ignore[arg-type]


def test_default_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THREADMILL_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert default_workers() == tm.recommended_workers("cpu")


# ---- OMP_NUM_THREADS: what dask's nannies, Ray, joblib's workers and Slurm's scripts set ----


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("4,2", 4), (" 3 , 1", 3), ("64", 64)])
def test_openmps_variable(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert default_workers() == expected
    assert tm.Pool().max_workers == expected
    monkeypatch.setenv("THREADMILL_NUM_THREADS", "5")
    assert default_workers() == 5


@pytest.mark.parametrize("text", ["", "abc", "0", "-1", ",4", "2.5", "4x", "99999", "9" * 5000])
def test_a_bad_one_is_ignored(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    monkeypatch.delenv("THREADMILL_NUM_THREADS", raising=False)
    assert default_workers() == tm.recommended_workers("cpu")
    tm.Pool()


def test_it_is_read_when_the_pool_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THREADMILL_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    tm.default_pool().shutdown()
    try:
        pool = tm.default_pool()
        assert pool.max_workers == 3
        monkeypatch.setenv("OMP_NUM_THREADS", "5")
        assert tm.default_pool() is pool
    finally:
        tm.default_pool().shutdown()


# ---- THREADMILL_NUM_THREADS ----


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("64", 64), (" 3 ", 3), ("007", 7)])
def test_the_variable(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_NUM_THREADS", text)
    assert default_workers() == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "four", "1_000", "٣", "0x4", "+2"])
def test_bad_variable(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADMILL_NUM_THREADS", text)
    with pytest.raises(ValueError, match="THREADMILL_NUM_THREADS") as raised:
        default_workers()
    assert str(raised.value) == f"THREADMILL_NUM_THREADS must be an integer of 1 or more, got {text!r}"
