/* How an operation is put off in one step: most of those that a fused function makes.
 *
 * A ufunc's call of one or two lazy arrays, or of one and a number, whose plan is known, becomes a node, its value
 * and the lazy array that shows it, and the node goes to the record's pending ones. Whatever has to be looked at is
 * left to Python, which makes the same of such calls as well, in five times the time: fusion/record.py says what
 * the fields mean and which lines pair.
 */
#include "fields.h"

/* put_off and prepare, in a tuple. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_recording(void);

/* What the process has of everything below; set once, live for ever. */
static struct {
    PyObject *lazy;     /* what new lazy arrays are made like */
    PyObject *plans;    /* a dict: by ufunc, and the kinds of values and the types of numbers */
    PyObject *numbers;  /* a dict of values: by the dtype's number, the number's type, and it or its text */
    PyObject *handling; /* gives the token of how errors are handled now */
    PyObject *warnings; /* the names in the module, or None where filters are the context's */
    PyObject *frame;    /* gives a frame by how many are between */
    PyObject *explicit; /* warnings.warn_explicit */
    PyObject *add_late; /* called with a record that has been closed, and a node */
    PyObject *room;     /* the package whose frames are not the user's */
    PyObject *reuse;    /* what a node says of an operand that only the interpreter's stack holds */
    Py_ssize_t most;    /* nodes that are pending at most */
    PyObject *filters, *show, *record, *base;
} its;

static PyObject *field(PyObject *x, int k)
{
    return fields_of(x)[k];
}

static int is_lazy(PyObject *x)
{
    return its.lazy != NULL && Py_TYPE(x) == Py_TYPE(its.lazy);
}

/* ---- operands, borrowed from their lazy arrays ---- */

static PyObject *operand_of(PyObject *x, PyObject *record)
{
    PyTypeObject *type = Py_TYPE(x);
    if (is_lazy(x)) return field(x, LAZY_RECORD) == record ? field(x, LAZY_VALUE) : NULL;
    return type == &PyFloat_Type || type == &PyLong_Type || type == &PyComplex_Type ? x : NULL;
}

static int is_value(PyObject *operand) /* false of NULL */
{
    return is_of(operand, tm_py_value_type);
}

static PyObject *kind_of(PyObject *operand)
{
    return is_value(operand) ? field(operand, VALUE_KIND) : (PyObject *)Py_TYPE(operand);
}

/* The plan of the call, borrowed; NULL where none is known that asks for nothing else. */
static PyObject *plan_of(PyObject *ufunc, PyObject *first, PyObject *second)
{
    PyObject *key = second == NULL ? PyTuple_Pack(2, ufunc, kind_of(first))
                                   : PyTuple_Pack(3, ufunc, kind_of(first), kind_of(second));
    PyObject *plan = key == NULL ? NULL : PyDict_GetItemWithError(its.plans, key);
    Py_XDECREF(key);
    return is_of(plan, tm_py_plan_type) && field(plan, PLAN_IS_SIMPLE) == Py_True ? plan : NULL;
}

/* What a node takes the operand as: the value itself, or that of a number in the plan's loop. NULL where that is
 * not known. */
static PyObject *new_input(PyObject *plan, PyObject *x)
{
    if (is_value(x)) return Py_NewRef(x);
    int is_unlike_zero = PyObject_IsTrue(x); /* zeros of both signs are equal */
    PyObject *shown = is_unlike_zero < 0 ? NULL : is_unlike_zero ? Py_NewRef(x) : PyObject_Repr(x);
    PyObject *key = shown == NULL ? NULL : PyTuple_Pack(3, field(plan, PLAN_NUMBER_IN), Py_TYPE(x), shown);
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(its.numbers, key);
    Py_XINCREF(found);
    Py_XDECREF(key);
    Py_XDECREF(shown);
    return found;
}

/* The operands as a tuple; NULL as above. */
static PyObject *new_inputs(PyObject *plan, PyObject *first, PyObject *second)
{
    PyObject *one = new_input(plan, first);
    PyObject *other = one == NULL || second == NULL ? NULL : new_input(plan, second);
    PyObject *inputs = NULL;
    if (one != NULL && second == NULL) inputs = PyTuple_Pack(1, one);
    if (other != NULL) inputs = PyTuple_Pack(2, one, other);
    Py_XDECREF(other);
    Py_XDECREF(one);
    return inputs;
}

/* ---- temporaries: elision.py has the rules ---- */

enum { NOT_TAKEN, TAKEN, NOT_SURE };

/* Whether NumPy may write over the value's array, whose kind it may be. */
static int may_be_taken(PyObject *value)
{
    if (field(value, VALUE_ARRAY) == Py_None) return TAKEN;
    PyObject *base = PyObject_GetAttr(field(value, VALUE_ARRAY), its.base);
    int is_view = base != NULL && base != Py_None;
    Py_XDECREF(base);
    return is_view ? NOT_TAKEN : NOT_SURE;
}

