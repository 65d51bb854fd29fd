"""Whether a function gains from being fused: calls of many operations on little lose.

Nothing of a call's result depends on it. Calls with small arrays are made as they are, until some in a row
have taken long. Of all others a call tallies its operations, which cost Python's time, and the elements that
passes and parallel calls have gone over. Where what these save is not clearly more, calls with arguments of
the same shapes are timed fused and as they are. From then on they are made in the quicker way, and now and
then in the other one.
"""

from collections.abc import Sequence
from math import prod

from ..arrays.cache import Cache
from .nodes import Node

__all__ = ["LEAST", "LONG_NS", "QUICK", "SMALLEST", "Tally", "Ways", "Worth", "saved_ns"]

# Of what a call's arguments are like, as its door tells it: a number, which another kind may have as well.
Kind = int

# Elements of the largest argument from which on a call may gain; and of those that never do. What is between
# may gain where it takes so long as it is that the 2 us of timed calls do not show.
LEAST, SMALLEST, LONG_NS = 65536, 8192, 100_000

# Loops that take less time than an array takes on its way to memory and back.
QUICK = frozenset(
    """
    absolute add bitwise_and bitwise_or bitwise_xor cast conjugate copy divide equal fill greater
    greater_equal invert isfinite isinf isnan less less_equal logical_and logical_not logical_or
    maximum minimum multiply negative not_equal positive rint sign signbit sqrt square subtract where
    """.split()  # noqa: SIM905
)

# What an operation costs that a lazy array is asked for, and a pass besides.
_ASKED_NS, _PASS_NS = 3_500, 60_000

# A gain is clear of so many nanoseconds that outweighs its cost so many times.
_CLEAR_NS, _CLEAR_TIMES = 2_000_000, 8

# What a step costs for each row that it is called for: 20 to 30 ns on a thread.
_ROW_NS = 16.0

# What an element saves in each step of a pass, where arrays lie in the caches.
_QUICK_SAVED_NS, _SAVED_NS = 0.17, 2.0

# So many calls are made fused, of which the first builds programs, then so many as they are; one alone would
# find caches and threads cold. After so many at least in the quicker way, and twice as many each time, the
# other one is tried in as many again, which adds at most a 64th to the time.
_FUSED_FIRST, _TRIED, _WAIT, _MOST_WAIT, _OF_TRIALS = 5, 4, 32, 1 << 11, 64


def saved_ns(nodes: Sequence[Node], rows: int) -> float:
    """What a pass saves whose tiles are parts of so many rows."""
    saved = prod(nodes[0].space) * sum(_saved_ns(node.name) for node in nodes) - _PASS_NS
    return saved - rows * len(nodes) * _ROW_NS


def _saved_ns(name: str) -> float:
    return _QUICK_SAVED_NS if name in QUICK or name == "reduce" else _SAVED_NS


# A fused call has to take a tenth less than one as it is: in trials its threads and caches are ready
# as a rule, and between other work they may not be.
_GAIN = 0.9

# Of so many of the last calls in each way the median counts: cores come and go.
_KEPT = 5


class Tally:
    """What one call has asked for, and what it has saved; used by the call's thread."""

    __slots__ = ("asked", "saved_ns")

    def __init__(self) -> None:
        self.asked = 0
        self.saved_ns = 0.0

    def add_parallel(self, name: str, size: int) -> None:
        """A call of a ufunc, or a reduction, that runs on all cores by itself."""
        self.saved_ns += size * _saved_ns(name)

    def is_clear(self) -> bool:
        """Whether fusing has gained, by far."""
        return self.saved_ns > max(_CLEAR_NS, _CLEAR_TIMES * _ASKED_NS * self.asked)


class Ways:
    """The two ways of calls of one kind, fused and as they are, and what the last ones have taken.

    Any thread calls it. What two calls at once mix up is when a trial comes, and nothing else.
    """

    __slots__ = ("_is_alone", "_is_trial", "_left", "_took", "_wait")

    def __init__(self) -> None:
        self._took: list[tuple[float, ...]] = [(), ()]  # by whether alone; tuples, as any thread may add
        self._is_alone = self._is_trial = False
        self._left, self._wait = _FUSED_FIRST - 1, _WAIT  # calls in this way that are still to be made

    def begins_alone(self) -> bool:
        """Whether the next call is made as it is."""
        if self._left <= 0:
            self._turn()
        self._left -= 1
        return self._is_alone

    def _turn(self) -> None:
        self._is_trial = not self._is_trial
        if self._is_trial:
            self._is_alone = not self._is_alone
            self._left = _TRIED
            self._took[self._is_alone] = ()
            return
        fused, alone = map(_typical, self._took)
        self._is_alone = 0 < _GAIN * alone < fused
        quick, others = (alone, self._took[0]) if self._is_alone else (fused, self._took[1])
        lost = sum(others) / quick - len(others) if quick else 0  # in calls
        self._left, self._wait = max(round(_OF_TRIALS * lost), self._wait), min(2 * self._wait, _MOST_WAIT)

    def learn(self, is_alone: bool, ns: float) -> None:
        """What a call has taken."""
        self._took[is_alone] = (*self._took[is_alone][1 - _KEPT :], ns)

    def untimed(self) -> int:
        """How many calls are made next as they are and need not be timed: all but the last before a trial."""
        if not self._is_alone or self._is_trial:
            return 0
        count = max(self._left - _TRIED, 0)
        self._left -= count
        return count


def _typical(took: Sequence[float]) -> float:
    """The median without the first call of a trial, which finds caches and threads cold; 0 of none."""
    known = sorted(took if len(took) > _TRIED else took[1:])
    return known[len(known) // 2] if known else 0.0


class Worth:
    """What is known of one fused function. Any thread writes; nothing but time depends on it."""

    __slots__ = ("_known", "_least", "_long", "counts")

    def __init__(self) -> None:
        self._least = LEAST  # elements from which on calls have taken long
        self._long = 0  # calls in a row
        # By the kinds of calls: so many more are made as they are, and not timed. The door counts them.
        self.counts: Cache[Kind, int] = Cache()
        # For which fusing is no clear gain.
        self._known: Cache[Kind, Ways] = Cache()

    def may_gain(self, size: int) -> bool:
        """Whether calls whose largest array has so many elements are fused or timed."""
        return size >= LEAST or size >= self._least

    def learn_as_it_is(self, kind: Kind, size: int, ns: int) -> None:
        """A call has been made that may not gain. A single long one is likely to have met something else."""
        if ns < LONG_NS:
            self._long = 0
            self.counts.put(kind, _WAIT)
            return
        self._long += 1
        if self._long >= _TRIED:
            self._least, self._long = size, 0
            self.counts.clear()

    def ways(self, kind: Kind) -> Ways | None:
        """What is known of such calls, if they are timed."""
        return self._known.get(kind)

    def learn(self, kind: Kind, ways: Ways | None, tally: Tally, ns: float) -> None:
        """A call has been made, fused; the first of a kind tells whether such calls are timed."""
        if ways is not None:
            ways.learn(False, ns)
        elif not tally.is_clear():
            self._known.put(kind, Ways())

    def learn_alone(self, kind: Kind, ways: Ways, ns: float) -> None:
        """A call has been made as it is, of those that are timed."""
        ways.learn(True, ns)
        if untimed := ways.untimed():
            self.counts.put(kind, untimed)
