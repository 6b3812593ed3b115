/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the service share and nobody else sees: the service itself, a request with its unit of work, the
 * audit rows, judgements and the rules that several use cases follow.
 *
 * Functions here return what service.h says: 0, an OvcertError, or a negative errno. Outcomes of the store never pass
 * through: each is turned into one of ours where it is expected, and into -EUCLEAN by core_fault() where it is not. */
#pragma once

#include "ovcertd/core/certificate_cache.h"
#include "ovcertd/core/operation.h"
#include "ovcertd/core/service.h"

#define CANDIDATE_SECONDS (60 * 60)
#define CANDIDATE_MAX 8u /* live ones per profile; the oldest gives way */
#define BLOCK_REASON_MAX 256u
#define SUBJECT_MAX 1024u /* octets, in audit rows */

#define FLOOD_UIDS 128u /* callers whose refusals are being counted; the one counted longest gives way */
#define FLOOD_REFUSALS 10u
#define FLOOD_WINDOW (UINT64_C(60) * 1000 * 1000) /* CLOCK_BOOTTIME, microseconds */

/* Refusals of one uid in one window (SECURITY 33). */
typedef struct FloodCount {
    uid_t uid;
    bool used;
    uint64_t since;
    uint32_t written;
    uint64_t suppressed;
} FloodCount;

typedef struct Changed {
    char *name;
    uint32_t uid;
} Changed;

struct Service {
    Store *store; /* borrowed */
    TrustStore *trust;
    uint8_t host_id[STATEMENT_ID_SIZE];
    uint8_t boot_id[STATEMENT_ID_SIZE];
    uint32_t warn_days;
    bool first_assign_user;
    ChallengeTable *challenges;
    CertificateCache *certificates;
    uint8_t hint_key[32];
    int64_t clock_floor;      /* SECURITY 39 */
    int64_t clock_floor_kept; /* what the store has of it */
    FloodCount flood[FLOOD_UIDS];
    Changed *changed;
    size_t n_changed;
    uint64_t logins_accepted;
    uint64_t logins_refused;
};

/* --- requests --- */

/* One use case with its unit of work and its audit row. The strings are owned; the rest is borrowed. */
typedef struct Request {
    Service *service;
    const Actor *actor;
    const Moment *now;
    Failure *failure;    /* may be NULL */
    const char *done;    /* the audit event when done; NULL: success changes nothing and is not recorded */
    const char *refused; /* the audit event when refused */
    uid_t counted;       /* whose refusals this one counts among */
    char *profile;       /* the profile, once it is known to exist */
    char *subject;       /* the certificate's subject, once there is one */
    char *note;          /* the audit row's detail: no personal data */
} Request;

void request_done(Request *request);
int request_begin(Request *request);
/* Ends the unit: 0 is recorded and kept; an outcome is undone, and then recorded; a fault is undone. Returns result, or
 * the fault that got in the way. */
int request_end(Request *request, int result);
int request_note(Request *request, const char *note);
/* Notes the PAM service that root names, if it looks like one: free text could name people. 0 or -ENOMEM. */
int request_note_service(Request *request, const char *name);
/* A row's detail: the note (may be NULL), and in which service somebody acted for the actor. Caller frees. 0 or
 * -ENOMEM.
 */
int request_detail(const Request *request, const char *note, char **ret);
int request_subject(Request *request, const char *subject);
/* Another row of the same unit. note may be NULL. */
int request_record(Request *request, const char *event, const char *subject, const char *note);
int request_fail(Request *request, int outcome, const char *detail); /* the outcome, or -ENOMEM */
/* The outcome of a verdict that is not accepted: every reason as detail, their names in the audit row. */
int request_refuse(Request *request, const Verdict *verdict);
int request_refuse_reason(Request *request, VerdictReason reason);

/* --- audit --- */

int audit_refusal(Request *request, int outcome); /* or counts it: SECURITY 33 */
/* Counts a refusal of this uid where no more rows of its own are written now; false where one would be. No unit needed.
 */
bool audit_count_only(Service *service, uid_t uid, const Moment *now);
/* Writes the counts of windows that are over (all: of every window). Inside a unit. */
int audit_flush(Service *service, const Moment *now, bool all);

