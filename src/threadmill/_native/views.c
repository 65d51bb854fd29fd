/* How a view of an array that is there becomes a lazy array in one step: ``x[1:-1, 2:]``.
 *
 * Whatever has to be looked at is left to Python, which makes the same of such views as well, in three times the
 * time: fusion/elements.py says what else there is, fusion/nodes.py what a kind is.
 */
#include "fields.h"

/* view and prepare, in a tuple. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_views(void);

/* What the process has of everything below; set once, live for ever. */
static struct {
    PyObject *lazy, *value; /* what new ones are made like */
    PyObject *array;        /* the type of plain arrays */
    PyObject *dtypes;       /* a dict: native ones, by their numbers */
    PyObject *kinds;        /* a dict: by a dtype's number, shape and strides */
    PyObject *dtype, *num, *shape, *strides, *flags, *aligned;
} its;

static int is_part(PyObject *x)
{
    PyTypeObject *type = Py_TYPE(x);
    return type == &PySlice_Type || type == &PyLong_Type || x == Py_None || x == Py_Ellipsis;
}

/* Whether a key is a slice, or a tuple of slices, numbers, None and ``...``. A number alone may be asked for by
 * who shuffles rows. */
static int is_simple(PyObject *key)
{
    if (!PyTuple_CheckExact(key)) return Py_TYPE(key) == &PySlice_Type;
    for (Py_ssize_t k = 0, count = PyTuple_Size(key); k < count; k++)
        if (!is_part(PyTuple_GetItem(key, k))) return 0;
    return 1;
}

/* The kind of an aligned array with this native dtype, borrowed; NULL where that is not known. */
static PyObject *kind_of(PyObject *array, PyObject *dtype, PyObject *shape)
{
    PyObject *num = PyObject_GetAttr(dtype, its.num);
    PyObject *strides = num == NULL ? NULL : PyObject_GetAttr(array, its.strides);
    PyObject *key = strides == NULL ? NULL : PyTuple_Pack(3, num, shape, strides);
    PyObject *kind = NULL;
    if (key != NULL && PyDict_GetItemWithError(its.dtypes, num) == dtype)
        kind = PyDict_GetItemWithError(its.kinds, key);
    Py_XDECREF(key);
    Py_XDECREF(strides);
    Py_XDECREF(num);
    return kind;
}

static int is_aligned(PyObject *array)
{
    PyObject *flags = PyObject_GetAttr(array, its.flags);
    PyObject *aligned = flags == NULL ? NULL : PyObject_GetAttr(flags, its.aligned);
    Py_XDECREF(aligned); /* a truth value lives for ever */
    Py_XDECREF(flags);
    return aligned == Py_True;
}

/* The lazy array of an array with axes; None where Python has to look at it. */
static PyObject *new_lazy_of(PyObject *record, PyObject *array)
{
    PyObject *dtype = PyObject_GetAttr(array, its.dtype);
    PyObject *shape = dtype == NULL ? NULL : PyObject_GetAttr(array, its.shape);
    PyObject *kind = NULL, *lazy = NULL;
    if (shape != NULL && PyTuple_Size(shape) > 0) kind = Py_XNewRef(kind_of(array, dtype, shape));
    if (kind != NULL && is_aligned(array)) {
        PyObject *value = tm_py_new_like(its.value, VALUE_GIVEN, VALUE_FIELDS);
        if (value != NULL) {
            give(value, VALUE_DTYPE, dtype);
            give(value, VALUE_SHAPE, shape);
            give(value, VALUE_ARRAY, array);
            give(value, VALUE_NODE, Py_None);
            give(value, VALUE_IS_PLAIN, Py_True);
            give(value, VALUE_TURNED, PyTuple_GetItem(kind, 2));
            give(value, VALUE_KIND, kind);
            lazy = tm_py_show(its.lazy, record, value);
            Py_DECREF(value);
        }
    }
    Py_XDECREF(kind);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    return lazy != NULL || PyErr_Occurred() ? lazy : Py_NewRef(Py_None);
}

/* view(lazy, key): the lazy array of a view; None where Python has to look at it. */
static PyObject *view(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 2 || its.lazy == NULL || Py_TYPE(args[0]) != Py_TYPE(its.lazy)) {
        PyErr_SetString(PyExc_TypeError, "no lazy array and key");
        return NULL;
    }
    PyObject *record = fields_of(args[0])[LAZY_RECORD], *value = fields_of(args[0])[LAZY_VALUE];
#ifdef Py_GIL_DISABLED
    value = NULL; /* another thread may give it an array meanwhile */
#endif
    if (!is_of(record, tm_py_record_type) || !is_of(value, tm_py_value_type) || !is_simple(args[1]) ||
        fields_of(record)[RECORD_IS_OPEN] != Py_True || fields_of(value)[VALUE_BORROWED] != Py_False ||
        fields_of(value)[VALUE_ARRAY] == Py_None)
        return Py_NewRef(Py_None);
    PyObject *array = Py_NewRef(fields_of(value)[VALUE_ARRAY]);
    PyObject *found = PyObject_GetItem(array, args[1]);
    Py_DECREF(array);
    if (found == NULL) return NULL;
    PyObject *lazy =
        (PyObject *)Py_TYPE(found) == its.array ? new_lazy_of(record, found) : Py_NewRef(Py_None);
    Py_DECREF(found);
    return lazy;
}

/* prepare(lazy, value, array, dtypes, kinds): before any view */
static PyObject *prepare(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    PyObject **given[] = {&its.lazy, &its.value, &its.array, &its.dtypes, &its.kinds};
    const Py_ssize_t all = (Py_ssize_t)(sizeof given / sizeof *given);
    if (count != all || !is_of(args[0], tm_py_lazy_type) || !is_of(args[1], tm_py_value_type) ||
        !PyDict_Check(args[3]) || !PyDict_Check(args[4])) {
        PyErr_SetString(PyExc_TypeError, "no examples, or no dicts");
        return NULL;
    }
    tm_py_keep(given, args, (size_t)all);
    return Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"view", (PyCFunction)(void (*)(void))view, METH_FASTCALL, NULL},
    {"prepare", (PyCFunction)(void (*)(void))prepare, METH_FASTCALL, NULL},
};

void *tm_py_views(void)
{
    static const char *const names[] = {"dtype", "num", "shape", "strides", "flags", "aligned"};
    PyObject **places[] = {&its.dtype, &its.num, &its.shape, &its.strides, &its.flags, &its.aligned};
    if (!tm_py_intern(places, names, sizeof names / sizeof *names)) return NULL;
    return tm_py_new_functions(functions, sizeof functions / sizeof *functions);
}
