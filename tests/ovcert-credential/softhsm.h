/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens of SoftHSM2 in a folder of their own, filled by PKCS#11 calls, and tests/ovcert-credential/shim.c between them
 * and the helper for what SoftHSM2 has not: PIN pads, last tries, removal. A function that fails ends the test with a
 * message. */
#pragma once

#include <p11-kit/p11-kit.h>

#include "common/bytes.h"
#include "tests/trust/pki.h"

#define SOFTHSM_PIN "123456"
#define SOFTHSM_SO_PIN "12345678"

typedef struct SoftHsm {
    char *folder;
    char *configuration; /* SOFTHSM2_CONF */
} SoftHsm;

/* mechanisms: the ones it has, separated by commas; NULL: all. Sets SOFTHSM2_CONF in this process. */
SoftHsm *softhsm_new(const char *mechanisms);
void softhsm_free(SoftHsm *hsm); /* the folder too */

/* Between the two calls nobody looks for leaks: for the faults of SoftHSM2's own. */
void softhsm_leak(bool may);

/* A token while it is being filled. Nothing else may use the module at that time. */
typedef struct SoftToken {
    CK_FUNCTION_LIST *functions;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; /* logged in */
} SoftToken;

SoftToken softhsm_token(const SoftHsm *hsm, const char *label);
void softtoken_done(SoftToken *token); /* unloads the module */

typedef struct SoftObject {
    const char *id;           /* CKA_ID's octets; NULL: none */
    bool hidden;              /* a certificate that shows only once logged in */
    bool always_authenticate; /* a key */
    bool cannot_sign;         /* likewise */
    CK_MECHANISM_TYPE only;   /* likewise: CKA_ALLOWED_MECHANISMS; 0: any */
} SoftObject;

void softtoken_put_key(SoftToken *token, EVP_PKEY *key, const SoftObject *object);
void softtoken_put_public_key(SoftToken *token, EVP_PKEY *key, const SoftObject *object); /* EC alone */
void softtoken_put_certificate(SoftToken *token, View der, const SoftObject *object);
/* A key with its certificate. */
void softtoken_put(SoftToken *token, const PkiIdentity *identity, const SoftObject *object);
