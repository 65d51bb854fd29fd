"""The grammar of the mixture: which arguments a call has, right ones and wrong ones; the same for a seed."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from kit.mixture_calls import Call, Chooser
from kit.mixture_words import (
    AXES,
    COMPARISONS,
    DTYPES,
    INDICES,
    KEEPDIMS,
    MASKS,
    NUMBERS,
    PLACES,
    REDUCERS,
    SCALARS,
    STRANGE,
    UFUNCS,
)

__all__ = ["sequence"]


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
        _spare_numpy(call)
        calls.append(call)
    return calls


def _spare_numpy(call: Call) -> None:
    """Takes out of a call what NumPy itself does not survive."""
    strings = "multiply" in call.numpys  # by integers: NumPy 2.2 writes beyond their end
    # np.minimum.reduce(strings or voids, dtype="m8") is an error whose text crashes NumPy
    strings |= any(each.startswith("dtype=") for each in call.arguments)
    # Python's integers grow without end. np.bitwise_xor(longdoubles, longdoubles, <object array>) crashes,
    # as other ufuncs do whose loops for objects fail.
    given = " ".join([*call.setup, *call.arguments])
    objects = re.search(r"pow|shift", call.numpys) or re.search(r"'[gG]'|longdouble", given)
    # np.vecmat(complex, complex, out=<array in Fortran's order>) leaves elements as they are
    complexes = "vecmat" in call.numpys
    for lines in call.setup, call.arguments:
        for k, line in enumerate(lines):
            if complexes:
                lines[k] = line = re.sub(
                    r"(?<!order=)'[FDG]'|\b(np\.)?(complex|clongdouble)\d*\b(?!\()", "'d'", line
                )
            if strings:
                lines[k] = line = re.sub(r"'[SUV]\d'", "'d'", line)
            if objects:
                lines[k] = re.sub(r"'O'|\bobject\b(?!\()|np\.dtypes\.ObjectDType", "'d'", line)


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
    if ufunc.signature is not None and max(shape, default=0) > 2000:
        shape = (33, 65)  # each with each
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
    as_number = number is not None or any(line.endswith(".tolist()") for line in call.setup)
    masked = not (name in COMPARISONS and as_number) and choose.chance(12)
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
    value = choose.random.choice(MASKS)
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
        plain = [repr(char), f"'{char * (operands - 1)}->{char}'", "None", "3", "'->'"]
        forms = [*plain, f"({each},)", f"({each},)"]
        more.append(f"{name}={choose.random.choice(forms)}")
    if choose.chance(8):
        way = choose.one("no", "equiv", "safe", "same_kind", "unsafe", "unsafe", "same_value", "x")
        more.append(f"casting={way!r}" if choose.chance(97) else "casting=3")
    if choose.chance(8):
        more.append(f"order={choose.one('C', 'F', 'A', 'K', 'c', 'x', None, 3)!r}")
    if choose.chance(4):
        more.append(f"subok={choose.one('True', 'False', '1', 'None')}")
    if choose.chance(1):
        more.append(choose.random.choice(STRANGE))
    choose.random.shuffle(more)
    call.arguments += more


# ---- reductions --------------------------------------------------------------------------------------------


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
        # NumPy crashes: np.any(x, out=<object array>, dtype=bool), np.prod too
        converts = "logical" in ufunc or any(each.startswith("dtype=") for each in more)
        dtype = "'?'" if "'O'" in dtype and converts else dtype
        call.setup.append(choose.array("o", size, dtype))
        itself = "o" if converts and "'O'" in call.setup[0] else "a"
        more.append(f"out={choose.one('o', 'o', 'o', '(o,)', '...', 'None', itself, '3')}")
    if choose.chance(20):
        more.append(f"keepdims={choose.random.choice(KEEPDIMS)}")
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
        name = choose.random.choice(REDUCERS)
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
    seed = choose.random.randrange(8)
    call.setup.append(f"a = make({choose.dtype()}, {shape}, '', {choose.flavour!r}, {seed})")
    call.arguments += ["a", choose.random.choice(SCALARS)]
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
    call.arguments += ["a", choose.random.choice(INDICES)]
    if choose.chance(40):
        call.arguments.append(choose.random.choice(["0", "-1", *AXES]))
    if choose.chance(10):
        call.arguments.append(f"dtype={choose.random.choice(DTYPES)}")
    return call


def at(choose: Chooser) -> Call:
    name = choose.ufunc()
    call = Call(numpys=f"np.{name}.at", ours=f"tm.parallel(np.{name}).at")
    call.setup.append(choose.array("a", choose.shape(), choose.dtype()))
    call.arguments += ["a", choose.random.choice(PLACES)]
    if choose.chance(5):
        call.arguments.pop()
    return call


def explained(choose: Chooser) -> Call:
    """What `explain` tells is not NumPy's to tell; it must leave the arguments alone and raise nothing."""
    call = elementwise(choose)
    call.ours += ".explain"
    call.numpys = "explained"
    return call
