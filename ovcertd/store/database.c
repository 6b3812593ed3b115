/* SPDX-License-Identifier: BSD-2-Clause */
/* A bare SQLite connection. Called by store.c when the store is opened; must never write to a file before it has been
 * found to be ours and sound, and never repair or replace one that is not (SECURITY 35). */
#include "ovcertd/store/database.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/macros.h"

#define VALUE_SIZE_MAX (1024 * 1024) /* a chain of the largest certificates fits */

int database_error(int result) {
    switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* our statements fit our schema: this is another one */
        return -EUCLEAN;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_TOOBIG:
        return -EMSGSIZE;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CONSTRAINT: /* a CHECK: the contract excludes the value */
        return -EINVAL;
    default:
        return result == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
    }
}

void database_keep_fault(Store *store) {
    char *text = strdup(sqlite3_errmsg(store->db));

    free(store->fault);
    store->fault = text; /* NULL when out of memory: then there is no text */
}

/* Defensive mode: no writable schema, no shadow tables; nothing that SQL could load, and no code hidden in the schema.
 */
static int database_harden(sqlite3 *db) {
    static const struct {
        int option;
        int value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},   {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},      {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},          {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, /* until the file is known to be sound */
    };

    for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
        int taken = -1;
        int result = sqlite3_db_config(db, settings[i].option, settings[i].value, &taken);
        if (result != SQLITE_OK)
            return database_error(result);
        if (taken != settings[i].value)
            return -EIO;
    }
    (void) sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX); /* returns the earlier limit */
    return 0;
}

static int script_step(sqlite3_stmt *statement, DatabaseRow row, void *context) {
    for (;;) {
        int result = sqlite3_step(statement);
        if (result == SQLITE_DONE)
            return 0;
        if (result != SQLITE_ROW)
            return database_error(result);
        int r = row ? row(statement, context) : 0;
        if (r != 0)
            return r;
    }
}

int database_run(sqlite3 *db, const char *script, DatabaseRow row, void *context) {
    while (*script != '\0') {
        sqlite3_stmt *statement = NULL;
        int result = sqlite3_prepare_v2(db, script, -1, &statement, &script);
        if (result != SQLITE_OK)
            return database_error(result);
        if (!statement) /* only white space was left */
            return 0;
        int r = script_step(statement, row, context);
        (void) sqlite3_finalize(statement); /* repeats the error of the step */
        if (r != 0)
            return r;
    }
    return 0;
}

/* Scripts that judge say "ok" or else what is wrong; foreign_key_check says the table. */
static int handle_judgement(sqlite3_stmt *statement, void *context) {
    char **reason = context;
    const char *text = (const char *) sqlite3_column_text(statement, 0);

    if (text && strcmp(text, "ok") == 0)
        return 0;
    *reason = strdup(text ? text : "a check gave no answer");
    return *reason ? STORE_CORRUPT : -ENOMEM;
}

static int connect_with(const char *path, int flags, sqlite3 **ret) {
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;

    int result = sqlite3_open_v2(path, ret, flags, NULL);
    if (result != SQLITE_OK)
        return database_error(result);
    int r = database_harden(*ret);
    if (r < 0)
        return r;
    return database_run(*ret, sql_script_connection, NULL, NULL);
}

int database_connect(const char *path, bool create, sqlite3 **ret) {
    return connect_with(path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0), ret);
}

int database_connect_reader(const char *path, sqlite3 **ret) {
    return connect_with(path, SQLITE_OPEN_READONLY, ret);
}

typedef struct Identity {
    bool ours;
    int64_t version;
} Identity;

static int handle_identity(sqlite3_stmt *statement, void *context) {
    *(Identity *) context = (Identity){
        .ours = sqlite3_column_int(statement, 0) == 1,
        .version = sqlite3_column_int64(statement, 1),
    };
    return 0;
}

/* The outcome with its reason. */
static int refuse(StoreOutcome outcome, const char *reason, char **ret_reason) {
    *ret_reason = strdup(reason);
    return *ret_reason ? (int) outcome : -ENOMEM;
}

/* A page that could not be read, or had no room in memory, is told in the same words as a damaged one. What is right at
 * the second look was such a fault. */
static int check_integrity(sqlite3 *db, char **ret_reason) {
    CLEANUP(free_pointer) char *reason = NULL;

    int r = database_run(db, sql_script_integrity, handle_judgement, &reason);
    if (r != STORE_CORRUPT && r != -EUCLEAN)
        return r;
    int again = database_run(db, sql_script_integrity, handle_judgement, ret_reason);
    return again == 0 ? -EIO : again;
}

int database_check(sqlite3 *db, char **ret_reason) {
    Identity identity = {0};

    int r = database_run(db, sql_script_identity, handle_identity, &identity);
    if (r == 0 && (!identity.ours || identity.version < 1))
        return refuse(STORE_CORRUPT, "it is not a database of ovcert", ret_reason);
    if (r == 0 && identity.version > (int64_t) sql_migration_count)
        return refuse(STORE_NEWER, "it was written by a newer version of ovcert", ret_reason);
    if (r == 0)
        r = check_integrity(db, ret_reason);
    if (r == -EUCLEAN)
        return refuse(STORE_CORRUPT, sqlite3_errmsg(db), ret_reason);
    return r;
}

int database_check_whole(sqlite3 *db, char **ret_reason) {
    int r = database_run(db, sql_script_whole, handle_judgement, ret_reason);
    return r == -EUCLEAN ? refuse(STORE_CORRUPT, sqlite3_errmsg(db), ret_reason) : r;
}

int database_version(sqlite3 *db, int64_t *ret) {
    Identity identity = {0};

    int r = database_run(db, sql_script_identity, handle_identity, &identity);
    if (r < 0)
        return r;
    assert(identity.version >= 0);
    *ret = identity.version;
    return 0;
}

int database_migrate(sqlite3 *db) {
    int64_t version = 0;

    int r = database_version(db, &version);
    if (r < 0)
        return r;
    for (size_t i = (size_t) version; i < sql_migration_count; i++) {
        /* When it fails, the caller closes the connection, which undoes the open transaction. */
        r = database_run(db, sql_migrations[i], NULL, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

int database_settle(sqlite3 *db, char **ret_reason) {
    int r = database_run(db, sql_script_journal, NULL, NULL);
    if (r < 0)
        return r;
    int result = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (result != SQLITE_OK)
        return database_error(result);
    r = database_run(db, sql_script_settings, handle_judgement, ret_reason);
    return r == STORE_CORRUPT ? -EIO : r; /* not the file's fault */
}

/* What a pragma answers that could not do it is another mode. */
static int handle_mode(sqlite3_stmt *statement, void *context) {
    const char *mode = (const char *) sqlite3_column_text(statement, 0);

    *(bool *) context = mode && strcmp(mode, "delete") == 0;
    return 0;
}

int database_make_single(sqlite3 *db) {
    bool single = false;

    int r = database_run(db, sql_script_single_file, handle_mode, &single);
    return r == 0 && !single ? -EBUSY : r;
}

sqlite3 *database_close(sqlite3 *db) {
    int result = sqlite3_close(db);

    assert(result == SQLITE_OK); /* else a statement was not finalised */
    (void) result;
    return NULL;
}
