/*
 * A door: a callable in front of a function of NumPy's and a Python function of ours. It looks at the arguments,
 * and calls NumPy's function with them as they are where they are small, and ours with all others. No frame is
 * between NumPy and the user then, so that results, warnings and errors are NumPy's own.
 *
 * A plain array is asked for its attributes `nbytes`, `ndim`, `dtype.num` and `flags.forc`, by name: nothing here
 * depends on how NumPy lays an array out. Where in doubt, a call is ours, which is right for all arguments.
 */
#include "door.h"

/* A new type. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_door_type(void);

/* Calls NumPy's function without the keywords that it does not know. */
static PyObject *tm_py_call_numpys(tm_py_door *door, PyObject *args, PyObject *options)
{
    PyObject *known = NULL; /* a copy, once there is something to leave out */
    for (Py_ssize_t k = 0; options != NULL && k < PyTuple_Size(door->keywords); k++) {
        PyObject *name = PyTuple_GetItem(door->keywords, k);
        if (PyDict_Contains(options, name) != 1) continue;
        if (known == NULL && (known = PyDict_Copy(options)) == NULL) return NULL;
        if (PyDict_DelItem(known, name) < 0) PyErr_Clear();
    }
    PyErr_Clear();
    PyObject *result = PyObject_Call(door->numpys, args, known == NULL ? options : known);
    Py_XDECREF(known);
    return result;
}

/* Whether a call is ours whatever its arguments are: it is watched, or has a keyword that NumPy does not know. */
static int tm_py_is_ours(tm_py_door *door, PyObject *options)
{
    if (PyList_Size(door->watchers) != 0) return 1;
    Py_ssize_t names = options == NULL ? 0 : PyTuple_Size(door->keywords);
    for (Py_ssize_t k = 0; k < names; k++)
        if (PyDict_Contains(options, PyTuple_GetItem(door->keywords, k)) != 0) return 1;
    return 0;
}

static PyObject *tm_py_door_call(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    if (door->numpys == NULL) {
        PyErr_SetString(PyExc_TypeError, "a door that has not been made can't be called");
        return NULL;
    }
    int is_for_numpy = !tm_py_is_ours(door, options) &&
                       (tm_py_is_for_numpy(self, args, options) || tm_py_is_counted(self, args, options));
    PyErr_Clear();
    if (is_for_numpy) return PyObject_Call(door->numpys, args, options);
    PyObject *ours = PyObject_GetAttr(self, door->ours);
    PyObject *result = ours == NULL ? NULL : PyObject_Call(ours, args, options);
    Py_XDECREF(ours);
    if (result == NULL || result != door->by_numpy) return result;
    Py_DECREF(result);
    return tm_py_call_numpys(door, args, options);
}

static int tm_py_door_init(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *given[6], *usual = Py_None, *takes = NULL;
    Py_ssize_t times, least, pieces = 0, most = 0, whole = -1, alone = -1, only = -1, arguments = 1;
    int is_alike = 0;
    if (door->numpys != NULL || (options != NULL && PyDict_Size(options) != 0)) {
        PyErr_SetString(PyExc_TypeError, "a door is made once, of arguments by position");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOO!OOO!nn|nnnOnpnnO!", &given[0], &given[1], &PyList_Type, &given[2],
                          &given[3], &given[4], &PyTuple_Type, &given[5], &times, &least, &pieces, &most,
                          &whole, &usual, &alone, &is_alike, &only, &arguments, &PyDict_Type, &takes))
        return -1;
    if (times < 0 || pieces < 0 || (given[4] != Py_None && !PyFrozenSet_Check(given[4])) ||
        (!times && given[4] == Py_None) || (is_alike && (!pieces || given[4] == Py_None))) {
        PyErr_SetString(PyExc_TypeError,
                        "a door takes a frozenset of types, or None where it does not multiply or compare");
        return -1;
    }
    for (int k = 0; k < 6; k++) Py_INCREF(given[k]);
    Py_INCREF(usual);
    Py_XINCREF(takes);
    door->ours = PyUnicode_InternFromString("_ours");
    door->nbytes = PyUnicode_InternFromString("nbytes");
    door->dtype = PyUnicode_InternFromString("dtype");
    door->num = PyUnicode_InternFromString("num");
    door->worth = PyUnicode_InternFromString("_worth");
    door->flags = PyUnicode_InternFromString("flags");
    door->forc = PyUnicode_InternFromString("forc");
    door->c_contiguous = PyUnicode_InternFromString("c_contiguous");
    door->ndim = PyUnicode_InternFromString("ndim");
    door->shape = PyUnicode_InternFromString("shape");
    door->strides = PyUnicode_InternFromString("strides");
    door->axis = PyUnicode_InternFromString("axis");
    door->usual = usual;
    door->whole = whole;
    door->alone = alone;
    door->arguments = arguments;
    door->is_alike = is_alike;
    door->only = only;
    door->takes = takes;
    door->pieces = pieces;
    door->most = most;
    door->by_numpy = given[1];
    door->watchers = given[2];
    door->array = given[3];
    door->simple = given[4];
    door->keywords = given[5];
    door->times = times;
    door->least = least;
    door->numpys = given[0];
    int has_names = door->ours && door->nbytes && door->dtype && door->num && door->worth;
    return has_names && door->flags && door->forc && door->c_contiguous && door->ndim && door->shape &&
                   door->strides && door->axis
               ? 0
               : -1;
}

