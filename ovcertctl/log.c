/* SPDX-License-Identifier: BSD-2-Clause */
/* "log": the audit log, and the check of its chain. For administrators; reads only. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dict.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "ovcertctl/json.h"
#include "ovcertctl/table.h"
#include "ovcertctl/verbs.h"

#define PAGE_ROWS 1000u

typedef struct Entry {
    uint64_t seq;
    int64_t time;
    char *event;
    uint32_t actor;
    char *outcome;
    char *detail;
    char *user;         /* NULL: none, or erased */
    char *subject;      /* likewise */
    JsonObject *object; /* instead of the above, for JSON */
} Entry;

/* The newest `limit` entries, a ring once it is full; limit 0: all. */
typedef struct Log {
    Tool *tool;
    Entry *entries;
    size_t count;
    size_t first;
    uint64_t limit;
    uint64_t after;
} Log;

static void entry_done(Entry *entry) {
    free(entry->event);
    free(entry->outcome);
    free(entry->detail);
    free(entry->user);
    free(entry->subject);
    (void) json_free(entry->object); /* returns NULL */
    *entry = (Entry){0};
}

static void log_done(Log *log) {
    for (size_t i = 0; i < log->count; i++)
        entry_done(&log->entries[i]);
    free(log->entries);
}

static int add_entry(Log *log, const Entry *entry) {
    if (log->limit > 0 && log->count == log->limit) {
        entry_done(&log->entries[log->first]);
        log->entries[log->first] = *entry;
        log->first = (log->first + 1) % log->count;
        return 0;
    }
    Entry *grown = reallocarray(log->entries, log->count + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    log->entries = grown;
    log->entries[log->count++] = *entry;
    return 0;
}

static int read_text(sd_bus_message *message, Entry *entry) {
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

static int read_json(sd_bus_message *message, Entry *entry) {
    int r = json_from_message(message, &entry->object);
    return r < 0 ? r : json_put(entry->object, "seq", json_object_new_uint64(entry->seq));
}

/* (ta{sv}) */
static int read_entry(sd_bus_message *message, void *userdata) {
    Log *log = userdata;
    Entry entry = {0};
    int r = sd_bus_message_enter_container(message, 'r', "ta{sv}");
    if (r >= 0)
        r = sd_bus_message_read(message, "t", &entry.seq);
    if (r >= 0)
        r = log->tool->output.format == OUTPUT_TEXT ? read_text(message, &entry) : read_json(message, &entry);
    if (r >= 0)
        r = sd_bus_message_exit_container(message);
    if (r >= 0)
        r = add_entry(log, &entry);
    if (r < 0)
        entry_done(&entry);
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

static int read_page(Log *log, bool *ret_more) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = call_page(log->tool, log->after, &reply);
    if (r != 0)
        return r;
    uint64_t next;
    if ((r = dict_read_list(reply, "(ta{sv})", read_entry, log)) < 0 ||
        (r = sd_bus_message_read(reply, "t", &next)) < 0)
        return client_bad_reply(log->tool->client, r);
    *ret_more = next > log->after;
    log->after = next;
    return 0;
}

static int read_pages(Log *log) {
    bool more = true;
    while (more) {
        int r = read_page(log, &more);
        if (r != 0)
            return r;
    }
    return 0;
}

static const Entry *entry_at(const Log *log, size_t i) {
    return &log->entries[(log->first + i) % log->count];
}

/* "demo", or the number of an account that is gone. */
static char *actor_name(uint32_t uid) {
    const struct passwd *entry = getpwuid(uid);
    if (entry)
        return strdup(entry->pw_name);
    char *number = NULL;
    return asprintf(&number, "%u", uid) < 0 ? NULL : number;
}

static int add_row(Table *table, const Entry *entry) {
    CLEANUP(free_pointer) char *actor = actor_name(entry->actor);
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

static int show_table(const Tool *tool, const Log *log) {
    const char *headings[] = {_("NO."),  _("TIME"),    _("EVENT"),  _("BY"),
                              _("USER"), _("OUTCOME"), _("DETAIL"), _("SUBJECT")};
    CLEANUP(table_freep) Table *table = NULL;
    int r = table_new(&tool->output, headings, ELEMENTSOF(headings), &table);
    for (size_t i = 0; r == 0 && i < log->count; i++)
        r = add_row(table, entry_at(log, i));
    return r < 0 ? r : table_print(table);
}

static int show_json(const Tool *tool, const Log *log) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < log->count; i++)
        r = json_append(array, json_object_get(entry_at(log, i)->object));
    if (r == 0)
        json_print(&tool->output, array);
    return r;
}

static int show_log(Tool *tool) {
    CLEANUP(log_done) Log log = {.tool = tool, .limit = tool->options->lines};
    int r = read_pages(&log);
    if (r != 0)
        return tool_failed(tool, r);
    r = tool->output.format == OUTPUT_TEXT ? show_table(tool, &log) : show_json(tool, &log);
    return r < 0 ? tool_fault(r) : 0;
}

/* --- the chain --- */

typedef struct Chain {
    uint64_t checked; /* the last entry looked at */
    uint64_t head;
    char *problem; /* "" when there is none */
    Bytes hash;    /* of the head */
} Chain;

static void chain_done(Chain *chain) {
    free(chain->problem);
    bytes_done(&chain->hash);
}

static int read_chain(sd_bus_message *reply, Chain *chain) {
    const char *problem;
    const void *hash;
    size_t size;
    int r = sd_bus_message_read(reply, "tst", &chain->checked, &problem, &chain->head);
    if (r < 0)
        return r;
    r = sd_bus_message_read_array(reply, 'y', &hash, &size);
    if (r < 0)
        return r;
    free(chain->problem);
    chain->problem = strdup(problem);
    if (!chain->problem)
        return -ENOMEM;
    bytes_done(&chain->hash);
    return bytes_copy((View){hash, size}, &chain->hash);
}

static int verify_page(Tool *tool, Chain *chain) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    uint64_t after = chain->checked;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "VerifyLog", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "tu", after, PAGE_ROWS);
    if (r < 0)
        return r;
    r = tool_call(tool, message, &reply);
    if (r != 0)
        return r;
    r = read_chain(reply, chain);
    if (r < 0)
        return client_bad_reply(tool->client, r);
    bool stuck = chain->checked <= after && chain->head > after && chain->problem[0] == '\0';
    return stuck ? client_bad_reply(tool->client, -EBADMSG) : 0;
}

