/* sum_where.c: sums of reals where a mask is true.
 *
 * NumPy adds the sums of runs to the total one after the other, which no two threads can share. So these sum the runs,
 * chunk by chunk, and the caller adds up what they came to, wave by wave. A run that a chunk's end cuts is summed then,
 * as a whole. */
#include "../fpenv.h"
#include "../kernels/masked_sums.h"
#include "../parallel_for.h"
#include "dtype.h"

/* Elements in a chunk, and chunks in a wave: what a wave comes to fits in the second-level cache. */
enum { CHUNK = 32768, WAVE = 16, RUNS_MOST = CHUNK / 2 + 1 };

/* What a chunk's thread has found: where its first whole run may begin, and where its last may end. */
typedef struct part {
    size_t begin, end, count;
} part;

typedef struct masked_sum {
    tm_sum_runs_fn runs;
    const char *x;
    const unsigned char *mask;
    size_t n, item;
    size_t first; /* of the wave's elements */
    char *sums;   /* [WAVE][RUNS_MOST] */
    part parts[WAVE];
} masked_sum;

static tm_status masked_run_chunk(void *ctx, size_t index, size_t end)
{
    masked_sum *s = ctx;
    part *p = &s->parts[index];
    const size_t begin = s->first + index * CHUNK, stop = TM_MIN(begin + CHUNK, s->n);

    (void)end;
    p->begin = begin, p->end = stop;
    if (begin > 0 && s->mask[begin - 1])
        while (p->begin < stop && s->mask[p->begin]) p->begin++;
    if (stop < s->n && s->mask[stop])
        while (p->end > p->begin && s->mask[p->end - 1]) p->end--;
    p->count = s->runs(s->x + p->begin * s->item, s->mask + p->begin, p->end - p->begin,
                       s->sums + index * RUNS_MOST * s->item, NULL);
    return TM_OK;
}

static void masked_add(tm_dtype dtype, void *total, const char *sums, size_t count)
{
    if (dtype == TM_FLOAT32) {
        float all = *(float *)total;
        for (size_t k = 0; k < count; k++) all += ((const float *)(const void *)sums)[k];
        *(float *)total = all;
    } else {
        double all = *(double *)total;
        for (size_t k = 0; k < count; k++) all += ((const double *)(const void *)sums)[k];
        *(double *)total = all;
    }
}

/* Adds up a wave; *open: where a run has begun that goes on, or n. Flags, or a negative status. */
static int masked_add_wave(masked_sum *s, tm_pool *pool, tm_dtype dtype, void *total, size_t chunks,
                           size_t *open)
{
    int flags = 0;
    for (size_t index = 0; index < chunks; index++) {
        const part *p = &s->parts[index];
        const size_t begin = s->first + index * CHUNK, stop = TM_MIN(begin + CHUNK, s->n);
        if (p->begin == stop && *open < s->n && stop < s->n && s->mask[stop])
            continue; /* all of it is one run's */
        if (*open < s->n) {
            double run;
            const int more = tm_sum(pool, dtype, p->begin - *open, s->x + *open * s->item, &run, 0);
            if (more < 0) return more;
            flags |= more;
            masked_add(dtype, total, (const char *)&run, 1);
            *open = s->n;
        }
        masked_add(dtype, total, s->sums + index * RUNS_MOST * s->item, p->count);
        if (p->end < stop) *open = p->end;
    }
    return flags;
}

int tm_sum_where(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, const void *mask, void *total)
{
    if ((dtype != TM_FLOAT32 && dtype != TM_FLOAT64) || !tm_is_valid(dtype, n, 0)) return TM_INVALID;
    masked_sum s = {.runs = tm_sum_runs(dtype), .x = x, .mask = mask, .n = n, .item = tm_element_size(dtype)};
    const size_t chunks = n / CHUNK + (n % CHUNK != 0);
    size_t open = n;
    unsigned flags = 0;

    s.sums = malloc(TM_MIN(chunks, (size_t)WAVE) * RUNS_MOST * s.item + 1);
    if (s.sums == NULL) return TM_NO_MEMORY;
    int status = 0;
    for (size_t done = 0; done < chunks && status >= 0; done += WAVE) {
        const size_t wave = TM_MIN(chunks - done, (size_t)WAVE);
        tm_loop loop = {.n = wave, .grain = 1, .body = masked_run_chunk, .ctx = &s, .label = "sum where"};
        s.first = done * CHUNK;
        status = tm_run_flags(pool, &loop);
        if (status < 0) break;
        flags |= (unsigned)status;
        const tm_fp_state state = tm_fp_save();
        tm_fp_enter(state);
        status = masked_add_wave(&s, pool, dtype, total, wave, &open);
        flags |= tm_fp_leave(state);
        if (status > 0) flags |= (unsigned)status;
    }
    free(s.sums);
    return status < 0 ? status : (int)flags;
}
