/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdict: accepted or not, with every reason, as data. Never only the first reason. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "trust/kinds.h"

/* X(symbol, name, what is wrong, what is wanted where the case does not say more, what to do). Names are stable: they
 * go over D-Bus, into JSON and the audit log. */
#define VERDICT_REASONS(X)                                                                                             \
    X(MALFORMED, "malformed", N_("It is not a valid certificate."), N_("one certificate in DER, as it is or in PEM"),  \
      N_("Give a certificate in PEM or DER."))                                                                         \
    X(TOO_LARGE, "too-large", N_("The certificate is larger than 64 KiB."), N_("65536 octets at most"),                \
      N_("Ask its issuer for a smaller one."))                                                                         \
    X(EXPIRED, "expired", N_("The certificate has expired."), N_("an end in the future"),                              \
      N_("Renew it with its issuer, then run \"ovcertctl renew\"."))                                                   \
    X(NOT_YET_VALID, "not-yet-valid", N_("The certificate is not valid yet."), N_("a beginning in the past"),          \
      N_("Wait, or check the clock."))                                                                                 \
    X(UNTRUSTED, "untrusted", N_("No chain leads to a trust anchor."), N_("a chain to a certificate in anchors.d"),    \
      N_("An administrator puts the issuer's root into anchors.d; the intermediates must come with the certificate.")) \
    X(CHAIN_TOO_LONG, "chain-too-long", N_("The chain is longer than 8 certificates."), N_("8 certificates at most"),  \
      N_("Ask the issuer."))                                                                                           \
    X(BAD_SIGNATURE, "bad-signature", N_("A signature in the chain does not verify."),                                 \
      N_("a signature that the issuer's key verifies"), N_("Fetch the certificate again."))                            \
    X(REVOKED, "revoked", N_("The certificate was revoked by its issuer."),                                            \
      N_("a certificate that its issuer has not revoked"), N_("Get a new one from the issuer."))                       \
    X(REVOCATION_MISSING, "revocation-missing", N_("There is no revocation list of the issuer."),                      \
      N_("a current list of the issuer in crls.d, or its OCSP answer"),                                                \
      N_("An administrator puts the issuer's CRL into crls.d."))                                                       \
    X(REVOCATION_STALE, "revocation-stale", N_("The issuer's revocation list is too old."),                            \
      N_("a list whose next update has not passed for longer than max-stale"), N_("Fetch a fresh CRL."))               \
    X(REVOCATION_NOT_YET_VALID, "revocation-not-yet-valid", N_("The issuer's revocation list lies in the future."),    \
      N_("a list from the past"), N_("Check the clock."))                                                              \
    X(CLOCK_WRONG, "clock-wrong", N_("The clock is earlier than revocation data that was already verified."),          \
      N_("a clock that is not earlier than what was seen"), N_("Set the clock right."))                                \
    X(KEY_USAGE, "key-usage", N_("The certificate is not for digital signatures (key usage)."),                        \
      N_("digitalSignature"), N_("Use the authentication certificate, not the signature-only one."))                   \
    X(EXTENDED_KEY_USAGE, "extended-key-usage", N_("The certificate is not for signing in (extended key usage)."),     \
      N_("clientAuth or smart card logon"), N_("Use one with clientAuth or smart card logon."))                        \
    X(KIND, "kind", N_("Nobody signs in here with a certificate of this kind."), N_("a kind whose login is yes"),      \
      N_("Use one of another kind; or an administrator changes the kind's \"login\" in kinds.d."))                     \
    X(WEAK_KEY, "weak-key", N_("A key in the chain is too weak."),                                                     \
      N_("RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519"),                                                  \
      N_("Use RSA of 2048 bits or more, P-256 or better."))                                                            \
    X(WEAK_SIGNATURE, "weak-signature", N_("A signature in the chain uses a broken algorithm (MD5, SHA-1)."),          \
      N_("SHA-256 or stronger"), N_("Ask the issuer for a certificate signed with SHA-256."))                          \
    X(VERSION, "version", N_("The certificate is not X.509 version 3."), N_("version 3"),                              \
      N_("Ask the issuer for a current one."))                                                                         \
    X(SERIAL, "serial", N_("The serial number is not positive or longer than 20 octets."),                             \
      N_("a positive number of 20 octets at most"), N_("Ask the issuer."))                                             \
    X(LEAF_IS_CA, "leaf-is-ca", N_("It is a certificate authority's certificate."),                                    \
      N_("a certificate that signs no others"), N_("Use a personal certificate."))                                     \
    X(NAME_CONSTRAINTS, "name-constraints", N_("A name constraint is violated or out of place."),                      \
      N_("names that every authority above allows, and constraints that RFC 5280 allows"), N_("Ask the issuer."))      \
    X(POLICY, "policy", N_("A certificate policy rule is violated."),                                                  \
      N_("one policy that holds along the whole chain, and policy extensions that RFC 5280 allows"),                   \
      N_("Ask the issuer."))                                                                                           \
    X(EXTENSION, "extension", N_("A critical extension is unknown or wrong."),                                         \
      N_("extensions that RFC 5280 allows, each once, and no critical one that is unknown"), N_("Ask the issuer."))    \
    X(NAME, "name", N_("A name holds characters that are never accepted."), N_("printable characters"),                \
      N_("Ask the issuer for a corrected certificate."))                                                               \
    X(HOLDER, "holder", N_("The certificate does not say who its holder is."),                                         \
      N_("one person by a tax id, or what the kind makes its holder from"), N_("Use a personal certificate."))         \
    X(WORK_LIMIT, "work-limit", N_("Checking the certificate takes too much work."),                                   \
      N_("a verdict within a second, 32 chains and 256 signatures"), N_("Send only the chain that is needed."))        \
    X(INVALID, "invalid", N_("The certificate fails path validation."),                                                \
      N_("a chain that holds by RFC 5280, section 6"), N_("Ask the issuer, and tell what was found."))                 \
    X(HOLDER_MISMATCH, "holder-mismatch", N_("The certificate belongs to another holder than the profile."),           \
      N_("the holder of the profile"), N_("Use a certificate of the profile's holder."))                               \
    X(HOLDER_UNKNOWN, "holder-unknown", N_("The profile has no holder yet."), N_("a profile that has a holder"),       \
      N_("Ask an administrator to assign the first one."))                                                             \
    X(UNAVAILABLE, "unavailable", N_("The certificate cannot be used for this profile."),                              \
      N_("a certificate that is neither barred nor assigned to another profile"), N_("Ask an administrator."))

