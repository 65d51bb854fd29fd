"""Random programs of NumPy operations, views, writes and reads on shared memory, fused against as they are.

``python tests/kit/fuse_random.py SECONDS [SEED]`` tries seeds from SEED on for so many seconds, and prints
the programs that differ.
"""

import random
import re
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import numpy as np
from kit.fuse_compare import LAYOUTS, Seen, Special, differences
from kit.fuse_lines import LINES

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

# NaNs of both signs and several payloads, signalling ones too, zeros, infinities.
SPECIAL = np.array(
    [
        *(0x7FF8000000000001, 0xFFF8000000000ABC, 0x7FF0000000000001, 0xFFF8000000000000, 0x7FF4000000000077),
        *(0x8000000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0, 1),
    ],
    "u8",
).view("f8")
LENGTHS = [1, 2, 7, 63, 64, 65, 511, 1023, 1025, 1500, 4097, 8192, 8193, 20000, 70001]


class Case(NamedTuple):
    text: str
    function: Callable[..., Any]
    args: list[Any]
    errstate: dict[str, str]
    pool: int


def values(rng: np.random.Generator, n: int, dtype: str, special: bool) -> Any:
    x = rng.normal(size=n) * 3
    if special:
        places = rng.integers(0, n, max(1, n // 5))
        x[places] = SPECIAL[rng.integers(0, len(SPECIAL), len(places))]
    with np.errstate(all="ignore"):
        if dtype == "?":
            return x > 0
        if dtype in "bBiIqQ":
            return rng.integers(0, 50, n).astype(dtype)
        y = x.astype(dtype)
        if dtype in "FD":
            y.imag = x[::-1]
        return y


class Writer:
    """Writes the lines of one program."""

    def __init__(self, rnd: random.Random, count: int) -> None:
        self.rnd = rnd
        self.names = [f"a{k}" for k in range(count)]
        self.made: list[str] = []

    def any(self) -> str:
        return self.rnd.choice(self.names)

    def new(self) -> str:
        self.made.append(f"t{len(self.made)}")
        self.names.append(self.made[-1])
        return self.made[-1]

    def line(self) -> str:
        rnd, x, y = self.rnd, self.any(), self.any()
        kinds: list[tuple[int, Callable[[], str]]] = [
            (25, lambda: f"{self.new()} = np.{rnd.choice(UNARY)}({x})"),
            (25, lambda: f"{self.new()} = np.{rnd.choice(BINARY)}({x}, {y})"),
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
        if rnd.random() < 0.3:
            line = rnd.choice(LINES)
            new = self.new() if "{t}" in line else ""
            return line.format(x=x, y=y, z=self.any(), t=new)
        return rnd.choices([write for _, write in kinds], weights)[0]()

    def with_number(self, x: str) -> str:
        rnd, number = self.rnd, self.rnd.choice(NUMBERS)
        operator = rnd.choice(["+", "-", "*", "/", "**", "//", "%", "<", ">", "=="])
        pair = (x, number) if rnd.random() < 0.6 or operator == "**" else (number, x)
        return f"{self.new()} = {pair[0]} {operator} {pair[1]}"


def program(rnd: random.Random, count: int) -> str:
    writer = Writer(rnd, count)
    lines = [writer.line() for _ in range(rnd.randint(2, 16))]
    result = [name for name in writer.names if name[0] == "a" or rnd.random() < 0.6]
    text = [f"def program({', '.join(writer.names[:count])}):", "  told = []"]
    text += [f"  {name} = None" for name in writer.made]
    for line in lines:
        is_alone = re.match("(with|if|for) ", line) is None  # beside `try:`
        text += [f"  try: {line}" if is_alone else f"  try:\n    {line}"]
        text += ["  except Exception as error: told.append((type(error).__name__, str(error)))"]
    return "\n".join([*text, f"  return told, {', '.join(result)}"])


def arguments(rnd: random.Random, rng: np.random.Generator) -> list[Any]:
    n = rnd.choice(LENGTHS)
    shape = (
        (n,)
        if rnd.random() < 0.5
        else rnd.choice([(3, n), (n, 3), (2, 3, n), (min(n, 1500), 1), (1, min(n, 1500)), (5, 7, 11)])
    )
    args: list[Any] = []
    for _ in range(rnd.randint(1, 3)):
        own = shape if rnd.random() < 0.85 else shape[-1:]
        dtype = rnd.choice("ddddfFDiqe?IbHg")
        x = values(rng, int(np.prod(own)), dtype, rnd.random() < 0.5).reshape(own)
        args.append(LAYOUTS[rnd.choice(["contiguous"] * 6 + list(LAYOUTS))](x))
    if len(args) > 1 and rnd.random() < 0.2:
        args[1] = args[0]
    elif len(args) > 1 and len(args[0]) > 2 and rnd.random() < 0.15:
        args[0], args[1] = args[0][:-1], args[0][1:]
    return args


def case(seed: int) -> Case:
    rnd, rng = random.Random(seed), np.random.default_rng(seed)
    args = arguments(rnd, rng)
    text = program(rnd, len(args))
    if np.lib.NumpyVersion(np.__version__) < "2.2.0":  # rows of unsigned numbers beside -1 end the process
        text = re.sub(r"([<>=]) -1\b", r"\1 1", text)
    names: dict[str, Any] = {"np": np, "warnings": warnings}
    exec(compile(text, f"<seed {seed}>", "exec"), names)
    errstate = rnd.choice([{}, {}, {"all": "ignore"}, {"all": "warn"}, {"over": "raise"}])
    return Case(text, names["program"], args, errstate, rnd.randrange(4))


# Errors after which NumPy's own results differ from run to run: the second one's `out` is what a buffer had.
_UNDEFINED = "MemoryError", "Integers to negative integer powers are not allowed"


def tried(seed: int, pools: list[tm.Pool]) -> Seen:
    """What differs in the program of this seed; {} where NumPy lacks memory or leaves some undefined."""
    one = case(seed)
    try:
        with np.errstate(**one.errstate):  # type: ignore[arg-type]
            found = differences(one.function, one.args, pools[one.pool % len(pools)])
    except MemoryError:  # of the comparison
        return {}
    if "warnings" in found and _runs_without_lazy_arrays(one):
        plainly, fused = found["warnings"]
        if sorted(plainly, key=repr) == sorted(fused, key=repr):
            del found["warnings"]
    return {} if _shows_padding(one) or any(name in repr(found)[:2000] for name in _UNDEFINED) else found


def _shows_padding(one: Case) -> bool:
    """Whether other numbers are looked at as long doubles, six bytes of which no loop writes."""
    return ".view(" in one.text and "g" in {x.dtype.char for x in one.args}


def _runs_without_lazy_arrays(one: Case) -> bool:
    """Whether some operations are on scalars or subclasses: they warn before what stands above them does."""
    scalars = [f".{name}(" for name in REDUCTIONS] + [
        "np.nans",
        "np.nanm",
        "np.nanv",
        "np.average",
        "np.linalg",
        "np.count",
        *("[0]", "[0, ...]", "allclose", "array_equal", ".mean(", "np.median", "np.dot", "argm", "ptp"),
        ".reduce(",
    ]
    return any(type(x) is Special for x in one.args) or any(name in one.text for name in scalars)


def main(seconds: float, seed: int) -> int:
    from kit.fuse_compare import everything_is_worth_it

    class Patch:
        setattr = staticmethod(setattr)

    everything_is_worth_it(Patch())
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2)  # some programs' shapes multiply
    pools = [tm.Pool(n) for n in (1, 2, 3, 7)]
    begin, first, bad = time.monotonic(), seed, 0
    while time.monotonic() - begin < seconds:
        found = tried(seed, pools)
        if found:
            bad += 1
            one = case(seed)
            print(
                f"seed {seed}, errstate {one.errstate}, {[(x.dtype, x.shape, x.strides) for x in one.args]}"
            )
            print(one.text)
            for name, (plainly, fused) in found.items():
                print(f"{name}\n  {str(plainly)[:3000]}\n  {str(fused)[:3000]}")
        seed += 1
    print(f"{bad} of {seed - first} programs differ")
    return bad


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0) > 0)
