"""The sizes from which on threads are worth their while; smaller calls are NumPy's where no pool is named.

They depend on the loop, the dtype, the processor and NumPy's build: on one machine they lie between 16 KiB
and a megabyte. So the loops of element-wise calls are timed, in calls that NumPy makes anyway.
"""

__all__ = [
    "ACCUMULATED",
    "ACCUMULATED_INTEGERS",
    "ALONE",
    "DATES",
    "LEAST",
    "MOST",
    "REDUCED",
    "SCATTERED",
    "SUMMED",
    "TIMED",
    "times",
    "worth",
]

# Bytes of an operand below which no call gains, and from which on every call does.
LEAST, MOST = 1 << 14, 1 << 20

# So many calls are timed; the quickest tells.
TIMED = 5

# Arrays of other layouts than dense.py knows are planned at each call, in some 35 us instead of 5: they gain
# from so many times the bytes on.
SCATTERED = 8

# A gufunc's call is planned anew each time, and gains from so many times the bytes of others on: `matvec` of
# 30,000 integers took 24 us instead of 14.
_PLANNED = 4

# Dates and times (dtype.char) are no numbers to dense.py, and planned at each call: what calls of them are
# worth says so already. Looking at 100,000 each time took 34 us instead of 31.
DATES = "mM"

# Operands of a dtype that no loop takes are converted, which takes us longer than NumPy: where it took 11 us
# two threads had 0.7 to 1.1 of its speed, where it took 22 us 1.1 to 1.4.
_CONVERTED = 2

# A loop that takes so long on one thread takes less on two, see docs/performance.md.
_WORTH_NS = 10_000

# What a call of NumPy takes besides its loop, with its warnings brought to the user's line.
_CALL_NS = 1_000

# A reduction reads 40 KB in a microsecond. The kernels of sums are quicker than NumPy on one thread already,
# and the calling thread is alone below ALONE: to wake another costs more than to read so little.
REDUCED, SUMMED, ALONE = 1 << 20, 1 << 13, 1 << 15

# Elements, not bytes: an accumulation of floats takes three nanoseconds for each, real or complex, and one of
# integers 0.3.
ACCUMULATED, ACCUMULATED_INTEGERS = 1 << 14, 1 << 18


def worth(nbytes: int, took_ns: int) -> int:
    """The bytes from which on a call is worth threads, as a call of NumPy's tells that took so long."""
    loop_ns = max(took_ns - _CALL_NS, 1)
    return min(max(nbytes * _WORTH_NS // loop_ns, LEAST), MOST)


def times(types: list[str], is_planned: bool, char: str) -> int:
    """How many times the bytes gain for operands of this dtype.char, in a ufunc with loops of these types."""
    if char in DATES:
        return SCATTERED
    converts = not any(char in loop.partition("->")[0] for loop in types)
    return (_PLANNED if is_planned else 1) * (_CONVERTED if converts else 1)
