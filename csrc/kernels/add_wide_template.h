/* add_wide_template.h: the exact sum of at most TM_SUM_CHUNK_MAX elements of 32 or 64 bits.
 *
 * The array is read in words of 64 bits, each two halves: two elements, or the halves of one. Two sums in
 * 64 bits tell those of the halves: that of the upper halves, which does not wrap, and that of the words,
 * which does; what is left without the upper halves is the sum of the lower ones, below 2^64. A signed
 * element is made unsigned by turning its sign bit over, which adds a constant that is taken off at the
 * end: unlike an arithmetic shift of 64 bits or a widening, that is cheap in every instruction set. The
 * quarters are read side by side: four streams come faster from memory than one (10^8 int32 on two
 * threads: 35 GB/s for 27). Parameters: DTYPE, LEVEL, TARGET (foreach_level.h). */

TARGET static inline void TM_KERNEL(add_word)(uint64_t word, uint64_t *wrapped, uint64_t *high)
{
    *wrapped += word;
    *high += word >> 32;
}

TARGET static void TM_KERNEL(sum)(size_t n, const void *in, const void *arg, void *result)
{
    typedef uint64_t word __attribute__((aligned(sizeof(TM_ELEMENT)), may_alias));
    enum { IN_WORD = sizeof(uint64_t) / sizeof(TM_ELEMENT), BITS = 8 * sizeof(TM_ELEMENT) };
    const uint64_t bias = (TM_ELEMENT)-1 < (TM_ELEMENT)1 ? UINT64_C(1) << (BITS - 1) : 0;
    const uint64_t biases = IN_WORD == 1 ? bias : bias << 32 | bias;
    const size_t words = n / IN_WORD, quarter = words / 4;
    const word *x = in;
    uint64_t wrapped = 0, high = 0;

    (void)arg;
    for (size_t i = 0; i < quarter; i++)
        for (size_t stream = 0; stream < 4; stream++)
            TM_KERNEL(add_word)(x[stream * quarter + i] ^ biases, &wrapped, &high);
    for (size_t i = 4 * quarter; i < words; i++) TM_KERNEL(add_word)(x[i] ^ biases, &wrapped, &high);
    const uint64_t low = wrapped - (high << 32);
    tm_int128 total = (IN_WORD == 1 ? (tm_int128)high << 32 : (tm_int128)high) + low;
    total -= (tm_int128)(words * IN_WORD) * bias;
    if (n % IN_WORD != 0) total += ((const TM_ELEMENT *)in)[n - 1];
    *(tm_int128 *)result = total;
}
