/* SPDX-License-Identifier: BSD-2-Clause */
/* Units of work and group commit: one SQLite transaction that requests share, one savepoint for each. Called by core/
 * and bus/ through store.h; must never report durable what is not, nor let a request's changes outlive their
 * transaction (SECURITY 36). */
#include "ovcertd/store/transaction.h"

#include <assert.h>
#include <errno.h>

#include "ovcertd/store/database.h"
#include "ovcertd/store/query.h"

static void transaction_reset(Store *store) {
    store->in_transaction = false;
    store->dirty = false;
    store->erases = false;
    store->lost = 0;
}

/* Undoes the whole transaction, whatever state SQLite has left it in. */
static void transaction_undo(Store *store) {
    if (!sqlite3_get_autocommit(store->db))
        (void) query_control(store, SQL_TRANSACTION_ROLLBACK); /* an I/O error ends the transaction all the same */
    store->in_transaction = false;
}

/* Nothing waits for a commit: do not keep the write lock. */
static void transaction_release(Store *store) {
    if (store->dirty)
        return;
    transaction_undo(store);
    transaction_reset(store);
}

int store_begin(Store *store) {
    assert(!store->in_request);
    if (store->lost != 0) /* until store_commit() has told those who wait for it */
        return store->lost;
    if (!store->in_transaction) {
        int r = query_control(store, SQL_TRANSACTION_BEGIN);
        if (r < 0)
            return r;
        store->in_transaction = true;
    }
    int r = query_control(store, SQL_REQUEST_BEGIN);
    if (r < 0) {
        transaction_release(store);
        return r;
    }
    store->in_request = true;
    store->request_erases = false;
    store->changes_before = sqlite3_total_changes64(store->db);
    return 0;
}

static int request_keep(Store *store) {
    int r = query_control(store, SQL_REQUEST_KEEP);
    if (r < 0)
        return r;
    store->dirty |= sqlite3_total_changes64(store->db) != store->changes_before;
    store->erases |= store->request_erases;
    return 0;
}

static int request_undo(Store *store) {
    int r = query_control(store, SQL_REQUEST_UNDO);
    if (r < 0)
        return r;
    return query_control(store, SQL_REQUEST_KEEP); /* ROLLBACK TO leaves the savepoint open */
}

int store_end(Store *store, bool keep) {
    assert(store->in_request);
    store->in_request = false;
    int r = store->lost;
    if (r == 0)
        r = keep ? request_keep(store) : request_undo(store);
    if (r < 0 && store->lost == 0) { /* the savepoint's state is unknown: nothing of the transaction can be trusted */
        transaction_undo(store);
        store->lost = r;
    }
    transaction_release(store);
    return keep || store->lost != 0 ? r : 0; /* what was to be undone is undone */
}

bool store_is_dirty(const Store *store) {
    return store->dirty;
}

int transaction_mark_scrub(Store *store) {
    int r = query_run(store, SQL_SCRUB_MARK, NO_VALUES);
    if (r == 0)
        store->request_erases = true;
    return r;
}

/* 0, -EBUSY when a reader keeps the log from being emptied, or another negative errno. */
static int empty_log(Store *store) {
    sqlite3_stmt *statement = store->statements[SQL_SCRUB_EMPTY_LOG];

    int result = sqlite3_step(statement);
    int r = result == SQLITE_ROW ? 0 : query_fault(store, result);
    if (r == 0 && sqlite3_column_int(statement, 0) != 0)
        r = -EBUSY;
    (void) sqlite3_reset(statement); /* repeats the error above */
    return r;
}

static int rewrite(Store *store) {
    int r = query_control(store, SQL_SCRUB_REWRITE);
    if (r == 0)
        r = empty_log(store);
    store->rewritten = r == 0;
    return r;
}

/* What migrations and restores have kept beside the database holds what is erased now, too: the mark goes when both are
 * done, and a file that cannot be removed keeps nothing in the database. place: NULL for a copy, which has nothing
 * beside it. */
static int scrub(Store *store, const Place *place) {
    int r = store->rewritten ? 0 : rewrite(store);
    if (r == 0 && place)
        r = place_remove_kept(place);
    return r == 0 ? query_control(store, SQL_SCRUB_DONE) : r;
}

int transaction_finish_scrub(Store *store, const Place *place) {
    CLEANUP(query_done) Query query = {0};

    int r = query_start(store, SQL_SCRUB_DUE, NO_VALUES, &query);
    if (r < 0)
        return r;
    r = query_next(&query);
    query_done(&query); /* before the rewriting, which needs every statement at rest */
    if (r != 0)
        return r == STORE_NOT_FOUND ? 0 : r;
    store->scrub_due = scrub(store, place) < 0;
    return 0;
}

static const Place *own_place(const Store *store) {
    return store->place.folder < 0 ? NULL : &store->place;
}

int store_commit(Store *store) {
    assert(!store->in_request);
    int r = store->lost;
    if (r == 0 && store->in_transaction) {
        r = query_control(store, SQL_TRANSACTION_COMMIT);
        if (r < 0)
            transaction_undo(store);
    }
    bool erases = r == 0 && store->erases;
    transaction_reset(store);
    if (erases) {
        store->rewritten = false;
        store->scrub_due =
            scrub(store, own_place(store)) < 0; /* the commit stands; the mark stays for the next opening */
    }
    return r;
}

int store_finish_erasing(Store *store) {
    if (!store->scrub_due || store->in_transaction)
        return 0;
    int r = scrub(store, own_place(store));
    store->scrub_due = r < 0;
    return r;
}
