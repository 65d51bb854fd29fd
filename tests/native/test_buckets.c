/* test_buckets.c: elements counted and parted by their keys, against plain loops: every dtype and instruction set, NaNs and
 * zeros of both signs, equal elements, lengths around a tile's, strides, and results for which there is no room. */
#include "kernel_cases.h"

enum { MOST = 1100, SPLITTERS = 9, GUARD = 0x5a };

static const intptr_t lengths[] = {0, 1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1025};

#define EACH_KEYED(dtype) for (tm_dtype dtype = TM_BOOL; dtype <= TM_FLOAT64; dtype++)

/* ---- the reference: keys as 64 bits, whose order is that of unsigned numbers ---- */

static uint64_t ordered(tm_dtype dtype, const char *x)
{
    const size_t bits = 8 * sizes[dtype];
    const uint64_t sign = UINT64_C(1) << (bits - 1);
    uint64_t word = 0;
    memcpy(&word, x, sizes[dtype]); /* little-endian */
    if (dtype == TM_FLOAT32 || dtype == TM_FLOAT64)
        return word & sign ? ~word & (sign | (sign - 1)) : word | sign;
    return dtype == TM_INT8 || dtype == TM_INT16 || dtype == TM_INT32 || dtype == TM_INT64 ? word ^ sign
                                                                                           : word;
}

