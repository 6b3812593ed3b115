/* SPDX-License-Identifier: BSD-2-Clause */
/* Called when a backup is made or restored, and before a migration. Must never change the database that is copied. */
#include "ovcertd/store/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"

#define CHECK_ROWS 1000u

static int copy_pages(sqlite3 *source, sqlite3 *target) {
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");

    if (!backup)
        return database_error(sqlite3_errcode(target));
    (void) sqlite3_backup_step(backup, -1); /* all of it, in one reading; finishing repeats the error */
    int result = sqlite3_backup_finish(backup);
    return result == SQLITE_OK ? 0 : database_error(result);
}

int copy_database(sqlite3 *source, const char *path) {
    CLEANUP(database_closep) sqlite3 *target = NULL;

    int r = database_connect(path, false, &target);
    if (r == 0)
        r = copy_pages(source, target);
    return r == 0 ? database_make_single(target) : r;
}

int copy_open(const char *path, Store **ret, char **ret_reason) {
    CLEANUP(store_closep) Store *store = store_new();

    if (!store)
        return -ENOMEM;
    int r = store_open_file(store, path, NULL, ret_reason);
    if (r == 0)
        *ret = TAKE_PTR(store);
    return r;
}

int copy_check_log(Store *store, char **ret_reason) {
    uint64_t checked = 0, before = 0;

    do {
        char *problem = NULL;
        before = checked;
        int r = store_audit_verify(store, before, CHECK_ROWS, &checked, &problem);
        if (r < 0)
            return r;
        if (problem) {
            free(*ret_reason);
            *ret_reason = problem;
            return STORE_CORRUPT;
        }
    } while (checked > before);
    return 0;
}

int copy_finish(Store *store) {
    int r = store->scrub_due ? -EIO : database_make_single(store->db);

    (void) store_close(store); /* returns NULL */
    return r;
}
