/* SPDX-License-Identifier: BSD-2-Clause */
/* Store: profiles, certificates, associations, candidates, operations and the audit chain, kept durably. Decides
 * nothing: rules live in core/. One thread uses it. This header speaks no SQL and names no database: SQLite is the
 * business of the files beside it, another may come.
 *
 * Unit of work: store_begin(), the calls of one request, store_end(). Requests that arrive together share one durable
 * commit: after store_commit() has returned 0 their replies may be sent, and not before (group commit).
 *
 * int results: 0, a negative errno (-EIO, -ENOSPC, -ENOMEM, -EUCLEAN for a database that contradicts itself, -EINVAL
 * for a value that no row may have, ...), or a positive StoreOutcome. Outputs are set on 0 only. Lists are cut at 1,000
 * rows. Times are seconds since the epoch. Strings and octets in rows are owned by the row. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/macros.h"

typedef struct Store Store;

typedef enum StoreOutcome {
    STORE_NOT_FOUND = 1,
    STORE_EXISTS,   /* a unique rule would break: name, uid, active association, open operation of the kind */
    STORE_NEWER,    /* open: the database is of a newer version of ovcert */
    STORE_CORRUPT,  /* open: integrity check failed; never recreated */
    STORE_LOCKED,   /* open: another daemon has it */
    STORE_INSECURE, /* open: owner or mode of file or folder is not private */
    STORE_FORKED,   /* restore: the audit logs of the backup and of the database part ways */
    STORE_DAMAGED,  /* restore: nothing can be kept of the database */
} StoreOutcome;

#define STORE_ID_SIZE 33u /* 32 lower-case hexadecimal digits of 128 random bits, and NUL */
#define STORE_UID_NONE UINT32_MAX

typedef enum ProfileKind { PROFILE_UNIX = 1, PROFILE_PORTAL = 2 } ProfileKind;

typedef struct ProfileRow {
    int64_t id;
    char *name;
    ProfileKind kind;
    uint32_t uid; /* STORE_UID_NONE for PROFILE_PORTAL */
    char *holder; /* "" when not set */
    bool blocked;
    char *block_reason; /* "" */
    int64_t created;
    int64_t last_login; /* 0: never */
} ProfileRow;

typedef struct CertificateRow {
    int64_t id;
    Bytes der;
    uint8_t fingerprint[32];
    uint8_t spki_hash[32];
    char *subject;
    char *issuer;
    char *serial;
    char *holder;
    int64_t not_before;
    int64_t not_after;
    BytesList chain; /* issuers above it, anchor included, as judged */
} CertificateRow;

typedef struct AssociationRow {
    int64_t id;
    int64_t profile;
    CertificateRow certificate;
    int64_t since;
    uint32_t by_uid;
    bool proven; /* possession was proven, not an administrator's word */
} AssociationRow;

typedef struct CandidateRow {
    char id[STORE_ID_SIZE];
    int64_t profile;
    CertificateRow certificate;
    int64_t proven;
    int64_t deadline;
    uint32_t by_uid;
} CandidateRow;

typedef struct OperationRow {
    char id[STORE_ID_SIZE];
    int64_t profile;
    int kind;  /* OperationKind, core/operation.h */
    int state; /* OperationState */
    bool until_assign;
    uint32_t opener; /* uid */
    int64_t opened;
    int64_t deadline;
} OperationRow;

typedef struct AuditRow {
    uint64_t seq; /* from 1, without gaps */
    int64_t time;
    char *event;    /* stable word: "assigned", "login-refused", ... */
    uint32_t actor; /* uid */
    char *outcome;  /* "ok" or a reason's or error's stable name */
    char *detail;   /* no personal data */
    char *profile;  /* NULL once erased */
    char *subject;  /* the certificate's subject, NULL when none or erased */
    uint8_t hash[32];
} AuditRow;

/* What one event says. person fields go to audit_person and can be erased; NULL when there is none. */
typedef struct AuditEntry {
    int64_t time;
    const char *event;
    uint32_t actor;
    const char *outcome;
    const char *detail; /* may be NULL; MUST NOT hold personal data */
    const char *profile;
    const char *subject;
} AuditEntry;

typedef struct StoreOptions {
    const char *path; /* database file; its folder exists, 0700 and ours */
} StoreOptions;

/* Opens or creates, migrates, prepares every statement, takes the lock that keeps a second daemon out. Before it
 * migrates, it keeps a copy beside the database, until the next erasure. A restore that was interrupted is ended. On an
 * outcome or fault *ret_problem (caller frees) says what is wrong and what to do. */
