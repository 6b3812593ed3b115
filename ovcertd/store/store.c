/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing the store. Called by main and by tests; must never create a database where one was, nor touch one
 * that it refuses (SECURITY 34, 35). */
#include "ovcertd/store/store.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ovcertd/store/database.h"
#include "ovcertd/store/place.h"
#include "ovcertd/store/query.h"
#include "ovcertd/store/transaction.h"

static int prepare_statements(Store *store) {
    for (size_t i = 0; i < SQL_QUERY_COUNT; i++) {
        int result = sqlite3_prepare_v3(store->db, sql_queries[i].text, -1, SQLITE_PREPARE_PERSISTENT,
                                        &store->statements[i], NULL);
        if (result != SQLITE_OK)
            return database_error(result);
    }
    return 0;
}

/* Under a name of its own until it is whole: an empty or half-made database under the real name is a damaged one. */
static int create_database(const Place *place) {
    CLEANUP(database_closep) sqlite3 *db = NULL;

    int r = place_prepare_new(place);
    if (r < 0)
        return r;
    r = database_connect(place->new_path, true, &db);
    if (r == 0)
        r = database_migrate(db);
    if (r < 0)
        return r;
    db = database_close(TAKE_PTR(db));
    return place_publish_new(place);
}

static int open_database(Store *store, const Place *place, char **ret_reason) {
    int r = database_connect(place->path, false, &store->db);
    if (r == 0)
        r = database_check(store->db, ret_reason);
    if (r == 0)
        r = database_migrate(store->db);
    if (r == 0)
        r = database_settle(store->db, ret_reason);
    if (r == 0)
        r = prepare_statements(store);
    if (r == 0)
        r = transaction_finish_scrub(store);
    if (r < 0 && !*ret_reason && store->db)
        *ret_reason = strdup(sqlite3_errmsg(store->db)); /* NULL when out of memory: then the errno has to do */
    return r == -EUCLEAN ? STORE_CORRUPT : r;
}

static int open_place(Store *store, const char *path, char **ret_reason) {
    CLEANUP(place_done) Place place = {.folder = -1, .lock = -1};

    int r = place_open(path, &place, ret_reason);
    if (r == 0)
        r = place_lock(&place, ret_reason);
    if (r == 0)
        r = place_check(&place, ret_reason);
    if (r == 0 && !place.exists)
        r = create_database(&place);
    if (r == 0)
        r = open_database(store, &place, ret_reason);
    if (r != 0)
        return r;
    store->lock = place.lock;
    place.lock = -1;
    return 0;
}

static const char *advice(int result) {
    switch (result) {
    case STORE_NEWER:
        return "install that version again, or restore a backup made before it";
    case STORE_CORRUPT:
        return "nothing was changed; keep a copy of the file and restore a backup";
    case STORE_LOCKED:
    case STORE_INSECURE:
        return NULL; /* the reason says it */
    case -ENOENT:
        return "make its folder, with mode 0700 and this user as its owner";
    case -ENOSPC:
        return "make room on its disk";
    default:
        return "look at its folder and its disk";
    }
}

/* "PATH: REASON; ADVICE." */
static char *describe(const char *path, int result, const char *reason) {
    const char *next = advice(result);
    char *text = NULL;

    if (!reason)
        reason = result < 0 ? strerrordesc_np(-result) : "it cannot be used";
    int length = next ? asprintf(&text, "%s: %s; %s.", path, reason, next) : asprintf(&text, "%s: %s.", path, reason);
    return length < 0 ? NULL : text;
}

int store_open(const StoreOptions *options, Store **ret, char **ret_problem) {
    CLEANUP(free_pointer) char *reason = NULL;
    CLEANUP(store_closep) Store *store = NULL;

    *ret_problem = NULL;
    if (sodium_init() < 0)
        return -EIO;
    store = calloc(1, sizeof(*store));
    if (!store)
        return -ENOMEM;
    store->lock = -1;
    int r = open_place(store, options->path, &reason);
    if (r != 0) {
        *ret_problem = describe(options->path, r, reason);
        return r;
    }
    *ret = TAKE_PTR(store);
    return 0;
}

Store *store_close(Store *store) {
    if (!store)
        return NULL;
    for (size_t i = 0; i < SQL_QUERY_COUNT; i++)
        (void) sqlite3_finalize(store->statements[i]); /* repeats errors that were told; NULL is fine */
    (void) database_close(store->db);                  /* undoes an open transaction; returns NULL */
    if (store->lock >= 0)
        (void) close(store->lock); /* nothing was written */
    free(store->fault);
    free(store);
    return NULL;
}

const char *store_fault(const Store *store) {
    return store->fault ? store->fault : "";
}
