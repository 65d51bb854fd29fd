"""The grammar of the mixture: calls as text, chosen at random, the same for a seed.

A sequence keeps to a few ufuncs, dtypes and shapes, so that its calls meet in the caches of the same parallel
objects, and mixes calls of all kinds in between.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Call", "sequence"]

UFUNCS = {value.__name__: value for value in vars(np).values() if isinstance(value, np.ufunc)}
MOST_USED = "add subtract multiply divide maximum minimum sqrt square absolute negative less equal exp sin"
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
SIZES = [0, 1, 2, 3, 5, 8, 16, 17, 31, 64, 67, 100, 257, 1000, 1023, 1024, 1025, 1500, 2047, 2048, 2049]
LARGE = [4095, 4096, 4097, 8191, 8192, 8193, 12289, 70003]
LAYOUTS = (
    "strided gaps reversed turned outer_turned fortran fortran_strided permuted broadcast misaligned field "
    "swapped read_only"
).split()
CLASSES = ["Plain", "Length", "Handed", "Ignored", "np.matrix", "np.ma.MaskedArray", "np.recarray"]
NUMBERS = """
    0 1 -1 2 3 7 255 -129 300 65536 2**31 2**63 -2**63 2**64 2**200 -1 True False 0.0 -0.0 0.5 1e300 1e-310
    float('nan') float('inf') -float('inf') 1j (1-0j) complex('nan+infj')
    np.bool(True) np.int8(3) np.uint8(200) np.int16(-3) np.int32(7) np.int64(-1) np.uint64(2**63) np.intp(2)
    np.longlong(5) np.ulonglong(6) np.float16(1.5) np.float32(-2) np.float64('nan') np.longdouble(3)
    np.complex64(1+2j) np.complex128(-1j) np.clongdouble(2) np.timedelta64(3,'s') np.datetime64(9,'D')
    np.timedelta64('NaT') Half(2.5) Unit(3) Absolute(4) Color.RED decimal.Decimal('1.5')
    fractions.Fraction(1,3) None 'x' b'x' np.str_('y') np.array(3.0) np.array(2) np.array(True)
    np.array(4).view(Plain) np.array(2.0).view(Handed) np.array(7,'>i4') datetime.timedelta(1) Duck() Refuses()
    object() [1,2] [1.5] (2,) [] [[1],[2]] ['a'] range(3) memoryview(b'abcd') np.void(b'ab') ... len
""".split()
DTYPES = """
    'f' 'd' 'e' 'g' 'F' 'D' 'i' 'l' 'q' 'b' 'B' '?' 'O' 'S3' 'm8[s]' 'M8[D]' 'm8' 'x' np.float32 np.int64
    np.floating np.inexact np.number np.integer np.generic float int bool complex object str None 3
    np.dtype('f4') np.dtype('>f8') np.dtype('d',metadata={'of':7}) np.dtypes.Float32DType
    np.dtypes.Float64DType np.dtypes.Int64DType np.dtypes.BoolDType np.dtypes.ObjectDType np.dtypes.DateTime64DType
    type(np.dtype('f8')) np.dtypes.StrDType np.dtypes.Float32DType() 'f4,i4' 'V4' '>i2' np.void
""".split()


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
        self.few_sizes = [self.random.choice(SIZES) for _ in range(2)] + [self.random.choice([1500, *LARGE[:6]])]
        self.flavour = self.random.choice(["small", "wide", "special", "nans", "nans"])

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def any_ufunc(self) -> str:
        if self.chance(50):
            return str(self.random.choice(MOST_USED.split()))
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
            return (*shape, 2)
        if self.chance(5):
            return (shape[0] + 1, *shape[1:])
        return self.one((), shape[1:], shape[:-1] + (1,), (1,) * len(shape), (1, *shape[1:]), (2, *shape))

    def state(self, call: Call) -> None:
        """The caller's context: floating-point errors, the buffer; and the pool."""
        if self.chance(75):
            call.errstate = self.one("all='ignore'", "all='ignore'", "all='warn'")
        else:
            ways = "ignore warn raise call log print".split()
            each = [f"{k}={self.random.choice(ways)!r}" for k in "divide over under invalid".split() if self.chance(70)]
            call.errstate = ", ".join([*each, f"call={self.one('hear', 'hear', 'hear', 'None')}"])
        if self.chance(5):
            call.bufsize = self.one(16, 64, 1024, 4096, 16384, 1000000)
        call.pool = self.one(0, 1, 2, 3, 3, 7)


