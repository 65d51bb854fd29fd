"""Random expressions: what is a temporary, what has a name, which array is lazy, which one is NumPy's."""

import random

__all__ = ["expression"]

OPERATORS = [*("+", "-", "*", "/") * 4, "//", "%", "**", "<", ">=", "==", "&", "|", "^", "<<"]
CALLS = [
    *("np.maximum({a}, {b})", "np.where({a} > 0, {b}, {a})", "np.hypot({a}, {b})", "np.add({a}, {b})"),
    *(
        "np.sqrt({a})",
        "np.negative({a})",
        "np.square({a})",
        "np.conjugate({a})",
        "abs({a})",
        "(-{a})",
        "(~{a})",
    ),
    *("{a}.copy()", "{a}[...]", "{a}[::-1]", "{a}.T.T", "{a}.real", "{a}.imag", "{a}.conj()", "({a})[:]"),
    *("np.asarray({a})", "np.array({a})", "(np.asarray({a}) + 0)", "({a}).view(Special)", "np.ravel({a})"),
    *("{a}.astype('f8')", "{a}.astype('f4')", "{a}.astype('D')", "np.array({a}, dtype='F')"),
    *(
        "{a}.sum(axis=-1, keepdims=True)",
        "{a}.max(axis=0)",
        "{a}.mean()",
        "{a}.sum()",
        "np.float32({a}.max())",
    ),
    *("(v := {a})", "np.ones({a}.shape)", "np.zeros_like({a})", "np.nan_to_num({a})", "np.clip({a}, {b}, 2)"),
    *("np.multiply({a}, {b}, out={a}.copy())", "np.isclose({a}, {b})", "np.sinc({a})", "fused(abs)({a})"),
]
NUMBERS = ["2", "0.5", "-1", "1j", "True", "np.float32(1.5)", "np.float64(-np.nan)", "np.int8(3)", "np.nan"]


def expression(rnd: random.Random, names: list[str], depth: int) -> str:
    """An expression of arrays with these names, of so many operations on top of each other at most."""
    if depth == 0 or rnd.random() < 0.1:
        return rnd.choice(names)
    a = expression(rnd, names, depth - 1)
    b = expression(rnd, names, depth - 1 if rnd.random() < 0.5 else 0)
    if rnd.random() < 0.15:
        b = rnd.choice(NUMBERS)
    if rnd.random() < 0.65:
        pair = (a, b) if rnd.random() < 0.5 else (b, a)
        return f"({pair[0]} {rnd.choice(OPERATORS)} {pair[1]})"
    return rnd.choice(CALLS).format(a=a, b=b)
