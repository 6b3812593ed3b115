/* SPDX-License-Identifier: BSD-2-Clause */
/* "credentials": the .p12 files and tokens that there are, and of each certificate that shows whether it would do, as
 * the daemon says. Signs nothing and changes nothing; must never ask for a secret without --unlock. */
#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/i18n.h"
#include "common/text.h"
#include "ovcertctl/credential.h"
#include "ovcertctl/fit.h"
#include "ovcertctl/json.h"
#include "ovcertctl/verbs.h"
#include "ovcertctl/verdict.h"
#include "ovcertctl/view.h"

/* The caller's own profile, if there is one, and where JSON goes. */
typedef struct Survey {
    Tool *tool;
    bool has_profile;
    ProfileInfo profile;
    JsonObject *array; /* NULL for text */
} Survey;

static void survey_done(Survey *survey) {
    profile_info_done(&survey->profile);
    survey->array = json_free(survey->array);
}

static int begin(Survey *survey) {
    CLEANUP(free_pointer) char *user = NULL;
    Tool *tool = survey->tool;
    int r = tool_connect(tool);
    if (r != 0)
        return r;
    if (tool->output.format != OUTPUT_TEXT && !(survey->array = json_object_new_array()))
        return tool_fault(-ENOMEM);
    r = tool_own_name(tool, &user);
    if (r == OVCERT_ERROR_NOT_FOUND)
        return 0;
    if (r == 0)
        r = profile_describe(tool, user, &survey->profile, NULL);
    survey->has_profile = r == 0;
    return r == 0 ? 0 : tool_failed(tool, r);
}

/* --- one certificate --- */

typedef struct Finding {
    CertificateInfo certificate;
    bool assigned;
    VerdictInfo verdict;
    sd_bus_message *reply; /* the verdict as it came */
} Finding;

static void finding_done(Finding *finding) {
    certificate_info_done(&finding->certificate);
    verdict_info_done(&finding->verdict);
    (void) sd_bus_message_unref(finding->reply); /* accepts NULL, returns it */
}

static int find(const Survey *survey, const HelperCertificate *certificate, Finding *ret) {
    Tool *tool = survey->tool;
    BytesList chain = fit_issuers(certificate);
    int r = fit_read(certificate, &ret->certificate);
    if (r < 0)
        return tool_fault(r);
    ret->assigned = r == 0 && survey->has_profile && fit_is_assigned(&survey->profile, &ret->certificate);
    r = verdict_ask(tool, bytes_view(&certificate->der), &chain, survey->has_profile ? survey->profile.user : NULL,
                    &ret->verdict, &ret->reply);
    return r == 0 ? 0 : tool_failed(tool, r);
}

/* What it is good for. Words of JSON, too: "assigned", "candidate", "accepted", "refused". */
static const char *role(const Survey *survey, const Finding *finding) {
    if (finding->assigned)
        return "assigned";
    if (!finding->verdict.accepted)
        return "refused";
    return survey->has_profile ? "candidate" : "accepted";
}

static const char *role_text(const Survey *survey, const Finding *finding) {
    if (finding->assigned)
        return finding->verdict.accepted ? _("it is assigned to you, and accepted")
                                         : _("it is assigned to you, and not accepted any more:");
    if (!finding->verdict.accepted)
        return _("it would not do:");
    if (!survey->has_profile)
        return _("it is accepted, but you have no profile yet");
    return survey->profile.has_certificate ? _("it would do for a renewal (\"ovcertctl renew\")")
                                           : _("it would do (\"ovcertctl assign\")");
}

static void show(const Survey *survey, const Finding *finding) {
    const CertificateInfo *info = &finding->certificate;
    const Output *output = &survey->tool->output;
    const char *name = !info->subject         ? _("(not a certificate)")
                       : info->common_name[0] ? info->common_name
                                              : info->subject;
    output_say(output, _("  %s, serial number %s, valid until %s"), name, info->serial ? info->serial : "-",
               output_time(info->not_after).text);
    output_say(output, "    %s%s%s", output_colour(output, finding->verdict.accepted ? COLOUR_GREEN : COLOUR_RED),
               role_text(survey, finding), output_colour(output, COLOUR_NONE));
    view_reasons(survey->tool, &finding->verdict.reasons, false);
}

static int put_finding(const Survey *survey, const Finding *finding, JsonObject *certificates) {
    JsonObject *object = NULL;
    int r = json_from_message(finding->reply, &object);
    if (r < 0)
        return tool_failed(survey->tool, client_bad_reply(survey->tool->client, r));
    r = json_put(object, "role", json_object_new_string(role(survey, finding)));
    if (r < 0)
        (void) json_free(object); /* returns NULL */
    else
        r = json_append(certificates, object);
    return r < 0 ? tool_fault(r) : 0;
}

static int report(const Survey *survey, const HelperCertificate *certificates, size_t count, JsonObject *array,
                  bool *ret_assigned) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(finding_done) Finding finding = {0};
        int r = find(survey, &certificates[i], &finding);
        if (r != 0)
            return r;
        *ret_assigned |= finding.assigned;
        if (array && (r = put_finding(survey, &finding, array)) != 0)
            return r;
        if (!array)
            show(survey, &finding);
    }
    return 0;
}

/* --- one credential --- */

static bool is_locked(const HelperSource *source) {
    return source->flags & CREDENTIAL_SOURCE_HIDDEN;
}