def sequence(seed: int, length: int) -> list[Call]:
    """That many calls; always the same for a seed."""
    choose = Chooser(seed)
    kinds: list[tuple[int, Callable[[Chooser], Call]]] = [
        (60, elementwise),
        (14, reduction),
        (12, function),
        (5, kernel),
        (3, outer),
        (2, accumulation),
        (2, reduction_at),
        (2, at),
        (1, explained),
    ]
    weights, makers = [weight for weight, _ in kinds], [make for _, make in kinds]
    calls = []
    while len(calls) < length:
        call = choose.random.choices(makers, weights)[0](choose)
        choose.state(call)
        calls.append(call)
    return calls


# ---- element-wise calls ------------------------------------------------------------------------------------


def elementwise(choose: Chooser) -> Call:
    name = choose.ufunc()
    ufunc = UFUNCS[name]
    call = Call(numpys=f"np.{name}", ours=f"tm.parallel(np.{name})")
    if choose.chance(1):
        ufunc, call.numpys, call.ours = np.add, "python_add", "tm.parallel(python_add)"
    if ufunc.signature is not None and name != "vecdot":
        choose.flavour = "small"  # a BLAS may add in any order
    shape = choose.shape()
    number = None
    for k in range(ufunc.nin):
        if choose.chance(12 if k else 2):
            number = choose.random.choice(NUMBERS)
            call.arguments.append(number)
            continue
        letter = "ab"[k]
        if k and choose.chance(5):
            call.arguments.append("a" if "a" in call.arguments else "1")
            continue
        call.setup.append(choose.array(letter, choose.around(shape) if k else shape, choose.dtype()))
        call.arguments.append(letter)
    if choose.chance(2) and call.arguments:
        call.arguments.pop()
    elif choose.chance(0.5):
        call.arguments += ["3"] * 3
    # NumPy 2 crashes: np.equal(uint64_array, -1, where=mask)
    masked = not (name in COMPARISONS and number is not None) and choose.chance(12)
    outputs(choose, call, ufunc, shape)
    if masked:
        mask(choose, call, shape)
    options(choose, call, ufunc.nin + ufunc.nout)
    return call


def outputs(choose: Chooser, call: Call, ufunc: Any, shape: tuple[int, ...]) -> None:
    """Adds arrays for results, by position or by keyword, or what stands for them."""
    if choose.chance(45):
        return
    if choose.chance(12):
        wrong = ["None", "(None,)", "3", "[1.0]", "()", "(None, None)", "(None, None, None)", "'x'", "..."]
        wrong += ["(...,)", "np.float64(3)", "Duck()", "a", "(3,)"]
        call.arguments.append(choose.one("out=", "out=", "out=", "") + choose.random.choice(wrong))
        return
    names = []
    for k in range(ufunc.nout):
        name = "op"[k]
        if choose.chance(15) and "a" in call.arguments:
            names.append("a")
            continue
        if choose.chance(8) and call.setup and call.setup[0].startswith("a = make("):
            how = choose.one("ahead", "behind", "half", "reversed", "interleaved", "transposed", "same")
            dtype = choose.dtype()
            flavour = choose.flavour
            call.setup[0] = f"a, {name} = overlapping({dtype}, {shape}, {how!r}, {flavour!r}, {k})"
            names.append(name)
            continue
        size = shape if choose.chance(88) else choose.one((), choose.around(shape), (3, *shape), (1, *shape))
        dtype = choose.dtype()
        if choose.chance(25):
            dtype = "'?'" if ufunc.__name__ in COMPARISONS or ufunc.__name__.startswith("is") else "'d'"
        call.setup.append(choose.array(name, size, dtype))
        names.append(name)
    if len(names) == 1:
        way = choose.one("{}", "{}", "out={}", "out={}", "out={}", "out=({},)")
        call.arguments.append(way.format(*names))
    else:
        way = choose.one("{0}, {1}", "{0}", "{0}, None", "None, {1}", "out=({0}, {1})", "out=({0}, {1})")
        if choose.chance(30):
            way = choose.one("out=({0}, None)", "out=(None, {1})", "out={0}", "out=({0},)", "{0}, out={1}")
        call.arguments.append(way.format(*names))


def mask(choose: Chooser, call: Call, shape: tuple[int, ...]) -> None:
    """Adds `where`."""
    if choose.chance(75):
        size = choose.around(shape)
        call.setup.append(choose.array("w", size, "'?'" if choose.chance(92) else choose.any_dtype()))
        call.arguments.append("where=w")
        call.mask = True
        return
    value = choose.one("True", "False", "np.True_", "1", "None", "[True]", "'x'", "np.array(True)", "np.False_")
    call.setup.append(f"w = {value}")
    call.arguments.append("where=w")
    call.mask = True


