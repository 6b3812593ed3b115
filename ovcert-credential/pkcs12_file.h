/* SPDX-License-Identifier: BSD-2-Clause */
/* The contents of one PKCS#12 file (RFC 7292), opened with its passphrase. */
#pragma once

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/bytes.h"
#include "common/secret.h"
#include "ovcert-credential/chain.h"

#define PKCS12_KEYS_MAX 8u
#define PKCS12_CERTIFICATES_MAX CHAIN_CERTIFICATES_MAX

/* Zero-initialise; pkcs12_contents_done() wipes the keys. */
typedef struct Pkcs12Contents {
    STACK_OF(X509) * certificates;
    EVP_PKEY *keys[PKCS12_KEYS_MAX];
    size_t n_keys;
    size_t n_unknown_keys; /* of a type that OpenSSL cannot use */
} Pkcs12Contents;

void pkcs12_contents_done(Pkcs12Contents *contents);

/* libctx: where algorithms come from, and for a file that needs it OpenSSL's legacy provider meanwhile; the contents
 * stay tied to it. No key is derived before the rounds it takes have been counted against max_iterations, the file's
 * whole sum. 0; MALFORMED, ITERATIONS, ALGORITHM, WRONG_SECRET of CredentialOutcome with *ret_detail; -ENOMEM. */
int pkcs12_open(OSSL_LIB_CTX *libctx, View der, const Secret *passphrase, uint64_t max_iterations, Pkcs12Contents *ret,
                char **ret_detail);
