/* The sizes and kinds of a door's arguments, by which NumPy makes a call or we do. */
#include "door.h"

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
    PyObject *found = worth == NULL || worth == Py_None ? NULL : tm_py_new_item(worth, num);
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

/* What is known of a call's arrays: whether each is small for arrays that are not alike, whether they are such: one of
 * them in pieces, or of several shapes or orders. */
typedef struct {
    PyObject *shape, *in_c; /* of the last one: whether it is in C order is True or False */
    int is_small, is_apart;
} tm_py_arrays;

/* An array among others. Where the worth of its dtype is not known and a call may tell it, that call is ours. */
static void tm_py_add_array(tm_py_arrays *arrays, PyObject *self, PyObject *x, Py_ssize_t least)
{
    tm_py_door *door = (tm_py_door *)self;
    Py_ssize_t nbytes = tm_py_number_of(x, door->nbytes), worth = tm_py_worth_of(self, x);
    int is_in_pieces = (worth < 0 || !arrays->is_apart) && tm_py_is_in_pieces(door, x);
    if (worth < 0 && (is_in_pieces || nbytes < least || nbytes >= door->most)) worth = door->most;
    arrays->is_small &= worth >= 0 && nbytes < tm_py_times(worth, door->pieces);
    arrays->is_apart |= is_in_pieces;
    if (arrays->is_apart) return;
    PyObject *own = PyObject_GetAttr(x, door->shape), *last = arrays->shape, *before = arrays->in_c;
    arrays->in_c = tm_py_inner_of(x, door->flags, door->c_contiguous);
    arrays->is_apart = own == NULL || (last && PyObject_RichCompareBool(last, own, Py_NE) != 0) ||
                       (before && before != arrays->in_c);
    Py_XDECREF(last);
    Py_XDECREF(before);
    arrays->shape = own;
}

static void tm_py_add(tm_py_arrays *arrays, PyObject *self, PyObject *x, Py_ssize_t least)
{
    tm_py_door *door = (tm_py_door *)self;
    if ((PyObject *)Py_TYPE(x) == door->array)
        tm_py_add_array(arrays, self, x, least);
    else
        arrays->is_small &= PySet_Contains(door->simple, (PyObject *)Py_TYPE(x)) == 1;
}

/* Whether all arrays are small for arrays that are not alike, and such. */
static int tm_py_is_small_apart(PyObject *self, PyObject *args, PyObject *options, Py_ssize_t least)
{
    tm_py_arrays arrays = {.shape = NULL, .in_c = NULL, .is_small = least > 0, .is_apart = 0};
    PyObject *x; /* the result first, as nothing more is asked of the others once one is in pieces */
    for (Py_ssize_t k = 0; arrays.is_small && options != NULL && PyDict_Next(options, &k, NULL, &x);)
        tm_py_add(&arrays, self, x, least);
    for (Py_ssize_t k = 0; arrays.is_small && k < PyTuple_Size(args); k++)
        tm_py_add(&arrays, self, PyTuple_GetItem(args, k), least);
    Py_XDECREF(arrays.shape);
    Py_XDECREF(arrays.in_c);
    return arrays.is_small && arrays.is_apart;
}

/* An error is none here: it is met again by who makes the call. */
int tm_py_is_for_numpy(PyObject *self, PyObject *args, PyObject *options)
{
    tm_py_door *door = (tm_py_door *)self;
    Py_ssize_t least = __atomic_load_n(&door->least, __ATOMIC_RELAXED), room = 0;
    Py_ssize_t count = PyTuple_Size(args);
    if (least >= TM_PY_NEVER) return 1;
    if (least > 0 && door->whole >= 0 && tm_py_is_whole(door, args, options)) least = door->whole;
    if (least > 0 && door->alone >= 0 && count == door->arguments && options == NULL) least = door->alone;
    if (door->takes != NULL && !tm_py_takes_on(door, args)) return 0;
    if (door->times == 0) room = tm_py_room_of(self, args, least);
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *x = PyTuple_GetItem(args, k);
        if (door->only >= 0 && k != door->only && (PyObject *)Py_TYPE(x) == door->array) continue;
        if (door->times == 0) room = tm_py_room_after(self, x, room);
        if (door->times == 0 ? room != 0 : tm_py_is_small(self, x, least, 0)) continue;
        return door->is_alike && (count > 1 || options != NULL) &&
               tm_py_is_small_apart(self, args, options, least);
    }
    PyObject *name, *x;
    for (Py_ssize_t k = 0; options != NULL && PyDict_Next(options, &k, &name, &x);) {
        if (door->times == 0) room = tm_py_room_after(self, x, room);
        if (door->times == 0 ? room == 0 : !tm_py_is_small(self, x, least, 0)) return 0;
    }
    return 1;
}
