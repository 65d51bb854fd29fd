/* cast_one_template.h: the conversion of one dtype to one other, as an inner loop with operands (x, out).
 *
 * Parameters: FROM, TO, LEVEL, TARGET; NUMBER, what an element is converted as. FROM is undefined at the end. The
 * loop's name is cast_FROM_TO_LEVEL. */

TARGET static int TM_JOIN4(cast, FROM, TO, LEVEL)(void *context, char *const *data, const intptr_t *dims,
                                                  const intptr_t *strides, void *auxdata)
{
    typedef TM_JOIN2(FROM, read) from;
    typedef TM_JOIN2(TO, written) to;
    const intptr_t n = dims[0], step = strides[0], stride = strides[1];
    const char *x = data[0];
    char *out = data[1];

    (void)context, (void)auxdata;
    if (step == sizeof(from) && stride == sizeof(to)) /* apart, for it alone is vectorized */
        for (intptr_t i = 0; i < n; i++)
            ((to *)(void *)out)[i] = (to)NUMBER(((const from *)(const void *)x)[i]);
    else
        for (intptr_t i = 0; i < n; i++, x += step, out += stride)
            *(to *)(void *)out = (to)NUMBER(*(const from *)(const void *)x);
    return 0;
}

#undef FROM
