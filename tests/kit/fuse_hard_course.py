"""Lines of random programs that run a hard course: views that are written through, control flow, errors.

`held` and `named` are a list and a dict that the program is given, with the arguments in them.
`fused` makes a function one that is fused within the fused program, and leaves it alone in the plain one.
"""

MEMORY = """
v = {x}[1:]; v += {y}[:-1]; {t} = v * {x}[1:]
v = {x}[::2]; v *= 2; {x} += 1; {t} = v
v = {x}[::-1]; {x} += v; {t} = v
v = {x}[::-1]; v[...] = {x} * 2; {t} = v - {x}
v = {x}.reshape(-1); v[::3] = 0; {t} = v + 1
v = {x}.T; v += 1; {t} = v * 2
v = {x}.T; v[...] = {y}.T * 2 + v; {t} = {x} - 1
v = {x}.ravel(); v += {y}.ravel(); {t} = {x}
b = {x} * 2; v = b[::2]; v += 1; {t} = b
b = {x} + {y}; v = b.T; v *= 2; {t} = b
b = {x} + {y}; v = b.reshape(-1)[1:-1]; b -= 1; v *= b.reshape(-1)[2:]; {t} = b
b = {x} - {y}; c = b[...]; c += 1; {t} = b * c
b = {x} + 0; c = b; c *= {y}; {t} = b is c, b
b = {x} * {y}; c = b.view(); c += b; {t} = b
b = {x} + 1; c = b; b = b + 1; c += b; {t} = c
b = {x} + 1; c = b * 2; b += 1; {t} = c * b
b = {x} + 1; c = b.copy(); b += c; c += b; {t} = c
b = {x} + {y}; {x}[...] = b; {y}[...] = b * 2; b[...] = {x} + {y}; {t} = b
b = {x} + 1; {x}[:-1] = b[1:]; b[1:] = {x}[:-1]; {t} = b
{x}[1:], {y}[1:] = {y}[:-1] + 1, {x}[:-1] - 1
{x}[...], {y}[...] = {y}, {x}
{x}[:1], {t} = {y}[:1], {x} * {y}
{x}[...] = {y} + {x}.T if {x}.shape == {x}.T.shape else {y}
{x}[1:] += {x}[:-1] * 0.5; {x}[:-1] -= {x}[1:]; {t} = {x} + {y}
{x}[1:-1] = 0.25 * ({x}[:-2] + 2 * {x}[1:-1] + {x}[2:])
{x}[..., 1:] = np.maximum({x}[..., :-1], {y}[..., 1:])
{x}[...] = {x}[..., :1] + {y}
{x} -= {x}.mean(axis=0)
{x} /= {x}.max(axis=-1, keepdims=True)
{x} -= {x}[0]
{x} += {x}[..., -1:]
{x} *= {x}[..., ::-1]
np.add({x}, {y}, out={x}[...])
np.add({x}[:-1], {x}[1:], out={x}[1:])
np.multiply({x}[::2], 2, out={x}[::2])
np.negative({x}[::-1], out={x})
np.sqrt({x}[1:], out={x}[:-1])
np.subtract({x}, {y}, out={y}[::-1])
np.hypot({x}.T, {y}.T, out={x}.T)
np.add({x}, {x}, out={x}.T) if {x}.ndim == 2 else None
np.add({x}.real, {y}.real, out={x}.real)
np.floor({x}, out={z}[:])
np.maximum({x}, {y}, out={z}); {t} = {z} + {x}
np.add({x}, {y}, {z}); {t} = {z} * 2; {z} += 1
w = {x}.view('u1'); w[..., :1] = 0; {t} = {x} * 1
w = {x}.view([('a', {x}.dtype)]); w['a'] += 1; {t} = {x} + {y}
w = np.lib.stride_tricks.as_strided({x}, {x}.shape, {x}.strides); w += 1; {t} = {x} * 2
{t} = np.broadcast_to({x}[..., :1], {x}.shape) * {y}
{t} = np.broadcast_to({x}[:1], {x}.shape)[::-1] + {y}
{t} = {x}[None] + {y}[..., None].swapaxes(0, -1) if {x}.size < 99 else None
{t} = {x}.T + {y}.T
{t} = ({x} * 2).T + {y}.T
{t} = {x}.T.copy() + {y}.T
{t} = np.asfortranarray({x}) * np.asfortranarray({y}) + 1
{t} = np.asfortranarray({x} + {y}).sum(axis=-1)
{t} = (np.asfortranarray({x}) + 1) * ({y} + 1)
{t} = np.swapaxes({x} + 1, 0, -1).sum(axis=0)
{t} = ({x} + 1).reshape(-1)[::2] * 2
{t} = ({x} + {y}).squeeze() + 1
{t} = np.stack([{x}, {y}], axis=-1)[..., 0] + {x}
{t} = np.concatenate([{x}[1:], {x}[:1]]) - {x}
{t} = {x}[..., [0, -1]] + {y}[..., [1, 0]]
{t} = {x}[np.argsort({x}[..., 0] if {x}.ndim > 1 else {x})] * 2
{t} = np.take_along_axis({x}, np.argsort({y}, axis=-1), -1) + 1
{t} = {x}[{x}.argmax() % len({x})]
"""

