/* fold.h: reductions of all elements of a pass: their tree, and the partial results of its chunks. */
#ifndef TM_FOLD_H
#define TM_FOLD_H

#include "../common.h"

#include <stdatomic.h>

/* The folds of one pass. Set before its loop; its chunks write to `raised`, and each to its own partial
 * results. */
typedef struct tm_folds {
    const tm_fold *fold; /* [count] */
    size_t count;
    size_t parts;                  /* numbers in an element that the tree adds: 2 in a complex; 0: no tree */
    unsigned depth;                /* of the tree, where the chunks are its nodes */
    char *const *partials;         /* [count]: each chunk's */
    _Atomic unsigned char *raised; /* [count]: floating-point flags */
} tm_folds;

/* Nodes of the tree over n elements. */
size_t tm_fold_nodes(size_t n);

/* Whether a fold is of a slot that is there, and its tree of a buffer, the slots after the first `arrays`, or of
 * an array whose elements lie side by side. `strides`: [arrays][dims]. */
bool tm_fold_is_sound(const tm_fold *fold, size_t arrays, size_t slots, size_t dims, const intptr_t *strides);

/* Sets the parts and the depth of the tree over n elements; false: the trees differ in their parts. */
bool tm_folds_find_tree(tm_folds *folds, size_t n);

/* The elements of node `index` of the tree over n elements. */
void tm_folds_node(const tm_folds *folds, size_t n, size_t index, size_t *begin, size_t *count);

/* Folds one tile of n elements into the chunk's partial results, where there is no tree. `at`, `stride`: of
 * the slots. The flags go to `raised` ([count]), which is the thread's own. False: a loop has failed. */
bool tm_folds_run_tile(const tm_folds *folds, char *const *at, const intptr_t *stride, size_t chunk,
                       bool first, intptr_t n, unsigned char *raised);

/* Sums a node of n elements, which begin at `begin` in each slot, where there is a tree. */
void tm_folds_sum_node(const tm_folds *folds, char *const *begin, size_t chunk, size_t n,
                       unsigned char *raised);

/* Adds up what the nodes of each tree came to, in NumPy's order. */
tm_status tm_folds_combine(tm_folds *folds);

/* Partial results [chunks, most), which no chunk has made, as if of elements that there are already. */
void tm_folds_fill(const tm_folds *folds, size_t chunks, size_t most);

#endif
