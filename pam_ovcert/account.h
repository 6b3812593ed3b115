/* SPDX-License-Identifier: BSD-2-Clause */
/* Account: what follows from auth in the same transaction (memory.h). Asks nobody, so there is no fault to report. */
#pragma once

#include <security/pam_modules.h>

/* For pam_sm_acct_mgmt(3): PAM_SUCCESS after a sign-in by certificate, with a warning when it is time to renew;
 * PAM_IGNORE when the user came in another way; PAM_SERVICE_ERR for an unknown option. */
int account_check(pam_handle_t *pam, int flags, int argc, const char *const *argv);
/* For pam_sm_setcred(3): there are no credentials to set. PAM_SUCCESS after a sign-in by certificate, since libpam goes
 * the way of auth again and a success there must have one here; else PAM_IGNORE. */
int account_set_credentials(pam_handle_t *pam);
