/* Where in the user's program an operation stands: place_of_user in fusion/warned.py. */
#include "fields.h"

static struct {
    PyObject *one, *package, *f_globals, *f_back, *f_code, *f_lasti; /* live for ever */
} its;

/* Whether a frame of this room has been called from another one, `*back`. */
static int is_inside(PyObject *names, PyObject *frame, PyObject *room, PyObject **back)
{
    PyObject *package = PyDict_GetItemWithError(names, its.package);
    *back = NULL;
    if (package == NULL || !PyUnicode_Check(package) || PyUnicode_Compare(package, room) != 0) return 0;
    *back = PyObject_GetAttr(frame, its.f_back);
    return *back != NULL && *back != Py_None;
}

PyObject *tm_py_new_place(PyObject *frame_of, PyObject *room)
{
    static const char *const texts[] = {"__package__", "f_globals", "f_back", "f_code", "f_lasti"};
    PyObject **names_of[] = {&its.package, &its.f_globals, &its.f_back, &its.f_code, &its.f_lasti};
    if (!tm_py_intern(names_of, texts, sizeof texts / sizeof *texts)) return NULL;
    if (its.one == NULL && (its.one = PyLong_FromLong(1)) == NULL) return NULL;
    PyObject *frame = PyObject_CallFunctionObjArgs(frame_of, its.one, NULL), *back = NULL;
    PyObject *names = frame == NULL ? NULL : PyObject_GetAttr(frame, its.f_globals);
    while (names != NULL && is_inside(names, frame, room, &back)) {
        Py_DECREF(names);
        Py_DECREF(frame);
        frame = back;
        back = NULL;
        names = PyObject_GetAttr(frame, its.f_globals);
    }
    Py_XDECREF(back);
    PyObject *code = names == NULL ? NULL : PyObject_GetAttr(frame, its.f_code);
    PyObject *last = code == NULL ? NULL : PyObject_GetAttr(frame, its.f_lasti);
    PyObject *place = last == NULL ? NULL : PyTuple_Pack(3, code, last, names);
    Py_XDECREF(last);
    Py_XDECREF(code);
    Py_XDECREF(names);
    Py_XDECREF(frame);
    return place;
}
