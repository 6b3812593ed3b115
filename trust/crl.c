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

/* Whose key the list verified with; set once and never changed. */
typedef struct VerifiedBy {
    X509 *issuer;
    uint8_t hash[CERTIFICATE_FINGERPRINT_SIZE]; /* of the key */
} VerifiedBy;

static void verified_by_free(VerifiedBy *by) {
    if (!by)
        return;
    X509_free(by->issuer);
    free(by);
}

struct Crl {
    atomic_uint references;
    X509_CRL *crl;
    char *file;
    int64_t this_update, next_update;
    AUTHORITY_KEYID *key;      /* NULL when it names none */
    ISSUING_DIST_POINT *scope; /* NULL: everything the issuer issues */
    ASN1_INTEGER *number;      /* NULL when it has none */
    ASN1_INTEGER *base;        /* of a delta: the number of the list that it updates; NULL for a complete one */
    const char *partial;       /* why being absent from it says nothing; NULL */
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
    ASN1_INTEGER_free(crl->number);
    ASN1_INTEGER_free(crl->base);
    verified_by_free(atomic_load(&crl->verified_by));
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

/* One that stands for others is understood; whatever else is critical is not. */
static bool entry_is_understood(const X509_REVOKED *entry) {
    for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
        X509_EXTENSION *extension = X509_REVOKED_get_ext(entry, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

        if (X509_EXTENSION_get_critical(extension) && nid != NID_certificate_issuer && nid != NID_crl_reason)
            return false;
    }
    return true;
}

static bool entries_are_understood(X509_CRL *crl) {
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
        if (!entry_is_understood(sk_X509_REVOKED_value(entries, i)))
            return false;
    return true;
}

static bool extensions_are_understood(const X509_CRL *crl) {
    for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

        if (X509_EXTENSION_get_critical(extension) && nid != NID_issuing_distribution_point && nid != NID_delta_crl)
            return false;
    }
    return true;
}

/* RFC 5280 5.2.3: without its number nobody can tell which of two lists is the newer one. */
static bool read_number(X509_CRL *crl, int nid, ASN1_INTEGER **ret) {
    int critical = 0;

    *ret = X509_CRL_get_ext_d2i(crl, nid, &critical, NULL);
    return *ret || critical == -1;
}

static const char *read_scope(Crl *crl) {
    int critical = 0;

    crl->scope = X509_CRL_get_ext_d2i(crl->crl, NID_issuing_distribution_point, &critical, NULL);
    if (!crl->scope)
        return critical == -1 ? NULL : "its issuingDistributionPoint cannot be read";
    if (crl->scope->distpoint && !DIST_POINT_set_dpname(crl->scope->distpoint, X509_CRL_get_issuer(crl->crl)))
        return "its issuingDistributionPoint cannot be read";
    return NULL;
}

