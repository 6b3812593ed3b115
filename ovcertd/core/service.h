/* SPDX-License-Identifier: BSD-2-Clause */
/* Service: the use cases of ovcertd, one function each, over store, trust, challenges and operations. No D-Bus and no
 * SQL text.
 *
 * Every function: 0, an OvcertError as a positive outcome (with *failure saying more), or a negative errno (bus/
 * answers Error.Storage or Error.Failed and logs). Each opens and ends its own unit of work in the store; the caller
 * sends the reply after store_commit() whenever service_needs_commit(). Outcomes that refuse are audited too (with the
 * flood rule of SECURITY 33), so they may need a commit as well.
 *
 * The caller has authorized the request with polkit first; the service reads the state again and checks once more what
 * does not depend on polkit: ownership, opener, states, holders. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/bytes.h"
#include "common/macros.h"
#include "common/statement.h"
#include "ovcertd/core/challenge.h"
#include "ovcertd/store/check.h"
#include "ovcertd/store/store.h"
#include "trust/trust.h"

typedef struct Service Service;

/* The instant of a request: both clocks, read once by the caller. */
typedef struct Moment {
    int64_t real;      /* CLOCK_REALTIME, seconds */
    uint64_t boottime; /* CLOCK_BOOTTIME, microseconds */
} Moment;

/* Who asks, as the bus says. */
typedef struct Actor {
    uid_t uid;
    const char *sender;  /* unique bus name */
    bool administrator;  /* root, or manage-any was granted for this very request */
    const char *through; /* the PAM service in which root acts for the owner above; NULL: nobody acts for him */
} Actor;

/* What an error says beyond its name: no translated text, no secret. Zero-initialise; service_failure_done(). */
typedef struct Failure {
    char *detail; /* e.g. verdict_summary(), or the open operation's id; may be NULL */
} Failure;
void service_failure_done(Failure *failure);

typedef struct ServiceOptions {
    Store *store;      /* borrowed; outlives the service */
    TrustStore *trust; /* referenced */
    uint8_t host_id[STATEMENT_ID_SIZE];
    uint8_t boot_id[STATEMENT_ID_SIZE];
    uint32_t warn_days; /* "expiring" from so many days before notAfter */
    bool
        first_assign_user; /* default false: the first certificate of a profile without holder needs an administrator */
} ServiceOptions;

int service_new(const ServiceOptions *options, Service **ret);
Service *service_free(Service *service);
DEFINE_CLEANUP(Service *, service_free)
void service_set_trust(Service *service, TrustStore *trust); /* takes a reference; after a reload */
/* Records which trust anchors have come and gone since the audit log last knew: a row for each, whose actor is the
 * daemon's own uid, since nobody knows who has changed the folder. Tells notice of each. Nothing while the log is
 * empty. 0 or a fault, after which a later call does it. To be committed. */
typedef void (*AnchorNotice)(bool added, const char *fingerprint, const char *subject); /* subject: of an added one */
int service_note_anchors(Service *service, uid_t by, const Moment *now, AnchorNotice notice);
/* The latest verified thisUpdate that earlier runs knew (SECURITY 39), for TrustOptions.clock_floor; 0 when none. Needs
 * no Service, since the trust store is loaded before one is made. */
int service_clock_floor(Store *store, int64_t *ret);
void service_set_options(Service *service, uint32_t warn_days, bool first_assign_user);
bool service_needs_commit(const Service *service);
int service_commit(
    Service *service); /* group commit: 0, or a fault after which nothing kept since the last commit holds */
void service_sender_gone(Service *service, const char *sender);
int service_tick(Service *service,
                 const Moment *now); /* lapses operations, expires candidates, keeps the clock floor; every minute */

/* Before the daemon ends: writes what service_tick() would have written later, and commits. */
int service_stop(Service *service, const Moment *now);
void service_counters(const Service *service, uint64_t *ret_accepted, uint64_t *ret_refused); /* logins since start */

