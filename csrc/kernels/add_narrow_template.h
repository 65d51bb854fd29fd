/* add_narrow_template.h: the exact sum of elements of 8 or 16 bits.
 *
 * Blocks are summed in 32 bits, which doubles the lanes of a vector register.
 * Parameters: DTYPE, LEVEL, TARGET (foreach_level.h); VALUE(e), the number that an element stands for. */

TARGET static void TM_KERNEL(sum)(size_t n, const void *in, const void *arg, void *result)
{
    enum { BLOCK = 1 << 15 }; /* 2^15 elements of at most 16 bits stay below 2^31 */
    const TM_ELEMENT *x = in;
    int64_t total = 0;

    (void)arg;
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        const size_t end = TM_MIN(begin + BLOCK, n);
        int32_t block = 0;
        TM_UNROLL
        for (size_t i = begin; i < end; i++) block += VALUE(x[i]);
        total += block;
    }
    *(tm_int128 *)result = total;
}
