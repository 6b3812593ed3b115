/* SPDX-License-Identifier: BSD-2-Clause */
/* Account: what follows from auth in the same transaction (memory.h): a warning when it is time to renew, the renewal
 * at the prompt (renew=), and the rule that a certificate is required (require=). Without these two options it calls
 * nobody, so there is no fault to report.
 *
 * | case                                                              | code, and under require=                      |
 * |-------------------------------------------------------------------|-----------------------------------------------|
 * | signed in by a valid certificate, or renewed just now             | PAM_SUCCESS                                   |
 * | expired, and the renewal declined or failed                       | PAM_SUCCESS with a warning; PAM_PERM_DENIED   |
 * | expired, and the renewal failed by a fault of daemon or helper    | the same; PAM_AUTHINFO_UNAVAIL                |
 * | expired, and no renewal offered                                   | PAM_IGNORE; PAM_PERM_DENIED                   |
 * | any other sign-in                                                 | PAM_IGNORE; PAM_PERM_DENIED with a certificate|
 * |                                                                   | assigned, PAM_AUTHINFO_UNAVAIL when the daemon|
 * |                                                                   | cannot tell                                   |
 * | expired, with password=renew                                      | PAM_NEW_AUTHTOK_REQD; then account_change()   |
 * | unknown option                                                    | PAM_SERVICE_ERR                               |
 */
#pragma once

#include <security/pam_modules.h>

#include "pam_ovcert/places.h"

/* For pam_sm_acct_mgmt(3). */
int account_check(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places);
/* For pam_sm_chauthtok(3): PAM_IGNORE, so that passwd(1) is as ever; but with password=renew, after an expired
 * certificate, the renewal's conversation, and PAM_SUCCESS however that ends: the sign-in goes on. */
int account_change(pam_handle_t *pam, int flags, int argc, const char *const *argv, const Places *places);
/* For pam_sm_setcred(3): there are no credentials to set. PAM_SUCCESS after a sign-in by certificate, since libpam goes
 * the way of auth again and a success there must have one here; else PAM_IGNORE. */
int account_set_credentials(pam_handle_t *pam);
