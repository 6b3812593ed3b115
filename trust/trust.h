/* SPDX-License-Identifier: BSD-2-Clause */
/* TrustStore: the anchors and revocation lists of one moment, immutable and shared by reference, and the judgement of a
 * certificate against it (RFC 5280 section 6 by OpenSSL, plus the rules it lacks: SECURITY 9-17, 39). No network, no
 * system CA store, ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "trust/certificate.h"
#include "trust/kinds.h"
#include "trust/verdict.h"

#define TRUST_SENT_MAX 128u

typedef struct TrustStore TrustStore;

typedef struct TrustOptions {
    const char *anchors_dir; /* PEM or DER files, one or more certificates each; self-issued CA certificates only */
    const char *crls_dir;    /* CRL files, PEM or DER; in PEM, certificates of who signs lists too, which are nothing
                                else by that; a missing folder is an empty one */
    bool soft_revocation;    /* default false: hard, missing or stale revocation data refuses */
    int64_t max_stale;       /* seconds past nextUpdate for which a CRL still serves */
    Kinds *kinds;            /* borrowed, the store takes a reference; NULL: a sign-in is judged without kinds */
    int64_t clock_floor;     /* the latest verified thisUpdate known from before, 0 for none (SECURITY 39) */
} TrustOptions;

typedef enum TrustProblemKind {
    TRUST_PROBLEM_ANCHOR,         /* a file or certificate that is no anchor, and is not used */
    TRUST_PROBLEM_ANCHOR_EXPIRED, /* loaded; nothing below it is accepted */
    TRUST_PROBLEM_NO_ANCHOR,      /* there is none at all */
    TRUST_PROBLEM_CRL,            /* a file or folder that cannot be used */
    TRUST_PROBLEM_CRL_STALE,      /* loaded; it may revoke, but acquits nobody */
    TRUST_PROBLEM_CRL_FUTURE,
    TRUST_PROBLEM_OCSP,     /* an answer that cannot be used */
    TRUST_PROBLEM_NO_KINDS, /* never found here; for callers who have none and go on */
} TrustProblemKind;

typedef struct TrustProblem {
    TrustProblemKind kind;
    bool malformed; /* there is something in the file that is no certificate, list or answer at all, or a damaged one */
    char *line;     /* "FILE: what is wrong", escaped; for the journal and for doctor */
} TrustProblem;

/* Zero-initialise; trust_problems_done(). */
typedef struct TrustProblems {
    TrustProblem *items;
    size_t count;
} TrustProblems;
void trust_problems_done(TrustProblems *problems);
/* Takes the problem with its line, also on failure. 0 or -ENOMEM. */
int trust_problems_add(TrustProblems *problems, TrustProblem problem);

/* Loads both folders: regular files in the order of their names, those that begin with a dot left out. A faulty file is
 * listed in problems (may be NULL) and skipped; the CRLs and signers that `previous` (may be NULL) holds of that file
 * are kept, so a bad file never makes data vanish (SECURITY 10). Stale CRLs and expired anchors are listed, too, but
 * loaded. CRLs whose issuer is an anchor are verified here; those of intermediates, which arrive with certificates, at
 * the first judgement that needs them. now: seconds since the epoch. 0 with a reference in *ret; -errno when
 * anchors_dir cannot be read. */
int trust_store_load(const TrustOptions *options, const TrustStore *previous, int64_t now, TrustStore **ret,
                     TrustProblems *problems);

/* One file's name, for problems, and its contents; borrowed. */
typedef struct TrustFile {
    const char *name;
    View contents;
} TrustFile;
typedef struct TrustFiles {
    const TrustFile *anchors, *crls; /* PEM or DER, one or more in each */
    const TrustFile *ocsps;          /* OCSP responses in DER */
    size_t n_anchors, n_crls, n_ocsps;
} TrustFiles;
/* The same from files that the caller has read; the folders of the options are not looked at. 0 or -ENOMEM. */
int trust_store_make(const TrustOptions *options, const TrustFiles *files, int64_t now, TrustStore **ret,
                     TrustProblems *problems);

