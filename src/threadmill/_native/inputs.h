/* What a node takes of a call's operands. */
#ifndef TM_INPUTS_H
#define TM_INPUTS_H

#include "fields.h"

enum { MOST_OPERANDS = 3 };

/* What is called, and its operands: values and numbers. */
struct call {
    PyObject *called, *operands[MOST_OPERANDS];
    int count;
};

/* Whether an operand is a value; false of NULL. */
static inline int tm_py_is_value(PyObject *operand)
{
    return is_of(operand, tm_py_value_type);
}

/* The inputs of the plan's node in a tuple; NULL where a number is not known in the plan's dtype. */
PyObject *tm_py_new_inputs(PyObject *plan, const struct call *call);

/* Whether a node, or a plan's example, goes over each element of what it makes. */
int tm_py_is_of_each(PyObject *node);

/* Whether Python has to see if the plan's node may go once over the rows that its inputs are of: rows_of in schedule.py. */
int tm_py_may_go_once(PyObject *plan, PyObject *inputs);

/* A dict of values: by the dtype's number, the number's type, and it or its text. Before any of the above. */
void tm_py_keep_numbers(PyObject *numbers);

#endif
