/* Control groups: who is in them is what docs/language.md says, so that others can work it out. The
 * places were worked out with the Python of that page. */
#include "engine/control.h"
#include <criterion/criterion.h>
#include <stdio.h>

enum { PARTNERS = 20000 };

static char at_risk[] = "at_risk", win_back[] = "win_back", silent[] = "silent";

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

static struct eng_slice numbered(unsigned i, char room[32])
{
    (void)snprintf(room, 32, "partner-%u", i); /* fits */
    return slice(room);
}

Test(control, places_are_those_that_others_work_out)
{
    static char long_id[201];
    memset(long_id, 'p', 200);
    cr_expect_eq(eng_control_place("at_risk", slice("acme")), 6517);
    cr_expect_eq(eng_control_place("at_risk", slice("globex")), 1039);
    cr_expect_eq(eng_control_place("win_back", slice("acme")), 5871);
    cr_expect_eq(eng_control_place("at_risk", slice("M\xc3\xbcller GmbH")), 6825);
    cr_expect_eq(eng_control_place("win_back", slice(long_id)), 9297);
}

Test(control, the_share_is_exact_to_a_ten_thousandth)
{
    struct eng_alert alert = {.name = at_risk};
    cr_expect_not(eng_control_holds_out(&alert, slice("globex")), "nobody is");
    alert.hold_out_e4 = 1039;
    cr_expect_not(eng_control_holds_out(&alert, slice("globex")));
    alert.hold_out_e4 = 1040;
    cr_expect(eng_control_holds_out(&alert, slice("globex")));
    alert.salt = win_back;
    alert.hold_out_e4 = 5871;
    cr_expect_not(eng_control_holds_out(&alert, slice("acme")));
    alert.hold_out_e4 = 5872;
    cr_expect(eng_control_holds_out(&alert, slice("acme")));
    alert.hold_out_e4 = 10000;
    cr_expect(eng_control_holds_out(&alert, slice("umbrella")));
}

Test(control, a_tenth_is_a_tenth_and_other_salts_choose_others)
{
    struct eng_alert tenth = {.name = at_risk, .hold_out_e4 = 1000},
                     half = {.name = at_risk, .hold_out_e4 = 5000},
                     other = {.name = silent, .hold_out_e4 = 1000};
    unsigned in = 0, both = 0;
    char room[32];
    for (unsigned i = 0; i < PARTNERS; i++) {
        struct eng_slice id = numbered(i, room);
        bool held = eng_control_holds_out(&tenth, id);
        in += held;
        both += held && eng_control_holds_out(&other, id);
        cr_expect(!held || eng_control_holds_out(&half, id), "a greater share holds a smaller one");
    }
    cr_expect_eq(in, 1989);
    cr_expect_eq(both, 197);
}
