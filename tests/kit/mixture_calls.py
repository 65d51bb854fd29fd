"""A call of the mixture, as text, and the random choices that calls are made of.

A sequence keeps to a few ufuncs, dtypes and shapes, so that its calls meet in the caches of the same parallel
objects, and mixes others in between.
"""

import math
import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from kit.mixture_words import CLASSES, LARGE, LAYOUTS, MOST_USED, SIZES, UFUNCS

__all__ = ["Call", "Chooser"]


MOST = 1 << 20  # elements of a result


@dataclass
class Call:
    """One call, as text: how its arguments are made, and how the function is called."""

    setup: list[str] = field(default_factory=list)
    numpys: str = ""
    ours: str = ""
    arguments: list[str] = field(default_factory=list)
    errstate: str = ""
    bufsize: int = 0
    pool: int = 0  # 0: the default pool
    mask: bool = False  # `w` says which elements of a new result are defined

    def text(self) -> str:
        """The Python that makes the arguments and a function `call(f, **pool)`."""
        state = [self.errstate] if self.errstate else []
        lines = [*self.setup, "def call(f, **pool):"]
        body = [f"return f({', '.join([*self.arguments, '**pool'])})"]
        if self.bufsize:
            body.insert(0, f"np.setbufsize({self.bufsize})")
        if state or self.bufsize:
            lines.append(f"    with np.errstate({self.errstate}):")
            body = ["    " + line for line in body]
        return "\n".join([*lines, *("    " + line for line in body)]) + "\n"

    def about(self) -> str:
        """The function that is called, by whatever method."""
        return self.ours.partition(")")[0]

    def script(self) -> str:
        """The same as a script that shows both outcomes."""
        pool = f", pool=pool({self.pool})" if self.pool else ""
        return f"{self.text()}compare(call, {self.ours}, {self.numpys}{pool})\n"


class Chooser:
    """Random choices, of which some come again throughout the sequence."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.few_ufuncs = [self.any_ufunc() for _ in range(4)]
        self.few_dtypes = [self.any_dtype() for _ in range(3)]
        self.few_sizes = [*self.random.choices(SIZES, k=2), self.random.choice([1500, *LARGE[:6]])]
        self.flavour = self.random.choice(["small", "wide", "special", "nans", "nans"])

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def any_ufunc(self) -> str:
        if self.chance(50):
            return str(self.random.choice(MOST_USED))
        return str(self.random.choice(sorted(UFUNCS)))

    def ufunc(self) -> str:
        return self.random.choice(self.few_ufuncs) if self.chance(75) else self.any_ufunc()

    def any_dtype(self) -> str:
        char = self.random.choice("?bBhHiIlLqQefdgFDGdfdfdfDlii")
        if self.chance(8):
            return self.one("'m8[s]'", "'m8[us]'", "'M8[s]'", "'M8[D]'", "'m8'")
        if self.chance(4):
            return self.one("'O'", "'S2'", "'U1'", "'V3'")
        return repr(char)

    def dtype(self) -> str:
        found = self.random.choice(self.few_dtypes) if self.chance(80) else self.any_dtype()
        return f"metadata({found}, {self.random.randrange(3)})" if self.chance(7) else found

    def shape(self) -> tuple[int, ...]:
        size = self.random.choice(self.few_sizes) if self.chance(75) else self.random.choice(SIZES)
        if self.chance(2):
            size = self.random.choice(LARGE)
        if self.chance(55):
            return (size,)
        if self.chance(6):
            return self.one((), (0, 3), (3, 0), (1, 1), (1,), (2, 0, 3))
        side = self.one(1, 2, 3, 7, 32, 65)
        other = max(1, size // side)
        if self.chance(65):
            return self.one((side, other), (other, side))
        shape = [side, max(1, other // 5), 5]
        self.random.shuffle(shape)
        return tuple(shape)

    def array(self, name: str, shape: tuple[int, ...], dtype: str, layouts: bool = True) -> str:
        """The line that makes an array."""
        layout = self.random.choice(LAYOUTS) if layouts and self.chance(30) else ""
        flavour = self.flavour if self.chance(75) else self.one("small", "wide", "special", "nans")
        line = f"{name} = make({dtype}, {shape}, {layout!r}, {flavour!r}, {self.random.randrange(8)})"
        if self.chance(5):
            kind = self.random.choice(CLASSES)
            line += f".view({kind if len(shape) < 3 else 'Plain'})"  # a matrix has two axes
        elif self.chance(1.5):
            line = f"{name} = {self.one('Strong', 'Interface')}({line.partition(' = ')[2]})"
        elif self.chance(1) and int(np.prod(shape)) < 3000:
            line += ".tolist()"
        return line

    def around(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape for an operand beside one of this shape, which it mostly is."""
        if self.chance(75) or not shape:
            return shape
        if self.chance(8):
            return (*shape, 2) if _elements(shape, (*shape, 2)) < MOST else shape
        if self.chance(5):
            return (shape[0] + 1, *shape[1:])
        return self.one((), shape[1:], (*shape[:-1], 1), (1,) * len(shape), (1, *shape[1:]), (2, *shape))

    def state(self, call: Call) -> None:
        """The caller's context: floating-point errors, the buffer; and the pool."""
        if self.chance(75):
            call.errstate = self.one("all='ignore'", "all='ignore'", "all='warn'")
        else:
            ways = ["ignore", "warn", "raise", "call", "log", "print"]
            errors = [error for error in ("divide", "over", "under", "invalid") if self.chance(70)]
            each = [f"{error}={self.random.choice(ways)!r}" for error in errors]
            call.errstate = ", ".join([*each, f"call={self.one('hear', 'hear', 'hear', 'None')}"])
        if self.chance(5):
            call.bufsize = self.one(16, 64, 1024, 4096, 16384, 1000000)
        call.pool = self.one(0, 1, 2, 3, 3, 7)


def _elements(*shapes: tuple[int, ...]) -> int:
    """Of a result of operands of these shapes; none where they don't fit."""
    try:
        return math.prod(np.broadcast_shapes(*shapes))
    except ValueError:
        return 0
