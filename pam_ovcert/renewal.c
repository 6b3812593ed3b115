/* SPDX-License-Identifier: BSD-2-Clause */
/* The renewal at the login prompt. Called by account.c once the user has passed auth; must never leave a profile
 * without a certificate, have anything signed that replaces another certificate than the one shown, or act with root's
 * rights. */
#include "pam_ovcert/renewal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "common/protocol.h"
#include "common/text.h"
#include "pam_ovcert/budget.h"
#include "pam_ovcert/profile.h"
#include "pam_ovcert/unlock.h"

#define OPEN_SECONDS 180u /* until the signature, with a choice among certificates in between */
#define CHECKS_MAX 16u    /* certificates that the daemon is asked about, per source */

typedef struct Renewal {
    const Transaction *transaction;
    const uint8_t *expired;
    Client *client;
    uint64_t deadline; /* of the present stretch */
    Profile profile;
    Listing listing;
    Sources sources;
    const HelperSource **offers;
    size_t n_offers;
    const HelperSource *source;
    OpenSource open;
    const HelperCertificate *certificate;
    CertificateView fresh; /* what it is */
    char *candidate;
    char *operation;
    bool confirmed;
    RenewalOutcome outcome; /* of the step that stopped */
} Renewal;

static void renewal_done(Renewal *renewal) {
    (void) client_free(renewal->client); /* returns NULL */
    profile_done(&renewal->profile);
    open_source_done(&renewal->open);
    free(renewal->offers);
    sources_done(&renewal->sources);
    listing_done(&renewal->listing);
    certificate_view_done(&renewal->fresh);
    free(renewal->candidate);
    free(renewal->operation);
}

static const char *user_of(const Renewal *renewal) {
    return renewal->transaction->person.name;
}

/* Lists and comparisons belong to the questions, so "silent" does not drop them. */
static Prompts loud(const Renewal *renewal) {
    return (Prompts){.pam = renewal->transaction->pam};
}

/* --- ends --- */

static bool stop(Renewal *renewal, RenewalOutcome outcome) {
    renewal->outcome = outcome;
    return false;
}

static bool stop_with_text(Renewal *renewal, const char *text) {
    prompts_error(&renewal->transaction->prompts, "%s", text);
    return stop(renewal, RENEWAL_FAILED);
}

static bool is_fault(int result) {
    return result < 0 || result == OVCERT_ERROR_UNAVAILABLE || result == OVCERT_ERROR_STORAGE ||
           result == OVCERT_ERROR_LIMIT_EXCEEDED;
}

static bool stop_at_daemon(Renewal *renewal, const char *member, int result) {
    const char *detail = result > 0 && renewal->client ? client_failure(renewal->client) : NULL;
    transaction_journal_daemon(renewal->transaction, member, result, detail);
    prompts_error(&renewal->transaction->prompts, "%s",
                  _(ovcert_error_text(result > 0 ? result : OVCERT_ERROR_UNAVAILABLE)));
    return stop(renewal, is_fault(result) ? RENEWAL_FAULT : RENEWAL_FAILED);
}

static bool stop_at_helper(Renewal *renewal, const char *what, int result, const char *detail) {
    transaction_journal_helper(renewal->transaction, what, result, detail);
    return stop(renewal, RENEWAL_FAULT);
}

/* PAM codes of conversations: what is not given is declined. */
static bool stop_at_prompt(Renewal *renewal, int code) {
    return stop(renewal, code == PAM_AUTHINFO_UNAVAIL ? RENEWAL_DECLINED : RENEWAL_FAILED);
}

/* --- stretches of bus calls --- */

static int connect_daemon(Renewal *renewal) {
    renewal->deadline = frame_now() + BUDGET_BUS_MICROSECONDS;
    return client_new(renewal->transaction->places->bus_address, renewal->deadline, &renewal->client);
}

static void leave_daemon(Renewal *renewal) {
    renewal->client = client_free(renewal->client);
}

/* --- showing --- */

typedef struct Day {
    char text[sizeof "-2147481748-01-01"];
} Day;

/* In UTC, as it stands in the certificate: the host's time zone is a matter of its environment. */
static Day day_of(int64_t seconds) {
    Day day = {.text = "?"};
    time_t when = (time_t) seconds;
    struct tm parts;
    if (gmtime_r(&when, &parts) && strftime(day.text, sizeof day.text, "%Y-%m-%d", &parts) == 0)
        day = (Day){.text = "?"};
    return day;
}

static const char *name_of(const CertificateView *view) {
    return view->common_name[0] ? view->common_name : view->subject;
}

