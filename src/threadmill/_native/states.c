/* fusion/warned.py has the same in Python, for operations that Python looks at, and says what a state is. */
#include "states.h"

/* What the process has of everything below; set once, live for ever. */
static struct {
    PyObject *handling;                /* gives the token of how errors are handled now */
    PyObject *warnings;                /* the names in the module, or None where filters are the context's */
    PyObject *frame;                   /* gives a frame by how many are between */
    PyObject *explicit;                /* warnings.warn_explicit */
    PyObject *room;                    /* the package whose frames are not the user's */
    PyObject *filters, *show, *record; /* names */
} its;

static int is_named(PyObject *names, PyObject *name, PyObject *x)
{
    return PyDict_GetItemWithError(names, name) == x;
}

int tm_py_is_now(PyObject *state)
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

int tm_py_is_version(PyObject *asked)
{
    if (asked == Py_None) return 1;
    PyObject *said = PyObject_CallObject(its.explicit, asked);
    if (said == NULL) PyErr_Clear(); /* it has failed as there */
    Py_XDECREF(said);
    return said != NULL;
}

PyObject *tm_py_place_now(void)
{
    return tm_py_new_place(its.frame, its.room);
}

int tm_py_prepare_states(PyObject *const *args)
{
    static const char *const names[] = {"filters", "showwarning", "_showwarnmsg_impl"};
    PyObject **places[] = {&its.filters, &its.show, &its.record};
    if (!tm_py_intern(places, names, sizeof names / sizeof *names)) return 0;
    PyObject **given[] = {&its.handling, &its.warnings, &its.frame, &its.explicit, &its.room};
    tm_py_keep(given, args, sizeof given / sizeof *given);
    return 1;
}
