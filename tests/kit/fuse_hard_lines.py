"""Lines of random programs with hard values: z is an array, m a mask, s a number besides."""

# Numbers of NumPy's own beside temporaries, and of no axes.
SCALARS = [
    *("np.int32(3)", "np.float32(1.5)", "np.float64(-0.0)", "np.complex64(1 - 2j)", "np.bool_(True)"),
    *("np.int64(2)", "np.uint8(200)", "np.int8(-1)", "np.float16(0.1)", "np.array(2.0)", "np.array(3)"),
    *("np.float32(np.nan)", "np.float64(np.inf)", "np.complex128(complex(np.nan, 1))", "np.longdouble(2)"),
    *(
        "2",
        "0.5",
        "-1",
        "True",
        "1e300",
        "2**40",
        "1j",
        "np.array([2])",
        "np.array([[1.5]], 'f')",
        "[2]",
        "None",
    ),
]

MASKS = [
    *(
        "({y} > 0)",
        "({y} == {x})",
        "np.isnan({y})",
        "~({y} > 1)",
        "({x} <= {y}) & ({z} > 0)",
        "{y}.astype(bool)",
    ),
    *("({y} > 0)[..., :1]", "np.isfinite({x} * {y})", "True", "({z} != {z})", "np.zeros({x}.shape, bool)"),
]

NUMBERS = """
{t} = ({x} + {y}) * {s}
{t} = {s} * ({x} + {y})
{t} = {s} - {x} * {y}
{t} = ({x} - {y}) / {s}
{t} = -{x} + {s}
{t} = {s} + -{x}
{t} = {x} * {s} * {y}
{t} = ({x} * {s}) // ({y} + {s})
{t} = np.minimum({x}, {s}) % {s}
{t} = ({x} > {s}) | ({s} >= {y})
{t} = {x} ** {s} if {x}.dtype != object else None
{t} = {s} ** {x} if {x}.dtype != object else None
{x} += {s}
{x} *= {s}
{x} //= {s}
{x} **= {s} if {x}.dtype != object else 2
{x} &= {s}
{x} <<= {s}
{x}[...] = {s}
{x}[::2] = {s}
{x}[1:] *= {s}
{t} = np.where({m}, {x}, {s})
{t} = np.where({m}, {s}, {x} + 1)
{t} = np.clip({x} + {y}, {s}, 7)
{t} = np.add({x}, {s}, dtype='d')
{t} = np.multiply({x}, {y} + {s}, dtype='D')
{t} = np.full_like({x}, {s}) + {y}
{t} = np.full({x}.shape, {s}) + {y}
{t} = np.copysign({s}, {x}) * {y}
{t} = np.arctan2({x} + {s}, {y})
{t} = {x}.clip({s}, {s})
{t} = (abs({x}) + {s}) * (abs({y}) + {s})
{t} = {x} == {s}
{t} = {s} != {x}
{t} = divmod({x}, {s})[0] + {y}
{t} = divmod({s}, {x})[1] - {y}
g = np.full({x}.shape, {s}); {t} = g * ({x} + 1) - g[..., :1] * -{x}
g = np.full({x}.shape[-1:], {s}); {t} = (g + {x} * 2) * g + (g * 2) * ({x} - 1)
g = np.ones({x}.shape, 'D') * (1.1 + 3j); {t} = g * ({x} + 1), ({x} + 1) * g, g + -{x}
"""

INTEGERS = """
{t} = {x} >> 1
{t} = {x} << ({y} & 3)
{t} = ({x} >> 2) ^ ({y} << 1)
{t} = ({x} // {y}) * ({x} % {y})
{t} = {x} // (({y} * 0) - 1)
{t} = {x} // ({y} - {y})
{t} = ({x} * 1000) * ({y} * 1000) * 1000
{t} = np.invert({x}) & {y}
{t} = np.gcd({x}, {y})
{t} = np.lcm({x}, {y} + 1)
{t} = np.bitwise_count({x}) + {y}
{t} = np.fmod({x}, {y})
{t} = np.absolute({x}.astype('i1') - 128)
{t} = ({x}.astype('i8') << 60).astype('i4')
{t} = ({x}.astype('u1') - {y}.astype('u1')).astype('i2')
{t} = {x}.astype('u8') + {y}.astype('i8')
{t} = ({x} / {y}).astype('i4')
{t} = ({x} * 1e19).astype('u8')
{t} = ({x} * {x}).astype('e') * 100
{t} = {x}.astype('e') ** 2 + {y}.astype('e')
{t} = np.sqrt({x}.astype('e')) / 3
{t} = np.exp({x}.astype('e') * 5) - {y}
{t} = {x}.astype('F') * {y}.astype('D')
{t} = ({x}.astype('F') / {y}).imag
{t} = np.abs({x} * 1j + {y}) ** 0.5
{t} = np.conjugate({x} + 1j) * ({x} - 1j)
{t} = np.exp({x} * 1j)
{t} = ({x} * 1j).sum() + ({y} * 2j).sum(axis=-1)
{t} = np.heaviside({x}, {y})
{t} = np.spacing({x}) + np.nextafter({y}, {x})
{t} = np.logaddexp2({x}, {y}) - np.log1p({x})
{t} = np.cbrt({x}) * np.exp2({y})
{t} = np.sinc({x}) + np.unwrap({y})
{t} = np.deg2rad({x}) + np.floor_divide({y}, 0.1)
{t} = np.rint({x} / 3) * 3 - {x}
{t} = np.isneginf({x}) | np.isposinf({y})
{t} = np.real_if_close({x} + 0j)
{t} = np.trapezoid({x}, axis=-1) + 1
{t} = np.polyval([1, -2, 0.5], {x})
"""

