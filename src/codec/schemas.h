/* The texts of schemas/, inside the program, so that the binary needs no files. Zero-terminated. */
#ifndef ENG_CODEC_SCHEMAS_H
#define ENG_CODEC_SCHEMAS_H

extern const char
    eng_schema_partner_action[]; /* what `generate` writes; the default field paths fit it */
extern const char eng_schema_score_change[];
extern const char eng_schema_churn_drop[];
extern const char eng_schema_cell_change[];
extern const char eng_schema_report[];
extern const char eng_schema_award_booking[];
extern const char eng_schema_abuse_flag[];
extern const char eng_schema_group_result[];
extern const char eng_schema_board[];
extern const char eng_schema_source_silence[];
extern const char eng_schema_digest[];

#endif
