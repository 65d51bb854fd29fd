"""The sizes from which on threads are worth their while, in bytes of the largest operand.

Smaller calls are NumPy's where the user names no pool.
"""

__all__ = ["ALONE", "CHEAP", "CHEAP_LOOPS", "COSTLY", "REDUCED", "SUMMED"]

# A loop that takes some nanoseconds an element pays from COSTLY on, an addition (0.3 ns) from CHEAP on.
COSTLY, CHEAP = 1 << 15, 1 << 19

# A reduction reads 40 KB in a microsecond. The kernels of sums are quicker than NumPy on one thread already,
# and the calling thread is alone below ALONE: to wake another costs more than to read so little.
REDUCED, SUMMED, ALONE = 1 << 20, 1 << 13, 1 << 15

CHEAP_LOOPS = frozenset(
    """
    absolute add bitwise_and bitwise_count bitwise_or bitwise_xor ceil conjugate copysign deg2rad degrees
    divide equal fabs floor fmax fmin greater greater_equal invert isfinite isinf isnan isnat left_shift
    less less_equal logical_and logical_not logical_or logical_xor maximum minimum multiply negative
    not_equal positive rad2deg radians reciprocal right_shift rint sign signbit sqrt square subtract trunc
    """.split()  # noqa: SIM905
)
