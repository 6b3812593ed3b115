/* SPDX-License-Identifier: BSD-2-Clause */
/* The account step. Called by entry.c; must never keep anybody out who did not sign in by certificate, unless the
 * administrator requires one. */
#include "pam_ovcert/account.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_modutil.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/i18n.h"
#include "pam_ovcert/budget.h"
#include "pam_ovcert/codes.h"
#include "pam_ovcert/memory.h"
#include "pam_ovcert/profile.h"
#include "pam_ovcert/renewal.h"
#include "pam_ovcert/transaction.h"

static void warn(const Prompts *prompts, int64_t days_left) {
    unsigned long days = days_left < 0 ? 0 : (unsigned long) days_left;
    if (days == 0)
        prompts_info(prompts, _("Your certificate expires today. Get a new one, then run \"ovcertctl renew\"."));
    else
        prompts_info(prompts,
                     dngettext(OVCERT_GETTEXT_DOMAIN,
                               "Your certificate expires in %lu day. Get a new one, then run \"ovcertctl renew\".",
                               "Your certificate expires in %lu days. Get a new one, then run \"ovcertctl renew\".",
                               days),
                     days);
}

static bool has_valid(const Memory *memory) {
    return memory && (memory->kind == MEMORY_ACCEPTED || memory->kind == MEMORY_RENEWED);
}

/* --- renew= --- */

static bool is_to_renew(const Memory *memory) {
    return memory && memory->kind == MEMORY_EXPIRED && !memory->asked && geteuid() == 0;
}

static bool may_renew(const Transaction *transaction, const Memory *memory) {
    return is_to_renew(memory) && transaction->person.known &&
           options_list_has(transaction->options.renew, transaction->service);
}

/* The code without require=; *ret_required is the one under it. */
static int renew(const Transaction *transaction, const Memory *memory, int *ret_required) {
    Memory after = {.kind = MEMORY_EXPIRED, .asked = true};
    memcpy(after.fingerprint, memory->fingerprint, sizeof after.fingerprint);
    RenewalOutcome outcome = renewal_converse(transaction, after.fingerprint);
    if (outcome == RENEWAL_DONE && person_is_current(transaction->pam, &transaction->person))
        after.kind = MEMORY_RENEWED;
    else
        prompts_error(&transaction->prompts, _("Your certificate has expired and was not renewed here. Look at it with "
                                               "\"ovcertctl status\", go on with \"ovcertctl renew\"."));
    int code = memory_store(transaction->pam, transaction->person.name, &after);
    if (code != PAM_SUCCESS)
        transaction_journal(transaction, LOG_ERR, "the PAM handle keeps no data");
    *ret_required = after.kind == MEMORY_RENEWED ? PAM_SUCCESS
                    : outcome == RENEWAL_FAULT   ? PAM_AUTHINFO_UNAVAIL
                                                 : PAM_PERM_DENIED;
    return PAM_SUCCESS;
}

/* --- require= --- */

static bool is_required(const Transaction *transaction) {
    const Options *options = &transaction->options;
    const Person *person = &transaction->person;
    if (!options_list_has(options->require, transaction->service) || (person->known && person->uid == 0))
        return false;
    return !options->exempt_group ||
           pam_modutil_user_in_group_nam_nam(transaction->pam, person->name, options->exempt_group) != 1;
}

static int describe(const Transaction *transaction, Profile *ret) {
    Client *CLEANUP(client_freep) client = NULL;
    uint64_t deadline = frame_now() + BUDGET_BUS_MICROSECONDS;
    int r = client_new(transaction->places->bus_address, deadline, &client);
    if (r == 0)
        r = profile_describe(client, transaction->person.name, deadline, ret);
    if (r != 0 && r != OVCERT_ERROR_NOT_FOUND)
        transaction_journal_daemon(transaction, "Describe", r, r > 0 && client ? client_failure(client) : NULL);
    return r;
}

/* Of somebody of whom nothing is proven: does he have what is required? A profile of another account of this name is
 * not his. */
static int required_of(const Transaction *transaction) {
    Profile CLEANUP(profile_done) profile = {0};
    int r = describe(transaction, &profile);
    if (r == OVCERT_ERROR_NOT_FOUND)
        return PAM_IGNORE;
    if (r != 0)
        return r == -ENOMEM ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
    return profile.assigned && profile.uid == transaction->person.uid ? PAM_PERM_DENIED : PAM_IGNORE;
}

static int refuse(const Transaction *transaction, int code) {
    if (code == PAM_PERM_DENIED)
        prompts_error(&transaction->prompts, _("A valid certificate is required to sign in here."));
    else if (code != PAM_IGNORE && code != PAM_SUCCESS)
        prompts_error(&transaction->prompts, _("Whether a certificate is required cannot be found out at the moment."));
    if (code != PAM_IGNORE && code != PAM_SUCCESS)
        transaction_journal(transaction, LOG_NOTICE, "a certificate is required in %s", transaction->service);
    return code;
}

static int check(const Transaction *transaction, const Memory *memory) {
    bool required = is_required(transaction);
    int code = PAM_IGNORE, under_require = PAM_PERM_DENIED;
    bool expired = memory != NULL;
    if (may_renew(transaction, memory))
        code = renew(transaction, memory, &under_require); /* memory is gone */
    if (!required)
        return code;
    return refuse(transaction, expired ? under_require : required_of(transaction));
}

int account_check(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places) {
    Transaction CLEANUP(transaction_done) transaction = {0};
    int code = transaction_begin(&transaction, pam, flags, argc, argv, places);
    if (code != PAM_SUCCESS)
        return code;
    const Memory *memory = memory_find(pam);
    if (has_valid(memory)) {
        if (memory->expiring)
            warn(&transaction.prompts, memory->days_left);
        return PAM_SUCCESS;
    }
    if (transaction.options.password_renew && is_to_renew(memory))
        return PAM_NEW_AUTHTOK_REQD;
    const char *service = transaction_service(&transaction);
    bool renewable = memory && options_list_has(transaction.options.renew, service);
    if (!renewable && !options_list_has(transaction.options.require, service))
        return PAM_IGNORE;
    code = transaction_find_person(&transaction);
    return code == PAM_SUCCESS ? check(&transaction, memory) : code;
}

int account_change(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places) {
    Transaction CLEANUP(transaction_done) transaction = {0};
    int code = transaction_begin(&transaction, pam, flags, argc, argv, places), required;
    if (code != PAM_SUCCESS)
        return code;
    const Memory *memory = memory_find(pam);
    if (!transaction.options.password_renew || !is_to_renew(memory))
        return PAM_IGNORE;
    if (flags & PAM_PRELIM_CHECK)
        return PAM_SUCCESS; /* libpam goes the same way again, so this one must count */
    code = transaction_find_person(&transaction);
    if (code != PAM_SUCCESS || !transaction.person.known)
        return code == PAM_SUCCESS ? PAM_IGNORE : code;
    return renew(&transaction, memory, &required); /* without require= */
}

int account_set_credentials(pam_handle_t *pam) {
    const Memory *memory = memory_find(pam);
    return memory && memory->kind == MEMORY_ACCEPTED ? PAM_SUCCESS : PAM_IGNORE;
}
