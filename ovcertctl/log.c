/* SPDX-License-Identifier: BSD-2-Clause */
/* "log": the audit log, for administrators. Reads only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"
#include "ovcertctl/log_entry.h"
#include "ovcertctl/table.h"
#include "ovcertctl/verbs.h"

static int add_row(Table *table, const LogEntry *entry) {
    CLEANUP(free_pointer) char *actor = log_actor(entry->actor);
    CLEANUP(free_pointer) char *seq = NULL;
    if (!actor || asprintf(&seq, "%llu", (unsigned long long) entry->seq) < 0) {
        seq = NULL; /* unspecified after a failure */
        return -ENOMEM;
    }
    TimeText time = output_time(entry->time);
    const Cell cells[] = {
        {.text = seq},
        {.text = time.text},
        {.text = entry->event},
        {.text = actor},
        {.text = entry->user ? entry->user : ""},
        {.text = entry->outcome, .colour = strcmp(entry->outcome, "ok") == 0 ? COLOUR_NONE : COLOUR_RED},
        {.text = entry->detail ? entry->detail : ""},
        {.text = entry->subject ? entry->subject : ""},
    };
    return table_add(table, cells);
}

static int show_table(const Tool *tool, const LogRing *log) {
    const char *headings[] = {_("NO."),  _("TIME"),    _("EVENT"),  _("BY"),
                              _("USER"), _("OUTCOME"), _("DETAIL"), _("SUBJECT")};
    CLEANUP(table_freep) Table *table = NULL;
    int r = table_new(&tool->output, headings, ELEMENTSOF(headings), &table);
    for (size_t i = 0; r == 0 && i < log->count; i++)
        r = add_row(table, log_ring_at(log, i));
    return r < 0 ? r : table_print(table);
}

static int show_json(const Tool *tool, const LogRing *log) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < log->count; i++)
        r = json_append(array, json_object_get(log_ring_at(log, i)->object));
    if (r == 0)
        json_print(&tool->output, array);
    return r;
}

static int show_log(Tool *tool) {
    CLEANUP(log_ring_done) LogRing log = {.limit = tool->options->lines};
    uint64_t after;
    int r = log_start(tool, log.limit, &after);
    if (r == 0)
        r = log_read(tool, &after, log_ring_keep, &log);
    if (r != 0)
        return tool_failed(tool, r);
    r = tool->output.format == OUTPUT_TEXT ? show_table(tool, &log) : show_json(tool, &log);
    return r < 0 ? tool_fault(r) : 0;
}

int verb_log(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    const Options *options = tool->options;
    if (options_has(options, OPTION_VERIFY) &&
        (options_has(options, OPTION_FOLLOW) || options_has(options, OPTION_LINES) ||
         options_has(options, OPTION_USER))) {
        output_complain(_("Give --verify alone: the chain is one for all entries."),
                        _("--verify does not go with --follow, --lines and --user."));
        return EXIT_USAGE;
    }
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    if (options_has(options, OPTION_VERIFY))
        return log_verify(tool);
    return options_has(options, OPTION_FOLLOW) ? log_follow(tool) : show_log(tool);
}
