/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing the store. Called by main and by tests; must never create a database where one was, nor touch one
 * that it refuses (SECURITY 34, 35). */
#include "ovcertd/store/store.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ovcertd/store/copy.h"
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
    CLEANUP(free_pointer) char *path = NULL;

    int r = place_make(place, PLACE_NEW, &path);
    if (r < 0)
        return r;
    r = database_connect(path, true, &db);
    if (r == 0)
        r = database_migrate(db);
    if (r < 0)
        return r;
    db = database_close(TAKE_PTR(db));
    return place_publish(place, PLACE_NEW, "", false);
}

static int write_copy(sqlite3 *db, const Place *place, int64_t version) {
    CLEANUP(free_pointer) char *path = NULL;
    CLEANUP(free_pointer) char *suffix = place_name("", PLACE_SCHEMA, (uint64_t) version);

    int r = suffix ? place_make(place, PLACE_COPY, &path) : -ENOMEM;
    if (r == 0)
        r = copy_database(db, path);
    return r == 0 ? place_publish(place, PLACE_COPY, suffix, true) : r;
}

/* A migration cannot be taken back: the database as it was stays beside it. */
static int keep_before_migration(sqlite3 *db, const Place *place, char **ret_reason) {
    int64_t version = 0;

    int r = database_version(db, &version);
    if (r < 0 || version == (int64_t) sql_migration_count)
        return r;
    r = write_copy(db, place, version);
    if (r == 0)
        return 0;
    (void) place_remove(place, PLACE_COPY); /* or the next opening does */
    if (asprintf(ret_reason, "it has to be migrated, and the copy that is kept of it before cannot be written (%s)",
                 strerrordesc_np(-r)) < 0)
        *ret_reason = NULL;
    return r;
}

int store_open_file(Store *store, const char *path, const Place *place, char **ret_reason) {
    int r = database_connect(path, false, &store->db);
    if (r == 0)
        r = database_check(store->db, ret_reason);
    if (r == 0 && place)
        r = keep_before_migration(store->db, place, ret_reason);
    if (r == 0)
        r = database_migrate(store->db);
    if (r == 0)
        r = database_settle(store->db, ret_reason);
    if (r == 0)
        r = prepare_statements(store);
    if (r == 0)
        r = transaction_finish_scrub(store, place);
    if (r < 0 && !*ret_reason && store->db)
        *ret_reason = strdup(sqlite3_errmsg(store->db)); /* NULL when out of memory: then the errno has to do */
    return r == -EUCLEAN ? STORE_CORRUPT : r;
}

/* What a crash has left of a backup or of a restore that did not come to its end. */
static int remove_leftovers(const Place *place) {
    int r = place_remove(place, PLACE_COPY);
    return r == 0 ? place_remove(place, PLACE_RESTORING) : r;
}

static int finish_restore(const Place *place, char **ret_reason) {
    CLEANUP(free_pointer) char *kept = NULL;
    int r = place_finish_restore(place, &kept, ret_reason);
    return r == 1 ? 0 : r;
}

int store_take_place(const char *path, Place *place, char **ret_reason) {
    int r = place_open(path, place, ret_reason);
    if (r == 0)
        r = place_lock(place, ret_reason);
    if (r == 0)
        r = remove_leftovers(place);
    return r == 0 ? finish_restore(place, ret_reason) : r;
}

static int open_place(Store *store, const char *path, char **ret_reason) {
    Place *place = &store->place;

    int r = store_take_place(path, place, ret_reason);
    if (r == 0)
        r = place_check(place, ret_reason);
    if (r == 0 && !place->exists)
        r = create_database(place);
    return r == 0 ? store_open_file(store, place->path, place, ret_reason) : r;
}

static const char *advice(int result) {
    switch (result) {
    case STORE_NEWER:
        return "install that version again, or restore a backup made before it";
    case STORE_CORRUPT:
        return "nothing was changed; keep a copy of the file and restore a backup";
    case STORE_LOCKED:
    case STORE_INSECURE:
    case STORE_FORKED:
    case STORE_DAMAGED:
        return NULL; /* the reason says it */
    case -ENOENT:
        return "make its folder, with mode 0700 and this user as its owner";
    case -ENOSPC:
        return "make room on its disk";
    default:
        return "look at its folder and its disk";
    }
}

char *store_describe(const char *what, int result, const char *reason) {
    const char *next = advice(result);
    char *text = NULL;

    if (!reason)
        reason = result < 0 ? strerrordesc_np(-result) : "it cannot be used";
    int length = next ? asprintf(&text, "%s: %s; %s.", what, reason, next) : asprintf(&text, "%s: %s.", what, reason);
    return length < 0 ? NULL : text;
}

Store *store_new(void) {
    Store *store = calloc(1, sizeof(*store));

    if (store)
        store->place = (Place) PLACE_NONE;
    return store;
}

int store_open(const StoreOptions *options, Store **ret, char **ret_problem) {
    CLEANUP(free_pointer) char *reason = NULL;
    CLEANUP(store_closep) Store *store = NULL;

    *ret_problem = NULL;
    if (sodium_init() < 0)
        return -EIO;
    store = store_new();
    if (!store)
        return -ENOMEM;
    int r = open_place(store, options->path, &reason);
    if (r != 0) {
        *ret_problem = store_describe(options->path, r, reason);
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
    place_done(&store->place);
    free(store->fault);
    free(store);
    return NULL;
}

const char *store_fault(const Store *store) {
    return store->fault ? store->fault : "";
}
