/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: what auth leaves behind in the PAM handle (pam_set_data(3)) for setcred and account of the same transaction.
 * Holds no secret, and speaks only for the user whom it was made for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <security/pam_modules.h>

#include "common/statement.h"

typedef enum MemoryKind {
    MEMORY_ACCEPTED = 1, /* signed in by a valid certificate */
    MEMORY_EXPIRED = 2,  /* possession proven, and expiry the only reason against it */
    MEMORY_RENEWED = 3,  /* EXPIRED, and renewed since by the conversation in account or password */
} MemoryKind;

typedef struct Memory {
    MemoryKind kind;
    bool expiring; /* ACCEPTED: time to renew */
    int64_t days_left;
    uint8_t fingerprint[STATEMENT_FINGERPRINT_SIZE]; /* EXPIRED: of the certificate that was proven */
    bool asked; /* EXPIRED: the renewal was talked about; hosts may call account more than once */
} Memory;

/* Copies; user is whom it is about. PAM_SUCCESS, PAM_BUF_ERR or pam_set_data(3)'s code; whatever was there before is
 * gone in any case. */
int memory_store(pam_handle_t *pam, const char *user, const Memory *memory);
/* Forgets, at the start of auth, lest an earlier success speak for a later failure. Codes as above. */
int memory_clear(pam_handle_t *pam);
/* Of this handle and its present PAM_USER; NULL when there is none. Borrowed until the next store or clear. */
const Memory *memory_find(pam_handle_t *pam);
