/* take_template.h: out[i] = table[index[i]], as an inner loop with operands (table, index, out), told of one core
 * dimension, the table's length, and of one core stride, the table's. An element is `context` bytes.
 * Parameters: ITEM, ITEM_BYTES (foreach_item.h). */

static int TM_JOIN2(take, ITEM)(void *context, char *const *data, const intptr_t *dims,
                                const intptr_t *strides, void *auxdata)
{
    const size_t size = ITEM_BYTES((uintptr_t)context);
    const int mode = (int)(uintptr_t)auxdata;
    const intptr_t n = dims[0], length = dims[1], index_step = strides[1], out_step = strides[2];
    const intptr_t step = strides[3];
    const char *table = data[0], *index = data[1];
    char *out = data[2];

    for (intptr_t i = 0; i < n; i++) {
        intptr_t at;
        memcpy(&at, index + i * index_step, sizeof at);
        if ((uintptr_t)at >= (uintptr_t)length) {
            at = take_place(at, length, mode);
            if (at < 0) return -1;
        }
        memcpy(out + i * out_step, table + at * step, size);
    }
    return 0;
}