typedef enum VerdictReason {
#define X(symbol, name, text, wanted, advice) VERDICT_##symbol,
    VERDICT_REASONS(X)
#undef X
        VERDICT_REASON_COUNT_,
} VerdictReason;

typedef struct VerdictItem {
    VerdictReason reason;
    unsigned depth; /* 0: the certificate itself, 1: its issuer, ... */
    char *detail;   /* what was found; escaped, "" when there is nothing to add */
    char *wanted;   /* what was wanted in this case; NULL: what the reason always wants; read with verdict_wanted() */
} VerdictItem;

/* What a list or an answer says of a certificate. X(symbol, name, in words); names go over D-Bus and into JSON. */
#define REVOCATION_STATES(X)                                                                                           \
    X(GOOD, "good", N_("does not name it"))                                                                            \
    X(REVOKED, "revoked", N_("revokes it"))                                                                            \
    X(ON_HOLD, "on-hold", N_("holds it"))                                                                              \
    X(LIFTED, "lifted", N_("lifts the hold on it"))                                                                    \
    X(UNKNOWN, "unknown", N_("does not know it"))                                                                      \
    X(STALE, "stale", N_("has ended, so that its silence says nothing"))                                               \
    X(NOT_YET_VALID, "not-yet-valid", N_("lies in the future, so that its silence says nothing"))                      \
    X(PARTIAL, "partial", N_("holds what is not understood, so that its silence says nothing"))

