/* SPDX-License-Identifier: BSD-2-Clause */
/* The entry points of pam_ovcert.so, called by libpam (pam_sm_authenticate(3) and its siblings); they only hand on.
 * Must never hold state: everything lives in the PAM handle. */
#include <stddef.h>

#include <security/pam_modules.h>

#include "config.h"
#include "pam_ovcert/account.h"
#include "pam_ovcert/login.h"

#define EXPORT __attribute__((visibility("default")))

static const Places places = {.bus_address = OVCERT_BUS_ADDRESS, .helper_path = OVCERT_HELPER_PATH};

EXPORT int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv) {
    return login_authenticate(pam, flags, argc, argv, &places);
}

EXPORT int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void) flags, (void) argc, (void) argv; /* there is nothing to choose */
    return account_set_credentials(pam);
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv) {
    return account_check(pam, flags, argc, argv, &places);
}

EXPORT int pam_sm_open_session(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void) pam, (void) flags, (void) argc, (void) argv; /* sessions are none of our business */
    return PAM_IGNORE;
}

EXPORT int pam_sm_close_session(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void) pam, (void) flags, (void) argc, (void) argv; /* as above */
    return PAM_IGNORE;
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pam, int flags, int argc, const char **argv) {
    return account_change(pam, flags, argc, argv, &places);
}
