/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular expressions with a bound. glibc writes repetitions out, copies what follows an anchor, and keeps a state for
 * each place where a match may have begun: an expression of ten octets can take all memory. So an expression is
 * measured before it is compiled, never too low, and compiled in a way that lets a match begin in one place only. */
#include "trust/expression.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a piece of the expression. */
typedef struct Piece {
    unsigned long size; /* with its repetitions written out */
    unsigned nested;    /* so deep are repetitions within repetitions */
    bool empty;         /* it may match nothing at all */
    bool anchored;      /* it holds an anchor, or another condition that takes no room */
} Piece;

/* A group that is open, or the whole: its finished alternatives; what is finished of the present one; and the latest
 * piece, which a repetition would repeat. */
typedef struct Level {
    Piece alternatives, sequence, latest;
} Level;

typedef struct Measure {
    Level levels[EXPRESSION_DEPTH_MAX + 1];
    size_t depth;
} Measure;

static const Piece piece_nothing = {.empty = true};
static const Piece piece_octet = {.size = 1};
static const Piece piece_anchor = {.size = 1, .empty = true, .anchored = true};

static Piece piece_join(Piece a, Piece b, bool empty) {
    return (Piece){
        .size = a.size + b.size,
        .nested = a.nested > b.nested ? a.nested : b.nested,
        .empty = empty,
        .anchored = a.anchored || b.anchored,
    };
}

static Level level_begin(void) {
    return (Level){.sequence = piece_nothing, .latest = piece_nothing};
}

static Level *level_of(Measure *measure) {
    return &measure->levels[measure->depth];
}

static Piece level_sequence(const Level *level) {
    return piece_join(level->sequence, level->latest, level->sequence.empty && level->latest.empty);
}

static Piece level_whole(const Level *level) {
    Piece sequence = level_sequence(level);

    return piece_join(level->alternatives, sequence, level->alternatives.empty || sequence.empty);
}

static void add_piece(Measure *measure, Piece piece) {
    Level *level = level_of(measure);

    level->sequence = level_sequence(level);
    level->latest = piece;
}

static void next_alternative(Measure *measure) {
    Level *level = level_of(measure);

    level->alternatives = level_whole(level);
    level->alternatives.size++;
    level->sequence = level->latest = piece_nothing;
}

static const char *open_group(Measure *measure) {
    if (measure->depth == EXPRESSION_DEPTH_MAX)
        return "too many groups within groups (32) in a regular expression";
    measure->levels[++measure->depth] = level_begin();
    return NULL;
}

static const char *close_group(Measure *measure) {
    Piece group;

    if (measure->depth == 0)
        return "a ) without its ( in a regular expression; \\) is the character";
    group = level_whole(level_of(measure));
    group.size++;
    measure->depth--;
    add_piece(measure, group);
    return NULL;
}

/* So many copies, and one that loops. */
static const char *repeat(Measure *measure, unsigned long copies, bool perhaps_none) {
    Piece *latest = &level_of(measure)->latest;

    if (latest->anchored)
        return "a repetition of what holds an anchor in a regular expression";
    if (latest->empty)
        return "a repetition of what may match nothing in a regular expression";
    latest->size = latest->size * (copies + 1) + 1;
    latest->nested++;
    latest->empty = perhaps_none;
    return latest->nested > EXPRESSION_NESTED_MAX ? "repetitions nested deeper than three in a regular expression"
                                                  : NULL;
}

static unsigned long measure_size(const Measure *measure) {
    unsigned long size = 0;

    for (size_t i = 0; i <= measure->depth; i++)
        size += level_whole(&measure->levels[i]).size;
    return size;
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

/* "{m,n}": the larger number, as far as one matters. */
static const char *repeat_interval(Measure *measure, const char *text) {
    char *end;
    unsigned long low = strtoul(text, &end, 10), high = *end == ',' ? strtoul(end + 1, NULL, 10) : 0,
                  bound = high > low ? high : low;

    return repeat(measure, bound > EXPRESSION_SIZE_MAX ? EXPRESSION_SIZE_MAX : bound, low == 0);
}

/* The piece of an octet with a backslash before it; glibc's own conditions among them. */
static const char *add_escaped(Measure *measure, char octet) {
    if (octet >= '0' && octet <= '9')
        return "back-references are not allowed in a regular expression";
    add_piece(measure, octet != '\0' && strchr("bB<>`'", octet) ? piece_anchor : piece_octet);
    return NULL;
}

/* NULL, or what is wrong with the expression's piece at *position, which is left at the piece's last octet. */
static const char *read_piece(Measure *measure, const char **position) {
    const char *c = *position;

    switch (*c) {
    case '\\':
        *position = last_octet(c + 1);
        return add_escaped(measure, c[1]);
    case '[':
        *position = last_octet(bracket_end(c));
        add_piece(measure, piece_octet);
        return NULL;
    case '{':
        *position = last_octet(strchrnul(c, '}'));
        return repeat_interval(measure, c + 1);
    case '(':
        return open_group(measure);
    case ')':
        return close_group(measure);
    case '|':
        next_alternative(measure);
        return NULL;
    case '+':
        return repeat(measure, 1, false);
    case '*':
    case '?':
        return repeat(measure, 1, true);
    case '^':
    case '$':
        add_piece(measure, piece_anchor);
        return NULL;
    default:
        add_piece(measure, piece_octet);
        return NULL;
    }
}

static const char *expression_problem(const char *text) {
    Measure measure = {.levels[0] = level_begin()};

    for (const char *c = text; *c; c++) {
        const char *problem = read_piece(&measure, &c);

        if (problem)
            return problem;
        if (measure_size(&measure) > EXPRESSION_SIZE_MAX)
            return "too many repetitions in a regular expression (512 parts when they are written out)";
    }
    return NULL;
}

/* Octet by octet, whatever the locale. */
static int compile_octets(const char *text, regex_t *ret) {
    locale_t octets = newlocale(LC_ALL_MASK, "C", (locale_t) 0), before;
    int r;

    if (octets == (locale_t) 0)
        return REG_ESPACE;
    before = uselocale(octets);
    r = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
    (void) uselocale(before);
    freelocale(octets);
    return r;
}

/* Found anywhere, but begun at the first octet. */
static int compile(const char *text, regex_t *ret) {
    char *whole;
    int r;

    if (asprintf(&whole, "^.*(%s)", text) < 0)
        return REG_ESPACE;
    r = compile_octets(whole, ret);
    free(whole);
    return r;
}

int expression_compile(const char *text, regex_t *ret, char **ret_what) {
    const char *problem = expression_problem(text);
    char message[256];
    int r;

    if (problem) {
        *ret_what = strdup(problem);
        return *ret_what ? 1 : -ENOMEM;
    }
    r = compile(text, ret);
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
