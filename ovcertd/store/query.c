/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding, stepping and resetting prepared statements. Called by every file of the store; must never build SQL, and
 * never let a statement write once the transaction around it is gone. */
#include "ovcertd/store/query.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "ovcertd/store/database.h"

Value value_integer(int64_t integer) {
    return (Value){.kind = VALUE_INTEGER, .integer = integer};
}

Value value_seq(uint64_t seq) {
    return value_integer(seq > INT64_MAX ? INT64_MAX : (int64_t) seq);
}

Value value_text(const char *text) {
    if (!text)
        return value_null();
    return (Value){.kind = VALUE_TEXT, .octets = {.data = (const uint8_t *) text, .size = strlen(text)}};
}

Value value_blob(View octets) {
    return (Value){.kind = VALUE_BLOB, .octets = octets};
}

Value value_hash(const uint8_t hash[32]) {
    return value_blob((View){.data = hash, .size = 32});
}

Value value_null(void) {
    return (Value){.kind = VALUE_NULL};
}

static int bind_one(sqlite3_stmt *statement, int index, const Value *value) {
    switch (value->kind) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, index, (const char *) value->octets.data, value->octets.size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BLOB:
        if (value->octets.size == 0) /* a null pointer would bind NULL */
            return sqlite3_bind_zeroblob(statement, index, 0);
        return sqlite3_bind_blob64(statement, index, value->octets.data, value->octets.size, SQLITE_STATIC);
    case VALUE_NULL:
    default:
        return sqlite3_bind_null(statement, index);
    }
}

int query_fault(Store *store, int result) {
    int r = database_error(result);

    database_keep_fault(store);
    /* A full disk, no memory, an I/O error: SQLite may have rolled everything back by itself. */
    if (store->in_transaction && sqlite3_get_autocommit(store->db)) {
        store->in_transaction = false;
        store->lost = r;
    }
    return r;
}

/* Constraints are outcomes where the contract has one; a failed CHECK is a value that no caller may pass. */
static int step_result(Store *store, int result) {
    switch (result) {
    case SQLITE_ROW:
        return 0;
    case SQLITE_DONE:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return STORE_NOT_FOUND;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return STORE_EXISTS;
    default:
        return query_fault(store, result);
    }
}

int query_start(Store *store, SqlQuery id, const Value *values, size_t count, Query *ret) {
    sqlite3_stmt *statement = store->statements[id];

    assert(!sqlite3_stmt_busy(statement));
    assert((size_t) sqlite3_bind_parameter_count(statement) == count);
    assert(store->in_request || sqlite3_stmt_readonly(statement));
    if (store->lost != 0)
        return store->lost;
    for (size_t i = 0; i < count; i++) {
        int result = bind_one(statement, (int) i + 1, &values[i]);
        if (result != SQLITE_OK) {
            (void) sqlite3_clear_bindings(statement); /* cannot fail */
            return query_fault(store, result);
        }
    }
    *ret = (Query){.store = store, .statement = statement};
    return 0;
}

int query_next(Query *query) {
    return step_result(query->store, sqlite3_step(query->statement));
}

void query_done(Query *query) {
    if (!query->statement)
        return;
    (void) sqlite3_reset(query->statement); /* repeats the error that the step has told */
    (void) sqlite3_clear_bindings(query->statement);
    *query = (Query){0};
}

int query_run(Store *store, SqlQuery id, const Value *values, size_t count) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, id, values, count, &query);
    if (r < 0)
        return r;
    int result = sqlite3_step(query.statement);
    return result == SQLITE_DONE ? 0 : step_result(store, result);
}

int query_change(Store *store, SqlQuery id, const Value *values, size_t count) {
    int r = query_run(store, id, values, count);
    if (r != 0)
        return r;
    return query_changed(store) == 0 ? STORE_NOT_FOUND : 0;
}

uint64_t query_changed(const Store *store) {
    return (uint64_t) sqlite3_changes64(store->db);
}

int query_insert(Store *store, SqlQuery id, const Value *values, size_t count, int64_t *ret_id) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, id, values, count, &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    if (r != 0)
        return r;
    int64_t row = sqlite3_column_int64(query.statement, 0);
    r = query_next(&query);
    if (r != STORE_NOT_FOUND)
        return r < 0 ? r : -EUCLEAN;
    *ret_id = row;
    return 0;
}

int query_control(Store *store, SqlQuery id) {
    sqlite3_stmt *statement = store->statements[id];
    int result = SQLITE_ROW;

    while (result == SQLITE_ROW)
        result = sqlite3_step(statement);
    int r = result == SQLITE_DONE ? 0 : query_fault(store, result);
    (void) sqlite3_reset(statement); /* repeats the error above */
    return r;
}
