/* SPDX-License-Identifier: BSD-2-Clause */
/* "explain": everything that a verdict rests on: the facts, the chain, the age of the revocation data, every reason
 * with what to do about it, and what is open in the profile. Reads only; says what the daemon found, decides nothing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/i18n.h"
#include "ovcertctl/file.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/verdict.h"
#include "ovcertctl/view.h"

/* --- text --- */

static void show_facts(const Tool *tool, const CertificateInfo *info) {
    view_certificate(tool, info);
    if (info->key_type[0] != '\0')
        output_property(&tool->output, _("Key"), COLOUR_NONE, _("%s, %u bits"), info->key_type, info->key_bits);
    output_property(&tool->output, _("Kind"), COLOUR_NONE, "%s", info->kind[0] ? info->kind : _("none"));
}

static void show_verdict(const Tool *tool, bool accepted, const Reasons *reasons) {
    const Output *output = &tool->output;
    output_say(output, "\n%s%s%s", output_colour(output, accepted ? COLOUR_GREEN : COLOUR_RED),
               accepted ? _("The certificate is accepted.") : _("The certificate is not accepted:"),
               output_colour(output, COLOUR_NONE));
    view_reasons(tool, reasons, false);
}

static void show_profile(const Tool *tool, const ProfileInfo *profile) {
    const Output *output = &tool->output;
    output_property(output, _("User"), COLOUR_BOLD, "%s", profile->user);
    output_property(output, _("State"), view_colour(profile->state), "%s", output_word(profile->state));
    output_property(output, _("Reason"), COLOUR_NONE, "%s", profile->block_reason);
    output_property(output, _("Holder"), COLOUR_NONE, "%s", profile->holder[0] ? profile->holder : _("not set yet"));
}

/* --- a profile's certificate --- */

static bool is_good(const ProfileInfo *profile) {
    return profile->has_certificate && profile->certificate.accepted && !view_is_blocked(profile);
}

static void show_assigned(const Tool *tool, const ProfileInfo *profile) {
    const CertificateInfo *certificate = &profile->certificate;
    show_facts(tool, certificate);
    output_property(&tool->output, _("Assigned since"), COLOUR_NONE, "%s (%s)", output_time(certificate->since).text,
                    certificate->proven ? _("possession was proven") : _("by an administrator, without proof"));
    view_revocation(tool, certificate->revocation_checked);
    view_path(tool, &certificate->path, &certificate->reasons);
    view_kind(tool, certificate->kind, &certificate->rules);
    show_verdict(tool, certificate->accepted, &certificate->reasons);
}

static void show_own(const Tool *tool, const ProfileInfo *profile) {
    show_profile(tool, profile);
    if (profile->has_certificate)
        show_assigned(tool, profile);
    else
        output_say(&tool->output, "\n%s", _("No certificate is assigned yet; assign one with \"ovcertctl assign\"."));
    view_block(tool, profile);
    view_operations(tool, profile);
}

static int put_flag(JsonObject *object, const char *key, bool value) {
    return json_put(object, key, json_object_new_boolean(value));
}

static int put_reply(JsonObject *object, const char *key, sd_bus_message *reply) {
    JsonObject *value = NULL;
    int r = reply ? json_from_message(reply, &value) : 0;
    return r < 0 || !reply ? r : json_put(object, key, value);
}

static int show_own_json(const Tool *tool, const ProfileInfo *profile, sd_bus_message *reply) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? put_flag(object, "accepted", is_good(profile)) : -ENOMEM;
    if (r == 0)
        r = put_reply(object, "profile", reply);
    if (r < 0)
        return tool_failed(tool, client_bad_reply(tool->client, r));
    json_print(&tool->output, object);
    return 0;
}

static int explain_profile(Tool *tool, const char *operand) {
    CLEANUP(free_pointer) char *user = NULL;
    CLEANUP(profile_info_done) ProfileInfo profile = {0};
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
    if (operand || options_has(tool->options, OPTION_USER))
        tool_identify(tool);
    int r = tool_user(tool, operand, &user);
    if (r != 0)
        return r;
    r = profile_describe(tool, user, &profile, &reply);
    if (r != 0)
        return tool_failed(tool, r);
    if (tool->output.format == OUTPUT_TEXT)
        show_own(tool, &profile);
    else if ((r = show_own_json(tool, &profile, reply)) != 0)
        return r;
    return is_good(&profile) ? EXIT_DONE : profile.has_certificate ? EXIT_FAILED : EXIT_NOT_FOUND;
}

/* --- a certificate file --- */

