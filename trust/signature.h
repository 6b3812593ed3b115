/* SPDX-License-Identifier: BSD-2-Clause */
/* Algorithms of the one signature (SECURITY 7): what a key may sign with, by name, and verification. */
#pragma once

#include "common/bytes.h"
#include "trust/certificate.h"

#define SIGNATURE_RSA_PKCS1_SHA256 "rsa-pkcs1-sha256" /* RFC 8017 8.2 */
#define SIGNATURE_RSA_PSS_SHA256 "rsa-pss-sha256"     /* RFC 8017 8.1, salt of 32 octets, MGF1 with SHA-256 */
#define SIGNATURE_ECDSA_SHA256 "ecdsa-sha256"         /* P-256; DER signature, RFC 3279 2.2.3 */
#define SIGNATURE_ECDSA_SHA384 "ecdsa-sha384"         /* P-384 */
#define SIGNATURE_ECDSA_SHA512 "ecdsa-sha512"         /* P-521 */
#define SIGNATURE_ED25519 "ed25519"                   /* RFC 8032 */

typedef enum SignatureOutcome {
    SIGNATURE_WRONG_ALGORITHM = 1, /* unknown, or not one for this key */
    SIGNATURE_WEAK_KEY,            /* the key is one that is never accepted: DSA, RSA < 2048, P-192, ... */
    SIGNATURE_BAD,                 /* does not verify */
} SignatureOutcome;

/* The algorithm that a software key of this certificate signs with; NULL when its key is never accepted. Static. */
const char *signature_algorithm(const Certificate *certificate);
/* 0 when the signature over data is the certificate's key's, a SignatureOutcome, or -ENOMEM. */
int signature_verify(const Certificate *certificate, const char *algorithm, View data, View signature);
