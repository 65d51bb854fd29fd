/* test_moves.c: the loops that move and count elements against plain loops: sizes, strides, blocks, masks, indices. */
#include "check.h"
#include "common.h"

enum { N = 1500, BYTES = 64 * N, GUARD = 0x5a };

static unsigned char source[BYTES], other[BYTES], target[BYTES], expected[BYTES], mask[BYTES];
static const size_t items[] = {1, 2, 4, 8, 16, 3, 12, 32, 40};
static const intptr_t lengths[] = {0, 1, 2, 7, 8, 9, 63, 64, 65, 127, 129, 511, 512, 513, 1000, N};

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define EACH_ITEM(item)                                                                                      \
    for (size_t each = 0, item = items[0]; each < LENGTH(items); item = items[++each % LENGTH(items)])
#define CONTEXT(number) ((void *)(uintptr_t)(number))

static void fill(void)
{
    for (size_t i = 0; i < BYTES; i++) {
        source[i] = (unsigned char)(i * 7 + i / 256), other[i] = (unsigned char)(i * 13 + 5);
        mask[i] = (unsigned char)(i % 64 < 24 ? 0 : i % 3 == 0 ? 0x82 : i % 3 == 1);
    }
    memset(target, GUARD, sizeof target);
    memset(expected, GUARD, sizeof expected);
}

TEST(a_choice_is_that_of_the_plain_loop)
{
    EACH_ITEM(item)
    for (size_t k = 0; k < LENGTH(lengths); k++)
        for (int way = 0; way < 16; way++) {
            const intptr_t size = (intptr_t)item, n = way & 4 ? TM_MIN(lengths[k], N / 3) : lengths[k];
            const intptr_t wide = way & 4 ? 2 * size : size;
            const intptr_t strides[] = {way & 4 ? 3 : 1, way & 1 ? 0 : wide, way & 2 ? 0 : wide, wide};
            char *data[] = {(char *)mask, (char *)source, (char *)other, (char *)target};
            fill();
            for (intptr_t i = 0; way & 8 && i < N; i++)
                mask[i] = i < 512 || i >= 1200 ? 0 : 0x40; /* long runs */
            for (intptr_t i = 0; i < n; i++)
                memcpy(expected + i * wide,
                       mask[i * strides[0]] ? source + i * strides[1] : other + i * strides[2], item);
            CHECK(tm_select_loop(CONTEXT(item), data, &n, strides, NULL) == 0);
            CHECK(memcmp(target, expected, BYTES) == 0);
        }
}

TEST(a_choice_may_be_written_where_it_is_read)
{
    EACH_ITEM(item)
    {
        const intptr_t n = N, size = (intptr_t)item, strides[] = {1, 0, size, size};
        char *data[] = {(char *)mask, (char *)other, (char *)target, (char *)target};
        fill();
        memcpy(target, source, BYTES), memcpy(expected, source, BYTES);
        for (intptr_t i = 0; i < n; i++)
            if (mask[i]) memcpy(expected + i * size, other, item);
        CHECK(tm_select_loop(CONTEXT(item), data, &n, strides, NULL) == 0);
        CHECK(memcmp(target, expected, BYTES) == 0);
    }
}

TEST(a_copy_copies)
{
    EACH_ITEM(item)
    for (size_t k = 0; k < LENGTH(lengths); k++)
        for (int way = 0; way < 6; way++) {
            const intptr_t size = (intptr_t)item, n = way > 2 ? lengths[k] / 2 : lengths[k];
            const intptr_t strides[] = {way % 3 == 0   ? size
                                        : way % 3 == 1 ? 0
                                                       : -size,
                                        way > 2 ? size + 1 : size};
            char *data[] = {(char *)source + (strides[0] < 0 ? (n > 0 ? n - 1 : 0) * size : 0),
                            (char *)target};
            fill();
            for (intptr_t i = 0; i < n; i++)
                memcpy(expected + i * strides[1], data[0] + i * strides[0], item);
            CHECK(tm_copy_loop(item)(CONTEXT(item), data, &n, strides, NULL) == 0);
            CHECK(memcmp(target, expected, BYTES) == 0);
        }
}