/* --- judging certificates in the pool --- */

/* One judgement: made in the state thread, run anywhere, read in the state thread. Holds its own copies and a trust
 * reference. */
typedef struct Judgement Judgement;
int judgement_new(Service *service, View leaf, const View *chain, size_t n_chain, const Moment *now, Judgement **ret);
void judgement_run(Judgement *judgement); /* pure; any thread */
Judgement *judgement_free(Judgement *judgement);
DEFINE_CLEANUP(Judgement *, judgement_free)

/* --- profiles --- */

/* Owner by uid without polkit? False for missing profiles. Never an outcome that tells missing from foreign. */
bool service_is_owner(Service *service, const char *user, uid_t uid);
/* The name of the profile of this uid. OVCERT_ERROR_NOT_FOUND. Caller frees. */
int service_own_name(Service *service, uid_t uid, char **ret);

typedef struct NewProfile {
    const char *name;
    ProfileKind kind;
    uint32_t uid;       /* STORE_UID_NONE for a portal profile */
    const char *holder; /* NULL or "" for none; normalised by the service (holder_normalise) */
} NewProfile;
int service_create_profile(Service *service, const Actor *actor, const NewProfile *profile, const Moment *now,
                           Failure *failure);

typedef enum CertificateStatus {
    CERTIFICATE_STATUS_NONE,
    CERTIFICATE_STATUS_VALID,
    CERTIFICATE_STATUS_EXPIRING,
    CERTIFICATE_STATUS_EXPIRED,
    CERTIFICATE_STATUS_NOT_YET_VALID,
    CERTIFICATE_STATUS_REVOKED,
    CERTIFICATE_STATUS_UNTRUSTED,
} CertificateStatus;
const char *certificate_status_name(CertificateStatus status); /* "none", "valid", ... DESIGN 3 */

/* Everything Describe tells. Zero-initialise; profile_description_done(). */
typedef struct ProfileDescription {
    ProfileRow profile;
    bool has_certificate;
    AssociationRow association;
    CertificateStatus status;
    Verdict verdict; /* of the assigned certificate, judged along its stored chain */
    OperationRow *operations;
    size_t n_operations;
    CandidateRow *candidates; /* live ones */
    size_t n_candidates;
    const Kind **candidate_kinds; /* of each, as it counts now; NULL: none */
    Kinds *kinds;                 /* a reference: what they are of; may be NULL */
} ProfileDescription;
void profile_description_done(ProfileDescription *description);
int service_describe(Service *service, const char *user, const Moment *now, ProfileDescription *ret);
/* "unassigned", "assigned" or "blocked" */
const char *profile_state_name(const ProfileDescription *description);
/* Which profiles a list is of; zero-initialised: all. */
typedef struct ListFilter {
    const char *state;              /* as profile_state_name() says; NULL or "": any */
    const char *certificate_status; /* as certificate_status_name() says; likewise */
    bool has_expiring;
    int64_t expiring_within; /* seconds: the assigned certificate ends by then, or has ended */
} ListFilter;
bool list_filter_is_valid(const ListFilter *filter); /* no word that no profile could have, no time in the past */

/* Profiles with names > after that the filter lets through, at most limit, each described without its operations and
 * candidates. *ret_next: the name to go on behind (a page may be short, even empty, before the end), "" at the end;
 * caller frees. One page looks at SERVICE_LIST_SCAN profiles at most and judges SERVICE_LIST_MAX, so that no login
 * stalls. */
#define SERVICE_LIST_MAX 64u
#define SERVICE_LIST_SCAN 256u
int service_list(Service *service, const ListFilter *filter, const char *after, uint32_t limit, const Moment *now,
                 ProfileDescription **ret, size_t *ret_count, char **ret_next);
ProfileDescription *profile_descriptions_free(ProfileDescription *descriptions, size_t count);