static void show_source(const Survey *survey, const HelperSource *source, const char *label, bool unlocked) {
    const Output *output = &survey->tool->output;
    const char *problem = credential_problem(source);
    output_say(output, "%s%s%s (%s)", output_colour(output, COLOUR_BOLD), label, output_colour(output, COLOUR_NONE),
               credential_is_token(source) ? _("token") : _("file"));
    CLEANUP(free_pointer) char *id = credential_is_token(source) ? text_escape_string(source->id) : NULL;
    if (id)
        output_say(output, "  %s", id); /* what --credential takes */
    if (problem)
        output_say(output, "  %s%s%s%s", problem, source->detail[0] ? " (" : "", source->detail,
                   source->detail[0] ? ")" : "");
    if (source->flags & CREDENTIAL_SOURCE_FINAL_TRY)
        output_say(output, "  %s", _("One more wrong PIN locks it."));
    else if (source->flags & CREDENTIAL_SOURCE_COUNT_LOW)
        output_say(output, "  %s", _("A wrong PIN has been tried on it; too many lock it."));
    if (!problem && is_locked(source) && !unlocked)
        output_say(output, "  %s", _("What is inside shows with --unlock."));
}

/* The file cache of OpenSC keeps a card's certificates for other programs; the helper's runs are without it. */
static void hint_at_cache(const Survey *survey, const HelperSource *source, bool assigned) {
    bool stale = assigned && survey->profile.certificate.not_after < survey->tool->now;
    if (stale && source->flags & CREDENTIAL_SOURCE_CACHE_HINT)
        output_say(
            &survey->tool->output, "  %s",
            _("If the card was renewed and other programs still show its old certificate, OpenSC keeps it in its "
              "file cache: empty that, or set use_file_caching to no in opensc.conf."));
}

static int put_source(const HelperSource *source, const char *label, JsonObject *object) {
    CLEANUP(free_pointer) char *id = text_escape_string(source->id);
    int r = id ? 0 : -ENOMEM;
    if (r == 0)
        r = json_put(object, "kind", json_object_new_string(source->kind));
    if (r == 0)
        r = json_put(object, "id", json_object_new_string(id));
    if (r == 0)
        r = json_put(object, "label", json_object_new_string(label));
    if (r == 0)
        r = json_put(object, "problem", json_object_new_string(source->problem));
    if (r == 0)
        r = json_put(object, "detail", json_object_new_string(source->detail));
    return r < 0 ? r : json_put(object, "hidden", json_object_new_boolean(is_locked(source)));
}

/* What shows of itself, or what is inside. */
static int look_inside(const Survey *survey, const HelperSource *source, JsonObject *certificates) {
    CLEANUP(credential_done) Credential credential = {0};
    bool assigned = false, unlock = is_locked(source) && options_has(survey->tool->options, OPTION_UNLOCK);
    if (unlock && !credential_problem(source)) {
        int r = credential_unlock(survey->tool, source, &credential);
        return r != 0 ? r : report(survey, credential.certificates, credential.n_certificates, certificates, &assigned);
    }
    int r = report(survey, source->certificates, source->n_certificates, certificates, &assigned);
    if (r == 0)
        hint_at_cache(survey, source, assigned);
    return r;
}

static int survey_json(Survey *survey, const HelperSource *source, const char *label) {
    CLEANUP(json_freep) JsonObject *object = json_object_new_object();
    CLEANUP(json_freep) JsonObject *certificates = json_object_new_array();
    int r = object && certificates ? put_source(source, label, object) : -ENOMEM;
    if (r < 0)
        return tool_fault(r);
    int status = look_inside(survey, source, certificates);
    if (status == EXIT_INTERRUPTED)
        return status;
    r = json_put(object, "certificates", json_object_get(certificates));
    if (r == 0)
        r = json_append(survey->array, json_object_get(object));
    return r < 0 ? tool_fault(r) : status;
}

static int survey_source(Survey *survey, const HelperSource *source) {
    CLEANUP(free_pointer) char *label = credential_label(source);
    if (!label)
        return tool_fault(-ENOMEM);
    if (survey->array)
        return survey_json(survey, source, label);
    show_source(survey, source, label, options_has(survey->tool->options, OPTION_UNLOCK));
    return look_inside(survey, source, NULL);
}

/* One that stays locked does not hide the others; the worst is what it ends with. */
static int survey_all(Survey *survey, const CredentialSources *sources) {
    int status = EXIT_DONE;
    for (size_t i = 0; i < sources->count; i++) {
        int r = survey_source(survey, &sources->items[i]);
        if (r == EXIT_INTERRUPTED || r == EXIT_UNAVAILABLE)
            return r;
        status = r != 0 ? r : status;
    }
    if (survey->array)
        json_print(&survey->tool->output, survey->array);
    return status;
}

int verb_credentials(Tool *tool, char **operands, size_t n_operands) {
    (void) operands; /* the table says none */
    (void) n_operands;
    CLEANUP(survey_done) Survey survey = {.tool = tool};
    CLEANUP(credential_sources_done) CredentialSources sources = {0};
    int r = begin(&survey);
    if (r == 0)
        r = credential_find(tool, &sources);
    if (r != 0)
        return r;
    r = survey_all(&survey, &sources);
    if (sources.count > 0)
        return r;
    output_complain(_("Put the .p12 file that the issuer gave you into ~/.ovcert, or insert the card."),
                    _("No credential was found."));
    return EXIT_NOT_FOUND;
}
