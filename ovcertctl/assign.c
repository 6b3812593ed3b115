/* SPDX-License-Identifier: BSD-2-Clause */
/* "assign": gives a profile without a certificate its new one, or ends a confirmed swap; administrators may do so by a
 * certificate file alone. */
#include "ovcertctl/assign.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "ovcertctl/file.h"
#include "ovcertctl/json.h"
#include "ovcertctl/proof.h"
#include "ovcertctl/verbs.h"
#include "trust/certificate.h"

static int summary_json(const Tool *tool, const char *user, const CertificateInfo *certificate) {
    CLEANUP(free_pointer) char *fingerprint = hex_encode(bytes_view(&certificate->fingerprint));
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object && fingerprint ? json_put(object, "user", json_object_new_string(user)) : -ENOMEM;
    if (r == 0)
        r = json_put(object, "fingerprint", json_object_new_string(fingerprint));
    if (r == 0)
        r = json_put(object, "not-after", json_object_new_int64(certificate->not_after));
    if (r < 0)
        return tool_fault(r);
    json_print(&tool->output, object);
    return 0;
}

int assign_summary(const Tool *tool, const char *user, const CertificateInfo *certificate) {
    output_say(&tool->output, _("Done: %s signs in with this certificate from now on; it is valid until %s."), user,
               output_time(certificate->not_after).text);
    return tool->output.format == OUTPUT_TEXT ? 0 : summary_json(tool, user, certificate);
}

/* --- by an administrator --- */

int assign_certificate(Tool *tool, const char *user, View certificate, const BytesList *chain) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int change = options_has(tool->options, OPTION_HOLDER_CHANGE);
    int r;
    if ((r = client_profile_message(tool->client, user, "Assign", &message)) < 0 ||
        (r = sd_bus_message_append(message, "s", "")) < 0 ||
        (r = sd_bus_message_open_container(message, 'a', "{sv}")) < 0 ||
        (r = sd_bus_message_open_container(message, 'e', "sv")) < 0 ||
        (r = sd_bus_message_append(message, "s", "certificate")) < 0 ||
        (r = sd_bus_message_open_container(message, 'v', "ay")) < 0 ||
        (r = sd_bus_message_append_array(message, 'y', certificate.data, certificate.size)) < 0 ||
        (r = sd_bus_message_close_container(message)) < 0 || (r = sd_bus_message_close_container(message)) < 0 ||
        (r = sd_bus_message_open_container(message, 'e', "sv")) < 0 ||
        (r = sd_bus_message_append(message, "s", "chain")) < 0 ||
        (r = sd_bus_message_open_container(message, 'v', "aay")) < 0 || (r = client_append_chain(message, chain)) < 0 ||
        (r = sd_bus_message_close_container(message)) < 0 || (r = sd_bus_message_close_container(message)) < 0)
        return r;
    if (change && (r = sd_bus_message_append(message, "{sv}", "holder-change", "b", change)) < 0)
        return r;
    r = sd_bus_message_close_container(message);
    return r < 0 ? r : tool_call(tool, message, NULL);
}

static int fill_info(View der, CertificateInfo *ret) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r = certificate_parse(der, &certificate);
    return r == 0 ? certificate_info_fill(certificate_facts(certificate), ret) : r > 0 ? -EBADMSG : r;
}

static int assign_unproven(Tool *tool, const char *user, const char *path) {
    CLEANUP(bytes_done) Bytes certificate = {0};
    CLEANUP(bytes_list_done) BytesList chain = {0};
    CLEANUP(certificate_info_done) CertificateInfo info = {0};
    int r = file_read_certificates(path, &certificate, &chain);
    if (r != 0)
        return r;
    tool_identify(tool);
    r = assign_certificate(tool, user, bytes_view(&certificate), &chain);
    if (r != 0)
        return tool_failed(tool, r);
    r = fill_info(bytes_view(&certificate), &info); /* the daemon has parsed it too */
    return r < 0 ? tool_fault(r) : assign_summary(tool, user, &info);
}

/* --- by proof --- */

/* Before anything is asked: whether Assign can come to a good end at all. */
static int is_open(const Tool *tool, const ProfileInfo *profile) {
    const OperationInfo *unlink = profile_operation(profile, "unlink");
    if (!profile->has_certificate)
        return 0;
    if (unlink && unlink->until_assign && strcmp(unlink->state, "confirmed") == 0)
        return 0;
    return tool_failed(tool, unlink ? OVCERT_ERROR_OPERATION_PENDING : OVCERT_ERROR_CERTIFICATE_ASSIGNED);
}

static int assign_proven(Tool *tool, const char *user) {
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    CLEANUP(proof_done) Proof proof = {0};
    int r = profile_describe(tool, user, &profile, NULL);
    if (r != 0)
        return tool_failed(tool, r);
    r = is_open(tool, &profile);
    if (r != 0)
        return r;
    r = proof_obtain(tool, &profile, &proof);
    if (r != 0)
        return r;
    r = proof_assign(tool, user, &proof);
    return r != 0 ? tool_failed(tool, r) : assign_summary(tool, user, &proof.certificate);
}

int verb_assign(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    CLEANUP(free_pointer) char *user = NULL;
    const char *certificate = tool->options->values[OPTION_CERTIFICATE];
    if (certificate && options_has(tool->options, OPTION_CREDENTIAL)) {
        output_complain(_("Give one of them."), _("--certificate and --credential exclude each other."));
        return EXIT_USAGE;
    }
    if (!certificate && options_has(tool->options, OPTION_HOLDER_CHANGE)) {
        output_complain(_("See \"ovcertctl assign --help\"."), _("--holder-change needs --certificate."));
        return EXIT_USAGE;
    }
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    if (options_has(tool->options, OPTION_USER))
        tool_identify(tool);
    r = tool_user(tool, NULL, &user);
    if (r != 0)
        return r;
    r = certificate ? assign_unproven(tool, user, certificate) : assign_proven(tool, user);
    if (r != 0)
        output_complain_more(NULL, _("Nothing was changed."));
    return r;
}
