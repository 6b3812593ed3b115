/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of PAM codes. Called by login.c for everything that is not a success; must never make one. */
#include "pam_ovcert/codes.h"

#include <errno.h>
#include <stdbool.h>

#include <security/_pam_types.h>

#include "common/credential.h"
#include "common/error.h"

static int code_of_fault(int fault) {
    return fault == -ENOMEM ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
}

int codes_of_login(int result) {
    switch (result) {
#define X(symbol, name, number, pam, text, advice)                                                                     \
    case OVCERT_ERROR_##symbol:                                                                                        \
        return pam;
        OVCERT_ERRORS(X)
#undef X
    }
    return code_of_fault(result);
}

int codes_of_credential(int result) {
    bool wrong = result == CREDENTIAL_OUTCOME_WRONG_SECRET || result == CREDENTIAL_OUTCOME_WRONG_PIN;
    return wrong ? PAM_AUTH_ERR : code_of_fault(result);
}