typedef struct Explanation {
    VerdictInfo verdict;
    sd_bus_message *verdict_reply;
    bool has_profile;
    ProfileInfo profile;
    sd_bus_message *profile_reply;
} Explanation;

static void explanation_done(Explanation *explanation) {
    verdict_info_done(&explanation->verdict);
    profile_info_done(&explanation->profile);
    (void) sd_bus_message_unref(explanation->verdict_reply); /* both accept NULL and return it */
    (void) sd_bus_message_unref(explanation->profile_reply);
}

static bool is_assigned(const Explanation *explanation) {
    const CertificateInfo *assigned = &explanation->profile.certificate;
    return explanation->has_profile && explanation->profile.has_certificate &&
           view_equal(bytes_view(&assigned->fingerprint), bytes_view(&explanation->verdict.certificate.fingerprint));
}

/* The profile that the verdict is for: --user's, or one's own if there is one. */
static int describe(Tool *tool, Explanation *explanation) {
    const char *user = tool->options->values[OPTION_USER];
    CLEANUP(free_pointer) char *own = NULL;
    int r = user ? 0 : tool_own_name(tool, &own);
    if (r == OVCERT_ERROR_NOT_FOUND)
        return 0;
    if (r == 0)
        r = profile_describe(tool, user ? user : own, &explanation->profile, &explanation->profile_reply);
    explanation->has_profile = r == 0;
    return r;
}

static void show_file(const Tool *tool, const Explanation *explanation) {
    const VerdictInfo *verdict = &explanation->verdict;
    if (explanation->has_profile)
        show_profile(tool, &explanation->profile);
    if (verdict->certificate.fingerprint.size > 0)
        show_facts(tool, &verdict->certificate);
    if (explanation->has_profile)
        output_property(&tool->output, _("Assigned"), COLOUR_NONE, "%s",
                        is_assigned(explanation) ? _("yes, it is the profile's certificate")
                                                 : _("not to this profile"));
    view_revocation(tool, verdict->revocation_checked);
    view_path(tool, &verdict->path, &verdict->reasons);
    view_kind(tool, verdict->certificate.kind, &verdict->rules);
    show_verdict(tool, verdict->accepted, &verdict->reasons);
    if (!explanation->has_profile)
        return;
    view_block(tool, &explanation->profile);
    view_operations(tool, &explanation->profile);
}

static int show_file_json(const Tool *tool, const Explanation *explanation) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    int r = object ? put_flag(object, "accepted", explanation->verdict.accepted) : -ENOMEM;
    if (r == 0)
        r = put_reply(object, "verdict", explanation->verdict_reply);
    if (r == 0 && explanation->has_profile)
        r = put_flag(object, "assigned", is_assigned(explanation));
    if (r == 0)
        r = put_reply(object, "profile", explanation->profile_reply);
    if (r < 0)
        return tool_failed(tool, client_bad_reply(tool->client, r));
    json_print(&tool->output, object);
    return 0;
}

static int explain_file(Tool *tool, const char *path) {
    CLEANUP(bytes_done) Bytes certificate = {0};
    CLEANUP(bytes_list_done) BytesList chain = {0};
    CLEANUP(explanation_done) Explanation explanation = {0};
    const char *user = tool->options->values[OPTION_USER];
    int r = file_read_certificates(path, &certificate, &chain);
    if (r != 0)
        return r;
    if (user)
        tool_identify(tool);
    r = verdict_ask(tool, bytes_view(&certificate), &chain, user, &explanation.verdict, &explanation.verdict_reply);
    if (r == 0)
        r = describe(tool, &explanation);
    if (r != 0)
        return tool_failed(tool, r);
    if (tool->output.format == OUTPUT_TEXT)
        show_file(tool, &explanation);
    else if ((r = show_file_json(tool, &explanation)) != 0)
        return r;
    return explanation.verdict.accepted ? EXIT_DONE : EXIT_FAILED;
}

/* What is meant to be a file, though it may not be there, has a slash in it: no user's name has. */
static bool is_file(const char *operand) {
    return strchr(operand, '/') || access(operand, F_OK) == 0;
}

int verb_explain(Tool *tool, char **operands, size_t n_operands) {
    const char *file = tool->options->values[OPTION_CERTIFICATE];
    const char *operand = n_operands > 0 ? operands[0] : NULL;
    bool operand_is_file = operand && is_file(operand);
    if (file && operand) {
        output_complain(_("Give the user with --user."),
                        _("There is something both after the verb and with --certificate."));
        return EXIT_USAGE;
    }
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    if (file || operand_is_file)
        return explain_file(tool, file ? file : operand);
    return explain_profile(tool, operand);
}
