"""Lines of random programs about what is rarer: structures, subclasses, options of ufuncs and their methods,
dates, extremes, writes between passes, modes and filters that change on the way.

The classes of fuse_odd_arguments.py are known by their names.
"""

STRUCTURES = """
r = np.zeros({x}.shape, [('a', {x}.dtype), ('b', {y}.dtype)]); r['a'] = {x}; {t} = r['a'] * 2, r
r = np.zeros({x}.shape, 'i1,f8,c8'); r['f1'] = {x}; r['f1'] += 1; {t} = r, r['f1'] + {y}
r = np.zeros({x}.shape, 'f8,i4')[::-1]; r['f0'][...] = {x} * 2; {t} = {x} + r['f0']
r = np.ones({x}.shape, 'i1,f8'); np.add({x}, {y}, out=r['f1']); {t} = r['f1'] * {x}, r
r = np.ones({x}.shape, 'f4,f8'); np.multiply({x}, 2, out=r['f0'], casting='unsafe'); {t} = r
r = np.ones({x}.shape, 'i2,f4'); r['f1'][{m}] = {s}; {t} = np.sqrt(r['f1']) + {x}
r = np.zeros({x}.shape, 'f8,f8'); r['f0'], r['f1'] = {x}, {x} - {y}; {t} = (r['f0'] * r['f1']).sum(axis=-1)
r = np.ones({x}.shape, 'i1,f8'); {x} += r['f1']; r['f1'] = 5; {t} = {x} * r['f1'] + r['f1']
r = {x}.view([('re', {x}.real.dtype), ('im', {x}.real.dtype)]); r['im'] += 1; {t} = {x} + 1
r = {x}.view([('v', {x}.dtype)]); {t} = {x} * 2; r['v'][:1] = 0; {t} = {t} + {x}
r = np.rec.fromarrays([{x}, {y}], names='a,b'); r.a += 1; {t} = r.a * r.b, {x}
{t} = {x}['b'] * 2 + {x}['c'][..., ::-1]
{x}['b'] += 1
{x}['b'] = {y}; {t} = {x}
{x}['c'][...] = {x}['b'] * 2
{t} = {x}[['b', 'c']], {x}.dtype.names
{t} = {x} == {x}, {x}[1:] != {x}[:-1]
{x}[...] = {x}[::-1]
"""

CLASSED = """
m = np.ma.masked_array({x}, {y} > 0); {t} = m * 2 + {y}
m = np.ma.masked_array({x}, {m}); {t} = np.sqrt(m) + m.mean(axis=-1, keepdims=True)
m = {x}.view(np.ma.MaskedArray); m[:1] = np.ma.masked; {t} = m.mean(axis=-1), {x}
{t} = np.ma.masked_invalid({x}).sum() + np.ma.masked_less({y}, 0).max()
{t} = ({x} + np.ma.masked_less({y}, 0)).filled(0)
{x} += np.ma.masked_array({y}, {x} > 0)
{x}[...] = np.ma.masked_array({y} * 2, {m})
{t} = np.where({m}, np.ma.masked_array({x}, {m}), {y})
{t} = np.asmatrix({x}) + {y} if {x}.ndim == 2 else None
{t} = np.asmatrix({x}) * np.asmatrix({x}).T if {x}.size < 999 else None
{t} = {x} * {x}.view(np.matrix) if {x}.size < 999 else None
{t} = np.asmatrix({x}).sum(axis=0) / {y}
v = {x}.view(Special); v += {y}; {t} = {x} * v
v = {x}.view(Special); {t} = v + 1, {x} + 1; v[:1] = 0; {t} = {x} * 2
{t} = np.add({x}, {y}.view(Special)), np.multiply({x}, {y}, out={x}.copy().view(Special))
{t} = np.sum({x}.view(Special), axis=-1), np.exp({x}.view(Special)).max()
{t} = np.where({x} > 0, {x}.view(Special), {y})
v = ({x} * 2).view(Wrapped); {t} = v + {y}; told.append((v.unit, {t}.unit))
v = {x}.view(Wrapped); {t} = np.add({x}, v), v.mean(axis=0); told.append({t}[0].unit)
v = {x}.view(Asked); {t} = v + {y}, {y} * v, np.add.reduce(v, axis=-1)
v = ({x} + 1).view(Asked); np.add({x}, {y}, out=v); {t} = v
v = ({x} + 1).view(Asked); {x} += v; {t} = {x} - v
{t} = {x} + Deferred(), Deferred() + {x}, ({x} * 2) * Deferred()
{x} += Deferred()
{t} = {x} + Likened([1, 2]), np.multiply({y}, Likened(3.5))
{t} = np.add(Likened([2]), {x}), Likened({x} * 2).x + {y}
{x}[...] = Likened(7)
v = mapped({x}); v[...] = {x} * 2; {t} = v + {y}, v.sum()
v = mapped({x}); np.add({x}, 1, out=v); {t} = {x} - v
{t} = np.asanyarray({x}) * 2, np.array({x}, subok=True) + 1
"""

