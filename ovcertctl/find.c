/* SPDX-License-Identifier: BSD-2-Clause */
/* "find": whose certificate is this? For administrators and for services of the group ovcert-services. Proves nothing
 * about who brings the certificate. */
#include <errno.h>

#include "common/error.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ovcertctl/description.h"
#include "ovcertctl/file.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/view.h"

static int call(Tool *tool, View certificate, const BytesList *chain, sd_bus_message **ret) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_message(tool->client, OVCERT_OBJECT_PATH, OVCERT_MANAGER_INTERFACE, "FindByCertificate", &message);
    if (r < 0)
        return r;
    r = client_append_certificate(message, certificate, chain);
    if (r < 0)
        return r;
    r = options_has(tool->options, OPTION_NO_VALIDATION)
            ? sd_bus_message_append(message, "a{sv}", 1, "no-validation", "b", 1)
            : sd_bus_message_append(message, "a{sv}", 0);
    return r < 0 ? r : tool_call(tool, message, ret);
}

static int failed(const Tool *tool, int r) {
    if (r != OVCERT_ERROR_NOT_FOUND)
        return tool_failed(tool, r);
    output_complain(_("See who has one with \"ovcertctl list\"."), _("The certificate is assigned to nobody."));
    return EXIT_NOT_FOUND;
}

/* (s a{sv}) */
static int show_json(const Tool *tool, sd_bus_message *reply) {
    const char *user;
    JsonObject *facts = NULL;
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? sd_bus_message_read(reply, "s", &user) : -ENOMEM;
    if (r >= 0)
        r = json_put(object, "user", json_object_new_string(user));
    if (r >= 0)
        r = json_from_message(reply, &facts);
    if (r >= 0)
        r = json_put(object, "facts", facts);
    if (r < 0)
        return r;
    json_print(&tool->output, object);
    return 0;
}

static int show_text(const Tool *tool, sd_bus_message *reply) {
    const char *user;
    CLEANUP(certificate_info_done) CertificateInfo info = {0};
    int r = sd_bus_message_read(reply, "s", &user);
    if (r >= 0)
        r = certificate_info_read(reply, &info);
    if (r < 0)
        return r;
    if (!text_is_user_name(user))
        return -EBADMSG;
    output_property(&tool->output, _("User"), COLOUR_BOLD, "%s", user);
    view_certificate(tool, &info);
    return 0;
}

int verb_find(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(bytes_done) Bytes certificate = {0};
    CLEANUP(bytes_list_done) BytesList chain = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = file_read_certificates(operands[0], &certificate, &chain);
    if (r == 0)
        r = tool_connect(tool);
    if (r != 0)
        return r;
    tool_identify(tool);
    r = call(tool, bytes_view(&certificate), &chain, &reply);
    if (r != 0)
        return failed(tool, r);
    r = tool->output.format == OUTPUT_TEXT ? show_text(tool, reply) : show_json(tool, reply);
    return r < 0 ? tool_failed(tool, client_bad_reply(tool->client, r)) : 0;
}
