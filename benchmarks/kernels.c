/* kernels.c: what Python hands to a pool: a kernel that does nothing, and one that only reads. */
#include <stddef.h>

void empty(void *ctx, size_t begin, size_t end);
void read_doubles(void *ctx, size_t begin, size_t end);

void empty(void *ctx, size_t begin, size_t end)
{
    (void)ctx, (void)begin, (void)end;
}

typedef double vector __attribute__((vector_size(32), aligned(8), may_alias));
enum { LANES = sizeof(vector) / sizeof(double), VECTORS = 8 };

static _Thread_local volatile double sink;

/* Adds doubles up with nothing in its way: eight vectors in registers, in no order that NumPy would know. */
void read_doubles(void *ctx, size_t begin, size_t end)
{
    const double *x = ctx;
    vector sums[VECTORS] = {{0}};
    size_t i = begin;
    for (; i + LANES * VECTORS <= end; i += LANES * VECTORS)
        for (size_t k = 0; k < VECTORS; k++) sums[k] += *(const vector *)(x + i + LANES * k);
    double total = 0;
    for (; i < end; i++) total += x[i];
    for (size_t k = 0; k < VECTORS; k++)
        for (size_t lane = 0; lane < LANES; lane++) total += sums[k][lane];
    sink = total;
}
