/*
 * A door: a callable in front of a function of NumPy's and a Python function of ours. It looks at the arguments,
 * and calls NumPy's function with them as they are where they are small, and ours with all others. No frame is
 * between NumPy and the user then, so that results, warnings and errors are NumPy's own.
 *
 * A plain array is asked for its attributes `nbytes`, `ndim`, `dtype.num` and `flags.forc`, by name: nothing here
 * depends on how NumPy lays an array out. Where in doubt, a call is ours, which is right for all arguments.
 */
#include "limited_api.h"

/* A new type. Called with the GIL, as Python functions are: by ctypes. */
void *tm_py_door_type(void);

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
    PyObject *worth, *flags, *forc, *ndim, *axis;
    PyObject *usual;   /* the axis where none is given */
    Py_ssize_t times;  /* our work at most for each byte; 0: for each product of arrays and numbers */
    Py_ssize_t pieces; /* of an array in pieces so many times its dtype's worth; 0: no such look */
    Py_ssize_t most;   /* what that is where it is not known */
    Py_ssize_t whole;  /* what `least` is for calls over all elements, and of arrays of one axis; or -1 */
    Py_ssize_t least;  /* bytes from which on a call is ours; any thread may write it */
} tm_py_door;

/* Elements of a list that are looked at, and bytes of one that an array is filled with. */
enum { TM_PY_LIST = 8, TM_PY_ITEM = 16 };

/* Above all sizes: no call is ours for its size. */
#define TM_PY_NEVER ((Py_ssize_t)1 << 62)

/* An attribute that is a number; -1 where there is none. */
static Py_ssize_t tm_py_number_of(PyObject *x, PyObject *name)
{
    PyObject *found = PyObject_GetAttr(x, name);
    Py_ssize_t number = found == NULL ? -1 : PyLong_AsSsize_t(found);
    Py_XDECREF(found);
    if (number < 0) PyErr_Clear();
    return number;
}

/* An attribute of an attribute; NULL where there is none. */
static PyObject *tm_py_inner_of(PyObject *x, PyObject *outer, PyObject *name)
{
    PyObject *between = PyObject_GetAttr(x, outer);
    PyObject *found = between == NULL ? NULL : PyObject_GetAttr(between, name);
    Py_XDECREF(between);
    if (found == NULL) PyErr_Clear();
    return found;
}

/* The bytes from which on calls of an array's dtype are ours, where self.worth has them; else -1. */
static Py_ssize_t tm_py_worth_of(PyObject *self, PyObject *array)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *num = tm_py_inner_of(array, door->dtype, door->num);
    PyObject *worth = num == NULL ? NULL : PyObject_GetAttr(self, door->worth);
    PyObject *found = NULL;
    if (worth != NULL && worth != Py_None) {
#ifdef Py_GIL_DISABLED
        if (PyDict_GetItemRef(worth, num, &found) < 0) found = NULL;
#else
        found = PyDict_GetItemWithError(worth, num);
        Py_XINCREF(found);
#endif
    }
    Py_ssize_t bytes = found == NULL ? -1 : PyLong_AsSsize_t(found);
    Py_XDECREF(found);
    Py_XDECREF(worth);
    Py_XDECREF(num);
    if (bytes < 0) PyErr_Clear();
    return bytes;
}

/* So many times a worth; no call is ours for more. */
static Py_ssize_t tm_py_times(Py_ssize_t worth, Py_ssize_t times)
{
    return worth < TM_PY_NEVER / times ? worth * times : TM_PY_NEVER;
}

static int tm_py_is_in_pieces(tm_py_door *door, PyObject *array)
{
    PyObject *forc = tm_py_inner_of(array, door->flags, door->forc);
    int is_in_pieces = forc == Py_False;
    Py_XDECREF(forc);
    return is_in_pieces;
}

static int tm_py_is_small_array(PyObject *self, PyObject *x, Py_ssize_t least)
{
    tm_py_door *door = (tm_py_door *)self;
    Py_ssize_t nbytes = tm_py_number_of(x, door->nbytes);
    if (nbytes < 0 || least == 0) return 0;
    if (nbytes < least / (door->times ? door->times : 1)) return 1;
    Py_ssize_t worth = tm_py_worth_of(self, x);
    if (nbytes < worth) return 1;
    if (worth < 0) worth = door->most;
    return door->pieces && nbytes < tm_py_times(worth, door->pieces) && tm_py_is_in_pieces(door, x);
}

