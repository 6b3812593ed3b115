/* SPDX-License-Identifier: BSD-2-Clause */
/* One revocation list (RFC 5280 section 5). Parsed when the store is loaded, asked during judgements by several
 * threads; must never count before its signature is verified with the very key of the certificate's issuer (SECURITY
 * 9). */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "trust/internal.h"

/* The issuer key that the list verified with; set once and never changed. */
typedef struct VerifiedBy {
    uint8_t hash[CERTIFICATE_FINGERPRINT_SIZE];
} VerifiedBy;

struct Crl {
    atomic_uint references;
    X509_CRL *crl;
    char *file;
    int64_t this_update, next_update;
    AUTHORITY_KEYID *key;      /* NULL when it names none */
    ISSUING_DIST_POINT *scope; /* NULL: everything the issuer issues */
    bool partial;              /* a critical extension we do not process: being absent from it says nothing */
    _Atomic(VerifiedBy *) verified_by;
};

Crl *crl_ref(Crl *crl) {
    (void) atomic_fetch_add(&crl->references, 1);
    return crl;
}

Crl *crl_unref(Crl *crl) {
    if (!crl || atomic_fetch_sub(&crl->references, 1) > 1)
        return NULL;
    X509_CRL_free(crl->crl);
    AUTHORITY_KEYID_free(crl->key);
    ISSUING_DIST_POINT_free(crl->scope);
    free(atomic_load(&crl->verified_by));
    free(crl->file);
    free(crl);
    return NULL;
}

/* A list without nextUpdate serves from thisUpdate on no longer than any other serves past its end. */
static const char *read_times(Crl *crl) {
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl->crl);

    if (!time_from_asn1(X509_CRL_get0_lastUpdate(crl->crl), &crl->this_update))
        return "thisUpdate is not a time";
    crl->next_update = crl->this_update;
    if (next && !time_from_asn1(next, &crl->next_update))
        return "nextUpdate is not a time";
    return NULL;
}

static const char *read_extensions(Crl *crl) {
    int critical = 0;

    crl->scope = X509_CRL_get_ext_d2i(crl->crl, NID_issuing_distribution_point, &critical, NULL);
    if (!crl->scope && critical != -1)
        return "its issuingDistributionPoint cannot be read";
    crl->key = X509_CRL_get_ext_d2i(crl->crl, NID_authority_key_identifier, NULL, NULL);
    for (int i = 0; i < X509_CRL_get_ext_count(crl->crl); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl->crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

        if (nid == NID_delta_crl || (X509_EXTENSION_get_critical(extension) && nid != NID_issuing_distribution_point))
            crl->partial = true;
    }
    return NULL;
}

/* OpenSSL sorts the entries at the first look-up; better now than under the eyes of several threads. */
static void sort_entries(X509_CRL *crl) {
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509_REVOKED *found = NULL;

    if (serial)
        (void) X509_CRL_get0_by_serial(crl, &found, serial); /* only for its effect */
    ASN1_INTEGER_free(serial);
}

static const char *crl_decode(Crl *crl, View der) {
    const unsigned char *position = der.data;
    const X509_ALGOR *algorithm = NULL;
    const char *problem;

    crl->crl = d2i_X509_CRL(NULL, &position, (long) der.size);
    if (!crl->crl || position != der.data + der.size)
        return "not a valid CRL";
    X509_CRL_get0_signature(crl->crl, NULL, &algorithm);
    if (digest_problem(algorithm))
        return "signed with a broken or unknown algorithm";
    problem = read_times(crl);
    if (!problem)
        problem = read_extensions(crl);
    if (!problem)
        sort_entries(crl->crl);
    return problem;
}

int crl_parse(View der, const char *file, Crl **ret, const char **ret_problem) {
    CLEANUP(crl_unrefp) Crl *crl = calloc(1, sizeof(*crl));

    if (!crl)
        return -ENOMEM;
    atomic_init(&crl->references, 1);
    crl->file = strdup(file);
    if (!crl->file)
        return -ENOMEM;
    *ret_problem = crl_decode(crl, der);
    if (openssl_out_of_memory() && *ret_problem)
        return -ENOMEM;
    if (*ret_problem)
        return 1;
    *ret = TAKE_PTR(crl);
    return 0;
}

const char *crl_file(const Crl *crl) {
    return crl->file;
}

int64_t crl_this_update(const Crl *crl) {
    return crl->this_update;
}

int64_t crl_next_update(const Crl *crl) {
    return crl->next_update;
}

