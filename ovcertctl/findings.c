/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps and prints what "doctor" finds. Must never lose a finding without saying so. */
#include "ovcertctl/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/i18n.h"
#include "ovcertctl/json.h"

void findings_done(Findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        free(findings->items[i].text);
    free(findings->items);
    *findings = (Findings){0};
}

static int append(Findings *findings, Finding finding) {
    Finding *grown = finding.text ? reallocarray(findings->items, findings->count + 1, sizeof *grown) : NULL;
    if (!grown) {
        free(finding.text);
        return -ENOMEM;
    }
    findings->items = grown;
    grown[findings->count++] = finding;
    return 0;
}

void findings_add(Findings *findings, FindingState state, const char *check, const char *advice, const char *format,
                  ...) {
    Finding finding = {.state = state, .check = check, .advice = advice};
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&finding.text, format, arguments) < 0)
        finding.text = NULL; /* unspecified after a failure */
    va_end(arguments);
    if (append(findings, finding) < 0)
        findings->fault = -ENOMEM;
}

FindingState findings_worst(const Findings *findings) {
    FindingState worst = FINDING_OK;
    for (size_t i = 0; i < findings->count; i++)
        worst = findings->items[i].state > worst ? findings->items[i].state : worst;
    return worst;
}

static const struct {
    const char *word; /* for scripts */
    const char *text;
    Colour colour;
} states[] = {
    [FINDING_OK] = {"ok", N_("ok"), COLOUR_GREEN},
    [FINDING_UNKNOWN] = {"not-checked", N_("not checked"), COLOUR_BOLD},
    [FINDING_WARNING] = {"warning", N_("warning"), COLOUR_YELLOW},
    [FINDING_ERROR] = {"error", N_("error"), COLOUR_RED},
};

static void print_text(const Output *output, const Findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        const Finding *finding = &findings->items[i];
        output_say(output, "%s%-11s%s %-13s %s", output_colour(output, states[finding->state].colour),
                   _(states[finding->state].text), output_colour(output, COLOUR_NONE), finding->check, finding->text);
        if (finding->advice)
            output_say(output, "%-25s %s", "", finding->advice);
    }
}

static int put_finding(JsonObject *array, const Finding *finding) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "check", json_object_new_string(finding->check)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "state", json_object_new_string(states[finding->state].word));
    if (r == 0)
        r = json_put(object, "text", json_object_new_string(finding->text));
    if (r == 0 && finding->advice)
        r = json_put(object, "advice", json_object_new_string(finding->advice));
    return r < 0 ? r : json_append(array, json_object_get(object));
}

int findings_print(const Output *output, const Findings *findings) {
    if (output->format == OUTPUT_TEXT) {
        print_text(output, findings);
        return 0;
    }
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < findings->count; i++)
        r = put_finding(array, &findings->items[i]);
    if (r == 0)
        json_print(output, array);
    return r;
}
