/* SPDX-License-Identifier: BSD-2-Clause */
/* Database: what a Store is inside, and the work on a bare SQLite connection before its statements are prepared:
 * hardening it, finding out whether the file is ours and sound, migrating it. Internal to store/. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ovcertd/store/place.h"
#include "ovcertd/store/store.h"
#include "sql/statements.h"

struct Store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_QUERY_COUNT];
    Place place; /* of a copy that somebody else's lock covers: none */

    bool in_transaction;
    bool in_request;
    bool dirty;             /* kept changes wait for store_commit() */
    bool request_erases;    /* this request erases personal data */
    bool erases;            /* a kept one does */
    bool scrub_due;         /* what follows an erasure has failed */
    bool rewritten;         /* the part of it that is the database's own is done, here and since the latest one */
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
/* The number of the newest migration that the file has seen. */
int database_version(sqlite3 *db, int64_t *ret);
/* Runs the migrations that the file has not seen, each in a transaction. */
int database_migrate(sqlite3 *db);
/* Turns the write-ahead log on, empties it and verifies that every setting took. After database_check(). */
int database_settle(sqlite3 *db, char **ret_reason);
/* Turns the log off, so that the file alone is the database. Nothing else may have it open. */
int database_make_single(sqlite3 *db);
/* Called for each row of a script's statements; 0 to go on. */
typedef int (*DatabaseRow)(sqlite3_stmt *statement, void *context);
/* Runs the statements of one of sql/'s scripts in turn; row may be NULL. 0, a negative errno, or what row returned. */
int database_run(sqlite3 *db, const char *script, DatabaseRow row, void *context);
sqlite3 *database_close(sqlite3 *db); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(sqlite3 *, database_close)

/* --- store.c --- */

/* The folder and the lock, in the state in which a daemon may start: what a crash has left of backups is gone, and a
 * restore that was interrupted is ended. 0, STORE_LOCKED, STORE_INSECURE, or a negative errno. */
int store_take_place(const char *path, Place *place, char **ret_reason);
/* "WHAT: REASON; ADVICE." for people; reason may be NULL. Caller frees; NULL when out of memory. */
char *store_describe(const char *what, int result, const char *reason);
Store *store_new(void); /* without a database yet; NULL when out of memory */
/* Opens the database of the path in it: checks, migrates, prepares, ends an erasure. place: whose database it is, where
 * former ones are kept; NULL for a copy. 0, STORE_CORRUPT, STORE_NEWER, or a negative errno. */
int store_open_file(Store *store, const char *path, const Place *place, char **ret_reason);
