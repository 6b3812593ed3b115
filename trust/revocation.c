/* SPDX-License-Identifier: BSD-2-Clause */
/* Revocation along the chain at hand (SECURITY 9, 39; RFC 5280 6.3): what all lists and OCSP answers together say of
 * each certificate. Called by judge.c; must never take the silence of a list for an answer unless the list covers the
 * certificate, is current, and is signed by whom the certificate's issuer lets sign it. */
#include <errno.h>

#include <openssl/x509v3.h>

#include "common/macros.h"
#include "trust/judge.h"

#define REVOCATION_HOLDS_MAX 8u

/* Whose status is asked for. */
typedef struct Subject {
    X509 *x509, *issuer;
    unsigned depth;
    bool told; /* the verdict says which lists and answers were asked about it */
} Subject;

/* What all lists and answers together say of one certificate. */
typedef struct Findings {
    bool revoked;
    bool on_hold; /* and not taken off again */
    int64_t since;
    const char *by;      /* what stands before the time in the detail */
    bool forged;         /* a list or an answer in the issuer's name that nobody who may has signed */
    bool unknown;        /* a responder that does not know the certificate */
    const char *partial; /* why a list that is there says nothing; NULL */
    uint32_t served;     /* reasons for which there is current data */
    bool whole;          /* one list or answer covers them all */
    int64_t whole_from;  /* thisUpdate of the newest such */
    int64_t part_from;   /* thisUpdate of the oldest of the others */
    bool stale, future;
    int64_t stale_since;  /* nextUpdate of what ended last */
    int64_t future_until; /* thisUpdate of the earliest to come */
    const Crl *holds[REVOCATION_HOLDS_MAX];
    size_t n_holds;
} Findings;

/* ── who may sign a list ── */

static bool is_in_chain(const Judge *judge, X509 *x509) {
    for (int i = 1; judge->anchored && i < sk_X509_num(judge->chain); i++)
        if (X509_cmp(sk_X509_value(judge->chain, i), x509) == 0)
            return true;
    return false;
}

static bool signer_is_accepted(Judge *judge, Certificate *signer) {
    static const TrustRules rules = {.purpose = TRUST_PURPOSE_ANY};
    CLEANUP(judge_done)
    Judge inner = {
        .store = judge->store,
        .query = judge->query,
        .rules = &rules,
        .deadline = judge->deadline,
        .leaf = certificate_ref(signer),
        .sent = judge->sent,
        .n_sent = judge->n_sent,
        .within = judge,
        .end = sk_X509_value(judge->chain, sk_X509_num(judge->chain) - 1),
    };

    if (judge_run(&inner) < 0)
        judge->fault = inner.fault;
    return inner.found && verdict_accepted(&inner.best);
}

/* RFC 5280 6.3.3 (f): a path of its own to the same anchor, and nothing against it. What signs the lists about a
 * signer, and is neither its issuer nor itself, is not asked for: that would have no end. Want of memory deep inside
 * OpenSSL may look like something against it, and a list would be lost: hence the second look. */
static bool signer_holds(Judge *judge, Certificate *signer) {
    if (judge->within)
        return X509_cmp(certificate_x509(judge->leaf), certificate_x509(signer)) == 0;
    return signer_is_accepted(judge, signer) || signer_is_accepted(judge, signer);
}

/* Whether this certificate bears the name of the list's issuer, its key signed the list, and it may. -ENOMEM. */
static int is_signer(Judge *judge, Crl *crl, Certificate *candidate) {
    X509 *x509 = certificate_x509(candidate);
    int r = crl_is_signed_by(crl, x509);

    if (r <= 0)
        return r;
    return is_in_chain(judge, x509) || signer_holds(judge, candidate) ? crl_verify(crl, x509) : 0;
}

/* Who signs lists apart from the issuer comes along with the certificate, or with the lists: of a stored chain only
 * issuers are kept. */
