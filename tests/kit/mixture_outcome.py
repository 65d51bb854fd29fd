"""What a call of the mixture comes to, by us and by NumPy, as plain data; and how two outcomes differ."""

import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from kit import mixture_objects
from kit.comparison import value_bytes
from kit.mixture_calls import Call

__all__ = ["differences", "found", "outcome"]

# Differences that are known and accepted, by the name of the function below that lets them pass:
# - own_names: a TypeError for arguments that don't fit names the method that was called: ours is Python's.
# - undefined_after: NumPy has written some elements, or none, when it raises on the way.
# - inside_numpy: np.sum and its like are written in Python, so that NumPy's warnings point into NumPy. Ours
#   point at the user's line.

# What is raised on the way: by np.errstate, by np.seterrcall that was given nothing, by np.power.
ON_THE_WAY = re.compile(
    r".* encountered in |.* but no (function|object with write method) found|Integers to negative"
)


# ---- one call ----------------------------------------------------------------------------------------------


def facts(x: Any, named: dict[str, Any], masked: Any = True) -> Any:
    """All that can be seen of a result or an argument, as plain data."""
    if isinstance(x, tuple | list):
        return [type(x).__name__, *(facts(each, named, masked) for each in x)]
    if not isinstance(x, np.ndarray | np.generic):
        return [
            type(x).__name__,
            shown(x),
            facts(vars(x).get("array"), named) if hasattr(x, "__dict__") else 0,
        ]
    dtype = x.dtype
    told: dict[str, Any] = {
        "class": type(x).__qualname__,
        "dtype": f"{dtype} {dtype.str} {dtype.char}",
        "metadata": repr(dtype.metadata),
        "shape": x.shape,
    }
    if isinstance(x, np.ndarray):
        told["strides"] = x.strides
        told["flags"] = (x.flags.writeable, x.flags.aligned, x.flags.owndata)
        told["is"] = sorted(name for name, value in named.items() if value is x)
        told["unit"] = getattr(x, "unit", None)
        # np.ma.masked keeps its fill value to itself.
        if isinstance(x, np.ma.MaskedArray) and x is not np.ma.masked:
            told["mask"], told["fill"] = np.ma.getmaskarray(x).tolist(), repr(x.fill_value)
    plain = np.asarray(x)
    if masked is not True and not told.get("is"):
        plain = _where(plain, masked)  # the rest of a new array is undefined
    told["bits"] = shown(plain.tolist()) if dtype.hasobject or dtype.char in "SUV" else value_bytes(plain)
    return told


_NO_PLACE = re.compile(r" at 0x[0-9a-f]+")  # of an object in memory


def shown(x: Any) -> str:
    return _NO_PLACE.sub("", repr(x))


def _where(x: Any, mask: Any) -> Any:
    """x with zeros where the mask is false."""
    try:
        return np.where(np.broadcast_to(np.asarray(mask, bool), x.shape), x, np.zeros((), x.dtype))
    except (TypeError, ValueError):
        return x


def memory(x: Any) -> Any:
    """The whole memory that an argument is a view of, so that a write between its elements shows."""
    if not isinstance(x, np.ndarray):
        return facts(x, {})
    padded = x.dtype.char in "gG"
    while isinstance(x.base, np.ndarray):
        x = x.base
    if padded:  # a long double has bytes that nobody writes, or anybody
        return value_bytes(np.asarray(x)) if x.dtype.char in "gG" else None
    return shown(x.tolist()) if x.dtype.hasobject else np.asarray(x).tobytes()


class Heard(list[Any]):
    """What np.seterrcall was given: told by a call, or by a line."""

    def __call__(self, error: str, flag: int) -> None:
        self.append((error, flag))

    def write(self, line: str) -> None:
        self.append(line)


def outcome(call: Call, ours: bool) -> dict[str, Any]:
    """Makes the call; everything that came of it, as plain data."""
    heard = Heard()
    names: dict[str, Any] = {name: getattr(mixture_objects, name) for name in mixture_objects.__all__}
    names |= {"__name__": "mixture_of_calls", "hear": heard}
    text = call.text()
    place = "\n" * text.count("\n", 0, text.rindex("return f("))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        exec(compile(text, "<call>", "exec"), names)
        made = {name: names[name] for name in "abopw" if name in names}
        expression = place + (call.ours if ours else call.numpys)
        names["explained"] = lambda *args, **options: None
        function = eval(compile(expression, "<call>", "eval"), names)
        options = {"pool": mixture_objects.pool(call.pool)} if ours and call.pool else {}
        warnings.simplefilter("always")
        told: dict[str, Any] = {"result": None, "error": None}
        with Printed("print" in call.errstate) as printed:
            try:
                result = names["call"](function, **options)
            except Exception as error:
                told["error"] = [type(error).__name__, _NO_PLACE.sub("", str(error))]
            else:
                masked = made["w"] if call.mask else True
                told["result"] = None if call.numpys == "explained" else facts(result, made, masked)
    told["warned"] = [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught]
    told["heard"], told["printed"] = list(heard), printed.text
    told["arguments"] = {name: facts(value, {}) for name, value in made.items()}
    told["memory"] = {name: memory(value) for name, value in made.items()}
    return told