/* --- operations --- */

typedef struct OperationOpened {
    char id[STORE_ID_SIZE];
    int64_t deadline; /* seconds since the epoch */
} OperationOpened;
/* OPERATION_PENDING: detail is the open one's id. An administrator's Unlink of somebody else's profile with `bar` also
 * bars the certificate. */
int service_unlink(Service *service, const Actor *actor, const char *user, bool until_assign, bool bar,
                   const Moment *now, OperationOpened *ret, Failure *failure);
int service_delete(Service *service, const Actor *actor, const char *user, const Moment *now, OperationOpened *ret,
                   Failure *failure);
int service_confirm(Service *service, const Actor *actor, const char *user, const char *operation, const Moment *now,
                    Failure *failure);
int service_cancel(Service *service, const Actor *actor, const char *user, const char *operation, const Moment *now,
                   Failure *failure);
int service_block(Service *service, const Actor *actor, const char *user, bool block, const char *reason,
                  const Moment *now, Failure *failure);
/* Lifts what Unlink with `bar` has laid on a certificate. NOT_FOUND: it is not barred. */
int service_unbar(Service *service, const Actor *actor, const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE],
                  const Moment *now, Failure *failure);

/* --- proof and assignment --- */

/* Copies what the bus layer answers with. */
typedef struct ChallengeIssued {
    char id[CHALLENGE_ID_SIZE];
    Statement statement; /* strings borrowed from the fields below; fingerprint zero */
    char *user;
    char *service;
    char *tty;
} ChallengeIssued;
void challenge_issued_done(ChallengeIssued *issued);

int service_begin_proof(Service *service, const Actor *actor, const char *user, View leaf, const View *chain,
                        size_t n_chain, const char *service_name, const char *tty, const Moment *now,
                        ChallengeIssued *ret, Failure *failure);
/* Takes the challenge, verifies the signature, hands out the judgement to run in the pool. */
typedef struct ProofInProgress ProofInProgress;
ProofInProgress *proof_free(ProofInProgress *proof);
DEFINE_CLEANUP(ProofInProgress *, proof_free)
int service_prove_begin(Service *service, const Actor *actor, const char *user, const char *challenge,
                        const char *algorithm, View signature, const Moment *now, ProofInProgress **ret,
                        Failure *failure);
Judgement *proof_judgement(ProofInProgress *proof); /* borrowed */
/* Reads the state again (SECURITY 30), applies holder and uniqueness rules, stores the candidate. */
int service_prove_finish(Service *service, const Actor *actor, ProofInProgress *proof, const Moment *now,
                         char ret_candidate[STORE_ID_SIZE], Failure *failure);

typedef struct AssignOptions {
    bool allow_holder_change; /* administrators only */
} AssignOptions;
int service_assign(Service *service, const Actor *actor, const char *user, const char *candidate,
                   const AssignOptions *options, const Moment *now, Failure *failure);
/* An administrator's assignment without proof: the judgement has been run. */
int service_assign_unproven(Service *service, const Actor *actor, const char *user, Judgement *judgement,
                            const AssignOptions *options, const Moment *now, Failure *failure);

/* --- looking at certificates --- */

/* Facts and the verdict of a judgement that has been run (moved out of it), with the holder rules for the profile
 * `user` (NULL: none; OVCERT_ERROR_NOT_FOUND when missing). Says UNAVAILABLE, and not whose it is, when somebody else
 * has it or it is barred; only of certificates of the profile's own holder, so that nobody can probe for others'. */
typedef struct CheckResult {
    Certificate *certificate; /* NULL when malformed */
    Verdict verdict;
} CheckResult;
void check_result_done(CheckResult *result);
int service_check(Service *service, Judgement *judgement, const char *user, const Moment *now, CheckResult *ret);
/* The profile that an accepted certificate is assigned to. NOT_FOUND, CERTIFICATE_REFUSED, CERTIFICATE_EXPIRED,
 * PROFILE_BLOCKED. Caller frees *ret_user. */
