/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints for all verbs. Must never print what nobody has escaped, and never colour a pipe. */
#include "ovcertctl/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/macros.h"

#define KEY_WIDTH 20

bool output_wants_colour(void) {
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]) && term && term[0] && strcmp(term, "dumb") != 0;
}

const char *output_colour(const Output *output, Colour colour) {
    static const char *const sequences[] = {
        [COLOUR_NONE] = "\033[0m",    [COLOUR_RED] = "\033[31m", [COLOUR_GREEN] = "\033[32m",
        [COLOUR_YELLOW] = "\033[33m", [COLOUR_BOLD] = "\033[1m",
    };
    return output->colour ? sequences[colour] : "";
}

static FILE *stream(const Output *output) {
    return output->format == OUTPUT_TEXT ? stdout : stderr;
}

void output_say(const Output *output, const char *format, ...) {
    if (output->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void) vfprintf(stream(output), format, arguments); /* a failure shows at the end */
    va_end(arguments);
    (void) fputc('\n', stream(output));
}

/* Columns that a text takes up, as printf's width counts octets. */
static size_t columns(const char *text) {
    size_t n = mbstowcs(NULL, text, 0);
    return n == (size_t) -1 ? strlen(text) : n;
}

void output_property(const Output *output, const char *key, Colour colour, const char *format, ...) {
    if (output->quiet)
        return;
    CLEANUP(free_pointer) char *value = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&value, format, arguments);
    va_end(arguments);
    if (n < 0)
        value = NULL; /* unspecified after a failure */
    if (!value || value[0] == '\0')
        return;
    size_t width = columns(key);
    (void) fprintf(stream(output), "%*s%s: %s%s%s\n", width < KEY_WIDTH ? (int) (KEY_WIDTH - width) : 0, "", key,
                   colour == COLOUR_NONE ? "" : output_colour(output, colour), value,
                   colour == COLOUR_NONE ? "" : output_colour(output, COLOUR_NONE));
}

void output_complain(const char *advice, const char *format, ...) {
    (void) fflush(stdout); /* so that both come in order on one terminal */
    va_list arguments;
    va_start(arguments, format);
    (void) fputs("ovcertctl: ", stderr);
    (void) vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void) fputc('\n', stderr);
    output_complain_more(NULL, advice);
}

void output_complain_more(const char *detail, const char *advice) {
    while (detail && detail[0] != '\0') {
        size_t length = strcspn(detail, "\n");
        (void) fprintf(stderr, "  %.*s\n", (int) length, detail);
        detail += length + (detail[length] == '\n');
    }
    if (advice)
        (void) fprintf(stderr, "%s\n", advice);
}

TimeText output_time(int64_t seconds) {
    TimeText time = {.text = "-"};
    time_t when = (time_t) seconds;
    struct tm parts;
    if (seconds == 0 || !localtime_r(&when, &parts))
        return time;
    if (strftime(time.text, sizeof time.text, "%Y-%m-%d %H:%M", &parts) == 0)
        (void) strcpy(time.text, "-"); /* a year of many digits */
    return time;
}

unsigned long output_days(int64_t then, int64_t now) {
    return (unsigned long) ((then < now ? now - then : then - now) / INT64_C(86400));
}

const char *output_word(const char *word) {
    static const char *const words[] = {
        N_("unassigned"), N_("assigned"),       N_("blocked"), N_("none"),      N_("valid"),
        N_("expiring"),   N_("expired"),        N_("revoked"), N_("untrusted"), N_("not-yet-valid"),
        N_("requested"),  N_("confirmed"),      N_("done"),    N_("cancelled"), N_("lapsed"),
        N_("unlink"),     N_("delete-profile"), N_("unix"),    N_("portal"),
    };
    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcmp(words[i], word) == 0)
            return _(words[i]);
    return word;
}
