/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line for main.c. Knows no verbs; must never take half of a wrong command line for a right one. */
#include "ovcertctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/macros.h"
#include "common/text.h"
#include "ovcertctl/exit_status.h"

static const struct {
    const char *name;
    char letter;
    const char *argument;
    const char *help;
} specs[OPTION_COUNT_] = {
#define X(symbol, name_, letter_, argument_, help_)                                                                    \
    [OPTION_##symbol] = {.name = "--" name_, .letter = letter_, .argument = argument_, .help = help_},
    OPTIONS(X)
#undef X
};

#define LAST_MOMENT UINT64_C(253402300799) /* 9999-12-31T23:59:59Z: X.509 knows no later one */
#define HUNDRED_YEARS (INT64_C(100) * 365 * 24 * 60 * 60)

/* Above all letters. */
#define LONG_BASE 256

static const struct option long_options[] = {
#define X(symbol, name_, letter, argument_, help)                                                                      \
    {.name = name_,                                                                                                    \
     .has_arg = sizeof(argument_) == 1  ? no_argument                                                                  \
                : (argument_)[0] == '[' ? optional_argument                                                            \
                                        : required_argument,                                                           \
     .val = LONG_BASE + OPTION_##symbol},
    OPTIONS(X)
#undef X
        {0},
};

const char *options_name(OptionId id) {
    return specs[id].name;
}

int options_number(const char *text, uint64_t max, uint64_t *ret) {
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return -EINVAL;
    uint64_t value = 0;
    for (; *text; text++) {
        uint64_t digit = (uint64_t) (*text - '0');
        if (digit > max || value > (max - digit) / 10)
            return -EINVAL;
        value = value * 10 + digit;
    }
    *ret = value;
    return 0;
}

int options_time(const char *text, int64_t *ret) {
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'h', 60 * 60}, {'d', 24 * 60 * 60}, {'w', 7 * 24 * 60 * 60}};
    size_t digits = strspn(text, "0123456789");
    char number[8] = "";
    if (digits >= sizeof number || text[digits] == '\0' || text[digits + 1] != '\0')
        return -EINVAL;
    memcpy(number, text, digits);
    for (size_t i = 0; i < ELEMENTSOF(units); i++) {
        uint64_t value;
        if (units[i].letter != text[digits])
            continue;
        if (options_number(number, (uint64_t) (HUNDRED_YEARS / units[i].seconds), &value) < 0)
            return -EINVAL;
        *ret = (int64_t) value * units[i].seconds;
        return 0;
    }
    return -EINVAL;
}

int options_moment(const char *text, int64_t *ret) {
    static const char *const formats[] = {"%Y-%m-%d",       "%Y-%m-%d %H:%M",    "%Y-%m-%d %H:%M:%S",
                                          "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"};
    uint64_t seconds;
    if (text[0] == '@') {
        int r = options_number(text + 1, LAST_MOMENT, &seconds);
        if (r == 0)
            *ret = (int64_t) seconds;
        return r;
    }
    for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
        struct tm tm = {.tm_isdst = -1}; /* whether it is summer is for mktime(3) to know */
        const char *end = strptime(text, formats[i], &tm);
        if (!end || *end)
            continue;
        *ret = end[-1] == 'Z' ? timegm(&tm) : mktime(&tm);
        return 0;
    }
    return -EINVAL;
}

static OptionId by_letter(int letter) {
    for (OptionId id = 0; id < OPTION_COUNT_; id++)
        if (specs[id].letter == letter)
            return id;
    return OPTION_COUNT_;
}

static int bad_value(OptionId id, const char *value, const char *advice) {
    CLEANUP(free_pointer) char *shown = text_escape_string(value);
    output_complain(advice, _("%s does not take \"%s\"."), specs[id].name, shown ? shown : "");
    return EXIT_USAGE;
}