COURSE = """
{t} = fused(lambda v, w: (v * 2 + w).sum())({x}, {y})
{t} = fused(lambda v, w: v * 2 + w)({x} + 1, {y})
{t} = fused(lambda v: v.__iadd__(1))({x}); {t} = {t} + {x}
{t} = fused(lambda v: fused(lambda w: w * w - 1)(v + 1) * v)({x})
{t} = fused(lambda v: (v, v[1:], v + 1))({x})[1]
{t} = fused(lambda v: v * 2 + 1)(np.asarray({x})) + {y}
{t} = fused(lambda v: 1 // 0 if v.any() else v)({x} * 0 + 1)
b = {x} * 2; f = lambda: b + {y}; b += 1; {t} = f()
f = lambda v: v if v.size < 4 else f(v[1::2]) + 1; {t} = f({x} * 2)
{t} = [row for row in {x} * 2][:2]
{t} = list(map(lambda row: (row * 2).sum(), {x}[:4]))
{t} = {{'sum': {x} + {y}, 'views': [{x}[1:], {y}]}}
{t} = [{x} + 1, ({y} * 2, {x})]
pile = [{x}, {y}]; pile[0] = pile[0] * 2; pile[1] += 1; {t} = pile[0] + pile[1]
pile = [{x} * k for k in range(4)]; {t} = sum(pile)
pile = [{x} * k for k in range(4)]; pile[1] += pile[2]; del pile[0]; {t} = pile
pile = {{}}; pile['b'] = {x} - 1; pile['b'] *= 2; {t} = pile.pop('b') + {y}
b = {x} + {y}; del b; {t} = {x} * 2
b = {x} + {y}; b = None; {t} = {y}
b = ({x} + 1) * ({y} + 1); b = (b + {x}) * ({y} + b); {t} = b
b = {x}; b = b * 2 + 1; b = b * b - {y}; b = np.sqrt(abs(b)); {t} = b
if ({x} + {y}).sum() > 0: {x} += 1; {y} -= 1
if np.isnan({x}).any() or ({y} > 0).all(): {x} *= 2; {t} = {x} + {y}
for k in range(4): {x}[k % len({x})] = {y}[0] + k
for k in range(3): {x} += {y} * k; {y}[::2] -= {x}[::2]
for k in range(70): {t} = {x} + k if {x}.size < 9000 else None
for row in ({x} * 2)[:2]: row *= 2; told.append(row.max())
for row, other in zip({x}[:3], {y}[:3]): row -= other * 2
with np.nditer({x}, op_flags=['readwrite']) as it: [e.__setitem__(..., e * 2) for e, _ in zip(it, range(5))]
{t} = np.vectorize(lambda v: v + 1)({x} * 2) if {x}.size < 99 else None
{t} = np.apply_along_axis(lambda v: v.sum() * v, -1, {x}) if {x}.size < 999 else None
{t} = np.fromiter(({x} * 2).flat, {x}.dtype)[:3]
{t} = np.frombuffer(({x} + 1).tobytes(), {x}.dtype)
{t} = np.array([{x}, {y} * 2])
{t} = np.array({x} + 1, copy=False)
{t} = np.asarray({x}, copy=True) + 1
{t} = np.require({x} + 1, requirements='F')
{t} = np.ascontiguousarray({x}.T) + 1
{t} = np.random.default_rng(0).normal(size={x}.shape) + {x}
{t} = np.fft.fft({x} * 1, axis=-1) if {x}.size < 9999 else None
{t} = np.meshgrid({x}, {y})[0] * 2 if {x}.ndim == 1 and {x}.size < 99 else None
{t} = np.tril({x} * 2) + np.repeat({x}, 1, axis=0) if {x}.ndim == 2 else None
{t} = np.pad({x}, 1)[..., 1:-1] + 1
{t} = np.convolve({x}, [1, 2], 'same') + {y} if {x}.ndim == 1 else None
{t} = np.tile({x}, 2) if {x}.size < 9999 else None
{t} = np.iscomplexobj({x}), np.result_type({x}.dtype, {y}), np.can_cast({x}.dtype, 'f4'), np.ndim({x})
told.append(({x}.size, {x}.nbytes, {x}.ndim, {x}.T.shape, ({x} + 1).strides, ({x} * 2).flags.owndata))
told.append(np.may_share_memory({x}[1:], {x}[:-1]))
told.append(({x} + 1).base is None)
told.append({x}.__array_interface__['shape'])
told.append(hash({x}.dtype)); {x}.flags.writeable = not {x}.flags.writeable
told.append(np.shape({x} + {y}))
told.append(({x} * 2).item(0)); told.append(({x} + 1)[(0,) * {x}.ndim])
told.append(operator.index(({x} > 0).sum()))
told.append(round(float(({x} * 2).max()), 2))
told.append(({x} > {y}).tobytes()[:9])
told.append(pickle.loads(pickle.dumps({x} + 1)).sum())
told.append(str({x} + {y})[:99])
told.append(f'{{({x} + 1).size}}' + format({x}.sum()))
told.append(len([*({x} + 1)]))
told.append({x}.__class__ is np.ndarray)
told.append(any(row.any() for row in {x}[:3] > 0))
told.append(({x} > 0).tolist()[:2] == ({y} > 0).tolist()[:2])
{t} = copy.copy({x}) + copy.deepcopy({y})
{t} = pickle.loads(pickle.dumps({x} * 2)) + {x}
raw = np.asarray({x})[1:]; {t} = {x} + 1; raw += 1; {t} = {t} + {x}
raw = {x}.base; {t} = {x} + 1; told.append(raw is None)
raw = np.asarray({x} + 1); raw[:1] = 7; {t} = raw * {x}
raw = ({x} + 1); np.asarray(raw)[:1] = 7; {t} = raw * {x}
g = np.ones({x}.shape); b = {x} * 2; b *= g; g += 1; {t} = b + g
g = np.ones({x}.shape); b = {x} + {y}; np.subtract(b, g, out=b); g[...] = 7; {t} = b
g = np.ones({x}.shape); b = ({x} + 1) * g; c = g - ({x} + {y}); g += 1; {t} = b, c
g = np.ones({x}.shape); {x} *= g; b = np.where({m}, {x}, g); g[:1] = 0; {t} = b
g = np.ones({x}.shape); {x}[1:] += g[1:]; np.add({x}, g, out={y}); g -= 1; {t} = {y} * g
g = np.ones({x}.shape, bool); {x}[g] = 1; b = {x}.sum(where=g); g[...] = False; {t} = b, {x}[g]
g = np.arange({x}.size).reshape({x}.shape); {t} = {x} * g; g *= 2; {t} = {t} + g
g = np.ones({x}.shape, 'f'); g += {x}.astype('f'); {t} = g * {x}
g = np.zeros({x}.shape); g[1:] = {x}[1:] + {y}[:-1]; g[:1] = {x}[-1:]; {t} = g
g = np.zeros((2, *{x}.shape)); g[0] = {x}; g[1] = {y} * 2; {t} = g[0] + g[1]
g = np.empty({x}.shape + (2,)); g[..., 0] = {x}; g[..., 1] = {x} - 1; {t} = g.sum(axis=-1)
"""

