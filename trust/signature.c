/* SPDX-License-Identifier: BSD-2-Clause */
/* The one signature. Called with what a client sent; the key decides what algorithms there are, the client only which
 * of them (SECURITY 7). */
#include "trust/signature.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "trust/internal.h"

typedef struct Algorithm {
    const char *name;
    const char *key; /* OpenSSL's name of the key type */
    int curve;       /* NID, for EC */
    const char *digest;
    bool pss;
} Algorithm;

/* The first of a key's algorithms is the one a software key uses. */
static const Algorithm algorithms[] = {
    {.name = SIGNATURE_RSA_PKCS1_SHA256, .key = "RSA", .digest = "SHA256"},
    {.name = SIGNATURE_RSA_PSS_SHA256, .key = "RSA", .digest = "SHA256", .pss = true},
    {.name = SIGNATURE_ECDSA_SHA256, .key = "EC", .curve = NID_X9_62_prime256v1, .digest = "SHA256"},
    {.name = SIGNATURE_ECDSA_SHA384, .key = "EC", .curve = NID_secp384r1, .digest = "SHA384"},
    {.name = SIGNATURE_ECDSA_SHA512, .key = "EC", .curve = NID_secp521r1, .digest = "SHA512"},
    {.name = SIGNATURE_ED25519, .key = "ED25519"},
};

static bool algorithm_fits(const Algorithm *algorithm, EVP_PKEY *key) {
    return EVP_PKEY_is_a(key, algorithm->key) && (algorithm->curve == 0 || algorithm->curve == key_curve(key));
}

const char *signature_algorithm(const Certificate *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate_x509(certificate));

    if (key_problem(key))
        return NULL;
    for (size_t i = 0; i < ELEMENTSOF(algorithms); i++)
        if (algorithm_fits(&algorithms[i], key))
            return algorithms[i].name;
    return NULL;
}

static const Algorithm *algorithm_find(const char *name, EVP_PKEY *key) {
    for (size_t i = 0; i < ELEMENTSOF(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0 && algorithm_fits(&algorithms[i], key))
            return &algorithms[i];
    return NULL;
}

static bool verify_init(EVP_MD_CTX *ctx, const Algorithm *algorithm, EVP_PKEY *key) {
    EVP_PKEY_CTX *key_ctx = NULL;

    if (EVP_DigestVerifyInit_ex(ctx, &key_ctx, algorithm->digest, NULL, NULL, key, NULL) <= 0)
        return false;
    return !algorithm->pss || (EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
                               EVP_PKEY_CTX_set_rsa_mgf1_md(key_ctx, EVP_sha256()) > 0 &&
                               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
}

int signature_verify(const Certificate *certificate, const char *name, View data, View signature) {
    EVP_PKEY *key = X509_get0_pubkey(certificate_x509(certificate));
    const Algorithm *algorithm;
    EVP_MD_CTX *ctx;
    int r;

    if (key_problem(key))
        return SIGNATURE_WEAK_KEY;
    algorithm = algorithm_find(name, key);
    if (!algorithm)
        return SIGNATURE_WRONG_ALGORITHM;
    if (signature.size == 0 || signature.size > OVCERT_SIGNATURE_MAX)
        return SIGNATURE_BAD;
    ctx = EVP_MD_CTX_new();
    if (!ctx)
        return -ENOMEM;
    r = SIGNATURE_BAD;
    if (verify_init(ctx, algorithm, key) &&
        EVP_DigestVerify(ctx, signature.data, signature.size, data.data, data.size) == 1)
        r = 0;
    EVP_MD_CTX_free(ctx);
    if (openssl_out_of_memory() && r != 0)
        return -ENOMEM;
    return r;
}