def options(choose: Chooser, call: Call, operands: int) -> None:
    """Adds the options that choose a loop, and some that are errors."""
    more: list[str] = []
    if choose.chance(8):
        more.append(f"dtype={choose.random.choice(DTYPES)}")
    if choose.chance(6):
        name = choose.one("signature", "sig")
        char = choose.random.choice("dfilFD?qO")
        each = ", ".join(choose.random.choice([*DTYPES, "None", "None", "'d'"]) for _ in range(operands))
        forms = [repr(char), f"'{char * (operands - 1)}->{char}'", f"({each},)", f"({each},)", "None", "3", "'->'"]
        more.append(f"{name}={choose.random.choice(forms)}")
    if choose.chance(8):
        way = choose.one("no", "equiv", "safe", "same_kind", "unsafe", "unsafe", "same_value", "x")
        more.append(f"casting={way!r}" if choose.chance(97) else "casting=3")
    if choose.chance(8):
        more.append(f"order={choose.one('C', 'F', 'A', 'K', 'c', 'x', None, 3)!r}")
    if choose.chance(4):
        more.append(f"subok={choose.one('True', 'False', '1', 'None')}")
    if choose.chance(1):
        more.append(choose.one("bogus=1", "axis=0", "axes=[(), (), ()]", "keepdims=True", "extobj=[]", "axis=None"))
    choose.random.shuffle(more)
    call.arguments += more


# ---- reductions --------------------------------------------------------------------------------------------

AXES = """
    None None None 0 0 0 -1 -1 1 1 2 -2 (0,) (0,1) (-1,0) (1,) () (0,0) (0,-2) 5 -5 True False np.int64(0)
    np.int8(-1) np.intp(1) np.bool(True) 1.0 'x' [0] (True,) (0,None) np.array(0) np.array([0]) ... 2**70
""".split()


def reducing(choose: Chooser, call: Call, ufunc: str, inits: bool = True) -> None:
    """Adds what all reductions take but the array, each by keyword."""
    shape: tuple[int, ...] = choose.shape()
    call.setup.append(choose.array("a", shape, choose.dtype()))
    call.arguments.append("a")
    axis = "0"
    more = []
    if choose.chance(80):
        axis = choose.random.choice(AXES)
        if choose.chance(60):
            call.arguments.append(axis)
        else:
            more.append(f"axis={axis}")
    if choose.chance(12):
        more.append(f"dtype={choose.random.choice(DTYPES)}")
    if choose.chance(12):
        found = _reduced(shape, axis)
        size = found if found is not None and choose.chance(85) else choose.around(shape)
        dtype = choose.dtype()
        # NumPy crashes: np.any(x, out=<object array>, dtype=bool)
        dtype = "'?'" if "'O'" in dtype and "logical" in ufunc else dtype
        call.setup.append(choose.array("o", size, dtype))
        more.append(f"out={choose.one('o', 'o', 'o', '(o,)', '...', 'None', 'a', '3')}")
    if choose.chance(20):
        more.append(f"keepdims={choose.one('True', 'True', 'False', '1', 'np.True_', 'np._NoValue', 'None', '2.5')}")
    if inits and choose.chance(12):
        more.append(f"initial={choose.random.choice([*NUMBERS, 'np._NoValue', 'None', '5'])}")
    if choose.chance(10):
        mask(choose, call, shape)
        more.append(call.arguments.pop())
        call.mask = False  # a reduction's results are all defined
    if choose.chance(0.7):
        more.append("bogus=1")
    choose.random.shuffle(more)
    call.arguments += more


def _reduced(shape: tuple[int, ...], axis: str) -> tuple[int, ...] | None:
    try:
        return np.empty(shape, np.uint8).max(eval(axis), initial=0).shape
    except Exception:
        return None


def reduction(choose: Chooser) -> Call:
    name = choose.ufunc()
    if UFUNCS[name].nin == 1 and choose.chance(90):
        name = choose.one("add", "add", "multiply", "minimum", "maximum", "logical_or", "logical_and", "bitwise_xor")
    call = Call(numpys=f"np.{name}.reduce", ours=f"tm.parallel(np.{name}).reduce")
    reducing(choose, call, name)
    if choose.chance(5):  # all by position
        parts = ["a", choose.random.choice(AXES), choose.random.choice(DTYPES[:8]), "None", "False"]
        call.arguments = parts[: choose.random.randrange(1, 6)]
    return call