static int print_chain(const Tool *tool, const Chain *chain, const char *hash) {
    if (tool->output.format == OUTPUT_TEXT) {
        if (chain->problem[0] == '\0')
            output_say(&tool->output, _("The log is whole: %llu entries; the newest one's hash is %s."),
                       (unsigned long long) chain->head, hash);
        return 0;
    }
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "checked", json_object_new_uint64(chain->checked)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "problem", json_object_new_string(chain->problem));
    if (r == 0)
        r = json_put(object, "head", json_object_new_uint64(chain->head));
    if (r == 0)
        r = json_put(object, "hash", json_object_new_string(hash));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

static int verify_log(Tool *tool) {
    CLEANUP(chain_done) Chain chain = {0};
    int r;
    do {
        r = verify_page(tool, &chain);
        if (r != 0)
            return tool_failed(tool, r);
    } while (chain.problem[0] == '\0' && chain.checked < chain.head);
    CLEANUP(free_pointer) char *hash = hex_encode(bytes_view(&chain.hash));
    if (!hash)
        return tool_fault(-ENOMEM);
    r = print_chain(tool, &chain, hash);
    if (r != 0 || chain.problem[0] == '\0')
        return r;
    output_complain(NULL, _("The log is not whole; entry %llu is the last one looked at:"),
                    (unsigned long long) chain.checked);
    output_complain_more(chain.problem, _("Keep the database as it is, and compare with the heads in the journal."));
    return EXIT_FAILED;
}

int verb_log(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    return options_has(tool->options, OPTION_VERIFY) ? verify_log(tool) : show_log(tool);
}
