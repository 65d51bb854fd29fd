/* What a door holds: door.c tells what one is. */
#ifndef TM_DOOR_H
#define TM_DOOR_H

#include "limited_api.h"

typedef struct {
    PyObject_HEAD
        /* Set once, by tp_init, before anybody else has the object; NULL before. */
        PyObject *numpys; /* called with what is small */
    PyObject *ours;       /* the name of the attribute that is called with the rest */
    PyObject *by_numpy;   /* what that one returns to have NumPy called after all */
    PyObject *watchers;   /* a list; while it has members all calls are ours */
    PyObject *array;      /* the type of plain arrays */
    PyObject
        *simple; /* a set of types that hold no array; None: whatever is no plain array is left to NumPy */
    PyObject *keywords;             /* a tuple of names that NumPy does not know, or takes otherwise */
    PyObject *takes;                /* a dict: by a number's type, the dtypes' numbers that it takes on */
    PyObject *nbytes, *dtype, *num; /* names of attributes */
    PyObject *worth, *flags, *forc, *c_contiguous, *ndim, *shape, *strides, *axis;
    PyObject *usual;   /* the axis where none is given */
    PyObject *counts;  /* a dict: by the kind of a call, so many more that are NumPy's; or None, or
                          NULL. Set once, before anybody calls the door; any thread changes its items */
    char tells_values; /* kinds tell numbers, names and strides as well. Set once, with `counts` */
    Py_ssize_t times;  /* our work at most for each byte; 0: for each product of arrays and numbers */
    Py_ssize_t pieces; /* of an array in pieces so many times its dtype's worth; 0: no such look */
    Py_ssize_t most;   /* what that is where it is not known */
    Py_ssize_t whole;  /* what `least` is for calls over all elements, and of arrays of one axis; or -1 */
    Py_ssize_t alone;  /* what `least` is for calls of so many arguments and no options; or -1 */
    Py_ssize_t arguments;
    Py_ssize_t only; /* the one argument by position whose array counts; or -1 */
    int is_alike; /* arrays of several shapes or orders, too, gain from so many times the worth on as in pieces */
    Py_ssize_t least; /* bytes from which on a call is ours; any thread may write it */
} tm_py_door;

/* An item of a dict; NULL where there is none. */
static inline PyObject *tm_py_new_item(PyObject *dict, PyObject *key)
{
    PyObject *found;
#ifdef Py_GIL_DISABLED
    if (PyDict_GetItemRef(dict, key, &found) < 0) return NULL;
#else
    found = PyDict_GetItemWithError(dict, key);
    Py_XINCREF(found);
#endif
    return found;
}

/* Whether NumPy makes a call of a door for its size, or for what it is of: see Door in door.py. The call is not watched,
 * and has none of the keywords. */
int tm_py_is_for_numpy(PyObject *self, PyObject *args, PyObject *options);

/* The kind of a call, as Door in door.py tells it. */
PyObject *tm_py_kind_of_call(PyObject *self, PyObject *args, PyObject *options);

/* Whether a call is one of those that are NumPy's by the counts, which it counts down. */
int tm_py_is_counted(PyObject *self, PyObject *args, PyObject *options);

#endif
