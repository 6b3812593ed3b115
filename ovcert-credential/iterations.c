/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the rounds of key derivation in a PKCS#12 file. Called by pkcs12_open() before each step that derives; must
 * never derive a key itself. */
#include "ovcert-credential/iterations.h"

#include <errno.h>
#include <stdbool.h>

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "common/macros.h"
#include "ovcert-credential/failure.h"

#define SAFES_MAX 64
#define BAGS_MAX 256u
#define DEPTH_MAX 8u
#define OID_TEXT_MAX 80

DEFINE_CLEANUP(PBEPARAM *, PBEPARAM_free)
DEFINE_CLEANUP(PBE2PARAM *, PBE2PARAM_free)
DEFINE_CLEANUP(PBKDF2PARAM *, PBKDF2PARAM_free)
DEFINE_CLEANUP(EVP_CIPHER *, EVP_CIPHER_free)

/* PKCS#12's own password-based encryption, RFC 7292 appendix C. */
static const struct OldScheme {
    int nid;
    const char *cipher;
} old_schemes[] = {
    {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "DES-EDE3-CBC"},
    {NID_pbe_WithSHA1And2_Key_TripleDES_CBC, "DES-EDE-CBC"},
    {NID_pbe_WithSHA1And128BitRC2_CBC, "RC2-CBC"},
    {NID_pbe_WithSHA1And40BitRC2_CBC, "RC2-40-CBC"},
    {NID_pbe_WithSHA1And128BitRC4, "RC4"},
    {NID_pbe_WithSHA1And40BitRC4, "RC4-40"},
};

static const int pbes2_ciphers[] = {NID_aes_128_cbc, NID_aes_192_cbc, NID_aes_256_cbc, NID_des_ede3_cbc};
static const int pbkdf2_functions[] = {NID_hmacWithSHA1, NID_hmacWithSHA224, NID_hmacWithSHA256, NID_hmacWithSHA384,
                                       NID_hmacWithSHA512};
static const int mac_digests[] = {NID_sha1, NID_sha224, NID_sha256, NID_sha384, NID_sha512};

static bool is_one_of(int nid, const int *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == nid)
            return true;
    return false;
}

static int algorithm_nid(const X509_ALGOR *algorithm) {
    const ASN1_OBJECT *object = NULL;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2nid(object);
}

static int refuse_algorithm(const X509_ALGOR *algorithm, const char *what, char **ret_detail) {
    const ASN1_OBJECT *object = NULL;
    char text[OID_TEXT_MAX];

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    if (OBJ_obj2txt(text, sizeof text, object, 0) <= 0)
        text[0] = '\0';
    return failure_set(ret_detail, CREDENTIAL_OUTCOME_ALGORITHM, "%s %s", what, text);
}

static int malformed(const char *what, char **ret_detail) {
    return failure_set(ret_detail, CREDENTIAL_OUTCOME_MALFORMED, "%s", what);
}

/* count NULL: the default of RFC 7292, once. */
static int charge(IterationBudget *budget, const ASN1_INTEGER *count, char **ret_detail) {
    int64_t rounds = 1;

    if (count && ASN1_INTEGER_get_int64(&rounds, count) <= 0)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ITERATIONS, "an iteration count past 64 bits");
    if (rounds <= 0)
        return malformed("an iteration count that is not positive", ret_detail);
    if ((uint64_t) rounds > budget->left)
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ITERATIONS, "%lld rounds where %llu are left",
                           (long long) rounds, (unsigned long long) budget->left);
    budget->left -= (uint64_t) rounds;
    return 0;
}

static void *unpack_parameter(const X509_ALGOR *algorithm, const ASN1_ITEM *item) {
    const void *value = NULL;
    int type = V_ASN1_UNDEF;

    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    return type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, item) : NULL;
}

static int charge_pbkdf2(IterationBudget *budget, const X509_ALGOR *function, char **ret_detail) {
    PBKDF2PARAM *CLEANUP(PBKDF2PARAM_freep) parameter = NULL;

    if (algorithm_nid(function) != NID_id_pbkdf2)
        return refuse_algorithm(function, "key derivation", ret_detail);
    parameter = unpack_parameter(function, ASN1_ITEM_rptr(PBKDF2PARAM));
    if (!parameter)
        return malformed("parameters of PBKDF2", ret_detail);
    if (parameter->prf && !is_one_of(algorithm_nid(parameter->prf), pbkdf2_functions, ELEMENTSOF(pbkdf2_functions)))
        return refuse_algorithm(parameter->prf, "pseudorandom function", ret_detail);
    if (!parameter->iter)
        return malformed("PBKDF2 without an iteration count", ret_detail);
    return charge(budget, parameter->iter, ret_detail);
}

static int charge_pbes2(IterationBudget *budget, const X509_ALGOR *algorithm, char **ret_detail) {
    PBE2PARAM *CLEANUP(PBE2PARAM_freep) parameter = unpack_parameter(algorithm, ASN1_ITEM_rptr(PBE2PARAM));

    if (!parameter)
        return malformed("parameters of PBES2", ret_detail);
    if (!is_one_of(algorithm_nid(parameter->encryption), pbes2_ciphers, ELEMENTSOF(pbes2_ciphers)))
        return refuse_algorithm(parameter->encryption, "cipher", ret_detail);
    return charge_pbkdf2(budget, parameter->keyfunc, ret_detail);
}

void iterations_done(IterationBudget *budget) {
    (void) OSSL_PROVIDER_unload(budget->legacy); /* accepts NULL; nothing is left to do when it does not unload */
    budget->legacy = NULL;
}