OPTIONS = """
{t} = np.add({x}, {y}, where={m}, out=np.full(np.broadcast_shapes({x}.shape, {y}.shape), 7.0))
{t} = np.add({x}, {y}, {z}, where={m}, casting='unsafe') if {z} is not None else None
{t} = np.add({x}, {y}, order='F'), np.multiply({x}, {y}, order='C')
{t} = np.add({x}, {y}, subok=False), np.add({x}, {y}, signature='dd->d')
{t} = np.multiply({x}, {y}, signature=(None, None, 'f4'), casting='unsafe')
{t} = np.less({x}, {y}, out=np.zeros({x}.shape)), np.less({x}, {y}, dtype=object)
{t} = np.sqrt({x}, dtype='f4', casting='same_kind'), np.sqrt({x}, dtype='g')
{t} = np.divide({x}, {y}, dtype='F'), np.add({x}, {y}, dtype='?')
{t} = np.modf({x}, out=({y}, None)), np.frexp({x}, out=(None, None))
{t} = np.divmod({x}, {y}, {z}), np.modf({x})[0] + {y}
np.divmod({x}, {y}, out=({y}, {x}))
np.modf({x}, out=({x}, {x}))
np.exp({x}, out=({x},))
np.add({x}, {y}, out={x}, where={x} > {y}) if {x} is not None else None
np.add({x}[:-1], {y}[1:], out={x}[1:], where={z}[1:] > 0)
np.sqrt({x}, out={x}, where=False); np.log({x}, out={y}, where=np.True_)
np.add({x}, {y}, out={y}.T) if {x}.shape == {y}.T.shape else None
np.add({x}, {x}, {x}); np.subtract({x}, {x}, out={y}); np.multiply({y}, {x}, out={x})
{t} = np.add.reduce({x}, axis=None, dtype='f4', initial=1, where={m})
{t} = np.add.reduce({x} + 1, axis=None, keepdims=True), np.add.reduce({x}, axis=())
{t} = np.add.reduce({x}, initial=None), np.add.reduce({x} * 2, initial=np.float32(2))
{t} = np.minimum.reduce({x} + 1, axis=-1, initial=np.nan), np.maximum.reduce({y}, axis=None, initial=-np.inf)
{t} = np.multiply.reduce({x}, axis=-1, where=False), np.add.reduce({x} + 1, where={m})
{t} = np.logical_or.reduce({x} > 0, axis=None, keepdims=True), np.logical_and.reduce({y}, axis=0)
{t} = np.add.reduce({x}.astype('i1'), axis=-1), np.add.reduce({x} > 0, dtype='i1'), ({x} > 0).sum(dtype='f2')
{t} = np.add.reduce({x}, -1, None, None, True), np.add.reduce({x}, axis=-1, out=({y}[..., 0],))
np.add.reduce({x} * 2, axis=0, out={y}[0]); np.maximum.reduce({x}, axis=-1, out={x}[..., 0])
np.add.reduce({x}, axis=0, out={x}[0], dtype='f8')
{t} = np.add.accumulate({x}, dtype='f4', axis=-1), np.multiply.accumulate({x} + 1, out={x})
{t} = np.add.reduceat({x} * 2, [0, 1, 0], axis=-1, dtype='f8'), np.maximum.reduceat({x}, [0])
np.add.at({x}, {y} > 0, 1); np.subtract.at({x}, (0,), {y}[0]); np.negative.at({y}, [0, 0])
np.add.at({x}, (slice(None), 0), {y}[..., 0]) if {x}.ndim > 1 else None
{t} = np.multiply.outer({x}[:3], {y}[:2], dtype='f8'), np.add.outer({x}[..., 0], 2)
{t} = ({x} + 1).sum(axis=0, out=np.empty({x}.shape[1:])), ({x} * 2).min(axis=-1, out=np.empty({x}.shape[:-1]))
{t} = {x}.mean(axis=-1, dtype='f4', keepdims=True) * {x}, ({x} + {y}).var(axis=0, ddof=2, dtype='D')
{t} = {x}.max(axis=-1, initial=2, where={y} > 0), np.ptp({x} + 1, axis=0, keepdims=True)
{t} = {x}.clip(min={y}), {x}.clip(None, 2, out={y}), np.clip({x}, {y}, {z}, dtype='f8', casting='unsafe')
{t} = np.clip({x} * 2, 0, np.inf), np.clip({x}, min=1), np.clip({x}, 2, -2)
{t} = {x}.round(-1), np.round({x} * 3, 9)
{t} = {x}.dot({x}) if {x}.ndim == 1 else {x}.dot({y}.T) if {x}.size < 999 else None
{t} = np.matmul({x}, {x}) if {x}.ndim == 1 else np.vecdot({x} + 1, {y}, axis=-1)
{t} = {x}.astype({y}.dtype, order='C', casting='safe', copy=False), {x}.astype('S3') if {x}.size < 99 else 0
{t} = np.copysign({x}, -np.nan), np.signbit({y}), np.spacing({x} * 2)
"""

