/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs. Called by the PKCS#12 backend with a statement that the session built; must never choose an algorithm. */
#include "ovcert-credential/signing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "common/macros.h"
#include "common/protocol.h"

#define PSS_SALT_SIZE 32 /* trust/signature.h */

DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)

static const struct Scheme {
    const char *algorithm;
    const char *digest; /* NULL: the key's own */
    int padding;        /* 0: not RSA */
} schemes[] = {
    {SIGNATURE_RSA_PKCS1_SHA256, "SHA256", RSA_PKCS1_PADDING},
    {SIGNATURE_RSA_PSS_SHA256, "SHA256", RSA_PKCS1_PSS_PADDING},
    {SIGNATURE_ECDSA_SHA256, "SHA256", 0},
    {SIGNATURE_ECDSA_SHA384, "SHA384", 0},
    {SIGNATURE_ECDSA_SHA512, "SHA512", 0},
    {SIGNATURE_ED25519, NULL, 0},
};

static const struct Scheme *find_scheme(const char *algorithm) {
    for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
        if (strcmp(schemes[i].algorithm, algorithm) == 0)
            return &schemes[i];
    return NULL;
}

static bool prepare(EVP_MD_CTX *context, OSSL_LIB_CTX *libctx, EVP_PKEY *key, const struct Scheme *scheme) {
    EVP_PKEY_CTX *parameters = NULL;

    if (EVP_DigestSignInit_ex(context, &parameters, scheme->digest, libctx, NULL, key, NULL) <= 0)
        return false;
    if (scheme->padding != 0 && EVP_PKEY_CTX_set_rsa_padding(parameters, scheme->padding) <= 0)
        return false;
    return scheme->padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, PSS_SALT_SIZE) > 0;
}

int signing_sign(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *algorithm, View data, Bytes *ret) {
    EVP_MD_CTX *CLEANUP(EVP_MD_CTX_freep) context = EVP_MD_CTX_new();
    const struct Scheme *scheme = find_scheme(algorithm);
    uint8_t signature[OVCERT_SIGNATURE_MAX];
    size_t size = 0;

    if (!scheme)
        return -EINVAL;
    if (!context)
        return -ENOMEM;
    if (!prepare(context, libctx, key, scheme) || EVP_DigestSign(context, NULL, &size, data.data, data.size) <= 0 ||
        size > sizeof signature || EVP_DigestSign(context, signature, &size, data.data, data.size) <= 0) {
        ERR_clear_error();
        return -EIO;
    }
    return bytes_append(ret, (View){signature, size});
}