static int is_proven_by_another(Judge *judge, Crl *crl) {
    for (size_t i = 0; i < judge->n_sent && !judge_time_is_up(judge); i++) {
        int r = is_signer(judge, crl, judge->sent[i]);

        if (r != 0)
            return r;
    }
    for (size_t i = 0; i < trust_store_signers(judge->store) && !judge_time_is_up(judge); i++) {
        int r = is_signer(judge, crl, trust_store_signer(judge->store, i));

        if (r != 0)
            return r;
    }
    for (size_t i = 0; i < trust_store_anchors(judge->store); i++) {
        Certificate *anchor = trust_store_anchor(judge->store, i);
        int r = is_in_chain(judge, certificate_x509(anchor)) ? is_signer(judge, crl, anchor) : 0;

        if (r != 0)
            return r;
    }
    return 0;
}

/* 1 or 0; -ENOMEM. */
static int is_proven(Judge *judge, const Subject *subject, Crl *crl) {
    int r = crl_is_issued_by(crl, subject->issuer) ? crl_verify(crl, subject->issuer) : 0;

    return r != 0 ? r : is_proven_by_another(judge, crl);
}

/* ── weighing ── */

static void serve(Findings *findings, uint32_t reasons, int64_t from) {
    if (reasons == CRL_REASONS_ALL) {
        findings->whole_from = !findings->whole || from > findings->whole_from ? from : findings->whole_from;
        findings->whole = true;
    } else {
        findings->part_from = findings->served == 0 || from < findings->part_from ? from : findings->part_from;
    }
    findings->served |= reasons;
}

/* Whether it serves. next_update: when it ends; grace: seconds after it for which it still serves. */
static RevocationState age_state(const Judge *judge, int64_t this_update, int64_t next_update, int64_t grace) {
    if (this_update > judge->query->now)
        return REVOCATION_NOT_YET_VALID;
    return next_update < judge->query->now - grace ? REVOCATION_STALE : REVOCATION_GOOD;
}

static void weigh_age(Findings *findings, RevocationState state, uint32_t reasons, int64_t this_update,
                      int64_t next_update) {
    if (reasons == 0)
        return;
    if (state == REVOCATION_NOT_YET_VALID) {
        if (!findings->future || this_update < findings->future_until)
            findings->future_until = this_update;
        findings->future = true;
    } else if (state == REVOCATION_STALE) {
        if (!findings->stale || next_update > findings->stale_since)
            findings->stale_since = next_update;
        findings->stale = true;
    } else {
        serve(findings, reasons, this_update);
    }
}

/* Never lapses, and counts in whatever scope. */
static void weigh_revoked(Findings *findings, const Crl *crl, const CrlAnswer *answer) {
    if (answer->held && findings->n_holds < REVOCATION_HOLDS_MAX) {
        findings->holds[findings->n_holds++] = crl;
    } else {
        findings->revoked = true;
        findings->by = "";
    }
    findings->since = answer->since;
}

/* age: of the list. */
static RevocationState list_state(const CrlAnswer *answer, RevocationState age) {
    if (answer->revoked)
        return answer->held ? REVOCATION_ON_HOLD : REVOCATION_REVOKED;
    if (age == REVOCATION_GOOD && answer->removed)
        return REVOCATION_LIFTED;
    return answer->partial ? REVOCATION_PARTIAL : age;
}

static void tell_list(Judge *judge, const Subject *subject, const Crl *crl, const CrlAnswer *answer,
                      RevocationState age) {
    RevocationSource source = {
        .depth = subject->depth,
        .kind = crl_is_delta(crl) ? REVOCATION_KIND_DELTA_CRL : REVOCATION_KIND_CRL,
        .state = list_state(answer, age),
        .this_update = crl_this_update(crl),
        .next_update = crl_next_update(crl),
    };

    if (subject->told && (answer->revoked || answer->in_scope))
        judge_add_source(judge, source, crl_file(crl));
}

