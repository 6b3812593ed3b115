/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs on a token. Called by the PKCS#11 backend with a statement that the session built; must never give a PIN to a
 * token more than once for one signature. */
#include "ovcert-credential/token_sign.h"

#include <errno.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "ovcert-credential/failure.h"

#define PSS_SALT_SIZE 32 /* trust/signature.h */

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free)

typedef enum Input {
    INPUT_DATA,        /* the token hashes */
    INPUT_DIGEST,      /* we hash */
    INPUT_DIGEST_INFO, /* we hash and wrap: RFC 8017 9.2 */
} Input;

/* How a key can sign, the preferred way first. */
typedef struct Scheme {
    const char *key; /* signature_algorithm() of the certificate */
    CK_MECHANISM_TYPE mechanism;
    Input input;
    const char *digest;
    const char *algorithm; /* what comes out */
} Scheme;

static const Scheme schemes[] = {
    {SIGNATURE_RSA_PKCS1_SHA256, CKM_SHA256_RSA_PKCS, INPUT_DATA, "SHA256", SIGNATURE_RSA_PKCS1_SHA256},
    {SIGNATURE_RSA_PKCS1_SHA256, CKM_RSA_PKCS, INPUT_DIGEST_INFO, "SHA256", SIGNATURE_RSA_PKCS1_SHA256},
    {SIGNATURE_RSA_PKCS1_SHA256, CKM_SHA256_RSA_PKCS_PSS, INPUT_DATA, "SHA256", SIGNATURE_RSA_PSS_SHA256},
    {SIGNATURE_RSA_PKCS1_SHA256, CKM_RSA_PKCS_PSS, INPUT_DIGEST, "SHA256", SIGNATURE_RSA_PSS_SHA256},
    {SIGNATURE_ECDSA_SHA256, CKM_ECDSA, INPUT_DIGEST, "SHA256", SIGNATURE_ECDSA_SHA256},
    {SIGNATURE_ECDSA_SHA256, CKM_ECDSA_SHA256, INPUT_DATA, "SHA256", SIGNATURE_ECDSA_SHA256},
    {SIGNATURE_ECDSA_SHA384, CKM_ECDSA, INPUT_DIGEST, "SHA384", SIGNATURE_ECDSA_SHA384},
    {SIGNATURE_ECDSA_SHA384, CKM_ECDSA_SHA384, INPUT_DATA, "SHA384", SIGNATURE_ECDSA_SHA384},
    {SIGNATURE_ECDSA_SHA512, CKM_ECDSA, INPUT_DIGEST, "SHA512", SIGNATURE_ECDSA_SHA512},
    {SIGNATURE_ECDSA_SHA512, CKM_ECDSA_SHA512, INPUT_DATA, "SHA512", SIGNATURE_ECDSA_SHA512},
    {SIGNATURE_ED25519, CKM_EDDSA, INPUT_DATA, NULL, SIGNATURE_ED25519},
};

static int make_input(const Scheme *scheme, View data, Bytes *ret) {
    /* DER of DigestInfo's beginning for SHA-256: RFC 8017 9.2, note 1. */
    static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                          0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t size = 0;
    int r = 0;

    if (scheme->input == INPUT_DATA)
        return bytes_append(ret, data);
    if (EVP_Q_digest(NULL, scheme->digest, NULL, data.data, data.size, digest, &size) != 1)
        return -ENOMEM;
    if (scheme->input == INPUT_DIGEST_INFO)
        r = bytes_append(ret, (View){sha256_info, sizeof sha256_info});
    return r < 0 ? r : bytes_append(ret, (View){digest, size});
}

static bool is_offered(const CryptokiSession *session, const Scheme *scheme) {
    CK_MECHANISM_INFO info = {0};

    return session->functions->C_GetMechanismInfo(session->slot, scheme->mechanism, &info) == CKR_OK &&
           (info.flags & CKF_SIGN);
}

