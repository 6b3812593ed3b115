/* SPDX-License-Identifier: BSD-2-Clause */
/* Output: what ovcertctl shows and where. Text and tables for people on standard output; JSON there instead if asked
 * for, and then what is said to people goes to standard error; errors to standard error: one line what is wrong,
 * lines of detail, one line what to do next. Whatever is shown was escaped by who hands it over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum OutputFormat { OUTPUT_TEXT, OUTPUT_JSON_SHORT, OUTPUT_JSON_PRETTY } OutputFormat;

typedef struct Output {
    OutputFormat format;
    bool legend; /* headings and hints */
    bool quiet;
    bool colour;
} Output;

typedef enum Colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_BOLD } Colour;

/* True when standard output is a terminal that shows colours and NO_COLOR (no-color.org) does not forbid it. */
bool output_wants_colour(void);
/* The escape sequence, "" without colours; COLOUR_NONE ends what another began. Static. */
const char *output_colour(const Output *output, Colour colour);

/* To people; nothing when quiet. */
void output_say(const Output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of "key: value", the keys aligned; skipped when value is NULL or "". */
void output_property(const Output *output, const char *key, Colour colour, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* An error: the formatted text after the program's name, then the advice; never quiet. */
void output_complain(const char *advice, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines of detail of an error, indented; before the advice: output_complain() with NULL leaves the advice to this. */
void output_complain_more(const char *detail, const char *advice);

/* Local time, "2026-01-31 12:00"; "-" for 0. */
typedef struct TimeText {
    char text[32];
} TimeText;
TimeText output_time(int64_t seconds);
/* Whole days between the two, whichever comes first. */
unsigned long output_days(int64_t then, int64_t now);
/* A word of the contract ("assigned", "not-yet-valid", ...) in the user's language; the word itself when unknown. */
const char *output_word(const char *word);
