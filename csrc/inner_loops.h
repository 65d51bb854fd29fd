/* inner_loops.h: programs and passes, which run inner loops over arrays, and the inner loops that are ours: for
 * language bindings alone, and for tests; not exported. Declarations only, as in bindings.h. */

/* ---- programs: inner loops over whole arrays ---------------------------------------------- */

/* NumPy's form of an inner loop: element i of operand k, for i from 0 to dims[0] - 1, lies at
 *     data[k] + i * strides[k]
 * dims and strides go on with what a loop over sub-arrays needs. Anything but 0 is a failure. */
typedef int (*tm_inner_loop)(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                             void *auxdata);

enum { TM_MAX_DIMS = 64, TM_MAX_OPERANDS = 8, TM_MAX_SLOTS = 24, TM_MAX_STEPS = 20, TM_MAX_CORE = 16 };

/* One inner loop and the slots that are its operands. */
typedef struct tm_step {
    /* The loop and what it is given: must live as long as a call runs the program. */
    tm_inner_loop loop;
    void *context;
    void *auxdata;

    size_t operands;
    size_t core_dims, core_strides; /* how many of the call's it is given besides */
    uint8_t slot[TM_MAX_OPERANDS];
} tm_step;

/* What is done to the elements, step by step. It does not say where they lie: one program serves many
 * calls. */
typedef struct tm_program {
    const char *label; /* its name in a timeline, or NULL; must outlive all traces */
    size_t arrays;     /* slots 0 .. arrays - 1: the call's arrays */
    size_t buffers;    /* the slots after them: buffers, each thread's own and contiguous */
    size_t buffer_item[TM_MAX_OPERANDS * 2]; /* size of an element of each buffer */
    size_t block; /* elements that NumPy converts at a time: no tile crosses a multiple of it; 0: none */
    size_t steps;
    tm_step step[TM_MAX_STEPS];
    uint32_t written; /* bit k: array k is written, so that each chunk needs a part of it for itself */
    /* Size of an element of an output that goes past the caches where it is large, lies in rows and shares
     * no memory; 0: goes where it is. */
    uint8_t stream_item[TM_MAX_OPERANDS];
    int mask;       /* the slot of an array of bools; elements where it is 0 are left alone. -1: none */
    int stop;       /* the slot of a bool that is looked at after each chunk, or -1; ... */
    int stop_value; /* ... when it has this value, the loop ends early with TM_FAILED */
    /* Whether no step takes down floating-point flags that are up, or none are asked for: they are read once a chunk
     * then, and after each row or tile otherwise, which takes 8 ns. */
    int keeps_flags;
    /* For tm_run_dense alone: */
    size_t inputs;                    /* arrays from this slot on are written */
    intptr_t stride[TM_MAX_OPERANDS]; /* each array's: an item's size, or 0 for one element */
} tm_program;

/* Runs the program over all elements of a `dims`-dimensional space, outermost axis first, cut into chunks
 * of `grain` indices along the axis `split`. `layout` is: the shape, then the strides of each array in
 * bytes, then for each array how many bytes it moves on from chunk to chunk besides, then the core dims
 * and core strides: at least `numbers` in all. data: the first elements of `count` arrays, as many as the
 * program has. Only `split` is cut: along it each array is written by one chunk alone, or moves on.
 * Returns the floating-point flags raised, or a negative tm_status. TM_INVALID, with nothing done: a
 * number out of its range, a slot that is not there, a layout too short or another count of arrays, chunks
 * that would write to the same elements of an array that is `written`, buffers of more than 1,024 bytes an
 * element together. */
int tm_run_program(tm_pool *pool, const tm_program *program, size_t dims, const intptr_t *layout,
                   size_t numbers, char *const *data, size_t count, size_t split, size_t grain);

/* How many of n elements a chunk of an element-wise loop has. */
size_t tm_chunk_elements(size_t n);

/* As tm_run_program for one dimension of n elements. TM_OVERLAP, with nothing done, where an array that is
 * written shares memory with another one without being the same. TM_INVALID, with nothing done: another
 * count of arrays than the program's, or an output of one element for several. */
int tm_run_dense(tm_pool *pool, const tm_program *program, size_t n, char *const *data, size_t count);

/* The inner loop with operands (x, out) that converts as C does, real to integer aside; NULL: none. */
tm_inner_loop tm_cast_loop(int from, int to);

/* Which of several NaNs an inner loop hands on depends on the processor, the compiler and the element's
 * place in the loop. For who needs to know: the inner loop with one operand (x), of `context` numbers an
 * element, that fails where one of them is NaN; or with two (x, y) that fails where an element of both is
 * NaN with other bits, or of either is a signalling NaN; or with three (x, y, what an operation has made of
 * both) that fails as the one with two, where each NaN of x or y has made one. `item`: bytes of a number, 2, 4
 * or 8. Nothing is written. NULL: none. */
