/* SPDX-License-Identifier: BSD-2-Clause */
/* "log --follow": the newest entries, then new ones as they come. Asks the daemon once a second: a signal would only
 * say that it is worth asking, to a list of listeners that somebody would have to keep. Must never go on when nobody
 * reads any more. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ovcertctl/log_entry.h"

#define INTERVAL_MILLISECONDS 1000
#define LINES_AT_FIRST 10u

/* Columns of their own: a table knows its widths only when it is whole. */
static int print_text(const Tool *tool, const LogEntry *entry) {
    CLEANUP(free_pointer) char *actor = log_actor(entry->actor);
    if (!actor)
        return -ENOMEM;
    output_say(&tool->output, "%5llu %s %-20s %-10s %-10s %s%s%s%s%s", (unsigned long long) entry->seq,
               output_time(entry->time).text, entry->event, actor, entry->user && entry->user[0] ? entry->user : "-",
               entry->outcome, entry->detail && entry->detail[0] ? "  " : "", entry->detail ? entry->detail : "",
               entry->subject ? "  " : "", entry->subject ? entry->subject : "");
    return 0;
}

static int print(const Tool *tool, const LogEntry *entry) {
    if (entry->object)
        json_print(&tool->output, entry->object);
    else if (!tool->output.quiet) {
        int r = print_text(tool, entry);
        if (r < 0)
            return r;
    }
    return fflush(stdout) == 0 ? 0 : -errno; /* told as it comes */
}

static int print_and_free(LogEntry *entry, void *userdata) {
    const Tool *tool = userdata;
    int r = print(tool, entry);
    if (r == 0)
        log_entry_done(entry);
    return r;
}

/* The newest of those that are there. */
static int print_newest(Tool *tool, uint64_t *after) {
    uint64_t lines = options_has(tool->options, OPTION_LINES) ? tool->options->lines : LINES_AT_FIRST;
    CLEANUP(log_ring_done) LogRing newest = {.limit = lines};
    int r = log_start(tool, lines, after);
    if (r == 0)
        r = log_read(tool, after, log_ring_keep, &newest);
    for (size_t i = 0; r == 0 && i < newest.count; i++)
        r = print(tool, log_ring_at(&newest, i));
    return r;
}

/* True when it is time to end: a signal, or nobody who reads. */
static bool wait_is_over(const Tool *tool) {
    struct pollfd watched[] = {{.fd = tool->interrupt, .events = POLLIN}, {.fd = STDOUT_FILENO}};
    int n = poll(watched, 2, INTERVAL_MILLISECONDS);
    return n < 0 ? errno != EINTR : n > 0;
}

int log_follow(Tool *tool) {
    uint64_t after = 0;
    int r = print_newest(tool, &after);
    if (r != 0)
        return tool_failed(tool, r);
    while (!wait_is_over(tool)) {
        r = log_read(tool, &after, print_and_free, tool);
        if (r == -EINTR)
            return EXIT_DONE;
        if (r != 0)
            return tool_failed(tool, r);
    }
    return EXIT_DONE;
}