static void show(const Renewal *renewal, const char *which, const CertificateView *view) {
    const Prompts prompts = loud(renewal);
    char *CLEANUP(free_pointer) name = text_escape_string(name_of(view));
    char *CLEANUP(free_pointer) serial = text_escape_string(view->serial);
    prompts_info(&prompts, _("%s: %s, serial number %s, valid until %s"), which, name ? name : "?",
                 serial ? serial : "?", day_of(view->not_after).text);
}

/* --- the steps, in their order --- */

/* Going on with an open swap of the user's own; any other open operation is not ours to touch. */
static bool take_up(Renewal *renewal) {
    Profile *profile = &renewal->profile;
    if (!profile->has_unlink)
        return true;
    if (!profile->is_swap || profile->opener != renewal->transaction->person.uid)
        return stop_at_daemon(renewal, "Describe", OVCERT_ERROR_OPERATION_PENDING);
    renewal->operation = TAKE_PTR(profile->operation);
    renewal->confirmed = profile->confirmed;
    return true;
}

static bool describe(Renewal *renewal) {
    const Profile *profile = &renewal->profile;
    int r = connect_daemon(renewal);
    if (r == 0)
        r = profile_describe(renewal->client, user_of(renewal), renewal->deadline, &renewal->profile);
    if (r != 0)
        return stop_at_daemon(renewal, "Describe", r);
    if (profile->uid != renewal->transaction->person.uid)
        return stop_at_daemon(renewal, "Describe", OVCERT_ERROR_ACCOUNT_CHANGED);
    if (!profile->assigned ||
        memcmp(profile->certificate.fingerprint.data, renewal->expired, STATEMENT_FINGERPRINT_SIZE) != 0)
        return stop_with_text(renewal, _("The profile has changed meanwhile."));
    leave_daemon(renewal);
    return true;
}

static bool ask_whether(Renewal *renewal) {
    const Prompts prompts = loud(renewal);
    bool yes = false;
    int code = prompts_yes(&prompts, &yes, _("Your certificate expired on %s; renew it now? [y/n] "),
                           day_of(renewal->profile.certificate.not_after).text);
    if (code != PAM_SUCCESS)
        return stop_at_prompt(renewal, code);
    return yes ? take_up(renewal) : stop(renewal, RENEWAL_DECLINED);
}

/* Would one of the certificates that it shows do? Then its PIN is worth asking for. */
static int shows_fit(Renewal *renewal, const HelperSource *source, bool *ret) {
    for (size_t i = 0; i < source->n_certificates && i < CHECKS_MAX && !*ret; i++) {
        ProfileVerdict CLEANUP(profile_verdict_done) verdict = {0};
        int r = profile_check(renewal->client, user_of(renewal), &source->certificates[i], renewal->deadline, &verdict);
        if (r != 0)
            return r;
        *ret = verdict.accepted &&
               memcmp(source->certificates[i].fingerprint, renewal->expired, STATEMENT_FINGERPRINT_SIZE) != 0;
    }
    return 0;
}

static int fill_offers(Renewal *renewal) {
    const Sources *sources = &renewal->sources;
    for (size_t i = 0; i < sources->count; i++) {
        const HelperSource *source = sources->all[i];
        bool fits = source_hides(source);
        int r = fits ? 0 : shows_fit(renewal, source, &fits);
        if (r != 0)
            return r;
        if (fits && source_is_usable(source))
            renewal->offers[renewal->n_offers++] = source;
        else if (fits && source_is_token(source))
            unlock_tell_unusable(renewal->transaction, source);
    }
    return 0;
}

static bool list_sources(Renewal *renewal) {
    char *CLEANUP(free_pointer) detail = NULL;
    listing_start(renewal->transaction, &renewal->listing);
    int r = sources_list(renewal->transaction, &renewal->listing, &renewal->sources, &detail);
    listing_done(&renewal->listing); /* its runs would end too early for what comes */
    if (r != 0)
        return stop_at_helper(renewal, "listing certificate files", r, detail);
    renewal->offers = calloc(renewal->sources.count + 1, sizeof *renewal->offers); /* never of size 0 */
    if (!renewal->offers)
        return stop_at_daemon(renewal, "calloc", -ENOMEM);
    r = connect_daemon(renewal);
    if (r == 0)
        r = fill_offers(renewal);
    if (r != 0)
        return stop_at_daemon(renewal, "CheckCertificate", r);
    leave_daemon(renewal);
    if (renewal->n_offers > 0)
        return true;
    return stop_with_text(renewal, _("There is no certificate file or token with another certificate."));
}

