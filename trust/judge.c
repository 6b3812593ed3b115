/* SPDX-License-Identifier: BSD-2-Clause */
/* The judgement. Called by the daemon for every sign-in, assignment and check, from any thread, and by the tool; reads
 * what was sent, has each chain judged by the other parts (see judge.h), and keeps the best. Must never end a verdict
 * without a reason unless every check has run and passed along one chain, and never stop at the first reason. */
#include "trust/judge.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/objects.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "common/text.h"

#define JUDGE_WORK_MAX UINT64_C(1000000) /* microseconds, SECURITY 14 */

__attribute__((format(printf, 5, 0))) static void add(Judge *judge, VerdictReason reason, unsigned depth,
                                                      const char *wanted, const char *format, va_list arguments) {
    CLEANUP(free_pointer) char *detail = NULL;
    int r = vasprintf(&detail, format, arguments);

    if (r < 0) {
        detail = NULL;
        judge->fault = -ENOMEM;
        return;
    }
    r = verdict_add_wanted(judge->verdict, reason, depth, detail, wanted);
    if (r < 0)
        judge->fault = r;
}

void judge_add(Judge *judge, VerdictReason reason, unsigned depth, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    add(judge, reason, depth, NULL, format, arguments);
    va_end(arguments);
}

void judge_add_wanted(Judge *judge, VerdictReason reason, unsigned depth, const char *wanted, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    add(judge, reason, depth, wanted, format, arguments);
    va_end(arguments);
}

