/* SPDX-License-Identifier: BSD-2-Clause */
/* Obtains a proven candidate, for "renew" and "assign". Must never have a challenge signed that replaces another
 * certificate than the one that was shown. */
#include "ovcertctl/proof.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/protocol.h"
#include "ovcertctl/credential.h"
#include "ovcertctl/fit.h"
#include "ovcertctl/verdict.h"
#include "ovcertctl/view.h"

#define SERVICE_NAME "ovcertctl"

void proof_done(Proof *proof) {
    free(proof->candidate);
    certificate_info_done(&proof->certificate);
    *proof = (Proof){0};
}

/* --- choosing one of a file's certificates --- */

typedef struct Choice {
    const HelperCertificate *certificate;
    CertificateInfo info;
} Choice;

static void choice_done(Choice *choice) {
    certificate_info_done(&choice->info);
}

static void show_choice(const Tool *tool, size_t number, const CertificateInfo *info, const char *problem) {
    char mark[32] = "-";
    if (!problem)
        (void) snprintf(mark, sizeof mark, "%zu)", number); /* 20 digits at most */
    output_say(&tool->output, _("  %3s %s, serial number %s, valid until %s%s%s"), mark,
               info->common_name[0] ? info->common_name : info->subject, info->serial,
               output_time(info->not_after).text, problem ? ": " : "", problem ? problem : "");
}

/* Fills the indices of those that will do. */
static int find_fit(const Tool *tool, const ProfileInfo *profile, const Credential *credential, size_t *fit,
                    size_t *ret_count) {
    output_say(&tool->output, _("Certificates in %s:"), credential->label);
    for (size_t i = 0; i < credential->n_certificates; i++) {
        CLEANUP(certificate_info_done) CertificateInfo info = {0};
        int r = fit_read(&credential->certificates[i], &info);
        if (r < 0)
            return tool_fault(r);
        if (r > 0) {
            output_say(&tool->output, "    - %s", _("not a valid certificate"));
            continue;
        }
        const char *problem = fit_problem(tool, profile, &info);
        if (!problem)
            fit[(*ret_count)++] = i;
        show_choice(tool, *ret_count, &info, problem);
    }
    return 0;
}

static int choose_number(Tool *tool, size_t max, size_t *ret) {
    Ask *ask = NULL;
    CLEANUP(free_pointer) char *prompt = NULL;
    int r = tool_terminal(tool, _("The choice of a certificate"), &ask);
    if (r != 0)
        return r;
    if (asprintf(&prompt, _("Number of the certificate (1-%zu): "), max) < 0) {
        prompt = NULL; /* unspecified after a failure */
        return tool_fault(-ENOMEM);
    }
    r = ask_number(ask, prompt, max, ret);
    return r < 0 ? tool_fault(r) : 0;
}

static int choose(Tool *tool, const ProfileInfo *profile, const Credential *credential, Choice *ret) {
    CLEANUP(free_pointer) size_t *fit = calloc(credential->n_certificates + 1, sizeof *fit);
    size_t count = 0, number = 1;
    if (!fit)
        return tool_fault(-ENOMEM);
    int r = find_fit(tool, profile, credential, fit, &count);
    if (r != 0)
        return r;
    if (count == 0) {
        output_complain(_("Use the credential with the new certificate (--credential=FILE)."),
                        _("None of these certificates is one to go on with; the reasons stand above."));
        return EXIT_FAILED;
    }
    if (count > 1 && (r = choose_number(tool, count, &number)) != 0)
        return r;
    ret->certificate = &credential->certificates[fit[number - 1]];
    r = fit_read(ret->certificate, &ret->info);
    return r == 0 ? 0 : tool_fault(-EBADMSG);
}

/* --- checking and proving --- */

static int check(Tool *tool, const ProfileInfo *profile, const Choice *choice) {
    CLEANUP(verdict_info_done) VerdictInfo verdict = {0};
    BytesList chain = fit_issuers(choice->certificate);
    int r = verdict_ask(tool, bytes_view(&choice->certificate->der), &chain, profile->user, &verdict, NULL);
    if (r != 0)
        return tool_failed(tool, r);
    if (verdict.accepted)
        return 0;
    output_complain(NULL, _("The certificate is not accepted:"));
    view_reasons(tool, &verdict.reasons, true);
    return EXIT_FAILED;
}

/* Without "/dev/"; "" when nobody sits there. */
static const char *terminal_name(void) {
    const char *name = ttyname(STDIN_FILENO);
    if (!name)
        return "";
    return strncmp(name, "/dev/", 5) == 0 ? name + 5 : name;
}

