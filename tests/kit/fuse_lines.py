"""Lines of random programs beside operators: x, y and z are arrays of the program's, t is a new name."""

VIEWS = """
{t} = {x}[::-1]
{t} = {x}[..., ::-2]
{t} = {x}.T
{t} = {x}[..., 1:-1]
{t} = {x}.reshape(-1)
{t} = {x}.ravel()
{t} = {x}.T.copy()
{t} = {x}[None] * 2
{t} = np.swapaxes({x}, 0, -1) + 1
{t} = {x}[..., 0]
{t} = {x}[0, ...]
{t} = {x}.real
{t} = {x}.imag
{t} = {x}.view({y}.dtype)
{t} = np.broadcast_to({x}[:1], {x}.shape)
{t} = np.lib.stride_tricks.sliding_window_view({x}, 3, axis=-1).sum(axis=-1)
{t} = np.asfortranarray({x})
{t} = np.array({x}, ndmin=2)
{t} = np.asarray({x}, dtype='f4')
{t} = {y}
{x} = {y}
{x} = {x}[1:]
{x} = {x} * 2
"""

WRITES = """
{x}[::2] += {y}[::2]
{x}[1:] -= {x}[:-1]
{x}[:-1] = {x}[1:] * 2
{x}[::-1] = {x} + 1
{x}[...] = {x}[::-1]
{x} += {x}[::-1]
{x} *= {y}[..., :1]
{x}[...] = {y}[..., 0:1]
{x}[...] = 3
{x}[1::2] = {x}[:-1:2] * 0.5
{x}.T[...] = {y}.T + 1
{x}[0] = {x}[-1]
{x}[..., 0] = {y}[..., -1] * 2
{x}[1:, ...][..., 1:] -= {y}[1:, ...][..., 1:]
np.add({x}[1:], {y}[:-1], out={x}[:-1])
np.multiply({x}, {y}, out={x}[::-1])
np.sqrt({x}, out={x})
np.add({x}, {y}, out={z}[...], where={x} > 0)
np.divide({x}, {y}, out={z}[...], casting='unsafe')
np.subtract({x}, {y}, {z})
np.add({x}, 1, out={y}, dtype={y}.dtype, casting='unsafe')
np.divmod({x}, {y}, out=({y}[...], {z}[...]))
{t} = np.sqrt({x}, where={y} > 0, out=np.ones_like({x}))
{t} = np.add({x}, {y}, out=...)
{x}.clip(0, 2, out={x})
np.clip({x}, {y}, {z}, out={y})
np.maximum({x}, {y}, out={x})
{x}.sum(axis=0, out={y}[0])
np.cumsum({x}, axis=-1, out={y}) if np.ndim({x}) == np.ndim({y}) > 0 else None
{x}.real = {y}.real
{x}.imag += 1
{x}.real[...] = {y}
np.copyto({x}, {y}, casting='unsafe')
np.copyto({x}, {y}[..., :1], where={z} > 0)
np.putmask({x}, {y} > 0, {z})
np.place({x}, {y} > 0, [1, 2])
np.put({x}, [0, -1], 3)
np.add.at({x}, np.arange(min(len({x}), 3)), 2)
{x}.sort(axis=-1)
{x}.partition(0, axis=-1)
{x}.fill(3)
{x}.flat[1:3] = 4
{x}.shape = -1
{x}.shape = {x}.shape[::-1]
{x}.flags.writeable = False
{x}.setflags(write=True)
{x}[[0, -1]] = 5
{x}[[0, -1]] += 1
{x}[{y} > 0] *= 2
{x}[{y} > 0] = {z}[{y} > 0]
"""

