/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs a person in. Called by entry.c; must never end in PAM_SUCCESS or PAM_IGNORE but by the one line that grants
 * access, let the daemon's answer alone decide whether to prompt, or have a PIN sent to a token that shows other
 * certificates. */
#include "pam_ovcert/login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "client/client.h"
#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "pam_ovcert/budget.h"
#include "pam_ovcert/card.h"
#include "pam_ovcert/codes.h"
#include "pam_ovcert/memory.h"
#include "pam_ovcert/sources.h"
#include "pam_ovcert/transaction.h"
#include "pam_ovcert/unlock.h"

#define OPEN_SECONDS 30u   /* key derivation, the daemon's challenge and the signature */
#define READER_SECONDS 90u /* the same, with a PIN that is typed on the reader */

/* One run of auth. Each step fills in its part and returns true, or returns false by stop(). */
typedef struct Login {
    Transaction transaction;
    Budget bus;
    int hint; /* OvcertError in place of a fingerprint: told after the prompt */
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE];
    Listing listing;
    Sources sources;
    const HelperSource **offers;
    size_t n_offers;
    const HelperSource *source;
    OpenSource open;
    const HelperCertificate *certificate;
    Client *client;
    ClientChallenge challenge;
    char *algorithm;
    Bytes signature;
    int code; /* of the step that stopped */
} Login;

static void login_done(Login *login) {
    (void) client_free(login->client); /* returns NULL */
    client_challenge_done(&login->challenge);
    open_source_done(&login->open);
    free(login->offers);
    sources_done(&login->sources);
    listing_done(&login->listing);
    free(login->algorithm);
    bytes_done(&login->signature);
    transaction_done(&login->transaction);
}

static bool stop(Login *login, int code, int priority, const char *why) {
    transaction_journal(&login->transaction, priority, "%s", why);
    login->code = code;
    return false;
}

/* For a step that has journalled itself. */
static bool step(Login *login, int code) {
    login->code = code;
    return code == PAM_SUCCESS;
}

/* --- what the user is told --- */

/* Why, one line each, then the way out; only to who has proven possession. */
static void tell_reasons(const Login *login, int outcome, const char *reasons, const char *advice) {
    prompts_error(&login->transaction.prompts, "%s", _(ovcert_error_text(outcome)));
    while (*reasons) {
        size_t length = strcspn(reasons, "\n");
        prompts_error(&login->transaction.prompts, "  %.*s", (int) length, reasons);
        reasons += length + (reasons[length] == '\n');
    }
    prompts_info(&login->transaction.prompts, "%s", advice);
}

static void tell_neutral(const Login *login, int code) {
    if (code == PAM_AUTH_ERR)
        prompts_error(&login->transaction.prompts, _("The certificate is not accepted."));
    else
        prompts_error(&login->transaction.prompts, _("Signing in with a certificate is not possible at the moment."));
}

/* --- ends of calls --- */

static bool stop_at_daemon(Login *login, const char *member, int result) {
    const char *detail = result > 0 && login->client ? client_failure(login->client) : NULL;
    transaction_journal_daemon(&login->transaction, member, result, detail);
    return step(login, codes_of_login(result));
}

static bool stop_at_helper(Login *login, const char *what, int result, const char *detail) {
    transaction_journal_helper(&login->transaction, what, result, detail);
    return step(login, codes_of_credential(result));
}

static int connect_daemon(Login *login, uint64_t deadline) {
    login->client = client_free(login->client);
    return client_new(login->transaction.places->bus_address, deadline, &login->client);
}

/* --- the steps, in their order --- */

/* A card names its user where the host has not. */
static bool find_person(Login *login) {
    Transaction *transaction = &login->transaction;
    int code = memory_clear(transaction->pam);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    if (transaction->options.card_user && !step(login, card_name_user(transaction, &login->bus)))
        return false;
    if (!step(login, transaction_find_person(transaction)))
        return false;
    if (geteuid() != 0 && geteuid() != transaction->person.uid)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE, "only root may sign in somebody else");
    return true;
}

/* Before the daemon is asked, so that helper and daemon work at the same time. */
static bool start_listing(Login *login) {
    listing_start(&login->transaction, &login->listing);
    return true;
}

/* The connection does not stay open while the user thinks: the bus counts them, and it may be restarted. */
static bool ask_hint(Login *login) {
    const Transaction *transaction = &login->transaction;
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = connect_daemon(login, deadline);
    if (r == 0)
        r = client_login_hint(login->client, transaction->person.name, &transaction->context, deadline,
                              login->fingerprint);
    budget_stop(&login->bus, frame_now());
    if (r < 0 || r == OVCERT_ERROR_UNAVAILABLE)
        return stop_at_daemon(login, "Hint", r);
    login->hint = r;
    login->client = client_free(login->client);
    return true;
}