HELD = """
held[0] = held[0] * 2
held[0] += 1
held[-1] += 1
held.append({x} + 1)
held[1:] = [{x}, {y} * 2]
held.reverse()
held.insert(0, {x}); del held[-1]
held = [*held, {x} * 2]; held[0] = {y}
named['first'] += 1
named['first'] = named['first'] * 2
named['new'] = {x} - {y}
named['first'][...] = {x}
named['rest'].append({x} * 2); named['rest'][0] *= 2
named['rest'] = tuple(named['rest'])
named['all'] = held
{t} = named.pop('first') * 2
{t} = named.setdefault('new', {x}) + 1
{t} = held[0] + named['first']
{t} = [*held[:2], named]
{t} = held, {x} + 1
{t} = sum(each.sum() for each in held[:-1])
{t} = np.concatenate(held[:1] * 2)
for each in held[:-1]: each -= 1
for name in sorted(named): told.append((name, np.sum(named[name]) if name == 'first' else 0))
told.append((held[0] is {x}, held is named['rest'], len(held), [*named]))
"""

FAILING = """
{t} = ({x} + 1) * ({y} + None)
{t} = ({x} * 2)[{x}.shape[0]]
{t} = np.add({x}, {y}, out=np.empty(3))
{t} = {x} + {y} + np.ones((7, 13))
{t} = np.sqrt({x} * 2, dtype='i4')
{t} = np.add({x}, {y}, casting='no', dtype='f4')
{t} = np.exp({x}, where='a')
{t} = np.logical_not({x}, {y}, {z})
np.add({x}, 1, out=np.asarray({x}).view('V4'))
{x} += ({y} * 1.5)
{x} //= 0
{x} -= True
{x}[...] = np.ones(999) * {x}
{x}[{y}] = 1
{x}[1.5] = {y}
{x}['a'] + 1
{x}.reshape(7, -1) + 1
{x}.sum(axis='a')
{x}.sum(2, 3, 4)
({x} + 1).max(axis=0, initial='b')
np.clip({x} + 1, None, None)
np.where({x})
np.where({x} > 0, {y})
np.concatenate([{x}, None])
np.dot({x} + 1, np.ones((3, 5, 7)))
if {x}: {t} = 1
while ({x} + 1): break
assert ({x} + {y}).size < 0, 'told'
{t} = [][({x} > 0).sum() + 9]
{t} = (lambda v: 1 // 0)({x} * 2 + 1)
{t} = ({x} + 1).nothing
{t} = ({x} + 1)(2)
{t} = len(np.array(1)) + {x}
with np.errstate(all='raise'): b = {x} + {y}; b /= {x}; {t} = b
with np.errstate(divide='raise', invalid='raise'): {x}[1:] = {y}[1:] / {x}[:-1]
with np.errstate(invalid='raise'): {t} = ({x} - {x}) / ({y} - {y}) + np.sqrt({x})
with np.errstate(over='raise', under='raise'): {t} = np.exp({x} * 300).sum(axis=-1)
with np.errstate(all='call', call=lambda *k: told.append(k)): b = {x} / {y}; {t} = b * b + np.log({x})
with np.errstate(divide='call', call=lambda *k: 1 // 0): {t} = {x} / ({y} - {y})
with np.errstate(over='call', call=lambda *k: told.append((k, float({x}.ravel()[0])))): {x} *= 1e300
with np.errstate(all='log', call=Log(told)): {t} = {x} / {y} - np.log({y})
with np.errstate(): np.seterr(all='ignore'); {t} = {x} / {y}; np.seterr(all='warn'); {t} = {t} / ({y} - {y})
with np.errstate(): old = np.seterr(invalid='raise'); np.seterr(**old); {t} = np.sqrt({x}) + {y} / 0
with np.errstate(all='warn'): {t} = np.sqrt({x}) / {y}; {t} += np.log({x})
with np.errstate(over='warn', invalid='ignore'): {t} = ({x} * 1e300).sum(axis=0) - ({x} * 1e300).max()
with warnings.catch_warnings(): warnings.simplefilter('error', RuntimeWarning); {t} = {y} / {x}
with warnings.catch_warnings(): warnings.filterwarnings('ignore', 'divide'); {t} = np.log({x}) / {y}
with warnings.catch_warnings(): warnings.filterwarnings('error', 'overflow'); {t} = {x} * 1e308 * {y}
with warnings.catch_warnings(): warnings.simplefilter('once'); {t} = [{x} / k for k in (0, 0)]
with warnings.catch_warnings(): warnings.simplefilter('ignore'); {x} /= 0; {x} -= {x}
with recorded(told): {t} = {x} / {y}; told.append(repr({t})[:9])
with np.errstate(): np.setbufsize(4096); {t} = {x} * {y} + 1; np.setbufsize(8192)
"""

HARD_COURSE = [line for text in (MEMORY, COURSE, HELD, FAILING) for line in text.strip().splitlines()]
