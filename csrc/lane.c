/* lane.c: see lane.h. */
#include "lane.h"

/* So many late writers that a closed lane would open never come. */
#define CLOSED (INT64_MIN / 2)

static _Thread_local const char *call;

const char *tm_set_call(const char *name)
{
    const char *before = call;
    call = name;
    return before;
}

const char *tm_call(void)
{
    return call;
}

void tm_lane_add(tm_lane *lane, tm_event event)
{
    /* acquire: pairs with tm_lanes_open's release, so that who has a place sees `events` */
    const int64_t left = atomic_fetch_sub_explicit(&lane->left, 1, memory_order_acquire);
    if (left <= 0) return;
    TM_CHAOS(lane_claimed);
    tm_event *place = &lane->events[left - 1];
    event.end = tm_ticks();
    event.thread = (uint64_t)(uintptr_t)pthread_self();
    memcpy(place, &event, offsetof(tm_event, kind));
    /* release: pairs with lane_is_published's acquire. A builtin, as cffi reads no _Atomic. */
    __atomic_store_n(&place->kind, event.kind, __ATOMIC_RELEASE);
}

static bool lane_is_published(const tm_event *event)
{
    return __atomic_load_n(&event->kind, __ATOMIC_ACQUIRE) != TM_NO_EVENT;
}

/* Takes all places away; moves the events to the front, as places are given from the back. */
static void lane_close(tm_lane *lane)
{
    const int64_t left = atomic_exchange(&lane->left, CLOSED);
    const size_t free_places = (size_t)TM_MAX(left, 0);
    lane->dropped = (size_t)TM_MAX(-left, 0);
    lane->used = lane->capacity - free_places;
    for (size_t i = free_places; i < lane->capacity; i++)
        while (!lane_is_published(&lane->events[i])) tm_relax();
    memmove(lane->events, lane->events + free_places, lane->used * sizeof *lane->events);
}

void tm_lanes_close(tm_lane *lanes, size_t count)
{
    for (size_t i = 0; i < count; i++) lane_close(&lanes[i]);
}

void tm_lanes_clear(tm_lane *lanes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(lanes[i].events);
        lanes[i].events = NULL;
        lanes[i].used = lanes[i].dropped = 0;
    }
}

tm_status tm_lanes_open(tm_lane *lanes, size_t count, size_t capacity)
{
    tm_lanes_clear(lanes, count);
    for (size_t i = 0; i < count; i++) {
        lanes[i].capacity = capacity;
        lanes[i].events = calloc(capacity, sizeof *lanes[i].events);
        if (lanes[i].events == NULL) {
            tm_lanes_clear(lanes, count);
            return TM_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < count; i++)
        atomic_store_explicit(&lanes[i].left, (int64_t)capacity, memory_order_release);
    return TM_OK;
}
