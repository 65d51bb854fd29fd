/* Python.h under the limited API, one binary for every CPython from 3.10 on, but for those without the GIL; and what the
 * C files of this room begin with. */
#ifndef TM_LIMITED_API_H
#define TM_LIMITED_API_H

#include <pyconfig.h>

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030a0000
#endif
#include <Python.h>
#include <structmember.h>

/* Makes the names that are not there yet; false: an error is set. */
static inline int tm_py_intern(PyObject **const *places, const char *const *names, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (*places[k] == NULL && (*places[k] = PyUnicode_InternFromString(names[k])) == NULL) return 0;
    return 1;
}

/* Two functions in a tuple. */
static inline PyObject *tm_py_new_pair(PyMethodDef *functions)
{
    PyObject *first = PyCFunction_New(&functions[0], NULL), *second = PyCFunction_New(&functions[1], NULL);
    PyObject *both = first == NULL || second == NULL ? NULL : PyTuple_Pack(2, first, second);
    Py_XDECREF(second);
    Py_XDECREF(first);
    return both;
}

#endif
