/* compress_template.h: the elements where a mask is true, one after the other, as an inner loop with operands
 * (mask, x, out, cursor). Parameters: ITEM, ITEM_BYTES (foreach_item.h). */

static int TM_JOIN2(compress, ITEM)(void *context, char *const *data, const intptr_t *dims,
                                    const intptr_t *strides, void *auxdata)
{
    const size_t size = ITEM_BYTES((uintptr_t)context);
    const intptr_t x_step = strides[1];
    const char *x = data[1];
    intptr_t found[TILE], n;

    (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        const intptr_t count = compress_find(data[0] + begin * strides[0], strides[0], n, begin, found);
        char *out = compress_room(data[2], data[3], count, size);
        if (out == NULL) return -1;
        for (intptr_t k = 0; k < count; k++) memcpy(out + (size_t)k * size, x + found[k] * x_step, size);
    }
    return 0;
}

/* out[i] = x[i] where the mask is true, with operands (mask, x, out). */
static int TM_JOIN2(copy_where, ITEM)(void *context, char *const *data, const intptr_t *dims,
                                      const intptr_t *strides, void *auxdata)
{
    const size_t size = ITEM_BYTES((uintptr_t)context);
    const intptr_t x_step = strides[1], out_step = strides[2];
    const char *x = data[1];
    char *out = data[2];
    intptr_t found[TILE], n;

    (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        const intptr_t count = compress_find(data[0] + begin * strides[0], strides[0], n, begin, found);
        for (intptr_t k = 0; k < count; k++) memcpy(out + found[k] * out_step, x + found[k] * x_step, size);
    }
    return 0;
}
