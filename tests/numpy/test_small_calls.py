"""Small calls go straight to NumPy: the results, errors and warnings of every name are as before."""

import inspect
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.arrays import extremes

import threadmill as tm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # benchmarks/ is part of the tree

from benchmarks.scan_calls import arguments, named, names

DTYPES = ("?", "i1", "i8", "u4", "e", "f4", "f8", "F", "D", "M8[s]")


def arrays(dtype: str) -> list[Any]:
    values = np.arange(12).astype(dtype) if dtype[0] == "M" else extremes(dtype, 12)
    return [
        values,
        values[:0],
        np.zeros_like(values),
        values.reshape(3, 4),
        values.reshape(4, 3).T,
        values[::2],
    ]


def told(home: Any, name: str, args: Any, options: Any) -> tuple[Any, ...]:
    """What a call comes to, and where it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = named(home, name)(*args, **options)
        except Exception as error:
            result = type(error), str(error)
    results = result if isinstance(result, tuple | list) else (result,)
    bits = [(x.tobytes(), x.dtype, x.shape) if hasattr(x, "tobytes") else x for x in results]
    places = [(each.filename, each.lineno, str(each.message)) for each in caught]
    # Of sums and products ours tell at the user's line what NumPy tells at one of its own.
    line = told.__code__.co_firstlineno + 5
    return bits, [(__file__, line, text) if "in reduce" in text else (*at, text) for *at, text in places]


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_a_small_call_is_numpys(name: str) -> None:
    for dtype in DTYPES:
        for x in arrays(dtype):
            for axis in "", 0, -1, None:
                try:
                    given = arguments(name, x, axis)
                except (TypeError, ValueError, IndexError):
                    continue
                if given is not None:
                    expected = told(np, name, *given)
                    assert told(tm.numpy, name, *given) == expected, (dtype, x, axis)


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_arguments_by_keyword(name: str) -> None:
    try:
        parameters = list(inspect.signature(named(np, name)).parameters.values())
        args, options = arguments(name, np.arange(16.0).reshape(4, 4), "")
    except (TypeError, ValueError, IndexError):
        return
    pairs = list(zip(parameters, args, strict=False))
    if len(pairs) < len(args) or any(each.kind != each.POSITIONAL_OR_KEYWORD for each, _ in pairs):
        return
    given = [{each.name: x for each, x in pairs[k:]} | options for k in range(len(args))]
    for k, by_name in enumerate(given):
        assert told(tm.numpy, name, args[:k], by_name) == told(np, name, args[:k], by_name)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *[(name, (np.full(3, np.nan, dtype),)) for name in ("nanmax", "nanmin") for dtype in "efdF"],
        ("nanmax", (np.full(3, "NaT", "M8[s]"),)),
        *[(name, (np.full(3, np.nan), int)) for name in ("ascontiguousarray", "asfortranarray")],
        *[(name, (np.full(3, 1j), float)) for name in ("ascontiguousarray", "asfortranarray")],
        *[("where", (np.ones(3, bool), 1e300, np.ones(3, dtype))) for dtype in "efF"],
        ("where", (np.ones(3, bool), np.float16(1), 1e300)),
    ],
)
def test_a_small_call_warns_at_the_users_line(name: str, args: Any) -> None:
    expected = told(np, name, args, {})
    assert expected[1]
    assert told(tm.numpy, name, args, {}) == expected
