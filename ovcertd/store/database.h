/* SPDX-License-Identifier: BSD-2-Clause */
/* Database: what a Store is inside, and the work on a bare SQLite connection before its statements are prepared:
 * hardening it, finding out whether the file is ours and sound, migrating it. Internal to store/. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ovcertd/store/store.h"
#include "sql/statements.h"

struct Store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_QUERY_COUNT];
    int lock; /* descriptor that holds the lock */

    bool in_transaction;
    bool in_request;
    bool dirty;             /* kept changes wait for store_commit() */
    bool request_erases;    /* this request erases personal data */
    bool erases;            /* a kept one does */
    bool scrub_due;         /* the rewriting after an erasure has failed */
    int64_t changes_before; /* rows changed on this connection when the request began */
    int lost;               /* negative errno: SQLite rolled everything back, and store_commit() has not told yet */

    char *fault; /* text of the last fault */
};

/* The negative errno of an SQLite result code. */
int database_error(int result);
/* Remembers SQLite's own words about the last failure for store_fault(). */
void database_keep_fault(Store *store);

/* Opens the file of the path with our limits and settings; creates it only if create. The file is not looked at yet.
 * 0 or a negative errno; *ret is to be closed either way when it is not NULL. */
int database_connect(const char *path, bool create, sqlite3 **ret);
/* The same for reading alone. */
int database_connect_reader(const char *path, sqlite3 **ret);
/* 0; STORE_CORRUPT: not a database of ovcert, or damaged; STORE_NEWER; or a negative errno. Never changes the file.
 * *ret_reason (caller frees) says why not, without path and full stop. */
int database_check(sqlite3 *db, char **ret_reason);
/* Every page, table and index of a file that is in use. 0; STORE_CORRUPT with *ret_reason (caller frees); or a negative
 * errno. */
int database_check_whole(sqlite3 *db, char **ret_reason);
/* Runs the migrations that the file has not seen, each in a transaction. */
int database_migrate(sqlite3 *db);
/* Turns the write-ahead log on, empties it and verifies that every setting took. After database_check(). */
int database_settle(sqlite3 *db, char **ret_reason);
sqlite3 *database_close(sqlite3 *db); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(sqlite3 *, database_close)