MASKED = """
{t} = np.add({x}, {y}, where={m}, out=np.zeros_like({x}))
np.add({x}, {y}, where={m}, out={z})
np.exp({x}, where={m}, out={x})
np.multiply({x}, {s}, out={x}, where={m})
np.divide({x}, {y}, out={z}, where={y} != 0, casting='unsafe')
{t} = np.add.reduce({x} + {y}, axis=-1, where={m}, initial=0)
{t} = np.maximum.reduce({x}, axis=None, initial=-9, where={m})
{t} = ({x} * 2).max(where={m}, initial=-1)
{t} = ({x} + {y}).min(axis=0, where={m}, initial=99)
{t} = ({x} + 1).any(where={m}), ({y} - 1).all(axis=-1, where={m})
{t} = ({x} > {y}).sum(axis=0, where={m})
{t} = ({x} + {y}).mean(axis=-1, where={m})
{t} = ({x} * {y}).std(where={m})
{t} = np.count_nonzero({m}, axis=0)
{t} = np.where({m})[0]
{t} = np.nonzero({x} * {m})[-1]
{t} = {x}[{m}].sum()
{t} = ({x} + {y})[{m}] * 2
{x}[{m}] = {s}
{x}[{m}] += {y}[{m}]
{x}[{m}] = {y}
{x}[1:][{y}[1:] > 0] = 0
{x}[~({m})] *= 2
np.copyto({x}[1:], {y}[:-1], where={z}[1:] > 0)
np.copyto({x}, {s}, where={m})
np.copyto({x}, {y}, where={m}, casting='unsafe')
np.copyto({x}[::-1], {y}, where={m})
mask = {m}; mask &= {z} > 0; {t} = np.where(mask, {x}, {y})
mask = {x} > 0; {x}[mask] = {s}; mask[:1] = True; {t} = mask | ({x} > 0)
mask = {x} > {y}; np.logical_and(mask, {z} > 0, out=mask); {x}[mask] = {y}[mask]; {t} = mask
mask = {m}; b = {x} + 1; b[mask] = 0; {t} = b, mask
b = {x} * 2; np.copyto(b, {y}, where={m}); {t} = b
b = {x}.copy(); b[{m}] = 3; {x} += b; {t} = b
{t} = np.select([{x} > 1, {m}], [{y}, {x} * 2], {s})
{t} = np.choose({x} > 0, [{y}, {z}])
{t} = np.extract({m}, {x})
{t} = np.piecewise({x}, [{x} < 0, {x} > 1], [lambda v: -v, lambda v: v + 1])
{t} = np.nanmean(np.where({m}, {x}, np.nan), axis=0)
"""

