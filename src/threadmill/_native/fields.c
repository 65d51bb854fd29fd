/* The storage of lazy arrays, of their values, nodes, records, states and plans, and how the first three are
 * made in one step.
 *
 * Six types without methods, whose attributes are fields as __slots__ would make them; fusion/ derives its
 * classes from them. An operation that is put off makes one of each. Python's own __init__ takes six times as
 * long for that as the functions below.
 *
 * An object is made after an example of its class: its first fields are given, the others are the example's.
 * Nothing here knows what the fields mean. An example of nodes that new_example has made is for the
 * thread that made it.
 */
#include "fields.h"

/* The types and the functions, in a tuple that is the caller's; NULL and an exception where there was no
 * memory for them. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_fields(void);

#define FIELD(name, k) {name, T_OBJECT_EX, (Py_ssize_t)(sizeof(PyObject) + (k) * sizeof(PyObject *)), 0, NULL}

static PyMemberDef lazy_members[] = {
    FIELD("_record", LAZY_RECORD),
    FIELD("_value", LAZY_VALUE),
    {NULL, 0, 0, 0, NULL},
};

static PyMemberDef value_members[] = {
    FIELD("dtype", VALUE_DTYPE),       FIELD("shape", VALUE_SHAPE),
    FIELD("array", VALUE_ARRAY),       FIELD("node", VALUE_NODE),
    FIELD("is_plain", VALUE_IS_PLAIN), FIELD("turned", VALUE_TURNED),
    FIELD("kind", VALUE_KIND),         FIELD("owner", VALUE_GIVEN),
    FIELD("again", VALUE_GIVEN + 1),   FIELD("borrowed", VALUE_BORROWED),
    FIELD("folds", VALUE_GIVEN + 3),   FIELD("_is_nan", VALUE_GIVEN + 4),
    FIELD("is_view", VALUE_GIVEN + 5), {NULL, 0, 0, 0, NULL},
};

static PyMemberDef node_members[] = {
    FIELD("loop", NODE_LOOP),     FIELD("name", NODE_NAME),       FIELD("inputs", NODE_INPUTS),
    FIELD("shape", NODE_SHAPE),   FIELD("reports", NODE_REPORTS), FIELD("place", NODE_PLACE),
    FIELD("state", NODE_STATE),   FIELD("turned", NODE_TURNED),   FIELD("space", NODE_SPACE),
    FIELD("outs", NODE_OUTS),     FIELD("target", NODE_GIVEN),    FIELD("is_in_place", NODE_GIVEN + 1),
    FIELD("reused", NODE_REUSED), FIELD("over", NODE_OVER),       FIELD("axes", NODE_GIVEN + 4),
    {NULL, 0, 0, 0, NULL},
};

static PyMemberDef record_members[] = {
    FIELD("pending", RECORD_PENDING),     FIELD("is_open", RECORD_IS_OPEN),
    FIELD("is_urgent", RECORD_IS_URGENT), FIELD("has_rows", RECORD_HAS_ROWS),
    FIELD("exposed", RECORD_EXPOSED),     FIELD("state", RECORD_STATE),
    FIELD("like", RECORD_LIKE),           {NULL, 0, 0, 0, NULL},
};

static PyMemberDef state_members[] = {
    FIELD("token", STATE_TOKEN),     FIELD("_list", STATE_LIST), FIELD("_count", STATE_COUNT),
    FIELD("_first", STATE_FIRST),    FIELD("show", STATE_SHOW),  FIELD("record", STATE_RECORD),
    FIELD("at_once", STATE_AT_ONCE), FIELD("bits", STATE_BITS),  FIELD("asked", STATE_ASKED),
    {NULL, 0, 0, 0, NULL},
};

static PyMemberDef plan_members[] = {
    FIELD("is_simple", PLAN_IS_SIMPLE),
    FIELD("node", PLAN_NODE),
    FIELD("value", PLAN_VALUE),
    FIELD("number_in", PLAN_NUMBER_IN),
    FIELD("inputs", PLAN_INPUTS),
    FIELD("takes_first", PLAN_TAKES_FIRST),
    FIELD("takes_second", PLAN_TAKES_SECOND),
    {NULL, 0, 0, 0, NULL},
};

/* ---- storage ---- */

static int visit_fields(PyObject *self, int count, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self)); /* a class that is derived leaves that to this one */
    for (int k = 0; k < count; k++) Py_VISIT(fields_of(self)[k]);
    return 0;
}