/* Whether the first argument is an array, and the second a number that takes on its dtype. */
static int tm_py_takes_on(tm_py_door *door, PyObject *args)
{
    PyObject *x = PyTuple_Size(args) < 2 ? NULL : PyTuple_GetItem(args, 0);
    if (x == NULL || (PyObject *)Py_TYPE(x) != door->array) return 0;
    PyObject *dtypes = PyDict_GetItemWithError(door->takes, (PyObject *)Py_TYPE(PyTuple_GetItem(args, 1)));
    PyObject *num = dtypes == NULL ? NULL : tm_py_inner_of(x, door->dtype, door->num);
    int takes_on = num != NULL && PySet_Contains(dtypes, num) == 1;
    Py_XDECREF(num);
    return takes_on;
}

/* The room for a product: what calls of the first array's dtype are worth, where that is known. */
static Py_ssize_t tm_py_room_of(PyObject *self, PyObject *args, Py_ssize_t least)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *x = PyTuple_Size(args) == 0 ? NULL : PyTuple_GetItem(args, 0);
    int is_known = door->pieces && x != NULL && (PyObject *)Py_TYPE(x) == door->array;
    Py_ssize_t worth = is_known ? tm_py_worth_of(self, x) : -1, room = least / TM_PY_ITEM;
    Py_ssize_t known = worth < 0 ? room : tm_py_times(worth, door->pieces);
    return known < room ? known : room;
}

/* Whether an argument is small; elements of lists and tuples are looked at where types are told. */
static int tm_py_is_small(PyObject *self, PyObject *x, Py_ssize_t least, int is_inside)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *type = (PyObject *)Py_TYPE(x);
    if (type == door->array) return tm_py_is_small_array(self, x, least);
    if (door->simple == Py_None) return 1;
    int is_tuple = type == (PyObject *)&PyTuple_Type;
    if (is_tuple || type == (PyObject *)&PyList_Type) {
        Py_ssize_t count = is_tuple ? PyTuple_Size(x) : PyList_Size(x);
        if (is_inside || count > TM_PY_LIST) return 0;
        for (Py_ssize_t k = 0; k < count; k++) {
            PyObject *each = PySequence_GetItem(x, k); /* another thread may change a list */
            int is_small = each != NULL && tm_py_is_small(self, each, least, 1);
            Py_XDECREF(each);
            if (!is_small) return 0;
        }
        return 1;
    }
    return PySet_Contains(door->simple, type) == 1;
}

/* Divides the room that is left by what an argument multiplies it by; 0 where that is more, or not known. */
static Py_ssize_t tm_py_room_after(PyObject *self, PyObject *x, Py_ssize_t room)
{
    tm_py_door *door = (tm_py_door *)self;
    PyObject *type = (PyObject *)Py_TYPE(x);
    Py_ssize_t factor = 1;
    if (type == door->array) {
        factor = tm_py_number_of(x, door->nbytes);
        if (factor < 0) return 0;
    } else if (type == (PyObject *)&PyLong_Type) {
        factor = PyLong_AsSsize_t(x);
        if (factor == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            return 0;
        }
        if (factor < 0) factor = 1; /* an axis, or NumPy's error */
    } else if (type == (PyObject *)&PyTuple_Type) {
        Py_ssize_t count = PyTuple_Size(x);
        for (Py_ssize_t k = 0; k < count && room; k++) {
            PyObject *each = PyTuple_GetItem(x, k);
            room = Py_TYPE(each) == &PyLong_Type ? tm_py_room_after(self, each, room) : 0;
        }
        return room;
    } else if (PySet_Contains(door->simple, type) != 1) {
        return 0;
    }
    return factor ? room / factor : room;
}

/* Whether a call is over all elements of its first argument, an array. */
static int tm_py_is_whole(tm_py_door *door, PyObject *args, PyObject *options)
{
    PyObject *x = PyTuple_Size(args) == 0 ? NULL : PyTuple_GetItem(args, 0);
    if (x == NULL || (PyObject *)Py_TYPE(x) != door->array) return 0;
    PyObject *axis = PyTuple_Size(args) > 1 ? PyTuple_GetItem(args, 1)
                     : options == NULL      ? NULL
                                            : PyDict_GetItemWithError(options, door->axis);
    return (axis == NULL ? door->usual : axis) == Py_None || tm_py_number_of(x, door->ndim) == 1;
}

