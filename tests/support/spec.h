/* Guarantees as tables: rows of "time, event -> what is told", run through the engine and through
 * the naive reference.
 *
 *     day 0        acme    deal.register value=3  ->  s 0 -> 6.4, low -> moderate
 *     day 2 09:30  zenith  platform.login
 *     day 5        tick                           ->  day 4 acme s 6.4 -> 0, moderate -> low
 * (expiry)
 *                                                 ->  acme at_risk opened at 0, low
 *
 * The left side:
 *   TIME  PARTNER  ACTION [value=V] [id=ID] [member=M] [region=R] [source=S] [tier=T]     an event,
 * the last three being attributes; [future] as the last word:
 * refused TIME  tick                                             time passes bad an event that
 * could not be decoded; becomes VERSION [silent]: another model comes into force; erase PARTNER;
 * clock | counters | next | view PARTNER: nothing happens, the right side is looked at. TIME is
 * `day D` or `day D HH:MM[:SS.mmm]`: so long after 2026-01-01 00:00 UTC; or `UTC 2026-03-29 01:59`.
 *
 * The right side: one thing told a line, further ones on lines that begin with `->`; without `->`
 * nothing is told. First the fate of an event that is not counted (`late`, `duplicate`, `filtered`,
 * `future`, `bad`). Then effects:
 *   SCORE A -> B, BAND [-> BAND] [(expiry) | (correction) | (config)]
 *   ALERT opened at VALUE, BAND           ALERT resolved at VALUE, BAND                 falls_to
 *   ALERT opened, VALUE from BASELINE     ALERT resolved, VALUE from BASELINE           drop
 *   ALERT opened, last TIME, gap HOURSh, risk R     ALERT resolved, last TIME           silence
 * and behind what is told of a partner of the alert's control group `, held out`,
 * and behind what is opened by an alert that looks ahead `, falls TIME to BAND` or `, falls not`,
 *   AWARD pays POINTS to LEDGER, [cut by POINTS,] balance POINTS
 *   AWARD pending | dropped | reversed POINTS in LEDGER, balance POINTS
 *   CHECK finds | holds | releases | discards ACTION [id=ID] [with "TEXT"] [at VALUE] [of TIME]
 *   [until TIME][, full | decision | time | late | program | check]
 *   BUDGET [SEGMENT] tells NUMBER, left out NUMBER: PARTNER ALERT VALUE, ...            of no
 * partner GROUP of PARTNERS: FIGURE SUM, ... counts with TIME before it when it is not the clock's
 * after the row, and the partner's name when it is not the row's. Blanks do not matter. */
#ifndef TESTS_SUPPORT_SPEC_H
#define TESTS_SUPPORT_SPEC_H

/* Added to what a line of the right side shows. */
enum {
    SPEC_PROVISIONAL = 1,   /* `, provisional` behind score changes that are */
    SPEC_CONTRIBUTIONS = 2, /* ` {logins 2 +0.5, ...}` behind what has contributions */
    SPEC_ORIGIN = 4, /* ` #offset 3`, ` #boundary day 4` or ` #model 2` behind effects (S13) */
};

/* Loads the model (without its `program:` line), runs the rows and compares. Fails the test with
 * both tables when they differ. `guarantee` is the S-id that the test quotes. */
void spec_holds(const char *guarantee, const char *model, const char *rows);

/* The same showing more. */
void spec_shows(const char *guarantee, unsigned show, const char *model, const char *rows);

/* The same with a model that changes: `models` ends with NULL; the first begins, and its version is
 * 1, that of the next 2. */
void spec_changes(const char *guarantee, unsigned show, const char *const *models,
                  const char *rows);

#endif
