/* SPDX-License-Identifier: BSD-2-Clause */
/* The judgement. Called by the daemon for every sign-in, assignment and check, from any thread; OpenSSL builds the
 * chain and checks it (RFC 5280 section 6), this file adds the rules that it lacks (SECURITY 9, 11-14, 16, 17, 39).
 * Must never end a verdict without a reason unless every check has run and passed, and never stop at the first reason.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "common/text.h"
#include "trust/internal.h"
#include "trust/trust.h"

#define JUDGE_WORK_MAX UINT64_C(1000000) /* microseconds, SECURITY 14 */
#define JUDGE_EXTENSIONS_MAX 128
#define JUDGE_SERIAL_MAX 20 /* octets, RFC 5280 4.1.2.2 */

/* One judgement while it runs. */
typedef struct Judge {
    const TrustStore *store;
    const TrustQuery *query;
    uint64_t deadline;
    Certificate *leaf;
    Certificate *sent[OVCERT_CHAIN_MAX - 1];
    size_t n_sent;
    STACK_OF(X509) * untrusted;
    STACK_OF(X509) * chain; /* leaf first */
    Verdict *verdict;
    bool anchored; /* the chain ends in an anchor and every signature in it holds */
    int fault;     /* -ENOMEM once anything was lost */
} Judge;

__attribute__((format(printf, 4, 5))) static void add(Judge *judge, VerdictReason reason, unsigned depth,
                                                      const char *format, ...) {
    CLEANUP(free_pointer) char *detail = NULL;
    va_list arguments;
    int r;

    va_start(arguments, format);
    r = vasprintf(&detail, format, arguments);
    va_end(arguments);
    if (r < 0) {
        detail = NULL;
        judge->fault = -ENOMEM;
        return;
    }
    r = verdict_add(judge->verdict, reason, depth, detail);
    if (r < 0)
        judge->fault = r;
}

static uint64_t monotonic_now(void) {
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

/* True when the time is up, and then a reason of the verdict. */
static bool time_is_up(Judge *judge) {
    if (monotonic_now() < judge->deadline)
        return false;
    add(judge, VERDICT_WORK_LIMIT, 0, "the time for one judgement is up");
    return true;
}

typedef struct TimeText {
    char text[32];
} TimeText;

static TimeText time_text(int64_t seconds) {
    TimeText ret = {"?"};
    time_t time = (time_t) seconds;
    struct tm tm;

    if (gmtime_r(&time, &tm))
        (void) strftime(ret.text, sizeof(ret.text), "%Y-%m-%dT%H:%M:%SZ",
                        &tm); /* four digits of year: RFC 5280 has no more */
    return ret;
}

/* ── path validation ── */

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
        add(judge, VERDICT_EXPIRED, depth, "%s", "");
    else if (judge->query->now > limit) /* RFC 5280 4.1.2.5 includes the last second, OpenSSL does not */
        add(judge, VERDICT_EXPIRED, depth, "ended %s", time_text(limit).text);
}

static void add_error(Judge *judge, int error, unsigned depth, const X509 *at) {
    VerdictReason reason = reason_of(error);
    int64_t begin;

    if (reason == VERDICT_EXPIRED)
        add_expired(judge, depth, at);
    else if (reason == VERDICT_NOT_YET_VALID && at && time_from_asn1(X509_get0_notBefore(at), &begin))
        add(judge, reason, depth, "begins %s", time_text(begin).text);
    else
        add(judge, reason, depth, "%s", X509_verify_cert_error_string(error));
}

/* Called by OpenSSL at each certificate and each error. Returning 1 goes on to the next check: what counts is the
 * verdict, never OpenSSL's result. */
static int on_check(int ok, X509_STORE_CTX *ctx) {
    Judge *judge = X509_STORE_CTX_get_app_data(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);

    if (!ok)
        add_error(judge, X509_STORE_CTX_get_error(ctx), depth > 0 ? (unsigned) depth : 0,
                  X509_STORE_CTX_get_current_cert(ctx));
    return time_is_up(judge) ? 0 : 1;
}