/* 0 or -ENOMEM. */
static int ask_list(Judge *judge, const Subject *subject, Crl *crl, Findings *findings) {
    RevocationState age =
        age_state(judge, crl_this_update(crl), crl_next_update(crl), trust_store_max_stale(judge->store));
    CrlAnswer answer;
    int r;

    if (!crl_concerns(crl, subject->x509, subject->issuer))
        return 0;
    r = is_proven(judge, subject, crl);
    if (r <= 0) {
        findings->forged = true;
        return r;
    }
    crl_ask(crl, subject->x509, subject->issuer, &answer);
    if (answer.revoked)
        weigh_revoked(findings, crl, &answer);
    if (answer.partial)
        findings->partial = answer.partial;
    weigh_age(findings, age, answer.covers, crl_this_update(crl), crl_next_update(crl));
    tell_list(judge, subject, crl, &answer, age);
    return 0;
}

/* A current delta of the same signer's that updates the list has taken the certificate off it. */
static bool is_lifted(Judge *judge, const Subject *subject, const Crl *hold) {
    for (size_t i = 0; i < trust_store_crls(judge->store); i++) {
        Crl *delta = trust_store_crl(judge->store, i);
        CrlAnswer answer;
        int64_t now = judge->query->now;

        if (!crl_updates(delta, hold) || crl_this_update(delta) > now ||
            crl_next_update(delta) < now - trust_store_max_stale(judge->store))
            continue;
        crl_ask(delta, subject->x509, subject->issuer, &answer);
        if (answer.removed && is_proven(judge, subject, delta) == 1)
            return true;
    }
    return false;
}

static void ask_lists(Judge *judge, const Subject *subject, Findings *findings) {
    for (size_t i = 0; i < trust_store_crls(judge->store) && !judge_time_is_up(judge); i++) {
        int r = ask_list(judge, subject, trust_store_crl(judge->store, i), findings);

        if (r < 0)
            judge->fault = r;
    }
    for (size_t i = 0; i < findings->n_holds; i++)
        findings->on_hold = findings->on_hold || !is_lifted(judge, subject, findings->holds[i]);
}

/* A responder that the issuer does not exempt must not be revoked itself; lists say so, since answers would go on
 * asking for answers. */
static bool responder_holds(Judge *judge, const Subject *subject, X509 *responder) {
    Subject other = {.x509 = responder, .issuer = subject->issuer, .depth = subject->depth};
    Findings findings = {0};

    ask_lists(judge, &other, &findings);
    return !findings.revoked && !findings.on_hold && findings.served == CRL_REASONS_ALL;
}

static RevocationState answer_state(const Judge *judge, const OcspAnswer *answer) {
    if (answer->status == OCSP_REVOKED)
        return REVOCATION_REVOKED;
    if (answer->status == OCSP_UNKNOWN)
        return REVOCATION_UNKNOWN;
    return age_state(judge, answer->this_update, answer->next_update,
                     answer->bounded ? trust_store_max_stale(judge->store) : 0);
}

static void tell_answer(Judge *judge, const Subject *subject, const Ocsp *ocsp, const OcspAnswer *answer,
                        RevocationState state) {
    RevocationSource source = {
        .depth = subject->depth,
        .kind = REVOCATION_KIND_OCSP,
        .state = state,
        .this_update = answer->this_update,
        .next_update = answer->next_update,
    };

    judge_add_source(judge, source, ocsp_file(ocsp));
}

static void weigh_answer(Judge *judge, const Subject *subject, const Ocsp *ocsp, const OcspAnswer *answer,
                         Findings *findings) {
    RevocationState state = answer_state(judge, answer);
    bool revoked = state == REVOCATION_REVOKED;

    if (!revoked && answer->responder && !responder_holds(judge, subject, answer->responder)) {
        findings->forged = true;
        return;
    }
    tell_answer(judge, subject, ocsp, answer, state);
    if (revoked) {
        findings->revoked = true;
        findings->by = "OCSP, ";
        findings->since = answer->since;
    } else if (state == REVOCATION_UNKNOWN) {
        findings->unknown = true;
    } else {
        weigh_age(findings, state, CRL_REASONS_ALL, answer->this_update, answer->next_update);
    }
}

