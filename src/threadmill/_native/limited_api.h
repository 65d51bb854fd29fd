/* Python.h under the limited API: one binary for every CPython from 3.10 on, but for those without the GIL. */
#ifndef TM_LIMITED_API_H
#define TM_LIMITED_API_H

#include <pyconfig.h>

#ifndef Py_GIL_DISABLED
#define Py_LIMITED_API 0x030a0000
#endif
#include <Python.h>
#include <structmember.h>

#endif