tm_inner_loop tm_nans_loop(size_t operands, size_t item);

/* A chain: operations of which each takes what the one before has made, the first one x. With operands
 * (x, one for each link that takes two, out), all contiguous but for those of one element, whose stride is 0;
 * out shares no memory with what is read. Each element of out has NumPy's bits. Fails, with anything in out,
 * where a result is a NaN, as which one it is may depend on the order of operands, where a maximum or minimum of floats
 * meets unlike zeros, and where there are few elements. `context`: a tm_chain. NULL: the dtype has none. */
enum { TM_CHAIN_LINKS = 12 };
enum {
    TM_LINK_ADD = 0,
    TM_LINK_SUBTRACT = 1,
    TM_LINK_SUBTRACT_FROM = 2,
    TM_LINK_MULTIPLY = 3,
    TM_LINK_DIVIDE = 4, /* this and the next of floats alone */
    TM_LINK_DIVIDE_INTO = 5,
    TM_LINK_MAXIMUM = 6,
    TM_LINK_MINIMUM = 7,
    TM_LINK_AND = 8, /* from here to TM_LINK_XOR of integers alone */
    TM_LINK_OR = 9,
    TM_LINK_XOR = 10,
    TM_LINK_NEGATE = 11, /* from here on of one operand */
    TM_LINK_SQUARE = 12,
    TM_LINK_ABSOLUTE = 13, /* from here on of floats alone */
    TM_LINK_SQRT = 14,
};
typedef struct tm_chain {
    uint8_t links;
    uint8_t link[TM_CHAIN_LINKS];
} tm_chain;
tm_inner_loop tm_chain_loop(int dtype);

/* The inner loop with operands (out, x) that adds rows to `out`, in their order, told of one core
 * dimension, their number, and of one core stride, that of rows; along a row elements are contiguous.
 * NULL: none. */
tm_inner_loop tm_add_rows_loop(int dtype);

/* What has been seen of some elements: the index of the first of the greatest or least of them, or of the first NaN,
 * and its value; -1: of none. Complex numbers are in the order of their real parts, then of their imaginary ones. */
typedef struct tm_arg_extreme {
    uint64_t value[2]; /* its bytes come first */
    intptr_t index, count;
} tm_arg_extreme;

/* The inner loop with operands (a tm_arg_extreme, x, the same) that has seen x as well, for TM_EACH; or, for TM_ROW, with
 * (an intptr_t, x, the same, ...) that puts there the index in x, which is not empty; or, for TM_COLUMN, with (the best,
 * x, the row's number, its index) that has seen a row as well, contiguous all but x: nothing is better than what the
 * best begins with. `context`: 0, for the greatest, or 1. NULL: none. */
tm_inner_loop tm_arg_extreme_loop(int dtype, int over);

/* The inner loop with operands (total, x, mask, beginning) of a TM_ROW, x and mask contiguous, that adds up what is in x
 * where the mask is true, as tm_sum_where does on one thread. `context`: a tm_loop_of, NumPy's own loop with operands
 * (total, x, total), which is asked where the total is a NaN. NULL: none. */
typedef struct tm_loop_of {
    tm_inner_loop loop;
    void *context;
    void *auxdata;
} tm_loop_of;
tm_inner_loop tm_sum_where_loop(int dtype);

/* What sums of float32 and float64 are of. TM_OF_ELEMENTS: x; what stands for means is not used. TM_OF_NUMBERS: x,
 * but 0 where x is NaN; how many are not NaN is counted. TM_OF_SQUARES: (x - mean)^2. TM_OF_NUMBER_SQUARES: the same,
 * but 0 where x is NaN. */
enum { TM_OF_ELEMENTS = 0, TM_OF_NUMBERS = 1, TM_OF_SQUARES = 2, TM_OF_NUMBER_SQUARES = 3 };

/* Where a sum begins in an array, and of how many elements it is. */
typedef struct tm_node {
    intptr_t begin, n;
} tm_node;

/* The inner loop with operands (node, x, sum, count), or (node, x, sum, mean) of squares: sum = the elements of a
 * node in NumPy's pairwise tree, counted in an intptr_t. NULL: none. */
tm_inner_loop tm_moment_nodes_loop(int dtype, int value);

/* The inner loop with operands (sum, x, count) or (sum, x, mean) that adds rows to `sum` as tm_add_rows_loop does; a
 * count is a signed integer of an element's size, which holds the number of rows. NULL: none. */
tm_inner_loop tm_moment_rows_loop(int dtype, int value);