static int clear_fields(PyObject *self, int count)
{
    for (int k = 0; k < count; k++) Py_CLEAR(fields_of(self)[k]);
    return 0;
}

static void free_fields(PyObject *self, int count)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    PyObject_GC_UnTrack(self);
    clear_fields(self, count);
    release(self);
    Py_DECREF(type);
}

#define STORAGE(type, count)                                                                                 \
    static int type##_traverse(PyObject *self, visitproc visit, void *arg)                                   \
    {                                                                                                        \
        return visit_fields(self, count, visit, arg);                                                        \
    }                                                                                                        \
    static int type##_clear(PyObject *self)                                                                  \
    {                                                                                                        \
        return clear_fields(self, count);                                                                    \
    }                                                                                                        \
    static void type##_dealloc(PyObject *self)                                                               \
    {                                                                                                        \
        free_fields(self, count);                                                                            \
    }

STORAGE(lazy, LAZY_FIELDS)
STORAGE(value, VALUE_FIELDS)
STORAGE(node, NODE_FIELDS)
STORAGE(record, RECORD_FIELDS)
STORAGE(state, STATE_FIELDS)
STORAGE(plan, PLAN_FIELDS)

#undef STORAGE

static PyObject *new_type(const char *name, int count, PyMemberDef *members, traverseproc traverse,
                          inquiry clear, destructor dealloc)
{
    PyType_Slot slots[] = {
        {Py_tp_members, members},
        {Py_tp_traverse, (void *)traverse},
        {Py_tp_clear, (void *)clear},
        {Py_tp_dealloc, (void *)dealloc},
        {0, NULL},
    };
    PyType_Spec spec = {name, (int)(sizeof(PyObject) + (size_t)count * sizeof(PyObject *)), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    return PyType_FromSpec(&spec);
}

/* ---- what is made in one step ---- */

PyTypeObject *tm_py_lazy_type, *tm_py_value_type, *tm_py_node_type;
PyTypeObject *tm_py_record_type, *tm_py_state_type, *tm_py_plan_type;
static PyObject *owner_name;

static int is_a(PyObject *x, PyTypeObject *type)
{
    if (PyType_IsSubtype(Py_TYPE(x), type)) return 1;
    PyErr_SetString(PyExc_TypeError, "an example or a value of another class");
    return 0;
}

static int has(Py_ssize_t given, Py_ssize_t count)
{
    if (given == count) return 1;
    PyErr_Format(PyExc_TypeError, "%zd arguments instead of %zd", given, count);
    return 0;
}

PyObject *tm_py_new_like(PyObject *example, int given, int count)
{
    PyObject *made = PyType_GenericAlloc(Py_TYPE(example), 0);
    if (made == NULL) return NULL;
    for (int k = given; k < count; k++) fields_of(made)[k] = Py_XNewRef(fields_of(example)[k]);
    return made;
}

/* new_example(node): one more, for the calling thread. */
static PyObject *new_example(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (!has(count, 1) || !is_a(args[0], tm_py_node_type)) return NULL;
    PyObject *made = tm_py_new_like(args[0], NODE_GIVEN, NODE_FIELDS);
    if (made != NULL) fields_of(made)[NODE_THREAD] = this_thread();
    return made;
}

/* None where the example is another thread's.
 * new_node(node, value, loop, name, inputs, shape, reports, place, state, turned, dtype, kind) */
static PyObject *new_node(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (!has(count, 12) || !is_a(args[0], tm_py_node_type) || !is_a(args[1], tm_py_value_type)) return NULL;
    const PyObject *thread = fields_of(args[0])[NODE_THREAD];
    if (thread != NULL && thread != this_thread()) return Py_NewRef(Py_None);
    PyObject *node = tm_py_new_like(args[0], NODE_GIVEN, NODE_FIELDS);
    PyObject *value = node == NULL ? NULL : tm_py_new_like(args[1], VALUE_GIVEN, VALUE_FIELDS);
    PyObject *outs = value == NULL ? NULL : PyList_New(1);
    if (outs == NULL) {
        Py_XDECREF(value);
        Py_XDECREF(node);
        return NULL;
    }
    PyObject *shape = args[5], *turned = args[9];
    for (int k = NODE_LOOP; k <= NODE_TURNED; k++) give(node, k, args[2 + k]);
    give(node, NODE_SPACE, shape);
    fields_of(node)[NODE_OUTS] = outs;
    give(value, VALUE_DTYPE, args[10]);
    give(value, VALUE_SHAPE, shape);
    give(value, VALUE_ARRAY, Py_None);
    give(value, VALUE_NODE, node);
    give(value, VALUE_IS_PLAIN, Py_True);
    give(value, VALUE_TURNED, turned);
    give(value, VALUE_KIND, args[11]);
    PyList_SetItem(outs, 0, value); /* takes it over */
    return node;
}

int tm_py_own(PyObject *lazy, PyObject *value)
{
    PyObject *owner = PyWeakref_NewRef(lazy, NULL);
    int is_told = owner != NULL && PyObject_SetAttr(value, owner_name, owner) == 0;
    Py_XDECREF(owner);
    return is_told;
}

PyObject *tm_py_show(PyObject *example, PyObject *record, PyObject *value)
{
    PyObject *lazy = tm_py_new_like(example, LAZY_FIELDS, LAZY_FIELDS);
    if (lazy == NULL || !tm_py_own(lazy, value)) {
        Py_XDECREF(lazy);
        return NULL;
    }
    give(lazy, LAZY_RECORD, record);
    give(lazy, LAZY_VALUE, value);
    return lazy;
}

/* new_lazy(lazy, record, value) */
static PyObject *new_lazy(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (!has(count, 3) || !is_a(args[0], tm_py_lazy_type) || !is_a(args[2], tm_py_value_type)) return NULL;
    return tm_py_show(args[0], args[1], args[2]);
}

/* new_view(lazy, value, record, dtype, shape, array, is_plain, turned, kind) */
static PyObject *new_view(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (!has(count, 9) || !is_a(args[0], tm_py_lazy_type) || !is_a(args[1], tm_py_value_type)) return NULL;
    PyObject *value = tm_py_new_like(args[1], VALUE_GIVEN, VALUE_FIELDS);
    if (value == NULL) return NULL;
    for (int k = VALUE_DTYPE; k <= VALUE_ARRAY; k++) give(value, k, args[3 + k]);
    give(value, VALUE_NODE, Py_None);
    for (int k = VALUE_IS_PLAIN; k <= VALUE_KIND; k++) give(value, k, args[2 + k]);
    PyObject *lazy = tm_py_show(args[0], args[2], value);
    Py_DECREF(value);
    return lazy;
}

static PyMethodDef functions[] = {
    {"new_node", (PyCFunction)(void (*)(void))new_node, METH_FASTCALL, NULL},
    {"new_lazy", (PyCFunction)(void (*)(void))new_lazy, METH_FASTCALL, NULL},
    {"new_view", (PyCFunction)(void (*)(void))new_view, METH_FASTCALL, NULL},
    {"new_example", (PyCFunction)(void (*)(void))new_example, METH_FASTCALL, NULL},
};

#define NEW_TYPE(class, type, count)                                                                         \
    new_type("threadmill._native." class "Fields", count, type##_members, type##_traverse, type##_clear,     \
             type##_dealloc)

static PyObject *new_fields(void)
{
    owner_name = PyUnicode_InternFromString("owner");
    PyObject *made[] = {NEW_TYPE("Lazy", lazy, LAZY_FIELDS),    NEW_TYPE("Value", value, VALUE_FIELDS),
                        NEW_TYPE("Node", node, NODE_WORDS),     NEW_TYPE("Record", record, RECORD_FIELDS),
                        NEW_TYPE("State", state, STATE_FIELDS), NEW_TYPE("Plan", plan, PLAN_FIELDS),
                        PyCFunction_New(&functions[0], NULL),   PyCFunction_New(&functions[1], NULL),
                        PyCFunction_New(&functions[2], NULL),   PyCFunction_New(&functions[3], NULL)};
    PyTypeObject **types[] = {&tm_py_lazy_type,   &tm_py_value_type, &tm_py_node_type,
                              &tm_py_record_type, &tm_py_state_type, &tm_py_plan_type};
    int count = (int)(sizeof made / sizeof *made);
    PyObject *all = owner_name == NULL ? NULL : PyTuple_New(count);
    for (int k = 0; k < count; k++) {
        if (all == NULL || made[k] == NULL) return NULL;
        PyTuple_SetItem(all, k, made[k]);
    }
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) *types[k] = (PyTypeObject *)made[k];
    return all;
}

#undef NEW_TYPE

void *tm_py_fields(void)
{
    static PyObject *all; /* lives for ever; a second load of the package has the same */
    if (all == NULL) all = new_fields();
    return Py_XNewRef(all);
}
