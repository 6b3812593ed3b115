/* SPDX-License-Identifier: BSD-2-Clause */
/* Query: runs the named statements of sql/queries, prepared when the store was opened, and maps SQLite's results to
 * store.h's.
 *
 *     CLEANUP(query_done) Query query = {0};
 *     r = query_start(store, SQL_PROFILE_BY_NAME, VALUES(value_text(name)), &query);
 *     ... query_next(&query) until it is not 0 ...
 *
 * Bound text and octets are borrowed until query_done(). */
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "ovcertd/store/store.h"
#include "sql/statements.h"

typedef enum ValueKind { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } ValueKind;

/* One parameter. */
typedef struct Value {
    ValueKind kind;
    int64_t integer;
    View octets;
} Value;

/* An array of values and its length, as two arguments. */
#define VALUES(...) (const Value[]){__VA_ARGS__}, sizeof((const Value[]){__VA_ARGS__}) / sizeof(Value)
#define NO_VALUES NULL, 0u

Value value_integer(int64_t integer);
Value value_seq(uint64_t seq);      /* past INT64_MAX counts as INT64_MAX: no row has such a number */
Value value_text(const char *text); /* NULL binds NULL */
Value value_blob(View octets);      /* empty octets bind an empty blob, never NULL */
Value value_hash(const uint8_t hash[32]);
Value value_null(void);

typedef struct Query {
    Store *store;
    sqlite3_stmt *statement;
} Query;

/* 0 or a negative errno. A statement that writes must run inside a request (asserted). */
int query_start(Store *store, SqlQuery id, const Value *values, size_t count, Query *ret);
/* 0: a row is there; STORE_NOT_FOUND: no more rows, and the statement has had its effect; STORE_EXISTS: a unique rule
 * refused it; a missing parent row counts as STORE_NOT_FOUND too; else a negative errno. */
int query_next(Query *query);
void query_done(Query *query);

/* Whole statements without rows: 0, STORE_EXISTS, STORE_NOT_FOUND for a missing parent row, or a negative errno. */
int query_run(Store *store, SqlQuery id, const Value *values, size_t count);
/* The same, with STORE_NOT_FOUND also when no row was changed. */
int query_change(Store *store, SqlQuery id, const Value *values, size_t count);
/* Rows that the statement run last has changed. */
uint64_t query_changed(const Store *store);
/* For statements ending in RETURNING id. */
int query_insert(Store *store, SqlQuery id, const Value *values, size_t count, int64_t *ret_id);
/* Statements of the transaction machinery itself, which may write outside requests. */
int query_control(Store *store, SqlQuery id);

/* The negative errno of an SQLite result code that is a fault; keeps its text for store_fault(). */
int query_fault(Store *store, int result);