static const char *read_extensions(Crl *crl) {
    const char *problem = read_scope(crl);

    if (problem)
        return problem;
    if (!read_number(crl->crl, NID_crl_number, &crl->number) || !read_number(crl->crl, NID_delta_crl, &crl->base))
        return "its number cannot be read";
    crl->key = X509_CRL_get_ext_d2i(crl->crl, NID_authority_key_identifier, NULL, NULL);
    if (!extensions_are_understood(crl->crl))
        crl->partial = "a critical extension that is not understood";
    else if (!entries_are_understood(crl->crl))
        crl->partial = "an entry with a critical extension that is not understood";
    else if (!crl->number)
        crl->partial = "no CRL number";
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

static bool crl_decode(Crl *crl, View der) {
    const unsigned char *position = der.data;

    crl->crl = d2i_X509_CRL(NULL, &position, (long) der.size);
    return crl->crl && position == der.data + der.size;
}

static const char *crl_read(Crl *crl) {
    const X509_ALGOR *algorithm = NULL;
    const char *problem;

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
    bool decoded;

    if (!crl)
        return -ENOMEM;
    atomic_init(&crl->references, 1);
    crl->file = strdup(file);
    if (!crl->file)
        return -ENOMEM;
    decoded = crl_decode(crl, der);
    *ret_problem = decoded ? crl_read(crl) : "not a valid CRL";
    if (openssl_out_of_memory() && *ret_problem)
        return -ENOMEM;
    if (*ret_problem)
        return decoded ? PARSE_UNFIT : PARSE_MALFORMED;
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

bool crl_is_delta(const Crl *crl) {
    return crl->base != NULL;
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
    VerifiedBy *copy = crl_was_verified(crl) ? NULL : malloc(sizeof(*copy)), *none = NULL;

    if (!copy)
        return;
    *copy = *by;
    (void) X509_up_ref(copy->issuer); /* it cannot fail */
    if (!atomic_compare_exchange_strong(&crl->verified_by, &none, copy))
        verified_by_free(copy);
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

/* 1, 0 or -ENOMEM; *ret borrows the issuer. */
static int check_signature(const Crl *crl, X509 *issuer, VerifiedBy *ret) {
    const VerifiedBy *known = atomic_load(&crl->verified_by);

    /* Without the extension all usages are allowed and this returns all bits. */
    if (!(X509_get_key_usage(issuer) & KU_CRL_SIGN))
        return 0;
    if (!key_hash(issuer, ret))
        return -ENOMEM;
    ret->issuer = issuer;
    if (known && memcmp(known->hash, ret->hash, sizeof(ret->hash)) == 0)
        return 1;
    /* Want of memory deep inside OpenSSL may look like a signature that does not hold. Where no other key explains it,
     * a second look is cheaper than a revocation lost. */
    if (!signature_holds(crl, issuer) && (names_another_key(crl, issuer) || !signature_holds(crl, issuer)))
        return openssl_out_of_memory() ? -ENOMEM : 0;
    ERR_clear_error();
    return 1;
}

int crl_verify(Crl *crl, X509 *issuer) {
    VerifiedBy by;
    int r = check_signature(crl, issuer, &by);

    if (r > 0)
        remember(crl, &by);
    return r;
}

int crl_is_signed_by(const Crl *crl, X509 *issuer) {
    VerifiedBy by;

    return crl_is_issued_by(crl, issuer) && !names_another_key(crl, issuer) ? check_signature(crl, issuer, &by) : 0;
}

/* ── scope (RFC 5280 6.3.3 (b), (d), (e)) ── */

static const X509_NAME *directory_name(const GENERAL_NAME *general) {
    int type = 0;
    void *value = GENERAL_NAME_get0_value(general, &type);

    return type == GEN_DIRNAME ? value : NULL;
}

static bool names_hold(const GENERAL_NAMES *names, const X509_NAME *wanted) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const X509_NAME *name = directory_name(sk_GENERAL_NAME_value(names, i));

        if (name && X509_NAME_cmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b) {
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
        for (int j = 0; j < sk_GENERAL_NAME_num(b); j++)
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
                return true;
    return false;
}

/* A full name is a list of names; a relative one was completed by DIST_POINT_set_dpname(). */
static bool points_meet(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b) {
    if (a->type == 0 && b->type == 0)
        return names_meet(a->name.fullname, b->name.fullname);
    if (a->type == 0)
        return b->dpname && names_hold(a->name.fullname, b->dpname);
    if (b->type == 0)
        return a->dpname && names_hold(b->name.fullname, a->dpname);
    return a->dpname && b->dpname && X509_NAME_cmp(a->dpname, b->dpname) == 0;
}

static bool name_meets(const DIST_POINT_NAME *point, const GENERAL_NAMES *names) {
    if (point->type == 0)
        return names_meet(point->name.fullname, names);
    return point->dpname && names_hold(names, point->dpname);
}

/* Bit n is reason n of ReasonFlags; bit 0 is not used. */
static uint32_t reasons_of(const ASN1_BIT_STRING *flags) {
    uint32_t reasons = 0;

    if (!flags)
        return CRL_REASONS_ALL;
    for (int i = 1; i <= 8; i++)
        if (ASN1_BIT_STRING_get_bit(flags, i))
            reasons |= UINT32_C(1) << i;
    return reasons;
}

static bool is_indirect(const Crl *crl) {
    return crl->scope && crl->scope->indirectCRL > 0;
}

/* The list is the one, or one of those, that the certificate's distribution point tells of. */
static bool is_told_of(const Crl *crl, const DIST_POINT *own, X509 *issuer) {
    const DIST_POINT_NAME *point = crl->scope ? crl->scope->distpoint : NULL;

    if (own->CRLissuer ? !is_indirect(crl) || !names_hold(own->CRLissuer, X509_CRL_get_issuer(crl->crl))
                       : !crl_is_issued_by(crl, issuer))
        return false;
    if (!point)
        return true;
    if (!own->distpoint)
        return own->CRLissuer && name_meets(point, own->CRLissuer);
    return DIST_POINT_set_dpname(own->distpoint,
                                 own->CRLissuer ? X509_CRL_get_issuer(crl->crl) : X509_get_subject_name(issuer)) &&
           points_meet(point, own->distpoint);
}

/* False when the certificate has some that cannot be read, be it for want of memory. */
static bool read_points(X509 *certificate, CRL_DIST_POINTS **ret) {
    int critical = 0;

    *ret = X509_get_ext_d2i(certificate, NID_crl_distribution_points, &critical, NULL);
    ERR_clear_error();
    return *ret || critical == -1;
}

/* The reasons of the distribution points that tell of the list; unreadable: what to say when nobody can tell. */
static uint32_t told_reasons(const Crl *crl, X509 *certificate, X509 *issuer, uint32_t unreadable) {
    CRL_DIST_POINTS *points = NULL;
    uint32_t reasons = read_points(certificate, &points) ? 0 : unreadable;

    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT *own = sk_DIST_POINT_value(points, i);

        if (is_told_of(crl, own, issuer))
            reasons |= reasons_of(own->reasons);
    }
    CRL_DIST_POINTS_free(points);
    return reasons;
}

static bool kind_is_covered(const ISSUING_DIST_POINT *scope, X509 *certificate) {
    bool authority = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;

    return scope->onlyattr <= 0 && !(scope->onlyuser > 0 && authority) && !(scope->onlyCA > 0 && !authority);
}

/* The reasons for which the list would name the certificate. */
static uint32_t covered_reasons(const Crl *crl, X509 *certificate, X509 *issuer) {
    uint32_t reasons;

    if (!crl->scope)
        return CRL_REASONS_ALL;
    if (!kind_is_covered(crl->scope, certificate))
        return 0;
    reasons = reasons_of(crl->scope->onlysomereasons);
    if (!crl->scope->distpoint && crl_is_issued_by(crl, issuer))
        return reasons; /* whatever the certificate says of distribution points: 6.3.3, last paragraph */
    return reasons & told_reasons(crl, certificate, issuer, 0);
}

bool crl_concerns(const Crl *crl, X509 *certificate, X509 *issuer) {
    return crl_is_issued_by(crl, issuer) ||
           (is_indirect(crl) && told_reasons(crl, certificate, issuer, CRL_REASONS_ALL) != 0);
}

static int entry_reason(const X509_REVOKED *entry) {
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    int ret = reason ? (int) ASN1_ENUMERATED_get(reason) : CRL_REASON_UNSPECIFIED;

    ASN1_ENUMERATED_free(reason);
    ERR_clear_error(); /* a reason that cannot be read is none */
    return ret;
}

void crl_ask(const Crl *crl, X509 *certificate, X509 *issuer, CrlAnswer *ret) {
    X509_REVOKED *entry = NULL;
    int found = X509_CRL_get0_by_cert(crl->crl, &entry, certificate); /* 2: taken off the list again */

    *ret = (CrlAnswer){
        .revoked = found == 1,
        .removed = found == 2,
        .held = found == 1 && entry_reason(entry) == CRL_REASON_CERTIFICATE_HOLD,
        .covers = covered_reasons(crl, certificate, issuer),
        .partial = crl->partial,
    };
    ret->in_scope = ret->covers != 0;
    if (crl->partial || crl->base)
        ret->covers = 0;
    if (found == 1 && !time_from_asn1(X509_REVOKED_get0_revocationDate(entry), &ret->since))
        ret->since = 0;
}

static const ASN1_OCTET_STRING *scope_octets(const Crl *crl) {
    int at = X509_CRL_get_ext_by_NID(crl->crl, NID_issuing_distribution_point, -1);

    return at < 0 ? NULL : X509_EXTENSION_get_data(X509_CRL_get_ext(crl->crl, at));
}

static bool same_scope(const Crl *a, const Crl *b) {
    const ASN1_OCTET_STRING *left = scope_octets(a), *right = scope_octets(b);

    return left && right ? ASN1_OCTET_STRING_cmp(left, right) == 0 : !left && !right;
}

bool crl_updates(const Crl *delta, const Crl *list) {
    return delta->base && delta->number && list->number && !delta->partial &&
           ASN1_INTEGER_cmp(delta->base, list->number) <= 0 && ASN1_INTEGER_cmp(list->number, delta->number) < 0 &&
           X509_NAME_cmp(X509_CRL_get_issuer(delta->crl), X509_CRL_get_issuer(list->crl)) == 0 &&
           same_scope(delta, list);
}

int crl_follows(Crl *crl, const Crl *former) {
    const VerifiedBy *known = atomic_load(&former->verified_by);

    if (!known || !crl_has_same_issuer(crl, former) || !same_scope(crl, former) ||
        (crl_is_delta(crl) && !crl_is_delta(former)) || crl->this_update < former->this_update)
        return 0;
    return crl_verify(crl, known->issuer);
}