/* Both axes in either order, forwards and backwards. */
static void check_blocks(size_t item, intptr_t n, intptr_t m, bool across, bool down, bool backwards)
{
    const intptr_t size = (intptr_t)item, dims[] = {n, m};
    intptr_t strides[] = {across ? size : m * size, down ? size : m * size, across ? n * size : size,
                          down ? n * size : size};
    char *data[] = {(char *)source, (char *)target};
    if (backwards) {
        data[0] += (n - 1) * strides[0] + (m - 1) * strides[2];
        strides[0] = -strides[0], strides[2] = -strides[2];
    }
    fill();
    for (intptr_t i = 0; i < n; i++)
        for (intptr_t j = 0; j < m; j++)
            memcpy(expected + i * strides[1] + j * strides[3], data[0] + i * strides[0] + j * strides[2],
                   item);
    CHECK(tm_copy_blocks_loop(item)(CONTEXT(item), data, dims, strides, NULL) == 0);
    CHECK(memcmp(target, expected, BYTES) == 0);
}

TEST(blocks_are_copied_along_either_axis)
{
    static const intptr_t shapes[][2] = {{1, 1},   {4, 4},   {5, 3},   {3, 5},   {8, 9},    {7, 130},
                                         {9, 150}, {150, 9}, {64, 20}, {65, 21}, {130, 11}, {2, 700}};
    EACH_ITEM(item)
    for (size_t k = 0; k < LENGTH(shapes); k++)
        for (int way = 0; way < 8; way++)
            check_blocks(item, shapes[k][0], shapes[k][1], way & 1, way & 2, way & 4);
}

TEST(elements_are_taken_by_their_indices)
{
    static const intptr_t indices[] = {0, 3, -1, -20, 19, 5, 5, 7}, far[] = {20, -21, 1000, -1000};
    intptr_t index[LENGTH(indices)];
    EACH_ITEM(item)
    for (int mode = TM_TAKE_RAISE; mode <= TM_TAKE_CLIP; mode++)
        for (size_t k = 0; k <= LENGTH(far); k++) {
            const intptr_t size = (intptr_t)item, dims[] = {LENGTH(indices), 20};
            const intptr_t strides[] = {0, sizeof *index, size, 2 * size};
            char *data[] = {(char *)source, (char *)index, (char *)target};
            fill();
            memcpy(index, indices, sizeof index);
            if (k < LENGTH(far)) index[5] = far[k];
            for (size_t i = 0; i < LENGTH(index); i++) {
                const intptr_t at = index[i];
                const intptr_t place = mode == TM_TAKE_CLIP ? TM_MIN(TM_MAX(at, 0), 19) : (at % 20 + 20) % 20;
                memcpy(expected + i * item, source + place * 2 * size, item);
            }
            const int told = tm_take_loop(item)(CONTEXT(item), data, dims, strides, CONTEXT(mode));
            const bool fails = mode == TM_TAKE_RAISE && k < LENGTH(far);
            CHECK((told != 0) == fails);
            CHECK(memcmp(target, expected, fails ? 5 * item : BYTES) == 0);
        }
}

TEST(nothing_is_taken_of_nothing)
{
    intptr_t index = 0;
    const intptr_t dims[] = {1, 0}, strides[] = {0, 8, 8, 8};
    char *data[] = {(char *)source, (char *)&index, (char *)target};
    for (int mode = TM_TAKE_RAISE; mode <= TM_TAKE_CLIP; mode++)
        CHECK(tm_take_loop(8)(CONTEXT(8), data, dims, strides, CONTEXT(mode)) != 0);
}

static intptr_t plain_count(intptr_t n, intptr_t step)
{
    intptr_t count = 0;
    for (intptr_t i = 0; i < n; i++) count += mask[i * step] != 0;
    return count;
}