def function(choose: Chooser) -> Call:
    name = choose.one("sum", "sum", "prod", "min", "max", "any", "all", "mean", "amin", "amax")
    ours = "tm.sum" if name == "sum" and choose.chance(50) else f"tm.numpy.{name}"
    call = Call(numpys=f"np.{name}", ours=ours)
    logical = "logical" if name in ("any", "all") else name
    reducing(choose, call, logical, inits=name not in ("any", "all", "mean"))
    return call


def kernel(choose: Chooser) -> Call:
    shape = choose.shape()
    if choose.chance(60):
        call = Call(numpys="np.square", ours="tm.square")
        call.setup.append(choose.array("a", shape, choose.dtype()))
        call.arguments.append("a")
        outputs(choose, call, np.square, shape)
        return call
    call = Call(numpys="lambda a, k, **o: np.multiply(a, k, dtype=a.dtype.type, **o)", ours="tm.scale")
    call.setup.append(f"a = make({choose.dtype()}, {shape}, '', {choose.flavour!r}, {choose.random.randrange(8)})")
    scalars = [number for number in NUMBERS if number[0] not in "[(r.mol"]
    call.arguments += ["a", choose.random.choice(scalars)]
    if choose.chance(40):
        call.setup.append(choose.array("o", shape, choose.dtype()))
        call.arguments.append(choose.one("out=o", "out=a", "out=None"))
    return call


# ---- other methods -----------------------------------------------------------------------------------------


def _binary(choose: Chooser) -> str:
    name = choose.ufunc()
    return name if UFUNCS[name].nin == 2 or choose.chance(10) else "add"


def outer(choose: Chooser) -> Call:
    name = _binary(choose)
    call = Call(numpys=f"np.{name}.outer", ours=f"tm.parallel(np.{name}).outer")
    for letter, size in ("a", choose.one(3, 17, 64)), ("b", choose.one(2, 33, 100)):
        shape = choose.one((size,), (size,), (size,), (2, size), ())
        call.setup.append(choose.array(letter, shape, choose.dtype()))
        call.arguments.append(letter)
    if choose.chance(8):
        call.arguments[1] = choose.random.choice(NUMBERS)
    if choose.chance(3):
        call.arguments.pop()
    options(choose, call, 3)
    if choose.chance(15):
        call.setup.append("o = make('d', (17, 33))")
        call.arguments.append("out=o")
    return call


def accumulation(choose: Chooser) -> Call:
    name = _binary(choose)
    call = Call(numpys=f"np.{name}.accumulate", ours=f"tm.parallel(np.{name}).accumulate")
    shape = choose.shape()
    call.setup.append(choose.array("a", shape, choose.dtype()))
    call.arguments.append("a")
    if choose.chance(60):
        call.arguments.append(choose.random.choice(["0", "-1", "1", *AXES]))
    if choose.chance(15):
        call.arguments.append(f"dtype={choose.random.choice(DTYPES)}")
    if choose.chance(15):
        call.setup.append(choose.array("o", shape, choose.dtype()))
        call.arguments.append(choose.one("out=o", "out=a", "out=...", "out=(o,)"))
    return call


def reduction_at(choose: Chooser) -> Call:
    name = _binary(choose)
    call = Call(numpys=f"np.{name}.reduceat", ours=f"tm.parallel(np.{name}).reduceat")
    call.setup.append(choose.array("a", choose.shape(), choose.dtype()))
    call.arguments += ["a", choose.one("[0]", "[0, 1]", "[0, 2, 1]", "[]", "[0, 9999]", "[-1]", "np.array([0, 1])")]
    if choose.chance(40):
        call.arguments.append(choose.random.choice(["0", "-1", *AXES]))
    if choose.chance(10):
        call.arguments.append(f"dtype={choose.random.choice(DTYPES)}")
    return call


def at(choose: Chooser) -> Call:
    name = choose.ufunc()
    call = Call(numpys=f"np.{name}.at", ours=f"tm.parallel(np.{name}).at")
    call.setup.append(choose.array("a", choose.shape(), choose.dtype()))
    call.arguments += ["a", choose.one("[0]", "[0, 1, 0]", "[]", "0", "...", "[0, 9999]", "slice(0, 3)", "-1", "'x'")]
    if UFUNCS[name].nin == 2 or choose.chance(10):
        call.arguments.append(choose.random.choice(NUMBERS))
    if choose.chance(5):
        call.arguments.pop()
    return call


def explained(choose: Chooser) -> Call:
    """What `explain` tells is not NumPy's to tell; it must leave the arguments alone and raise nothing."""
    call = elementwise(choose)
    call.ours += ".explain"
    call.numpys = "explained"
    return call