int store_open(const StoreOptions *options, Store **ret, char **ret_problem);
Store *store_close(Store *store); /* commits nothing that is open; accepts NULL, returns NULL */
DEFINE_CLEANUP(Store *, store_close)

/* Everything that changes something stands between store_begin() and store_end(); reading alone needs neither. When the
 * database gives up a whole transaction by itself (full disk), the calls return that error until store_commit() has
 * returned it too. */
int store_begin(Store *store); /* opens the shared transaction if there is none, and this request's savepoint */
int store_end(Store *store, bool keep);  /* keeps or undoes this request's changes */
bool store_is_dirty(const Store *store); /* kept changes that are not committed yet */
/* Durable when 0; otherwise every kept change since the last commit is undone. After a commit that erases a person the
 * file is written anew, which takes the longer the larger it is (0.7 s for 200,000 audit rows). */
int store_commit(Store *store);
/* Tries again what store_commit() could not do after an erasure (no room, somebody reads the file): 0 when nothing is
 * left to do, or kept changes wait for their commit first. */
int store_finish_erasing(Store *store);
/* The database's own words about the last negative result, for the journal; "" when there are none. Valid until the
 * next call. */
const char *store_fault(const Store *store);

/* A backup: a copy of all that is committed, made by a connection of its own while the store goes on, and looked
 * through for damage, audit chain included. On disk it has no name and dies with this. store_backup_run() may run in
 * any thread, once; the rest in the store's; to be freed before the store is closed, and made one at a time. */
typedef struct StoreBackup StoreBackup;
typedef struct StoreBackupFacts {
    uint64_t size; /* octets */
    uint64_t rows; /* the newest audit row's number, 0 for none, and hash */
    uint8_t hash[32];
} StoreBackupFacts;
int store_backup_new(Store *store, StoreBackup **ret);
void store_backup_run(StoreBackup *backup);
StoreBackup *store_backup_free(StoreBackup *backup);
DEFINE_CLEANUP(StoreBackup *, store_backup_free)
/* What the run has come to: 0 with the facts, STORE_CORRUPT, or a negative errno; *ret_problem (borrowed) says more or
 * is NULL. */
int store_backup_facts(const StoreBackup *backup, StoreBackupFacts *ret, const char **ret_problem);
/* At most size octets from there on; none at its end. */
int store_backup_read(const StoreBackup *backup, uint64_t offset, size_t size, Bytes *ret);

/* Puts a backup in the place of the database, while no daemon runs. All that was forbidden since stays forbidden, if
 * the database can still be read: associations that have ended, blocks, bars, holders, people erased; the clock floor
 * stays. The audit log goes on where the database's ends. Whenever it is interrupted, the database is the old or the
 * new one.
 */
typedef struct RestoreOptions {
    const char *path; /* of the database */
    int input;        /* the backup: a regular file, read from where it stands */
    bool force;       /* also when the logs part ways or the database is damaged: its log is set aside then */
    int64_t now;
    uint32_t actor;
} RestoreOptions;
typedef struct RestoreReport {
    uint64_t rows; /* audit rows in the backup */
    bool merged;   /* what the database has forbidden since is kept; in numbers: */
    unsigned endings, blocks, holders, bars, erased;
    char *damage; /* what of the database made it impossible to keep anything of it; NULL */
    char *kept;   /* file beside the new database that was the old one; NULL when there was none */
} RestoreReport;
void restore_report_done(RestoreReport *report);
/* 0, STORE_CORRUPT or STORE_NEWER (the backup), STORE_LOCKED, STORE_INSECURE, STORE_FORKED, STORE_DAMAGED, or a
 * negative errno, and nothing was changed; then *ret_problem (caller frees) as for store_open(). */
int store_restore(const RestoreOptions *options, RestoreReport *ret, char **ret_problem);

int store_profile_create(Store *store, const ProfileRow *row, int64_t *ret_id); /* STORE_EXISTS */
int store_profile_by_name(Store *store, const char *name, ProfileRow *ret);
int store_profile_by_uid(Store *store, uint32_t uid, ProfileRow *ret);
int store_profile_by_id(Store *store, int64_t id, ProfileRow *ret);
/* Rows with name > after in octet order, at most limit; *ret is an array of *ret_count, profile_rows_free(). */
int store_profile_list(Store *store, const char *after, uint32_t limit, ProfileRow **ret, size_t *ret_count);
int store_profile_set_holder(Store *store, int64_t id, const char *holder);
int store_profile_set_block(Store *store, int64_t id, bool blocked, const char *reason);
int store_profile_set_last_login(Store *store, int64_t id, int64_t when);
/* Deletes the profile with its operations, candidates and associations, and certificates that nobody else has or had;
 * the audit rows stay, their person data is erased: add the row that tells of it before, or its name stays. */
