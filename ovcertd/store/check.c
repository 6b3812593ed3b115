/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks the whole file. Called by core/ for administrators who ask; must never touch the store's own connection, and
 * never write. */
#include "ovcertd/store/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "common/text.h"
#include "ovcertd/store/database.h"

#define STEPS_BETWEEN_LOOKS 10000

struct StoreCheck {
    char *path;
    uint64_t deadline;
    int result;
    char *problem; /* escaped: a damaged file names things as it likes */
};

int store_check_new(const Store *store, uint64_t deadline, StoreCheck **ret) {
    CLEANUP(store_check_freep) StoreCheck *check = calloc(1, sizeof *check);
    if (!check)
        return -ENOMEM;
    check->deadline = deadline;
    check->result = -ECANCELED;
    check->path = strdup(sqlite3_db_filename(store->db, "main"));
    if (!check->path)
        return -ENOMEM;
    *ret = TAKE_PTR(check);
    return 0;
}

StoreCheck *store_check_free(StoreCheck *check) {
    if (check) {
        free(check->path);
        free(check->problem);
        free(check);
    }
    return NULL;
}

/* A progress handler: other than 0 interrupts. */
static int is_late(void *data) {
    const StoreCheck *check = data;
    return frame_now() >= check->deadline;
}

static int look(StoreCheck *check) {
    CLEANUP(database_closep) sqlite3 *db = NULL;
    CLEANUP(free_pointer) char *reason = NULL;
    if (is_late(check))
        return -ETIMEDOUT;
    int r = database_connect_reader(check->path, &db);
    if (r < 0)
        return r;
    sqlite3_progress_handler(db, STEPS_BETWEEN_LOOKS, is_late, check);
    r = database_check_whole(db, &reason);
    if (r < 0 && is_late(check))
        return -ETIMEDOUT;
    if (r != STORE_CORRUPT)
        return r;
    check->problem = text_escape_string(reason);
    return check->problem ? r : -ENOMEM;
}

void store_check_run(StoreCheck *check) {
    check->result = look(check);
}

int store_check_result(const StoreCheck *check, const char **ret_problem) {
    *ret_problem = check->problem ? check->problem : "";
    return check->result;
}
