/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking the audit chain row by row (SECURITY 37). Called by core/ through store.h; must never take a row on trust
 * because it loads. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovcertd/store/audit.h"
#include "ovcertd/store/audit_chain.h"
#include "ovcertd/store/query.h"

/* One row with everything that its check needs. */
typedef struct Link {
    AuditRow row;
    AuditCommitment profile;
    AuditCommitment subject;
    bool has_profile_salt;
    bool has_subject_salt;
    uint8_t profile_salt[AUDIT_SALT_SIZE];
    uint8_t subject_salt[AUDIT_SALT_SIZE];
} Link;

static void link_done(Link *link) {
    audit_row_done(&link->row);
    *link = (Link){0};
}

static int link_load(sqlite3_stmt *statement, Link *ret) {
    Columns columns = {.statement = statement};

    audit_load(&columns, &ret->row);
    ret->profile.present = columns_octets_or_null(&columns, ret->profile.octets, sizeof(ret->profile.octets));
    ret->subject.present = columns_octets_or_null(&columns, ret->subject.octets, sizeof(ret->subject.octets));
    ret->has_profile_salt = columns_octets_or_null(&columns, ret->profile_salt, sizeof(ret->profile_salt));
    ret->has_subject_salt = columns_octets_or_null(&columns, ret->subject_salt, sizeof(ret->subject_salt));
    return columns_end(&columns);
}

/* An erased name proves nothing and is fine; a name that is there must be the one that was committed to. */
static bool person_fits(AuditField field, const char *name, const uint8_t *salt, bool has_salt,
                        const AuditCommitment *commitment) {
    AuditCommitment expected;

    if (!name || !has_salt)
        return !name && !has_salt;
    audit_commit(field, name, salt, &expected);
    return commitment->present && memcmp(expected.octets, commitment->octets, sizeof(expected.octets)) == 0;
}

/* NULL, or what is wrong with the row that follows the one numbered before. */
static const char *link_problem(const Link *link, uint64_t before, const uint8_t previous[AUDIT_HASH_SIZE]) {
    uint8_t hash[AUDIT_HASH_SIZE];

    if (link->row.seq != before + 1)
        return "is missing";
    audit_chain_hash(previous, &link->row, &link->profile, &link->subject, hash);
    if (memcmp(hash, link->row.hash, sizeof(hash)) != 0)
        return "or the row before it was changed";
    if (!person_fits(AUDIT_FIELD_PROFILE, link->row.profile, link->profile_salt, link->has_profile_salt,
                     &link->profile))
        return "names another profile than it was written with";
    if (!person_fits(AUDIT_FIELD_SUBJECT, link->row.subject, link->subject_salt, link->has_subject_salt,
                     &link->subject))
        return "names another subject than it was written with";
    return NULL;
}

static int tell(uint64_t seq, const char *problem, char **ret_problem) {
    if (asprintf(ret_problem, "audit row %" PRIu64 " %s", seq, problem) >= 0)
        return 0;
    *ret_problem = NULL;
    return -ENOMEM;
}

int audit_hash_of(Store *store, uint64_t seq, uint8_t ret[AUDIT_HASH_SIZE]) {
    CLEANUP(query_done) Query query = {0};

    memset(ret, 0, AUDIT_HASH_SIZE);
    if (seq == 0)
        return 0;
    int r = query_start(store, SQL_AUDIT_HASH, VALUES(value_seq(seq)), &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r != 0)
        return r;
    Columns columns = {.statement = query.statement};
    columns_octets(&columns, ret, AUDIT_HASH_SIZE);
    return columns_end(&columns);
}

/* Checks the query's row and moves *seq and *hash on to it. */
static int verify_row(const Query *query, uint64_t *seq, uint8_t hash[AUDIT_HASH_SIZE], char **ret_problem) {
    CLEANUP(link_done) Link link = {0};

    int r = link_load(query->statement, &link);
    if (r == -EUCLEAN)
        return tell(*seq + 1, "cannot be read", ret_problem);
    if (r < 0)
        return r;
    const char *problem = link_problem(&link, *seq, hash);
    if (problem)
        return tell(*seq + 1, problem, ret_problem);
    *seq = link.row.seq;
    memcpy(hash, link.row.hash, AUDIT_HASH_SIZE);
    return 0;
}

static int verify_from(Store *store, uint32_t limit, uint64_t *seq, uint8_t hash[AUDIT_HASH_SIZE], char **ret_problem) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, SQL_AUDIT_VERIFY, VALUES(value_seq(*seq), value_limit(limit)), &query);
    while (r == 0 && !*ret_problem) {
        r = query_next(&query);
        if (r == STORE_NOT_FOUND)
            return 0;
        if (r == 0)
            r = verify_row(&query, seq, hash, ret_problem);
    }
    return r;
}

int store_audit_verify(Store *store, uint64_t after, uint32_t limit, uint64_t *ret_checked, char **ret_problem) {
    uint8_t hash[AUDIT_HASH_SIZE];
    char *problem = NULL;
    uint64_t seq = after;

    int r = audit_hash_of(store, after, hash);
    if (r == STORE_NOT_FOUND)
        r = tell(after, "is missing", &problem);
    else if (r == 0)
        r = verify_from(store, limit, &seq, hash, &problem);
    if (r != 0) {
        free(problem);
        return r;
    }
    *ret_checked = seq;
    *ret_problem = problem;
    return 0;
}
