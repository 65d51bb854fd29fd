"""Random programs of a wider range than those of fuse_random.py.

Arguments, lines and states are odd ones as well, and exceptions may end a program in the middle.

``python tests/kit/fuse_wide.py SECONDS [SEED]`` tries seeds from SEED on for so many seconds, and prints the
programs that differ.
"""

import ast
import functools
import math
import random
import sys
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import numpy as np
from kit.fuse_arguments import DTYPES, arguments, numbers
from kit.fuse_compare import Seen, Special, told_apart, twin
from kit.fuse_expressions import expression
from kit.fuse_hard_lines import MASKS, SCALARS
from kit.fuse_hunt import hold_programs_back, hunted
from kit.fuse_odd_arguments import CLASSES, extremes, in_the_memory_of, odd_argument
from kit.fuse_odd_lines import ODD_LINES
from kit.fuse_random import Case, Writer, case_of, holding, left_of, outlived, program
from kit.fuse_states import State, seen_under, state

import threadmill as tm

__all__ = ["wide_case", "wide_tried"]


class WideWriter(Writer):
    """Writes odd lines among the others; `expressions`: how many of them are expressions."""

    expressions = 0.1

    def line(self) -> str:
        rnd = self.rnd
        if rnd.random() < self.expressions:
            written = expression(rnd, self.names, rnd.randint(2, 4))
            return f"{self.any()} = {written}" if rnd.random() < 0.1 else f"{self.new()} = {written}"
        if rnd.random() < 0.5:
            return super().line()
        x, y, z, line = self.any(), self.any(), self.any(), rnd.choice(ODD_LINES)
        new = self.new(not _makes_several(line)) if "{t}" in line else ""
        mask = rnd.choice(MASKS).format(x=x, y=y, z=z)
        return line.format(x=x, y=y, z=z, t=new, m=mask, s=rnd.choice(SCALARS))


@functools.cache
def _makes_several(line: str) -> bool:
    """Whether a line makes a tuple."""
    names = dict.fromkeys("xyzts", "name") | {"m": "name > 0"}
    made = [each for each in ast.walk(ast.parse(line.format(**names))) if isinstance(each, ast.Assign)]
    return any(isinstance(each.value, ast.Tuple) for each in made if isinstance(each.targets[0], ast.Name))


class WideCase(NamedTuple):
    one: Case
    state: State
    fails_at: int


def _arguments(rnd: random.Random, rng: np.random.Generator) -> list[Any]:
    """Those of other programs, some of them numbers at the edge, or made something odd."""
    args = arguments(rnd, rng)
    for k, x in enumerate(args):
        if x.ndim and x.size and rnd.random() < 0.25:
            args[k] = extremes(rng, x.size, rnd.choice(DTYPES[:-2])).reshape(x.shape)
    shape = args[0].shape
    if args[0].ndim and args[0].size and rnd.random() < 0.35:
        odd = odd_argument(rnd, extremes(rng, args[0].size, rnd.choice(DTYPES[:-2])).reshape(shape))
        args.insert(rnd.randint(0, len(args)), odd)
    return args


def _large_arguments(rnd: random.Random, rng: np.random.Generator) -> list[Any]:
    """Arrays whose temporaries NumPy writes over, with NaNs that are not alike."""
    shape = rnd.choice([(70_001,), (300, 300), (40_000, 2), (2, 40_000)])
    dtypes = rnd.choices("dddfFDiq", k=rnd.randint(1, 3))
    args = [numbers(rng, math.prod(shape), dtype, rnd.random() < 0.7).reshape(shape) for dtype in dtypes]
    for k, x in enumerate(args):
        if rnd.random() < 0.2:
            args[k] = rnd.choice([np.asfortranarray, lambda x: x[..., ::-1], lambda x: x.view(Special)])(x)
    return args


def wide_case(seed: int) -> WideCase:
    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    is_large = rnd.random() < 0.2
    args = _large_arguments(rnd, rng) if is_large else _arguments(rnd, rng)
    own, x = random.Random(f"memory of {seed}"), args[0]
    if (
        type(x) is np.ndarray
        and x.ndim
        and x.size
        and x.dtype.kind in "iufc"
        and x.flags.c_contiguous
        and own.random() < 0.1
    ):
        args.append(in_the_memory_of(own, x))
    ends = rnd.random() < 0.3
    writer = WideWriter(rnd, len(args))
    if is_large:
        writer.expressions = 0.7
    text = outlived(program(writer, lambda: not ends or rnd.random() < 0.5), args)
    under, fails_at = state(rnd), rnd.choice([0, 0, 1, 2])
    one = case_of(text, args, {}, rnd.randrange(4), f"<seed {seed}>", **CLASSES)
    return WideCase(one, under, fails_at)


def wide_tried(seed: int, pools: list[tm.Pool]) -> Seen:
    """What differs in the program of this seed, called once, or once more as reductions are foreseen then."""
    one, under, fails_at = wide_case(seed)
    fused = holding(tm.fuse(one.fused, pool=pools[one.pool % len(pools)]))
    try:
        plainly = seen_under(under, holding(one.function), twin(one.args), fails_at)
        for _ in range(2):
            ours = seen_under(under, fused, twin(one.args), fails_at)
            found = left_of(one, told_apart(plainly, ours))
            if found:
                break
        return found
    except (MemoryError, RecursionError):
        return {}


def _alone(seed: int) -> None:
    """The program of this seed as it is."""
    one, under, fails_at = wide_case(seed)
    seen_under(under, holding(one.function), twin(one.args), fails_at)


def _shown(seed: int) -> str:
    one, under, fails_at = wide_case(seed)
    args = [(type(x).__name__, x.dtype, x.shape, getattr(x, "strides", ())) for x in one.args]
    return f"{under}, fails at {fails_at}, {args}\n{one.text}"


if __name__ == "__main__":
    hold_programs_back()
    begin = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sys.exit(hunted(float(sys.argv[1]), begin, wide_tried, _alone, _shown) > 0)
