/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules for each certificate of a chain that OpenSSL lacks: SECURITY 13 and 16, and what RFC 5280 section 4 demands of
 * extensions. Called by judge.c for each chain; must never stop at the first reason. */
#include <openssl/x509v3.h>

#include "trust/constraints.h"
#include "trust/judge.h"

#define RULES_EXTENSIONS_MAX 128
#define RULES_SERIAL_MAX 20 /* octets, RFC 5280 4.1.2.2 */

static void check_serial(Judge *judge, X509 *x509, unsigned depth) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    int size = ASN1_STRING_length(serial);
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    bool zero = true;

    for (int i = 0; i < size; i++)
        zero = zero && octets[i] == 0;
    if (zero || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        judge_add(judge, VERDICT_SERIAL, depth, "not positive");
    else if (size + (octets[0] >> 7) > RULES_SERIAL_MAX) /* DER writes a leading zero before the top bit */
        judge_add(judge, VERDICT_SERIAL, depth, "longer than %d octets", RULES_SERIAL_MAX);
}

static void check_extensions(Judge *judge, X509 *x509, unsigned depth) {
    int count = X509_get_ext_count(x509);

    if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
        judge_add(judge, VERDICT_EXTENSION, depth, "an extension cannot be read");
    if (count > RULES_EXTENSIONS_MAX) {
        judge_add(judge, VERDICT_EXTENSION, depth, "%d extensions", count);
        return;
    }
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *type = X509_EXTENSION_get_object(X509_get_ext(x509, i));

        if (X509_get_ext_by_OBJ(x509, type, i) >= 0)
            judge_add(judge, VERDICT_EXTENSION, depth, "the extension %s appears twice", oid_text(type).text);
    }
}

static void check_strength(Judge *judge, X509 *x509, unsigned depth, bool anchor) {
    const X509_ALGOR *algorithm = NULL;
    const char *problem = key_problem(X509_get0_pubkey(x509));

    if (problem)
        judge_add(judge, VERDICT_WEAK_KEY, depth, "%s", problem);
    if (anchor) /* its own signature proves nothing and is not judged */
        return;
    X509_get0_signature(NULL, &algorithm, x509);
    problem = digest_problem(algorithm);
    if (problem)
        judge_add(judge, VERDICT_WEAK_SIGNATURE, depth, "%s", problem);
}

static bool is_critical(X509 *x509, int nid) {
    int at = X509_get_ext_by_NID(x509, nid, -1);

    return at < 0 || X509_EXTENSION_get_critical(X509_get_ext(x509, at));
}

/* What restricts everything below must not be left to choice: RFC 5280 4.2.1.10, 4.2.1.11, 4.2.1.14. Policy constraints
 * might be either by RFC 3280, and authorities of that time still are about; they are let pass where the authority has
 * policies. Without any, the constraint can only ever refuse, for those who look at it. */
static void check_critical(Judge *judge, X509 *x509, unsigned depth) {
    bool has_policies = X509_get_ext_by_NID(x509, NID_certificate_policies, -1) >= 0;

    if (!is_critical(x509, NID_name_constraints))
        judge_add(judge, VERDICT_NAME_CONSTRAINTS, depth, "name constraints that are not critical");
    if (!is_critical(x509, NID_inhibit_any_policy))
        judge_add(judge, VERDICT_POLICY, depth, "an inhibitAnyPolicy that is not critical");
    if (!is_critical(x509, NID_policy_constraints) && !has_policies)
        judge_add(judge, VERDICT_POLICY, depth, "policy constraints that are not critical, and no policies");
    if (X509_get_ext_by_NID(x509, NID_name_constraints, -1) >= 0 && !(X509_get_extension_flags(x509) & EXFLAG_CA))
        judge_add(judge, VERDICT_NAME_CONSTRAINTS, depth, "name constraints, but no authority");
}

/* RFC 5280 4.2.1.12: SIZE (1..MAX). It means no purpose at all, and OpenSSL takes it for none given. */
static void check_purposes(Judge *judge, X509 *x509, unsigned depth) {
    EXTENDED_KEY_USAGE *usages = NULL;

    if (X509_get_ext_by_NID(x509, NID_ext_key_usage, -1) < 0)
        return;
    usages = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    if (sk_ASN1_OBJECT_num(usages) <= 0)
        judge_add(judge, VERDICT_EXTENDED_KEY_USAGE, depth, "an extended key usage that names none");
    EXTENDED_KEY_USAGE_free(usages);
    ERR_clear_error();
}

static void check_names(Judge *judge, X509 *x509, unsigned depth) {
    const char *problem = constraints_name_problem(x509);

    if (!certificate_names_are_printable(x509))
        judge_add(judge, VERDICT_NAME, depth, "%s", "NUL, control, bidirectional or ill-formed characters");
    else if (problem)
        judge_add(judge, VERDICT_NAME, depth, "%s", problem);
    problem = constraints_problem(x509);
    if (problem)
        judge_add(judge, VERDICT_NAME_CONSTRAINTS, depth, "%s", problem);
}

static void check_certificate(Judge *judge, X509 *x509, unsigned depth) {
    bool anchor = trust_store_holds_anchor(judge->store, x509);

    if (X509_get_version(x509) != X509_VERSION_3)
        judge_add(judge, VERDICT_VERSION, depth, "version %ld", X509_get_version(x509) + 1);
    if (!anchor) {
        check_serial(judge, x509, depth);
        check_extensions(judge, x509, depth);
    }
    check_strength(judge, x509, depth, anchor);
    check_critical(judge, x509, depth);
    check_purposes(judge, x509, depth);
    check_names(judge, x509, depth);
    /* OpenSSL lets certificates without basicConstraints pass for authorities in some cases. */
    if (depth > 0 && X509_check_ca(x509) != 1)
        judge_add(judge, VERDICT_INVALID, depth, "the issuer is not a CA");
}

/* A wildcard stands for names that an authority above has excluded. */
static void check_wildcards(Judge *judge, unsigned depth) {
    X509 *authority = sk_X509_value(judge->chain, (int) depth);

    if (X509_get_ext_by_NID(authority, NID_name_constraints, -1) < 0)
        return;
    for (unsigned i = 0; i < depth && !judge_time_is_up(judge); i++)
        if (constraints_exclude_wildcard(authority, sk_X509_value(judge->chain, (int) i)))
            judge_add(judge, VERDICT_NAME_CONSTRAINTS, i, "a wildcard covers an excluded name");
}

void check_rules(Judge *judge) {
    for (int i = 0; i < sk_X509_num(judge->chain) && !judge_time_is_up(judge); i++) {
        check_certificate(judge, sk_X509_value(judge->chain, i), (unsigned) i);
        check_wildcards(judge, (unsigned) i);
    }
}
