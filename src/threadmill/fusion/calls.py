"""Calls of ufuncs and assignments, on lazy arrays: put off, or made at once."""

import functools
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .._native.memory import OVERLAPPING, SAME, relate
from ..arrays.errstate import as_the_user
from ..arrays.layout import NO_VALUE
from ..arrays.operands import PYTHON_NUMBERS, plain_dtype
from ..arrays.self_test import NUMPYS
from ..arrays.ufunc import parallel
from .explanation import MAY_CHANGE, name_of
from .exposed import give_back
from .lazy import LazyArray, at_once, beside, evaluated, evaluated_alone, shown
from .loops import plain_loop, shows_gaps
from .node_plans import SMALL
from .nodes import Node, Value
from .record import Record
from .recording import put_off
from .stores import store

if TYPE_CHECKING:
    from .._types import Array

__all__ = ["are_small", "assign", "by_numpy", "call", "call_at_once", "on_all_cores"]

# NumPy's own ufuncs on all cores, which live as long as the process.
_parallel: dict[np.ufunc, Any] = {}


def call(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's call: put off if it can be, else made at once."""
    nin = ufunc.nin
    outs: Any = args[nin:]
    if len(args) < nin or (options and options.keys() != {"out"} and not _are_usual(options)):
        return call_at_once(record, ufunc, args, options)
    if "out" in options:
        outs = options["out"]
        if type(outs) is not tuple:
            outs = (outs,)
        if len(outs) == 1 and outs[0] is Ellipsis and _takes_ellipsis():
            outs = ()
    operands = []
    may_change = False
    for x in args[:nin]:
        kind = type(x)
        if kind is LazyArray and x._record is record:
            operands.append(x._value)
        elif kind in PYTHON_NUMBERS:
            operands.append(x)
        else:
            found = _other(evaluated(x) if kind is LazyArray else x)
            if found is None:
                return call_at_once(record, ufunc, args, options)
            may_change |= found[1]
            operands.append(found[0])
    if any(out is not None for out in outs):
        return _call_into(record, ufunc, args, options, operands, outs, may_change)
    node = _node(record, ufunc, operands, options)
    if node is None:
        return call_at_once(record, ufunc, args, options)
    record.is_urgent |= may_change
    return shown(record, node)


@functools.cache
def _takes_ellipsis() -> bool:
    """Whether ``out=...`` asks for an array, as from NumPy 2.3 on; before it is an error."""
    try:
        np.positive(1, out=...)
    except TypeError:
        return False
    return True


def _are_usual(options: dict[str, Any]) -> bool:
    """Whether a call's options change nothing for plain arrays; a dtype may."""
    for name, given in options.items():
        if name == "where":
            usual = given is True or given is NO_VALUE
        elif name == "casting":  # a wider one takes no other loop
            usual = given == "same_kind" or given == "unsafe"
        elif name == "dtype":
            usual = given is None or plain_dtype(given) is not None
        elif name == "order":
            usual = given == "K"
        elif name == "subok":
            usual = type(given) is bool
        else:
            usual = name == "out"
        if not usual:
            return False
    return True


def _node(record: Record, ufunc: np.ufunc, operands: list[Any], options: dict[str, Any]) -> Node | None:
    """The call put off, if its loop is one that the options ask for."""
    node = record.node(ufunc, tuple(operands), above=2)  # `call`, and what has called it
    if node is None or options.keys() <= {"out"}:
        return node
    dtype = options.get("dtype")
    asked = None if dtype is None else plain_dtype(dtype)
    own = node.loop.dtypes
    if asked is None or all(each.num == asked.num for each in own):
        return node
    record.take_out(node)
    return None


def _other(x: Any) -> tuple[Value, bool] | None:
    """An operand that is neither a lazy array nor a number of Python's; and whether it may change unseen."""
    if isinstance(x, np.generic) or type(x) is bool:
        x = np.asarray(x)
    elif type(x) is not np.ndarray:
        return None
    value = Value.of(x)
    if not value.is_plain:
        return None
    if x.size <= SMALL:
        return Value.of(x.copy("K")), False
    return value, _may_be_written(x)


def _may_be_written(x: Any) -> bool:
    while isinstance(x, np.ndarray):
        if x.flags.writeable:
            return True
        x = x.base
    return x is not None


def _call_into(
    record: Record,
    ufunc: np.ufunc,
    args: tuple[Any, ...],
    options: dict[str, Any],
    operands: list[Any],
    outs: Any,
    may_change: bool,
) -> Any:
    """A call with one output given: the lazy array that it is goes on, or memory is written."""
    out = outs[0] if len(outs) == 1 else None
    is_lazy = type(out) is LazyArray and out._record is record
    if out is None or ufunc.nout != 1 or not (is_lazy or type(out) is np.ndarray):
        return call_at_once(record, ufunc, args, options)
    dtype, shape = out.dtype, out.shape
    quick = put_off(ufunc, 0, *args[: ufunc.nin]) if options.keys() <= {"out"} else None
    node = _node(record, ufunc, operands, options) if quick is None else quick._value.node
    del quick  # nobody holds what the node makes
    if node is None:
        return call_at_once(record, ufunc, args, options)
    last = node
    if node.outs[0].dtype.num != dtype.num and options.get("casting") == "unsafe":
        last = _converted(record, node, dtype) or node
    made = last.outs[0]
    if made.dtype.num != dtype.num or node.shape != shape:
        record.take_out(node, last)
        return call_at_once(record, ufunc, args, options)
    if is_lazy and out._value.array is None:  # nobody else can see it
        if out._value.turned != made.turned:
            record.take_out(node, last)
            return call_at_once(record, ufunc, args, options)
        if last is node and out._value in node.inputs:
            node.reused = node.inputs.index(out._value)
        out._value = made
        made.owner = ref(out)
        record.is_urgent |= may_change
        if record.is_urgent:
            record.flush(MAY_CHANGE)
        return out
    target = evaluated_alone(out) if is_lazy else out
    # Whose operands overlap it otherwise than element by element NumPy copies, and takes other loops then.
    is_elsewhere = any(_overlaps(value.array, target) for value in node.inputs)
    if is_elsewhere or shows_gaps(node, target) or not store(record, target, made, copies=False):
        record.take_out(node, last)
        return call_at_once(record, ufunc, args, options)
    return out


def _converted(record: Record, node: Node, dtype: np.dtype[Any]) -> Node | None:
    """The conversion of what a node makes, of whose errors NumPy tells by the node's name."""
    made = node.outs[0]
    conversion = plain_loop(made.dtype, dtype)
    if conversion is None:
        return None
    converted = record.add(conversion, node.name, (made,), node.shape, conversion.reports)
    if converted is not None:
        converted.place = node.place  # the very same: of an error that both report it is told once
    return converted


def _overlaps(x: "Array | None", target: "Array") -> bool:
    return x is not None and relate(x, target) == OVERLAPPING


def call_at_once(record: Record, ufunc: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc's call by NumPy, or on all cores where that may pay."""
    return by_numpy(record, ufunc if are_small(args) else on_all_cores(ufunc), args, options)


def are_small(args: tuple[Any, ...]) -> bool:
    """Whether all operands are numbers and evaluated arrays of few elements: nothing is to gain there."""
    for x in args:
        if type(x) is LazyArray:
            if x._value.array is None or x._value.array.size >= SMALL:
                return False
        elif type(x) not in PYTHON_NUMBERS:
            return False
    return True


def by_numpy(
    record: Record, function: Any, args: tuple[Any, ...], options: dict[str, Any], writes: bool = True
) -> Any:
    """NumPy's or a ufunc's own work; what is put off stays so if the call does not touch it."""
    if not are_small(args) and not _is_blas(function, args):
        size = max([x.size for x in args if type(x) is LazyArray], default=0)
        record.tally.add_parallel(name_of(function), size)
    outs = options.get("out", ())
    given = [*args, *(outs if type(outs) is tuple else (outs,))]
    others = [x for name, x in options.items() if name != "out"]
    are_there = all(_is_there(x, writes) for x in given)
    if not record.pending or not are_there or any(type(x) is LazyArray for x in others):
        return at_once(record, function, args, options)
    arrays = [x._value.array for x in given if type(x) is LazyArray]
    alone = record.stands_apart(arrays)
    return (beside if alone else at_once)(record, function, args, options)


def _is_blas(function: Any, args: tuple[Any, ...]) -> bool:
    """Whether the call is a product of floats, which nothing is gained for: NumPy hands it to BLAS."""
    return getattr(function, "ufunc", function) in _PRODUCTS and any(
        type(x) is LazyArray and x.dtype.kind in "fc" for x in args
    )


_PRODUCTS = frozenset(
    getattr(np, name) for name in ("matmul", "vecdot", "matvec", "vecmat") if hasattr(np, name)
)


def _is_there(x: Any, is_small: bool) -> bool:
    """Whether an operand is an array that has its values, perhaps a small one, or a number."""
    if type(x) is LazyArray:
        array = x._value.array
        return array is not None and not x._value.borrowed and (not is_small or array.size < SMALL)
    return x is None or isinstance(x, np.generic | int | float | complex | str | np.dtype | type)


def on_all_cores(ufunc: np.ufunc) -> Any:
    """What `parallel` makes of a ufunc."""
    found = _parallel.get(ufunc)
    if found is None:
        found = parallel(ufunc)
        if ufunc in NUMPYS:
            _parallel[ufunc] = found
    return found


def _shows_where(value: Value) -> bool:
    """Whether the bits of what is made depend on the memory that it is written to: NumPy copies it there.

    Its loops for complex sums take one or the other of two NaNs, by the strides of all three arrays.
    """
    return value.dtype.kind == "c" and value.node is not None and value.node.name == "add"


def assign(record: Record, target: "Array", value: Value) -> None:
    """target[...] = value."""
    if value.array is not None and target.flags.writeable and relate(target, value.array) == SAME:
        return  # what an in-place operator has written
    given, node = value, None
    if value.array is None and value.shape == target.shape:
        if value.dtype.num != target.dtype.num:
            conversion = plain_loop(value.dtype, target.dtype)
            if conversion is not None:
                node = record.add(conversion, "cast", (value,), value.shape, conversion.reports)
            if node is not None:
                value = node.outs[0]
        if not _shows_where(value) and store(record, target, value):
            return
        if node is not None:  # NumPy converts, and tells of it
            record.take_out(node)
    record.flush("an assignment was NumPy's to make", asked=given, before_write=True)
    give_back(record, target)
    as_the_user(target.__setitem__, ..., record.evaluate(given))
