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

/* Refers to what the process has from here on, instead of what a package had that has been loaded before. */
static inline void tm_py_keep(PyObject **const *places, PyObject *const *given, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        PyObject *before = *places[k];
        *places[k] = Py_NewRef(given[k]);
        Py_XDECREF(before);
    }
}

/* Functions in a tuple. */
static inline PyObject *tm_py_new_functions(PyMethodDef *functions, size_t count)
{
    PyObject *all = PyTuple_New((Py_ssize_t)count);
    for (size_t k = 0; all != NULL && k < count; k++) {
        PyObject *made = PyCFunction_New(&functions[k], NULL);
        if (made == NULL)
            Py_CLEAR(all);
        else
            PyTuple_SetItem(all, (Py_ssize_t)k, made); /* takes it over */
    }
    return all;
}

#endif
