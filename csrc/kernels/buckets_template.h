/* buckets_template.h: inner loops that count and part elements by their keys, see buckets.c.
 *
 * Parameters: DTYPE, LEVEL, TARGET (foreach_level.h); WORD, the integer that an element is read as; COUNTER, an unsigned one
 * of its size; FLIP, the bits of a negative one that are turned for its key, 0 where it is its own key. */

/* The keys of n elements. */
TARGET static void TM_KERNEL(load_keys)(const char *x, intptr_t step, intptr_t n, WORD *keys)
{
    const WORD *dense = (const void *)x;
    if (step == sizeof(WORD))
        for (intptr_t i = 0; i < n; i++) keys[i] = KEY_OF(dense[i]);
    else
        for (intptr_t i = 0; i < n; i++) keys[i] = KEY_OF(*(const WORD *)(const void *)(x + i * step));
}

/* data: (x, splitters, counts). */
TARGET static int TM_KERNEL(ranks)(void *context, char *const *data, const intptr_t *dims,
                                   const intptr_t *strides, void *auxdata)
{
    const intptr_t splitters = dims[1];
    const WORD *split = (const void *)data[1];
    intptr_t *count = (void *)data[2], n;
    _Alignas(64) WORD keys[TILE];

    (void)context, (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        TM_KERNEL(load_keys)(data[0] + begin * strides[0], strides[0], n, keys);
        intptr_t k = 0;
        for (; k + 4 <= splitters; k += 4) { /* of four at a time an element is loaded once */
            const WORD s0 = split[k], s1 = split[k + 1], s2 = split[k + 2], s3 = split[k + 3];
            COUNTER c0 = 0, c1 = 0, c2 = 0, c3 = 0;
            for (intptr_t i = 0; i < n; i++) {
                c0 = (COUNTER)(c0 + (keys[i] < s0)), c1 = (COUNTER)(c1 + (keys[i] < s1));
                c2 = (COUNTER)(c2 + (keys[i] < s2)), c3 = (COUNTER)(c3 + (keys[i] < s3));
            }
            count[k] += (intptr_t)c0, count[k + 1] += (intptr_t)c1;
            count[k + 2] += (intptr_t)c2, count[k + 3] += (intptr_t)c3;
        }
        for (; k < splitters; k++) {
            COUNTER c = 0;
            for (intptr_t i = 0; i < n; i++) c = (COUNTER)(c + (keys[i] < split[k]));
            count[k] += (intptr_t)c;
        }
    }
    return 0;
}

/* The buckets of n keys: how many splitters are no greater. */
TARGET static void TM_KERNEL(find_buckets)(const WORD *keys, intptr_t n, const WORD *split,
                                           intptr_t splitters, COUNTER *buckets)
{
    intptr_t k = 0;
    for (intptr_t i = 0; i < n; i++) buckets[i] = 0;
    for (; k + 4 <= splitters; k += 4) {
        const WORD s0 = split[k], s1 = split[k + 1], s2 = split[k + 2], s3 = split[k + 3];
        for (intptr_t i = 0; i < n; i++) {
            COUNTER b = buckets[i];
            b = (COUNTER)(b + (keys[i] >= s0)), b = (COUNTER)(b + (keys[i] >= s1));
            b = (COUNTER)(b + (keys[i] >= s2)), b = (COUNTER)(b + (keys[i] >= s3));
            buckets[i] = b;
        }
    }
    for (; k < splitters; k++)
        for (intptr_t i = 0; i < n; i++) buckets[i] = (COUNTER)(buckets[i] + (keys[i] >= split[k]));
}

/* data: (x, splitters, out, places). */
TARGET static int TM_KERNEL(scatter)(void *context, char *const *data, const intptr_t *dims,
                                     const intptr_t *strides, void *auxdata)
{
    const WORD *split = (const void *)data[1];
    WORD *out = (void *)data[2];
    intptr_t (*place)[2] = (void *)data[3], n;
    _Alignas(64) WORD keys[TILE];
    _Alignas(64) COUNTER buckets[TILE];

    (void)context, (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        TM_KERNEL(load_keys)(data[0] + begin * strides[0], strides[0], n, keys);
        TM_KERNEL(find_buckets)(keys, n, split, dims[1], buckets);
        bool is_roomy = true;
        for (intptr_t k = 0; k <= dims[1]; k++) is_roomy &= place[k][1] - place[k][0] >= n;
        for (intptr_t i = 0; i < n; i++) {
            intptr_t *const at = place[buckets[i]];
            if (!is_roomy && at[0] >= at[1]) return -1;
            out[at[0]++] = KEY_OF(keys[i]);
        }
    }
    return 0;
}

/* data: (x, bounds, out, cursor). */
TARGET static int TM_KERNEL(between)(void *context, char *const *data, const intptr_t *dims,
                                     const intptr_t *strides, void *auxdata)
{
    const WORD least = ((const WORD *)(const void *)data[1])[0],
               most = ((const WORD *)(const void *)data[1])[1];
    WORD *out = (void *)data[2];
    _Alignas(64) WORD keys[TILE] = {0}; /* a block's rest is read, too */
    tm_cursor *cursor = (void *)data[3];
    intptr_t n;

    (void)context, (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        TM_KERNEL(load_keys)(data[0] + begin * strides[0], strides[0], n, keys);
        for (intptr_t block = 0; block < n; block += BLOCK) { /* few of them have any */
            const WORD *here = keys + block;
            const intptr_t length = TM_MIN(BLOCK, n - block);
            WORD some = length < BLOCK;
            for (intptr_t i = 0; i < BLOCK; i++)
                some = (WORD)(some | ((here[i] >= least) & (here[i] <= most)));
            if (!some) continue;
            WORD found[BLOCK];
            intptr_t count = 0;
            for (intptr_t i = 0; i < length;
                 i++) { /* each is written, and the next one over it if it is none */
                found[count] = KEY_OF(here[i]);
                count += (here[i] >= least) & (here[i] <= most);
            }
            if (count > cursor->end - cursor->at) return -1;
            memcpy(out + cursor->at, found, (size_t)count * sizeof *found);
            cursor->at += count;
        }
    }
    return 0;
}