static void ask_answers(Judge *judge, const Subject *subject, Findings *findings) {
    for (size_t i = 0; i < trust_store_ocsps(judge->store) && !judge_time_is_up(judge); i++) {
        const Ocsp *ocsp = trust_store_ocsp(judge->store, i);
        OcspAnswer answer;
        int r = ocsp_ask(ocsp, subject->x509, subject->issuer, judge->query->now, &answer);

        if (r < 0)
            judge->fault = r;
        findings->forged = findings->forged || answer.forged;
        if (answer.status != OCSP_SILENT)
            weigh_answer(judge, subject, ocsp, &answer, findings);
    }
}

/* ── reporting ── */

/* Why what there is says nothing; NULL when there is nothing. */
static const char *missing_detail(const Findings *findings) {
    if (findings->unknown)
        return "the OCSP responder does not know the certificate";
    if (findings->forged)
        return "what there is in its name is not signed by its key";
    if (findings->served != 0)
        return "the lists do not cover all reasons for a revocation";
    return findings->partial;
}

static void report_none(Judge *judge, const Findings *findings, const Subject *subject) {
    const char *detail = missing_detail(findings);
    CLEANUP(free_pointer) char *issuer = detail ? NULL : name_text(X509_get_subject_name(subject->issuer));

    if (detail)
        judge_add(judge, VERDICT_REVOCATION_MISSING, subject->depth, "%s", detail);
    else if (issuer)
        judge_add(judge, VERDICT_REVOCATION_MISSING, subject->depth, "no list of %s", issuer);
    else
        judge->fault = -ENOMEM;
}

static void report_missing(Judge *judge, const Findings *findings, const Subject *subject) {
    unsigned depth = subject->depth;

    if (findings->stale)
        judge_add(judge, VERDICT_REVOCATION_STALE, depth, "ended %s", time_text(findings->stale_since).text);
    if (findings->future)
        judge_add(judge, VERDICT_REVOCATION_NOT_YET_VALID, depth, "begins %s", time_text(findings->future_until).text);
    if (!findings->stale && !findings->future)
        report_none(judge, findings, subject);
}

static void report_served(Judge *judge, const Findings *findings) {
    int64_t *oldest = &judge->verdict->revocation_checked;
    int64_t from = findings->whole ? findings->whole_from : findings->part_from;

    if (*oldest == 0 || from < *oldest)
        *oldest = from;
}

static bool is_wanted(const Judge *judge, unsigned depth) {
    return !trust_store_is_soft(judge->store) && (depth == 0 || judge->rules->revocation == TRUST_REVOCATION_CHAIN);
}

static void report(Judge *judge, const Findings *findings, const Subject *subject) {
    bool revoked = findings->revoked || findings->on_hold;

    if (revoked)
        judge_add(judge, VERDICT_REVOKED, subject->depth, "%ssince %s", findings->revoked ? findings->by : "on hold, ",
                  time_text(findings->since).text);
    if (findings->served == CRL_REASONS_ALL)
        report_served(judge, findings);
    else if (!revoked && is_wanted(judge, subject->depth))
        report_missing(judge, findings, subject);
}

static void check_certificate(Judge *judge, unsigned depth) {
    Findings findings = {0};
    Subject subject = {
        .x509 = sk_X509_value(judge->chain, (int) depth),
        .issuer = sk_X509_value(judge->chain, (int) depth + 1),
        .depth = depth,
        .told = true,
    };

    ask_lists(judge, &subject, &findings);
    ask_answers(judge, &subject, &findings);
    report(judge, &findings, &subject);
}

/* SECURITY 39. */
static void check_clock(Judge *judge) {
    int64_t floor = trust_store_clock_floor(judge->store);

    if (judge->query->now < floor)
        judge_add(judge, VERDICT_CLOCK_WRONG, 0, "it shows %s, revocation data is of %s",
                  time_text(judge->query->now).text, time_text(floor).text);
}

/* An issuer whose own certificate was not proven says nothing, so an untrusted chain is not asked about. */
void check_revocation(Judge *judge) {
    if (judge->rules->revocation == TRUST_REVOCATION_NONE)
        return;
    for (int i = 0; judge->anchored && i + 1 < sk_X509_num(judge->chain); i++)
        check_certificate(judge, (unsigned) i);
    if (!judge->within)
        check_clock(judge);
}
