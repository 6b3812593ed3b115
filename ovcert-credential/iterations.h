/* SPDX-License-Identifier: BSD-2-Clause */
/* How much key derivation a PKCS#12 file asks for (RFC 7292; PBES2 of RFC 8018), counted by reading its structure
 * before anything is derived, so that a file cannot keep a processor busy (SECURITY 20). What is not understood is
 * refused, since what it costs is not known. */
#pragma once

#include <stdint.h>

#include <openssl/pkcs12.h>
#include <openssl/provider.h>

/* Give it the rounds that are allowed in all; each charge takes from it. iterations_done(). */
typedef struct IterationBudget {
    OSSL_LIB_CTX *libctx;  /* which ciphers there are */
    OSSL_PROVIDER *legacy; /* NULL until a file uses what only OpenSSL's legacy provider has */
    uint64_t left;
    unsigned n_bags; /* seen so far; bounded too */
} IterationBudget;

/* When all is decrypted: ciphers of old files go with it. */
void iterations_done(IterationBudget *budget);
/* Each: 0; ITERATIONS, ALGORITHM or MALFORMED of CredentialOutcome with *ret_detail; -ENOMEM. None derives a key. */
int iterations_charge_mac(IterationBudget *budget, const PKCS12 *p12, char **ret_detail);
/* The encrypted parts that can be seen without the passphrase: encrypted safes themselves, the keys in plain safes. */
int iterations_charge_safes(IterationBudget *budget, const STACK_OF(PKCS7) * safes, char **ret_detail);
/* The keys in one safe's bags, bags inside bags included: for what an encrypted safe turned out to hold. */
int iterations_charge_bags(IterationBudget *budget, const STACK_OF(PKCS12_SAFEBAG) * bags, char **ret_detail);
