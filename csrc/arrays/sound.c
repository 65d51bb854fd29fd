/* sound.c: what a pass must hold to before it is run. */
#include "sound.h"

#include "fold.h"

bool tm_fused_has(const tm_fused *fused, int over)
{
    for (size_t i = 0; i < fused->steps; i++) {
        const int own = fused->step[i].over;
        if (over == TM_COLUMN ? own == TM_COLUMN : own == TM_ROW || own == TM_ONCE) return true;
    }
    return false;
}

static bool fused_step_is_sound(const tm_fused_step *step, bool looks)
{
    if (step->operands == 0 || step->when > TM_CHAIN) return false;
    if (step->when != TM_ALWAYS && step->when != TM_CHAIN && !looks) return false;
    if (step->over == TM_COLUMN)
        return step->operands == 4 || (step->operands == 3 && step->slot[0] == step->slot[2]);
    if (step->over != TM_ROW) return step->over == TM_EACH || step->over == TM_ONCE;
    return (step->operands == 3 || step->operands == 4) && step->item > 0 && step->item <= TM_FUSED_ITEM;
}

/* Whether step i, a chain, has an operand for each link that takes one, and covers a step or more, and no more than
 * links. */
static bool fused_chain_is_sound(const tm_fused *fused, size_t i)
{
    const tm_fused_step *step = &fused->step[i];
    const tm_chain *chain = step->context;
    size_t operands = 2, covered = 0;

    if (step->over != TM_EACH || chain == NULL || chain->links > TM_CHAIN_LINKS) return false;
    if (step->covers >= fused->steps - i) return false;
    for (size_t k = 0; k < chain->links; k++) {
        if (chain->link[k] > TM_LINK_SQRT) return false;
        operands += chain->link[k] < TM_LINK_NEGATE;
    }
    for (size_t k = i + 1; k <= i + step->covers; k++) {
        if (fused->step[k].when == TM_CHAIN || fused->step[k].when == TM_LAST) return false;
        covered += fused->step[k].when == TM_ALWAYS;
    }
    return operands == step->operands && covered > 0 && covered <= chain->links;
}

bool tm_fused_is_sound(const tm_fused *fused, size_t dims, const intptr_t *layout, size_t numbers,
                       size_t count, bool looks)
{
    const size_t slots = fused->arrays + fused->buffers;
    if (count != fused->arrays || numbers != dims * (1 + count)) return false;
    if (fused->arrays > TM_FUSED_SLOTS || fused->buffers > TM_FUSED_SLOTS || slots > TM_FUSED_SLOTS)
        return false;
    if (dims == 0 || dims > TM_MAX_DIMS) return false;
    if (fused->steps > TM_FUSED_STEPS || fused->folds > TM_FUSED_FOLDS) return false;
    for (size_t k = 0; k < fused->buffers; k++)
        if (fused->buffer_item[k] == 0 || fused->buffer_item[k] > TM_FUSED_ITEM) return false;
    for (size_t i = 0; i < fused->steps; i++) {
        if (fused->step[i].operands > TM_MAX_OPERANDS) return false;
        for (size_t k = 0; k < fused->step[i].operands; k++)
            if (fused->step[i].slot[k] >= slots) return false;
        if (!fused_step_is_sound(&fused->step[i], looks)) return false;
        if (fused->step[i].when == TM_CHAIN && !fused_chain_is_sound(fused, i)) return false;
    }
    const bool rows = tm_fused_has(fused, TM_ROW), columns = tm_fused_has(fused, TM_COLUMN);
    if ((rows && columns) || (columns && dims < 2) || (fused->folds > 0 && (rows || columns))) return false;
    for (size_t k = 0; k < fused->folds; k++) {
        if (!tm_fold_is_sound(&fused->fold[k], fused->arrays, slots, dims, layout + dims)) return false;
        for (size_t j = 0; j < k; j++) /* each moves its slot on */
            if (fused->fold[j].tree >= 0 && fused->fold[k].tree >= 0 &&
                fused->fold[j].slot == fused->fold[k].slot)
                return false;
    }
    return true;
}