/* The inner loop with operands (node, x, extreme, place) that finds a node's least or greatest number, and, unless the
 * context is not 0, the first place of it in the node, an intptr_t. NaN stands for what no number is further than,
 * infinity or minus infinity; the place is left alone where that is all there is. NULL: none. */
tm_inner_loop tm_nan_extreme_nodes_loop(int dtype, int greatest);

/* The inner loop with operands (extreme, x, place) that finds the same down the columns of rows, told of them as
 * tm_add_rows_loop is. An extreme begins with infinity or minus infinity; a place is a row's number, a signed integer
 * of an element's size, which holds the number of rows. NULL: none. */
tm_inner_loop tm_nan_extreme_rows_loop(int dtype, int greatest);

/* ---- passes: many inner loops over tiles, with reductions at the end ------------------------ */

enum { TM_FUSED_SLOTS = 255, TM_FUSED_STEPS = 510, TM_FUSED_FOLDS = 16, TM_FUSED_ITEM = 32 };

/* What a step goes over, in each tile: its elements; one element, as nothing differs within a row; its elements
 * as a row that is reduced to one element; or its elements as a piece of a row that is added to a result of the
 * whole pass, in the order of the rows. Operands of the last two are (result, x, result) or, where something
 * stands before a TM_ROW's first element, (result, x, result, beginning); or, of TM_COLUMN, (result, x, the row's
 * number, result). */
enum { TM_EACH = 0, TM_ONCE = 1, TM_ROW = 2, TM_COLUMN = 3 };

/* When a step runs. Which of two NaNs a loop hands on depends on where in a row they stand. So where rows are
 * not NumPy's own, TM_CHECK looks after the other steps whether results have NaNs, by loops that fail if so. If
 * they have, the steps run again, TM_LOOK among them, which fail where two unlike NaNs are about to meet: the tile
 * is open then, and the caller has to ask NumPy. TM_LAST follows unless the tile is open. It may write what steps
 * before it read. TM_CHAIN does what the steps after it that it `covers` do, but for looks: where it
 * does not fail, and raises no flag that would be one of theirs, they don't run. What it writes none of them reads
 * from elsewhere. */
enum { TM_ALWAYS = 0, TM_LOOK = 1, TM_CHECK = 2, TM_LAST = 3, TM_CHAIN = 4 };

/* One inner loop and the slots that are its operands. */
typedef struct tm_fused_step {
    tm_inner_loop loop;
    void *context;
    void *auxdata;
    size_t operands;
    uint8_t slot[TM_MAX_OPERANDS];
    uint8_t when;   /* TM_ALWAYS, TM_LOOK, TM_CHECK, TM_LAST or TM_CHAIN */
    uint8_t over;   /* TM_EACH, TM_ONCE, TM_ROW or TM_COLUMN */
    uint8_t item;   /* of TM_ROW: the size of a result */
    uint8_t covers; /* of TM_CHAIN: steps; its context is a tm_chain */
} tm_fused_step;

/* A reduction of all elements of one slot, which at most one sums in a tree: a buffer, or in a space of one dimension
 * an array whose elements lie side by side. */
typedef struct tm_fold {
    int tree;           /* the tm_dtype of floats that are summed in NumPy's tree; -1: acc = acc op x */
    tm_inner_loop loop; /* of operands (acc, x, acc) */
    void *context;
    void *auxdata;
    size_t slot;
    size_t item;      /* size of an element and of a partial result */
    int has_identity; /* whether a chunk begins with `identity` or with its first element */
    uint64_t identity[4];
} tm_fold;

/* What is done to the elements. Arrays are slots 0 .. arrays - 1, buffers those after them. The first `inputs`
 * arrays are read, which is for speed alone. Where some step is TM_ONCE or TM_ROW, a tile is a whole row; where
 * one is TM_COLUMN, a chunk is a piece of every row. In both cases there are no folds, and never both. The pointers are
 * the caller's and are read until tm_run_fused returns. */
typedef struct tm_fused {
    const char *label; /* as a tm_program's */
    size_t arrays, inputs, buffers, steps, folds;
    const uint8_t *buffer_item; /* [buffers]: size of an element */
    const uint8_t *buffer_once; /* [buffers]: whether it holds one element, which TM_ONCE or TM_ROW makes */
    const tm_fused_step *step;
    const tm_fold *fold;
} tm_fused;

/* Chunks of a pass over n elements; `tree`: with a fold in a tree. */
size_t tm_fused_chunks(size_t n, int tree);

