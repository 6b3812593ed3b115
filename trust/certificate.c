/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing of one certificate and its facts. Called with octets from anybody; must never accept a second encoding of the
 * same certificate, since the fingerprint is taken over the octets, and never judge. */
#include "trust/certificate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "common/protocol.h"
#include "common/text.h"
#include "trust/internal.h"

struct Certificate {
    atomic_uint references;
    X509 *x509;
    Bytes der;
    char *subject, *issuer, *common_name, *serial, *holder;
    char **policies, **key_usages, **purposes; /* NULL-terminated */
    CertificateFacts facts;
};

Certificate *certificate_ref(Certificate *certificate) {
    (void) atomic_fetch_add(&certificate->references, 1);
    return certificate;
}

static void strings_free(char **strings) {
    for (size_t i = 0; strings && strings[i]; i++)
        free(strings[i]);
    free(strings);
}

Certificate *certificate_free(Certificate *certificate) {
    if (!certificate || atomic_fetch_sub(&certificate->references, 1) > 1)
        return NULL;
    X509_free(certificate->x509);
    bytes_done(&certificate->der);
    free(certificate->subject);
    free(certificate->issuer);
    free(certificate->common_name);
    free(certificate->serial);
    free(certificate->holder);
    strings_free(certificate->policies);
    strings_free(certificate->key_usages);
    strings_free(certificate->purposes);
    free(certificate);
    return NULL;
}

bool time_from_asn1(const ASN1_TIME *time, int64_t *ret) {
    struct tm tm = {0};

    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return false;
    *ret = timegm(&tm);
    return true;
}

/* The octets as they came, and nothing but: what OpenSSL would write must be what it read, so that no second encoding
 * with another fingerprint passes for another certificate. */
static int decode(Certificate *certificate, View der) {
    const unsigned char *position = der.data;
    unsigned char *encoded = NULL;
    int size;
    bool same;

    certificate->x509 = d2i_X509(NULL, &position, (long) der.size);
    if (!certificate->x509)
        return openssl_out_of_memory() ? -ENOMEM : CERTIFICATE_MALFORMED;
    size = i2d_X509(certificate->x509, &encoded);
    if (size < 0)
        return openssl_out_of_memory() ? -ENOMEM : CERTIFICATE_MALFORMED;
    same = view_equal((View){.data = encoded, .size = (size_t) size}, der);
    OPENSSL_free(encoded);
    if (!same)
        return CERTIFICATE_MALFORMED;
    (void) X509_check_purpose(certificate->x509, -1, 0); /* fills the caches now; trust_judge() reports what it finds */
    if (openssl_out_of_memory()) /* else what is wrong for want of memory alone would stay wrong as long as it is kept
                                  */
        return -ENOMEM;
    return bytes_copy(der, &certificate->der);
}

static int hash_facts(Certificate *certificate) {
    CertificateFacts *facts = &certificate->facts;
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &spki), ok;

    if (size < 0)
        return openssl_out_of_memory() ? -ENOMEM : CERTIFICATE_MALFORMED;
    ok = EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t) size, facts->spki_hash, NULL) &&
         EVP_Q_digest(NULL, "SHA256", NULL, certificate->der.data, certificate->der.size, facts->fingerprint, NULL);
    OPENSSL_free(spki);
    return ok ? 0 : -ENOMEM;
}

/* The last one: the most specific. */
static int common_name_fact(Certificate *certificate) {
    CLEANUP(bytes_done) Bytes value = {0};
    const X509_NAME *subject = X509_get_subject_name(certificate->x509);
    int found = -1, r;

    for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
        found = i;
    if (found >= 0) {
        r = name_entry_utf8(X509_NAME_get_entry(subject, found), &value);
        if (r < 0)
            return r;
    }
    certificate->common_name = text_escape(bytes_view(&value));
    return certificate->common_name ? 0 : -ENOMEM;
}

static int serial_fact(Certificate *certificate) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate->x509);
    View octets = {.data = ASN1_STRING_get0_data(serial), .size = (size_t) ASN1_STRING_length(serial)};
    CLEANUP(free_pointer) char *hex = hex_encode(octets);

    if (!hex)
        return -ENOMEM;
    if (ASN1_STRING_type(serial) != V_ASN1_NEG_INTEGER)
        certificate->serial = TAKE_PTR(hex);
    else if (asprintf(&certificate->serial, "-%s", hex) < 0)
        certificate->serial = NULL;
    return certificate->serial ? 0 : -ENOMEM;
}

static int name_facts(Certificate *certificate) {
    int r;

    certificate->subject = name_text(X509_get_subject_name(certificate->x509));
    certificate->issuer = name_text(X509_get_issuer_name(certificate->x509));
    if (!certificate->subject || !certificate->issuer)
        return -ENOMEM;
    r = common_name_fact(certificate);
    if (r == 0)
        r = serial_fact(certificate);
    return r < 0 ? r : name_holder(certificate->x509, &certificate->holder);
}

/* CERTIFICATE_MALFORMED for what is too long to be anybody's identifier: OpenSSL writes 586 octets at the most (RFC
 * 2578 3.5 allows 128 numbers). */
static int object_dotted(const ASN1_OBJECT *object, char **ret) {
    int size = OBJ_obj2txt(NULL, 0, object, 1);

    if (size <= 0)
        return openssl_out_of_memory() ? -ENOMEM : CERTIFICATE_MALFORMED;
    *ret = malloc((size_t) size + 1);
    if (!*ret)
        return -ENOMEM;
    (void) OBJ_obj2txt(*ret, size + 1, object, 1); /* as long as it said */
    return 0;
}

