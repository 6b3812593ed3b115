/* SPDX-License-Identifier: BSD-2-Clause */
/* "unlink", "confirm" and "cancel": the guide's own steps. Nothing is asked here: "confirm" is the answer itself. */
#include "ovcertctl/operations.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "ovcertctl/description.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"

/* Unlink and Delete answer alike. */
static int call_opening(Tool *tool, sd_bus_message *message, char **ret_id, uint64_t *ret_deadline) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    const char *id;
    int r = tool_call(tool, message, &reply);
    if (r != 0)
        return r;
    r = sd_bus_message_read(reply, "st", &id, ret_deadline);
    if (r < 0)
        return client_bad_reply(tool->client, r);
    *ret_id = strdup(id);
    return *ret_id ? 0 : -ENOMEM;
}

int operation_unlink(Tool *tool, const char *user, const UnlinkOptions *options, char **ret_id,
                     uint64_t *ret_deadline) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Unlink", &message);
    if (r < 0)
        return r;
    int until_assign = options->until_assign, bar = options->bar;
    r = bar ? sd_bus_message_append(message, "a{sv}", 2, "until-assign", "b", until_assign, "bar", "b", bar)
            : sd_bus_message_append(message, "a{sv}", 1, "until-assign", "b", until_assign);
    return r < 0 ? r : call_opening(tool, message, ret_id, ret_deadline);
}

int operation_delete(Tool *tool, const char *user, char **ret_id, uint64_t *ret_deadline) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Delete", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "a{sv}", 0);
    return r < 0 ? r : call_opening(tool, message, ret_id, ret_deadline);
}

int operation_confirm(Tool *tool, const char *user, const char *id) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Confirm", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "ssa{sv}", id, "", 0);
    return r < 0 ? r : tool_call(tool, message, NULL);
}

int operation_cancel(Tool *tool, const char *user, const char *id) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Cancel", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "sa{sv}", id, 0);
    return r < 0 ? r : tool_call(tool, message, NULL);
}

