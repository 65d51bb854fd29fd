/* masked_sums.h: the sums of runs: of what stands side by side where a mask is true. */
#ifndef TM_MASKED_SUMS_H
#define TM_MASKED_SUMS_H

#include "kernel.h"

/* The sums of the runs in n elements of x, each as tm_sum_kernels have it, and their number. They go to `sums`, which has
 * room for n / 2 + 1; or, where that is NULL, are added to *total, in their order. */
typedef size_t (*tm_sum_runs_fn)(const void *x, const unsigned char *mask, size_t n, void *sums, void *total);

/* NULL: of no other dtypes than float32 and float64. */
tm_sum_runs_fn tm_sum_runs(tm_dtype dtype);

#endif