static CK_RV start(const CryptokiSession *session, const TokenKey *key, const Scheme *scheme) {
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, PSS_SALT_SIZE};
    CK_MECHANISM mechanism = {scheme->mechanism, NULL, 0};

    if (strcmp(scheme->algorithm, SIGNATURE_RSA_PSS_SHA256) == 0)
        mechanism = (CK_MECHANISM){scheme->mechanism, &pss, sizeof pss};
    return session->functions->C_SignInit(session->handle, &mechanism, key->handle);
}

/* PKCS#11 has r and s side by side, certificates' world a SEQUENCE of them (RFC 3279 2.2.3). */
static int append_ecdsa(const uint8_t *raw, size_t size, Bytes *ret) {
    ECDSA_SIG *CLEANUP(ECDSA_SIG_freep) signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int) (size / 2), NULL), *s = BN_bin2bn(raw + size / 2, (int) (size / 2), NULL);
    unsigned char *der = NULL;
    int length, result;

    if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return -ENOMEM;
    }
    length = i2d_ECDSA_SIG(signature, &der);
    if (length <= 0)
        return -ENOMEM;
    result = bytes_append(ret, (View){der, (size_t) length});
    OPENSSL_free(der);
    return result;
}

static int finish(const CryptokiSession *session, const Scheme *scheme, const Bytes *input, Bytes *ret,
                  char **ret_detail) {
    uint8_t signature[OVCERT_SIGNATURE_MAX];
    CK_ULONG size = sizeof signature;
    CK_RV rv = session->functions->C_Sign(session->handle, input->data, input->size, signature, &size);

    if (rv == CKR_OK && (size == 0 || size > sizeof signature))
        rv = CKR_GENERAL_ERROR;
    if (rv != CKR_OK)
        return cryptoki_failure(rv, "C_Sign", ret_detail);
    ret->size = 0;
    if (strncmp(scheme->algorithm, "ecdsa-", 6) == 0)
        return append_ecdsa(signature, size, ret);
    return bytes_append(ret, (View){signature, size});
}

int token_login(const CryptokiSession *session, CK_USER_TYPE user, const Secret *pin, char **ret_detail) {
    View octets = pin ? secret_view(pin) : (View){0};
    CK_RV rv = session->functions->C_Login(session->handle, user, pin ? cryptoki_input(octets.data) : NULL,
                                           pin ? octets.size : 0);

    return rv == CKR_OK ? 0 : cryptoki_failure(rv, "C_Login", ret_detail);
}

static int sign_with(const CryptokiSession *session, const TokenKey *key, const Scheme *scheme, const Secret *pin,
                     View data, Bytes *ret, char **ret_detail) {
    Bytes CLEANUP(bytes_done) input = {0};
    CK_RV rv;
    int r = make_input(scheme, data, &input);
    if (r < 0)
        return r;
    rv = start(session, key, scheme);
    if (rv != CKR_OK)
        return cryptoki_failure(rv, "C_SignInit", ret_detail);
    if (key->always_authenticate)
        r = token_login(session, CKU_CONTEXT_SPECIFIC, pin, ret_detail);
    if (r != 0)
        return r;
    return finish(session, scheme, &input, ret, ret_detail);
}

int token_sign(const CryptokiSession *session, const TokenKey *key, const Certificate *certificate, const Secret *pin,
               View data, const char **ret_algorithm, Bytes *ret, char **ret_detail) {
    const char *kind = signature_algorithm(certificate);
    int r = failure_set(ret_detail, CREDENTIAL_OUTCOME_NOT_SUPPORTED, "no mechanism for such a key");

    if (!kind)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ALGORITHM, "%s, %u bits",
                           certificate_facts(certificate)->key_type, certificate_facts(certificate)->key_bits);
    for (size_t i = 0; i < ELEMENTSOF(schemes) && r == (int) CREDENTIAL_OUTCOME_NOT_SUPPORTED; i++) {
        if (strcmp(schemes[i].key, kind) != 0 || !is_offered(session, &schemes[i]))
            continue;
        r = sign_with(session, key, &schemes[i], pin, data, ret, ret_detail);
        *ret_algorithm = schemes[i].algorithm;
    }
    return r;
}