static bool open_source(Renewal *renewal) {
    int code = unlock_choose(renewal->transaction, renewal->offers, renewal->n_offers, &renewal->source);
    if (code == PAM_SUCCESS)
        code =
            unlock_source(renewal->transaction, &renewal->listing, renewal->source, NULL, OPEN_SECONDS, &renewal->open);
    return code == PAM_SUCCESS ? true : stop_at_prompt(renewal, code);
}

/* --- which certificate --- */

/* One that was opened, and what the daemon says of it. */
typedef struct Fit {
    const HelperCertificate *certificate;
    CertificateView view;
} Fit;

typedef struct Fits {
    Fit items[CHECKS_MAX];
    size_t count;
} Fits;

static void fits_done(Fits *fits) {
    for (size_t i = 0; i < fits->count; i++)
        certificate_view_done(&fits->items[i].view);
}

static void show_unfit(const Renewal *renewal, const ProfileVerdict *verdict) {
    const CertificateView *view = &verdict->certificate;
    const Prompts prompts = loud(renewal);
    char *CLEANUP(free_pointer) name = view->common_name ? text_escape_string(name_of(view)) : NULL;
    char *CLEANUP(free_pointer) reason = verdict->reason ? text_escape_string(verdict->reason) : NULL;
    prompts_info(&prompts, _("-  %s, valid until %s: not accepted (%s)"), name ? name : "?",
                 day_of(view->not_after).text, reason ? reason : "?");
}

static int look_at(Renewal *renewal, const HelperCertificate *certificate, Fits *fits) {
    ProfileVerdict CLEANUP(profile_verdict_done) verdict = {0};
    if (memcmp(certificate->fingerprint, renewal->expired, STATEMENT_FINGERPRINT_SIZE) == 0)
        return 0;
    int r = profile_check(renewal->client, user_of(renewal), certificate, renewal->deadline, &verdict);
    if (r != 0)
        return r;
    if (!verdict.accepted) {
        show_unfit(renewal, &verdict);
        return 0;
    }
    fits->items[fits->count++] = (Fit){.certificate = certificate, .view = verdict.certificate};
    verdict.certificate = (CertificateView){0};
    return 0;
}

static int find_fits(Renewal *renewal, Fits *fits) {
    int r = connect_daemon(renewal);
    for (size_t i = 0; r == 0 && i < renewal->open.count && i < CHECKS_MAX; i++)
        r = look_at(renewal, &renewal->open.certificates[i], fits);
    return r;
}

static int ask_which(Renewal *renewal, const Fits *fits, size_t *ret) {
    const Prompts prompts = loud(renewal);
    for (size_t i = 0; i < fits->count; i++) {
        char *CLEANUP(free_pointer) name = text_escape_string(name_of(&fits->items[i].view));
        prompts_info(&prompts, _("%zu  %s, valid until %s"), i + 1, name ? name : "?",
                     day_of(fits->items[i].view.not_after).text);
    }
    return prompts_number(&prompts, fits->count, ret, _("Number of the certificate (1-%zu, empty: none): "),
                          fits->count);
}

static bool choose_certificate(Renewal *renewal) {
    Fits CLEANUP(fits_done) fits = {0};
    size_t number = 1;
    int r = find_fits(renewal, &fits);
    if (r != 0)
        return stop_at_daemon(renewal, "CheckCertificate", r);
    leave_daemon(renewal);
    if (fits.count == 0)
        return stop_with_text(renewal, _("It holds no other certificate that could take the old one's place."));
    int code = fits.count > 1 ? ask_which(renewal, &fits, &number) : PAM_SUCCESS;
    if (code != PAM_SUCCESS || number == 0)
        return stop_at_prompt(renewal, code == PAM_SUCCESS ? PAM_AUTHINFO_UNAVAIL : code);
    renewal->certificate = fits.items[number - 1].certificate;
    renewal->fresh = fits.items[number - 1].view;
    fits.items[number - 1].view = (CertificateView){0};
    return true;
}

/* --- the proof --- */

/* For this account, and in place of the certificate that was shown. */
static bool is_as_shown(const Renewal *renewal, const Statement *statement) {
    return statement->uid == renewal->transaction->person.uid && statement->has_replaced &&
           memcmp(statement->replaced, renewal->expired, sizeof statement->replaced) == 0;
}

