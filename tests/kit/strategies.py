"""What hypothesis draws: views of all kinds, and operands that broadcast together."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from kit.arrays import COMPLEX, FLOATS, INTEGERS, Array, random_values
from kit.ufuncs import UFUNCS, values

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=24)
DTYPES = st.sampled_from([*INTEGERS, *FLOATS, *COMPLEX, "?", "e", ">i4", ">f8"])


@st.composite
def views(draw: st.DrawFn) -> Array:
    """A view of an array: sliced with steps of either sign, its axes in any order, some broadcast."""
    shape = draw(SHAPES)
    base = random_values(draw(DTYPES), int(np.prod(shape))).reshape(shape)
    if shape and draw(st.booleans()):
        base = base[draw(npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))]
    x = np.asarray(base).transpose(draw(st.permutations(range(np.ndim(base)))))
    return np.broadcast_to(x, (3, *x.shape)) if draw(st.integers(0, 7)) == 0 else x


UFUNC_DTYPES = st.sampled_from("?bBhHiIlLqQefdgFDGmM")
UNARY = sorted(name for name, ufunc in UFUNCS.items() if ufunc.nin == 1)
PAIRS = sorted(name for name, ufunc in UFUNCS.items() if ufunc.nin == 2)
COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
NUMBERS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-300, 300),
    st.sampled_from([2**31, -(2**31) - 1, 2**63, 2**64, 2**200, -(2**63), True, False]),
    st.floats(),
    st.complex_numbers(),
    st.builds(lambda char, k: values(char, 40)[k], UFUNC_DTYPES, st.integers(0, 39)),
)


@st.composite
def operands(draw: st.DrawFn, count: int) -> list[Any]:
    """Arrays that broadcast together, as views of all kinds, and numbers among them."""
    dims, side = draw(st.sampled_from([(2, 90), (4, 9)]))
    broadcast = draw(
        npst.mutually_broadcastable_shapes(num_shapes=count, max_dims=dims, max_side=side, min_side=0)
    )
    made: list[Any] = []
    for k, shape in enumerate(broadcast.input_shapes):
        if k and draw(st.integers(0, 4)) == 0:
            made.append(draw(NUMBERS))
            continue
        steps = [draw(st.sampled_from([1, 1, 2, 3, -1, -2])) for _ in shape]
        order = draw(st.permutations(range(len(shape))))
        # Memory in any order of the axes, walked with any steps: of the shape that was asked for.
        room = [shape[axis] * abs(steps[axis]) for axis in order]
        memory = values(draw(UFUNC_DTYPES), int(np.prod(room)), k).reshape(room)
        view = memory[tuple(slice(None, None, steps[axis]) for axis in order)]
        made.append(view.transpose([order.index(axis) for axis in range(len(shape))]))
    return made
