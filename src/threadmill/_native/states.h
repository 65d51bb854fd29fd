/* What the handling of errors is where an operation is put off, and where in the user's program that is. */
#ifndef TM_STATES_H
#define TM_STATES_H

#include "fields.h"

/* Whether np.errstate and the warnings' filters are those of the state: State.is_now. */
int tm_py_is_now(PyObject *state);

/* Whether warnings that show once are remembered as where the state was made: is_version in past_filters.py. */
int tm_py_is_version(PyObject *asked);

/* The user's place: tm_py_new_place. */
PyObject *tm_py_place_now(void);

/* handling, warnings, frame, explicit and room, borrowed, before any of the above; false: an error is set. */
int tm_py_prepare_states(PyObject *const *args);

#endif