typedef enum RevocationState {
#define X(symbol, name, words) REVOCATION_##symbol,
    REVOCATION_STATES(X)
#undef X
        REVOCATION_STATE_COUNT_,
} RevocationState;

typedef enum RevocationKind {
    REVOCATION_KIND_CRL,
    REVOCATION_KIND_DELTA_CRL, /* revokes, or lifts a hold of the list that it updates; acquits nobody alone */
    REVOCATION_KIND_OCSP,
    REVOCATION_KIND_COUNT_,
} RevocationKind;

/* A proven list or answer about one certificate of the chain. */
typedef struct RevocationSource {
    unsigned depth;
    RevocationKind kind;
    RevocationState state;
    char *file;          /* where it was read from; escaped */
    int64_t this_update; /* seconds since the epoch */
    int64_t next_update; /* as it counts: where none is named, thisUpdate for a list, a day later for an answer */
} RevocationSource;

#define VERDICT_SOURCES_MAX 64u /* what there is beyond is judged, but not told */

/* Zero-initialise; verdict_done() frees. */
typedef struct Verdict {
    VerdictItem *items;
    size_t n_items;
    BytesList chain;            /* DER of issuers above the leaf up to and including the anchor, as far as found */
    Certificate **issuers;      /* the same, parsed: references */
    size_t n_issuers;           /* chain.count */
    int64_t revocation_checked; /* oldest thisUpdate used, seconds since the epoch; 0 when none */
    RevocationSource *sources;  /* by depth: what was asked about revocation */
    size_t n_sources;
    Kinds *kinds;     /* a reference: what the kind is of; NULL when nobody asked for it */
    const Kind *kind; /* NULL: none */
    char *holder;     /* what the kind, or without one the certificate, makes of it; NULL: no certificate */
} Verdict;

void verdict_done(Verdict *verdict);
/* Adds a reason once per (reason, depth). detail may be NULL. 0 or -ENOMEM (the verdict then must not be read as
 * accepted). */
int verdict_add(Verdict *verdict, VerdictReason reason, unsigned depth, const char *detail);
/* The same with what was wanted (may be NULL). */
int verdict_add_wanted(Verdict *verdict, VerdictReason reason, unsigned depth, const char *detail, const char *wanted);
/* Adds the source with a copy of file. 0 or -ENOMEM. */
int verdict_add_source(Verdict *verdict, RevocationSource source, const char *file);
const char *revocation_state_name(RevocationState state);
const char *revocation_state_text(RevocationState state); /* untranslated msgid */
int revocation_state_from_name(const char *name);         /* the state, or -EINVAL */
const char *revocation_kind_name(RevocationKind kind);    /* "crl", "delta-crl", "ocsp" */
/* The certificate at this depth of 1 + chain.count: at 0 the leaf itself, which was judged. Borrowed. */
Certificate *verdict_certificate(const Verdict *verdict, Certificate *leaf, size_t depth);
const char *verdict_wanted(const VerdictItem *item); /* never ""; an untranslated msgid, or a value of the case */
bool verdict_accepted(const Verdict *verdict);       /* no reason at all */
bool verdict_has(const Verdict *verdict, VerdictReason reason);
/* True when there is at least one reason and all are in the given one (expired alone, say). */
bool verdict_is_only(const Verdict *verdict, VerdictReason reason);
const char *verdict_reason_name(VerdictReason reason);
const char *verdict_reason_text(VerdictReason reason);   /* untranslated msgid */
const char *verdict_reason_advice(VerdictReason reason); /* untranslated msgid */
int verdict_reason_from_name(const char *name);          /* the reason, or -EINVAL */
/* "expired (certificate): ended 2024-...\nrevocation-missing (issuer 1): ..." for errors and the journal. Caller frees.
 */
char *verdict_summary(const Verdict *verdict);
