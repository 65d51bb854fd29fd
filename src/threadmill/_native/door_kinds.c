/* The kinds of a door's calls: what their arguments are like, by which some are counted. A kind is a number that is mixed
 * of all this. Two kinds may have one number, as nothing but time depends on it. */
#include "door.h"

/* What keeps a kind from being known: an error, which is set, or an argument whose value can't be told. */
enum { TM_PY_ERROR = -1, TM_PY_UNKNOWN = 0, TM_PY_KNOWN = 1 };

/* Elements of a list that are told. */
enum { TM_PY_TOLD = 8 };

static uint64_t tm_py_mixed(uint64_t kind, uint64_t more)
{
    kind = (kind ^ more) * 0x9e3779b97f4a7c15u;
    return kind ^ kind >> 29;
}

/* Mixes the hash of a new object in, which is NULL where there is an error. */
static int tm_py_mix_hash(uint64_t *kind, PyObject *found)
{
    Py_hash_t hash = found == NULL ? -1 : PyObject_Hash(found);
    Py_XDECREF(found);
    *kind = tm_py_mixed(*kind, (uint64_t)hash);
    return hash == -1 ? TM_PY_ERROR : TM_PY_KNOWN;
}

/* An array's shape and its dtype's number, and its strides where values are told. */
static int tm_py_mix_array(uint64_t *kind, tm_py_door *door, PyObject *x)
{
    PyObject *dtype = PyObject_GetAttr(x, door->dtype);
    int known = dtype == NULL ? TM_PY_ERROR : tm_py_mix_hash(kind, PyObject_GetAttr(dtype, door->num));
    Py_XDECREF(dtype);
    if (known == TM_PY_KNOWN) known = tm_py_mix_hash(kind, PyObject_GetAttr(x, door->shape));
    if (known != TM_PY_KNOWN || !door->tells_values) return known;
    return tm_py_mix_hash(kind, PyObject_GetAttr(x, door->strides));
}

static int tm_py_mix(uint64_t *kind, PyObject *self, PyObject *x, int is_inside);

/* Types of which a hash runs no code of the user's. */
static int tm_py_is_value(tm_py_door *door, PyObject *x)
{
    PyTypeObject *type = Py_TYPE(x);
    if (x == Py_None || type == &PyLong_Type || type == &PyFloat_Type || type == &PyBool_Type) return 1;
    if (type == &PyUnicode_Type || type == &PyType_Type) return 1;
    return door->simple != Py_None && PySet_Contains(door->simple, (PyObject *)type) == 1;
}

/* The value of what is no array, or the elements of a list. */
static int tm_py_mix_value(uint64_t *kind, PyObject *self, PyObject *x, int is_inside)
{
    PyTypeObject *type = Py_TYPE(x);
    if (type != &PyTuple_Type && type != &PyList_Type) {
        if (!tm_py_is_value((tm_py_door *)self, x)) return TM_PY_UNKNOWN;
        Py_INCREF(x);
        return tm_py_mix_hash(kind, x);
    }
    Py_ssize_t count = PySequence_Size(x);
    int known = is_inside || count > TM_PY_TOLD ? TM_PY_UNKNOWN : TM_PY_KNOWN;
    for (Py_ssize_t k = 0; k < count && known == TM_PY_KNOWN; k++) {
        PyObject *each = PySequence_GetItem(x, k); /* another thread may change a list */
        known = each == NULL ? TM_PY_ERROR : tm_py_mix(kind, self, each, 1);
        Py_XDECREF(each);
    }
    return known;
}

/* One argument, or an element of one. What a class with labels is of, as well as its type, self._kind_of tells. */
static int tm_py_mix(uint64_t *kind, PyObject *self, PyObject *x, int is_inside)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *type = (PyObject *)Py_TYPE(x);
    *kind = tm_py_mixed(*kind, (uintptr_t)type);
    if (type == door->array) return tm_py_mix_array(kind, door, x);
    if (door->tells_values) return tm_py_mix_value(kind, self, x, is_inside);
    int is_simple = door->simple == Py_None ? 1 : PySet_Contains(door->simple, type);
    return is_simple == 0 ? tm_py_mix_hash(kind, PyObject_CallMethod(self, "_kind_of", "(O)", x)) : is_simple;
}

PyObject *tm_py_kind_of_call(PyObject *self, PyObject *args, PyObject *options)
{
    uint64_t kind = 0;
    int known = TM_PY_KNOWN;
    PyObject *name, *x;
    for (Py_ssize_t k = 0; k < PyTuple_Size(args) && known == TM_PY_KNOWN; k++)
        known = tm_py_mix(&kind, self, PyTuple_GetItem(args, k), 0);
    for (Py_ssize_t k = 0; known == TM_PY_KNOWN && options != NULL && PyDict_Next(options, &k, &name, &x);) {
        kind = tm_py_mixed(kind, (uint64_t)PyObject_Hash(name));
        known = tm_py_mix(&kind, self, x, 0);
    }
    if (known == TM_PY_ERROR) return NULL;
    if (known == TM_PY_KNOWN) return PyLong_FromUnsignedLongLong(kind >> 4); /* of two digits */
    Py_INCREF(Py_None);
    return Py_None;
}

/* An error is none here: it is met again by who makes the call. */
int tm_py_is_counted(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *counts = door->counts;
    if (counts == NULL || !PyDict_Check(counts) || PyDict_Size(counts) == 0) return 0;
    if (door->tells_values && __atomic_load_n(&door->least, __ATOMIC_RELAXED) <= 0) return 0;
    Py_INCREF(counts);
    PyObject *kind = tm_py_kind_of_call(self, args, options);
    PyObject *found = kind == NULL || kind == Py_None ? NULL : tm_py_new_item(counts, kind);
    long left = found == NULL ? 0 : PyLong_AsLong(found);
    PyObject *fewer = left <= 0 ? NULL : PyLong_FromLong(left - 1);
    int is_counted = fewer != NULL && PyDict_SetItem(counts, kind, fewer) == 0;
    Py_XDECREF(fewer);
    Py_XDECREF(found);
    Py_XDECREF(kind);
    Py_DECREF(counts);
    return is_counted;
}