TEST(what_is_true_is_counted)
{
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best(); level++) {
        CHECK(tm_set_simd_level(level) == TM_OK);
        for (intptr_t n = 0; n < 20000; n += n < 200 ? 1 : 1777)
            for (intptr_t step = 1; step < 4; step++) {
                intptr_t count = 5;
                const intptr_t strides[] = {step, 0};
                char *data[] = {(char *)mask, (char *)&count};
                fill();
                CHECK(tm_count_loop()(NULL, data, &n, strides, NULL) == 0);
                CHECK(count == 5 + plain_count(n, step));
            }
    }
}

TEST(more_is_counted_than_fits_a_byte)
{
    const intptr_t n = 20000, strides[] = {1, 0};
    intptr_t count = 0;
    char *data[] = {(char *)mask, (char *)&count};
    memset(mask, 1, (size_t)n);
    CHECK(tm_count_loop()(NULL, data, &n, strides, NULL) == 0);
    CHECK(count == n);
}

TEST(what_is_true_is_copied_out)
{
    EACH_ITEM(item)
    for (size_t k = 0; k < LENGTH(lengths); k++)
        for (intptr_t step = 1; step < 3; step++) {
            const intptr_t n = lengths[k], size = (intptr_t)item, strides[] = {step, size, 0, 0};
            fill();
            const intptr_t count = plain_count(n, step);
            tm_cursor cursor = {.at = 3, .end = 3 + count};
            char *data[] = {(char *)mask, (char *)source, (char *)target, (char *)&cursor};
            intptr_t found = 3;
            for (intptr_t i = 0; i < n && found < BYTES / size; i++)
                if (mask[i * step]) memcpy(expected + found++ * size, source + i * size, item);
            CHECK(tm_compress_loop(item)(CONTEXT(item), data, &n, strides, NULL) == 0);
            CHECK(cursor.at == cursor.end && memcmp(target, expected, BYTES) == 0);
            if (count == 0) continue;
            cursor = (tm_cursor){.end = count - 1}; /* a mask with more than was counted */
            CHECK(tm_compress_loop(item)(CONTEXT(item), data, &n, strides, NULL) != 0);
            CHECK(cursor.at <= cursor.end);
        }
}

TEST(masked_elements_alone_are_written)
{
    EACH_ITEM(item)
    for (size_t k = 0; k < LENGTH(lengths); k++) {
        const intptr_t n = lengths[k], size = (intptr_t)item, strides[] = {1, size, size};
        char *data[] = {(char *)mask, (char *)source, (char *)target};
        fill();
        for (intptr_t i = 0; i < n; i++)
            if (mask[i]) memcpy(expected + i * size, source + i * size, item);
        CHECK(tm_copy_where_loop(item)(CONTEXT(item), data, &n, strides, NULL) == 0);
        CHECK(memcmp(target, expected, BYTES) == 0);
    }
}

static void check_places(intptr_t begin, intptr_t n, size_t axes, const intptr_t *shape)
{
    static intptr_t places[4 * N + 4], wanted[4 * N + 4];
    intptr_t dims[5] = {n}, found = 0;
    const intptr_t strides[] = {1, 0, 0};
    memcpy(dims + 1, shape, axes * sizeof *shape);
    fill();
    const intptr_t count = plain_count(n, 1);
    tm_cursor cursor = {.at = 0, .end = count, .index = begin};
    char *data[] = {(char *)mask, (char *)places, (char *)&cursor};
    memset(places, GUARD, sizeof places), memset(wanted, GUARD, sizeof wanted);
    for (intptr_t i = 0; i < n; i++) {
        if (!mask[i]) continue;
        intptr_t left = begin + i;
        for (size_t axis = axes; axis-- > 0; left /= shape[axis])
            wanted[(size_t)found * axes + axis] = left % shape[axis];
        found++;
    }
    CHECK(tm_nonzero_loop(CONTEXT(axes), data, dims, strides, NULL) == 0);
    CHECK(cursor.at == count && cursor.index == begin + n);
    CHECK(memcmp(places, wanted, sizeof places) == 0);
    if (count == 0) return;
    cursor = (tm_cursor){.end = count - 1};
    memset(places, GUARD, sizeof places);
    CHECK(tm_nonzero_loop(CONTEXT(axes), data, dims, strides, NULL) != 0);
    CHECK(cursor.at < count);
    CHECK(memcmp(places + (size_t)(count - 1) * axes, (char *)places + sizeof places - sizeof *places,
                 sizeof *places) == 0); /* untouched */
}