static int set_parameters(X509_STORE_CTX *ctx, const Judge *judge) {
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_time(parameters, (time_t) judge->query->now);
    X509_VERIFY_PARAM_set_depth(parameters, (int) OVCERT_CHAIN_MAX - 2); /* counts neither leaf nor anchor */
    /* Policies count when a certificate of the chain says so. Never X509_V_FLAG_PARTIAL_CHAIN: SECURITY 12. */
    if (!X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy)) ||
        !X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_POLICY_CHECK))
        return -ENOMEM;
    X509_STORE_CTX_set0_trusted_stack(ctx, trust_store_stack(judge->store));
    X509_STORE_CTX_set_verify_cb(ctx, on_check);
    return 0;
}

static int build_chain(Judge *judge) {
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    if (!ctx || !X509_STORE_CTX_init(ctx, NULL, certificate_x509(judge->leaf), judge->untrusted) ||
        !X509_STORE_CTX_set_app_data(ctx, judge) || set_parameters(ctx, judge) < 0) {
        X509_STORE_CTX_free(ctx);
        return -ENOMEM;
    }
    result = X509_verify_cert(ctx);
    /* It stopped though we never said so: checks are missing, and "expired alone", say, would not be true. */
    if (result <= 0 && !verdict_has(judge->verdict, VERDICT_WORK_LIMIT) &&
        !verdict_has(judge->verdict, VERDICT_UNTRUSTED))
        add(judge, VERDICT_INVALID, 0, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    judge->chain = X509_STORE_CTX_get1_chain(ctx);
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return judge->chain ? 0 : -ENOMEM;
}

/* Looks at the result with our own eyes, since the callback overrules OpenSSL. */
static void check_end(Judge *judge) {
    int count = sk_X509_num(judge->chain);
    bool found = count > 1 && trust_store_holds_anchor(judge->store, sk_X509_value(judge->chain, count - 1));

    if (!found)
        add(judge, VERDICT_UNTRUSTED, 0, "%s",
            trust_store_holds_anchor(judge->store, certificate_x509(judge->leaf))
                ? "a trust anchor is nobody's certificate"
                : "no chain to a trust anchor");
    if (count > (int) OVCERT_CHAIN_MAX)
        add(judge, VERDICT_CHAIN_TOO_LONG, 0, "%d certificates", count);
    judge->anchored = found && !verdict_has(judge->verdict, VERDICT_UNTRUSTED) &&
                      !verdict_has(judge->verdict, VERDICT_BAD_SIGNATURE) &&
                      !verdict_has(judge->verdict, VERDICT_WORK_LIMIT);
}

/* ── rules for each certificate (SECURITY 13, 16) ── */

static void check_serial(Judge *judge, X509 *x509, unsigned depth) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    int size = ASN1_STRING_length(serial);
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    bool zero = true;

    for (int i = 0; i < size; i++)
        zero = zero && octets[i] == 0;
    if (zero || ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        add(judge, VERDICT_SERIAL, depth, "not positive");
    else if (size + (octets[0] >> 7) > JUDGE_SERIAL_MAX) /* DER writes a leading zero before the top bit */
        add(judge, VERDICT_SERIAL, depth, "longer than %d octets", JUDGE_SERIAL_MAX);
}

static void check_extensions(Judge *judge, X509 *x509, unsigned depth) {
    int count = X509_get_ext_count(x509);

    if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
        add(judge, VERDICT_EXTENSION, depth, "an extension cannot be read");
    if (count > JUDGE_EXTENSIONS_MAX) {
        add(judge, VERDICT_EXTENSION, depth, "%d extensions", count);
        return;
    }
    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *type = X509_EXTENSION_get_object(X509_get_ext(x509, i));

        if (X509_get_ext_by_OBJ(x509, type, i) >= 0)
            add(judge, VERDICT_EXTENSION, depth, "an extension appears twice");
    }
}

