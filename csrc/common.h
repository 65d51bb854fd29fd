/* common.h: what every C file starts with: standard types, the public interface, fatal checks. */
#ifndef TM_COMMON_H
#define TM_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#if defined(_WIN32)
#error "threadmill needs POSIX threads: Linux and macOS are supported, Windows is not"
#endif

/* TM_PORTABLE: a build without what is made for one system or processor: futexes, instruction sets beyond the
 * baseline, streaming stores, assembly. */
#if defined(__x86_64__) && !defined(TM_PORTABLE)
#define TM_X86 1
#else
#define TM_X86 0
#endif
/* TM_BASELINE: kernels for the baseline alone, all else as ever; they are most of what a compiler has to do. */
#if TM_X86 && !defined(TM_BASELINE)
#define TM_X86_KERNELS 1
#else
#define TM_X86_KERNELS 0
#endif
#if defined(__aarch64__) && !defined(TM_PORTABLE)
#define TM_ARM64 1
#else
#define TM_ARM64 0
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
#include "threadmill.h"
#pragma GCC visibility pop
#include "bindings.h"
#include "inner_loops.h"

/* Two 64-byte lines: the adjacent-line prefetcher moves them in pairs. */
#define TM_LINE 128

#define TM_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TM_MAX(a, b) ((a) > (b) ? (a) : (b))

/* A broken invariant ends the process: nothing that runs on may trust its memory any more. */
#define TM_FATAL(what, error)                                                                                \
    (fprintf(stderr, "threadmill: %s:%d: %s: %s\n", __FILE__, __LINE__, (what), strerror(error)), abort())

/* For pthread calls that can only fail when a contract is broken. */
#define TM_MUST(call)                                                                                        \
    do {                                                                                                     \
        int tm_must_error = (call);                                                                          \
        if (tm_must_error != 0) TM_FATAL(#call, tm_must_error);                                              \
    } while (0)

#ifdef TM_DEBUG
#define TM_ASSERT(condition) ((condition) ? (void)0 : (void)TM_FATAL(#condition, 0))
#else
#define TM_ASSERT(condition) ((void)0)
#endif

#endif
