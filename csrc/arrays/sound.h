/* sound.h: what a pass must hold to before it is run. */
#ifndef TM_SOUND_H
#define TM_SOUND_H

#include "../common.h"

/* Whether a pass has steps that go over columns (TM_COLUMN), or over rows or once for each (TM_ROW). */
bool tm_fused_has(const tm_fused *fused, int over);

/* Whether slots, sizes and kinds of steps are in bounds and go together; see tm_run_fused. */
bool tm_fused_is_sound(const tm_fused *fused, size_t dims, const intptr_t *layout, size_t numbers,
                       size_t count, bool looks);

#endif
