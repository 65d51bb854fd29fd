"""Random calls of threadmill.numpy, and random numbers: nothing that a caller sees differs from NumPy's.

``python tests/kit/namespace_random.py SECONDS [SEED [NAME ...]]`` tries seeds from SEED on for so long, and
prints the calls that differ. A third of the time goes to arrays around the sizes from which on threads gain,
the rest to small arrays, all of which are shared out. With names only these functions are called.
"""

import re
import resource
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by hand

import kit.namespace_moves  # noqa: F401  (enters its makers)
import numpy as np
from kit.comparison import Outcome, outcome, outcome_difference
from kit.namespace_calls import CALLS, found
from kit.namespace_values import DTYPES, Chooser

import threadmill as tm

# A ufunc has three methods besides: of all names those of functions come up as often as these.
_NAMES = sorted(CALLS)
_FUNCTIONS = [name for name in _NAMES if not isinstance(found(np, name.partition(".")[0]), np.ufunc)]

_MODES = ["warn", "ignore", "raise", "warn", "warn"]

# After these NumPy's own results differ from run to run: an `out` has what a buffer had, or new memory.
_UNDEFINED = re.compile(
    "MemoryError|Unable to allocate|Maximum allowed|array is too big|"
    "Integers to negative integer powers|'where' used without 'out'"
)

_NUMPYS = str(Path(np.__file__).parent)
_OURS = str(Path(tm.__file__).parent)


def name_of(seed: int, names: Sequence[str] = ()) -> str:
    c = Chooser((seed, "name").__repr__())
    if names:
        return str(c.one(names))
    return str(c.one(_NAMES if c.chance(0.4) else [*_FUNCTIONS, "random", "integers"]))