TrustStore *trust_store_ref(TrustStore *store);   /* thread-safe */
TrustStore *trust_store_unref(TrustStore *store); /* thread-safe; accepts NULL, returns NULL */
DEFINE_CLEANUP(TrustStore *, trust_store_unref)
size_t trust_store_anchors(const TrustStore *store);
size_t trust_store_crls(const TrustStore *store);
/* Of one of them, index counting from 0; borrowed. */
const CertificateFacts *trust_store_anchor_facts(const TrustStore *store, size_t index);
typedef struct TrustCrlFacts {
    const char *file; /* its name in the folder */
    int64_t this_update;
    int64_t next_update;
    bool superseded; /* there is a newer list of the same issuer's name */
} TrustCrlFacts;
TrustCrlFacts trust_store_crl_facts(const TrustStore *store, size_t index);
Kinds *trust_store_kinds(const TrustStore *store); /* borrowed; NULL */
/* The latest thisUpdate verified so far, options.clock_floor included: to be kept, and given to the next load. */
int64_t trust_store_clock_floor(const TrustStore *store);

/* What a certificate is judged for. */
typedef enum TrustPurpose {
    TRUST_PURPOSE_LOGIN, /* to sign in with: SECURITY 11 */
    TRUST_PURPOSE_ANY,   /* path validation alone */
    TRUST_PURPOSE_USAGE, /* one extended key usage (RFC 5280 4.2.1.12) */
} TrustPurpose;

/* How far missing revocation data refuses. A revocation that is found always does. */
typedef enum TrustRevocation {
    TRUST_REVOCATION_CHAIN, /* for each certificate below the anchor */
    TRUST_REVOCATION_LEAF,  /* for the certificate itself */
    TRUST_REVOCATION_NONE,  /* nothing is asked */
} TrustRevocation;

/* All zero: as for a sign-in. Borrowed strings; OIDs are dotted and trust_is_oid(). */
typedef struct TrustRules {
    TrustPurpose purpose;
    const char *usage; /* of TRUST_PURPOSE_USAGE */
    TrustRevocation revocation;
    const char *const *policies; /* RFC 5280 6.1.1 (c); none: any */
    size_t n_policies;
    bool explicit_policy, inhibit_any_policy, inhibit_policy_mapping; /* RFC 5280 6.1.1 (e) to (g) */
    bool limit_depth;
    unsigned max_depth; /* intermediate certificates, self-issued ones not counted; with limit_depth */
} TrustRules;

bool trust_is_oid(const char *text);

typedef struct TrustQuery {
    View leaf;
    const View *chain; /* intermediates in any order, at most TRUST_SENT_MAX are looked at */
    size_t n_chain;
    const TrustRules *rules;   /* NULL: to sign in */
    Certificate *const *known; /* may save parsing, never changes the verdict: each stands for the octets it was made of
                                  where leaf or chain has exactly those; borrowed, NULL when there are none */
    size_t n_known;
    int64_t now;       /* seconds since the epoch */
    uint64_t deadline; /* CLOCK_MONOTONIC, microseconds: past it WORK_LIMIT is a reason (SECURITY 14, 40); 0: one second
                          from the call */
} TrustQuery;

/* Judges for what the rules say. 0 with a filled *ret (accepted or not), or -ENOMEM with nothing. A pure function of
 * store and query (but for the time limit): any thread.
 *
 * Where there are several chains (issuers of the same name or key, cross-certificates), they are tried until one holds;
 * the reasons are those of the best one, the likelier one first among equals. All checks run along a chain whatever the
 * earlier ones found, so EXPIRED alone (verdict_is_only) means that nothing else is wrong; the anchor or an
 * intermediate may be what has expired, which the depth tells. A certificate ends with its notAfter, no tolerance.
 * Revocation is asked only along a chain whose signatures lead to an anchor: a chain that does not is UNTRUSTED or
 * BAD_SIGNATURE anyway. A list that names the certificate counts however stale, partial or soft.
 *
 * To sign in, the certificate's kind has to allow it, may do without an extended key usage, and may demand a certain
 * holder. Else one that names no holder is accepted here: profiles are the caller's policy. */
int trust_judge(const TrustStore *store, const TrustQuery *query, Verdict *ret);