/* door._kind(args, options) */
static PyObject *tm_py_door_kind(PyObject *self, PyObject *given)
{
    PyObject *args, *options;
    if (!PyArg_ParseTuple(given, "O!O!", &PyTuple_Type, &args, &PyDict_Type, &options)) return NULL;
    if (((tm_py_door *)self)->numpys != NULL) return tm_py_kind_of_call(self, args, options);
    PyErr_SetString(PyExc_TypeError, "a door that has not been made knows no kinds");
    return NULL;
}

static int tm_py_door_traverse(PyObject *self, visitproc visit, void *arg)
{
    tm_py_door *door = (tm_py_door *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(door->numpys);
    Py_VISIT(door->by_numpy);
    Py_VISIT(door->watchers);
    Py_VISIT(door->array);
    Py_VISIT(door->simple);
    Py_VISIT(door->keywords);
    Py_VISIT(door->usual);
    Py_VISIT(door->takes);
    Py_VISIT(door->counts);
    return 0;
}

/* NumPy's function alone closes a cycle. Without it the door is one that has not been made. */
static int tm_py_door_clear(PyObject *self)
{
    Py_CLEAR(((tm_py_door *)self)->numpys);
    return 0;
}

static void tm_py_door_free(PyObject *self)
{
    tm_py_door *door = (tm_py_door *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *held[] = {door->numpys, door->ours,     door->by_numpy, door->watchers, door->array,
                        door->simple, door->keywords, door->nbytes,   door->dtype,    door->num,
                        door->worth,  door->flags,    door->forc,     door->ndim,     door->shape,
                        door->axis,   door->usual,    door->takes,    door->counts,   door->c_contiguous,
                        door->strides};
    PyObject_GC_UnTrack(self);
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) Py_XDECREF(held[k]);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

void *tm_py_door_type(void)
{
    static PyMemberDef members[] = {
        {"_least", T_PYSSIZET, offsetof(tm_py_door, least), 0, NULL},
        {"_counts", T_OBJECT, offsetof(tm_py_door, counts), 0, NULL},
        {"_tells_values", T_BOOL, offsetof(tm_py_door, tells_values), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyMethodDef methods[] = {
        {"_kind", tm_py_door_kind, METH_VARARGS, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyType_Slot slots[] = {
        {Py_tp_call, (void *)tm_py_door_call},
        {Py_tp_init, (void *)tm_py_door_init},
        {Py_tp_traverse, (void *)tm_py_door_traverse},
        {Py_tp_clear, (void *)tm_py_door_clear},
        {Py_tp_dealloc, (void *)tm_py_door_free},
        {Py_tp_members, members},
        {Py_tp_methods, methods},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "threadmill._native.door.Door",
        .basicsize = sizeof(tm_py_door),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    return PyType_FromSpec(&spec);
}
