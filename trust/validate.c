/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL's part of a judgement: path validation by RFC 5280 section 6, its findings put into our words. Called by
 * judge.c for each chain; must never take OpenSSL's result for a verdict, since the callback overrules it so that every
 * check runs. */
#include <errno.h>

#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "trust/judge.h"

typedef struct ErrorRow {
    int error; /* X509_V_ERR_... */
    VerdictReason reason;
} ErrorRow;

/* What is not here is INVALID. Expiry is no special case: the other checks run on, so that an expired certificate that
 * is revoked, too, says both. */
static const ErrorRow error_rows[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, VERDICT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, VERDICT_NOT_YET_VALID},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, VERDICT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, VERDICT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, VERDICT_UNTRUSTED},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, VERDICT_UNTRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, VERDICT_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, VERDICT_UNTRUSTED},
    {X509_V_ERR_CERT_REJECTED, VERDICT_UNTRUSTED},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, VERDICT_CHAIN_TOO_LONG},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, VERDICT_BAD_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, VERDICT_BAD_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, VERDICT_WEAK_KEY},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, VERDICT_WEAK_KEY},
    {X509_V_ERR_EE_KEY_TOO_SMALL, VERDICT_WEAK_KEY},
    {X509_V_ERR_CA_KEY_TOO_SMALL, VERDICT_WEAK_KEY},
    {X509_V_ERR_CA_MD_TOO_WEAK, VERDICT_WEAK_SIGNATURE},
    {X509_V_ERR_PERMITTED_VIOLATION, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_EXCLUDED_VIOLATION, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_SUBTREE_MINMAX, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, VERDICT_NAME_CONSTRAINTS},
    {X509_V_ERR_INVALID_POLICY_EXTENSION, VERDICT_POLICY},
    {X509_V_ERR_NO_EXPLICIT_POLICY, VERDICT_POLICY},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, VERDICT_EXTENSION},
    {X509_V_ERR_INVALID_EXTENSION, VERDICT_EXTENSION},
    {X509_V_ERR_UNNESTED_RESOURCE, VERDICT_EXTENSION},
    {X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, VERDICT_EXTENSION},
    {X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, VERDICT_EXTENSION},
    {X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, VERDICT_EXTENSION},
    {X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL, VERDICT_EXTENSION},
    {X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL, VERDICT_EXTENSION},
    {X509_V_ERR_CA_BCONS_NOT_CRITICAL, VERDICT_EXTENSION},
    {X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, VERDICT_EXTENSION},
    {X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, VERDICT_EXTENSION},
    {X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, VERDICT_EXTENSION},
    {X509_V_ERR_ISSUER_NAME_EMPTY, VERDICT_NAME},
    {X509_V_ERR_SUBJECT_NAME_EMPTY, VERDICT_NAME},
    {X509_V_ERR_OUT_OF_MEM, VERDICT_WORK_LIMIT}, /* OpenSSL's word for a policy tree that grows too large, too */
};

static VerdictReason reason_of(int error) {
    for (size_t i = 0; i < ELEMENTSOF(error_rows); i++)
        if (error_rows[i].error == error)
            return error_rows[i].reason;
    return VERDICT_INVALID;
}

static void add_expired(Judge *judge, unsigned depth, const X509 *at) {
    int64_t limit;

    if (!at || !time_from_asn1(X509_get0_notAfter(at), &limit))
        judge_add(judge, VERDICT_EXPIRED, depth, "%s", "");
    else if (judge->query->now > limit) /* RFC 5280 4.1.2.5 includes the last second, OpenSSL does not */
        judge_add(judge, VERDICT_EXPIRED, depth, "ended %s", time_text(limit).text);
}

/* Whose certificate is missing, or is no anchor. */
static void add_untrusted(Judge *judge, int error, unsigned depth, const X509 *at) {
    CLEANUP(free_pointer) char *issuer = name_text(X509_get_issuer_name(at));

    if (issuer)
        judge_add(judge, VERDICT_UNTRUSTED, depth, "%s: %s", X509_verify_cert_error_string(error), issuer);
    else
        judge->fault = -ENOMEM;
}

/* The first one; OpenSSL does not say which it was. */
static void add_unhandled(Judge *judge, unsigned depth, const X509 *at) {
    for (int i = 0; i < X509_get_ext_count(at); i++) {
        X509_EXTENSION *extension = X509_get_ext(at, i);

        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension)) {
            judge_add(judge, VERDICT_EXTENSION, depth, "the critical extension %s is unknown",
                      oid_text(X509_EXTENSION_get_object(extension)).text);
            return;
        }
    }
    judge_add(judge, VERDICT_EXTENSION, depth, "an unknown critical extension");
}

static void add_error(Judge *judge, int error, unsigned depth, const X509 *at) {
    VerdictReason reason = reason_of(error);
    int64_t begin;

    if (reason == VERDICT_EXPIRED)
        add_expired(judge, depth, at);
    else if (reason == VERDICT_NOT_YET_VALID && at && time_from_asn1(X509_get0_notBefore(at), &begin))
        judge_add(judge, reason, depth, "begins %s", time_text(begin).text);
    else if (reason == VERDICT_UNTRUSTED && at)
        add_untrusted(judge, error, depth, at);
    else if (error == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION && at)
        add_unhandled(judge, depth, at);
    else
        judge_add(judge, reason, depth, "%s", X509_verify_cert_error_string(error));
}

