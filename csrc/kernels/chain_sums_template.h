/* chain_sums_template.h: the sum of what a chain makes, in NumPy's pairwise tree, as an inner loop.
 *
 * Parameters: those of tree_template.h, with LINKS; ROOT of a number. */
#include "tree_template.h"

TARGET static int TM_KERNEL(chain_sum)(void *context, char *const *data, const intptr_t *dims,
                                       const intptr_t *strides, void *auxdata)
{
    struct TM_KERNEL(chain_source) source = {.x = (const void *)data[0]};
    const size_t operands = tm_read_links(context, data, strides, &source.links), n = (size_t)dims[0];

    (void)auxdata;
    if (n % 8 > 0) return -1;
    TM_KERNEL(node)(source.x, n, &source, (void *)data[operands]);
    for (size_t lane = 0; lane < sizeof source.found / sizeof source.found[0]; lane++)
        if (source.found[lane]) return -1;
    return 0;
}