class Printed:
    """What is written to C's stderr meanwhile, if that is asked for."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.text = wanted, ""

    def __enter__(self) -> "Printed":
        if self.wanted:
            self.file = tempfile.TemporaryFile()
            self.kept = os.dup(2)
            os.dup2(self.file.fileno(), 2)
        return self

    def __exit__(self, *_: object) -> None:
        if self.wanted:
            os.dup2(self.kept, 2)
            os.close(self.kept)
            self.file.seek(0)
            self.text = self.file.read().decode()
            self.file.close()


# ---- two outcomes ------------------------------------------------------------------------------------------


def differences(ours: Any, numpys: Any, at: str = "") -> Iterator[str]:
    """What differs, each with the place where it is; the first tells most."""
    if isinstance(numpys, dict) and isinstance(ours, dict) and ours.keys() == numpys.keys():
        for key in numpys:
            yield from differences(ours[key], numpys[key], f"{at}.{key}" if at else key)
    elif isinstance(numpys, list | tuple) and isinstance(ours, list | tuple) and len(ours) == len(numpys):
        for k, pair in enumerate(zip(ours, numpys, strict=True)):
            yield from differences(*pair, f"{at}[{k}]")
    elif isinstance(numpys, np.ndarray) and isinstance(ours, np.ndarray) and ours.shape == numpys.shape:
        wrong = np.flatnonzero((ours != numpys).any(axis=1))
        if wrong.size:
            k = wrong[0]
            pair = f"{bytes(ours[k]).hex()}, expected {bytes(numpys[k]).hex()}"
            yield f"{at}: {wrong.size} of {len(ours)} elements differ, the first at {k}: {pair}"
    elif isinstance(numpys, np.ndarray) or isinstance(ours, np.ndarray):
        yield f"{at}: other shapes"
    elif isinstance(numpys, bytes) and isinstance(ours, bytes):
        if ours != numpys:
            yield f"{at}: other bytes"
    elif ours != numpys:
        yield f"{at}: {str(ours)[:300]}, expected {str(numpys)[:300]}"


def found(call: Call) -> str | None:
    """What differs between our call and NumPy's, if anything but what is accepted.

    NumPy's own answer may change from call to call: numbers that Python compares in a loop for objects raise
    floating-point flags, or not, as the interpreter has come to know them. Ours must be one of its answers.
    """
    numpys, ours = outcome(call, False), outcome(call, True)
    told = _told(call, ours, numpys)
    if told is None:
        return None
    others = (outcome(call, False) for _ in range(2))
    return None if any(_told(call, ours, other) is None for other in others) else told


def _told(call: Call, ours: dict[str, Any], numpys: dict[str, Any]) -> str | None:
    ours, numpys = (  # what is accepted is written into them
        {**each, "error": each["error"] and list(each["error"]), "warned": list(each["warned"])}
        for each in (ours, numpys)
    )
    for accept in own_names, undefined_after, inside_numpy:
        accept(ours, numpys)
    if call.numpys == "explained":
        ours["warned"] = numpys["warned"] = []
    return "\n".join(differences(ours, numpys)) or None


def own_names(ours: dict[str, Any], numpys: dict[str, Any]) -> None:
    for each in ours, numpys:
        if each["error"] and each["error"][0] == "TypeError":
            each["error"][1] = re.sub(
                r"^(ParallelUfunc\.|_\w+\.<locals>\.)(\w+\(\))", r"\2", each["error"][1]
            )


def undefined_after(ours: dict[str, Any], numpys: dict[str, Any]) -> None:
    if ours["error"] and ours["error"] == numpys["error"] and ON_THE_WAY.match(ours["error"][1]):
        for each in ours, numpys:
            each["memory"] = each["arguments"] = None


def inside_numpy(ours: dict[str, Any], numpys: dict[str, Any]) -> None:
    package = str(Path(np.__file__).parent)
    if len(ours["warned"]) == len(numpys["warned"]):
        for k, (mine, theirs) in enumerate(zip(ours["warned"], numpys["warned"], strict=True)):
            if mine[2] == "<call>" and theirs[2].startswith(package):
                numpys["warned"][k] = (*theirs[:2], *mine[2:])
