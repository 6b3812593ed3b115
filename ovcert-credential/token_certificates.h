/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificates on a token. */
#pragma once

#include "ovcert-credential/backend.h"
#include "ovcert-credential/chain.h"
#include "ovcert-credential/cryptoki.h"

typedef struct TokenCertificate {
    CK_OBJECT_HANDLE handle;
    Bytes der;
    Bytes id;      /* CKA_ID */
    bool personal; /* no authority's */
    X509 *x509;    /* parsed when it is needed first, which takes longer than all the rest */
} TokenCertificate;

/* Zero-initialise; token_certificates_done(). */
typedef struct TokenCertificates {
    TokenCertificate items[CHAIN_CERTIFICATES_MAX];
    size_t count;
} TokenCertificates;

void token_certificates_done(TokenCertificates *certificates);
/* Adds those that show now and have not been read yet; what does not look like a certificate is left out.
 * 0, a CredentialOutcome with *ret_detail, or -ENOMEM. */
int token_certificates_read(const CryptokiSession *session, TokenCertificates *certificates, char **ret_detail);
bool token_certificates_any_personal(TokenCertificates *certificates);
/* Its index; -1 when it is not there. */
int token_certificates_find(const TokenCertificates *certificates, View fingerprint);
/* Borrowed; NULL when it is no X.509 certificate or out of memory. */
X509 *token_certificate_x509(TokenCertificate *certificate);

/* Appends certificate index with its chain, unless the list has it. *ret_added: whether it did; certificates that
 * certificate_parse() refuses are not offered. 0 or -ENOMEM. */
int token_certificates_offer(TokenCertificates *certificates, size_t index, IdentityList *list, bool *ret_added);
