"""put_off: most operations become a node in one step, in C; others are for Python to look at."""

from sys import _getframe
from warnings import warn_explicit

from .._native.recording import prepare, put_off, put_off_over
from ..arrays.errstate import HANDLING
from .lazy import LAZY
from .loops import NUMBERS
from .node_plans import PLANS
from .nodes import FIRST_IF_LARGE
from .record import MOST_PENDING
from .sharing import add_late
from .warned import PACKAGE, SEEN_BY_ALL

__all__ = ["put_off", "put_off_over"]

prepare(
    *(LAZY, PLANS, add_late, FIRST_IF_LARGE, NUMBERS),
    *(HANDLING.get, SEEN_BY_ALL, _getframe, warn_explicit, PACKAGE, MOST_PENDING),
)
