/* The operands of a call that is put off, as its plan's node has them: values as they are, numbers in the dtype of the
 * loop, some of them alone, or beside others that the plan knows. */
#include "inputs.h"
#include "common.h"

static PyObject *numbers; /* lives for ever */

/* The value itself, or that of a number in the plan's loop. NULL where that is not known. */
static PyObject *new_input(PyObject *plan, PyObject *x)
{
    if (x == NULL || tm_py_is_value(x)) return Py_XNewRef(x);
    int is_itself = PyLong_CheckExact(x) ? 1 : PyObject_IsTrue(x); /* zeros of both signs are equal */
    PyObject *shown = is_itself < 0 ? NULL : is_itself ? Py_NewRef(x) : PyObject_Repr(x);
    PyObject *key = shown == NULL ? NULL : PyTuple_Pack(3, field(plan, PLAN_NUMBER_IN), Py_TYPE(x), shown);
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(numbers, key);
    Py_XINCREF(found);
    Py_XDECREF(key);
    Py_XDECREF(shown);
    return found;
}

/* What a plan takes in one place: a value that it knows, or the operand of that number. Borrowed. */
static PyObject *taken(PyObject *known, const struct call *call)
{
    if (!PyLong_CheckExact(known)) return known;
    long k = PyLong_AsLong(known);
    return k >= 0 && k < call->count ? call->operands[k] : NULL;
}

PyObject *tm_py_new_inputs(PyObject *plan, const struct call *call)
{
    PyObject *own = field(plan, PLAN_INPUTS);
    const Py_ssize_t count = own == Py_None ? call->count : PyTuple_Size(own);
    PyObject *inputs = PyTuple_New(count);
    for (Py_ssize_t k = 0; inputs != NULL && k < count; k++) {
        PyObject *input =
            new_input(plan, own == Py_None ? call->operands[k] : taken(PyTuple_GetItem(own, k), call));
        if (input != NULL)
            PyTuple_SetItem(inputs, k, input); /* takes it over */
        else
            Py_CLEAR(inputs);
    }
    return inputs;
}

static long over_of(PyObject *node)
{
    return PyLong_AsLong(field(node, NODE_OVER));
}

int tm_py_is_of_each(PyObject *node)
{
    return over_of(node) == TM_EACH;
}

int tm_py_may_go_once(PyObject *plan, PyObject *inputs)
{
    if (!tm_py_is_of_each(field(plan, PLAN_NODE))) return 0;
    PyObject *shape = field(field(plan, PLAN_VALUE), VALUE_SHAPE);
    for (Py_ssize_t k = 0; k < PyTuple_Size(inputs); k++) {
        PyObject *value = PyTuple_GetItem(inputs, k), *maker = field(value, VALUE_NODE);
        if (field(value, VALUE_ARRAY) != Py_None || !is_of(maker, tm_py_node_type)) continue;
        const long over = over_of(maker);
        if (over == TM_EACH || over == TM_COLUMN) continue;
        if (PyObject_RichCompareBool(field(value, VALUE_SHAPE), shape, Py_EQ) != 0) return 1;
    }
    return 0;
}

void tm_py_keep_numbers(PyObject *given)
{
    PyObject **const places[] = {&numbers};
    tm_py_keep(places, &given, 1);
}
