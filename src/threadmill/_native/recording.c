/* How an operation is put off in one step: most of those that a fused function makes.
 *
 * A call of lazy arrays and numbers, whose plan is known, becomes a node, its value and the lazy array that shows
 * it, and the node goes to the record's pending ones. Whatever has to be looked at is left to Python, which makes
 * the same of such calls as well, in five times the time: fusion/record.py says what the fields mean and which
 * lines pair.
 */
#include "inputs.h"
#include "states.h"

/* put_off, put_off_over and prepare, in a tuple. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_recording(void);

/* What the process has of everything below; set once, live for ever. */
static struct {
    PyObject *lazy;     /* what new lazy arrays are made like */
    PyObject *plans;    /* a dict: by what is called, and the kinds of values and the types of numbers */
    PyObject *add_late; /* called with a record that has been closed, and a node */
    PyObject *reuse;    /* what a node says of an operand that only the interpreter's stack holds */
    PyObject *places[MOST_OPERANDS]; /* and of the one that it is written over */
    PyObject *base;                  /* a name */
    Py_ssize_t most;                 /* nodes that are pending at most */
} its;

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

static PyObject *kind_of(PyObject *operand)
{
    return tm_py_is_value(operand) ? field(operand, VALUE_KIND) : (PyObject *)Py_TYPE(operand);
}

