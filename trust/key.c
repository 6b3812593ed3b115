/* SPDX-License-Identifier: BSD-2-Clause */
/* Which keys and digests are accepted (SECURITY 7, 13). Called for every certificate of a chain and for every
 * signature; lists what is good, so that what is new or unknown is refused. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "trust/internal.h"

#define KEY_RSA_BITS_MIN 2048
#define KEY_RSA_BITS_MAX 8192 /* a signature then fits OVCERT_SIGNATURE_MAX */

static const int key_curves[] = {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

int key_curve(EVP_PKEY *key) {
    char group[64];
    int nid;

    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) <= 0)
        return NID_undef;
    nid = OBJ_txt2nid(group);
    return nid != NID_undef ? nid : EC_curve_nist2nid(group);
}

static const char *rsa_problem(EVP_PKEY *key) {
    BIGNUM *exponent = NULL;
    const char *problem = NULL;

    if (EVP_PKEY_get_bits(key) < KEY_RSA_BITS_MIN)
        return "RSA under 2048 bits";
    if (EVP_PKEY_get_bits(key) > KEY_RSA_BITS_MAX)
        return "RSA over 8192 bits";
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent))
        return "RSA without an exponent";
    if (!BN_is_odd(exponent) || BN_num_bits(exponent) < 2)
        problem = "RSA with an exponent that proves nothing";
    BN_free(exponent);
    return problem;
}

const char *key_problem(EVP_PKEY *key) {
    int curve;

    if (!key)
        return "of an unknown kind";
    if (EVP_PKEY_is_a(key, "RSA"))
        return rsa_problem(key);
    if (EVP_PKEY_is_a(key, "ED25519"))
        return NULL;
    if (EVP_PKEY_is_a(key, "DSA"))
        return "DSA";
    if (!EVP_PKEY_is_a(key, "EC"))
        return "of a kind that is not accepted";
    curve = key_curve(key);
    for (size_t i = 0; i < ELEMENTSOF(key_curves); i++)
        if (curve == key_curves[i])
            return NULL;
    return "on an elliptic curve other than P-256, P-384, P-521";
}

/* The digest of RSASSA-PSS stands in the parameters (RFC 4055 3.1); absent parameters mean SHA-1. */
static int pss_digest(const X509_ALGOR *algorithm) {
    const void *parameters = NULL;
    int type = V_ASN1_UNDEF, digest = NID_sha1;
    RSA_PSS_PARAMS *pss;

    X509_ALGOR_get0(NULL, &type, &parameters, algorithm);
    if (type != V_ASN1_SEQUENCE)
        return NID_undef;
    pss = ASN1_item_unpack(parameters, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    if (!pss)
        return NID_undef;
    if (pss->hashAlgorithm) {
        const ASN1_OBJECT *object = NULL;

        X509_ALGOR_get0(&object, NULL, NULL, pss->hashAlgorithm);
        digest = OBJ_obj2nid(object);
    }
    RSA_PSS_PARAMS_free(pss);
    return digest;
}

const char *digest_problem(const X509_ALGOR *algorithm) {
    static const int accepted[] = {NID_sha256, NID_sha384, NID_sha512, NID_sha3_256, NID_sha3_384, NID_sha3_512};
    const ASN1_OBJECT *object = NULL;
    int nid, digest = NID_undef;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    nid = OBJ_obj2nid(object);
    if (nid == NID_ED25519)
        return NULL;
    if (nid == NID_rsassaPss)
        digest = pss_digest(algorithm);
    else if (nid == NID_undef || !OBJ_find_sigid_algs(nid, &digest, NULL))
        return "unknown algorithm";
    for (size_t i = 0; i < ELEMENTSOF(accepted); i++)
        if (digest == accepted[i])
            return NULL;
    return digest == NID_undef ? "unknown digest" : OBJ_nid2sn(digest);
}
