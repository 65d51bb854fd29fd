"""Random programs of NumPy operations, views, writes and reads on shared memory, fused against as they are.

``python tests/kit/fuse_random.py SECONDS [SEED]`` tries seeds from SEED on for so many seconds, and prints
the programs that differ.
"""

import contextlib
import copy
import itertools
import operator
import pickle
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import numpy as np
from kit.fuse_arguments import arguments
from kit.fuse_compare import Seen, seen, told_apart, twin
from kit.fuse_hard_course import HARD_COURSE
from kit.fuse_hard_lines import HARD_LINES, MASKS, SCALARS
from kit.fuse_hunt import hold_programs_back, hunted
from kit.fuse_lines import LINES
from kit.fuse_warned import are_in_order

import threadmill as tm

UNARY = [
    *("negative", "absolute", "sqrt", "exp", "log", "sin", "square", "reciprocal", "floor", "sign"),
    *("isnan", "positive", "rint", "conjugate", "tanh", "logical_not"),
]
BINARY = [
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "greater_equal", "equal"),
    *("hypot", "arctan2", "fmax", "power", "floor_divide", "remainder", "copysign", "logaddexp"),
    *("bitwise_and", "logical_or"),
]
COPIES = "", "'F'", "'K'"
FUNCTIONS = (
    "np.isclose({x}, {y}, equal_nan=True)",
    "np.allclose({x}, {y})",
    "np.array_equal({x}, {y})",
    "np.nan_to_num({x})",
    "np.nan_to_num({x}, copy=False, nan=1)",
    "np.round({x}, 1)",
    "np.round({x}, out={y})",
    "np.count_nonzero({x})",
    "np.count_nonzero({x}, axis=-1)",
    "({x} > 0).sum()",
    "np.nansum({x})",
    "np.nanmean({x})",
    "np.nanvar({x}, axis=0)",
    "np.nanmax({x}, axis=-1)",
    "np.average({x}, weights=np.isfinite({y}))",
    "np.average({x}, axis=0)",
    "np.diff({x}, axis=0)",
    "np.gradient({x}, axis=0)",
    "np.linalg.norm({x}, axis=-1)",
    "np.linalg.norm({x}, 1)",
    "np.zeros_like({x})",
    "np.full_like({x}, 2, dtype={y}.dtype)",
    "np.empty_like({x}).fill(1)",
    "{x}.real + {x}.conj()",
    "np.multiply({x}, {y}, dtype={x}.dtype)",
    "np.add({x}, {y}, casting='unsafe', subok=False)",
    "np.flip({x}) * 2 + np.moveaxis({x}, 0, 0)",
    "np.select([{x} > 0, {y} > 1], [{x}, {y}])",
)
NUMBERS = [
    *("2", "0.5", "-1", "3.0", "2.0", "1j", "True", "7", "0", "1"),
    "np.float32(1.5)",
    "np.float64(np.nan)",
]
REDUCTIONS = ["sum", "min", "max", "mean", "var", "any", "all", "std", "prod", "argmax", "cumsum"]
DTYPES = ["float32", "float", "complex", "int", "bool", "int8"]
ERRSTATES: list[dict[str, str]] = [
    *({}, {}, {}, {"all": "ignore"}, {"all": "warn"}, {"over": "raise"}, {"under": "warn"}),
    *({"invalid": "ignore"}, {"all": "raise"}),
]


class Log:
    """What np.errstate writes to, or calls."""

    def __init__(self, told: list[Any]) -> None:
        self.write = told.append

    def __call__(self, *given: Any) -> None:
        self.write(given)