TEST(coordinates_are_those_in_c_order)
{
    for (size_t k = 0; k < LENGTH(lengths); k++)
        for (intptr_t begin = 0; begin < 40; begin += 13) {
            check_places(begin, lengths[k], 1, (intptr_t[]){2000});
            check_places(begin, lengths[k], 2, (intptr_t[]){200, 10});
            check_places(begin, lengths[k], 2, (intptr_t[]){2, 1000});
            check_places(begin, lengths[k], 3, (intptr_t[]){20, 1, 100});
            check_places(begin, lengths[k], 4, (intptr_t[]){5, 20, 20, 1});
        }
}

TEST(values_are_counted)
{
    intptr_t x[100], counts[10] = {0};
    const intptr_t dims[] = {100, 10}, strides[] = {sizeof *x, 0};
    char *data[] = {(char *)x, (char *)counts};
    for (int i = 0; i < 100; i++) x[i] = i * i % 10;
    CHECK(tm_bincount_loop(NULL, data, dims, strides, NULL) == 0);
    for (intptr_t value = 0; value < 10; value++) {
        intptr_t count = 0;
        for (int i = 0; i < 100; i++) count += x[i] == value;
        CHECK(counts[value] == count);
    }
    x[50] = 10;
    CHECK(tm_bincount_loop(NULL, data, dims, strides, NULL) != 0);
    x[50] = -1;
    CHECK(tm_bincount_loop(NULL, data, dims, strides, NULL) != 0);
}

TEST(elements_are_counted_by_bins)
{
    double edges[8], x[400];
    intptr_t counts[7] = {0}, wanted[7] = {0};
    const intptr_t dims[] = {400, 7}, strides[] = {sizeof *x, 0, 0};
    char *data[] = {(char *)x, (char *)edges, (char *)counts};
    for (int k = 0; k < 8; k++) edges[k] = -0.3 + 0.1 * k;
    for (int i = 0; i < 400; i++) x[i] = i < 8 ? edges[i] : -0.5 + i * 0.0031;
    x[20] = 0.0 / (double)(counts[0] != 0), x[21] = 1e300, x[22] = -1e300;
    for (int i = 0; i < 400; i++)
        for (int k = 0; k < 7; k++)
            wanted[k] += x[i] >= edges[k] && (x[i] < edges[k + 1] || (k == 6 && x[i] <= edges[7]));
    CHECK(tm_histogram_loop(NULL, data, dims, strides, NULL) == 0);
    CHECK(memcmp(counts, wanted, sizeof counts) == 0);
}

int main(void)
{
    RUN(a_choice_is_that_of_the_plain_loop);
    RUN(a_choice_may_be_written_where_it_is_read);
    RUN(a_copy_copies);
    RUN(blocks_are_copied_along_either_axis);
    RUN(elements_are_taken_by_their_indices);
    RUN(nothing_is_taken_of_nothing);
    RUN(what_is_true_is_counted);
    RUN(more_is_counted_than_fits_a_byte);
    RUN(what_is_true_is_copied_out);
    RUN(masked_elements_alone_are_written);
    RUN(coordinates_are_those_in_c_order);
    RUN(values_are_counted);
    RUN(elements_are_counted_by_bins);
    return finish();
}