static int interpret_json(Options *options, const char *value) {
    if (!value)
        value = isatty(STDOUT_FILENO) ? "pretty" : "short";
    options->format = strcmp(value, "short") == 0    ? OUTPUT_JSON_SHORT
                      : strcmp(value, "pretty") == 0 ? OUTPUT_JSON_PRETTY
                                                     : OUTPUT_TEXT;
    return options->format == OUTPUT_TEXT ? bad_value(OPTION_JSON, value, _("Give \"short\" or \"pretty\".")) : 0;
}

/* value: NULL where it may be left out, and is. */
static int interpret(Options *options, OptionId id, const char *value) {
    uint64_t number = 0;
    switch (id) {
    case OPTION_JSON:
        return interpret_json(options, value);
    case OPTION_UID:
        if (options_number(value, UINT32_MAX - 1, &number) < 0)
            return bad_value(id, value, _("Give a number."));
        options->uid = (uint32_t) number;
        return 0;
    case OPTION_LINES:
        if (options_number(value, UINT32_MAX, &options->lines) < 0 || options->lines == 0)
            return bad_value(id, value, _("Give a number from 1 on."));
        return 0;
    case OPTION_EXPIRING:
        return options_time(value, &options->expiring) < 0
                   ? bad_value(id, value, _("Give hours, days or weeks: 12h, 30d or 4w."))
                   : 0;
    case OPTION_AT:
        return options_moment(value, &options->at) < 0
                   ? bad_value(id, value, _("Give a time: 2026-01-31, \"2026-01-31 12:00\" or @1769860800."))
                   : 0;
    case OPTION_MAX_DEPTH:
        if (options_number(value, UINT16_MAX, &number) < 0)
            return bad_value(id, value, _("Give a number from 0 on."));
        options->max_depth = (unsigned) number;
        return 0;
    default:
        return 0;
    }
}

static int keep_value(Options *options, OptionId id, const char *value) {
    if (options->n_uses == OPTION_USES_MAX) {
        output_complain(NULL, _("There are too many options."));
        return EXIT_USAGE;
    }
    options->uses[options->n_uses++] = (OptionUse){id, value};
    options->values[id] = value;
    return interpret(options, id, value);
}

const char *options_next(const Options *options, OptionId id, size_t *cursor) {
    while (*cursor < options->n_uses) {
        const OptionUse *use = &options->uses[(*cursor)++];
        if (use->id == id)
            return use->value;
    }
    return NULL;
}

int options_parse(int argc, char *argv[], Options *ret) {
    Options options = {0};
    int c;
    while ((c = getopt_long(argc, argv, "hqyfn:", long_options, NULL)) >= 0) {
        OptionId id = c >= LONG_BASE ? (OptionId) (c - LONG_BASE) : by_letter(c);
        if (id >= OPTION_COUNT_) { /* getopt has said what is wrong */
            (void) fprintf(stderr, "%s\n", _("See \"ovcertctl --help\"."));
            return EXIT_USAGE;
        }
        options.given |= UINT64_C(1) << id;
        int r = specs[id].argument[0] ? keep_value(&options, id, optarg) : 0;
        if (r != 0)
            return r;
    }
    options.operands = argv + optind;
    options.n_operands = (size_t) (argc - optind);
    *ret = options;
    return 0;
}

void options_print_help(uint64_t mask) {
    for (OptionId id = 0; id < OPTION_COUNT_; id++) {
        if (!(mask & UINT64_C(1) << id))
            continue;
        const char *argument = specs[id].argument;
        bool optional = argument[0] == '[';
        const char *before = optional ? "[=" : argument[0] ? "=" : "";
        argument += optional;
        int width = 25 - (int) (strlen(specs[id].name) + strlen(before) + strlen(argument));
        char letter[] = {'-', specs[id].letter, ',', '\0'};
        (void) printf("  %-3s %s%s%s%*s %s\n", specs[id].letter ? letter : "", specs[id].name, before, argument,
                      width > 0 ? width : 0, "", _(specs[id].help));
    }
}
