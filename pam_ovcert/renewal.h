/* SPDX-License-Identifier: BSD-2-Clause */
/* Renewal: the conversation at the login prompt in which an expired certificate, just proven, gives way to a new one of
 * the same holder (DESIGN "PAM"): a question, the credential, its passphrase or PIN, the proof, old and new, a
 * question, the swap. In the owner's name from the first call to the last, so it can do nothing that "ovcertctl renew"
 * could not.
 *
 * Whatever goes wrong, and wherever it is cut off, the old certificate stays assigned; an operation that is open then
 * is the user's own, for "ovcertctl renew" to go on with. Bus calls have the budget of a login in each stretch between
 * two prompts. */
#pragma once

#include <stdint.h>

#include "common/statement.h"
#include "pam_ovcert/transaction.h"

typedef enum RenewalOutcome {
    RENEWAL_DONE = 1,
    RENEWAL_DECLINED, /* by the user, at either question or by an empty answer */
    RENEWAL_FAILED,   /* for a reason that the user was told */
    RENEWAL_FAULT,    /* daemon or helper did not do their part */
} RenewalOutcome;

/* expired: the certificate that auth has seen proven. Root's module alone. */
RenewalOutcome renewal_converse(const Transaction *transaction, const uint8_t expired[STATEMENT_FINGERPRINT_SIZE]);