static void check_strength(Judge *judge, X509 *x509, unsigned depth, bool anchor) {
    const X509_ALGOR *algorithm = NULL;
    const char *problem = key_problem(X509_get0_pubkey(x509));

    if (problem)
        add(judge, VERDICT_WEAK_KEY, depth, "%s", problem);
    if (anchor) /* its own signature proves nothing and is not judged */
        return;
    X509_get0_signature(NULL, &algorithm, x509);
    problem = digest_problem(algorithm);
    if (problem)
        add(judge, VERDICT_WEAK_SIGNATURE, depth, "%s", problem);
}

static void check_certificate(Judge *judge, X509 *x509, unsigned depth) {
    bool anchor = trust_store_holds_anchor(judge->store, x509);

    if (X509_get_version(x509) != X509_VERSION_3)
        add(judge, VERDICT_VERSION, depth, "version %ld", X509_get_version(x509) + 1);
    if (!anchor) {
        check_serial(judge, x509, depth);
        check_extensions(judge, x509, depth);
    }
    check_strength(judge, x509, depth, anchor);
    if (!certificate_names_are_printable(x509))
        add(judge, VERDICT_NAME, depth, "%s", "NUL, control, bidirectional or ill-formed characters");
}

/* ── what it may be used for (SECURITY 11) ── */

typedef enum Purpose {
    PURPOSE_ABSENT, /* no such extension */
    PURPOSE_NONE,   /* present, and not for signing in */
    PURPOSE_ANY,    /* anyExtendedKeyUsage alone */
    PURPOSE_SIGN_IN,
} Purpose;

static Purpose purpose_of(X509 *x509) {
    int critical = 0;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x509, NID_ext_key_usage, &critical, NULL);
    Purpose purpose = !usages && critical == -1 ? PURPOSE_ABSENT : PURPOSE_NONE;

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages) && purpose != PURPOSE_SIGN_IN; i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));

        if (nid == NID_client_auth || nid == NID_ms_smartcard_login)
            purpose = PURPOSE_SIGN_IN;
        else if (nid == NID_anyExtendedKeyUsage)
            purpose = PURPOSE_ANY;
    }
    EXTENDED_KEY_USAGE_free(usages);
    ERR_clear_error();
    return purpose;
}

static void check_leaf(Judge *judge) {
    X509 *leaf = certificate_x509(judge->leaf);
    bool has_usage = X509_get_ext_by_NID(leaf, NID_key_usage, -1) >= 0;
    uint32_t usage = X509_get_key_usage(leaf);
    Purpose purpose = purpose_of(leaf);

    if (!has_usage)
        add(judge, VERDICT_KEY_USAGE, 0, "no key usage");
    else if (!(usage & KU_DIGITAL_SIGNATURE))
        add(judge, VERDICT_KEY_USAGE, 0, "digitalSignature is missing");
    if (purpose != PURPOSE_SIGN_IN)
        add(judge, VERDICT_EXTENDED_KEY_USAGE, 0,
            purpose == PURPOSE_ABSENT ? "no extended key usage" : "neither clientAuth nor smart card logon");
    /* Each mark by itself: X509_check_ca() calls it no CA when the marks contradict each other. */
    if (X509_check_ca(leaf) != 0 || (X509_get_extension_flags(leaf) & EXFLAG_CA) ||
        (has_usage && (usage & KU_KEY_CERT_SIGN)))
        add(judge, VERDICT_LEAF_IS_CA, 0, "CA bit or keyCertSign");
    if (X509_get_ext_by_NID(leaf, NID_name_constraints, -1) >= 0)
        add(judge, VERDICT_NAME_CONSTRAINTS, 0, "name constraints in a personal certificate");
}

static void check_issuer(Judge *judge, X509 *issuer, unsigned depth) {
    /* OpenSSL lets certificates without basicConstraints pass for authorities in some cases. */
    if (X509_check_ca(issuer) != 1)
        add(judge, VERDICT_INVALID, depth, "the issuer is not a CA");
    if (purpose_of(issuer) == PURPOSE_NONE)
        add(judge, VERDICT_EXTENDED_KEY_USAGE, depth, "the issuer is not for certificates to sign in with");
}

