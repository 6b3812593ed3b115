/* SPDX-License-Identifier: BSD-2-Clause */
/* "check": would this certificate do, and if not, why? Changes nothing. */
#include "common/i18n.h"
#include "ovcertctl/file.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/verdict.h"
#include "ovcertctl/view.h"

static int show_json(const Tool *tool, sd_bus_message *reply) {
    CLEANUP(json_freep) JsonObject *object = NULL;
    int r = json_from_message(reply, &object);
    if (r < 0)
        return tool_failed(tool, client_bad_reply(tool->client, r));
    json_print(&tool->output, object);
    return 0;
}

static void show(const Tool *tool, const VerdictInfo *verdict) {
    const Output *output = &tool->output;
    output_say(output, "%s%s%s", output_colour(output, verdict->accepted ? COLOUR_GREEN : COLOUR_RED),
               verdict->accepted ? _("The certificate is accepted.") : _("The certificate is not accepted:"),
               output_colour(output, COLOUR_NONE));
    view_reasons(tool, &verdict->reasons, false);
    if (verdict->certificate.fingerprint.size > 0)
        view_certificate(tool, &verdict->certificate);
    view_revocation(tool, verdict->revocation_checked);
}

int verb_check(Tool *tool, char **operands, size_t n_operands) {
    (void) n_operands; /* the table says one */
    CLEANUP(bytes_done) Bytes certificate = {0};
    CLEANUP(bytes_list_done) BytesList chain = {0};
    CLEANUP(verdict_info_done) VerdictInfo verdict = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    int r = file_read_certificates(operands[0], &certificate, &chain);
    if (r != 0)
        return r;
    r = tool_connect(tool);
    if (r != 0)
        return r;
    if (options_has(tool->options, OPTION_USER))
        tool_identify(tool);
    r = verdict_ask(tool, bytes_view(&certificate), &chain, tool->options->values[OPTION_USER], &verdict, &reply);
    if (r != 0)
        return tool_failed(tool, r);
    if (tool->output.format == OUTPUT_TEXT)
        show(tool, &verdict);
    else if ((r = show_json(tool, reply)) != 0)
        return r;
    return verdict.accepted ? EXIT_DONE : EXIT_FAILED;
}