/* Runs a pass over all elements, in C order, of a `dims`-dimensional space. `layout` is: the shape, then
 * the strides of each array in bytes; `numbers` says how many they are. data: the first elements of the
 * arrays, which are `count`. partials[k] has room for a partial result of fold k for each chunk: a tree
 * leaves its total in the first, any other fold one in each. raised[i]: the floating-point flags of step
 * i, and after the steps those of the folds. An array that is written is apart from all others, or is read
 * where it is written. open: NULL where all steps are TM_ALWAYS; otherwise *open is NULL, and becomes memory with a
 * byte for each element, in C order, where some tiles are open: 1 in these, 0 elsewhere. The caller hands it to
 * tm_free_open. Returns a tm_status. */
int tm_run_fused(tm_pool *pool, const tm_fused *fused, size_t dims, const intptr_t *layout, size_t numbers,
                 char *const *data, size_t count, char *const *partials, unsigned char *raised, char **open);

void tm_free_open(char *open);

/* ---- inner loops that move and count elements ----------------------------------------------- */

/* Where the size of an element is asked for, the loop is given it as its context as well. */

/* With operands (condition, x, y, out), the condition a bool and aligned elements of `context` bytes:
 * out = condition ? x : y. */
int tm_select_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata);

/* With operands (x, out): out = x. The other is told of one core dimension besides, and of the two strides
 * along it, and copies the two axes block by block. */
tm_inner_loop tm_copy_loop(size_t item);
tm_inner_loop tm_copy_blocks_loop(size_t item);

/* With operands (mask, x, out): out = x where the mask is true; nothing else of out is touched. */
tm_inner_loop tm_copy_where_loop(size_t item);

/* What becomes of an index that is not in the table; auxdata tells. TM_TAKE_RAISE: a negative one counts from
 * the end, and the loop fails at any other. */
enum { TM_TAKE_RAISE = 0, TM_TAKE_WRAP = 1, TM_TAKE_CLIP = 2 };

/* With operands (table, index, out): out = table[index], an index being an intptr_t. Told of one core dimension,
 * the table's length, and of one core stride, the table's. */
tm_inner_loop tm_take_loop(size_t item);

/* How many of the bools x are true is added to `count`, an intptr_t; with operands (x, count). */
tm_inner_loop tm_count_loop(void);

/* Where a chunk's results go: they are numbers `at` .. `end` - 1, and its next element is the array's number
 * `index`. */
typedef struct tm_cursor {
    intptr_t at, end, index;
} tm_cursor;

/* With operands (mask, x, out, cursor): the elements of x where the mask, a bool, is true go to out, one after
 * the other. Fails where they are more than the cursor has room for. */
tm_inner_loop tm_compress_loop(size_t item);

/* Elements by their keys, which are integers of an element's size, in the order of the elements. An integer's key is
 * itself, a bool's is 0 or 1; a float's are its bits, all but the sign turned where that is set: NaNs with it come first,
 * the others last. Splitters are keys in rising order, contiguous; their number is the one core dimension.
 *
 * With operands (x, splitters, counts): counts[k], an intptr_t, += the elements below splitter k. NULL: none. */
tm_inner_loop tm_ranks_loop(int dtype);

/* With operands (x, splitters, out, places): an element with k splitters that are no greater goes to out, to where
 * places[k] says: two intptr_t, the number of the next one and that of their end. Fails where there is no room. */
tm_inner_loop tm_scatter_loop(int dtype);

/* With operands (x, bounds, out, cursor): the elements from bounds[0] to bounds[1], two keys, go to out, one after the
 * other, in their order. Fails where they are more than the cursor has room for. */
tm_inner_loop tm_between_loop(int dtype);

/* With operands (x, out), told of one core dimension, the elements in a row, and of one core stride, that of x: each
 * row is copied, and sorted by a function of NumPy's, `context`. `auxdata`: the size of an element. Rows of `out` are
 * contiguous. Fails where NumPy has no memory; so do the next two. */
int tm_sort_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata);

/* The same for the indices that sort a row, which is contiguous and stays as it is: each an intptr_t. */
int tm_order_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata);

/* The same for the index of a row's greatest or least element. */
int tm_place_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata);

/* With operands (mask, out, cursor): the same for the elements' coordinates in C order, an intptr_t for each
 * axis. `context`: the number of axes, which are the core dimensions, 1 or more and each at least 1. */
int tm_nonzero_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                    void *auxdata);

/* With operands (x, counts): counts[x]++, x being an intptr_t. Told of one core dimension, the number of counts;
 * fails at any other x. */
int tm_bincount_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                     void *auxdata);

/* With operands (x, edges, counts), doubles both, and one core dimension, the number of bins: counts[k]++ for the
 * k with edges[k] <= x < edges[k + 1], the last edge being in the last bin. The edges are contiguous, finite
 * and equally far from each other, to a quarter of that distance. What is in no bin is not counted. */
int tm_histogram_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata);
