/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log. Called by core/ through store.h; must never change or remove a row of audit: erasing a person takes
 * rows of audit_person only (SECURITY 37). */
#include "ovcertd/store/audit.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ovcertd/store/audit_chain.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/transaction.h"

void audit_row_done(AuditRow *row) {
    free(row->event);
    free(row->outcome);
    free(row->detail);
    free(row->profile);
    free(row->subject);
    *row = (AuditRow){0};
}

void audit_load(Columns *columns, AuditRow *ret) {
    ret->seq = (uint64_t) columns_rowid(columns);
    ret->time = columns_time(columns);
    ret->event = columns_text(columns);
    ret->actor = columns_uid(columns);
    ret->outcome = columns_text(columns);
    ret->detail = columns_text(columns);
    ret->profile = columns_text_or_null(columns);
    ret->subject = columns_text_or_null(columns);
    columns_octets(columns, ret->hash, sizeof(ret->hash));
}

static int audit_load_listed(Columns *columns, void *ret) {
    CLEANUP(audit_row_done) AuditRow row = {0};

    audit_load(columns, &row);
    int r = columns_end(columns);
    if (r < 0)
        return r;
    *(AuditRow *) ret = row;
    row = (AuditRow){0};
    return 0;
}

static void audit_done(void *row) {
    audit_row_done(row);
}

static const RowType audit_type = {.size = sizeof(AuditRow), .load = audit_load_listed, .done = audit_done};

AuditRow *audit_rows_free(AuditRow *rows, size_t count) {
    return rows_free(&audit_type, rows, count);
}

int store_audit_list(Store *store, const char *profile, uint64_t after, uint32_t limit, AuditRow **ret,
                     size_t *ret_count) {
    void *rows = NULL;

    int r = profile ? rows_get(store, SQL_AUDIT_LIST_PROFILE,
                               VALUES(value_seq(after), value_limit(limit), value_text(profile)), &audit_type, &rows,
                               ret_count)
                    : rows_get(store, SQL_AUDIT_LIST, VALUES(value_seq(after), value_limit(limit)), &audit_type, &rows,
                               ret_count);
    if (r == 0)
        *ret = rows;
    return r;
}

int store_audit_head(Store *store, uint64_t *ret_seq, uint8_t ret_hash[32]) {
    CLEANUP(query_done) Query query = {0};
    uint8_t hash[AUDIT_HASH_SIZE] = {0}; /* before the first row */
    uint64_t seq = 0;

    int r = query_start(store, SQL_AUDIT_HEAD, NO_VALUES, &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r < 0)
        return r;
    if (r == 0) {
        Columns columns = {.statement = query.statement};
        seq = (uint64_t) columns_rowid(&columns);
        columns_octets(&columns, hash, sizeof(hash));
        r = columns_end(&columns);
        if (r < 0)
            return r;
    }
    *ret_seq = seq;
    memcpy(ret_hash, hash, sizeof(hash));
    return 0;
}

/* A name that can be erased, and what of it stays. */
typedef struct Person {
    AuditField field;
    const char *name; /* borrowed */
    uint8_t salt[AUDIT_SALT_SIZE];
    AuditCommitment commitment;
} Person;

static Person person_make(AuditField field, const char *name) {
    Person person = {.field = field, .name = name};

    randombytes_buf(person.salt, sizeof(person.salt));
    audit_commit(field, name, person.salt, &person.commitment);
    return person;
}

static int person_insert(Store *store, uint64_t seq, const Person *person) {
    if (!person->name)
        return 0;
    return query_run(
        store, SQL_AUDIT_ADD_PERSON,
        VALUES(value_seq(seq), value_integer(person->field), value_text(person->name), value_hash(person->salt)));
}

static Value value_commitment(const AuditCommitment *commitment) {
    return commitment->present ? value_hash(commitment->octets) : value_null();
}

static int audit_insert(Store *store, const AuditRow *row, const Person *profile, const Person *subject) {
    int r = query_run(store, SQL_AUDIT_ADD,
                      VALUES(value_seq(row->seq), value_integer(row->time), value_text(row->event),
                             value_integer(row->actor), value_text(row->outcome), value_text(row->detail),
                             value_commitment(&profile->commitment), value_commitment(&subject->commitment),
                             value_hash(row->hash)));
    if (r == 0)
        r = person_insert(store, row->seq, profile);
    if (r == 0)
        r = person_insert(store, row->seq, subject);
    return r > 0 ? -EUCLEAN : r; /* a row after the last one is there already, or its person is */
}

int store_audit_add(Store *store, const AuditEntry *entry) {
    CLEANUP(audit_row_done) AuditRow row = {.time = entry->time, .actor = entry->actor};
    uint8_t previous[AUDIT_HASH_SIZE];

    int r = store_audit_head(store, &row.seq, previous);
    if (r < 0)
        return r;
    row.seq++;
    row.event = strdup(entry->event);
    row.outcome = strdup(entry->outcome);
    row.detail = strdup(entry->detail ? entry->detail : "");
    if (!row.event || !row.outcome || !row.detail)
        return -ENOMEM;
    Person profile = person_make(AUDIT_FIELD_PROFILE, entry->profile);
    Person subject = person_make(AUDIT_FIELD_SUBJECT, entry->subject);
    audit_chain_hash(previous, &row, &profile.commitment, &subject.commitment, row.hash);
    return audit_insert(store, &row, &profile, &subject);
}

int store_audit_erase_person(Store *store, const char *profile) {
    int r = query_run(store, SQL_AUDIT_ERASE_SUBJECTS, VALUES(value_text(profile)));
    if (r == 0)
        r = query_run(store, SQL_AUDIT_ERASE_PROFILE, VALUES(value_text(profile)));
    return r == 0 ? transaction_mark_scrub(store) : r;
}