/* --- the service's own --- */

int core_fault(int result); /* a fault as it is; an outcome that nothing explains becomes -EUCLEAN */
int service_changed(Service *service, const ProfileRow *profile);
void clock_floor_raise(Service *service); /* to what the trust store has seen */
int clock_floor_keep(Service *service);   /* inside a unit */
/* Marks everything open that is past its deadline; a unit of its own for each, so not inside one. */
int operations_lapse(Service *service, const Moment *now);
/* OVCERT_ERROR_OPERATION_INVALID when the table does not allow the event. */
int operation_step(Service *service, const OperationRow *operation, OperationEvent event, int64_t deadline);

/* --- profiles --- */

bool profile_is_owner(const ProfileRow *profile, uid_t uid);
/* Reads the profile that the actor manages: his own, or anybody's as administrator. Others get DENIED, whether it is
 * there or not. */
int request_profile(Request *request, const char *user, ProfileRow *ret);
/* PROFILE_BLOCKED for everybody but administrators. */
int request_unblocked(const Request *request, const ProfileRow *profile);
/* The active association; OVCERT_ERROR_NO_CERTIFICATE. */
int profile_association(Service *service, int64_t profile, AssociationRow *ret);

/* The steps of a description whose profile is filled: the association first, which costs little, then the judgement. 0
 * or a fault. */
int description_read_association(Service *service, ProfileDescription *description);
int description_judge(Service *service, const Moment *now, ProfileDescription *description);

/* --- certificates --- */

struct Judgement {
    TrustStore *trust;
    Bytes leaf;
    BytesList chain;
    int64_t now;
    int result; /* -ECANCELED until it has been run */
    Certificate *certificate;
    Verdict verdict;
};

/* In the state thread, after judgement_run(): adds what only the service knows, the clock and what has changed since.
 * The fault of a judgement that was not run, or could not be. */
int judgement_finish(Service *service, Judgement *judgement, const Moment *now);
/* The parsed certificate of a row. 0 with a reference in *ret, or a fault. */
int service_certificate(Service *service, const CertificateRow *row, Certificate **ret);
/* Judges along the stored chain, at once (SECURITY 17, 40), the clock and barred certificates included: anew each time,
 * only the parsing is saved. */
int service_judge(Service *service, const CertificateRow *row, const Moment *now, Verdict *ret);
/* With the chain and the holder of its verdict. */
int certificate_row_make(const Certificate *certificate, const Verdict *verdict, CertificateRow *ret);
/* Whose a certificate that nobody has judged yet is, by its kind. Caller frees *ret. 0 or -ENOMEM. */
int service_certificate_holder(const Service *service, const Certificate *certificate, char **ret);
bool certificate_is_expiring(const Service *service, int64_t not_after, const Moment *now);
/* The holder rules (SECURITY 41) with the service's own options. */
int service_holder(const Service *service, bool administrator, const ProfileRow *profile,
                   const char *certificate_holder, bool allow_holder_change);
/* May the certificate go to this profile, as far as holder, bars and other profiles are concerned? HOLDER_*,
 * CERTIFICATE_REFUSED, CERTIFICATE_TAKEN, or CERTIFICATE_ASSIGNED when it is the profile's own already. */
int request_admissible(Request *request, const ProfileRow *profile,
                       const uint8_t fingerprint[CERTIFICATE_FINGERPRINT_SIZE], const char *certificate_holder,
                       bool allow_holder_change);

/* Lays the bar on a certificate of this profile. 0 or a fault. */
int request_bar(Request *request, const ProfileRow *profile, const CertificateRow *certificate);

/* --- challenges --- */

/* Finishes the draft (id, nonce, sender, deadline), keeps it and says what was issued. The draft is emptied. */
int challenge_issue(Request *request, Challenge *draft, const char *service_name, const char *tty,
                    ChallengeIssued *ret);
/* 0, SIGNATURE_INVALID, or a fault. */
int challenge_verify(Service *service, const Challenge *challenge, const Certificate *certificate,
                     const char *algorithm, View signature);