REDUCTIONS = """
{t} = {x}.sum(where={y} > 0)
{t} = np.add.reduce({x}, axis=0, initial=2)
{t} = {x}.max(initial=1)
{t} = {x}.min(axis=-1, where={x} > 0, initial=9)
{t} = {x}.var(axis=-1, ddof=1)
{t} = {x}.std(axis=0, ddof=1, keepdims=True)
{t} = {x}.mean(dtype=np.float64)
{t} = ({x} * {y}).mean(axis=0)
{t} = {x}.sum(dtype='f4')
{t} = ({x} + 1).sum(axis=-1, dtype=complex)
{t} = ({x} - {y}).sum(axis=(0,), keepdims=True) * {x}
{t} = ({x} * 2).prod(axis=0)
{t} = np.add.accumulate({x} + 1, axis=-1)
{t} = np.multiply.reduce({x}, axis=None)
{t} = np.maximum.reduce({x} + {y}, axis=0)
{t} = np.add.reduceat({x}, [0, 1], axis=0)
{t} = np.subtract.outer({x}[:3], {y}[:2])
{t} = np.argmin({x} * 1)
{t} = {x}.argmin(axis=-1, keepdims=True)
{t} = np.ptp({x}, axis=0)
{t} = np.median({x})
{t} = np.fmin.reduce({x}, axis=-1)
{t} = np.bitwise_xor.reduce({x}, axis=-1)
{t} = {x} - {x}.max(axis=-1, keepdims=True)
{t} = np.exp({x} - {x}.max(axis=-1, keepdims=True)); {t} /= {t}.sum(axis=-1, keepdims=True)
{t} = ({x} - {x}.mean(axis=0)) / {x}.std(axis=0)
{t} = np.cov({x}, rowvar=False) if {x}.shape[-1] < 9 else None
{t} = np.sum({x} ** 2, axis=-1) ** 0.5
{t} = np.mean({x}, where={y} > 0)
{t} = np.any({x} > {y}, axis=-1)
{t} = np.all({x} + {y}, axis=0)
{t} = np.linalg.norm({x} - {y})
{t} = np.dot({x}, {y}) if {x}.ndim == 1 else None
"""

VALUES = """
{t} = np.nan_to_num({x}, nan=-1, posinf=2)
{t} = np.clip({x}, {y}, {z})
{t} = np.nextafter({x}, {y})
{t} = np.frexp({x})[0]
{t} = np.modf({x})[1]
{t} = np.divmod({x}, {y})[1]
{t} = divmod({x}, 3)[0]
{t} = divmod(3, {x})[1]
{t} = np.ldexp({x}, 3)
{t} = np.signbit({x} * 1)
{t} = np.isinf({x}) | ({y} == 0)
{t} = np.fmod({x}, {y})
{t} = np.expm1({x})
{t} = np.trunc({x})
{t} = np.float_power({x}, {y})
{t} = {x} ** {y} if object not in ({x}.dtype, {y}.dtype) else None
{t} = {x} ** 2
{t} = {x} ** -1
{t} = {x} ** 0.5
{t} = {x} ** np.float32(2)
{t} = {x} << 2
{t} = {x} & {y}
{t} = ~{x} ^ {y}
{t} = -{x} + +{y}
{t} = abs({x}) - {y}
{t} = np.angle({x})
{t} = {x}.real * {x}.imag
{t} = {x} // 0
{t} = {x} % -1
{t} = 1 // {x}
{t} = {x}.astype('e') * {y}
{t} = {x}.astype('e').astype('f4')
{t} = {x}.astype('c8') * 1j
{t} = {x}.astype('>f8') + 1
{t} = {x}.astype('i1') + {y}.astype('u1')
{t} = {x}.astype('u2', copy=False)
{t} = {x}.astype({y}.dtype, casting='same_kind')
{t} = {x}.astype('f4', order='F')
{t} = {x}.astype('m8[s]') // 2
{t} = {x}.astype('g') * {y}
{t} = {x} * (({y} + 1) - {z})
{t} = ({x} + {y}) * ({z} - {x}) / 2
{t} = 2 - ({x} * {y} + {z}) * {x}
{t} = {x} / 1e-310 * {y}
{t} = {x} * np.float64(np.inf) - {y}
{t} = {x} * -np.float32(np.nan)
{t} = np.maximum({x}, {y}) + np.minimum({y}, {x})
{t} = np.where({x} > {y}, {x}[..., ::-1], 0)
{t} = np.where(np.isnan({x}), {y}, {x} * 2)
{t} = {x} @ {y}.T if {x}.size < 999 else None
{t} = {x}[[0, -1, 0]] * 2
{t} = {x}[np.arange(len({x}))[::-1]] + {x}
{t} = {x}[{y} > 0]
{t} = np.take({x}, [0], axis=0)
{t} = np.sort({x} + 1, axis=0)
{t} = np.cumsum({x}, axis=-1) + {y}
{t} = np.concatenate([{x}, {x} * 2])
{t} = np.stack([{x}, {y}]).sum(axis=0)
{t} = np.roll({x}, 1, axis=-1) - {x}
{t} = np.interp({x}, [0, 1, 2], [3, 4, 1])
{t} = np.diff({x}) * 2
"""