int operation_print(const Tool *tool, const char *id, const char *state, uint64_t deadline) {
    if (tool->output.format == OUTPUT_TEXT)
        return 0;
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? 0 : -ENOMEM;
    if (r == 0)
        r = json_put(object, "operation", json_object_new_string(id));
    if (r == 0)
        r = json_put(object, "state", json_object_new_string(state));
    if (r == 0 && deadline > 0)
        r = json_put(object, "deadline", json_object_new_uint64(deadline));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

void operation_say_next(const Tool *tool, const char *user, const char *id, uint64_t deadline) {
    const char *option = user ? " --user " : "", *name = user ? user : "";
    output_say(&tool->output,
               _("Go on with \"ovcertctl confirm%s%s %s\" until %s, or drop it with \"ovcertctl cancel%s%s %s\"."),
               option, name, id, output_time((int64_t) deadline).text, option, name, id);
}

static int begin(Tool *tool, const char *operand, char **ret_user) {
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    return tool_user(tool, operand, ret_user);
}

int verb_unlink(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(free_pointer) char *id = NULL;
    uint64_t deadline;
    const UnlinkOptions options = {
        .until_assign = options_has(tool->options, OPTION_UNTIL_ASSIGN),
        .bar = options_has(tool->options, OPTION_BAR),
    };
    int r = begin(tool, n_operands > 0 ? operands[0] : NULL, &user);
    if (r != 0)
        return r;
    r = operation_unlink(tool, user, &options, &id, &deadline);
    if (r != 0)
        return tool_failed(tool, r);
    if (options.bar)
        output_say(&tool->output, _("The certificate is barred: it is not accepted any more, whatever becomes of the "
                                    "unlinking. To take that back: \"ovcertctl unbar\"."));
    output_say(&tool->output,
               options.bar ? _("Unlinking the certificate is prepared; it is still assigned (operation %s).")
                           : _("Unlinking the certificate is prepared; nothing has changed yet (operation %s)."),
               id);
    operation_say_next(tool, n_operands > 0 || options_has(tool->options, OPTION_USER) ? user : NULL, id, deadline);
    return operation_print(tool, id, "requested", deadline);
}

static int no_operation(void) {
    output_complain(_("See the profile with \"ovcertctl status\"."), _("There is no open operation."));
    return EXIT_NOT_FOUND;
}

static int ambiguous(const ProfileInfo *profile) {
    output_complain(NULL, _("There is more than one open operation:"));
    for (size_t i = 0; i < profile->n_operations; i++)
        output_complain_more(profile->operations[i].id, NULL);
    output_complain_more(NULL, _("Name the one you mean."));
    return EXIT_FAILED;
}

/* The operation that is meant: the named one, or the only one in a state that the verb can do something with. `*ret`
 * stays NULL for a named one that is not open: the daemon then says so. */
static int find(const ProfileInfo *profile, const char *named, bool requested_only, const OperationInfo **ret) {
    const OperationInfo *found = NULL;
    for (size_t i = 0; i < profile->n_operations; i++) {
        const OperationInfo *operation = &profile->operations[i];
        if (named ? strcmp(operation->id, named) != 0 : requested_only && strcmp(operation->state, "requested") != 0)
            continue;
        if (found)
            return ambiguous(profile);
        found = operation;
    }
    if (!found && !named)
        return no_operation();
    *ret = found;
    return 0;
}

typedef struct Step {
    char *user;
    char *id;
    bool until_assign;
    bool is_unlink;
    bool is_delete;
} Step;

static void step_done(Step *step) {
    free_pointer(&step->user);
    free_pointer(&step->id);
}

static int begin_step(Tool *tool, const char *named, bool requested_only, Step *ret) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    const OperationInfo *operation = NULL;
    int r = begin(tool, NULL, &ret->user);
    if (r != 0)
        return r;
    r = profile_describe(tool, ret->user, &profile, NULL);
    if (r != 0)
        return tool_failed(tool, r);
    r = find(&profile, named, requested_only, &operation);
    if (r != 0)
        return r;
    ret->until_assign = operation && operation->until_assign;
    ret->is_unlink = operation && strcmp(operation->kind, "unlink") == 0;
    ret->is_delete = operation && strcmp(operation->kind, "delete-profile") == 0;
    ret->id = strdup(operation ? operation->id : named);
    return ret->id ? 0 : tool_fault(-ENOMEM);
}

int verb_confirm(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(step_done) Step step = {0};
    int r = begin_step(tool, n_operands > 0 ? operands[0] : NULL, true, &step);
    if (r != 0)
        return r;
    r = operation_confirm(tool, step.user, step.id);
    if (r != 0)
        return tool_failed(tool, r);
    const char *option = options_has(tool->options, OPTION_USER) ? " --user " : "", *name = option[0] ? step.user : "";
    if (step.until_assign)
        output_say(&tool->output,
                   _("Confirmed. The old certificate stays until the new one is assigned: \"ovcertctl assign%s%s\"."),
                   option, name);
    else if (step.is_unlink)
        output_say(&tool->output,
                   _("Confirmed. The certificate is unlinked; assign the new one with \"ovcertctl assign%s%s\"."),
                   option, name);
    else if (step.is_delete)
        output_say(&tool->output, _("Confirmed. The profile %s is deleted."), step.user);
    else
        output_say(&tool->output, _("Confirmed."));
    return operation_print(tool, step.id, "confirmed", 0);
}

int verb_cancel(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(step_done) Step step = {0};
    int r = begin_step(tool, n_operands > 0 ? operands[0] : NULL, false, &step);
    if (r != 0)
        return r;
    r = operation_cancel(tool, step.user, step.id);
    if (r != 0)
        return tool_failed(tool, r);
    output_say(&tool->output, _("Cancelled; the operation has changed nothing."));
    return operation_print(tool, step.id, "cancelled", 0);
}