/* --- what there is to sign in with --- */

static const uint8_t *wanted(const Login *login) {
    return login->hint == 0 ? login->fingerprint : NULL;
}

/* The token that shows the wanted certificate; NULL. */
static const HelperSource *find_match(const Login *login) {
    for (size_t i = 0; wanted(login) && i < login->sources.count; i++)
        if (source_shows(login->sources.all[i], login->fingerprint))
            return login->sources.all[i];
    return NULL;
}

/* A source that shows the wanted certificate is the one; otherwise those may do that hide what they hold. */
static bool fill_offers(Login *login) {
    const HelperSource *match = find_match(login);
    free(login->offers);
    login->n_offers = 0;
    login->offers = calloc(login->sources.count + 1, sizeof *login->offers); /* never of size 0 */
    if (!login->offers)
        return stop(login, PAM_BUF_ERR, LOG_ERR, "out of memory");
    if (match && source_is_usable(match)) {
        login->offers[login->n_offers++] = match;
        return true;
    }
    for (size_t i = 0; i < login->sources.count; i++) {
        const HelperSource *source = login->sources.all[i];
        if (source != match && !source_hides(source))
            continue;
        if (source != match && source_is_usable(source))
            login->offers[login->n_offers++] = source;
        else if (source_is_token(source))
            unlock_tell_unusable(&login->transaction, source);
    }
    return true;
}

static bool list_sources(Login *login) {
    char *CLEANUP(free_pointer) detail = NULL;
    int r = sources_list(&login->transaction, &login->listing, &login->sources, &detail);
    return r == 0 ? fill_offers(login) : stop_at_helper(login, "listing certificate files", r, detail);
}

/* No source that was there before could do, so only the tokens count from here on. */
static bool wait_for_card(Login *login) {
    const Transaction *transaction = &login->transaction;
    char *CLEANUP(free_pointer) detail = NULL;
    if (login->n_offers > 0 || transaction->options.wait_seconds == 0)
        return true;
    free_pointer(&login->offers);
    login->offers = NULL;
    sources_done(&login->sources);
    listing_done(&login->listing); /* some modules see only what was there when they were loaded */
    int r = sources_list_tokens(transaction, transaction->options.wait_seconds, &login->sources, &detail);
    if (r == -EINTR)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_DEBUG, "the wait for a token was cancelled");
    return r == 0 ? fill_offers(login) : stop_at_helper(login, "waiting for a token", r, detail);
}

static bool stop_without_offers(Login *login) {
    const Sources *sources = &login->sources;
    char *CLEANUP(free_pointer) escaped = NULL;
    login->code = PAM_AUTHINFO_UNAVAIL;
    for (size_t i = 0; i < sources->count; i++)
        if (source_is_usable(sources->all[i])) { /* it shows certificates, and others */
            unlock_tell_nothing_fits(&login->transaction);
            return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE, "no token shows the assigned certificate");
        }
    if (sources->count == 0)
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_DEBUG, "no certificate file or token");
    transaction_journal(&login->transaction, LOG_NOTICE, "no usable certificate file or token; %s: %s",
                        source_label(sources->all[0], &escaped), sources->all[0]->problem);
    return false;
}

static bool choose_source(Login *login) {
    if (login->n_offers == 0)
        return stop_without_offers(login);
    if (!step(login, unlock_choose(&login->transaction, login->offers, login->n_offers, &login->source)))
        return false;
    listing_keep(&login->listing, login->source);
    return true;
}

static bool open_source(Login *login) {
    bool reader = login->source->flags & CREDENTIAL_SOURCE_PROTECTED_PATH;
    return step(login, unlock_source(&login->transaction, &login->listing, login->source, wanted(login),
                                     reader ? READER_SECONDS : OPEN_SECONDS, &login->open));
}

static bool find_certificate(Login *login) {
    const Transaction *transaction = &login->transaction;
    if (login->hint == 0 && transaction->person.known)
        login->certificate = helper_find_certificate(login->open.certificates, login->open.count, login->fingerprint);
    if (login->certificate)
        return true;
    unlock_tell_nothing_fits(transaction);
    if (login->hint != 0)
        return stop_at_daemon(login, "Hint", login->hint);
    return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_NOTICE,
                transaction->person.known ? "the credential does not hold the assigned certificate"
                                          : "there is no such account");
}

