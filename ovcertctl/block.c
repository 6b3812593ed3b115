/* SPDX-License-Identifier: BSD-2-Clause */
/* "block", "unblock" and "unbar", for administrators: a lost card, and its return. Nothing is asked: each can be taken
 * back by the other. */
#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "ovcertctl/file.h"
#include "ovcertctl/fingerprint.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "trust/certificate.h"

static int print(const Tool *tool, const char *key, const char *value, const char *state) {
    if (tool->output.format == OUTPUT_TEXT)
        return 0;
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? json_put(object, key, json_object_new_string(value)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "state", json_object_new_string(state));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

static int call(Tool *tool, const char *user, const char *member) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    const char *reason = tool->options->values[OPTION_REASON];
    int r = client_profile_message(tool->client, user, member, &message);
    if (r < 0)
        return r;
    r = reason ? sd_bus_message_append(message, "a{sv}", 1, "reason", "s", reason)
               : sd_bus_message_append(message, "a{sv}", 0);
    return r < 0 ? r : tool_call(tool, message, NULL);
}

static int begin(Tool *tool, char **operands, size_t n_operands, char **ret_user) {
    if (n_operands == 0 && !options_has(tool->options, OPTION_USER)) {
        output_complain(_("Give it behind the verb."), _("The name of the profile is missing."));
        return EXIT_USAGE;
    }
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    return tool_user(tool, n_operands > 0 ? operands[0] : NULL, ret_user);
}

int verb_block(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(free_pointer) char *user = NULL;
    int r = begin(tool, operands, n_operands, &user);
    if (r != 0)
        return r;
    r = call(tool, user, "Block");
    if (r != 0)
        return tool_failed(tool, r);
    output_say(&tool->output,
               _("The profile %s is blocked: nobody signs in by its certificate, and its user cannot "
                 "change it, until \"ovcertctl unblock %s\"."),
               user, user);
    return print(tool, "user", user, "blocked");
}

int verb_unblock(Tool *tool, char **operands, size_t n_operands) {
    CLEANUP(free_pointer) char *user = NULL;
    int r = begin(tool, operands, n_operands, &user);
    if (r != 0)
        return r;
    r = call(tool, user, "Unblock");
    if (r != 0)
        return tool_failed(tool, r);
    output_say(&tool->output, _("The profile %s is not blocked any more."), user);
    return print(tool, "user", user, "unblocked");
}

/* --- unbar --- */

static int fingerprint_of_file(const char *path, uint8_t ret[CERTIFICATE_FINGERPRINT_SIZE]) {
    CLEANUP(bytes_done) Bytes der = {0};
    CLEANUP(bytes_list_done) BytesList chain = {0};
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = file_read_certificates(path, &der, &chain);
    if (r != 0)
        return r;
    r = certificate_parse(bytes_view(&der), &certificate);
    if (r != 0)
        return tool_fault(r < 0 ? r : -EBADMSG);
    memcpy(ret, certificate_facts(certificate)->fingerprint, CERTIFICATE_FINGERPRINT_SIZE);
    return 0;
}

static int call_unbar(Tool *tool, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r;
    if ((r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "Unbar", &message)) < 0 ||
        (r = sd_bus_message_append_array(message, 'y', fingerprint, CERTIFICATE_FINGERPRINT_SIZE)) < 0 ||
        (r = sd_bus_message_append(message, "a{sv}", 0)) < 0)
        return r;
    return tool_call(tool, message, NULL);
}

int verb_unbar(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE] = {0};
    int r = fingerprint_read(operands[0], fingerprint) ? 0 : fingerprint_of_file(operands[0], fingerprint);
    if (r == 0)
        r = tool_connect(tool);
    if (r != 0)
        return r;
    CLEANUP(free_pointer) char *text = hex_encode((View){fingerprint, sizeof fingerprint});
    if (!text)
        return tool_fault(-ENOMEM);
    tool_identify(tool);
    r = call_unbar(tool, fingerprint);
    if (r == OVCERT_ERROR_NOT_FOUND) {
        output_complain(_("Barred ones stand in \"ovcertctl log\" as certificate-barred, with their fingerprints."),
                        _("The certificate is not barred."));
        return EXIT_NOT_FOUND;
    }
    if (r != 0)
        return tool_failed(tool, r);
    output_say(&tool->output, _("The certificate is not barred any more."));
    return print(tool, "fingerprint", text, "unbarred");
}
