/* masked_sums_template.h: sums of reals where a mask is true, run by run.
 *
 * Parameters: DTYPE, LEVEL, TARGET (foreach_level.h); CODE, its tm_dtype; BITS, an unsigned integer of its size. */

/* sum + the first n < 8 elements, one after the other; 8 of them can be read. What is left out stands as -0.0, which
 * changes no sum, so that nothing depends on how many they are. */
TARGET static inline __attribute__((always_inline)) TM_ELEMENT
TM_KERNEL(add_few)(TM_ELEMENT sum, const TM_ELEMENT *x, size_t n)
{
    static const BITS shown[2 * MASKED_ROW] = {0, ALL, ALL, ALL, ALL, ALL, ALL, ALL};
    const BITS sign = (BITS)1 << (8 * sizeof(BITS) - 1), *const show = shown + MASKED_ROW - n;
    BITS bits[MASKED_ROW];
    TM_ELEMENT part[MASKED_ROW];

    memcpy(bits, x, sizeof bits);
    for (size_t k = 0; k < MASKED_ROW; k++) bits[k] = (bits[k] & show[k]) | (sign & ~show[k]);
    memcpy(part, bits, sizeof part);
    for (size_t k = 0; k < MASKED_ROW - 1; k++) sum += part[k];
    return sum;
}

/* A leaf of NumPy's tree, of 8 elements or more. */
TARGET static inline __attribute__((always_inline)) TM_ELEMENT TM_KERNEL(sum_rows)(const TM_ELEMENT *x,
                                                                                   size_t n)
{
    TM_ELEMENT r[MASKED_ROW];
    memcpy(r, x, sizeof r);
    for (size_t i = MASKED_ROW; i + MASKED_ROW <= n; i += MASKED_ROW)
        for (size_t k = 0; k < MASKED_ROW; k++) r[k] += x[i + k];
    return ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
}

/* The sum of one run of n elements, where `room` can be read. */
TARGET static inline __attribute__((always_inline)) TM_ELEMENT TM_KERNEL(sum_run)(const TM_ELEMENT *x,
                                                                                  size_t n, size_t room)
{
    TM_ELEMENT sum = (TM_ELEMENT)-0.0;
    if (n > TM_TREE_LEAF) {
        tm_sum_kernels[CODE].level[tm_simd_level()](n, x, NULL, &sum);
        return sum;
    }
    const size_t rest = n % MASKED_ROW, begin = n - rest;
    if (n >= MASKED_ROW) sum = TM_KERNEL(sum_rows)(x, n);
    if (room - begin >= MASKED_ROW) return TM_KERNEL(add_few)(sum, x + begin, rest);
    for (size_t k = begin; k < n; k++) sum += x[k];
    return sum;
}

/* The sums of the runs in n elements: their number. Where `sums` is NULL they are added to *total, in their order. */
TARGET static size_t TM_KERNEL(sum_runs)(const void *x_, const unsigned char *mask, size_t n, void *sums_,
                                         void *total_)
{
    const TM_ELEMENT *x = x_;
    TM_ELEMENT *sums = sums_, *total = total_, all = total == NULL ? 0 : *total;
    size_t count = 0, open = n; /* where a run has begun that goes on */

    for (size_t begin = 0; begin < n; begin += MASKED_WORD) {
        const size_t length = TM_MIN((size_t)MASKED_WORD, n - begin);
        uint64_t word = masked_word(mask + begin, length);
        size_t at = 0;
        while (open < n || word != 0) { /* `word` from `at` on */
            if (open == n) {
                const size_t skipped = (size_t)__builtin_ctzll(word);
                at += skipped;
                word >>= skipped;
                open = begin + at;
            }
            const size_t run = ~word == 0 ? MASKED_WORD : (size_t)__builtin_ctzll(~word);
            if (at + run >= length && begin + length < n) break; /* perhaps it goes on in the next word */
            at += run;
            word = run == MASKED_WORD ? 0 : word >> run;
            const TM_ELEMENT sum = TM_KERNEL(sum_run)(x + open, begin + at - open, n - open);
            open = n;
            if (sums == NULL)
                all += sum;
            else
                sums[count] = sum;
            count++;
        }
    }
    if (total != NULL) *total = all;
    return count;
}

/* data: (total, x, mask, beginning). */
TARGET static int TM_KERNEL(sum_where)(void *context, char *const *data, const intptr_t *dims,
                                       const intptr_t *strides, void *auxdata)
{
    TM_ELEMENT *total = (void *)data[0];

    (void)auxdata;
    if (strides[1] != sizeof(TM_ELEMENT) || strides[2] != 1) return -1;
    TM_KERNEL(sum_runs)(data[1], (const unsigned char *)data[2], (size_t)dims[0], NULL, total);
    if (*total == *total) return 0;
    memcpy(total, data[3], sizeof *total);
    return masked_by_numpy(context, data, dims[0], sizeof *total);
}
