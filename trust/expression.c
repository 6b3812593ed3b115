/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular expressions with a bound. The C library writes repetitions out, and what repeats a repetition doubles it: 31
 * plus signs in a row would take all memory. Loops within loops double its time, too. So size and nesting are reckoned
 * first, never too low. */
#include "trust/expression.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One group that is open: what is finished in it, its latest part, which a repetition would repeat, and how deep
 * repetitions are nested in either. */
typedef struct Level {
    unsigned long finished, latest;
    unsigned nested, latest_nested;
} Level;

typedef struct Measure {
    Level levels[EXPRESSION_DEPTH_MAX + 1];
    size_t depth;
} Measure;

static unsigned larger(unsigned a, unsigned b) {
    return a > b ? a : b;
}

static void add_part(Measure *measure, unsigned long size, unsigned nested) {
    Level *level = &measure->levels[measure->depth];

    level->finished += level->latest;
    level->latest = size;
    level->nested = larger(level->nested, level->latest_nested);
    level->latest_nested = nested;
}

/* So many copies, and one that loops. */
static void repeat(Measure *measure, unsigned long copies) {
    Level *level = &measure->levels[measure->depth];

    level->latest = (level->latest > 0 ? level->latest : 1) * (copies + 1) + 1;
    level->latest_nested++;
}

/* One that was never opened is an octet like others. */
static void close_group(Measure *measure) {
    Level closed = {.finished = 1};

    if (measure->depth > 0)
        closed = measure->levels[measure->depth--];
    add_part(measure, closed.finished + closed.latest, larger(closed.nested, closed.latest_nested));
}

static bool is_too_large(const Measure *measure) {
    unsigned long size = 0;

    for (size_t i = 0; i <= measure->depth; i++)
        size += measure->levels[i].finished + measure->levels[i].latest;
    return size > EXPRESSION_SIZE_MAX;
}

static bool is_too_nested(const Measure *measure) {
    return measure->levels[measure->depth].latest_nested > EXPRESSION_NESTED_MAX;
}

/* At the ']' that ends the bracket expression (regex(7)), or at the end of the text. */
static const char *bracket_end(const char *text) {
    const char *c = text + 1;

    c += *c == '^';
    c += *c == ']';
    for (; *c && *c != ']'; c++)
        if (*c == '[' && c[1] != '\0' && strchr(".=:", c[1])) {
            const char close[] = {c[1], ']', '\0'};
            const char *end = strstr(c + 2, close);

            if (!end)
                return c + strlen(c);
            c = end + 1;
        }
    return c;
}

/* What to go on from: not past the end. */
static const char *last_octet(const char *end) {
    return *end == '\0' ? end - 1 : end;
}

/* The larger number of "{m,n}", as far as one matters. */
static unsigned long interval_bound(const char *text) {
    char *end;
    unsigned long low = strtoul(text, &end, 10), high = *end == ',' ? strtoul(end + 1, NULL, 10) : 0,
                  bound = high > low ? high : low;

    return bound > EXPRESSION_SIZE_MAX ? EXPRESSION_SIZE_MAX : bound;
}

/* NULL, or what the expression must not have. */
static const char *expression_problem(const char *text) {
    Measure measure = {.depth = 0};

    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '\\':
            if (c[1] >= '0' && c[1] <= '9')
                return "back-references are not allowed in a regular expression";
            c += c[1] != '\0';
            add_part(&measure, 1, 0);
            break;
        case '[':
            c = last_octet(bracket_end(c));
            add_part(&measure, 1, 0);
            break;
        case '(':
            if (measure.depth == EXPRESSION_DEPTH_MAX)
                return "too many groups within groups (32) in a regular expression";
            measure.levels[++measure.depth] = (Level){.finished = 1};
            break;
        case ')':
            close_group(&measure);
            break;
        case '+':
        case '*':
        case '?':
            repeat(&measure, 1);
            break;
        case '{':
            repeat(&measure, interval_bound(c + 1));
            c = last_octet(strchrnul(c, '}'));
            break;
        default:
            add_part(&measure, 1, 0);
        }
        if (is_too_large(&measure))
            return "a regular expression with too many repetitions (512 parts when they are written out)";
        if (is_too_nested(&measure))
            return "a regular expression with repetitions that are nested deeper than three";
    }
    return NULL;
}

int expression_compile(const char *text, regex_t *ret, char **ret_what) {
    const char *problem = expression_problem(text);
    char message[256];
    int r;

    if (problem) {
        *ret_what = strdup(problem);
        return *ret_what ? 1 : -ENOMEM;
    }
    r = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
    if (r == 0)
        return 0;
    if (r == REG_ESPACE)
        return -ENOMEM;
    (void) regerror(r, ret, message, sizeof(message)); /* cut where it is longer */
    if (asprintf(ret_what, "not a POSIX extended regular expression: %s", message) >= 0)
        return 1;
    *ret_what = NULL;
    return -ENOMEM;
}
