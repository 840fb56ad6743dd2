/* A change of model (S14): what of a new model corresponds to what of the old one.
 *
 * Things correspond by what they are called, or by what they ask, never by their index:
 *
 *     actions    an old entry goes to the new one of the same text, else to the longest new family
 *                that all of its events belong to, else to none; of several under conditions to the
 *                narrowest that its own implies, so counts that are not told apart stay in the wide
 *                one, and several that are told apart no more come together
 *     measures   those of the same kind over the same actions, whatever they are called; windows
 * may differ where the old one can answer for a part (known.h chooses) scores     by name; bands
 * and dimensions of a score by name alerts     by name and kind; rhythms of silences by their
 * actions; peaks of drops by name, when their score is computed as before
 *
 * A change is plain data about two models, which it borrows. */
#ifndef ENG_ENGINE_CHANGE_H
#define ENG_ENGINE_CHANGE_H

#include "engine/model.h"

enum { ENG_CHANGE_NONE = 0xFFFF };

struct eng_change {
    const struct eng_model *from, *to;
    uint16_t action[ENG_ACTIONS_MAX + 1]; /* by old entry: the new one, or NONE */
    uint16_t source[ENG_ACTIONS_MAX + 1]; /* by new entry: the old one of all its events, or NONE */
    uint16_t measure[ENG_MEASURES_MAX]; /* by new one that keeps no counts per pane: see known.h */
    uint16_t score[ENG_SCORES_MAX];     /* by new one, or NONE */
    bool alike[ENG_SCORES_MAX];         /* by new one: its values mean what the old one's do */
    uint16_t band[ENG_SCORES_MAX][ENG_BANDS_MAX];           /* by new score and old band, or NONE */
    uint16_t dimension[ENG_SCORES_MAX][ENG_DIMENSIONS_MAX]; /* by new score and its dimension */
    uint16_t opening[ENG_ALERTS_MAX];                       /* by old alert: the new one, or NONE */
    uint16_t rhythm[ENG_ALERTS_MAX];      /* by new silence, deadline: an old one of its actions, or
                                             NONE */
    uint16_t award[ENG_AWARDS_MAX];       /* by new one: the old one of its name, or NONE */
    uint16_t claim[ENG_AWARDS_MAX];       /* by old award: the new one of its name, or NONE */
    uint16_t ledger[ENG_LEDGERS_MAX];     /* by old ledger: the new one of its name, or NONE */
    uint16_t number[ENG_NUMBERS_MAX + 1]; /* by 1 + old one: 1 + the new one of its name, or NONE;
                                           * 0, the value, stays */
    bool anchored[ENG_AWARDS_MAX];        /* by new one: it begins with the same actions as that */
    bool streaks[ENG_AWARDS_MAX];         /* by new one: it counts the same in a row as that */
    uint16_t peaks[ENG_ALERTS_MAX];       /* by new drop: the old one whose peaks it goes on with */
};

/* Fills all but `measure`. */
void eng_change_init(struct eng_change *change, const struct eng_model *from,
                     const struct eng_model *to);

/* True when two sets name the same actions: `one` of the old model, `two` of the new one. */
bool eng_change_same_actions(const struct eng_change *change, const struct eng_action_set *one,
                             const struct eng_action_set *two);

/* True when an old and a new measure ask the same, windows apart. */
bool eng_change_same_question(const struct eng_change *change, const struct eng_measure *one,
                              const struct eng_measure *two);

/* Where in `model` all that an entry of the model `other` stands for belongs: of the entries of the
 * same name or family, else of the longest family that holds it, the narrowest that holds under its
 * condition. ENG_CHANGE_NONE: there is none. */
uint16_t eng_change_entry(const struct eng_model *model, const struct eng_model *other,
                          const struct eng_action *entry);

/* True when all events of `entry` are of another entry's name or family and fulfil its condition,
 * both being of the model. */
bool eng_change_holds(const struct eng_model *model, const struct eng_action *wide,
                      const struct eng_action *entry);

/* True when the alert is a silence of other actions than before: it begins anew to learn the rhythm
 * of partners. */
bool eng_change_learns_anew(const struct eng_change *change, uint32_t old, uint32_t new);

#endif
