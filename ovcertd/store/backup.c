/* SPDX-License-Identifier: BSD-2-Clause */
/* Backups. Called by core/ through store.h; must never leave a copy under a name: it holds everything that the database
 * holds, names that may be erased tomorrow included. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovcertd/store/copy.h"

struct StoreBackup {
    const Place *place; /* the store's */
    int result;
    int file; /* the copy, which has no name any more */
    StoreBackupFacts facts;
    char *problem;
};

int store_backup_new(Store *store, StoreBackup **ret) {
    StoreBackup *backup = calloc(1, sizeof(*backup));

    if (!backup)
        return -ENOMEM;
    *backup = (StoreBackup){.place = &store->place, .result = -ECANCELED, .file = -1};
    *ret = backup;
    return 0;
}

StoreBackup *store_backup_free(StoreBackup *backup) {
    if (!backup)
        return NULL;
    if (backup->file >= 0)
        (void) close(backup->file); /* only read from */
    free(backup->problem);
    free(backup);
    return NULL;
}

/* A connection of its own reads one state of the database, however long that takes and whatever is written meanwhile.
 */
static int copy_all(const Place *place, const char *path) {
    CLEANUP(database_closep) sqlite3 *source = NULL;

    int r = database_connect(place->path, false, &source);
    return r == 0 ? copy_database(source, path) : r;
}

static int look_through(StoreBackup *backup, const char *path) {
    CLEANUP(store_closep) Store *copy = NULL;

    int r = copy_open(path, &copy, &backup->problem);
    if (r == 0)
        r = copy_check_log(copy, &backup->problem);
    if (r == 0)
        r = store_audit_head(copy, &backup->facts.rows, backup->facts.hash);
    return r == 0 ? copy_finish(TAKE_PTR(copy)) : r;
}

static int open_copy(StoreBackup *backup, const char *path) {
    struct stat status;

    backup->file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (backup->file < 0 || fstat(backup->file, &status) < 0)
        return -errno;
    backup->facts.size = (uint64_t) status.st_size;
    return 0;
}

static int make(StoreBackup *backup) {
    CLEANUP(free_pointer) char *path = NULL;

    int r = place_make(backup->place, PLACE_COPY, &path);
    if (r == 0)
        r = copy_all(backup->place, path);
    if (r == 0)
        r = look_through(backup, path);
    return r == 0 ? open_copy(backup, path) : r;
}

void store_backup_run(StoreBackup *backup) {
    int r = make(backup);
    int removed = place_remove(backup->place, PLACE_COPY);

    backup->result = r != 0 ? r : removed;
}

int store_backup_facts(const StoreBackup *backup, StoreBackupFacts *ret, const char **ret_problem) {
    *ret_problem = backup->problem;
    if (backup->result == 0)
        *ret = backup->facts;
    return backup->result;
}

int store_backup_read(const StoreBackup *backup, uint64_t offset, size_t size, Bytes *ret) {
    CLEANUP(bytes_done) Bytes slice = {.capacity = size};

    if (offset >= backup->facts.size) {
        *ret = (Bytes){0};
        return 0;
    }
    slice.data = malloc(size);
    if (!slice.data)
        return -ENOMEM;
    ssize_t n = pread(backup->file, slice.data, size, (off_t) offset);
    if (n < 0)
        return -errno;
    slice.size = (size_t) n;
    *ret = slice;
    slice = (Bytes){0};
    return 0;
}
