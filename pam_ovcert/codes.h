/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes: what the outcomes of daemon and helper are for PAM (pam(3)); the table of errors is common/error.h's. Neither
 * function ever returns PAM_SUCCESS or PAM_IGNORE (SECURITY 18): nothing but a login that was proven is a success. */
#pragma once

/* result: an OvcertError, or a negative errno. PAM_BUF_ERR for -ENOMEM, PAM_AUTHINFO_UNAVAIL for every other fault and
 * whatever is unknown. */
int codes_of_login(int result);
/* result: a CredentialOutcome, or a negative errno as above. PAM_AUTH_ERR for a wrong secret alone. */
int codes_of_credential(int result);
