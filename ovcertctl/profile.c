/* SPDX-License-Identifier: BSD-2-Clause */
/* "profile create", for root. ("profile show" is in status.c, "profile delete" in delete.c.) */
#include "ovcertctl/profile.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "trust/holder.h"

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
int profile_check_holder(const char *holder) {
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

int profile_create(Tool *tool, const char *name, uint32_t uid, const char *holder) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
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
    int r = profile_check_holder(tool->options->values[OPTION_HOLDER]);
    if (r != 0)
        return r;
    r = account_uid(tool, operands[0], &uid);
    if (r != 0)
        return r;
    r = tool_connect(tool);
    if (r != 0)
        return r;
    r = profile_create(tool, operands[0], uid, tool->options->values[OPTION_HOLDER]);
    return r != 0 ? tool_failed(tool, r) : print_created(tool, operands[0], uid);
}