/* Called by OpenSSL at each certificate and each error. Returning 1 goes on to the next check: what counts is the
 * verdict, never OpenSSL's result. */
static int on_check(int ok, X509_STORE_CTX *ctx) {
    Judge *judge = X509_STORE_CTX_get_app_data(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx), error = X509_STORE_CTX_get_error(ctx);

    /* An authority without the extension may sign whatever its certificate does not rule out: RFC 5280 6.1.4 (n). */
    if (!ok && error != X509_V_ERR_CA_CERT_MISSING_KEY_USAGE)
        add_error(judge, error, depth > 0 ? (unsigned) depth : 0, X509_STORE_CTX_get_current_cert(ctx));
    return judge_time_is_up(judge) ? 0 : 1;
}

static int add_policies(X509_VERIFY_PARAM *parameters, const TrustRules *rules) {
    if (rules->n_policies == 0)
        return X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy)) ? 0 : -ENOMEM;
    for (size_t i = 0; i < rules->n_policies; i++) {
        ASN1_OBJECT *policy = OBJ_txt2obj(rules->policies[i], 1);

        if (!policy || !X509_VERIFY_PARAM_add0_policy(parameters, policy)) {
            ASN1_OBJECT_free(policy);
            return -ENOMEM; /* trust_is_oid() was true of it */
        }
    }
    return 0;
}

/* Strict: what RFC 5280 says that a certificate must have. Policies count when a certificate of the chain says so.
 * Never X509_V_FLAG_PARTIAL_CHAIN: SECURITY 12. */
static unsigned long flags_of(const TrustRules *rules) {
    return X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK |
           (rules->explicit_policy ? X509_V_FLAG_EXPLICIT_POLICY : 0) |
           (rules->inhibit_any_policy ? X509_V_FLAG_INHIBIT_ANY : 0) |
           (rules->inhibit_policy_mapping ? X509_V_FLAG_INHIBIT_MAP : 0);
}

static int set_parameters(X509_STORE_CTX *ctx, const Judge *judge) {
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_time(parameters, (time_t) judge->query->now);
    X509_VERIFY_PARAM_set_depth(parameters, (int) OVCERT_CHAIN_MAX - 2); /* counts neither leaf nor anchor */
    if (add_policies(parameters, judge->rules) < 0 || !X509_VERIFY_PARAM_set_flags(parameters, flags_of(judge->rules)))
        return -ENOMEM;
    X509_STORE_CTX_set_verify_cb(ctx, on_check);
    return 0;
}

static int verify(Judge *judge, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted) {
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    if (!ctx || !X509_STORE_CTX_init(ctx, NULL, certificate_x509(judge->leaf), untrusted) ||
        !X509_STORE_CTX_set_app_data(ctx, judge) || set_parameters(ctx, judge) < 0) {
        X509_STORE_CTX_free(ctx);
        return -ENOMEM;
    }
    X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
    result = X509_verify_cert(ctx);
    /* It stopped though we never said so: checks are missing, and "expired alone", say, would not be true. */
    if (result <= 0 && !verdict_has(judge->verdict, VERDICT_WORK_LIMIT) &&
        !verdict_has(judge->verdict, VERDICT_UNTRUSTED))
        judge_add(judge, VERDICT_INVALID, 0, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    judge->chain = X509_STORE_CTX_get1_chain(ctx);
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return judge->chain ? 0 : -ENOMEM;
}

/* RFC 5280 6.1.4 (l): what is self-issued does not count. */
static size_t count_intermediates(const Judge *judge) {
    size_t count = 0;

    for (int i = 1; i + 1 < sk_X509_num(judge->chain); i++)
        count += (X509_get_extension_flags(sk_X509_value(judge->chain, i)) & EXFLAG_SI) == 0;
    return count;
}

static void check_length(Judge *judge) {
    size_t length = (size_t) sk_X509_num(judge->chain), intermediates = count_intermediates(judge);

    if (length > OVCERT_CHAIN_MAX)
        judge_add(judge, VERDICT_CHAIN_TOO_LONG, 0, "%zu certificates", length);
    else if (judge->rules->limit_depth && intermediates > judge->rules->max_depth)
        judge_add(judge, VERDICT_CHAIN_TOO_LONG, 0, "%zu intermediate certificates, at most %u are wanted",
                  intermediates, judge->rules->max_depth);
}

/* Looks at the result with our own eyes, since the callback overrules OpenSSL. */
static void check_end(Judge *judge) {
    int count = sk_X509_num(judge->chain);
    bool found = count > 1 && trust_store_holds_anchor(judge->store, sk_X509_value(judge->chain, count - 1));

    if (!found)
        judge_add(judge, VERDICT_UNTRUSTED, 0, "%s",
                  trust_store_holds_anchor(judge->store, certificate_x509(judge->leaf))
                      ? "a trust anchor is nobody's certificate"
                      : "no chain to a trust anchor");
    judge->anchored = found && !verdict_has(judge->verdict, VERDICT_UNTRUSTED) &&
                      !verdict_has(judge->verdict, VERDICT_BAD_SIGNATURE) &&
                      !verdict_has(judge->verdict, VERDICT_WORK_LIMIT);
}

int validate_chain(Judge *judge, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted) {
    int r = verify(judge, untrusted, trusted);

    if (r < 0)
        return r;
    check_end(judge);
    check_length(judge);
    return 0;
}