TIMES = """
d = {x}.astype('m8[s]'); d[::3] = 'NaT'; {t} = d + d[::-1], d.min(), d.max(axis=-1), np.fmin(d, d[::-1])
d = {x}.astype('M8[D]'); d[:1] = 'NaT'; {t} = d - d[::-1], np.maximum(d, d[::-1]), d == d, d < d[::-1]
d = {x}.astype('m8[s]'); {t} = d / np.timedelta64('NaT'), d // np.timedelta64(0, 's'), d % d[::-1]
d = {x}.astype('m8[ns]'); {t} = d + {y}.astype('m8[W]'), d * {y}, d / 2.5, divmod(d, np.timedelta64(7, 'ns'))
d = {x}.astype('m8[s]'); d += {y}.astype('m8[s]'); d *= 2; {t} = d, d.sum(axis=-1), d.mean(), np.abs(d)
d = {x}.astype('m8[s]'); np.add(d, d, out=d, where={m}); {t} = np.where({m}, d, 'NaT'), np.isnat(d)
d = {x}.astype('m8[s]'); {t} = np.sort(d), d.argmax(), np.nanmin(d), np.cumsum(d, axis=-1), np.sign(d)
{t} = {x} + np.timedelta64(1, 'D'), {x} == np.timedelta64('NaT')
{t} = {x} - {x}[::-1], {x}.max(), np.isnat({x})
{t} = {x}.astype('M8[ms]') - np.datetime64('1970-01-01'), np.diff({x}.astype('M8[s]'), axis=0)
{x}[{m}] = np.timedelta64('NaT', 's')
"""

