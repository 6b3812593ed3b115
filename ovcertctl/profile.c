/* SPDX-License-Identifier: BSD-2-Clause */
/* "profile create" and "list", for administrators. ("profile show" is in status.c.) */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/dict.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/description.h"
#include "ovcertctl/json.h"
#include "ovcertctl/table.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/view.h"
#include "trust/holder.h"

#define PAGE_ROWS 200u

static int account_uid(const Tool *tool, const char *name, uint32_t *ret) {
    if (options_has(tool->options, OPTION_UID)) {
        *ret = tool->options->uid;
        return 0;
    }
    const struct passwd *entry = getpwnam(name);
    if (!entry) {
        output_complain(_("Check the name, or give the user id with --uid."), _("There is no account of this name."));
        return EXIT_NOT_FOUND;
    }
    *ret = entry->pw_uid;
    return 0;
}

/* The daemon checks it too; here there is more to say. */
static int check_holder(const char *holder) {
    CLEANUP(free_pointer) char *normal = NULL;
    int r = holder ? holder_normalise(holder, &normal) : 0;
    if (r != -EINVAL)
        return r == 0 ? 0 : tool_fault(r);
    CLEANUP(free_pointer) char *shown = text_escape_string(holder);
    output_complain(
        _("Give a tax id with its right control letter, such as 00000000T, IDCES-00000000T or ES:00000000T."),
        _("\"%s\" is not the id of a holder."), shown ? shown : "");
    return EXIT_USAGE;
}

static int create(Tool *tool, const char *name, uint32_t uid) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    const char *holder = tool->options->values[OPTION_HOLDER];
    int r;
    if ((r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "CreateProfile", &message)) <
            0 ||
        (r = sd_bus_message_append(message, "s", name)) < 0 ||
        (r = sd_bus_message_open_container(message, 'a', "{sv}")) < 0 ||
        (r = sd_bus_message_append(message, "{sv}", "uid", "u", uid)) < 0)
        return r;
    if (holder && (r = sd_bus_message_append(message, "{sv}", "holder", "s", holder)) < 0)
        return r;
    if ((r = sd_bus_message_close_container(message)) < 0 || (r = sd_bus_message_append(message, "a{sv}", 0)) < 0)
        return r;
    return tool_call(tool, message, NULL);
}

static int print_created(const Tool *tool, const char *name, uint32_t uid) {
    output_say(&tool->output, _("Profile %s (uid %u) is there."), name, uid);
    if (tool->output.legend)
        output_say(&tool->output, _("Assign a certificate with \"ovcertctl assign --user %s --certificate FILE\"."),
                   name);
    if (tool->output.format == OUTPUT_TEXT)
        return 0;
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, "user", json_object_new_string(name)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "uid", json_object_new_int64(uid));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

int verb_profile_create(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    uint32_t uid;
    if (geteuid() != 0) {
        output_complain(_("Run it as root, with sudo say."),
                        _("Only root may make a profile, since it ties a name to a user id."));
        return EXIT_DENIED;
    }
    if (!text_is_user_name(operands[0])) {
        output_complain(_("Give the name of a user."), _("No user can have that name."));
        return EXIT_USAGE;
    }
    int r = check_holder(tool->options->values[OPTION_HOLDER]);
    if (r != 0)
        return r;
    r = account_uid(tool, operands[0], &uid);
    if (r != 0)
        return r;
    r = tool_connect(tool);
    if (r != 0)
        return r;
    r = create(tool, operands[0], uid);
    return r != 0 ? tool_failed(tool, r) : print_created(tool, operands[0], uid);
}

/* --- list --- */

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

int verb_list(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    r = tool->output.format == OUTPUT_TEXT ? list_table(tool) : list_json(tool);
    return r == 0 ? 0 : tool_failed(tool, r);
}
