/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds chains. Authorities have several certificates: a new one for the same key, one for a new key under the same
 * name, cross-certificates of others; OpenSSL takes the first that looks right and does not go back. This goes through
 * all of them, depth first, the likely ones first, within limits (SECURITY 14, 40), so that the usual case is the first
 * chain. Called by judge.c; must never decide anything: what it finds are candidates. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "common/macros.h"
#include "common/protocol.h"
#include "trust/judge.h"

#define PATH_STEPS_MAX 1024u /* certificates that are asked for their issuers */
#define PATH_TRIES_MAX 32u   /* chains that are judged */
#define PATH_CHECKS_MAX 256u /* signatures that are verified to choose between issuers */
#define PATH_RANKS 8u        /* 0 is the likeliest */
#define PATH_NO_ISSUER PATH_RANKS

/* One signature that was looked at. */
typedef struct PathCheck {
    X509 *subject, *issuer;
    bool holds;
} PathCheck;

typedef struct Path {
    Judge *judge;
    PathFunction try;
    X509 **pool; /* anchors, then what was sent; borrowed */
    size_t n_anchors, n_pool;
    uint8_t *ranks; /* one row of n_pool for each link */
    X509 *links[OVCERT_CHAIN_MAX];
    PathCheck *checks;
    size_t n_checks, n_steps, n_tries;
} Path;

static void path_done(Path *path) {
    free(path->pool);
    free(path->ranks);
    free(path->checks);
}

static bool pool_holds(const Path *path, X509 *x509) {
    for (size_t i = 0; i < path->n_pool; i++)
        if (path->pool[i] == x509 || X509_cmp(path->pool[i], x509) == 0)
            return true;
    return false;
}

static int pool_fill(Path *path) {
    const Judge *judge = path->judge;
    size_t n_anchors = trust_store_anchors(judge->store), size = n_anchors + judge->n_sent;

    path->pool = calloc(size + 1, sizeof(X509 *)); /* never of size 0 */
    path->ranks = calloc(size + 1, OVCERT_CHAIN_MAX);
    if (!path->pool || !path->ranks)
        return -ENOMEM;
    for (size_t i = 0; i < n_anchors; i++)
        path->pool[path->n_pool++] = certificate_x509(trust_store_anchor(judge->store, i));
    path->n_anchors = n_anchors;
    for (size_t i = 0; i < judge->n_sent; i++)
        if (!pool_holds(path, certificate_x509(judge->sent[i])))
            path->pool[path->n_pool++] = certificate_x509(judge->sent[i]);
    return 0;
}

static bool is_current(const Judge *judge, X509 *x509) {
    int64_t begin, end;

    return time_from_asn1(X509_get0_notBefore(x509), &begin) && time_from_asn1(X509_get0_notAfter(x509), &end) &&
           begin <= judge->query->now && judge->query->now <= end;
}

static bool names_key_of(X509 *subject, X509 *issuer) {
    const ASN1_OCTET_STRING *wanted = X509_get0_authority_key_id(subject), *key = X509_get0_subject_key_id(issuer);

    return wanted && key && ASN1_OCTET_STRING_cmp(wanted, key) == 0;
}

/* How likely the candidate is the issuer; PATH_NO_ISSUER when it cannot be. */
static uint8_t rank(const Path *path, X509 *subject, size_t candidate) {
    X509 *issuer = path->pool[candidate];

    if (X509_check_issued(issuer, subject) != X509_V_OK) /* names, key identifiers, key usage; no signature yet */
        return PATH_NO_ISSUER;
    return (uint8_t) ((is_current(path->judge, issuer) ? 0 : 4) + (candidate < path->n_anchors ? 0 : 2) +
                      (names_key_of(subject, issuer) ? 0 : 1));
}

static bool is_linked(const Path *path, size_t length, X509 *x509) {
    for (size_t i = 0; i < length; i++)
        if (path->links[i] == x509 || X509_cmp(path->links[i], x509) == 0)
            return true;
    return false;
}

static size_t rank_all(Path *path, size_t length, uint8_t *ranks) {
    X509 *subject = path->links[length - 1];
    size_t count = 0;

    for (size_t i = 0; i < path->n_pool; i++) {
        ranks[i] = rank(path, subject, i);
        if (ranks[i] != PATH_NO_ISSUER && is_linked(path, length, path->pool[i]))
            ranks[i] = PATH_NO_ISSUER;
        count += ranks[i] != PATH_NO_ISSUER;
    }
    return count;
}

static bool look(Path *path, X509 *subject, X509 *issuer) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    PathCheck *check;

    if (path->n_checks == PATH_CHECKS_MAX) {
        path->judge->cut = true;
        return false;
    }
    if (!path->checks && !(path->checks = calloc(PATH_CHECKS_MAX, sizeof(*path->checks)))) {
        path->judge->fault = -ENOMEM;
        return false;
    }
    check = &path->checks[path->n_checks++];
    /* Keys that are never accepted are not worth the work of their signatures. */
    *check = (PathCheck){subject, issuer, key && !key_problem(key) && X509_verify(subject, key) == 1};
    if (openssl_out_of_memory())
        path->judge->fault = -ENOMEM;
    return check->holds;
}

static bool signature_holds(Path *path, X509 *subject, X509 *issuer) {
    for (size_t i = 0; i < path->n_checks; i++)
        if (path->checks[i].subject == subject && path->checks[i].issuer == issuer)
            return path->checks[i].holds;
    return look(path, subject, issuer);
}

static bool give_up(Path *path) {
    Judge *judge = path->judge;

    if (path->n_steps == PATH_STEPS_MAX || path->n_tries == PATH_TRIES_MAX || judge_deadline_passed(judge))
        judge->cut = true;
    return judge->cut || judge->fault < 0;
}

static bool extend(Path *path, size_t length);

/* True: look no further. */
static bool follow(Path *path, size_t length, size_t candidate) {
    X509 *issuer = path->pool[candidate];

    path->links[length] = issuer;
    if (candidate >= path->n_anchors)
        return extend(path, length + 1);
    if (path->judge->end && path->judge->end != issuer)
        return false;
    path->n_tries++;
    return path->try(path->judge, path->links, length + 1);
}

/* Signatures are verified here only to choose between several: along a chain, validation verifies them all. */
static bool extend(Path *path, size_t length) {
    uint8_t *ranks = path->ranks + (length - 1) * path->n_pool;
    size_t count;

    if (length == OVCERT_CHAIN_MAX)
        return false;
    if (give_up(path))
        return true;
    path->n_steps++;
    count = rank_all(path, length, ranks);
    for (uint8_t wanted = 0; count > 0 && wanted < PATH_RANKS; wanted++)
        for (size_t i = 0; i < path->n_pool; i++) {
            if (ranks[i] != wanted || (count > 1 && !signature_holds(path, path->links[length - 1], path->pool[i])))
                continue;
            if (give_up(path) || follow(path, length, i))
                return true;
        }
    return false;
}

int path_search(Judge *judge, PathFunction try) {
    CLEANUP(path_done) Path path = {.judge = judge, .try = try};
    int r = pool_fill(&path);

    if (r < 0)
        return r;
    path.links[0] = certificate_x509(judge->leaf);
    (void) extend(&path, 1); /* what it found is in the judge */
    return judge->fault;
}