int service_find(Service *service, const Actor *actor, Judgement *judgement, const Moment *now, char **ret_user,
                 CheckResult *ret, Failure *failure);
/* As above for a certificate that nobody has judged, blocked profiles included: for root alone, DENIED otherwise.
 * ret->verdict stays empty, which means nothing here. */
int service_find_unvalidated(Service *service, const Actor *actor, View certificate, const Moment *now, char **ret_user,
                             CheckResult *ret, Failure *failure);

/* --- public keys --- */

typedef struct PublicKey {
    Bytes spki;                                        /* DER */
    uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE]; /* of its certificate */
} PublicKey;
void public_key_done(PublicKey *key);
/* The public key of the certificate that is assigned to this Unix user and accepted at this moment. 1 with *ret, 0 when
 * there is none, for whatever reason, or a fault. */
int service_public_key(Service *service, const char *user, uint32_t uid, const Moment *now, PublicKey *ret);

/* --- login --- */

typedef struct LoginContext {
    bool has_uid;
    uint32_t uid;        /* root callers only */
    const char *service; /* "" when not known */
    const char *tty;
} LoginContext;

typedef struct LoginHint {
    bool has_fingerprint; /* false for the empty user alone, which root may ask for (a card at a prompt) */
    uint8_t fingerprint[32];
    const char *key_type; /* static; "" without a fingerprint */
} LoginHint;
int service_login_hint(Service *service, const Actor *actor, const char *user, const LoginContext *context,
                       const Moment *now, LoginHint *ret);
int service_login_begin(Service *service, const Actor *actor, const char *user, const LoginContext *context,
                        const Moment *now, ChallengeIssued *ret, Failure *failure);

typedef struct LoginResult {
    char *user;
    int64_t not_after;
    int64_t days_left;
    bool expiring;
} LoginResult;
void login_result_done(LoginResult *result);
/* CERTIFICATE_EXPIRED only when possession was proven and expiry is the only reason. */
int service_login_finish(Service *service, const Actor *actor, const char *challenge, View certificate,
                         const char *algorithm, View signature, const Moment *now, LoginResult *ret, Failure *failure);

/* --- backup, for root alone --- */

/* A backup to be run in the pool; to be freed before the service's store is closed. DENIED. */
int service_backup_begin(Service *service, const Actor *actor, StoreBackup **ret);
/* After the run: records it and tells what it holds. Of a database that it found damaged the failure says more. */
int service_backup_finish(Service *service, const Actor *actor, const StoreBackup *backup, const Moment *now,
                          StoreBackupFacts *ret, Failure *failure);

/* --- the log --- */

int service_read_log(Service *service, const char *user, uint64_t after, uint32_t limit, AuditRow **ret,
                     size_t *ret_count);
int service_verify_log(Service *service, uint64_t after, uint32_t limit, uint64_t *ret_checked, char **ret_problem);
int service_log_head(Service *service, uint64_t *ret_seq, uint8_t ret_hash[32]);

/* --- how the daemon is --- */

/* What the daemon works with, and what it knows of the time. */
typedef struct ServiceFacts {
    size_t anchors;
    size_t revocation_lists;
    int64_t clock_floor; /* no clock may be earlier (SECURITY 39); 0 when nothing was verified yet */
} ServiceFacts;
ServiceFacts service_facts(Service *service);
/* A check of the whole database, to be run in the pool. deadline: CLOCK_MONOTONIC, microseconds. 0 or -ENOMEM. */
int service_check_store(Service *service, uint64_t deadline, StoreCheck **ret);

/* Names of profiles whose State or CertificateStatus a call since the last look may have changed; the bus layer tells
 * their owners. Caller frees each; NULL when there is none left. *ret_uid: the owner. */
char *service_take_changed(Service *service, uint32_t *ret_uid);
