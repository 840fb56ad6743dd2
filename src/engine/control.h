/* Control groups: a part of the partners whose alerts are decided as all others, and told as held
 * out, so that whoever acts on alerts can leave these alone and see what acting is worth.
 *
 * Who is in it follows from the partner's id and the alert's salt alone, so it is the same after a
 * restart, in every partition and on every machine; others can work it out without us:
 *
 *     place = the first 60 bits of SHA-256(salt, a line feed, partner id), modulo 10,000
 *
 * and a partner is held out when its place is less than the share in ten-thousandths. So a greater
 * share holds all of a smaller one, and alerts with the same salt hold out the same partners. An
 * alert that is open stays what it was when it was opened: its opening says so (alert.c). */
#ifndef ENG_ENGINE_CONTROL_H
#define ENG_ENGINE_CONTROL_H

#include "engine/model.h"

/* 0 to 9,999. Costs a SHA-256, and only for alerts with a control group that open. */
uint32_t eng_control_place(const char *salt, struct eng_slice partner);

/* True for a partner of the alert's control group. */
bool eng_control_holds_out(const struct eng_alert *alert, struct eng_slice partner);

#endif