static void check_all(Judge *judge) {
    check_leaf(judge);
    for (int i = 0; i < sk_X509_num(judge->chain) && !time_is_up(judge); i++) {
        X509 *x509 = sk_X509_value(judge->chain, i);

        check_certificate(judge, x509, (unsigned) i);
        if (i > 0)
            check_issuer(judge, x509, (unsigned) i);
    }
}

/* ── revocation (SECURITY 9, 39) ── */

/* What all lists together say of one certificate. */
typedef struct Findings {
    bool revoked;
    bool forged; /* a list in the issuer's name that its key did not sign */
    bool serves, stale, future;
    int64_t serves_from;  /* thisUpdate of the newest list that serves */
    int64_t stale_since;  /* nextUpdate of the one that ended last */
    int64_t future_until; /* thisUpdate of the earliest to come */
} Findings;

static void weigh(const Judge *judge, const Crl *crl, const CrlAnswer *answer, Findings *findings) {
    int64_t this_update = crl_this_update(crl), next_update = crl_next_update(crl);

    if (!answer->verified) {
        findings->forged = true;
        return;
    }
    findings->revoked = findings->revoked || answer->revoked; /* never lapses, and counts in whatever scope */
    if (!answer->covers)
        return;
    if (this_update > judge->query->now) {
        if (!findings->future || this_update < findings->future_until)
            findings->future_until = this_update;
        findings->future = true;
    } else if (next_update < judge->query->now - trust_store_max_stale(judge->store)) {
        if (!findings->stale || next_update > findings->stale_since)
            findings->stale_since = next_update;
        findings->stale = true;
    } else {
        if (!findings->serves || this_update > findings->serves_from)
            findings->serves_from = this_update;
        findings->serves = true;
    }
}

static void report(Judge *judge, const Findings *findings, unsigned depth) {
    int64_t *oldest = &judge->verdict->revocation_checked;

    if (findings->revoked)
        add(judge, VERDICT_REVOKED, depth, "%s", "");
    if (findings->serves) {
        if (*oldest == 0 || findings->serves_from < *oldest)
            *oldest = findings->serves_from;
        return;
    }
    if (findings->revoked || trust_store_is_soft(judge->store))
        return;
    if (findings->stale)
        add(judge, VERDICT_REVOCATION_STALE, depth, "ended %s", time_text(findings->stale_since).text);
    if (findings->future)
        add(judge, VERDICT_REVOCATION_NOT_YET_VALID, depth, "begins %s", time_text(findings->future_until).text);
    if (!findings->stale && !findings->future)
        add(judge, VERDICT_REVOCATION_MISSING, depth, "%s",
            findings->forged ? "the one in its name is not signed by its key" : "");
}

static void check_revoked(Judge *judge, X509 *x509, X509 *issuer, unsigned depth) {
    Findings findings = {0};

    for (size_t i = 0; i < trust_store_crls(judge->store); i++) {
        Crl *crl = trust_store_crl(judge->store, i);
        CrlAnswer answer;
        int r;

        if (!crl_is_issued_by(crl, issuer))
            continue;
        if (time_is_up(judge))
            return;
        r = crl_ask(crl, x509, issuer, &answer);
        if (r < 0)
            judge->fault = r;
        weigh(judge, crl, &answer, &findings);
    }
    report(judge, &findings, depth);
}

/* An issuer whose own certificate was not proven says nothing, so an untrusted chain is not asked about. */
static void check_revocation(Judge *judge) {
    int64_t floor;

    for (int i = 0; judge->anchored && i + 1 < sk_X509_num(judge->chain); i++)
        check_revoked(judge, sk_X509_value(judge->chain, i), sk_X509_value(judge->chain, i + 1), (unsigned) i);
    floor = trust_store_clock_floor(judge->store);
    if (judge->query->now < floor)
        add(judge, VERDICT_CLOCK_WRONG, 0, "it shows %s, revocation data is of %s", time_text(judge->query->now).text,
            time_text(floor).text);
}

/* ── the whole ── */

/* Parsed before, by the caller or as an anchor: found by all of its octets, so that nothing passes for something else.
 */
