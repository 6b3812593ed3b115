/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for a passphrase or PIN and tries it once. Called by login.c and renewal.c; must never keep a secret longer than
 * its use, try one on a second source, or ask for the PIN of a token at its last try. */
#include "pam_ovcert/unlock.h"

#include <string.h>
#include <syslog.h>

#include "common/error.h"
#include "common/i18n.h"
#include "common/secret.h"
#include "pam_ovcert/codes.h"

#define WRONG_SECRET_DELAY_MICROSECONDS 2000000u

void unlock_tell_nothing_fits(const Transaction *transaction) {
    prompts_error(&transaction->prompts, _("None of the certificates can be used to sign in."));
}

void unlock_tell_unusable(const Transaction *transaction, const HelperSource *source) {
    char *CLEANUP(free_pointer) escaped = NULL;
    const char *label = source_label(source, &escaped), *why = source->problem;
    const char *text = credential_outcome_text(credential_outcome_from_name(source->problem));
    if (source->flags & CREDENTIAL_SOURCE_LOCKED) {
        prompts_error(&transaction->prompts, _("The PIN of %s is locked. Its issuer says how to unlock it."), label);
        why = "locked";
    } else if (source->flags & CREDENTIAL_SOURCE_FINAL_TRY) {
        prompts_error(&transaction->prompts,
                      _("The PIN of %s has one try left, so it is not asked for here. Enter it right elsewhere first, "
                        "or have it unlocked."),
                      label);
        why = "last try";
    } else if (text)
        prompts_error(&transaction->prompts, "%s: %s", label, _(text));
    transaction_journal(transaction, LOG_NOTICE, "%s is not asked for its PIN: %s", label, why);
}

/* --- which --- */

/* The list belongs to the question, so "silent" does not drop it. */
static int ask_number(const Transaction *transaction, const HelperSource *const *offers, size_t count, size_t *ret) {
    const Prompts loud = {.pam = transaction->pam};
    for (size_t i = 0; i < count; i++) {
        char *CLEANUP(free_pointer) escaped = NULL;
        prompts_info(&loud, "%zu  %s", i + 1, source_label(offers[i], &escaped));
    }
    return prompts_number(&loud, count, ret, _("Number of the certificate file or token (1-%zu, empty: none): "),
                          count);
}

int unlock_choose(const Transaction *transaction, const HelperSource *const *offers, size_t count,
                  const HelperSource **ret) {
    size_t number = 1;
    int code = count > 1 ? ask_number(transaction, offers, count, &number) : PAM_SUCCESS;
    if (code == PAM_AUTHINFO_UNAVAIL)
        prompts_error(&transaction->prompts, _("There is no certificate file or token of this number."));
    if (code != PAM_SUCCESS) {
        transaction_journal(transaction, LOG_NOTICE, "no certificate file or token was chosen");
        return code;
    }
    if (number == 0) {
        transaction_journal(transaction, LOG_DEBUG, "the user wants no certificate");
        return PAM_AUTHINFO_UNAVAIL;
    }
    *ret = offers[number - 1];
    return PAM_SUCCESS;
}

/* --- the secret --- */

static int take_first_pass(const Transaction *transaction, Secret **ret) {
    const void *token = NULL;
    int code = pam_get_item(transaction->pam, PAM_AUTHTOK, &token);
    if (code != PAM_SUCCESS || !token)
        return PAM_AUTHINFO_UNAVAIL;
    return secret_new(token, strlen(token), ret) < 0 ? PAM_AUTH_ERR : PAM_SUCCESS;
}

static int ask_secret(const Transaction *transaction, const HelperSource *source, Secret **ret) {
    char *CLEANUP(free_pointer) escaped = NULL;
    const char *label = source_label(source, &escaped);
    if (!source_is_token(source))
        return prompts_secret(&transaction->prompts, ret, _("Passphrase of %s (empty: without certificate): "), label);
    if (source->flags & CREDENTIAL_SOURCE_COUNT_LOW)
        prompts_info(&transaction->prompts, _("A wrong PIN of %s has been entered before; few tries are left."), label);
    return prompts_secret(&transaction->prompts, ret, _("PIN of %s (empty: without certificate): "), label);
}

/* *ret stays NULL for a PIN that is typed on the reader. */
static int get_secret(const Transaction *transaction, const HelperSource *source, Secret **ret) {
    if (source->flags & CREDENTIAL_SOURCE_PROTECTED_PATH) {
        const Prompts loud = {.pam = transaction->pam}; /* it stands for a prompt */
        prompts_info(&loud, _("Enter the PIN on the reader."));
        return PAM_SUCCESS;
    }
    int code =
        transaction->options.use_first_pass ? take_first_pass(transaction, ret) : ask_secret(transaction, source, ret);
    if (code != PAM_SUCCESS) {
        transaction_journal(transaction, LOG_NOTICE, "no passphrase or PIN");
        return code;
    }
    if (secret_view(*ret).size > 0)
        return PAM_SUCCESS;
    transaction_journal(transaction, LOG_DEBUG, "the user wants no certificate");
    return PAM_AUTHINFO_UNAVAIL;
}

/* --- the try --- */

static int refuse(const Transaction *transaction, int outcome, const char *detail) {
    const char *text = credential_outcome_text(outcome);
    int code = codes_of_credential(outcome);
    if (outcome == CREDENTIAL_OUTCOME_NO_MATCH)
        unlock_tell_nothing_fits(transaction);
    else if (text)
        prompts_error(&transaction->prompts, "%s", _(text));
    if (code == PAM_AUTH_ERR && !transaction->options.no_delay)
        (void) pam_fail_delay(transaction->pam, WRONG_SECRET_DELAY_MICROSECONDS); /* a wish to the host */
    transaction_journal_helper(transaction, "opening the credential", outcome, detail);
    return code;
}

int unlock_source(const Transaction *transaction, Listing *listing, const HelperSource *source, const uint8_t *wanted,
                  unsigned seconds, OpenSource *ret) {
    Secret *CLEANUP(secret_freep) secret = NULL;
    char *CLEANUP(free_pointer) detail = NULL;
    int code = get_secret(transaction, source, &secret);
    if (code != PAM_SUCCESS)
        return code;
    int r = source_open(transaction, listing, source, secret, wanted, seconds, ret, &detail);
    return r == 0 ? PAM_SUCCESS : refuse(transaction, r, detail);
}