/* --- the proof --- */

static bool begin(Login *login) {
    const Transaction *transaction = &login->transaction;
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = connect_daemon(login, deadline);
    if (r == 0)
        r = client_login_begin(login->client, transaction->person.name, &transaction->context, deadline,
                               &login->challenge);
    budget_stop(&login->bus, frame_now());
    if (r == 0)
        return true;
    if (r == OVCERT_ERROR_NO_CERTIFICATE || r == OVCERT_ERROR_NOT_FOUND)
        unlock_tell_nothing_fits(transaction);
    else
        tell_neutral(login, codes_of_login(r));
    return stop_at_daemon(login, "Begin", r);
}

static bool sign(Login *login) {
    Statement statement = login->challenge.statement;
    memcpy(statement.fingerprint, login->certificate->fingerprint, sizeof statement.fingerprint);
    uint64_t deadline = frame_now() + READER_SECONDS * UINT64_C(1000000); /* the helper's own may be earlier */
    int r = helper_sign(login->open.helper, &statement, deadline, &login->algorithm, &login->signature);
    if (r == 0)
        return true;
    tell_neutral(login, codes_of_credential(r));
    return stop_at_helper(login, "signing", r, r > 0 ? helper_detail(login->open.helper) : NULL);
}

/* Possession was proven, so this person may know why; and an expired certificate is remembered as the one that may be
 * renewed. */
static bool stop_proven(Login *login, int outcome) {
    const char *advice = _(ovcert_error_advice(outcome));
    int code = PAM_SUCCESS;
    if (outcome == OVCERT_ERROR_CERTIFICATE_EXPIRED) {
        advice = _("Sign in with your password, get a new certificate and run \"ovcertctl renew\".");
        Memory expired = {.kind = MEMORY_EXPIRED};
        memcpy(expired.fingerprint, login->fingerprint, sizeof expired.fingerprint);
        code = memory_store(login->transaction.pam, login->transaction.person.name, &expired);
    }
    tell_reasons(login, outcome, client_failure(login->client), advice);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    return stop_at_daemon(login, "Finish", outcome);
}

static bool finish(Login *login) {
    ClientLogin CLEANUP(client_login_done) result = {0};
    uint64_t deadline = budget_start(&login->bus, frame_now());
    int r = client_login_finish(login->client, &login->challenge, bytes_view(&login->certificate->der),
                                &login->certificate->chain, login->algorithm, bytes_view(&login->signature), deadline,
                                &result);
    budget_stop(&login->bus, frame_now());
    if (r == OVCERT_ERROR_CERTIFICATE_EXPIRED || r == OVCERT_ERROR_CERTIFICATE_REFUSED)
        return stop_proven(login, r);
    if (r != 0) {
        tell_neutral(login, codes_of_login(r));
        return stop_at_daemon(login, "Finish", r);
    }
    if (!person_is_current(login->transaction.pam, &login->transaction.person))
        return stop(login, PAM_AUTHINFO_UNAVAIL, LOG_ERR, "the host has changed the user's name meanwhile");
    const Memory accepted = {.kind = MEMORY_ACCEPTED, .expiring = result.expiring, .days_left = result.days_left};
    int code = memory_store(login->transaction.pam, login->transaction.person.name, &accepted);
    if (code != PAM_SUCCESS)
        return stop(login, code, LOG_ERR, "the PAM handle keeps no data");
    return true;
}

static void journal_success(const Login *login) {
    char *CLEANUP(free_pointer) fingerprint = hex_encode((View){login->fingerprint, sizeof login->fingerprint});
    transaction_journal(&login->transaction, LOG_INFO, "signed in by certificate %s", fingerprint ? fingerprint : "");
}

int login_authenticate(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places) {
    Login CLEANUP(login_done) login = {.bus = {.left = BUDGET_BUS_MICROSECONDS}, .code = PAM_SYSTEM_ERR};
    if (step(&login, transaction_begin(&login.transaction, pam, flags, argc, argv, places)) && find_person(&login) &&
        start_listing(&login) && ask_hint(&login) && list_sources(&login) && wait_for_card(&login) &&
        choose_source(&login) && open_source(&login) && find_certificate(&login) && begin(&login) && sign(&login) &&
        finish(&login)) {
        journal_success(&login);
        return PAM_SUCCESS; /* the one line that grants access */
    }
    return login.code == PAM_SUCCESS || login.code == PAM_IGNORE ? PAM_SYSTEM_ERR : login.code;
}