static Certificate *find_parsed(const Judge *judge, View der) {
    for (size_t i = 0; i < judge->query->n_known; i++)
        if (view_equal(certificate_der(judge->query->known[i]), der))
            return judge->query->known[i];
    return trust_store_find_anchor(judge->store, der);
}

static int parse(const Judge *judge, View der, Certificate **ret) {
    Certificate *parsed = find_parsed(judge, der);

    if (!parsed)
        return certificate_parse(der, ret);
    *ret = certificate_ref(parsed);
    return 0;
}

/* Whether there is a leaf to go on with. */
static bool parse_leaf(Judge *judge) {
    int r = parse(judge, judge->query->leaf, &judge->leaf);

    if (r == CERTIFICATE_TOO_LARGE)
        add(judge, VERDICT_TOO_LARGE, 0, "%zu octets", judge->query->leaf.size);
    else if (r == CERTIFICATE_MALFORMED)
        add(judge, VERDICT_MALFORMED, 0, "%s", "");
    else if (r < 0)
        judge->fault = r;
    return r == 0;
}

static int push(STACK_OF(X509) * stack, X509 *x509) {
    return X509_add_cert(stack, x509, X509_ADD_FLAG_UP_REF) ? 0 : -ENOMEM;
}

/* What cannot be read is left out: if it was needed, the chain is UNTRUSTED. */
static int parse_sent(Judge *judge) {
    size_t count = judge->query->n_chain < ELEMENTSOF(judge->sent) ? judge->query->n_chain : ELEMENTSOF(judge->sent);

    judge->untrusted = sk_X509_new_null();
    if (!judge->untrusted)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        Certificate **slot = &judge->sent[judge->n_sent];
        int r = parse(judge, judge->query->chain[i], slot);

        if (r < 0)
            return r;
        if (r > 0)
            continue;
        judge->n_sent++;
        r = push(judge->untrusted, certificate_x509(*slot));
        if (r < 0)
            return r;
    }
    return 0;
}

static void explain_untrusted(Judge *judge) {
    size_t looked_at = ELEMENTSOF(judge->sent);

    if (!verdict_has(judge->verdict, VERDICT_UNTRUSTED))
        return;
    if (judge->query->n_chain > looked_at)
        add(judge, VERDICT_CHAIN_TOO_LONG, 0, "only %zu of the %zu certificates sent along were looked at", looked_at,
            judge->query->n_chain);
}

static int keep_chain(Judge *judge) {
    for (int i = 1; i < sk_X509_num(judge->chain); i++) {
        unsigned char *der = NULL;
        int size = i2d_X509(sk_X509_value(judge->chain, i), &der), r;

        if (size < 0)
            return -ENOMEM;
        r = bytes_list_append(&judge->verdict->chain, (View){.data = der, .size = (size_t) size});
        OPENSSL_free(der);
        if (r < 0)
            return r;
    }
    return 0;
}

static int run(Judge *judge) {
    int r;

    if (!parse_leaf(judge))
        return judge->fault;
    r = parse_sent(judge);
    if (r == 0)
        r = build_chain(judge);
    if (r < 0)
        return r;
    check_end(judge);
    explain_untrusted(judge);
    check_all(judge);
    check_revocation(judge);
    r = keep_chain(judge);
    return r < 0 ? r : judge->fault;
}

static void judge_done(Judge *judge) {
    (void) certificate_free(judge->leaf);
    for (size_t i = 0; i < judge->n_sent; i++)
        (void) certificate_free(judge->sent[i]);
    sk_X509_pop_free(judge->untrusted, X509_free);
    sk_X509_pop_free(judge->chain, X509_free);
}

int trust_judge(const TrustStore *store, const TrustQuery *query, Verdict *ret) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    CLEANUP(judge_done)
    Judge judge = {
        .store = store,
        .query = query,
        .deadline = query->deadline > 0 ? query->deadline : monotonic_now() + JUDGE_WORK_MAX,
        .verdict = &verdict,
    };
    int r = run(&judge);

    if (r < 0)
        return r;
    *ret = verdict;
    verdict = (Verdict){0};
    return 0;
}