static int policy_facts(Certificate *certificate) {
    CERTIFICATEPOLICIES *policies = X509_get_ext_d2i(certificate->x509, NID_certificate_policies, NULL, NULL);
    size_t count = policies ? (size_t) sk_POLICYINFO_num(policies) : 0;
    int r = 0;

    ERR_clear_error();
    certificate->policies = calloc(count + 1, sizeof(*certificate->policies));
    if (!certificate->policies)
        r = -ENOMEM;
    for (size_t i = 0; i < count && r == 0; i++)
        r = object_dotted(sk_POLICYINFO_value(policies, (int) i)->policyid, &certificate->policies[i]);
    CERTIFICATEPOLICIES_free(policies);
    return r;
}

static int key_usage_facts(Certificate *certificate) {
    bool present = (X509_get_extension_flags(certificate->x509) & EXFLAG_KUSAGE) != 0; /* without it all bits are set */
    uint32_t bits = present ? X509_get_key_usage(certificate->x509) : 0, bit;
    size_t count = 0;
    const char *word;

    certificate->key_usages = calloc((size_t) __builtin_popcount(bits) + 1, sizeof(*certificate->key_usages));
    if (!certificate->key_usages)
        return -ENOMEM;
    for (size_t i = 0; (word = usage_word(i, &bit)); i++)
        if ((bits & bit) != 0 && !(certificate->key_usages[count++] = strdup(word)))
            return -ENOMEM;
    return 0;
}

static int purpose_fact(const ASN1_OBJECT *purpose, char **ret) {
    CLEANUP(free_pointer) char *oid = NULL;
    const char *word;
    int r = object_dotted(purpose, &oid);

    if (r != 0)
        return r;
    word = usage_purpose_word(oid);
    *ret = word ? strdup(word) : TAKE_PTR(oid);
    return *ret ? 0 : -ENOMEM;
}

static int purpose_facts(Certificate *certificate) {
    EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(certificate->x509, NID_ext_key_usage, NULL, NULL);
    size_t count = purposes ? (size_t) sk_ASN1_OBJECT_num(purposes) : 0;
    int r = 0;

    if (count > CERTIFICATE_WORDS_MAX)
        count = CERTIFICATE_WORDS_MAX;

    ERR_clear_error();
    certificate->purposes = calloc(count + 1, sizeof(*certificate->purposes));
    if (!certificate->purposes)
        r = -ENOMEM;
    for (size_t i = 0; i < count && r == 0; i++)
        r = purpose_fact(sk_ASN1_OBJECT_value(purposes, (int) i), &certificate->purposes[i]);
    EXTENDED_KEY_USAGE_free(purposes);
    return r;
}

static int key_facts(Certificate *certificate) {
    CertificateFacts *facts = &certificate->facts;
    EVP_PKEY *key = X509_get0_pubkey(certificate->x509);

    facts->key_type = "other";
    if (openssl_out_of_memory())
        return -ENOMEM;
    if (!key) /* an undecodable key is "other" */
        return 0;
    facts->key_bits = (unsigned) EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA"))
        facts->key_type = "rsa";
    else if (EVP_PKEY_is_a(key, "EC"))
        facts->key_type = "ecdsa";
    else if (EVP_PKEY_is_a(key, "ED25519"))
        facts->key_type = "ed25519";
    return 0;
}

static int facts_fill(Certificate *certificate) {
    CertificateFacts *facts = &certificate->facts;
    int r;

    if (!time_from_asn1(X509_get0_notBefore(certificate->x509), &facts->not_before) ||
        !time_from_asn1(X509_get0_notAfter(certificate->x509), &facts->not_after))
        return CERTIFICATE_MALFORMED;
    r = hash_facts(certificate);
    if (r != 0)
        return r;
    r = name_facts(certificate);
    if (r == 0)
        r = policy_facts(certificate);
    if (r == 0)
        r = key_usage_facts(certificate);
    if (r == 0)
        r = purpose_facts(certificate);
    if (r == 0)
        r = key_facts(certificate);
    if (r != 0)
        return r;
    facts->subject = certificate->subject;
    facts->issuer = certificate->issuer;
    facts->common_name = certificate->common_name;
    facts->serial = certificate->serial;
    facts->holder = certificate->holder;
    facts->policies = (const char *const *) certificate->policies;
    facts->key_usages = (const char *const *) certificate->key_usages;
    facts->extended_key_usages = (const char *const *) certificate->purposes;
    return 0;
}

int certificate_parse(View der, Certificate **ret) {
    CLEANUP(certificate_freep) Certificate *certificate = NULL;
    int r;

    if (der.size > OVCERT_CERTIFICATE_MAX)
        return CERTIFICATE_TOO_LARGE;
    if (der.size == 0)
        return CERTIFICATE_MALFORMED;
    certificate = calloc(1, sizeof(*certificate));
    if (!certificate)
        return -ENOMEM;
    atomic_init(&certificate->references, 1);
    r = decode(certificate, der);
    if (r != 0)
        return r;
    r = facts_fill(certificate);
    if (r != 0)
        return r;
    *ret = TAKE_PTR(certificate);
    return 0;
}

const CertificateFacts *certificate_facts(const Certificate *certificate) {
    return &certificate->facts;
}

View certificate_der(const Certificate *certificate) {
    return bytes_view(&certificate->der);
}

int certificate_spki(const Certificate *certificate, Bytes *ret) {
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &spki);

    if (size < 0) /* it was written once already, for the facts */
        return -ENOMEM;
    int r = bytes_copy((View){.data = spki, .size = (size_t) size}, ret);
    OPENSSL_free(spki);
    return r;
}

X509 *certificate_x509(const Certificate *certificate) {
    return certificate->x509;
}