/* What gives way must be what the person was shown. */
static bool replaces_the_shown(const ProfileInfo *profile, const Statement *statement) {
    if (!profile->has_certificate)
        return !statement->has_replaced;
    return statement->has_replaced && view_equal(bytes_view(&profile->certificate.fingerprint),
                                                 (View){statement->replaced, sizeof statement->replaced});
}

static int begin(Tool *tool, const ProfileInfo *profile, const Choice *choice, ClientChallenge *ret) {
    BytesList chain = fit_issuers(choice->certificate);
    int r = client_begin_proof(tool->client, profile->user, bytes_view(&choice->certificate->der), &chain, SERVICE_NAME,
                               terminal_name(), tool_deadline(tool), ret);
    if (r != 0)
        return tool_failed(tool, r);
    if (!replaces_the_shown(profile, &ret->statement)) {
        output_complain(_("Start again."), _("The profile has changed meanwhile."));
        return EXIT_FAILED;
    }
    memcpy(ret->statement.fingerprint, choice->info.fingerprint.data, STATEMENT_FINGERPRINT_SIZE);
    return 0;
}

static int prove(Tool *tool, const ProfileInfo *profile, Credential *credential, const Choice *choice,
                 char **ret_candidate) {
    CLEANUP(client_challenge_done) ClientChallenge challenge = {0};
    CLEANUP(free_pointer) char *algorithm = NULL;
    CLEANUP(bytes_done) Bytes signature = {0};
    int r = begin(tool, profile, choice, &challenge);
    if (r != 0)
        return r;
    r = credential_sign(credential, &challenge.statement, &algorithm, &signature);
    if (r != 0)
        return r;
    r = client_prove(tool->client, profile->user, &challenge, algorithm, bytes_view(&signature), tool_deadline(tool),
                     ret_candidate);
    return r == 0 ? 0 : tool_failed(tool, r);
}

static int prove_new(Tool *tool, const ProfileInfo *profile, Proof *ret) {
    CLEANUP(credential_done) Credential credential = {0};
    CLEANUP(choice_done) Choice choice = {0};
    int r = credential_open(tool, profile, &credential);
    if (r != 0)
        return r;
    r = choose(tool, profile, &credential, &choice);
    if (r != 0)
        return r;
    r = check(tool, profile, &choice);
    if (r != 0)
        return r;
    output_say(&tool->output, "%s",
               _("The certificate is accepted. Before anything changes, you have to identify yourself."));
    tool_identify(tool);
    r = prove(tool, profile, &credential, &choice, &ret->candidate);
    if (r != 0)
        return r;
    output_say(&tool->output, "%s", _("Its private key is there: possession is proven."));
    ret->certificate = choice.info;
    choice.info = (CertificateInfo){0};
    return 0;
}

static int copy_info(const CertificateInfo *from, CertificateInfo *ret) {
    ret->subject = strdup(from->subject);
    ret->issuer = strdup(from->issuer);
    ret->common_name = strdup(from->common_name);
    ret->serial = strdup(from->serial);
    ret->holder = strdup(from->holder);
    ret->kind = strdup(from->kind);
    ret->not_before = from->not_before;
    ret->not_after = from->not_after;
    if (!ret->subject || !ret->issuer || !ret->common_name || !ret->serial || !ret->holder || !ret->kind)
        return -ENOMEM;
    return bytes_copy(bytes_view(&from->fingerprint), &ret->fingerprint);
}

static int go_on_with(Tool *tool, const CandidateInfo *candidate, Proof *ret) {
    output_say(&tool->output,
               _("Going on with the certificate that was proven at %s; for another one: --credential=FILE."),
               output_time(candidate->proven).text);
    ret->candidate = strdup(candidate->id);
    int r = ret->candidate ? copy_info(&candidate->certificate, &ret->certificate) : -ENOMEM;
    if (r < 0)
        return tool_fault(r);
    tool_identify(tool);
    return 0;
}

int proof_obtain(Tool *tool, const ProfileInfo *profile, Proof *ret) {
    const CandidateInfo *candidate = profile_candidate(profile);
    if (candidate && !options_has(tool->options, OPTION_CREDENTIAL))
        return go_on_with(tool, candidate, ret);
    return prove_new(tool, profile, ret);
}

int proof_assign(Tool *tool, const char *user, const Proof *proof) {
    CLEANUP(sd_bus_message_unrefp) sd_bus_message *message = NULL;
    int r = client_profile_message(tool->client, user, "Assign", &message);
    if (r < 0)
        return r;
    r = sd_bus_message_append(message, "sa{sv}", proof->candidate, 0);
    return r < 0 ? r : tool_call(tool, message, NULL);
}
