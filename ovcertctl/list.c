/* SPDX-License-Identifier: BSD-2-Clause */
/* "list": profiles, for administrators. Reads only; the daemon does the filtering. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/dict.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/description.h"
#include "ovcertctl/json.h"
#include "ovcertctl/table.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/view.h"

#define PAGE_ROWS 200u

/* Where rows go: into a table or an array. */
typedef struct Listing {
    Tool *tool;
    Table *table;
    JsonObject *array;
} Listing;

static int add_to_table(Listing *listing, const ProfileInfo *profile) {
    const CertificateInfo *certificate = &profile->certificate;
    TimeText until = output_time(profile->has_certificate ? certificate->not_after : 0);
    const Cell cells[] = {
        {.text = profile->user},
        {.text = output_word(profile->state), .colour = view_colour(profile->state)},
        {.text = profile->holder},
        {.text = output_word(profile->certificate_status), .colour = view_colour(profile->certificate_status)},
        {.text = until.text},
        {.text = profile->has_certificate ? certificate->serial : ""},
    };
    return table_add(listing->table, cells);
}

/* (sa{sv}) */
static int read_table_row(sd_bus_message *message, void *userdata) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    int r;
    if ((r = sd_bus_message_enter_container(message, 'r', "sa{sv}")) < 0 ||
        (r = sd_bus_message_skip(message, "s")) < 0 || (r = profile_info_read(message, &profile)) < 0 ||
        (r = sd_bus_message_exit_container(message)) < 0)
        return r;
    return add_to_table(userdata, &profile);
}

static int read_json_row(sd_bus_message *message, void *userdata) {
    Listing *listing = userdata;
    JsonObject *object = NULL;
    int r;
    if ((r = sd_bus_message_enter_container(message, 'r', "sa{sv}")) < 0 ||
        (r = sd_bus_message_skip(message, "s")) < 0 || (r = json_from_message(message, &object)) < 0 ||
        (r = json_append(listing->array, object)) < 0)
        return r;
    return sd_bus_message_exit_container(message);
}

static int append_filter(const Tool *tool, sd_bus_message *message) {
    const char *state = tool->options->values[OPTION_STATE], *status = tool->options->values[OPTION_STATUS];
    int r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r >= 0 && state)
        r = sd_bus_message_append(message, "{sv}", "state", "s", state);
    if (r >= 0 && status)
        r = sd_bus_message_append(message, "{sv}", "certificate-status", "s", status);
    if (r >= 0 && options_has(tool->options, OPTION_EXPIRING))
        r = sd_bus_message_append(message, "{sv}", "expiring-within", "x", tool->options->expiring);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int call_page(Tool *tool, const char *after, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r;
    if ((r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "ListProfiles", &message)) <
            0 ||
        (r = append_filter(tool, message)) < 0 || (r = sd_bus_message_append(message, "su", after, PAGE_ROWS)) < 0)
        return r;
    return tool_call(tool, message, ret);
}

/* *after becomes the name to go on behind, "" at the end. */
static int read_page(Listing *listing, char **after) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    Client *client = listing->tool->client;
    int r = call_page(listing->tool, *after, &reply);
    if (r != 0)
        return r;
    r = dict_read_list(reply, "(sa{sv})", listing->table ? read_table_row : read_json_row, listing);
    const char *next;
    if (r < 0 || (r = sd_bus_message_read(reply, "s", &next)) < 0)
        return client_bad_reply(client, r);
    if (next[0] != '\0' && strcmp(next, *after) <= 0) /* would go round for ever */
        return client_bad_reply(client, -EBADMSG);
    char *copy = strdup(next);
    if (!copy)
        return -ENOMEM;
    free(*after);
    *after = copy;
    return 0;
}

static int read_pages(Listing *listing) {
    CLEANUP(free_pointer) char *after = strdup("");
    if (!after)
        return -ENOMEM;
    do {
        int r = read_page(listing, &after);
        if (r != 0)
            return r;
    } while (after[0] != '\0');
    return 0;
}

static int list_json(Tool *tool) {
    CLEANUP(json_freep) JsonObject *array = json_object_new_array();
    if (!array)
        return -ENOMEM;
    int r = read_pages(&(Listing){.tool = tool, .array = array});
    if (r == 0)
        json_print(&tool->output, array);
    return r;
}

static int list_table(Tool *tool) {
    const char *headings[] = {_("USER"), _("STATE"), _("HOLDER"), _("CERTIFICATE"), _("VALID UNTIL"), _("SERIAL")};
    CLEANUP(table_freep) Table *table = NULL;
    int r = table_new(&tool->output, headings, ELEMENTSOF(headings), &table);
    if (r < 0)
        return r;
    r = read_pages(&(Listing){.tool = tool, .table = table});
    return r != 0 ? r : table_print(table);
}

/* Words that the daemon would refuse: here there is more to say. */
static int check_word(const Tool *tool, OptionId option, const char *words) {
    const char *given = tool->options->values[option];
    if (!given)
        return 0;
    size_t length = strlen(given);
    for (const char *word = words; *word; word += strcspn(word, " "), word += *word == ' ')
        if (length > 0 && strcspn(word, " ") == length && strncmp(word, given, length) == 0)
            return 0;
    CLEANUP(free_pointer) char *shown = text_escape_string(given);
    output_complain(NULL, _("%s does not take \"%s\"."), options_name(option), shown ? shown : "");
    (void) fprintf(stderr, _("Give one of these: %s.\n"), words);
    return EXIT_USAGE;
}

int verb_list(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    int r = check_word(tool, OPTION_STATE, "unassigned assigned blocked");
    if (r == 0)
        r = check_word(tool, OPTION_STATUS, "none valid expiring expired not-yet-valid revoked untrusted");
    if (r == 0)
        r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    r = tool->output.format == OUTPUT_TEXT ? list_table(tool) : list_json(tool);
    return r == 0 ? 0 : tool_failed(tool, r);
}