/* Whether ``first op second`` is computed as ``second op first``. */
static int is_turned(PyObject *plan, PyObject *first, PyObject *second, int is_first_temporary)
{
    int turned = field(plan, PLAN_TAKES_SECOND) == Py_True ? may_be_taken(second) : NOT_TAKEN;
    if (turned != TAKEN || !is_first_temporary || field(plan, PLAN_TAKES_FIRST) != Py_True) return turned;
    int is_first = may_be_taken(first);
    return is_first == NOT_SURE ? NOT_SURE : is_first == TAKEN ? NOT_TAKEN : TAKEN;
}

/* Whether nobody else has the value's array: it is not made yet, or the value alone refers to it. */
static int is_alone(PyObject *value)
{
    PyObject *array = field(value, VALUE_ARRAY);
    return array == Py_None || (field(value, VALUE_BORROWED) == Py_False && Py_REFCNT(array) == 1);
}

/* ---- the record and the state ---- */

static int may_take_a_node(PyObject *record)
{
    if (!is_of(record, tm_py_record_type) || field(record, RECORD_IS_OPEN) != Py_True) return 0;
    if (field(record, RECORD_IS_URGENT) != Py_False || field(record, RECORD_HAS_ROWS) != Py_False) return 0;
    if (PyList_Size(field(record, RECORD_EXPOSED)) != 0) return 0;
    if (field(field(record, RECORD_LIKE), NODE_THREAD) != this_thread()) return 0;
    return PyList_Size(field(record, RECORD_PENDING)) < its.most;
}

static int is_named(PyObject *names, PyObject *name, PyObject *x)
{
    return PyDict_GetItemWithError(names, name) == x;
}

/* State.is_now */
static int is_now(PyObject *state)
{
    if (!is_of(state, tm_py_state_type) || its.warnings == Py_None) return 0;
    PyObject *token = PyObject_CallObject(its.handling, NULL), *filters = field(state, STATE_LIST);
    Py_XDECREF(token); /* the context has it, and the state perhaps */
    if (token == NULL || token != field(state, STATE_TOKEN) || !PyList_Check(filters)) return 0;
    Py_ssize_t count = PyList_Size(filters);
    return is_named(its.warnings, its.filters, filters) &&
           count == PyLong_AsSsize_t(field(state, STATE_COUNT)) &&
           (count == 0 || PyList_GetItem(filters, 0) == field(state, STATE_FIRST)) &&
           is_named(its.warnings, its.show, field(state, STATE_SHOW)) &&
           is_named(its.warnings, its.record, field(state, STATE_RECORD));
}

/* Whether warnings that show once are remembered as where the state was made: is_version in past_filters.py */
static int is_version(PyObject *asked)
{
    if (asked == Py_None) return 1;
    PyObject *said = PyObject_CallObject(its.explicit, asked);
    if (said == NULL) PyErr_Clear(); /* it has failed as there */
    Py_XDECREF(said);
    return said != NULL;
}

/* ---- one operation ---- */

/* Puts another object into a field that the example's has been copied to. */
static void change(PyObject *made, int k, PyObject *x)
{
    PyObject *before = field(made, k);
    give(made, k, x);
    Py_XDECREF(before);
}

/* The node of these inputs at a place, not pending yet; the plan's is its example. */
static PyObject *new_node_of(PyObject *plan, PyObject *state, PyObject *inputs, PyObject *place)
{
    PyObject *node = tm_py_new_like(field(plan, PLAN_NODE), 0, NODE_FIELDS);
    PyObject *value = node == NULL ? NULL : tm_py_new_like(field(plan, PLAN_VALUE), 0, VALUE_FIELDS);
    PyObject *outs = value == NULL ? NULL : PyList_New(1);
    if (outs == NULL) {
        Py_XDECREF(value);
        Py_XDECREF(node);
        return NULL;
    }
    change(node, NODE_INPUTS, inputs);
    change(node, NODE_PLACE, place);
    change(node, NODE_STATE, state);
    change(value, VALUE_NODE, node);
    PyList_SetItem(outs, 0, value); /* takes it over */
    change(node, NODE_OUTS, outs);
    Py_DECREF(outs);
    return node;
}

/* The lazy array of what a node makes, when the node is pending. */
static PyObject *show_pending(PyObject *record, PyObject *node)
{
    PyObject *lazy = tm_py_show(its.lazy, record, PyList_GetItem(field(node, NODE_OUTS), 0));
    if (lazy == NULL || PyList_Append(field(record, RECORD_PENDING), node) < 0) {
        Py_XDECREF(lazy);
        return NULL;
    }
    if (field(record, RECORD_IS_OPEN) == Py_True) return lazy;
    PyObject *done = PyObject_CallFunctionObjArgs(its.add_late, record, node, NULL);
    Py_XDECREF(done);
    if (done == NULL) Py_CLEAR(lazy);
    return lazy;
}