COURSE = """
if ({x} > 1).any(): {x} -= 1
for _ in range(3): {x}[1:-1] = ({x}[:-2] + {x}[2:]) / 2
for _ in range(2): {x}[..., 1:-1] += 0.25 * ({y}[..., :-2] - {y}[..., 2:]); {y} *= 0.5
for row in {x}[:3]: row += 1
for row in {x}[:3]: told.append(row.sum())
{t} = [row * 2 for row in {x}[:2]][0]
a, b = {x} + 1, {y} - 1; a, b = b * a, a - b; {x}[...] = a
old = {x}.copy(); {x} += {y}; {t} = {x} - old
old = {x}; {x} = {x} + 1; old[...] = 0
b = {x} * 2; {x}[...] = b; b += 1; {t} = b
b = {x} * 2; {x}[...] = b; {x} += 1; {t} = b
b = {y} + 1; c = b * 2; {x}[1:] = b[1:]; {x}[0] = 0; {t} = c - b
b = {x} + {y}; v = b[1:]; b *= 2; {t} = v + 1
b = {x} + {y}; v = b[::-1]; v += b; {t} = b
b = {x} + {y}; c = b; c += 1; del b; {t} = c * c
raw = np.asarray({x}); {x} += 1; raw[:1] = 3; {t} = {x} * raw
raw = np.asarray({x}); b = {y} * 2; {x}[...] = b; raw[:1] = 3; {t} = b
f = {x}.flat; {t} = {x} + 1; f[0] = 1; {x} += {t}; f[1] = 2
s = {x}[0, ...]; {t} = {x} * 2; s[...] = 5
g = np.ones({x}.shape); {t} = {x} + g; g += 1; {t} = {t} * g
g = np.ones({x}.shape, {x}.dtype); np.add({x}, 1, out=g); {t} = g * 2; g[0] = 0
g = np.zeros_like({x}); g[...] = {y}; g[:1] = 1; {t} = g
g = np.empty_like({x}); g[1:] = {x}[:-1]; g[:1] = 0; {t} = g + {x}
told.append(float(({x} * 2).sum()))
told.append(complex(({x} + 1).max()))
told.append(np.shares_memory({x}, {y}))
told.append({x} is {y})
told.append(({x}.strides, {x}.shape, {x}.dtype.str, len({x})))
told.append(str({x}.flags))
told.append({x}.base is None)
told.append(repr({x}))
told.append(({x} + {y}).tolist()[:2])
told.append(f'{{{x}.mean():.3e}}')
told.append(1 in {x})
{x}[10**9]
{x} + np.zeros(999)
{x}.sum(axis=7)
np.add({x})
{x}.foo
raise ValueError('told')
{x} << 0.5
np.add({x}, {y}, out={x}[:1])
{x}[...] = 'a'
{x} + None
{t} = {x} == None
bool({x})
int({x})
{x} += 1j
with np.errstate(all='raise'): {t} = {x} / {y}
with np.errstate(all='raise'): {x} *= {y}
with np.errstate(all='call', call=lambda *k: told.append(k)): {t} = np.log({x}) + {y} / 0
with np.errstate(over='raise', invalid='ignore'): {x} *= {y}
with np.errstate(under='warn', divide='raise'): {t} = np.exp(-({x} ** 2)) / {y}
with np.errstate(all='ignore'): {t} = {x} / {y}; {t} -= {t}
with warnings.catch_warnings(): warnings.simplefilter('error'); {t} = {x} / {y}
with warnings.catch_warnings(): warnings.simplefilter('ignore'); {t} = np.log({x}) * {y}
"""

LINES = [line for text in (VIEWS, WRITES, REDUCTIONS, VALUES, COURSE) for line in text.strip().splitlines()]
