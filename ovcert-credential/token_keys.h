/* SPDX-License-Identifier: BSD-2-Clause */
/* The private keys on a token, and which of them may be a certificate's. Cards number keys and certificates as they
 * like: ids are missing, or there twice. So a key that says which public key it has is held against the certificate's,
 * and among others the id narrows the choice down; the signature's verification is what decides. */
#pragma once

#include <stdint.h>

#include <openssl/x509.h>

#include "ovcert-credential/cryptoki.h"

typedef struct TokenKey {
    CK_OBJECT_HANDLE handle;
    CK_KEY_TYPE type;
    bool always_authenticate; /* wants a login of its own for each signature */
    Bytes id;                 /* CKA_ID */
    Bytes modulus;            /* of an RSA key; empty when the token does not tell */
} TokenKey;

typedef struct TokenPublicKey {
    Bytes id;
    Bytes point; /* CKA_EC_POINT */
} TokenPublicKey;

/* Zero-initialise; token_keys_done(). */
typedef struct TokenKeys {
    TokenKey items[CRYPTOKI_OBJECTS_MAX];
    size_t count;
    TokenPublicKey publics[CRYPTOKI_OBJECTS_MAX]; /* that are points; RSA keys tell by themselves */
    size_t n_publics;
} TokenKeys;

typedef uint64_t TokenKeySet; /* bit i: items[i] */

void token_keys_done(TokenKeys *keys);
/* After the login. Those of an id alone, unless it is empty; keys that must not sign are left out. 0, a
 * CredentialOutcome with *ret_detail, or -ENOMEM. */
int token_keys_read(const CryptokiSession *session, View id, TokenKeys *ret, char **ret_detail);
/* Keys that may be the certificate's, whose CKA_ID is id. */
TokenKeySet token_keys_fitting(const TokenKeys *keys, X509 *certificate, View id);
bool token_keys_any_always_authenticates(const TokenKeys *keys);