/* The plan of the call, borrowed, which may be what is called; NULL where none is known that asks for nothing else. */
static PyObject *plan_of(const struct call *call)
{
    if (is_of(call->called, tm_py_plan_type))
        return field(call->called, PLAN_IS_SIMPLE) == Py_True ? call->called : NULL;
    PyObject *key = PyTuple_New(1 + call->count);
    if (key == NULL) return NULL;
    PyTuple_SetItem(key, 0, Py_NewRef(call->called));
    for (int k = 0; k < call->count; k++) PyTuple_SetItem(key, 1 + k, Py_NewRef(kind_of(call->operands[k])));
    PyObject *plan = PyDict_GetItemWithError(its.plans, key);
    Py_DECREF(key);
    return is_of(plan, tm_py_plan_type) && field(plan, PLAN_IS_SIMPLE) == Py_True ? plan : NULL;
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

/* ---- the record ---- */

static int may_take_a_node(PyObject *record)
{
    if (!is_of(record, tm_py_record_type) || field(record, RECORD_IS_OPEN) != Py_True) return 0;
    if (field(record, RECORD_IS_URGENT) != Py_False) return 0;
    if (PyList_Size(field(record, RECORD_EXPOSED)) != 0) return 0;
    if (field(field(record, RECORD_LIKE), NODE_THREAD) != this_thread()) return 0;
    return PyList_Size(field(record, RECORD_PENDING)) < its.most;
}

/* ---- one operation ---- */

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

/* The lazy array of what a node makes, when the node is pending: a new one, or `over`. */
static PyObject *show_pending(PyObject *record, PyObject *node, PyObject *over)
{
    PyObject *value = PyList_GetItem(field(node, NODE_OUTS), 0), *lazy = NULL;
    if (over == NULL)
        lazy = tm_py_show(its.lazy, record, value);
    else if (tm_py_own(over, value))
        lazy = Py_NewRef(over);
    if (!tm_py_is_of_each(node)) change(record, RECORD_HAS_ROWS, Py_True);
    if (lazy == NULL || PyList_Append(field(record, RECORD_PENDING), node) < 0) {
        Py_XDECREF(lazy);
        return NULL;
    }
    if (over != NULL) change(over, LAZY_VALUE, value);
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

/* The place of a node that reports errors: the user's, or that in NumPy's code which the plan knows. It is a tuple of
 * its own: nodes with the very same one tell of an error once. */
static PyObject *place_of(PyObject *plan)
{
    PyObject *known = field(field(plan, PLAN_NODE), NODE_PLACE);
    if (known == Py_None) return tm_py_place_now();
    return PyTuple_Pack(3, PyTuple_GetItem(known, 0), PyTuple_GetItem(known, 1), PyTuple_GetItem(known, 2));
}

/* The lazy array that the call makes; None where Python has to look at it. `reused`: what the node says of the
 * operand that it is written over, NULL where there is none. */
static PyObject *put_off_by(PyObject *plan, PyObject *record, PyObject *state, PyObject *inputs,
                            PyObject *reused, PyObject *over)
{
    PyObject *reports = field(field(plan, PLAN_NODE), NODE_REPORTS);
    if (!tm_py_is_now(state)) return none_or_error();
    if (reports == Py_True &&
        (field(state, STATE_AT_ONCE) == Py_True || !tm_py_is_version(field(state, STATE_ASKED))))
        return none_or_error();
    PyObject *place = reports == Py_True ? place_of(plan) : Py_NewRef(Py_None);
    PyObject *node = place == NULL ? NULL : new_node_of(plan, state, inputs, place);
    Py_XDECREF(place);
    if (node == NULL) return NULL;
    if (reports == Py_True && PyObject_IsTrue(field(state, STATE_BITS)) == 0)
        change(node, NODE_REPORTS, Py_False);
    if (reused != NULL) change(node, NODE_REUSED, reused);
    PyObject *lazy = show_pending(record, node, over);
    Py_DECREF(node);
    return lazy;
}

/* The same by a plan that is borrowed, under the record's state. */
static PyObject *put_off_in(PyObject *record, PyObject *plan, const struct call *call, PyObject *reused,
                            PyObject *over)
{
    Py_INCREF(plan); /* whatever the collector of garbage calls may empty the plans, or change the record */
    PyObject *state = Py_XNewRef(field(record, RECORD_STATE));
    PyObject *inputs = tm_py_new_inputs(plan, call);
    int asks =
        inputs == NULL || (field(record, RECORD_HAS_ROWS) == Py_True && tm_py_may_go_once(plan, inputs));
    PyObject *made = asks ? none_or_error() : put_off_by(plan, record, state, inputs, reused, over);
    Py_XDECREF(inputs);
    Py_XDECREF(state);
    Py_DECREF(plan);
    return made;
}

/* The same of operands, of which some are temporaries. */
static PyObject *put_off_operands(PyObject *record, struct call *call, int is_first_temporary,
                                  int is_second_temporary)
{
    PyObject *plan = plan_of(call), **x = call->operands;
    int turned = NOT_TAKEN;
    if (plan != NULL && is_second_temporary) turned = is_turned(plan, x[0], x[1], is_first_temporary);
    if (turned == TAKEN) {
        PyObject *before = x[0];
        x[0] = x[1];
        x[1] = before;
        is_first_temporary = 1;
        plan = plan_of(call);
    }
    if (plan == NULL || turned == NOT_SURE) return none_or_error();
    int reuses = is_first_temporary && tm_py_is_value(x[1]) && is_alone(x[0]);
    return put_off_in(record, plan, call, reuses ? its.reuse : NULL, NULL);
}

/* What the node says of the value that it is written over, borrowed: its place among the operands. */
static PyObject *place_among(const struct call *call, PyObject *value)
{
    for (int k = 0; k < call->count; k++)
        if (call->operands[k] == value) return its.places[k];
    return NULL;
}

/* The same written over what a lazy array shows that is put off: nobody else can see that. */
static PyObject *put_off_in_place(PyObject *record, const struct call *call, PyObject *over)
{
    PyObject *value = operand_of(over, record), *plan = NULL;
    if (tm_py_is_value(value) && field(value, VALUE_ARRAY) == Py_None) plan = plan_of(call);
    if (plan == NULL) return none_or_error();
    PyObject *kind = field(field(plan, PLAN_VALUE), VALUE_KIND);
    int is_alike = PyObject_RichCompareBool(kind, field(value, VALUE_KIND), Py_EQ);
    if (is_alike <= 0) return none_or_error();
    return put_off_in(record, plan, call, place_among(call, value), over);
}

/* The operands among the arguments, 0 of too many; negative: an error is set. */
static int operands_in(Py_ssize_t arguments, Py_ssize_t others)
{
    if (arguments > others) return arguments - others > MOST_OPERANDS ? 0 : (int)(arguments - others);
    PyErr_Format(PyExc_TypeError, "%zd arguments instead of %zd or more", arguments, others + 1);
    return -1;
}

/* The record of the first lazy array, borrowed, if it may take a node from here. */
static PyObject *record_of(PyObject *const *operands, int count)
{
    PyObject *record = NULL;
#ifdef Py_GIL_DISABLED
    count = 0; /* another thread may close it meanwhile */
#endif
    for (int k = 0; record == NULL && k < count; k++)
        if (is_lazy(operands[k])) record = field(operands[k], LAZY_RECORD);
    return record != NULL && may_take_a_node(record) ? record : NULL;
}

/* Refers to the operands, which its user lets go of; false: Python has to look at one. */
static int take_operands(struct call *call, PyObject *record, PyObject *const *given, int count)
{
    for (int k = 0; k < count; k++) {
        call->operands[k] = Py_XNewRef(operand_of(given[k], record));
        if (call->operands[k] == NULL) return 0;
        call->count++;
    }
    return 1;
}

static void let_go(struct call *call)
{
    for (int k = 0; k < call->count; k++) Py_DECREF(call->operands[k]);
}

static int is_temporary(PyObject *x, Py_ssize_t references)
{
    return is_lazy(x) && Py_REFCNT(x) <= references;
}

/* put_off(called, temporary, *operands): `temporary` are the references, with those that the call adds, of an
 * operand that only the interpreter's stack holds; 0 where none is one, as where there are three. */
static PyObject *put_off(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject *const *given = args + 2;
    PyObject *record, *made = NULL;
    const int operands = operands_in(count, 2);
    if (operands < 0) return NULL;
    struct call call = {.called = args[0]};
    if ((record = record_of(given, operands)) == NULL) return none_or_error();
    Py_ssize_t temporary = PyLong_AsSsize_t(args[1]);
    if (take_operands(&call, record, given, operands))
        made = put_off_operands(record, &call, is_temporary(given[0], temporary),
                                operands == 2 && is_temporary(given[1], temporary));
    else
        made = none_or_error();
    let_go(&call);
    return made;
}

/* put_off_over(called, lazy, *operands): the lazy array, which shows the result from here on. */
static PyObject *put_off_over(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject *record, *made = NULL;
    const int operands = operands_in(count, 2);
    if (operands < 0) return NULL;
    struct call call = {.called = args[0]};
    if ((record = record_of(args + 1, 1)) == NULL) return none_or_error();
    if (take_operands(&call, record, args + 2, operands))
        made = put_off_in_place(record, &call, args[1]);
    else
        made = none_or_error();
    let_go(&call);
    return made;
}

/* prepare(lazy, plans, add_late, reuse, numbers, handling, warnings, frame, explicit, room, most): before any put_off */
static PyObject *prepare(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject **places[] = {&its.lazy, &its.plans, &its.add_late, &its.reuse};
    enum { OWN = sizeof places / sizeof *places, NUMBERS = OWN, STATES, MOST = STATES + 5, ALL };
    if (count != ALL) {
        PyErr_Format(PyExc_TypeError, "%zd arguments instead of %d", count, (int)ALL);
        return NULL;
    }
    if (!is_of(args[0], tm_py_lazy_type) || !PyDict_Check(args[1]) || !PyDict_Check(args[NUMBERS])) {
        PyErr_SetString(PyExc_TypeError, "no example of lazy arrays, or no dicts");
        return NULL;
    }
    if (!tm_py_prepare_states(args + STATES)) return NULL;
    its.most = PyLong_AsSsize_t(args[MOST]);
    tm_py_keep(places, args, OWN);
    tm_py_keep_numbers(args[NUMBERS]);
    return Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"put_off", (PyCFunction)(void (*)(void))put_off, METH_FASTCALL, NULL},
    {"put_off_over", (PyCFunction)(void (*)(void))put_off_over, METH_FASTCALL, NULL},
    {"prepare", (PyCFunction)(void (*)(void))prepare, METH_FASTCALL, NULL},
};

void *tm_py_recording(void)
{
    if (its.base == NULL && (its.base = PyUnicode_InternFromString("base")) == NULL) return NULL;
    for (int k = 0; k < MOST_OPERANDS; k++)
        if (its.places[k] == NULL && (its.places[k] = PyLong_FromLong(k)) == NULL) return NULL;
    return tm_py_new_functions(functions, sizeof functions / sizeof *functions);
}
