"""Programs of the kinds that people write with NumPy, none of which knows of threadmill."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

F = "fd"  # dtypes of floats that a program is run with
A = "fdFDilB?"  # and of whatever numbers


class Program(NamedTuple):
    """A function of `count` arrays of one shape, with `ndim` axes, of these dtypes."""

    function: Callable[..., Any]
    count: int
    ndim: int
    dtypes: str


PROGRAMS: dict[str, Program] = {}


def takes(count: int, ndim: int = 1, dtypes: str = F) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS[function.__name__] = Program(function, count, ndim, dtypes)
        return function

    return keep


# ---- formulas ----


@takes(3)
def quadratic(a, b, c):
    return (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)


@takes(2, dtypes=A)
def linear(a, b):
    return 2 * a + 3 * b


@takes(2, dtypes=A)
def binomial(a, b):
    return a**2 + b**2 + 2 * a * b


@takes(2)
def hypotenuse(a, b):
    return np.sqrt(a**2 + b**2), np.hypot(a, b)


@takes(2)
def waves(a, b):
    return np.sin(a) ** 2 + np.cos(b)


@takes(3)
def decay(a, b, c):
    return np.exp(-a) * np.log(b + 1) / (c + 1)


@takes(1)
def polynomial(x):
    y = np.zeros_like(x)
    for c in (0.25, 0.75, -1.5, -2.0):
        y = y * x + c
    return y


@takes(4)
def arc_distance(theta_1, phi_1, theta_2, phi_2):
    t = np.sin((theta_2 - theta_1) / 2) ** 2
    t = t + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2) ** 2
    return 2 * np.arctan2(np.sqrt(t), np.sqrt(1 - t))


@takes(3)
def black_scholes(price, strike, t):
    price, strike, t = np.abs(price) + 1, np.abs(strike) + 1, np.abs(t) + 0.1
    a, b = np.log(price / strike), t * -0.05
    z = t * 0.08
    c = 0.25 * z
    y = 1 / np.sqrt(z)
    w1, w2 = (a - b + c) * y, (a - b - c) * y
    d1, d2 = 0.5 + 0.5 * np.tanh(w1), 0.5 + 0.5 * np.tanh(w2)
    call = price * d1 - np.exp(b) * strike * d2
    return call, call - price + np.exp(b) * strike


@takes(2)
def equation_of_state(s, t):
    s = np.abs(s)
    density = 999.842594 + t * (6.793952e-2 + t * (-9.09529e-3 + t * (1.001685e-4 + t * -1.120083e-6)))
    a = 0.824493 + t * (-4.0899e-3 + t * (7.6438e-5 + t * (-8.2467e-7 + t * 5.3875e-9)))
    b = -5.72466e-3 + t * (1.0227e-4 + t * -1.6546e-6)
    return density + a * s + b * s * np.sqrt(s) + 4.8314e-4 * s**2


@takes(2, dtypes="fdFD")
def blend(a, b):
    alpha = 0.3
    return (1 - alpha) * a + alpha * b


@takes(1)
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@takes(1)
def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@takes(1)
def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


@takes(1, dtypes="fdFD")
def reciprocals(x):
    return 1 / x, x**-1, x**0.5, x**0, x**1


# ---- reductions ----


@takes(2)
def distance(x, y):
    return np.sqrt(np.sum((x - y) ** 2))


@takes(1)
def variance(x):
    return x.var(), np.std(x, ddof=1)


@takes(1)
def standardised(x):
    return (x - x.mean()) / x.std()


@takes(1, 2)
def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@takes(1, 2)
def standard_rows(x):
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


@takes(1, 2)
def standard_columns(x):
    return (x - np.mean(x, axis=0)) / np.std(x, axis=0)


@takes(2, dtypes=A)
def any_and_all(a, b):
    return np.any(a > b), np.all(a == a), (a < b).sum(), (a < b).any()


@takes(1, dtypes="fdil?")
def extremes(a):
    return np.abs(a).max(), (a * 1).min(), np.ptp(a * 1), np.max(a), np.amin(a)


@takes(2, dtypes="ilB")
def integer_totals(a, b):
    return (a + b).sum(), (a ^ b).sum(), np.prod(a | 1), np.bitwise_or.reduce(a & b)


@takes(2)
def correlation(x, y):
    x, y = x - x.mean(), y - y.mean()
    return (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())


@takes(1)
def logsumexp(x):
    most = x.max()
    return np.log(np.exp(x - most).sum()) + most


@takes(1, 2)
def several_axes(x):
    y = x * 2
    return y.sum(axis=0), y.sum(axis=1), y.sum(), y.sum(axis=(0, 1)), y.sum(axis=-1, keepdims=True)


@takes(2)
def weighted(x, w):
    w = np.abs(w) + 1
    return np.average(x, weights=w), np.sum(x * w) / np.sum(w)


@takes(1)
def with_where(x):
    good = x > 0
    return np.mean(x, where=good), np.sum(x, where=good), np.max(x, where=good, initial=-5)


@takes(1)
def cross_entropy(p):
    p = np.clip(np.abs(p), 1e-3, 1 - 1e-3)
    return -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))


@takes(1, dtypes="fdil")
def moving_statistics(x):
    total = np.cumsum(x * 2)
    return (total[3:] - total[:-3]) / 3, np.diff(x * x)


# ---- stencils ----


@takes(2, 2)
def jacobi(a, b):
    for _ in range(2):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1])


@takes(1, 2)
def in_place_stencil(a):
    a[1:-1] = (a[:-2] + a[2:]) * 0.5
    a[1:] += a[:-1]
    return a


@takes(2, 3)
def heat(a, b):
    for x, y in (a, b), (b, a):
        y[1:-1, 1:-1, 1:-1] = (
            0.125 * (x[2:, 1:-1, 1:-1] - 2.0 * x[1:-1, 1:-1, 1:-1] + x[:-2, 1:-1, 1:-1])
            + 0.125 * (x[1:-1, 2:, 1:-1] - 2.0 * x[1:-1, 1:-1, 1:-1] + x[1:-1, :-2, 1:-1])
            + x[1:-1, 1:-1, 1:-1]
        )


@takes(3, 2)
def fdtd(ex, ey, hz):
    for t in range(2):
        ey[0, :] = t
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


@takes(2, 2)
def wave_step(u, v):
    lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]
    v[1:-1, 1:-1] += 0.1 * lap
    if np.abs(v).max() > 1e30:
        raise ValueError("unstable")
    return np.sqrt(np.mean(v * v))


@takes(1, 2)
def unstable(v):
    v += 1
    if np.abs(v).max() > 0:
        raise ValueError("unstable")
    v += 1


@takes(1, 2)
def gradient_by_hand(x):
    inner = (x[2:] - x[:-2]) / 2
    return np.concatenate([x[1:2] - x[:1], inner, x[-1:] - x[-2:-1]])


@takes(1, 1, A)
def shift(x):
    x[1:] = x[:-1]
    x[:-2] = x[2:]
    return x


@takes(1, 1, A)
def flip(x):
    x[...] = x[::-1]
    return x * 2


@takes(2)
def leapfrog(x, v):
    for _ in range(3):
        v -= 0.01 * x
        x += 0.01 * v
    return 0.5 * np.sum(v * v) + 0.5 * np.sum(x * x)


# ---- images, masks, conditions ----


@takes(1, 2, "B")
def brighten(image):
    return np.clip(image.astype(np.float32) * 1.3 + 10, 0, 255).astype(np.uint8)


@takes(1, 2, "fdB")
def threshold(image):
    mask = image > image.mean()
    image[mask] = 1
    return mask, image


@takes(2, dtypes="ilB")
def integer_clip(x, y):
    return np.clip(x, 2, 10) * 4 + y * 3 + 9


@takes(2, dtypes="ilB")
def hashes(x, y):
    h = (x ^ (y << 1)) * 31
    h ^= h >> 2
    return h, ~h, h & 0x7F, h | y


@takes(2, dtypes="il")
def divisions(x, y):
    y = np.abs(y) + 1
    return x // y, x % y, np.divmod(x, y), x / y


@takes(2)
def masks(x, y):
    inside = (x > -0.5) & (x < 0.5) | ~(y > 0)
    return np.where(inside, x, y), inside, np.where(inside, 1, 0), np.where(inside, x, 0)


@takes(2)
def choose(x, y):
    x[y > 0] = 0
    y[x < 0] *= 2
    return x[x > 0].sum(), x, y


@takes(1)
def not_numbers(x):
    x[::7] = np.nan
    return np.isnan(x).sum(), np.nansum(x), np.nanmean(x), np.nan_to_num(x), np.isfinite(x)


@takes(2)
def comparisons(x, y):
    return x < y, x <= y, x == y, x != y, x > 1, x <= 0.5, np.isclose(x, y), np.allclose(x, x)


@takes(1)
def rounding(x):
    return np.round(x, 1), np.floor(x), np.ceil(x), np.rint(x), np.trunc(x), x.round(), np.sign(x)


@takes(2)
def least_and_most(x, y):
    return np.maximum(x, y), np.minimum(x, y), np.fmax(x, 0), np.fmin(y, 1), np.clip(x, None, y)


# ---- complex numbers, dtypes ----


@takes(2, dtypes="FD")
def signals(z, w):
    product = z * np.conj(w)
    return product, product.real, product.imag, np.abs(product), np.angle(product), (z + w).conj()


@takes(1)
def to_complex(x):
    z = np.exp(1j * x)
    return z, z.real * 2, z.imag + x, abs(z)


@takes(2, dtypes=A)
def conversions(x, y):
    return x.astype(np.float32) + y.astype(np.float64), x.astype(complex), x.astype("i2", casting="unsafe")


@takes(1, dtypes="fdil")
def python_numbers(x):
    return x + 1, x + 1.5, x * True, 2 - x, 3 / (x + 100), x + np.float32(1.5), x + np.float64(2), -x, +x


@takes(1, dtypes="il")
def dates(x):
    days = np.datetime64("2020-01-01", "D") + x.astype("m8[D]")
    return days.astype("M8[M]"), days - days[0], days < np.datetime64("2021-01-01")


# ---- ways of writing ----


@takes(2)
def in_place(x, y):
    x += y
    x *= 2
    x -= 0.5
    x /= 3
    y **= 2
    np.sqrt(np.abs(x), out=x)
    return x, y


@takes(2)
def with_out(x, y):
    z = np.empty_like(x)
    np.add(x, y, out=z)
    np.multiply(z, z, z)
    np.subtract(z, x, out=y)
    return z


@takes(2)
def with_options(x, y):
    a = np.add(x, y, dtype=np.float64)
    b = np.add(x, y, where=x > 0, out=np.zeros_like(x))
    return a, b, np.add.outer(x[:5], y[:7]), np.add.accumulate(x), np.multiply.reduceat(x, [0, 1])


@takes(2)
def same_twice(x, y):
    x, y = x + x, x * y
    return [x, y], {"x": x, "sum": x + y}, (x,)


@takes(2)
def arguments_returned(x, y):
    x += 1
    return x, y, [x, {"y": y}]


@takes(1)
def copies(x):
    y = x.copy()
    x += 1
    z = np.array(x)
    x *= 2
    return y, z, x, x[::2].copy()


@takes(1)
def views(x):
    y = x[1:]
    z = x * 2
    y += 1
    x[:3] = 5
    return z, y, x.reshape(-1, 1), x.ravel()


@takes(1, 2)
def transposed(x):
    return x.T + 1, (x.T * 2).T, np.transpose(x) * x.T, x.swapaxes(0, 1) - 1


@takes(1, 2)
def broadcast(x):
    row, column = x[0], x[:, :1]
    return x - row, x / (np.abs(column) + 1), row * column, x + row[None, :], x[None] + x[:, None, :]


@takes(2, 2)
def pairwise(x, y):
    apart = x[:12, None, :] - y[None, :9, :]
    return np.sqrt((apart**2).sum(-1)), np.argmin((apart**2).sum(-1), axis=1)


@takes(1, 2)
def forces(x):
    x = x[:15, :3]
    apart = x[:, None, :] - x[None, :, :]
    r3 = ((apart**2).sum(-1) + 1e-3) ** 1.5
    return (apart / r3[:, :, None]).sum(axis=1)


@takes(1, 2)
def k_means_step(x):
    centres = x[:3] * 1.0
    nearest = ((x[:, None, :] - centres) ** 2).sum(-1).argmin(1)
    for k in range(3):
        if np.any(nearest == k):
            centres[k] = x[nearest == k].mean(axis=0)
    return centres, nearest


@takes(1)
def branches(x):
    y = x * 2
    for _ in range(5):
        if float(np.sum(y)) > 100 or y[0] > 3:
            y = y * 0.5
            continue
        y = y + 1
    return y, len(y), y.shape, y.dtype, str(y.dtype)


@takes(2)
def unused(x, y):
    np.log(x)
    dead = x / (y - y)
    dead = dead + 1
    return np.sqrt(x) + y


@takes(1)
def warnings_in_order(x):
    a = np.log(x - x)
    b = np.sqrt(-np.abs(x) - 1)
    c = np.exp(x * 0 + 1e5)
    return a + b + c


@takes(1)
def quiet(x):
    with np.errstate(all="ignore"):
        a = np.log(-np.abs(x))
    b = np.log(-np.abs(x) - 1)
    return a, b


@takes(1)
def caught(x):
    with np.errstate(invalid="raise"):
        try:
            y = np.sqrt(-np.abs(x) - 1)
        except FloatingPointError as error:
            return str(error), x
    return y


@takes(2)
def mistakes(x, y):
    told = []
    for wrong in (
        lambda: x + y[:-1],
        lambda: x @ None,
        lambda: x << 1,
        lambda: x.no_such_thing,
        lambda: np.add(x, y, out=x[:-1]),
        lambda: int(x),
        lambda: hash(x),
        lambda: bool(x * 2),
        lambda: x.__setitem__(slice(1), "a"),
    ):
        try:
            wrong()
        except Exception as error:
            told.append((type(error), str(error)))
    return told, x * 2


@takes(1)
def to_python(x):
    y = x[:4] * 2
    total = 0.0
    for each in y:
        total += float(each)
    return y.tolist(), y.item(0), total, repr(y), f"{y.sum():.3f}", [*map(float, y)], 1.0 in y


@takes(2, 2)
def linear_algebra(x, y):
    product = (x * 2) @ (y.T + 1)
    return product, np.dot(x[0], y[0]), np.linalg.norm(x * 1.0), np.einsum("ij,ij->i", x, y * 2)


@takes(1)
def sorting(x):
    y = np.sort(x * -1)
    x.sort()
    return y, x + y, np.argsort(x * 2), np.median(x + 1), np.percentile(x, [10, 50])


@takes(2)
def stacked(x, y):
    both = np.stack([x * 2, y + 1])
    return both, np.concatenate([x, y]) * 2, np.where(both > 0)[0], np.hstack([x, x * 3])


@takes(2)
def numpys_own(x, y):
    with np.errstate(all="ignore"):
        return np.gradient(x * 2), np.trapezoid(x, y), np.cov(x, y), np.convolve(x[:50], y[:5])


@takes(1)
def long_chain(x):
    y = x
    for k in range(120):
        y = y * 0.99 + k
    return y


@takes(2)
def nested_calls(x, y):
    def norm(z):
        return np.sqrt((z * z).sum())

    def unit(z):
        return z / (norm(z) + 1)

    return unit(x) - unit(y), norm(unit(x))