void judge_add_source(Judge *judge, RevocationSource source, const char *name) {
    const char *folder = trust_store_crls_dir(judge->store);
    CLEANUP(free_pointer) char *path = NULL, *file = NULL;

    if (asprintf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", name) < 0)
        path = NULL; /* unspecified after a failure */
    file = path ? text_escape_string(path) : NULL;
    if (!file || verdict_add_source(judge->verdict, source, file) < 0)
        judge->fault = -ENOMEM;
}

static uint64_t monotonic_now(void) {
    struct timespec now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

bool judge_deadline_passed(const Judge *judge) {
    return monotonic_now() >= judge->deadline;
}

bool judge_time_is_up(Judge *judge) {
    if (!judge_deadline_passed(judge))
        return false;
    judge_add(judge, VERDICT_WORK_LIMIT, 0, "the time for one judgement is up");
    return true;
}

TimeText time_text(int64_t seconds) {
    TimeText ret = {"?"};
    time_t time = (time_t) seconds;
    struct tm tm;

    if (gmtime_r(&time, &tm))
        (void) strftime(ret.text, sizeof(ret.text), "%Y-%m-%dT%H:%M:%SZ",
                        &tm); /* four digits of year: RFC 5280 has no more */
    return ret;
}

OidText oid_text(const ASN1_OBJECT *object) {
    OidText ret = {"?"};

    (void) OBJ_obj2txt(ret.text, sizeof(ret.text), object, 1); /* always ends with a NUL */
    return ret;
}

/* OBJ_txt2obj() knows which numbers there are, and overlooks a dot too many. */
bool trust_is_oid(const char *text) {
    size_t size = strlen(text);
    ASN1_OBJECT *object = NULL;

    if (size > 0 && text[strspn(text, "0123456789.")] == '\0' && text[size - 1] != '.' && !strstr(text, ".."))
        object = OBJ_txt2obj(text, 1);
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    return object != NULL;
}

/* ── one chain ── */

/* What proves nothing is worse than any number of faults. */
static bool is_better(const Judge *judge) {
    if (!judge->found)
        return true;
    if (!judge->anchored)
        return false;
    return !judge->best_anchored || judge->verdict->n_items < judge->best.n_items;
}

static void keep_if_better(Judge *judge) {
    if (is_better(judge)) {
        verdict_done(&judge->best);
        sk_X509_pop_free(judge->best_chain, X509_free);
        judge->best = *judge->verdict;
        judge->best_chain = judge->chain;
        judge->best_anchored = judge->anchored;
        judge->found = true;
        *judge->verdict = (Verdict){0};
    } else {
        sk_X509_pop_free(judge->chain, X509_free);
    }
    judge->chain = NULL;
}

/* True: look no further. */
static bool judge_chain(Judge *judge, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted) {
    CLEANUP(verdict_done) Verdict verdict = {0};
    int r;

    judge->verdict = &verdict;
    judge->anchored = false;
    r = validate_chain(judge, untrusted, trusted);
    if (r == 0) {
        check_fitness(judge);
        check_rules(judge);
        check_revocation(judge);
        keep_if_better(judge);
    } else {
        judge->fault = r;
    }
    judge->verdict = NULL;
    return judge->fault < 0 || verdict_accepted(&judge->best);
}

static int push_all(STACK_OF(X509) * stack, X509 *const *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (sk_X509_push(stack, items[i]) <= 0)
            return -ENOMEM;
    return 0;
}

/* Exactly these: OpenSSL finds no other way. */
static bool judge_links(Judge *judge, X509 *const *links, size_t count) {
    STACK_OF(X509) *untrusted = sk_X509_new_null(), *trusted = sk_X509_new_null();
    bool done = true;

    if (!untrusted || !trusted || push_all(untrusted, links + 1, count - 2) < 0 ||
        push_all(trusted, links + count - 1, 1) < 0)
        judge->fault = -ENOMEM;
    else
        done = judge_chain(judge, untrusted, trusted);
    sk_X509_free(untrusted);
    sk_X509_free(trusted);
    return done;
}

/* No chain leads to an anchor: what OpenSSL makes of all that is there tells why. */
static int judge_as_sent(Judge *judge) {
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    int r = untrusted ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < judge->n_sent; i++)
        r = sk_X509_push(untrusted, certificate_x509(judge->sent[i])) > 0 ? 0 : -ENOMEM;
    if (r == 0)
        (void) judge_chain(judge, untrusted, trust_store_stack(judge->store)); /* the result is in the judge */
    sk_X509_free(untrusted);
    return r < 0 ? r : judge->fault;
}

int judge_run(Judge *judge) {
    int r = path_search(judge, judge_links);

    if (r == 0 && !judge->found && !judge->end) /* that would end in any anchor */
        r = judge_as_sent(judge);
    if (r == 0 && judge->found && judge->cut && !verdict_accepted(&judge->best)) {
        judge->verdict = &judge->best;
        judge_add(judge, VERDICT_WORK_LIMIT, 0, "there are more chains than are looked at");
        r = judge->fault;
    }
    return r;
}

void judge_done(Judge *judge) {
    free(judge->holder);
    (void) certificate_free(judge->leaf);
    sk_X509_pop_free(judge->chain, X509_free);
    sk_X509_pop_free(judge->best_chain, X509_free);
    verdict_done(&judge->best);
}

/* ── what was sent ── */

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

    judge->verdict = &judge->best;
    if (r == CERTIFICATE_TOO_LARGE)
        judge_add(judge, VERDICT_TOO_LARGE, 0, "%zu octets", judge->query->leaf.size);
    else if (r == CERTIFICATE_MALFORMED)
        judge_add(judge, VERDICT_MALFORMED, 0, "%zu octets that are not one certificate", judge->query->leaf.size);
    else if (r < 0)
        judge->fault = r;
    judge->verdict = NULL;
    return r == 0;
}

/* What cannot be read is left out: if it was needed, the chain is UNTRUSTED. */
static int parse_sent(Judge *judge) {
    size_t count = judge->query->n_chain < TRUST_SENT_MAX ? judge->query->n_chain : TRUST_SENT_MAX;

    judge->sent = calloc(count + 1, sizeof(Certificate *)); /* never of size 0 */
    if (!judge->sent)
        return -ENOMEM;
    for (size_t i = 0; i < count && !judge_deadline_passed(judge); i++) {
        int r = parse(judge, judge->query->chain[i], &judge->sent[judge->n_sent]);

        if (r < 0)
            return r;
        judge->n_sent += r == 0;
    }
    return 0;
}

