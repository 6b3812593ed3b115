/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the audit log for log.c and log_follow.c. Must never go round for ever, whatever the daemon answers. */
#include "ovcertctl/log_entry.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dict.h"
#include "common/protocol.h"

#define PAGE_ROWS 1000u

void log_entry_done(LogEntry *entry) {
    free(entry->event);
    free(entry->outcome);
    free(entry->detail);
    free(entry->user);
    free(entry->subject);
    (void) json_free(entry->object); /* returns NULL */
    *entry = (LogEntry){0};
}

void log_ring_done(LogRing *ring) {
    for (size_t i = 0; i < ring->count; i++)
        log_entry_done(&ring->entries[i]);
    free(ring->entries);
    *ring = (LogRing){0};
}

int log_ring_keep(LogEntry *entry, void *userdata) {
    LogRing *ring = userdata;
    if (ring->limit > 0 && ring->count == ring->limit) {
        log_entry_done(&ring->entries[ring->first]);
        ring->entries[ring->first] = *entry;
        ring->first = (ring->first + 1) % ring->count;
        return 0;
    }
    LogEntry *grown = reallocarray(ring->entries, ring->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    ring->entries = grown;
    ring->entries[ring->count++] = *entry;
    return 0;
}

const LogEntry *log_ring_at(const LogRing *ring, size_t i) {
    return &ring->entries[(ring->first + i) % ring->count];
}

/* One run of log_read(). */
typedef struct Reading {
    Tool *tool;
    LogSink sink;
    void *userdata;
    int fault; /* of the sink, not of the reply */
} Reading;

static int read_text(sd_bus_message *message, LogEntry *entry) {
    const DictField dict[] = {
        {.key = "time", .type = "x", .target = &entry->time},
        {.key = "event", .type = "s", .target = &entry->event},
        {.key = "actor", .type = "u", .target = &entry->actor},
        {.key = "outcome", .type = "s", .target = &entry->outcome},
        {.key = "detail", .type = "s", .target = &entry->detail, .optional = true},
        {.key = "user", .type = "s", .target = &entry->user, .optional = true},
        {.key = "subject", .type = "s", .target = &entry->subject, .optional = true},
    };
    return dict_read(message, dict, ELEMENTSOF(dict));
}

static int read_json(sd_bus_message *message, LogEntry *entry) {
    int r = json_from_message(message, &entry->object);
    return r < 0 ? r : json_put(entry->object, "seq", json_object_new_uint64(entry->seq));
}

/* (ta{sv}) */
static int read_entry(sd_bus_message *message, void *userdata) {
    Reading *reading = userdata;
    LogEntry entry = {0};
    int r = sd_bus_message_enter_container(message, 'r', "ta{sv}");
    if (r >= 0)
        r = sd_bus_message_read(message, "t", &entry.seq);
    if (r >= 0)
        r = reading->tool->output.format == OUTPUT_TEXT ? read_text(message, &entry) : read_json(message, &entry);
    if (r >= 0)
        r = sd_bus_message_exit_container(message);
    if (r >= 0)
        r = reading->fault = reading->sink(&entry, reading->userdata);
    if (r < 0)
        log_entry_done(&entry);
    return r;
}

static int call_page(Tool *tool, uint64_t after, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    const char *user = tool->options->values[OPTION_USER];
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "ReadLog", &message);
    if (r < 0)
        return r;
    r = user ? sd_bus_message_append(message, "a{sv}", 1, "user", "s", user)
             : sd_bus_message_append(message, "a{sv}", 0);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "tu", after, PAGE_ROWS);
    return r < 0 ? r : tool_call(tool, message, ret);
}

static int read_page(Reading *reading, uint64_t *after, bool *ret_more) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call_page(reading->tool, *after, &reply);
    if (r != 0)
        return r;
    uint64_t next;
    if ((r = dict_read_list(reply, "(ta{sv})", read_entry, reading)) < 0 ||
        (r = sd_bus_message_read(reply, "t", &next)) < 0)
        return reading->fault < 0 ? reading->fault : client_bad_reply(reading->tool->client, r);
    *ret_more = next > *after;
    *after = next > *after ? next : *after;
    return 0;
}

int log_read(Tool *tool, uint64_t *after, LogSink sink, void *userdata) {
    Reading reading = {.tool = tool, .sink = sink, .userdata = userdata};
    bool more = true;
    while (more) {
        int r = read_page(&reading, after, &more);
        if (r != 0)
            return r;
    }
    return 0;
}

int log_start(Tool *tool, uint64_t lines, uint64_t *ret_after) {
    CLEANUP(log_chain_done) LogChain chain = {0};
    *ret_after = 0;
    if (lines == 0 || tool->options->values[OPTION_USER])
        return 0;
    int r = log_chain_check(tool, 0, 1, &chain);
    if (r == 0 && chain.head > lines)
        *ret_after = chain.head - lines;
    return r;
}

char *log_actor(uint32_t uid) {
    const struct passwd *entry = getpwuid(uid);
    if (entry)
        return strdup(entry->pw_name);
    char *number = NULL;
    return asprintf(&number, "%u", uid) < 0 ? NULL : number;
}