EXTREMES = """
{t} = {x} + np.iinfo('i8').max, {x} * np.iinfo('i4').min, abs({x}) // -1
{t} = {x} * np.finfo('f8').max * {y}, {x} / np.finfo('f8').smallest_subnormal
{t} = ({x} * 0.0) * -1, -({x} * 0) + 0.0, {x} - {x} * 1
{t} = np.minimum({x} * 0.0, -0.0), np.maximum(-0.0, {x} * 0.0), np.fmax({x} * -0.0, 0.0)
{t} = ({x} * 0.0).sum(), (-({x} * 0.0)).sum(axis=-1), np.add.reduce(-({x} * 0.0), axis=0)
{t} = (-({x} * 0.0)).mean(), (-0.0 * {x}).max(axis=-1)
{t} = {x}.astype('i8') // -1, {x}.astype('i1') // {y}.astype('i1'), {x}.astype('i4') % -1
{t} = np.abs({x}.astype('i2') - 32768), -({x}.astype('u4')), {x}.astype('u8') - 1
{t} = {x}.astype('i8') >> 63, {x}.astype('i4') << 40, {x}.astype('u1') << {y}.astype('u1')
{t} = ({x} * 1e300).astype('f4') + 1, ({x} * 1e300).astype('i4'), ({x} / 0).astype('u1')
{t} = np.longdouble(1) / 3 + {x}, {x}.astype('g').sum(), ({x}.astype('g') * {y}).astype('f8')
{t} = {x} ** 0, {x} ** -0.5, {x} ** np.nan, np.power({x}, {y} * 0), 0.0 ** {x}, 1 ** {x}
{t} = np.arctan2({x} * 0.0, -0.0), np.hypot({x}, np.inf), np.logaddexp({x}, -np.inf)
{t} = np.nextafter({x}, -np.inf), np.spacing(-{x})
{t} = np.ldexp({x}, 2000), np.ldexp({x} * 1.0, {y}.astype('i4')), np.frexp({x} * 1e-320)
{t} = np.sqrt(-({x} * 0.0)), np.rint({x} * 0.5), np.floor(-({x} * 0.0)), np.trunc({x} * 1e18)
{t} = {x} % np.inf, {x} % -0.0, {x} // np.inf, np.fmod({x}, np.inf), divmod({x}, -np.inf)
{t} = ({x} + np.inf) - {y}, ({x} - np.inf).max(axis=-1), ({x} + np.inf).mean(), ({x} * np.inf).std(axis=-1)
{t} = ({x} * complex(np.inf, np.nan)) * {y}, {x} / complex(0, -0.0), np.exp({x} * complex(0, np.inf))
{t} = np.nan_to_num({x} * np.inf), np.isclose({x}, {y}, rtol=0, atol=np.inf), np.nanmax({x} * np.nan)
"""

BETWEEN = """
v = {x}[1:]; s = {x}.sum(); v *= 2; told.append(s + {x}.sum())
b = {x} * 2; told.append(b.max()); {x}[:2] = 0; told.append(b.max()); {t} = b
told.append({x}.min()); {x}.reshape(-1)[:1] = -99; told.append({x}.min())
told.append(({x} + 1).mean()); np.asarray({x})[...] = 2; told.append(({x} + 1).mean())
b = {x} + {y}; told.append(b.any()); {y}[...] = 0; told.append((b.sum(), b.any()))
b = {x} + {y}; told.append(b.max(axis=-1)); {x}[::2] = {y}[::2]; told.append(b.max(axis=-1)); {t} = {x} + b
b = {x} * {y}; n = b.sum(axis=0); {x} += 1; {t} = b / n, b.sum(axis=-1)
b = {x} * {y}; n = b.mean(axis=-1, keepdims=True); {x}[:1] -= n[:1]; {t} = (b - n) / {x}
v = {x}.T; n = v.sum(axis=-1); v += 1; {t} = n, v.sum(axis=-1), {x}.sum(axis=0)
v, w = {x}[:-1], {x}[1:]; v += w; w -= v; {t} = v * w, {x}.sum()
v, w = {x}[::2], {x}[1::2]; v[...] = 1; w[:] = v[:len(w)] * 2; {t} = {x} * 2
v = {x}[..., ::-1]; told.append(v.argmax()); v[..., :1] = 1e9; told.append(v.argmax()); {t} = v + {x}
for k in range(3): {x}[k:] += {x}[:len({x}) - k] * 0.5; told.append({x}.max())
for k in range(3): v = {x}[k:]; v *= 0.5; told.append(({x} + v[:1]).sum())
b = {x} + 1; c = b * 2; told.append(c.sum()); b[:1] = 0; told.append((b + c).sum()); del c; {t} = b
b = {x}.copy(); c = b[1:]; told.append((b * 2).sum()); c += 1; told.append((b * 2).sum()); {t} = c
b = np.where({m}, {x}, {y}); told.append(b.sum()); {x} *= 2; told.append(b.sum()); {t} = b + {x}
b = {x} * 2; {y}[...] = b; told.append({y}.sum()); b += 1; told.append(({y} - b).sum())
b = ({x} + {y}); c = b.astype('f4'); told.append(c.max()); b *= 2; {t} = c + b
held[0] = {x} * 2; told.append(held[0].sum()); {x} += 1; {t} = held[0] + {x}
"""