def arguments(seed: int, name: str, large: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, made anew."""
    least = getattr(found(tm.numpy, name), "least", 0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return CALLS[name](Chooser(seed, large, least if type(least) is int else 0))


# Singular values, which LAPACK may look for without an end where a matrix has NaNs.
_SINGULAR = frozenset({"linalg.cond", "linalg.matrix_rank", "linalg.pinv", "linalg.svd", "linalg.svdvals"})


def _may_not_end(name: str, args: tuple[Any, ...]) -> bool:
    if name not in _SINGULAR or not args:
        return False
    x = np.asarray(args[0])
    return x.dtype.kind in "fc" and not np.isfinite(x).all()


def tried(seed: int, pools: list[tm.Pool], large: bool = False, names: Sequence[str] = ()) -> str | None:
    """What differs in the call of this seed, if anything does."""
    name = name_of(seed, names)
    if name in ("random", "integers"):
        return _drawn(seed, name, pools, large)
    if _may_not_end(name, arguments(seed, name, large)[0]):
        return None
    c = Chooser((seed, "options").__repr__())
    errstate = {kind: c.one(_MODES) for kind in ("divide", "over", "under", "invalid")}
    strictly = c.chance(0.1)
    only_ours = {"pool": c.one(pools)} if c.chance(0.3 if large else 0.7) else {}
    try:
        expected = _outcome(found(np, name), *arguments(seed, name, large), errstate, strictly)
        actual = _outcome(found(tm.numpy, name), *arguments(seed, name, large), errstate, strictly, only_ours)
        if name.startswith("fft.") and np.ndim(arguments(seed, name, large)[0][0]) > 2:
            actual.result, expected.result = map(_with_one_nan, (actual.result, expected.result))
        what = _told_apart(actual, expected)
    except MemoryError:
        return None
    args, options = arguments(seed, name, large)
    if what is None or _UNDEFINED.search(what) or (name.startswith("fft.") and not np.size(args[0])):
        return None  # a transform of nothing is what new memory has
    given = ", ".join([*map(_shown, args), *(f"{key}={_shown(x)}" for key, x in options.items())])
    threads = getattr(only_ours.get("pool"), "max_workers", 0)
    how = f"{errstate}{' as errors' if strictly else ''}, pool of {threads}"
    return f"{name}({given})\n  {how}\n  {what[:1500]}"


def _outcome(
    function: Any,
    args: tuple[Any, ...],
    options: dict[str, Any],
    errstate: dict[str, Any],
    strictly: bool,
    more: dict[str, Any] | None = None,
) -> Outcome:
    with np.errstate(**errstate):
        if not strictly:
            return outcome(function, args, {**options, **(more or {})})
        told = Outcome(memory=[*args, options.get("out")])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                told.result = function(*args, **options, **(more or {}))
            except Exception as raised:
                told.error = (type(raised), str(raised))
        return told


def _told_apart(ours: Outcome, numpys: Outcome) -> str | None:
    """The first thing that differs."""
    for place in (w[2] for w in ours.warned):
        if place.startswith(_OURS):
            return f"warned in {place}"
    # NumPy's Python code warns of where it calls a ufunc itself; the line is its own.
    of_caller = [not w[2].startswith(_NUMPYS) for w in numpys.warned]
    if len(of_caller) == len(ours.warned):
        for each in ours, numpys:
            each.warned = [w if at else w[:2] for w, at in zip(each.warned, of_caller, strict=True)]
    if numpys.error and issubclass(numpys.error[0], Warning):
        ours.memory, numpys.memory = [], []  # raised on the way; NumPy may have written anything
    for each in ours, numpys:
        each.result = _looked_through(each.result)
        each.memory = [_looked_through(x) for x in each.memory]
    return outcome_difference(ours, numpys)


def _looked_through(x: Any) -> Any:
    """What can be compared: of a lazy guest what it computes, of a masked array what is not masked."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if isinstance(x, np.ma.MaskedArray):
            return repr(x), x.dtype, None if x.dtype.names else x.compressed()
        if hasattr(x, "__dask_graph__"):
            try:
                return type(x).__name__, x.compute(scheduler="synchronous")
            except Exception as error:
                return type(x).__name__, repr(error)
        return tuple(map(_looked_through, x)) if type(x) is tuple else x


def _with_one_nan(x: Any) -> Any:
    """A transform without the payloads of its NaNs: which of two comes out depends on the row beside."""
    if type(x) is not np.ndarray or x.dtype.kind not in "fc":
        return x
    parts = x.view(x.real.dtype) if x.ndim and x.flags.c_contiguous else x
    np.copyto(parts, np.nan, where=np.isnan(parts))
    return x


def _shown(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return f"<{type(x).__name__} {x.dtype}{x.shape}/{x.strides}>"
    if type(x) in (list, tuple):
        inside = ", ".join(map(_shown, x[:9]))
        return f"[{inside}{', ...' if len(x) > 9 else ''}]"
    return repr(x)[:60]


# ---- random numbers ----------------------------------------------------------------------------------------

_BOUNDS = [
    0,
    1,
    2,
    10,
    -7,
    1000,
    255,
    256,
    1 << 31,
    (1 << 31) - 1,
    1 << 32,
    (1 << 32) + 1,
    3 << 61,
    (1 << 63) - 1,
]
_BOUNDS += [1 << 63, 1 << 64, -(1 << 63), 2.5, "a", [3, 9], 1e10, True]
_KINDS = ["q", "i", "B", "b", "H", "Q", "?", int, ">i4", "d", "L", None, "nope"]


def _drawn(seed: int, name: str, pools: list[tm.Pool], large: bool) -> str | None:
    """Draws from two generators in one state, and what state they are in afterwards."""

    def made() -> tuple[np.random.Generator, tuple[Any, ...], dict[str, Any]]:
        c = Chooser(seed, large)
        of = c.one(
            [np.random.PCG64, np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.SFC64]
        )
        rng = np.random.Generator(of(c.rnd.randrange(99)))
        rng.integers(0, 9, c.one([0, 1, 2]), np.int32)  # half a draw may be left
        n = c.size()
        size = c.one([n, n, (n,), (n // 3, 3), (2, n // 4, 2), None, [n], -1, 2.5, np.int64(n), True])
        if name == "random":
            options = {"size": size, **c.options(0.5, dtype=["f", "d", np.float32, *DTYPES])}
            if c.chance(0.2):
                target = np.zeros(n, c.one("dfdfdfq"))
                options = {**options, "size": c.one([None, n, n + 1]), "out": c.simply_laid_out(target)}
            return rng, (), options
        low, high = c.one(_BOUNDS), c.one([None, *_BOUNDS])
        return rng, (low, high, size), c.options(0.4, dtype=_KINDS, endpoint=[True, False, 1])

    c = Chooser((seed, "options").__repr__())
    only_ours = {"pool": c.one(pools)} if c.chance(0.7) else {}
    rng, args, options = made()
    expected = _outcome(getattr(rng, name), args, options, {}, False)
    own, args, options = made()
    actual = _outcome(getattr(tm, name), (own, *args), options, {}, False, only_ours)
    actual.memory = actual.memory[1:]
    what = _told_apart(actual, expected)
    if what is None and repr(own.bit_generator.state) != repr(rng.bit_generator.state):
        what = f"state {own.bit_generator.state}, NumPy's {rng.bit_generator.state}"
    if what is None or _UNDEFINED.search(what):
        return None
    given = ", ".join([*map(_shown, args), *(f"{key}={_shown(x)}" for key, x in options.items())])
    return f"{name}({type(rng.bit_generator).__name__}, {given}), {only_ours}\n  {what[:1500]}"


def main(seconds: float, seed: int, names: Sequence[str]) -> int:
    sys.set_int_max_str_digits(0)  # products of objects grow long
    from kit.thresholds import lower_thresholds, shorten_rows

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30,) * 2)
    pools = [tm.Pool(n) for n in (1, 2, 3, 7)]
    calls, bad = 0, Counter[str]()
    for large, part in (True, 1 / 3), (False, 2 / 3):
        if not large:
            lower_thresholds()
            shorten_rows(3)
        at, end = seed, time.monotonic() + seconds * part
        while time.monotonic() < end:
            what = tried(at, pools, large, names)
            if what is not None:
                bad[name_of(at, names)] += 1
                if bad[name_of(at, names)] <= 3:
                    print(f"seed {at}{', large' if large else ''}: {what}", flush=True)
            at += 1
        calls += at - seed
    print(f"{bad.total()} of {calls} calls differ {dict(bad) if bad else ''}")
    return bad.total()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, sys.argv[3:]) > 0)
