/* fpenv.h: the floating-point state that a loop carries from its caller to its workers and back.
 *
 * Control (rounding, flush-to-zero) goes out, flags come home. x86-64 needs MXCSR alone: the library's
 * arithmetic is SSE and wider, and <fenv.h> would pay for the x87 unit as well (some 50 ns a call). */
#ifndef TM_FPENV_H
#define TM_FPENV_H

#include "common.h"

#if TM_X86

typedef unsigned tm_fp_state; /* MXCSR; its low six bits are the flags */

static inline tm_fp_state tm_fp_save(void)
{
    return __builtin_ia32_stmxcsr();
}

/* Takes over `state`'s control with all flags down. */
static inline void tm_fp_enter(tm_fp_state state)
{
    tm_fp_state clear = state & ~0x3fu;
    if (tm_fp_save() != clear) __builtin_ia32_ldmxcsr(clear);
}

/* Goes back to `state` as it was and returns the TM_FP_* flags raised since tm_fp_enter. */
static inline unsigned tm_fp_leave(tm_fp_state state)
{
    tm_fp_state now = tm_fp_save();
    if (now != state) __builtin_ia32_ldmxcsr(state);
    return (now >> 2 & 7) | (now & 1) << 3; /* ZE OE UE are bits 2 3 4, IE is bit 0 */
}

/* For code that is not ours, which may use the x87 unit: long double, and feraiseexcept for what is not a
 * division. Control goes out as with tm_fp_enter, the flags of both units come home. */
typedef unsigned short tm_x87_control;

static inline tm_x87_control tm_x87_save(void)
{
    tm_x87_control control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return control;
}

/* Takes over `control` with all flags down; returns what it was. */
static inline tm_x87_control tm_x87_enter(tm_x87_control control)
{
    tm_x87_control old = tm_x87_save();
    unsigned short status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    if (status & 0x3f) __asm__ volatile("fnclex");
    if (old != control) __asm__ volatile("fldcw %0" : : "m"(control));
    return old;
}

/* Takes down what was raised since: it is told, and must not stay in the caller's unit. */
static inline void tm_x87_leave(tm_x87_control old)
{
    unsigned short status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    if (status & 0x3f) __asm__ volatile("fnclex");
    if (tm_x87_save() != old) __asm__ volatile("fldcw %0" : : "m"(old));
}

/* TM_FP_* raised since tm_fp_enter and tm_x87_enter. */
static inline unsigned tm_fp_raised(void)
{
    unsigned short x87;
    __asm__ volatile("fnstsw %0" : "=m"(x87));
    unsigned both = tm_fp_save() | x87; /* the bits are the same */
    return (both >> 2 & 7) | (both & 1) << 3;
}

/* Takes down the flags that are told, if any is up. */
static inline void tm_fp_lower(void)
{
    const unsigned told = 0x1d; /* IE ZE OE UE */
    const unsigned state = tm_fp_save();
    unsigned short x87;
    if (state & told) __builtin_ia32_ldmxcsr(state & ~0x3fu);
    __asm__ volatile("fnstsw %0" : "=m"(x87));
    if (x87 & told) __asm__ volatile("fnclex");
}

static inline void tm_fp_raise(unsigned flags)
{
    if (flags) __builtin_ia32_ldmxcsr(tm_fp_save() | (flags & 7) << 2 | flags >> 3);
}

#else

#include <fenv.h>

typedef fenv_t tm_fp_state;

static inline tm_fp_state tm_fp_save(void)
{
    fenv_t state;
    fegetenv(&state);
    return state;
}

static inline void tm_fp_enter(tm_fp_state state)
{
    fesetenv(&state);
    feclearexcept(FE_ALL_EXCEPT);
}

/* <fenv.h> has covered every unit already. */
typedef unsigned short tm_x87_control;

static inline tm_x87_control tm_x87_save(void)
{
    return 0;
}

static inline tm_x87_control tm_x87_enter(tm_x87_control control)
{
    return control;
}

static inline void tm_x87_leave(tm_x87_control old)
{
    (void)old;
}

/* TM_FP_* raised since tm_fp_enter. */
static inline unsigned tm_fp_raised(void)
{
    int raised = fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
    return (raised & FE_DIVBYZERO ? (unsigned)TM_FP_DIVIDE : 0) |
           (raised & FE_OVERFLOW ? (unsigned)TM_FP_OVERFLOW : 0) |
           (raised & FE_UNDERFLOW ? (unsigned)TM_FP_UNDERFLOW : 0) |
           (raised & FE_INVALID ? (unsigned)TM_FP_INVALID : 0);
}

static inline void tm_fp_lower(void)
{
    feclearexcept(FE_ALL_EXCEPT);
}

static inline unsigned tm_fp_leave(tm_fp_state state)
{
    unsigned raised = tm_fp_raised();
    fesetenv(&state);
    return raised;
}

static inline void tm_fp_raise(unsigned flags)
{
    feraiseexcept((flags & TM_FP_DIVIDE ? FE_DIVBYZERO : 0) | (flags & TM_FP_OVERFLOW ? FE_OVERFLOW : 0) |
                  (flags & TM_FP_UNDERFLOW ? FE_UNDERFLOW : 0) | (flags & TM_FP_INVALID ? FE_INVALID : 0));
}

#endif

#endif