static bool has_cipher(const IterationBudget *budget, const char *name) {
    EVP_CIPHER *CLEANUP(EVP_CIPHER_freep) cipher = EVP_CIPHER_fetch(budget->libctx, name, NULL);
    return cipher != NULL;
}

/* The provider is loaded for the files that need it alone, since that takes time. */
static bool get_cipher(IterationBudget *budget, const char *name) {
    if (has_cipher(budget, name))
        return true;
    if (!budget->legacy)
        budget->legacy = OSSL_PROVIDER_load(budget->libctx, "legacy"); /* NULL where it is not installed */
    return budget->legacy && has_cipher(budget, name);
}

static int charge_old_scheme(IterationBudget *budget, const X509_ALGOR *algorithm, const struct OldScheme *scheme,
                             char **ret_detail) {
    PBEPARAM *CLEANUP(PBEPARAM_freep) parameter = unpack_parameter(algorithm, ASN1_ITEM_rptr(PBEPARAM));

    if (!get_cipher(budget, scheme->cipher)) /* without OpenSSL's legacy provider */
        return refuse_algorithm(algorithm, "not available here: cipher", ret_detail);
    if (!parameter)
        return malformed("parameters of the password-based encryption", ret_detail);
    return charge(budget, parameter->iter, ret_detail);
}

static int charge_encryption(IterationBudget *budget, const X509_ALGOR *algorithm, char **ret_detail) {
    int nid;

    if (!algorithm)
        return malformed("encrypted data without an algorithm", ret_detail);
    nid = algorithm_nid(algorithm);
    if (nid == NID_pbes2)
        return charge_pbes2(budget, algorithm, ret_detail);
    for (size_t i = 0; i < ELEMENTSOF(old_schemes); i++)
        if (old_schemes[i].nid == nid)
            return charge_old_scheme(budget, algorithm, &old_schemes[i], ret_detail);
    return refuse_algorithm(algorithm, "encryption", ret_detail);
}

int iterations_charge_mac(IterationBudget *budget, const PKCS12 *p12, char **ret_detail) {
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *count = NULL;

    if (!PKCS12_mac_present(p12))
        return malformed("no MAC, so that a wrong passphrase could not be told from a broken file", ret_detail);
    PKCS12_get0_mac(NULL, &algorithm, NULL, &count, p12);
    if (!algorithm || !is_one_of(algorithm_nid(algorithm), mac_digests, ELEMENTSOF(mac_digests)))
        return algorithm ? refuse_algorithm(algorithm, "MAC", ret_detail) : malformed("MAC", ret_detail);
    return charge(budget, count, ret_detail);
}

static int charge_bags(IterationBudget *budget, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth,
                       char **ret_detail);

static int charge_bag(IterationBudget *budget, const PKCS12_SAFEBAG *bag, unsigned depth, char **ret_detail) {
    const X509_ALGOR *algorithm = NULL;

    if (budget->n_bags++ == BAGS_MAX)
        return malformed("too many bags", ret_detail);
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_safeContentsBag:
        return charge_bags(budget, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, ret_detail);
    case NID_pkcs8ShroudedKeyBag:
        if (!PKCS12_SAFEBAG_get0_pkcs8(bag))
            return malformed("a key bag without a key", ret_detail);
        X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
        return charge_encryption(budget, algorithm, ret_detail);
    default:
        return 0;
    }
}

static int charge_bags(IterationBudget *budget, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth,
                       char **ret_detail) {
    if (depth > DEPTH_MAX)
        return malformed("bags nested too deeply", ret_detail);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        int r = charge_bag(budget, sk_PKCS12_SAFEBAG_value(bags, i), depth, ret_detail);
        if (r != 0)
            return r;
    }
    return 0;
}

int iterations_charge_bags(IterationBudget *budget, const STACK_OF(PKCS12_SAFEBAG) * bags, char **ret_detail) {
    return charge_bags(budget, bags, 1, ret_detail);
}

static void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) {
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static int charge_safe(IterationBudget *budget, PKCS7 *safe, char **ret_detail) {
    STACK_OF(PKCS12_SAFEBAG) * bags;
    int r;

    if (PKCS7_type_is_encrypted(safe)) {
        const PKCS7_ENCRYPT *encrypted = safe->d.encrypted;
        if (!encrypted || !encrypted->enc_data || !encrypted->enc_data->enc_data)
            return malformed("an encrypted part without contents", ret_detail);
        return charge_encryption(budget, encrypted->enc_data->algorithm, ret_detail);
    }
    if (!PKCS7_type_is_data(safe))
        return failure_set(ret_detail, CREDENTIAL_OUTCOME_ALGORITHM, "a part not encrypted by passphrase");
    bags = safe->d.data ? PKCS12_unpack_p7data(safe) : NULL;
    if (!bags)
        return malformed("a part that cannot be read", ret_detail);
    r = iterations_charge_bags(budget, bags, ret_detail);
    free_bags(bags);
    return r;
}

int iterations_charge_safes(IterationBudget *budget, const STACK_OF(PKCS7) * safes, char **ret_detail) {
    if (sk_PKCS7_num(safes) > SAFES_MAX)
        return malformed("too many parts", ret_detail);
    for (int i = 0; i < sk_PKCS7_num(safes); i++) {
        int r = charge_safe(budget, sk_PKCS7_value(safes, i), ret_detail);
        if (r != 0)
            return r;
    }
    return 0;
}
