/* How lazy arrays, values, nodes, records, states and plans are laid out, for the C files of this room. */
#ifndef TM_FIELDS_H
#define TM_FIELDS_H

#include "limited_api.h"

/* In the order in which they are given; the others follow. */
enum { LAZY_RECORD, LAZY_VALUE, LAZY_FIELDS };
enum {
    VALUE_DTYPE,
    VALUE_SHAPE,
    VALUE_ARRAY,
    VALUE_NODE,
    VALUE_IS_PLAIN,
    VALUE_TURNED,
    VALUE_KIND,
    VALUE_GIVEN,
    VALUE_BORROWED = VALUE_GIVEN + 2,
    VALUE_FIELDS = VALUE_GIVEN + 6
};
enum {
    NODE_LOOP,
    NODE_NAME,
    NODE_INPUTS,
    NODE_SHAPE,
    NODE_REPORTS,
    NODE_PLACE,
    NODE_STATE,
    NODE_TURNED,
    NODE_SPACE,
    NODE_OUTS,
    NODE_GIVEN,
    NODE_REUSED = NODE_GIVEN + 2,
    NODE_OVER,
    NODE_FIELDS = NODE_GIVEN + 5,
    NODE_THREAD = NODE_FIELDS, /* of some examples: whose they are; no object, but a word */
    NODE_WORDS
};
enum {
    RECORD_PENDING,
    RECORD_IS_OPEN,
    RECORD_IS_URGENT,
    RECORD_HAS_ROWS,
    RECORD_EXPOSED,
    RECORD_STATE,
    RECORD_LIKE,
    RECORD_FIELDS
};
enum {
    STATE_TOKEN,
    STATE_LIST,
    STATE_COUNT,
    STATE_FIRST,
    STATE_SHOW,
    STATE_RECORD,
    STATE_AT_ONCE,
    STATE_BITS,
    STATE_ASKED,
    STATE_FIELDS
};
enum {
    PLAN_IS_SIMPLE,
    PLAN_NODE,
    PLAN_VALUE,
    PLAN_NUMBER_IN,
    PLAN_INPUTS,
    PLAN_TAKES_FIRST,
    PLAN_TAKES_SECOND,
    PLAN_FIELDS
};

extern PyTypeObject *tm_py_lazy_type, *tm_py_value_type, *tm_py_node_type; /* live for ever */
extern PyTypeObject *tm_py_record_type, *tm_py_state_type, *tm_py_plan_type;

static inline PyObject **fields_of(PyObject *self)
{
    return (PyObject **)(void *)((char *)self + sizeof(PyObject));
}

static inline PyObject *field(PyObject *self, int k)
{
    return fields_of(self)[k];
}

/* Whether an object is of the class, whose fields are set then but for those that nobody has set. */
static inline int is_of(PyObject *x, PyTypeObject *type)
{
    return x != NULL && PyType_IsSubtype(Py_TYPE(x), type);
}

/* Gives a field that is not set yet. */
static inline void give(PyObject *made, int k, PyObject *x)
{
    fields_of(made)[k] = Py_NewRef(x);
}

static inline PyObject *this_thread(void)
{
    return (PyObject *)(uintptr_t)PyThread_get_thread_ident();
}

/* Whose fields from `given` on are the example's, and whose first ones are not set. */
PyObject *tm_py_new_like(PyObject *example, int given, int count);

/* Puts another object into a field that is set. */
static inline void change(PyObject *made, int k, PyObject *x)
{
    PyObject *before = field(made, k);
    give(made, k, x);
    Py_XDECREF(before);
}

/* Has the value learn which lazy array shows it; false: an error is set. */
int tm_py_own(PyObject *lazy, PyObject *value);

/* The lazy array that shows a value, which learns of it; takes nothing over. */
PyObject *tm_py_show(PyObject *example, PyObject *record, PyObject *value);

/* The place of the frame that has called the one that has called C, or of the nearest one before it outside the
 * room, a package's name; `frame_of` gives a frame by how many are between. Called by C of one thread at a time. */
PyObject *tm_py_new_place(PyObject *frame_of, PyObject *room);

#endif