bool crl_has_same_issuer(const Crl *a, const Crl *b) {
    return X509_NAME_cmp(X509_CRL_get_issuer(a->crl), X509_CRL_get_issuer(b->crl)) == 0;
}

bool crl_is_issued_by(const Crl *crl, X509 *issuer) {
    return X509_NAME_cmp(X509_CRL_get_issuer(crl->crl), X509_get_subject_name(issuer)) == 0;
}

bool crl_was_verified(const Crl *crl) {
    return atomic_load(&crl->verified_by) != NULL;
}

static bool key_hash(X509 *issuer, VerifiedBy *ret) {
    unsigned char *spki = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &spki);
    bool ok = size > 0 && EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t) size, ret->hash, NULL);

    OPENSSL_free(spki);
    return ok;
}

/* Whoever comes first remembers; a lost race or want of memory only costs another verification. */
static void remember(Crl *crl, const VerifiedBy *by) {
    VerifiedBy *copy = malloc(sizeof(*copy)), *none = NULL;

    if (!copy)
        return;
    *copy = *by;
    if (!atomic_compare_exchange_strong(&crl->verified_by, &none, copy))
        free(copy);
}

/* The list names another key of the issuer's (authorityKeyIdentifier), as after a change of keys. */
static bool names_another_key(const Crl *crl, X509 *issuer) {
    const ASN1_OCTET_STRING *key = X509_get0_subject_key_id(issuer);

    return key && crl->key && crl->key->keyid && ASN1_OCTET_STRING_cmp(key, crl->key->keyid) != 0;
}

static bool signature_holds(const Crl *crl, X509 *issuer) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);

    return key && X509_CRL_verify(crl->crl, key) > 0;
}

int crl_verify(Crl *crl, X509 *issuer) {
    const VerifiedBy *known = atomic_load(&crl->verified_by);
    VerifiedBy by;

    /* Without the extension all usages are allowed and this returns all bits. */
    if (!(X509_get_key_usage(issuer) & KU_CRL_SIGN))
        return 0;
    if (!key_hash(issuer, &by))
        return -ENOMEM;
    if (known && memcmp(known->hash, by.hash, sizeof(by.hash)) == 0)
        return 1;
    /* Want of memory deep inside OpenSSL may look like a signature that does not hold. Where no other key explains it,
     * a second look is cheaper than a revocation lost. */
    if (!signature_holds(crl, issuer) && (names_another_key(crl, issuer) || !signature_holds(crl, issuer)))
        return openssl_out_of_memory() ? -ENOMEM : 0;
    ERR_clear_error();
    remember(crl, &by);
    return 1;
}

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b) {
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
        for (int j = 0; j < sk_GENERAL_NAME_num(b); j++)
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
                return true;
    return false;
}

/* A list for one distribution point covers the certificates that name this point. Names relative to the issuer are not
 * understood, which fails closed. */
static bool point_covers(const DIST_POINT_NAME *point, X509 *certificate) {
    CRL_DIST_POINTS *points;
    bool covers = false;

    if (point->type != 0)
        return false;
    points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    for (int i = 0; i < sk_DIST_POINT_num(points) && !covers; i++) {
        const DIST_POINT *own = sk_DIST_POINT_value(points, i);

        covers = own->distpoint && own->distpoint->type == 0 && !own->CRLissuer && !own->reasons &&
                 names_meet(point->name.fullname, own->distpoint->name.fullname);
    }
    CRL_DIST_POINTS_free(points);
    ERR_clear_error();
    return covers;
}

static bool scope_covers(const ISSUING_DIST_POINT *scope, X509 *certificate) {
    bool authority = X509_check_ca(certificate) != 0;

    if (scope->indirectCRL > 0 || scope->onlyattr > 0 || scope->onlysomereasons)
        return false;
    if ((scope->onlyuser > 0 && authority) || (scope->onlyCA > 0 && !authority))
        return false;
    return !scope->distpoint || point_covers(scope->distpoint, certificate);
}

int crl_ask(Crl *crl, X509 *certificate, X509 *issuer, CrlAnswer *ret) {
    X509_REVOKED *found = NULL;
    int r = crl_verify(crl, issuer);

    *ret = (CrlAnswer){.verified = r > 0};
    if (r <= 0)
        return r;
    ret->revoked = X509_CRL_get0_by_cert(crl->crl, &found, certificate) == 1; /* 2: taken off the list again */
    ret->covers = !crl->partial && (!crl->scope || scope_covers(crl->scope, certificate));
    return 0;
}
