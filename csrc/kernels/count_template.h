/* count_template.h: how many bools are true, as an inner loop with operands (x, count), the count of one
 * element. Parameters: DTYPE, LEVEL, TARGET (foreach_level.h). */

TARGET static int TM_KERNEL(count)(void *context, char *const *data, const intptr_t *dims,
                                   const intptr_t *strides, void *auxdata)
{
    enum { LANES = 64, ROUNDS = 255 }; /* a lane's count fits a byte */
    const uint8_t *x = (const uint8_t *)data[0];
    intptr_t i = 0, n = dims[0], total = 0;

    (void)context, (void)auxdata;
    if (strides[0] == 1)
        while (n - i >= LANES) {
            uint8_t lanes[LANES] = {0};
            const intptr_t rounds = TM_MIN((n - i) / LANES, ROUNDS);
            for (intptr_t round = 0; round < rounds; round++, i += LANES)
                for (int k = 0; k < LANES; k++) lanes[k] = (uint8_t)(lanes[k] + (x[i + k] != 0));
            for (int k = 0; k < LANES; k++) total += lanes[k];
        }
    for (; i < n; i++) total += x[i * strides[0]] != 0;
    *(intptr_t *)(void *)data[1] += total;
    return 0;
}
