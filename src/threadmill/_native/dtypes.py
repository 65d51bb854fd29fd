"""The C library's codes of dtypes, by dtype.char, in which the equal dtypes `long` and `long long` differ."""

import numpy as np

from .library import lib

# tm_dtype of the dtypes that kernels take.
DTYPES: dict[str, int] = {
    np.dtype(char).char: getattr(lib, f"TM_{np.dtype(char).name.upper()}") for char in "?bBhHiIlLqQfdFD"
}

# And of those that convert into one another.
CAST_DTYPES: dict[str, int] = {**DTYPES, "g": lib.TM_LONGDOUBLE, "G": lib.TM_CLONGDOUBLE}

# And of those among which the greatest is found.
ORDERED_DTYPES: dict[str, int] = {**DTYPES, "e": lib.TM_FLOAT16}
