/* stream.c: stores that go to memory past the caches. */
#include "stream.h"

#if TM_STREAMS
#include <emmintrin.h>

/* Whole lines only: a line written in part costs a read after all. 16 bytes a store are as fast as 64,
 * since the processor gathers a line before it sends it. */
enum { LINE = 64 };

static void stream_lines(char *out, const char *from, size_t lines)
{
    for (; lines > 0; lines--, out += LINE, from += LINE)
        for (size_t at = 0; at < LINE; at += sizeof(__m128i))
            _mm_stream_si128((__m128i *)(void *)(out + at), _mm_loadu_si128((const void *)(from + at)));
}

void tm_stream_copy(void *restrict out, const void *restrict from, size_t bytes)
{
    const size_t head = TM_MIN(-(uintptr_t)out % LINE, bytes);
    const size_t lines = (bytes - head) / LINE;
    const size_t done = head + lines * LINE;

    memcpy(out, from, head);
    stream_lines((char *)out + head, (const char *)from + head, lines);
    memcpy((char *)out + done, (const char *)from + done, bytes - done);
}

void tm_stream_end(void)
{
    _mm_sfence();
}

#else

void tm_stream_copy(void *restrict out, const void *restrict from, size_t bytes)
{
    memcpy(out, from, bytes);
}

void tm_stream_end(void) {}

#endif

int tm_stream_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata)
{
    (void)strides, (void)auxdata;
    tm_stream_copy(data[1], data[0], (size_t)dims[0] * (size_t)(uintptr_t)context);
    return 0;
}
