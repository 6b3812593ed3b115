/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a judgement share, and nobody else includes: judge.c leads, path.c finds chains, validate.c has
 * OpenSSL check one, rules.c adds what OpenSSL lets pass, fitness.c asks what the certificate is for, revocation.c asks
 * the lists and the OCSP answers. Each part adds its reasons to the verdict of the chain at hand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "trust/internal.h"
#include "trust/trust.h"

/* One judgement while it runs. */
typedef struct Judge {
    const TrustStore *store;
    const TrustQuery *query;
    const TrustRules *rules;
    uint64_t deadline;
    Certificate *leaf;
    Certificate **sent;
    size_t n_sent;
    const struct Judge
        *within;      /* the leaf is what signs a list for this one; NULL for a judgement that was asked for */
    const Kind *kind; /* of the leaf; NULL: none, or nobody asks */
    char *holder;     /* that the kind makes of it; NULL: nobody asks */
    X509 *end;        /* the one anchor that a chain may end in; NULL: any */

    /* The chain at hand. */
    STACK_OF(X509) * chain; /* leaf first */
    Verdict *verdict;
    bool anchored; /* it ends in an anchor and every signature in it holds */

    /* The best so far. */
    STACK_OF(X509) * best_chain;
    Verdict best;
    bool best_anchored;
    bool found; /* there is one */
    bool cut;   /* there were more chains than are looked at */

    int fault; /* -ENOMEM once anything was lost */
} Judge;

/* Adds a reason to the chain at hand. */
void judge_add(Judge *judge, VerdictReason reason, unsigned depth, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with what was wanted. */
void judge_add_wanted(Judge *judge, VerdictReason reason, unsigned depth, const char *wanted, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Tells of a list or an answer of this name. */
void judge_add_source(Judge *judge, RevocationSource source, const char *name);
bool judge_deadline_passed(const Judge *judge);
/* True when the time is up, and then a reason of the verdict. */
bool judge_time_is_up(Judge *judge);
/* Looks for chains and judges each until one holds; best and best_chain then, if found. 0 or -ENOMEM. judge_done()
 * after it. */
int judge_run(Judge *judge);
void judge_done(Judge *judge);

typedef struct TimeText {
    char text[32];
} TimeText;
TimeText time_text(int64_t seconds); /* "2026-01-31T12:00:00Z" */

typedef struct OidText {
    char text[128];
} OidText;
OidText oid_text(const ASN1_OBJECT *object); /* dotted; shortened where it is longer than anybody's */

/* ── path.c ── */
/* A chain from the leaf, links[0], to an anchor, links[count - 1]. True: look no further. */
typedef bool (*PathFunction)(Judge *judge, X509 *const *links, size_t count);
/* Calls `try` for each chain of the leaf, the sent certificates and the anchors, best first. Sets judge->cut when it
 * gave up before the end. 0 or -ENOMEM. */
int path_search(Judge *judge, PathFunction try);

/* ── validate.c ── */
/* RFC 5280 section 6 along the chain that OpenSSL builds of these (borrowed): fills chain and anchored. 0 or -ENOMEM.
 */
int validate_chain(Judge *judge, STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted);

/* ── rules.c, fitness.c, revocation.c: of the chain at hand ── */
void check_rules(Judge *judge);
void check_fitness(Judge *judge);
void check_revocation(Judge *judge);
