/* SPDX-License-Identifier: BSD-2-Clause */
/* pam_ovcert.so as the tests load it: the same logic, with bus and helper named by its first two arguments. A third one
 * that begins with "token=" plays a module above that has asked for a password. */
#include <string.h>

#include <security/pam_modules.h>

#include "pam_ovcert/account.h"
#include "pam_ovcert/login.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv) {
    if (argc < 2)
        return PAM_SERVICE_ERR;
    const Places places = {.bus_address = argv[0], .helper_path = argv[1]};
    int n = argc > 2 && strncmp(argv[2], "token=", 6) == 0 ? 3 : 2;
    if (n == 3 && pam_set_item(pam, PAM_AUTHTOK, argv[2] + 6) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    return login_authenticate(pam, flags, argc - n, argv + n, &places);
}

EXPORT int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv) {
    (void) flags, (void) argc, (void) argv; /* as the real one */
    return account_set_credentials(pam);
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv) {
    if (argc < 2)
        return PAM_SERVICE_ERR;
    const Places places = {.bus_address = argv[0], .helper_path = argv[1]};
    int n = argc > 2 && strncmp(argv[2], "token=", 6) == 0 ? 3 : 2;
    return account_check(pam, flags, argc - n, argv + n, &places);
}

EXPORT int pam_sm_chauthtok(pam_handle_t *pam, int flags, int argc, const char **argv) {
    if (argc < 2)
        return PAM_SERVICE_ERR;
    const Places places = {.bus_address = argv[0], .helper_path = argv[1]};
    return account_change(pam, flags, argc - 2, argv + 2, &places);
}