SEVERAL = """
b = {x} * 2; told.append((b.min(), b.max(), b.sum(), b.mean())); {t} = b
b = {x} + {y}; told.append(b.std()); told.append(b.var()); told.append(b.argmax())
for k in range(3): b = {x} * k; told.append((b.min(), b.max())); told.append(b.sum()) if k else None
for k in range(3): told.append((({x} + k).sum() / ({y} + k).sum(), ({x} * k).max()))
for f in (np.min, np.max, np.argmin, np.any): told.append(f({x} - {y}))
b = {x} - {y}; {t} = b.sum(axis=0), b.sum(axis=-1), b.sum()
b = {x} * {y}; {t} = (b - b.mean(axis=-1, keepdims=True)) / (b.std(axis=-1, keepdims=True) + 1)
b = {x} + 1; {t} = (b - b.mean(axis=0)) * b.max(axis=0), b
b = np.exp({x} - {x}.max()); {t} = b / b.sum()
b = {x} + {y}; n = b.max(axis=-1, keepdims=True); {t} = np.log(np.exp(b - n).sum(axis=-1, keepdims=True)) + n
b = {x} > {y}; {t} = b.sum(), b.any(axis=-1), b.mean(axis=0), b.argmax(axis=-1)
{t} = ({x} * 2).sum(axis=-1).max() + ({y} + 1).min()
{t} = {x}.sum(axis=-1) / ({y} + 1).sum(axis=-1)
{t} = ({x} + 1).sum(axis=tuple(range({x}.ndim)))
{t} = {x}.max(axis=(0, -1)) if {x}.ndim > 1 else {x}.min()
{t} = ({x} - 1).min(axis=(0, 1), keepdims=True) * {x} if {x}.ndim > 1 else None
{t} = ({x} - 1).sum(axis=1) + ({x} * 2).max(axis=0) if {x}.ndim == 3 else None
{t} = np.add.reduce({x} + {y}, axis=0, keepdims=True) - {x}
{t} = np.multiply.reduce({x} + 1, axis=-1, dtype='d')
{t} = np.logical_xor.reduce({x}, axis=-1), np.bitwise_or.reduce({x}, axis=0)
{t} = np.fmax.reduce({x} * 2), np.hypot.reduce({x}, axis=-1)
{t} = np.subtract.reduce({x} + 1, axis=-1)
{t} = np.divide.reduce({y}, axis=0)
{x}.sum(axis=-1, keepdims=True, out={y}[..., :1])
{x}.max(axis=0, out={y}[0]) if {x}.ndim > 1 else None
np.add.reduce({x} + {y}, axis=-1, out={z}[..., 0]) if {x}.ndim > 1 else None
np.add.accumulate({x}, axis=0, out={x})
np.maximum.accumulate({x} * 2, axis=-1, out={y}) if np.ndim({x}) == np.ndim({y}) > 0 else None
np.add.reduceat({x}, [0, 2, 1], axis=-1)
np.add.at({x}, [0, 0, -1], {y}[:1])
{t} = np.add.accumulate({x} + {y}, axis=-1)[..., -1] - ({x} + {y}).sum(axis=-1)
{t} = np.cumprod({x} * 0.5, axis=-1)
{t} = np.nanargmax({x} + 1), np.nanmin({x} * 2, axis=0)
{t} = np.nanstd({x} + {y}, axis=-1), np.nanprod({x})
{t} = np.nancumsum({x} * 2, axis=0)
{t} = np.average({x} + 1, axis=-1, weights={y})
{t} = np.average({x}, weights=abs({y}) + 1, returned=True)
{t} = np.quantile({x}, 0.3, axis=-1) + np.median({y})
{t} = np.corrcoef({x}) if {x}.ndim == 2 and len({x}) < 9 else None
{t} = np.linalg.norm({x}, axis=0) + np.linalg.norm({y}, axis=0, keepdims=True)
{t} = np.linalg.norm({x} + 1, np.inf, axis=-1)
{t} = np.einsum('i...,i...->...', {x}, {y})
{t} = np.vdot({x} + 1, {y})
{t} = np.inner({x}, {x}) if {x}.ndim == 1 else None
{t} = np.allclose({x} + 1, {y}, rtol=1) or np.array_equiv({x}, {y})
{t} = sum({x}[:3]) + max({x}.max(), {y}.min())
{t} = sorted(({x} * 2)[..., 0].ravel()[:4].tolist())
{t} = np.unique({x})[:3], np.histogram({y}[:9], 3, (0, 1))[0]
{t} = np.searchsorted(np.sort({x}.ravel()), {y}[:2])
{t} = np.digitize({x}, [0, 1, 2]) * {y}
"""

DATES = """
{t} = {x}.astype('m8[s]') + {y}.astype('m8[ms]')
{t} = {x}.astype('M8[s]') + {y}.astype('m8[m]')
{t} = {x}.astype('i8').astype('M8[D]') - np.datetime64('2000-01-01')
{t} = {x}.astype('m8[s]') / {y}
{t} = {x}.astype('m8[s]') * 2.5
{t} = {x}.astype('m8[s]') // {y}.astype('m8[s]')
{t} = {x}.astype('m8[s]') % np.timedelta64(7, 's')
{t} = np.isnat({x}.astype('m8[s]')) | ({y} > 0)
{t} = {x}.astype('m8[s]') > {y}.astype('m8[s]')
{t} = {x}.astype('m8[s]') == {y}
{t} = {x}.astype('M8[s]') != {y}
{t} = np.where({m}, {x}.astype('m8[s]'), np.timedelta64('NaT'))
{t} = {x}.astype('m8[s]').sum(), {x}.astype('m8[s]').max(axis=-1), {x}.astype('m8[s]').mean(axis=0)
{t} = np.abs({x}.astype('m8[s]')).argmax()
{t} = {x}.astype('m8[s]').astype('f8') + 1
{x} += np.timedelta64(3, 's')
{x} += 1
{x}[...] = np.timedelta64(1, 'D')
{t} = {x}.astype('U5') if {x}.size < 99 else None
{t} = {x}.astype('O') + 1 if {x}.size < 999 else None
{t} = ({x}.astype('O') * 2).sum() if {x}.size < 999 else None
{t} = np.char.add({x}.astype('U3'), 'a') if {x}.size < 99 else None
"""

HARD_LINES = [
    line for text in (NUMBERS, INTEGERS, MASKED, SEVERAL, DATES) for line in text.strip().splitlines()
]
