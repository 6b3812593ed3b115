/* SPDX-License-Identifier: BSD-2-Clause */
/* One signature with a private key on a token. */
#pragma once

#include "common/secret.h"
#include "ovcert-credential/cryptoki.h"
#include "ovcert-credential/token_keys.h"
#include "trust/signature.h"

/* The PIN again, for a key that wants one for each signature. NULL: it is typed on the reader. Signs with the first way
 * that token and key know: RSA with PKCS#1 v1.5, then PSS; ECDSA over a digest that is computed here, or there.
 * 0 with the algorithm (trust/signature.h) and the signature, not verified yet, in its encoding; NOT_SUPPORTED when
 * there is no way; another CredentialOutcome with *ret_detail; -ENOMEM. */
int token_sign(const CryptokiSession *session, const TokenKey *key, const Certificate *certificate, const Secret *pin,
               View data, const char **ret_algorithm, Bytes *ret, char **ret_detail);
/* C_Login() with the PIN, NULL: on the reader. */
int token_login(const CryptokiSession *session, CK_USER_TYPE user, const Secret *pin, char **ret_detail);