static void sent_done(Judge *judge) {
    for (size_t i = 0; i < judge->n_sent; i++)
        (void) certificate_free(judge->sent[i]);
    free(judge->sent);
}

/* ── the whole ── */

static void explain_untrusted(Judge *judge) {
    judge->verdict = &judge->best;
    if (verdict_has(&judge->best, VERDICT_UNTRUSTED) && judge->query->n_chain > TRUST_SENT_MAX)
        judge_add(judge, VERDICT_CHAIN_TOO_LONG, 0, "only %u of the %zu certificates sent along were looked at",
                  TRUST_SENT_MAX, judge->query->n_chain);
}

/* What was parsed for this judgement, or with the store; borrowed. */
static Certificate *find_issuer(const Judge *judge, const X509 *x509) {
    for (size_t i = 0; i < judge->n_sent; i++)
        if (judge->sent[i] && certificate_x509(judge->sent[i]) == x509)
            return judge->sent[i];
    for (size_t i = 0; i < trust_store_anchors(judge->store); i++)
        if (certificate_x509(trust_store_anchor(judge->store, i)) == x509)
            return trust_store_anchor(judge->store, i);
    return NULL;
}

static int keep_chain(const Judge *judge, Verdict *verdict) {
    for (int i = 1; i < sk_X509_num(judge->best_chain); i++) {
        Certificate *issuer = find_issuer(judge, sk_X509_value(judge->best_chain, i));
        int r;

        if (!issuer)
            return -ENOTRECOVERABLE; /* chains are made of these: OpenSSL has made one up */
        r = bytes_list_append(&verdict->chain, certificate_der(issuer));
        if (r < 0)
            return r;
        verdict->issuers[verdict->n_issuers++] = certificate_ref(issuer);
    }
    return 0;
}

static int make_chain(const Judge *judge, Verdict *verdict) {
    verdict->issuers = calloc((size_t) sk_X509_num(judge->best_chain), sizeof(*verdict->issuers));
    return verdict->issuers ? keep_chain(judge, verdict) : -ENOMEM;
}

/* Once for all chains: it is the leaf's own affair. */
static int find_kind(Judge *judge) {
    const Kinds *kinds = judge->rules->purpose == TRUST_PURPOSE_LOGIN ? trust_store_kinds(judge->store) : NULL;

    return kinds_judge(kinds, judge->leaf, &judge->kind, &judge->holder);
}

static void tell_kind(Judge *judge) {
    judge->best.kind = judge->kind;
    judge->best.kinds = judge->kind ? kinds_ref(trust_store_kinds(judge->store)) : NULL;
    judge->best.holder = TAKE_PTR(judge->holder);
}

static int run(Judge *judge) {
    int r;

    if (!parse_leaf(judge))
        return judge->fault;
    r = find_kind(judge);
    if (r == 0)
        r = parse_sent(judge);
    if (r == 0)
        r = judge_run(judge);
    if (r < 0)
        return r;
    assert(judge->found); /* else nothing was checked, and no reason would mean nothing */
    explain_untrusted(judge);
    tell_kind(judge);
    r = make_chain(judge, &judge->best);
    return r < 0 ? r : judge->fault;
}

int trust_judge(const TrustStore *store, const TrustQuery *query, Verdict *ret) {
    static const TrustRules login = {.purpose = TRUST_PURPOSE_LOGIN};
    Judge judge = {
        .store = store,
        .query = query,
        .rules = query->rules ? query->rules : &login,
        .deadline = query->deadline > 0 ? query->deadline : monotonic_now() + JUDGE_WORK_MAX,
    };
    int r = run(&judge);

    if (r == 0) {
        *ret = judge.best;
        judge.best = (Verdict){0};
    }
    sent_done(&judge);
    judge_done(&judge);
    return r;
}
