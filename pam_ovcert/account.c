/* SPDX-License-Identifier: BSD-2-Clause */
/* The account step. Called by entry.c; must never keep anybody out who did not sign in by certificate. */
#include "pam_ovcert/account.h"

#include <limits.h>
#include <stdbool.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "common/i18n.h"
#include "pam_ovcert/memory.h"
#include "pam_ovcert/options.h"
#include "pam_ovcert/prompts.h"

static bool was_accepted(const Memory *memory) {
    return memory && memory->kind == MEMORY_ACCEPTED;
}

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

int account_check(pam_handle_t *pam, int flags, int argc, const char *const *argv) {
    Options options;
    const char *unknown;
    if (options_parse(argc, argv, &options, &unknown) < 0) {
        pam_syslog(pam, LOG_ERR, "unknown option \"%s\"", unknown);
        return PAM_SERVICE_ERR;
    }
    const Memory *memory = memory_find(pam);
    if (!was_accepted(memory))
        return PAM_IGNORE;
    const Prompts prompts = prompts_of(pam, flags, options.silent);
    if (memory->expiring)
        warn(&prompts, memory->days_left);
    return PAM_SUCCESS;
}

int account_set_credentials(pam_handle_t *pam) {
    return was_accepted(memory_find(pam)) ? PAM_SUCCESS : PAM_IGNORE;
}