@contextlib.contextmanager
def recorded(told: list[Any]) -> Iterator[None]:
    """Notes the warnings that have been told when the block ends."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
        told.append([(str(each.message), each.lineno) for each in found])


NAMES = {
    **{"np": np, "copy": copy, "operator": operator, "pickle": pickle, "warnings": warnings},
    **{"Log": Log, "recorded": recorded},
}


def holding(program: Callable[..., Any]) -> Callable[..., Any]:
    """A program that is given its arguments in a list and a dict as well; these are shown when it is over."""

    def call(*args: Any) -> Any:
        held = [*args, 2.5]
        named = {"first": args[0], "rest": [*args[1:]]}
        try:
            return program(*args, held, named), held, named
        except Exception as error:
            return type(error).__name__, str(error), held, named

    return call


class Case(NamedTuple):
    """A program as it is, and as it is to be fused: of functions within it as well."""

    text: str
    function: Callable[..., Any]
    fused: Callable[..., Any]
    args: list[Any]
    errstate: dict[str, str]
    pool: int


class Writer:
    """Writes the lines of one program."""

    def __init__(self, rnd: random.Random, count: int) -> None:
        self.rnd = rnd
        self.names = [f"a{k}" for k in range(count)]
        self.made: list[str] = []
        self.shown: list[str] = []  # what no line takes as an operand

    def any(self) -> str:
        return self.rnd.choice(self.names)

    def new(self, is_operand: bool = True) -> str:
        self.made.append(f"t{len(self.made)}")
        (self.names if is_operand else self.shown).append(self.made[-1])
        return self.made[-1]

    def binary(self, x: str, y: str) -> str:
        name = self.rnd.choice(BINARY)
        # Powers of Python's own numbers would grow for hours.
        guard = f" if object not in ({x}.dtype, {y}.dtype) else None" if name == "power" else ""
        return f"{self.new()} = np.{name}({x}, {y}){guard}"

    def line(self) -> str:
        rnd, x, y = self.rnd, self.any(), self.any()
        kinds: list[tuple[int, Callable[[], str]]] = [
            (25, lambda: f"{self.new()} = np.{rnd.choice(UNARY)}({x})"),
            (25, lambda: self.binary(x, y)),
            (12, lambda: self.with_number(x)),
            (
                8,
                lambda: (
                    f"{x} {rnd.choice(['+', '-', '*', '/', '**', '//', '%'])}= {rnd.choice([y, '2', '0.5'])}"
                ),
            ),
            (6, lambda: f"{x}[...] = {y}"),
            (4, lambda: f"{x}[1:] = {y}[:-1]"),
            (
                4,
                lambda: f"{self.new()} = {x}[{rnd.choice(['1:', '...', '::2', ':-1', 'None', '0', '::-1'])}]",
            ),
            (3, lambda: f"{self.new()} = np.where({x}, {y}, {rnd.choice([*self.names, '0', '1.5'])})"),
            (
                3,
                lambda: f"{self.new()} = {x}.astype(np.{rnd.choice(DTYPES)}_)".replace("32_", "32").replace(
                    "8_", "8"
                ),
            ),
            (3, lambda: f"np.{rnd.choice(BINARY[:6])}({x}, {y}, out={self.any()})"),
            (
                6,
                lambda: (
                    f"{self.new()} = {x}.{rnd.choice(REDUCTIONS)}({rnd.choice(['', 'axis=0', 'axis=-1'])})"
                ),
            ),
            (4, lambda: f"{self.new()} = {x}.{rnd.choice(REDUCTIONS[:8])}(axis=-1, keepdims=True)"),
            (2, lambda: f"{self.new()} = {y} - {x}.{rnd.choice(REDUCTIONS[:8])}(axis=-1, keepdims=True)"),
            (2, lambda: f"{self.new()} = np.clip({x}, {rnd.choice(['-1', '0.5', 'None'])}, 2)"),
            (2, lambda: f"told.append(bool(np.any({x} > 1)))"),
            (2, lambda: f"{x}[{y} > 0] = 1"),
            (1, lambda: f"raw = np.asarray({x}); raw[:1] = 3"),
            (1, lambda: f"np.copyto({x}, {y})"),
            (1, lambda: f"np.copyto({x}, {rnd.choice([y, '1', '0.5'])}, where={self.any()} > 0)"),
            (2, lambda: f"{self.new()} = {x}.copy({rnd.choice(COPIES)})"),
            (8, lambda: f"{self.new()} = {rnd.choice(FUNCTIONS).format(x=x, y=y)}"),
            (1, lambda: f"with np.errstate(all='ignore'): {self.new()} = np.log({x}) / {y}"),
        ]
        weights = [weight for weight, _ in kinds]
        if rnd.random() < 0.6:
            z, line = self.any(), rnd.choice(rnd.choice([LINES, HARD_LINES, HARD_COURSE]))
            new = self.new() if "{t}" in line else ""
            mask = rnd.choice(MASKS).format(x=x, y=y, z=z)
            return line.format(x=x, y=y, z=z, t=new, m=mask, s=rnd.choice(SCALARS))
        return rnd.choices([write for _, write in kinds], weights)[0]()

    def with_number(self, x: str) -> str:
        rnd, number = self.rnd, self.rnd.choice(NUMBERS)
        operator = rnd.choice(["+", "-", "*", "/", "**", "//", "%", "<", ">", "=="])
        pair = (x, number) if rnd.random() < 0.6 or operator == "**" else (number, x)
        return f"{self.new()} = {pair[0]} {operator} {pair[1]}"


def program(writer: Writer, bears: Callable[[], bool] = lambda: True) -> str:
    """The text of a program; each of its lines may fail if it `bears` that, else the program ends there."""
    rnd, count = writer.rnd, len(writer.names)
    lines = [writer.line() for _ in range(rnd.randint(2, 16))]
    result = [name for name in (*writer.names, *writer.shown) if name[0] == "a" or rnd.random() < 0.6]
    text = [f"def program({', '.join(writer.names[:count])}, held, named):", "  told = []"]
    text += [f"  {name} = None" for name in writer.made]
    for line in lines:
        if not bears():
            text += [f"  {line}"]
            continue
        is_alone = re.match("(with|if|for|while) ", line) is None  # beside `try:`
        text += [f"  try: {line}" if is_alone else f"  try:\n    {line}"]
        text += ["  except Exception as error: told.append((type(error).__name__, str(error)))"]
    return "\n".join([*text, f"  return told, {', '.join(result)}"])


def case(seed: int) -> Case:
    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    args = arguments(rnd, rng)
    text = outlived(program(Writer(rnd, len(args))), args)
    errstate = rnd.choice(ERRSTATES)
    return case_of(text, args, errstate, rnd.randrange(4), f"<seed {seed}>")


def outlived(text: str, args: list[Any]) -> str:
    """A program without what ends the process in an old NumPy."""
    version = np.lib.NumpyVersion(np.__version__)
    if version < "2.2.0":  # rows of unsigned numbers beside -1
        text = re.sub(r"([<>=]) -1\b", r"\1 1", re.sub(r"-1 ([<>=])", r"1 \1", text))
    has_long = "longdouble" in text or any(x.dtype.char in "gG" for x in args)
    if version < "2.1.0" and has_long:  # whose bits end it
        text = re.sub(r" (\^|&|\||<<|>>) ", " + ", text.replace("np.bitwise_and", "np.add"))
    return text


def case_of(
    text: str, args: list[Any], errstate: dict[str, str], pool: int, name: str = "<program>", **more: Any
) -> Case:
    """A program of this text, which knows `more` names."""
    code, functions = compile(text, name, "exec"), []
    for fused in (lambda function: function, tm.fuse):
        names: dict[str, Any] = {**NAMES, **more, "fused": fused}
        exec(code, names)
        functions.append(names["program"])
    return Case(text, *functions, args, errstate, pool)


# After these NumPy's own results differ from run to run: an `out` has what a buffer had, or new memory.
_UNDEFINED = (
    "MemoryError",
    "RecursionError",
    "Integers to negative integer powers are not allowed",
    "'where' used without 'out'",
    "cannot reshape array of size",  # into a shape of anything
    "too many indices for array: array is 0-dimensional",  # how many C tells of arrays alone
    "arrays used as indices must be of integer",  # and this
    *("output must be an array", "return arrays must be of ArrayType"),  # and what C's methods are given
)
# NumPy 2.3 and older take x.dtype where x stands for a dtype, without asking an object for more.
_STANDS_FOR_A_DTYPE = "Cannot construct a dtype from an array"
_UNTOLD = _UNDEFINED if np.lib.NumpyVersion(np.__version__) >= "2.4.0" else (*_UNDEFINED, _STANDS_FOR_A_DTYPE)


def tried(seed: int, pools: list[tm.Pool]) -> Seen:
    """What differs in the program of this seed; {} where NumPy lacks memory or leaves some undefined."""
    return tried_case(case(seed), pools)


def tried_case(one: Case, pools: list[tm.Pool]) -> Seen:
    try:
        with np.errstate(**one.errstate):  # type: ignore[arg-type]
            plainly, fused = (
                holding(one.function),
                holding(tm.fuse(one.fused, pool=pools[one.pool % len(pools)])),
            )
            found = told_apart(seen(plainly, twin(one.args)), seen(fused, twin(one.args)))
    except (MemoryError, RecursionError):  # of the comparison, where a list holds itself
        return {}
    return left_of(one, found)


def left_of(one: Case, found: Seen) -> Seen:
    """What is left of differences without those that this program may have."""
    told = found.get("warnings")
    if told is not None and (are_in_order(*told) or are_in_order(*reversed(told))):
        del found["warnings"]
    if _assigns_by_a_mask(one.text) and found.keys() <= {"warnings", "calls", "printed"}:
        found = {name: pair for name, pair in found.items() if not _differ_in_casts(*pair)}
    said = repr(found.get("result", "")) + repr(found.get("warnings", ""))
    is_left_out = _shows_padding(one) or _asks_what_c_has_made(one.text)
    return {} if is_left_out or any(name in said for name in _UNTOLD) else found


def _shows_padding(one: Case) -> bool:
    """Whether other numbers are looked at as long doubles, six bytes of which no loop writes.

    In the other byte order these six are among those that count.
    """
    has_long = any(x.dtype.char in "gG" for x in one.args) or "'g'" in one.text or "longdouble" in one.text
    return has_long and (".view(" in one.text or "bytes(" in one.text or _are_seen_twice(one.args))


def _are_seen_twice(args: list[Any]) -> bool:
    """Whether arrays of different dtypes share memory."""
    arrays = [x for x in args if isinstance(x, np.ndarray)]
    return any(x.dtype != y.dtype and np.may_share_memory(x, y) for x, y in itertools.combinations(arrays, 2))


def _asks_what_c_has_made(text: str) -> bool:
    """Whether it compares arrays by identity: C hands out the array itself, not the lazy one."""
    return (
        re.search(r" is [at]\d", text) is not None and re.search(r"np\.(as|array|require)", text) is not None
    )


def _assigns_by_a_mask(text: str) -> bool:
    """Whether a lazy array may be assigned to what a mask picks of an array from outside.

    C converts all of it then, as of a list, and tells of more errors than of those elements that it copies.
    """
    return re.search(r"\[.*(> |!= |== |~|isnan|isfinite|bool|zeros|True).*\] = ", text) is not None


def _differ_in_casts(numpys: list[Any], ours: list[Any]) -> bool:
    """Whether there are errors of conversions besides in ours."""
    left = [each for each in ours if re.search("encountered in cast|Casting complex", str(each)) is None]
    return [each for each in numpys if each in left] == left and all(each in ours for each in numpys)


def _alone(seed: int) -> None:
    """The program of this seed as it is."""
    one = case(seed)
    with np.errstate(**one.errstate):  # type: ignore[arg-type]
        seen(holding(one.function), twin(one.args))


def _shown(seed: int) -> str:
    one = case(seed)
    return f"errstate {one.errstate}, {[(x.dtype, x.shape, x.strides) for x in one.args]}\n{one.text}"


if __name__ == "__main__":
    hold_programs_back()
    begin = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sys.exit(hunted(float(sys.argv[1]), begin, tried, _alone, _shown) > 0)