/* Whether NumPy makes a call for its size. An error is none here: it is met again by who makes the call. */
static int tm_py_is_for_numpy(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    if (PyList_Size(door->watchers) != 0) return 0;
    Py_ssize_t least = __atomic_load_n(&door->least, __ATOMIC_RELAXED), room = 0;
    Py_ssize_t count = PyTuple_Size(args), names = options == NULL ? 0 : PyTuple_Size(door->keywords);
    for (Py_ssize_t k = 0; k < names; k++)
        if (PyDict_Contains(options, PyTuple_GetItem(door->keywords, k)) != 0) return 0;
    if (least >= TM_PY_NEVER) return 1;
    if (least > 0 && door->whole >= 0 && tm_py_is_whole(door, args, options)) least = door->whole;
    if (door->takes != NULL && !tm_py_takes_on(door, args)) return 0;
    if (door->times == 0) room = tm_py_room_of(self, args, least);
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *x = PyTuple_GetItem(args, k);
        if (door->times == 0) room = tm_py_room_after(self, x, room);
        if (door->times == 0 ? room == 0 : !tm_py_is_small(self, x, least, 0)) return 0;
    }
    PyObject *name, *x;
    for (Py_ssize_t k = 0; options != NULL && PyDict_Next(options, &k, &name, &x);) {
        if (door->times == 0) room = tm_py_room_after(self, x, room);
        if (door->times == 0 ? room == 0 : !tm_py_is_small(self, x, least, 0)) return 0;
    }
    return 1;
}

/* Calls NumPy's function without the keywords that it does not know. */
static PyObject *tm_py_call_numpys(tm_py_door *door, PyObject *args, PyObject *options)
{
    if (options == NULL) return PyObject_Call(door->numpys, args, NULL);
    PyObject *known = PyDict_Copy(options);
    if (known == NULL) return NULL;
    for (Py_ssize_t k = 0; k < PyTuple_Size(door->keywords); k++)
        if (PyDict_DelItem(known, PyTuple_GetItem(door->keywords, k)) < 0) PyErr_Clear();
    PyObject *result = PyObject_Call(door->numpys, args, known);
    Py_DECREF(known);
    return result;
}

static PyObject *tm_py_door_call(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    if (door->numpys == NULL) {
        PyErr_SetString(PyExc_TypeError, "a door that has not been made can't be called");
        return NULL;
    }
    int is_for_numpy = tm_py_is_for_numpy(self, args, options);
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
    Py_ssize_t times, least, pieces = 0, most = 0, whole = -1;
    if (door->numpys != NULL || (options != NULL && PyDict_Size(options) != 0)) {
        PyErr_SetString(PyExc_TypeError, "a door is made once, of arguments by position");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOO!OOO!nn|nnnOO!", &given[0], &given[1], &PyList_Type, &given[2], &given[3],
                          &given[4], &PyTuple_Type, &given[5], &times, &least, &pieces, &most, &whole, &usual,
                          &PyDict_Type, &takes))
        return -1;
    if (times < 0 || pieces < 0 || (given[4] != Py_None && !PyFrozenSet_Check(given[4])) ||
        (!times && given[4] == Py_None)) {
        PyErr_SetString(PyExc_TypeError,
                        "a door takes a frozenset of types, or None where it does not multiply");
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
    door->ndim = PyUnicode_InternFromString("ndim");
    door->axis = PyUnicode_InternFromString("axis");
    door->usual = usual;
    door->whole = whole;
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
    return has_names && door->flags && door->forc && door->ndim && door->axis ? 0 : -1;
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
                        door->worth,  door->flags,    door->forc,     door->ndim,     door->axis,
                        door->usual,  door->takes};
    PyObject_GC_UnTrack(self);
    for (size_t k = 0; k < sizeof held / sizeof *held; k++) Py_XDECREF(held[k]);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

void *tm_py_door_type(void)
{
    static PyMemberDef members[] = {
        {"_least", T_PYSSIZET, offsetof(tm_py_door, least), 0, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyType_Slot slots[] = {
        {Py_tp_call, (void *)tm_py_door_call},
        {Py_tp_init, (void *)tm_py_door_init},
        {Py_tp_traverse, (void *)tm_py_door_traverse},
        {Py_tp_clear, (void *)tm_py_door_clear},
        {Py_tp_dealloc, (void *)tm_py_door_free},
        {Py_tp_members, members},
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