static PyObject *none_or_error(void)
{
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* The lazy array that the call makes; None where Python has to look at it. */
static PyObject *put_off_by(PyObject *plan, PyObject *record, PyObject *state, PyObject *inputs, int reuses)
{
    PyObject *reports = field(field(plan, PLAN_NODE), NODE_REPORTS);
    if (!is_now(state)) return none_or_error();
    if (reports == Py_True &&
        (field(state, STATE_AT_ONCE) == Py_True || !is_version(field(state, STATE_ASKED))))
        return none_or_error();
    PyObject *place = reports == Py_True ? tm_py_new_place(its.frame, its.room) : Py_NewRef(Py_None);
    PyObject *node = place == NULL ? NULL : new_node_of(plan, state, inputs, place);
    Py_XDECREF(place);
    if (node == NULL) return NULL;
    if (reports == Py_True && PyObject_IsTrue(field(state, STATE_BITS)) == 0)
        change(node, NODE_REPORTS, Py_False);
    if (reuses) change(node, NODE_REUSED, its.reuse);
    PyObject *lazy = show_pending(record, node);
    Py_DECREF(node);
    return lazy;
}

/* The same of operands, of which some are temporaries. */
static PyObject *put_off_operands(PyObject *ufunc, PyObject *record, PyObject *first, PyObject *second,
                                  int is_first_temporary, int is_second_temporary)
{
    PyObject *plan = plan_of(ufunc, first, second);
    int turned = NOT_TAKEN;
    if (plan != NULL && is_second_temporary) turned = is_turned(plan, first, second, is_first_temporary);
    if (turned == TAKEN) {
        PyObject *before = first;
        first = second;
        second = before;
        is_first_temporary = 1;
        plan = plan_of(ufunc, first, second);
    }
    if (plan == NULL || turned == NOT_SURE) return none_or_error();
    Py_INCREF(plan); /* whatever the collector of garbage calls may empty the plans, or change the record */
    PyObject *state = Py_XNewRef(field(record, RECORD_STATE));
    PyObject *inputs = new_inputs(plan, first, second);
    int reuses = is_first_temporary && is_value(second) && is_alone(first);
    PyObject *made = inputs == NULL ? none_or_error() : put_off_by(plan, record, state, inputs, reuses);
    Py_XDECREF(inputs);
    Py_XDECREF(state);
    Py_DECREF(plan);
    return made;
}

/* put_off(ufunc, temporary, first[, second]): `temporary` are the references, with those that the call adds, of an
 * operand that only the interpreter's stack holds; 0 where none is one. */
static PyObject *put_off(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count < 3 || count > 4) {
        PyErr_Format(PyExc_TypeError, "%zd arguments instead of 3 or 4", count);
        return NULL;
    }
    PyObject *x = args[2], *y = count == 4 ? args[3] : NULL;
    PyObject *own = is_lazy(x) ? x : y != NULL && is_lazy(y) ? y : NULL;
    PyObject *record = own == NULL ? NULL : field(own, LAZY_RECORD);
#ifdef Py_GIL_DISABLED
    record = NULL; /* another thread may close it meanwhile */
#endif
    if (record == NULL || !may_take_a_node(record)) return none_or_error();
    PyObject *first = Py_XNewRef(operand_of(x, record));
    PyObject *second = Py_XNewRef(y == NULL ? NULL : operand_of(y, record));
    Py_ssize_t temporary = PyLong_AsSsize_t(args[1]);
    int is_first_temporary = is_lazy(x) && Py_REFCNT(x) <= temporary;
    int is_second_temporary = y != NULL && is_lazy(y) && Py_REFCNT(y) <= temporary;
    PyObject *made = NULL;
    if (first != NULL && (y == NULL || second != NULL))
        made = put_off_operands(args[0], record, first, second, is_first_temporary, is_second_temporary);
    else
        made = none_or_error();
    Py_XDECREF(second);
    Py_XDECREF(first);
    return made;
}

/* prepare(lazy, plans, numbers, handling, warnings, frame, explicit, add_late, room, reuse, most): before any
 * put_off */
static PyObject *prepare(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject **given[] = {&its.lazy,  &its.plans,    &its.numbers,  &its.handling, &its.warnings,
                          &its.frame, &its.explicit, &its.add_late, &its.room,     &its.reuse};
    const Py_ssize_t most = (Py_ssize_t)(sizeof given / sizeof *given);
    if (count != most + 1) {
        PyErr_Format(PyExc_TypeError, "%zd arguments instead of %zd", count, most + 1);
        return NULL;
    }
    if (!is_of(args[0], tm_py_lazy_type) || !PyDict_Check(args[1]) || !PyDict_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "no example of lazy arrays, or no dicts");
        return NULL;
    }
    its.most = PyLong_AsSsize_t(args[most]);
    for (Py_ssize_t k = 0; k < most; k++) {
        PyObject *before = *given[k]; /* of a package that has been loaded before */
        *given[k] = Py_NewRef(args[k]);
        Py_XDECREF(before);
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"put_off", (PyCFunction)(void (*)(void))put_off, METH_FASTCALL, NULL},
    {"prepare", (PyCFunction)(void (*)(void))prepare, METH_FASTCALL, NULL},
};

void *tm_py_recording(void)
{
    static const char *const names[] = {"filters", "showwarning", "_showwarnmsg_impl", "base"};
    PyObject **places[] = {&its.filters, &its.show, &its.record, &its.base};
    if (!tm_py_intern(places, names, sizeof names / sizeof *names)) return NULL;
    return tm_py_new_pair(functions);
}
