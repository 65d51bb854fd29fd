/* copy_template.h: copies of elements, as inner loops with operands (x, out) of `context` bytes an element.
 * Parameters: ITEM, ITEM_BYTES, ITEM_WORD (foreach_item.h). */

static inline void TM_JOIN2(copy_row, ITEM)(intptr_t n, const char *x, intptr_t x_step, char *out,
                                            intptr_t out_step, size_t item)
{
    const size_t size = ITEM_BYTES(item);
    if (out_step == (intptr_t)size && x_step == out_step)
        memcpy(out, x, (size_t)n * size);
    else if (out_step == (intptr_t)size && x_step == 0)
        for (intptr_t i = 0; i < n; i++) memcpy(out + i * (intptr_t)size, x, size);
    else
        for (intptr_t i = 0; i < n; i++) memcpy(out + i * out_step, x + i * x_step, size);
}

/* out[i] = x[i] */
static int TM_JOIN2(copy, ITEM)(void *context, char *const *data, const intptr_t *dims,
                                const intptr_t *strides, void *auxdata)
{
    (void)auxdata;
    TM_JOIN2(copy_row, ITEM)(dims[0], data[0], strides[0], data[1], strides[1], (size_t)(uintptr_t)context);
    return 0;
}

/* `high` rows of `wide` elements, one after the other; few elements in a row column by column, as a row costs what
 * some elements do. */
static inline void TM_JOIN2(copy_rows, ITEM)(intptr_t high, intptr_t wide, const char *x,
                                             const intptr_t *x_step, char *out, const intptr_t *out_step,
                                             size_t item)
{
    if (wide < NARROW)
        for (intptr_t j = 0; j < wide; j++) TM_JOIN2(copy_row, ITEM)
    (high, x + j * x_step[1], x_step[0], out + j * out_step[1], out_step[0], item);
    else for (intptr_t i = 0; i < high; i++)
        TM_JOIN2(copy_row, ITEM)(wide, x + i * x_step[0], x_step[1], out + i * out_step[0], out_step[1],
                                 item);
}

/* The same where x is contiguous along a column and out along a row: a few elements of several rows at a time, so
 * that they are read and written as vectors. */
static inline void TM_JOIN2(transpose, ITEM)(intptr_t high, intptr_t wide, const char *x,
                                             const intptr_t *x_step, char *out, const intptr_t *out_step,
                                             size_t item)
{
    intptr_t i = 0;
#ifdef ITEM_WORD
    enum { DOWN = 4, ACROSS = sizeof(ITEM_WORD) > 1 ? 16 / sizeof(ITEM_WORD) : 8, SIZE = sizeof(ITEM_WORD) };
    const intptr_t whole = wide - wide % ACROSS;
    for (; i + DOWN <= high; i += DOWN) {
        for (intptr_t j = 0; j < whole; j += ACROSS) {
            ITEM_WORD block[ACROSS][DOWN], row[ACROSS];
            for (intptr_t k = 0; k < ACROSS; k++)
                memcpy(block[k], x + i * SIZE + (j + k) * x_step[1], sizeof block[k]);
            for (intptr_t q = 0; q < DOWN; q++) {
                for (intptr_t k = 0; k < ACROSS; k++) row[k] = block[k][q];
                memcpy(out + (i + q) * out_step[0] + j * SIZE, row, sizeof row);
            }
        }
        TM_JOIN2(copy_rows, ITEM)
        (DOWN, wide - whole, x + i * SIZE + whole * x_step[1], x_step, out + i * out_step[0] + whole * SIZE,
         out_step, item);
    }
#endif
    TM_JOIN2(copy_rows, ITEM)
    (high - i, wide, x + i * x_step[0], x_step, out + i * out_step[0], out_step, item);
}

/* out[i][j] = x[i][j], the axis j being a core dimension. Where it is the inner one of both arrays, row by row;
 * elsewhere block by block, so that a line is used up while it is in the first-level cache, whichever axis it
 * lies along. Where x is contiguous along j and out along i, the two change places. */
static int TM_JOIN2(copy_blocks, ITEM)(void *context, char *const *data, const intptr_t *dims,
                                       const intptr_t *strides, void *auxdata)
{
    const size_t item = (size_t)(uintptr_t)context;
    const intptr_t size = (intptr_t)ITEM_BYTES(item);
    const bool is_turned = strides[1] == size && strides[2] == size;
    const intptr_t n = dims[is_turned], m = dims[!is_turned];
    const intptr_t x_step[] = {strides[2 * is_turned], strides[2 * !is_turned]};
    const intptr_t out_step[] = {strides[1 + 2 * is_turned], strides[1 + 2 * !is_turned]};
    const bool is_inner = labs(x_step[1]) <= labs(x_step[0]) && labs(out_step[1]) <= labs(out_step[0]);
    const bool is_transposed = x_step[0] == size && out_step[1] == size;
    const intptr_t rows = is_inner ? ROWS : TM_MAX(LINE / size, 1), columns = is_inner ? m : COLUMNS;

    (void)auxdata;
    for (intptr_t left = 0; left < m; left += columns)
        for (intptr_t top = 0; top < n; top += rows) {
            const char *x = data[0] + top * x_step[0] + left * x_step[1];
            char *out = data[1] + top * out_step[0] + left * out_step[1];
            (is_transposed ? TM_JOIN2(transpose, ITEM)
                           : TM_JOIN2(copy_rows, ITEM))(TM_MIN(rows, n - top), TM_MIN(columns, m - left), x,
                                                        x_step, out, out_step, item);
        }
    return 0;
}