/* The key of an element, as the loops take it. */
static void put_key(tm_dtype dtype, const char *x, char *key)
{
    const uint64_t sign = UINT64_C(1) << (8 * sizes[dtype] - 1);
    uint64_t word = ordered(dtype, x);
    if (dtype == TM_FLOAT32 || dtype == TM_FLOAT64) word ^= sign;
    memcpy(key, &word, sizes[dtype]);
    if (dtype != TM_FLOAT32 && dtype != TM_FLOAT64) memcpy(key, x, sizes[dtype]);
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

typedef struct splitters {
    uint64_t order[SPLITTERS];
    _Alignas(8) char key[SPLITTERS * 8];
    intptr_t count;
} splitters;

/* Some of the elements, in rising order. */
static void choose(tm_dtype dtype, const char *x, intptr_t n, intptr_t step, intptr_t count, splitters *s)
{
    uint64_t order[SPLITTERS];
    char keys[SPLITTERS][8];
    s->count = n == 0 ? 0 : count;
    for (intptr_t k = 0; k < s->count; k++) {
        const char *one = x + (intptr_t)(next_random() % (uint64_t)n) * step;
        order[k] = ordered(dtype, one), put_key(dtype, one, keys[k]), s->order[k] = order[k];
    }
    qsort(s->order, (size_t)s->count, sizeof *s->order, compare);
    for (intptr_t k = 0; k < s->count; k++)
        for (intptr_t own = 0; own < s->count; own++)
            if (order[own] == s->order[k]) memcpy(s->key + (size_t)k * sizes[dtype], keys[own], sizes[dtype]);
}

static intptr_t bucket_of(const splitters *s, uint64_t order)
{
    intptr_t bucket = 0;
    while (bucket < s->count && s->order[bucket] <= order) bucket++;
    return bucket;
}

/* n elements, `wide` apart: any; of few kinds; with NaNs. */
static char *elements(tm_dtype dtype, intptr_t n, intptr_t wide, int kind)
{
    const size_t item = sizes[dtype], length = (size_t)(n * wide);
    char *x = own_memory(length * item, 0);
    fill(dtype, length, x, kind == 1);
    if (kind == 2) put_nans(dtype, length, x);
    for (size_t i = 4; i < length && kind == 1; i++) memcpy(x + i * item, x + next_random() % 4 * item, item);
    return x;
}

/* ---- the tests ---- */

static void check_one(tm_dtype dtype, intptr_t n, intptr_t wide, int kind, intptr_t count)
{
    const size_t item = sizes[dtype];
    char *x = elements(dtype, n, wide, kind);
    const intptr_t step = wide * (intptr_t)item;
    splitters s;
    choose(dtype, x, n, step, count, &s);
    const intptr_t dims[] = {n, s.count}, strides[] = {step, 0, 0, 0};

    intptr_t counts[SPLITTERS], places[SPLITTERS + 1][2], length[SPLITTERS + 1] = {0};
    for (intptr_t k = 0; k < s.count; k++) counts[k] = 7;
    char *ranked[] = {x, s.key, (char *)counts};
    CHECK(tm_ranks_loop((int)dtype)(NULL, ranked, dims, strides, NULL) == 0);
    for (intptr_t i = 0; i < n; i++) length[bucket_of(&s, ordered(dtype, x + i * step))]++;
    for (intptr_t k = 0, below = 0; k < s.count; k++) CHECK(counts[k] == 7 + (below += length[k]));

    static _Alignas(8) char out[8 * MOST], expected[8 * MOST];
    memset(out, GUARD, sizeof out), memset(expected, GUARD, sizeof expected);
    for (intptr_t k = 0, at = 0; k <= s.count; at += length[k++]) {
        places[k][0] = at, places[k][1] = at + length[k];
        intptr_t next = at;
        for (intptr_t i = 0; i < n; i++)
            if (bucket_of(&s, ordered(dtype, x + i * step)) == k)
                memcpy(expected + (size_t)next++ * item, x + i * step, item);
    }
    char *parted[] = {x, s.key, out, (char *)places};
    CHECK(tm_scatter_loop((int)dtype)(NULL, parted, dims, strides, NULL) == 0);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    for (intptr_t k = 0; k <= s.count; k++) CHECK(places[k][0] == places[k][1]);
    if (n > 0) { /* no room for the last one of some bucket */
        CHECK(tm_scatter_loop((int)dtype)(NULL, parted, dims, strides, NULL) != 0);
        CHECK(memcmp(out, expected, sizeof out) == 0);
    }
    free_own(x, 0);
}

static void check_between(tm_dtype dtype, intptr_t n, intptr_t wide, int kind)
{
    const size_t item = sizes[dtype];
    char *x = elements(dtype, n, wide, kind);
    const intptr_t step = wide * (intptr_t)item;
    splitters s;
    choose(dtype, x, n, step, 2, &s);
    static _Alignas(8) char out[8 * MOST], expected[8 * MOST];
    memset(out, GUARD, sizeof out), memset(expected, GUARD, sizeof expected);
    intptr_t count = 0;
    for (intptr_t i = 0; i < n && s.count == 2; i++) {
        const uint64_t order = ordered(dtype, x + i * step);
        if (order >= s.order[0] && order <= s.order[1])
            memcpy(expected + (size_t)(3 + count++) * item, x + i * step, item);
    }
    const intptr_t strides[] = {step, 0, 0, 0};
    tm_cursor cursor = {.at = 3, .end = 3 + count};
    char *data[] = {x, s.key, out, (char *)&cursor};
    if (s.count == 2) {
        CHECK(tm_between_loop((int)dtype)(NULL, data, &n, strides, NULL) == 0);
        CHECK(cursor.at == cursor.end && memcmp(out, expected, sizeof out) == 0);
        cursor.at = cursor.end = 3; /* no room */
        memset(out, GUARD, sizeof out);
        CHECK((tm_between_loop((int)dtype)(NULL, data, &n, strides, NULL) != 0) == (count > 0));
        CHECK(cursor.at == 3 && (unsigned char)out[3 * item] == GUARD);
    }
    free_own(x, 0);
}

TEST(elements_are_counted_and_parted_by_their_keys)
{
    EACH_LEVEL (level) EACH_KEYED(dtype)
    for (size_t at = 0; at < LENGTH(lengths); at++)
        for (int kind = 0; kind < 3; kind++)
            for (intptr_t count = 1; count <= SPLITTERS; count += kind == 0 ? 1 : 4)
                check_one(dtype, lengths[at], 1 + kind % 2, kind, count);
}

TEST(elements_of_an_interval_of_keys_are_picked)
{
    EACH_LEVEL (level) EACH_KEYED(dtype)
    for (size_t at = 0; at < LENGTH(lengths); at++)
        for (int kind = 0; kind < 6; kind++) check_between(dtype, lengths[at], 1 + kind / 3, kind % 3);
}

TEST(of_other_elements_there_are_none)
{
    EACH_DTYPE (dtype) {
        CHECK((tm_ranks_loop((int)dtype) != NULL) == (dtype <= TM_FLOAT64));
        CHECK((tm_scatter_loop((int)dtype) != NULL) == (dtype <= TM_FLOAT64));
        CHECK((tm_between_loop((int)dtype) != NULL) == (dtype <= TM_FLOAT64));
    }
    CHECK(tm_ranks_loop(-1) == NULL && tm_scatter_loop(TM_DTYPES) == NULL && tm_between_loop(-1) == NULL);
}

int main(void)
{
    RUN(elements_are_counted_and_parted_by_their_keys);
    RUN(elements_of_an_interval_of_keys_are_picked);
    RUN(of_other_elements_there_are_none);
    return finish();
}
