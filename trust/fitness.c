/* SPDX-License-Identifier: BSD-2-Clause */
/* What a certificate may be used for: signing in (SECURITY 11) or another purpose that the caller names. Apart from
 * path validation, which says only that the certificate is what it claims. Called by judge.c; must never let an absent
 * extension pass for permission to sign in. */
#include <errno.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "trust/judge.h"

typedef enum Usage {
    USAGE_ABSENT, /* no such extension */
    USAGE_OTHER,  /* present, and not for this */
    USAGE_ANY,    /* anyExtendedKeyUsage alone */
    USAGE_WANTED,
} Usage;

/* NULL: to sign in with. */
static bool is_wanted(const ASN1_OBJECT *usage, const ASN1_OBJECT *wanted) {
    int nid = OBJ_obj2nid(usage);

    return wanted ? OBJ_cmp(usage, wanted) == 0 : nid == NID_client_auth || nid == NID_ms_smartcard_login;
}

static Usage usage_of(X509 *x509, const ASN1_OBJECT *wanted) {
    int critical = 0;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x509, NID_ext_key_usage, &critical, NULL);
    Usage found = !usages && critical == -1 ? USAGE_ABSENT : USAGE_OTHER;

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && found != USAGE_WANTED; i++) {
        const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);

        if (is_wanted(usage, wanted))
            found = USAGE_WANTED;
        else if (OBJ_obj2nid(usage) == NID_anyExtendedKeyUsage)
            found = USAGE_ANY;
    }
    EXTENDED_KEY_USAGE_free(usages);
    ERR_clear_error();
    return found;
}

static void check_issuers(Judge *judge, const ASN1_OBJECT *wanted) {
    for (int i = 1; i < sk_X509_num(judge->chain); i++)
        if (usage_of(sk_X509_value(judge->chain, i), wanted) == USAGE_OTHER)
            judge_add_wanted(judge, VERDICT_EXTENDED_KEY_USAGE, (unsigned) i, judge->rules->usage,
                             "the issuer is not for certificates %s", wanted ? "of this purpose" : "to sign in with");
}

static const char *named_holder(const Judge *judge) {
    return certificate_facts(judge->leaf)->holder;
}

/* Nobody signs in with a certificate of which no line says that one may. */
static void check_kind(Judge *judge) {
    const Kind *kind = judge->kind;

    if (!trust_store_kinds(judge->store) || judge->within)
        return;
    if (!kind)
        judge_add_wanted(judge, VERDICT_KIND, 0, "a kind that matches it", "no kind in kinds.d matches");
    else if (kind_login(kind) != KIND_LOGIN_YES)
        judge_add_wanted(judge, VERDICT_KIND, 0, "login = yes", "%s: login = %s (%s)", kind_name(kind),
                         kind_text(kind, KIND_LOGIN), kind_source(kind, KIND_LOGIN));
    if (kind && kind_demands_holder(kind) && judge->holder[0] == '\0')
        judge_add_wanted(judge, VERDICT_HOLDER, 0, kind_text(kind, KIND_HOLDER), "%s: the certificate names %s",
                         kind_name(kind), *named_holder(judge) ? named_holder(judge) : "nobody");
}

static void check_key_usage(Judge *judge) {
    X509 *leaf = certificate_x509(judge->leaf);

    if (X509_get_ext_by_NID(leaf, NID_key_usage, -1) < 0)
        judge_add(judge, VERDICT_KEY_USAGE, 0, "no key usage");
    else if (!(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE))
        judge_add(judge, VERDICT_KEY_USAGE, 0, "digitalSignature is missing");
}

/* What is there has to allow it, whatever the kind; only that there is nothing may be fine. */
static void check_purpose(Judge *judge) {
    Usage purpose = usage_of(certificate_x509(judge->leaf), NULL);
    bool optional = judge->kind && !kind_needs_extended_key_usage(judge->kind);

    if (purpose == USAGE_WANTED || (purpose == USAGE_ABSENT && optional))
        return;
    judge_add(judge, VERDICT_EXTENDED_KEY_USAGE, 0, "%s",
              purpose == USAGE_ABSENT ? "no extended key usage" : "neither clientAuth nor smart card logon");
}

/* A personal certificate to sign in with, SECURITY 11 and 13. */
static void check_login(Judge *judge) {
    X509 *leaf = certificate_x509(judge->leaf);
    bool has_usage = X509_get_ext_by_NID(leaf, NID_key_usage, -1) >= 0;

    check_kind(judge);
    check_key_usage(judge);
    check_purpose(judge);
    /* Each mark by itself: X509_check_ca() calls it no CA when the marks contradict each other. */
    if (X509_check_ca(leaf) != 0 || (X509_get_extension_flags(leaf) & EXFLAG_CA) ||
        (has_usage && (X509_get_key_usage(leaf) & KU_KEY_CERT_SIGN)))
        judge_add(judge, VERDICT_LEAF_IS_CA, 0, "CA bit or keyCertSign");
    if (X509_get_ext_by_NID(leaf, NID_name_constraints, -1) >= 0)
        judge_add(judge, VERDICT_NAME_CONSTRAINTS, 0, "name constraints in a personal certificate");
    check_issuers(judge, NULL);
}

/* RFC 5280 4.2.1.12: without the extension, every purpose is allowed. */
static void check_usage(Judge *judge) {
    ASN1_OBJECT *wanted = OBJ_txt2obj(judge->rules->usage, 1);

    if (!wanted) {
        judge->fault = -ENOMEM; /* trust_is_oid() was true of it */
        return;
    }
    if (usage_of(certificate_x509(judge->leaf), wanted) == USAGE_OTHER)
        judge_add_wanted(judge, VERDICT_EXTENDED_KEY_USAGE, 0, judge->rules->usage, "not for this purpose");
    check_issuers(judge, wanted);
    ASN1_OBJECT_free(wanted);
}

void check_fitness(Judge *judge) {
    switch (judge->rules->purpose) {
    case TRUST_PURPOSE_LOGIN:
        check_login(judge);
        break;
    case TRUST_PURPOSE_USAGE:
        check_usage(judge);
        break;
    case TRUST_PURPOSE_ANY:
        break;
    }
}