CHANGES = """
with np.errstate(divide='call', invalid='warn', call=Log(told)): {t} = {x} / {y} - np.log({x})
with np.errstate(divide='log', over='raise', call=Log(told)): {t} = {x} / ({y} - {y}); {t} = np.exp({x} * 900)
with np.errstate(divide='print', under='warn'): {t} = np.log({x} * 0) + {y}; {t} = {t} / {y}
with np.errstate(all='print'): {x} /= {y}; {t} = np.sqrt({x}).sum(axis=-1)
with np.errstate(invalid='raise', divide='warn', over='ignore'): b = {x} / {y}; {x} *= 1e300; b -= b; {t} = b
with np.errstate(all='raise'): {x}[1:] = {y}[1:] / {x}[:-1]; {y}[...] = 0
with np.errstate(all='raise'): np.divide({x}, {y}, out={z}); {z}[...] = 1
with np.errstate(all='raise'): np.add.reduce({x} * 1e300, axis=-1, out={y}[..., 0])
with np.errstate(all='raise'): {x} += {y} / {x}; {x} += 1
with np.errstate(invalid='raise'): {x}[{m}] = np.sqrt({y})[{m}]
with np.errstate(all='warn'): b = {x} / {y}; np.seterr(all='raise'); {t} = b + np.log({y})
with np.errstate(over='warn'): np.seterrcall(Log(told)); b = {x} * 1e300; np.seterr(over='call'); {t} = b * b
with warnings.catch_warnings(): warnings.simplefilter('error', RuntimeWarning); {x} /= {y}; {x} += 1
with warnings.catch_warnings(): warnings.simplefilter('error', RuntimeWarning); {x}[...] = {y} / 0; {y} *= 0
with warnings.catch_warnings(): warnings.filterwarnings('error', 'invalid'); {t} = {x} / 0; {t} -= {t}
with warnings.catch_warnings(): warnings.filterwarnings('error', 'overflow'); {t} = ({x} * 1e300).astype('f4')
with warnings.catch_warnings(): warnings.simplefilter('module'); {t} = [np.log({x}) / k for k in (0, 0)]
with warnings.catch_warnings(): warnings.simplefilter('default'); {t} = {x} / 0; {t} = {t} - {t}; {x} / 0
b = {x} / {y}; warnings.warn('of the user'); {t} = b + np.log({x})
b = np.log({x}); told.append(len(warnings.filters)); warnings.warn('one more', UserWarning); {t} = b / {y}
b = {x} / 0; told.append(np.geterr()); {t} = b - b
{t} = np.errstate(all='raise')(lambda v: v / {y})({x})
{t} = {x}.astype('D').astype('f8') + 1
{x}[...] = {y} * 1j
{t} = ({x} + 1j).real.astype('f4'), ({x} * 1j).astype('i4')
"""

ODD_LINES = [
    line
    for text in (STRUCTURES, CLASSED, OPTIONS, TIMES, EXTREMES, BETWEEN, CHANGES)
    for line in text.strip().splitlines()
]
"""As the lines of fuse_hard_lines.py."""
