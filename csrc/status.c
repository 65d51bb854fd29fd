/* status.c: one message for each status. */
#include "common.h"

const char *tm_status_message(int status)
{
    switch (status) {
    case TM_OK: return "no error";
    case TM_NO_MEMORY: return "out of memory";
    case TM_NO_THREAD: return "can't start new thread";
    case TM_CLOSED: return "cannot schedule new futures after shutdown";
    case TM_FULL: return "the queue is full";
    case TM_EMPTY: return "the queue is empty";
    case TM_TIMEOUT: return "the time ran out";
    case TM_INVALID: return "an argument is out of its range";
    case TM_OVERFLOW: return "a result does not fit its type";
    case TM_OVERLAP: return "input and output overlap";
    case TM_DEADLOCK: return "a worker cannot wait for itself";
    case TM_INTERRUPTED: return "interrupted";
    case TM_FAILED: return "a loop body failed";
    default: return "unknown status";
    }
}
