"""Random programs of a wider range, fused: odd arguments, modes and filters, exceptions in the middle.

More: ``python tests/kit/fuse_wide.py 3600``.
"""

import os
import subprocess
import sys
import textwrap

import pytest
from kit.fuse_warned import Told, are_in_order
from kit.fuse_wide import wide_tried

import threadmill as tm

pytestmark = [
    pytest.mark.usefixtures("small_ones_too"),
    pytest.mark.thread_unsafe(reason="catches warnings, which are the process's"),
]


@pytest.mark.parametrize("block", range(8))
def test_programs_of_a_wider_range(block: int, pools: list[tm.Pool]) -> None:
    for seed in range(40 * block, 40 * block + 40):
        assert wide_tried(seed, pools) == {}, f"seed {seed}"


def test_what_numpy_tells_of_alone_may_come_before() -> None:
    def told(*texts: str) -> list[Told]:
        """Those in capitals are NumPy's alone."""
        made = [Told((text.lower(),)) for text in texts]
        for each, text in zip(made, texts, strict=True):
            each.is_alone = text.isupper()
        return made

    numpys = told("A", "B", "C", "B")
    assert are_in_order(numpys, told("a", "b", "c", "b"))
    assert are_in_order(numpys, told("C", "a", "b", "b"))
    assert are_in_order(numpys, told("B", "C", "a", "b"))
    assert not are_in_order(numpys, told("b", "a", "c", "b"))
    assert not are_in_order(numpys, told("C", "B", "a", "B"))
    assert not are_in_order(numpys, told("a", "b", "c"))
    assert not are_in_order(numpys, told("a", "b", "c", "b", "D"))


def test_a_hunt_outlives_its_programs() -> None:
    script = """
        import os, time
        from kit import fuse_hunt

        def tries(seed, pools):
            if seed in (3, 5):
                os.abort()
            fuse_hunt.time.monotonic = lambda: seed
            return {"result": ("one", "other")} if seed == 4 else {}

        def alone(seed):
            if seed == 5:
                time.sleep(1000)

        fuse_hunt._PATIENCE = 2
        fuse_hunt.time.monotonic = lambda: 0
        fuse_hunt.hunted(8, 1, tries, alone, str)
    """
    made = subprocess.run(
        [sys.executable, "-u", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    told = made.stdout.splitlines()
    assert not made.returncode, made.stderr
    assert told == [
        "seed 3 ends its process with -6, but not NumPy's: 3",
        *("seed 4, 4", "result", "  one", "  other"),
        "seed 5 ends its process with -6, NumPy's as well: 5",
        "2 of 8 programs differ, 2 ended a process",
    ]