int store_profile_delete(Store *store, int64_t id);

/* By fingerprint, which must be der's (else -EINVAL; a row where it is not reads as -EUCLEAN); refreshes the rest. To
 * be followed by its association or candidate in the same request: a certificate that nothing names is swept away. */
int store_certificate_put(Store *store, const CertificateRow *row, int64_t *ret_id);

int store_association_active(Store *store, int64_t profile, AssociationRow *ret);
/* Active ones only. */
int store_association_by_fingerprint(Store *store, const uint8_t fingerprint[32], AssociationRow *ret);
int store_association_create(Store *store, int64_t profile, int64_t certificate, int64_t since, uint32_t by_uid,
                             bool proven, int64_t *ret_id);
int store_association_end(Store *store, int64_t id, int64_t when, uint32_t by_uid, const char *why);
int store_certificate_is_barred(Store *store, const uint8_t fingerprint[32]); /* 0 no, STORE_EXISTS yes */
int store_certificate_bar(Store *store, const uint8_t fingerprint[32], int64_t when, uint32_t by_uid, const char *why);
int store_certificate_unbar(Store *store, const uint8_t fingerprint[32]); /* STORE_NOT_FOUND: it was not barred */

/* Replaces the profile's earlier candidate of the same certificate. */
int store_candidate_create(Store *store, int64_t profile, int64_t certificate, int64_t proven, int64_t deadline,
                           uint32_t by_uid, char ret_id[STORE_ID_SIZE]);
int store_candidate_get(Store *store, const char *id, CandidateRow *ret);
int store_candidate_list(Store *store, int64_t profile, CandidateRow **ret, size_t *ret_count); /* newest first */
int store_candidate_delete(Store *store, const char *id);
int store_candidate_expire(Store *store, int64_t now, uint64_t *ret_count);

/* Makes the id itself (row->id is not read). STORE_EXISTS: there is an open one of the kind. */
int store_operation_create(Store *store, const OperationRow *row, char ret_id[STORE_ID_SIZE]);
int store_operation_get(Store *store, const char *id, OperationRow *ret);
int store_operation_list_open(Store *store, int64_t profile, OperationRow **ret, size_t *ret_count);
/* Open ones with deadline <= now, earliest first. */
int store_operation_list_due(Store *store, int64_t now, OperationRow **ret, size_t *ret_count);
int store_operation_set(Store *store, const char *id, int state, int64_t deadline);

int store_audit_add(Store *store, const AuditEntry *entry);
/* Rows with seq > after, at most limit; profile NULL for all. */
int store_audit_list(Store *store, const char *profile, uint64_t after, uint32_t limit, AuditRow **ret,
                     size_t *ret_count);
/* Checks rows after < seq <= after+limit against the chain. *ret_checked: the last row found right, after itself when
 * there are none left; *ret_problem NULL or what is wrong (caller frees). A tail that was cut off, or a chain made
 * anew, shows only against a head that was kept elsewhere: journal store_audit_head() and compare. */
int store_audit_verify(Store *store, uint64_t after, uint32_t limit, uint64_t *ret_checked, char **ret_problem);
int store_audit_head(Store *store, uint64_t *ret_seq, uint8_t ret_hash[32]); /* 0 and zeros before the first row */
/* Names and salts of the profile's rows, and its own certificates' subjects in others; the chain stays whole. */
int store_audit_erase_person(Store *store, const char *profile);

/* Small durable values: clock floor, hint key. Keys beginning with "store." are the store's own. */
int store_setting_get(Store *store, const char *key, Bytes *ret);
int store_setting_set(Store *store, const char *key, View value);

void profile_row_done(ProfileRow *row);
void certificate_row_done(CertificateRow *row);
void association_row_done(AssociationRow *row);
void candidate_row_done(CandidateRow *row);
void operation_row_done(OperationRow *row);
void audit_row_done(AuditRow *row);
ProfileRow *profile_rows_free(ProfileRow *rows, size_t count);
CandidateRow *candidate_rows_free(CandidateRow *rows, size_t count);
OperationRow *operation_rows_free(OperationRow *rows, size_t count);
AuditRow *audit_rows_free(AuditRow *rows, size_t count);
