"""NumPy with fewer instruction sets, and so with other loops: a short comparison in a process of its own."""

import os
import sys

import numpy as np
import pytest
from kit import commands
from kit.marks import only_in_a_sweep

SCRIPT = """
import numpy as np
from kit.comparison import assert_same_call
from kit.ufuncs import UFUNCS, layouts_of, loops, operands

import threadmill as tm

features = np._core._multiarray_umath.__cpu_features__
assert not any(features[name] for name in {disabled!r}), features
with tm.Pool(3) as pool, np.errstate(all="warn"):
    for name, ufunc in UFUNCS.items():
        ours = tm.parallel(ufunc)
        for ins, outs in loops(ufunc):
            if not set(ins) <= set("?bHlfdFD"):
                continue
            for n in 1025, 4099:
                make = lambda: (operands(ufunc, ins, n), {{}})
                assert_same_call(ours, ufunc, make, name + " " + ins, pool=pool)
            for layout, make in layouts_of(ufunc, ins, 2055):
                assert_same_call(ours, ufunc, make, name + " " + ins + ", " + layout, pool=pool)
            if len(ins) == 2 and len(set(ins + outs)) == 1 and name != "power":
                for axis in 0, 1, None:
                    make = lambda: ([operands(ufunc, ins, 70 * 66)[0].reshape(70, 66)], {{"axis": axis}})
                    assert_same_call(ours.reduce, ufunc.reduce, make, name + ".reduce " + ins, pool=pool)
    assert tm.parallel(np.exp).explain(np.ones(5000), pool=pool).parallel
print("the same")
"""


def _levels() -> list[str]:
    """What NumPy dispatches to and this processor has, newest last; to disable from each on."""
    umath = np._core._multiarray_umath  # type: ignore[attr-defined]
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]


@pytest.mark.parametrize("kept", [0, only_in_a_sweep(-1)])
def test_fewer_instruction_sets(kept: int) -> None:
    """All of the dispatched ones disabled, and all but the older half."""
    levels = _levels()
    disabled = levels if kept == 0 else levels[-(len(levels) // 2) :]
    if not disabled or (kept and len(levels) < 2):
        pytest.skip("NumPy has no loops to choose between")
    done = commands.run_python(
        SCRIPT.format(disabled=disabled),
        "-W",
        "ignore::ImportWarning",
        seconds=110,
        env=os.environ
        | {"NPY_DISABLE_CPU_FEATURES": " ".join(disabled), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "the same\n", done.stderr[-3000:]
