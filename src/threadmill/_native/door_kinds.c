/* The kinds of a door's calls: what their arguments are like, by which some are counted. A kind is a number that is mixed
 * of all this. Two kinds may have one number, as nothing but time depends on it. */
#include "door.h"

static uint64_t tm_py_mixed(uint64_t kind, uint64_t more)
{
    kind = (kind ^ more) * 0x9e3779b97f4a7c15u;
    return kind ^ kind >> 29;
}

/* Mixes an attribute's hash in; 0: an error is set. */
static int tm_py_mix_attribute(uint64_t *kind, PyObject *x, PyObject *name)
{
    PyObject *found = PyObject_GetAttr(x, name);
    Py_hash_t hash = found == NULL ? -1 : PyObject_Hash(found);
    Py_XDECREF(found);
    *kind = tm_py_mixed(*kind, (uint64_t)hash);
    return hash != -1;
}

/* An array's shape and its dtype's number. */
static int tm_py_mix_array(uint64_t *kind, tm_py_door *door, PyObject *x)
{
    PyObject *dtype = PyObject_GetAttr(x, door->dtype);
    int is_mixed = dtype != NULL && tm_py_mix_attribute(kind, dtype, door->num) &&
                   tm_py_mix_attribute(kind, x, door->shape);
    Py_XDECREF(dtype);
    return is_mixed;
}

/* What a class with labels is of, as well as its type: self._kind_of tells it. */
static int tm_py_mix_other(uint64_t *kind, PyObject *self, PyObject *x)
{
    PyObject *found = PyObject_CallMethod(self, "_kind_of", "(O)", x);
    Py_hash_t hash = found == NULL ? -1 : PyObject_Hash(found);
    Py_XDECREF(found);
    *kind = tm_py_mixed(*kind, (uint64_t)hash);
    return hash != -1;
}

static int tm_py_mix(uint64_t *kind, PyObject *self, PyObject *x)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *type = (PyObject *)Py_TYPE(x);
    *kind = tm_py_mixed(*kind, (uintptr_t)type);
    if (type == door->array) return tm_py_mix_array(kind, door, x);
    int is_simple = door->simple == Py_None ? 1 : PySet_Contains(door->simple, type);
    return is_simple == 0 ? tm_py_mix_other(kind, self, x) : is_simple > 0;
}

PyObject *tm_py_kind_of_call(PyObject *self, PyObject *args, PyObject *options)
{
    uint64_t kind = 0;
    for (Py_ssize_t k = 0; k < PyTuple_Size(args); k++)
        if (!tm_py_mix(&kind, self, PyTuple_GetItem(args, k))) return NULL;
    PyObject *x;
    for (Py_ssize_t k = 0; options != NULL && PyDict_Next(options, &k, NULL, &x);)
        if (!tm_py_mix(&kind, self, x)) return NULL;
    return PyLong_FromUnsignedLongLong(kind >> 4); /* of two digits */
}

/* An error is none here: it is met again by who makes the call. */
int tm_py_is_counted(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *counts = door->counts;
    if (counts == NULL || !PyDict_Check(counts) || PyDict_Size(counts) == 0) return 0;
    if (PyList_Size(door->watchers) != 0) return 0;
    Py_INCREF(counts);
    PyObject *kind = tm_py_kind_of_call(self, args, options);
    PyObject *found = kind == NULL ? NULL : tm_py_new_item(counts, kind);
    long left = found == NULL ? 0 : PyLong_AsLong(found);
    PyObject *fewer = left <= 0 ? NULL : PyLong_FromLong(left - 1);
    int is_counted = fewer != NULL && PyDict_SetItem(counts, kind, fewer) == 0;
    Py_XDECREF(fewer);
    Py_XDECREF(found);
    Py_XDECREF(kind);
    Py_DECREF(counts);
    return is_counted;
}
