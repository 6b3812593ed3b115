/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificates on a token. */
#pragma once

#include "ovcert-credential/backend.h"
#include "ovcert-credential/chain.h"
#include "ovcert-credential/cryptoki.h"

typedef struct TokenCertificate {
    CK_OBJECT_HANDLE handle;
    X509 *x509; /* borrowed from the stack */
    Bytes der;
    Bytes id; /* CKA_ID */
} TokenCertificate;

/* Zero-initialise; token_certificates_done(). */
typedef struct TokenCertificates {
    STACK_OF(X509) * stack;
    TokenCertificate items[CHAIN_CERTIFICATES_MAX]; /* in the stack's order */
    bool personal[CHAIN_CERTIFICATES_MAX];          /* no authority's */
    size_t count;
} TokenCertificates;

void token_certificates_done(TokenCertificates *certificates);
/* Adds those that show now and have not been read yet; what is no X.509 certificate is left out.
 * 0, a CredentialOutcome with *ret_detail, or -ENOMEM. */
int token_certificates_read(const CryptokiSession *session, TokenCertificates *certificates, char **ret_detail);
bool token_certificates_any_personal(const TokenCertificates *certificates);
bool token_certificates_contain(const TokenCertificates *certificates, View fingerprint);

/* Appends certificate index with its chain, unless the list has it. *ret_added: whether it did; certificates that
 * certificate_parse() refuses are not offered. 0 or -ENOMEM. */
int token_certificates_offer(const TokenCertificates *certificates, size_t index, IdentityList *list, bool *ret_added);