static int begin_proof(Renewal *renewal, ClientChallenge *ret) {
    const ClientContext *context = &renewal->transaction->context;
    BytesList chain = renewal->certificate->chain; /* borrowed */
    if (chain.count > OVCERT_CHAIN_MAX - 1)
        chain.count = OVCERT_CHAIN_MAX - 1;
    int r = connect_daemon(renewal);
    if (r != 0)
        return r;
    r = client_begin_proof(renewal->client, user_of(renewal), bytes_view(&renewal->certificate->der), &chain,
                           context->service, context->tty, renewal->deadline, ret);
    if (r != 0)
        return r;
    if (!is_as_shown(renewal, &ret->statement))
        return OVCERT_ERROR_CHALLENGE_INVALID;
    memcpy(ret->statement.fingerprint, renewal->certificate->fingerprint, sizeof ret->statement.fingerprint);
    return 0;
}

/* The time that a signature takes, with a finger on the reader say, is not the daemon's. */
static bool prove(Renewal *renewal) {
    CLEANUP(client_challenge_done) ClientChallenge challenge = {0};
    char *CLEANUP(free_pointer) algorithm = NULL;
    Bytes CLEANUP(bytes_done) signature = {0};
    int r = begin_proof(renewal, &challenge);
    if (r != 0)
        return stop_at_daemon(renewal, "BeginProof", r);
    r = helper_sign(renewal->open.helper, &challenge.statement, frame_now() + OPEN_SECONDS * UINT64_C(1000000),
                    &algorithm, &signature);
    if (r != 0)
        return stop_at_helper(renewal, "signing", r, r > 0 ? helper_detail(renewal->open.helper) : NULL);
    renewal->deadline = frame_now() + BUDGET_BUS_MICROSECONDS;
    r = client_prove(renewal->client, user_of(renewal), &challenge, algorithm, bytes_view(&signature),
                     renewal->deadline, &renewal->candidate);
    return r == 0 ? true : stop_at_daemon(renewal, "Prove", r);
}

/* --- the swap --- */

static bool unlink_old(Renewal *renewal) {
    int r = 0;
    if (!renewal->operation)
        r = profile_unlink(renewal->client, user_of(renewal), &renewal->transaction->context, renewal->deadline,
                           &renewal->operation);
    if (r != 0)
        return stop_at_daemon(renewal, "Unlink", r);
    leave_daemon(renewal);
    return true;
}

/* A no ends what was begun for the question; a conversation that breaks off leaves it for later. */
static bool decline(Renewal *renewal) {
    int r = connect_daemon(renewal);
    if (r == 0)
        r = profile_cancel(renewal->client, user_of(renewal), &renewal->transaction->context, renewal->operation,
                           renewal->deadline);
    if (r != 0)
        transaction_journal_daemon(renewal->transaction, "Cancel", r, NULL);
    return stop(renewal, RENEWAL_DECLINED);
}

static bool ask_confirmation(Renewal *renewal) {
    const Prompts prompts = loud(renewal);
    bool yes = false;
    show(renewal, _("Old certificate"), &renewal->profile.certificate);
    show(renewal, _("New certificate"), &renewal->fresh);
    int code = prompts_yes(&prompts, &yes, _("Unlink the old certificate and assign the new one? [y/n] "));
    if (code != PAM_SUCCESS)
        return stop_at_prompt(renewal, code);
    return yes ? true : decline(renewal);
}

static bool swap(Renewal *renewal) {
    const ClientContext *owner = &renewal->transaction->context;
    int r = connect_daemon(renewal);
    if (r == 0 && !renewal->confirmed)
        r = profile_confirm(renewal->client, user_of(renewal), owner, renewal->operation, renewal->deadline);
    if (r != 0)
        return stop_at_daemon(renewal, "Confirm", r);
    r = profile_assign(renewal->client, user_of(renewal), owner, renewal->candidate, renewal->deadline);
    if (r != 0)
        return stop_at_daemon(renewal, "Assign", r);
    prompts_info(&renewal->transaction->prompts,
                 _("Your certificate is renewed: from now on you sign in with the new one, valid until %s."),
                 day_of(renewal->fresh.not_after).text);
    transaction_journal(renewal->transaction, LOG_INFO, "the expired certificate was renewed");
    return true;
}

RenewalOutcome renewal_converse(const Transaction *transaction, const uint8_t expired[STATEMENT_FINGERPRINT_SIZE]) {
    Renewal CLEANUP(renewal_done) renewal = {.transaction = transaction, .expired = expired, .outcome = RENEWAL_FAULT};
    if (describe(&renewal) && ask_whether(&renewal) && list_sources(&renewal) && open_source(&renewal) &&
        choose_certificate(&renewal) && prove(&renewal) && unlink_old(&renewal) && ask_confirmation(&renewal) &&
        swap(&renewal))
        return RENEWAL_DONE;
    return renewal.outcome;
}
